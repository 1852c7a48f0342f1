//! Reads any bytes as an answer to a registration. Run with `cargo +nightly fuzz run registration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::registration(bytes));

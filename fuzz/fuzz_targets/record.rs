//! Reads any bytes as a stored record. Run with `cargo +nightly fuzz run record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::record(bytes));

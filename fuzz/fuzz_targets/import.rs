//! Reads any bytes as a token that another program stored. Run with `cargo +nightly fuzz run import`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::import(bytes));

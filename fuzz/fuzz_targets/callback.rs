//! Reads any bytes as the callback of a browser. Run with `cargo +nightly fuzz run callback`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::callback(bytes));

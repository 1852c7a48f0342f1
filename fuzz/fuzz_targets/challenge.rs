//! Reads any bytes as challenges of an API. Run with `cargo +nightly fuzz run challenge`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::challenge(bytes));

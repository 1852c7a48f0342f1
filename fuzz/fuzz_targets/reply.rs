//! Reads any bytes as an answer of a token endpoint. Run with `cargo +nightly fuzz run reply`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::reply(bytes));

//! Reads any bytes as an ID token and a key set. Run with `cargo +nightly fuzz run key_set`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::key_set(bytes));

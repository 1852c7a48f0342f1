//! Reads any bytes as metadata of an authorization server. Run with `cargo +nightly fuzz run metadata`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::metadata(bytes));

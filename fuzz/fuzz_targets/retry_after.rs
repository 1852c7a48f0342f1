//! Reads any bytes as the headers `Date` and `Retry-After`. Run with `cargo +nightly fuzz run retry_after`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::retry_after(bytes));

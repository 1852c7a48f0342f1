//! Reads any bytes as a userinfo answer or an ID token. Run with `cargo +nightly fuzz run userinfo`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::userinfo(bytes));

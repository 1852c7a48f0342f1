//! Reads any bytes as a private key or a key file. Run with `cargo +nightly fuzz run key_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::key_file(bytes));

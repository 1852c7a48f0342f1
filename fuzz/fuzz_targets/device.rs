//! Reads any bytes as the start of a device login. Run with `cargo +nightly fuzz run device`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::device(bytes));

//! Reads any bytes as a sealed record. Run with `cargo +nightly fuzz run sealed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::sealed(bytes));

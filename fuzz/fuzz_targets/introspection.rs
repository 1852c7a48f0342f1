//! Reads any bytes as an answer of an introspection endpoint. Run with `cargo +nightly fuzz run
//! introspection`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::introspection(bytes));

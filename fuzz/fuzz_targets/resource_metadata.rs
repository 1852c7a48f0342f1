//! Reads any bytes as metadata of an API. Run with `cargo +nightly fuzz run resource_metadata`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::resource_metadata(bytes));

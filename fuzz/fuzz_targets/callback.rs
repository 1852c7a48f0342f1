//! Any bytes as what a browser brings back. Run with `cargo +nightly fuzz run callback`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::callback(bytes));

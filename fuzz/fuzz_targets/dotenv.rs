//! Reads any bytes as a `.env` file. Run with `cargo +nightly fuzz run dotenv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::dotenv(bytes));

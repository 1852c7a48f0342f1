//! Reads any bytes as the host of a login's API. Run with `cargo +nightly fuzz run login_host`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::login_host(bytes));

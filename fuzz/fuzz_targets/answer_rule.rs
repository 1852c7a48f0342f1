//! Reads any bytes as an answer of the API and a rule about it. Run with `cargo +nightly fuzz run
//! answer_rule`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::answer_rule(bytes));

//! Reads any bytes as an answer or a webhook of Teamleader, Exact Online or Shell EV. Run with `cargo
//! +nightly fuzz run vendors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evergrant::sandbox::fuzz::vendors(bytes));

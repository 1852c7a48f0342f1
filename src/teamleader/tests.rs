//! Tests of private parts: the typed operations against examples, and the table of operations.

mod cases;
mod coverage;
mod distil;
mod examples;
mod hostile;
mod odd;
mod updates;
mod yaml;

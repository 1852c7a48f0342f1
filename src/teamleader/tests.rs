//! What needs to see inside: typed operations against the specification's own examples, and the table.

mod cases;
mod distil;
mod examples;
mod yaml;

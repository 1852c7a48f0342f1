//! Tests of the meaning of answers.

pub(in crate::protocol) mod corpus;
mod meaning;
mod ready_providers;

//! Tests of what answers mean.

pub(in crate::protocol) mod corpus;
mod meaning;
mod ready_providers;

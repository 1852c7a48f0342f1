//! What tests need, those of this crate and those of its users.

pub mod contract;

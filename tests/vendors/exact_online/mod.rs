//! Exact Online.

mod login;
mod support;
mod timing;

//! Exact Online.

mod grammar;
mod login;
mod odata;
mod support;
mod timing;
mod webhooks;

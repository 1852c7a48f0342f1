//! Tests of the client over HTTP: logins, token requests, API calls, and the secrecy of tokens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod calls;
mod coming;
mod dialects;
#[cfg(feature = "dotenv")]
mod dotenv;
mod durable;
mod errors;
mod flow;
mod grants;
mod heads;
mod hosts;
mod large;
#[cfg(unix)]
mod login;
mod odd;
mod outcome;
mod proxy;
mod requests;
mod retries;
mod secrecy;
mod styles;
mod support;
mod tasks;
mod unauthorized;
mod users;
mod variables;
mod wire;

/// The child process that [`proxy`] and other tests start, not a test of its own.
#[test]
fn child_entry() {
    if std::env::var_os(proxy::CHILD).is_some() {
        proxy::child();
    }
    if std::env::var_os(large::CHILD).is_some() {
        large::child();
    }
    #[cfg(feature = "dotenv")]
    if std::env::var_os(dotenv::CHILD).is_some() {
        dotenv::child();
    }
    #[cfg(unix)]
    if std::env::var_os(login::CHILD).is_some() {
        login::child();
    }
}

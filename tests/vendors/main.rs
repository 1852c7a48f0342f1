//! Tests of the vendor SDKs with sandboxes that answer as the vendors do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "exact-online")]
mod exact_online;
mod grammar;
#[cfg(all(feature = "sqlite", feature = "teamleader", feature = "exact-online"))]
mod mirror;
#[cfg(feature = "shell-ev")]
#[path = "../../src/teamleader/tests/odd.rs"]
mod odd;
mod peers;
#[cfg(feature = "shell-ev")]
mod shell_ev;
mod statements;
#[cfg(feature = "teamleader")]
mod teamleader;

/// The entry point of child processes that a test starts with another environment; not a test itself.
#[test]
fn child_entry() {
    #[cfg(feature = "shell-ev")]
    if std::env::var_os(shell_ev::CHILD).is_some() {
        shell_ev::child();
    }
}

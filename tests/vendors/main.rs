//! The SDKs for single vendors, each against the sandbox in its vendor's dialect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "exact-online")]
mod exact_online;
#[cfg(feature = "shell-ev")]
mod shell_ev;
#[cfg(feature = "teamleader")]
mod teamleader;

/// What a test starts with another environment: not a test of its own.
#[test]
fn child_entry() {
    #[cfg(feature = "shell-ev")]
    if std::env::var_os(shell_ev::CHILD).is_some() {
        shell_ev::child();
    }
}

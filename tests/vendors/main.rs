//! The SDKs for single vendors, each against the sandbox in its vendor's dialect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "exact-online")]
mod exact_online;
#[cfg(feature = "teamleader")]
mod teamleader;

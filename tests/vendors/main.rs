//! The SDKs for single vendors, against the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "teamleader")]
mod teamleader;

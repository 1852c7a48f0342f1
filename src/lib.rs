//! Blocking OAuth 2.0 client that does not lose a login.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod backend;
mod client;
pub mod clock;
mod credentials;
mod dialect;
pub mod error;
mod event;
pub mod protocol;
pub mod provider;
pub mod providers;
pub mod record;
mod refresh;
mod request;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod secret;
mod token;
mod transport;

pub use backend::{FileBackend, Guard, MemoryBackend, TokenBackend};
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{BoxError, Error, OAuthError, Result};
pub use event::Event;
pub use protocol::Authorization;
pub use provider::Provider;
pub use request::{Request, Response};
pub use secret::Secret;
pub use token::Token;

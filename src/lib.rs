//! Calls OAuth 2.0 APIs from scripts, cron jobs and worker threads, and does not lose a login.
//!
//! Authorize once. From then on a [`Client`] has a valid access token for every call: it refreshes on
//! the calling thread, and a refresh token that the service replaced is on the disk before the call
//! goes on. Everything blocks; there is no runtime and no thread in the background.
//!
//! ```
//! use evergrant::{Client, FileBackend};
//! # use evergrant::{Credentials, Provider, sandbox::Sandbox};
//! # let sandbox = Sandbox::start()?;
//! # let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
//! # let path = sandbox.folder().join("example.json");
//!
//! let client = Client::new(provider, credentials, FileBackend::new(path));
//!
//! // Once, with a person.
//! let authorization = client.authorize(&["read"])?;
//! # let callback = sandbox.approve(authorization.url())?;
//! client.exchange(authorization, &callback)?;
//!
//! // From then on, in any number of threads and processes.
//! let me: serde_json::Value = client.get("/me").read_json()?;
//! # assert_eq!(me["access_token_number"], 1);
//! # Ok::<(), evergrant::BoxError>(())
//! ```
//!
//! # The promise
//!
//! A service that rotates refresh tokens hands out a one-time key at every refresh: lose it, or use
//! one twice, and a person has to log in again. This crate sends each once, across threads and
//! processes that share a store; has its successor durable before anything uses it; spends nothing
//! that it could not replace; keeps in memory what a store would not take; and remembers what was sent
//! without an answer. [`guide::promise`] has the nine clauses, how each is kept, and the five cases
//! that no client can win. [`guide::design`] has the protocol, step by step.
//!
//! # What it is not
//!
//! It is not an authorization server ([`sandbox`] is for tests), not an async client, not a relying
//! party for web sign-in (ID tokens are kept, not verified), not a secrets manager. DPoP, PAR and the
//! password grant are not in it.
//!
//! # Three nouns
//!
//! A [`Provider`] is an authorization server as a client sees it: data, and [`providers`] has ready
//! ones. [`Credentials`] are the application's own id and secret, never a user's. A [`TokenBackend`] is
//! where one login is kept: [`FileBackend`], [`MemoryBackend`], or [your own](backend).
//!
//! # How to ...
//!
//! [`guide::tasks`] has ten everyday tasks, each whole.
//!
//! | task | where |
//! | --- | --- |
//! | authorize once, on a web page | [`Client::authorize`], [`Client::exchange`] |
//! | call an API | [`Client::get`] and its like, [`Request`] |
//! | start from a token that somebody gave you | [`Client::seed`], [`Token::from_env`] |
//! | log out | [`Client::revoke`] |
//! | have no person at all | [`ClientBuilder::client_credentials`] |
//! | use it in an agent of ureq that you have | [`Client`] is a `ureq::middleware::Middleware` |
//! | use another HTTP library | [`Client::access_token`] |
//! | log in in a terminal | [`Client::authorize_interactive`], [`Client::authorize_pasted`] |
//! | go through a list page by page | [`paging`] |
//! | use a service that is not in the list | [`Provider::builder`] |
//! | keep many logins, share them between machines | [`guide::stores`] |
//! | keep the login somewhere else | [`TokenBackend`], [`backend`] |
//! | tell "ask a person" from "try later" | [`Error::needs_authorization`], [`Error::is_transient`] |
//! | know how long a login will live | [`Client::health`], [`Client::keep_alive`] |
//! | see what happens | [`ClientBuilder::on_event`], the `log` crate |
//! | test a script | [`sandbox`] |
//!
//! # Errors
//!
//! [`enum@Error`] has one variant per next step, and each says whether the login is safe.
//! [`guide::troubleshooting`] has a section for each that needs a person.
//!
//! # Threads, processes, machines
//!
//! A [`Client`] is cheap to clone and to share between threads. Processes on one machine share a file:
//! give each its own client on the same path. Machines share a database: [`guide::stores`]. What is
//! locked, where, and for how long is in [`guide::platform`].
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `browser` | `Client::authorize_in_browser` |
//! | `device` | [`device`]: a login on a host without a browser (RFC 8628) |
//! | `discovery` | [`discovery`]: a provider from what the server says of itself (RFC 8414, OpenID Connect) |
//! | `dotenv` | `Client::from_dotenv` and its like, `Dotenv`: read a `.env` file, and set nothing in the process |
//! | `exact-online` | [`exact_online`]: a client for Exact Online |
//! | `identity` | [`identity`]: `Client::profile` and `Client::id_and_email`, and ten more ready [`providers`] |
//! | `introspection` | [`introspection`]: what the server knows of a token (RFC 7662) |
//! | `jwt` | [`jwt`]: clients that sign (`private_key_jwt`), the JWT bearer grant (RFC 7523), service accounts |
//! | `oidc` | [`oidc`]: `Client::userinfo`, and the claims of an ID token, unverified |
//! | `postgres` | `PostgresBackend`: many accounts in a PostgreSQL table, for many machines |
//! | `redis` | `RedisBackend`: many accounts in Redis or Valkey, for many machines |
//! | `sandbox` | [`sandbox`]: an authorization server on loopback, and the contract suite for backends |
//! | `shell-ev` | `shell_ev`: an SDK for Shell EV Recharge |
//! | `sqlite` | `SqliteBackend`: many accounts in one database file, for the processes of one machine |
//! | `teamleader` | `teamleader`: an SDK for Teamleader Focus, with a page in the guide |
//!
//! No feature changes what is there without it.
//!
//! # Rust version
//!
//! 1.89, for `std::fs::File::lock`. A later minimum is a new minor version.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod backend;
mod client;
pub mod clock;
mod credentials;
#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "discovery")]
pub mod discovery;
mod env;
pub mod error;
mod event;
#[cfg(feature = "exact-online")]
pub mod exact_online;
pub mod guide;
pub mod health;
pub mod hooks;
#[cfg(feature = "identity")]
pub mod identity;
mod interactive;
#[cfg(feature = "introspection")]
pub mod introspection;
#[cfg(feature = "jwt")]
pub mod jwt;
mod middleware;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod paging;
mod plain;
mod protocol;
pub mod provider;
pub mod providers;
mod record;
mod refresh;
mod request;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(any(feature = "exact-online", feature = "shell-ev", feature = "teamleader"))]
mod sdk;
mod secret;
#[cfg(feature = "shell-ev")]
pub mod shell_ev;
#[cfg(feature = "jwt")]
mod signing;
mod stored_json;
mod substring;
#[cfg(feature = "teamleader")]
pub mod teamleader;
mod token;
mod transport;

#[cfg(feature = "postgres")]
pub use backend::PostgresBackend;
#[cfg(feature = "redis")]
pub use backend::RedisBackend;
#[cfg(feature = "sqlite")]
pub use backend::SqliteBackend;
pub use backend::{FileBackend, MemoryBackend, TokenBackend};
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
#[cfg(feature = "dotenv")]
pub use env::Dotenv;
pub use error::{BoxError, Error, Result};
pub use protocol::Authorization;
pub use provider::Provider;
pub use request::{Request, Response};
pub use secret::Secret;
/// The version of `time` whose dates are in this crate's signatures.
pub use time;
pub use token::Token;
/// The version of `ureq` whose types are in this crate's signatures.
pub use ureq;

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

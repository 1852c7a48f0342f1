//! Calls OAuth 2.0 APIs from scripts, cron jobs and worker threads, and does not lose a login.
//!
//! Authorize once. From then on, a [`Client`] sends a valid access token with every call. The client
//! refreshes on the calling thread, and a new refresh token is on the disk before the call goes on.
//! Every call blocks; the crate has no async runtime and no background thread. Only the feature `postgres` has both: its
//! library brings a runtime, and statements run on threads that end when they had no work for 30 seconds.
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
//! A service that rotates refresh tokens issues a new refresh token at every refresh and accepts each refresh
//! token once. If a client loses the new token or sends an old one twice, a person has to log in again. This
//! crate:
//!
//! * sends each refresh token once, across all threads and processes that share a store;
//! * saves a new refresh token durably before it uses the access token that came with it;
//! * sends a refresh token only after the store has proved writable;
//! * keeps a new refresh token in memory as long as the store cannot save the token;
//! * records each refresh before it sends the request, so that a lost answer is known to be lost.
//!
//! [`guide::promise`] lists the nine clauses of this promise, explains how the crate keeps each clause, and
//! lists the five cases in which any client loses the login. [`guide::design`] describes the refresh, step by
//! step.
//!
//! # What it is not
//!
//! This crate is not an authorization server ([`sandbox`] is for tests), not an async client, not a relying
//! party for web sign-in (a login does not verify the signature of an ID token), not a secrets manager. The
//! crate has no password grant.
//!
//! # Three nouns
//!
//! A [`Provider`] describes an authorization server: its endpoints and its rules. [`providers`] contains
//! ready-made providers for many services. [`Credentials`] are the id and secret of the application, never
//! those of a user. A [`TokenBackend`] is a store that keeps one login: [`FileBackend`], [`MemoryBackend`],
//! or [your own](backend).
//!
//! # How to ...
//!
//! [`guide::tasks`] has complete programs for ten everyday tasks.
//!
//! | task | where |
//! | --- | --- |
//! | authorize once, on a web page | [`Client::authorize`], [`Client::exchange`] |
//! | call an API | [`Client::get`] and similar methods, [`Request`] |
//! | start from a token that you already have | [`Client::seed`], [`Token::from_env`] |
//! | log out | [`Client::revoke`] |
//! | get tokens without a person | [`ClientBuilder::client_credentials`] |
//! | use an existing ureq agent | [`Client`] is a `ureq::middleware::Middleware` |
//! | use another HTTP library | [`Client::access_token`] |
//! | log in from a terminal | [`Client::authorize_interactive`], [`Client::authorize_pasted`]; without a program of your own, [the command `evergrant`](guide::tool) |
//! | read a list page by page | [`Client::linked_pages`], [`Client::cursor_pages`], [`paging`] |
//! | use a service without a ready provider | [`Provider::builder`] |
//! | keep many logins, or share them between machines | [`guide::stores`] |
//! | keep the logins of many tenants alive, and use them | [`Logins`], [`guide::fleet`] |
//! | keep the login somewhere else | [`TokenBackend`], [`backend`] |
//! | tell "log in again" from "try later" | [`Error::needs_authorization`], [`Error::is_transient`] |
//! | know how long a login will live | [`Client::health`], [`Client::keep_alive`] |
//! | see what happens | [`ClientBuilder::on_event`], the `log` crate |
//! | test a script | [`sandbox`] |
//!
//! # Errors
//!
//! [`enum@Error`] has one variant for each possible next step, and the page of each variant says whether the
//! login remains valid. [`guide::troubleshooting`] has a section for each error that needs a person.
//!
//! # Threads, processes, machines
//!
//! A [`Client`] is cheap to clone and to share between threads. Processes on one machine share a file:
//! give each process its own client on the same path. Machines share a database: see [`guide::stores`].
//! [`guide::platform`] says what is locked, where, and for how long.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `browser` | `Client::authorize_in_browser` |
//! | `cli` | the command `evergrant` for a terminal and for cron: [`guide::tool`] |
//! | `device` | [`device`]: a login on a host without a browser (RFC 8628) |
//! | `discovery` | [`discovery`]: a provider from the server's metadata document (RFC 8414, OpenID Connect); a login that begins with the address of an API (RFC 9728) |
//! | `dotenv` | `Client::from_dotenv` and similar functions, `Dotenv`: read a `.env` file without setting variables of the process |
//! | `dpop` | logins that are bound to a key (DPoP, RFC 9449): a stolen token is useless without the key |
//! | `encryption` | `backend::SealedBackend`: encrypts logins before another store keeps them |
//! | `exact-online` | [`exact_online`]: a client for Exact Online |
//! | `identity` | [`identity`]: `Client::profile` and `Client::id_and_email`, and ten more ready [`providers`] |
//! | `introspection` | [`introspection`]: asks the server about a token (RFC 7662) |
//! | `jwt` | [`jwt`]: clients with a key (`private_key_jwt`), JWT bearer grant (RFC 7523), service accounts |
//! | `keyring` | `backend::KeyringBackend`: a login sealed with a key from the platform's keyring |
//! | `oidc` | [`oidc`]: `Client::userinfo`, and the claims of an ID token, unverified or verified by the server's keys |
//! | `par` | pushed authorization requests (RFC 9126): a login sends its parameters to the server first |
//! | `postgres` | `PostgresBackend`: many accounts in a PostgreSQL table, for many machines |
//! | `redis` | `RedisBackend`: many accounts in Redis or Valkey, for many machines |
//! | `registration` | `registration`: a program that registers itself as a client (RFC 7591, RFC 7592), once |
//! | `sandbox` | [`sandbox`]: an authorization server on loopback, and the contract suite for backends |
//! | `services` | ready [`providers`] for eighty further services, from Airtable to Zoom; the guide lists them |
//! | `shell-ev` | `shell_ev`: an SDK for Shell EV Recharge |
//! | `sqlite` | `SqliteBackend`: many accounts in one database file, for the processes of one machine |
//! | `teamleader` | `teamleader`: an SDK for Teamleader Focus, with a page in the guide |
//! | `token-exchange` | `token_exchange`: exchanges a token for a token of another kind (RFC 8693) |
//!
//! A feature adds items to the crate and changes nothing else, with one exception: with `par`, a login
//! starts with a pushed request if the provider has an endpoint for pushed requests.
//! `ProviderBuilder::pushed_requests` turns this off.
//!
//! # Rust version
//!
//! Rust 1.89 or later: the crate uses `std::fs::File::lock`. Only a new minor version of this crate raises
//! this requirement.
//!
// If a build lacks a feature, a link to the feature's module leads to docs.rs.
#![cfg_attr(
    not(feature = "device"),
    doc = "[`device`]: https://docs.rs/evergrant/latest/evergrant/device/index.html"
)]
#![cfg_attr(
    not(feature = "discovery"),
    doc = "[`discovery`]: https://docs.rs/evergrant/latest/evergrant/discovery/index.html"
)]
#![cfg_attr(
    not(feature = "exact-online"),
    doc = "[`exact_online`]: https://docs.rs/evergrant/latest/evergrant/exact_online/index.html"
)]
#![cfg_attr(
    not(feature = "identity"),
    doc = "[`identity`]: https://docs.rs/evergrant/latest/evergrant/identity/index.html"
)]
#![cfg_attr(
    not(feature = "introspection"),
    doc = "[`introspection`]: https://docs.rs/evergrant/latest/evergrant/introspection/index.html"
)]
#![cfg_attr(
    not(feature = "jwt"),
    doc = "[`jwt`]: https://docs.rs/evergrant/latest/evergrant/jwt/index.html"
)]
#![cfg_attr(
    not(feature = "oidc"),
    doc = "[`oidc`]: https://docs.rs/evergrant/latest/evergrant/oidc/index.html"
)]
#![cfg_attr(
    not(feature = "sandbox"),
    doc = "[`sandbox`]: https://docs.rs/evergrant/latest/evergrant/sandbox/index.html"
)]
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
pub mod logins;
mod middleware;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod paging;
mod plain;
mod proof_key;
mod protocol;
pub mod provider;
pub mod providers;
mod record;
mod refresh;
#[cfg(feature = "registration")]
pub mod registration;
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
#[cfg(feature = "token-exchange")]
pub mod token_exchange;
mod transport;

#[cfg(feature = "postgres")]
pub use backend::PostgresBackend;
#[cfg(feature = "redis")]
pub use backend::RedisBackend;
#[cfg(feature = "sqlite")]
pub use backend::SqliteBackend;
pub use backend::{FileBackend, MemoryBackend, TokenBackend};
#[cfg(feature = "dpop")]
pub use client::DpopHeaders;
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
#[cfg(feature = "dotenv")]
pub use env::Dotenv;
pub use error::{BoxError, Error, Result};
pub use logins::Logins;
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

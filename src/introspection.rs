//! Asks the server about a token (RFC 7662).
//!
//! ```
//! use evergrant::provider::TokenTypeHint;
//! # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
//! # let sandbox = Sandbox::start()?;
//! # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! # client.seed(sandbox.login())?;
//! let known = client.introspect(&client.access_token()?, Some(TokenTypeHint::AccessToken))?;
//! assert!(known.active());
//! assert_eq!(known.subject(), Some("ada"));
//! # Ok::<(), evergrant::BoxError>(())
//! ```

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::client::Client;
use crate::error::Result;
use crate::provider::TokenTypeHint;
use crate::secret::Secret;

/// The server's answer about a token (RFC 7662 section 2.2). For an inactive token the answer has only the
/// member `active`. `Debug` shows the names of the members only.
#[derive(Clone, PartialEq)]
pub struct Introspection {
    active: bool,
    members: Map<String, Value>,
}

impl Introspection {
    /// Whether the token is valid now, for the client that asked.
    pub fn active(&self) -> bool {
        self.active
    }

    /// The scopes of the token.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.text("scope").unwrap_or_default().split_whitespace()
    }

    /// The owner of the token: the user, or the client itself.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// The user's name, for people to read.
    pub fn username(&self) -> Option<&str> {
        self.text("username")
    }

    /// The client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id")
    }

    /// The issuer of the token.
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// The services that the token is for.
    pub fn audience(&self) -> Vec<&str> {
        match self.members.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// When the token expires, UTC.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.date("exp")
    }

    /// When the token was issued, UTC.
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.date("iat")
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    fn date(&self, name: &str) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp(self.members.get(name)?.as_i64()?).ok()
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("active", &self.active)
            .field("members", &self.members.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl Client {
    /// Asks the server about a token, which need not be the stored token. `hint` says which kind of
    /// token it is, if you know. Nothing is refreshed, and the answer does not change the stored
    /// token's expiry.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] when the provider has no introspection endpoint;
    /// [`crate::Error::OAuth`] when the server refuses, [`crate::Error::RateLimited`],
    /// [`crate::Error::Transport`]; [`crate::Error::Decode`] for an answer that does not say whether
    /// the token is active.
    pub fn introspect(&self, token: &Secret, hint: Option<TokenTypeHint>) -> Result<Introspection> {
        let (active, members) = self.tokens().introspect(token, hint, self.clock().now_utc())?;
        Ok(Introspection { active, members })
    }
}

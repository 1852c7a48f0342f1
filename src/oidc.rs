//! OpenID Connect for a program that calls an API: who has logged in.
//!
//! A login checks the claims of its ID token and not the signature. An ID token that came from the
//! token endpoint over TLS is as trustworthy as the server (OpenID Connect Core section 3.1.3.7, number
//! 6). [`Client::verified_claims`] also verifies the signature, for an ID token from elsewhere.
//!
//! ```
//! # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
//! # let sandbox = Sandbox::start()?;
//! # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
//! let authorization = client.authorize(&["openid", "email"])?;
//! # let callback = sandbox.approve(authorization.url())?;
//! let token = client.exchange(authorization, &callback)?;
//! if let Some(claims) = token.unverified_claims()? {
//!     println!("{:?}", claims.subject());
//! }
//! let user = client.userinfo()?;
//! assert_eq!(user["sub"], "ada");
//! # Ok::<(), evergrant::BoxError>(())
//! ```

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::protocol;
use crate::secret::Secret;
use crate::token::Token;

/// The claims of an ID token whose signature nobody has verified. `Debug` shows their names only.
#[derive(Clone, PartialEq)]
pub struct UnverifiedClaims(Map<String, Value>);

/// The claims of an ID token that [`Client::verified_claims`] has verified. `Debug` shows their names only.
#[derive(Clone, PartialEq)]
pub struct VerifiedClaims {
    issuer: String,
    subject: String,
    all: UnverifiedClaims,
}

impl UnverifiedClaims {
    /// The issuer. Issuer and [`UnverifiedClaims::subject`] together identify a user; an email address
    /// does not (OpenID Connect Core section 5.7).
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// The user's id, which is unique at the issuer.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    fn all(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl VerifiedClaims {
    /// Returns `None` without an issuer or a subject.
    pub(crate) fn of(claims: Map<String, Value>) -> Option<VerifiedClaims> {
        let all = UnverifiedClaims(claims);
        let subject = all.subject().filter(|subject| !subject.is_empty())?.to_owned();
        Some(VerifiedClaims { issuer: all.issuer()?.to_owned(), subject, all })
    }

    /// The issuer. Issuer and [`VerifiedClaims::subject`] together identify a user; an email address
    /// does not (OpenID Connect Core section 5.7).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user's id, which is unique at the issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    fn all(&self) -> &Map<String, Value> {
        &self.all.0
    }
}

/// The readers of both types of claims.
macro_rules! readers {
    ($claims:ident) => {
        impl $claims {
            /// The clients that the ID token is for.
            pub fn audience(&self) -> Vec<&str> {
                match self.get("aud") {
                    Some(Value::String(one)) => vec![one],
                    Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
                    _ => Vec::new(),
                }
            }

            /// When the ID token expires, UTC.
            pub fn expires_at(&self) -> Option<OffsetDateTime> {
                protocol::claim_date(self.all(), "exp")
            }

            /// The user's email address, and whether the issuer says that the address is verified: as true or
            /// as the string `true`.
            pub fn email(&self) -> Option<(&str, bool)> {
                let verified = match self.get("email_verified") {
                    Some(Value::Bool(verified)) => *verified,
                    Some(Value::String(text)) => text == "true",
                    _ => false,
                };
                Some((self.get("email")?.as_str()?, verified))
            }

            /// When the person authenticated (`auth_time`, OpenID Connect Core section 2), UTC. Always there
            /// after a login with `openid` and `max_age`.
            pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
                protocol::claim_date(self.all(), "auth_time")
            }

            /// How the person authenticated (`acr`, OpenID Connect Core section 2): compare this with the
            /// `acr_values` of the login. No check of this crate compares them, because `acr_values` is a wish
            /// of the client (section 3.1.2.1).
            pub fn acr(&self) -> Option<&str> {
                self.get("acr")?.as_str()
            }

            /// Any claim.
            pub fn get(&self, name: &str) -> Option<&Value> {
                self.all().get(name)
            }

            /// All claims.
            pub fn as_map(&self) -> &Map<String, Value> {
                self.all()
            }
        }

        impl fmt::Debug for $claims {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let names: Vec<_> = self.all().keys().collect();
                f.debug_tuple(stringify!($claims)).field(&names).finish()
            }
        }
    };
}

readers!(UnverifiedClaims);
readers!(VerifiedClaims);

impl Token {
    /// The claims of the ID token, if one came. The token is not verified.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] when the ID token is not a signed JWT, or is encrypted.
    pub fn unverified_claims(&self) -> Result<Option<UnverifiedClaims>> {
        let claims = self.id_token().map(|token| protocol::claims(token.expose())).transpose();
        let claims = claims.map_err(|why| Error::decode("the ID token", why))?;
        Ok(claims.map(UnverifiedClaims))
    }
}

impl Client {
    /// Asks the userinfo endpoint who has logged in (OpenID Connect Core section 5.3), and returns the
    /// members of its answer. If the stored token has an ID token, the answer must have the same `sub`
    /// (section 5.3.2).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the provider has no userinfo endpoint; the errors of
    /// [`crate::Request::call`]; [`Error::Decode`] for an answer that is not a JSON object, such as a
    /// signed answer (`application/jwt`), or that has another `sub` than the ID token.
    pub fn userinfo(&self) -> Result<Map<String, Value>> {
        let Some(endpoint) = self.provider().userinfo_endpoint() else {
            let name = self.provider().display_name();
            return Err(Error::config(format!("{name} has no userinfo endpoint")));
        };
        let answer = self.get(endpoint).header("Accept", "application/json").call()?;
        let content_type = answer.header("content-type").unwrap_or_default().to_owned();
        let body = answer.read_bytes()?;
        let stored = self.stored()?;
        let id_token = stored.as_ref().and_then(|record| record.token().id_token());
        protocol::userinfo(&content_type, &body, id_token.map(Secret::expose))
            .map_err(|why| Error::decode(format!("the answer of {endpoint}"), why))
    }
}

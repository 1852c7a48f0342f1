//! What each error carries.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::BoxError;
use crate::token::Token;

/// An error that an authorization server answered (RFC 6749 sections 5.2 and 4.1.2.1), its texts
/// stripped of control characters and cut to a reasonable length.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthError {
    /// The host that answered.
    pub host: String,
    /// The code, such as `invalid_client`. `http_400` stands for an answer without one.
    pub code: String,
    /// The server's description, if it gave one.
    pub description: Option<String>,
    /// Where the server says more, if it does.
    pub uri: Option<String>,
    /// The HTTP status; 0 for an error that came with a redirect.
    pub status: u16,
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refused the request: {}", self.host, self.code)?;
        if let Some(description) = &self.description {
            write!(f, " ({description})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OAuthError {}

/// A refused login: [`crate::Error::Reauthorize`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// What the service answered.
    pub error: OAuthError,
    /// When it answered that. A refusal is remembered and not asked again on every run.
    pub refused_at: OffsetDateTime,
    /// When a request with the same refresh token was sent and stayed unanswered, if one was. The
    /// successor was then lost on the way, and this is the reason for the refusal.
    pub unanswered_since: Option<OffsetDateTime>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OAuthError { host, code, .. } = &self.error;
        write!(f, "{host} refused the refresh token: {code}")?;
        if let Some(description) = &self.error.description {
            write!(f, " ({description})")?;
        }
        match self.unanswered_since {
            Some(sent_at) => write!(
                f,
                "; it was sent at {}, no answer came, and now it is refused: the answer that \
                 carried its successor was lost",
                rfc3339(sent_at)
            )?,
            None => write!(f, " at {}", rfc3339(self.refused_at))?,
        }
        f.write_str("; authorize again")
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A rotated pair that is not in the store yet: [`crate::Error::NotSaved`].
#[derive(Debug, Error)]
#[error(
    "a new refresh token was issued and could not be saved in {store}: {source}; it is kept in \
     memory and saved by the next call that can"
)]
#[non_exhaustive]
pub struct NotSaved {
    /// The store, as it names itself.
    pub store: String,
    /// What the store reported.
    pub source: BoxError,
    /// The pair.
    pub token: Token,
}

/// A spend without an answer: [`crate::Error::OutcomeUnknown`].
#[derive(Debug)]
#[non_exhaustive]
pub struct OutcomeUnknown {
    /// The host it was sent to.
    pub host: String,
    /// Whether it was an authorization code, which works once and is not sent again, and not a
    /// refresh token.
    pub code: bool,
    /// When it was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// Who sent it: host name and process id. `None` when it was this call.
    pub holder: Option<String>,
    /// Whether it is sent again by `Client::refresh` only, because a second use could end other
    /// logins of the user.
    pub by_name: bool,
    /// When it may be tried again; `None`: with the next call.
    pub retry_after: Option<Duration>,
    /// What happened to the request, if this process sent it.
    pub source: Option<BoxError>,
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.code { "an authorization code" } else { "a refresh token" };
        write!(f, "{what} was sent to {} at {}", self.host, rfc3339(self.sent_at))?;
        if let Some(holder) = &self.holder {
            write!(f, " by {holder}")?;
        }
        f.write_str(" and no answer came")?;
        if let Some(source) = &self.source {
            write!(f, " ({source})")?;
        }
        if self.code {
            return f.write_str("; a code works once: start the login again");
        }
        match self.retry_after {
            _ if self.by_name => f.write_str("; only a refresh by name sends it again"),
            Some(wait) => write!(f, "; it can be tried again in {} s", wait.as_secs().max(1)),
            None => f.write_str("; the next call tries again"),
        }
    }
}

impl std::error::Error for OutcomeUnknown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A store that failed with nothing spent: [`crate::Error::Backend`].
#[derive(Debug, Error)]
#[error("could not {operation} {store}: {source}{}", if *.sent { "" } else { "; nothing was sent" })]
#[non_exhaustive]
pub struct BackendFailure {
    /// What was tried: `lock`, `load`, `write` or `clear`.
    pub operation: &'static str,
    /// Whether something was sent before that: a request of this call was answered, or the service
    /// has revoked the token. The login is safe either way.
    pub sent: bool,
    /// The store, as it names itself.
    pub store: String,
    /// What the store reported. A [`crate::backend::BackendError`] can be found by downcast.
    pub source: BoxError,
}

/// A lock held by somebody else: [`crate::Error::Busy`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Busy {
    /// The store, as it names itself.
    pub store: String,
    /// Who holds it, if they left a note: host name and process id.
    pub holder: Option<String>,
    /// How long this call waited.
    pub waited: Duration,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is locked by ", self.store)?;
        match &self.holder {
            Some(holder) => write!(f, "{holder}")?,
            None => f.write_str("somebody else")?,
        }
        write!(f, "; gave up after {} s", self.waited.as_secs())
    }
}

impl std::error::Error for Busy {}

/// A request that failed on the way: [`crate::Error::Transport`].
#[derive(Debug, Error)]
#[error("{method} {url}: {source}")]
#[non_exhaustive]
pub struct TransportError {
    /// The method.
    pub method: String,
    /// Where to, without the query.
    pub url: String,
    /// What happened.
    pub source: BoxError,
}

/// A service that asked to come back later: [`crate::Error::RateLimited`].
#[derive(Debug, Error)]
#[error("{host} asks to come back in {} s{}", retry_after.as_secs(), because(reason))]
#[non_exhaustive]
pub struct RateLimited {
    /// The host.
    pub host: String,
    /// How long to wait.
    pub retry_after: Duration,
    /// What the service gave as the reason, if anything.
    pub reason: Option<String>,
}

impl RateLimited {
    /// For an SDK that counts a service's limits by itself.
    pub fn new(
        host: impl Into<String>,
        retry_after: Duration,
        reason: Option<String>,
    ) -> RateLimited {
        RateLimited { host: host.into(), retry_after, reason }
    }
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn under(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

/// An API that answered with an error status: [`crate::Error::Api`].
#[derive(Error)]
#[error("{method} {url}: the API answered {status}{}{}", because(reason), under(request_id))]
#[non_exhaustive]
pub struct ApiError {
    /// The method.
    pub method: String,
    /// Where to, without the query.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: Box<ureq::http::HeaderMap>,
    /// The body, cut at 64 KiB. `Debug` shows its length only: an API may repeat what it was sent.
    pub body: Vec<u8>,
    /// How long the API asked to wait, with a status of 413, 429 or 503.
    pub retry_after: Option<Duration>,
    /// What the API gave as the reason, where a client that knows its dialect has read it
    /// (`ClientBuilder::map_error`).
    pub reason: Option<String>,
    /// Under which id the API knows the request, where a client that knows its dialect has read it.
    pub request_id: Option<String>,
}

impl ApiError {
    /// For an SDK whose API can refuse with a good status: what was called, and what it answered. The
    /// rest is filled in by hand.
    pub fn new(method: impl Into<String>, url: impl Into<String>, status: u16) -> ApiError {
        ApiError {
            method: method.into(),
            url: url.into(),
            status,
            headers: Box::default(),
            body: Vec::new(),
            retry_after: None,
            reason: None,
            request_id: None,
        }
    }

    /// What the API says about the token, in its `WWW-Authenticate` headers: for a 403, which scope it
    /// wants.
    pub fn challenges(&self) -> Vec<super::Challenge> {
        super::Challenge::of(&self.headers)
    }

    /// The body as JSON, if it is that.
    pub fn json(&self) -> Option<serde_json::Value> {
        crate::stored_json::parse(&self.body)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// A callback that does not belong to the authorization: [`crate::Error::Callback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// It cannot be read as an address, a query or a form.
    #[error("the callback is not an address, a query or a form")]
    Unreadable,
    /// One of `code`, `state`, `iss`, `error` came more than once (RFC 6749 section 3.1).
    #[error("the callback has the parameter {0} more than once")]
    Duplicate(&'static str),
    /// It has no `state`, although one was sent.
    #[error(
        "the callback has no state: it does not belong to this authorization, or the server dropped it"
    )]
    StateMissing,
    /// Its `state` is another one.
    #[error("the callback has another state: it belongs to another authorization, or to an attack")]
    StateMismatch,
    /// It has no `iss`, although this server always sends one (RFC 9207 section 2.4).
    #[error("the callback does not name its issuer, and this server always does")]
    IssuerMissing,
    /// It comes from another authorization server (RFC 9207 section 2.4).
    #[error("the callback names another issuer: it comes from another authorization server")]
    IssuerMismatch,
    /// It has neither `code` nor `error`.
    #[error("the callback has neither a code nor an error")]
    CodeMissing,
}

/// Something that could not be read: [`crate::Error::Decode`].
#[derive(Debug, Error)]
#[error("could not read {what}: {source}")]
#[non_exhaustive]
pub struct DecodeError {
    /// What was read.
    pub what: String,
    /// Why it could not be read.
    pub source: BoxError,
}

impl DecodeError {
    /// For an SDK that reads answers by itself: what was read, and why it could not be.
    pub fn new(what: impl Into<String>, source: impl Into<BoxError>) -> DecodeError {
        DecodeError { what: what.into(), source: source.into() }
    }
}

fn rfc3339(date: OffsetDateTime) -> String {
    date.format(&Rfc3339).unwrap_or_else(|_| date.to_string())
}

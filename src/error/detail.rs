//! The details that each error carries.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::chain::from_outside;
use super::unconfirmed::{Unconfirmed, warning};
use super::{BoxError, OAuthError};
use crate::plain::plain;
use crate::token::Token;

/// The service refused the login: [`crate::Error::Reauthorize`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The service's answer.
    pub error: OAuthError,
    /// When the service refused. The store keeps the refusal, so a later run does not send the token
    /// again at once.
    pub refused_at: OffsetDateTime,
    /// When an earlier request with the same refresh token was sent, if no answer to that request was
    /// stored. Most likely the answer to that request carried a new refresh token and was lost, so the
    /// service now refuses the old token. (Otherwise the process that sent the request ended before it
    /// could store a refusal.)
    pub unanswered_since: Option<OffsetDateTime>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refused the refresh token: {}", self.error.host, self.error.told())?;
        match self.unanswered_since {
            Some(sent_at) => write!(
                f,
                "; it was sent at {}, no answer was stored, and now it is refused: most likely the \
                 answer with the new refresh token was lost",
                rfc3339(sent_at)
            )?,
            None => write!(f, " at {}", rfc3339(self.refused_at))?,
        }
        f.write_str("; authorize again")
    }
}

impl std::error::Error for Refusal {}

/// A new token pair is not in the store yet: [`crate::Error::NotSaved`].
#[derive(Debug, Error)]
#[error(
    "a new refresh token was issued and could not be saved in {store}; it is in memory, and the next \
     call tries to save it again"
)]
#[non_exhaustive]
pub struct NotSaved {
    /// The name of the store, from `TokenBackend::describe`.
    pub store: String,
    /// What the store reported.
    pub source: BoxError,
    /// The new access token and refresh token.
    pub token: Token,
}

/// A refresh token or code was sent, and its outcome is not known: [`crate::Error::OutcomeUnknown`].
#[derive(Debug)]
#[non_exhaustive]
pub struct OutcomeUnknown {
    /// The host that the token or code was sent to.
    pub host: String,
    /// `true` for an authorization code, which works once and is not sent again; `false` for a refresh
    /// token.
    pub code: bool,
    /// When the token or code was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// The process that sent the token or code: host name and process id. `None` if this call sent the token
    /// or code.
    pub holder: Option<String>,
    /// Whether only `Client::refresh` sends the token again, because a second use could revoke other logins
    /// of the user.
    pub by_name: bool,
    /// How long to wait before the next try. `None`: the next call tries again.
    pub retry_after: Option<Duration>,
    /// The failure of the request, if this process sent it.
    pub source: Option<BoxError>,
}

impl OutcomeUnknown {
    /// The answer, if an answer came, which does not say whether the token was used.
    fn answer(&self) -> Option<&OAuthError> {
        self.source.as_ref()?.downcast_ref()
    }

    /// Whether the service refused the token, and the store failed when the refusal was to be checked.
    fn store_failed(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.is::<BackendFailure>())
    }
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.code { "an authorization code" } else { "a refresh token" };
        write!(f, "{what} was sent to {} at {}", self.host, rfc3339(self.sent_at))?;
        if let Some(holder) = &self.holder {
            write!(f, " by {holder}")?;
        }
        match self.answer() {
            Some(answer) => write!(
                f,
                ", and the answer with status {} does not say whether it was used",
                answer.status
            )?,
            None if self.store_failed() => {
                f.write_str(" and refused, but the store could not be read to check the refusal")?;
            }
            // The process that sent the token has ended, and only its refresh note is left.
            None if self.source.is_none() => f.write_str(" and no answer came")?,
            None => f.write_str(" and no complete answer came")?,
        }
        if self.code {
            return f.write_str("; a code works once: start the login again");
        }
        match self.retry_after {
            _ if self.by_name => f.write_str("; only `Client::refresh` sends it again"),
            Some(wait) => write!(f, "; it can be tried again in {} s", wait.as_secs().max(1)),
            None => f.write_str("; the next call tries again"),
        }
    }
}

impl std::error::Error for OutcomeUnknown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message already names the status, and an answer without an error code says nothing else.
        if self
            .answer()
            .is_some_and(|answer| answer.code.starts_with("http_") && answer.description.is_none())
        {
            return None;
        }
        self.source.as_deref().map(|source| source as _)
    }
}

/// A store failed, and no refresh token was used up: [`crate::Error::Backend`].
#[derive(Debug, Error)]
#[error("could not {operation} {store}{}", if *.sent { "" } else { "; nothing was sent" })]
#[non_exhaustive]
pub struct BackendFailure {
    /// The operation that failed: `lock`, `load`, `write` or `clear`. For the logins of many accounts also `open`
    /// (the store of an account), `list` (the names of the accounts) or `move`.
    pub operation: &'static str,
    /// Whether a request was sent before the failure: a request of this call was answered, or the service
    /// revoked the token. In both cases, no refresh token is lost.
    pub sent: bool,
    /// The name of the store, from `TokenBackend::describe`.
    pub store: String,
    /// What the store reported. [`crate::backend::BackendError::find`] looks for a precise error in this
    /// report.
    pub source: BoxError,
}

/// A lock held by another process or client: [`crate::Error::Busy`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Busy {
    /// The name of the store, from `TokenBackend::describe`.
    pub store: String,
    /// The process that holds the lock, if it left a note: host name and process id.
    pub holder: Option<String>,
    /// How long this call waited.
    pub waited: Duration,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is locked by ", self.store)?;
        match &self.holder {
            Some(holder) => write!(f, "{holder}")?,
            None => f.write_str("another process or client")?,
        }
        match self.waited.as_secs() {
            0 => f.write_str("; try again later"),
            waited => write!(f, "; gave up after {waited} s"),
        }
    }
}

impl std::error::Error for Busy {}

/// A request was not sent, or no usable answer came: [`crate::Error::Transport`].
#[derive(Debug, Error)]
#[error("{method} {url} failed{}", warning(unconfirmed))]
#[non_exhaustive]
pub struct TransportError {
    /// The method.
    pub method: String,
    /// The address, without the query.
    pub url: String,
    /// The cause: an [`std::io::Error`], also for a timeout, or an error of ureq.
    pub source: BoxError,
    /// Whether a part of the request can have reached the server. `false` only if no part left this machine.
    pub sent: bool,
    /// Set if the request may have been processed and a repeat may do harm: a POST or PATCH that is not
    /// [`repeatable`](crate::Request::repeatable), and of which a part can have reached the server.
    pub unconfirmed: Option<Box<Unconfirmed>>,
}

impl TransportError {
    /// Makes an error for an SDK that sends requests by itself. The address must not hold a secret.
    pub fn new(
        method: impl Into<String>,
        url: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> TransportError {
        let source = from_outside(source.into());
        TransportError {
            method: method.into(),
            url: plain(url.into()),
            source,
            sent: true,
            unconfirmed: None,
        }
    }
}

/// A wait before the next request to a service: [`crate::Error::RateLimited`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RateLimited {
    /// The host.
    pub host: String,
    /// How long to wait.
    pub retry_after: Duration,
    /// The reason that the service gave, or why this client waits.
    pub reason: Option<String>,
    /// Whether the service asked for this wait in answer to this call. If `false`, this client waits by
    /// itself, because of a limit or a rule of the service, or an earlier answer.
    pub asked: bool,
}

impl RateLimited {
    /// Makes an error for an SDK that counts a service's limits by itself. The error says that nothing was
    /// sent.
    pub fn new(
        host: impl Into<String>,
        retry_after: Duration,
        reason: Option<String>,
    ) -> RateLimited {
        let (host, reason) = (plain(host.into()), reason.map(plain));
        RateLimited { host, retry_after, reason, asked: false }
    }

    /// Makes an error from an answer of the service that asks to wait.
    pub fn answered(
        host: impl Into<String>,
        retry_after: Duration,
        reason: Option<String>,
    ) -> RateLimited {
        RateLimited { asked: true, ..RateLimited::new(host, retry_after, reason) }
    }
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, wait) = (&self.host, self.retry_after.as_secs());
        let reason = because(&self.reason);
        match self.asked {
            true => write!(f, "{host} asks to wait {wait} s{reason}"),
            false => write!(
                f,
                "this client waits another {wait} s before it asks {host}{reason}; nothing was sent"
            ),
        }
    }
}

impl std::error::Error for RateLimited {}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn after(advice: &Option<String>) -> String {
    advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default()
}

fn under(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

/// The API answered with an error status: [`crate::Error::Api`].
#[derive(Clone, Error)]
#[error(
    "{method} {url}: the API answered {status}{}{}{}{}",
    because(reason),
    under(request_id),
    after(advice),
    warning(unconfirmed)
)]
#[non_exhaustive]
pub struct ApiError {
    /// The method.
    pub method: String,
    /// The address, without the query.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: Box<ureq::http::HeaderMap>,
    /// The body, cut at 64 KiB. `Debug` shows only its length: an API may repeat secrets of the
    /// request.
    pub body: Vec<u8>,
    /// How long the API asked to wait, with a status of 413, 429 or 503.
    pub retry_after: Option<Duration>,
    /// The reason that the API gave, if the client knows the API's format of errors
    /// (`ClientBuilder::map_error`).
    pub reason: Option<String>,
    /// The API's id of the request, if the client knows the API's format of errors.
    pub request_id: Option<String>,
    /// What the API says about the access token in its `WWW-Authenticate` header, and what to do. Set
    /// for status 401, and for 403 if a scope is missing or a stronger login is asked for.
    pub advice: Option<String>,
    /// Set if the request may have been processed and a repeat may do harm: a POST or PATCH that is not
    /// [`repeatable`](crate::Request::repeatable), answered with a status from 500 on, except
    /// a 503 with `Retry-After`.
    pub unconfirmed: Option<Box<Unconfirmed>>,
}

impl ApiError {
    /// Makes an error for an SDK whose API can report an error with a status of 2xx. The caller fills
    /// in the other fields.
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
            advice: None,
            unconfirmed: None,
        }
    }

    /// The challenges in the `WWW-Authenticate` headers. For a 403, they name the missing scope.
    pub fn challenges(&self) -> Vec<super::Challenge> {
        super::Challenge::of(&self.headers)
    }

    /// The body as JSON, without a byte order mark at its beginning. Returns `None` if the body is not JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        let text = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        crate::stored_json::parse(text)
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

/// An answer could not be read: [`crate::Error::Decode`].
#[derive(Debug, Error)]
#[error("could not read {what}")]
#[non_exhaustive]
pub struct DecodeError {
    /// What was read.
    pub what: String,
    /// The reason why the answer could not be read.
    pub source: BoxError,
    /// Set by an SDK if the service has processed, or may have processed, a request whose repeat may do harm:
    /// [`Unconfirmed::processed`](Unconfirmed#structfield.processed) says which.
    pub unconfirmed: Option<Box<Unconfirmed>>,
}

impl DecodeError {
    /// Makes an error for an SDK that reads answers by itself: what was read, and why reading failed.
    pub fn new(what: impl Into<String>, source: impl Into<BoxError>) -> DecodeError {
        let (what, source) = (plain(what.into()), from_outside(source.into()));
        DecodeError { what, source, unconfirmed: None }
    }
}

pub(crate) fn rfc3339(date: OffsetDateTime) -> String {
    date.format(&Rfc3339).unwrap_or_else(|_| date.to_string())
}

//! The details that each error carries.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::BoxError;
use super::chain::from_outside;
use crate::plain::plain;
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

impl OAuthError {
    /// For an SDK that reads refusals by itself: the host and its error code.
    pub fn new(host: impl Into<String>, code: impl Into<String>) -> OAuthError {
        let (host, code) = (plain(host.into()), plain(code.into()));
        OAuthError { host, code, description: None, uri: None, status: 0 }
    }

    /// Code and description, without the host.
    pub(crate) fn told(&self) -> String {
        let mut text = match self.code.strip_prefix("http_") {
            Some(status) => format!("status {status} without an error code"),
            None => self.code.clone(),
        };
        if let Some(description) = &self.description {
            text.push_str(&format!(" ({description})"));
        }
        text
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OAuthError { host, status, .. } = self;
        if self.code.starts_with("http_") {
            return write!(f, "{host} answered {}", self.told());
        }
        // Only these say that the request was refused (RFC 9110 section 15.5).
        match status {
            0 | 400..=499 => write!(f, "{host} refused the request: {}", self.told()),
            _ => write!(f, "{host} answered {status}: {}", self.told()),
        }
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
        write!(f, "{} refused the refresh token: {}", self.error.host, self.error.told())?;
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

impl std::error::Error for Refusal {}

/// A rotated pair that is not in the store yet: [`crate::Error::NotSaved`].
#[derive(Debug, Error)]
#[error(
    "a new refresh token was issued and could not be saved in {store}; it is in memory, and the next \
     call tries to save it again"
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

impl OutcomeUnknown {
    /// The answer that leaves open whether the token was used, if one came.
    fn answer(&self) -> Option<&OAuthError> {
        self.source.as_ref()?.downcast_ref()
    }

    /// Whether an answer came, and the store failed before the answer could be believed.
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
                f.write_str(" and refused, and the store could not be read to check the refusal")?;
            }
            // Of a holder that has gone nobody knows more.
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
        // An answer without a code says no more than its status, which the message has.
        if self
            .answer()
            .is_some_and(|answer| answer.code.starts_with("http_") && answer.description.is_none())
        {
            return None;
        }
        self.source.as_deref().map(|source| source as _)
    }
}

/// A store that failed with nothing spent: [`crate::Error::Backend`].
#[derive(Debug, Error)]
#[error("could not {operation} {store}{}", if *.sent { "" } else { "; nothing was sent" })]
#[non_exhaustive]
pub struct BackendFailure {
    /// What was tried: `lock`, `load`, `write` or `clear`.
    pub operation: &'static str,
    /// Whether something was sent before that: a request of this call was answered, or the service
    /// has revoked the token. The login is safe either way.
    pub sent: bool,
    /// The store, as it names itself.
    pub store: String,
    /// What the store reported. [`crate::backend::BackendError::find`] looks for a precise error in it.
    pub source: BoxError,
}

/// A lock held by another process or client: [`crate::Error::Busy`].
#[derive(Clone, Debug)]
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
            None => f.write_str("another process or client")?,
        }
        match self.waited.as_secs() {
            0 => f.write_str("; try again later"),
            waited => write!(f, "; gave up after {waited} s"),
        }
    }
}

impl std::error::Error for Busy {}

/// A request that failed on the way: [`crate::Error::Transport`].
#[derive(Debug, Error)]
#[error("{method} {url} failed without an answer")]
#[non_exhaustive]
pub struct TransportError {
    /// The method.
    pub method: String,
    /// Where to, without the query.
    pub url: String,
    /// What happened: an [`std::io::Error`], also for a timeout, or an error of ureq.
    pub source: BoxError,
}

impl TransportError {
    /// For an SDK that sends requests by itself. The address must not hold a secret.
    pub fn new(
        method: impl Into<String>,
        url: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> TransportError {
        let source = from_outside(source.into());
        TransportError { method: method.into(), url: plain(url.into()), source }
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
    /// What the service gave as the reason, or why this client waits.
    pub reason: Option<String>,
    /// Whether the service was asked in this call and answered that. If not, this client waits by
    /// itself: it knows a limit or a rule of the service, or an earlier answer.
    pub asked: bool,
}

impl RateLimited {
    /// For an SDK that counts a service's limits by itself, and has sent nothing.
    pub fn new(
        host: impl Into<String>,
        retry_after: Duration,
        reason: Option<String>,
    ) -> RateLimited {
        let (host, reason) = (plain(host.into()), reason.map(plain));
        RateLimited { host, retry_after, reason, asked: false }
    }

    /// For an answer of the service that asks to wait.
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
            true => write!(f, "{host} asks to come back in {wait} s{reason}"),
            false => write!(
                f,
                "this client does not ask {host} for another {wait} s{reason}; nothing was sent"
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

/// An API that answered with an error status: [`crate::Error::Api`].
#[derive(Clone, Error)]
#[error(
    "{method} {url}: the API answered {status}{}{}{}",
    because(reason),
    under(request_id),
    after(advice)
)]
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
    /// What the API says about the access token in its `WWW-Authenticate` header, and what to do: with a
    /// status of 401, and with a 403 for want of a scope.
    pub advice: Option<String>,
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
            advice: None,
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

/// An answer that could not be read: [`crate::Error::Decode`].
#[derive(Debug, Error)]
#[error("could not read {what}")]
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
        DecodeError { what: plain(what.into()), source: from_outside(source.into()) }
    }
}

fn rfc3339(date: OffsetDateTime) -> String {
    date.format(&Rfc3339).unwrap_or_else(|_| date.to_string())
}

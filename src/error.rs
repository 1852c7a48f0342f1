//! What can go wrong, one variant per different next step.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::token::Token;

/// Any error of a backend or a transport. `?` turns every error into one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, sorted by what to do next.
///
/// Each variant says whether the stored login is safe. Only [`Error::NotAuthorized`] and
/// [`Error::Reauthorize`] need a person; ask with [`Error::needs_authorization`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is stored, or only a token that has ended and cannot be refreshed. Authorize once.
    #[error("not authorized: {0}; authorize once")]
    NotAuthorized(Box<str>),

    /// The service refused the refresh token for good, and the store held nothing newer.
    /// The record is kept. A person has to authorize again.
    #[error(transparent)]
    Reauthorize(Box<Refusal>),

    /// The service refused the request for a reason that a new login does not mend: the client id
    /// or secret, the scope, the form of the request. The stored token is untouched.
    #[error(transparent)]
    OAuth(Box<OAuthError>),

    /// The service issued a new refresh token and the store could not keep it. Nothing is lost yet:
    /// the pair is in the client's memory, every later call tries the save again first, and
    /// [`Error::into_token`] gives it out.
    #[error(transparent)]
    NotSaved(Box<NotSaved>),

    /// A refresh token was sent and no answer came, and it cannot be tried again at present.
    #[error(transparent)]
    OutcomeUnknown(Box<OutcomeUnknown>),

    /// The store failed before anything was sent. Nothing was spent.
    #[error(transparent)]
    Backend(Box<BackendFailure>),

    /// Somebody else holds the store's lock. Nothing was spent.
    #[error(transparent)]
    Busy(Box<Busy>),

    /// The request did not reach the server, or its answer did not come back. At the token endpoint
    /// this says that the refresh token never left the machine.
    #[error(transparent)]
    Transport(Box<TransportError>),

    /// The service asked to come back later.
    #[error(transparent)]
    RateLimited(Box<RateLimited>),

    /// The API answered with an error status.
    #[error(transparent)]
    Api(Box<ApiError>),

    /// What came to the redirect URI does not belong to this authorization. Nothing was sent. Keep
    /// waiting for the right one, or start over.
    #[error(transparent)]
    Callback(Box<CallbackError>),

    /// An answer could not be read.
    #[error(transparent)]
    Decode(Box<DecodeError>),

    /// Something is set up wrongly; the text says what. Nothing was sent, nothing was overwritten.
    #[error("{0}")]
    Config(Box<str>),
}

impl Error {
    /// Whether a person has to authorize again (or for the first time).
    pub fn needs_authorization(&self) -> bool {
        matches!(self, Error::NotAuthorized(_) | Error::Reauthorize(_))
    }

    /// Whether the same call may succeed later with nothing changed. The stored login is safe.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::OutcomeUnknown(_)
            | Error::Backend(_)
            | Error::Busy(_)
            | Error::Transport(_)
            | Error::RateLimited(_)
            | Error::NotSaved(_) => true,
            Error::Api(api) => api.status == 429 || api.status >= 500,
            _ => false,
        }
    }

    /// How long to wait before trying again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::RateLimited(limited) => Some(limited.retry_after),
            Error::OutcomeUnknown(unknown) => unknown.retry_after,
            _ => None,
        }
    }

    /// The pair that could not be saved, or the error back.
    ///
    /// # Errors
    ///
    /// The error itself, when it is not [`Error::NotSaved`].
    pub fn into_token(self) -> Result<Token> {
        match self {
            Error::NotSaved(not_saved) => Ok(not_saved.token),
            other => Err(other),
        }
    }

    /// A short word for the variant, for counting: `not_authorized`, `reauthorize`, `oauth`,
    /// `not_saved`, `outcome_unknown`, `backend`, `busy`, `transport`, `rate_limited`, `api`,
    /// `callback`, `decode`, `config`.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NotAuthorized(_) => "not_authorized",
            Error::Reauthorize(_) => "reauthorize",
            Error::OAuth(_) => "oauth",
            Error::NotSaved(_) => "not_saved",
            Error::OutcomeUnknown(_) => "outcome_unknown",
            Error::Backend(_) => "backend",
            Error::Busy(_) => "busy",
            Error::Transport(_) => "transport",
            Error::RateLimited(_) => "rate_limited",
            Error::Api(_) => "api",
            Error::Callback(_) => "callback",
            Error::Decode(_) => "decode",
            Error::Config(_) => "config",
        }
    }

    /// The same error for another thread that waited for the same attempt. Causes become texts.
    pub(crate) fn echo(&self) -> Error {
        let text = |source: &BoxError| BoxError::from(source.to_string());
        match self {
            Error::NotAuthorized(text) => Error::NotAuthorized(text.clone()),
            Error::Reauthorize(refusal) => Error::Reauthorize(refusal.clone()),
            Error::OAuth(error) => Error::OAuth(error.clone()),
            Error::NotSaved(e) => Error::NotSaved(Box::new(NotSaved {
                store: e.store.clone(),
                source: text(&e.source),
                token: e.token.clone(),
            })),
            Error::OutcomeUnknown(e) => Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                host: e.host.clone(),
                sent_at: e.sent_at,
                holder: e.holder.clone(),
                retry_after: e.retry_after,
                source: e.source.as_ref().map(text),
            })),
            Error::Backend(e) => Error::backend(e.operation, e.store.clone(), text(&e.source)),
            Error::Busy(e) => Error::Busy(Box::new(Busy {
                store: e.store.clone(),
                holder: e.holder.clone(),
                waited: e.waited,
            })),
            Error::Transport(e) => Error::Transport(Box::new(TransportError {
                method: e.method.clone(),
                url: e.url.clone(),
                source: text(&e.source),
            })),
            Error::RateLimited(e) => Error::RateLimited(Box::new(RateLimited {
                host: e.host.clone(),
                retry_after: e.retry_after,
                reason: e.reason.clone(),
            })),
            Error::Api(e) => Error::Api(Box::new(ApiError {
                method: e.method.clone(),
                url: e.url.clone(),
                status: e.status,
                headers: e.headers.clone(),
                body: e.body.clone(),
            })),
            Error::Callback(e) => Error::Callback(e.clone()),
            Error::Decode(e) => Error::decode(e.what.clone(), e.source.to_string()),
            Error::Config(text) => Error::Config(text.clone()),
        }
    }

    /// An [`Error::Config`].
    pub(crate) fn config(text: impl Into<String>) -> Error {
        Error::Config(text.into().into_boxed_str())
    }

    /// An [`Error::Backend`].
    pub(crate) fn backend(operation: &'static str, store: String, source: BoxError) -> Error {
        Error::Backend(Box::new(BackendFailure { operation, store, source }))
    }

    /// An [`Error::Decode`].
    pub(crate) fn decode(what: impl Into<String>, source: impl Into<BoxError>) -> Error {
        Error::Decode(Box::new(DecodeError { what: what.into(), source: source.into() }))
    }
}

/// An error that an authorization server answered (RFC 6749 section 5.2 and 4.1.2.1), its texts
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

/// A refused login: [`Error::Reauthorize`].
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

/// A rotated pair that is not in the store yet: [`Error::NotSaved`].
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

/// A spend without an answer: [`Error::OutcomeUnknown`].
#[derive(Debug)]
#[non_exhaustive]
pub struct OutcomeUnknown {
    /// The host the refresh token was sent to.
    pub host: String,
    /// When it was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// Who sent it: host name and process id. `None` when it was this process.
    pub holder: Option<String>,
    /// When it may be tried again; `None`: with the next call.
    pub retry_after: Option<Duration>,
    /// What happened to the request, if this process sent it.
    pub source: Option<BoxError>,
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a refresh token was sent to {} at {}", self.host, rfc3339(self.sent_at))?;
        if let Some(holder) = &self.holder {
            write!(f, " by {holder}")?;
        }
        f.write_str(" and no answer came")?;
        if let Some(source) = &self.source {
            write!(f, " ({source})")?;
        }
        match self.retry_after {
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

/// A store that failed with nothing spent: [`Error::Backend`].
#[derive(Debug, Error)]
#[error("could not {operation} {store}: {source}; nothing was sent")]
#[non_exhaustive]
pub struct BackendFailure {
    /// What was tried: `lock`, `load`, `write` or `clear`.
    pub operation: &'static str,
    /// The store, as it names itself.
    pub store: String,
    /// What the store reported. A [`crate::backend::BackendError`] can be found by downcast.
    pub source: BoxError,
}

/// A lock held by somebody else: [`Error::Busy`].
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

/// A request that failed on the way: [`Error::Transport`].
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

/// A service that asked to come back later: [`Error::RateLimited`].
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

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// An API that answered with an error status: [`Error::Api`].
#[derive(Error)]
#[error("{method} {url}: the API answered {status}")]
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
}

impl ApiError {
    /// The body as JSON, if it is that.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
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

/// A callback that does not belong to the authorization: [`Error::Callback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
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

/// Something that could not be read: [`Error::Decode`].
#[derive(Debug, Error)]
#[error("could not read {what}: {source}")]
#[non_exhaustive]
pub struct DecodeError {
    /// What was read.
    pub what: String,
    /// Why it could not be read.
    pub source: BoxError,
}

fn rfc3339(date: OffsetDateTime) -> String {
    date.format(&Rfc3339).unwrap_or_else(|_| date.to_string())
}

//! What can go wrong, one variant per different next step.

mod challenge;
mod detail;
mod store;

use std::time::Duration;

use thiserror::Error;

use crate::token::Token;

pub use challenge::Challenge;
pub use detail::{
    ApiError, BackendFailure, Busy, CallbackError, DecodeError, NotSaved, OAuthError,
    OutcomeUnknown, RateLimited, Refusal, TransportError,
};
pub use store::BackendError;

/// Any error of a backend or a transport. `?` turns every error into one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, sorted by what to do next.
///
/// Each variant says whether the stored login is safe. Only [`Error::NotAuthorized`] and
/// [`Error::Reauthorize`] need a person to authorize; ask with [`Error::needs_authorization`]. A login
/// that is under way and fails is started again by the person who is there.
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

    /// A refresh token was sent and no answer came, and it cannot be tried again at present; or an
    /// authorization code was sent and no answer came.
    #[error(transparent)]
    OutcomeUnknown(Box<OutcomeUnknown>),

    /// The store failed. Nothing was spent; the text says whether anything was sent.
    #[error(transparent)]
    Backend(Box<BackendFailure>),

    /// Somebody else holds the store's lock. Nothing was spent.
    #[error(transparent)]
    Busy(Box<Busy>),

    /// The request did not reach the server, or its answer did not come back. From a refresh or an
    /// exchange this says that the token or code never left the machine.
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
    ///
    /// A store that is set up wrongly or holds no readable record does not mend itself
    /// ([`BackendError::is_transient`]).
    pub fn is_transient(&self) -> bool {
        match self {
            Error::OutcomeUnknown(unknown) => !unknown.code,
            Error::Backend(failure) => BackendError::passes(&failure.source),
            Error::NotSaved(not_saved) => BackendError::passes(&not_saved.source),
            Error::Busy(_) | Error::Transport(_) | Error::RateLimited(_) => true,
            Error::Api(api) => api.status == 429 || api.status >= 500,
            _ => false,
        }
    }

    /// How long to wait before trying again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::RateLimited(limited) => Some(limited.retry_after),
            Error::OutcomeUnknown(unknown) => unknown.retry_after,
            Error::Api(api) => api.retry_after,
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

    /// The same error for another thread that waited for the same attempt. Causes become texts, but
    /// for what a store says precisely.
    pub(crate) fn echo(&self) -> Error {
        let text = |source: &BoxError| BoxError::from(source.to_string());
        match self {
            Error::NotAuthorized(text) => Error::NotAuthorized(text.clone()),
            Error::Reauthorize(refusal) => Error::Reauthorize(refusal.clone()),
            Error::OAuth(error) => Error::OAuth(error.clone()),
            Error::NotSaved(e) => Error::NotSaved(Box::new(NotSaved {
                store: e.store.clone(),
                source: BackendError::echo(&e.source),
                token: e.token.clone(),
            })),
            Error::OutcomeUnknown(e) => Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                code: e.code,
                by_name: e.by_name,
                host: e.host.clone(),
                sent_at: e.sent_at,
                holder: e.holder.clone(),
                retry_after: e.retry_after,
                source: e.source.as_ref().map(text),
            })),
            Error::Backend(e) => Error::Backend(Box::new(BackendFailure {
                operation: e.operation,
                sent: e.sent,
                store: e.store.clone(),
                source: BackendError::echo(&e.source),
            })),
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
                retry_after: e.retry_after,
                reason: e.reason.clone(),
                request_id: e.request_id.clone(),
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
        Error::Backend(Box::new(BackendFailure { operation, sent: false, store, source }))
    }

    /// An [`Error::Backend`] after something was sent.
    pub(crate) fn backend_after(operation: &'static str, store: String, source: BoxError) -> Error {
        Error::Backend(Box::new(BackendFailure { operation, sent: true, store, source }))
    }

    /// An [`Error::Decode`].
    pub(crate) fn decode(what: impl Into<String>, source: impl Into<BoxError>) -> Error {
        Error::Decode(Box::new(DecodeError::new(what, source)))
    }
}

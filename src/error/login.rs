//! The errors of a login before it is finished.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;

use super::{BoxError, rfc3339};

/// The callback does not belong to the authorization, or lacks a parameter: [`crate::Error::Callback`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The callback cannot be read as an address, a query or a form.
    #[error(
        "this is not the address that the browser was sent to, which has `code` and `state` after a \
         question mark"
    )]
    Unreadable,
    /// The parameter `code`, `state`, `iss` or `error` came more than once (RFC 6749 section 3.1).
    #[error("the callback has the parameter {0} more than once")]
    Duplicate(&'static str),
    /// The callback has no `state`, although the authorization request sent one.
    #[error(
        "the callback has no state: it does not belong to this authorization, or the server dropped it"
    )]
    StateMissing,
    /// The `state` belongs to another authorization.
    #[error("the callback has another state: it belongs to another authorization, or to an attack")]
    StateMismatch,
    /// The callback has no `iss`, although this server always sends one (RFC 9207 section 2.4).
    #[error("the callback does not name its issuer, and this server always does")]
    IssuerMissing,
    /// The callback comes from another authorization server (RFC 9207 section 2.4).
    #[error("the callback names another issuer: it comes from another authorization server")]
    IssuerMismatch,
    /// The callback has neither `code` nor `error`.
    #[error("the callback has neither a code nor an error")]
    CodeMissing,
    /// The callback is valid, but lacks the parameter that the provider's setting `callback_field` names.
    #[error(
        "the callback has no parameter {0}: the provider's setting `callback_field` requires this \
         parameter; remove the setting if the service does not send the parameter for these scopes"
    )]
    FieldMissing(String),
}

impl CallbackError {
    /// Whether the text may be the callback of another login, or no callback at all. If so, the right
    /// callback may still come.
    pub(crate) fn is_of_another_text(&self) -> bool {
        !matches!(self, CallbackError::FieldMissing(_))
    }
}

/// A login that was not finished: [`crate::Error::LoginNotFinished`].
#[derive(Debug)]
#[non_exhaustive]
pub struct LoginNotFinished {
    /// The time limit of the login, if it ran out (`ClientBuilder::login_timeout`).
    pub limit: Option<Duration>,
    /// Why the pasted address could not be read, if the login asked for one.
    pub source: Option<BoxError>,
    /// When the address that was shown expired, UTC, if it expired before the login was finished: a
    /// pushed authorization request works for a short time only
    /// ([`Authorization::expires_at`](crate::Authorization::expires_at)).
    pub address_expired_at: Option<OffsetDateTime>,
    /// The error in a callback without `state` that arrived during the login. Anyone may have sent that
    /// callback, so the error did not end the login.
    pub unproven_error: Option<String>,
}

impl LoginNotFinished {
    pub(crate) fn new(limit: Option<Duration>, source: Option<BoxError>) -> LoginNotFinished {
        LoginNotFinished { limit, source, address_expired_at: None, unproven_error: None }
    }
}

impl fmt::Display for LoginNotFinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.limit, &self.source) {
            (Some(limit), _) => {
                write!(f, "the login was not finished within {} s", limit.as_secs())?
            }
            (None, Some(_)) => f.write_str("the login was not finished: no address was pasted")?,
            (None, None) => f.write_str("the login was not finished: the program stopped it")?,
        }
        if let Some(end) = self.address_expired_at {
            write!(f, "; its address worked until {} only", rfc3339(end))?;
        }
        if let Some(error) = &self.unproven_error {
            write!(
                f,
                "; a callback without state said {error}, which is most likely the service's reason"
            )?;
        }
        f.write_str("; start it again")
    }
}

impl std::error::Error for LoginNotFinished {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

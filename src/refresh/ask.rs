//! The requests of a refresh, and the trait that sends them.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::error::{BoxError, Error};
use crate::protocol::Reply;
use crate::secret::Secret;
use crate::token::Token;

/// A request to the token endpoint.
pub(crate) enum Ask<'a> {
    /// A refresh grant (RFC 6749 section 6).
    Refresh {
        /// The stored token.
        token: &'a Token,
        /// The refresh token to send.
        refresh_token: &'a Secret,
        /// Called just before the first byte is sent. If the function returns `false`, nothing is sent.
        in_time: &'a dyn Fn() -> bool,
    },
    /// A grant that needs no stored token, such as client credentials. The value is the stored token that the
    /// new token replaces; it is `Some` only if the store is locked and can be written.
    Grant(Option<&'a Token>),
    /// Revokes a refresh token that no client will use. A failure is ignored. The second value is the
    /// token pair that has this refresh token.
    Revoke(&'a Secret, &'a Token),
}

/// The outcome of a request.
pub(crate) enum Sent {
    /// ureq never asked for the request's body, so the request was not sent.
    Never(BoxError),
    /// The request may have arrived, but no answer came back.
    NoAnswer(BoxError),
    /// An answer came.
    Reply(Reply),
}

/// Sends one request to the token endpoint: no pooled connection, no redirect, no retry.
pub(crate) trait Transport: Send + Sync {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent;

    /// Returns how long the client must not send a request, and why: the server asked another client to wait,
    /// or refused too often.
    fn held_back(&self) -> Option<(Duration, String)> {
        None
    }

    /// Called when a call that needs a token has failed. Calls that share the failure do not report it again.
    fn failed(&self, _error: &Error) {}

    /// Returns a warning about the connection to the server, for the user, and returns it only once.
    fn warning(&self) -> Option<String> {
        None
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        (**self).send(ask, sent_at)
    }

    fn held_back(&self) -> Option<(Duration, String)> {
        (**self).held_back()
    }

    fn failed(&self, error: &Error) {
        (**self).failed(error);
    }

    fn warning(&self) -> Option<String> {
        (**self).warning()
    }
}

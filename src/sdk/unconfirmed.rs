//! Writes whose answer is missing or cannot be read. The service may have processed them.

use std::fmt;

use crate::error::DecodeError;
use crate::{BoxError, Error};

/// A request that changes data at the service and whose answer is missing or cannot be read.
///
/// Do not send such a request again before you have looked at the service: a second `create` can make a second
/// invoice. [`Unconfirmed::of`] finds the details in an [`Error::Decode`] (the service has processed the
/// request) and in an [`Error::Transport`] (no answer came).
#[derive(Debug)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// The name of the operation or endpoint.
    pub operation: String,
    /// Whether the service answered that it has processed the request. If `false`, no answer came, and the
    /// service may or may not have processed the request.
    pub processed: bool,
    /// The id of the object, if the answer names an id.
    pub id: Option<String>,
    /// Why the answer did not come or cannot be read.
    pub source: BoxError,
}

impl Unconfirmed {
    /// Finds the details in an error. Returns `None` for every other error: such a request was refused, or no
    /// part of the request left this machine.
    pub fn of(error: &Error) -> Option<&Unconfirmed> {
        match error {
            Error::Decode(decode) => decode.source.downcast_ref(),
            Error::Transport(failed) => failed.source.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.processed, &self.id) {
            (true, Some(id)) => write!(f, "the request was processed, and the object is {id}"),
            (true, None) => f.write_str("the request was processed, and the answer names no object"),
            (false, _) => f.write_str(
                "no answer came, so the request may have been processed: look before you send it again",
            ),
        }
    }
}

impl std::error::Error for Unconfirmed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// The error of a request that the service has processed, with an answer that cannot be read.
pub(crate) fn processed(operation: &str, id: Option<String>, source: impl Into<BoxError>) -> Error {
    let named = id.as_ref().map(|id| format!(" (the object is {id})")).unwrap_or_default();
    let what = format!(
        "the answer of {operation}, which was processed{named}: do not send the request again"
    );
    let operation = operation.to_owned();
    let detail = Unconfirmed { operation, processed: true, id, source: source.into() };
    Error::Decode(Box::new(DecodeError::new(what, detail)))
}

/// Adds to the error of a request that the service may have processed it: no answer came, or a gateway gave up
/// waiting. `path` is the end of the request's path.
pub(crate) fn lost(operation: &str, path: &str, error: Error) -> Error {
    match error {
        // A failed request for a token has another path.
        Error::Transport(mut failed) if failed.sent && failed.url.ends_with(path) => {
            let source = std::mem::replace(&mut failed.source, "".into());
            let operation = operation.to_owned();
            failed.source = Box::new(Unconfirmed { operation, processed: false, id: None, source });
            Error::Transport(failed)
        }
        Error::Api(mut api) if matches!(api.status, 502 | 504) => {
            let may = "the request may have been processed: look before you send it again";
            let reason = api.reason.take().map(|reason| format!("{reason}; {may}"));
            api.reason = reason.or_else(|| Some(may.to_owned()));
            Error::Api(api)
        }
        other => other,
    }
}

//! Names the operation in the error of a write that was processed or may have been processed.

use crate::Error;
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
use crate::{
    BoxError,
    error::{DecodeError, Unconfirmed},
};

/// Makes the error for a request that the service has processed but whose answer cannot be read.
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
pub(crate) fn processed(operation: &str, id: Option<String>, source: impl Into<BoxError>) -> Error {
    let named = id.as_ref().map(|id| format!(" (the object is {id})")).unwrap_or_default();
    let what = format!(
        "the answer of {operation}, which was processed{named}: do not send the request again"
    );
    let mut error = DecodeError::new(what, source);
    error.unconfirmed = Some(Box::new(Unconfirmed::processed(operation, id)));
    Error::Decode(Box::new(error))
}

/// Adds the name of the operation to the error of a request that the service may have processed.
pub(crate) fn lost(operation: &str, mut error: Error) -> Error {
    let detail = match &mut error {
        Error::Transport(failed) => failed.unconfirmed.as_deref_mut(),
        Error::Api(failed) => failed.unconfirmed.as_deref_mut(),
        _ => None,
    };
    if let Some(detail) = detail {
        operation.clone_into(&mut detail.operation);
    }
    error
}

/// Marks the error of a write that the SDK sent as a part of another request. After an answer with a status
/// of 500 or above, except a 503 with `Retry-After`, it is unknown whether the service has processed the
/// write.
#[cfg(feature = "exact-online")]
pub(crate) fn open(operation: &str, mut error: Error) -> Error {
    if let Error::Api(failed) = &mut error
        && Unconfirmed::is_left_open_by(failed.status, failed.headers.contains_key("retry-after"))
    {
        failed.unconfirmed = Some(Box::new(Unconfirmed::perhaps(operation)));
    }
    error
}

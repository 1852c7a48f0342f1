//! Requests that the service has processed or may have processed, although no readable answer came.

use std::fmt;

use super::Error;
use crate::plain::plain;

/// A request that changes something at the service, and whose answer did not come, says that the server failed,
/// or cannot be read.
///
/// Do not send the request again before you have looked at the service: a second `create` can make a second
/// invoice. [`Unconfirmed::of`] finds the details in an error. [`Error::is_transient`] is `false` for an
/// error with these details.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// The name of the operation or endpoint. For a request of a [`Client`](crate::Client), the method and the
    /// address without its query.
    pub operation: String,
    /// Whether the service answered that it has processed the request. If `false`, the service may or may not
    /// have processed the request.
    pub processed: bool,
    /// The id of the object, if the answer names an id.
    pub id: Option<String>,
}

impl Unconfirmed {
    /// Makes the details for an SDK: the service may have processed the operation.
    pub fn perhaps(operation: impl Into<String>) -> Unconfirmed {
        Unconfirmed { operation: plain(operation.into()), processed: false, id: None }
    }

    /// Makes the details for an SDK: the service has processed the operation, on the object with this id.
    pub fn processed(operation: impl Into<String>, id: Option<String>) -> Unconfirmed {
        Unconfirmed { operation: plain(operation.into()), processed: true, id: id.map(plain) }
    }

    /// Finds the details in an [`Error::Decode`] (an answer cannot be read, or a part of a batch's answer is
    /// missing), in an [`Error::Transport`] (no answer came) or in an [`Error::Api`] (the server or a gateway
    /// failed: a status from 500 on, except a 503 with `Retry-After`). [`processed`](Unconfirmed#structfield.processed) tells whether
    /// the service certainly has processed the request. Returns `None` for every other error: the request was
    /// refused, no part of it left this machine, or a repeat does no harm.
    pub fn of(error: &Error) -> Option<&Unconfirmed> {
        match error {
            Error::Decode(failed) => failed.unconfirmed.as_deref(),
            Error::Transport(failed) => failed.unconfirmed.as_deref(),
            Error::Api(failed) => failed.unconfirmed.as_deref(),
            _ => None,
        }
    }

    /// Whether a server that answers with this status may have processed the request. A server that answers
    /// 503 and asks to wait could not handle the request (RFC 9110 sections 10.2.3 and 15.6.4). Without a wait,
    /// the 503 may come from a gateway whose server took the request and did not answer.
    pub(crate) fn is_left_open_by(status: u16, asks_to_wait: bool) -> bool {
        status >= 500 && !(status == 503 && asks_to_wait)
    }
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.processed, &self.id) {
            (true, Some(id)) => write!(f, "the request was processed, and the object is {id}"),
            (true, None) => {
                f.write_str("the request was processed, and the answer names no object")
            }
            (false, _) => {
                f.write_str("the request may have been processed: look before you send it again")
            }
        }
    }
}

/// The part of a message that warns of a repeat.
pub(super) fn warning(unconfirmed: &Option<Box<Unconfirmed>>) -> String {
    unconfirmed.as_ref().map(|detail| format!("; {detail}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DecodeError;

    #[test]
    fn a_shared_error_keeps_the_details_of_its_request() {
        let mut failed = DecodeError::new("the answer of crm/Accounts", "it is not JSON");
        let known = Unconfirmed::processed("crm/Accounts", Some("7".to_owned()));
        failed.unconfirmed = Some(Box::new(known.clone()));
        let shared = Error::from(failed).echo();
        assert_eq!(Unconfirmed::of(&shared), Some(&known));
        assert_eq!(
            format!("{shared:#}"),
            "could not read the answer of crm/Accounts: it is not JSON"
        );
    }
}

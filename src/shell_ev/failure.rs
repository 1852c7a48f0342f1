//! What Shell says about a request that failed, and which request it was.

use std::fmt;

use serde_json::Value;

use super::RequestStatus;
use super::read::{Read, Reader};
use crate::error::ApiError;
use crate::{BoxError, Error};

/// What kind of refusal an answer is, by its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// 400: a parameter is wrong.
    BadRequest,
    /// 401: the access token is refused, also after another was asked for.
    Unauthorized,
    /// 404: there is no such location, session or charge point.
    NotFound,
    /// 429: too many requests.
    TooManyRequests,
    /// 500.
    InternalServerError,
    /// 503.
    ServiceUnavailable,
    /// A good status, and `FAILED` in the body.
    Failed,
    /// Any other status.
    Other,
}

impl FailureKind {
    fn of(status: u16) -> FailureKind {
        match status {
            400 => FailureKind::BadRequest,
            401 => FailureKind::Unauthorized,
            404 => FailureKind::NotFound,
            429 => FailureKind::TooManyRequests,
            500 => FailureKind::InternalServerError,
            503 => FailureKind::ServiceUnavailable,
            ..400 => FailureKind::Failed,
            _ => FailureKind::Other,
        }
    }
}

model! {
    /// One of the errors that Shell's error body lists.
    pub struct Fault {
        /// Shell's code, such as `E0003`. The list of codes is not published.
        code: Option<String> = "code",
        /// In words.
        message: Option<String> = "message",
        /// In more words.
        description: Option<String> = "description",
        /// Details.
        details: Vec<String> = "details",
    }

    struct Body {
        request_id: Option<String> = "requestId",
        status: Option<RequestStatus> = "status",
        errors: Vec<Fault> = "errors",
        details: Vec<String> = "details",
    }
}

/// A refusal of Shell's API, read.
///
/// ```
/// use evergrant::shell_ev::{Failure, FailureKind};
/// # fn show(error: &evergrant::Error) {
///
/// if let Some(failure) = Failure::of(error)
///     && failure.kind == FailureKind::NotFound
/// {
///     println!("{} ({:?})", failure, failure.request_id);
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// What kind it is.
    pub kind: FailureKind,
    /// The HTTP status.
    pub status: u16,
    /// Under which id Shell knows the request.
    pub request_id: Option<String>,
    /// How the request ended, by the body.
    pub result: Option<RequestStatus>,
    /// The errors, in Shell's order. Empty for a body that is not Shell's: HTML of a gateway, or none.
    pub errors: Vec<Fault>,
    /// Details beside the errors, as Shell sends them with status 500.
    pub details: Vec<String>,
}

impl Failure {
    /// Reads the refusal in an [`Error::Api`]. `None` for every other error: those of the token endpoint
    /// among them.
    pub fn of(error: &Error) -> Option<Failure> {
        match error {
            Error::Api(api) => Some(Failure::read(api)),
            _ => None,
        }
    }

    fn read(api: &ApiError) -> Failure {
        let body = api.json().filter(Value::is_object).unwrap_or_default();
        let body = Body::read(body, &mut Reader::default()).unwrap_or_default();
        Failure {
            kind: FailureKind::of(api.status),
            status: api.status,
            request_id: body.request_id.or_else(|| api.request_id.clone()),
            result: body.status,
            errors: body.errors,
            details: body.details,
        }
    }

    /// The first code, such as `E0003`.
    pub fn code(&self) -> Option<&str> {
        self.errors.iter().find_map(|fault| fault.code.as_deref())
    }

    /// The errors in one line.
    fn reason(&self) -> Option<String> {
        let each = self.errors.iter().map(|fault| {
            let words = [&fault.code, &fault.message, &fault.description];
            let words = words.into_iter().flatten().chain(&fault.details);
            words.map(String::as_str).collect::<Vec<_>>().join(" ")
        });
        let all: Vec<String> = each.chain(self.details.iter().cloned()).collect();
        let text: String = all.join("; ").split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
        let failed = self.result.as_ref().is_some_and(|result| *result == RequestStatus::Failed);
        if text.is_empty() { failed.then(|| "FAILED".to_owned()) } else { Some(text) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        match self.reason() {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// An error with the id of its request.
#[derive(Debug)]
pub(super) struct Traced {
    request_id: String,
    source: BoxError,
}

impl Traced {
    pub(super) fn new(request_id: &str, source: BoxError) -> Traced {
        Traced { request_id: request_id.to_owned(), source }
    }
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.request_id)
    }
}

impl std::error::Error for Traced {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// The refusal with what Shell gave as the reason.
pub(super) fn explained(mut api: ApiError) -> Error {
    api.reason = Failure::read(&api).reason();
    Error::Api(Box::new(api))
}

/// The error with the id of its request. What failed at the token endpoint has no such id.
pub(super) fn traced(error: Error, request_id: &str, base: &str) -> Error {
    let wrap = |source: &mut BoxError| {
        let inner = std::mem::replace(source, "".into());
        *source = Box::new(Traced::new(request_id, inner));
    };
    match error {
        Error::Api(mut api) => {
            let own = Some(request_id.to_owned());
            api.request_id = Failure::read(&api).request_id.or(own);
            Error::Api(api)
        }
        Error::Transport(mut failed) if failed.url.starts_with(base) => {
            wrap(&mut failed.source);
            Error::Transport(failed)
        }
        Error::Decode(mut failed) => {
            wrap(&mut failed.source);
            Error::Decode(failed)
        }
        other => other,
    }
}

/// The id of the request that failed, for Shell's support: of the API's refusals, of answers that did not
/// come, and of answers that could not be read. `None` for what failed before the API was asked.
pub fn request_id(error: &Error) -> Option<&str> {
    let source = match error {
        Error::Api(api) => return api.request_id.as_deref(),
        Error::Transport(failed) => &failed.source,
        Error::Decode(failed) => &failed.source,
        _ => return None,
    };
    source.downcast_ref::<Traced>().map(|traced| traced.request_id.as_str())
}

//! Errors in the answers of Shell's API, and the id of the failed request.

use std::fmt;

use serde_json::Value;

use super::RequestStatus;
use super::read::{Read, Reader};
use crate::error::ApiError;
use crate::sdk::said;
use crate::{BoxError, Error};

/// The kind of an error, by its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 400: a parameter is wrong.
    BadRequest,
    /// 401: the API refuses the access token, even after the client has requested another token.
    Unauthorized,
    /// 404: the location, session or charge point does not exist.
    NotFound,
    /// 429: too many requests.
    TooManyRequests,
    /// 500: the server failed.
    InternalServerError,
    /// 503: the service is unavailable.
    ServiceUnavailable,
    /// A good status, and `FAILED` in the body.
    Failed,
    /// Any other status.
    Other,
}

impl ErrorKind {
    fn of(status: u16) -> ErrorKind {
        match status {
            400 => ErrorKind::BadRequest,
            401 => ErrorKind::Unauthorized,
            404 => ErrorKind::NotFound,
            429 => ErrorKind::TooManyRequests,
            500 => ErrorKind::InternalServerError,
            503 => ErrorKind::ServiceUnavailable,
            ..400 => ErrorKind::Failed,
            _ => ErrorKind::Other,
        }
    }
}

model! {
    /// One of the errors in Shell's error body.
    pub struct Fault {
        /// Shell's code, such as `E0003`.
        code: Option<String> = "code",
        /// The message.
        message: Option<String> = "message",
        /// The description.
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

/// An error in an answer of Shell's API.
///
/// ```
/// use evergrant::shell_ev::{ErrorKind, ShellEvError};
/// # fn show(error: &evergrant::Error) {
///
/// if let Some(refusal) = ShellEvError::of(error)
///     && refusal.kind() == ErrorKind::NotFound
/// {
///     println!("{} ({:?})", refusal, refusal.request_id());
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ShellEvError {
    status: u16,
    request_id: Option<String>,
    result: Option<RequestStatus>,
    faults: Vec<Fault>,
    details: Vec<String>,
}

impl ShellEvError {
    /// Reads an [`Error::Api`]. Returns `None` for every other error; an error of the token endpoint is
    /// an [`Error::OAuth`].
    pub fn of(error: &Error) -> Option<ShellEvError> {
        match error {
            Error::Api(api) => Some(ShellEvError::read(api)),
            _ => None,
        }
    }

    fn read(api: &ApiError) -> ShellEvError {
        let body = api.json().filter(Value::is_object).unwrap_or_default();
        let mut body = Body::read(body, &mut Reader::default()).unwrap_or_default();
        if body.errors.is_empty() && body.details.is_empty() {
            let said = said(api).map(|said| Fault { message: Some(said), ..Fault::default() });
            body.errors.extend(said);
        }
        ShellEvError {
            status: api.status,
            request_id: body.request_id.or_else(|| api.request_id.clone()),
            result: body.status,
            faults: body.errors,
            details: body.details,
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the code of the first fault, such as `E0003`. Shell does not publish the list of codes.
    pub fn code(&self) -> Option<&str> {
        self.faults.iter().find_map(|fault| fault.code.as_deref())
    }

    /// Returns the message of the first fault, or its description if it has no message.
    pub fn message(&self) -> Option<&str> {
        let words = |fault: &'_ Fault| fault.message.is_some() || fault.description.is_some();
        let fault = self.faults.iter().find(|fault| words(fault))?;
        fault.message.as_deref().or(fault.description.as_deref())
    }

    /// Returns the id of the request at Shell.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns `None`, because Shell names the wrong member of a request only in the message.
    pub fn member(&self) -> Option<&str> {
        None
    }

    /// Returns the kind of error, by the HTTP status.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::of(self.status)
    }

    /// Whether the location, session or charge point does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns the status in the body.
    pub fn result(&self) -> Option<&RequestStatus> {
        self.result.as_ref()
    }

    /// Returns the faults in the body, in Shell's order. If the body has another form, its message is the
    /// only fault. For HTML and for a body without a message, the slice is empty.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Returns the details next to the faults. Shell sends details with status 500.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// Returns the faults in one line.
    fn reason(&self) -> Option<String> {
        let each = self.faults.iter().map(|fault| {
            let words = [&fault.code, &fault.message, &fault.description];
            let words = words.into_iter().flatten().chain(&fault.details);
            words.map(String::as_str).collect::<Vec<_>>().join(" ")
        });
        let all: Vec<String> = each.chain(self.details.iter().cloned()).collect();
        let text: String = crate::error::one_line(&all.join("; ")).chars().take(300).collect();
        let failed = self.result.as_ref().is_some_and(|result| *result == RequestStatus::Failed);
        if text.is_empty() { failed.then(|| "FAILED".to_owned()) } else { Some(text) }
    }
}

impl fmt::Display for ShellEvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        match self.reason() {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ShellEvError {}

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

/// Adds Shell's reason to the error.
pub(super) fn explained(mut api: ApiError) -> Error {
    api.reason = ShellEvError::read(&api).reason();
    Error::Api(Box::new(api))
}

/// Adds the id of its request to the error. An error of the token endpoint has no request id.
pub(super) fn traced(error: Error, request_id: &str, base: &str) -> Error {
    let wrap = |source: &mut BoxError| {
        let inner = std::mem::replace(source, "".into());
        *source = Box::new(Traced::new(request_id, inner));
    };
    match error {
        Error::Api(mut api) => {
            let own = Some(request_id.to_owned());
            api.request_id = ShellEvError::read(&api).request_id.or(own);
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

/// Returns the id of the failed request, for Shell's support. Every error of an API call has an id, even if
/// no answer came or the answer could not be read. Returns `None` if the call failed before the request was
/// sent.
pub fn request_id(error: &Error) -> Option<&str> {
    let source = match error {
        Error::Api(api) => return api.request_id.as_deref(),
        Error::Transport(failed) => &failed.source,
        Error::Decode(failed) => &failed.source,
        _ => return None,
    };
    source.downcast_ref::<Traced>().map(|traced| traced.request_id.as_str())
}

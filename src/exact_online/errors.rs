//! Errors in the answers of the API.

use std::fmt;

use serde_json::Value;

use crate::Error;
use crate::error::ApiError;
use crate::sdk::{open_enum, said};

open_enum! {
    /// The reason of a 403: [`ExactOnlineError::reason`].
    pub enum Reason {
        /// The user is blocked.
        BlockedUser = "BlockedUser",
        /// The user is not active.
        InactiveUser = "InactiveUser",
        /// The customer is blocked.
        BlockedCustomer = "BlockedCustomer",
        /// The licence has expired.
        LicenseExpired = "LicenseExpired",
        /// The division is blocked.
        DivisionBlocked = "DivisionBlocked",
        /// The user has no access to the division.
        NoDivisionAccess = "NoDivisionAccess",
    }
}

/// An error in an answer of Exact Online's API.
///
/// ```
/// use evergrant::exact_online::ExactOnlineError;
/// # fn show(error: &evergrant::Error) {
///
/// if let Some(refusal) = ExactOnlineError::of(error) {
///     println!("{} {}", refusal.status(), refusal.message().unwrap_or("no message"));
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactOnlineError {
    status: u16,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    reason: Option<Reason>,
}

impl ExactOnlineError {
    /// Reads an [`Error::Api`]. Returns `None` for every other error: an error of the token endpoint is
    /// an [`Error::OAuth`], and a limit that is used up is an [`Error::RateLimited`].
    pub fn of(error: &Error) -> Option<ExactOnlineError> {
        let Error::Api(api) = error else { return None };
        let body = api.json().unwrap_or_default();
        let code = [&body["error"]["code"], &body["fault"]["detail"]["errorcode"]];
        let code = code.into_iter().filter_map(Value::as_str).find(|code| !code.is_empty());
        // The header has a word before the colon, as in "DivisionBlocked: more words".
        let word = header(api, "reason").and_then(|text| text.split(':').next()).map(str::trim);
        Some(ExactOnlineError {
            status: api.status,
            code: code.map(clean),
            message: stated(api),
            request_id: api.request_id.clone(),
            reason: word.filter(|word| !word.is_empty()).map(Reason::from),
        })
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the code in the body. Most errors of the API have no code; errors of the gateway have one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the message in the body.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the id of the request at the service. Exact Online is not known to send an id, so this is
    /// `None` unless a hook of the program has set [`ApiError::request_id`](crate::error::ApiError).
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns `None`, because Exact Online names the wrong member of a request only in the message.
    pub fn member(&self) -> Option<&str> {
        None
    }

    /// Returns the reason of a 403, from the header `Reason`.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Whether the row does not exist: the API answered 404, or the filter of
    /// [`Resource::get`](super::Resource::get) found nothing.
    pub fn is_not_found(&self) -> bool {
        self.status == 404 || self.status == 200
    }
}

impl fmt::Display for ExactOnlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ExactOnlineError {}

/// Returns the message of the API, `{"error": {"message": {"value": ".."}}}`, or of the gateway.
fn message(body: &Value) -> Option<String> {
    let message = &body["error"]["message"];
    let text = message["value"].as_str().or(message.as_str());
    let text = text.or(body["fault"]["faultstring"].as_str()).map(clean);
    text.filter(|text| !text.is_empty())
}

fn header<'a>(api: &'a ApiError, name: &str) -> Option<&'a str> {
    api.headers.get(name)?.to_str().ok()
}

/// Returns the message that [`explain`] put into the error. Unlike the body, the message does not repeat the
/// access token.
fn stated(api: &ApiError) -> Option<String> {
    let text = api.reason.as_deref()?;
    let reason = header(api, "reason").map(clean).unwrap_or_default();
    let text = text.strip_suffix(&*reason).unwrap_or(text).trim_end_matches("; ");
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Puts the message of the body and the header `Reason` into the error.
pub(crate) fn explain(mut api: ApiError) -> Error {
    let message = api.json().as_ref().and_then(message).or_else(|| said(&api));
    let reason = header(&api, "reason").map(clean).filter(|text| !text.is_empty());
    let text = [message, reason].into_iter().flatten().collect::<Vec<_>>().join("; ");
    api.reason = Some(text).filter(|text| !text.is_empty());
    Error::Api(Box::new(api))
}

fn clean(text: &str) -> String {
    crate::error::one_line(text).chars().take(300).collect()
}

pub(crate) fn unreadable(what: &str, why: &str) -> Error {
    let what = format!("the answer of {what}");
    Error::Decode(Box::new(crate::error::DecodeError::new(what, why.to_owned())))
}

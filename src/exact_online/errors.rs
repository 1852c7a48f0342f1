//! What an error answer of the API says.

use crate::error::ApiError;
use crate::sdk::open_enum;
use crate::{Error, Result};

open_enum! {
    /// Why a 403 was answered, from its header `Reason`.
    pub enum Reason {
        /// The user is blocked.
        BlockedUser = "BlockedUser",
        /// The user is not active.
        InactiveUser = "InactiveUser",
        /// The customer is blocked.
        BlockedCustomer = "BlockedCustomer",
        /// The licence has ended.
        LicenseExpired = "LicenseExpired",
        /// The division is blocked.
        DivisionBlocked = "DivisionBlocked",
        /// The user has no access to the division.
        NoDivisionAccess = "NoDivisionAccess",
    }
}

impl Reason {
    /// The reason that an error of the API carries, if it carries one.
    pub fn of(error: &Error) -> Option<Reason> {
        let Error::Api(api) = error else { return None };
        let text = header(api, "reason")?;
        // "DivisionBlocked: more words"
        let word = text.split(':').next().unwrap_or_default().trim();
        Some(Reason::from(word)).filter(|_| !word.is_empty())
    }
}

fn header<'a>(api: &'a ApiError, name: &str) -> Option<&'a str> {
    api.headers.get(name)?.to_str().ok()
}

/// Puts the API's own words into the error: `{"error": {"message": {"value": ".."}}}` and the header
/// `Reason`.
pub(crate) fn explain(mut api: ApiError) -> Error {
    let message = api.json().and_then(|body| {
        let message = &body["error"]["message"];
        let text = message["value"].as_str().or(message.as_str());
        text.or(body["fault"]["faultstring"].as_str()).map(str::to_owned)
    });
    let reason = header(&api, "reason").map(str::to_owned);
    let both = [message, reason].into_iter().flatten().map(|text| clean(&text));
    let text = both.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    api.reason = Some(text).filter(|text| !text.is_empty());
    Error::Api(Box::new(api))
}

fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(300).collect()
}

/// The first row, which must be there.
pub(crate) fn first<T>(rows: Vec<T>, what: &str) -> Result<T> {
    rows.into_iter().next().ok_or_else(|| unreadable(what, "it has no row"))
}

pub(crate) fn unreadable(what: &str, why: &str) -> Error {
    let what = format!("the answer of {what}");
    Error::Decode(Box::new(crate::error::DecodeError::new(what, why.to_owned())))
}

//! Webhooks: registered, and read when they come.

use serde::Serialize;
use serde_json::Value;

use super::json::or_empty;
use super::kinds::Account;
use super::macros::{listed, methods, model, resource};
use super::{Nothing, Reference};
use crate::error::{DecodeError, Error, Result};

mod types;

pub use self::types::WebhookType;

model! {
    /// An address that events are sent to.
    pub struct Webhook {
        /// The address.
        url: String,
        /// Which events.
        #[serde(default, deserialize_with = "or_empty")]
        types: Vec<WebhookType>,
    }
}

/// An event that came.
///
/// Nothing shows that it is Teamleader who sent it: no source names a signature or a shared secret.
/// Put a part that nobody can guess into the address, take from an event no more than which object it
/// is about, and fetch that object again. Not every change sends one: go through what changed
/// (`updated_since`) now and then.
///
/// ```
/// use evergrant::teamleader::webhooks::{WebhookEvent, WebhookType};
///
/// let body = br#"{"subject": {"type": "invoice", "id": "2da4"}, "type": "invoice.booked"}"#;
/// let event = WebhookEvent::parse(body)?;
/// assert_eq!(event.kind, Some(WebhookType::InvoiceBooked));
/// assert_eq!(event.subject.unwrap().id, "2da4");
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// What happened.
    pub kind: Option<WebhookType>,
    /// What it happened to.
    pub subject: Option<Reference>,
    /// The account that it happened in.
    pub account: Option<Reference<Account>>,
    /// All of it, as it came.
    pub raw: Value,
}

impl WebhookEvent {
    /// Reads the body of a request. Its form is in no specification, and two were seen: what it is
    /// about is looked for in `subject` and in `data`, and everything is kept in `raw`.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] for a body that is not a JSON object.
    pub fn parse(body: &[u8]) -> Result<WebhookEvent> {
        let fail =
            |why: String| Error::Decode(Box::new(DecodeError::new("the body of a webhook", why)));
        let raw: Value = serde_json::from_slice(body).map_err(|error| fail(error.to_string()))?;
        if !raw.is_object() {
            return Err(fail("it is not an object".to_owned()));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let kind = ["type", "event"].iter().find_map(|name| raw[*name].as_str());
        let kind = kind.map(WebhookType::from);
        let reference = |value: &Value| {
            let kind = text(&value["type"]).unwrap_or_default();
            Some(Reference::new(kind, text(&value["id"])?))
        };
        let places = [&raw["subject"], &raw["data"]["subject"], &raw["data"]];
        let mut subject = places.into_iter().find_map(reference);
        // The event names the kind of its object, where the object does not.
        if let (Some(subject), Some(kind)) = (&mut subject, &kind)
            && subject.kind.is_empty()
        {
            subject.kind = kind.as_str().split('.').next().unwrap_or_default().to_owned();
        }
        let account = [&raw["account"], &raw["data"]["account"]].into_iter().find_map(reference);
        let account = account.map(|account| Reference::new(account.kind, account.id.cast()));
        Ok(WebhookEvent { kind, subject, account, raw })
    }
}

listed! {
    Webhook => "webhooks.list", Nothing, Nothing, Nothing;
}

resource! {
    /// The webhooks of an account: [`Teamleader::webhooks`](super::Teamleader::webhooks).
    pub struct Webhooks of Webhook
}

methods! {
    impl Webhooks of Webhook;
    act {
        /// Has these events sent to that address. Teamleader gives no id: an address and a kind are
        /// one registration.
        register(; url: &str, types: &[WebhookType]) = "webhooks.register";
        /// Has these events sent to that address no longer.
        unregister(; url: &str, types: &[WebhookType]) = "webhooks.unregister";
    }
}

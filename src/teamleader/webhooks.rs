//! Webhooks: their registration, and the events that they receive.

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
    /// A URL that Teamleader sends events to.
    pub struct Webhook {
        /// The URL that receives the events.
        url: String,
        /// The types of the events.
        #[serde(default, deserialize_with = "or_empty")]
        types: Vec<WebhookType>,
    }
}

/// An event that a webhook received.
///
/// An event does not prove its sender: no source describes a signature or a shared secret. Put a secret
/// part into the URL, take only the id of the object from an event, and fetch the object from
/// Teamleader. Some changes send no event: list the changed objects (`updated_since`) now and then.
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
    /// The type of the event.
    pub kind: Option<WebhookType>,
    /// The object of the event.
    pub subject: Option<Reference>,
    /// The account of the event.
    pub account: Option<Reference<Account>>,
    /// The whole event, unchanged.
    pub raw: Value,
}

impl WebhookEvent {
    /// Reads the body of a webhook request. The specification does not describe the body, and users report
    /// two forms: the object of the event is in `subject` or in `data`. `raw` keeps the whole body.
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
        // If the object has no type, take the type from the name of the event.
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
    /// The operations on webhooks, from [`Teamleader::webhooks`](super::Teamleader::webhooks).
    pub struct Webhooks of Webhook
}

methods! {
    impl Webhooks of Webhook;
    act {
        /// Registers a URL for these types of events. Teamleader sends no id: the URL and the type of event
        /// identify a registration.
        register(; url: &str, types: &[WebhookType]) = "webhooks.register";
        /// Ends the registration of a URL for these types of events.
        unregister(; url: &str, types: &[WebhookType]) = "webhooks.unregister";
    }
}

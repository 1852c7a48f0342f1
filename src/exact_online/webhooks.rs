//! Webhooks: calls that Exact Online makes when something changes.
//!
//! The signature of a delivery is in its body, beside the signed content, not in a header.
//!
//! To subscribe, create a [`WebhookSubscription`](super::WebhookSubscription) with `topic` and
//! `callback_url` (https) through [`ExactOnline::webhook_subscriptions`](super::ExactOnline). About a
//! second later Exact Online tests the address with an empty POST. [`verify`] returns `None` for this POST,
//! and the program must answer with 200. Users report this test; the documentation does not mention it.

use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::PrimitiveDateTime;

use super::{Action, Guid, Topic, date, errors::unreadable};
use crate::{Error, Result, Secret};

/// A change that a webhook reports, and the address of the changed row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct WebhookEvent {
    /// The kind of row.
    pub topic: Topic,
    /// The application's client id.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The division of the row.
    pub division: i64,
    /// Whether the row was created, changed or deleted.
    pub action: Action,
    /// The key of the row.
    pub key: Guid,
    /// The address of the row.
    #[serde(default)]
    pub exact_online_endpoint: Option<String>,
    /// When the change happened, on the service's clock: [`amsterdam_to_utc`](super::amsterdam_to_utc).
    #[serde(default, with = "date")]
    pub event_created_on: Option<PrimitiveDateTime>,
    /// Members that have no field here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Checks the signature of a webhook's body with the webhook secret of the application, and reads the
/// body. Pass the bytes unchanged. Returns `None` for an empty body, with which Exact Online tests a new
/// address.
///
/// The signature is an HMAC with SHA-256 over the bytes between `{"Content":` and `,"HashCode":`, in
/// upper-case hexadecimal. The comparison takes constant time. The content is read only after the check.
///
/// ```
/// use evergrant::Secret;
/// use evergrant::exact_online::{Topic, webhooks};
///
/// # let body = concat!(
/// #     r#"{"Content":{"Topic":"Accounts","ClientId":"app","Division":123,"Action":"Update","#,
/// #     r#""Key":"3f2504e0-4f89-11d3-9a0c-0305e82c3301"},"HashCode":""#,
/// #     "3461C810D45A4DF0CC47D3407AD6D35E",
/// #     "6E7B5347A564C169AD8288B05FE6F526\"}"
/// # ).as_bytes();
/// let secret = Secret::new("webhook-secret");
/// match webhooks::verify(body, &secret)? {
///     Some(event) => assert_eq!((event.topic, event.division), (Topic::Accounts, 123)),
///     None => println!("Exact Online tests the address"),
/// }
/// # Ok::<(), evergrant::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Config`] for an empty secret, and for a body whose signature is missing or wrong: answer 401
/// or 403 and ignore the body. [`Error::Decode`] for a signed body that cannot be read.
pub fn verify(body: &[u8], secret: &Secret) -> Result<Option<WebhookEvent>> {
    if secret.expose().trim().is_empty() {
        // Anybody can sign with an empty secret.
        return Err(Error::Config(
            "the webhook secret is empty: set the secret that the app center shows".into(),
        ));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let (content, signature) = parts(body).ok_or_else(|| refused("has no signature"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signature = from_hex(signature).ok_or_else(|| refused("has a malformed signature"))?;
    hmac::verify(&key, content, &signature).map_err(|_| refused("has a wrong signature"))?;
    let text = std::str::from_utf8(content).map_err(|_| unreadable("a webhook", "not UTF-8"))?;
    let event = serde_json::from_str(text);
    event.map(Some).map_err(|error| unreadable("a webhook", &error.to_string()))
}

/// Returns the signature of a webhook's content, the value of `HashCode`: for tests of your own program.
pub fn sign(content: &[u8], secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let digest = hmac::sign(&key, content);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

fn refused(why: &str) -> Error {
    Error::Config(format!("the webhook {why}: it does not come from Exact Online").into())
}

/// Returns the signed bytes, and the signature. The body must be one JSON object with exactly these two
/// members, so that only signed content is read.
fn parts(body: &[u8]) -> Option<(&[u8], &str)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Envelope<'a> {
        #[serde(rename = "Content", borrow)]
        content: &'a RawValue,
        #[serde(rename = "HashCode", borrow)]
        hash_code: &'a str,
    }
    const END: &[u8] = b",\"HashCode\":";
    let rest = body.strip_prefix(b"{\"Content\":")?;
    let at = rest.windows(END.len()).rposition(|window| window == END)?;
    let signed = rest.get(..at)?;
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let same = envelope.content.get().as_bytes() == signed.trim_ascii();
    same.then_some((signed, envelope.hash_code))
}

/// Reads upper-case hexadecimal, which Exact Online writes.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

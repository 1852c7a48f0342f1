//! Calls that Exact Online makes when something changes.
//!
//! A delivery has no header for its signature: the signature is in the body, beside what it signs.
//!
//! Make a subscription with [`ExactOnline::webhook_subscriptions`](super::ExactOnline), a
//! [`WebhookSubscription`](super::WebhookSubscription) with `topic` and `callback_url` (https). About a
//! second later Exact Online sends an empty POST to that address, which a program answers with 200;
//! users saw this, the documentation does not say it. Of these, [`verify`] gives `None`.

use ring::hmac;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::PrimitiveDateTime;

use super::{Action, Guid, Topic, date, errors::unreadable};
use crate::{Error, Result, Secret};

/// What a webhook tells: that something has changed, and where it is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct WebhookEvent {
    /// About what.
    pub topic: Topic,
    /// The application's client id.
    #[serde(default)]
    pub client_id: Option<String>,
    /// In which division.
    pub division: i64,
    /// What has happened.
    pub action: Action,
    /// The key of the thing.
    pub key: Guid,
    /// Where it is to be had.
    #[serde(default)]
    pub exact_online_endpoint: Option<String>,
    /// When, on the service's clock (see [`amsterdam_to_utc`](super::amsterdam_to_utc)).
    #[serde(default, with = "date")]
    pub event_created_on: Option<PrimitiveDateTime>,
}

/// Checks the body of a call, byte for byte as it came, against the webhook secret of the
/// application, and reads it. `None` for an empty body, by which Exact Online tries a new address.
///
/// The signature is an HMAC with SHA-256 over the bytes between `{"Content":` and `,"HashCode":`, in
/// upper-case hexadecimal; it is compared in constant time. Nothing in a body that fails is read.
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
///     None => println!("the address is being tried"),
/// }
/// # Ok::<(), evergrant::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Config`] for a body whose signature is not right or not there, which is to be answered with
/// 401 or 403 and forgotten; [`Error::Decode`] for one that is signed and cannot be read.
pub fn verify(body: &[u8], secret: &Secret) -> Result<Option<WebhookEvent>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let (content, signature) = parts(body).ok_or_else(|| refused("has no signature"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signature = from_hex(signature).ok_or_else(|| refused("has a signature that is none"))?;
    hmac::verify(&key, content, &signature).map_err(|_| refused("has another signature"))?;
    let text = std::str::from_utf8(content).map_err(|_| unreadable("a webhook", "not UTF-8"))?;
    let event = serde_json::from_str(text);
    event.map(Some).map_err(|error| unreadable("a webhook", &error.to_string()))
}

/// The signature of a webhook's content, for tests of one's own: the value of `HashCode`.
pub fn sign(content: &[u8], secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let digest = hmac::sign(&key, content);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

fn refused(why: &str) -> Error {
    Error::Config(format!("the webhook {why}: it does not come from Exact Online").into())
}

/// The bytes that are signed, and the signature. The body must be one JSON object with these two
/// members and no more, so that what is read is what was signed.
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

/// Upper-case hexadecimal, as Exact Online writes it.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

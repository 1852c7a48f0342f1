//! The answer that starts a device login (RFC 8628 section 3.2).

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::reply::lifetime::seconds;
use super::reply::{Outcome, RawReply, read};
use crate::clock::later;
use crate::error::{Error, RateLimited, Result};
use crate::provider::Provider;
use crate::secret::Secret;

/// How long to wait between two polls when the server does not say (RFC 8628 section 3.5).
const INTERVAL: Duration = Duration::from_secs(5);

/// A device login that has begun.
#[derive(Debug)]
pub(crate) struct DeviceReply {
    /// What the device polls with.
    pub(crate) device_code: Secret,
    /// What the person types.
    pub(crate) user_code: String,
    /// Where the person types it.
    pub(crate) verification_uri: String,
    /// The same with the code in it, if the server has that.
    pub(crate) verification_uri_complete: Option<String>,
    /// When the codes end, UTC, if the server says.
    pub(crate) expires_at: Option<OffsetDateTime>,
    /// How long to wait between two polls.
    pub(crate) interval: Duration,
}

/// Reads the answer of the device authorization endpoint; lifetimes count from `sent_at`.
pub(crate) fn read_device(
    provider: &Provider,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
) -> Result<DeviceReply> {
    let value: Value = serde_json::from_slice(reply.body).unwrap_or_default();
    let text = |name: &str| {
        let text = value.get(name)?.as_str().filter(|text| !text.is_empty())?;
        (!text.contains(char::is_control)).then(|| text.to_owned())
    };
    let (device_code, user_code) = (text("device_code"), text("user_code"));
    let verification_uri = text("verification_uri").or_else(|| text("verification_url"));
    match (device_code, user_code, verification_uri) {
        (Some(device_code), Some(user_code), Some(verification_uri))
            if (200..300).contains(&reply.status) =>
        {
            Ok(DeviceReply {
                device_code: Secret::new(device_code),
                user_code,
                verification_uri,
                verification_uri_complete: text("verification_uri_complete")
                    .or_else(|| text("verification_url_complete")),
                expires_at: value
                    .get("expires_in")
                    .and_then(seconds)
                    .map(|lifetime| later(sent_at, lifetime)),
                interval: value.get("interval").and_then(seconds).unwrap_or(INTERVAL),
            })
        }
        _ => Err(refusal(provider, reply, sent_at)),
    }
}

/// The interval that came with `slow_down`, if one did; otherwise five seconds more than before.
pub(crate) fn slower_interval(body: &[u8], before: Duration) -> Duration {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let given = value.get("interval").and_then(seconds);
    given.filter(|given| *given > before).unwrap_or(before.saturating_add(INTERVAL))
}

fn refusal(provider: &Provider, reply: &RawReply<'_>, sent_at: OffsetDateTime) -> Error {
    match read(provider, reply, sent_at).outcome {
        Outcome::Limited { error, retry_after: Some(retry_after), .. } => {
            let reason = error.description;
            Error::RateLimited(Box::new(RateLimited { host: error.host, retry_after, reason }))
        }
        Outcome::Refused(error)
        | Outcome::TooEarly(error)
        | Outcome::Setup(error)
        | Outcome::Limited { error, .. }
        | Outcome::Unknown(error) => Error::OAuth(Box::new(error)),
        Outcome::Token(_) => Error::decode(
            format!("the device answer of {}", provider.token_host()),
            "it is a token, not the start of a device login",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderMap;

    fn started(status: u16, body: &str) -> Result<DeviceReply> {
        let provider = Provider::new("https://a.example/a", "https://a.example/t")?;
        let reply = RawReply { status, headers: &HeaderMap::new(), body: body.as_bytes() };
        read_device(&provider, &reply, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn q66_an_older_server_says_verification_url() -> Result<()> {
        let reply = started(
            200,
            r#"{"device_code":"d1","user_code":"U-1","verification_url":"https://x.example.com/device","expires_in":1800,"interval":5}"#,
        )?;
        assert_eq!(reply.verification_uri, "https://x.example.com/device");
        assert_eq!((reply.device_code.expose(), reply.user_code.as_str()), ("d1", "U-1"));
        assert_eq!(reply.expires_at.map(OffsetDateTime::unix_timestamp), Some(1800));
        assert!(!format!("{reply:?}").contains("d1"));
        Ok(())
    }

    #[test]
    fn q67_an_interval_that_is_null_absent_or_a_text_is_read_or_five_seconds() -> Result<()> {
        for (interval, expected) in [("null", 5), ("\"7\"", 7), ("0", 5), ("\"x\"", 5), ("9", 9)] {
            let reply = started(
                200,
                &format!(
                    r#"{{"device_code":"d1","user_code":"U-1","verification_uri":"https://x.example.com/device","expires_in":"1800","interval":{interval}}}"#
                ),
            )?;
            assert_eq!(reply.interval, Duration::from_secs(expected), "{interval}");
            assert_eq!(reply.expires_at.map(OffsetDateTime::unix_timestamp), Some(1800));
        }
        Ok(())
    }

    #[test]
    fn a_refused_start_names_the_servers_code() {
        for (status, body, code) in [
            (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
            (200, r#"{"error":"device_flow_disabled"}"#, "device_flow_disabled"),
            (404, "", "http_404"),
            (200, r#"{"device_code":"d1","user_code":""}"#, "malformed"),
        ] {
            let Err(Error::OAuth(error)) = started(status, body) else { panic!("{body}") };
            assert_eq!(error.code, code);
        }
        let token = started(200, r#"{"access_token":"sesame"}"#).map(|_| ());
        assert!(
            matches!(&token, Err(Error::Decode(error)) if !error.to_string().contains("sesame"))
        );
    }

    #[test]
    fn slow_down_takes_the_servers_interval_or_five_seconds_more() {
        let slower = |body: &str| slower_interval(body.as_bytes(), INTERVAL).as_secs();
        assert_eq!(slower(r#"{"error":"slow_down","interval":12}"#), 12);
        assert_eq!(slower(r#"{"error":"slow_down","interval":1}"#), 10);
        assert_eq!(slower(""), 10);
    }
}

//! The device authorization grant (RFC 8628).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use super::authorize::join_scopes;
use super::client_auth::authenticate;
use super::form::{Params, written_again};
use super::refusal::refusal;
use super::reply::RawReply;
use super::reply::lifetime::seconds;
use super::request::{TokenRequest, build_form};
use super::requester::Requester;
use crate::clock::later;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::plain::is_unseen;
use crate::provider::Provider;
use crate::secret::{Secret, in_clear, in_clear_opt};
use crate::stored_json::parse;

/// How long to wait between two polls if the server does not say (RFC 8628 section 3.5).
const INTERVAL: Duration = Duration::from_secs(5);

/// The longest string in an answer that is accepted, in bytes.
const LONGEST: usize = 2048;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A device login that has begun: the code and address for the person, and the device code for polling.
///
/// `Display` is for a terminal: it prints the address and the code on separate lines. `Serialize` and
/// `Deserialize` are for a program that starts the login in one process and polls in another.
/// `Serialize` writes the device code and a DPoP key in clear text; anyone who has these two can fetch the
/// token. `Debug` shows neither the device code nor the key.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceCode {
    #[serde(serialize_with = "in_clear")]
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    expires_at: Option<OffsetDateTime>,
    #[serde(default)]
    lifetime: Option<Duration>,
    /// When the code was asked for, by the monotonic clock of this process.
    #[serde(skip)]
    asked_at: Option<Duration>,
    interval: Duration,
    token_endpoint: String,
    client_id: String,
    /// Whether the login asks for an ID token, with the scope `openid`.
    #[serde(default)]
    openid: bool,
    /// The private JWK that the token is to be bound to (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "in_clear_opt")]
    dpop_key: Option<Secret>,
}

impl DeviceCode {
    /// Counts the lifetime of the code from `monotonic`, so that a change of the wall clock does not end the
    /// login.
    pub(crate) fn asked_at(mut self, monotonic: Duration) -> DeviceCode {
        self.asked_at = Some(monotonic);
        self
    }

    /// When the code expires, by the monotonic clock; `None` if another process asked for the code.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        Some(self.asked_at?.saturating_add(self.lifetime?))
    }

    pub(crate) fn asking_openid(mut self, openid: bool) -> DeviceCode {
        self.openid = openid;
        self
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn with_dpop_key(mut self, jwk: Option<Secret>) -> DeviceCode {
        self.dpop_key = jwk;
        self
    }

    pub(crate) fn dpop_key(&self) -> Option<&Secret> {
        self.dpop_key.as_ref()
    }

    pub(crate) fn asks_openid(&self) -> bool {
        self.openid
    }

    /// The code that the person types.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The address of the page where the person types the code.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The address of the page, with the code in the address, for a link or a QR code. `None` if the
    /// server gave no such address. Show the code as well: the person compares it with the code on
    /// the page (RFC 8628 section 3.3.1).
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// When the code expires, UTC. `None` if the server does not say.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }

    /// How long to wait between two polls. 5 seconds if the server does not say.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    pub(crate) fn device_code(&self) -> &Secret {
        &self.device_code
    }

    /// Whether this login was started with this provider and application.
    pub(crate) fn is_for(&self, provider: &Provider, credentials: &Credentials) -> bool {
        self.token_endpoint == provider.endpoints.token && self.client_id == credentials.id()
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("user_code", &self.user_code)
            .field("verification_uri", &self.verification_uri)
            .field("expires_at", &self.expires_at)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n    Open   {}\n    Enter  {}\n", self.verification_uri, self.user_code)?;
        if let Some(complete) = &self.verification_uri_complete {
            write!(f, "\n    or open  {complete}\n")?;
        }
        match self.lifetime.map(|lifetime| lifetime.as_secs()) {
            Some(seconds @ 0..120) => write!(f, "\nThe code is good for {seconds} seconds."),
            Some(seconds) => write!(f, "\nThe code is good for {} minutes.", seconds / 60),
            None => Ok(()),
        }
    }
}

/// Builds the request that starts a device login (RFC 8628 section 3.1). An empty list of scopes means
/// the provider's default scopes.
pub(crate) fn device_authorization(
    caller: &Requester<'_>,
    scopes: &[&str],
) -> Result<TokenRequest> {
    let provider = caller.provider;
    let Some(endpoint) = provider.device_authorization_endpoint() else {
        return Err(Error::config(format!(
            "{} has no device authorization endpoint",
            provider.display_name
        )));
    };
    let defaults: Vec<&str> =
        provider.authorization.default_scopes.iter().map(String::as_str).collect();
    let scopes = if scopes.is_empty() { &defaults } else { scopes };
    let mut params = Params::new();
    if let Some(scope) = join_scopes(scopes, provider.authorization.scope_separator)? {
        params.push("scope", scope);
    }
    let header = authenticate(caller, &mut params)?;
    caller.extra_params(&mut params)?;
    // The request is always a form, whatever the token endpoint's format is (section 3.1).
    build_form(endpoint, header, &params)
}

/// Builds the request of a poll (RFC 8628 section 3.4).
pub(crate) fn device_token(caller: &Requester<'_>, device_code: &Secret) -> Result<TokenRequest> {
    let mut params = Params::new();
    params.push("grant_type", GRANT);
    params.push("device_code", device_code.expose());
    caller.token_request(params)
}

/// Reads the answer of the device authorization endpoint; lifetimes count from `sent_at`.
pub(crate) fn read_device(
    provider: &Provider,
    credentials: &Credentials,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
) -> Result<DeviceCode> {
    let value: Value = parse(reply.body).unwrap_or_default();
    let text = |name: &str| {
        let text = value.get(name)?.as_str().filter(|text| !text.is_empty())?;
        (text.len() <= LONGEST && !text.contains(is_unseen)).then(|| text.to_owned())
    };
    // Only http and https are accepted, because a person is asked to open this address.
    let address = |name: &str| {
        let opens = |url: Url| {
            let named = !url.username().is_empty() || url.password().is_some();
            matches!(url.scheme(), "http" | "https") && !named
        };
        written_again(&text(name).filter(|text| Url::parse(text).is_ok_and(opens))?)
    };
    let (device_code, user_code) = (text("device_code"), text("user_code"));
    let verification_uri = address("verification_uri").or_else(|| address("verification_url"));
    let lifetime = value.get("expires_in").and_then(seconds);
    // An interval in milliseconds would be longer than the life of the code.
    let interval = value.get("interval").and_then(seconds);
    let interval = interval.filter(|interval| lifetime.is_none_or(|lifetime| *interval < lifetime));
    match (device_code, user_code, verification_uri) {
        (Some(device_code), Some(user_code), Some(verification_uri))
            if (200..300).contains(&reply.status) =>
        {
            Ok(DeviceCode {
                device_code: Secret::new(device_code),
                user_code,
                verification_uri,
                verification_uri_complete: address("verification_uri_complete")
                    .or_else(|| address("verification_url_complete")),
                expires_at: lifetime.map(|lifetime| later(sent_at, lifetime)),
                lifetime,
                asked_at: None,
                interval: interval.unwrap_or(INTERVAL),
                token_endpoint: provider.endpoints.token.clone(),
                client_id: credentials.id().to_owned(),
                openid: false,
                dpop_key: None,
            })
        }
        _ => Err(refusal(provider, reply, sent_at, "the device answer")),
    }
}

/// The interval after `slow_down`: five seconds more than before (RFC 8628 section 3.5), or the
/// interval in the answer if that is longer.
pub(crate) fn slower_interval(body: &[u8], before: Duration) -> Duration {
    let value: Value = parse(body).unwrap_or_default();
    let given = value.get("interval").and_then(seconds);
    before.saturating_add(INTERVAL).max(given.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderMap;

    fn started(status: u16, body: &str) -> Result<DeviceCode> {
        let provider = Provider::new("https://a.example/a", "https://a.example/t")?;
        let reply = RawReply { status, headers: &HeaderMap::new(), body: body.as_bytes() };
        read_device(&provider, &Credentials::public("app"), &reply, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn an_older_server_says_verification_url() -> Result<()> {
        let reply = started(
            200,
            r#"{"device_code":"d1","user_code":"U-1","verification_url":"https://x.example.com/device","expires_in":1800,"interval":5}"#,
        )?;
        assert_eq!(reply.verification_uri, "https://x.example.com/device");
        assert_eq!((reply.device_code.expose(), reply.user_code.as_str()), ("d1", "U-1"));
        assert_eq!(reply.expires_at.map(OffsetDateTime::unix_timestamp), Some(1800));
        assert!(!format!("{reply:?}").contains("d1") && !reply.asks_openid());
        let complete = started(
            200,
            r#"{"device_code":"d1","user_code":"U-1","verification_url":"https://x.example/d","verification_url_complete":"https://x.example/d?c=U-1"}"#,
        )?;
        assert_eq!(complete.verification_uri_complete(), Some("https://x.example/d?c=U-1"));
        let marked = "\u{feff}{\"device_code\":\"d1\",\"user_code\":\"U-1\",\"verification_uri\":\"https://x.example/d\"}";
        assert_eq!(started(200, marked)?.user_code(), "U-1");
        Ok(())
    }

    #[test]
    fn an_unreadable_device_interval_is_five_seconds() -> Result<()> {
        // The last interval is in milliseconds: nobody would poll before the code expires.
        for (interval, expected) in
            [("null", 5), ("\"7\"", 7), ("0", 5), ("\"x\"", 5), ("9", 9), ("5000", 5)]
        {
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
    fn the_code_has_its_own_line_and_can_be_stored() -> Result<()> {
        let code = started(
            200,
            r#"{"device_code":"d1","user_code":"WDJB-MJHT","verification_uri":"https://x.example/d","verification_uri_complete":"https://x.example/d?c=WDJB-MJHT","expires_in":900}"#,
        )?;
        assert_eq!(
            code.to_string(),
            "\n    Open   https://x.example/d\n    Enter  WDJB-MJHT\n\n    or open  \
             https://x.example/d?c=WDJB-MJHT\n\nThe code is good for 15 minutes."
        );
        let text = serde_json::to_string(&code).unwrap_or_default();
        let back: DeviceCode =
            serde_json::from_str(&text).map_err(|e| Error::decode("the code", e))?;
        assert_eq!(back.device_code(), code.device_code());
        let at = |token: &str| Provider::new("https://a.example/a", token);
        assert!(code.is_for(&at("https://a.example/t")?, &Credentials::public("app")));
        assert!(!code.is_for(&at("https://b.example/t")?, &Credentials::public("app")));
        assert!(!code.is_for(&at("https://a.example/t")?, &Credentials::public("app2")));
        assert_eq!((back.interval(), back.expires_at()), (INTERVAL, code.expires_at()));
        Ok(())
    }

    #[test]
    fn device_start_and_poll_send_the_required_parameters() -> Result<()> {
        let provider = Provider::builder("example")
            .token_endpoint("https://a.example/t")
            .device_authorization_endpoint("https://a.example/d?x=1")
            .token_format(crate::provider::TokenFormat::Json)
            .build()?;
        let extra = [("resource".to_owned(), "https://api.example/".to_owned())];
        let credentials = Credentials::public("app");
        let caller = Requester {
            provider: &provider,
            credentials: &credentials,
            extra: &extra,
            home: None,
            auth: provider.client_auth(),
            now: OffsetDateTime::UNIX_EPOCH,
        };
        let defaults = provider.to_builder().default_scopes(&["x"]).build()?;
        let start = device_authorization(&Requester { provider: &defaults, ..caller }, &[])?;
        assert!(start.body.starts_with(b"scope=x&"));
        let start = device_authorization(&caller, &["a", "b"])?;
        assert_eq!((start.method, start.url.as_str()), ("POST", "https://a.example/d?x=1"));
        assert_eq!(
            std::str::from_utf8(&start.body),
            Ok("scope=a%20b&client_id=app&resource=https%3A%2F%2Fapi.example%2F")
        );
        let plain = provider.to_builder().token_format(crate::provider::TokenFormat::Form);
        let plain = plain.build()?;
        let poll =
            device_token(&Requester { provider: &plain, extra: &[], ..caller }, &"d 1".into())?;
        let expected = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
                        &device_code=d%201&client_id=app";
        assert_eq!(std::str::from_utf8(&poll.body), Ok(expected));
        Ok(())
    }

    #[test]
    fn a_refused_start_names_the_servers_code() {
        for (status, body, code) in [
            (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
            (200, r#"{"error":"device_flow_disabled"}"#, "device_flow_disabled"),
            (404, "", "http_404"),
            (200, r#"{"device_code":"d1","user_code":""}"#, "malformed"),
            (
                200,
                r#"{"device_code":"d1","user_code":"U","verification_uri":"javascript:alert(1)"}"#,
                "malformed",
            ),
            (
                200,
                r#"{"device_code":"d1","user_code":"U\u001b[2J","verification_uri":"https://a.example"}"#,
                "malformed",
            ),
        ] {
            let Err(Error::OAuth(error)) = started(status, body) else { panic!("{body}") };
            assert_eq!(error.code, code);
        }
        let long = "a".repeat(LONGEST);
        for (status, user_code, address, good) in [
            (200, "U", "https://a.example/d", true),
            (199, "U", "https://a.example/d", false),
            (200, "", "https://a.example/d", false),
            (200, &long, "https://a.example/d", true),
            (200, &*format!("{long}a"), "https://a.example/d", false),
            (200, "U", "https://ada@a.example/d", false),
            (200, "U", "https://:sesame@a.example/d", false),
        ] {
            let body = serde_json::json!({
                "device_code": "d1", "user_code": user_code, "verification_uri": address,
            });
            assert_eq!(started(status, &body.to_string()).is_ok(), good, "{status} {address}");
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

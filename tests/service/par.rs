//! Tests of pushed authorization requests (RFC 9126).

use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::{Clock as _, ManualClock};
use evergrant::provider::{ClientAuth, PushedRequests};
use evergrant::sandbox::{Sandbox, SandboxBuilder};
use evergrant::{Authorization, Client, Credentials, Error, MemoryBackend};
use url::Url;

use crate::support::{Fake, rt};

const MINUTE: Duration = Duration::from_secs(60);

/// A server that accepts only pushed logins.
fn strict() -> SandboxBuilder {
    Sandbox::builder().pushed_requests(MINUTE).pushed_requests_required(true)
}

fn client(sandbox: &Sandbox) -> Client {
    Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
}

/// A client that pushes to another address, with a login in its store.
fn pushing_to(address: String, credentials: Credentials, auth: ClientAuth) -> (Sandbox, Client) {
    let sandbox = Sandbox::start().unwrap();
    let provider = sandbox.provider().to_builder().client_auth(auth);
    let provider = provider.pushed_authorization_request_endpoint(address).build().unwrap();
    let client = Client::new(provider, credentials, MemoryBackend::new());
    assert!(client.seed(sandbox.login()).unwrap());
    (sandbox, client)
}

/// Returns the names of the parameters in the address for the browser.
fn names(authorization: &Authorization) -> Vec<String> {
    let url = Url::parse(authorization.url()).unwrap();
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

#[test]
fn a_pushed_login_shows_the_browser_two_parameters() {
    for auth in [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::Body, ClientAuth::None] {
        let mut builder = strict().client_auth(auth).pkce_required(true).issuer_in_callback(true);
        if auth == ClientAuth::None {
            builder = builder.client("public", None);
        }
        let sandbox = builder.start().unwrap();
        let client = client(&sandbox);
        let authorization = client.authorize_with(&["openid"], &[("prompt", "login")]).unwrap();
        assert_eq!(names(&authorization), ["client_id", "request_uri"], "{auth:?}");
        assert!(!authorization.url().contains(authorization.state().expose()));
        let callback = sandbox.approve(authorization.url()).unwrap();
        let token = client.exchange(authorization, &callback).unwrap();
        assert!(token.refresh_token().is_some(), "{auth:?}");
        assert_eq!(sandbox.counters().pushed_requests, 1);
        client.refresh().unwrap();
    }
}

#[test]
fn interactive_and_pasted_logins_are_pushed() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    client.authorize_pasted(&["read"], |url, _| sandbox.approve(url)).unwrap();
    assert_eq!(sandbox.counters().pushed_requests, 1);
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let client = Client::new(sandbox.provider(), credentials, MemoryBackend::new());
    std::thread::scope(|scope| {
        client.authorize_interactive(&["read"], |url| {
            let (url, sandbox) = (url.to_owned(), &sandbox);
            let browser = ureq::Agent::config_builder().proxy(None).build().new_agent();
            scope.spawn(move || browser.get(sandbox.approve(&url).unwrap()).call());
        })
    })
    .unwrap();
    assert!(client.stored().unwrap().is_some());
    assert_eq!(sandbox.counters().pushed_requests, 2);
}

#[test]
fn nothing_is_pushed_where_the_provider_does_not_say_so() {
    let sandbox = Sandbox::builder().pushed_requests(MINUTE).start().unwrap();
    let off = sandbox.provider().to_builder().pushed_requests(PushedRequests::Off);
    let client = Client::new(off.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
    let authorization = client.authorize(&["read"]).unwrap();
    assert!(names(&authorization).contains(&"code_challenge".to_owned()));
    assert_eq!(authorization.expires_at(), None);
    let sandbox = Sandbox::start().unwrap();
    self::client(&sandbox).authorize(&["read"]).unwrap();
    assert_eq!(sandbox.counters().pushed_requests, 0);
    let missing = sandbox.provider().to_builder().pushed_requests(PushedRequests::Required);
    let client = Client::new(missing.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
    let error = client.authorize(&["read"]).unwrap_err();
    assert_eq!(error.kind(), "config");
    assert!(error.to_string().contains("pushed_authorization_request_endpoint"), "{error}");
}

#[cfg(feature = "discovery")]
#[test]
fn metadata_that_requires_pushed_requests_is_enough_for_a_login() {
    let sandbox = strict().start().unwrap();
    let provider = evergrant::Provider::discover(sandbox.url()).unwrap().build().unwrap();
    assert_eq!(provider.authorization_rules().pushed_requests, PushedRequests::Required);
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    client.authorize_pasted(&["read"], |url, _| sandbox.approve(url)).unwrap();
    assert_eq!(sandbox.counters().pushed_requests, 1);
}

#[test]
fn a_callback_of_a_pushed_login_is_checked_as_any_other() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    let (one, two) = (client.authorize(&[]).unwrap(), client.authorize(&[]).unwrap());
    let callback = sandbox.approve(one.url()).unwrap();
    let error = client.exchange(two, &callback).unwrap_err();
    assert_eq!(error.kind(), "callback", "another state");
    assert_eq!(sandbox.counters().token_requests, 0);
    client.exchange(one, &callback).unwrap();
}

#[test]
fn a_request_uri_that_was_used_is_refused() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    let authorization = client.authorize(&[]).unwrap();
    sandbox.approve(authorization.url()).unwrap();
    let again = sandbox.approve(authorization.url()).unwrap();
    let Err(Error::OAuth(error)) = client.exchange(authorization, &again) else { panic!() };
    assert_eq!(error.code, "invalid_request_uri");
    assert!(!error.to_string().contains("worked until"), "the address has not expired: {error}");
}

#[test]
fn an_address_that_has_expired_is_named_as_the_reason() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = strict().clock(clock.clone()).start().unwrap();
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = builder.clock(clock.clone()).login_timeout(Duration::ZERO).build();
    let authorization = client.authorize(&[]).unwrap();
    assert_eq!(authorization.expires_at(), Some(clock.now_utc() + MINUTE));
    // The person opens the address of `other` in time, and may then take longer to log in than the
    // lifetime of the address.
    let other = client.authorize(&[]).unwrap();
    let in_time = sandbox.approve(other.url()).unwrap();
    clock.advance(2 * MINUTE);
    let late = sandbox.approve(authorization.url()).unwrap();
    let error = client.exchange(authorization, &late).unwrap_err().to_string();
    assert!(error.contains("invalid_request_uri"), "{error}");
    assert!(error.contains("worked until") && error.contains("start the login again"), "{error}");
    client.exchange(other, &in_time).unwrap();

    let closed = client.authorize_pasted(&[], |_, _| {
        clock.advance(2 * MINUTE);
        Err(std::io::Error::other("closed"))
    });
    let closed = closed.unwrap_err().to_string();
    assert!(closed.contains("no address was pasted; its address worked until"), "{closed}");
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let builder = Client::builder(sandbox.provider(), credentials, MemoryBackend::new());
    let client = builder.clock(clock.clone()).login_timeout(Duration::ZERO).build();
    let late = client.authorize_interactive(&[], |_| clock.advance(2 * MINUTE)).unwrap_err();
    assert!(late.to_string().contains("its address worked until"), "{late}");
}

#[test]
fn a_login_that_cannot_be_pushed_changes_nothing() {
    for (status, headers, body, kind) in [
        ("400 Bad Request", "", r#"{"error":"invalid_request"}"#, "oauth"),
        ("401 Unauthorized", "", r#"{"error":"invalid_client"}"#, "oauth"),
        ("405 Method Not Allowed", "", "", "oauth"),
        ("413 Content Too Large", "", "<h1>no</h1>", "oauth"),
        ("302 Found", "Location: https://a.example/\r\n", "", "oauth"),
        ("429 Too Many Requests", "Retry-After: 7\r\n", "", "rate_limited"),
        ("500 Internal Server Error", "", "", "oauth"),
        ("201 Created", "", r#"{"expires_in":60}"#, "decode"),
        ("201 Created", "", r#"{"request_uri":"urn:x","expires_in":-1}"#, "decode"),
        ("202 Accepted", "", r#"{"request_uri":"urn:x","expires_in":60}"#, "decode"),
        ("200 OK", "Content-Type: text/html\r\n", "<html>log in</html>", "decode"),
    ] {
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, headers, body.as_bytes());
            }
        });
        let credentials = Credentials::new("sandbox-client", "sandbox-secret");
        let (sandbox, client) = pushing_to(server.url(), credentials, ClientAuth::Basic);
        let before = client.token().unwrap();
        let error = client.authorize(&["read"]).unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert_eq!(server.requests().len(), 1, "{status}: sent once");
        assert_eq!(rt(&client.token().unwrap()), rt(&before));
        assert_eq!(sandbox.counters().token_requests, 0);
    }
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let deaf = "http://127.0.0.1:1/par".to_owned();
    let (_sandbox, client) = pushing_to(deaf, credentials, ClientAuth::Basic);
    assert_eq!(client.authorize(&[]).unwrap_err().kind(), "transport");
    let sandbox = strict().start().unwrap();
    let wrong = Credentials::new("sandbox-client", "not-the-secret");
    let client = Client::new(sandbox.provider(), wrong, MemoryBackend::new());
    let error = client.authorize(&[]).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
}

#[test]
fn no_error_of_a_pushed_login_repeats_a_secret() {
    let echo = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let body = request.rsplit("\r\n").next().unwrap_or_default();
            let json = serde_json::json!({"error": "invalid_request", "error_description": body});
            peer.answer("400 Bad Request", "", json.to_string().as_bytes());
        }
    });
    let credentials =
        Credentials::new("app", "s3cret-canary").with_redirect_uri("http://127.0.0.1/cb");
    let (_sandbox, client) = pushing_to(echo.url(), credentials, ClientAuth::Body);
    let error = client.authorize(&["read"]).unwrap_err();
    let sent = echo.requests().remove(0);
    assert!(sent.starts_with("POST / ") && !sent.contains("Authorization"), "{sent}");
    let body = sent.rsplit("\r\n").next().unwrap();
    let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
    let value = |wanted: &str| form.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary") && !shown.contains(&*value("state")), "{shown}");
    assert_eq!(value("client_id"), "app");
}

#[cfg(feature = "jwt")]
#[test]
fn an_assertion_for_a_pushed_request_names_the_issuer() {
    use base64::Engine as _;
    use evergrant::jwt::SigningKey;
    let key = || SigningKey::from_pem(include_str!("../keys/p256.pem")).unwrap();
    let signed = || {
        Credentials::signed("sandbox-client", key()).with_redirect_uri("http://127.0.0.1/callback")
    };
    let sandbox = strict().client_key(&key()).start().unwrap();
    let client = Client::new(sandbox.provider(), signed(), MemoryBackend::new());
    client.authorize_pasted(&["read"], |url, _| sandbox.approve(url)).unwrap();
    assert_eq!(sandbox.counters().pushed_requests, 1);
    let with_secret = strict().client_auth(ClientAuth::SecretJwt).start().unwrap();
    let client = self::client(&with_secret);
    client.authorize_pasted(&["read"], |url, _| with_secret.approve(url)).unwrap();

    let server = Fake::json(r#"{"request_uri":"urn:x","expires_in":60}"#);
    let (sandbox, client) = pushing_to(server.url(), signed(), ClientAuth::PrivateKeyJwt);
    client.authorize(&["read"]).unwrap();
    let sent = server.requests().remove(0);
    let body = sent.rsplit("\r\n").next().unwrap();
    let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
    let assertion = &form.iter().find(|(name, _)| name == "client_assertion").unwrap().1;
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = base64.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], sandbox.url());
    assert_eq!(form.iter().filter(|(name, _)| name == "client_id").count(), 1);
}

#[test]
fn a_pushed_login_can_be_stored_and_shows_no_secret() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    let authorization = client.authorize(&[]).unwrap();
    let text = serde_json::to_string(&authorization).unwrap();
    let read: Authorization = serde_json::from_str(&text).unwrap();
    assert_eq!(read.expires_at(), authorization.expires_at());
    let shown = format!("{read:?}");
    assert!(!shown.contains("urn") && !shown.contains(read.state().expose()), "{shown}");
    let callback = sandbox.approve(read.url()).unwrap();
    client.exchange(read, &callback).unwrap();
}

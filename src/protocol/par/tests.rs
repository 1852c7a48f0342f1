//! Tests of pushed requests and of their answers.

use super::*;
use crate::credentials::Credentials;
use crate::protocol::authorize::authorization_request;
use crate::protocol::form::parse;
use crate::protocol::pkce;
use crate::provider::{ClientAuth, ProviderBuilder};
use ureq::http::HeaderMap;

/// The names and values of RFC 9126 sections 2.1, 2.2 and 4.
const URI: &str = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";
const CALLBACK: &str = "https://client.example.org/cb";

type Pairs = Vec<(String, String)>;

fn provider() -> ProviderBuilder {
    Provider::builder("example")
        .authorization_endpoint("https://as.example.com/as/authorize")
        .token_endpoint("https://as.example.com/as/token")
        .pushed_authorization_request_endpoint("https://as.example.com/as/par")
}

fn caller<'a>(provider: &'a Provider, credentials: &'a Credentials) -> Requester<'a> {
    let auth = provider.client_auth();
    let now = OffsetDateTime::UNIX_EPOCH;
    Requester { provider, credentials, extra: &[], home: None, auth, now }
}

/// Pushes a login. Returns the login, the request's header, and the names and values in its body.
fn pushed(
    provider: &Provider,
    credentials: &Credentials,
    extra: &[(&str, &str)],
) -> Result<(Authorization, String, Pairs)> {
    let scopes = ["account-information"];
    let request = authorization_request(provider, credentials, Some(CALLBACK), &scopes, extra)?;
    let sent = push(&caller(provider, credentials), &request)?;
    assert_eq!((sent.method, sent.url.as_str()), ("POST", "https://as.example.com/as/par"));
    let header = |wanted: &str| {
        let found = sent.headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.expose().to_owned()).unwrap_or_default()
    };
    assert_eq!(header("Content-Type"), "application/x-www-form-urlencoded");
    let pairs = parse(std::str::from_utf8(&sent.body).unwrap());
    let pairs = pairs.into_iter().map(|pair| (pair.name, pair.value)).collect();
    let answer = read(201, &format!(r#"{{"request_uri":"{URI}","expires_in":60}}"#))?;
    Ok((request.pushed(provider, answer)?, header("Authorization"), pairs))
}

fn read(status: u16, body: &str) -> Result<Pushed> {
    let reply = RawReply { status, headers: &HeaderMap::new(), body: body.as_bytes() };
    read_pushed(&provider().build()?, &reply, OffsetDateTime::UNIX_EPOCH)
}

#[test]
fn a_pushed_request_equals_the_example_of_rfc_9126() -> Result<()> {
    let credentials = Credentials::new("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
    let (authorization, header, body) = pushed(&provider().build()?, &credentials, &[])?;
    assert_eq!(header, "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
    let state = authorization.state().expose();
    let challenge = authorization.verifier().map(pkce::challenge).unwrap_or_default();
    let mut expected = [
        ("response_type", "code"),
        ("state", state),
        ("client_id", "s6BhdRkqt3"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("scope", "account-information"),
    ];
    let mut body: Vec<_> = body.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    expected.sort_unstable();
    body.sort_unstable();
    assert_eq!(body, expected);
    assert_eq!(
        authorization.url(),
        "https://as.example.com/as/authorize?client_id=s6BhdRkqt3\
         &request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A6esc_11ACC5bwc014ltc14eY22c"
    );
    assert_eq!(authorization.expires_at().map(OffsetDateTime::unix_timestamp), Some(60));
    let shown = format!("{authorization:?}");
    assert!(!shown.contains("6esc") && !shown.contains(state), "{shown}");
    Ok(())
}

#[test]
fn every_way_of_authentication_names_the_client_once() -> Result<()> {
    for (auth, in_header, in_body) in [
        (ClientAuth::Basic, true, false),
        (ClientAuth::BasicRaw, true, false),
        (ClientAuth::Body, false, true),
        (ClientAuth::None, false, false),
        (ClientAuth::Certificate, false, false),
    ] {
        let provider = provider().client_auth(auth).build()?;
        let (_, header, body) = pushed(&provider, &Credentials::new("app", "sesame"), &[])?;
        let count = |wanted: &str| body.iter().filter(|(name, _)| name == wanted).count();
        assert_eq!(count("client_id"), 1, "{auth:?}");
        assert_eq!((!header.is_empty(), count("client_secret") == 1), (in_header, in_body));
    }
    Ok(())
}

#[test]
fn the_query_of_the_endpoint_is_kept() -> Result<()> {
    let provider = provider().authorization_endpoint("https://as.example.com/a?tenant=1");
    let (authorization, ..) = pushed(&provider.build()?, &Credentials::public("app"), &[])?;
    let (_, query) = authorization.url().split_once('?').unwrap();
    let names: Vec<_> = parse(query).into_iter().map(|pair| pair.name).collect();
    assert_eq!(names, ["tenant", "client_id", "request_uri"]);
    Ok(())
}

#[test]
fn a_pushed_request_carries_no_request_uri() -> Result<()> {
    let provider = provider().build()?;
    let refused = pushed(&provider, &Credentials::public("app"), &[("request_uri", URI)]);
    assert!(matches!(refused, Err(Error::Config(_))));
    Ok(())
}

#[test]
fn a_pushed_answer_needs_a_request_uri_and_a_lifetime() {
    for (status, body, lifetime) in [
        (201, r#"{"request_uri":"urn:x","expires_in":60}"#, Some(60)),
        (200, r#"{"request_uri":"urn:x","expires_in":"90","more":1}"#, Some(90)),
        (201, r#"{"request_uri":"urn:x"}"#, None),
        (201, r#"{"request_uri":"urn:x","expires_in":null}"#, None),
    ] {
        let answer = read(status, body).unwrap();
        assert_eq!(answer.request_uri, "urn:x");
        assert_eq!(answer.expires_at.map(OffsetDateTime::unix_timestamp), lifetime, "{body}");
    }
    let long = format!(r#"{{"request_uri":"urn:{}"}}"#, "x".repeat(LONGEST));
    for (status, body) in [
        (201, r#"{"expires_in":60}"#),
        (201, r#"{"request_uri":"","expires_in":60}"#),
        (201, r#"{"request_uri":7,"expires_in":60}"#),
        (201, "{\"request_uri\":\"urn:a b\",\"expires_in\":60}"),
        (201, long.as_str()),
        (201, r#"{"request_uri":"urn:x","expires_in":0}"#),
        (201, r#"{"request_uri":"urn:x","expires_in":-1}"#),
        (201, r#"{"request_uri":"urn:x","expires_in":"soon"}"#),
        (201, r#"{"request_uri":"urn:x","expires_in":1e99}"#),
        (201, r#"{"request_uri":"urn:x","expires_in":[60]}"#),
        (202, r#"{"request_uri":"urn:x","expires_in":60}"#),
        (204, ""),
        (201, ""),
        (201, "<html>log in</html>"),
        (200, "[]"),
    ] {
        let error = read(status, body).unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{status} {body}: {error:?}");
        assert!(!crate::error::chain(&error).contains("urn:"), "{error}");
    }
}

#[test]
fn a_refusal_of_a_pushed_request_has_the_servers_code() {
    for (status, body, code) in [
        (
            400,
            r#"{"error":"invalid_request","error_description":"The redirect_uri is not valid"}"#,
            "invalid_request",
        ),
        (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
        (400, r#"{"error":"invalid_scope"}"#, "invalid_scope"),
        (400, r#"{"error":"unauthorized_client"}"#, "unauthorized_client"),
        (200, r#"{"error":"invalid_request","request_uri":"urn:x"}"#, "invalid_request"),
        (405, "", "http_405"),
        (413, "<h1>too large</h1>", "http_413"),
        (500, r#"{"request_uri":"urn:x","expires_in":60}"#, "http_500"),
        (302, "", "redirect"),
    ] {
        let error = read(status, body).unwrap_err();
        let Error::OAuth(error) = error else { panic!("{status} {body}: {error:?}") };
        assert_eq!((error.code.as_str(), error.status), (code, status));
    }
}

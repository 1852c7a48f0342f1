//! Tests of authorization codes, client authentication, the format of requests, and secrecy.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Desk, unchanged};
use crate::provider::{ClientAuth, Rotation, TokenFormat};
use crate::sandbox::codes::Unfit;
use crate::sandbox::http::{HttpRequest, Reply, http_date, pairs, read};
use crate::sandbox::token_endpoint::TokenCall;
use crate::sandbox::{Fault, Sandbox};

const ISSUER: &str = "http://127.0.0.1:1";

/// Authorizes with the usual parameters and these parameters, and returns the code.
fn code(desk: &mut Desk, more: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "sandbox-client"),
        ("redirect_uri", "http://127.0.0.1:7/cb"),
        ("state", "s t"),
    ];
    let parameters: Vec<_> =
        usual.iter().chain(more).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let now = desk.now();
    let number = match desk.server.authorize(desk.now(), ISSUER, &parameters) {
        Ok(number) => number,
        Err(Unfit::Redirect(address)) => return address,
        Err(Unfit::Page(why)) => return why.to_owned(),
    };
    let address = desk.server.decide(now, ISSUER, &number, true).unwrap();
    let query = pairs(address.split_once('?').unwrap().1.as_bytes());
    assert!(query.contains(&("state".to_owned(), "s t".to_owned())));
    query.into_iter().find(|(name, _)| name == "code").unwrap().1
}

#[test]
fn a_code_sent_twice_ends_the_login_it_began() {
    let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
    let code = code(&mut desk, &[("scope", "a b")]);
    let (now, uri) = (desk.now(), Some("http://127.0.0.1:7/cb"));
    let pair = desk.server.exchange(now, &code, uri, None).unwrap();
    assert!(desk.server.login_alive());
    let again = desk.server.exchange(now, &code, uri, None).unwrap_err();
    assert_eq!(again.code, "invalid_grant");
    assert!(desk.owner(pair).is_none());
    assert!(!desk.server.login_alive());
    assert_eq!(desk.server.counters.code_replays, 1);
}

#[test]
fn a_code_needs_its_redirect_uri_and_expires_after_ten_minutes() {
    let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
    let (one, two) = (code(&mut desk, &[]), code(&mut desk, &[]));
    let (now, other) = (desk.now(), Some("http://127.0.0.1:7/cb/"));
    assert!(desk.server.exchange(now, &one, other, None).is_err());
    desk.clock.advance(Duration::from_secs(600));
    let now = desk.now();
    assert!(desk.server.exchange(now, &two, Some("http://127.0.0.1:7/cb"), None).is_err());
    assert!(!desk.server.login_alive());
}

#[test]
fn pkce_is_checked_if_the_request_used_it() {
    // The example of RFC 7636 appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let begun = [("code_challenge", challenge), ("code_challenge_method", "S256")];
    let uri = Some("http://127.0.0.1:7/cb");
    for (more, sent, good) in [
        (&begun[..], Some(verifier), true),
        (&begun[..], Some("wrong"), false),
        (&begun[..], None, false),
        (&[], Some(verifier), false),
        (&[], None, true),
    ] {
        let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
        let code = code(&mut desk, more);
        let now = desk.now();
        assert_eq!(desk.server.exchange(now, &code, uri, sent).is_ok(), good, "{sent:?}");
    }
    let mut desk = Desk::new(Rotation::UntilUsed, |s| s.pkce_required = true);
    assert!(code(&mut desk, &[]).contains("error=invalid_request"));
    let plain = [("code_challenge", verifier), ("code_challenge_method", "plain")];
    assert!(code(&mut desk, &plain).contains("error=invalid_request"));
}

#[test]
fn an_untrusted_authorization_request_is_not_sent_back() {
    let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
    for (id, uri) in [
        ("other", "http://127.0.0.1/cb"),
        ("sandbox-client", "https://evil.example/cb"),
        ("sandbox-client", "http://127.0.0.1/cb#x"),
    ] {
        let parameters =
            [("client_id", id), ("redirect_uri", uri)].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert!(matches!(
            desk.server.authorize(desk.now(), ISSUER, &parameters),
            Err(Unfit::Page(_))
        ));
    }
}

fn form(header: Option<String>, parameters: &[(&str, &str)]) -> TokenCall {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let mut headers =
        vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    headers.extend(header.map(|value| ("Authorization".to_owned(), value)));
    let request = HttpRequest {
        method: "POST".to_owned(),
        headers,
        body: body.extend_pairs(parameters).finish().into_bytes(),
        ..HttpRequest::default()
    };
    TokenCall::new(&request, TokenFormat::Form)
}

fn basic(text: &str) -> Option<String> {
    Some(format!("Basic {}", STANDARD.encode(text)))
}

const ID: &str = "app 1:+é";
const SECRET: &str = "s&=+% t";

#[test]
fn only_the_configured_client_authentication_is_accepted() {
    let grant = ("grant_type", "refresh_token");
    let ways = [
        (ClientAuth::Basic, basic("app%201%3A%2B%C3%A9:s%26%3D%2B%25%20t"), vec![grant]),
        (ClientAuth::BasicRaw, basic(&format!("app 1:{SECRET}")), vec![grant]),
        (ClientAuth::Body, None, vec![grant, ("client_id", "app 1"), ("client_secret", SECRET)]),
        (ClientAuth::None, None, vec![grant, ("client_id", "app 1")]),
        (ClientAuth::SecretAsBearer, Some(format!("Bearer {SECRET}")), vec![grant]),
        (ClientAuth::SecretAsUser, basic(&format!("{SECRET}:")), vec![grant]),
    ];
    for (accepted, _, _) in &ways {
        for (sent, header, parameters) in &ways {
            let mut desk = Desk::new(Rotation::Strict, |s| {
                s.client_auth = *accepted;
                // Only form-encoded Basic can carry a colon in the client id.
                s.client_id = if *sent == ClientAuth::Basic { ID } else { "app 1" }.to_owned();
                s.client_secret = Some(SECRET.to_owned());
            });
            let text = desk.login();
            let token = desk.refresh_text(text);
            let mut parameters = parameters.clone();
            parameters.push(("refresh_token", &token));
            let reply = desk.call(&form(header.clone(), &parameters));
            let expected = if accepted == sent { 200 } else { 401 };
            assert_eq!(reply.status, expected, "{accepted:?} got {sent:?}");
            if expected == 401 {
                assert_eq!(reply.to_json()["error"], "invalid_client");
                assert!(reply.header("www-authenticate").is_some());
                assert!(desk.server.login_alive());
                assert_eq!(desk.server.counters.refreshes, 0);
            }
        }
    }
}

#[test]
fn basic_accepts_a_space_as_plus_or_percent_20() {
    for text in ["a%20b:c%20d", "a+b:c+d"] {
        let mut desk = Desk::new(Rotation::Strict, |s| {
            s.client_id = "a b".to_owned();
            s.client_secret = Some("c d".to_owned());
        });
        let reply = desk.call(&form(basic(text), &[("grant_type", "client_credentials")]));
        assert_eq!(reply.status, 200, "{text}");
    }
}

#[test]
fn client_credentials_issue_no_refresh_token() {
    let mut desk = Desk::new(Rotation::Strict, unchanged);
    let us = basic("sandbox-client:sandbox-secret");
    let call = form(us, &[("grant_type", "client_credentials"), ("scope", "a")]);
    let body = desk.call(&call).to_json();
    assert_eq!(body["refresh_token"], serde_json::Value::Null);
    assert_eq!(body["scope"], "a");
    assert_eq!(body["expires_in"], 3600);
    let now = desk.now();
    let owner = desk.server.owner(now, body["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(owner.subject, "sandbox-client");
    assert_eq!(desk.server.counters.client_credentials, 1);
}

#[test]
fn a_malformed_token_request_is_refused_and_uses_up_nothing() {
    let mut desk = Desk::new(Rotation::StrictFamily, unchanged);
    let pair = desk.login();
    let token = desk.refresh_text(pair);
    let us = || basic("sandbox-client:sandbox-secret");
    let grant = ("grant_type", "refresh_token");
    let rt = ("refresh_token", token.as_str());
    for (call, error) in [
        (form(us(), &[rt]), "invalid_request"),
        (form(us(), &[grant]), "invalid_request"),
        (form(us(), &[grant, ("refresh_token", "")]), "invalid_request"),
        (form(us(), &[grant, rt, rt]), "invalid_request"),
        (form(us(), &[grant, rt, ("client_secret", "sandbox-secret")]), "invalid_request"),
        (form(us(), &[("grant_type", "password"), rt]), "unsupported_grant_type"),
        (form(us(), &[grant, ("refresh_token", "unknown")]), "invalid_grant"),
        (form(us(), &[grant, rt, ("client_id", "other")]), "invalid_client"),
        (TokenCall { method: "GET".to_owned(), ..form(us(), &[grant, rt]) }, "invalid_request"),
    ] {
        assert_eq!(desk.call(&call).to_json()["error"], error, "{call:?}");
    }
    assert!(desk.refresh(pair).is_ok());
}

#[test]
fn a_chunked_body_is_read_whole_in_any_pieces() {
    struct Drip<'a>(&'a [u8]);
    impl std::io::Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let take = self.0.len().min(1);
            out[..take].copy_from_slice(&self.0[..take]);
            self.0 = &self.0[take..];
            Ok(take)
        }
    }
    let wire = b"POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n\
        PUT /next HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    let mut whole = &wire[..];
    let mut drip = Drip(wire);
    let streams: [&mut dyn std::io::Read; 2] = [&mut whole, &mut drip];
    for mut stream in streams {
        let mut buffer = Vec::new();
        let first = read(&mut stream, &mut buffer).unwrap().unwrap();
        assert_eq!((first.path.as_str(), first.query.as_str()), ("/a", "b=c"));
        assert_eq!(first.body, b"hello world");
        assert!(first.keep_alive);
        let second = read(&mut stream, &mut buffer).unwrap().unwrap();
        assert_eq!(second.body, b"ok");
        assert!(!second.keep_alive);
        assert!(read(&mut stream, &mut buffer).unwrap().is_none());
    }
}

#[test]
fn a_date_has_the_format_of_http() {
    // The example of RFC 9110 section 5.6.7.
    let date = time::OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
    assert_eq!(http_date(date), "Sun, 06 Nov 1994 08:49:37 GMT");
}

#[test]
fn no_debug_output_shows_a_secret() {
    fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Sandbox>();
    let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
    let first = desk.login();
    let second = desk.refresh(first).unwrap();
    desk.refresh(second).unwrap();
    desk.refused(first);
    let us = basic("sandbox-client:sandbox-secret");
    let call = form(us, &[("grant_type", "refresh_token"), ("refresh_token", "canary")]);
    let fault = Fault::Body {
        status: 200,
        content_type: String::new(),
        body: b"canary".to_vec(),
        commit: true,
    };
    let reply = Reply::json(200, "canary").with_header("Set-Cookie", "canary");
    let builder = Sandbox::builder().client("id", Some("canary"));
    let shown = format!("{:?} {call:?} {fault:?} {reply:?} {builder:?}", desk.server.events)
        + &serde_json::to_string(&desk.server.events).unwrap();
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("sandbox-secret") && !shown.contains("c2FuZGJveC1"), "{shown}");
    for token in &desk.server.refresh_tokens {
        assert!(!shown.contains(&token.text));
    }
    for token in &desk.server.access_tokens {
        assert!(!shown.contains(&token.text));
    }
}

//! Tests of logins, of the API, of answers in other formats (dialects), and of control over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use evergrant::provider::{ClientAuth, Rotation};
use evergrant::sandbox::{ApiReply, Sandbox, TokenReply};
use serde_json::{Value, json};
use url::Url;

use crate::{agent, at, body, get, refresh, rt, status, token_request};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

fn authorization_url(sandbox: &Sandbox, more: &[(&str, &str)]) -> String {
    let mut url = Url::parse(sandbox.provider().authorization_endpoint().unwrap()).unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", sandbox.credentials().id())
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("state", "x y&z")
        .extend_pairs(more);
    url.into()
}

fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

#[test]
fn a_login_is_approved_exchanged_and_refreshed() {
    let sandbox = Sandbox::builder().issuer_in_callback(true).start().unwrap();
    let url = authorization_url(&sandbox, &[("response_type", "code"), ("scope", "read <b>")]);
    let callback = sandbox.approve(&url).unwrap();
    assert!(callback.starts_with(REDIRECT));
    assert_eq!(parameter(&callback, "state").unwrap(), "x y&z");
    assert_eq!(parameter(&callback, "iss").unwrap(), sandbox.url());
    let code = parameter(&callback, "code").unwrap();
    let grant = ("grant_type", "authorization_code");
    let exchange = [grant, ("code", &code), ("redirect_uri", REDIRECT)];
    let first = body(200, token_request(&sandbox, &exchange));
    assert_eq!(first["scope"], "read <b>");
    let second = body(200, refresh(&sandbox, first["refresh_token"].as_str().unwrap()));
    let me = body(200, get(&sandbox, "/api/me", second["access_token"].as_str().unwrap()));
    assert_eq!(me, json!({ "login": "ada", "access_token_number": 2 }));
    let counters = sandbox.counters();
    assert_eq!((counters.code_exchanges, counters.refreshes, counters.api_ok), (1, 1, 1));
    assert!(sandbox.login_alive());
    assert_eq!(body(400, token_request(&sandbox, &exchange))["error"], "invalid_grant");
    assert!(!sandbox.login_alive());
}

#[test]
fn a_denied_login_is_reported_to_the_client() {
    let sandbox = Sandbox::start().unwrap();
    let url = authorization_url(&sandbox, &[("response_type", "code")]);
    let callback = sandbox.deny(&url).unwrap();
    assert_eq!(parameter(&callback, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&callback, "state").unwrap(), "x y&z");
    assert_eq!(parameter(&callback, "code"), None);
    assert!(!sandbox.login_alive());
}

#[test]
fn an_invalid_authorization_request_is_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let callback = sandbox.approve(&authorization_url(&sandbox, &[("response_type", "token")]));
    assert_eq!(parameter(&callback.unwrap(), "error").unwrap(), "unsupported_response_type");
    let error = sandbox.approve(&format!("{}/authorize?client_id=x", sandbox.url())).unwrap_err();
    assert!(error.to_string().contains("unknown client_id"), "{error}");
    assert!(sandbox.approve("https://example.com/authorize").is_err());
}

#[test]
fn one_connection_serves_many_requests() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let agent = agent();
    for _ in 0..20 {
        let request = agent.get(format!("{}/api/me", sandbox.url()));
        let bearer = format!("Bearer {}", at(&token));
        let mut answer = request.header("Authorization", bearer).call().unwrap();
        answer.body_mut().read_to_vec().unwrap();
    }
    assert_eq!(sandbox.counters().connections, 1);
    assert_eq!(sandbox.counters().api_ok, 20);
}

#[test]
fn the_api_tells_a_missing_token_from_a_bad_one() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let missing = agent().get(format!("{}/api/me", sandbox.url())).call().unwrap();
    assert_eq!(missing.status(), 401);
    assert_eq!(missing.headers()["www-authenticate"], "Bearer realm=\"sandbox\"");
    sandbox.expire_access_tokens();
    let ended = get(&sandbox, "/api/me", at(&token)).unwrap();
    assert_eq!(ended.status(), 401);
    let challenge = ended.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""));
    assert_eq!(sandbox.counters().api_unauthorized, 2);
    sandbox.revoke_login();
    assert!(!sandbox.login_alive());
    assert_eq!(body(400, refresh(&sandbox, rt(&token)))["error"], "invalid_grant");
}

#[test]
fn the_echo_and_status_routes_answer() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let request = agent().put(format!("{}/api/echo?a=b%20c", sandbox.url()));
    let bearer = format!("Bearer {}", at(&token));
    let request = request.header("Authorization", bearer).header("X-Odd", "1");
    let echo = body(200, request.send("hello"));
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["query"], "a=b%20c");
    assert_eq!(echo["body"], "hello");
    assert_eq!(echo["headers"]["x-odd"], "1");
    assert_eq!(echo["headers"].get("authorization"), None);
    for (path, expected) in
        [("/api/status/418", 418), ("/api/status/204", 204), ("/api/status/99", 404), ("/no", 404)]
    {
        assert_eq!(status(get(&sandbox, path, at(&token))), expected, "{path}");
    }
}

#[test]
fn more_routes_are_added_with_and_without_a_token() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    sandbox.on("GET", "/api/things", |request| {
        let page = request.parameter("page");
        ApiReply::json(200, json!({ "page": page, "who": request.subject })).with_header("X-Y", "z")
    });
    sandbox.on("GET", "/api/things/*", |request| ApiReply::json(200, &request.path));
    sandbox.on_open("GET", "/open", |request| ApiReply::json(200, request.access_token_number));
    let lost = body(404, get(&sandbox, "/things", at(&token)));
    let text = lost["error_description"].as_str().unwrap();
    assert!(text.contains("no route GET /things") && text.contains("GET /api/things,"), "{text}");
    let things = get(&sandbox, "/api/things?page=a+b", at(&token)).unwrap();
    assert_eq!(things.headers()["x-y"], "z");
    assert_eq!(body(200, Ok(things)), json!({ "page": "a b", "who": "ada" }));
    assert_eq!(body(200, get(&sandbox, "/api/things/7", at(&token))), "/api/things/7");
    assert_eq!(status(get(&sandbox, "/api/things", "wrong")), 401);
    assert_eq!(body(200, get(&sandbox, "/open", "wrong")), Value::Null);
    assert_eq!(body(200, get(&sandbox, "/open", at(&token))), 1);
    sandbox.on("GET", "/api/me", |_| ApiReply::new(418));
    assert_eq!(status(get(&sandbox, "/api/me", at(&token))), 418);
}

#[test]
fn a_dialect_rewrites_every_answer_of_the_token_endpoint() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    sandbox.on_token(|call, reply| {
        assert_eq!(call.grant_type(), "refresh_token");
        if reply.status == 200 {
            let mut body = reply.to_json();
            body["expires_in"] = "600".into();
            return reply.with_json(json!({ "data": body }));
        }
        TokenReply::json(401, json!({ "errors": [{ "code": 8 }] }))
    });
    let good = body(200, refresh(&sandbox, rt(&token)));
    assert_eq!(good["data"]["expires_in"], "600");
    let bad = body(401, refresh(&sandbox, "unknown"));
    assert_eq!(bad["errors"][0]["code"], 8);
}

#[test]
fn the_provider_and_the_credentials_match_the_settings() {
    let sandbox = Sandbox::builder()
        .rotation(Rotation::StrictFamily)
        .client("app", None)
        .redirect_uri("https://app.example/cb")
        .start()
        .unwrap();
    // Building the provider again checks the addresses.
    let provider = sandbox.provider().to_builder().build().unwrap();
    assert_eq!(provider.name(), "sandbox");
    assert_eq!(provider.rotation(), Rotation::StrictFamily);
    assert_eq!(provider.client_auth(), ClientAuth::None);
    assert_eq!(provider.token_endpoint(), format!("{}/token", sandbox.url()));
    assert_eq!(provider.api_base(), Some(format!("{}/api", sandbox.url()).as_str()));
    assert!(sandbox.credentials().secret().is_none());
}

#[test]
fn a_revoked_refresh_token_ends_its_login() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let revoke = |header: &str| {
        let request = agent().post(format!("{}/revoke", sandbox.url()));
        status(request.header("Authorization", header).send_form([("token", rt(&token))]))
    };
    assert_eq!(revoke("Basic bm9ib2R5Ong="), 401);
    assert!(sandbox.login_alive());
    assert_eq!(revoke("Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="), 200);
    assert!(!sandbox.login_alive());
    assert_eq!(sandbox.counters().revocations, 1);
}

#[test]
fn programs_in_other_languages_control_it_over_http() {
    let sandbox = Sandbox::start().unwrap();
    let post = |path: &str| agent().post(format!("{}{path}", sandbox.url())).send_empty();
    let token = body(200, post("/login?scope=a+b"));
    assert_eq!(token["scope"], "a b");
    assert_eq!(status(post("/fault?kind=cut_after&n=2")), 204);
    assert_eq!(status(post("/fault?kind=status_before&status=503&on=api")), 204);
    assert_eq!(status(post("/fault?kind=odd")), 400);
    let refresh_token = token["refresh_token"].as_str().unwrap();
    assert!(refresh(&sandbox, refresh_token).is_err());
    let access_token = token["access_token"].as_str().unwrap();
    assert_eq!(status(get(&sandbox, "/api/me", access_token)), 503);
    assert_eq!(status(post("/fault?kind=none")), 204);
    assert_eq!(status(refresh(&sandbox, refresh_token)), 200);
    assert_eq!(status(post("/expire")), 204);
    assert_eq!(status(get(&sandbox, "/api/me", access_token)), 401);
    let read = |path: &str| body(200, agent().get(format!("{}{path}", sandbox.url())).call());
    let counters = read("/counters");
    assert_eq!(counters["recovered"], 1);
    let events = read("/events");
    let lost = events.as_array().unwrap().iter().find(|event| event["kind"] == "lost").unwrap();
    assert_eq!((lost["refresh_token"].as_str(), lost["login"].as_u64()), (Some("rt-2"), Some(1)));
    assert!(!events.to_string().contains(refresh_token));
}

#[test]
fn one_of_64_threads_with_one_strict_refresh_token_succeeds() {
    let sandbox = Sandbox::builder().rotation(Rotation::Strict).start().unwrap();
    let token = sandbox.login();
    let good: usize = thread::scope(|scope| {
        let one = || scope.spawn(|| usize::from(status(refresh(&sandbox, rt(&token))) == 200));
        let all: Vec<_> = (0..64).map(|_| one()).collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(good, 1);
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.refreshes, counters.reuses), (64, 1, 63));
    assert_eq!(counters.connections, 64);
}

#[test]
fn invalid_http_gets_a_400_and_a_closed_connection() {
    let sandbox = Sandbox::start().unwrap();
    let mut stream = TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

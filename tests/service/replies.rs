//! Tests of answers of the token endpoint that no other test covers.

use evergrant::sandbox::{Reply, Sandbox};
use evergrant::{Client, Error, MemoryBackend};
use serde_json::{Value, json};

use crate::support::{Fake, builder, provider_at, rt, sandbox, seeded, stranger};

/// Starts a sandbox whose token answers are changed.
fn answering(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Sandbox {
    let sandbox = sandbox();
    sandbox.on_token(move |_, reply| {
        let mut body = reply.to_json();
        change(&mut body);
        Reply::json(reply.status, body)
    });
    sandbox
}

fn logged_in(sandbox: &Sandbox, scopes: &[&str]) -> (Client, Result<evergrant::Token, Error>) {
    let client = builder(sandbox).build();
    let authorization = client.authorize(scopes).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback);
    (client, token)
}

#[test]
fn bearer_is_accepted_in_any_spelling_and_no_other_type() {
    for (kind, used) in [
        ("bearer", true),
        ("BEARER", true),
        ("User Access Token", true),
        ("DPoP", false),
        ("mac", false),
        ("N_A", false),
        ("pop", false),
    ] {
        let sandbox = answering(move |body| body["token_type"] = kind.into());
        let (client, token) = logged_in(&sandbox, &["read"]);
        assert_eq!(token.unwrap().token_type(), kind);
        let result = client.get("/me").call();
        assert_eq!(result.is_ok(), used, "{kind}");
        if let Err(error) = result {
            assert!(error.to_string().contains(kind), "{error}");
            assert_eq!(sandbox.counters().api_calls, 0, "{kind}: the token was sent");
        }
        // The login stays stored with any token type, because the refresh token is valid.
        assert!(client.stored().unwrap().unwrap().token().refresh_token().is_some());
    }
}

#[test]
fn an_absent_scope_means_as_requested() {
    let absent = answering(|body| drop(body.as_object_mut().unwrap().remove("scope")));
    let (_, token) = logged_in(&absent, &["read", "write"]);
    assert_eq!(token.unwrap().scope(), None);
    let less = answering(|body| body["scope"] = "read".into());
    let (client, token) = logged_in(&less, &["read", "write"]);
    assert_eq!(token.unwrap().scope(), Some("read"));
    // A refresh without a scope keeps the granted scope, not the requested scope.
    let quiet = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    less.on_token(move |_, reply| {
        let mut body = reply.to_json();
        quiet.store(true, std::sync::atomic::Ordering::Relaxed);
        body.as_object_mut().unwrap().remove("scope");
        Reply::json(200, body)
    });
    client.refresh().unwrap();
    assert_eq!(client.token().unwrap().scope(), Some("read"));
}

#[test]
fn a_refresh_token_of_client_credentials_is_kept_and_never_used() {
    let sandbox = answering(|body| body["refresh_token"] = "rt-unasked".into());
    let client = builder(&sandbox).client_credentials(&["read"]).build();
    client.access_token().unwrap();
    let stored = client.stored().unwrap().unwrap();
    assert_eq!(rt(stored.token()), "rt-unasked");
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().client_credentials, 2, "the next token comes by the same grant");
    assert_eq!(sandbox.counters().refused, 0);
}

#[test]
fn an_error_that_is_not_json_keeps_the_refresh_token() {
    for (status, body) in [
        ("400 Bad Request", ""),
        ("403 Forbidden", ""),
        ("403 Forbidden", "<html>no</html>"),
        ("400 Bad Request", r#"{"type":"about:blank","title":"Bad","detail":"no"}"#),
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        ("400 Bad Request", r#"{"error":"unauthorized_client"}"#),
        ("400 Bad Request", r#"{"error":"invalid_scope"}"#),
        ("400 Bad Request", r#"{"error":"unsupported_grant_type"}"#),
        ("400 Bad Request", r#"{"error":"invalid_request"}"#),
        ("500 Internal Server Error", "oops"),
        ("429 Too Many Requests", ""),
    ] {
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, "", body.as_bytes());
            }
        });
        let client = stranger(provider_at(&server.url()).build().unwrap());
        let error = client.refresh().unwrap_err();
        assert!(!error.needs_authorization(), "{status} {body}: {error:?}");
        let stored = client.stored().unwrap().unwrap();
        assert_eq!(rt(stored.token()), "rt-1", "{status} {body}");
        assert!(stored.refused().is_none(), "{status} {body}");
    }
}

#[test]
fn an_answer_that_decompresses_without_end_is_cut() {
    let bomb = include_bytes!("bomb.gz");
    let server = Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "Content-Encoding: gzip\r\n", bomb);
        }
    });
    let client = stranger(provider_at(&server.url()).build().unwrap());
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(format!("{error:#}").contains("larger than 1048576 bytes"), "{error}");
    assert_eq!(rt(client.stored().unwrap().unwrap().token()), "rt-1");
}

#[test]
fn the_access_token_is_sent_in_one_header_only() {
    let api = Fake::json("{}");
    let provider = provider_at("http://127.0.0.1:1/token").api_base(api.url()).build().unwrap();
    let credentials = evergrant::Credentials::public("app");
    let client = Client::new(provider, credentials, MemoryBackend::new());
    client.seed(evergrant::Token::new("at-canary")).unwrap();
    client.get("/me?x=1").query("y", "2").call().unwrap();
    client.post("/me").send_json(&json!({"a": 1})).unwrap();
    for request in api.requests() {
        let lines: Vec<_> = request.lines().filter(|line| line.contains("at-canary")).collect();
        assert_eq!(lines.len(), 1, "{request}");
        let (name, value) = lines[0].split_once(": ").unwrap();
        assert!(name.eq_ignore_ascii_case("authorization"));
        assert_eq!(value, "Bearer at-canary", "one space and no quotes");
    }
}

#[test]
fn an_oauth_2_1_client_needs_no_setting() {
    // Every code grant has PKCE, also for a client with a secret; both requests have the same redirect
    // URI; the response type is `code`; the secret is in the body if the server wants that.
    let sandbox = Sandbox::builder()
        .pkce_required(true)
        .client_auth(evergrant::provider::ClientAuth::Body)
        .start()
        .unwrap();
    let client = builder(&sandbox).redirect_uri("http://127.0.0.1:8/cb/?a=B%20").build();
    let authorization = client.authorize(&["read"]).unwrap();
    let url = url::Url::parse(authorization.url()).unwrap();
    let get = |name: &str| {
        url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    };
    assert_eq!(get("response_type").as_deref(), Some("code"));
    assert_eq!(get("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(get("redirect_uri").as_deref(), Some("http://127.0.0.1:8/cb/?a=B%20"));
    let callback = sandbox.approve(authorization.url()).unwrap();
    assert!(client.exchange(authorization, &callback).is_ok());
    assert_eq!(seeded(&sandbox).get("/me").call().unwrap().status(), 200);
}

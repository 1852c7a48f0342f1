//! Tests of introspection and revocation of tokens.

use evergrant::provider::ClientAuth;
use evergrant::provider::TokenTypeHint;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider, Secret};

use crate::support::{Fake, sandbox, seeded};

#[test]
fn a_token_is_active_until_it_is_revoked() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let token = client.token().unwrap();
    let refresh_token = token.refresh_token().unwrap();
    for (secret, hint) in [
        (token.access_token(), Some(TokenTypeHint::AccessToken)),
        (refresh_token, Some(TokenTypeHint::RefreshToken)),
        (refresh_token, None),
    ] {
        let known = client.introspect(secret, hint).unwrap();
        assert!(known.active());
        assert_eq!((known.subject(), known.client_id()), (Some("ada"), Some("sandbox-client")));
        assert_eq!(known.issuer(), Some(sandbox.url()));
        assert_eq!(known.expires_at().is_some(), secret == token.access_token());
    }
    assert_eq!(sandbox.counters().token_requests, 0);
    client.revoke_token(refresh_token, Some(TokenTypeHint::RefreshToken)).unwrap();
    assert!(!client.introspect(refresh_token, None).unwrap().active());
    assert!(!client.introspect(&Secret::new("never-issued"), None).unwrap().active());
    assert!(client.stored().unwrap().is_some(), "the store must not change");
    assert_eq!(sandbox.counters().introspections, 5);
}

#[test]
fn a_refused_introspection_is_an_error_without_secrets() {
    let sandbox = sandbox();
    let wrong = Credentials::new("sandbox-client", "not-the-s3cret");
    let client = Client::new(sandbox.provider(), wrong, MemoryBackend::new());
    let error = client.introspect(&Secret::new("t0ken-canary"), None).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    let echo = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let body = request.rsplit("\r\n").next().unwrap_or_default();
            let json = serde_json::json!({"error": "invalid_request", "error_description": body});
            peer.answer("400 Bad Request", "", json.to_string().as_bytes());
        }
    });
    let provider = Provider::builder("x")
        .token_endpoint("http://127.0.0.1:1/t")
        .introspection_endpoint(echo.url())
        .introspection_auth(ClientAuth::Body)
        .build()
        .unwrap();
    let client =
        Client::new(provider, Credentials::new("app", "s3cret-canary"), MemoryBackend::new());
    let error = client
        .introspect(&Secret::new("t0ken-canary"), Some(TokenTypeHint::AccessToken))
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    let sent = &echo.requests()[0];
    assert!(sent.starts_with("POST / ") && !sent.contains("Authorization"), "{sent}");
    assert!(sent.ends_with(
        "token=t0ken-canary&token_type_hint=access_token&client_id=app&client_secret=s3cret-canary"
    ));
}

#[test]
fn a_server_without_the_endpoint_or_without_an_answer_is_an_error() {
    let none = Provider::builder("x").token_endpoint("http://127.0.0.1:1/t");
    let client = |provider: Provider| {
        Client::new(provider, Credentials::new("app", "s"), MemoryBackend::new())
    };
    let ask = |client: Client| client.introspect(&Secret::new("t"), None).unwrap_err().kind();
    assert_eq!(ask(client(none.clone().build().unwrap())), "config");
    let deaf = none.introspection_endpoint("http://127.0.0.1:1/i").build().unwrap();
    assert_eq!(ask(client(deaf)), "transport");
}

#[test]
fn any_token_can_be_revoked_and_the_body_is_ignored() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let token = client.token().unwrap();
    client.revoke_token(token.access_token(), Some(TokenTypeHint::AccessToken)).unwrap();
    client.revoke_token(&Secret::new("unknown"), None).unwrap();
    assert!(sandbox.login_alive(), "revoking an access token revokes the login");
    assert_eq!(sandbox.counters().revocations, 1);
    for body in ["", "{}", "OK", "<html></html>", "null", "\u{feff}{\"error\":null}"] {
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer("200 OK", "Content-Type: text/html\r\n", body.as_bytes());
            }
        });
        let provider = sandbox.provider().to_builder().revocation_endpoint(server.url());
        let client =
            Client::new(provider.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
        client.revoke_token(&Secret::new("t"), None).unwrap_or_else(|e| panic!("{body}: {e}"));
    }
}

#[test]
fn a_failed_revocation_leaves_the_login() {
    for (status, headers, body, kind) in [
        ("503 Unavailable", "Retry-After: 30\r\n", "", "rate_limited"),
        ("503 Unavailable", "", "", "transport"),
        ("400 Bad Request", "", r#"{"error":"unsupported_token_type"}"#, "oauth"),
        ("401 Unauthorized", "", r#"{"error":"invalid_client"}"#, "oauth"),
    ] {
        let sandbox = Sandbox::start().unwrap();
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, headers, body.as_bytes());
            }
        });
        let provider = sandbox.provider().to_builder().revocation_endpoint(server.url());
        let client =
            Client::new(provider.build().unwrap(), sandbox.credentials(), MemoryBackend::new());
        client.seed(sandbox.login()).unwrap();
        let error = client.revoke().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            client.stored().unwrap().is_some(),
            "{kind}: the token is still valid, but the record is gone"
        );
        assert!(client.refresh().is_ok(), "{kind}");
    }
    // The revocation endpoint may have its own authentication method (RFC 7009).
    let sandbox = Sandbox::builder().client_auth(ClientAuth::Body).start().unwrap();
    let odd = sandbox.provider().to_builder().client_auth(ClientAuth::Basic);
    let odd = odd.revocation_auth(ClientAuth::Body).build().unwrap();
    let client = Client::new(odd, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    sandbox.fault(Fault::CutBefore);
    client.revoke().unwrap();
    assert!(!sandbox.login_alive() && client.stored().unwrap().is_none());
}

//! Tests of hooks on token requests, for services that no setting describes: WeChat, DingTalk, and Withings
//! with its signature.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant::provider::{ClientAuth, Pkce, Rotation, TokenFormat};
use evergrant::sandbox::Fault;
use evergrant::{Client, Error, Secret};
use serde_json::{Value, json};

use super::{builder, header, provider};
use crate::support::{Fake, at, rt, sandbox, seeded};

fn logged_in(client: &Client) -> evergrant::Token {
    let authorization = client.authorize(&[]).unwrap();
    let callback = format!("?code=c-1&state={}", authorization.state().expose());
    client.exchange(authorization, &callback).unwrap()
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn wechat_needs_ten_lines_of_hooks() {
    let server = Fake::json(
        r#"{"access_token":"at-1","expires_in":7200,"refresh_token":"rt-1","openid":"o","scope":"snsapi_login"}"#,
    );
    let wechat = provider(&server)
        .client_auth(ClientAuth::Body)
        .token_format(TokenFormat::Get)
        .pkce(Pkce::Off);
    let client = builder(wechat)
        .before_token_request(|request| {
            request.rename_param("client_id", "appid");
            match request.param("grant_type").map(Secret::expose) {
                Some("refresh_token") => request.remove_param("client_secret"),
                _ => request.rename_param("client_secret", "secret"),
            }
            request.remove_param("redirect_uri");
            Ok(())
        })
        .build();
    logged_in(&client);
    client.refresh().unwrap();
    let lines: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /token?grant_type=authorization_code&code=c-1&appid=app&secret=sesame HTTP/1.1",
            "GET /token?grant_type=refresh_token&refresh_token=rt-1&appid=app HTTP/1.1",
        ]
    );
}

#[test]
fn dingtalk_needs_ten_lines_of_hooks() {
    let server = Fake::json(r#"{"accessToken":"at-1","refreshToken":"rt-1","expireIn":7200}"#);
    let row = provider(&server).client_auth(ClientAuth::Body).token_format(TokenFormat::Json);
    let client = builder(row.pkce(Pkce::Off))
        .before_token_request(|request| {
            for (name, new) in [
                ("client_id", "clientId"),
                ("client_secret", "clientSecret"),
                ("grant_type", "grantType"),
                ("refresh_token", "refreshToken"),
            ] {
                request.rename_param(name, new);
            }
            request.remove_param("redirect_uri");
            Ok(())
        })
        .on_token_answer(|answer| {
            let mut members: Value = serde_json::from_slice(answer.body).ok()?;
            members["expires_in"] = members["expireIn"].take();
            Some(members.to_string().into_bytes())
        })
        .build();
    let token = logged_in(&client);
    assert_eq!((at(&token), rt(&token)), ("at-1", "rt-1"));
    assert_eq!(token.lifetime().unwrap().as_secs(), 7200);
    client.refresh().unwrap();
    let sent: Vec<Value> =
        server.requests().iter().map(|r| serde_json::from_str(body(r)).unwrap()).collect();
    let code = json!({"clientId": "app", "clientSecret": "sesame", "code": "c-1",
        "grantType": "authorization_code"});
    let refresh = json!({"clientId": "app", "clientSecret": "sesame", "refreshToken": "rt-1",
        "grantType": "refresh_token"});
    assert_eq!(sent, [code, refresh]);
}

/// Returns the signature that Withings requires: HMAC-SHA256 over action, client id and nonce, in
/// hexadecimal.
fn signature(action: &str, id: &str, nonce: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"sesame");
    let tag = ring::hmac::sign(&key, format!("{action},{id},{nonce}").as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_signature_of_withings_needs_ten_lines_of_hooks() {
    let server = Fake::json(
        r#"{"status":0,"body":{"userid":"7","access_token":"at-1","refresh_token":"rt-1","expires_in":10800,"scope":"user.info,user.metrics"}}"#,
    );
    let row = provider(&server)
        .client_auth(ClientAuth::None)
        .pkce(Pkce::Off)
        .scope_separator(',')
        .token_path("body")
        .token_param("action", "requesttoken");
    let nonces = AtomicUsize::new(0);
    let client = builder(row)
        .before_token_request(move |request| {
            let nonce = format!("n-{}", nonces.fetch_add(1, Ordering::SeqCst));
            let value = |name| request.param(name).map_or("", Secret::expose);
            let signed = signature(value("action"), value("client_id"), &nonce);
            request.set_param("nonce", nonce);
            request.set_param("signature", signed);
            Ok(())
        })
        .build();
    let token = logged_in(&client);
    assert_eq!(token.scope(), Some("user.info user.metrics"));
    client.refresh().unwrap();
    for (n, request) in server.requests().iter().enumerate() {
        let sent: std::collections::HashMap<_, _> =
            url::form_urlencoded::parse(body(request).as_bytes()).into_owned().collect();
        assert_eq!(sent["nonce"], format!("n-{n}"), "each request needs a new nonce");
        assert_eq!(sent["signature"], signature("requesttoken", "app", &sent["nonce"]));
        assert!(!sent.contains_key("client_secret"));
    }
}

#[test]
fn a_hook_that_fails_before_a_request_sends_nothing() {
    let sandbox = sandbox();
    for panics in [false, true] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let client = crate::support::builder(&sandbox)
            .before_token_request(move |request| {
                request.set_header("X-Key", "c4nary");
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    assert!(!panics, "a flaw of the hook");
                    return Err(Error::config("no nonce today"));
                }
                Ok(())
            })
            .build();
        client.seed(sandbox.login()).unwrap();
        let before = sandbox.counters().token_requests;
        let error = client.refresh().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("c4nary"));
        assert_eq!(sandbox.counters().token_requests, before);
        assert!(client.stored().unwrap().unwrap().note().is_none(), "the note must be removed");
        // The next refresh works: the refresh token was not sent, and no lock is held.
        client.refresh().unwrap();
        client.get("/me").call().unwrap();
        assert!(sandbox.login_alive());
    }
}

#[test]
fn a_hook_that_panics_on_an_answer_loses_no_token() {
    let sandbox =
        evergrant::sandbox::Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = crate::support::builder(&sandbox)
        .on_token_answer(|answer| panic!("status {}", answer.status))
        .build();
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 2);
    assert!(sandbox.login_alive());
}

#[test]
fn a_repeated_request_passes_the_hook_again() {
    let sandbox = sandbox();
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let client = crate::support::builder(&sandbox)
        .before_token_request(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .build();
    client.seed(sandbox.login()).unwrap();
    sandbox.fault(Fault::CutBefore);
    let _ = client.refresh();
    assert_eq!(seen.load(Ordering::SeqCst), sandbox.counters().token_requests as usize);
    assert!(seen.load(Ordering::SeqCst) >= 1);
    // A client without hooks still refreshes.
    seeded(&sandbox).refresh().unwrap();
}

#[test]
fn no_error_shows_what_a_hook_adds() {
    let server = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let key = header(&request, "x-key").unwrap_or_default().to_owned();
            let text = format!("{key} {}", body(&request));
            let body = json!({"error": "odd", "error_description": text}).to_string();
            peer.answer("400 Bad Request", "", body.as_bytes());
        }
    });
    let client = builder(provider(&server))
        .before_token_request(|request| {
            request.set_header("X-Key", "c4nary-1");
            request.set_param("sign", "c4nary-2");
            Ok(())
        })
        .build();
    client.seed(evergrant::Token::new("at").with_refresh_token("c4nary-3")).unwrap();
    let error = client.refresh().unwrap_err();
    assert!(!format!("{error:#} {error:?}").contains("c4nary"), "{error:?}");
    assert!(format!("{error:?}").contains("odd"));
}

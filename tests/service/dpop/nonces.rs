//! Tests of the nonces of both servers: a nonce is kept, a demand leads to one repetition and never to
//! a refresh.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use evergrant::provider::{ErrorRule, Rotation, Verdict};
use evergrant::sandbox::{ApiReply, Fault, Sandbox, SandboxBuilder, TokenReply};
use evergrant::{Client, Error, FileBackend, MemoryBackend};
use serde_json::json;

use super::{claims, log_in, logged_in, strict};

/// A server that demands nonces and accepts each refresh token once.
fn with_nonces() -> SandboxBuilder {
    strict().dpop_nonces(1000).rotation(Rotation::StrictFamily)
}

fn demand(nonce: &str) -> TokenReply {
    TokenReply::json(400, json!({"error": "use_dpop_nonce", "error_description": "nonce, please"}))
        .with_header("DPoP-Nonce", nonce)
}

#[test]
fn a_demanded_nonce_costs_one_more_request_and_no_login() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.nonces_demanded), (2, 1));
    client.get("/me").call().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!((sandbox.counters().api_calls, sandbox.counters().nonces_demanded), (3, 2));
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().token_requests, 3, "the nonce is known");
    sandbox.renew_dpop_nonces();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.refreshes, counters.nonces_demanded), (5, 2, 4));
    assert_eq!((counters.refused, counters.reuses, counters.proofs_refused), (0, 0, 0));
    assert!(client.stored().unwrap().unwrap().note().is_none());
}

#[test]
fn a_nonce_in_any_answer_replaces_the_earlier_one() {
    // Each proof leads to a new nonce, and old nonces are refused.
    let sandbox = strict().dpop_nonces(1).start().unwrap();
    let client = logged_in(&sandbox);
    for _ in 0..12 {
        client.get("/me").call().unwrap();
        client.get("/status/404").any_status().call().unwrap();
        client.refresh().unwrap();
    }
    assert_eq!(sandbox.counters().nonces_demanded, 2, "one for each server");
}

#[test]
fn a_second_demand_in_a_row_is_an_error_that_spends_nothing() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    // The same login at a server that always demands another nonce.
    sandbox.on_open("POST", "/api/demands", |_| demand("n-1"));
    let demanding = format!("{}/api/demands", sandbox.url());
    let provider = sandbox.provider().to_builder().refresh_endpoint(demanding).build().unwrap();
    let backend = FileBackend::new(sandbox.folder().join("login.json"));
    let other = Client::new(provider, sandbox.credentials(), backend);
    let before = sandbox.counters();
    let error = other.refresh().unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "use_dpop_nonce"), "{error}");
    assert!(error.to_string().contains("nonce, please"), "{error}");
    assert_eq!(sandbox.counters().api_calls, before.api_calls + 2);
    assert!(other.stored().unwrap().unwrap().note().is_none(), "nothing is in doubt");
    // Without a nonce in the answer, the request is not repeated at all.
    sandbox.faults(
        2,
        Fault::Body {
            status: 400,
            content_type: "application/json".to_owned(),
            body: br#"{"error":"use_dpop_nonce"}"#.to_vec(),
            commit: false,
        },
    );
    let before = sandbox.counters();
    let error = client.refresh().unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "use_dpop_nonce"), "{error}");
    assert!(!error.needs_authorization());
    assert_eq!(sandbox.counters().token_requests, before.token_requests + 1);
    assert!(client.stored().unwrap().unwrap().note().is_none(), "nothing is in doubt");
    sandbox.clear_faults();
    client.refresh().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().reuses), (1, 0));
}

#[test]
fn demands_without_end_are_two_requests_at_each_server() {
    let sandbox = strict().start().unwrap();
    let client = logged_in(&sandbox);
    let before = sandbox.counters();
    sandbox.on_token(|_, _| demand("n-1"));
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let own = builder.client_credentials(&["read"]).build();
    let error = own.access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "use_dpop_nonce"), "{error}");
    assert_eq!(sandbox.counters().token_requests, before.token_requests + 2);
    sandbox.on("GET", "/api/never", |_| {
        ApiReply::json(401, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
            .with_header("DPoP-Nonce", "n-2")
    });
    let error = client.get("/never").call().unwrap_err();
    let Error::Api(error) = error else { panic!("{error}") };
    assert_eq!(error.status, 401);
    assert!(error.advice.as_ref().unwrap().contains("DPoP proof"), "{error}");
    assert_eq!(sandbox.counters().api_calls, before.api_calls + 2);
    assert_eq!(sandbox.counters().refreshes, 0, "a refresh cannot help");
    // A demand without a nonce, and an answer with another status, are not repeated.
    sandbox.on("GET", "/api/empty", |_| {
        ApiReply::json(401, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
    });
    sandbox.on("GET", "/api/forbidden", |_| {
        ApiReply::json(403, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
            .with_header("DPoP-Nonce", "n-3")
    });
    for path in ["/empty", "/forbidden"] {
        let calls = sandbox.counters().api_calls;
        client.get(path).call().unwrap_err();
        assert_eq!(sandbox.counters().api_calls, calls + 1, "{path}");
    }
    client.get("/me").call().unwrap();
}

#[test]
fn a_demand_to_a_client_without_a_key_is_not_repeated() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.on_token(|_, _| demand("n-1"));
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let error = builder.client_credentials(&[]).build().access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "use_dpop_nonce"), "{error}");
    assert_eq!(sandbox.counters().token_requests, 1);
}

#[test]
fn no_rule_of_a_provider_makes_a_demand_a_refusal() {
    let sandbox = with_nonces().start().unwrap();
    logged_in(&sandbox);
    let rule = ErrorRule::new(Verdict::Refused).status(400);
    let provider = sandbox.provider().to_builder().error_rule(rule).build().unwrap();
    let backend = FileBackend::new(sandbox.folder().join("login.json"));
    let client = Client::new(provider, sandbox.credentials(), backend);
    sandbox.faults(
        2,
        Fault::Body {
            status: 400,
            content_type: "application/json".to_owned(),
            body: br#"{"error":"use_dpop_nonce"}"#.to_vec(),
            commit: false,
        },
    );
    let error = client.refresh().unwrap_err();
    assert!(!error.needs_authorization(), "{error}");
    sandbox.clear_faults();
    client.refresh().unwrap();
}

#[test]
fn a_streamed_body_is_not_repeated_but_its_nonce_is_kept() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    let send = || client.post("/echo").send_reader(&mut &b"body"[..], Some(4));
    let Error::Api(error) = send().unwrap_err() else { panic!("no error of the API") };
    assert_eq!(error.status, 401);
    assert!(error.advice.as_ref().unwrap().contains("stream"), "{error}");
    assert_eq!(send().unwrap().status(), 200);
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().api_calls), (0, 2));
}

#[test]
fn a_posted_body_is_repeated_with_its_nonce() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    let echo: serde_json::Value =
        client.post("/echo").send_json(&json!({"a": 1})).unwrap().read_json().unwrap();
    assert_eq!(echo["body"], r#"{"a":1}"#);
    assert!(claims(echo["headers"]["dpop"].as_str().unwrap())["nonce"].is_string());
    assert_eq!(sandbox.counters().api_calls, 2);
}

/// An answer to another request may bring an older nonce between a demand and its repetition.
#[test]
fn a_repetition_has_the_nonce_of_its_own_demand() {
    let sandbox = with_nonces().start().unwrap();
    logged_in(&sandbox);
    sandbox.on("GET", "/api/old", |_| ApiReply::json(200, ()).with_header("DPoP-Nonce", "old"));
    let other: Arc<OnceLock<Client>> = Arc::default();
    let (neighbour, asked) = (other.clone(), AtomicBool::new(false));
    let backend = FileBackend::new(sandbox.folder().join("login.json"));
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), backend)
        .before_send(move |sending| {
            if sending.attempt == 1 && !asked.swap(true, Ordering::Relaxed) {
                neighbour.get().unwrap().get("/old").call()?;
            }
            Ok(())
        })
        .build();
    other.set(client.clone()).unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().nonces_demanded, 2, "one at each server");
}

#[test]
fn a_nonce_and_an_expired_token_cost_one_refresh() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    client.get("/me").call().unwrap();
    sandbox.renew_dpop_nonces();
    // Only the server knows that the token has expired.
    sandbox.expire_access_tokens();
    client.get("/me").call().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().refused), (1, 0));
}

#[test]
fn another_http_library_gets_its_headers_and_gives_back_nonces() {
    let sandbox = with_nonces().start().unwrap();
    let client = logged_in(&sandbox);
    let url = format!("{}/api/me", sandbox.url());
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
    let agent = agent.new_agent();
    let call = || {
        let headers = client.dpop_headers(&ureq::http::Method::GET, &url).unwrap().unwrap();
        assert!(!format!("{headers:?}").contains("ey"));
        agent
            .get(&url)
            .header("Authorization", headers.authorization.expose())
            .header("DPoP", headers.dpop.expose())
            .call()
            .unwrap()
    };
    let answer = call();
    assert_eq!(answer.status(), 401);
    assert!(client.dpop_answer(&url, 401, answer.headers()));
    let mut without = answer.headers().clone();
    without.remove("dpop-nonce");
    assert!(!client.dpop_answer(&url, 401, &without));
    let answer = call();
    assert_eq!(answer.status(), 200);
    assert!(!client.dpop_answer(&url, 200, answer.headers()));
    sandbox.renew_dpop_nonces();
    assert!(client.dpop_answer("/me", 401, call().headers()), "a path names the API");
    assert_eq!(call().status(), 200);
    assert!(client.dpop_headers(&ureq::http::Method::GET, "https://other.example/").is_err());
    let sandbox = Sandbox::start().unwrap();
    let client = super::client(&sandbox);
    log_in(&sandbox, &client);
    assert!(client.dpop_headers(&ureq::http::Method::GET, "/me").unwrap().is_none());
}

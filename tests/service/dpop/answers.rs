//! Tests of wrong answers: unbound tokens, refused proofs.

use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::error::DpopError;
use evergrant::provider::{Dpop, Rotation};
use evergrant::sandbox::{ApiReply, Fault, Sandbox, TokenReply};
use evergrant::{BoxError, Client, Error, FileBackend, MemoryBackend};
use serde_json::json;

use super::{client, log_in, logged_in, strict};

/// Makes the sandbox say that its tokens are bearer tokens.
fn unbound(sandbox: &Sandbox) {
    sandbox.on_token(|_, reply| {
        let mut body = reply.to_json();
        if body.get("token_type").is_some() {
            body["token_type"] = "bearer".into();
        }
        reply.with_json(body)
    });
}

fn is_not_bound(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    matches!(source, Some(DpopError::NotBound { token_type }) if token_type == "bearer")
}

#[test]
fn an_unbound_token_ends_a_login_and_nothing_is_stored() {
    let sandbox = Sandbox::start().unwrap();
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = builder.dpop().build();
    unbound(&sandbox);
    let result = client.authorize_pasted(&["read"], |url, _| sandbox.approve(url));
    let error = result.unwrap_err();
    assert!(error.kind() == "decode" && is_not_bound(&error), "{error:?}");
    assert!(client.stored().unwrap().is_none());
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let own = builder.client_credentials(&[]).dpop().build();
    let error = own.access_token().unwrap_err();
    assert!(is_not_bound(&error), "{error:?}");
}

#[test]
fn an_unbound_token_of_a_refresh_is_not_sent() {
    let sandbox = strict().rotation(Rotation::StrictFamily).start().unwrap();
    let client = logged_in(&sandbox);
    unbound(&sandbox);
    client.refresh().unwrap();
    let calls = sandbox.counters().api_calls;
    for _ in 0..3 {
        let error = client.get("/me").call().unwrap_err();
        assert!(is_not_bound(&error), "{error:?}");
    }
    assert_eq!(sandbox.counters().api_calls, calls, "the token did not leave the machine");
    assert_eq!(sandbox.counters().refreshes, 1, "and no refresh follows another");
    sandbox.on_token(|_, reply| reply);
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().reuses, 0);
}

#[test]
fn a_client_may_accept_unbound_tokens() {
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("login.json");
    let make = || {
        let backend = FileBackend::new(&path);
        let builder = Client::builder(sandbox.provider(), sandbox.credentials(), backend);
        builder.dpop_if_offered().build()
    };
    let client = make();
    log_in(&sandbox, &client);
    assert_eq!(client.token().unwrap().token_type(), "DPoP");
    client.get("/me").call().unwrap();
    // A bearer token from a refresh is sent without a proof.
    sandbox.on_open("GET", "/api/seen", |request| {
        let scheme = request.header("authorization").and_then(|value| value.split(' ').next());
        ApiReply::json(200, json!([scheme, request.header("dpop").is_some()]))
    });
    let seen = || client.get("/seen").read_json::<serde_json::Value>().unwrap();
    assert_eq!(seen(), json!(["DPoP", true]));
    unbound(&sandbox);
    client.refresh().unwrap();
    assert_eq!(seen(), json!(["Bearer", false]));
    // A server that ignores proofs.
    let plain = Sandbox::start().unwrap();
    unbound(&plain);
    let builder = Client::builder(plain.provider(), plain.credentials(), MemoryBackend::new());
    let client = builder.dpop_if_offered().build();
    log_in(&plain, &client);
    let token = client.token().unwrap();
    assert_eq!((token.token_type(), token.dpop_key()), ("bearer", None));
}

#[test]
fn a_refused_proof_is_repeated_with_the_servers_time() {
    for behind in [false, true] {
        let clock = Arc::new(ManualClock::new());
        let sandbox = strict().rotation(Rotation::StrictFamily).start().unwrap();
        let hour = Duration::from_secs(3600);
        let now = std::time::SystemTime::now();
        clock.set_wall(if behind { now - hour } else { now + hour });
        let builder =
            Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
        let client = builder.clock(clock.clone()).build();
        log_in(&sandbox, &client);
        client.get("/me").call().unwrap();
        client.refresh().unwrap();
        client.get("/me").call().unwrap();
        let counters = sandbox.counters();
        assert_eq!((counters.proofs_refused, counters.refreshes), (2, 1), "one at each server");
        assert_eq!((counters.reuses, counters.logins_ended), (0, 0));
        assert!(clock.slept().is_zero());
    }
}

#[test]
fn a_refused_proof_never_ends_the_login() -> Result<(), BoxError> {
    let sandbox = strict().rotation(Rotation::StrictFamily).start()?;
    let client = logged_in(&sandbox);
    sandbox.faults(
        2,
        Fault::Body {
            status: 400,
            content_type: "application/json".to_owned(),
            body: br#"{"error":"invalid_dpop_proof","error_description":"bad jkt"}"#.to_vec(),
            commit: false,
        },
    );
    let error = client.refresh().unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "invalid_dpop_proof"), "{error}");
    let text = error.to_string();
    assert!(text.contains("bad jkt") && text.contains("clock"), "{text}");
    assert!(!error.needs_authorization());
    sandbox.clear_faults();
    client.refresh()?;
    sandbox.on("GET", "/api/odd", |_| {
        ApiReply::json(401, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"invalid_dpop_proof\"")
    });
    let Err(Error::Api(error)) = client.get("/odd").call() else { panic!("no error") };
    assert!(error.advice.as_ref().unwrap().contains("clock"), "{error}");
    assert_eq!(sandbox.counters().refreshes, 1);
    assert_eq!(sandbox.counters().api_calls, 1, "the clocks agree, so another proof cannot help");
    client.get("/me").call()?;
    Ok(())
}

#[test]
fn a_bound_token_that_the_api_refuses_is_refreshed_once() {
    let sandbox = strict().start().unwrap();
    let client = logged_in(&sandbox);
    sandbox.expire_access_tokens();
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn a_repeated_request_has_a_proof_of_its_own() {
    let sandbox = strict().rotation(Rotation::UntilUsed).start().unwrap();
    let client = logged_in(&sandbox);
    // The server has seen both proofs.
    sandbox.api_fault(Fault::CutAfter);
    client.get("/me").call().unwrap();
    sandbox.fault(Fault::CutAfter);
    client.refresh().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.recovered, counters.proofs_refused), (2, 1, 0));
}

#[cfg(feature = "oidc")]
#[test]
fn userinfo_is_asked_with_a_proof() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    client.authorize_pasted(&["openid"], |url, _| sandbox.approve(url)).unwrap();
    client.userinfo().unwrap();
    assert_eq!(sandbox.counters().proofs_refused, 0);
}

/// These tests rely on the sandbox to refuse wrong proofs, so test the sandbox.
#[test]
fn the_sandbox_gives_a_bound_token_to_its_key_alone() {
    let sandbox = strict().start().unwrap();
    let (one, two) = (client(&sandbox), client(&sandbox));
    log_in(&sandbox, &one);
    log_in(&sandbox, &two);
    let token = one.token().unwrap();
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
    let agent = agent.new_agent();
    let status = |scheme: &str| {
        let value = format!("{scheme} {}", token.access_token().expose());
        let url = format!("{}/api/me", sandbox.url());
        agent.get(url).header("Authorization", value).call().unwrap().status().as_u16()
    };
    assert_eq!((status("Bearer"), status("DPoP"), status("Basic")), (401, 401, 401));
    let refused = sandbox.counters().proofs_refused;
    let stolen = evergrant::Token::new(token.access_token().clone())
        .with_token_type("DPoP")
        .with_dpop_key(two.token().unwrap().dpop_key().unwrap().clone());
    let thief = client(&sandbox);
    thief.seed(stolen).unwrap();
    let Err(Error::Api(error)) = thief.get("/me").call() else { panic!("no error") };
    assert!(error.advice.as_ref().unwrap().contains("invalid_dpop_proof"), "{error}");
    assert_eq!(sandbox.counters().proofs_refused, refused + 1);
    let provider = sandbox.provider().to_builder().dpop(Dpop::Offered).build().unwrap();
    let plain = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let result = plain.authorize_pasted(&["read"], |url, _| sandbox.approve(url));
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "invalid_dpop_proof"), "{error}");
    one.get("/me").call().unwrap();
}

#[test]
fn a_caller_cannot_set_the_proof_itself() {
    let sandbox = strict().start().unwrap();
    let client = logged_in(&sandbox);
    let error = client.get("/me").header("dpop", "x").call().unwrap_err();
    assert!(error.to_string().contains("dpop is set by the client"), "{error}");
}

#[test]
fn a_hook_cannot_replace_the_proof_of_a_token_request() {
    let sandbox = strict().start().unwrap();
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = builder.before_token_request(|draft| {
        draft.set_header("dpop", "x");
        Ok(())
    });
    log_in(&sandbox, &client.build());
    assert_eq!(sandbox.counters().proofs_refused, 0);
}

#[test]
fn no_error_repeats_a_proof() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    sandbox.on_token(|call, _| {
        let proof = call.header("dpop").unwrap_or_default();
        TokenReply::json(400, json!({"error": "invalid_request", "error_description": proof}))
    });
    let result = client.authorize_pasted(&["read"], |url, _| sandbox.approve(url));
    let error = format!("{:?}", result.unwrap_err());
    assert!(!error.contains("eyJ"), "{error}");
}

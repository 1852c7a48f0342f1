//! Tests of services with their own error formats, with the rules of the ready providers.

use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::hooks::Event;
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{Fault, Sandbox, TokenReply};
use evergrant::{Client, Error, MemoryBackend, Provider, providers};
use serde_json::json;

use crate::support::rt;

/// Returns a ready provider with the endpoints of the sandbox.
fn moved(provider: Provider, sandbox: &Sandbox) -> Provider {
    let at = |path: &str| format!("{}{path}", sandbox.url());
    provider
        .to_builder()
        .authorization_endpoint(at("/authorize"))
        .token_endpoint(at("/token"))
        .api_base(at("/api"))
        .build()
        .unwrap()
}

#[test]
fn teamleaders_refusal_asks_for_a_new_login() {
    let sandbox = Sandbox::builder().client_auth(ClientAuth::Body).start().unwrap();
    let provider = moved(providers::teamleader(), &sandbox);
    let clock = Arc::new(ManualClock::new());
    let client =
        Client::builder(provider, sandbox.credentials(), MemoryBackend::new()).clock(clock).build();
    client.seed(sandbox.login()).unwrap();
    sandbox.on_token(|_, reply| {
        if reply.status == 200 {
            return reply;
        }
        let meta = json!({
            "type": "invalid_request",
            "hint": "Cannot decrypt the refresh token",
            "message": "The refresh token is invalid.",
        });
        TokenReply::json(
            401,
            json!({"errors": [{"code": 8, "title": "The refresh token is invalid.",
                "status": 401, "meta": meta}]}),
        )
    });
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    sandbox.revoke_login();
    let error = client.get("/me").call().unwrap_err();
    let Error::Reauthorize(refusal) = &error else { panic!("{error:?}") };
    assert_eq!((&*refusal.error.code, refusal.error.status), ("invalid_request", 401));
    assert!(error.needs_authorization());
    assert!(client.stored().unwrap().unwrap().refused().is_some(), "the record stays");
    // The refusal is stored, and the next call sends nothing.
    let asked = sandbox.counters().token_requests;
    assert!(matches!(client.get("/me").call(), Err(Error::Reauthorize(_))));
    assert_eq!(sandbox.counters().token_requests, asked);
}

#[test]
fn exact_onlines_too_early_does_not_stop_a_call() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder()
        .client_auth(ClientAuth::Body)
        .clock(clock.clone())
        .access_token_lifetime(Duration::from_secs(600))
        .earliest_refresh(Duration::from_secs(570))
        .start()
        .unwrap();
    // With this margin the client refreshes before the server allows it.
    let provider = moved(providers::exact_online("nl").unwrap(), &sandbox)
        .to_builder()
        .earliest_refresh(Duration::ZERO)
        .margin(Duration::from_secs(300))
        .build()
        .unwrap();
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let events = heard.clone();
    let client = Client::builder(provider, sandbox.credentials(), MemoryBackend::new())
        .clock(clock.clone())
        .on_event(move |event| events.lock().unwrap().push(event.clone()))
        .build();
    let token = sandbox.login();
    client.seed(token.clone()).unwrap();
    clock.advance(Duration::from_secs(560));
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.too_early, counters.refreshes), (1, 1, 0));
    assert!(heard.lock().unwrap().iter().any(|event| matches!(event, Event::PutOff { .. })));
    let stored = client.stored().unwrap().unwrap();
    assert_eq!(rt(stored.token()), rt(&token));
    // Later the server allows the refresh.
    clock.advance(Duration::from_secs(45));
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn a_401_before_the_earliest_refresh_is_returned() {
    let clock = Arc::new(ManualClock::new());
    let sandbox =
        Sandbox::builder().client_auth(ClientAuth::Body).clock(clock.clone()).start().unwrap();
    let provider = moved(providers::exact_online("nl").unwrap(), &sandbox);
    let client =
        Client::builder(provider, sandbox.credentials(), MemoryBackend::new()).clock(clock).build();
    client.seed(sandbox.login()).unwrap();
    sandbox.api_fault(Fault::RefuseOnce);
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(&error, Error::Api(api) if api.status == 401), "{error:?}");
    assert_eq!(sandbox.counters().token_requests, 0);
    client.get("/me").call().unwrap();
}

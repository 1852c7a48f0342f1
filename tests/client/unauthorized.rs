//! Tests of how the client reacts to a 401 of the API.

use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use evergrant::hooks::Event;
use evergrant::provider::Rotation;
use evergrant::sandbox::{ApiReply, Fault, Gate, Sandbox};
use evergrant::{Client, Error, FileBackend, Token};
use serde_json::{Value, json};

use crate::support::{PATIENCE, at, builder, sandbox, seeded};

#[test]
fn a_refused_token_is_refreshed_once_and_the_call_repeated() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.expire_access_tokens();
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["access_token_number"], 2);
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.api_ok, counters.refreshes), (2, 1, 1));
}

#[test]
fn a_token_that_another_client_refreshed_is_taken_from_the_store() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("shared.json");
    let new = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&store));
    let (one, two) = (new(), new());
    one.seed(sandbox.login()).unwrap();
    two.get("/me").call().unwrap();
    sandbox.expire_access_tokens();
    one.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
    let me: Value = two.get("/me").read_json().unwrap();
    assert_eq!((&me["access_token_number"], sandbox.counters().refreshes), (&json!(2), 1));
}

#[test]
fn a_second_401_is_returned() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.api_fault(Fault::RefuseOnce);
    sandbox.api_fault(Fault::RefuseOnce);
    let Err(Error::Api(error)) = client.get("/me").call() else { panic!() };
    assert_eq!(
        (error.status, error.json().unwrap()["error"].as_str()),
        (401, Some("invalid_token"))
    );
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.refreshes), (2, 1));
    // The next call already uses the new token.
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn sixty_four_threads_with_a_refused_token_make_one_refresh() {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = seeded(&sandbox);
    // All 64 threads have sent the old token before the first is refused.
    let gate = Gate::new();
    for _ in 0..64 {
        sandbox.api_fault(Fault::HoldBefore(gate.clone()));
    }
    thread::scope(|scope| {
        let calls: Vec<_> =
            (0..64).map(|_| scope.spawn(|| client.get("/me").call().map(|_| ()))).collect();
        assert!(gate.wait_for(64, PATIENCE));
        sandbox.expire_access_tokens();
        gate.open();
        for call in calls {
            call.join().unwrap().unwrap();
        }
    });
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.api_unauthorized), (128, 64));
    assert_eq!((counters.token_requests, counters.refreshes), (1, 1));
    assert!(sandbox.login_alive());
}

#[test]
fn a_token_that_becomes_invalid_during_a_call_is_replaced() {
    let sandbox = Sandbox::builder().ends_access_token(true).start().unwrap();
    let store = sandbox.folder().join("shared.json");
    let new = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&store));
    let (one, sibling) = (new(), new());
    one.seed(sandbox.login()).unwrap();
    one.get("/me").call().unwrap();
    sandbox.expire_access_tokens();
    // The first try is refused. The second try, with the new token, is held until the other client has made
    // that token invalid.
    let gate = Gate::new();
    sandbox.api_fault(Fault::DelayBefore(Duration::ZERO));
    sandbox.api_fault(Fault::HoldBefore(gate.clone()));
    let me: Value = thread::scope(|scope| {
        let call = scope.spawn(|| one.get("/me").read_json());
        assert!(gate.wait_for(1, PATIENCE));
        sibling.access_token().unwrap();
        sibling.refresh().unwrap();
        gate.open();
        call.join().unwrap().unwrap()
    });
    assert_eq!(me["access_token_number"], 3);
    let counters = sandbox.counters();
    assert_eq!((counters.refreshes, counters.api_unauthorized), (2, 2));
}

#[test]
fn without_a_refresh_token_a_401_is_returned() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    client.seed(Token::new("of another world")).unwrap();
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(&error, Error::Api(api) if api.status == 401), "{error:?}");
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.token_requests), (1, 0));
    // The refused token stays in the store.
    assert_eq!(at(client.stored().unwrap().unwrap().token()), "of another world");
}

#[test]
fn a_failed_refresh_after_a_401_is_the_error_of_the_call() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.expire_access_tokens();
    sandbox.fault(Fault::TooMany(Some(7)));
    let error = client.get("/me").call().unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), ("rate_limited", Some(Duration::from_secs(7))));
    assert_eq!(sandbox.counters().api_calls, 1);
}

#[test]
fn a_body_is_repeated_byte_for_byte_after_a_401() {
    let sandbox = sandbox();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    sandbox.on_open("POST", "/api/upload", move |request| {
        let kind = request.header("content-type").map(str::to_owned);
        log.lock().unwrap().push((request.body.clone(), kind, request.query.clone()));
        ApiReply::new(if request.subject.is_some() { 201 } else { 401 })
    });
    let client = seeded(&sandbox);
    let body: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    sandbox.expire_access_tokens();
    let request = client.post("/upload").query("a", "b c").header("Content-Type", "x/y");
    assert_eq!(request.send(&body).unwrap().status(), 201);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for sent in seen.iter() {
        assert!(*sent == (body.clone(), Some("x/y".to_owned()), "a=b+c".to_owned()));
    }
}

#[test]
fn the_event_hook_runs_after_the_locks_are_released() {
    let sandbox = sandbox();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let client =
        builder(&sandbox).on_event(move |event| heard.lock().unwrap().push(event.clone())).build();
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    client.refresh().unwrap();
    let refreshed = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::Refreshed { .. })).count()
    };
    assert_eq!(refreshed(&events.lock().unwrap()), 2);
}

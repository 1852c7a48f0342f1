//! Refreshes by name, tokens that are asked anew, seeds.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::provider::{ClientAuth, Rotation};
use evergrant::sandbox::{Fault, Gate, Sandbox};
use evergrant::{Client, Credentials, Error, FileBackend, MemoryBackend, Token};

use crate::support::{PATIENCE, at, builder, rt, sandbox, seeded};

#[test]
fn threads_that_refresh_at_once_join_one_refresh() {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = seeded(&sandbox);
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    // The 16 have asked when the first answer is let go: each passes the barrier before it asks, and
    // a thread that asks later would ask for a token newer than the second.
    let barrier = std::sync::Barrier::new(17);
    thread::scope(|scope| {
        let first = scope.spawn(|| client.refresh());
        assert!(gate.wait_for(1, PATIENCE));
        let others: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    client.refresh()
                })
            })
            .collect();
        barrier.wait();
        // The gate opens as soon as they have been let run.
        for _ in 0..1000 {
            thread::yield_now();
        }
        gate.open();
        first.join().unwrap().unwrap();
        for other in others {
            other.join().unwrap().unwrap();
        }
    });
    let refreshes = sandbox.counters().refreshes;
    assert!((1..=2).contains(&refreshes), "{refreshes}");
    assert!(sandbox.login_alive());
}

fn application(sandbox: &Sandbox) -> evergrant::ClientBuilder {
    let store = FileBackend::new(sandbox.folder().join("app.json"));
    Client::builder(sandbox.provider(), sandbox.credentials(), store)
        .client_credentials(&["read", "write"])
}

#[test]
fn a_token_for_the_application_is_asked_once_and_shared_through_the_store() {
    let sandbox = sandbox();
    let client = application(&sandbox).build();
    client.get("/me").call().unwrap();
    client.get("/me").call().unwrap();
    application(&sandbox).build().get("/me").call().unwrap();
    assert_eq!(sandbox.counters().client_credentials, 1);
    assert_eq!(client.token().unwrap().scope(), Some("read write"));
    // A 401 asks once anew.
    sandbox.expire_access_tokens();
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.client_credentials, counters.api_unauthorized), (2, 1));
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().client_credentials, 3);
}

#[test]
fn while_the_token_works_no_call_needs_the_token_endpoint() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder()
        .clock(clock.clone())
        .access_token_lifetime(Duration::from_secs(3600))
        .start()
        .unwrap();
    let client = application(&sandbox).clock(clock.clone()).build();
    client.get("/me").call().unwrap();
    sandbox.faults(100, Fault::StatusBefore(500));
    // Into the margin of 60 seconds.
    for _ in 0..12 {
        clock.advance(Duration::from_secs(295));
        client.get("/me").call().unwrap();
    }
    let asked = sandbox.counters().token_requests;
    assert!(asked > 1, "it was tried");
    // After the end it is told.
    clock.advance(Duration::from_secs(70));
    let error = client.get("/me").call().unwrap_err();
    assert!(!error.needs_authorization(), "{error:?}");
    sandbox.clear_faults();
    client.get("/me").call().unwrap();
}

#[test]
fn an_application_without_a_secret_is_told_so_at_once() {
    let sandbox = Sandbox::builder().client_auth(ClientAuth::Body).start().unwrap();
    let clock = Arc::new(ManualClock::new());
    let public = Credentials::public("sandbox-client");
    let client = Client::builder(sandbox.provider(), public, MemoryBackend::new())
        .client_credentials(&[])
        .clock(clock.clone())
        .build();
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert!(!error.is_transient());
    assert_eq!((clock.slept(), sandbox.counters().token_requests), (Duration::ZERO, 0));
}

#[test]
fn a_wrong_secret_is_a_setup_error() {
    let sandbox = sandbox();
    let wrong = Credentials::new("sandbox-client", "wrong-secret");
    let client = Client::builder(sandbox.provider(), wrong, MemoryBackend::new())
        .client_credentials(&[])
        .build();
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    assert_eq!(sandbox.counters().token_requests, 1);
}

#[test]
fn a_seed_fills_an_empty_store_and_nothing_else() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("seeded.json");
    let new = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&store));
    let token = sandbox.login();
    assert!(new().seed(token.clone()).unwrap());
    let client = new();
    client.refresh().unwrap();
    assert!(!client.seed(token.clone()).unwrap());
    assert!(!new().seed(token.clone()).unwrap(), "the variable of the first day is stale");
    assert_ne!(rt(&new().token().unwrap()), rt(&token));
    client.clear().unwrap();
    assert!(client.seed(Token::new("other")).unwrap());
    assert_eq!(at(&new().token().unwrap()), "other");
}

#[test]
fn a_store_of_another_application_is_neither_used_nor_overwritten() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("taken.json");
    let new = |id: &str| {
        Client::new(sandbox.provider(), Credentials::new(id, "s"), FileBackend::new(&store))
    };
    new("sandbox-client").seed(sandbox.login()).unwrap();
    let before = std::fs::read(&store).unwrap();
    let other = new("another");
    let authorization = other.authorize(&[]).unwrap();
    let callback = format!("?code=c&state={}", authorization.state().expose());
    for error in [
        other.get("/me").call().map(|_| ()).unwrap_err(),
        other.refresh().unwrap_err(),
        other.seed(Token::new("x")).unwrap_err(),
        other.clear().unwrap_err(),
        other.stored().map(|_| ()).unwrap_err(),
        other.exchange(authorization, &callback).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Config(_)), "{error:?}");
    }
    assert_eq!(std::fs::read(&store).unwrap(), before);
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (0, 0));
    let _ = builder(&sandbox);
}

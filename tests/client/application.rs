//! Tests of client credentials: the stored token and its parameters, failures, and tokens from other
//! libraries.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evergrant::clock::{Clock, ManualClock};
use evergrant::hooks::Event;
use evergrant::sandbox::{Fault, Gate, Sandbox};
use evergrant::{Client, ClientBuilder, Error, FileBackend, MemoryBackend, Token};

use crate::support::{PATIENCE, at};

const LIFE: u64 = 899;

fn world() -> (Sandbox, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let lifetime = Duration::from_secs(LIFE);
    let builder = Sandbox::builder().clock(clock.clone()).access_token_lifetime(lifetime);
    (builder.start().unwrap(), clock)
}

fn on(sandbox: &Sandbox, store: &MemoryBackend, clock: &Arc<ManualClock>) -> ClientBuilder {
    Client::builder(sandbox.provider(), sandbox.credentials(), store.clone())
        .client_credentials(&[])
        .clock(clock.clone())
}

#[test]
fn a_failed_token_request_is_not_repeated_for_a_moment() {
    let (sandbox, clock) = world();
    let client = on(&sandbox, &MemoryBackend::new(), &clock).build();
    let asked = || sandbox.counters().token_requests;
    sandbox.faults(2, Fault::StatusBefore(500));
    for _ in 0..20 {
        assert_eq!(client.get("/me").call().unwrap_err().kind(), "transport");
    }
    assert_eq!(asked(), 2, "one attempt, which repeats its request once");
    clock.advance(Duration::from_secs(5));
    client.get("/me").call().unwrap();
    assert_eq!(asked(), 3);

    // Until the time of `Retry-After` has passed, ordinary calls send nothing; an explicit `refresh` still does.
    let client = on(&sandbox, &MemoryBackend::new(), &clock).build();
    sandbox.faults(2, Fault::TooMany(Some(30)));
    assert_eq!(client.access_token().unwrap_err().retry_after(), Some(Duration::from_secs(30)));
    clock.advance(Duration::from_secs(20));
    assert_eq!(client.access_token().unwrap_err().retry_after(), Some(Duration::from_secs(10)));
    assert_eq!(asked(), 4);
    assert_eq!(client.refresh().unwrap_err().kind(), "rate_limited");
    assert_eq!(asked(), 5);
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
}

#[test]
fn a_refused_token_request_is_remembered_with_its_code() {
    let (sandbox, clock) = world();
    let credentials = evergrant::Credentials::new("sandbox-client", "wrong");
    let client = Client::builder(sandbox.provider(), credentials, MemoryBackend::new())
        .client_credentials(&[])
        .clock(clock.clone())
        .build();
    for _ in 0..10 {
        let error = client.get("/me").call().unwrap_err();
        assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    }
    assert_eq!(sandbox.counters().token_requests, 1);
}

#[test]
fn clients_without_a_shared_store_refresh_at_different_times() {
    let (sandbox, clock) = world();
    let clients: Vec<_> =
        (0..64).map(|_| on(&sandbox, &MemoryBackend::new(), &clock).build()).collect();
    let call = || {
        let before = sandbox.counters().client_credentials;
        clients.iter().for_each(|client| drop(client.get("/me").call().unwrap()));
        sandbox.counters().client_credentials - before
    };
    assert_eq!(call(), 64);
    // Each client has a margin of 60 to 90 seconds.
    clock.advance(Duration::from_secs(LIFE - 91));
    assert_eq!(call(), 0, "no client refreshes before its margin");
    clock.advance(Duration::from_secs(16));
    let early = call();
    assert!(
        (1..64).contains(&early),
        "{early} of 64 clients requested a token in the first half of the margins"
    );
    clock.advance(Duration::from_secs(16));
    assert_eq!(call(), 64 - early, "every client must have requested a token by then");
}

#[test]
fn a_call_goes_on_while_another_client_gets_the_next_token() {
    let (sandbox, clock) = world();
    let store = MemoryBackend::new();
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let heard = told.clone();
    let one = on(&sandbox, &store, &clock).build();
    let two = on(&sandbox, &store, &clock)
        .on_event(move |event| heard.lock().unwrap().push(event.clone()))
        .build();
    one.get("/me").call().unwrap();
    two.get("/me").call().unwrap();
    told.lock().unwrap().clear();
    clock.advance(Duration::from_secs(LIFE - 30));
    let gate = Gate::new();
    sandbox.fault(Fault::HoldBefore(gate.clone()));
    thread::scope(|scope| {
        scope.spawn(|| one.get("/me").call().unwrap());
        assert!(gate.wait_for(1, PATIENCE));
        // Two clients make the call: one with the token in memory, and one that has just started.
        two.get("/me").call().unwrap();
        on(&sandbox, &store, &clock).build().get("/me").call().unwrap();
        gate.open();
    });
    assert_eq!(sandbox.counters().token_requests, 2);
    assert_eq!(*told.lock().unwrap(), [], "nothing went wrong");
    two.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().token_requests, 2);
}

#[test]
fn a_stored_token_is_used_only_for_the_same_parameters() {
    let (sandbox, clock) = world();
    let store = MemoryBackend::new();
    let with = |scopes: &[&str], params: &[(&str, &str)]| {
        let client = on(&sandbox, &store, &clock).client_credentials(scopes);
        params.iter().fold(client, |client, (name, value)| client.token_param(name, value)).build()
    };
    with(&["a", "b"], &[("p", "1"), ("q", "2")]).get("/me").call().unwrap();
    // The order of scopes and parameters does not matter.
    with(&["b", "a", "b"], &[("q", "2"), ("p", "1")]).get("/me").call().unwrap();
    assert_eq!(sandbox.counters().token_requests, 1);
    for other in [
        with(&["a"], &[("p", "1"), ("q", "2")]),
        with(&["a", "b"], &[("p", "1")]),
        with(&["a", "b"], &[("p", "1&q=2")]),
        with(&["a", "b"], &[("p", "1"), ("q", "3")]),
    ] {
        assert_eq!(other.get("/me").call().unwrap_err().kind(), "config");
    }
    // The comparison includes the provider's own parameters.
    let provider = sandbox.provider().to_builder().token_param("tenant", "t").build().unwrap();
    let store = MemoryBackend::new();
    on(&sandbox, &store, &clock).build().get("/me").call().unwrap();
    let other =
        Client::builder(provider, sandbox.credentials(), store).client_credentials(&[]).build();
    assert_eq!(other.get("/me").call().unwrap_err().kind(), "config");
    assert_eq!(
        sandbox.counters().token_requests,
        2,
        "a request was sent although the store has other parameters"
    );
}

#[test]
fn a_token_of_another_library_is_used_until_it_expires() {
    let (sandbox, clock) = world();
    let first = on(&sandbox, &MemoryBackend::new(), &clock).build();
    let token = first.token().unwrap();
    let stored = serde_json::json!({
        "access_token": at(&token),
        "token_type": "Bearer",
        "expires_in": LIFE,
        "expiry": token.expires_at().unwrap().unix_timestamp(),
    });
    let path = sandbox.folder().join("imported.json");
    let new = || {
        Client::builder(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path))
            .client_credentials(&[])
            .clock(clock.clone())
            .build()
    };
    assert!(new().seed(Token::from_json(&stored.to_string()).unwrap()).unwrap());
    new().get("/me").call().unwrap();
    assert_eq!(sandbox.counters().token_requests, 1);
    clock.advance(Duration::from_secs(LIFE));
    new().get("/me").call().unwrap();
    assert_eq!(sandbox.counters().token_requests, 2);
    assert!(clock.now_utc() < new().token().unwrap().expires_at().unwrap());
}

#[test]
fn a_refresh_token_alone_replaces_a_login_that_has_expired_without_one() {
    let sandbox = Sandbox::start().unwrap();
    let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
    let client = Client::new(provider, credentials, MemoryBackend::new());
    let over = Token::new("at-old").with_expires_at(time::OffsetDateTime::UNIX_EPOCH);
    assert!(client.seed(over).unwrap());
    let alone = Token::from_refresh_token(sandbox.login().refresh_token().unwrap().clone());
    assert!(client.seed(alone).unwrap());
    client.get("/me").call().unwrap();
}

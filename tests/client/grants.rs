//! Tests of explicit refreshes, of tokens without a refresh token, and of `Client::seed`.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, SystemTime};

use evergrant::clock::{Clock, ManualClock, SystemClock};
use evergrant::provider::{ClientAuth, Rotation};
use evergrant::sandbox::{Fault, Gate, Sandbox};
use evergrant::{Client, Credentials, Error, FileBackend, MemoryBackend, Token};

use crate::support::{PATIENCE, at, builder, rt, sandbox};

/// The computer's clock, which records the threads that read it.
#[derive(Debug, Default)]
struct Witness {
    threads: Mutex<HashSet<ThreadId>>,
    changed: Condvar,
}

impl Witness {
    fn wait_for(&self, threads: usize) {
        let seen = self.threads.lock().unwrap();
        let wait = self.changed.wait_timeout_while(seen, PATIENCE, |seen| seen.len() < threads);
        assert!(!wait.unwrap().1.timed_out());
    }
}

impl Clock for Witness {
    fn now(&self) -> SystemTime {
        self.threads.lock().unwrap().insert(thread::current().id());
        self.changed.notify_all();
        SystemClock.now()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration);
    }
}

#[test]
fn threads_that_refresh_at_once_join_one_refresh() {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let clock = Arc::new(Witness::default());
    let client = builder(&sandbox).clock(clock.clone()).build();
    client.seed(sandbox.login()).unwrap();
    clock.threads.lock().unwrap().clear();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(|| client.refresh())).collect();
        // A thread that has read the clock waits for a token newer than the first.
        clock.wait_for(16);
        assert!(gate.wait_for(1, PATIENCE));
        gate.open();
        for call in calls {
            call.join().unwrap().unwrap();
        }
    });
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.refreshes), (1, 1));
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().refreshes, 2);
}

fn application(sandbox: &Sandbox) -> evergrant::ClientBuilder {
    let store = FileBackend::new(sandbox.folder().join("app.json"));
    Client::builder(sandbox.provider(), sandbox.credentials(), store)
        .client_credentials(&["read", "write"])
}

#[test]
fn an_application_token_is_requested_once_and_shared() {
    let sandbox = sandbox();
    let client = application(&sandbox).build();
    client.get("/me").call().unwrap();
    client.get("/me").call().unwrap();
    application(&sandbox).build().get("/me").call().unwrap();
    assert_eq!(sandbox.counters().client_credentials, 1);
    assert_eq!(client.token().unwrap().scope(), Some("read write"));
    // A 401 leads to one more token request.
    sandbox.expire_access_tokens();
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.client_credentials, counters.api_unauthorized), (2, 1));
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().client_credentials, 3);
}

/// A client with client credentials on this store, and the number of its failed saves.
fn on(sandbox: &Sandbox, path: &std::path::Path) -> (Client, Arc<Mutex<usize>>) {
    let failed = Arc::new(Mutex::new(0));
    let count = failed.clone();
    let store = FileBackend::new(path);
    let builder = Client::builder(sandbox.provider(), sandbox.credentials(), store);
    let client = builder.client_credentials(&[]).on_event(move |event| {
        if matches!(event, evergrant::hooks::Event::SaveFailed { .. }) {
            *count.lock().unwrap() += 1;
        }
    });
    (client.build(), failed)
}

#[test]
fn an_application_on_a_wrong_store_fails_before_any_request() {
    let sandbox = sandbox();
    let missing = sandbox.folder().join("missing/app.json");
    let foreign = sandbox.folder().join("foreign.json");
    std::fs::write(&foreign, "[settings]\nname = 1\n").unwrap();
    for path in [&missing, &foreign] {
        let error = on(&sandbox, path).0.get("/me").call().unwrap_err();
        assert!(matches!(error, Error::Backend(_)) && !error.is_transient(), "{error:?}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(sandbox.counters().token_requests, 0);
    let empty = sandbox.folder().join("empty.json");
    std::fs::write(&empty, "").unwrap();
    on(&sandbox, &empty).0.get("/me").call().unwrap();
    assert_ne!(std::fs::read(&empty).unwrap(), b"");
}

#[test]
fn an_application_goes_on_when_its_store_fails_later() {
    let sandbox = sandbox();
    let folder = sandbox.folder().join("store");
    std::fs::create_dir(&folder).unwrap();
    let (client, failed) = on(&sandbox, &folder.join("app.json"));
    client.get("/me").call().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!((*failed.lock().unwrap(), sandbox.counters().client_credentials), (1, 2));
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
    // The last calls are within the margin of 60 seconds.
    for _ in 0..12 {
        clock.advance(Duration::from_secs(295));
        client.get("/me").call().unwrap();
    }
    let asked = sandbox.counters().token_requests;
    assert!(asked > 1, "no refresh was tried");
    // After the token has expired, the call returns the error.
    clock.advance(Duration::from_secs(70));
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    sandbox.clear_faults();
    clock.advance(Duration::from_secs(5));
    client.get("/me").call().unwrap();
}

#[test]
fn client_credentials_without_a_secret_fail_at_once() {
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
fn a_seed_is_stored_only_in_an_empty_store() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("seeded.json");
    let new = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&store));
    let token = sandbox.login();
    assert!(new().seed(token.clone()).unwrap());
    let client = new();
    client.refresh().unwrap();
    assert!(!client.seed(token.clone()).unwrap());
    assert!(!new().seed(token.clone()).unwrap(), "a seed must not replace a newer login");
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
    let elsewhere = MemoryBackend::new();
    let elsewhere = Client::new(sandbox.provider(), Credentials::new("another", "s"), elsewhere);
    let authorization = elsewhere.authorize(&[]).unwrap();
    let callback = format!("?code=c&state={}", authorization.state().expose());
    for error in [
        other.authorize(&[]).map(|_| ()).unwrap_err(),
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
}

//! Tests of `Logins`: clients, lists, moves, events and counters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{
    BackendError, Durability, FolderStore, Guard, LoginStore, MemoryStore, Record, TokenBackend,
};
use evergrant::clock::ManualClock;
use evergrant::health::LoginState;
use evergrant::hooks::Event;
use evergrant::logins::Step;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{BoxError, Error, Logins, Token};

use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

fn logins(sandbox: &Sandbox, store: impl LoginStore + 'static) -> Logins {
    Logins::new(sandbox.provider(), sandbox.credentials(), store)
}

/// A store that fails to save pairs while it is broken.
struct Breaks(MemoryStore, Arc<AtomicBool>);

struct Broken(Arc<dyn TokenBackend>, Arc<AtomicBool>);

impl LoginStore for Breaks {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        Ok(Arc::new(Broken(self.0.account(name)?, Arc::clone(&self.1))))
    }
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        self.0.accounts(after, most)
    }
}

impl TokenBackend for Broken {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if record.note().is_none() && self.1.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.0.lock(wait)
    }
    fn durability(&self) -> Durability {
        Durability::PowerCut
    }
}

fn idle_after_100_seconds(sandbox: &Sandbox, clock: &Arc<ManualClock>) -> Logins {
    Logins::builder(sandbox.provider(), sandbox.credentials(), MemoryStore::new())
        .clients(|client| client.clock(clock.clone()))
        .idle(100 * SECOND)
        .build()
}

#[test]
fn an_account_has_one_client_until_it_is_idle() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let logins = idle_after_100_seconds(&sandbox, &clock);
    for account in ["a", "b", "c"] {
        assert!(logins.add(account, sandbox.login()).unwrap());
    }
    let held = logins.client("a").unwrap();
    let token = held.access_token().unwrap();
    let loads = logins.counters().steps[&Step::Load].0;
    assert_eq!(logins.client("a").unwrap().access_token().unwrap(), token);
    assert_eq!(logins.counters().steps[&Step::Load].0, loads, "the token in memory is used");
    assert_eq!(logins.counters().clients, 3);
    clock.advance(99 * SECOND);
    logins.client("b").unwrap();
    clock.advance(26 * SECOND);
    logins.client("b").unwrap();
    // `a` is held and `b` was used; nobody uses `c`.
    assert_eq!(logins.counters().clients, 2);
    drop(held);
    clock.advance(200 * SECOND);
    logins.client("c").unwrap();
    assert_eq!(logins.counters().clients, 1);
}

/// No call of `client` is needed to drop idle clients, and a clone counts as used until it is dropped.
#[test]
fn idle_clients_are_dropped_by_counters_list_and_sweep() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let logins = idle_after_100_seconds(&sandbox, &clock);
    let kept = || format!("{logins:?}").contains("clients: 1");
    for look in 0..3 {
        let held = logins.client("a").unwrap();
        clock.advance(150 * SECOND);
        assert_eq!(logins.counters().clients, 1);
        drop(held);
        clock.advance(99 * SECOND);
        assert_eq!(logins.counters().clients, 1, "the idle time begins when the clone is dropped");
        clock.advance(26 * SECOND);
        assert!(kept());
        match look {
            0 => assert_eq!(logins.counters().clients, 0),
            1 => assert_eq!(logins.list().count(), 0),
            _ => assert_eq!(logins.keep_alive().run().unwrap().total(), 0),
        }
        assert!(!kept(), "{look}");
    }
}

#[test]
fn a_failed_call_is_counted_once() {
    let sandbox = Sandbox::start().unwrap();
    let logins = logins(&sandbox, MemoryStore::new());
    logins.add("a", sandbox.login()).unwrap();
    sandbox.revoke_login();
    logins.client("a").unwrap().refresh().unwrap_err();
    logins.client("nobody").unwrap().access_token().unwrap_err();
    let failures = BTreeMap::from([("not_authorized", 1), ("reauthorize", 1)]);
    assert_eq!(logins.counters().failures, failures);
    assert_eq!(logins.counters().put_off, 0);
}

#[cfg(feature = "oidc")]
#[test]
fn a_list_shows_who_has_logged_in() {
    let sandbox = Sandbox::start().unwrap();
    let logins = logins(&sandbox, MemoryStore::new());
    let client = logins.client("a").unwrap();
    let authorization = client.authorize(&["openid", "email"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    let claims = token.unverified_claims().unwrap().unwrap();
    let who = claims.email().map(|(email, _)| email).or(claims.subject()).unwrap().to_owned();
    logins.add("b", sandbox.login()).unwrap();
    let listed: Vec<_> = logins.list().map(|status| status.unwrap().who).collect();
    assert_eq!(listed, [Some(who), None]);
}

#[test]
fn a_client_with_an_unsaved_token_is_kept() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    let store = Breaks(MemoryStore::new(), broken.clone());
    let logins = Logins::builder(sandbox.provider(), sandbox.credentials(), store)
        .clients(|client| client.clock(clock.clone()))
        .idle(SECOND)
        .build();
    logins.add("a", sandbox.login()).unwrap();
    broken.store(true, Ordering::Relaxed);
    let error = logins.client("a").unwrap().refresh().unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    drop(error);
    clock.advance(60 * SECOND);
    logins.client("b").unwrap();
    broken.store(false, Ordering::Relaxed);
    // The next call of the account saves the token that only the memory has.
    logins.client("a").unwrap().access_token().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().reuses), (1, 0));
    assert_eq!(logins.counters().saves_failed, 1);
}

#[test]
fn a_list_shows_each_login_and_no_secret() {
    let sandbox = Sandbox::start().unwrap();
    let store = MemoryStore::new();
    let logins = logins(&sandbox, store.clone());
    logins.add("dead", sandbox.login()).unwrap();
    sandbox.revoke_login();
    assert_eq!(logins.client("dead").unwrap().refresh().unwrap_err().kind(), "reauthorize");
    let token = sandbox.login();
    logins.add("alive", token.clone()).unwrap();
    store.account("stranger").unwrap().save(&record(1)).unwrap();
    let mut theirs: serde_json::Value =
        serde_json::from_slice(&record(1).to_json().unwrap()).unwrap();
    theirs["binding"] = serde_json::json!({
        "token_endpoint": "https://other.example/token", "client_id": "x", "grant": "authorization_code"
    });
    let theirs: Record = serde_json::from_value(theirs).unwrap();
    store.account("another").unwrap().save(&theirs).unwrap();
    let listed: Vec<_> = logins.list().collect();
    assert_eq!(listed.len(), 4);
    let alive = listed[0].as_ref().unwrap();
    assert_eq!((alive.account.as_str(), alive.health.state), ("alive", LoginState::Alive));
    assert!(alive.refused.is_none() && alive.pending.is_none() && !alive.health.refresh_due);
    assert_eq!(listed[1].as_ref().unwrap_err().kind(), "config");
    let dead = listed[2].as_ref().unwrap();
    assert_eq!((dead.account.as_str(), dead.health.state), ("dead", LoginState::Refused));
    assert_eq!(dead.refused.as_ref().unwrap().code, "invalid_grant");
    let text = format!("{listed:?} {alive} {dead}");
    let refresh_token = token.refresh_token().unwrap().expose();
    assert!(!text.contains(token.access_token().expose()) && !text.contains(refresh_token));
    assert!(text.contains("dead: the service refused the refresh token"), "{text}");
    let mut again = logins.status("alive").unwrap().unwrap();
    again.health.at = alive.health.at;
    assert_eq!(&again, alive);
    assert!(logins.status("nobody").unwrap().is_none());
}

#[test]
fn a_refresh_without_an_answer_is_shown_as_pending() {
    let sandbox = Sandbox::start().unwrap();
    let logins = logins(&sandbox, MemoryStore::new());
    logins.add("a", sandbox.login()).unwrap();
    sandbox.faults(2, Fault::CutBefore);
    assert_eq!(logins.client("a").unwrap().refresh().unwrap_err().kind(), "outcome_unknown");
    let status = logins.status("a").unwrap().unwrap();
    let pending = status.pending.unwrap();
    assert_eq!(status.health.state, LoginState::Unanswered);
    assert!(pending.holder.contains(&std::process::id().to_string()), "{pending:?}");
    assert!(pending.deadline > pending.sent_at);
}

#[test]
fn logins_are_added_moved_and_removed() {
    let sandbox = Sandbox::start().unwrap();
    let dir = TempDir::new();
    let (old, new) = (MemoryStore::new(), FolderStore::new(dir.path()));
    let logins = logins(&sandbox, old.clone());
    assert!(logins.add("a", sandbox.login()).unwrap());
    assert!(!logins.add("a", sandbox.login()).unwrap(), "a login that works stays");
    assert!(logins.add("b", sandbox.login()).unwrap());
    assert!(logins.move_login("a", &new, "A/1").unwrap());
    assert!(!logins.move_login("a", &new, "A/1").unwrap());
    assert_eq!(
        (old.accounts(None, 9).unwrap(), new.accounts(None, 9).unwrap()),
        (vec!["b".to_owned()], vec!["A/1".to_owned()])
    );
    assert_eq!(logins.client("a").unwrap().access_token().unwrap_err().kind(), "not_authorized");
    let moved = self::logins(&sandbox, new.clone());
    moved.client("A/1").unwrap().refresh().unwrap();
    // The new name already has a login, which is not overwritten.
    let error = logins.move_login("b", &new, "A/1").unwrap_err();
    assert_eq!(error.kind(), "backend");
    assert!(format!("{error:#}").contains("holds a login"), "{error:#}");
    logins.client("b").unwrap().refresh().unwrap();
    logins.remove("b").unwrap();
    assert_eq!(logins.list().count(), 0);
    assert_eq!(sandbox.counters().refreshes, 2);
}

#[test]
fn a_login_that_another_holder_locks_is_not_moved() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::start().unwrap();
    let (old, new) = (MemoryStore::new().with_clock(clock.clone()), MemoryStore::new());
    let logins = logins(&sandbox, old.clone());
    logins.add("a", sandbox.login()).unwrap();
    let guard = old.account("a").unwrap().lock(Duration::ZERO).unwrap();
    let error = logins.move_login("a", &new, "b").unwrap_err();
    assert_eq!(error.kind(), "busy", "{error:#}");
    drop(guard);
    assert!(logins.move_login("a", &new, "b").unwrap());
}

#[test]
fn events_name_their_account_and_are_counted() {
    let sandbox = Sandbox::start().unwrap();
    let told: Arc<Mutex<BTreeMap<String, Vec<Event>>>> = Arc::default();
    let (seen, all) = (Arc::clone(&told), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&all);
    let logins = Logins::builder(sandbox.provider(), sandbox.credentials(), MemoryStore::new())
        .clients(|client| client.on_event(move |_| *count.lock().unwrap() += 1))
        .on_event(move |account, event| {
            seen.lock().unwrap().entry(account.to_owned()).or_default().push(event.clone());
        })
        .build();
    for account in ["a", "b"] {
        logins.add(account, sandbox.login()).unwrap();
    }
    logins.client("a").unwrap().refresh().unwrap();
    logins.client("b").unwrap().refresh().unwrap();
    logins.client("b").unwrap().refresh().unwrap();
    let told = told.lock().unwrap();
    let refreshes = |account| {
        let events: &Vec<Event> = &told[account];
        events.iter().filter(|event| matches!(event, Event::Refreshed { .. })).count()
    };
    assert_eq!((refreshes("a"), refreshes("b")), (1, 2));
    assert_eq!(*all.lock().unwrap(), told.values().map(Vec::len).sum::<usize>());
    let counters = logins.counters();
    assert_eq!((counters.refreshed, counters.adopted, counters.need_person), (3, 0, 0));
    assert_eq!(counters.steps[&Step::Request].0, 3);
    assert!(counters.steps[&Step::Save].0 >= 8 && counters.steps[&Step::Lock].0 >= 5);
}

#[test]
fn a_name_that_the_store_refuses_is_an_error() {
    struct Refuses;
    impl LoginStore for Refuses {
        fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
            Err(BackendError::Config(format!("{name} is no name")).into())
        }
        fn accounts(&self, _: Option<&str>, _: usize) -> Result<Vec<String>, BoxError> {
            Err("no list".into())
        }
    }
    let sandbox = Sandbox::start().unwrap();
    let logins = logins(&sandbox, Refuses);
    let errors: [Error; 4] = [
        logins.client("x").unwrap_err(),
        logins.add("x", Token::new("at")).unwrap_err(),
        logins.status("x").unwrap_err(),
        logins.move_login("x", &MemoryStore::new(), "y").unwrap_err(),
    ];
    for error in errors {
        assert!(format!("{error:#}").contains("x is no name"), "{error:#}");
    }
    let listed: Vec<_> = logins.list().collect();
    assert_eq!(listed.len(), 1);
    let error = logins.keep_alive().run().unwrap_err();
    assert!(format!("{error:#}").contains("no list") && error.is_transient(), "{error:#}");
}

//! Tests of the reasons for which a sweep stops: the service does not answer, refuses the client, or
//! blocks a client after a number of refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant::backend::{BackendError, Guard, LoginStore, MemoryStore, Record, TokenBackend};
use evergrant::clock::ManualClock;
use evergrant::logins::Outcome;
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{BoxError, Logins};

use crate::sweep::World;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// The service rotates, and a proxy in front of it answers 502.
#[test]
fn a_half_broken_service_costs_two_logins_of_forty() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 40);
    world.sandbox.faults(10_000, Fault::StatusAfter(502));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.put_off, report.total()), (40, 40), "{report}");
    // There are two requests for the first login; then the second login is the probe.
    let counters = world.sandbox.counters();
    assert_eq!(counters.refreshes, 2);
    assert!(counters.token_requests <= 10, "{counters:?}");
    // While the service stays silent, each sweep sends one probe.
    world.clock.advance(HOUR);
    world.logins.keep_alive().threads(1).run().unwrap();
    assert!(world.sandbox.counters().refreshes <= 3);
    world.sandbox.clear_faults();
    world.clock.advance(HOUR);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert!(report.refreshed >= 37 && report.refreshed + report.need_person == 40, "{report}");
}

#[test]
fn a_sweep_goes_on_when_the_probe_is_answered() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 20);
    world.sandbox.faults(4, Fault::StatusBefore(502));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (19, 1), "{report}");
    assert_eq!(world.sandbox.counters().token_requests, 4 + 19);
    assert_eq!(world.logins.keep_alive().threads(1).run().unwrap().refreshed, 1);
    assert_eq!(world.sandbox.counters().reuses, 0);
}

/// An answer with this status and error code, although the server has decided nothing.
fn refusal(status: u16, code: &str) -> Fault {
    let body = format!(r#"{{"error":"{code}"}}"#).into_bytes();
    Fault::Body { status, content_type: "application/json".to_owned(), body, commit: false }
}

#[test]
fn refusals_of_single_logins_do_not_stop_the_others() {
    let world = World::new(|provider| provider);
    world.add_due("due", 20);
    world.sandbox.faults(9, refusal(400, "unauthorized_client"));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.failed, report.refreshed, report.put_off), (9, 11, 0), "{report}");
}

#[test]
fn a_sweep_stops_before_refusals_block_the_application() {
    let limit = |provider: evergrant::Provider| {
        provider.to_builder().refusal_limit(8, HOUR).build().unwrap()
    };
    let world = World::new(limit);
    world.add_due("dead", 30);
    world.sandbox.revoke_login();
    world.add_due("z", 1);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    let sent = world.sandbox.counters();
    assert_eq!(sent.refused, 8, "{sent:?}");
    assert_eq!(report.refreshed + report.need_person + report.put_off, 31);
    assert!(report.told.iter().any(|told| told.reason.contains("block the application")));
    // Calls of other accounts wait as well.
    let error = world.logins.client("dead-29").unwrap().refresh().unwrap_err();
    assert!(matches!(error.kind(), "rate_limited" | "reauthorize"), "{error}");
    assert_eq!(world.sandbox.counters().token_requests, sent.token_requests);
    world.clock.advance(HOUR);
    world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!(world.sandbox.counters().refused, 16);
}

#[test]
fn a_wait_of_zero_seconds_does_not_hammer_the_endpoint() {
    let world = World::new(|provider| provider);
    world.add_due("due", 10);
    world.sandbox.faults(100_000, Fault::TooMany(Some(0)));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!(report.put_off, 10);
    let requests = world.sandbox.counters().token_requests;
    assert!(requests <= 8, "{requests} requests in a minute");
}

/// The check of a refusal sends nothing, so neither the patience nor the rate limit delays the check.
#[test]
fn a_refusal_is_checked_without_patience_and_turn() {
    let world = World::new(|provider| provider);
    world.add_due("dead", 3);
    world.sandbox.revoke_login();
    let sweep = world.logins.keep_alive().threads(1).patience(Duration::ZERO);
    let report = sweep.at_most(1, 10 * SECOND).run().unwrap();
    assert_eq!((report.need_person, report.put_off), (3, 0), "{report}");
    assert!(world.clock.slept() < 25 * SECOND, "{:?}", world.clock.slept());
}

#[test]
fn a_turn_that_comes_late_does_not_use_up_patience() {
    let world = World::new(|provider| provider);
    world.add_due("due", 2);
    world.sandbox.fault(Fault::CutBefore);
    world.sandbox.fault(Fault::CutBefore);
    // The third request is for the second login.
    world.sandbox.fault(Fault::TooMany(Some(5)));
    let sweep = world.logins.keep_alive().threads(1).patience(6 * SECOND);
    let report = sweep.at_most(1, 100 * SECOND).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (1, 1), "{report}");
}

#[test]
fn a_sweep_leaves_no_clients_of_healthy_and_dead_logins() {
    let world = World::new(|provider| provider);
    world.add_due("dead", 10);
    world.sandbox.revoke_login();
    world.add_due("due", 10);
    let sweeper = world.others();
    let report = sweeper.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.need_person), (10, 10), "{report}");
    assert_eq!(sweeper.counters().clients, 0);
}

/// A store whose names cannot be read after the first page, or that refuses new tokens.
struct Flaky {
    store: MemoryStore,
    refuses: Arc<AtomicBool>,
    names: Option<usize>,
}

struct Account(Arc<dyn TokenBackend>, Arc<AtomicBool>);

impl TokenBackend for Account {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if self.1.load(Ordering::SeqCst) && record.note().is_none() {
            return Err(BackendError::Unavailable("the disk is full".to_owned()).into());
        }
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.0.lock(wait)
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

impl LoginStore for Flaky {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        Ok(Arc::new(Account(self.store.account(name)?, Arc::clone(&self.refuses))))
    }
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        match (after, self.names) {
            (Some(_), Some(_)) => Err("the network is down".into()),
            (None, Some(count)) => Ok((0..count.min(most)).map(|n| format!("n-{n:05}")).collect()),
            _ => self.store.accounts(after, most),
        }
    }
}

#[test]
fn a_page_that_cannot_be_read_leaves_the_report_of_the_others() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let flaky =
        Flaky { store: MemoryStore::new(), refuses: Arc::default(), names: Some(usize::MAX) };
    flaky.store.account("n-00007").unwrap().save(&Record::from(sandbox.login())).unwrap();
    let logins = Logins::builder(sandbox.provider(), sandbox.credentials(), flaky)
        .clients(|client| client.clock(clock.clone()))
        .build();
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.kept, report.gone), (1, 9_999), "{report}");
    assert!(report.unlisted.as_ref().unwrap().contains("network is down"), "{report:?}");
    assert!(!report.is_well() && report.to_string().contains("network is down"));
}

/// The client has a refresh token that the store could not take.
#[test]
fn a_move_saves_the_waiting_token_first() {
    let sandbox = Sandbox::builder().rotation(Rotation::Strict).start().unwrap();
    let (refuses, new) = (Arc::new(AtomicBool::new(false)), MemoryStore::new());
    let flaky = Flaky { store: MemoryStore::new(), refuses: Arc::clone(&refuses), names: None };
    let logins = Logins::new(sandbox.provider(), sandbox.credentials(), flaky);
    logins.add("a", sandbox.login()).unwrap();
    refuses.store(true, Ordering::SeqCst);
    let client = logins.client("a").unwrap();
    assert_eq!(client.refresh().unwrap_err().kind(), "not_saved");
    assert_eq!(logins.move_login("a", &new, "b").unwrap_err().kind(), "not_saved");
    assert!(new.accounts(None, 9).unwrap().is_empty(), "nothing was moved");
    refuses.store(false, Ordering::SeqCst);
    assert!(logins.move_login("a", &new, "b").unwrap());
    let moved = Logins::new(sandbox.provider(), sandbox.credentials(), new);
    moved.client("b").unwrap().refresh().unwrap();
    assert_eq!(sandbox.counters().reuses, 0);
}

#[test]
fn a_probe_that_was_put_off_is_named_in_the_report() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 5);
    world.sandbox.faults(10_000, Fault::CutBefore);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!(report.told.len(), 5);
    assert!(report.told.iter().all(|told| told.outcome == Outcome::PutOff));
    assert!(report.told.iter().any(|told| told.reason.contains("does not answer")));
}

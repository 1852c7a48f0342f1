//! Tests of sweeps and moves on a store that fails: it refuses new tokens, or cannot read its names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use evergrant::backend::{BackendError, Guard, LoginStore, MemoryStore, Record, TokenBackend};
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::logins::Outcome;
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{BoxError, Logins};

use crate::sweep::due;

/// More new tokens than a test makes.
const ALWAYS: u32 = u32::MAX;
/// How often one call tries to save new tokens.
const ONE_CALL: u32 = 3;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A store whose names cannot be read after the first page, or that refuses new tokens.
struct Flaky {
    store: MemoryStore,
    refuses: Arc<AtomicU32>,
    names: Option<usize>,
}

/// Refuses this many new tokens.
struct Account(Arc<dyn TokenBackend>, Arc<AtomicU32>);

impl TokenBackend for Account {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let left = |left: u32| left.checked_sub(1);
        if record.note().is_none()
            && self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok()
        {
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
    let (refuses, new) = (Arc::new(AtomicU32::new(0)), MemoryStore::new());
    let flaky = Flaky { store: MemoryStore::new(), refuses: Arc::clone(&refuses), names: None };
    let logins = Logins::new(sandbox.provider(), sandbox.credentials(), flaky);
    logins.add("a", sandbox.login()).unwrap();
    refuses.store(ALWAYS, Ordering::SeqCst);
    let client = logins.client("a").unwrap();
    assert_eq!(client.refresh().unwrap_err().kind(), "not_saved");
    assert_eq!(logins.move_login("a", &new, "b").unwrap_err().kind(), "not_saved");
    assert!(new.accounts(None, 9).unwrap().is_empty(), "nothing was moved");
    refuses.store(0, Ordering::SeqCst);
    assert!(logins.move_login("a", &new, "b").unwrap());
    let moved = Logins::new(sandbox.provider(), sandbox.credentials(), new);
    moved.client("b").unwrap().refresh().unwrap();
    assert_eq!(sandbox.counters().reuses, 0);
}

/// A sandbox that rotates, and a due login on a store that refuses this many new tokens.
fn one_due(refused: u32) -> (Arc<ManualClock>, Sandbox, Logins, Arc<AtomicU32>) {
    all_due(&["a"], HOUR, refused)
}

/// The same for these accounts and this life of an access token.
fn all_due(
    accounts: &[&str],
    life: Duration,
    refused: u32,
) -> (Arc<ManualClock>, Sandbox, Logins, Arc<AtomicU32>) {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().rotation(Rotation::Strict).access_token_lifetime(life);
    let sandbox = sandbox.clock(clock.clone()).start().unwrap();
    let refuses = Arc::new(AtomicU32::new(0));
    let store = MemoryStore::new().with_clock(clock.clone());
    let flaky = Flaky { store, refuses: Arc::clone(&refuses), names: None };
    let logins = Logins::builder(sandbox.provider(), sandbox.credentials(), flaky)
        .clients(|client| client.clock(clock.clone()))
        .build();
    for account in accounts {
        logins.add(account, due(sandbox.login(), clock.now_utc())).unwrap();
    }
    refuses.store(refused, Ordering::SeqCst);
    (clock, sandbox, logins, refuses)
}

#[test]
fn a_token_that_no_store_keeps_is_reported_as_not_saved() {
    let (_clock, sandbox, logins, refuses) = one_due(ALWAYS);
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.not_saved, report.put_off, report.total()), (1, 0, 1), "{report}");
    assert!(!report.is_well() && report.to_string().ends_with("0 failed, 1 not saved"));
    assert_eq!(report.told[0].outcome, Outcome::NotSaved);
    assert!(report.told[0].reason.contains("in memory"), "{}", report.told[0]);
    assert_eq!(logins.counters().put_off, 0);
    // The client with the token is kept, and the next sweep saves the token and sends nothing.
    refuses.store(0, Ordering::SeqCst);
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.kept), (1, 0), "{report}");
    assert_eq!((sandbox.counters().token_requests, sandbox.counters().reuses), (1, 0));
    assert_eq!(logins.counters().refreshed, 1);
}

#[test]
fn a_token_that_a_later_visit_saves_is_refreshed() {
    let (_clock, sandbox, logins, _) = one_due(3);
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.kept, report.not_saved), (1, 0, 0), "{report}");
    assert_eq!(sandbox.counters().token_requests, 1);
}

/// The service asks to wait, which does not hinder the save of a token that is there.
#[test]
fn a_token_is_saved_while_the_service_asks_to_wait() {
    let (clock, sandbox, logins, refuses) = one_due(ALWAYS);
    assert_eq!(logins.keep_alive().threads(1).run().unwrap().not_saved, 1);
    logins.add("b", due(sandbox.login(), clock.now_utc())).unwrap_err();
    refuses.store(0, Ordering::SeqCst);
    logins.add("b", due(sandbox.login(), clock.now_utc())).unwrap();
    sandbox.fault(Fault::TooMany(Some(3600)));
    assert_eq!(logins.client("b").unwrap().refresh().unwrap_err().kind(), "rate_limited");
    let sweep = logins.keep_alive().threads(1).longest_wait(Duration::ZERO);
    let report = sweep.run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (1, 1), "{report}");
}

/// The life of an access token, shorter than the wait for a turn: when the sweep saves the tokens that the store has
/// refused, their access token has expired.
const SHORT: Duration = Duration::from_secs(45);

#[test]
fn a_late_save_is_all_that_the_login_needs() {
    let (clock, sandbox, logins, _) = all_due(&["a", "b"], SHORT, ONE_CALL);
    let report = logins.keep_alive().threads(1).at_most(1, MINUTE).run().unwrap();
    assert_eq!((report.refreshed, report.total()), (2, 2), "{report}");
    // The refresh token is new, so the sweep does not refresh the login again.
    assert_eq!(sandbox.counters().token_requests, 2);
    assert!(clock.slept() >= MINUTE && logins.counters().refreshed == 2);
}

#[test]
fn a_refresh_after_a_late_save_waits_for_its_turn() {
    let (clock, sandbox, logins, _) = all_due(&["a", "b"], SHORT, ONE_CALL);
    let sweep = logins.keep_alive().threads(1).access_tokens(10 * MINUTE).at_most(1, MINUTE);
    let report = sweep.run().unwrap();
    assert_eq!((report.refreshed, report.total()), (2, 2), "{report}");
    assert_eq!((sandbox.counters().token_requests, sandbox.counters().reuses), (3, 0));
    assert!(clock.slept() >= 2 * MINUTE, "{:?}", clock.slept());
}

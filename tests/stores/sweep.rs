//! Tests of the sweep that keeps all logins alive: which logins it refreshes and when, limits,
//! refusals, reports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{LoginStore, MemoryStore, Record};
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::logins::Outcome;
use evergrant::provider::{RefreshRules, Rotation};
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{Logins, Provider, Token};
use time::OffsetDateTime;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A sandbox, a store and logins on one clock, which stands still.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sandbox: Sandbox,
    pub(crate) store: MemoryStore,
    pub(crate) logins: Logins,
}

impl World {
    pub(crate) fn new(change: impl FnOnce(Provider) -> Provider) -> World {
        World::with(Rotation::UntilUsed, change)
    }

    pub(crate) fn with(rotation: Rotation, change: impl FnOnce(Provider) -> Provider) -> World {
        let clock = Arc::new(ManualClock::new());
        let sandbox = Sandbox::builder().rotation(rotation).clock(clock.clone()).start().unwrap();
        let store = MemoryStore::new().with_clock(clock.clone());
        let provider = change(sandbox.provider());
        let logins = Logins::builder(provider, sandbox.credentials(), store.clone())
            .clients(|client| client.clock(clock.clone()))
            .build();
        World { clock, sandbox, store, logins }
    }

    /// Logins of another process on the same store.
    pub(crate) fn others(&self) -> Logins {
        Logins::builder(self.sandbox.provider(), self.sandbox.credentials(), self.store.clone())
            .clients(|client| client.clock(self.clock.clone()))
            .build()
    }

    /// The same logins, for an application whose secret is wrong.
    pub(crate) fn with_a_wrong_secret(&self) -> Logins {
        let wrong = evergrant::Credentials::new(self.sandbox.credentials().id(), "wrong");
        Logins::builder(self.sandbox.provider(), wrong, self.store.clone())
            .clients(|client| client.clock(self.clock.clone()))
            .build()
    }

    /// Adds logins that were last refreshed so long ago that they are due.
    pub(crate) fn add_due(&self, prefix: &str, count: usize) {
        for n in 0..count {
            let name = format!("{prefix}-{n}");
            self.logins.add(&name, due(self.sandbox.login(), self.clock.now_utc())).unwrap();
        }
    }
}

pub(crate) fn due(token: Token, now: OffsetDateTime) -> Token {
    let long_ago = now - time::Duration::days(10);
    token.with_issued_at(long_ago).with_expires_at(long_ago + time::Duration::hours(1))
}

#[test]
fn a_sweep_refreshes_what_is_due_once() {
    let world = World::new(|provider| provider);
    world.add_due("due", 30);
    for n in 0..20 {
        world.logins.add(&format!("fresh-{n}"), world.sandbox.login()).unwrap();
    }
    let seen: Mutex<BTreeMap<String, Outcome>> = Mutex::default();
    let show = |progress: &evergrant::logins::Progress<'_>| {
        let before = seen.lock().unwrap().insert(progress.account.to_owned(), progress.outcome);
        assert_eq!(before, None, "each login is shown once");
        assert!(progress.done <= 50 && progress.listed == 50 && progress.all_listed);
    };
    let report = world.logins.keep_alive().on_progress(show).run().unwrap();
    assert_eq!(
        report.to_string(),
        "50 logins: 20 kept, 30 refreshed, 0 put off, 0 need a person, 0 failed"
    );
    assert!(report.is_well() && report.told.is_empty());
    let seen = seen.into_inner().unwrap();
    let refreshed = |name: &&String| seen[*name] == Outcome::Refreshed;
    assert_eq!(seen.keys().filter(refreshed).filter(|name| name.starts_with("due")).count(), 30);
    // A second sweep finds nothing to do.
    let again = world.logins.keep_alive().run().unwrap();
    assert_eq!((again.kept, again.refreshed), (50, 0));
    assert_eq!(world.sandbox.counters().refreshes, 30);
    assert_eq!(world.logins.counters().refreshed, 30);
}

/// Five hundred logins were added within one minute. Without the spread, all of them would be refreshed in
/// one minute, again and again.
#[test]
fn logins_of_one_minute_drift_apart_within_an_hour() {
    const COUNT: usize = 500;
    let world =
        World::new(|provider| provider.to_builder().idle_limit(40 * MINUTE).build().unwrap());
    for n in 0..COUNT {
        world.logins.add(&format!("tenant-{n}"), world.sandbox.login()).unwrap();
    }
    let mut by_minute = Vec::new();
    for _ in 0..60 {
        world.clock.advance(MINUTE);
        let report = world.logins.keep_alive().threads(1).run().unwrap();
        assert!(report.is_well(), "{report}");
        by_minute.push(report.refreshed);
    }
    println!("refreshes in each minute of an hour: {by_minute:?}");
    // Each login is due after 10 to 20 minutes, so three to six times in an hour.
    let (total, busiest) = (by_minute.iter().sum::<u64>(), *by_minute.iter().max().unwrap());
    assert!((3 * COUNT as u64..=6 * COUNT as u64).contains(&total), "{total}");
    assert_eq!(by_minute[..9].iter().sum::<u64>(), 0);
    assert!(busiest <= COUNT as u64 / 5, "{busiest} in one minute: {by_minute:?}");
    assert!(by_minute[30..].iter().all(|count| *count > 0), "{by_minute:?}");
}

#[test]
fn access_tokens_are_replaced_before_they_expire_each_at_its_moment() {
    let world = World::new(|provider| provider);
    for n in 0..100 {
        world.logins.add(&format!("tenant-{n}"), world.sandbox.login()).unwrap();
    }
    // Access tokens live an hour. Access tokens are replaced in the first half of the last 40 minutes.
    let sweep = || world.logins.keep_alive().access_tokens(40 * MINUTE).run().unwrap();
    world.clock.advance(19 * MINUTE);
    assert_eq!(sweep().refreshed, 0);
    world.clock.advance(11 * MINUTE);
    let first = sweep().refreshed;
    world.clock.advance(10 * MINUTE);
    let second = sweep().refreshed;
    assert!(first > 20 && second > 20, "{first}, {second}");
    assert_eq!((first + second, sweep().refreshed), (100, 0));
}

#[test]
fn the_whole_fleet_waits_when_the_service_asks_to_wait() {
    let world = World::new(|provider| provider);
    world.add_due("due", 40);
    world.sandbox.faults(3, Fault::TooMany(Some(30)));
    let report = world.logins.keep_alive().threads(1).patience(10 * MINUTE).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (40, 0));
    // After the answer to one request, all other logins wait.
    assert_eq!(world.sandbox.counters().token_requests, 43);
    assert!(world.clock.slept() >= 90 * SECOND && world.clock.slept() < 100 * SECOND);
}

#[test]
fn calls_outside_a_sweep_wait_as_well_and_send_nothing() {
    let world = World::new(|provider| provider);
    world.add_due("due", 2);
    world.sandbox.fault(Fault::TooMany(Some(30)));
    let first = world.logins.client("due-0").unwrap().access_token().unwrap_err();
    assert_eq!(first.retry_after(), Some(30 * SECOND));
    world.clock.advance(10 * SECOND);
    let second = world.logins.client("due-1").unwrap().access_token().unwrap_err();
    assert_eq!((second.kind(), second.retry_after()), ("rate_limited", Some(20 * SECOND)));
    assert_eq!(world.sandbox.counters().token_requests, 1);
    world.clock.advance(20 * SECOND);
    world.logins.client("due-1").unwrap().access_token().unwrap();
}

#[test]
fn a_known_limit_spreads_the_requests() {
    let world = World::new(|provider| provider);
    world.add_due("due", 50);
    let report = world.logins.keep_alive().threads(1).at_most(10, SECOND).run().unwrap();
    assert_eq!(report.refreshed, 50);
    assert_eq!(world.clock.slept(), 49 * SECOND / 10);
}

/// The service refuses the first refresh token, so the sweep tries the spare one. Both requests wait for their turn.
#[test]
fn a_spare_token_is_sent_in_a_turn_of_its_own() {
    for patience in [Duration::ZERO, MINUTE] {
        let world = World::new(|provider| provider);
        let (token, spare) = (world.sandbox.login(), world.sandbox.login());
        let mut value =
            serde_json::to_value(Record::from(due(token, world.clock.now_utc()))).unwrap();
        value["spare"] = spare.refresh_token().unwrap().expose().into();
        let account = world.store.account("due-0").unwrap();
        account.save(&serde_json::from_value(value).unwrap()).unwrap();
        let body = br#"{"error":"invalid_grant"}"#.to_vec();
        let content_type = "application/json".to_owned();
        world.sandbox.fault(Fault::Body { status: 400, content_type, body, commit: false });
        let sweep = world.logins.keep_alive().threads(1).patience(patience).at_most(1, MINUTE);
        let report = sweep.run().unwrap();
        assert_eq!((report.refreshed, report.total()), (1, 1), "{report}: {:?}", report.told);
        assert_eq!(world.sandbox.counters().token_requests, 2);
        assert!(world.clock.slept() >= MINUTE, "{:?}", world.clock.slept());
        // A visit that may not send is no failure.
        assert!(world.logins.counters().failures.is_empty());
    }
}

#[test]
fn dead_logins_hold_no_worker_and_need_a_person() {
    let world = World::new(|provider| provider);
    world.add_due("dead", 40);
    world.sandbox.revoke_login();
    world.add_due("due", 10);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.need_person, report.total()), (10, 40, 50));
    // Each refusal is believed after a second, and the whole sweep took only a little longer.
    assert!(world.clock.slept() < 3 * SECOND, "{:?}", world.clock.slept());
    assert_eq!(world.sandbox.counters().token_requests, 50);
    assert!(
        report.told.iter().all(|told| told.reason.contains("invalid_grant")),
        "{:?}",
        report.told
    );
    // The next sweep knows the refusals from the records, and sends nothing.
    let again = world.logins.keep_alive().run().unwrap();
    assert_eq!((again.need_person, again.kept), (40, 10));
    assert!(again.told[0].reason.contains("invalid_grant"), "{}", again.told[0]);
    assert_eq!(world.sandbox.counters().token_requests, 50);
    // After the pause of the provider's rules, a refused token is tried once more.
    world.clock.advance(RefreshRules::default().refusal_pause);
    assert_eq!(world.logins.keep_alive().threads(1).run().unwrap().need_person, 40);
    assert_eq!(world.sandbox.counters().token_requests, 90);
}

#[test]
fn a_login_that_another_process_refreshes_is_put_off_and_kept() {
    let world = World::new(|provider| provider);
    world.add_due("due", 3);
    let store = world.store.account("due-1").unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let report = world.logins.keep_alive().threads(1).patience(5 * SECOND).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (2, 1));
    assert_eq!(report.told[0].account, "due-1");
    drop(guard);
    // The other process has refreshed the login, so this process only reads the record.
    world.others().client("due-1").unwrap().refresh().unwrap();
    let report = world.logins.keep_alive().run().unwrap();
    assert_eq!((report.kept, report.refreshed), (3, 0));
    assert_eq!(world.sandbox.counters().refreshes, 3);
}

#[test]
fn records_that_cannot_be_used_are_reported_and_the_others_are_kept() {
    let world = World::new(|provider| provider);
    world.add_due("due", 3);
    let theirs = world.store.account("theirs").unwrap();
    let mut value = serde_json::to_value(Record::from(Token::new("at"))).unwrap();
    value["binding"] = serde_json::json!({
        "token_endpoint": "https://other.example/token", "client_id": "x", "grant": "authorization_code"
    });
    theirs.save(&serde_json::from_value(value).unwrap()).unwrap();
    world.logins.add("ended", Token::new("at").with_expires_at(world.clock.now_utc())).unwrap();
    let report = world.logins.keep_alive().run().unwrap();
    assert_eq!((report.refreshed, report.failed, report.need_person), (3, 1, 1));
    let told: BTreeMap<_, _> =
        report.told.iter().map(|t| (t.account.as_str(), t.outcome)).collect();
    assert_eq!(
        told,
        BTreeMap::from([("theirs", Outcome::Failed), ("ended", Outcome::NeedsPerson)])
    );
    let counters = world.logins.counters();
    assert_eq!(counters.failures, BTreeMap::from([("config", 1), ("not_authorized", 1)]));
}

#[test]
fn a_wrong_secret_is_sent_five_times_and_not_for_each_login() {
    let world = World::new(|provider| provider);
    world.add_due("due", 40);
    let logins = world.with_a_wrong_secret();
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.failed, report.put_off, report.refreshed), (5, 35, 0));
    assert!(report.told[39].reason.contains("invalid_client"), "{}", report.told[39]);
    assert_eq!(world.sandbox.counters().token_requests, 5);
    // With the right secret, the next sweep goes on.
    assert_eq!(world.logins.keep_alive().threads(1).run().unwrap().refreshed, 40);
}

#[test]
fn an_outage_puts_logins_off_and_loses_none() {
    let world = World::new(|provider| provider);
    world.add_due("due", 4);
    world.sandbox.faults(1000, Fault::StatusBefore(503));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.put_off, report.refreshed), (4, 0));
    world.sandbox.clear_faults();
    world.clock.advance(10 * MINUTE);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (4, 0), "{:?}", report.told);
    assert_eq!(world.sandbox.counters().reuses, 0);
}

//! Tests of the reasons for which a sweep stops: the service does not answer, refuses the client, or
//! blocks a client after a number of refusals.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, Guard, LoginStore, MemoryStore, Record, TokenBackend};
use evergrant::clock::Clock as _;
use evergrant::logins::{Outcome, Step};
use evergrant::provider::Rotation;
use evergrant::sandbox::Fault;
use evergrant::{BoxError, Logins};

use crate::sweep::{World, due};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
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

/// An answer that is not understood.
fn page() -> Fault {
    Fault::Body {
        status: 403,
        content_type: "text/html".to_owned(),
        body: b"<p>no</p>".to_vec(),
        commit: false,
    }
}

/// An answer that is not understood is usually asked for again at once; not if the service may count it.
#[test]
fn a_limit_of_refusals_holds_for_answers_without_a_code() {
    for limit in [1, 3] {
        let world = World::with(Rotation::Strict, |row| {
            row.to_builder().refusal_limit(limit, HOUR).build().unwrap()
        });
        world.add_due("due", 5);
        world.sandbox.faults(100, page());
        world.logins.keep_alive().threads(1).run().unwrap();
        assert_eq!(world.sandbox.counters().token_requests, limit as u64);
    }
}

#[test]
fn a_call_asks_once_if_the_service_may_count_the_answer() {
    let world = World::with(Rotation::Strict, |row| {
        row.to_builder().refusal_limit(8, HOUR).build().unwrap()
    });
    world.add_due("due", 1);
    world.sandbox.faults(100, page());
    let before = world.sandbox.counters().token_requests;
    assert!(world.logins.client("due-0").unwrap().refresh().is_err());
    assert_eq!(world.sandbox.counters().token_requests, before + 1);
}

/// Answers that do not say what is wrong, in a row: the service is there, and other logins may work.
#[test]
fn answers_without_a_code_are_no_silence_and_stop_no_other_login() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 20);
    let page = |status| Fault::Body {
        status,
        content_type: "text/html".to_owned(),
        body: b"<p>no</p>".to_vec(),
        commit: false,
    };
    // The client sends each of the requests once more.
    world.sandbox.faults(8, page(400));
    world.sandbox.faults(4, page(403));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.put_off, report.refreshed), (6, 14), "{report}");
    assert_eq!(world.logins.counters().put_off, 6);
}

#[test]
fn a_401_without_a_code_is_a_refusal_of_the_client() {
    for (status, threads) in [(401, 1), (404, 1), (401, 8)] {
        let world = World::with(Rotation::Strict, |provider| provider);
        world.add_due("due", 40);
        world.sandbox.faults(10_000, Fault::StatusBefore(status));
        let report = world.logins.keep_alive().threads(threads).run().unwrap();
        assert_eq!((report.put_off, report.total()), (40, 40), "{report}");
        let stopped = report.told.iter().filter(|told| told.reason.contains("5 refusals"));
        assert_eq!(stopped.count(), 35, "{:?}", report.told);
        // The client sends a request without an answer that it understands once more.
        assert_eq!(world.sandbox.counters().token_requests, 10);
    }
}

#[test]
fn a_wrong_secret_is_sent_five_times_also_by_many_threads() {
    let world = World::new(|provider| provider);
    world.add_due("due", 40);
    let report = world.with_a_wrong_secret().keep_alive().threads(16).run().unwrap();
    assert_eq!((report.failed, report.put_off), (5, 35), "{report}");
    assert_eq!(world.sandbox.counters().token_requests, 5);
}

/// The service tolerates one refusal. So only one thread may send a request, and the others wait for its answer.
#[test]
fn threads_wait_for_each_other_near_the_limit_of_refusals() {
    let limit = |provider: evergrant::Provider| {
        provider.to_builder().refusal_limit(1, HOUR).build().unwrap()
    };
    let loads = [1, 8].map(|threads| {
        let world = World::new(limit);
        world.add_due("due", 40);
        let report = world.logins.keep_alive().threads(threads).run().unwrap();
        assert_eq!((report.refreshed, report.put_off), (40, 0), "{report}");
        assert_eq!(world.clock.slept(), Duration::ZERO);
        world.logins.counters().steps[&Step::Load].0
    });
    assert_eq!(loads[0], loads[1], "no account is read again and again");
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

/// Calls of many accounts begin at the same moment, with and without a sweep.
#[test]
fn calls_at_the_same_time_keep_the_limit_of_refusals() {
    for (limit, sweeps) in [(1, 0), (2, 0), (2, 2), (3, 1)] {
        let world = World::new(|provider| {
            provider.to_builder().refusal_limit(limit, HOUR).build().unwrap()
        });
        world.add_due("dead", 12);
        world.sandbox.revoke_login();
        let start = Barrier::new(8 + sweeps);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (world, start) = (&world, &start);
                scope.spawn(move || {
                    let client = world.logins.client(&format!("dead-{n}")).unwrap();
                    start.wait();
                    let kind = client.access_token().unwrap_err().kind();
                    assert!(["reauthorize", "rate_limited"].contains(&kind), "{kind}");
                });
            }
            for _ in 0..sweeps {
                scope.spawn(|| {
                    start.wait();
                    world.logins.keep_alive().threads(2).run().unwrap();
                });
            }
        });
        assert_eq!(world.sandbox.counters().refused, limit as u64, "a limit of {limit}");
    }
}

#[test]
fn a_wait_of_zero_seconds_does_not_hammer_the_endpoint() {
    let world = World::new(|provider| provider);
    world.add_due("due", 10);
    world.sandbox.faults(100_000, Fault::TooMany(Some(0)));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!(report.put_off, 10);
    let requests = world.sandbox.counters().token_requests;
    // The sweep waits for 15 minutes at most, and each wait is twice as long as the last.
    assert!(requests <= 11, "{requests} requests");
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

/// A store in which another process keeps the lock of the account that is locked first.
struct Stuck(MemoryStore, Arc<Mutex<Option<String>>>);

struct StuckAccount(Arc<dyn TokenBackend>, String, Arc<Mutex<Option<String>>>);

impl TokenBackend for StuckAccount {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        match &*self.2.lock().unwrap().get_or_insert_with(|| self.1.clone()) {
            stuck if *stuck == self.1 => Err(BackendError::Busy(self.describe()).into()),
            _ => self.0.lock(wait),
        }
    }
    fn describe(&self) -> String {
        format!("the account {}", self.1)
    }
}

impl LoginStore for Stuck {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        let stuck = Arc::clone(&self.1);
        Ok(Arc::new(StuckAccount(self.0.account(name)?, name.to_owned(), stuck)))
    }
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        self.0.accounts(after, most)
    }
}

/// The first login is locked by another process, so the sweep asks the service with another login.
#[test]
fn a_probe_that_sends_nothing_passes_the_probe_on() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 10);
    for name in ["x", "y"] {
        world.logins.add(name, world.sandbox.login()).unwrap();
    }
    let stuck = Arc::new(Mutex::new(Some("nobody".to_owned())));
    let store = Stuck(world.store.clone(), Arc::clone(&stuck));
    let logins = Logins::builder(world.sandbox.provider(), world.sandbox.credentials(), store)
        .clients(|client| client.clock(world.clock.clone()))
        .build();
    // Two calls, each with two requests without an answer: the service is silent.
    world.sandbox.faults(4, Fault::CutBefore);
    for name in ["x", "y"] {
        assert_eq!(logins.client(name).unwrap().refresh().unwrap_err().kind(), "outcome_unknown");
    }
    *stuck.lock().unwrap() = None;
    let report = logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off, report.kept), (9, 1, 2), "{report}");
    assert!(report.told[0].reason.contains("locked"), "{:?}", report.told);
}

/// A sweep after a silent one asks with one login, and goes on when an answer comes.
#[test]
fn a_new_sweep_begins_with_one_probe_after_silence() {
    let world = World::with(Rotation::Strict, |provider| provider);
    world.add_due("due", 20);
    world.sandbox.faults(10_000, Fault::CutBefore);
    assert_eq!(world.logins.keep_alive().threads(1).run().unwrap().put_off, 20);
    let before = world.sandbox.counters().token_requests;
    let report = world.logins.keep_alive().threads(8).patience(Duration::ZERO).run().unwrap();
    assert_eq!(report.put_off, 20);
    let sent = world.sandbox.counters().token_requests - before;
    assert!(sent <= 2, "only one login was sent: {sent} requests");
    world.sandbox.clear_faults();
    world.clock.advance(HOUR);
    assert_eq!(world.logins.keep_alive().run().unwrap().refreshed, 20);
}

/// A world whose service ends a login when a refresh token is sent twice. These logins are due, and their access tokens
/// work, so that a sweep sends no token again.
fn working_logins(count: usize) -> World {
    let world = World::with(Rotation::StrictFamily, |provider| provider);
    let now = world.clock.now_utc();
    for n in 0..count {
        let token = due(world.sandbox.login(), now).with_expires_at(now + HOUR);
        world.logins.add(&format!("due-{n}"), token).unwrap();
    }
    world
}

/// The probe may not be sent again, so another login shows that the service answers.
#[test]
fn a_probe_that_may_not_be_sent_again_passes_the_probe_on() {
    let world = working_logins(10);
    world.sandbox.faults(3, Fault::CutBefore);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (7, 3), "{report}");
    assert_eq!(world.sandbox.counters().token_requests, 10);
}

/// Each probe puts one more login at risk, so the pauses between them grow.
#[test]
fn probes_that_may_not_be_sent_again_are_few() {
    let world = working_logins(40);
    world.sandbox.faults(1000, Fault::CutBefore);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (0, 40), "{report}");
    // Three requests show the silence. The last of them is the first probe.
    assert_eq!(world.sandbox.counters().token_requests, 6);
    assert!(world.clock.slept() < 3 * MINUTE, "{:?}", world.clock.slept());
    assert!(report.told.iter().any(|told| told.reason.contains("does not answer")));
}

/// A second use of a refresh token ends other logins of the user, so only a person may send it again.
#[test]
fn a_login_that_only_a_person_may_refresh_needs_a_person() {
    let harsh = |provider: evergrant::Provider| {
        let rotation = Rotation::StrictFamily;
        provider.to_builder().rotation(rotation).reuse_ends_other_logins(true).build().unwrap()
    };
    let world = World::with(Rotation::StrictFamily, harsh);
    world.add_due("due", 1);
    world.sandbox.faults(2, Fault::CutBefore);
    assert_eq!(world.logins.keep_alive().threads(1).run().unwrap().put_off, 1);
    world.clock.advance(HOUR);
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.need_person, report.put_off), (1, 0), "{report}");
    assert!(report.told[0].reason.contains("only `Client::refresh`"), "{}", report.told[0]);
    assert_eq!(world.logins.counters().need_person, 1);
    world.sandbox.clear_faults();
    world.logins.client("due-0").unwrap().refresh().unwrap();
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

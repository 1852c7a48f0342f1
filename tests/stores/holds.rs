//! Tests of sweeps of a service that asks to wait.

use std::sync::Mutex;
use std::time::Duration;

use evergrant::backend::LoginStore as _;
use evergrant::logins::{Outcome, Progress};
use evergrant::sandbox::Fault;

use crate::sweep::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_wait_that_the_service_asks_for_uses_no_patience() {
    for threads in [1, 8] {
        let world = World::new(|provider| provider);
        world.add_due("due", 40);
        world.sandbox.fault(Fault::TooMany(Some(60)));
        let sweep = world.logins.keep_alive().threads(threads).patience(5 * SECOND);
        let report = sweep.run().unwrap();
        assert_eq!((report.refreshed, report.put_off), (40, 0), "{report}");
        assert_eq!(world.sandbox.counters().token_requests, 41);
        assert!(world.clock.slept() >= MINUTE, "{:?}", world.clock.slept());
    }
}

/// After the wait, the other reasons for which a login is put off still have their whole time.
#[test]
fn a_lock_is_waited_for_after_a_wait_of_the_service() {
    let world = World::new(|provider| provider);
    world.add_due("due", 2);
    world.sandbox.fault(Fault::TooMany(Some(300)));
    let guard = world.store.account("due-1").unwrap().lock(Duration::ZERO).unwrap();
    let held = Mutex::new(Some(guard));
    // The lock is released when the other login is done, which is after the wait.
    let sweep = world.logins.keep_alive().threads(1).on_progress(|_| *held.lock().unwrap() = None);
    let report = sweep.run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (2, 0), "{:?}", report.told);
}

#[test]
fn a_service_that_only_asks_to_wait_ends_the_sweep() {
    let world = World::new(|provider| provider);
    world.add_due("due", 40);
    world.sandbox.faults(10_000, Fault::TooMany(Some(60)));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (0, 40), "{report}");
    assert!(report.told.iter().all(|told| told.reason.contains("wait")), "{:?}", report.told);
    let requests = world.sandbox.counters().token_requests;
    assert!(requests <= 16, "{requests}");
    assert!(world.clock.slept() <= 15 * MINUTE, "{:?}", world.clock.slept());
    assert_eq!(world.logins.counters().put_off, 40);
    // A later sweep has the whole time again.
    world.sandbox.clear_faults();
    assert_eq!(world.logins.keep_alive().run().unwrap().refreshed, 40);
}

#[test]
fn a_wait_of_hours_ends_the_sweep_after_a_second_answer() {
    let world = World::new(|provider| provider);
    world.add_due("due", 10);
    world.sandbox.faults(10_000, Fault::TooMany(Some(7200)));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!(report.put_off, 10, "{report}");
    // After ten minutes, another login shows whether the wait is for all logins.
    assert_eq!(world.sandbox.counters().token_requests, 2);
    assert!(world.clock.slept() < 11 * MINUTE, "{:?}", world.clock.slept());
}

#[test]
fn a_long_wait_for_one_login_does_not_stop_the_others() {
    let world = World::new(|provider| provider);
    world.add_due("due", 10);
    world.sandbox.fault(Fault::TooMany(Some(7200)));
    let report = world.logins.keep_alive().threads(1).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (9, 1), "{report}");
}

/// The program calls for another login meanwhile, and the service often asks this login to wait. So the sweep takes
/// longer than one wait may take.
#[test]
fn a_sweep_goes_on_as_long_as_the_service_answers() {
    let world = World::new(|provider| provider);
    world.add_due("due", 40);
    world.logins.add("other", world.sandbox.login()).unwrap();
    let told = Mutex::new(0);
    let ask = |progress: &Progress<'_>| {
        let mut told = told.lock().unwrap();
        *told += u32::from(progress.outcome == Outcome::Refreshed);
        if progress.outcome == Outcome::Refreshed && told.is_multiple_of(10) {
            world.sandbox.fault(Fault::TooMany(Some(60)));
            let error = world.logins.client("other").unwrap().refresh().unwrap_err();
            assert_eq!(error.kind(), "rate_limited");
        }
    };
    let sweep = world.logins.keep_alive().threads(1).longest_wait(MINUTE);
    let report = sweep.on_progress(ask).run().unwrap();
    assert_eq!((report.refreshed, report.put_off), (40, 0), "{:?}", report.told);
    assert!(world.clock.slept() >= 3 * MINUTE);
}

#[test]
fn a_sweep_that_may_not_wait_puts_off_and_the_next_goes_on() {
    let world = World::new(|provider| provider);
    world.add_due("due", 5);
    world.sandbox.fault(Fault::TooMany(Some(300)));
    let sweep = world.logins.keep_alive().threads(1).longest_wait(MINUTE);
    let report = sweep.run().unwrap();
    assert_eq!((report.refreshed, report.put_off, report.told.len()), (0, 5, 5));
    assert!(report.told.iter().all(|told| told.outcome == Outcome::PutOff));
    assert!(report.told[4].reason.contains("wait"), "{:?}", report.told);
    assert_eq!(world.sandbox.counters().token_requests, 1);
    world.clock.advance(300 * SECOND);
    assert_eq!(world.logins.keep_alive().run().unwrap().refreshed, 5);
}

#[test]
fn a_turn_that_comes_late_does_not_use_up_patience() {
    let world = World::new(|provider| provider);
    world.add_due("due", 3);
    let guard = world.store.account("due-1").unwrap().lock(Duration::ZERO).unwrap();
    let sweep = world.logins.keep_alive().threads(1).patience(6 * SECOND);
    let report = sweep.at_most(1, 100 * SECOND).run().unwrap();
    // Before its last try, the locked login has waited for several turns.
    assert_eq!((report.refreshed, report.put_off), (2, 1), "{report}");
    assert!(world.clock.slept() > 500 * SECOND, "{:?}", world.clock.slept());
    drop(guard);
}

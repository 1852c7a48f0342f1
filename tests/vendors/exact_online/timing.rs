//! Tests of when a token is replaced: margins, slow answers, changed clocks.

use std::sync::Arc;
use std::time::Duration;

use evergrant::clock::{Clock as _, ManualClock};
use evergrant::exact_online::{Country, ExactOnline};
use evergrant::hooks::Event;
use evergrant::sandbox::{Fault, Gate};
use evergrant::{Error, FileBackend};

use super::support::{World, call};

#[test]
fn a_401_refreshes_an_old_token_but_not_a_young_one() {
    // An API call answers 401.
    let world = World::new();
    world.log_in();
    let exact = world.process();
    world.sandbox.api_fault(Fault::RefuseOnce);
    let error = call(&exact).unwrap_err();
    assert!(matches!(&error, Error::Api(api) if api.status == 401), "{error:?}");
    assert_eq!(world.token_requests(), 1, "too early to refresh, so nothing is sent");
    world.advance(569);
    // With this margin the client would wait until the token expires, but the API refuses the token earlier.
    let late = world.builder().margin(Duration::ZERO).build().unwrap();
    world.advance(1);
    world.sandbox.api_fault(Fault::RefuseOnce);
    call(&late).unwrap();
    assert_eq!(world.sandbox.counters().refreshes, 1);
}

#[test]
fn the_margin_is_30_seconds_unless_configured() {
    for (margin, at) in [(None, 570), (Some(Duration::ZERO), 600)] {
        let world = World::new();
        world.log_in();
        let builder = world.builder();
        let exact = match margin {
            Some(margin) => builder.margin(margin),
            None => builder,
        };
        let exact = exact.build().unwrap();
        world.advance(at - 1);
        call(&exact).unwrap();
        assert_eq!(world.sandbox.counters().refreshes, 0);
        world.advance(1);
        call(&exact).unwrap();
        assert_eq!((world.sandbox.counters().refreshes, world.sandbox.counters().refused), (1, 0));
    }
}

#[test]
fn an_answer_after_35_seconds_is_waited_for() {
    let world = World::new();
    assert!(format!("{:?}", world.sandbox.provider()).contains("timeout: 120s"));
    world.log_in();
    world.advance(700);
    world.sandbox.fault(Fault::DelayAfter(Duration::from_secs(35)));
    let before = world.clock.monotonic();
    call(&world.process()).unwrap();
    assert_eq!(world.clock.monotonic() - before, Duration::from_secs(35));
    assert_eq!((world.token_requests(), world.sandbox.counters().refreshes), (2, 1));
    // The server counts from its own rotation, 35 s after the request, and refuses at most one refresh.
    world.advance(565);
    call(&world.process()).unwrap();
    world.advance(40);
    call(&world.process()).unwrap();
    assert!(world.sandbox.counters().refused <= 1);
}

#[test]
fn a_client_that_gave_up_remembers_the_open_refresh() {
    let world = World::lenient();
    world.log_in();
    world.advance(700);
    let gate = Gate::new();
    world.sandbox.fault(Fault::HoldAfter(gate.clone()));
    let impatient = world.sandbox.provider().to_builder().token_timeout(Duration::from_millis(200));
    let exact = world.builder().provider(impatient.build().unwrap()).build().unwrap();
    // On a busy machine the timeout may pass before the request is sent; then there is no note.
    let error = loop {
        match call(&exact).unwrap_err() {
            Error::Transport(_) => assert_eq!(gate.arrived(), 0),
            error => break error,
        }
    };
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    gate.open();
    assert!(world.stored().note().is_some(), "the store has no note of the request");
    // A run an hour later reads the note of the unanswered refresh and recovers the login.
    world.advance(3600);
    call(&world.process()).unwrap();
    let told = world.told.lock().unwrap();
    assert!(told.iter().any(|event| matches!(event, Event::Recovered { .. })), "{told:?}");
}

#[test]
fn a_changed_clock_does_not_lose_the_login() {
    for by in [-7200_i64, -300, 300, 7200] {
        let world = World::new();
        world.log_in();
        let theirs = Arc::new(ManualClock::new());
        theirs.set_wall(world.clock.now());
        let client = || {
            let backend = FileBackend::new(world.store()).with_clock(theirs.clone());
            let exact =
                ExactOnline::builder(Country::Netherlands, world.sandbox.credentials(), backend);
            exact.provider(world.sandbox.provider()).clock(theirs.clone()).build().unwrap()
        };
        let wall = theirs.now();
        let step = Duration::from_secs(by.unsigned_abs());
        theirs.set_wall(if by < 0 { wall - step } else { wall + step });
        // Run a cron job every 20 seconds for two hours, each time as a new process.
        let mut failed = 0;
        for _ in 0..360 {
            failed += usize::from(call(&client()).is_err());
            world.advance(20);
            theirs.advance(Duration::from_secs(20));
        }
        assert!(world.sandbox.login_alive());
        println!("{by}: {failed} calls failed, {} refused", world.refused_within_an_hour());
        assert!(failed <= 30, "{by}: {failed} calls failed");
        assert!(world.refused_within_an_hour() <= 8, "{by}: {}", world.refused_within_an_hour());
        call(&client()).unwrap();
    }
}

//! Tests of the promise with tokens that are bound to a key (DPoP, RFC 9449), at a service that demands nonces and
//! changes them while a refresh is on its way.

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};
use evergrant::{BoxError, Error};

use crate::kills::{Change, random_kills};
use crate::outcomes::{IN_MARGIN, losses, outages};
use crate::threads_and_processes::{End, new_processes, processes, threads};
use crate::worker::call;
use crate::world::{CLASSES, GRACE, LIFE, PATIENCE, World, everything};

#[test]
fn threads_with_a_bound_login_make_one_refresh() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        threads(&World::bound(rotation), End::Expiry);
        threads(&World::bound(rotation), End::Unannounced);
    }
}

#[test]
fn processes_with_a_bound_login_make_one_refresh() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        processes(&World::bound(rotation), End::Expiry);
        processes(&World::bound(rotation), End::Unannounced);
    }
}

#[test]
fn new_processes_with_a_bound_login_make_one_refresh() {
    let real = || std::sync::Arc::new(evergrant::clock::SystemClock);
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        new_processes(&World::bound_with(rotation, |builder| builder.clock(real())));
    }
}

#[test]
fn kills_lose_no_bound_login_that_a_bearer_login_survives() {
    for rotation in [Rotation::Grace(GRACE), Rotation::Strict, Rotation::UntilUsed] {
        // A nonce must live longer than the longest delay of a process between a demand and its
        // repetition.
        let make = |change: Change| World::bound_with(rotation, |b| change(b).dpop_nonces(20));
        random_kills(rotation, make);
    }
}

#[test]
fn storms_lose_no_bound_login_needlessly() {
    crate::storm::storms(World::bound);
}

/// Returns the outcome of a login after a fault: the answers of this run and of two later runs, and the
/// server's counts.
fn fate(world: &World, fault: &Fault, usable: bool, nonces_change: bool) -> Vec<String> {
    let client = world.client();
    // After the login, this client has a nonce of each server.
    world.log_in_with(&client);
    assert_eq!(call(&client), "ok at-1");
    world.clock.advance(if usable { IN_MARGIN } else { LIFE });
    if nonces_change {
        // The fault is for the second request of the refresh, which has the nonce.
        world.sandbox.renew_dpop_nonces();
        world.sandbox.fault(Fault::DelayBefore(std::time::Duration::ZERO));
    }
    world.sandbox.fault(fault.clone());
    let first = call(&client);
    world.clock.advance(LIFE);
    let mut fate = vec![first, call(&world.client()), call(&client)];
    // Keep only the kind of an error, because messages contain addresses and dates.
    fate.iter_mut().filter(|answer| !answer.starts_with("ok ")).for_each(|answer| {
        *answer = answer.split(' ').next().unwrap_or_default().to_owned();
    });
    let counters = world.sandbox.counters();
    fate.push(format!(
        "{} refreshes, {} recovered, {} reuses, {} refused, {} ended, alive: {}",
        counters.refreshes,
        counters.recovered,
        counters.reuses,
        counters.refused,
        counters.logins_ended,
        world.sandbox.login_alive()
    ));
    fate
}

#[test]
fn a_lost_answer_costs_bound_and_bearer_logins_the_same() {
    let mut tried = 0;
    for (class, rotation) in CLASSES {
        let one_in = if everything() { 1 } else { 4 };
        for fault in losses().into_iter().chain(outages()).step_by(one_in) {
            for usable in [true, false] {
                let plain = fate(&World::new(rotation), &fault, usable, false);
                for nonces_change in [false, true] {
                    let world = World::bound(rotation);
                    let bound = fate(&world, &fault, usable, nonces_change);
                    let what = format!("{class}, usable: {usable}, {nonces_change}, {fault:?}");
                    assert_eq!(bound, plain, "{what}");
                    assert_eq!(world.sandbox.counters().proofs_refused, 0, "{what}");
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} faults");
}

/// A process dies between the server's demand for a nonce and its second request. The refresh token was not used,
/// and the next process sends it.
#[test]
fn a_kill_between_the_demand_and_the_repetition_loses_nothing() {
    for (class, rotation) in CLASSES {
        let world = World::bound(rotation);
        world.seed();
        world.clock.advance(LIFE);
        let gate = Gate::new();
        world.sandbox.fault(Fault::DelayBefore(std::time::Duration::ZERO));
        world.sandbox.fault(Fault::HoldBefore(gate.clone()));
        let mut worker = world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
        worker.ask(&format!("advance {}", LIFE.as_secs()));
        worker.say("call");
        assert!(gate.wait_for(1, PATIENCE), "{class}");
        assert!(world.stored().note().is_some(), "{class}");
        worker.kill();
        assert_eq!(call(&world.client()), "ok at-2", "{class}");
        let counters = world.sandbox.counters();
        assert_eq!((counters.refreshes, counters.reuses, counters.refused), (1, 0, 0), "{class}");
        gate.open();
    }
}

/// A server that demands a nonce has not used the refresh token, so the client removes its note of the
/// request.
#[test]
fn a_demand_without_end_leaves_no_note_and_no_doubt() -> Result<(), BoxError> {
    let world = World::bound(Rotation::StrictFamily);
    world.seed();
    let client = world.client();
    assert_eq!(call(&client), "ok at-1");
    world.clock.advance(IN_MARGIN);
    let demand = Fault::Body {
        status: 400,
        content_type: "application/json".to_owned(),
        body: br#"{"error":"use_dpop_nonce"}"#.to_vec(),
        commit: false,
    };
    world.sandbox.faults(2, demand);
    assert_eq!(call(&client), "ok at-1", "the old token still works");
    assert!(world.stored().note().is_none());
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::OAuth(_)) && !error.needs_authorization(), "{error}");
    assert!(world.stored().note().is_none() && world.stored().refused().is_none());
    client.refresh()?;
    assert_eq!((world.refreshes(), world.sandbox.counters().reuses), (1, 0));
    Ok(())
}

//! Tests of clause P1 of the promise: any number of threads and processes make one refresh when a token
//! expires.

use std::sync::Barrier;

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};

use crate::world::{LIFE, PATIENCE, World};

const ROUNDS: u64 = 20;
const THREADS: usize = 64;
const PROCESSES: usize = 16;

/// How the access token becomes invalid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The token expires by the clocks of both sides.
    Expiry,
    /// Only the server makes the token invalid; the clients learn this from a 401.
    Unannounced,
}

fn end(world: &World, end: End) {
    match end {
        End::Expiry => world.clock.advance(LIFE),
        End::Unannounced => world.sandbox.expire_access_tokens(),
    }
}

/// Runs a round. If the tokens are bound to a key, both nonces change while the first token request is on its
/// way.
fn round<T>(world: &World, work: impl FnOnce() -> T) -> T {
    if !world.bound {
        return work();
    }
    let gate = Gate::new();
    world.sandbox.fault(Fault::HoldBefore(gate.clone()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(gate.wait_for(1, PATIENCE));
            world.sandbox.renew_dpop_nonces();
            gate.open();
        });
        work()
    })
}

/// Checks after each round that one refresh was made and that the login is valid.
#[track_caller]
fn check(world: &World, round: u64, answers: &[String], what: &str) {
    let expected = format!("ok at-{}", round + 2);
    assert!(answers.iter().all(|answer| *answer == expected), "{what}, {round}: {answers:?}");
    let counters = world.sandbox.counters();
    assert_eq!(counters.refreshes, round + 1, "{what}, round {round}: {counters:?}");
    // A demand for a nonce is a token request, too, and so is the login of a bound world.
    if !world.bound {
        assert_eq!(counters.token_requests, round + 1, "{what}, round {round}: {counters:?}");
    }
    let faults = (counters.refused, counters.reuses, counters.proofs_refused);
    assert_eq!(faults, (0, 0, 0), "{what}, round {round}: {counters:?}");
    assert!(world.sandbox.login_alive(), "{what}, round {round}: the login is lost");
}

pub(crate) fn threads(world: &World, by: End) {
    let rotation = world.rotation;
    let what = format!("{THREADS} threads, {rotation:?}, {by:?}, bound: {}", world.bound);
    world.seed();
    let client = world.client();
    assert_eq!(crate::worker::call(&client), "ok at-1");
    for number in 0..ROUNDS {
        end(world, by);
        let barrier = Barrier::new(THREADS);
        let answers: Vec<String> = round(world, || {
            std::thread::scope(|scope| {
                let one = || {
                    barrier.wait();
                    crate::worker::call(&client)
                };
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        });
        check(world, number, &answers, &what);
    }
    println!("{what}: {ROUNDS} rounds, {} refreshes", world.refreshes());
}

pub(crate) fn processes(world: &World, by: End) {
    let rotation = world.rotation;
    let what = format!("{PROCESSES} processes, {rotation:?}, {by:?}, bound: {}", world.bound);
    world.seed();
    let mut workers: Vec<_> =
        (0..PROCESSES).map(|_| world.worker_under::<&str>(&[], &[("CLOCK", "manual")])).collect();
    for worker in &mut workers {
        assert_eq!(worker.ask("call"), "ok at-1");
    }
    for number in 0..ROUNDS {
        end(world, by);
        if let End::Expiry = by {
            for worker in &mut workers {
                assert_eq!(worker.ask(&format!("advance {}", LIFE.as_secs())), "done");
            }
        }
        let answers: Vec<_> = round(world, || {
            workers.iter_mut().for_each(|worker| worker.say("call"));
            workers.iter().map(|worker| worker.hear()).collect()
        });
        check(world, number, &answers, &what);
    }
    println!("{what}: {ROUNDS} rounds, {} refreshes", world.refreshes());
    for worker in workers {
        assert!(worker.end().success());
    }
}

#[test]
fn threads_make_one_refresh_at_expiry() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        threads(&World::new(rotation), End::Expiry);
    }
}

#[test]
fn threads_make_one_refresh_after_a_401() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        threads(&World::new(rotation), End::Unannounced);
    }
}

#[test]
fn processes_at_the_end_of_a_token_make_one_refresh() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        processes(&World::new(rotation), End::Expiry);
    }
}

#[test]
fn processes_make_one_refresh_after_a_401() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        processes(&World::new(rotation), End::Unannounced);
    }
}

/// All threads are in new processes, which remember nothing, and the record says that the token has expired.
#[test]
fn processes_that_start_with_an_expired_token_make_one_refresh() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        for _ in 0..3 {
            new_processes(&World::in_real_time(rotation));
        }
    }
}

pub(crate) fn new_processes(world: &World) {
    world.seed_ended();
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| world.worker()).collect();
    let answers = round(world, || {
        for worker in &mut workers {
            assert_eq!(worker.ask("spawn"), "done");
            worker.say("call");
        }
        let mut answers: Vec<_> = workers.iter().map(|worker| worker.hear()).collect();
        answers.extend(workers.iter_mut().map(|worker| worker.ask("join")));
        answers
    });
    check(world, 0, &answers, "new processes");
}

/// All access tokens of a login become invalid at once. A process that was idle knows only an older token
/// than the store has.
#[test]
fn a_process_refreshes_a_stored_token_that_the_api_also_refuses() {
    let world = World::new(Rotation::StrictFamily);
    world.seed();
    let (idle, busy) = (world.client(), world.client());
    assert_eq!(crate::worker::call(&idle), "ok at-1");
    busy.refresh().unwrap();
    assert_eq!(crate::worker::call(&busy), "ok at-2");
    world.sandbox.expire_access_tokens();
    assert_eq!(crate::worker::call(&idle), "ok at-3");
    assert_eq!(world.refreshes(), 2);
    // An API that accepts no token costs one refresh, and the call returns the API's own answer.
    world.sandbox.on_open("GET", "/api/me", |_| evergrant::sandbox::ApiReply::new(401));
    assert!(crate::worker::call(&idle).starts_with("api "));
    assert_eq!(world.refreshes(), 3);
}

//! Tests of client credentials: any number of threads and processes request one token when the old token
//! expires.

use std::sync::Barrier;
use std::time::Duration;

use evergrant::provider::Rotation;
use evergrant::sandbox::Fault;
use evergrant::{Client, FileBackend};

use crate::world::{LIFE, Worker, World};

const ROUNDS: u64 = 10;
const THREADS: usize = 64;
const PROCESSES: usize = 16;

fn client(world: &World) -> Client {
    let store = FileBackend::new(&world.path);
    Client::builder(world.sandbox.provider(), world.sandbox.credentials(), store)
        .client_credentials(&[])
        .clock(world.clock.clone())
        .build()
}

fn processes(world: &World, environment: &[(&str, &str)]) -> Vec<Worker> {
    let environment = [environment, &[("GRANT", "application")]].concat();
    (0..PROCESSES).map(|_| world.worker_under::<&str>(&[], &environment)).collect()
}

fn calls(workers: &mut [Worker]) -> Vec<String> {
    workers.iter_mut().for_each(|worker| worker.say("call"));
    workers.iter().map(|worker| worker.hear()).collect()
}

fn advance(world: &World, workers: &mut [Worker], by: Duration) {
    world.clock.advance(by);
    for worker in workers {
        assert_eq!(worker.ask(&format!("advance {}", by.as_secs())), "done");
    }
}

#[track_caller]
fn check(world: &World, number: u64, answers: &[String]) {
    let expected = format!("ok at-{number}");
    assert!(answers.iter().all(|answer| *answer == expected), "{number}: {answers:?}");
    assert_eq!(world.token_requests(), number);
}

#[test]
fn threads_request_one_token_at_expiry() {
    let world = World::new(Rotation::None);
    let client = client(&world);
    for round in 1..=ROUNDS {
        let barrier = Barrier::new(THREADS);
        let answers: Vec<String> = std::thread::scope(|scope| {
            let one = || {
                barrier.wait();
                crate::worker::call(&client)
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        check(&world, round, &answers);
        world.clock.advance(LIFE);
    }
}

#[test]
fn processes_request_one_token_at_expiry() {
    let world = World::new(Rotation::None);
    let mut workers = processes(&world, &[("CLOCK", "manual")]);
    for round in 1..=ROUNDS {
        check(&world, round, &calls(&mut workers));
        advance(&world, &mut workers, LIFE);
    }
}

#[test]
fn processes_request_one_token_after_a_401() {
    let world = World::new(Rotation::None);
    let mut workers = processes(&world, &[("CLOCK", "manual")]);
    for round in 1..=ROUNDS {
        check(&world, round, &calls(&mut workers));
        world.sandbox.expire_access_tokens();
    }
}

/// Like runs of a cron job, each process is new.
#[test]
fn processes_that_start_with_a_stored_token_request_none() {
    let world = World::in_real_time(Rotation::None);
    for _ in 0..2 {
        let mut workers = processes(&world, &[]);
        check(&world, 1, &calls(&mut workers));
    }
}

#[test]
fn an_outage_fails_no_call_while_the_token_works() {
    let world = World::new(Rotation::None);
    let mut workers = processes(&world, &[("CLOCK", "manual")]);
    check(&world, 1, &calls(&mut workers));
    world.sandbox.faults(1000, Fault::StatusBefore(503));
    // Advance the clock into the margin of 60 seconds, and through the margin.
    advance(&world, &mut workers, LIFE - Duration::from_secs(59));
    for _ in 0..9 {
        let answers = calls(&mut workers);
        assert!(answers.iter().all(|answer| answer == "ok at-1"), "{answers:?}");
        advance(&world, &mut workers, Duration::from_secs(6));
    }
    assert!(world.token_requests() > 1, "no token request was tried");
    // After the expiry, calls fail until the service works again.
    advance(&world, &mut workers, Duration::from_secs(10));
    assert!(calls(&mut workers).iter().all(|answer| answer.starts_with("transport ")));
    world.sandbox.clear_faults();
    advance(&world, &mut workers, Duration::from_secs(6));
    let before = world.token_requests();
    assert!(calls(&mut workers).iter().all(|answer| answer == "ok at-2"));
    assert_eq!(world.token_requests(), before + 1);
}

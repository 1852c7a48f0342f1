//! Tests of clauses P2 and P3 of the promise under load: processes that refresh all the time on one store are
//! killed at random moments, and others replace them. With a grace window, no login is lost. With a strict
//! service, each lost login is one rotation in the sandbox's list of events whose new refresh token no store
//! ever held, and the error of the next run says so.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evergrant::clock::{Clock as _, SystemClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::{EventKind, SandboxBuilder};
use evergrant::{Client, Error, FileBackend, TokenBackend as _};

use crate::support::*;
use crate::worker::{answer, call, said};
use crate::world::{Brisk, GRACE, Worker, World, everything};

pub(crate) const CHILDREN: &[Child] = &[("kills::work", work)];

/// How many processes are at work at any time.
const PROCESSES: usize = 4;

/// Refreshes and calls until this process is killed. The parent notices a lost login; any other failure is
/// printed.
fn work() {
    let client = crate::worker::client(Arc::new(Brisk), Arc::default());
    answer("ready");
    let expected = |text: &str| text.starts_with("ok ") || text.starts_with("reauthorize ");
    loop {
        let refreshed = said(client.refresh().map(|()| String::new()));
        let called = call(&client);
        for text in [refreshed, called] {
            if !expected(&text) {
                answer(&text);
            }
        }
    }
}

/// A random generator whose seed fixes every choice of a run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A change to a sandbox.
pub(crate) type Change = fn(SandboxBuilder) -> SandboxBuilder;

fn start(world: &World) -> Worker {
    let saved = world.dir.join("saved");
    Worker::start(world.command::<&str>("kills::work", &[]).env("SAVED", saved))
}

/// Makes a client in this process, as the next run would.
fn fresh(world: &World) -> Client {
    world.client_on(FileBackend::new(&world.path), Arc::new(Brisk))
}

fn log_in(world: &World) {
    let client = fresh(world);
    let authorization = client.authorize(&[]).unwrap();
    let callback = world.sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
}

/// Sends SIGKILL. Fails if the process printed anything before.
fn stop(mut worker: Worker, seed: u64) {
    worker.process.kill().unwrap();
    if let Some(line) = worker.hear_or_end() {
        panic!("seed {seed}: {line}");
    }
}

pub(crate) fn random_kills(rotation: Rotation, make: impl FnOnce(Change) -> World) {
    let kills = if everything() { 150 } else { 15 };
    let seed = Brisk.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    println!("{rotation:?}: seed {seed}");
    // The sandbox may process the request of a killed process only after the replay of this request, if the
    // system lets the sandbox's thread sleep. No client can prevent that a service revokes the login for such
    // a late request, so this service only refuses the request.
    let world = make(|b| b.clock(Arc::new(SystemClock)).reuse_ends_login(false));
    // Let some time pass between the decision and its answer, so that a kill can fall between them.
    let state = AtomicU64::new(seed ^ 0x5eed);
    world.sandbox.on_token(move |_, reply| {
        let n = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(Random(n | 1).below(6000)));
        reply
    });
    log_in(&world);
    let mut random = Random(seed);
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| start(&world)).collect();
    // The names of the lost refresh tokens, as they were found in the store.
    let mut lost: Vec<String> = Vec::new();
    let mut aimed = 0;
    for kill in 0..kills {
        std::thread::sleep(Duration::from_micros(random.below(20_000)));
        // Every other time, kill the process that has sent a refresh token, if there is one.
        let stored = FileBackend::new(&world.path).load().unwrap().unwrap();
        let holder = stored.note().map(|note| note.holder.pid).filter(|_| random.below(2) == 0);
        let at = workers.iter().position(|worker| Some(worker.process.id()) == holder);
        aimed += usize::from(at.is_some());
        let at = at.unwrap_or_else(|| random.below(PROCESSES as u64) as usize);
        stop(workers.swap_remove(at), seed);
        // The record is complete, at whatever point the process was killed. (An error of `load` is a
        // failure.)
        assert!(load(&world.path).is_some());
        // Check the next run.
        match fresh(&world).refresh() {
            Ok(()) => {}
            Err(Error::Reauthorize(refusal)) if rotation == Rotation::Strict => {
                let text = refusal.to_string();
                assert!(text.contains("the answer with the new refresh token was lost"), "{text}");
                assert!(refusal.unanswered_since.is_some());
                lost.push(world.stored_name());
                log_in(&world);
            }
            Err(error) => panic!("seed {seed}, kill {kill}: {error}"),
        }
        workers.push(start(&world));
    }
    workers.into_iter().for_each(|worker| stop(worker, seed));
    // The last kills may also have cost a login.
    if let Err(error) = fresh(&world).refresh() {
        assert!(matches!(error, Error::Reauthorize(_)), "seed {seed}: {error}");
        lost.push(world.stored_name());
    } else {
        assert!(world.sandbox.login_alive(), "seed {seed}");
    }
    accounted(&world, &lost, seed);
    let counters = world.sandbox.counters();
    println!(
        "{rotation:?}: {kills} kills ({aimed} of them of a process that had sent a token), {} \
         rotations, {} logins recovered, {} lost",
        counters.refreshes,
        counters.recovered,
        lost.len()
    );
    if rotation != Rotation::Strict {
        assert!(lost.is_empty(), "seed {seed}: {lost:?}");
    }
}

/// Checks that each lost login is one rotation whose new refresh token no store ever held, and that there is
/// no other such rotation.
fn accounted(world: &World, lost: &[String], seed: u64) {
    let events = world.sandbox.events();
    let saved = std::fs::read_to_string(world.dir.join("saved")).unwrap();
    // A store held a token if a save of it worked, if a process sent it, or if it is stored now.
    let mut held: BTreeSet<&str> = saved.lines().collect();
    held.extend(events.iter().filter_map(|event| event.spent.as_deref()));
    let now = world.stored_name();
    held.insert(&now);
    let mut spends: HashMap<&str, Vec<&str>> = HashMap::new();
    for event in events.iter().filter(|event| event.kind == EventKind::Refreshed) {
        let (spent, successor) = (event.spent.as_deref(), event.refresh_token.as_deref());
        spends.entry(spent.unwrap()).or_default().push(successor.unwrap());
    }
    let mut unheld = BTreeSet::new();
    for (spent, successors) in &spends {
        if world.rotation == Rotation::Strict {
            assert_eq!(successors.len(), 1, "seed {seed}: {spent} was accepted twice");
            if !held.contains(successors[0]) {
                unheld.insert((*spent).to_owned());
            }
        }
    }
    let lost: BTreeSet<String> = lost.iter().cloned().collect();
    assert_eq!(lost, unheld, "seed {seed}");
}

fn plain_kills(rotation: Rotation) {
    random_kills(rotation, |change| World::with(rotation, change));
}

#[test]
fn with_a_grace_window_no_kill_loses_a_login() {
    plain_kills(Rotation::Grace(GRACE));
}

#[test]
fn with_a_strict_service_each_lost_login_is_an_unsaved_rotation() {
    plain_kills(Rotation::Strict);
}

#[test]
fn with_until_used_rotation_no_kill_loses_a_login() {
    plain_kills(Rotation::UntilUsed);
}

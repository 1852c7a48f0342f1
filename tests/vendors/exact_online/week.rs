//! Tests a week of a cron job that runs every five minutes in four processes, with faults, on a manual clock.

use std::collections::HashSet;
use std::io::BufRead as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use evergrant::Error;
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::sandbox::{EventKind, Fault, Gate};
use serde_json::json;

use super::child::{Worker, builder, say};
use super::support::World;

const PROCESSES: usize = 4;

/// Runs in a child process: runs the cron job once for each time that the parent sends.
pub(crate) fn child() {
    for line in std::io::stdin().lock().lines() {
        let millis = line.unwrap().parse().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let exact = builder().clock(Arc::new(ManualClock::at(now))).build().unwrap();
        say(&match exact.client().get("/me").call() {
            Ok(_) => "ok".to_owned(),
            Err(Error::Reauthorize(refusal)) => {
                let named = if refusal.unanswered_since.is_some() { "named" } else { "unnamed" };
                format!("lost {named} {refusal}")
            }
            Err(error) => format!("{} {error:#}", error.kind()),
        });
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn body(status: u16, body: &str, commit: bool) -> Fault {
    let (content_type, body) = ("application/json".to_owned(), body.as_bytes().to_vec());
    Fault::Body { status, content_type, body, commit }
}

/// Draws a fault after which the client can keep the login.
fn passing(dice: &mut Dice) -> Fault {
    let outage = json!({"fault": {"faultstring": "Unable to identify proxy for host",
        "detail": {"errorcode": "messaging.adaptors.http.flow.ApplicationNotFound"}}});
    match dice.below(9) {
        0 => Fault::CutBefore,
        1 => Fault::StatusBefore(500),
        2 => Fault::Unavailable(Some(20)),
        3 => Fault::TooMany(None),
        4 => Fault::TooEarly,
        5 => body(400, "", false),
        6 => body(404, &outage.to_string(), false),
        7 => Fault::DelayBefore(Duration::from_secs(35)),
        _ => Fault::DelayAfter(Duration::from_secs(35)),
    }
}

/// Draws a fault after the rotation: no client receives the successor.
fn losing(dice: &mut Dice) -> Fault {
    let fault = json!({"fault": {"faultstring": "Failed to execute the ExtractVariables",
        "detail": {"errorcode": "steps.extractvariables.ExecutionFailed"}}});
    match dice.below(3) {
        0 => Fault::CutAfter,
        1 => Fault::CutMid(20),
        _ => body(500, &fault.to_string(), true),
    }
}

#[derive(Debug, Default)]
struct Told {
    runs: usize,
    ok: usize,
    /// How often a person had to log in again.
    logins: usize,
    kills: usize,
    /// Refreshes whose answer no client received.
    losses: usize,
    /// Runs that reported the loss of the login with its cause.
    named: usize,
    unnamed: usize,
}

/// Simulates days of a cron job that runs every five minutes in four processes. Of 1000 ticks, `faults` have
/// a transient fault, and `losses` a fault that loses the answer to a refresh.
fn simulate(world: &World, days: u64, faults: u64, losses: u64, seed: u64) -> Told {
    world.log_in();
    let store = world.store().to_str().unwrap().to_owned();
    let environment = [("URL", world.sandbox.url()), ("STORE", &*store)];
    let start = || Worker::start("cron", &environment);
    let mut workers: Vec<Worker> = (0..PROCESSES).map(|_| start()).collect();
    let (mut dice, mut told, mut lost_for) = (Dice(seed), Told::default(), 0);
    for _ in 0..days * 288 {
        // A cron job is never quite on time.
        world.advance(297 + dice.below(7));
        let roll = dice.below(1000);
        let mut gate = None;
        if roll < losses {
            world.sandbox.fault(losing(&mut dice));
        } else if roll < losses + faults {
            let fault = passing(&mut dice);
            world.sandbox.fault(fault);
        } else if roll < losses + faults + 5 {
            // The process that refreshes in this tick is killed before the server has decided.
            let held = Gate::new();
            world.sandbox.fault(Fault::HoldBefore(held.clone()));
            gate = Some(held);
        } else if roll < losses + faults + 15 {
            world.sandbox.api_fault(Fault::RefuseOnce);
        }
        let now = world.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        for worker in &mut workers {
            worker.tell(&now.to_string());
        }
        let mut answers: Vec<Option<String>> = vec![None; PROCESSES];
        if let Some(gate) = gate {
            // Wait until a process refreshes, or all have answered without a refresh.
            while gate.arrived() == 0 && answers.iter().any(Option::is_none) {
                for (worker, answer) in workers.iter().zip(&mut answers) {
                    let wait = Duration::from_millis(1);
                    *answer = answer.take().or_else(|| worker.hear_within(wait));
                }
            }
            if gate.arrived() > 0 {
                let holder = world.stored().note().map(|note| note.holder.pid).unwrap();
                let victim = workers.iter().position(|worker| worker.id() == holder).unwrap();
                workers[victim].kill();
                workers[victim] = start();
                workers[victim].tell(&now.to_string());
                told.kills += 1;
                // The server still decides the request of the killed process: its answer is lost.
                let decided = world.sandbox.counters().refreshes;
                gate.open();
                while world.sandbox.counters().refreshes == decided {
                    std::thread::yield_now();
                }
            }
            gate.open();
        }
        for (worker, answer) in workers.iter().zip(answers) {
            told.runs += 1;
            match answer.unwrap_or_else(|| worker.hear().unwrap()) {
                line if line == "ok" => told.ok += 1,
                line if line.starts_with("lost named") => told.named += 1,
                line if line.starts_with("lost") => told.unnamed += 1,
                _ => {}
            }
        }
        world.sandbox.clear_faults();
        // A person logs in again an hour after the first refusal.
        let refused = world.stored().refused().is_some();
        lost_for = if refused { lost_for + 1 } else { 0 };
        if lost_for == 12 {
            world.log_in();
            told.logins += 1;
        }
    }
    told.losses = lost(world);
    told
}

/// Counts the refreshes whose answer no client received: their access token was never used.
fn lost(world: &World) -> usize {
    let events = world.sandbox.events();
    let tokens = |kind| {
        let found = events.iter().filter(move |event| event.kind == kind);
        found.filter_map(|event| event.access_token.clone()).collect::<HashSet<_>>()
    };
    tokens(EventKind::Refreshed).difference(&tokens(EventKind::Used)).count()
}

#[test]
fn a_week_with_faults_keeps_the_login_and_names_losses() {
    let world = World::new();
    let told = simulate(&world, 7, 150, 8, 0x9E37_79B9_7F4A_7C15);
    let counters = world.sandbox.counters();
    let refused = world.refused_within_an_hour();
    println!("{told:?}; {counters:?}; {refused} refused within an hour");
    assert_eq!(told.runs, 7 * 288 * PROCESSES);
    // Each lost answer cost one login, an error named the loss, and no other login was lost.
    assert!(told.losses > 0, "no fault lost an answer");
    let open = usize::from(world.stored().refused().is_some() || world.stored().note().is_some());
    assert!(told.logins <= told.losses && told.losses <= told.logins + open, "{told:?}");
    assert_eq!(told.unnamed, 0);
    assert!(told.named >= told.logins);
    assert!(refused <= 8, "{refused} refusals within an hour, and more than ten block the key");
    assert!(told.ok * 10 > told.runs * 8, "{told:?}");
}

#[test]
fn a_day_of_transient_faults_loses_no_login() {
    let world = World::new();
    let told = simulate(&world, 1, 400, 0, 5);
    println!("{told:?}; {:?}", world.sandbox.counters());
    assert_eq!((told.named, told.unnamed, told.logins), (0, 0, 0), "{told:?}");
    assert!(world.sandbox.login_alive());
    assert!(world.refused_within_an_hour() <= 8);
}

#[test]
fn with_a_lenient_server_no_fault_loses_the_login() {
    let world = World::lenient();
    let told = simulate(&world, 1, 100, 40, 3);
    println!("{told:?}; {:?}", world.sandbox.counters());
    assert!(told.losses > 0, "no fault lost an answer");
    assert_eq!((told.named, told.unnamed, told.logins), (0, 0, 0), "{told:?}");
    assert!(world.refused_within_an_hour() <= 8);
}

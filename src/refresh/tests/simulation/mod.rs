//! The refresh, explored: every call of the store, of the service, of the API and of the clock is a
//! point where another actor may go on, or something may go wrong. The promise is the judge.
//!
//! `EVERGRANT_SIMULATION=n` sets the number of schedules, `EVERGRANT_SIMULATION_SEED` where they
//! start, and `EVERGRANT_SIMULATION_REPLAY=name` runs one that was printed, with its trace.

mod actor;
mod config;
mod explore;
mod handle;
mod oracle;
mod schedule;
mod server;
mod setup;
mod world;

use std::time::Instant;

use self::config::STORES;
use self::explore::{Crew, Figures, deep, drawn, drawn_config, from_name};
use self::schedule::Random;
use super::server as answers;
use super::*;

/// Schedules where nobody says how many.
const SCHEDULES: usize = 50_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn explore(store: usize, count: usize, seed: u64) -> Figures {
    let crew = Crew::new();
    let mut figures = Figures::default();
    let mut random = Random(seed ^ 0x5eed ^ (store as u64) << 32);
    while figures.schedules < count / 2 {
        let config = drawn_config(&mut random, store);
        let left = count / 2 - figures.schedules;
        deep(&crew, config, 1 + config.faults.min(1), left.min(600), &mut random, &mut figures);
    }
    drawn(&crew, store, seed, count - figures.schedules, &mut figures);
    figures
}

#[test]
fn no_schedule_breaks_the_promise() {
    if let Ok(name) = std::env::var("EVERGRANT_SIMULATION_REPLAY") {
        return replay(&name);
    }
    let count = variable("EVERGRANT_SIMULATION").map_or(SCHEDULES, |count| count as usize);
    let seed = variable("EVERGRANT_SIMULATION_SEED").unwrap_or(1);
    let start = Instant::now();
    let stores: Mutex<Vec<usize>> = Mutex::new((0..STORES.len()).rev().collect());
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(store) = stores.lock().pop() else { break };
                    let share = count * [6, 5, 5, 2, 1, 1][store] / 20;
                    let figures = explore(store, share.max(1), seed);
                    all.lock().push((store, figures));
                }
            });
        }
    });
    let mut all = all.into_inner();
    all.sort_by_key(|(store, _)| *store);
    let mut broken = Vec::new();
    for (store, figures) in all {
        let (lock, compares) = STORES[store];
        println!(
            "{lock:?}, {}: {} schedules, {} distinct, {} logins lost, {} violations",
            if compares { "comparing" } else { "plain" },
            figures.schedules,
            figures.hashes.len(),
            figures.lost,
            figures.violations.len()
        );
        broken.extend(figures.violations);
    }
    println!("{} s", start.elapsed().as_secs());
    // One of each kind, the shortest.
    broken.sort_by_key(|(clause, text, name)| (*clause, without_digits(text), name.len()));
    let mut last = None;
    for kind in broken.chunk_by(|one, other| {
        one.0 == other.0 && without_digits(&one.1) == without_digits(&other.1)
    }) {
        let (clause, text, name) = &kind[0];
        println!("{} x {clause}: {text}\n  EVERGRANT_SIMULATION_REPLAY={name}", kind.len());
        last = Some(name.clone());
    }
    if let Some(name) = last {
        println!("the last of these:");
        replay(&name);
    }
    assert!(broken.is_empty(), "{} schedules break the promise", broken.len());
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn replay(name: &str) {
    let (config, plan) = from_name(name).expect("a number, a colon, and choices: 17:3.1,9.2");
    println!("{config}");
    let ended = Crew::new().run(config, plan, true);
    for line in ended.trace {
        println!("{line}");
    }
    if let Some((clause, text)) = ended.violation {
        panic!("violation of {clause}: {text}");
    }
}

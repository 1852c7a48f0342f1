//! Runs schedules: a single schedule, many random schedules, or all schedules near a given one.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use super::actor;
use super::config::Config;
use super::schedule::{Chooser, Plan, Point, Random, Taken};
use super::turns::{Killed, become_actor};
use super::world::{NOBODY, Status, World};
use super::*;
use crate::refresh::turn::waits;

/// The result of a schedule.
pub(super) struct Ended {
    pub(super) hash: u64,
    pub(super) taken: Vec<Taken>,
    pub(super) list: Vec<(usize, usize)>,
    pub(super) violation: Option<(&'static str, String)>,
    pub(super) lost: bool,
    pub(super) failed_calls: usize,
    pub(super) trace: Vec<String>,
}

type Job = (Arc<World>, usize);

/// Threads that run the actors of one schedule after another.
pub(super) struct Crew {
    threads: Vec<mpsc::Sender<Job>>,
}

impl Crew {
    pub(super) fn new() -> Crew {
        let start = |_| {
            let (jobs, next) = mpsc::channel::<Job>();
            thread::spawn(move || {
                while let Ok((world, me)) = next.recv() {
                    play(world, me);
                }
            });
            jobs
        };
        Crew { threads: (0..3).map(start).collect() }
    }

    /// Runs one schedule.
    pub(super) fn run(&self, config: Config, plan: Plan, trace: bool) -> Ended {
        let world = World::new(config, Chooser::new(plan), trace);
        world.run(&mut |me| self.threads[me].send((Arc::clone(&world), me)).unwrap());
        let lost = finish(&world);
        let mut keepers = Vec::new();
        let mut state = world.state.lock();
        for process in &mut state.processes {
            process.dead = true;
        }
        for client in &mut state.clients {
            keepers.extend(client.keeper.take());
        }
        let ended = Ended {
            hash: state.hash,
            list: state.chooser.list(),
            taken: std::mem::take(&mut state.chooser.taken),
            violation: state.oracle.violation.take(),
            lost,
            failed_calls: state.oracle.failed_calls,
            trace: state.trace.take().unwrap_or_default(),
        };
        drop(state);
        drop(keepers);
        ended
    }
}

fn play(world: Arc<World>, me: usize) {
    become_actor(me);
    let waiting = Arc::clone(&world);
    waits::tell(Some(Box::new(move || {
        waiting.state.lock().waits(me);
        waiting.reach(Point::Turn, Status::Turn);
    })));
    world.begin(me);
    let result = catch_unwind(AssertUnwindSafe(|| actor::run(&world)));
    waits::tell(None);
    if let Err(payload) = result
        && !payload.is::<Killed>()
    {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or(payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let text = format!("a panic: {}", text.unwrap_or_default());
        world.state.lock().violation("PANIC", text);
    }
    become_actor(NOBODY);
    world.end(me);
}

/// Returns whether the login is lost for a process that starts after all actors have ended.
fn finish(world: &Arc<World>) -> bool {
    let (probe, reachable) = {
        let mut state = world.state.lock();
        if state.oracle.violation.is_some() {
            return false;
        }
        let last = state.requests.iter().filter_map(|request| request.arrives_at).max();
        let now = state.now;
        state.advance(last.unwrap_or(now).max(now));
        if state.is_plain() {
            return false;
        }
        state.budget = 0;
        let store = &mut state.store;
        (store.no_loads_until, store.no_saves_until, store.no_locks_until) = (0, 0, 0);
        let probe = state.new_process();
        let reachable = state.reachable();
        // A lost login looks alive while an old access token works, so let that token expire.
        let last = state.service.access.iter().map(|access| access.end).max();
        let now = state.now;
        state.advance(last.unwrap_or(now).max(now) + 1_000);
        (probe, reachable)
    };
    let keeper = world.keeper(probe, world.rules.clone());
    let mut found = false;
    for _ in 0..12 {
        if actor::one_call(world, &keeper) {
            found = true;
            break;
        }
        let mut state = world.state.lock();
        let now = state.now + 400_000;
        state.advance(now);
    }
    drop(keeper);
    let mut state = world.state.lock();
    if found || state.config.refuses {
        return false;
    }
    let held = !state.service.class.has_window();
    if reachable && held && !state.weak() && !state.oracle.excuses.any_outside() {
        state.violation("P7", "a live token is in the store, and no later run finds it".to_owned());
    } else if !state.excused() {
        let text = format!("the login is lost: {:?}", state.oracle.excuses);
        state.violation("LOST", text);
    }
    true
}

/// The name by which a schedule can be run again.
pub(super) fn name(config: Config, list: &[(usize, usize)]) -> String {
    let list: Vec<String> = list.iter().map(|(at, choice)| format!("{at}.{choice}")).collect();
    format!("{}:{}", config.number(), list.join(","))
}

pub(super) fn from_name(name: &str) -> Option<(Config, Plan)> {
    let (number, list) = name.split_once(':')?;
    let list = list.split(',').filter(|part| !part.is_empty()).map(|part| {
        let (at, choice) = part.split_once('.')?;
        Some((at.parse().ok()?, choice.parse().ok()?))
    });
    let list = list.collect::<Option<Vec<_>>>()?;
    Some((Config::from_number(number.parse().ok()?), Plan::List(list)))
}

/// Figures of an exploration.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) schedules: usize,
    pub(super) hashes: HashSet<u64>,
    pub(super) lost: usize,
    pub(super) failed_calls: usize,
    /// The clause, the text, and the name of the schedule.
    pub(super) violations: Vec<(&'static str, String, String)>,
}

impl Figures {
    pub(super) fn count(&mut self, config: Config, ended: Ended) {
        self.schedules += 1;
        self.hashes.insert(ended.hash);
        self.lost += usize::from(ended.lost);
        self.failed_calls += ended.failed_calls;
        if let Some((clause, text)) = ended.violation {
            self.violations.push((clause, text, name(config, &ended.list)));
        }
    }
}

/// Draws a configuration.
pub(super) fn drawn_config(random: &mut Random, store: usize) -> Config {
    Config {
        shape: random.below(8),
        store,
        class: random.below(8),
        told: usize::from(random.one_in(4)),
        ends_access: random.one_in(3),
        left: random.below(3),
        times: [0, 0, 0, 1, 2, 3][random.below(6)],
        gap: random.below(3),
        late: random.one_in(4),
        warm: random.one_in(2),
        refuses: random.one_in(16),
        wide: random.one_in(2),
        faults: [0, 1, 1, 2, 2][random.below(5)],
        sweeps: random.one_in(4),
    }
}

/// Draws `count` schedules from a seed, and runs them.
pub(super) fn drawn(crew: &Crew, store: usize, seed: u64, count: usize, figures: &mut Figures) {
    for n in 0..count {
        let mut random = Random(seed.wrapping_add(n as u64).wrapping_mul(0x5851_f42d_4c95_7f2d));
        let config = drawn_config(&mut random, store);
        let plan = Chooser::drawn(random, config.faults);
        figures.count(config, crew.run(config, plan, false));
    }
}

/// Runs, depth first, all schedules of a configuration with at most `bound` choices other than the
/// first, in random order, and at most `limit` schedules. Returns whether all were run.
pub(super) fn deep(
    crew: &Crew,
    config: Config,
    bound: usize,
    limit: usize,
    random: &mut Random,
    figures: &mut Figures,
) -> bool {
    let mut stack = vec![Vec::new()];
    let mut count = 0;
    while let Some(list) = stack.pop() {
        if count == limit {
            return false;
        }
        count += 1;
        let from = list.last().map_or(0, |(at, _): &(usize, usize)| at + 1);
        let ended = crew.run(config, Plan::List(list.clone()), false);
        if list.len() < bound {
            let first = stack.len();
            for (at, taken) in ended.taken.iter().enumerate().skip(from) {
                for choice in 1..taken.of {
                    let mut next = list.clone();
                    next.push((at, choice));
                    stack.push(next);
                }
            }
            for at in (first + 1..stack.len()).rev() {
                stack.swap(at, first + random.below(at - first + 1));
            }
        }
        figures.count(config, ended);
    }
    true
}

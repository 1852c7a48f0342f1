//! Lets one actor run at a time, and chooses the next actor at each point.

use std::cell::Cell;
use std::sync::Arc;

use parking_lot::MutexGuard;

use super::schedule::{Failure, Fault, Point};
use super::world::{Actor, NOBODY, State, Status, World};

/// The largest number of steps; every schedule that ends needs fewer.
const STEPS: u32 = 4_000;

thread_local! {
    static ME: Cell<usize> = const { Cell::new(NOBODY) };
}

/// The actor that this thread plays.
pub(super) fn me() -> usize {
    ME.get()
}

pub(super) fn become_actor(me: usize) {
    ME.set(me);
}

/// The payload of the panic that ends the threads of a process that was killed.
pub(super) struct Killed;

fn die() {
    if !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Killed));
    }
}

impl World {
    /// A point where another actor may go on or a fault may happen. Returns how the actor's next call fails,
    /// if the call fails.
    pub(super) fn reach(&self, point: Point, status: Status) -> Option<Failure> {
        let me = me();
        let mut state = self.state.lock();
        if me == NOBODY {
            let until = match status {
                Status::Until(at) => at,
                Status::Reply(index) => state.requests[index].heard_at,
                _ => state.now,
            };
            state.advance(until);
            return None;
        }
        if state.actors[me].dead {
            drop(state);
            die();
            return None;
        }
        if std::thread::panicking() {
            return None;
        }
        state.step += 1;
        let now = state.now + 1;
        state.advance(now);
        state.actors[me].status = status;
        state.actors[me].reached = (point, now);
        if state.step > STEPS {
            state.violation("END", "the schedule does not end".to_owned());
            self.stop_all(&mut state);
        }
        let mut failure = None;
        while !state.actors[me].dead {
            let go = state.candidates(me);
            if go.is_empty() {
                state.violation("END", "nobody can go on: each waits for another".to_owned());
                self.stop_all(&mut state);
                break;
            }
            let faults =
                if state.budget > 0 { state.faults(point, failure.is_some()) } else { Vec::new() };
            let choice = {
                let failures = faults.iter().filter(|fault| matches!(fault, Fault::Op(_))).count();
                state.chooser.choose(point, go.len(), failures, faults.len())
            };
            let Some((at, next)) = go.get(choice).copied() else {
                let fault = faults[choice - go.len()];
                state.budget -= 1;
                state.strike(me, fault);
                if let Fault::Op(op) = fault {
                    failure = Some(op);
                }
                continue;
            };
            state.advance(at);
            if next != me {
                state.note(next, 7, |_| String::new());
                self.hand_over(&mut state, next);
                while state.current != me && !state.actors[me].dead {
                    self.wakes[me].wait(&mut state);
                }
            }
            break;
        }
        if state.actors[me].dead {
            if state.current == me {
                self.next(&mut state, me);
            }
            self.wake_dead(&state);
            drop(state);
            die();
            return None;
        }
        state.actors[me].status = Status::Ready;
        let code = point as u64 * 16 + failure.map_or(0, |failure| 1 + failures_code(failure));
        state.note(me, code, |_| point.done().to_owned());
        failure
    }

    fn hand_over(&self, state: &mut MutexGuard<'_, State>, next: usize) {
        state.current = next;
        self.wakes[next].notify_one();
    }

    /// Lets the next actor run after `me` has ended.
    fn next(&self, state: &mut MutexGuard<'_, State>, me: usize) {
        let go = state.candidates(me);
        if go.is_empty() {
            state.current = NOBODY;
            let waits = |actor: &Actor| !actor.dead && !matches!(actor.status, Status::Done);
            if state.actors.iter().any(waits) {
                state.violation("END", "nobody can go on: each waits for another".to_owned());
                self.stop_all(state);
            }
            return;
        }
        let choice = state.chooser.choose(Point::Close, go.len(), 0, 0);
        let (at, next) = go[choice];
        state.advance(at);
        self.hand_over(state, next);
    }

    fn stop_all(&self, state: &mut MutexGuard<'_, State>) {
        for actor in &mut state.actors {
            actor.dead = true;
        }
        for process in &mut state.processes {
            process.dead = true;
        }
        state.current = NOBODY;
        self.wake_dead(state);
    }

    fn wake_dead(&self, state: &MutexGuard<'_, State>) {
        for (actor, wake) in state.actors.iter().zip(&self.wakes) {
            if actor.dead {
                wake.notify_one();
            }
        }
    }

    /// Starts the actors, and waits until all have ended. `start` starts the thread of one actor.
    pub(super) fn run(self: &Arc<World>, start: &mut dyn FnMut(usize)) {
        let actors = {
            let mut state = self.state.lock();
            state.unfinished = state.actors.len();
            state.current = 0;
            state.actors.len()
        };
        for actor in 0..actors {
            start(actor);
        }
        let mut state = self.state.lock();
        while state.unfinished > 0 {
            self.done.wait(&mut state);
        }
    }

    /// An actor's thread waits here until it may run for the first time.
    pub(super) fn begin(&self, me: usize) {
        let mut state = self.state.lock();
        while state.current != me && !state.actors[me].dead {
            self.wakes[me].wait(&mut state);
        }
    }

    /// Handles the end of an actor's thread, whose program has finished or whose process has died.
    pub(super) fn end(&self, me: usize) {
        let mut state = self.state.lock();
        if !state.actors[me].dead {
            state.actors[me].status = Status::Done;
            if state.current == me {
                self.next(&mut state, me);
            }
        }
        state.unfinished -= 1;
        if state.unfinished == 0 {
            self.done.notify_one();
        }
    }
}

fn failures_code(failure: Failure) -> u64 {
    match failure {
        Failure::Before => 0,
        Failure::After => 1,
        Failure::Outage => 2,
        Failure::Never => 3,
        Failure::LoseRequest => 4,
        Failure::LoseReply => 5,
        Failure::Silence => 6,
        Failure::Late(_) => 7,
        Failure::Broken => 8,
        Failure::BrokenAfter => 9,
    }
}

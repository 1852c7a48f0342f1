//! Permits for the threads of one process: in which order the threads get them.

#[cfg(feature = "sqlite")]
use std::collections::BTreeMap;
use std::collections::VecDeque;
#[cfg(feature = "sqlite")]
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::pace::Pace;

/// Permits for the threads of one process, in the order in which the threads asked.
///
/// A returned permit goes to the thread that has waited longest, so no thread overtakes another. A
/// forked child begins with all permits: no thread of its parent exists there.
#[derive(Debug)]
pub(super) struct Gate(Mutex<Passes>);

#[derive(Debug)]
struct Passes {
    process: u32,
    all: usize,
    free: usize,
    waiting: VecDeque<Arc<Waiter>>,
}

#[derive(Debug, Default)]
struct Waiter {
    woken: Condvar,
    /// Whether this thread was given a permit.
    passed: AtomicBool,
}

/// A permit, which is returned when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    process: u32,
}

impl Gate {
    pub(super) fn new(all: usize) -> Arc<Gate> {
        let process = std::process::id();
        Arc::new(Gate(Mutex::new(Passes { process, all, free: all, waiting: VecDeque::new() })))
    }

    /// Returns the gate with one permit that all stores of this process on this file share.
    #[cfg(feature = "sqlite")]
    pub(super) fn of_file(path: &Path) -> Arc<Gate> {
        static GATES: Mutex<BTreeMap<PathBuf, Weak<Gate>>> = Mutex::new(BTreeMap::new());
        let mut gates = GATES.lock();
        if let Some(gate) = gates.get(path).and_then(Weak::upgrade) {
            return gate;
        }
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Gate::new(1);
        gates.insert(path.to_owned(), Arc::downgrade(&gate));
        gate
    }

    /// Takes a permit, and waits for it up to `wait`. Returns `None` if no permit was free.
    pub(super) fn enter(self: &Arc<Gate>, pace: &Pace, wait: Duration) -> Option<Permit> {
        let mut passes = self.passes();
        let permit = || Permit { gate: Arc::clone(self), process: std::process::id() };
        if passes.free > 0 {
            passes.free -= 1;
            return Some(permit());
        }
        let start = pace.clock.monotonic();
        let waiter = Arc::new(Waiter::default());
        passes.waiting.push_back(Arc::clone(&waiter));
        loop {
            if waiter.passed.load(Ordering::Relaxed) {
                return Some(permit());
            }
            let left = wait.saturating_sub(pace.since(start));
            if left.is_zero() {
                passes.waiting.retain(|other| !Arc::ptr_eq(other, &waiter));
                return None;
            }
            pace.wait(&mut passes, &waiter.woken, left);
        }
    }

    fn passes(&self) -> MutexGuard<'_, Passes> {
        let mut passes = self.0.lock();
        if passes.process != std::process::id() {
            passes.process = std::process::id();
            passes.free = passes.all;
            passes.waiting.clear();
        }
        passes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        let mut passes = self.gate.passes();
        match passes.waiting.pop_front() {
            Some(next) => {
                next.passed.store(true, Ordering::Relaxed);
                next.woken.notify_one();
            }
            None => passes.free += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_permit_goes_to_the_thread_that_asked_first() {
        let gate = Gate::new(1);
        let order = Mutex::new(Vec::new());
        let first = gate.enter(&Pace::system(), Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (gate, order) = (&gate, &order);
                scope.spawn(move || {
                    let _permit = gate.enter(&Pace::system(), Duration::from_secs(600)).unwrap();
                    order.lock().push(n);
                });
                while gate.0.lock().waiting.len() <= n {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock(), [0, 1, 2, 3]);
        assert_eq!(gate.0.lock().free, 1);
    }

    #[test]
    fn a_wait_for_a_permit_ends_by_the_clock() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::of(clock.clone());
        let gate = Gate::new(2);
        let held = [(); 2].map(|()| gate.enter(&pace, Duration::ZERO).unwrap());
        assert!(gate.enter(&pace, Duration::ZERO).is_none());
        assert!(gate.enter(&pace, Duration::from_secs(7)).is_none());
        assert_eq!(clock.slept(), Duration::from_secs(7));
        assert!(gate.0.lock().waiting.is_empty());
        drop(held);
        assert_eq!(gate.0.lock().free, 2);
    }

    #[test]
    fn a_forked_child_has_all_permits() {
        let gate = Gate::new(1);
        let parents = gate.enter(&Pace::system(), Duration::ZERO).unwrap();
        gate.0.lock().process = 0;
        let own = gate.enter(&Pace::system(), Duration::ZERO).unwrap();
        assert!(gate.enter(&Pace::system(), Duration::ZERO).is_none());
        drop(Permit { gate: Arc::clone(&gate), process: 0 });
        assert_eq!(gate.0.lock().free, 0, "the copy of the parent's permit gives nothing back");
        drop(own);
        assert_eq!(gate.0.lock().free, 1);
        std::mem::forget(parents);
    }
}

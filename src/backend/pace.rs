//! Controls how long a thread waits, and by which clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, MutexGuard};

use crate::clock::{Clock, SystemClock};

/// The longest sleep of a thread that waits by a clock of its own, and so cannot be woken.
const STEP: Duration = Duration::from_millis(20);

/// How a store's threads wait: by the computer's clock, or by the sleeps of another clock.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) clock: Arc<dyn Clock>,
    /// Whether the clock is the computer's own, so that a wait can be ended early.
    wakes: bool,
}

impl Pace {
    pub(super) fn system() -> Pace {
        Pace { clock: Arc::new(SystemClock), wakes: true }
    }

    /// Waits by a clock that a test has chosen: the clock's `sleep` makes the time pass.
    pub(super) fn of(clock: Arc<dyn Clock>) -> Pace {
        Pace { clock, wakes: false }
    }

    /// Waits until `woken` is notified, or for `time`. A thread that cannot be woken sleeps for a
    /// short part of the time.
    pub(super) fn wait<T>(&self, state: &mut MutexGuard<'_, T>, woken: &Condvar, time: Duration) {
        if self.wakes {
            woken.wait_for(state, time);
        } else {
            MutexGuard::unlocked(state, || self.clock.sleep(time.min(STEP)));
        }
    }

    /// Like [`Pace::wait`], for a thread that tries again after exactly this time.
    pub(super) fn pause<T>(&self, state: &mut MutexGuard<'_, T>, woken: &Condvar, time: Duration) {
        if self.wakes {
            woken.wait_for(state, time);
        } else {
            MutexGuard::unlocked(state, || self.clock.sleep(time));
        }
    }

    /// The time that has passed since `start`.
    pub(super) fn since(&self, start: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(start)
    }
}

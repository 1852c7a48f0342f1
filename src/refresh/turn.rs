//! The refresh lock: one thread of a client refreshes, and the others wait.

use parking_lot::{Mutex, MutexGuard};

use super::state::Turn;

/// A held refresh lock.
pub(super) type TurnGuard<'a> = MutexGuard<'a, Turn>;

/// The refresh lock: a plain mutex. A test that schedules threads can see which thread waits.
#[derive(Default)]
pub(super) struct TurnLock(Mutex<Turn>);

impl TurnLock {
    /// Takes the lock if it is free.
    pub(super) fn try_lock(&self) -> Option<TurnGuard<'_>> {
        self.0.try_lock()
    }

    /// Waits for the lock.
    #[cfg(not(test))]
    pub(super) fn lock(&self) -> TurnGuard<'_> {
        self.0.lock()
    }

    /// Waits for the lock. If the test set a callback for this thread, calls it before each new try.
    #[cfg(test)]
    pub(super) fn lock(&self) -> TurnGuard<'_> {
        loop {
            if let Some(turn) = self.0.try_lock() {
                return turn;
            }
            if !waits::told() {
                return self.0.lock();
            }
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut Turn {
        self.0.get_mut()
    }
}

/// Tells a test that its thread waits for the refresh lock.
#[cfg(test)]
pub(super) mod waits {
    use std::cell::RefCell;

    type Told = Box<dyn FnMut()>;

    thread_local! {
        static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
    }

    /// Sets a callback that runs each time this thread finds the lock taken. The callback returns when the
    /// thread may try again.
    #[allow(dead_code)] // The simulation calls it.
    pub(in crate::refresh) fn tell(told: Option<Told>) {
        TOLD.set(told);
    }

    pub(super) fn told() -> bool {
        let Some(mut told) = TOLD.take() else { return false };
        told();
        TOLD.set(Some(told));
        true
    }
}

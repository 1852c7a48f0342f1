//! The refresh lock: one thread of a client refreshes, the others wait here.

use parking_lot::{Mutex, MutexGuard};

use super::state::Turn;

/// A held refresh lock.
pub(super) type TurnGuard<'a> = MutexGuard<'a, Turn>;

/// The refresh lock. It is a plain mutex; a test that decides which thread runs can see who waits.
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

    /// Waits for the lock, in steps if the thread's scheduler wants to know.
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

/// How a test learns that its thread waits for the refresh lock.
#[cfg(test)]
pub(super) mod waits {
    use std::cell::RefCell;

    type Told = Box<dyn FnMut()>;

    thread_local! {
        static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
    }

    /// From now on, `told` is called each time this thread finds the lock taken; it returns when
    /// the thread may look again.
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

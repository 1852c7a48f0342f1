//! The refresh lock: one thread of a client refreshes, and the others wait.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::state::Turn;
use crate::error::{Error, Result};

/// The refresh lock: a mutex that knows the thread that holds it. A test that schedules threads can see which
/// thread waits.
#[derive(Default)]
pub(super) struct TurnLock {
    turn: Mutex<Turn>,
    /// The thread that holds the mutex, by [`this_thread`]; 0 if no thread does.
    holder: AtomicUsize,
}

/// A held refresh lock.
pub(super) struct TurnGuard<'a> {
    turn: MutexGuard<'a, Turn>,
    holder: &'a AtomicUsize,
}

/// A number that no other living thread has: the address of a variable of this thread.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl TurnLock {
    /// Takes the lock if it is free.
    pub(super) fn try_lock(&self) -> Option<TurnGuard<'_>> {
        self.turn.try_lock().map(|turn| self.held(turn))
    }

    /// Waits for the lock.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if this thread has the lock: the thread would wait for itself, and keep the store's
    /// lock.
    pub(super) fn lock(&self) -> Result<TurnGuard<'_>> {
        if self.holder.load(Ordering::Relaxed) == this_thread() {
            return Err(Error::config(
                "a hook, a store or a logger called a client that is in the middle of a refresh on the same \
                 thread; the call would wait for itself, so it must not use this client",
            ));
        }
        Ok(self.held(self.wait()))
    }

    fn held<'a>(&'a self, turn: MutexGuard<'a, Turn>) -> TurnGuard<'a> {
        self.holder.store(this_thread(), Ordering::Relaxed);
        TurnGuard { turn, holder: &self.holder }
    }

    #[cfg(not(test))]
    fn wait(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock()
    }

    /// If the test set a callback for this thread, calls it before each new try.
    #[cfg(test)]
    fn wait(&self) -> MutexGuard<'_, Turn> {
        loop {
            if let Some(turn) = self.turn.try_lock() {
                return turn;
            }
            if !waits::told() {
                return self.turn.lock();
            }
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut Turn {
        self.turn.get_mut()
    }
}

impl Deref for TurnGuard<'_> {
    type Target = Turn;

    fn deref(&self) -> &Turn {
        &self.turn
    }
}

impl DerefMut for TurnGuard<'_> {
    fn deref_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }
}

impl Drop for TurnGuard<'_> {
    fn drop(&mut self) {
        self.holder.store(0, Ordering::Relaxed);
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

//! A store in memory, which is lost when the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::lock::wait_for;
use super::{BackendError, Durability, Guard, TokenBackend};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::record::Record;

/// Keeps a login in memory. Clones share the login and its lock.
///
/// Use it in tests, for grants without a refresh token (client credentials), and for a token that is
/// never refreshed. If the service rotates refresh tokens, the login is lost when the process ends; the
/// client warns once.
#[derive(Clone, Debug)]
pub struct MemoryBackend {
    stored: Arc<Mutex<Option<Record>>>,
    locked: Flag,
    clock: Arc<dyn Clock>,
}

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> MemoryBackend {
        MemoryBackend {
            stored: Arc::default(),
            locked: Arc::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> MemoryBackend {
        self.clock = clock;
        self
    }
}

impl Default for MemoryBackend {
    fn default() -> MemoryBackend {
        MemoryBackend::new()
    }
}

impl TokenBackend for MemoryBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(self.stored.lock().clone())
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let mut stored = self.stored.lock();
        if !record.may_replace(stored.as_ref()) {
            return Err(BackendError::Conflict(self.describe()).into());
        }
        *stored = Some(record.clone());
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        *self.stored.lock() = None;
        Ok(())
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let held = wait_for(&*self.clock, wait, || Ok(Held::take(&self.locked)))?;
        held.map(Guard::freed_by_death).ok_or_else(|| BackendError::Busy(self.describe()).into())
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

/// The process that holds the lock, or 0. In a forked child, the thread that held the lock does not exist.
pub(super) type Flag = Arc<AtomicU32>;

/// A held lock. This value is not a mutex's guard, because a mutex's guard must stay on the thread that took
/// it.
pub(super) struct Held(Flag);

impl Held {
    pub(super) fn take(locked: &Flag) -> Option<Held> {
        let us = std::process::id();
        let other = |holder| (holder != us).then_some(us);
        let taken = locked.fetch_update(Ordering::AcqRel, Ordering::Acquire, other).is_ok();
        taken.then(|| Held(Arc::clone(locked)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_store_in_memory_waits_by_its_clock_and_frees_its_lock() {
        let clock = Arc::new(ManualClock::new());
        let store = MemoryBackend::new().with_clock(clock.clone());
        let held = store.lock(Duration::ZERO).unwrap();
        let busy = store.lock(Duration::from_secs(7)).unwrap_err();
        assert!(BackendError::is_busy(&busy), "{busy}");
        assert_eq!(clock.slept(), Duration::from_secs(7));
        drop(held);
        // No process has the id 0; the first process of a container has the id 1.
        assert_eq!(store.locked.load(Ordering::Acquire), 0);
    }
}

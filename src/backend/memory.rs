//! A store in memory, which is lost when the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::line::{self, Got, Key, Taken, Wait};
use super::lock::LONGEST;
use super::pace::Pace;
use super::{BackendError, Durability, Entry, Guard, TokenBackend};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::record::Record;

/// A lock that was taken, and the record that was read under the lock, if the caller asked for the record.
type Entered = (Guard, Option<Result<Option<Record>, BoxError>>);

/// Keeps a login in memory. Clones share the login and its lock.
///
/// Use it in tests, for grants without a refresh token (client credentials), and for a token that is
/// never refreshed. If the service rotates refresh tokens, the login is lost when the process ends; the
/// client warns once.
#[derive(Clone, Debug)]
pub struct MemoryBackend {
    stored: Arc<Mutex<Option<Record>>>,
    locked: Flag,
    pace: Pace,
}

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> MemoryBackend {
        MemoryBackend { stored: Arc::default(), locked: Arc::default(), pace: Pace::system() }
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> MemoryBackend {
        self.pace = Pace::of(clock);
        self
    }

    /// Sets how the store waits.
    pub(super) fn paced(mut self, pace: Pace) -> MemoryBackend {
        self.pace = pace;
        self
    }

    /// Identifies this store while a value or a lock of it exists: a lock keeps the flag.
    fn key(&self) -> Key {
        line::key(&[Arc::as_ptr(&self.locked).addr().to_ne_bytes()])
    }

    fn take(&self, wait: Duration, reads: bool) -> Result<Taken<Entered>, BoxError> {
        let wait = Wait {
            key: self.key(),
            pace: &self.pace,
            time: wait,
            longest: LONGEST,
            takes_saved: reads,
            place: &|| None,
        };
        let taken = line::take(&wait, |_| {
            let Some(held) = Held::take(&self.locked) else { return Ok(None) };
            let record = if reads { self.load()? } else { None };
            Ok(Some(Got { lock: (held, record.clone()), record }))
        })?;
        Ok(match taken {
            // The lock is free before the next thread asks for it. Until then the flag exists, by which the line
            // knows this store.
            Taken::Lock(((held, record), place)) => {
                let held = (held, place, Arc::clone(&self.locked));
                Taken::Lock((Guard::freed_by_death(held), reads.then_some(Ok(record))))
            }
            Taken::Saved(record) => Taken::Saved(record),
            Taken::Busy => Taken::Busy,
        })
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
        line::tell(&self.key(), &self.pace, Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let mut stored = self.stored.lock();
        *stored = None;
        line::tell(&self.key(), &self.pace, None);
        Ok(())
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.take(wait, false)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.take(wait, true)?.entry(self)
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

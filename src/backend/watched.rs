//! A store that reports its steps to a watcher.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Durability, Entry, Guard, Record, TokenBackend};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;

/// Receives the reports of a [`Watched`] store. By default each method does nothing. No method may call
/// the client that uses the store.
pub trait Watcher: Send + Sync {
    /// A step has succeeded or failed after `time`.
    fn took(&self, step: StoreStep, time: Duration) {
        let _ = (step, time);
    }

    /// The store has saved `record`, or has failed with `error`.
    fn saved(&self, record: &Record, error: Option<&BoxError>) {
        let _ = (record, error);
    }

    /// The lock has been taken. The returned value is dropped when the lock is released.
    fn locked(&self) -> Box<dyn Any + Send> {
        Box::new(())
    }
}

/// A step of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreStep {
    /// The record was read.
    Load,
    /// A record was saved.
    Save,
    /// The record was removed.
    Clear,
    /// The lock was requested. If the store reads the record in the same step, the time of the read is
    /// included.
    Lock,
}

/// Wraps a store and reports its steps to a [`Watcher`]. Use it for metrics, and for programs that must
/// not end while the lock is held.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use evergrant::backend::{MemoryBackend, Record, StoreStep, TokenBackend, Watched, Watcher};
/// use evergrant::Token;
///
/// #[derive(Default)]
/// struct Saves(AtomicU64);
///
/// impl Watcher for Saves {
///     fn took(&self, step: StoreStep, _: Duration) {
///         if step == StoreStep::Save {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let saves = Arc::new(Saves::default());
/// let store = Watched::new(Arc::new(MemoryBackend::new()), saves.clone());
/// store.save(&Record::from(Token::new("at-1")))?;
/// assert_eq!(saves.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Watched {
    store: Arc<dyn TokenBackend>,
    watcher: Arc<dyn Watcher>,
    clock: Arc<dyn Clock>,
}

impl Watched {
    /// Makes a store that reports the steps of `store` to `watcher`.
    pub fn new(store: Arc<dyn TokenBackend>, watcher: Arc<dyn Watcher>) -> Watched {
        Watched { store, watcher, clock: Arc::new(SystemClock) }
    }

    /// Sets the clock that measures the steps, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Watched {
        self.clock = clock;
        self
    }

    fn timed<T>(&self, step: StoreStep, work: impl FnOnce(&dyn TokenBackend) -> T) -> T {
        let began = self.clock.monotonic();
        let done = work(&*self.store);
        self.watcher.took(step, self.clock.monotonic().saturating_sub(began));
        done
    }

    /// Adds the watcher's value to the guard, which drops the value when it releases the lock.
    fn watched(&self, guard: Guard) -> Guard {
        let held = self.watcher.locked();
        guard.with_check(move || {
            let _ = &held;
            true
        })
    }
}

impl TokenBackend for Watched {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.timed(StoreStep::Load, |store| store.load())
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let saved = self.timed(StoreStep::Save, |store| store.save(record));
        self.watcher.saved(record, saved.as_ref().err());
        saved
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.timed(StoreStep::Clear, |store| store.clear())
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let guard = self.timed(StoreStep::Lock, |store| store.lock(wait))?;
        Ok(self.watched(guard))
    }
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        Ok(match self.timed(StoreStep::Lock, |store| store.enter(wait))? {
            Entry::Held { guard, record } => Entry::Held { guard: self.watched(guard), record },
            saved => saved,
        })
    }
    fn probe(&self) -> Result<(), BoxError> {
        self.store.probe()
    }
    fn warnings(&self) -> Vec<String> {
        self.store.warnings()
    }
    fn durability(&self) -> Durability {
        self.store.durability()
    }
    fn describe(&self) -> String {
        self.store.describe()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("store", &self.describe()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::backend::MemoryBackend;
    use crate::token::Token;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Watcher for Arc<Notes> {
        fn took(&self, step: StoreStep, _: Duration) {
            self.0.lock().push(format!("{step:?}"));
        }
        fn saved(&self, _: &Record, error: Option<&BoxError>) {
            self.0.lock().push(format!("failed: {}", error.is_some()));
        }
        fn locked(&self) -> Box<dyn Any + Send> {
            Box::new(Released(Arc::clone(self)))
        }
    }

    struct Released(Arc<Notes>);

    impl Drop for Released {
        fn drop(&mut self) {
            self.0.0.lock().push("released".to_owned());
        }
    }

    #[test]
    fn a_watcher_learns_of_each_step_and_of_the_release() {
        let notes = Arc::new(Notes::default());
        let store = Watched::new(Arc::new(MemoryBackend::new()), Arc::new(Arc::clone(&notes)));
        for entered in [false, true] {
            let guard = match entered {
                false => store.lock(Duration::ZERO).unwrap(),
                true => match store.enter(Duration::ZERO).unwrap() {
                    Entry::Held { guard, .. } => guard,
                    Entry::Saved(_) => panic!("nobody else has the lock"),
                },
            };
            store.save(&Record::from(Token::new("at-1"))).unwrap();
            assert!(guard.is_held());
            drop(guard);
            store.clear().unwrap();
            let expected = ["Lock", "Save", "failed: false", "released", "Clear"];
            assert_eq!(std::mem::take(&mut *notes.0.lock()), expected);
        }
    }
}

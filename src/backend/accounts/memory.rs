//! The logins of many accounts in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::pace::Pace;
use super::super::{MemoryBackend, TokenBackend};
use super::LoginStore;
use crate::clock::Clock;
use crate::error::BoxError;

/// Keeps the logins of many accounts in memory, each in a [`MemoryBackend`]. Clones share the logins. The
/// logins are lost when the process ends; use the store in tests.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    stores: Arc<Mutex<BTreeMap<String, MemoryBackend>>>,
    pace: Pace,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore { stores: Arc::default(), pace: Pace::system() }
    }

    /// Sets the clock that measures waits for the locks of accounts, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> MemoryStore {
        self.pace = Pace::of(clock);
        self
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl LoginStore for MemoryStore {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        let mut stores = self.stores.lock();
        if let Some(store) = stores.get(name) {
            return Ok(Arc::new(store.clone()));
        }
        let store = MemoryBackend::new().paced(self.pace.clone());
        stores.insert(name.to_owned(), store.clone());
        Ok(Arc::new(store))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let stores = self.stores.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        for (name, store) in stores.range::<str, _>((from, Bound::Unbounded)) {
            if found.len() == most {
                break;
            }
            if store.load()?.is_some() {
                found.push(name.clone());
            }
        }
        Ok(found)
    }
}

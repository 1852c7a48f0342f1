//! What a login's store has not taken, and signals that wait for the store.

use std::any::Any;
use std::sync::Arc;

use evergrant::BoxError;
use evergrant::backend::{Record, TokenBackend, Watched, Watcher};
use parking_lot::Mutex;

use crate::signals::{self, Hold};

/// The record that the store did not take, if there is one. A signal waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsaved(Arc<Mutex<Option<(Record, Hold)>>>);

impl Unsaved {
    pub(crate) fn record(&self) -> Option<Record> {
        self.0.lock().as_ref().map(|(record, _)| record.clone())
    }

    /// The store, which postpones signals while its lock is held, and tells this value what it does not take.
    pub(crate) fn watch(&self, store: Arc<dyn TokenBackend>) -> Arc<dyn TokenBackend> {
        Arc::new(Watched::new(store, Arc::new(self.clone())))
    }
}

impl Watcher for Unsaved {
    fn saved(&self, record: &Record, error: Option<&BoxError>) {
        // A record with a note has no new token.
        if record.note().is_none() {
            let next = error.map(|_| (record.clone(), signals::hold()));
            let last = std::mem::replace(&mut *self.0.lock(), next);
            drop(last);
        }
    }

    /// The client holds the lock from before a token request until the answer is saved.
    fn locked(&self) -> Box<dyn Any + Send> {
        Box::new(signals::hold())
    }
}

//! Remembers a record that a login's store failed to save, and delays signals until the record is saved.

use std::any::Any;
use std::sync::Arc;

use evergrant::BoxError;
use evergrant::backend::{Record, TokenBackend, Watched, Watcher};
use parking_lot::Mutex;

use crate::signals::{self, Hold};

/// The record that the store failed to save, if there is one. Signals wait until this record is saved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsaved(Arc<Mutex<Option<(Record, Hold)>>>);

impl Unsaved {
    pub(crate) fn record(&self) -> Option<Record> {
        self.0.lock().as_ref().map(|(record, _)| record.clone())
    }

    /// Wraps a store: signals wait while its lock is held, and a record that it fails to save is remembered
    /// here.
    pub(crate) fn watch(&self, store: Arc<dyn TokenBackend>) -> Arc<dyn TokenBackend> {
        Arc::new(Watched::new(store, Arc::new(self.clone())))
    }
}

impl Watcher for Unsaved {
    fn saved(&self, record: &Record, error: Option<&BoxError>) {
        // A record with a note contains no new token.
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

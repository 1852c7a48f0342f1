//! A store that postpones signals while its lock is held, and remembers the record that it could not save.

use std::sync::Arc;
use std::time::Duration;

use evergrant::BoxError;
use evergrant::backend::{Durability, Guard, Record, TokenBackend};
use parking_lot::Mutex;

use crate::signals::{self, Hold};

/// The record that the store did not take, if there is one. A signal waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsaved(Arc<Mutex<Option<(Record, Hold)>>>);

impl Unsaved {
    pub(crate) fn record(&self) -> Option<Record> {
        self.0.lock().as_ref().map(|(record, _)| record.clone())
    }
}

pub(crate) struct Watched {
    pub(crate) store: Box<dyn TokenBackend>,
    pub(crate) unsaved: Unsaved,
}

impl TokenBackend for Watched {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.store.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let saved = self.store.save(record);
        // A record with a note has no new token.
        if record.note().is_none() {
            let next = saved.is_err().then(|| (record.clone(), signals::hold()));
            let last = std::mem::replace(&mut *self.unsaved.0.lock(), next);
            drop(last);
        }
        saved
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.store.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let guard = self.store.lock(wait)?;
        // The client holds the lock from before a token request until the answer is saved.
        let hold = signals::hold();
        Ok(guard.with_check(move || {
            let Hold { .. } = &hold;
            true
        }))
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

    fn compares(&self) -> bool {
        self.store.compares()
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}

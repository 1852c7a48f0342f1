//! Remembers a record that a login's store failed to save, and delays signals until the record is saved.

use std::any::Any;
use std::sync::Arc;

use evergrant::BoxError;
use evergrant::backend::{Record, TokenBackend, Watched, Watcher};
use parking_lot::Mutex;

use crate::signals::{self, Hold};

/// The record with a new token that the store failed to save, if there is one. Signals wait until this record is
/// saved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsaved(Arc<Mutex<Option<(Record, Hold)>>>);

impl Unsaved {
    pub(crate) fn record(&self) -> Option<Record> {
        self.0.lock().as_ref().map(|(record, _)| record.clone())
    }

    /// Forgets the record, because the client has no unsaved token.
    pub(crate) fn clear(&self) {
        self.replace(None);
    }

    fn replace(&self, next: Option<(Record, Hold)>) {
        // The drop of the last hold may end the process, so the lock is released first.
        let last = std::mem::replace(&mut *self.0.lock(), next);
        drop(last);
    }

    /// Wraps a store: signals wait while its lock is held, and a new token that it fails to save is remembered
    /// here.
    pub(crate) fn watch(&self, store: Arc<dyn TokenBackend>) -> Arc<dyn TokenBackend> {
        Arc::new(Watched::new(store, Arc::new(self.clone())))
    }
}

impl Watcher for Unsaved {
    fn saved(&self, record: &Record, error: Option<&BoxError>) {
        // If the save of a new state fails, such as that of a refusal, no token is lost.
        if record.has_new_token() {
            self.replace(error.map(|_| (record.clone(), signals::hold())));
        }
    }

    /// The client holds the lock from before a token request until the answer is saved.
    fn locked(&self) -> Box<dyn Any + Send> {
        Box::new(signals::hold())
    }
}

#[cfg(test)]
mod tests {
    use evergrant::Token;

    use super::*;

    #[test]
    fn only_a_new_token_is_remembered_until_it_is_saved() {
        let unsaved = Unsaved::default();
        let error: BoxError = "the disk is full".into();
        let record = Record::from(Token::new("at-1").with_refresh_token("rt-1"));
        unsaved.saved(&record, Some(&error));
        assert_eq!(unsaved.record(), Some(record.clone()));
        unsaved.saved(&record, None);
        assert_eq!(unsaved.record(), None);
        unsaved.saved(&record, Some(&error));
        unsaved.clear();
        assert_eq!(unsaved.record(), None);
    }
}

//! A store that ends with the process.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{BackendError, Durability, Guard, TokenBackend};
use crate::error::BoxError;
use crate::record::Record;

/// Keeps a login in memory; clones share it.
///
/// It is for tests, for services whose tokens are asked for anew (client credentials), and for a
/// token that is only read. With a service that rotates refresh tokens, the end of the process loses
/// the login; the client warns once.
#[derive(Clone, Debug, Default)]
pub struct MemoryBackend {
    stored: Arc<Mutex<Option<Record>>>,
}

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> MemoryBackend {
        MemoryBackend::default()
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

    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

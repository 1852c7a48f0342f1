//! Backends in an `Arc` or a `Box`.

use std::sync::Arc;
use std::time::Duration;

use super::{Durability, Entry, Guard, TokenBackend};
use crate::error::BoxError;
use crate::record::Record;

/// Passes every call to the shared backend.
impl<B: TokenBackend + ?Sized> TokenBackend for Arc<B> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        (**self).load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        (**self).save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        (**self).clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        (**self).lock(wait)
    }
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        (**self).enter(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        (**self).probe()
    }
    fn warnings(&self) -> Vec<String> {
        (**self).warnings()
    }
    fn durability(&self) -> Durability {
        (**self).durability()
    }
    fn compares(&self) -> bool {
        (**self).compares()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// Passes every call to the boxed backend.
impl TokenBackend for Box<dyn TokenBackend> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        (**self).load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        (**self).save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        (**self).clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        (**self).lock(wait)
    }
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        (**self).enter(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        (**self).probe()
    }
    fn warnings(&self) -> Vec<String> {
        (**self).warnings()
    }
    fn durability(&self) -> Durability {
        (**self).durability()
    }
    fn compares(&self) -> bool {
        (**self).compares()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}

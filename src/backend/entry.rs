//! The result of a call that asks for a store's lock.

use super::{Guard, Record};
use crate::error::BoxError;

/// The result of [`TokenBackend::enter`](super::TokenBackend::enter).
#[derive(Debug)]
#[non_exhaustive]
pub enum Entry {
    /// The caller has the lock.
    Held {
        /// The lock.
        guard: Guard,
        /// The record, read under the lock, or the reason why it could not be read.
        record: Result<Option<Record>, BoxError>,
    },
    /// The caller does not have the lock. Another client of this process has the lock, or had it during
    /// the wait, and has read or saved this record under the lock. The record is durable.
    Saved(Record),
}

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
        /// The stored record, which was read after the lock was taken; or the error of this read.
        record: Result<Option<Record>, BoxError>,
    },
    /// The caller does not have the lock. While the caller waited, another client of this process had the lock, and
    /// read or saved this record. The record is durable.
    Saved(Record),
}

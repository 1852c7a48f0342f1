//! Detects a pooler that runs each transaction in any free session, as PgBouncer does in transaction
//! mode. An advisory lock belongs to a session, so behind a pooler of this kind the lock does not stay with
//! the client that took it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::super::BackendError;
use super::super::pace::Pace;
use crate::error::BoxError;

/// How long the store refuses to lock after it has detected a pooler. After this time the store tries again,
/// because the pooler's settings may have been changed.
const COUNTS: Duration = Duration::from_secs(60);

/// When a pooler of this kind was last detected, for a store and all its accounts.
#[derive(Clone, Default)]
pub(super) struct Pooler(Arc<Mutex<Option<Duration>>>);

impl Pooler {
    /// Remembers that the session behind a connection has changed, or that another client uses the same
    /// session.
    pub(super) fn found(&self, pace: &Pace) {
        *self.0.lock() = Some(pace.clock.monotonic());
    }

    /// # Errors
    ///
    /// [`BackendError::Config`] if a pooler was detected in the last minute.
    pub(super) fn refuse(&self, name: &str, pace: &Pace) -> Result<(), BoxError> {
        let found = *self.0.lock();
        if found.is_none_or(|at| pace.since(at) > COUNTS) {
            return Ok(());
        }
        let text = format!(
            "{name}: the connection leads through a pooler that changes the session between two \
             transactions (PgBouncer with pool_mode = transaction), so a lock does not stay with its \
             holder: connect to the server itself, or set pool_mode = session for this database"
        );
        Err(BackendError::Config(text).into())
    }
}

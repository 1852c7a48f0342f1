//! Connections to a server: one at rest between two uses, a new one when that has gone stale.

use parking_lot::Mutex;

use crate::error::BoxError;

/// How long a lock lasts whose holder goes silent before it has sent anything.
pub(super) const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// What a lease has beyond what a spend may take.
pub(super) const SLACK: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a server may take to answer, where its connections are ours.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Makes a connection.
pub(super) type Open<C> = dyn Fn() -> Result<C, BoxError> + Send + Sync;

pub(super) struct Rest<C> {
    open: Box<Open<C>>,
    /// A connection that was lent is given back after each use, and not kept.
    keeps: bool,
    resting: Mutex<Option<C>>,
}

/// Why a use of a connection failed; the connection is gone.
pub(super) struct Failed {
    pub(super) error: BoxError,
    /// Whether a connection may have been dead before it was used, so that another one may do.
    pub(super) stale: bool,
}

impl<C> Rest<C> {
    pub(super) fn new(keeps: bool, open: Box<Open<C>>) -> Rest<C> {
        Rest { open, keeps, resting: Mutex::new(None) }
    }

    /// Runs `work` on the connection at rest and, if that is dead, on a new one. What is run may be
    /// run twice.
    pub(super) fn run<T>(
        &self,
        mut work: impl FnMut(C) -> Result<(C, T), Failed>,
    ) -> Result<T, BoxError> {
        let (connection, done) = self.lend(&mut work)?;
        self.put(connection);
        Ok(done)
    }

    /// As [`Rest::run`], for who goes on to use the connection.
    pub(super) fn lend<T>(
        &self,
        mut work: impl FnMut(C) -> Result<(C, T), Failed>,
    ) -> Result<(C, T), BoxError> {
        let rested = self.resting.lock().take();
        if let Some(rested) = rested {
            match work(rested) {
                Ok(done) => return Ok(done),
                Err(failed) if !failed.stale => return Err(failed.error),
                Err(_) => {}
            }
        }
        work((self.open)()?).map_err(|failed| failed.error)
    }

    pub(super) fn put(&self, connection: C) {
        if self.keeps {
            *self.resting.lock() = Some(connection);
        }
    }
}

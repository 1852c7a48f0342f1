//! Keeps one idle connection to a server, and opens a new connection if the idle one is dead.

use parking_lot::Mutex;

use crate::error::BoxError;

/// How long a lock lasts if its holder goes silent before it has sent a refresh token.
pub(super) const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// The margin that is added to a renewed lease.
pub(super) const SLACK: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a server may take to answer on connections that this store has opened.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Makes a connection.
pub(super) type Open<C> = dyn Fn() -> Result<C, BoxError> + Send + Sync;

pub(super) struct Rest<C> {
    open: Box<Open<C>>,
    /// Whether a connection is kept after its use. A connection that the program lends is given back.
    keeps: bool,
    resting: Mutex<Option<C>>,
}

/// Why a use of a connection failed. The connection was dropped.
pub(super) struct Failed {
    pub(super) error: BoxError,
    /// Whether the connection may have been dead before its use, so that a new one may work.
    pub(super) stale: bool,
}

impl<C> Rest<C> {
    pub(super) fn new(keeps: bool, open: Box<Open<C>>) -> Rest<C> {
        Rest { open, keeps, resting: Mutex::new(None) }
    }

    /// Runs `work` on the idle connection and, if it is dead, again on a new connection.
    pub(super) fn run<T>(
        &self,
        mut work: impl FnMut(C) -> Result<(C, T), Failed>,
    ) -> Result<T, BoxError> {
        let (connection, done) = self.lend(&mut work)?;
        self.put(connection);
        Ok(done)
    }

    /// Like [`Rest::run`], but also returns the connection for further use.
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

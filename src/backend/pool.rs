//! A small set of connections that a store and all its accounts share.
//!
//! Each connection in use needs a permit; a thread without a permit waits, in the order in which the
//! threads asked. A connection that failed is dropped, a connection that was not used for a while is
//! closed, and a connection that the program lends is given back after each use.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::BackendError;
use super::pace::Pace;
use super::queue::{Gate, Permit};
use crate::error::BoxError;

/// The longest wait for an answer on a connection that this crate has opened, and the longest wait for a free
/// connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection rests before it is closed. The next use of the set closes the connection.
const REST: Duration = Duration::from_secs(60);

/// Makes a connection.
pub(super) type Open<C> = dyn Fn() -> Result<C, BoxError> + Send + Sync;

pub(super) struct Pool<C> {
    open: Arc<Open<C>>,
    /// The permits for connections of our own. Connections that the program lends are counted by the program.
    permits: Option<Arc<Gate>>,
    /// The permits for connections that are kept while a lock is held. There are fewer of these
    /// permits, so that reads and saves of other accounts never wait for the end of a refresh.
    #[cfg(any(feature = "postgres", test))]
    holders: Option<Arc<Gate>>,
    resting: Mutex<Resting<C>>,
    /// Whether a connection that rests must stay open.
    stays: fn(&C) -> bool,
    /// Whether connections are kept open between their uses.
    rests: bool,
    /// Whether the connections go to a server, over one network.
    remote: bool,
}

struct Resting<C> {
    process: u32,
    connections: Vec<(C, Duration)>,
    /// Connections that were last used before this time are not used again: at this time a use began
    /// that got no answer.
    silent: Option<Duration>,
}

/// A connection in use.
pub(super) struct Used<C> {
    pub(super) connection: C,
    permit: Option<Permit>,
}

/// A use of a connection: the connection, unless it is broken, and the result.
pub(super) type Done<C, T> = (Option<C>, Result<T, Failed>);

/// Why a use of a connection failed.
pub(super) struct Failed {
    pub(super) error: BoxError,
    /// Whether the connection may have been broken before its use, so that a second try on a new connection
    /// may work.
    pub(super) stale: bool,
}

impl<C> Pool<C> {
    /// A set of at most `most` connections of our own to a server.
    pub(super) fn own(most: usize, open: Arc<Open<C>>) -> Pool<C> {
        let most = most.max(1);
        Pool {
            #[cfg(any(feature = "postgres", test))]
            holders: Some(Gate::new(most - (most / 4).max(1).min(most - 1))),
            ..Pool::new(Some(Gate::new(most)), open)
        }
    }

    /// A set of connections that the program lends, one for each use.
    pub(super) fn lent(open: Arc<Open<C>>) -> Pool<C> {
        Pool::new(None, open)
    }

    /// Returns the same set with another limit.
    pub(super) fn resized(&self, most: usize) -> Pool<C> {
        match self.permits {
            Some(_) => {
                let (stays, rests, remote) = (self.stays, self.rests, self.remote);
                Pool { stays, rests, remote, ..Pool::own(most, self.open.clone()) }
            }
            None => Pool::lent(Arc::clone(&self.open)),
        }
    }

    fn new(permits: Option<Arc<Gate>>, open: Arc<Open<C>>) -> Pool<C> {
        let process = std::process::id();
        let resting = Mutex::new(Resting { process, connections: Vec::new(), silent: None });
        Pool {
            open,
            permits,
            #[cfg(any(feature = "postgres", test))]
            holders: None,
            resting,
            stays: |_| false,
            rests: true,
            remote: true,
        }
    }

    /// Sets whether connections to a file are kept open between their uses.
    #[cfg(feature = "sqlite")]
    pub(super) fn resting(self, rests: bool) -> Pool<C> {
        Pool { rests, remote: false, ..self }
    }

    /// Keeps a connection open while this function returns `true` for it.
    #[cfg(any(feature = "redis", feature = "sqlite"))]
    pub(super) fn keeping(self, stays: fn(&C) -> bool) -> Pool<C> {
        Pool { stays, ..self }
    }

    /// Runs `work` on a resting connection and, if that connection is dead, again on a new connection.
    pub(super) fn run<T>(
        &self,
        name: &str,
        pace: &Pace,
        work: impl FnMut(C) -> Done<C, T>,
    ) -> Result<T, BoxError> {
        let (used, done) = self.lend(name, pace, PATIENCE, work)?;
        self.put(used, pace);
        Ok(done)
    }

    /// Like [`Pool::run`], but also returns the connection for further use. Waits for a free connection up
    /// to `wait`, and for at least [`PATIENCE`].
    pub(super) fn lend<T>(
        &self,
        name: &str,
        pace: &Pace,
        wait: Duration,
        mut work: impl FnMut(C) -> Done<C, T>,
    ) -> Result<(Used<C>, T), BoxError> {
        let permit = enter(self.permits.as_ref(), name, pace, wait.max(PATIENCE))?;
        let start = pace.clock.monotonic();
        if let Some(rested) = self.rested(pace) {
            match work(rested) {
                (Some(connection), Ok(done)) => return Ok((Used { connection, permit }, done)),
                (_, Err(failed)) if failed.stale => self.leave_file(),
                (connection, Err(failed)) => {
                    if connection.is_none() {
                        self.doubt(start);
                    }
                    self.put_back(connection, permit, pace);
                    return Err(failed.error);
                }
                (None, Ok(_)) => return Err(lost(name)),
            }
        }
        match work(self.opened(pace)?) {
            (Some(connection), Ok(done)) => Ok((Used { connection, permit }, done)),
            (None, Ok(_)) => Err(lost(name)),
            (connection, Err(failed)) => {
                if connection.is_none() && !failed.stale {
                    self.doubt(start);
                }
                self.put_back(connection.filter(|_| !failed.stale), permit, pace);
                Err(failed.error)
            }
        }
    }

    /// Takes a permit to keep a connection while a lock is held. Waits for the permit up to `wait`.
    #[cfg(any(feature = "postgres", test))]
    pub(super) fn hold(
        &self,
        name: &str,
        pace: &Pace,
        wait: Duration,
    ) -> Result<Option<Permit>, BoxError> {
        enter(self.holders.as_ref(), name, pace, wait)
    }

    /// Called when a use that began at `start` got no answer. The connections that were not used since
    /// then are probably dead as well, and a later use of each would wait as long again.
    pub(super) fn doubt(&self, start: Duration) {
        if self.remote {
            let mut resting = self.at_rest();
            resting.silent = resting.silent.max(Some(start));
        }
    }

    pub(super) fn put(&self, used: Used<C>, pace: &Pace) {
        self.put_back(Some(used.connection), used.permit, pace);
    }

    /// Keeps the connection before it gives the permit to the next thread.
    fn put_back(&self, connection: Option<C>, permit: Option<Permit>, pace: &Pace) {
        if permit.is_some() && self.rests {
            let now = pace.clock.monotonic();
            let mut resting = self.at_rest();
            resting.connections.extend(connection.map(|connection| (connection, now)));
            let silent = resting.silent;
            let old = |(connection, since): &mut (C, Duration)| {
                let unused = now.saturating_sub(*since) > REST || silent > Some(*since);
                unused && !(self.stays)(connection)
            };
            let closed: Vec<_> = resting.connections.extract_if(.., old).collect();
            drop(resting);
            drop(closed);
        }
    }

    /// Closes the idle connections if they are connections to a file, because the file was replaced for
    /// all of them.
    fn leave_file(&self) {
        if !self.remote {
            let closed = std::mem::take(&mut self.at_rest().connections);
            drop(closed);
        }
    }

    /// Takes the idle connection that was used last.
    fn rested(&self, pace: &Pace) -> Option<C> {
        let mut resting = self.at_rest();
        let (_, since) = resting.connections.last()?;
        if resting.silent > Some(*since) {
            return None;
        }
        let (connection, since) = resting.connections.pop()?;
        drop(resting);
        (pace.since(since) <= REST || (self.stays)(&connection)).then_some(connection)
    }

    /// Opens a new connection. If the server accepts no more connections, another program may soon close a
    /// connection, or another thread may give back one of ours.
    fn opened(&self, pace: &Pace) -> Result<C, BoxError> {
        let start = pace.clock.monotonic();
        let mut pause = Duration::from_millis(10);
        loop {
            let error = match (self.open)() {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let left = PATIENCE.saturating_sub(pace.since(start));
            if !BackendError::is_no_connection(&error) || left.is_zero() || self.permits.is_none() {
                return Err(error);
            }
            pace.clock.sleep(pause.min(left));
            pause = (pause * 2).min(PATIENCE / 20);
            if let Some(connection) = self.rested(pace) {
                return Ok(connection);
            }
        }
    }

    fn at_rest(&self) -> MutexGuard<'_, Resting<C>> {
        let mut resting = self.resting.lock();
        if resting.process != std::process::id() {
            resting.process = std::process::id();
            // The connections belong to the parent process: closing them in the child would also end
            // them for the parent.
            std::mem::take(&mut resting.connections).into_iter().for_each(std::mem::forget);
        }
        resting
    }
}

#[cfg(any(feature = "postgres", feature = "redis", test))]
impl<C> Used<C> {
    pub(super) fn split(self) -> (C, Option<Permit>) {
        (self.connection, self.permit)
    }

    pub(super) fn join(connection: C, permit: Option<Permit>) -> Used<C> {
        Used { connection, permit }
    }
}

fn enter(
    gate: Option<&Arc<Gate>>,
    name: &str,
    pace: &Pace,
    wait: Duration,
) -> Result<Option<Permit>, BoxError> {
    let Some(gate) = gate else { return Ok(None) };
    let permit = gate.enter(pace, wait);
    permit.map(Some).ok_or_else(|| {
        let text = format!("{name}: all connections of this process are in use");
        BackendError::NoConnection(text).into()
    })
}

fn lost(name: &str) -> BoxError {
    BackendError::Unavailable(format!("{name}: the connection was lost")).into()
}

#[cfg(test)]
mod tests;

//! A small set of connections that a store and all its accounts share.
//!
//! At most as many connections are in use as there are permits; a thread that needs one more waits, in the
//! order in which the threads asked. A connection that failed is dropped, one that was not used for a
//! while is closed, and a connection that the program lends is given back after each use.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::BackendError;
use super::queue::{Gate, Pace, Permit};
use crate::error::BoxError;

/// How long a store may take to answer on connections that it has opened, and how long a call waits for a
/// free connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection rests before it is closed. A later use of the set closes it.
const REST: Duration = Duration::from_secs(60);

/// Makes a connection.
pub(super) type Open<C> = dyn Fn() -> Result<C, BoxError> + Send + Sync;

pub(super) struct Pool<C> {
    open: Arc<Open<C>>,
    /// The permits for connections of our own. Connections that the program lends are counted by the program.
    permits: Option<Arc<Gate>>,
    /// The permits for connections that are kept while a lock is held. They are fewer, so that reads and
    /// saves of other accounts never wait for the end of a refresh.
    holders: Option<Arc<Gate>>,
    resting: Mutex<Resting<C>>,
    /// Whether a connection that rests must stay open.
    stays: fn(&C) -> bool,
    /// Whether connections are kept open between their uses.
    rests: bool,
}

struct Resting<C> {
    process: u32,
    connections: Vec<(C, Duration)>,
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
    /// Whether the connection may have been dead before its use, so that a new one may work.
    pub(super) stale: bool,
}

impl<C> Pool<C> {
    /// A set of at most `most` connections of our own.
    pub(super) fn own(most: usize, open: Arc<Open<C>>) -> Pool<C> {
        let most = most.max(1);
        let holders = most - (most / 4).max(1).min(most - 1);
        Pool::new(Some(Gate::new(most)), Some(Gate::new(holders)), open)
    }

    /// Connections that the program lends, one for each use.
    pub(super) fn lent(open: Arc<Open<C>>) -> Pool<C> {
        Pool::new(None, None, open)
    }

    /// The same connections in another number.
    pub(super) fn resized(&self, most: usize) -> Pool<C> {
        match self.permits {
            Some(_) => {
                Pool { stays: self.stays, rests: self.rests, ..Pool::own(most, self.open.clone()) }
            }
            None => Pool::lent(Arc::clone(&self.open)),
        }
    }

    fn new(permits: Option<Arc<Gate>>, holders: Option<Arc<Gate>>, open: Arc<Open<C>>) -> Pool<C> {
        let resting = Resting { process: std::process::id(), connections: Vec::new() };
        Pool { open, permits, holders, resting: Mutex::new(resting), stays: |_| false, rests: true }
    }

    /// Whether connections are kept open between their uses.
    #[cfg(feature = "sqlite")]
    pub(super) fn resting(self, rests: bool) -> Pool<C> {
        Pool { rests, ..self }
    }

    /// Keeps a connection open while this is true of it.
    #[cfg(any(feature = "redis", feature = "sqlite"))]
    pub(super) fn keeping(self, stays: fn(&C) -> bool) -> Pool<C> {
        Pool { stays, ..self }
    }

    /// Runs `work` on a resting connection and, if that is dead, again on a new connection.
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
        let permit = enter(self.permits.as_ref(), name, pace, wait)?;
        if let Some(rested) = self.rested(pace) {
            match work(rested) {
                (Some(connection), Ok(done)) => return Ok((Used { connection, permit }, done)),
                (_, Err(failed)) if failed.stale => {}
                (connection, Err(failed)) => {
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
                self.put_back(connection.filter(|_| !failed.stale), permit, pace);
                Err(failed.error)
            }
        }
    }

    /// A permit to keep a connection while a lock is held.
    pub(super) fn hold(
        &self,
        name: &str,
        pace: &Pace,
        wait: Duration,
    ) -> Result<Option<Permit>, BoxError> {
        enter(self.holders.as_ref(), name, pace, wait)
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
            let old = |(connection, since): &mut (C, Duration)| {
                now.saturating_sub(*since) > REST && !(self.stays)(connection)
            };
            let closed: Vec<_> = resting.connections.extract_if(.., old).collect();
            drop(resting);
            drop(closed);
        }
    }

    /// The connection that was used last.
    fn rested(&self, pace: &Pace) -> Option<C> {
        let (connection, since) = self.at_rest().connections.pop()?;
        (pace.since(since) <= REST || (self.stays)(&connection)).then_some(connection)
    }

    /// A new connection. If the server has no room for it, another program may leave soon, or another
    /// thread may give one of ours back.
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
            // The connections belong to the parent process: to close them here would end them there.
            std::mem::take(&mut resting.connections).into_iter().for_each(std::mem::forget);
        }
        resting
    }
}

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
    let permit = gate.enter(pace, wait.max(PATIENCE));
    permit.map(Some).ok_or_else(|| {
        let text = format!("{name}: all connections of this process are in use");
        BackendError::NoConnection(text).into()
    })
}

fn lost(name: &str) -> BoxError {
    BackendError::Unavailable(format!("{name}: the connection was lost")).into()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    /// Opens numbered connections, and fails if it is asked for the fourth.
    fn numbered() -> (Arc<Open<u32>>, Arc<AtomicU32>) {
        let opened = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&opened);
        let open = move || match count.fetch_add(1, Ordering::Relaxed) + 1 {
            4 => Err("no connection".into()),
            number => Ok(number),
        };
        (Arc::new(open), opened)
    }

    fn works(connection: u32) -> Done<u32, u32> {
        (Some(connection), Ok(connection))
    }

    fn fails(stale: bool) -> impl FnMut(u32) -> Done<u32, u32> {
        move |connection| {
            let error = format!("{connection} fails").into();
            (None, Err(Failed { error, stale }))
        }
    }

    fn by(clock: &Arc<ManualClock>) -> Pace {
        Pace::of(Arc::clone(clock) as _)
    }

    #[test]
    fn a_connection_rests_after_its_use_unless_it_is_lent() {
        let pace = Pace::system();
        for keeps in [true, false] {
            let (open, opened) = numbered();
            let pool = if keeps { Pool::own(4, open) } else { Pool::lent(open) };
            assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
            let second = if keeps { 1 } else { 2 };
            let (used, done) = pool.lend("s", &pace, PATIENCE, works).unwrap();
            assert_eq!((used.connection, done), (second, second));
            assert_eq!(pool.run("s", &pace, works).unwrap(), second + 1);
            assert_eq!(opened.load(Ordering::Relaxed), second + 1);
        }
    }

    #[test]
    fn work_is_repeated_once_if_the_resting_connection_was_dead() {
        let (open, opened) = numbered();
        let (pool, pace) = (Pool::own(4, open), Pace::system());
        let rest = |number| {
            let permit = enter(pool.permits.as_ref(), "s", &pace, Duration::ZERO).unwrap();
            pool.put(Used::join(number, permit), &pace);
        };
        let told = |work: &mut dyn FnMut(u32) -> Done<u32, u32>| {
            pool.run("s", &pace, work).unwrap_err().to_string()
        };
        rest(100);
        assert_eq!(told(&mut fails(false)), "100 fails");
        assert_eq!(opened.load(Ordering::Relaxed), 0);
        rest(100);
        assert_eq!(told(&mut fails(true)), "1 fails");
        assert_eq!(told(&mut fails(true)), "2 fails");
        rest(100);
        let mut dead =
            |connection| if connection == 100 { fails(true)(100) } else { works(connection) };
        assert_eq!(pool.run("s", &pace, dead).unwrap(), 3);
        assert_eq!(pool.run("s", &pace, works).unwrap(), 3);
        rest(100);
        assert_eq!(told(&mut dead), "no connection");
    }

    #[test]
    fn a_refused_statement_keeps_its_connection() {
        let (open, opened) = numbered();
        let (pool, pace) = (Pool::own(4, open), Pace::system());
        let refused = |connection| {
            let error = "refused".into();
            (Some(connection), Err::<(), _>(Failed { error, stale: false }))
        };
        assert_eq!(pool.run("s", &pace, refused).unwrap_err().to_string(), "refused");
        assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
        assert_eq!(opened.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_connection_that_rests_for_a_minute_is_closed() {
        let clock = Arc::new(ManualClock::new());
        let pace = by(&clock);
        let pool = Pool::own(4, numbered().0);
        assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
        clock.sleep(Duration::from_secs(60));
        assert_eq!(pool.run("s", &pace, works).unwrap(), 1);
        clock.sleep(Duration::from_secs(61));
        assert_eq!(pool.run("s", &pace, works).unwrap(), 2);
    }

    #[test]
    fn three_of_four_connections_may_be_kept_for_locks() {
        let clock = Arc::new(ManualClock::new());
        let pace = by(&clock);
        for (most, holders) in [(1, 1), (2, 1), (3, 2), (4, 3), (8, 6)] {
            let pool = Pool::own(most, numbered().0);
            let held: Vec<_> =
                (0..holders).map(|_| pool.hold("s", &pace, Duration::ZERO).unwrap()).collect();
            let error = pool.hold("s", &pace, Duration::ZERO).unwrap_err();
            assert!(BackendError::is_no_connection(&error), "{error}");
            drop(held);
            assert!(pool.hold("s", &pace, Duration::ZERO).is_ok());
        }
    }

    #[test]
    fn a_server_without_room_is_asked_again_for_ten_seconds() {
        let clock = Arc::new(ManualClock::new());
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let open = move || match count.fetch_add(1, Ordering::Relaxed) {
            5 => Ok(7),
            _ => Err(BackendError::NoConnection("full".to_owned()).into()),
        };
        let pool: Pool<u32> = Pool::own(4, Arc::new(open));
        assert_eq!(pool.run("s", &by(&clock), works).unwrap(), 7);
        assert!(clock.slept() < Duration::from_secs(1));
        let (_in_use, _) = pool.lend("s", &by(&clock), PATIENCE, works).unwrap();
        let before = clock.slept();
        let error = pool.run("s", &by(&clock), works).unwrap_err();
        assert!(BackendError::is_no_connection(&error), "{error}");
        assert_eq!(clock.slept() - before, PATIENCE);
    }

    #[test]
    fn a_forked_child_uses_no_connection_of_its_parent() {
        struct Told(u32, Arc<AtomicU32>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
            }
        }
        let (opened, closed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let told = Arc::clone(&closed);
        let open = move || Ok(Told(opened.fetch_add(1, Ordering::Relaxed), Arc::clone(&told)));
        let (pool, pace) = (Pool::own(4, Arc::new(open)), Pace::system());
        let number = |connection: Told| {
            let number = connection.0;
            (Some(connection), Ok(number))
        };
        assert_eq!(pool.run("s", &pace, number).unwrap(), 0);
        pool.resting.lock().process = 0;
        assert_eq!(pool.run("s", &pace, number).unwrap(), 1);
        assert_eq!(closed.load(Ordering::Relaxed), 0, "a copy was closed");
    }
}

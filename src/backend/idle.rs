//! Keeps one idle connection to a server, opens a new connection if the idle one is dead, and renews leases.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::error::BoxError;

/// How long a lock lasts if its holder goes silent before it has sent a refresh token.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The margin that is added to a renewed lease.
const SLACK: Duration = Duration::from_secs(30);

/// How long a server may take to answer on connections that this store has opened.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Calls `renew` with the time for which a lock must be renewed: for a request of this duration, its
/// repetition and the saves after it. Returns whether `renew` worked in time.
pub(super) fn renewed(
    clock: &dyn Clock,
    lease: Duration,
    duration: Duration,
    renew: impl FnOnce(Duration) -> bool,
) -> bool {
    let wanted = duration.saturating_mul(2).saturating_add(lease).saturating_add(SLACK);
    let (wall, monotonic) = (clock.now(), clock.monotonic());
    let renewed = renew(wanted);
    // If the process was paused during the renewal, part of the lease is already over.
    let took = clock.monotonic().saturating_sub(monotonic);
    let took = clock.now().duration_since(wall).map_or(took, |wall| took.max(wall));
    renewed && took.saturating_add(duration) < wanted
}

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_renewal_is_for_twice_the_request_the_lease_and_30_seconds() {
        let clock = ManualClock::new();
        let is = |wanted: Duration| {
            assert_eq!(wanted, 110 * SECOND);
            true
        };
        assert!(renewed(&clock, LEASE, 10 * SECOND, is));
        assert!(!renewed(&clock, LEASE, 10 * SECOND, |_| false));
        assert!(!renewed(&clock, LEASE, Duration::MAX, |_| true), "no lease lasts that long");
    }

    /// A process may be paused, or its machine may sleep, while it waits for the answer.
    #[test]
    fn a_renewal_that_took_too_long_is_no_renewal() {
        // By how much the monotonic clock and the wall clock go on.
        for (monotonic, wall, lasts) in [
            (0, 0, true),
            (99_999, 99_999, true),
            (100_000, 100_000, false),
            (100_000, 0, false),
            (100_000, -10_000, false),
            (0, 99_999, true),
            (0, 100_000, false),
        ] {
            let clock = ManualClock::new();
            let start = clock.now();
            let pause = |_| {
                clock.advance(Duration::from_millis(monotonic));
                let by = Duration::from_millis(i64::unsigned_abs(wall));
                clock.set_wall(if wall < 0 { start - by } else { start + by });
                true
            };
            let found = renewed(&clock, LEASE, 10 * SECOND, pause);
            assert_eq!(found, lasts, "{monotonic} ms, {wall} ms");
        }
    }

    /// Opens numbered connections, and fails if it is asked for the fourth.
    fn numbered(keeps: bool) -> (Rest<u32>, Arc<AtomicU32>) {
        let opened = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&opened);
        let open = move || match count.fetch_add(1, Ordering::Relaxed) + 1 {
            4 => Err("no connection".into()),
            number => Ok(number),
        };
        (Rest::new(keeps, Box::new(open)), opened)
    }

    fn works(connection: u32) -> Result<(u32, u32), Failed> {
        Ok((connection, connection))
    }

    fn fails(stale: bool) -> impl FnMut(u32) -> Result<(u32, u32), Failed> {
        move |connection| Err(Failed { error: format!("{connection} fails").into(), stale })
    }

    #[test]
    fn a_connection_rests_after_its_use_unless_it_is_lent() {
        for keeps in [true, false] {
            let (rest, opened) = numbered(keeps);
            assert_eq!(rest.run(works).unwrap(), 1);
            let second = if keeps { 1 } else { 2 };
            assert_eq!(rest.lend(works).unwrap(), (second, second));
            assert_eq!(rest.run(works).unwrap(), second + 1);
            assert_eq!(opened.load(Ordering::Relaxed), second + 1);
        }
    }

    #[test]
    fn work_is_repeated_once_if_the_resting_connection_was_dead() {
        let (rest, opened) = numbered(true);
        rest.put(100);
        assert_eq!(rest.run(fails(false)).unwrap_err().to_string(), "100 fails");
        assert_eq!(opened.load(Ordering::Relaxed), 0);
        rest.put(100);
        assert_eq!(rest.run(fails(true)).unwrap_err().to_string(), "1 fails");
        assert_eq!(rest.run(fails(true)).unwrap_err().to_string(), "2 fails");
        rest.put(100);
        let dead =
            |connection| if connection == 100 { fails(true)(100) } else { works(connection) };
        assert_eq!(rest.run(dead).unwrap(), 3);
        assert_eq!(rest.run(works).unwrap(), 3);
        rest.put(100);
        assert_eq!(rest.run(dead).unwrap_err().to_string(), "no connection");
    }
}

//! Time: wall clock, monotonic clock and sleep, in one object that a test can replace.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use time::OffsetDateTime;

/// The source of time for the whole crate: no other code reads the time or sleeps.
///
/// Every pause (before a retry, between two polls, between two tries to take a lock) is a [`Clock::sleep`] of the
/// clock of the client ([`ClientBuilder::clock`](crate::ClientBuilder::clock)) or of the store (its `with_clock`).
/// So a test with a [`ManualClock`] does not wait for pauses.
///
/// Three kinds of wait use no `Clock`: a thread that waits for another thread of its process (for a mutex; with the
/// computer's clock also for a store's lock or connection, so that it can be woken early), an answer of the
/// network, and a file or a database that the system is working on.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock.
    fn now(&self) -> SystemTime;

    /// The time since a fixed moment. This clock never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration);

    /// The wall clock as a date, in UTC, cut to whole milliseconds.
    fn now_utc(&self) -> OffsetDateTime {
        utc(self.now())
    }
}

/// Converts a [`SystemTime`] to a date in UTC, cut to whole milliseconds, so that a stored date reads back
/// equal.
pub(crate) fn utc(time: SystemTime) -> OffsetDateTime {
    let date = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => later(OffsetDateTime::UNIX_EPOCH, since),
        Err(before) => time::Duration::try_from(before.duration())
            .ok()
            .and_then(|before| OffsetDateTime::UNIX_EPOCH.checked_sub(before))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH),
    };
    to_millisecond(date)
}

/// Cuts a date to whole milliseconds, like the clock's dates.
pub(crate) fn to_millisecond(date: OffsetDateTime) -> OffsetDateTime {
    date.replace_millisecond(date.millisecond()).unwrap_or(date)
}

/// Returns `date + duration`, or the last date of the calendar if the sum is beyond it.
pub(crate) fn later(date: OffsetDateTime, duration: Duration) -> OffsetDateTime {
    time::Duration::try_from(duration)
        .ok()
        .and_then(|duration| date.checked_add(duration))
        .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc())
}

/// Returns the time from `from` until `until`; zero if `until` is not after `from`.
pub(crate) fn until(from: OffsetDateTime, until: OffsetDateTime) -> Duration {
    (until - from).try_into().unwrap_or(Duration::ZERO)
}

/// The computer's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration); // The only sleep in the crate.
    }
}

/// A clock for tests, whose time changes only when the test changes it.
///
/// [`Clock::sleep`] moves the clock forward and returns at once.
///
/// ```
/// use evergrant::clock::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let start = clock.now();
/// clock.sleep(Duration::from_secs(3600));
/// assert_eq!(clock.now(), start + Duration::from_secs(3600));
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    wall: SystemTime,
    monotonic: Duration,
    slept: Duration,
}

impl ManualClock {
    /// Makes a clock that shows 2026-01-01T00:00:00Z.
    pub fn new() -> ManualClock {
        ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600))
    }

    /// Makes a clock that shows `wall`.
    pub fn at(wall: SystemTime) -> ManualClock {
        ManualClock(Mutex::new(Hands { wall, monotonic: Duration::ZERO, slept: Duration::ZERO }))
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.0.lock();
        hands.wall += by;
        hands.monotonic += by;
    }

    /// Sets only the wall clock, as NTP or a person does.
    pub fn set_wall(&self, to: SystemTime) {
        self.0.lock().wall = to;
    }

    #[cfg(test)]
    pub(crate) fn set_back(&self, by: Duration) {
        let mut hands = self.0.lock();
        hands.wall -= by;
        hands.monotonic -= by;
    }

    /// The total time that callers have slept on this clock.
    pub fn slept(&self) -> Duration {
        self.0.lock().slept
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.0.lock().wall
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().monotonic
    }

    fn sleep(&self, duration: Duration) {
        {
            let mut hands = self.0.lock();
            hands.wall += duration;
            hands.monotonic += duration;
            hands.slept += duration;
        }
        // A thread that waits in a loop on this clock lets other threads run.
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_far_away_do_not_overflow() {
        let now = SystemClock.now_utc();
        assert!(later(now, Duration::MAX) > now);
        assert_eq!(until(later(now, Duration::from_secs(5)), now), Duration::ZERO);
        assert_eq!(until(now, later(now, Duration::from_secs(5))), Duration::from_secs(5));
    }

    #[test]
    fn setting_the_wall_leaves_the_monotonic_clock_alone() {
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(1));
        clock.set_wall(SystemTime::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), Duration::from_secs(1));
        assert_eq!(clock.now(), SystemTime::UNIX_EPOCH);
    }
}

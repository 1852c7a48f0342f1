//! Renews the leases of locks on servers.

use std::time::Duration;

use crate::clock::Clock;

/// How long a lock lasts if its holder goes silent before it has sent a refresh token.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The margin that is added to a renewed lease.
const SLACK: Duration = Duration::from_secs(30);

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

#[cfg(test)]
mod tests {
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
        // How far the monotonic clock and the wall clock advance.
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
}

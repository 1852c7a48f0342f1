//! Renews the leases of locks on servers.

use std::time::{Duration, SystemTime};

use crate::clock::{self, Clock};
use crate::record::{Holder, Record};

/// How long a lock lasts if its holder goes silent before it has sent a refresh token.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The margin that is added to a renewed lease.
const SLACK: Duration = Duration::from_secs(30);

/// By how much the deadline of a refresh note is later than twice the time of its request.
const DEADLINE: Duration = Duration::from_secs(60);

/// For this time after the server's answer, the renewal that came with a refresh note replaces a separate
/// check of the lock. The answer to a separate check can take as long.
const FRESH: Duration = Duration::from_millis(10);

/// For how long the lock must last if this record is saved: the record has the note of a request that this
/// process is about to send. Returns `None` for any other record.
pub(super) fn needed(record: &Record, lease: Duration) -> Option<Duration> {
    let note = record.note.as_ref()?;
    let ours = !note.answered && note.not_before.is_none() && note.holder == Holder::this();
    let twice = clock::until(note.sent_at, note.deadline).saturating_sub(DEADLINE);
    ours.then(|| twice.saturating_add(lease).saturating_add(SLACK))
}

/// A renewal of a lock that came with the save of a refresh note, in one step with the check of the lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewal {
    wall: SystemTime,
    monotonic: Duration,
    wanted: Duration,
    /// The times on both clocks at which the server's answer arrived.
    answered: Option<(SystemTime, Duration)>,
}

impl Renewal {
    /// Starts a renewal now. The renewal counts only after the server's answer.
    pub(super) fn begin(clock: &dyn Clock, wanted: Duration) -> Renewal {
        Renewal { wall: clock.now(), monotonic: clock.monotonic(), wanted, answered: None }
    }

    /// Adds the time of the server's answer to the renewal.
    pub(super) fn answered(self, clock: &dyn Clock) -> Renewal {
        Renewal { answered: Some((clock.now(), clock.monotonic())), ..self }
    }

    /// Whether the server has just answered, and the lock lasts for this time.
    pub(super) fn covers(self, clock: &dyn Clock, duration: Duration) -> bool {
        let fresh = self.answered.is_some_and(|(wall, time)| since(clock, wall, time) < FRESH);
        fresh && self.took(clock).saturating_add(duration) < self.wanted
    }

    /// The time since the renewal began.
    fn took(self, clock: &dyn Clock) -> Duration {
        since(clock, self.wall, self.monotonic)
    }
}

/// The time since a moment, which is given by both clocks: the longer of the two times, in case the machine
/// slept.
fn since(clock: &dyn Clock, wall: SystemTime, monotonic: Duration) -> Duration {
    let took = clock.monotonic().saturating_sub(monotonic);
    clock.now().duration_since(wall).map_or(took, |wall| took.max(wall))
}

/// Calls `renew` with the time for which a lock must be renewed: for a request of this duration, its
/// repetition and the saves after it. Returns whether `renew` worked in time.
pub(super) fn renewed(
    clock: &dyn Clock,
    lease: Duration,
    duration: Duration,
    renew: impl FnOnce(Duration) -> bool,
) -> bool {
    let wanted = duration.saturating_mul(2).saturating_add(lease).saturating_add(SLACK);
    let renewal = Renewal::begin(clock, wanted);
    let renewed = renew(wanted);
    // If the process was paused during the renewal, part of the lease is already over.
    renewed && renewal.took(clock).saturating_add(duration) < wanted
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

    #[test]
    fn a_note_renews_the_lock_only_for_its_own_request() {
        let note = |edit: fn(&mut crate::record::Note)| {
            let mut record = Record::from(crate::token::Token::new("at"));
            let now = time::OffsetDateTime::UNIX_EPOCH;
            let mut note = crate::record::Note {
                fingerprint: String::new(),
                nonce: String::new(),
                holder: Holder::this(),
                sent_at: now,
                deadline: now + 80 * SECOND,
                attempts: 1,
                answered: false,
                not_before: None,
                unanswered_since: None,
                early: false,
                seen: Vec::new(),
                unknown: Default::default(),
            };
            edit(&mut note);
            record.note = Some(note);
            needed(&record, LEASE)
        };
        assert_eq!(note(|_| {}), Some(110 * SECOND));
        assert_eq!(note(|note| note.answered = true), None);
        assert_eq!(note(|note| note.not_before = Some(note.sent_at)), None);
        assert_eq!(note(|note| note.holder.pid += 1), None);
        assert_eq!(needed(&Record::from(crate::token::Token::new("at")), LEASE), None);
    }

    #[test]
    fn the_renewal_of_a_note_counts_only_just_after_its_answer() {
        for (asked, since, duration, covers) in
            [(0, 0, 100, true), (5000, 9, 100, true), (0, 10, 100, false), (0, 0, 170, false)]
        {
            let clock = ManualClock::new();
            let renewal = Renewal::begin(&clock, 170 * SECOND);
            assert!(!renewal.covers(&clock, SECOND), "no answer");
            clock.advance(Duration::from_millis(asked));
            let renewal = renewal.answered(&clock);
            clock.advance(Duration::from_millis(since));
            assert_eq!(renewal.covers(&clock, duration * SECOND), covers, "{asked}, {since} ms");
        }
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

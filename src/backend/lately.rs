//! Keeps a server's answer for a minute.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Durability;
use super::pace::Pace;

/// How long an answer is used. The settings of a server change seldom, and without this limit a store
/// with many accounts would ask at every refresh.
const COUNTS: Duration = Duration::from_secs(60);

/// The last answer about the server's settings, and its time. A store and its accounts share the answer.
#[derive(Clone, Default)]
pub(super) struct Lately(Arc<Mutex<Option<(Duration, Durability)>>>);

impl Lately {
    /// Returns the answer of the last minute, or else the result of `ask`. `Durability::Unknown` is not
    /// kept.
    pub(super) fn or_ask(&self, pace: &Pace, ask: impl FnOnce() -> Durability) -> Durability {
        let now = pace.clock.monotonic();
        let known = *self.0.lock();
        if let Some((at, known)) = known
            && now.saturating_sub(at) < COUNTS
        {
            return known;
        }
        let answer = ask();
        *self.0.lock() = (answer != Durability::Unknown).then_some((now, answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[test]
    fn a_server_is_asked_again_after_a_minute_or_without_an_answer() {
        let clock = Arc::new(ManualClock::new());
        let (pace, lately) = (Pace::of(clock.clone()), Lately::default());
        let is = |answer| lately.or_ask(&pace, || answer);
        assert_eq!(is(Durability::Unknown), Durability::Unknown);
        assert_eq!(is(Durability::PowerCut), Durability::PowerCut);
        clock.sleep(Duration::from_secs(59));
        assert_eq!(is(Durability::Process), Durability::PowerCut);
        clock.sleep(Duration::from_secs(1));
        assert_eq!(is(Durability::Process), Durability::Process);
    }
}

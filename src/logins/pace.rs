//! The limits of the token endpoint, for all clients of one provider.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::counters::{Step, Tally};
use crate::clock::Clock;
use crate::protocol::Outcome;
use crate::refresh::{Ask, Sent, Transport};
use crate::transport::TokenTransport;

/// The longest time for which one answer holds all clients back. The client that got the answer waits as long as
/// the answer says.
const LONGEST: Duration = Duration::from_secs(600);
/// How long all clients wait after an answer that does not say how long to wait. The wait doubles with each
/// further such answer.
const FIRST: Duration = Duration::from_secs(1);

/// Until when the token endpoint wants no requests.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// In monotonic time.
    until: Duration,
    /// How often in a row the endpoint asked to wait and did not say how long.
    unsaid: u32,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Pace {
        Pace { clock, held: Mutex::default() }
    }

    /// How long no request may be sent.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.held.lock().until.saturating_sub(self.clock.monotonic());
        (!left.is_zero()).then_some(left)
    }

    fn hold(&self, wait: Option<Duration>) {
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        let wait = match wait {
            Some(wait) => wait,
            // Answers to requests that were on their way together count once.
            None if held.until > now => return,
            None => {
                held.unsaid = held.unsaid.saturating_add(1).min(10);
                FIRST.saturating_mul(1 << (held.unsaid - 1))
            }
        };
        held.until = held.until.max(now.saturating_add(wait.min(LONGEST)));
    }

    fn answered(&self) {
        self.held.lock().unsaid = 0;
    }
}

/// Sends the token requests of one client, and holds all clients back when the token endpoint asks to wait.
pub(super) struct Paced {
    pub(super) tokens: Arc<TokenTransport>,
    pub(super) pace: Arc<Pace>,
    pub(super) tally: Arc<Tally>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Transport for Paced {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        let began = self.clock.monotonic();
        let sent = self.tokens.send(ask, sent_at);
        self.tally.took(Step::Request, self.clock.monotonic().saturating_sub(began));
        match &sent {
            Sent::Reply(reply) => match &reply.outcome {
                Outcome::Limited { retry_after, .. } => self.pace.hold(*retry_after),
                _ => self.pace.answered(),
            },
            Sent::Never(_) | Sent::NoAnswer(_) => {}
        }
        sent
    }

    fn held_back(&self) -> Option<Duration> {
        self.pace.left()
    }

    fn warning(&self) -> Option<String> {
        self.tokens.warning()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_endpoint_that_does_not_say_how_long_is_asked_more_and_more_rarely() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone());
        assert_eq!(pace.left(), None);
        for wait in [1, 2, 4] {
            pace.hold(None);
            pace.hold(None); // Was on its way together with the first.
            assert_eq!(pace.left(), Some(wait * SECOND));
            clock.advance(wait * SECOND);
            assert_eq!(pace.left(), None);
        }
        pace.answered();
        pace.hold(None);
        assert_eq!(pace.left(), Some(SECOND));
    }

    #[test]
    fn a_wait_is_kept_and_never_shortened_and_ends_after_ten_minutes() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone());
        pace.hold(Some(30 * SECOND));
        pace.hold(Some(5 * SECOND));
        assert_eq!(pace.left(), Some(30 * SECOND));
        pace.hold(Some(86_400 * SECOND));
        assert_eq!(pace.left(), Some(600 * SECOND));
        clock.advance(600 * SECOND);
        assert_eq!(pace.left(), None);
    }
}

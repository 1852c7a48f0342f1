//! The limits of the token endpoint, for all clients of one provider.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::counters::{Step, Tally};
use crate::clock::Clock;
use crate::protocol::{Outcome, Reply};
use crate::provider::RefusalLimit;
use crate::refresh::{Ask, Sent, Transport};
use crate::transport::TokenTransport;

/// The longest time for which one answer holds all clients back. The client that got the answer waits as long as
/// the answer says.
const LONGEST: Duration = Duration::from_secs(600);
/// How long all clients wait after an answer that does not say how long to wait. The wait doubles with each
/// further answer of this kind.
const FIRST: Duration = Duration::from_secs(1);

/// After this many requests in a row without an answer, the token endpoint counts as silent.
const SILENCES: u32 = 3;

/// The waits and refusals of the token endpoint, for all clients of these logins.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    limit: Option<RefusalLimit>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Until when the endpoint asked to wait, in monotonic time.
    until: Duration,
    /// How often in a row the endpoint asked to wait and did not say how long.
    unsaid: u32,
    /// How many requests in a row got no answer.
    unanswered: u32,
    /// When the endpoint refused a request, in monotonic time, if the service limits refusals.
    refusals: Vec<Duration>,
    /// How many logins the sweeps are refreshing now, if the service limits refusals.
    sending: usize,
}

impl Held {
    /// Returns the times of the refusals that still count.
    fn recent(&mut self, limit: RefusalLimit, now: Duration) -> &[Duration] {
        self.refusals.retain(|at| at.saturating_add(limit.window) > now);
        &self.refusals
    }
}

/// A sweep's permission to refresh a login. Until the answer comes, the request counts as a possible refusal.
pub(super) struct Slot<'a>(Option<&'a Pace>);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(pace) = self.0 {
            let mut held = pace.held.lock();
            held.sending = held.sending.saturating_sub(1);
        }
    }
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, limit: Option<RefusalLimit>) -> Pace {
        Pace { clock, limit, held: Mutex::default() }
    }

    /// Returns how long the client must not send a request, and why.
    pub(super) fn left(&self) -> Option<(Duration, String)> {
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        let asked = held.until.saturating_sub(now);
        let asked = (!asked.is_zero())
            .then(|| (asked, "the service asked another client to wait".to_owned()));
        let full = self.limit.and_then(|limit| {
            let recent = held.recent(limit, now);
            let oldest = recent.get(recent.len().checked_sub(limit.refusals)?)?;
            let left = oldest.saturating_add(limit.window).saturating_sub(now);
            let text = format!(
                "{} token requests of these logins were refused within {} s; more could block the \
                 application",
                recent.len(),
                limit.window.as_secs()
            );
            Some((left.max(FIRST), text))
        });
        asked.max(full)
    }

    /// Permits a sweep to refresh one more login, or returns `None`. A sweep refreshes no more logins at a
    /// time than the number of refusals that the service still allows.
    pub(super) fn slot(&self) -> Option<Slot<'_>> {
        let Some(limit) = self.limit else { return Some(Slot(None)) };
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        let refused = held.recent(limit, now).len();
        if refused.saturating_add(held.sending) >= limit.refusals {
            return None;
        }
        held.sending += 1;
        Some(Slot(Some(self)))
    }

    /// Whether the last requests got no answer.
    pub(super) fn is_silent(&self) -> bool {
        self.held.lock().unanswered >= SILENCES
    }

    fn hold(&self, wait: Option<Duration>) {
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        // A wait of zero, or a date that has passed, says nothing.
        let wait = match wait.filter(|wait| !wait.is_zero()) {
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

    /// Adjusts the pace of later requests to the outcome of a token request.
    fn learn(&self, sent: &Sent) {
        let reply = match sent {
            // The request could not be built, which says nothing about the endpoint.
            Sent::Never(error) if error.is::<crate::error::Error>() => return,
            Sent::Never(_) | Sent::NoAnswer(_) => return self.unanswered(),
            Sent::Reply(reply) => reply,
        };
        match &reply.outcome {
            // The service may have used the refresh token, although its answer does not say so.
            Outcome::Unknown(_) => self.unanswered(),
            Outcome::Limited { spent: true, .. } => self.unanswered(),
            Outcome::Limited { .. } => self.held.lock().unanswered = 0,
            _ => self.answered(),
        }
        if let Outcome::Limited { retry_after, .. } = &reply.outcome {
            self.hold(*retry_after);
        }
        if self.limit.is_some() && is_refusal(reply) {
            let now = self.clock.monotonic();
            self.held.lock().refusals.push(now);
        }
    }

    fn unanswered(&self) {
        let mut held = self.held.lock();
        held.unanswered = held.unanswered.saturating_add(1);
    }

    fn answered(&self) {
        let mut held = self.held.lock();
        (held.unsaid, held.unanswered) = (0, 0);
    }
}

/// Whether a service that limits refusals counts this answer. An error of status 4xx counts even if it does not
/// mention the token.
fn is_refusal(reply: &Reply) -> bool {
    match &reply.outcome {
        Outcome::Refused(_) | Outcome::TooEarly(_) | Outcome::Setup(_) => true,
        Outcome::Unknown(error) => (400..500).contains(&error.status),
        _ => false,
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
        let revokes = matches!(ask, Ask::Revoke(..));
        let sent = self.tokens.send(ask, sent_at);
        self.tally.took(Step::Request, self.clock.monotonic().saturating_sub(began));
        // A revocation goes to another endpoint.
        if !revokes {
            self.pace.learn(&sent);
        }
        sent
    }

    fn held_back(&self) -> Option<(Duration, String)> {
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

    fn left(pace: &Pace) -> Option<Duration> {
        pace.left().map(|(wait, _)| wait)
    }

    #[test]
    fn waits_grow_if_the_endpoint_names_no_time() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone(), None);
        assert_eq!(left(&pace), None);
        for wait in [1, 2, 4] {
            pace.hold(None);
            pace.hold(None); // This request was on its way together with the first request.
            assert_eq!(left(&pace), Some(wait * SECOND));
            clock.advance(wait * SECOND);
            assert_eq!(left(&pace), None);
        }
        pace.answered();
        pace.hold(None);
        assert_eq!(left(&pace), Some(SECOND));
    }

    #[test]
    fn a_wait_is_kept_and_never_shortened_and_ends_after_ten_minutes() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone(), None);
        pace.hold(Some(30 * SECOND));
        pace.hold(Some(5 * SECOND));
        assert_eq!(left(&pace), Some(30 * SECOND));
        pace.hold(Some(86_400 * SECOND));
        assert_eq!(left(&pace), Some(600 * SECOND));
        clock.advance(600 * SECOND);
        assert_eq!(left(&pace), None);
    }

    #[test]
    fn a_wait_of_zero_counts_as_no_wait() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone(), None);
        for wait in [1, 2, 4] {
            pace.hold(Some(Duration::ZERO));
            assert_eq!(left(&pace), Some(wait * SECOND));
            clock.advance(wait * SECOND);
        }
    }

    #[test]
    fn refusals_hold_back_until_the_oldest_is_forgotten() {
        let clock = Arc::new(ManualClock::new());
        let limit = RefusalLimit { refusals: 2, window: 60 * SECOND };
        let pace = Pace::new(clock.clone(), Some(limit));
        let refused = || pace.held.lock().refusals.push(clock.monotonic());
        let (first, second) = (pace.slot(), pace.slot());
        assert!(first.is_some() && second.is_some() && pace.slot().is_none());
        drop((first, second));
        refused();
        clock.advance(10 * SECOND);
        let slot = pace.slot();
        assert!(slot.is_some() && pace.slot().is_none(), "one more may be refused");
        drop(slot);
        refused();
        assert!(pace.slot().is_none());
        assert_eq!(left(&pace), Some(50 * SECOND));
        clock.advance(50 * SECOND);
        assert_eq!(left(&pace), None);
        assert!(pace.slot().is_some());
    }
}

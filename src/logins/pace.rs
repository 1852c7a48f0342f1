//! The limits of the token endpoint, for all clients of one provider.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use time::OffsetDateTime;

use super::brake::{REFUSALS, is_about_client};
use super::counters::{Step, Tally};
use crate::clock::Clock;
use crate::error::{Error, OAuthError};
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
    /// Woken whenever a sweep has finished with a login.
    freed: Condvar,
}

#[derive(Default)]
struct Held {
    /// Until when the endpoint asked to wait, in monotonic time.
    until: Duration,
    /// When the endpoint first asked to wait, if no other answer has come since.
    since: Option<Duration>,
    /// How often in a row the endpoint asked to wait and did not say how long.
    unsaid: u32,
    /// How many requests in a row got no answer.
    unanswered: u32,
    /// When the endpoint refused a request, in monotonic time, if the service limits refusals.
    refusals: Vec<Duration>,
    /// How many logins the sweeps are refreshing now.
    sending: usize,
    /// How many logins the sweeps may refresh at a time. Each answer about a login adds one.
    window: usize,
}

impl Held {
    /// Returns the times of the refusals that still count.
    fn recent(&mut self, limit: RefusalLimit, now: Duration) -> &[Duration] {
        self.refusals.retain(|at| at.saturating_add(limit.window) > now);
        &self.refusals
    }
}

/// A sweep's permission to refresh a login. Until the answer comes, the request counts as a possible refusal.
pub(super) struct Slot<'a>(&'a Pace);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut held = self.0.held.lock();
        held.sending = held.sending.saturating_sub(1);
        self.0.freed.notify_all();
    }
}

/// A wait that the service asked for, in monotonic time.
pub(super) struct Asked {
    /// How long the wait still takes.
    pub(super) left: Duration,
    /// When the service first asked to wait, if no other answer has come since.
    pub(super) since: Duration,
}

impl Asked {
    pub(super) const REASON: &str = "the service asked another client to wait";
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, limit: Option<RefusalLimit>) -> Pace {
        let held = Mutex::new(Held { window: REFUSALS, ..Held::default() });
        Pace { clock, limit, held, freed: Condvar::new() }
    }

    /// Returns how long the client must not send a request, and why.
    fn left(&self) -> Option<(Duration, String)> {
        let asked = self.asked().map(|asked| (asked.left, Asked::REASON.to_owned()));
        asked.max(self.full())
    }

    /// The wait that the service asked for, unless it is over.
    pub(super) fn asked(&self) -> Option<Asked> {
        let now = self.clock.monotonic();
        let held = self.held.lock();
        let left = held.until.saturating_sub(now);
        (!left.is_zero()).then(|| Asked { left, since: held.since.unwrap_or(now) })
    }

    /// How long no request may be sent because of the limit of refusals, and why.
    pub(super) fn full(&self) -> Option<(Duration, String)> {
        let limit = self.limit?;
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
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
    }

    /// A sweep begins: its first requests show whether the service accepts the client.
    pub(super) fn begin(&self) {
        let mut held = self.held.lock();
        held.window = held.window.min(REFUSALS);
    }

    /// How many logins all sweeps together may refresh at a time. Zero if the service tolerates no further refusal.
    fn most(&self, held: &mut Held) -> usize {
        let Some(limit) = self.limit else { return held.window };
        let refused = held.recent(limit, self.clock.monotonic()).len();
        limit.refusals.saturating_sub(refused).min(held.window)
    }

    /// Waits until a sweep may refresh one more login. The sweeps refresh no more logins at a time than the
    /// number of refusals that the service still allows, and begin slowly. Returns `None` if the service allows
    /// no further refusal at present.
    pub(super) fn slot(&self) -> Option<Slot<'_>> {
        let mut held = self.held.lock();
        loop {
            let most = self.most(&mut held);
            if most == 0 {
                return None;
            }
            if held.sending < most {
                held.sending += 1;
                return Some(Slot(self));
            }
            // At least one login is under way, and wakes this thread when it is done.
            self.freed.wait(&mut held);
        }
    }

    /// Whether the last requests got no answer.
    pub(super) fn is_silent(&self) -> bool {
        self.held.lock().unanswered >= SILENCES
    }

    fn hold(&self, wait: Option<Duration>) {
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        held.since.get_or_insert(now);
        // One login shows whether the wait has helped. All threads at once would get the next answer of this kind.
        held.window = 1;
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
            Sent::Never(error) if error.is::<Error>() => return,
            Sent::Never(_) | Sent::NoAnswer(_) => return self.unanswered(),
            Sent::Reply(reply) => reply,
        };
        match &reply.outcome {
            Outcome::Token(_) | Outcome::Refused(_) | Outcome::TooEarly(_) => self.answered(true),
            // The service may have used the refresh token, although its answer does not say so.
            Outcome::Limited { spent: true, .. } => self.unanswered(),
            Outcome::Limited { .. } => self.held.lock().unanswered = 0,
            Outcome::Setup(error) => self.refused(error),
            // An error of status 4xx without a known code says little, but it shows that the service is there.
            Outcome::Unknown(error) if is_client_error(error) => self.refused(error),
            Outcome::Unknown(_) => self.unanswered(),
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

    /// `decided` says that the service decided about a login, and so has accepted the client.
    fn answered(&self, decided: bool) {
        let now = self.clock.monotonic();
        let mut held = self.held.lock();
        (held.unsaid, held.unanswered, held.since) = (0, 0, None);
        // During a wait, only requests from before the wait are answered.
        if decided && held.until <= now {
            held.window = held.window.saturating_add(1);
        }
    }

    /// If the service refuses the client itself, the sweeps ask for one login at a time.
    fn refused(&self, error: &OAuthError) {
        self.answered(false);
        if is_about_client(error) {
            self.held.lock().window = 1;
        }
    }
}

fn is_client_error(error: &OAuthError) -> bool {
    (400..500).contains(&error.status)
}

/// Whether a service that limits refusals counts this answer. An error of status 4xx counts even if it does not
/// mention the token.
fn is_refusal(reply: &Reply) -> bool {
    match &reply.outcome {
        Outcome::Refused(_) | Outcome::TooEarly(_) | Outcome::Setup(_) => true,
        Outcome::Unknown(error) => is_client_error(error),
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

    fn failed(&self, error: &Error) {
        self.tally.failed(error);
    }

    fn warning(&self) -> Option<String> {
        self.tokens.warning()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

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
        pace.answered(true);
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
        let at_once = || pace.most(&mut pace.held.lock());
        assert_eq!(at_once(), 2);
        refused();
        clock.advance(10 * SECOND);
        assert_eq!(at_once(), 1, "one more may be refused");
        refused();
        assert!(pace.slot().is_none(), "a sweep does not wait for an hour");
        assert_eq!(left(&pace), Some(50 * SECOND));
        clock.advance(50 * SECOND);
        assert_eq!(left(&pace), None);
        assert!(pace.slot().is_some());
    }

    #[test]
    fn a_sweep_begins_slowly_and_again_after_each_wait() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone(), None);
        let at_once = || pace.most(&mut pace.held.lock());
        assert_eq!(at_once(), REFUSALS);
        for _ in 0..20 {
            pace.answered(true);
        }
        assert_eq!(at_once(), REFUSALS + 20);
        pace.hold(Some(SECOND));
        pace.answered(true);
        assert_eq!(at_once(), 1, "an answer to an earlier request");
        clock.advance(SECOND);
        pace.answered(true);
        pace.answered(true);
        assert_eq!(at_once(), 3, "each answer adds one");
        let client = OAuthError::new("as.example", "invalid_client");
        pace.refused(&OAuthError::new("as.example", "invalid_scope"));
        assert_eq!(at_once(), 3);
        pace.refused(&client);
        assert_eq!(at_once(), 1);
        for _ in 0..20 {
            pace.answered(true);
        }
        pace.begin();
        assert_eq!(at_once(), REFUSALS);
    }

    #[test]
    fn a_sweep_waits_until_a_login_is_done() {
        let pace = Pace::new(Arc::new(ManualClock::new()), None);
        pace.hold(Some(SECOND));
        let first = pace.slot();
        let [asks, taken, done] = [const { AtomicBool::new(false) }; 3];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                asks.store(true, Ordering::SeqCst);
                let slot = pace.slot();
                taken.store(slot.is_some() && done.load(Ordering::SeqCst), Ordering::SeqCst);
            });
            // A slot that does not wait would be taken in this time, and fail the test.
            while !asks.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            (0..1000).for_each(|_| std::thread::yield_now());
            done.store(true, Ordering::SeqCst);
            drop(first);
        });
        assert!(taken.load(Ordering::SeqCst));
    }
}

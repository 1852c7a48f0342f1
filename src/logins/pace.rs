//! The limits of the token endpoint, for all clients of one provider.

use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use time::OffsetDateTime;

use super::brake::{REFUSALS, is_about_client};
use super::counters::{Step, Tally};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, OAuthError, RateLimited};
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

/// How long a request waits for the answers to others that may use up the limit of refusals. Most requests are
/// answered earlier.
const CROWDED: Duration = Duration::from_secs(10);

/// After this many requests in a row without an answer, the token endpoint counts as silent.
const SILENCES: u32 = 3;

/// The waits and refusals of the token endpoint, for all clients of these logins.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    limit: Option<RefusalLimit>,
    held: Mutex<Held>,
    /// Woken whenever a sweep has finished with a login, and whenever an answer has come.
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
    /// The threads of the sweeps that are refreshing a login now.
    sending: Vec<ThreadId>,
    /// How many requests wait for their answer, if the service limits refusals: all requests, and those of calls
    /// outside the sweeps.
    asking: usize,
    calling: usize,
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

/// A sweep's permission to refresh a login.
pub(super) struct Slot<'a>(&'a Pace);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut held = self.0.held.lock();
        let this = thread::current().id();
        if let Some(at) = held.sending.iter().position(|thread| *thread == this) {
            held.sending.swap_remove(at);
        }
        self.0.freed.notify_all();
    }
}

/// The place of a request under the limit of refusals. Until the answer is counted, the request counts as a possible
/// refusal.
struct Place<'a> {
    pace: &'a Pace,
    /// Whether the request belongs to a call outside the sweeps.
    calls: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut held = self.pace.held.lock();
        held.asking = held.asking.saturating_sub(1);
        held.calling = held.calling.saturating_sub(usize::from(self.calls));
        self.pace.freed.notify_all();
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

    /// How many further refusals the service tolerates.
    fn room(&self, held: &mut Held) -> usize {
        let Some(limit) = self.limit else { return usize::MAX };
        let refused = held.recent(limit, self.clock.monotonic()).len();
        limit.refusals.saturating_sub(refused)
    }

    /// How many logins all sweeps together may refresh at a time. Calls outside the sweeps use up some of the room.
    fn most(&self, held: &mut Held) -> usize {
        self.room(held).saturating_sub(held.calling).min(held.window)
    }

    /// Takes the place of a request under the limit of refusals, or returns how long the client must not send the
    /// request, and why. If the requests under way fill the limit, waits for an answer.
    fn place(&self) -> Result<Option<Place<'_>>, (Duration, String)> {
        if self.limit.is_none() {
            return Ok(None);
        }
        let end = SystemClock.monotonic() + CROWDED;
        let mut held = self.held.lock();
        loop {
            let room = self.room(&mut held);
            if held.asking < room {
                let calls = !held.sending.contains(&thread::current().id());
                held.asking += 1;
                held.calling += usize::from(calls);
                return Ok(Some(Place { pace: self, calls }));
            }
            let left = end.saturating_sub(SystemClock.monotonic());
            if room == 0 || self.freed.wait_for(&mut held, left).timed_out() {
                drop(held);
                let text = "the answers to other requests have not come, and may use up the refusals that the \
                            service tolerates";
                return Err(self.full().unwrap_or_else(|| (FIRST, text.to_owned())));
            }
        }
    }

    /// Waits until a sweep may refresh one more login. The sweeps refresh no more logins at a time than the
    /// number of refusals that the service still allows, less the requests of other calls, and begin slowly. Returns
    /// `None` if the service allows no further refusal at present.
    pub(super) fn slot(&self) -> Option<Slot<'_>> {
        let mut held = self.held.lock();
        loop {
            if self.room(&mut held) == 0 {
                return None;
            }
            if held.sending.len() < self.most(&mut held) {
                held.sending.push(thread::current().id());
                return Some(Slot(self));
            }
            // Another request is under way. When its answer has come, it wakes this thread.
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
        let revokes = matches!(ask, Ask::Revoke(..));
        // The place is given up after the answer is counted.
        let place = if revokes { Ok(None) } else { self.pace.place() };
        let _place = match place {
            Ok(place) => place,
            Err((wait, reason)) => {
                let limited = RateLimited::new(self.tokens.host(), wait, Some(reason));
                return Sent::Never(Box::new(Error::from(limited)));
            }
        };
        let began = self.clock.monotonic();
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
mod tests;

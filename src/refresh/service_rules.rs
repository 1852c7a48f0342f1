//! The rules of single services: no refresh before a certain age, no quick repetition, a limit on refusals,
//! and an idle limit.

use std::time::Duration;

use time::OffsetDateTime;

use super::round::Step;
use super::{Call, Keeper, Live, Want};
use crate::clock;
use crate::error::{BoxError, Error, OAuthError, Result};
use crate::event::Event;
use crate::provider::RefusalLimit;
use crate::record::{Note, Record};
use crate::secret::Secret;

impl Keeper {
    /// The error if a rule of the service forbids a refresh now.
    pub(super) fn not_now(&self, record: &Record, now: OffsetDateTime) -> Option<Error> {
        if let Some((wait, reason)) = self.transport.held_back() {
            return Some(self.hold_back(wait, &reason));
        }
        if let Some(wait) = self.too_early(record, now) {
            return Some(self.hold_back(wait, "it is too early to refresh"));
        }
        let RefusalLimit { refusals: limit, window } = self.rules.refusal_limit?;
        let recent = recent(record, now, window);
        let oldest = recent.get(recent.len().checked_sub(limit)?)?;
        let wait = clock::until(now, clock::later(*oldest, window));
        let text = format!(
            "{} token requests were refused within {} s; one more could block the application",
            recent.len(),
            window.as_secs()
        );
        Some(self.hold_back(wait.max(Duration::from_secs(1)), &text))
    }

    /// Whether a service that blocks the application after some refusals may count this answer.
    pub(super) fn counts_as_refusal(&self, error: &BoxError) -> bool {
        let answer = error.downcast_ref::<OAuthError>();
        self.rules.refusal_limit.is_some()
            && answer.is_some_and(|answer| (400..500).contains(&answer.status))
    }

    /// How long the service would still refuse a refresh as too early. The age of a token in memory
    /// is measured by the monotonic clock; the age of any other token comes from its stored date.
    fn too_early(&self, record: &Record, now: OffsetDateTime) -> Option<Duration> {
        let earliest = self.rules.earliest_refresh?;
        let came_at = record.came_at()?;
        let mine = self.memory.lock().live.clone().filter(|live| live.token == record.token);
        let wait = match mine.and_then(|live| live.age(&*self.clock)) {
            Some(age) => earliest.saturating_sub(age),
            None => clock::until(now, clock::later(came_at, earliest)),
        };
        // A wait that is longer than the rule's own time comes from a wrong clock, and is not used.
        let known = !wait.is_zero() && wait <= earliest && !record.token.is_expired(now);
        known.then_some(wait)
    }

    /// Step 11, for the answer "too early": the newest access token of this login is still valid. Our
    /// token is the newest if the store has no newer token and no request of ours is unanswered.
    pub(super) fn early(
        &self,
        call: &mut Call<'_>,
        mut noted: Record,
        sent_at: OffsetDateTime,
        earlier: Option<OffsetDateTime>,
        answer: (OAuthError, Option<Secret>),
    ) -> Result<Step> {
        let (error, found) = answer;
        match self.backend.load() {
            Ok(None) => return self.nothing_stored(),
            Ok(Some(now)) if now.login != noted.login || now.token != noted.token => {
                self.count_stored(&now);
                return Ok(Step::Again);
            }
            _ => {}
        }
        let wait = self.after_too_early(&noted, sent_at, earlier);
        self.count(&mut noted);
        let note = self.not_before(&noted, wait, true, earlier);
        let note = note.map(|note| Note { early: note.unanswered_since.is_none(), ..note });
        let ours = note.as_ref().is_some_and(|note| note.early);
        let live = self.live(&noted);
        if ours && !call.want.is_explicit() && call.want.fits(&live) {
            (call.fallback, call.vouched) = (Some(live), true);
        }
        self.settle(call, &noted, note, found);
        self.put_off(call, self.come_back(wait, &error.told()))
    }

    /// How long to wait after the answer "too early". If our access token has expired nevertheless, an
    /// unanswered request did rotate the tokens, and the wait is counted from that request.
    fn after_too_early(
        &self,
        noted: &Record,
        sent_at: OffsetDateTime,
        earlier: Option<OffsetDateTime>,
    ) -> Duration {
        let now = self.clock.now_utc();
        let end = noted.token.expires_at().filter(|end| *end > now);
        let earliest = self.rules.earliest_refresh.unwrap_or(Duration::from_secs(30));
        // If the answer was slow, the token is younger than its request.
        let young = || {
            let old_enough = clock::later(noted.came_at()?, earliest);
            (earlier.is_none() && old_enough > now).then_some(old_enough)
        };
        let lost = || clock::later(earlier.unwrap_or(sent_at), earliest);
        let when = end.or_else(young).unwrap_or_else(lost);
        clock::until(now, when).max(Duration::from_secs(1))
    }

    /// Whether a recent answer of the service says that this token is valid, even if our clock
    /// disagrees.
    pub(super) fn is_vouched_for(
        &self,
        want: &Want,
        live: &Live,
        record: &Record,
        now: OffsetDateTime,
    ) -> bool {
        let waits = |note: &&Note| note.not_before.is_some_and(|date| date > now);
        let said = record.note.as_ref().filter(|note| note.early).filter(waits).is_some();
        said && !want.is_explicit() && want.fits(live)
    }

    /// Counts a refusal, if the service limits the number of refusals.
    pub(super) fn count(&self, record: &mut Record) {
        let Some(RefusalLimit { window, .. }) = self.rules.refusal_limit else { return };
        let now = self.clock.now_utc();
        let mut kept = recent(record, now, window);
        kept.push(now);
        record.refusals = kept;
    }

    /// Counts a refusal in a record that another client has written. If this save fails, this client does not count
    /// the refusal. Returns whether it has written.
    pub(super) fn count_stored(&self, stored: &Record) -> bool {
        if self.rules.refusal_limit.is_none() {
            return false;
        }
        let mut counted = stored.next();
        self.count(&mut counted);
        self.backend.save(&counted).is_ok()
    }

    /// Does the same for a record whose client may be saving its successor now: a store that does not compare would
    /// replace the successor.
    pub(super) fn count_under_way(&self, stored: &Record) -> bool {
        self.backend.compares() && self.count_stored(stored)
    }

    /// Counts an error answer of status 4xx as a refusal even if it does not mention the token.
    pub(super) fn count_unknown(&self, call: &mut Call<'_>, noted: &Record, error: &BoxError) {
        let counts = |error: &&OAuthError| (400..500).contains(&error.status);
        if self.rules.refusal_limit.is_some()
            && error.downcast_ref::<OAuthError>().filter(counts).is_some()
        {
            let mut noted = noted.clone();
            self.count(&mut noted);
            self.settle(call, &noted, noted.note.clone(), None);
        }
    }

    /// How much longer an unanswered refresh token must not be sent again.
    pub(super) fn unanswered_pause(&self, note: &Note, now: OffsetDateTime) -> Duration {
        let pause = self.rules.unanswered_pause;
        let left = clock::until(now, clock::later(note.sent_at, pause));
        // A wait longer than the pause itself is the result of a wrong clock.
        if note.answered || left > pause { Duration::ZERO } else { left }
    }

    /// Returns when a refresh token expires that was issued or used at `issued_at`: by the lifetime in the
    /// answer, or else by the provider's idle limit.
    pub(super) fn refresh_end(
        &self,
        issued_at: Option<OffsetDateTime>,
        said: Option<Duration>,
    ) -> Option<OffsetDateTime> {
        let life = said.or(self.rules.idle_limit)?;
        Some(clock::later(issued_at.unwrap_or_else(|| self.clock.now_utc()), life))
    }

    /// Warns that the login was about to expire because it was not used.
    pub(super) fn warn_of_silence(
        &self,
        call: &mut Call<'_>,
        record: &Record,
        now: OffsetDateTime,
    ) {
        let Some((life, end)) = self.rules.idle_limit.zip(record.refresh_expires_at) else {
            return;
        };
        let left = clock::until(now, end);
        if left < life / 4 {
            let days = |time: Duration| time.as_secs() / 86_400;
            let text = format!(
                "the login in {} was not refreshed for {} days; at {} a login expires after {} days \
                 without a refresh",
                self.store(),
                days(life.saturating_sub(left)),
                self.rules.host,
                days(life)
            );
            call.events.push(Event::Warning { text });
        }
    }
}

fn recent(record: &Record, now: OffsetDateTime, window: Duration) -> Vec<OffsetDateTime> {
    let mut recent = record.refusals.clone();
    // A date in the future is the result of a wrong clock.
    recent.retain(|at| *at <= now && clock::until(*at, now) < window);
    recent
}

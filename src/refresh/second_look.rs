//! Step 13 for a caller that does not wait: the caller's next call reads the store for the second time, and
//! only then believes the refusal.

use std::time::Duration;

use time::OffsetDateTime;

use super::round::Step;
use super::send::Looked;
use super::{Call, Keeper, Live, Want};
use crate::error::{Busy, Error, OAuthError, Result};
use crate::record::Record;
use crate::secret::Secret;

/// How long after the refusal the client reads the store for the second time.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(1);

/// How long a client is kept after its second read of the store is due. Without this client, the next
/// client sends the refused token once more.
const OLD_DOUBT: Duration = Duration::from_secs(60);

/// How soon a caller comes back with a permission, after a call that may not send.
const PERMIT: Duration = Duration::from_millis(10);

/// How a call gets its token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// The call waits, and the refresh may be put off only while a token works.
    Usual,
    /// The call waits, and the refresh may be put off.
    KeepsAlive,
    /// As [`Manner::KeepsAlive`], but the call ends with an error where it would wait.
    Unhurried,
    /// As [`Manner::Unhurried`], but the call also ends where it would send a request.
    WithoutRequest,
}

impl Manner {
    pub(super) fn is_unhurried(self) -> bool {
        matches!(self, Manner::Unhurried | Manner::WithoutRequest)
    }

    pub(super) fn apply(self, call: &mut Call<'_>) {
        call.keeps_alive = self != Manner::Usual;
        call.unhurried = self.is_unhurried();
        call.may_send = self != Manner::WithoutRequest;
    }
}

/// A refusal that a second read of the store has not confirmed yet.
pub(super) struct Doubt {
    login: String,
    /// The nonce of our refresh note. If the store has another refresh note, another client was at work.
    nonce: String,
    refresh_token: Secret,
    error: OAuthError,
    earlier: Option<OffsetDateTime>,
    /// When the store is to be read for the second time, in monotonic time.
    due: Duration,
}

impl Keeper {
    /// Returns a token as [`Keeper::access`] does, but ends with an error where that call would wait:
    /// for a lock, for another holder's answer, before it repeats a request that never left, and before
    /// it believes a refusal. The caller calls again after the error's `retry_after`. If the call may not send, it
    /// also ends with [`Error::RateLimited`] before it writes the note of a request.
    pub(crate) fn access_unhurried(&self, want: &Want, may_send: bool) -> Result<Live> {
        if self.turn.try_lock().is_none() {
            let busy = Busy { store: self.store(), holder: None, waited: Duration::ZERO };
            return Err(Error::Busy(Box::new(busy)));
        }
        match self.hot(want) {
            Some(live) => Ok(live),
            None if may_send => self.acquire_as(want, Manner::Unhurried),
            None => self.acquire_as(want, Manner::WithoutRequest),
        }
    }

    /// Refreshes the login of a record that was read, as [`Keeper::keep_alive`] does, and never waits.
    pub(crate) fn keep_alive_unhurried(&self, record: &Record, may_send: bool) -> Result<Live> {
        self.keep_for_later(record);
        self.access_unhurried(&self.newer_than(record), may_send)
    }

    /// The error of a call that would now send a request, and may not.
    pub(super) fn without_permission(&self, call: &Call<'_>) -> Option<Error> {
        (!call.may_send)
            .then(|| self.hold_back(PERMIT, "the request waits for the sweep's permission"))
    }

    /// Keeps the token of `record` in memory, if this client has no valid token or only an older token. Calls
    /// use the kept token if the store fails.
    pub(super) fn keep_for_later(&self, record: &Record) {
        let Some(turn) = self.turn.try_lock() else { return };
        // A client without a login has no use for a token that is due, and an unsaved token pair must not be
        // replaced.
        if !self.rules.one_time || turn.unsaved.is_some() {
            return;
        }
        if turn.history.newer_than(record).is_some() {
            return;
        }
        let live = self.live(record);
        let mut memory = self.memory.lock();
        let works = |live: &Live| live.is_usable(&*self.clock);
        let newer = memory.live.as_ref().is_none_or(|mine| {
            !works(mine) || mine.login == live.login && mine.generation < live.generation
        });
        if newer && works(&live) {
            memory.live = Some(live);
        }
    }

    /// Whether this client has nothing in memory that would be lost if the client were dropped now.
    pub(crate) fn rests(&self) -> bool {
        let Some(turn) = self.turn.try_lock() else { return false };
        let now = self.clock.monotonic();
        // Another client would have to wait for the deadline of our refresh note; this client need not wait.
        let ours = turn.unanswered.is_some() || turn.never_sent.is_some();
        let noted = ours && now < turn.note_ends;
        let doubts = turn.doubt.as_ref();
        let doubts = doubts.is_some_and(|doubt| now < doubt.due.saturating_add(OLD_DOUBT));
        turn.unsaved.is_none() && turn.guard.is_none() && !noted && !doubts
    }

    /// How many new tokens this client has stored: at a refresh, or later if the store failed at the refresh.
    pub(crate) fn renewals(&self) -> u64 {
        let memory = self.memory.lock();
        memory.refreshes + memory.saved_late
    }

    /// Whether this client has a token pair that is not saved yet.
    pub(crate) fn has_unsaved(&self) -> bool {
        self.memory.lock().unsaved
    }

    /// Whether a refusal waits for the second read of the store.
    pub(crate) fn has_doubt(&self) -> bool {
        self.turn.try_lock().is_some_and(|turn| turn.doubt.is_some())
    }

    /// Reads the store for the first time after a refusal. The refresh note in the store then says that an
    /// answer came, and keeps other clients from sending the token again before the second read. If this
    /// process dies before the second read, the next client sends the token once more.
    pub(super) fn doubt_refusal(
        &self,
        call: &mut Call<'_>,
        noted: &Record,
        refresh_token: Secret,
        error: OAuthError,
        earlier: Option<OffsetDateTime>,
    ) -> Result<Step> {
        let latest = match self.read_again(call, noted, &refresh_token, &[Duration::ZERO])? {
            Looked::Unchanged(latest) => latest,
            Looked::Changed(step) => return Ok(step),
        };
        if let Some(unknown) = self.other_holder(call, noted, &latest, &error) {
            self.count_under_way(&latest);
            return self.put_off(call, unknown);
        }
        let note = self.not_before(&latest, SECOND_LOOK, true, earlier);
        let nonce = note.as_ref().map(|note| note.nonce.clone()).unwrap_or_default();
        self.settle(call, &latest, note, None);
        let due = self.clock.monotonic().saturating_add(SECOND_LOOK);
        let login = latest.login.clone();
        call.turn.doubt = Some(Doubt { login, nonce, refresh_token, error, earlier, due });
        self.put_off(
            call,
            self.hold_back(SECOND_LOOK, "a refusal is checked before it is believed"),
        )
    }

    /// Reads the store for the second time: if the store still has the refused token and our refresh note,
    /// the refusal is believed. Returns `None` if no refusal waits for a second read.
    pub(super) fn second_look(
        &self,
        call: &mut Call<'_>,
        record: &Record,
        refresh_token: &Secret,
    ) -> Result<Option<Step>> {
        let Some(doubt) = call.turn.doubt.take() else { return Ok(None) };
        let nonce = record.note.as_ref().map(|note| note.nonce.as_str());
        let same = record.login == doubt.login && nonce == Some(&doubt.nonce);
        if !same || *refresh_token != doubt.refresh_token {
            // The service has counted the refusal of the token that was replaced since.
            return Ok(self.count_under_way(record).then_some(Step::Again));
        }
        let left = doubt.due.saturating_sub(self.clock.monotonic());
        if !left.is_zero() {
            call.turn.doubt = Some(doubt);
            if !call.unhurried && !self.can_fall_back(call) {
                self.clock.sleep(left);
                return Ok(Some(Step::Again));
            }
            let error = self.hold_back(left, "a refusal is checked before it is believed");
            return self.put_off(call, error).map(Some);
        }
        let Doubt { refresh_token, error, earlier, .. } = doubt;
        self.believe(call, record.copy(), refresh_token, error, earlier).map(Some)
    }
}

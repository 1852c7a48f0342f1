//! Steps 11 and 13: sends a refresh token, and checks a refusal.

use std::cell::Cell;
use std::time::Duration;

use time::OffsetDateTime;

use super::round::Step;
use super::second_look::SECOND_LOOK;
use super::{Ask, Call, Keeper, QUIET, Sent, decide};
use crate::backend::{BackendError, Guard, LockKind};
use crate::clock;
use crate::error::{BackendFailure, BoxError, Error, OAuthError, OutcomeUnknown, Result};
use crate::protocol::{Outcome, Reply};
use crate::record::{Note, Record, Refused};
use crate::secret::Secret;

/// The outcome of sending a refresh token.
enum Spent {
    Never(BoxError),
    /// The store's lock was lost, or had too little time left. Nothing was sent.
    Unlocked,
    Silent(BoxError),
    Reply(Reply, Option<OffsetDateTime>),
}

/// The content of the store after a refusal.
pub(super) enum Looked {
    /// The stored record, which still has the refused refresh token.
    Unchanged(Box<Record>),
    /// The store has another token, nothing, or nothing readable.
    Changed(Step),
}

impl Keeper {
    /// Step 11: sends the refresh token, and once more if no answer comes and the tables allow it. A request
    /// that never left this machine is sent again if the call has no other token to use.
    fn spend(&self, call: &mut Call<'_>, noted: &Record, refresh_token: &Secret) -> Spent {
        let mut silent: Option<(OffsetDateTime, BoxError)> = None;
        let mut unsent = 0;
        // The request leaves only after the connection is made, and the process may be paused
        // meanwhile.
        let (lock, began) = (call.turn.lock_kind(), self.clock.monotonic());
        loop {
            let sent_at = self.clock.now_utc();
            let guard = call.turn.guard.as_ref();
            let (number, late) = (Cell::new(call.sent), Cell::new(false));
            // Called just before the first byte leaves; from then on the request is treated as sent.
            let in_time = || {
                late.set(!self.in_time(lock, noted, began) || !guard.is_none_or(Guard::is_held));
                // Count the request only now: a thread that began to wait before this moment may take
                // the answer.
                number.set(self.count_send());
                !late.get()
            };
            let ask = Ask::Refresh { token: &noted.token, refresh_token, in_time: &in_time };
            let sent = self.transport.send(ask, sent_at);
            call.sent = number.get();
            let error: BoxError = match sent {
                Sent::Never(error) => {
                    if let Some((_, first)) = silent {
                        return Spent::Silent(first);
                    }
                    // The lock was lost, or its time ran out before any byte was sent: begin again.
                    if late.get() || unsent == 0 && !self.lasts(call, noted) {
                        return Spent::Unlocked;
                    }
                    unsent += 1;
                    let hopeless = error.is::<Error>();
                    if hopeless
                        || unsent == 3
                        || call.unhurried
                        || self.can_fall_back(call)
                        || !self.lasts(call, noted)
                    {
                        return Spent::Never(error);
                    }
                    self.clock.sleep(Duration::from_millis(100 << (2 * unsent)));
                    continue;
                }
                Sent::NoAnswer(error) => error,
                // A refresh token that repeats the one that was sent says nothing.
                Sent::Reply(Reply { outcome: Outcome::Unknown(error), refresh_token: found })
                    if found.as_ref().is_none_or(|found| found == refresh_token) =>
                {
                    error.into()
                }
                Sent::Reply(reply) => return Spent::Reply(reply, silent.map(|(at, _)| at)),
            };
            // An explicit `refresh()` has no fallback, but a replay must not revoke an access token that
            // other calls use.
            let others = call.want.is_explicit() && self.live(noted).is_usable(&*self.clock);
            let usable = self.can_fall_back(call) || others;
            let replays =
                decide::replays(self.rules.rotation, self.rules.ends_access_token, usable);
            let paused = !self.rules.unanswered_pause.is_zero();
            // Another client was asked to wait, or the service may count this answer as a refusal.
            let held = self.transport.held_back().is_some() || self.counts_as_refusal(&error);
            if silent.is_some() || !replays || paused || held || !self.lasts(call, noted) {
                return Spent::Silent(error);
            }
            silent = Some((sent_at, error));
        }
    }

    /// The number of the token request that is about to be sent.
    pub(super) fn count_send(&self) -> u64 {
        let mut memory = self.memory.lock();
        memory.sends += 1;
        memory.sends
    }

    /// Whether there is time for another request: the lock holds, and our refresh note's deadline has not
    /// passed for other clients.
    fn lasts(&self, call: &Call<'_>, noted: &Record) -> bool {
        self.in_time(call.turn.lock_kind(), noted, self.clock.monotonic())
            && call.turn.guard.as_ref().is_none_or(|guard| guard.lasts(self.rules.token_timeout))
    }

    /// Whether an answer would come before our refresh note's deadline, by both clocks. A lock that is
    /// released only when its holder dies needs no deadline.
    fn in_time(&self, lock: LockKind, noted: &Record, began: Duration) -> bool {
        let end = clock::later(self.clock.now_utc(), self.rules.token_timeout);
        let took = self.clock.monotonic().saturating_sub(began);
        lock == LockKind::FreedByDeath
            || noted.note.as_ref().is_none_or(|note| end <= note.deadline)
                && took.saturating_add(self.rules.token_timeout) <= self.rules.hold()
    }

    /// Step 11: sends the refresh token and acts on the answer.
    pub(super) fn answered(
        &self,
        call: &mut Call<'_>,
        mut noted: Record,
        before: Option<Note>,
        refresh_token: Secret,
    ) -> Result<Step> {
        let never_sent = call.turn.never_sent.take();
        let sent_at = noted.note.as_ref().map_or_else(|| self.clock.now_utc(), |note| note.sent_at);
        let (reply, unanswered) = match self.spend(call, &noted, &refresh_token) {
            Spent::Never(error) => {
                call.turn.never_sent = never_sent;
                self.settle(call, &noted, before, None);
                return self.put_off(call, self.transport_error(error));
            }
            Spent::Unlocked => {
                call.turn.never_sent = never_sent;
                self.settle(call, &noted, before, None);
                return Ok(Step::Relock);
            }
            Spent::Silent(error) => {
                call.turn.unanswered = never_sent;
                self.count_unknown(call, &noted, &error);
                return self.put_off(call, self.unknown(sent_at, error));
            }
            Spent::Reply(reply, unanswered) => (reply, unanswered),
        };
        let earlier = noted.note.as_ref().and_then(|note| note.unanswered_since).or(unanswered);
        let found = reply.refresh_token.filter(|found| *found != refresh_token);
        match reply.outcome {
            Outcome::Token(issued) => {
                let pair = self.pair(&noted, refresh_token, *issued);
                self.issued(call, pair, earlier.is_some())
            }
            Outcome::Refused(error) => self.refused(call, noted, refresh_token, error, earlier),
            Outcome::TooEarly(error) => self.early(call, noted, sent_at, earlier, (error, found)),
            Outcome::Setup(error) => {
                // This answer says nothing about an earlier unanswered request.
                let note = if earlier.is_some() { noted.note.clone() } else { before };
                self.count(&mut noted);
                self.settle(call, &noted, note, found);
                self.put_off(call, Error::OAuth(Box::new(error)))
            }
            Outcome::Limited { error, retry_after, spent } => {
                let wait = retry_after.unwrap_or(QUIET);
                self.settle(call, &noted, self.not_before(&noted, wait, !spent, earlier), found);
                self.put_off(call, self.come_back(wait, &error.told()))
            }
            Outcome::Unknown(error) => match found {
                // With a 4xx status and no code, the found text may be an echo of our token or a message
                // about the token.
                Some(found) if (400..500).contains(&error.status) => {
                    call.turn.unanswered = never_sent;
                    self.count(&mut noted);
                    self.settle(call, &noted, noted.note.clone(), Some(found));
                    self.put_off(call, self.unknown(sent_at, error.into()))
                }
                // The answer had a refresh token and no access token: the service has replaced the
                // refresh token.
                Some(found) => {
                    let pair = self.salvage(&noted, refresh_token, found);
                    self.salvaged(call, pair, sent_at, error)
                }
                None => self.put_off(call, self.unknown(sent_at, error.into())),
            },
        }
    }

    /// Step 13: a refusal is checked before it is believed.
    fn refused(
        &self,
        call: &mut Call<'_>,
        noted: Record,
        refresh_token: Secret,
        error: OAuthError,
        earlier: Option<OffsetDateTime>,
    ) -> Result<Step> {
        if call.unhurried {
            return self.doubt_refusal(call, &noted, refresh_token, error, earlier);
        }
        let looks = [Duration::ZERO, SECOND_LOOK];
        let latest = match self.read_again(call, &noted, &refresh_token, &looks)? {
            Looked::Unchanged(latest) => *latest,
            Looked::Changed(step) => return Ok(step),
        };
        if let Some(unknown) = self.other_holder(call, &noted, &latest, &error) {
            self.count_under_way(&latest);
            return self.put_off(call, unknown);
        }
        self.believe(call, latest, refresh_token, error, earlier)
    }

    /// Reads the store after each of the given pauses: another program, which uses no lock, may have an
    /// answer that it has not saved yet.
    pub(super) fn read_again(
        &self,
        call: &mut Call<'_>,
        noted: &Record,
        refresh_token: &Secret,
        pauses: &[Duration],
    ) -> Result<Looked> {
        let sent_at = noted.note.as_ref().map_or_else(|| self.clock.now_utc(), |note| note.sent_at);
        let mut latest = noted.clone();
        for pause in pauses {
            if !pause.is_zero() {
                self.clock.sleep(*pause);
            }
            let now = match self.backend.load() {
                Ok(Some(now)) => now,
                Ok(None) => return self.nothing_stored().map(Looked::Changed),
                Err(source) => {
                    let store = self.store();
                    let failure = BackendFailure { operation: "load", sent: true, store, source };
                    let unknown = self.unknown(sent_at, failure.into());
                    return self.put_off(call, unknown).map(Looked::Changed);
                }
            };
            if now.login != latest.login || now.token.refresh_token() != Some(refresh_token) {
                // The service refused a token that has been replaced in the store since, but the service has
                // counted the refusal.
                self.count_stored(&now);
                self.saw(call, &now);
                return Ok(Looked::Changed(Step::Again));
            }
            latest = now;
        }
        Ok(Looked::Unchanged(Box::new(latest)))
    }

    /// Returns an error if another lock holder may have the new refresh token: then the refusal is not
    /// believed.
    pub(super) fn other_holder(
        &self,
        call: &Call<'_>,
        noted: &Record,
        latest: &Record,
        error: &OAuthError,
    ) -> Option<Error> {
        let (ours, theirs) = (noted.note.as_ref()?, latest.note.as_ref()?);
        let now = self.clock.now_utc();
        let may_have_it = call.turn.lock_kind() != LockKind::FreedByDeath
            && theirs.fingerprint == ours.fingerprint
            && theirs.nonce != ours.nonce
            && theirs.deadline > now;
        may_have_it.then(|| {
            Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                host: self.rules.host.clone(),
                code: false,
                by_name: false,
                sent_at: theirs.sent_at,
                holder: Some(theirs.holder.to_string()),
                retry_after: Some(clock::until(now, theirs.deadline)),
                source: Some(error.clone().into()),
            }))
        })
    }

    /// Stores a refusal, so that the refused token is not sent on every run. A spare refresh token, if there
    /// is one, replaces the refused token.
    pub(super) fn believe(
        &self,
        call: &mut Call<'_>,
        latest: Record,
        refresh_token: Secret,
        error: OAuthError,
        earlier: Option<OffsetDateTime>,
    ) -> Result<Step> {
        let fingerprint = refresh_token.fingerprint();
        let mut next = latest.next();
        self.count(&mut next);
        next.note = None;
        // A repeated refusal keeps the information of the first refusal.
        let asked_before = next.refused.as_ref().filter(|before| before.fingerprint == fingerprint);
        let asked_before = asked_before.and_then(|before| before.unanswered_since);
        let refused = Refused {
            fingerprint,
            at: self.clock.now_utc(),
            code: error.code,
            description: error.description,
            status: error.status,
            unanswered_since: earlier.or(asked_before),
            unknown: Default::default(),
        };
        // The spare refresh token, which lost a race, may be the valid token. The spare refresh token and the
        // refused token change places, so that a wrong refusal is corrected: each of the two tokens is sent
        // once more after a pause.
        let known = next.refused.as_ref().map(|refused| refused.fingerprint.clone());
        if let Some(spare) = next.spare.clone().filter(|spare| known != Some(spare.fingerprint())) {
            next.spare = Some(refresh_token);
            next.token = next.token.with_refresh_token(spare);
            next.refused = Some(refused);
            return match self.backend.save(&next) {
                Ok(()) => Ok(Step::Again),
                Err(error) if BackendError::is_conflict(&error) => Ok(Step::Again),
                Err(error) => {
                    self.put_off(call, Error::backend_after("write", self.store(), error))
                }
            };
        }
        let error = self.reauthorize(&refused);
        next.refused = Some(refused);
        // If this save fails, the next run sends the token once more.
        let _ = self.backend.save(&next);
        self.put_off(call, error)
    }
}

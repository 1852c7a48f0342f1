//! Steps 9 and 10 of the map in [`super`]: reads the note of an earlier token request that got no answer, and
//! writes the note of our own request.

use std::time::Duration;

use time::OffsetDateTime;

use super::decide::{self, Decision, Found};
use super::{Call, Keeper, Live, SKEW, Want};
use crate::backend::{Guard, LockKind};
use crate::clock;
use crate::error::{Error, OutcomeUnknown};
use crate::record::{Holder, Note, Record, Seen};
use crate::secret::random_id;

impl Keeper {
    /// Step 9: decides about a refresh note. Returns `None` if the token may be sent again; otherwise the
    /// error for a call without another token to use.
    pub(super) fn stopped_by(
        &self,
        call: &Call<'_>,
        record: &Live,
        note: &Note,
        now: OffsetDateTime,
    ) -> Option<Error> {
        // A refresh note with a date in the future was written by a wrong clock, so its `not_before` is wrong
        // too.
        let from_the_future = clock::until(now, note.sent_at) > SKEW;
        // The server answered that it was too early to refresh. Since then the API has refused the access token
        // of that time, so the answer no longer counts.
        let outdated = from_the_future || note.early && matches!(call.want, Want::Instead(_));
        let not_before = note.not_before.filter(|_| !outdated);
        let not_before_in = not_before.map_or(Duration::ZERO, |date| clock::until(now, date));
        if note.answered && note.unanswered_since.is_none() && not_before_in.is_zero() {
            return None;
        }
        let nonce = Some(&note.nonce);
        let own =
            [&call.turn.unanswered, &call.turn.never_sent].iter().any(|own| own.as_ref() == nonce);
        // A call that keeps the login alive has no fallback, but other calls may use the access token.
        let others = call.keeps_alive && record.is_usable(&*self.clock);
        let found = Found {
            rotation: self.rules.rotation,
            ends_access_token: self.rules.ends_access_token,
            ends_other_logins: self.rules.ends_other_logins,
            lock: if own { LockKind::FreedByDeath } else { call.turn.lock_kind() },
            age: clock::until(note.sent_at, now),
            deadline_in: self.deadline_in(note, now),
            not_before_in,
            pause: self.unanswered_pause(note, now),
            usable: self.can_fall_back(call) || others,
            explicit: call.is_explicit(),
        };
        let decision = decide::found(&found);
        let retry_after = match decision {
            Decision::Replay => return None,
            Decision::Keep if others && !not_before_in.is_zero() => {
                return Some(self.hold_back(not_before_in, "an earlier answer asked to wait"));
            }
            Decision::Keep if others && !found.pause.is_zero() => Some(found.pause),
            Decision::NotBefore(wait) => {
                return Some(self.hold_back(wait, "an earlier answer asked to wait"));
            }
            Decision::Deadline(wait) => Some(wait),
            Decision::Keep | Decision::Stop => None,
        };
        Some(Error::OutcomeUnknown(Box::new(OutcomeUnknown {
            host: self.rules.host.clone(),
            code: false,
            by_name: decision == Decision::Stop,
            sent_at: note.unanswered_since.unwrap_or(note.sent_at),
            holder: Some(note.holder.to_string()),
            retry_after,
            source: None,
        })))
    }

    /// Step 10 of a refresh (`guide/design.md`): makes the record that says that this process is about to send
    /// the refresh token.
    pub(super) fn noted(
        &self,
        record: &Record,
        before: Option<&Note>,
        fingerprint: String,
        now: OffsetDateTime,
    ) -> Record {
        let mut noted = record.next();
        // A binding is only set if there is none: a later release may have added members.
        if noted.binding.is_none() {
            noted.binding = Some(self.rules.binding_of(&noted.token).into_owned());
        }
        noted.note = Some(Note {
            fingerprint,
            nonce: random_id(),
            holder: Holder::this(),
            sent_at: now,
            deadline: clock::later(now, self.rules.hold()),
            attempts: before.map_or(0, |note| note.attempts).saturating_add(1),
            answered: false,
            not_before: None,
            unanswered_since: before.and_then(Note::unanswered),
            early: false,
            seen: Vec::new(),
            unknown: Default::default(),
        });
        noted
    }

    /// How long the process that wrote a refresh note may still get its answer. The result is at most the
    /// longest duration of a refresh, counted from now and from the moment when this host first saw the
    /// refresh note, because the note's clock may be far ahead.
    fn deadline_in(&self, note: &Note, now: OffsetDateTime) -> Duration {
        let hold = self.rules.hold();
        let left = clock::until(now, note.deadline).min(hold);
        match note.seen_by(&Holder::this().host, now) {
            Some(seen) => left.min(clock::until(now, clock::later(seen, hold))),
            None => left,
        }
    }

    /// Records in the store when this host first saw a refresh note with an impossibly late deadline, so that
    /// even runs that are shorter than the wait know when the wait is over. Each host uses only its own
    /// clock. If this save fails, the next run repeats it.
    pub(super) fn mark_seen(
        &self,
        call: &Call<'_>,
        record: &Record,
        note: &Note,
        now: OffsetDateTime,
    ) {
        let Holder { host, .. } = Holder::this();
        let far = clock::until(now, note.deadline) > self.rules.hold().saturating_add(SKEW);
        let waits = call.turn.lock_kind() != LockKind::FreedByDeath;
        if !far || !waits || note.seen_by(&host, now).is_some() {
            return;
        }
        let mut next = record.next();
        if let Some(note) = &mut next.note {
            note.seen.retain(|seen| seen.host != host);
            note.seen.push(Seen { host, at: now, unknown: Default::default() });
        }
        let _ = self.backend.save(&next);
    }
}

impl Keeper {
    /// Does the same as [`Keeper::settle_lock`] for the lock of this call.
    pub(super) fn settle_new_lock(&self, call: &Call<'_>, stored: Option<&Record>) {
        let turn = &*call.turn;
        // The note of an unsaved token pair is our own, and is replaced by the pair.
        if let Some(guard) = turn.guard.as_ref().filter(|_| turn.unsaved.is_none()) {
            self.settle_lock(guard, [&turn.unanswered, &turn.never_sent], stored);
        }
    }

    /// If the lock's file is new, the process that wrote the stored refresh note may still hold a deleted file. The
    /// lock stays new until that process can no longer get an answer. `own` are the nonces of our own notes.
    pub(super) fn settle_lock(
        &self,
        guard: &Guard,
        own: [&Option<String>; 2],
        stored: Option<&Record>,
    ) {
        if !guard.is_new() {
            return;
        }
        let now = self.clock.now_utc();
        let pending = |note: &&Note| {
            let ours = own.iter().any(|own| own.as_ref() == Some(&note.nonce));
            !ours && !note.answered && note.deadline > now
        };
        // The note in another client's record is for that client to judge.
        let of_others = |record: &Record| {
            record.check(&self.rules.binding_of(&record.token), &self.store()).is_err()
        };
        let waits = |record: &Record| {
            of_others(record) || record.note.as_ref().is_some_and(|note| pending(&note))
        };
        if !stored.is_some_and(waits) {
            guard.settle();
        }
    }
}

//! Steps 4 to 10: loads the record, and writes the refresh note.

use std::time::Duration;

use super::{Call, Keeper, Live, SKEW};
use crate::backend::{BackendError, LockKind};
use crate::clock;
use crate::error::{BoxError, Busy, Error, Result, chain};
use crate::event::Event;
use crate::provider::Rotation;
use crate::record::{Note, Record};
use crate::secret::Secret;

/// How often one call starts again because the store has changed meanwhile.
const ROUNDS: usize = 6;
/// How long a call without a token waits for another holder's refresh if there is no lock to wait for.
const LOOKS: Duration = Duration::from_secs(10);

/// How one run of the steps 4 to 14 ends.
pub(super) enum Step {
    Done(Live),
    /// The store has changed: load again.
    Again,
    /// Another holder's refresh is in progress, and there is no lock to wait for: load again after a moment.
    Look,
    /// The lock is lost or about to expire: lock again.
    Relock,
}

/// The result of one step: the value for the next step, or the end of this run of the steps.
enum Next<T> {
    Go(T),
    End(Step),
}

impl Keeper {
    pub(super) fn refresh(&self, call: &mut Call<'_>) -> Result<Live> {
        let result = self.rounds(call);
        self.warn_once(call);
        result
    }

    fn rounds(&self, call: &mut Call<'_>) -> Result<Live> {
        let mut rounds = 0;
        while rounds < ROUNDS {
            if call.turn.guard.is_none()
                && let Some(live) = self.lock(call)?
            {
                return Ok(live);
            }
            match self.round(call)? {
                Step::Done(live) => return Ok(live),
                Step::Look => continue,
                Step::Again => {}
                Step::Relock => call.turn.guard = None,
            }
            rounds += 1;
        }
        let busy = Busy { store: self.store(), holder: None, waited: Duration::ZERO };
        self.end(call, Error::Busy(Box::new(busy)))
    }

    /// Whether the refresh token stays valid after a refresh, so that a refresh needs no store.
    pub(super) fn can_do_without_store(&self, call: &Call<'_>) -> bool {
        self.rules.rotation == Rotation::None && call.turn.unsaved.is_none()
    }

    /// Steps 4 to 14, under the store's lock.
    fn round(&self, call: &mut Call<'_>) -> Result<Step> {
        let record = match self.load_and_save_first(call)? {
            Next::Go(record) => record,
            Next::End(step) => return Ok(step),
        };
        if let Some(live) = self.adopt(call, &record) {
            return Ok(Step::Done(live));
        }
        let Some(refresh_token) = record.token.refresh_token().cloned() else {
            let store = self.store();
            let text = format!("the token in {store} has expired and has no refresh token");
            return self.put_off(call, Error::NotAuthorized(text.into()));
        };
        let (noted, before) = match self.decide_and_note(call, &record, &refresh_token)? {
            Next::Go(noted) => noted,
            Next::End(step) => return Ok(step),
        };
        self.answered(call, noted, before, refresh_token)
    }

    /// Steps 4 to 6: loads the record, after saving an unsaved token pair.
    fn load_and_save_first(&self, call: &mut Call<'_>) -> Result<Next<Record>> {
        // The record was read when the lock was taken, or is read now.
        let entered = call.entered.take();
        let mut stored = match entered.unwrap_or_else(|| self.backend.load()) {
            Ok(stored) => stored,
            Err(error) => {
                self.go_on_with_what_was_read(call);
                let error = Error::backend("load", self.store(), error);
                return self.put_off(call, error).map(Next::End);
            }
        };
        let went_back = self.went_back(call, stored.as_ref());
        // Step 5: save an unsaved token pair first.
        if call.turn.unsaved.is_some() {
            stored = match self.save_pair(call, stored) {
                Ok(stored) => stored,
                Err(error) => return self.not_saved(call, error).map(Next::End),
            };
            if let Some(record) = &stored {
                record.check(&self.rules.binding_of(&record.token), &self.store())?;
                if !went_back {
                    call.events.push(Event::Refreshed { generation: record.generation });
                    self.memory.lock().saved_late += 1;
                }
                self.publish(self.live(record));
            }
        }
        // Step 6: an empty store stays empty.
        self.settle_new_lock(call, stored.as_ref());
        let Some(record) = stored else { return self.nothing_stored().map(Next::End) };
        record.check(&self.rules.binding_of(&record.token), &self.store())?;
        call.turn.history.learn(&record);
        Ok(Next::Go(record))
    }

    /// Step 7: uses the token in the store if another client has refreshed the login. A token that is due but
    /// still works becomes the fallback.
    fn adopt(&self, call: &mut Call<'_>, record: &Record) -> Option<Live> {
        let live = self.live(record);
        if call.want.accepts(&live, &*self.clock) || self.came_while_waiting(call, &live) {
            self.bind(call, record);
            if self.memory.lock().live.as_ref().is_some_and(|mine| mine.id() != live.id()) {
                call.events.push(Event::Adopted { generation: live.generation });
            }
            return Some(self.publish(live));
        }
        if call.want.tolerates(&live, &*self.clock) {
            (call.fallback, call.vouched) = (Some(live), false);
        } else if self.is_vouched_for(call.want, &live, record, self.clock.now_utc()) {
            (call.fallback, call.vouched) = (Some(live), true);
        }
        None
    }

    /// Steps 8 to 10: decides whether the refresh token may be sent, and writes our refresh note. Returns the
    /// record with our refresh note, and the note that was there before.
    fn decide_and_note(
        &self,
        call: &mut Call<'_>,
        record: &Record,
        refresh_token: &Secret,
    ) -> Result<Next<(Record, Option<Note>)>> {
        if let Some(step) = self.second_look(call, record, refresh_token)? {
            return Ok(Next::End(step));
        }
        let now = self.clock.now_utc();
        if let Some(error) = self.not_now(record, now) {
            return self.put_off(call, error).map(Next::End);
        }
        // Step 8: the token was refused before.
        let fingerprint = refresh_token.fingerprint();
        if let Some(refused) = &record.refused
            && refused.fingerprint == fingerprint
            && (now - refused.at).unsigned_abs() < self.rules.refusal_pause
        {
            return self.put_off(call, self.reauthorize(refused)).map(Next::End);
        }
        // Step 9: there is a refresh note without an answer.
        let note = record.note.as_ref().filter(|note| {
            // If the save of our own refresh note failed, nothing was sent. But that refresh note may also
            // replace an older note, whose request got no answer.
            let never_sent = call.turn.never_sent.as_ref() == Some(&note.nonce);
            note.fingerprint == fingerprint && (!never_sent || note.unanswered_since.is_some())
        });
        if let Some(note) = note
            && let Some(error) = self.stopped_by(call, &self.live(record), note, now)
        {
            self.mark_seen(call, record, note, now);
            if call.turn.lock_kind() == LockKind::None && self.looks_again(call, &error) {
                return Ok(Next::End(Step::Look));
            }
            return self.put_off(call, error).map(Next::End);
        }
        if let Some(error) = self.without_permission(call) {
            return self.put_off(call, error).map(Next::End);
        }
        self.warn_of_silence(call, record, now);
        // Step 10: write our refresh note, which proves that the store can be written.
        if !call.turn.is_held() {
            return Ok(Next::End(Step::Relock));
        }
        let noted = self.noted(record, note, fingerprint, now);
        if let Some(step) = self.write_note(call, &noted)? {
            return Ok(Next::End(step));
        }
        if !call.turn.guard.as_ref().is_none_or(|guard| guard.lasts(self.rules.token_timeout)) {
            return Ok(Next::End(Step::Relock));
        }
        Ok(Next::Go((noted, note.cloned())))
    }

    /// Step 10: writes our refresh note. Returns `Some` if the call must not send the refresh token.
    fn write_note(&self, call: &mut Call<'_>, noted: &Record) -> Result<Option<Step>> {
        call.turn.never_sent = noted.note.as_ref().map(|note| note.nonce.clone());
        call.turn.note_ends = self.clock.monotonic().saturating_add(self.rules.hold());
        let saved = self.backend.save(noted).map_err(|error| ("write", error));
        let (operation, error) = match saved.and_then(|()| self.read_back(call, noted)) {
            Ok(step) => return Ok(step),
            Err(failed) => failed,
        };
        if BackendError::is_conflict(&error) {
            return Ok(Some(Step::Again));
        }
        // The store has noticed that the lock is lost, and has written nothing.
        if BackendError::is_busy(&error) {
            return Ok(Some(Step::Relock));
        }
        call.turn.keeps_notes = false;
        let error = match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => Error::backend(operation, self.store(), error),
        };
        let needs_store = !self.can_do_without_store(call);
        if needs_store && !self.can_fall_back(call) {
            // Another client may have saved a token since this call read the store.
            self.look(call);
        }
        if needs_store || self.can_fall_back(call) {
            return self.put_off(call, error).map(Some);
        }
        self.report(call, chain(&error));
        Ok(None)
    }

    /// After a failed load, looks for a token that was read earlier or can be read now, and makes that
    /// token the fallback.
    fn go_on_with_what_was_read(&self, call: &mut Call<'_>) {
        call.turn.keeps_notes = false;
        if self.can_fall_back(call) {
            return;
        }
        match &call.read {
            // Whether the token still works is checked when the call takes the fallback.
            Some(record) => call.fallback = Some(self.live(record)),
            None => {
                self.look(call);
            }
        }
    }

    /// Whether this token comes from a refresh that was sent after this call began to wait for the
    /// lock. The call takes the token even if the token is already due; otherwise each waiting call would
    /// refresh again.
    pub(super) fn came_while_waiting(&self, call: &Call<'_>, live: &Live) -> bool {
        let sent_at = live.token.issued_at().map(clock::to_millisecond);
        let since = call.waits_since.zip(sent_at).is_some_and(|(since, sent_at)| since <= sent_at);
        since && call.want.takes(live) && call.had.as_ref() != Some(&live.id())
    }

    /// Reads our refresh note back, once per client and again after a failure: with a store that accepts a
    /// note and loses it, the same refresh token could be sent again and again. A store that compares is
    /// known to keep what it accepts. Returns `Some` if the call must not send the refresh token.
    fn read_back(
        &self,
        call: &mut Call<'_>,
        noted: &Record,
    ) -> Result<Option<Step>, (&'static str, BoxError)> {
        if call.turn.keeps_notes || self.backend.compares() {
            return Ok(None);
        }
        let back = self.backend.load().map_err(|error| ("load", error))?;
        // Another client has logged out.
        let Some(back) = back else { return Ok(Some(Step::Again)) };
        let nonce = |record: &Record| record.note.as_ref().map(|note: &Note| note.nonce.clone());
        let refresh_token = |record: &Record| record.token.refresh_token().cloned();
        self.saw(call, &back);
        let same = back.login == noted.login && back.revision == noted.revision;
        if same && nonce(&back) == nonce(noted) && refresh_token(&back) == refresh_token(noted) {
            call.turn.keeps_notes = true;
            return Ok(None);
        }
        // Another client has changed the record since our save if the record is bound and has another login,
        // a newer revision, another refresh note or another refresh token.
        let others = back.binding.is_some()
            && (back.login != noted.login
                || back.revision > noted.revision
                || same && back.note.is_some()
                || back.token.refresh_token().is_some()
                    && refresh_token(&back) != refresh_token(noted));
        // In a store that does not compare, another client may have overwritten our refresh note; write the
        // note again. A store that loses notes loses the second refresh note too.
        if others || !std::mem::replace(&mut call.lost_note, true) {
            return Ok(Some(Step::Again));
        }
        let lost = [
            ("login", back.login == noted.login),
            ("revision", back.revision == noted.revision),
            ("note", nonce(&back) == nonce(noted)),
            ("binding", back.binding == noted.binding),
            ("refresh token", refresh_token(&back) == refresh_token(noted)),
        ];
        let lost: Vec<_> = lost.iter().filter(|(_, kept)| !kept).map(|(name, _)| *name).collect();
        let text = format!(
            "{} does not return a record as it was saved: {} missing or changed; nothing was sent. A \
             backend must store the whole record (Record::to_json), not the token alone",
            self.store(),
            match &lost[..] {
                [one] => format!("its {one} is"),
                many => format!("its {} are", many.join(", ")),
            }
        );
        Err(("write", Box::new(Error::config(text))))
    }

    /// Waits a moment for another client's refresh, if only the refresh note of that client shows that the
    /// refresh is in progress.
    fn looks_again(&self, call: &mut Call<'_>, error: &Error) -> bool {
        let waits =
            matches!(error, Error::OutcomeUnknown(unknown) if unknown.retry_after.is_some());
        if !waits || call.unhurried || call.looked >= LOOKS {
            return false;
        }
        let pause = (call.looked / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
        self.clock.sleep(pause);
        call.looked += pause;
        true
    }

    /// Binds an unbound record to this client. If the record was dated by a clock that was ahead, its
    /// lifetime counts from now. If this save fails, the next refresh note binds the record.
    pub(super) fn bind(&self, call: &Call<'_>, record: &Record) {
        if call.turn.lock_kind() == LockKind::None {
            return;
        }
        let now = self.clock.now_utc();
        let ahead = |at| clock::until(now, at) > SKEW;
        let is_ahead = record.token.issued_at().is_some_and(ahead);
        if record.binding.is_none() || is_ahead {
            let mut next = if is_ahead { record.dated_from(now) } else { record.next() };
            next.binding = Some(self.rules.binding_of(&next.token).into_owned());
            let _ = self.backend.save(&next);
        }
    }

    /// Whether the call has a fallback that still works. A fallback can expire during a request or a wait.
    pub(super) fn can_fall_back(&self, call: &Call<'_>) -> bool {
        let works = |live: &Live| call.vouched || call.want.tolerates(live, &*self.clock);
        call.fallback.as_ref().is_some_and(works)
    }

    /// Takes the fallback, if it still works.
    pub(super) fn take_fallback(&self, call: &mut Call<'_>) -> Option<Live> {
        let works = self.can_fall_back(call);
        call.fallback.take().filter(|_| works)
    }
}

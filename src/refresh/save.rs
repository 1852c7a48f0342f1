//! Step 12: how a successor reaches the store, whatever the store holds by then.

use std::sync::atomic::Ordering;
use std::time::Duration;

use time::OffsetDateTime;

use super::decide::{self, Unsaved};
use super::round::Step;
use super::state::Pair;
use super::{Ask, Call, Keeper, Live, Want};
use crate::backend::BackendError;
use crate::clock;
use crate::error::{BoxError, OAuthError, Result, chain};
use crate::event::Event;
use crate::protocol::Issued;
use crate::record::{Note, Record};
use crate::secret::Secret;

/// How often a save is tried before the pair is left to the next call.
const TRIES: u32 = 3;

/// Where a pair goes.
enum Place {
    /// The store still holds what we spent: ours is the newer truth.
    Ours(Record),
    /// Somebody else's successor is there: it stays, and ours becomes the spare.
    Theirs(Record),
    /// Ours is there already, under a later note.
    There,
    /// Nothing is stored, or another login: ours must not be written.
    Lost,
}

fn place(pair: &Pair, stored: Option<&Record>) -> Place {
    let Some(spent) = &pair.spent else { return place_login(&pair.record, stored) };
    // A store may make another login of the token that we spent. What replaced it is newer all the same.
    let is_ours = |stored: &&Record| {
        let spent = Some(spent).filter(|_| pair.rotated());
        stored.login == pair.record.login
            || spent.is_some() && stored.token.refresh_token() == spent
    };
    let Some(stored) = stored.filter(is_ours) else { return Place::Lost };
    if pair.record.may_replace(Some(stored)) {
        return Place::Ours(pair.record.clone());
    }
    let ours = pair.record.token.refresh_token();
    let theirs = stored.token.refresh_token();
    if theirs == Some(spent) || stored.spare.as_ref() == Some(spent) {
        let mut next = stored.next();
        next.binding = pair.record.binding.clone();
        next.token = pair.record.token.clone();
        // Not below ours: the store may have gone back.
        next.generation = stored.generation.saturating_add(1).max(pair.record.generation);
        next.rotated_at = pair.record.rotated_at;
        next.refresh_expires_at = pair.record.refresh_expires_at;
        next.superseded = pair.record.superseded.clone();
        (next.note, next.refused, next.spare) = (None, None, None);
        Place::Ours(next)
    } else if theirs == ours {
        Place::There
    } else {
        let mut next = stored.next();
        next.spare = ours.cloned();
        Place::Theirs(next)
    }
}

/// A new login goes over the one that was there when its code was exchanged, however often that was
/// refreshed since; not over another new one.
fn place_login(ours: &Record, stored: Option<&Record>) -> Place {
    match stored {
        _ if ours.may_replace(stored) => Place::Ours(ours.clone()),
        Some(stored) if stored.login == ours.login => Place::There,
        Some(stored) if ours.replaces().is_none_or(|(login, _)| login != stored.login) => {
            Place::Lost
        }
        Some(stored) => Place::Ours(ours.clone().in_place_of(Some(stored))),
        // Somebody has logged out meanwhile.
        None => Place::Lost,
    }
}

impl Keeper {
    /// The successor of `noted`, bought with `spent`.
    pub(super) fn pair(&self, noted: &Record, spent: Secret, issued: Issued) -> Pair {
        let Issued { token, refresh_expires_in } = issued;
        let rotated = token.refresh_token().is_some_and(|new| *new != spent);
        let mut record = noted.next();
        let end = self.refresh_end(token.issued_at(), refresh_expires_in);
        record.refresh_expires_at = match record.refresh_expires_at {
            // The same refresh token was used, and that starts its idle limit anew.
            Some(before) if !rotated && refresh_expires_in.is_none() => end.max(Some(before)),
            before => end.or(before),
        };
        if rotated {
            record.rotated_at = Some(self.clock.now_utc());
            record.superseded = Some(spent.clone());
        }
        record.token = noted.token.succeeded_by(token);
        record.generation = noted.generation.saturating_add(1);
        (record.note, record.refused, record.spare) = (None, None, None);
        let keeps_lock = decide::not_saved(self.rules.rotation, rotated) == Unsaved::KeepLock;
        Pair { record, spent: Some(spent), keeps_lock, ends_old: self.rules.ends_access_token }
    }

    /// The successor when the answer had a new refresh token and nothing else that can be used.
    pub(super) fn salvage(&self, noted: &Record, spent: Secret, found: Secret) -> Pair {
        let mut token = noted.token.clone().with_refresh_token(found);
        if self.rules.ends_access_token {
            token = token.with_expires_at(self.clock.now_utc());
        }
        let mut pair = self.pair(noted, spent, Issued { token, refresh_expires_in: None });
        pair.record.generation = noted.generation;
        pair
    }

    /// A new token: into memory, into the store, and only then out.
    pub(super) fn issued(&self, call: &mut Call<'_>, pair: Pair, recovered: bool) -> Result<Step> {
        let ours = pair.record.clone();
        let rotated = pair.rotated();
        let held = match self.keep(call, pair) {
            Ok(held) => held,
            Err(error) if rotated => return self.not_saved(call, error),
            Err(error) => {
                // The stored refresh token is still the one to use: nothing is lost.
                call.turn.unsaved = None;
                let reason = chain(&*error);
                call.events.push(Event::SaveFailed { store: self.store(), reason });
                Some(ours.clone())
            }
        };
        let is_ours = |held: &Record| {
            (rotated || held.login == ours.login)
                && held.token.refresh_token() == ours.token.refresh_token()
        };
        let Some(held) = held.filter(is_ours) else { return Ok(Step::Again) };
        let generation = held.generation;
        call.events.push(if recovered {
            Event::Recovered { generation }
        } else {
            Event::Refreshed { generation }
        });
        call.turn.history.learn(&held);
        let live = self.publish(self.live(&held));
        self.remember_result(call, &live);
        Ok(Step::Done(live))
    }

    /// Notes a refresh for those who wait for one, and for the API's answer to the token.
    pub(super) fn remember_result(&self, call: &Call<'_>, live: &Live) {
        let mut memory = self.memory.lock();
        memory.refreshes += 1;
        memory.result = Some((call.sent, live.clone()));
        drop(memory);
        self.doubt(call, live);
    }

    /// Notes that a 401 has brought this token, which the API has not accepted yet.
    pub(super) fn doubt(&self, call: &Call<'_>, live: &Live) {
        if let Want::Instead(_) = call.want {
            let came_at = self.clock.monotonic();
            self.memory.lock().mended = Some((live.access_token().clone(), came_at));
            self.doubts.store(true, Ordering::Relaxed);
        }
    }

    /// An answer with a refresh token and no access token: that much is saved, and one more refresh
    /// is made with it.
    pub(super) fn salvaged(
        &self,
        call: &mut Call<'_>,
        pair: Pair,
        sent_at: OffsetDateTime,
        error: OAuthError,
    ) -> Result<Step> {
        if let Err(source) = self.keep(call, pair) {
            return self.not_saved(call, source);
        }
        if std::mem::replace(&mut call.salvaged, true) {
            return self.put_off(call, self.unknown(sent_at, error.into()));
        }
        Ok(Step::Again)
    }

    /// In memory first: whatever `save` does, panic included, the pair is not lost.
    pub(super) fn keep(&self, call: &mut Call<'_>, pair: Pair) -> Result<Option<Record>, BoxError> {
        call.turn.unsaved = Some(pair);
        if !call.turn.is_held() {
            // Somebody has deleted the lock's file, or this is a forked child. The pair is saved in
            // any case; under the lock again, if nobody else has it.
            call.turn.guard = self.backend.lock(Duration::ZERO).ok();
        }
        // If the store cannot be read it may still take a save, which compares by itself.
        let assumed = call.turn.unsaved.as_ref().map(|pair| pair.record.clone());
        let stored = self.backend.load().unwrap_or(assumed);
        self.save_pair(call, stored)
    }

    /// Saves the pair that waits, by what the store holds now, and returns what it holds then.
    pub(super) fn save_pair(
        &self,
        call: &mut Call<'_>,
        mut stored: Option<Record>,
    ) -> Result<Option<Record>, BoxError> {
        let mut tries = 0;
        loop {
            let Some(pair) = call.turn.unsaved.as_mut() else { return Ok(stored) };
            // The store may go back while a request is on its way, and between two tries.
            if let Some(older) = &stored
                && call.turn.history.newer_than(older).is_some()
            {
                pair.spent = pair.spent.take().and(older.token.refresh_token().cloned());
            }
            let record = match place(pair, stored.as_ref()) {
                Place::Ours(record) => {
                    // A retry saves the very same record: the first may have become visible.
                    pair.record = record.clone();
                    record
                }
                Place::Theirs(record) => {
                    if let Some(theirs) = &stored {
                        self.saw(call, theirs);
                    }
                    record
                }
                Place::There => {
                    call.turn.unsaved = None;
                    if let Some(there) = &stored {
                        self.saw(call, there);
                    }
                    return Ok(stored);
                }
                Place::Lost => {
                    // Only a refresh token that replaced the one we spent. One that was not replaced is
                    // not ours alone, and a login that its owner is still told of is not ended.
                    let lost = pair.record.token.refresh_token();
                    let lost = lost.filter(|lost| pair.spent.as_ref().is_some_and(|s| s != *lost));
                    let lost = lost.cloned();
                    call.turn.unsaved = None;
                    if let Some(lost) = lost {
                        // Best effort: nobody can use it any more.
                        let _ = self.transport.send(Ask::Revoke(&lost), self.clock.now_utc());
                    }
                    return Ok(stored);
                }
            };
            let error = match self.backend.save(&record) {
                Ok(()) => {
                    call.turn.unsaved = None;
                    return Ok(Some(record));
                }
                Err(error) => error,
            };
            tries += 1;
            let conflict = BackendError::is_conflict(&error);
            if tries == TRIES {
                return Err(error);
            }
            if !conflict {
                self.clock.sleep(Duration::from_millis(50 << (2 * tries)));
            }
            if let Ok(now) = self.backend.load() {
                stored = now;
                // What `load` returns is durable: the save has worked although it reported an error.
                if stored.as_ref() == Some(&record) {
                    call.turn.unsaved = None;
                    return Ok(stored);
                }
            }
        }
    }

    /// Writes what is known after an answer that brought no token: the note as it was before, or
    /// with a time. If this cannot be saved, the note stays, and the next run decides by it.
    pub(super) fn settle(
        &self,
        call: &mut Call<'_>,
        noted: &Record,
        note: Option<Note>,
        found: Option<Secret>,
    ) {
        if !call.turn.is_held() && !self.is_alone_with(call, noted) {
            return;
        }
        let mut next = noted.next();
        next.note = note;
        // A refresh token beside an error is kept in case it is the live one.
        next.spare = found.or(next.spare);
        let _ = self.backend.save(&next);
    }

    /// After the lock was lost: whether nobody else has it, and the store still holds what we wrote. A
    /// store that does not compare would let an older record go over a successor.
    fn is_alone_with(&self, call: &mut Call<'_>, noted: &Record) -> bool {
        call.turn.guard = match self.backend.lock(Duration::ZERO) {
            Ok(guard) => Some(guard),
            Err(error) if BackendError::is_busy(&error) => return false,
            Err(_) => None,
        };
        self.backend.load().is_ok_and(|stored| stored.as_ref() == Some(noted))
    }

    /// Our note with the moment before which the service does not want to be asked.
    pub(super) fn not_before(
        &self,
        noted: &Record,
        wait: Duration,
        answered: bool,
        earlier: Option<OffsetDateTime>,
    ) -> Option<Note> {
        let mut note = noted.note.clone()?;
        note.not_before = Some(clock::later(self.clock.now_utc(), wait));
        note.answered = answered;
        note.unanswered_since = note.unanswered_since.or(earlier);
        Some(note)
    }
}

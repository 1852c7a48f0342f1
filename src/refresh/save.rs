//! Step 12: saves the new tokens. If another client has changed the store during the request, this step decides
//! which tokens the store keeps.

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

/// The number of times that one call tries to save the new tokens. If all tries fail, the next call tries again.
const TRIES: u32 = 3;

/// Where to save a token pair.
enum Place {
    /// The store still holds the refresh token that we sent: our token pair replaces it.
    Ours(Record),
    /// Another client's new refresh token is stored: that token stays, and our token becomes the spare
    /// refresh token, because our token may be the valid token.
    Theirs(Record),
    /// Our token pair is stored already, under a later refresh note.
    There,
    /// The store is empty or has another login: our token pair must not be written.
    Lost,
}

fn place(pair: &Pair, stored: Option<&Record>) -> Place {
    let Some(spent) = &pair.spent else { return place_login(&pair.record, stored) };
    // A store may return the token that we sent under another login id. Our new record is newer than that
    // record in any case.
    let is_ours = |stored: &&Record| {
        let spent = Some(spent).filter(|_| pair.rotated());
        stored.login == pair.record.login
            || spent.is_some() && stored.token.refresh_token() == spent
    };
    let Some(stored) = stored.filter(is_ours) else { return Place::Lost };
    if pair.record.may_replace(Some(stored)) {
        return Place::Ours(pair.record.copy());
    }
    let ours = pair.record.token.refresh_token();
    let theirs = stored.token.refresh_token();
    if theirs == Some(spent) || stored.spare.as_ref() == Some(spent) {
        let mut next = stored.next();
        next.binding = pair.record.binding.clone();
        next.token = pair.record.token.clone();
        // The new generation must not be below ours: the store may have returned to an older record.
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

/// Decides where to save a new login. The new login replaces the login that was stored when the code was
/// exchanged, even if that login was refreshed since, but not another new login.
fn place_login(ours: &Record, stored: Option<&Record>) -> Place {
    match stored {
        _ if ours.may_replace(stored) => Place::Ours(ours.clone()),
        Some(stored) if stored.login == ours.login => Place::There,
        Some(stored) if ours.replaces().is_none_or(|(login, _)| login != stored.login) => {
            Place::Lost
        }
        Some(stored) => Place::Ours(ours.clone().in_place_of(Some(stored))),
        // Another client has logged out meanwhile.
        None => Place::Lost,
    }
}

impl Keeper {
    /// Makes the record with the new tokens of the answer. `noted` is the record with our refresh note, and `spent`
    /// is the refresh token that the request sent.
    pub(super) fn pair(&self, noted: &Record, spent: Secret, issued: Issued) -> Pair {
        let Issued { token, refresh_expires_in } = issued;
        let rotated = token.refresh_token().is_some_and(|new| *new != spent);
        let mut record = noted.next();
        let end = self.refresh_end(token.issued_at(), refresh_expires_in);
        record.refresh_expires_at = match record.refresh_expires_at {
            // The refresh token was used and stays the same, so its idle limit starts again.
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

    /// Makes the new record from an answer with a new refresh token but no usable access token.
    pub(super) fn salvage(&self, noted: &Record, spent: Secret, found: Secret) -> Pair {
        let mut token = noted.token.clone().with_refresh_token(found);
        if self.rules.ends_access_token {
            token = token.with_expires_at(self.clock.now_utc());
        }
        let mut pair = self.pair(noted, spent, Issued { token, refresh_expires_in: None });
        pair.record.generation = noted.generation;
        pair
    }

    /// Handles a new token: keeps it in memory, saves it, and only then returns it.
    pub(super) fn issued(&self, call: &mut Call<'_>, pair: Pair, recovered: bool) -> Result<Step> {
        let ours = pair.record.copy();
        let rotated = pair.rotated();
        let held = match self.keep(call, pair) {
            Ok(held) => held,
            Err(error) if rotated => {
                self.doubt(call, ours.token.access_token());
                return self.not_saved(call, error);
            }
            Err(error) => {
                // Nothing is lost: the stored refresh token is still valid.
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

    /// Remembers the result of a refresh for the waiting threads, and for the API's answer to the
    /// token.
    pub(super) fn remember_result(&self, call: &Call<'_>, live: &Live) {
        let mut memory = self.memory.lock();
        memory.refreshes += 1;
        memory.result = Some((call.sent, live.clone()));
        drop(memory);
        self.doubt(call, live.access_token());
    }

    /// Remembers that a 401 caused this token's refresh, and that the API has not accepted the token
    /// yet.
    fn doubt(&self, call: &Call<'_>, access_token: &Secret) {
        if let Want::Instead(_) = call.want {
            let came_at = self.clock.monotonic();
            self.memory.lock().mended = Some((access_token.clone(), came_at));
            self.doubts.store(true, Ordering::Relaxed);
        }
    }

    /// Handles an answer with a refresh token and no access token: saves the refresh token, and
    /// refreshes once more with it.
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

    /// Keeps the token pair in memory and saves it. The token pair is in memory first, so that it is not lost
    /// even if `save` panics.
    pub(super) fn keep(&self, call: &mut Call<'_>, pair: Pair) -> Result<Option<Record>, BoxError> {
        call.turn.unsaved = Some(pair);
        // The lock may be lost: its file was deleted, or this is a forked child. The token pair is saved anyway. In a
        // store that compares, the pair is saved before anything else, because another client that takes the lock
        // could send the used token. In another store, the client first takes the lock, if it is free.
        if !self.backend.compares() {
            self.lock_again(call);
        }
        // A store that cannot be read may still accept a save, and the save itself compares the
        // records. A store that always compares need not be read: it accepts the token pair only in place of
        // our refresh note.
        let assumed = call.turn.unsaved.as_ref().map(|pair| pair.record.copy());
        let stored = match self.backend.compares() {
            true => assumed,
            false => self.backend.load().unwrap_or(assumed),
        };
        let saved = self.save_pair(call, stored);
        if saved.is_err() {
            self.lock_again(call);
        }
        saved
    }

    /// Takes the lock again if it was lost and is free now.
    fn lock_again(&self, call: &mut Call<'_>) {
        if !call.turn.is_held() {
            // The lost lock is dropped first, because this process may still count its path as locked.
            call.turn.guard = None;
            call.turn.guard = self.backend.lock(Duration::ZERO).ok();
        }
    }

    /// Saves the unsaved token pair in place of `stored`, the present record, and returns the record that is
    /// stored afterwards.
    pub(super) fn save_pair(
        &self,
        call: &mut Call<'_>,
        mut stored: Option<Record>,
    ) -> Result<Option<Record>, BoxError> {
        let mut tries = 0;
        loop {
            let Some(pair) = call.turn.unsaved.as_mut() else { return Ok(stored) };
            // The store may return to an older record before a call, while a request is on its way, and
            // between two tries. A token pair of a new login is not changed.
            if let Some(older) = &stored
                && call.turn.history.newer_than(older).is_some()
            {
                pair.spent = pair.spent.take().and(older.token.refresh_token().cloned());
            }
            let record = match place(pair, stored.as_ref()) {
                Place::Ours(record) => {
                    // A retry must save the same record, because the first save may have become
                    // visible.
                    pair.record = record.copy();
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
                    return Ok(stored);
                }
                Place::Lost => {
                    // Revoke only a refresh token that replaced the token that we sent. A token that
                    // was not replaced may be in use elsewhere, and a new login is still returned to
                    // the caller.
                    let lost = pair.record.token.refresh_token();
                    let lost = lost.filter(|lost| pair.spent.as_ref().is_some_and(|s| s != *lost));
                    let lost = lost.cloned().map(|lost| (lost, pair.record.token.clone()));
                    call.turn.unsaved = None;
                    if let Some((lost, token)) = lost {
                        // Ignore a failure: no client will use this token.
                        let ask = Ask::Revoke(&lost, &token);
                        let _ = self.transport.send(ask, self.clock.now_utc());
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
                // A record that `load` returns is durable: the save worked although it reported an
                // error.
                if stored.as_ref() == Some(&record) {
                    call.turn.unsaved = None;
                    return Ok(stored);
                }
            }
        }
    }

    /// Stores `note` in place of our refresh note, after an answer without a token. If this save fails, our
    /// refresh note stays in the store, and the next run reads our note.
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
        // A refresh token that came with an error is kept as the spare refresh token, because it may be the
        // valid token.
        next.spare = found.or(next.spare);
        let _ = self.backend.save(&next);
    }

    /// Whether, after our lock was lost, no other client holds it and the store still has our refresh note.
    /// Without this check, a store that does not compare would put an older record over a newer record.
    fn is_alone_with(&self, call: &mut Call<'_>, noted: &Record) -> bool {
        call.turn.guard = None;
        call.turn.guard = match self.backend.lock(Duration::ZERO) {
            Ok(guard) => Some(guard),
            Err(error) if BackendError::is_busy(&error) => return false,
            Err(_) => None,
        };
        self.backend.load().is_ok_and(|stored| stored.as_ref() == Some(noted))
    }

    /// Returns our refresh note with the time before which the service does not want another request.
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

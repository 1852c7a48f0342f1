//! The life of a token: when it is replaced, by whom, and what is written before what.
//!
//! This is the protocol of the guide's page `design`, step by step, and nothing else. It knows no
//! HTTP, no socket and no disk: a [`Transport`] sends, a [`TokenBackend`] keeps, a [`Clock`] tells
//! the time. What is decided from a situation alone is in `decide`, the note of a spend in `note`, how
//! a successor is saved in `save`, and the grants that store nothing beforehand (login, client credentials) in `grant`.
//!
//! Two locks. `memory` guards the token in memory and is never held over I/O, a hook or a call of
//! the backend. `turn` is the refresh lock. Order: turn, then the store's lock.

mod decide;
mod grant;
mod note;
mod report;
mod rules;
mod save;
mod send;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

pub(crate) use self::rules::Rules;
pub(crate) use self::state::{Ask, Live, Sent, Transport, Want};
use self::state::{Memory, Turn};
use self::turn::{TurnGuard, TurnLock};
use crate::backend::{BackendError, TokenBackend};
use crate::clock::Clock;
use crate::error::{Busy, Error, Result};
use crate::event::Event;
use crate::record::Record;
use crate::secret::Secret;

/// How often one call starts over because the store has changed under it.
const ROUNDS: usize = 6;
/// How long nothing is tried again after a failure, while the access token works.
const QUIET: Duration = Duration::from_secs(5);
/// How far apart the clocks of two hosts may be, or one before and after it is set.
const SKEW: Duration = Duration::from_secs(60);

/// A hook for [`Event`]s.
pub(crate) type Hook = Arc<dyn Fn(&Event) + Send + Sync>;

/// Keeps one login.
pub(crate) struct Keeper {
    backend: Box<dyn TokenBackend>,
    transport: Box<dyn Transport>,
    clock: Arc<dyn Clock>,
    rules: Rules,
    hook: Option<Hook>,
    memory: Mutex<Memory>,
    turn: TurnLock,
}

/// One call on its way through the steps.
struct Call<'a> {
    want: &'a Want,
    turn: &'a mut Turn,
    events: &'a mut Vec<Event>,
    /// An access token with which the call can go on if no new one can be had.
    fallback: Option<Live>,
    /// Whether a refresh token was saved from an answer that had nothing else.
    salvaged: bool,
}

/// Ends a turn, also by a panic of a backend: the store's lock is let go, unless a pair waits that
/// nobody else may spend again, and a pair that waits sends every call the long way.
struct Release<'a> {
    turn: TurnGuard<'a>,
    memory: &'a Mutex<Memory>,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.memory.lock().unsaved = self.turn.unsaved.is_some();
        if !self.turn.unsaved.as_ref().is_some_and(|pair| pair.keeps_lock) {
            self.turn.guard = None;
        }
    }
}

/// How a round ends.
enum Step {
    Done(Live),
    /// The store has changed: load again.
    Again,
    /// The lease is running out: lock again.
    Relock,
}

impl Keeper {
    pub(crate) fn new(
        backend: Box<dyn TokenBackend>,
        transport: Box<dyn Transport>,
        clock: Arc<dyn Clock>,
        rules: Rules,
        hook: Option<Hook>,
    ) -> Keeper {
        let memory = Mutex::default();
        let turn = TurnLock::default();
        Keeper { backend, transport, clock, rules, hook, memory, turn }
    }

    /// A token that works.
    pub(crate) fn access(&self, want: &Want) -> Result<Live> {
        if let Some(live) = self.hot(want) {
            return Ok(live);
        }
        // The API refused this one where it could not be replaced at once.
        let suspect = match want {
            Want::Usable => self.memory.lock().suspect.take(),
            _ => None,
        };
        let Some(suspect) = suspect else { return self.acquire(want) };
        let result = self.acquire(&Want::Instead(suspect.clone()));
        if result.is_err() {
            self.memory.lock().suspect.get_or_insert(suspect);
        }
        result
    }

    /// Notes that the API refused this token in a call that cannot be sent again: the next call
    /// looks at the store.
    pub(crate) fn suspect(&self, refused: &Secret) {
        self.memory.lock().suspect = Some(refused.clone());
    }

    fn acquire(&self, want: &Want) -> Result<Live> {
        let mut events = Vec::new();
        let result = self.with_turn(want, |turn| {
            let fallback = self.memory.lock().live.clone();
            let fallback = fallback.filter(|live| want.tolerates(live, &*self.clock));
            let events = &mut events;
            let mut call = Call { want, turn, events, fallback, salvaged: false };
            if self.rules.one_time { self.refresh(&mut call) } else { self.regrant(&mut call) }
        });
        if let Err(error) = &result
            && error.needs_authorization()
        {
            events.push(Event::AuthorizationNeeded { reason: error.to_string() });
        }
        self.tell(events);
        result
    }

    /// `refresh()` by name: newer than what this client has now.
    pub(crate) fn newer(&self) -> Want {
        let memory = self.memory.lock();
        Want::Newer(memory.live.as_ref().map(Live::id), memory.refreshes)
    }

    /// Newer than a record that was read: whoever else saw it due may have been quicker.
    pub(crate) fn newer_than(&self, record: &Record) -> Want {
        let id = (record.login().into(), record.generation());
        Want::Newer(Some(id), self.memory.lock().refreshes)
    }

    /// Whether a person has to log in for the grant.
    pub(crate) fn has_login(&self) -> bool {
        self.rules.one_time
    }

    /// How many refreshes this client has made.
    pub(crate) fn refreshes(&self) -> u64 {
        self.memory.lock().refreshes
    }

    /// Step 1. The token in memory, if it will do and nothing waits to be saved.
    pub(crate) fn hot(&self, want: &Want) -> Option<Live> {
        self.will_do(&self.memory.lock(), want).cloned()
    }

    /// Step 1 for the common call: the access token alone.
    pub(crate) fn hot_access_token(&self) -> Option<Secret> {
        let memory = self.memory.lock();
        self.will_do(&memory, &Want::Usable).map(|live| live.access_token().clone())
    }

    fn will_do<'a>(&self, memory: &'a Memory, want: &Want) -> Option<&'a Live> {
        let live = memory.live.as_ref().filter(|_| !memory.unsaved)?;
        if memory.suspect.is_some() && matches!(want, Want::Usable) {
            return None;
        }
        let clock = &*self.clock;
        if want.accepts(live, clock) {
            return Some(live);
        }
        let joined = matches!(want, Want::Newer(_, count) if memory.refreshes > *count);
        let quiet = clock.monotonic() < memory.quiet_until;
        let will_do = joined && live.is_good(clock) || quiet && want.tolerates(live, clock);
        will_do.then_some(live)
    }

    /// Step 2. One thread at a time; others go on with a token that works, or wait. Whoever waited
    /// while an attempt failed shares its failure, so that no queue of attempts builds up.
    fn with_turn(&self, want: &Want, work: impl FnOnce(&mut Turn) -> Result<Live>) -> Result<Live> {
        let turn = match self.turn.try_lock() {
            Some(turn) => turn,
            None => {
                let mut memory = self.memory.lock();
                if let Some(live) = memory.live.as_ref()
                    && !memory.unsaved
                    && want.tolerates(live, &*self.clock)
                {
                    return Ok(live.clone());
                }
                let attempts = memory.attempts;
                memory.waiting += 1;
                drop(memory);
                let turn = self.turn.lock();
                let live = self.hot(want);
                let mut memory = self.memory.lock();
                memory.waiting -= 1;
                if let Some(live) = live {
                    return Ok(live);
                }
                // What failed for a stricter call need not fail for this one.
                if memory.attempts > attempts
                    && let Some((rank, error)) = &memory.failure
                    && *rank <= want.rank()
                {
                    return Err(error.echo());
                }
                drop(memory);
                turn
            }
        };
        let mut turn = Release { turn, memory: &self.memory };
        if let Some(live) = self.hot(want) {
            return Ok(live);
        }
        let result = work(&mut turn.turn);
        let mut memory = self.memory.lock();
        memory.attempts += 1;
        let others = memory.waiting > 0;
        let error = result.as_ref().err().filter(|_| others);
        memory.failure = error.map(|error| (want.rank(), error.echo()));
        drop(memory);
        result
    }

    fn refresh(&self, call: &mut Call<'_>) -> Result<Live> {
        for _ in 0..ROUNDS {
            if call.turn.guard.is_none()
                && let Some(live) = self.lock(call)?
            {
                return Ok(live);
            }
            match self.round(call)? {
                Step::Done(live) => return Ok(live),
                Step::Again => {}
                Step::Relock => call.turn.guard = None,
            }
        }
        let busy = Busy { store: self.store(), holder: None, waited: Duration::ZERO };
        self.end(call, Error::Busy(Box::new(busy)))
    }

    /// Step 3. Without waiting while the call can go on; otherwise longer than the longest legal
    /// hold. `Some` ends the call.
    fn lock(&self, call: &mut Call<'_>) -> Result<Option<Live>> {
        let start = self.clock.monotonic();
        let mut error = match self.backend.lock(Duration::ZERO) {
            Ok(guard) => {
                call.turn.guard = Some(guard);
                self.warn_once(call);
                return Ok(None);
            }
            Err(error) => error,
        };
        if BackendError::is_busy(&error) {
            // What `load` returns is durable, so it may be believed without the lock.
            let stored = self.backend.load().ok().flatten();
            if let Some(record) = &stored
                && call.turn.unsaved.is_none()
                && record.check(&self.rules.binding, &self.store()).is_ok()
            {
                let live = self.live(record);
                if call.want.tolerates(&live, &*self.clock) {
                    return Ok(Some(self.publish(live)));
                }
            }
            if let Some(live) = call.fallback.take() {
                return Ok(Some(live));
            }
            error = match self.backend.lock(self.rules.hold()) {
                Ok(guard) => {
                    let waited = self.clock.monotonic().saturating_sub(start);
                    call.events.push(Event::Waited { waited });
                    call.turn.guard = Some(guard);
                    return Ok(None);
                }
                Err(error) if BackendError::is_busy(&error) => {
                    let holder = stored.and_then(|record| record.note).map(|note| note.holder);
                    let waited = self.clock.monotonic().saturating_sub(start);
                    let holder = holder.map(|holder| holder.to_string());
                    let busy = Busy { store: self.store(), holder, waited };
                    return self.end(call, Error::Busy(Box::new(busy))).map(Some);
                }
                Err(error) => error,
            };
        }
        let error = Error::backend("lock", self.store(), error);
        self.end(call, error).map(Some)
    }

    /// Steps 4 to 14, under the store's lock.
    fn round(&self, call: &mut Call<'_>) -> Result<Step> {
        let mut stored = match self.backend.load() {
            Ok(stored) => stored,
            Err(error) => {
                return self.put_off(call, Error::backend("load", self.store(), error));
            }
        };
        // Step 5: a pair that waits comes first.
        if call.turn.unsaved.is_some() {
            stored = match self.save_pair(call, stored) {
                Ok(stored) => stored,
                Err(error) => return self.not_saved(call, error),
            };
            if let Some(record) = &stored {
                record.check(&self.rules.binding, &self.store())?;
                call.events.push(Event::Refreshed { generation: record.generation });
                self.publish(self.live(record));
            }
        }
        let Some(record) = stored else { return self.nothing_stored() };
        record.check(&self.rules.binding, &self.store())?;
        // Step 7: somebody else was here.
        let live = self.live(&record);
        if call.want.accepts(&live, &*self.clock) {
            self.bind(call, &record);
            if self.memory.lock().live.as_ref().is_some_and(|mine| mine.id() != live.id()) {
                call.events.push(Event::Adopted { generation: live.generation });
            }
            return Ok(Step::Done(self.publish(live)));
        }
        let now = self.clock.now_utc();
        if self.serves_meanwhile(call.want, &live, &record, now) {
            call.fallback = Some(live);
        }
        let Some(refresh_token) = record.token.refresh_token().cloned() else {
            let store = self.store();
            let text = format!("the token in {store} has ended and came without a refresh token");
            return self.put_off(call, Error::NotAuthorized(text.into()));
        };
        if let Some(error) = self.not_now(&record, now) {
            return self.put_off(call, error);
        }
        let fingerprint = refresh_token.fingerprint();
        // Step 8: refused before.
        if let Some(refused) = &record.refused
            && refused.fingerprint == fingerprint
            && (now - refused.at).unsigned_abs() < self.rules.refusal_pause
        {
            return self.put_off(call, self.reauthorize(refused));
        }
        // Step 9: the note of an unanswered spend.
        let note = record.note.as_ref().filter(|note| {
            // Nothing was sent after a note of our own that failed; an earlier one may stand in it.
            let never_sent = call.turn.never_sent.as_ref() == Some(&note.nonce);
            note.fingerprint == fingerprint && (!never_sent || note.unanswered_since.is_some())
        });
        if let Some(note) = note
            && let Some(error) = self.stopped_by(call, note, now)
        {
            self.mark_seen(call, &record, note, now);
            return self.put_off(call, error);
        }
        self.warn_of_silence(call, &record, now);
        // Step 10: our note. It proves that the store can be written.
        let noted = self.noted(&record, note, fingerprint, now);
        let before = note.cloned();
        call.turn.never_sent = noted.note.as_ref().map(|note| note.nonce.clone());
        match self.backend.save(&noted) {
            Ok(()) => {}
            Err(error) if BackendError::is_conflict(&error) => return Ok(Step::Again),
            Err(error) => {
                return self.put_off(call, Error::backend("write", self.store(), error));
            }
        }
        if !call.turn.guard.as_ref().is_none_or(|guard| guard.lasts(self.rules.token_timeout)) {
            return Ok(Step::Relock);
        }
        // Steps 11 to 14.
        self.answered(call, noted, before, refresh_token)
    }
}

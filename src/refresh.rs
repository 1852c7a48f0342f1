//! The refresh: when a token is replaced, by which client, and in which order the store is written.
//!
//! This module implements the steps of the guide's page `design`. The module uses no HTTP, no socket
//! and no file: a [`Transport`] sends the requests, a [`TokenBackend`] stores the login, a [`Clock`]
//! tells the time. The steps of one call, in order:
//!
//! | steps | what happens | file |
//! | --- | --- | --- |
//! | 1 | if the token in memory is good, return that token | `refresh.rs` |
//! | 2 | one thread goes on; the others wait or use a token that works | `refresh.rs`, `turn.rs` |
//! | 3 | take the store's lock, or a token that another client has saved | `enter.rs` |
//! | 4 to 7 | load; save a pair that is not saved yet; use a token that another client has saved | `round.rs`, `history.rs` |
//! | 8, 9 | if the record has a refusal or a note, decide whether to send | `round.rs`, `note.rs`, `decide.rs` |
//! | 10 | write our note; read the first note back | `round.rs`, `note.rs` |
//! | 11 | send the refresh token | `send.rs` |
//! | 12 | save the successor, even if the store has changed | `save.rs` |
//! | 13 | check a refusal before it is believed | `send.rs`; for a sweep, `second_look.rs` |
//! | 14 | publish the new token, go on with the old one, or fail | `result.rs` |
//!
//! Other files: `login.rs` stores a new login and logs out, `grant.rs` requests tokens without a refresh
//! token, `alone.rs` runs the work of both files behind the two locks, `service_rules.rs` contains the rules
//! of single services, `state.rs` the state in memory, `ask.rs` the requests, and `rules.rs` the settings of
//! the service.
//!
//! Words of these files:
//!
//! * *refresh note*: a part of the record, which is written before a refresh token is sent;
//! * *token pair*: a new access token with its new refresh token;
//! * *spare refresh token*: a second refresh token in the record;
//! * *fallback*: an access token that a call uses if it gets no new access token;
//! * *replay*: sending a refresh token once more after no answer came.
//!
//! There are two locks. `memory` guards the token in memory and is never held during I/O, a hook or a
//! call of the backend. `turn` is the refresh lock; a thread takes `turn` before it takes the store's lock.

mod alone;
mod ask;
mod close;
mod decide;
mod enter;
mod grant;
mod history;
mod login;
mod members;
mod note;
mod result;
mod round;
mod rules;
mod save;
mod second_look;
mod send;
mod service_rules;
mod state;
#[cfg(test)]
mod tests;
mod turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

pub(crate) use self::ask::{Ask, Sent, Transport};
pub(crate) use self::rules::Rules;
use self::second_look::Manner;
use self::state::{Failure, Id, Memory, Turn};
pub(crate) use self::state::{Live, Want};
use self::turn::{TurnGuard, TurnLock};
use crate::backend::TokenBackend;
use crate::clock::Clock;
use crate::error::{BoxError, Error, Result, chain};
use crate::event::Event;
use crate::record::Record;
use crate::secret::Secret;

/// How long after a failed refresh the client tries again, while the access token still works.
const QUIET: Duration = Duration::from_secs(5);
/// If the API refuses a token within this time after a 401 caused its refresh, the client does not
/// replace the token again.
const JUST_CAME: Duration = Duration::from_secs(10);
/// How long the client goes on with a token that the API refused within [`JUST_CAME`].
const LAST_WORD: Duration = Duration::from_secs(60);
/// The largest difference between the clocks of two hosts, or change of one host's clock, that the
/// refresh tolerates.
const SKEW: Duration = Duration::from_secs(60);

/// A hook for [`Event`]s.
pub(crate) type Hook = Arc<dyn Fn(&Event) + Send + Sync>;

/// Keeps one login: the token in memory, the store, and the refresh.
pub(crate) struct Keeper {
    backend: Box<dyn TokenBackend>,
    transport: Box<dyn Transport>,
    clock: Arc<dyn Clock>,
    rules: Rules,
    hook: Option<Hook>,
    memory: Mutex<Memory>,
    turn: TurnLock,
    /// Whether `memory` has a token that the API has not accepted yet.
    doubts: AtomicBool,
}

/// The state of one call during the steps of a refresh.
struct Call<'a> {
    want: &'a Want,
    turn: &'a mut Turn,
    events: &'a mut Vec<Event>,
    /// An access token that the call can use if it gets no new access token.
    fallback: Option<Live>,
    /// Whether a recent answer of the service says that the fallback is valid, whatever our clock says.
    vouched: bool,
    /// Whether this call saved a refresh token from an answer without an access token.
    salvaged: bool,
    /// When this call began to wait for the store's lock.
    waits_since: Option<OffsetDateTime>,
    /// The token that this client knew when the call began.
    had: Option<Id>,
    /// How long this call has waited for another client's refresh, in a store that has no lock.
    looked: Duration,
    /// Whether the store has lost a refresh note that this call had written.
    lost_note: bool,
    /// The number of this call's last token request.
    sent: u64,
    /// The last record that this call has read.
    read: Option<Record>,
    /// The record that the backend read when it took the lock; the call starts with this record.
    entered: Option<Result<Option<Record>, BoxError>>,
    /// Whether the call returns an error instead of waiting: the caller calls again later.
    unhurried: bool,
    /// Whether the call may send a request.
    may_send: bool,
    /// Whether the call comes from `keep_alive`: the refresh may be put off.
    keeps_alive: bool,
}

impl<'a> Call<'a> {
    fn new(want: &'a Want, turn: &'a mut Turn, events: &'a mut Vec<Event>) -> Call<'a> {
        Call {
            want,
            turn,
            events,
            fallback: None,
            vouched: false,
            salvaged: false,
            waits_since: None,
            had: None,
            looked: Duration::ZERO,
            lost_note: false,
            sent: 0,
            read: None,
            entered: None,
            unhurried: false,
            may_send: true,
            keeps_alive: false,
        }
    }

    /// Whether the caller called `refresh()`.
    fn is_explicit(&self) -> bool {
        self.want.is_explicit() && !self.keeps_alive
    }
}

/// Cleans up when a thread releases the refresh lock, also after a backend has panicked. Dropping the value
/// releases the store's lock, unless an unsaved token pair must keep the lock so that no other client sends
/// the old refresh token again. The drop also tells `memory` whether a token pair is unsaved, so that later
/// calls try to save the pair.
struct Release<'a> {
    turn: TurnGuard<'a>,
    memory: &'a Mutex<Memory>,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let waits = self.turn.unsaved.as_ref();
        let (unsaved, blocked) = (waits.is_some(), waits.is_some_and(|pair| pair.ends_old));
        {
            let mut memory = self.memory.lock();
            (memory.unsaved, memory.blocked) = (unsaved, blocked);
        }
        if !self.turn.unsaved.as_ref().is_some_and(|pair| pair.keeps_lock) {
            self.turn.guard = None;
        }
    }
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
        let doubts = AtomicBool::new(false);
        Keeper { backend, transport, clock, rules, hook, memory, turn, doubts }
    }

    /// Returns a token that works.
    pub(crate) fn access(&self, want: &Want) -> Result<Live> {
        if let Some(live) = self.hot(want) {
            return Ok(live);
        }
        // In an earlier call, the API refused this token, and the call could not replace the token.
        let suspect = match want {
            Want::Usable => self.memory.lock().suspect.take(),
            _ => None,
        };
        let Some(suspect) = suspect else { return self.acquire(want) };
        if self.is_last_word(&suspect) {
            return self.acquire_or_hot(want);
        }
        let result = self.acquire(&Want::Instead(suspect.clone()));
        if result.is_err() {
            self.memory.lock().suspect.get_or_insert(suspect);
        }
        result
    }

    fn acquire_or_hot(&self, want: &Want) -> Result<Live> {
        self.hot(want).map_or_else(|| self.acquire(want), Ok)
    }

    /// Remembers that the API refused this token in a request that cannot be sent again. The next call
    /// replaces the token.
    pub(crate) fn suspect(&self, refused: &Secret) {
        // Check the refused token now: the check depends on the time, and the next call may come late.
        self.is_last_word(refused);
        self.memory.lock().suspect = Some(refused.clone());
    }

    /// Whether another refresh is useless: a 401 caused this access token's refresh moments ago, and
    /// the API has refused the token without ever accepting it.
    pub(crate) fn is_last_word(&self, refused: &Secret) -> bool {
        let mut memory = self.memory.lock();
        let now = self.clock.monotonic();
        let matches = |(token, until): &(Secret, Duration)| token == refused && now < *until;
        if memory.denied.as_ref().is_some_and(matches) {
            return true;
        }
        let mended = memory.mended.take_if(|(token, _)| token == refused);
        let Some((token, came_at)) = mended else { return false };
        let is_new = now.saturating_sub(came_at) < JUST_CAME;
        memory.denied = is_new.then(|| (token, now.saturating_add(LAST_WORD)));
        is_new
    }

    /// Remembers that the API refused the access token of a refresh that was made for the same call.
    pub(crate) fn deny(&self, refused: &Secret) {
        let until = self.clock.monotonic().saturating_add(LAST_WORD);
        self.memory.lock().denied = Some((refused.clone(), until));
    }

    /// Remembers that the API accepted a token.
    pub(crate) fn accepted(&self, live: &Live) {
        if self.doubts.load(Ordering::Relaxed) {
            let mut memory = self.memory.lock();
            // `denied` is not cleared here, but expires after a minute: an API may refuse every token at one
            // address and accept the same tokens at other addresses.
            memory.mended.take_if(|(token, _)| token == live.access_token());
            self.doubts.store(memory.mended.is_some(), Ordering::Relaxed);
        }
    }

    fn acquire(&self, want: &Want) -> Result<Live> {
        self.acquire_as(want, Manner::Usual)
    }

    /// Refreshes the login of a record that the caller has read. The tables of `decide.rs` apply as in any
    /// other call: the refresh token is not sent again if that could revoke an access token that still works.
    pub(crate) fn keep_alive(&self, record: &Record) -> Result<Live> {
        self.keep_for_later(record);
        self.acquire_as(&self.newer_than(record), Manner::KeepsAlive)
    }

    fn acquire_as(&self, want: &Want, manner: Manner) -> Result<Live> {
        let mut events = Vec::new();
        let result = self.with_turn((want, manner), |turn| {
            let mut call = Call::new(want, turn, &mut events);
            manner.apply(&mut call);
            let memory = self.memory.lock();
            call.had = memory.live.as_ref().map(Live::id);
            let mine = memory.live.clone().filter(|_| !memory.blocked);
            drop(memory);
            call.fallback = mine.filter(|live| want.tolerates(live, &*self.clock));
            let one_time = self.rules.one_time;
            let got = if one_time { self.refresh(&mut call) } else { self.regrant(&mut call) };
            if matches!(got, Err(Error::NotAuthorized(_))) {
                call.turn.doubt = None; // The refused login is gone.
            }
            // Report the failure here, so that the calls that share it do not report it again.
            if let Err(error) = &got {
                // A sweep counts its visits by itself.
                if !call.unhurried {
                    self.transport.failed(error);
                }
                if error.needs_authorization() {
                    call.events.push(Event::AuthorizationNeeded { reason: chain(error) });
                }
            }
            got
        });
        self.tell(events);
        result
    }

    /// Asks for a token newer than the token in memory, for an explicit `refresh()`.
    pub(crate) fn newer(&self) -> Want {
        let memory = self.memory.lock();
        Want::Newer(memory.live.as_ref().map(Live::id), memory.refreshes)
    }

    /// Asks for a token newer than that of `record`: another client may already have refreshed the same record.
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

    /// How many token requests this client was about to send.
    pub(crate) fn sends(&self) -> u64 {
        self.memory.lock().sends
    }

    /// Step 1. Returns the token in memory, if the token satisfies `want`.
    pub(crate) fn hot(&self, want: &Want) -> Option<Live> {
        self.will_do(&self.memory.lock(), want).cloned()
    }

    /// Step 1 for the common call: the access token alone.
    pub(crate) fn hot_access_token(&self) -> Option<Secret> {
        let memory = self.memory.lock();
        self.will_do(&memory, &Want::Usable).map(|live| live.access_token().clone())
    }

    fn will_do<'a>(&self, memory: &'a Memory, want: &Want) -> Option<&'a Live> {
        let live = memory.live.as_ref().filter(|_| !memory.blocked)?;
        if memory.suspect.is_some() && matches!(want, Want::Usable) {
            return None;
        }
        let clock = &*self.clock;
        let quiet = || clock.monotonic() < memory.quiet_until;
        if memory.unsaved {
            // One call every few seconds tries to save the unsaved token pair; the other calls use the token
            // in memory.
            return (want.tolerates(live, clock) && quiet()).then_some(live);
        }
        if want.accepts(live, clock) {
            return Some(live);
        }
        let joined = matches!(want, Want::Newer(_, count) if memory.refreshes > *count);
        let quiet = quiet();
        let will_do = joined && live.is_good(clock) || quiet && want.tolerates(live, clock);
        will_do.then_some(live)
    }

    /// Step 2. Runs `work` in one thread at a time. Other threads use a token that works, or wait. A thread that
    /// waited for an attempt that failed takes a token from the store, or else returns the same failure.
    fn with_turn(
        &self,
        (want, manner): (&Want, Manner),
        work: impl FnOnce(&mut Turn) -> Result<Live>,
    ) -> Result<Live> {
        let turn = match self.turn.try_lock() {
            Some(turn) => turn,
            None => {
                let mut memory = self.memory.lock();
                if let Some(live) = memory.live.as_ref()
                    && !memory.blocked
                    && want.tolerates(live, &*self.clock)
                {
                    return Ok(live.clone());
                }
                let (attempts, sends) = (memory.attempts, memory.sends);
                memory.waiting += 1;
                drop(memory);
                let turn = self.turn.lock();
                let live = self.hot(want);
                let mut memory = self.memory.lock();
                memory.waiting -= 1;
                let turn = turn?;
                if let Some(live) = live {
                    return Ok(live);
                }
                // Takes the result of a refresh that another thread sent meanwhile, even if it is due again.
                if let Some((sent, live)) = &memory.result
                    && *sent > sends
                    && want.takes(live)
                    && !memory.unsaved
                {
                    return Ok(live.clone());
                }
                // Shares the failure only if the failed call was not more demanding than this call.
                if memory.attempts > attempts
                    && let Some(failure) = &memory.failure
                    && failure.rank <= want.rank()
                {
                    let (error, readable) = (failure.error.echo(), !failure.unreadable);
                    drop(memory);
                    let found = readable.then(|| self.found_after_failure(want, turn)).flatten();
                    return found.ok_or(error);
                }
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
        // A call that may not wait or send fails where another call would go on.
        let others = memory.waiting > 0 && !manner.is_unhurried();
        let error = result.as_ref().err().filter(|_| others);
        memory.failure = error.map(|error| Failure {
            rank: want.rank(),
            error: error.echo(),
            unreadable: false,
        });
        result
    }

    /// Returns a stored token that works, for a call that waited for a failed attempt. If the store cannot be read,
    /// the threads that still wait do not read it: a read may last until a connection times out.
    fn found_after_failure(&self, want: &Want, mut turn: TurnGuard<'_>) -> Option<Live> {
        let mut events = Vec::new(); // This list stays empty: reading a record emits no event.
        let mut call = Call::new(want, &mut turn, &mut events);
        if self.look(&mut call) {
            return self.take_what_was_read(&mut call);
        }
        if let Some(failure) = &mut self.memory.lock().failure {
            failure.unreadable = true;
        }
        None
    }
}

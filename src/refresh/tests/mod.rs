//! Tests of the refresh with a scripted server, store and clock.

mod clocks;
mod close;
mod doubts;
mod faults;
mod gaps;
mod grants;
mod guards;
mod live;
mod logins;
mod neighbours;
mod pauses;
mod races;
mod read_back;
mod reality;
mod refusals;
mod rows;
mod second_look;
mod server;
mod service;
mod simulation;
mod steps;
mod successors;
mod table;
mod waits;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::{Ask, Hook, Keeper, Live, Rules, Sent, Transport, Want};
use crate::backend::{BackendError, Durability, Guard, LockKind, TokenBackend};
use crate::clock::{self, Clock, ManualClock};
use crate::error::{BoxError, Error, OAuthError, Result};
use crate::event::Event;
use crate::protocol::{Issued, Outcome, Reply};
use crate::provider::{Provider, Rotation};
use crate::record::{Binding, Holder, Note, Record};
use crate::secret::Secret;
use crate::token::Token;

use self::server::{Act, Server, Wire, issued};

pub(super) const LIFE: Duration = Duration::from_secs(3600);

/// How a call of the store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call does nothing and reports an error.
    Before,
    /// The call does its work and reports an error.
    After,
    /// The call does nothing and reports that the lock is lost.
    Unlocked,
    /// The call reports that there is an empty record.
    Empty,
    /// The call panics before it does anything.
    Panic,
    /// The call panics after its work.
    PanicAfter,
}

pub(super) type Plan = Box<dyn FnMut(&'static str, Option<&Record>) -> Option<Fault> + Send>;

/// A store in memory that several keepers share, as processes share a real store.
pub(super) struct Store {
    pub(super) record: Mutex<Option<Record>>,
    pub(super) plan: Mutex<Option<Plan>>,
    pub(super) calls: Mutex<Vec<&'static str>>,
    pub(super) held: Mutex<bool>,
    /// The number of the lock that was taken last, and of the last lock that was lost.
    locks: Mutex<(u64, u64)>,
    pub(super) compares: bool,
    /// Whether the store says that it compares.
    pub(super) tells: Mutex<bool>,
    pub(super) kind: LockKind,
    pub(super) durability: Mutex<Durability>,
    /// The next answers to "does the lease last?".
    pub(super) lasts: Arc<Mutex<VecDeque<bool>>>,
    /// How long a lease lasts, if it expires.
    pub(super) lasts_for: Arc<Mutex<Option<Duration>>>,
    /// Whether the lock's file is new.
    pub(super) new_file: Mutex<bool>,
    /// The next answers to "is the lock still held?".
    pub(super) in_place: Arc<Mutex<VecDeque<bool>>>,
    /// The store's warnings.
    pub(super) warnings: Mutex<Vec<String>>,
}

pub(super) struct Handle(pub(super) Arc<Store>);

impl Store {
    /// Deletes the lock's file: the holder loses the lock, and the next client can take it.
    pub(super) fn lose_lock(&self) {
        let mut locks = self.locks.lock();
        locks.1 = locks.0;
        *self.held.lock() = false;
    }
}

/// A lock of the store, and its number.
struct Held(Arc<Store>, u64);

impl Held {
    fn is_lost(store: &Store, number: u64) -> bool {
        store.locks.lock().1 >= number
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !Held::is_lost(&self.0, self.1) {
            *self.0.held.lock() = false;
        }
    }
}

impl Handle {
    fn fault(&self, call: &'static str, record: Option<&Record>) -> Option<Fault> {
        self.0.calls.lock().push(call);
        let mut plan = self.0.plan.lock();
        let fault = plan.as_mut().and_then(|plan| plan(call, record));
        drop(plan);
        if fault == Some(Fault::Panic) {
            std::panic::panic_any("the store panics");
        }
        fault
    }
}

fn failed<T>() -> Result<T, BoxError> {
    Err(BackendError::Unavailable("the store fails".to_owned()).into())
}

impl TokenBackend for Handle {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        match self.fault("load", None) {
            Some(Fault::Empty) => Err(BackendError::Empty("the store".to_owned()).into()),
            Some(_) => failed(),
            None => Ok(self.0.record.lock().clone()),
        }
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let fault = self.fault("save", Some(record));
        if fault == Some(Fault::Before) {
            return failed();
        }
        if fault == Some(Fault::Unlocked) {
            return Err(BackendError::Busy("the store".to_owned()).into());
        }
        let mut stored = self.0.record.lock();
        if self.0.compares && !record.may_replace(stored.as_ref()) {
            return Err(BackendError::Conflict("the store".to_owned()).into());
        }
        *stored = Some(record.clone());
        drop(stored);
        match fault {
            Some(Fault::PanicAfter) => std::panic::panic_any("the store panics"),
            Some(_) => failed(),
            None => Ok(()),
        }
    }

    fn clear(&self) -> Result<(), BoxError> {
        match self.fault("clear", None) {
            Some(_) => failed(),
            None => {
                *self.0.record.lock() = None;
                Ok(())
            }
        }
    }

    fn lock(&self, _: Duration) -> Result<Guard, BoxError> {
        if self.fault("lock", None).is_some() {
            return failed();
        }
        if self.0.kind == LockKind::None {
            return Ok(Guard::none());
        }
        if std::mem::replace(&mut *self.0.held.lock(), true) {
            return Err(BackendError::Busy("the store".to_owned()).into());
        }
        let number = {
            let mut locks = self.0.locks.lock();
            locks.0 += 1;
            locks.0
        };
        let held = Held(Arc::clone(&self.0), number);
        let guard = if self.0.kind == LockKind::FreedByDeath {
            Guard::freed_by_death(held)
        } else {
            let (lasts, left) = (Arc::clone(&self.0.lasts), Arc::clone(&self.0.lasts_for));
            let enough = move |time| left.lock().is_none_or(|left| time <= left);
            Guard::lease(held, move |time| lasts.lock().pop_front().unwrap_or(enough(time)))
        };
        let store = Arc::clone(&self.0);
        let guard = guard.with_check(move || {
            store.in_place.lock().pop_front().unwrap_or(true) && !Held::is_lost(&store, number)
        });
        let new = *self.0.new_file.lock();
        let store = Arc::clone(&self.0);
        let settle = move || *store.new_file.lock() = false;
        Ok(if new { guard.of_new_file(settle) } else { guard })
    }

    fn probe(&self) -> Result<(), BoxError> {
        self.fault("probe", None).map_or(Ok(()), |_| failed())
    }

    fn warnings(&self) -> Vec<String> {
        self.0.warnings.lock().clone()
    }

    fn durability(&self) -> Durability {
        *self.0.durability.lock()
    }

    fn compares(&self) -> bool {
        *self.0.tells.lock()
    }

    fn describe(&self) -> String {
        "the store".to_owned()
    }
}

/// One server, one store and one clock.
pub(super) struct World {
    wire: Arc<Wire>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) rules: Rules,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
}

impl World {
    pub(super) fn new(rotation: Rotation) -> World {
        World::with(rotation, LockKind::FreedByDeath, true)
    }

    pub(super) fn with(rotation: Rotation, kind: LockKind, compares: bool) -> World {
        let provider = Provider::builder("example")
            .token_endpoint("https://as.example/token")
            .rotation(rotation)
            .build()
            .unwrap();
        let binding = Binding {
            token_endpoint: "https://as.example/token".to_owned(),
            client_id: "app".to_owned(),
            grant: "authorization_code".to_owned(),
            scope: None,
            audience: None,
            unknown: Default::default(),
        };
        let clock = Arc::new(ManualClock::new());
        let now = clock.now_utc();
        let token = Token::new("at-1")
            .with_refresh_token("rt-1")
            .with_issued_at(now)
            .with_expires_at(clock::later(now, LIFE));
        let mut record = Record::new_login(token, None);
        record.binding = Some(binding.clone());
        let server = Server {
            rotation,
            issued: 1,
            good: vec!["rt-1".to_owned()],
            spent: Vec::new(),
            sent: Vec::new(),
            revoked: Vec::new(),
            acts: VecDeque::new(),
            rotations: 0,
        };
        World {
            wire: Arc::new(Wire(Mutex::new(server), Mutex::new(None), Mutex::new(None))),
            store: Arc::new(Store {
                record: Mutex::new(Some(record)),
                plan: Mutex::new(None),
                calls: Mutex::new(Vec::new()),
                held: Mutex::new(false),
                locks: Mutex::new((0, 0)),
                compares,
                tells: Mutex::new(false),
                kind,
                durability: Mutex::new(Durability::PowerCut),
                lasts: Arc::default(),
                lasts_for: Arc::default(),
                new_file: Mutex::new(false),
                in_place: Arc::default(),
                warnings: Mutex::default(),
            }),
            clock,
            rules: Rules::new(&provider, binding, true),
            events: Arc::new(Mutex::new(Vec::new())),
        }
    }

    /// Makes a client, as in a separate process.
    pub(super) fn keeper(&self) -> Keeper {
        let events = Arc::clone(&self.events);
        let hook: Hook = Arc::new(move |event: &Event| events.lock().push(event.clone()));
        let wire = Box::new(Arc::clone(&self.wire));
        let handle = Box::new(Handle(Arc::clone(&self.store)));
        Keeper::new(handle, wire, self.clock.clone(), self.rules.clone(), Some(hook))
    }

    fn acts(&self, acts: &[Act]) {
        self.wire.0.lock().acts = acts.iter().copied().collect();
    }

    pub(super) fn plan(
        &self,
        plan: impl FnMut(&'static str, Option<&Record>) -> Option<Fault> + Send + 'static,
    ) {
        *self.store.plan.lock() = Some(Box::new(plan));
    }

    /// Makes all saves of a refresh note (`notes`), or all saves of a token pair, fail from now on.
    pub(super) fn fail_saves(&self, notes: bool, fault: Fault) {
        self.plan(move |call, record| {
            let note = record.is_some_and(|record| record.note.is_some());
            (call == "save" && note == notes).then_some(fault)
        });
    }

    /// Makes the n-th call of the store from now fail, counted from 1.
    pub(super) fn fail_call(&self, n: usize, fault: Fault) {
        let mut count = 0;
        self.plan(move |_, _| {
            count += 1;
            (count == n).then_some(fault)
        });
    }

    pub(super) fn stored(&self) -> Record {
        self.store.record.lock().clone().unwrap()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Record)) {
        let mut stored = self.store.record.lock();
        let mut next = stored.clone().unwrap().next();
        change(&mut next);
        *stored = Some(next);
    }

    /// Stores the refresh note of another process, which sent the stored refresh token `ago` before now.
    pub(super) fn leave_note(&self, ago: Duration, deadline: Duration) {
        let sent_at = self.clock.now_utc() - ago;
        self.change(|record| {
            record.note = Some(Note {
                fingerprint: record.token.refresh_token().unwrap().fingerprint(),
                nonce: "of-another".to_owned(),
                holder: Holder {
                    host: "elsewhere".to_owned(),
                    pid: 7,
                    unknown: Default::default(),
                },
                sent_at,
                deadline: clock::later(sent_at, deadline),
                attempts: 1,
                answered: false,
                not_before: None,
                unanswered_since: None,
                early: false,
                seen: Vec::new(),
                unknown: Default::default(),
            });
        });
    }

    /// Advances into the margin: the access token works but is due.
    pub(super) fn enter_margin(&self) {
        self.clock.advance(LIFE - Duration::from_secs(30));
    }

    /// Advances past the access token's expiry.
    pub(super) fn past_end(&self) {
        self.clock.advance(LIFE + Duration::from_secs(1));
    }

    pub(super) fn sent(&self) -> Vec<String> {
        self.wire.0.lock().sent.clone()
    }

    pub(super) fn rotations(&self) -> u64 {
        self.wire.0.lock().rotations
    }

    /// Whether the login can go on: the server accepts the stored refresh token.
    pub(super) fn alive(&self) -> bool {
        let stored = self.stored();
        let token = stored.token.refresh_token().unwrap().expose().to_owned();
        self.wire.0.lock().good.contains(&token)
    }

    /// Applies `change` to the record at the first call of the store after a request was sent.
    pub(super) fn change_after_sending(
        &self,
        change: impl FnOnce(&mut Option<Record>) + Send + 'static,
    ) {
        let (store, wire) = (Arc::clone(&self.store), Arc::clone(&self.wire));
        let mut change = Some(change);
        self.plan(move |_, _| {
            if !wire.0.lock().sent.is_empty()
                && let Some(change) = change.take()
            {
                change(&mut store.record.lock());
            }
            None
        });
    }

    pub(super) fn told(&self, test: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().iter().filter(|event| test(event)).count()
    }
}

pub(super) fn use_token(keeper: &Keeper) -> Result<String> {
    keeper.access(&Want::Usable).map(|live: Live| live.access_token().expose().to_owned())
}

pub(super) fn kind(result: &Result<String>) -> &str {
    match result {
        Ok(token) => token,
        Err(error) => Error::kind(error),
    }
}

//! The world as a client sees it: a backend, a transport and a clock.

use std::fmt;
use std::time::SystemTime;

use super::schedule::{Failure, Point};
use super::turns::me;
use super::world::{Held, NOBODY, Request, Status, World};
use super::*;

/// A client's access to the world.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) world: Arc<World>,
    pub(super) client: usize,
    pub(super) process: usize,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.client)
    }
}

fn number(secret: &Secret) -> usize {
    secret.expose()[1..].parse().unwrap()
}

/// The number of a record's refresh token.
pub(super) fn refresh_of(record: &Record) -> usize {
    number(record.token.refresh_token().unwrap())
}

/// The number of a record's access token.
pub(super) fn access_of(token: &Token) -> usize {
    number(token.access_token())
}

pub(super) fn spare_of(record: &Record) -> Option<usize> {
    record.spare.as_ref().map(number)
}

fn unavailable<T>(text: &str) -> Result<T, BoxError> {
    Err(BackendError::Unavailable(text.to_owned()).into())
}

fn busy<T>() -> Result<T, BoxError> {
    Err(BackendError::Busy("the store".to_owned()).into())
}

impl Handle {
    /// Whether the process was killed; a killed process does nothing more.
    fn dead(&self) -> bool {
        self.world.state.lock().processes[self.process].dead
    }

    fn waited_for_lock(&self, until: u64) -> bool {
        loop {
            let mut state = self.world.state.lock();
            if state.lock_free() {
                return true;
            }
            if state.now >= until {
                return false;
            }
            if me() == NOBODY {
                let end = state.store.held.as_ref().map_or(0, |held| held.until).min(until);
                state.advance(end);
                continue;
            }
            drop(state);
            self.world.reach(Point::LockWait, Status::Lock(until));
        }
    }
}

/// A taken lock, for the checks of the guard.
#[derive(Clone)]
struct Claim {
    handle: Handle,
    id: u64,
}

/// A taken lock. Dropping the value releases the lock.
struct Taken(Claim);

impl Claim {
    fn holds(&self) -> bool {
        let state = self.handle.world.state.lock();
        let held = state.store.held.as_ref();
        held.is_some_and(|held| held.id == self.id && state.now < held.until)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Claim { handle, id } = &self.0;
        if std::thread::panicking() || handle.dead() {
            return;
        }
        let mut state = handle.world.state.lock();
        if state.store.held.as_ref().is_some_and(|held| held.id == *id) {
            state.store.held = None;
        }
        state.note(me(), 3000, |_| "lets the lock go".to_owned());
        drop(state);
        handle.world.reach(Point::Unlock, Status::Ready);
    }
}

/// How long a lease lasts, and what is added when it is renewed (ms).
const LEASE: u64 = 60_000;

impl TokenBackend for Handle {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        if self.dead() {
            return unavailable("the process is dead");
        }
        let failure = self.world.reach(Point::Load, Status::Ready);
        let mut state = self.world.state.lock();
        if failure == Some(Failure::Outage) {
            state.outage(|store| &mut store.no_loads_until);
        }
        if failure.is_some() || state.now < state.store.no_loads_until {
            state.failed(me(), Point::Load);
            state.note(me(), 3001, |_| "load: the store fails".to_owned());
            return unavailable("the store fails");
        }
        let record = state.store.history.last().cloned().unwrap();
        state.loaded(me(), self.client, &record);
        state.note(me(), 3002, |_| format!("load: {}", told(&record)));
        Ok(Some(record))
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if self.dead() {
            return unavailable("the process is dead");
        }
        let failure = self.world.reach(Point::Save, Status::Ready);
        let mut state = self.world.state.lock();
        if failure == Some(Failure::Outage) {
            state.outage(|store| &mut store.no_saves_until);
        }
        let fails = matches!(failure, Some(Failure::Before | Failure::Outage));
        if fails || state.now < state.store.no_saves_until {
            state.failed(me(), Point::Save);
            state.note(me(), 3003, |_| format!("save {}: the store fails", told(record)));
            return unavailable("the store fails");
        }
        if state.config.compares() && !record.may_replace(state.store.history.last()) {
            state.note(me(), 3004, |_| format!("save {}: conflict", told(record)));
            return Err(BackendError::Conflict("the store".to_owned()).into());
        }
        state.overwrites(self.client, record);
        state.store.history.push(record.clone());
        let ok = failure.is_none();
        state.note(me(), 3005 + u64::from(ok), |_| {
            let end = if ok { "saved" } else { "saved, and an error is reported" };
            format!("save {}: {end}", told(record))
        });
        state.saved(me(), self.client, record, ok);
        drop(state);
        self.world.reach(Point::Saved, Status::Ready);
        if ok { Ok(()) } else { unavailable("the store fails") }
    }

    fn clear(&self) -> Result<(), BoxError> {
        unavailable("no schedule logs out")
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        if self.dead() {
            return unavailable("the process is dead");
        }
        let failure = self.world.reach(Point::Lock, Status::Ready);
        let mut state = self.world.state.lock();
        if failure == Some(Failure::Outage) {
            state.outage(|store| &mut store.no_locks_until);
        }
        state.looked(me());
        if failure.is_some() || state.now < state.store.no_locks_until {
            state.failed(me(), Point::Lock);
            state.note(me(), 3007, |_| "lock: the lock fails".to_owned());
            return unavailable("the lock fails");
        }
        let kind = state.config.lock();
        if kind == LockKind::None {
            return Ok(Guard::none());
        }
        let until = state.now + wait.as_millis() as u64;
        drop(state);
        if !self.waited_for_lock(until) {
            let mut state = self.world.state.lock();
            state.looked(me());
            state.note(me(), 3008, |_| "lock: busy".to_owned());
            return busy();
        }
        let mut state = self.world.state.lock();
        state.store.locks += 1;
        let id = state.store.locks;
        let until = if kind == LockKind::Lease { state.now + LEASE } else { u64::MAX };
        state.store.held = Some(Held { id, client: self.client, until });
        let new = state.store.lock_deleted;
        state.note(me(), 3009, |_| "lock: taken".to_owned());
        drop(state);
        let asked = Claim { handle: self.clone(), id };
        let held = Taken(asked.clone());
        let guard = if kind == LockKind::Lease {
            Guard::lease(held, move |time| asked.lasts(time))
        } else {
            Guard::freed_by_death(held).with_check(move || {
                asked.handle.world.reach(Point::IsHeld, Status::Ready);
                let holds = asked.holds();
                if holds {
                    asked.handle.world.state.lock().checked(asked.handle.client);
                }
                holds
            })
        };
        // A process that creates the lock file anew does not know the holder of the old lock file.
        let settled = Arc::clone(&self.world);
        let settle = move || settled.state.lock().store.lock_deleted = false;
        let is_new = new && kind == LockKind::FreedByDeath;
        let guard = if is_new { guard.of_new_file(settle) } else { guard };
        self.world.reach(Point::Locked, Status::Ready);
        Ok(guard)
    }

    fn durability(&self) -> Durability {
        Durability::PowerCut
    }

    /// Every other client knows that the store compares.
    fn compares(&self) -> bool {
        self.client.is_multiple_of(2) && self.world.state.lock().config.compares()
    }

    fn describe(&self) -> String {
        "the store".to_owned()
    }
}

impl Claim {
    /// Renews the lease, if it is still held.
    fn lasts(&self, time: Duration) -> bool {
        self.handle.world.reach(Point::Lasts, Status::Ready);
        let holds = self.holds();
        let mut state = self.handle.world.state.lock();
        let end = state.now + 2 * time.as_millis() as u64 + LEASE;
        if holds && let Some(held) = &mut state.store.held {
            held.until = held.until.max(end);
        }
        state.note(me(), 3010 + u64::from(holds), |_| format!("the lease lasts: {holds}"));
        holds
    }
}

/// Shows a record in one line.
fn told(record: &Record) -> String {
    let note = record.note.as_ref().map_or("", |_| ", noted as sent");
    let refused = record.refused.as_ref().map_or("", |_| ", noted as refused");
    let spare = spare_of(record).map_or(String::new(), |spare| format!(", spare r{spare}"));
    let (refresh, access) = (refresh_of(record), access_of(&record.token));
    format!("#{} r{refresh} a{access}{note}{refused}{spare}", record.revision)
}

fn error(code: &str, status: u16) -> OAuthError {
    let host = "as.example".to_owned();
    OAuthError { host, code: code.to_owned(), description: None, uri: None, status, request: None }
}

fn reply(outcome: Outcome) -> Sent {
    Sent::Reply(Reply { refresh_token: None, outcome })
}

impl Transport for Handle {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        if self.dead() {
            return Sent::Never("the process is dead".into());
        }
        let (token, in_time) = match ask {
            Ask::Refresh { refresh_token, in_time, .. } => (number(refresh_token), in_time),
            Ask::Revoke(token, _) => {
                let token = number(token);
                let mut state = self.world.state.lock();
                state.note(me(), 3020, |_| format!("revokes r{token}"));
                state.revoked(token);
                return Sent::Never("no matter".into());
            }
            Ask::Grant(_) => return Sent::Never("there is no such grant here".into()),
        };
        let asked_at = self.world.state.lock().now;
        let failure = self.world.reach(Point::Connect, Status::Ready);
        if failure == Some(Failure::Never) {
            self.world.state.lock().note(me(), 3021, |_| format!("r{token} is never sent"));
            return Sent::Never("connection refused".into());
        }
        if !in_time() {
            let mut state = self.world.state.lock();
            state.note(me(), 3022, |_| format!("r{token} is not sent: it is too late"));
            return Sent::Never("it is too late".into());
        }
        let index = self.leaves(token, failure, asked_at);
        self.world.reach(Point::Sent, Status::Reply(index));
        self.world.reach(Point::Replied, Status::Ready);
        self.heard(index, sent_at)
    }
}

impl Handle {
    /// Sends the request. Returns the number of the request.
    fn leaves(&self, token: usize, failure: Option<Failure>, asked_at: u64) -> usize {
        let mut state = self.world.state.lock();
        let (now, latency) = (state.now, state.config.latency());
        let timeout = now + self.world.rules.token_timeout.as_millis() as u64;
        let arrives_at = match failure {
            Some(Failure::LoseRequest) => None,
            Some(Failure::Late(seconds)) => Some(timeout + seconds * 1000),
            _ => Some(now + latency),
        };
        let heard_at = match failure {
            Some(Failure::LoseRequest) => now + latency,
            Some(Failure::Late(_) | Failure::Silence) => timeout,
            _ => now + 2 * latency,
        };
        let index = state.requests.len();
        state.note(me(), 3030, |_| format!("sends r{token}"));
        state.sending(me(), self.client, token);
        let noted = state.oracle.clients.get(self.client).and_then(|known| known.noted);
        let noted_at = noted.map_or(now, |(_, at)| at);
        let mends = state.mends(me());
        let sent_step = state.step;
        state.requests.push(Request {
            actor: me(),
            client: self.client,
            token,
            asked_at,
            sent_at: now,
            noted_at,
            sent_step,
            arrives_at,
            heard_at,
            failure,
            decided: None,
            awaited: true,
            mends,
        });
        index
    }

    fn heard(&self, index: usize, sent_at: OffsetDateTime) -> Sent {
        let mut state = self.world.state.lock();
        state.heard(index);
        let request = &state.requests[index];
        let (decided, failure, token) = (request.decided, request.failure, request.token);
        let life = Duration::from_millis(state.service.life);
        let issued = decided.flatten();
        let text = match (failure, issued) {
            (Some(Failure::Broken | Failure::BrokenAfter), _) => "hears 500",
            (Some(_), _) => "hears nothing",
            (None, Some(_)) => "hears of a new pair",
            (None, None) => "hears of a refusal",
        };
        state.note(me(), 3031, |_| format!("{text} for r{token}"));
        drop(state);
        match failure {
            Some(Failure::Broken | Failure::BrokenAfter) => {
                return reply(Outcome::Unknown(error("http_500", 500)));
            }
            Some(_) => return Sent::NoAnswer("no answer".into()),
            None => {}
        }
        let Some((refresh, access)) = issued else {
            return reply(Outcome::Refused(error("invalid_grant", 400)));
        };
        let issued = Token::new(format!("a{access}"))
            .with_issued_at(sent_at)
            .with_expires_at(clock::later(sent_at, life));
        answers::issued(match refresh == token {
            true => issued,
            false => issued.with_refresh_token(format!("r{refresh}")),
        })
    }
}

impl Clock for Handle {
    fn now(&self) -> SystemTime {
        let state = self.world.state.lock();
        let wall = state.wall(state.processes[self.process].host);
        SystemTime::UNIX_EPOCH + Duration::from_millis(wall.max(0) as u64)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.world.state.lock().now)
    }

    fn sleep(&self, duration: Duration) {
        if self.dead() {
            return;
        }
        let until = self.world.state.lock().now + duration.as_millis() as u64;
        self.world.reach(Point::Sleep, Status::Until(until));
    }
}

//! Checks clauses P1 to P8 of the promise, and excuses the five losses that no client can prevent.

use super::handle::{access_of, refresh_of, spare_of};
use super::schedule::{Failure, Fault, Point};
use super::server::Class;
use super::world::{NOBODY, State};
use super::*;

/// The events that excuse the loss of a login in this run: the numbered cases of the list in
/// `src/guide/promise.md`, and faults of the store.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Excuses {
    /// Case 1: the answer with the new refresh token was lost.
    pub(super) lost: bool,
    /// Case 2: the process died between the rotation and the save.
    pub(super) died: bool,
    /// Case 3: the save failed, and then the process ended.
    pub(super) unsaved: bool,
    /// Case 4: a request that was given up was served, or a repeated request arrived after the grace window
    /// in which it was sent.
    pub(super) late: bool,
    /// Case 5: without a lock that is released when its holder dies, a holder was paused past its refresh
    /// note's deadline.
    pub(super) deadline: bool,
    /// The store returned to an older record.
    pub(super) rollback: bool,
    /// The lock was freed under a holder whose request was on its way.
    pub(super) freed: bool,
    /// Case 5: saves do not compare, and the lock was freed under a holder between its check of the lock and
    /// its write, which put an older record over a newer record.
    pub(super) overwritten: bool,
    /// A wall clock was changed while deadlines depended on it.
    pub(super) clock: bool,
}

impl Excuses {
    /// Whether a fault outside the promise happened to the store.
    pub(super) fn any_outside(&self) -> bool {
        self.rollback || self.freed || self.clock
    }
}

/// The oracle's knowledge of a client.
#[derive(Default)]
pub(super) struct Known {
    /// The refresh tokens that the client received and that are not in the store yet.
    pub(super) in_hand: Vec<usize>,
    /// Whether a call has ended since a save failed, and the token pair is still unsaved.
    pub(super) waits: bool,
    /// The tokens that the client read or wrote last.
    pub(super) memory: Option<(usize, usize)>,
    /// The refresh tokens that the client itself has replaced in the store.
    pub(super) replaced: Vec<usize>,
    /// The token that the client's last refresh note announces, and the note's date (ms on the clock of the
    /// world).
    pub(super) noted: Option<(usize, u64)>,
    /// The client's refreshes that were saved: when they were sent, and by which actor.
    pub(super) refreshes: Vec<(u32, usize)>,
    /// When the client found that it holds the lock, if it has read nothing since, and when the lock was freed
    /// under it (steps).
    pub(super) checked: Option<u32>,
    pub(super) freed: u32,
    /// The store's calls that failed since the client began to close.
    pub(super) closing: bool,
    pub(super) failed_closing: bool,
}

/// The oracle's knowledge of a call.
#[derive(Clone, Default)]
pub(super) struct Asked {
    pub(super) start: u64,
    pub(super) start_step: u32,
    pub(super) instead: Option<usize>,
    pub(super) refused: Vec<usize>,
    pub(super) waits_since: Option<u32>,
    pub(super) looked: u32,
    pub(super) load_failed: bool,
    pub(super) unanswered: bool,
}

pub(super) struct Oracle {
    pub(super) faults: Vec<Fault>,
    pub(super) violation: Option<(&'static str, String)>,
    pub(super) excuses: Excuses,
    pub(super) clients: Vec<Known>,
    pub(super) asked: Vec<Asked>,
    /// The access tokens that were in the store.
    pub(super) durable: Vec<usize>,
    /// When the store's newest access token came there (step).
    pub(super) stored_at: u32,
    /// The refresh tokens whose request was never answered.
    pub(super) unanswered: Vec<usize>,
    pub(super) failed_calls: usize,
}

impl Oracle {
    pub(super) fn new(actors: usize, clients: usize) -> Oracle {
        Oracle {
            faults: Vec::new(),
            violation: None,
            excuses: Excuses::default(),
            clients: (0..clients).map(|_| Known::default()).collect(),
            asked: vec![Asked::default(); actors],
            durable: vec![0],
            stored_at: 0,
            unanswered: Vec::new(),
            failed_calls: 0,
        }
    }
}

impl State {
    pub(super) fn violation(&mut self, clause: &'static str, text: String) {
        self.note(NOBODY, 4000, |_| format!("VIOLATION of {clause}: {text}"));
        self.oracle.violation.get_or_insert((clause, text));
    }

    pub(super) fn faulty(&self) -> bool {
        !self.oracle.faults.is_empty()
    }

    pub(super) fn clocks_differ(&self) -> bool {
        self.walls.iter().any(|wall| *wall != 0)
    }

    pub(super) fn clock_was_set(&self) -> bool {
        self.oracle.faults.iter().any(|fault| matches!(fault, Fault::Wall(_)))
    }

    /// Whether the store neither compares nor has a lock that is released when its holder dies: the promise
    /// says little about this kind of store.
    pub(super) fn weak(&self) -> bool {
        let file = self.config.lock() == LockKind::FreedByDeath;
        !self.config.compares() && !file && self.clients.len() > 1
    }

    // The methods below record what happens to the store.

    pub(super) fn failed(&mut self, actor: usize, point: Point) {
        if actor == NOBODY {
            return;
        }
        let client = self.actors[actor].client;
        if point == Point::Load {
            self.oracle.asked[actor].load_failed = true;
        }
        if self.oracle.clients[client].closing {
            self.oracle.clients[client].failed_closing = true;
        }
    }

    pub(super) fn looked(&mut self, actor: usize) {
        if actor != NOBODY {
            self.oracle.asked[actor].looked = self.step;
        }
    }

    pub(super) fn loaded(&mut self, actor: usize, client: usize, record: &Record) {
        self.looked(actor);
        let Some(known) = self.oracle.clients.get_mut(client) else { return };
        known.checked = None;
        let (refresh, spare) = (refresh_of(record), spare_of(record));
        // A record that is read is durable: its save worked even if it reported an error.
        known.in_hand.retain(|token| *token != refresh && Some(*token) != spare);
        known.waits &= !known.in_hand.is_empty();
        if !known.replaced.contains(&refresh) || self.service.class == Class::None {
            known.memory = Some((refresh, access_of(&record.token)));
        }
    }

    /// Records that the client has found that it holds the lock.
    pub(super) fn checked(&mut self, client: usize) {
        if let Some(known) = self.oracle.clients.get_mut(client) {
            known.checked = Some(self.step);
        }
    }

    /// Records that a client, whose last call found that it holds the lock, writes an older record over a
    /// newer record.
    pub(super) fn overwrites(&mut self, client: usize, record: &Record) {
        let file = self.config.lock() == LockKind::FreedByDeath && !self.config.compares();
        let newest = self.store.history.last().map(refresh_of);
        let older = newest.is_some_and(|newest| self.replaces(newest, refresh_of(record)));
        let unaware = |known: &Known| known.checked.is_some_and(|at| known.freed > at);
        let unaware = self.oracle.clients.get(client).is_some_and(unaware);
        self.oracle.excuses.overwritten |= file && older && unaware;
    }

    pub(super) fn saved(&mut self, actor: usize, client: usize, record: &Record, ok: bool) {
        self.look_at_deadlines();
        let (refresh, access) = (refresh_of(record), access_of(&record.token));
        let noted_at = record.note.as_ref().map(|note| self.time_of(client, note.sent_at));
        let before = self.store.history.iter().rev().nth(1).map(|before| access_of(&before.token));
        if before != Some(access) {
            self.oracle.stored_at = self.step;
        }
        self.oracle.durable.push(access);
        let Some(known) = self.oracle.clients.get_mut(client) else { return };
        if !ok {
            return;
        }
        known.noted = noted_at.map(|at| (refresh, at));
        let spare = spare_of(record);
        known.in_hand.retain(|token| *token != refresh && Some(*token) != spare);
        known.waits &= !known.in_hand.is_empty();
        if !known.replaced.contains(&refresh) || self.service.class == Class::None {
            known.memory = Some((refresh, access));
        }
        let own = |request: &&world::Request| {
            request.client == client
                && request.decided.flatten().is_some_and(|(_, new)| new == access)
        };
        if let Some(request) = self.requests.iter().find(own)
            && record.note.is_none()
        {
            known.replaced.push(request.token);
            known.refreshes.push((request.sent_step, request.actor));
        }
        let _ = actor;
    }

    pub(super) fn rolled_back(&mut self) {
        self.oracle.excuses.rollback = true;
        self.oracle.stored_at = self.step;
    }

    /// Records that the lock is freed: a holder between its first byte and its save can be overtaken.
    pub(super) fn freed(&mut self) {
        let Some(held) = &self.store.held else { return };
        let client = held.client;
        self.oracle.clients[client].freed = self.step;
        let busy = self.requests.iter().any(|request| request.client == client && request.awaited)
            || !self.oracle.clients[client].in_hand.is_empty();
        self.oracle.excuses.freed |= busy && self.config.lock() == LockKind::FreedByDeath;
    }

    // The methods below record what happens to a process.

    pub(super) fn died(&mut self, process: usize) {
        for client in 0..self.clients.len() {
            if self.clients[client].process != process {
                continue;
            }
            self.oracle.excuses.died |= !self.oracle.clients[client].in_hand.is_empty();
            self.oracle.clients[client].in_hand.clear();
            for index in 0..self.requests.len() {
                let request = &mut self.requests[index];
                if request.client != client || !request.awaited {
                    continue;
                }
                request.awaited = false;
                self.oracle.excuses.died |= request.decided.is_some();
                let token = request.token;
                self.oracle.unanswered.push(token);
            }
        }
    }

    pub(super) fn stopped(&mut self, process: usize) {
        if self.config.lock() == LockKind::FreedByDeath {
            return;
        }
        let until = self.processes[process].stopped_until;
        let hold = self.hold();
        let past = self.requests.iter().any(|request| {
            let client = request.client;
            let busy = request.awaited || !self.oracle.clients[client].in_hand.is_empty();
            self.clients[client].process == process && busy && until > request.noted_at + hold
        });
        self.oracle.excuses.deadline |= past;
    }

    /// Records that a token pair is still unsaved after its refresh note's deadline.
    pub(super) fn look_at_deadlines(&mut self) {
        let held = |request: &world::Request| {
            let hand = self.oracle.clients.get(request.client).map(|known| &known.in_hand);
            let pair = request.decided.flatten();
            hand.zip(pair).is_some_and(|(hand, (refresh, _))| hand.contains(&refresh))
        };
        let past = |request: &world::Request| self.now > request.noted_at + self.hold();
        let late = self.requests.iter().any(|request| held(request) && past(request));
        self.oracle.excuses.deadline |= late && self.config.lock() != LockKind::FreedByDeath;
    }

    /// When the wall clock of a client's host showed this date (ms on the clock of the world).
    fn time_of(&self, client: usize, date: OffsetDateTime) -> u64 {
        let ahead =
            self.wall(self.host_of(client)) - (date.unix_timestamp_nanos() / 1_000_000) as i64;
        self.now.saturating_sub(ahead.max(0) as u64)
    }

    fn host_of(&self, client: usize) -> usize {
        self.clients.get(client).map_or(0, |of| self.processes[of.process].host)
    }

    /// How long other clients wait for a refresh note (ms, counted from its date): two requests and the
    /// saves.
    fn hold(&self) -> u64 {
        2 * 120_000 + 60_000
    }

    // The methods below record what happens to a request.

    /// Handles a request that the service has decided.
    pub(super) fn decided(&mut self, index: usize) {
        let request = &self.requests[index];
        let rotated = request.decided.flatten().is_some();
        // The request's sender has given up, or would have if it had not been paused.
        self.oracle.excuses.late |= !request.awaited || self.now > request.sent_at + 120_000;
        self.oracle.excuses.late |= self.is_past_its_window(index);
        let lost = [Failure::LoseReply, Failure::Silence, Failure::BrokenAfter];
        self.oracle.excuses.lost |= rotated && request.failure.is_some_and(|f| lost.contains(&f));
        self.oracle.excuses.died |= rotated && !request.awaited;
    }

    /// Whether a repeated request arrived after the grace window of its refresh token, although for its
    /// sender the window was open, by the sender's clock and by the date of the other client's refresh note.
    /// This can happen only in a store whose lock is a lease.
    fn is_past_its_window(&self, index: usize) -> bool {
        let request = &self.requests[index];
        let used_at = self.service.refresh[request.token].used_at;
        let end = used_at.map(|used_at| used_at + self.service.window);
        let is_other = |other: &&world::Request| {
            other.token == request.token && other.client != request.client
        };
        let other = self.requests[..index].iter().rfind(is_other);
        let open = |other: &world::Request| {
            let date =
                |of: &world::Request| of.noted_at as i64 + self.walls[self.host_of(of.client)];
            date(request) - date(other) < self.service.window as i64
        };
        self.service.class == Class::GraceFamily
            && self.config.lock() == LockKind::Lease
            && request.decided == Some(None)
            && end.is_some_and(|end| request.sent_at < end && self.now >= end)
            && other.is_some_and(open)
    }

    /// The sender of a request has the answer, or has learned that no answer comes.
    pub(super) fn heard(&mut self, index: usize) {
        let request = &mut self.requests[index];
        request.awaited = false;
        let (actor, client, token) = (request.actor, request.client, request.token);
        let pair = request.decided.flatten().filter(|_| request.failure.is_none());
        if request.failure.is_some() {
            self.oracle.unanswered.push(token);
            if actor != NOBODY {
                self.oracle.asked[actor].unanswered = true;
            }
        }
        if let Some((refresh, _)) = pair
            && refresh != token
            && let Some(known) = self.oracle.clients.get_mut(client)
        {
            known.in_hand.push(refresh);
        }
    }
}

//! The promise, P1 to P8, and the five losses that nobody can prevent: what is right, and nothing else.

use super::handle::{access_of, refresh_of, spare_of};
use super::schedule::{Failure, Fault, Point};
use super::server::Class;
use super::world::{NOBODY, State};
use super::*;

/// What may excuse the loss of a login: the guide's list, and what was done to the store.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Excuses {
    /// 1: the answer with the successor was lost.
    pub(super) lost: bool,
    /// 2: the process died between the rotation and the save.
    pub(super) died: bool,
    /// 3: the save failed, and then the process ended.
    pub(super) unsaved: bool,
    /// 4: a request that was given up was served.
    pub(super) late: bool,
    /// 5: without a lock that death frees, a holder was stopped past its deadline.
    pub(super) deadline: bool,
    /// The store went back.
    pub(super) rollback: bool,
    /// The lock was freed under a holder whose request was on its way.
    pub(super) freed: bool,
    /// A wall clock was set where deadlines go by it.
    pub(super) clock: bool,
}

impl Excuses {
    /// Whether something outside the promise was done to the store.
    pub(super) fn any_outside(&self) -> bool {
        self.rollback || self.freed || self.clock
    }
}

/// What the oracle knows of a client.
#[derive(Default)]
pub(super) struct Known {
    /// Refresh tokens that came and are not in the store yet.
    pub(super) in_hand: Vec<usize>,
    /// A call has ended since a save failed, and the pair still waits.
    pub(super) waits: bool,
    /// What it read or wrote last.
    pub(super) memory: Option<(usize, usize)>,
    /// Refresh tokens that it has replaced itself, in the store.
    pub(super) replaced: Vec<usize>,
    /// The token that its last note announces.
    pub(super) noted: Option<usize>,
    /// Its refreshes that were saved: when they were sent, and by whom.
    pub(super) refreshes: Vec<(u32, usize)>,
    /// The store's calls that failed since it began to close.
    closing: bool,
    failed_closing: bool,
}

/// What the oracle knows of a call.
#[derive(Clone, Default)]
pub(super) struct Asked {
    start: u64,
    start_step: u32,
    instead: Option<usize>,
    refused: Vec<usize>,
    waits_since: Option<u32>,
    looked: u32,
    load_failed: bool,
    unanswered: bool,
}

pub(super) struct Oracle {
    pub(super) faults: Vec<Fault>,
    pub(super) violation: Option<(&'static str, String)>,
    pub(super) excuses: Excuses,
    pub(super) clients: Vec<Known>,
    asked: Vec<Asked>,
    /// Access tokens that were in the store.
    durable: Vec<usize>,
    /// When the store's newest access token came there (step).
    stored_at: u32,
    /// Refresh tokens of which a request stayed without an answer.
    unanswered: Vec<usize>,
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

    fn faulty(&self) -> bool {
        !self.oracle.faults.is_empty()
    }

    fn clocks_differ(&self) -> bool {
        self.walls.iter().any(|wall| *wall != 0)
    }

    fn clock_was_set(&self) -> bool {
        self.oracle.faults.iter().any(|fault| matches!(fault, Fault::Wall(_)))
    }

    /// A store that neither compares nor has a lock that death frees: the promise says little of it.
    pub(super) fn weak(&self) -> bool {
        let file = self.config.lock() == LockKind::FreedByDeath;
        !self.config.compares() && !file && self.clients.len() > 1
    }

    // What happens to the store.

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
        let refresh = refresh_of(record);
        if !known.replaced.contains(&refresh) || self.service.class == Class::None {
            known.memory = Some((refresh, access_of(&record.token)));
        }
    }

    pub(super) fn saved(&mut self, actor: usize, client: usize, record: &Record, ok: bool) {
        let (refresh, access) = (refresh_of(record), access_of(&record.token));
        let before = self.store.history.iter().rev().nth(1).map(|before| access_of(&before.token));
        if before != Some(access) {
            self.oracle.stored_at = self.step;
        }
        self.oracle.durable.push(access);
        let Some(known) = self.oracle.clients.get_mut(client) else { return };
        if !ok {
            return;
        }
        known.noted = record.note.as_ref().map(|_| refresh);
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

    /// The lock is freed: whoever is between its first byte and its save can be overtaken.
    pub(super) fn freed(&mut self) {
        let Some(held) = &self.store.held else { return };
        let client = held.client;
        let busy = self.requests.iter().any(|request| request.client == client && request.awaited)
            || !self.oracle.clients[client].in_hand.is_empty();
        self.oracle.excuses.freed |= busy && self.config.lock() == LockKind::FreedByDeath;
    }

    // What happens to a process.

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
            self.clients[client].process == process && busy && until > request.sent_at + hold
        });
        self.oracle.excuses.deadline |= past;
    }

    /// How long a note keeps others waiting (ms): two requests and the saves.
    fn hold(&self) -> u64 {
        2 * 120_000 + 60_000
    }

    // What happens to a request.

    pub(super) fn sending(&mut self, actor: usize, client: usize, token: usize) {
        if client >= self.oracle.clients.len() {
            return;
        }
        let known = &self.oracle.clients[client];
        // P4: the note is in the store before the token is spent.
        if known.noted != Some(token) && self.service.class != Class::None {
            self.violation("P4", format!("r{token} is sent, and the store holds no note of it"));
        }
        let known = &self.oracle.clients[client];
        // A store that went back: what this client replaced itself is not spent by it.
        if self.oracle.excuses.rollback
            && known.replaced.contains(&token)
            && let Some((memory, _)) = known.memory.filter(|(memory, _)| *memory != token)
            && self.service.takes(memory, self.now)
            && self.service.class != Class::None
        {
            let text = format!(
                "the store went back, and the client spends r{token}, which it replaced itself; it \
                 has r{memory}, which works, in memory"
            );
            self.violation("A5", text);
        }
        self.spent_twice(client, token);
        if actor == NOBODY {
            return;
        }
        let asked = &self.oracle.asked[actor];
        if let Some(since) = asked.waits_since
            && let Some((_, by)) = self.oracle.clients[client]
                .refreshes
                .iter()
                .find(|(sent, by)| *sent > since && *by != actor)
            && !self.clock_was_set()
        {
            let text = format!(
                "actor {actor} waited for the refresh of actor {by}, which was sent after it began to \
                 wait, and sends another"
            );
            self.violation("P1", text);
        }
        let asked = &self.oracle.asked[actor];
        // An API that refuses everything: one refresh, then its answer is the last word for a while.
        let mended = |access: usize| {
            self.requests.iter().any(|request| {
                request.client == client
                    && request.mends
                    && request.decided.flatten().is_some_and(|(_, new)| new == access)
            })
        };
        if let Some(instead) = asked.instead
            && self.config.refuses
            && mended(instead)
            && !self.service.access[instead].dead
            && self.now < self.service.access[instead].issued + self.config.latency() + 1_000
        {
            let text = format!("a{instead} came a moment ago for a 401, was refused, and r{token} is spent");
            self.violation("A12", text);
        }
        let asked = &self.oracle.asked[actor];
        let stored = self.store.history.last().map_or(0, |record| access_of(&record.token));
        let margin = self.service.life.min(600_000) / 10 + 2_000;
        if !self.faulty()
            && !self.clocks_differ()
            && self.config.lock() != LockKind::None
            && !asked.refused.contains(&stored)
            && self.service.works(stored, self.now + margin + 2 * self.config.latency())
        {
            let text = format!("r{token} is spent although a{stored} is in the store and good");
            self.violation("P1", text);
        }
    }

    pub(super) fn mends(&self, actor: usize) -> bool {
        self.oracle.asked.get(actor).is_some_and(|asked| asked.instead.is_some())
    }

    /// P1: no token is sent twice while its successor, or the answer, is in a living hand.
    fn spent_twice(&mut self, client: usize, token: usize) {
        if self.service.class == Class::None || self.weak() {
            return;
        }
        let file = self.config.lock() == LockKind::FreedByDeath;
        let Excuses { deadline, rollback, freed, clock, .. } = self.oracle.excuses;
        if deadline || rollback || freed || clock {
            return;
        }
        let flying = |request: &&world::Request| request.token == token && request.awaited;
        if let Some(other) = self.requests.iter().find(flying) {
            let other = other.actor;
            let lease = self.config.lock() == LockKind::Lease;
            if !(lease && self.faulty() && self.service.class.has_window() && self.config.told == 0)
            {
                let text =
                    format!("r{token} is sent while the request of actor {other} is on its way");
                self.violation("P1", text);
            }
            return;
        }
        let newer = |other: usize| {
            let mut at = Some(other);
            while let Some(known) = at {
                if known == token && known != other {
                    return true;
                }
                at = self.service.refresh[known].parent;
            }
            false
        };
        let held = self.in_living_hands();
        let found =
            held.into_iter().find(|other| newer(*other) && self.service.takes(*other, self.now));
        if let Some(found) = found
            && (file || !self.faulty() || !self.service.class.has_window())
        {
            let text = format!("client {client} sends r{token} while its successor r{found} lives");
            self.violation("P1", text);
        }
    }

    /// Refresh tokens in the store or with a living process.
    fn in_living_hands(&self) -> Vec<usize> {
        let mut held: Vec<usize> =
            self.oracle.clients.iter().flat_map(|known| known.in_hand.clone()).collect();
        if let Some(record) = self.store.history.last() {
            held.push(refresh_of(record));
            held.extend(spare_of(record));
        }
        let coming =
            self.requests.iter().filter(|request| request.awaited && request.failure.is_none());
        held.extend(
            coming.filter_map(|request| request.decided.flatten()).map(|(refresh, _)| refresh),
        );
        held
    }

    /// The service has decided.
    pub(super) fn decided(&mut self, index: usize) {
        let request = &self.requests[index];
        let rotated = request.decided.flatten().is_some();
        self.oracle.excuses.late |= !request.awaited;
        let lost = [Failure::LoseReply, Failure::Silence, Failure::BrokenAfter];
        self.oracle.excuses.lost |= rotated && request.failure.is_some_and(|f| lost.contains(&f));
        self.oracle.excuses.died |= rotated && !request.awaited;
    }

    /// Its sender has heard of it.
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

    pub(super) fn revoked(&mut self, _token: usize) {}

    // What happens to a call.

    pub(super) fn asks(&mut self, actor: usize, want: &Want) {
        if actor == NOBODY {
            return;
        }
        let instead = match want {
            Want::Instead(refused) => Some(refused.expose()[1..].parse().unwrap()),
            _ => None,
        };
        let refused = match instead {
            Some(_) => self.oracle.asked[actor].refused.clone(),
            None => Vec::new(),
        };
        let (start, start_step) = (self.now, self.step);
        self.oracle.asked[actor] =
            Asked { start, start_step, instead, refused, ..Asked::default() };
    }

    /// An actor finds the refresh lock of its client taken.
    pub(super) fn waits(&mut self, actor: usize) {
        let client = self.actors[actor].client;
        let step = self.step;
        let asked = &mut self.oracle.asked[actor];
        asked.waits_since.get_or_insert(step);
        let usable = asked.instead.is_none();
        let known = &self.oracle.clients[client];
        if let Some((_, access)) = known.memory
            && known.waits
            && usable
            && !self.config.ends_access
            && !self.clock_was_set()
            && self.works_for_client(access)
        {
            let text =
                format!("actor {actor} queues behind a pair that waits, and a{access} works");
            self.violation("A9", text);
        }
    }

    /// Whether an access token works, also by what its client knows of its end.
    fn works_for_client(&self, access: usize) -> bool {
        let early = if self.walls.len() > 1 { 45_000 } else { 50 };
        self.service.works(access, self.now)
            && self.now + early < self.service.access[access].told_end
    }

    /// The API has answered.
    pub(super) fn used(&mut self, actor: usize, access: usize, taken: bool) {
        self.check_durable(access);
        if actor != NOBODY && !taken {
            self.oracle.asked[actor].refused.push(access);
        }
    }

    fn check_durable(&mut self, access: usize) {
        let rotated = self.service.class != Class::None;
        if rotated && !self.oracle.durable.contains(&access) {
            self.violation("P2", format!("a{access} is used before its pair is in the store"));
        }
    }

    pub(super) fn judge(&mut self, actor: usize, want: &Want, result: &Result<Live>) {
        if actor == NOBODY {
            return;
        }
        let client = self.actors[actor].client;
        match result {
            Ok(live) => {
                let access = access_of(&live.token);
                self.note(actor, 5000, |_| format!("is given a{access}"));
                self.check_durable(access);
                let asked = &self.oracle.asked[actor];
                let known = &self.service.access[access];
                if self.now >= known.end
                    && known.issued < asked.start
                    && !self.clock_was_set()
                    && !self.clocks_differ()
                {
                    let ago = (self.now - known.end) / 1000;
                    self.violation("P6", format!("a{access}, handed out, ended {ago} s ago"));
                }
                if !want.fits(live) {
                    self.violation("P6", format!("a{access} was refused and is handed out again"));
                }
            }
            Err(error) => {
                self.note(actor, 5001, |_| format!("fails: {} ({error})", error.kind()));
                self.oracle.failed_calls += 1;
                self.judge_error(actor, client, error);
            }
        }
        let known = &mut self.oracle.clients[client];
        known.waits = !known.in_hand.is_empty();
    }

    fn judge_error(&mut self, actor: usize, client: usize, error: &Error) {
        let asked = self.oracle.asked[actor].clone();
        let fits = |access: usize| !asked.refused.contains(&access);
        // P4, P6: while a token works, the call goes on.
        if !self.clock_was_set() && !self.config.refuses {
            let stored = self.store.history.last().map(|record| access_of(&record.token));
            let readable = !asked.load_failed && self.now >= self.store.no_loads_until;
            let seen = self.oracle.stored_at <= asked.looked.max(asked.start_step);
            let stored = stored.filter(|_| readable && seen);
            let memory = self.oracle.clients[client].memory.map(|(_, access)| access);
            let works = [memory, stored].into_iter().flatten();
            let works = works.filter(|access| fits(*access)).find(|access| {
                self.works_for_client(*access) && self.oracle.durable.contains(access)
            });
            if let Some(access) = works {
                let text = format!("the call fails ({}) while a{access} works", error.kind());
                self.violation("P4/P6", text);
            }
        }
        // Without a fault nothing fails, but where there is no lock to wait for.
        if !self.faulty() && self.config.lock() != LockKind::None && !self.config.refuses {
            let text = format!("a call fails ({}) without any fault", error.kind());
            self.violation("P1", text);
        }
        match error {
            Error::Reauthorize(refusal) => self.judge_verdict(refusal.unanswered_since.is_some()),
            // It is true that the store did not give back what was saved.
            Error::Config(_) if self.oracle.excuses.rollback => {}
            Error::NotAuthorized(_) | Error::Config(_) => {
                self.violation("P7", format!("{} with a login in the store", error.kind()));
            }
            Error::Transport(_) if asked.unanswered => {
                let text = "a request had no answer, and the error says that it was never sent";
                self.violation("P8", text.to_owned());
            }
            _ => {}
        }
    }

    /// P7: a person is asked to log in only when no live token is left.
    fn judge_verdict(&mut self, unanswered: bool) {
        let Excuses { deadline, rollback, freed, clock, .. } = self.oracle.excuses;
        if deadline || rollback || freed || clock || self.weak() {
            return;
        }
        let live =
            self.in_living_hands().into_iter().find(|token| self.service.takes(*token, self.now));
        if let Some(live) = live {
            self.violation("P7", format!("a person is told to log in again while r{live} lives"));
        }
        let stored = self.store.history.last().map(refresh_of);
        let was = stored.is_some_and(|token| self.oracle.unanswered.contains(&token));
        if was && !unanswered {
            let text = "an earlier request was not answered, and the verdict does not say so";
            self.violation("P8", text.to_owned());
        }
        let may_be = self.oracle.faults.iter().any(|fault| {
            matches!(
                fault,
                Fault::Kill | Fault::Op(Failure::Before | Failure::After | Failure::Outage)
            )
        });
        if unanswered && !was && !may_be {
            let text = "the verdict speaks of a request without an answer, and there was none";
            self.violation("P8", text.to_owned());
        }
    }

    pub(super) fn closing(&mut self, client: usize) {
        self.oracle.clients[client].closing = true;
    }

    /// A client was dropped.
    pub(super) fn closed(&mut self, actor: usize, client: usize) {
        self.note(actor, 5002, |_| "drops its client".to_owned());
        let known = &mut self.oracle.clients[client];
        if known.in_hand.is_empty() {
            return;
        }
        known.in_hand.clear();
        let failed = known.failed_closing;
        self.oracle.excuses.unsaved = true;
        let held = self.store.held.is_some();
        if !failed && !held && !self.weak() && !self.oracle.excuses.rollback {
            let text = "a client is dropped with a pair that it could have saved";
            self.violation("P5", text.to_owned());
        }
    }

    /// Whether the loss of the login is one of those that nobody can prevent.
    pub(super) fn excused(&self) -> bool {
        let Excuses { lost, died, unsaved, late, deadline, rollback, freed, clock } =
            self.oracle.excuses;
        if rollback || freed || clock || self.weak() {
            return true;
        }
        let lost = lost && !self.comes_back_in_time();
        match self.service.class {
            Class::None | Class::UntilUsed => false,
            Class::UntilUsedFamily => late || deadline,
            _ => lost || died || unsaved || late || deadline,
        }
    }

    /// Within its window of grace, a token whose answer was cut off is sent again at once.
    fn comes_back_in_time(&self) -> bool {
        let cut =
            |fault: &Fault| matches!(fault, Fault::Op(Failure::LoseReply | Failure::BrokenAfter));
        self.service.class.has_window()
            && self.config.lock() == LockKind::FreedByDeath
            && self.config.latency() < 1_000
            && self.oracle.faults.len() == 1
            && self.oracle.faults.iter().all(cut)
    }

    /// Whether a live token is in the store.
    pub(super) fn reachable(&self) -> bool {
        let Some(record) = self.store.history.last() else { return false };
        let live = |token: usize| self.service.takes(token, self.now);
        live(refresh_of(record)) || spare_of(record).is_some_and(live)
    }

    pub(super) fn is_plain(&self) -> bool {
        self.store.history.last().is_some_and(|record| {
            record.note.is_none()
                && record.refused.is_none()
                && self.service.takes(refresh_of(record), self.now)
        })
    }
}

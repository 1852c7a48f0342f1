//! The world of a schedule: a clock, a store, a service, and actors, one of which goes on at a time.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::config::Config;
use super::oracle::Oracle;
use super::schedule::{ANYWHERE, Chooser, Failure, Fault, Point, failures};
use super::server::Service;
use super::*;

/// How much later (ms) an actor may be ready and still go on before an actor that is ready now.
const SHORT: u64 = 2_000;
/// How long an outage lasts (ms).
const OUTAGE: u64 = 600_000;
/// The wall clock of host 0 when the monotonic clock is 0 (s since 1970).
pub(super) const START: u64 = 1_767_225_600;
pub(super) const NOBODY: usize = usize::MAX;

/// What an actor waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Status {
    Ready,
    Until(u64),
    /// The answer to a request.
    Reply(usize),
    /// The store's lock, until this time at most.
    Lock(u64),
    /// The refresh lock of its client.
    Turn,
    Done,
}

pub(super) struct Actor {
    pub(super) client: usize,
    pub(super) status: Status,
    pub(super) dead: bool,
    /// The point that the actor reached last, and when.
    pub(super) reached: (Point, u64),
}

pub(super) struct Process {
    pub(super) host: usize,
    pub(super) dead: bool,
    pub(super) stopped_until: u64,
}

pub(super) struct ClientState {
    pub(super) process: usize,
    pub(super) keeper: Option<Arc<Keeper>>,
    pub(super) actors: usize,
}

/// A token request between its sender and the service.
pub(super) struct Request {
    pub(super) actor: usize,
    pub(super) client: usize,
    pub(super) token: usize,
    /// When its sender began to send the request, and when the request left.
    pub(super) asked_at: u64,
    pub(super) sent_at: u64,
    /// The date of its sender's refresh note, from which other clients count.
    pub(super) noted_at: u64,
    pub(super) sent_step: u32,
    pub(super) arrives_at: Option<u64>,
    /// When the sender gets the answer, or learns that no answer comes.
    pub(super) heard_at: u64,
    pub(super) failure: Option<Failure>,
    /// The answer, once the service has decided.
    pub(super) decided: Option<Option<(usize, usize)>>,
    /// Whether its sender still waits for the answer.
    pub(super) awaited: bool,
    /// Whether the request was sent because the API refused an access token.
    pub(super) mends: bool,
}

pub(super) struct Held {
    pub(super) id: u64,
    pub(super) client: usize,
    pub(super) until: u64,
}

pub(super) struct Store {
    pub(super) history: Vec<Record>,
    pub(super) held: Option<Held>,
    pub(super) locks: u64,
    pub(super) lock_deleted: bool,
    pub(super) no_locks_until: u64,
    pub(super) no_loads_until: u64,
    pub(super) no_saves_until: u64,
}

pub(super) struct State {
    pub(super) config: Config,
    pub(super) now: u64,
    pub(super) step: u32,
    /// How far the wall clock of each host is from the wall clock of the first host at the start (ms).
    pub(super) walls: Vec<i64>,
    pub(super) actors: Vec<Actor>,
    pub(super) processes: Vec<Process>,
    pub(super) clients: Vec<ClientState>,
    pub(super) current: usize,
    pub(super) unfinished: usize,
    pub(super) store: Store,
    pub(super) service: Service,
    pub(super) requests: Vec<Request>,
    pub(super) chooser: Chooser,
    pub(super) budget: usize,
    pub(super) oracle: Oracle,
    pub(super) hash: u64,
    pub(super) trace: Option<Vec<String>>,
}

pub(super) struct World {
    pub(super) state: Mutex<State>,
    pub(super) rules: Rules,
    pub(super) wakes: [Condvar; 4],
    pub(super) done: Condvar,
}

impl State {
    /// Writes a line of the trace, and adds it to the hash that distinguishes schedules.
    pub(super) fn note(&mut self, who: usize, code: u64, text: impl FnOnce(&State) -> String) {
        self.hash = (self.hash ^ code ^ (who as u64) << 48).wrapping_mul(0x0100_0000_01b3);
        if self.trace.is_some() {
            let who = match who {
                NOBODY => "world".to_owned(),
                who => {
                    let client = self.actors[who].client;
                    let process = self.clients[client].process;
                    format!("{}@{process}", ["A", "B", "C", "D"][who])
                }
            };
            let (seconds, ms) = (self.now / 1000, self.now % 1000);
            let text = text(self);
            let line = format!("{seconds:>6}.{ms:03} s  {who:<6} {text}");
            if !text.is_empty()
                && let Some(trace) = &mut self.trace
            {
                trace.push(line);
            }
        }
    }

    pub(super) fn process_of(&self, actor: usize) -> usize {
        self.clients[self.actors[actor].client].process
    }

    pub(super) fn wall(&self, host: usize) -> i64 {
        START as i64 * 1000 + self.now as i64 + self.walls[host]
    }

    /// Lets time pass, and serves the requests that arrive meanwhile.
    pub(super) fn advance(&mut self, to: u64) {
        loop {
            let due = self.requests.iter().enumerate().filter_map(|(index, request)| {
                let at = request.arrives_at.filter(|_| request.decided.is_none())?;
                (at <= to).then_some((at, index))
            });
            let Some((at, index)) = due.min() else { break };
            self.now = self.now.max(at);
            self.decide(index);
        }
        self.now = self.now.max(to);
    }

    fn decide(&mut self, index: usize) {
        let token = self.requests[index].token;
        let answer = match self.requests[index].failure {
            Some(Failure::Broken) => None,
            _ => self.service.refresh(token, self.now),
        };
        if let Some((_, access)) = answer {
            let asked_at = self.requests[index].asked_at;
            self.service.access[access].told_end = asked_at + self.service.life;
        }
        self.requests[index].decided = Some(answer);
        self.note(NOBODY, 1000 + answer.is_some() as u64, |state| match answer {
            _ if state.requests[index].failure == Some(Failure::Broken) => {
                format!("the service answers 500 to r{token} and decides nothing")
            }
            Some((refresh, access)) => {
                format!("the service replaces r{token}: r{refresh} and a{access}")
            }
            None if state.service.ended => {
                format!("the service refuses r{token}: the login was revoked")
            }
            None => format!("the service refuses r{token}"),
        });
        self.decided(index);
    }

    pub(super) fn lock_free(&self) -> bool {
        self.store.held.as_ref().is_none_or(|held| self.now >= held.until)
    }

    /// When an actor can go on, if that is known.
    fn ready_at(&self, actor: usize) -> Option<u64> {
        let known = &self.actors[actor];
        if known.dead {
            return None;
        }
        let at = match known.status {
            Status::Ready => self.now,
            Status::Until(at) => at,
            Status::Reply(index) => self.requests[index].heard_at,
            Status::Lock(until) => match &self.store.held {
                Some(held) => held.until.min(until),
                None => self.now,
            },
            Status::Turn => {
                let keeper = self.clients[known.client].keeper.as_ref();
                if keeper.is_some_and(|keeper| keeper.turn.try_lock().is_none()) {
                    return None;
                }
                self.now
            }
            Status::Done => return None,
        };
        let process = &self.processes[self.process_of(actor)];
        Some(at.max(self.now).max(process.stopped_until))
    }

    /// The actors that may go on. The first actor is the default.
    pub(super) fn candidates(&self, me: usize) -> Vec<(u64, usize)> {
        let mut list: Vec<(u64, usize)> = (0..self.actors.len())
            .filter_map(|actor| self.ready_at(actor).map(|at| (at, actor)))
            .collect();
        list.sort_by_key(|(at, actor)| (*at, *actor != me, *actor));
        if let Some((first, _)) = list.first().copied() {
            list.retain(|(at, _)| *at <= first + SHORT);
        }
        list
    }

    /// The faults that are possible here.
    pub(super) fn faults(&self, point: Point, failed: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !failed && (self.config.told < 2 || point == Point::Connect) {
            faults.extend(failures(point).iter().map(|failure| Fault::Op(*failure)));
        }
        if self.config.told > 1 {
            // Two policies are compared only under faults of the network and deaths of processes.
            faults.push(Fault::Kill);
            return faults;
        }
        faults.extend(ANYWHERE);
        let depth = self.store.history.len();
        faults.extend((1..=3).filter(|back| *back < depth).map(Fault::Rollback));
        if self.config.lock() != LockKind::None && !self.lock_free() {
            faults.push(Fault::FreeLock);
        }
        faults
    }

    pub(super) fn kill(&mut self, process: usize) {
        self.processes[process].dead = true;
        for actor in 0..self.actors.len() {
            if self.process_of(actor) == process
                && !matches!(self.actors[actor].status, Status::Done)
            {
                self.actors[actor].dead = true;
            }
        }
        let of_process = |client: usize| self.clients[client].process == process;
        if self.config.lock() == LockKind::FreedByDeath
            && self.store.held.as_ref().is_some_and(|held| of_process(held.client))
        {
            self.store.held = None;
        }
        self.died(process);
    }

    /// Applies a fault.
    pub(super) fn strike(&mut self, me: usize, fault: Fault) {
        let process = self.process_of(me);
        self.oracle.faults.push(fault);
        self.note(me, 2000, |_| match fault {
            Fault::Kill => "FAULT: the process dies".to_owned(),
            Fault::Stop(seconds) => format!("FAULT: the process is stopped for {seconds} s"),
            Fault::Wall(seconds) => format!("FAULT: the wall clock is set by {seconds} s"),
            Fault::Rollback(back) => format!("FAULT: the store goes back by {back} records"),
            Fault::FreeLock => "FAULT: the lock is freed under its holder".to_owned(),
            Fault::Op(failure) => format!("FAULT: what comes next fails: {failure:?}"),
        });
        match fault {
            Fault::Kill => self.kill(process),
            Fault::Stop(seconds) => {
                self.processes[process].stopped_until = self.now + seconds * 1000;
                self.stopped(process);
            }
            Fault::Wall(seconds) => {
                self.walls[self.processes[process].host] += seconds * 1000;
                // Deadlines use the wall clock, because processes share no other clock.
                self.oracle.excuses.clock |= self.config.lock() != LockKind::FreedByDeath;
            }
            Fault::Rollback(back) => {
                let kept = self.store.history.len() - back;
                let record = self.store.history[kept - 1].clone();
                // Keep the skipped records: a second rollback may restore them.
                self.store.history.push(record);
                self.rolled_back();
            }
            Fault::FreeLock => {
                self.freed();
                self.store.held = None;
                self.store.lock_deleted = true;
            }
            Fault::Op(_) => {}
        }
    }

    /// Starts a process after all others have ended, and returns the number of its client.
    pub(super) fn new_process(&mut self) -> usize {
        self.processes.push(Process { host: 0, dead: false, stopped_until: 0 });
        let process = self.processes.len() - 1;
        self.clients.push(ClientState { process, keeper: None, actors: 0 });
        self.clients.len() - 1
    }

    pub(super) fn outage(&mut self, until: fn(&mut Store) -> &mut u64) {
        *until(&mut self.store) = self.now + OUTAGE;
    }
}

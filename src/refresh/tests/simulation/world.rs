//! One schedule's world: a clock, a store, a service, and actors of whom one at a time goes on.

use std::cell::Cell;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::config::{Config, LEFT};
use super::oracle::Oracle;
use super::schedule::{ANYWHERE, Chooser, Failure, Fault, Point, failures};
use super::server::Service;
use super::*;

/// How far an actor that waits may overtake one that could go on (ms).
const SHORT: u64 = 2_000;
/// More steps than any schedule that ends.
const STEPS: u32 = 4_000;
/// How long an outage lasts (ms).
const OUTAGE: u64 = 600_000;
/// The wall clock of host 0 when the monotonic clock is 0 (s since 1970).
const START: u64 = 1_767_225_600;
pub(super) const NOBODY: usize = usize::MAX;

thread_local! {
    static ME: Cell<usize> = const { Cell::new(NOBODY) };
}

/// The actor that this thread is.
pub(super) fn me() -> usize {
    ME.get()
}

pub(super) fn become_actor(me: usize) {
    ME.set(me);
}

/// The payload of the panic that ends the threads of a process that was killed.
pub(super) struct Killed;

fn die() {
    if !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Killed));
    }
}

/// What an actor waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Status {
    Ready,
    Until(u64),
    /// The answer to a request.
    Reply(usize),
    /// The store's lock, until then at most.
    Lock(u64),
    /// The refresh lock of its client.
    Turn,
    Done,
}

pub(super) struct Actor {
    pub(super) client: usize,
    pub(super) status: Status,
    pub(super) dead: bool,
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

/// A token request on its way.
pub(super) struct Request {
    pub(super) actor: usize,
    pub(super) client: usize,
    pub(super) token: usize,
    /// When its sender began to send it, and when it left.
    pub(super) asked_at: u64,
    pub(super) sent_at: u64,
    pub(super) sent_step: u32,
    pub(super) arrives_at: Option<u64>,
    /// When its sender hears of it: the answer, or that there is none.
    pub(super) heard_at: u64,
    pub(super) failure: Option<Failure>,
    /// The answer, once it is decided.
    pub(super) decided: Option<Option<(usize, usize)>>,
    /// Its sender still waits for it.
    pub(super) awaited: bool,
    /// Whether it is sent because the API refused an access token.
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
    /// How far the wall clock of each host is from the first one's at the start (ms).
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
    wakes: [Condvar; 4],
    done: Condvar,
}

impl State {
    /// Writes a line of the trace, and makes it part of what tells schedules apart.
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
            let line = format!("{seconds:>6}.{ms:03} s  {who:<6} {}", text(self));
            if let Some(trace) = &mut self.trace {
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

    /// Time passes; what arrives at the service meanwhile is decided.
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
                format!("the service refuses r{token}: the login has ended")
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

    /// Who may go on, the first as a matter of course.
    fn candidates(&self, me: usize) -> Vec<(u64, usize)> {
        let mut list: Vec<(u64, usize)> = (0..self.actors.len())
            .filter_map(|actor| self.ready_at(actor).map(|at| (at, actor)))
            .collect();
        list.sort_by_key(|(at, actor)| (*at, *actor != me, *actor));
        if let Some((first, _)) = list.first().copied() {
            list.retain(|(at, _)| *at <= first + SHORT);
        }
        list
    }

    /// What can go wrong here.
    fn faults(&self, point: Point, failed: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !failed && (self.config.told < 2 || point == Point::Connect) {
            faults.extend(failures(point).iter().map(|failure| Fault::Op(*failure)));
        }
        if self.config.told > 1 {
            // Two policies are compared by what the wire and a death do to them.
            faults.push(Fault::Kill);
            return faults;
        }
        // To be stopped between the last look at the clock and the return is to be stopped after it.
        let stops = |fault: &&Fault| point != Point::Unlock || !matches!(fault, Fault::Stop(_));
        faults.extend(ANYWHERE.iter().filter(stops));
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

    /// Makes it go wrong.
    fn strike(&mut self, me: usize, fault: Fault) {
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
                // Deadlines go by the wall clock, for lack of another that processes share.
                self.oracle.excuses.clock |= self.config.lock() != LockKind::FreedByDeath;
            }
            Fault::Rollback(back) => {
                let kept = self.store.history.len() - back;
                let record = self.store.history[kept - 1].clone();
                // The records between are not forgotten: a second rollback may bring them back.
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

    /// A process that starts when all others have ended; the number of its client.
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

impl World {
    pub(super) fn new(config: Config, chooser: Chooser, trace: bool) -> Arc<World> {
        let shape = config.shape();
        let service =
            Service::new(config.class(), config.window(), config.life(), config.ends_access);
        let rules = setup::rules(&config);
        let record = setup::first_record(&config, &rules, START);
        let clients = shape.processes.iter().enumerate().map(|(client, process)| ClientState {
            process: *process,
            keeper: None,
            actors: shape.clients.iter().filter(|of| **of == client).count(),
        });
        let actors = shape.clients.iter();
        let actors: Vec<Actor> = actors
            .map(|client| Actor { client: *client, status: Status::Ready, dead: false })
            .collect();
        let hosts = 1 + shape.hosts.iter().max().copied().unwrap_or_default();
        let state = State {
            config,
            now: 0,
            step: 0,
            walls: (0..hosts).map(|host| host as i64 * 20_000).collect(),
            current: NOBODY,
            unfinished: 0,
            processes: shape
                .hosts
                .iter()
                .map(|host| Process { host: *host, dead: false, stopped_until: 0 })
                .collect(),
            clients: clients.collect(),
            oracle: Oracle::new(shape.clients.len(), shape.processes.len()),
            actors,
            store: Store {
                history: vec![record],
                held: None,
                locks: 0,
                lock_deleted: false,
                no_locks_until: 0,
                no_loads_until: 0,
                no_saves_until: 0,
            },
            service,
            requests: Vec::new(),
            chooser,
            budget: config.faults,
            hash: 0xcbf2_9ce4_8422_2325,
            trace: trace.then(Vec::new),
        };
        let world = World {
            state: Mutex::new(state),
            rules,
            wakes: std::array::from_fn(|_| Condvar::new()),
            done: Condvar::new(),
        };
        let world = Arc::new(world);
        for client in 0..shape.processes.len() {
            let keeper = Arc::new(world.keeper(client, world.rules.clone()));
            if config.warm {
                let _ = keeper.access(&Want::Usable);
            }
            world.state.lock().clients[client].keeper = Some(keeper);
        }
        let mut state = world.state.lock();
        let start = config.life() as i64 - LEFT[config.left] * 1000;
        state.advance(start.max(0) as u64);
        drop(state);
        world
    }

    /// A point where another may go on, or something may go wrong. Returns how the call fails that
    /// the actor is about to make.
    pub(super) fn reach(&self, point: Point, status: Status) -> Option<Failure> {
        let me = me();
        let mut state = self.state.lock();
        if me == NOBODY {
            let until = match status {
                Status::Until(at) => at,
                Status::Reply(index) => state.requests[index].heard_at,
                _ => state.now,
            };
            state.advance(until);
            return None;
        }
        if state.actors[me].dead {
            drop(state);
            die();
            return None;
        }
        if std::thread::panicking() {
            return None;
        }
        state.step += 1;
        let now = state.now + 1;
        state.advance(now);
        state.actors[me].status = status;
        if state.step > STEPS {
            state.violation("END", "the schedule does not end".to_owned());
            self.stop_all(&mut state);
        }
        let mut failure = None;
        while !state.actors[me].dead {
            let go = state.candidates(me);
            if go.is_empty() {
                state.violation("END", "nobody can go on: each waits for another".to_owned());
                self.stop_all(&mut state);
                break;
            }
            let faults =
                if state.budget > 0 { state.faults(point, failure.is_some()) } else { Vec::new() };
            let choice = state.chooser.choose(go.len(), faults.len());
            let Some((at, next)) = go.get(choice).copied() else {
                let fault = faults[choice - go.len()];
                state.budget -= 1;
                state.strike(me, fault);
                if let Fault::Op(op) = fault {
                    failure = Some(op);
                }
                continue;
            };
            state.advance(at);
            if next != me {
                state.note(next, 7, |_| "goes on".to_owned());
                self.hand_over(&mut state, next);
                while state.current != me && !state.actors[me].dead {
                    self.wakes[me].wait(&mut state);
                }
            }
            break;
        }
        if state.actors[me].dead {
            if state.current == me {
                self.next(&mut state, me);
            }
            self.wake_dead(&state);
            drop(state);
            die();
            return None;
        }
        state.actors[me].status = Status::Ready;
        let code = point as u64 * 16 + failure.map_or(0, |failure| 1 + failures_code(failure));
        state.note(me, code, |_| format!("{point:?}"));
        failure
    }

    fn hand_over(&self, state: &mut MutexGuard<'_, State>, next: usize) {
        state.current = next;
        self.wakes[next].notify_one();
    }

    /// The turn of whoever comes next, where `me` has ended.
    fn next(&self, state: &mut MutexGuard<'_, State>, me: usize) {
        let go = state.candidates(me);
        if go.is_empty() {
            state.current = NOBODY;
            let waits = |actor: &Actor| !actor.dead && !matches!(actor.status, Status::Done);
            if state.actors.iter().any(waits) {
                state.violation("END", "nobody can go on: each waits for another".to_owned());
                self.stop_all(state);
            }
            return;
        }
        let choice = state.chooser.choose(go.len(), 0);
        let (at, next) = go[choice];
        state.advance(at);
        self.hand_over(state, next);
    }

    fn stop_all(&self, state: &mut MutexGuard<'_, State>) {
        for actor in &mut state.actors {
            actor.dead = true;
        }
        for process in &mut state.processes {
            process.dead = true;
        }
        state.current = NOBODY;
        self.wake_dead(state);
    }

    fn wake_dead(&self, state: &MutexGuard<'_, State>) {
        for (actor, wake) in state.actors.iter().zip(&self.wakes) {
            if actor.dead {
                wake.notify_one();
            }
        }
    }

    /// Starts the actors, and waits until all have ended. `start` starts the thread of one.
    pub(super) fn run(self: &Arc<World>, start: &mut dyn FnMut(usize)) {
        let actors = {
            let mut state = self.state.lock();
            state.unfinished = state.actors.len();
            state.current = 0;
            state.actors.len()
        };
        for actor in 0..actors {
            start(actor);
        }
        let mut state = self.state.lock();
        while state.unfinished > 0 {
            self.done.wait(&mut state);
        }
    }

    /// An actor's thread waits here for its first turn.
    pub(super) fn begin(&self, me: usize) {
        let mut state = self.state.lock();
        while state.current != me && !state.actors[me].dead {
            self.wakes[me].wait(&mut state);
        }
    }

    /// An actor's thread has ended, by its program or by the death of its process.
    pub(super) fn end(&self, me: usize) {
        let mut state = self.state.lock();
        if !state.actors[me].dead {
            state.actors[me].status = Status::Done;
            if state.current == me {
                self.next(&mut state, me);
            }
        }
        state.unfinished -= 1;
        if state.unfinished == 0 {
            self.done.notify_one();
        }
    }
}

fn failures_code(failure: Failure) -> u64 {
    match failure {
        Failure::Before => 0,
        Failure::After => 1,
        Failure::Outage => 2,
        Failure::Never => 3,
        Failure::LoseRequest => 4,
        Failure::LoseReply => 5,
        Failure::Silence => 6,
        Failure::Late(_) => 7,
        Failure::Broken => 8,
        Failure::BrokenAfter => 9,
    }
}

//! Makes clients and their first record.

use parking_lot::Condvar;

use super::config::{Config, LEFT};
use super::handle::Handle;
use super::oracle::Oracle;
use super::schedule::{Chooser, Point};
use super::server::{Class, Service};
use super::world::{Actor, ClientState, NOBODY, Process, START, State, Status, Store, World};
use super::*;

pub(super) fn rules(config: &Config) -> Rules {
    let window = Duration::from_millis(config.window());
    let rotation = match config.class() {
        _ if config.told == 1 => Rotation::Unknown,
        _ if config.told == 2 => Rotation::Strict,
        _ if config.told == 3 => Rotation::StrictFamily,
        Class::None => Rotation::None,
        Class::UntilUsed | Class::UntilUsedFamily => Rotation::UntilUsed,
        Class::Grace | Class::GraceFirstDies => Rotation::Grace(window),
        Class::GraceFamily => Rotation::GraceThenFamily(window),
        Class::Strict => Rotation::Strict,
        Class::StrictFamily => Rotation::StrictFamily,
    };
    let mut world = super::World::new(rotation);
    world.rules.ends_access_token = config.ends_access;
    world.rules
}

/// The record at the start: `r0` and `a0`, issued when the clock stands at `start`.
pub(super) fn first_record(config: &Config, rules: &Rules, start: u64) -> Record {
    let at = clock::utc(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(start));
    let token = Token::new("a0")
        .with_refresh_token("r0")
        .with_issued_at(at)
        .with_expires_at(clock::later(at, Duration::from_millis(config.life())));
    let mut record = Record::new_login(token, None);
    record.binding = Some(rules.binding.clone());
    record
}

impl World {
    pub(super) fn new(config: Config, chooser: Chooser, trace: bool) -> Arc<World> {
        let shape = config.shape();
        let service =
            Service::new(config.class(), config.window(), config.life(), config.ends_access);
        let rules = rules(&config);
        let record = first_record(&config, &rules, START);
        let clients = shape.processes.iter().enumerate().map(|(client, process)| ClientState {
            process: *process,
            keeper: None,
            actors: shape.clients.iter().filter(|of| **of == client).count(),
        });
        let actors = shape.clients.iter();
        let actors: Vec<Actor> = actors
            .map(|client| Actor {
                client: *client,
                status: Status::Ready,
                dead: false,
                reached: (Point::Start, 0),
            })
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

    /// Makes a client in its process.
    pub(super) fn keeper(self: &Arc<World>, client: usize, rules: Rules) -> Keeper {
        let process = self.state.lock().clients[client].process;
        let handle = Handle { world: Arc::clone(self), client, process };
        let clock: Arc<dyn Clock> = Arc::new(handle.clone());
        Keeper::new(Box::new(handle.clone()), Box::new(handle), clock, rules, None)
    }
}

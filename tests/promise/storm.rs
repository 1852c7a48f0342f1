//! Tests all faults together, in any order: clients start and end on one store that sometimes fails,
//! and the service cuts connections, is unreachable and answers nonsense. At every step, no token is used
//! whose token pair the store never held, and a login is lost only in the cases that no client can prevent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, Durability, Guard, Record};
use evergrant::clock::Clock as _;
use evergrant::provider::Rotation;
use evergrant::sandbox::{EventKind, Fault};
use evergrant::{BoxError, Client, FileBackend, TokenBackend};

use crate::kills::Random;
use crate::worker::{call, said};
use crate::world::{CLASSES, World, everything, name};

const STEPS: usize = 120;

/// The state of the store, which all clients of a world share.
struct Weather {
    random: Random,
    bad: bool,
    /// How many saves are still to fail.
    broken: u64,
    /// The refresh tokens that the store has held.
    held: HashSet<String>,
    /// The refresh tokens that living clients could not save yet.
    in_hand: HashMap<usize, String>,
    clients: usize,
}

/// A file store whose calls sometimes fail, before or after they have done their work.
struct Store {
    file: FileBackend,
    weather: Arc<Mutex<Weather>>,
    client: usize,
}

impl Store {
    /// Whether the disk fails. A failing disk fails several times in a row, more times than one call tries.
    fn is_broken(&self) -> bool {
        let mut weather = self.weather.lock().unwrap();
        if weather.bad && weather.broken == 0 && weather.random.below(10) == 0 {
            weather.broken = 1 + weather.random.below(6);
        }
        let broken = weather.bad && weather.broken > 0;
        weather.broken = weather.broken.saturating_sub(1);
        broken
    }

    fn fails(&self, one_in: u64) -> bool {
        let mut weather = self.weather.lock().unwrap();
        weather.bad && weather.random.below(one_in) == 0
    }
}

fn failed<T>() -> Result<T, BoxError> {
    Err(BackendError::Unavailable("it fails on command".to_owned()).into())
}

/// When the client ends, a token pair that it could not save is lost.
impl Drop for Store {
    fn drop(&mut self) {
        self.weather.lock().unwrap().in_hand.remove(&self.client);
    }
}

impl TokenBackend for Store {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        if self.fails(30) { failed() } else { self.file.load() }
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let token = name(record.token().refresh_token().unwrap());
        if self.is_broken() {
            if record.note().is_none() {
                self.weather.lock().unwrap().in_hand.insert(self.client, token);
            }
            return failed();
        }
        self.file.save(record)?;
        {
            let mut weather = self.weather.lock().unwrap();
            weather.in_hand.remove(&self.client);
            weather.held.insert(token);
        }
        if self.fails(10) { failed() } else { Ok(()) }
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.file.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        if self.fails(30) { failed() } else { self.file.lock(wait) }
    }
    fn durability(&self) -> Durability {
        self.file.durability()
    }
    fn describe(&self) -> String {
        self.file.describe()
    }
}

struct Storm {
    world: World,
    weather: Arc<Mutex<Weather>>,
    seed: u64,
    /// The refresh tokens of logins that were lost.
    lost: Vec<String>,
}

impl Storm {
    fn client(&self) -> Client {
        // Wait only a short time for the lock, because clients often find it held here.
        let file = FileBackend::new(&self.world.path).with_clock(self.world.clock.clone());
        let mut weather = self.weather.lock().unwrap();
        weather.clients += 1;
        let client = weather.clients;
        let store = Store { file, weather: Arc::clone(&self.weather), client };
        self.world.client_on(store, self.world.clock.clone())
    }

    fn log_in(&self) {
        self.weather.lock().unwrap().bad = false;
        self.world.sandbox.clear_faults();
        let client = self.client();
        let authorization = client.authorize(&[]).unwrap();
        let callback = self.world.sandbox.approve(authorization.url()).unwrap();
        client.exchange(authorization, &callback).unwrap();
        self.weather.lock().unwrap().bad = true;
    }

    /// Checks what must hold after each answer.
    fn check(&mut self, answer: &str) {
        let what = format!("seed {}, {:?}: {answer}", self.seed, self.world.rotation);
        if let Some(access) = answer.strip_prefix("ok at-") {
            let events = self.world.sandbox.events();
            let access = format!("at-{access}");
            let issued = events.iter().find(|event| {
                let kinds = [EventKind::LoginBegan, EventKind::Refreshed, EventKind::Recovered];
                kinds.contains(&event.kind) && event.access_token.as_ref() == Some(&access)
            });
            let refresh = issued.and_then(|event| event.refresh_token.clone());
            if let Some(refresh) = refresh {
                let held = self.weather.lock().unwrap().held.contains(&refresh);
                assert!(held, "a token is used that no store has held: {what}");
            }
            return;
        }
        let kind = answer.split(' ').next().unwrap_or_default();
        let expected = ["ok", "backend", "busy", "not_saved", "outcome_unknown", "rate_limited"];
        if kind != "reauthorize" {
            assert!(expected.contains(&kind), "{what}");
            return;
        }
        let spent = self.world.stored_name();
        let Weather { held, in_hand, .. } = &*self.weather.lock().unwrap();
        let events = self.world.sandbox.events();
        let unheld = events.iter().find(|event| {
            let successor = event.refresh_token.as_ref();
            event.kind == EventKind::Refreshed
                && event.spent.as_ref() == Some(&spent)
                && successor.is_some_and(|successor| !held.contains(successor))
        });
        let unheld =
            unheld.unwrap_or_else(|| panic!("the successor of {spent} was not lost: {what}"));
        let next_door = in_hand.values().any(|token| unheld.refresh_token.as_ref() == Some(token));
        assert!(!next_door, "another client holds the pair: {what}");
        if let Rotation::Grace(window) | Rotation::GraceThenFamily(window) = self.world.rotation {
            let ago = self.world.clock.now_utc() - unheld.at;
            assert!(ago >= window, "lost inside the window: {what}");
        }
        let safe = matches!(self.world.rotation, Rotation::None | Rotation::UntilUsed);
        assert!(!safe, "a login is lost: {what}");
        assert!(answer.contains("the answer with the new refresh token was lost"), "{what}");
        self.lost.push(spent);
    }
}

fn fault(random: &mut Random) -> Fault {
    let body = |commit| Fault::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        body: b"{\"refresh_token\":7".to_vec(),
        commit,
    };
    match random.below(9) {
        0 => Fault::CutBefore,
        1 => Fault::CutAfter,
        2 => Fault::CutMid(60),
        3 => Fault::StatusBefore(503),
        4 => Fault::StatusAfter(502),
        5 => Fault::TooMany(Some(20)),
        6 => Fault::Unavailable(Some(20)),
        7 => body(true),
        _ => body(false),
    }
}

fn storm(world: World, seed: u64) -> (usize, u64, u64) {
    let mut random = Random(seed | 1);
    let weather = Arc::new(Mutex::new(Weather {
        random: Random(seed ^ 0x9e37_79b8 | 1),
        bad: false,
        broken: 0,
        held: HashSet::new(),
        in_hand: HashMap::new(),
        clients: 0,
    }));
    let mut storm = Storm { world, weather, seed, lost: Vec::new() };
    storm.log_in();
    let mut clients: Vec<Client> = (0..3).map(|_| storm.client()).collect();
    for step in 0..STEPS {
        if storm.world.bound && step % 5 == 0 {
            storm.world.sandbox.renew_dpop_nonces();
        }
        match random.below(12) {
            0 => storm.world.sandbox.fault(fault(&mut random)),
            1 => storm.world.sandbox.faults(2, fault(&mut random)),
            2 | 3 => storm.world.sandbox.clear_faults(),
            _ => {}
        }
        let at = random.below(3) as usize;
        let answer = match random.below(10) {
            0..=3 => call(&clients[at]),
            4 | 5 => said(clients[at].refresh().map(|()| String::new())),
            6 => {
                // If the API refuses a token within 10 s that the client requested after a 401, the client
                // passes on the API's answer.
                storm.world.clock.advance(Duration::from_secs(11));
                storm.world.sandbox.expire_access_tokens();
                call(&clients[at])
            }
            7 | 8 => {
                storm.world.clock.advance(Duration::from_secs(random.below(2400)));
                call(&clients[at])
            }
            _ => {
                // The process of the client ends: its lock is free, and its unsaved token pair is gone.
                clients[at] = storm.client();
                continue;
            }
        };
        storm.check(&answer);
        if answer.starts_with("reauthorize ") {
            storm.log_in();
        }
    }
    // All faults end: once no client has an unsaved token pair, the login works again.
    storm.weather.lock().unwrap().bad = false;
    storm.world.sandbox.clear_faults();
    drop(clients);
    storm.world.clock.advance(Duration::from_secs(86_400));
    let answer = call(&storm.client());
    storm.check(&answer);
    assert!(["ok", "reauthorize"].contains(&answer.split(' ').next().unwrap()), "{answer}");
    let counters = storm.world.sandbox.counters();
    (storm.lost.len(), counters.refreshes, counters.recovered)
}

#[test]
fn a_storm_of_faults_uses_no_unsaved_token() {
    storms(World::new);
}

pub(crate) fn storms(make: fn(Rotation) -> World) {
    let rounds = if everything() { 40 } else { 4 };
    let now = evergrant::clock::SystemClock.now();
    let nanos = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let base = std::env::var("EVERGRANT_SEED").map_or(nanos, |seed| seed.parse().unwrap());
    let total: Mutex<HashMap<&str, (usize, u64, u64)>> = Mutex::default();
    std::thread::scope(|scope| {
        for (class, rotation) in CLASSES {
            let total = &total;
            scope.spawn(move || {
                for round in 0..rounds {
                    let (lost, refreshes, recovered) = storm(make(rotation), base + 2 * round);
                    let mut total = total.lock().unwrap();
                    let entry = total.entry(class).or_default();
                    *entry = (entry.0 + lost, entry.1 + refreshes, entry.2 + recovered);
                }
            });
        }
    });
    for (class, (lost, refreshes, recovered)) in total.into_inner().unwrap() {
        println!(
            "{class}: {rounds} storms of {STEPS} steps, {refreshes} refreshes, {recovered} \
             recovered, {lost} lost"
        );
    }
}

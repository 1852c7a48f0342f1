//! Tests of clause P7 of the promise: a script that knows neither the lock nor the rules of the record
//! refreshes on the same store. The script sends the stored refresh token itself and writes the new token
//! pair into the file, in place.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::backend::{Guard, Record};
use evergrant::clock::{Clock, ManualClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};
use evergrant::{BoxError, FileBackend, TokenBackend};
use serde_json::Value;

use crate::worker::call;
use crate::world::{CLASSES, GRACE, LIFE, PATIENCE, World, is_alive, name};

/// The answer that the script got. [`Script::refresh`] and [`Script::write`] are the two halves of the
/// script's work.
struct Script {
    pair: Value,
}

impl Script {
    /// Sends the stored refresh token; `None` when it is refused.
    fn refresh(world: &World) -> Option<Script> {
        let stored: Value = serde_json::from_slice(&std::fs::read(&world.path).unwrap()).unwrap();
        let refresh_token = stored["token"]["refresh_token"].as_str().unwrap();
        let basic = STANDARD.encode("sandbox-client:sandbox-secret");
        let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
        let mut answer = ureq::Agent::from(agent)
            .post(format!("{}/token", world.sandbox.url()))
            .header("Authorization", format!("Basic {basic}"))
            .send_form([("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
            .unwrap();
        let granted = answer.status() == 200;
        granted.then(|| Script { pair: answer.body_mut().read_json().unwrap() })
    }

    fn write(&self, world: &World) {
        let mut stored: Value =
            serde_json::from_slice(&std::fs::read(&world.path).unwrap()).unwrap();
        let token = &mut stored["token"];
        token["access_token"] = self.pair["access_token"].clone();
        if let Some(refresh_token) = self.pair.get("refresh_token") {
            token["refresh_token"] = refresh_token.clone();
        }
        let now = world.clock.now_utc();
        let date = |date: time::OffsetDateTime| {
            date.format(&time::format_description::well_known::Rfc3339).unwrap()
        };
        token["issued_at"] = date(now).into();
        token["expires_at"] = date(now + LIFE).into();
        std::fs::write(&world.path, stored.to_string()).unwrap();
    }

    fn run(world: &World) {
        Script::refresh(world).expect("the script is not refused").write(world);
    }
}

/// Makes a world whose first token has just expired.
fn ended(rotation: Rotation) -> Arc<World> {
    let world = World::with(rotation, |builder| builder.second_pair_ends_first(true));
    world.seed();
    world.clock.advance(LIFE);
    Arc::new(world)
}

#[test]
fn a_token_written_by_a_script_is_used_without_a_refresh() {
    for (class, rotation) in CLASSES {
        let world = ended(rotation);
        let client = world.client();
        Script::run(&world);
        assert_eq!(call(&client), "ok at-2", "{class}");
        assert_eq!(world.token_requests(), 1, "{class}");
        // Make the same checks with a client that remembers a token of the same generation.
        world.clock.advance(LIFE);
        Script::run(&world);
        assert_eq!(call(&client), "ok at-3", "{class}");
        world.sandbox.expire_access_tokens();
        Script::run(&world);
        assert_eq!(call(&client), "ok at-4", "{class}");
        assert_eq!(world.token_requests(), 3, "{class}");
        is_alive(&world, class);
    }
}

/// A store in a file, which calls `before` before each save.
struct Overtaken {
    file: FileBackend,
    before: Box<dyn Fn(&Record) + Send + Sync>,
}

impl TokenBackend for Overtaken {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.file.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        (self.before)(record);
        self.file.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.file.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.file.lock(wait)
    }
}

#[test]
fn the_pair_a_script_writes_before_our_note_is_used() {
    for (class, rotation) in CLASSES {
        let world = ended(rotation);
        let (once, script) = (OnceLock::new(), Arc::clone(&world));
        let before = move |record: &Record| {
            if record.note().is_some() {
                once.get_or_init(|| Script::run(&script));
            }
        };
        let file = FileBackend::new(&world.path);
        let store = Overtaken { file, before: Box::new(before) };
        let client = world.client_on(store, world.clock.clone());
        let answer = call(&client);
        if rotation == Rotation::None {
            // The store has the same refresh token as before, so the client notices no change, and no login
            // is lost.
            assert!(answer.starts_with("ok "), "{class}: {answer}");
        } else {
            assert_eq!(answer, "ok at-2", "{class}");
            assert_eq!((world.token_requests(), world.stored_name()), (1, "rt-2".to_owned()));
        }
        is_alive(&world, class);
    }
}

/// Returns the result of a client's call if the script does all its work while the client's token request is
/// held.
#[track_caller]
fn call_around_a_script(world: &World, hold: fn(Gate) -> Fault) -> String {
    let gate = Gate::new();
    world.sandbox.fault(hold(gate.clone()));
    let client = world.client();
    std::thread::scope(|scope| {
        let ours = scope.spawn(|| call(&client));
        assert!(gate.wait_for(1, PATIENCE));
        Script::run(world);
        gate.open();
        ours.join().unwrap()
    })
}

/// The service answers the script while the client's request waits, and the script writes its token pair
/// before the client's answer comes.
#[test]
fn a_scripts_pair_served_first_is_found_after_our_refusal() {
    let classes = [Rotation::None, Rotation::Grace(GRACE), Rotation::UntilUsed, Rotation::Strict];
    for rotation in classes {
        let what = format!("{rotation:?}");
        let world = ended(rotation);
        let answer = call_around_a_script(&world, Fault::HoldBefore);
        // If the second token pair has made the first pair invalid, the call fails, but the login remains
        // valid.
        let ended_first = matches!(rotation, Rotation::Grace(_) | Rotation::UntilUsed);
        assert!(answer.starts_with("ok ") || ended_first, "{what}: {answer}");
        world.clock.advance(LIFE);
        is_alive(&world, &what);
    }
}

/// The service processes the client's request and then the script's request, before the client gets its
/// answer. The script's token pair makes the client's pair invalid.
#[test]
fn the_pair_of_a_script_served_after_us_stays_stored() {
    for rotation in [Rotation::Grace(GRACE), Rotation::GraceThenFamily(GRACE), Rotation::UntilUsed]
    {
        let what = format!("{rotation:?}");
        let world = ended(rotation);
        let answer = call_around_a_script(&world, Fault::HoldAfter);
        assert_eq!(answer, "ok at-3", "{what}");
        assert_eq!(world.stored_name(), "rt-3", "{what}");
        is_alive(&world, &what);
    }
}

/// A clock that calls `during` once, in its first sleep of a second or more.
struct Busy {
    clock: Arc<ManualClock>,
    during: Box<dyn Fn() + Send + Sync>,
    once: OnceLock<()>,
}

impl std::fmt::Debug for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.clock.fmt(f)
    }
}

impl Clock for Busy {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
    fn sleep(&self, duration: Duration) {
        if duration >= Duration::from_secs(1) {
            self.once.get_or_init(|| (self.during)());
        }
        self.clock.sleep(duration);
    }
}

/// When the service refuses the client's request, the script has its answer and has not written it yet.
#[test]
fn a_scripts_late_pair_is_found_by_the_second_read() {
    let world = ended(Rotation::Strict);
    let script = Script::refresh(&world).unwrap();
    let other = Arc::clone(&world);
    let during = Box::new(move || script.write(&other));
    let clock = Busy { clock: world.clock.clone(), during, once: OnceLock::new() };
    let client = world.client_on(FileBackend::new(&world.path), Arc::new(clock));
    assert_eq!(call(&client), "ok at-2");
    assert!(world.stored().refused().is_none());
    assert_eq!(name(world.stored().token().access_token()), "at-2");
    is_alive(&world, "strict");
}

//! Tests of real conditions, on real files, sockets and processes: stores without a lock, restored
//! files, locks that fail or are deleted, clocks that were ahead, an API that refuses everything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, Guard, Record};
use evergrant::clock::Clock as _;
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};
use evergrant::{
    BoxError, Client, Credentials, FileBackend, MemoryBackend, Provider, Token, TokenBackend,
};

use crate::support::*;
use crate::worker::call;
use crate::world::{LIFE, PATIENCE, World};

/// A table that compares before it writes, and has no lock.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<Option<Vec<u8>>>>);

impl TokenBackend for Table {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.lock().unwrap().as_deref().map(Record::from_json).transpose()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let mut row = self.0.lock().unwrap();
        let stored = row.as_deref().map(Record::from_json).transpose()?;
        if !record.may_replace(stored.as_ref()) {
            return Err(BackendError::Conflict("the table".to_owned()).into());
        }
        *row = Some(record.to_json()?);
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
}

/// Three clients at one expiry share a store without a lock, and a late use of a refresh token revokes the
/// login.
#[test]
fn clients_without_a_lock_lose_no_login_at_an_expiry() {
    for rotation in [Rotation::UntilUsed, Rotation::Grace(LIFE)] {
        let world = World::with(rotation, |builder| builder.reuse_ends_login(true));
        let table = Table::default();
        let client = || world.client_on(table.clone(), world.clock.clone());
        assert!(client().seed(world.sandbox.login()).unwrap());
        for round in 1..=10 {
            let clients: Vec<_> = (0..3).map(|_| client()).collect();
            world.clock.advance(LIFE - Duration::from_secs(30));
            let gate = Gate::new();
            world.sandbox.fault(Fault::HoldAfter(gate.clone()));
            std::thread::scope(|scope| {
                let first = scope.spawn(|| call(&clients[0]));
                assert!(gate.wait_for(1, PATIENCE));
                let old = format!("ok at-{round}");
                for other in &clients[1..] {
                    assert_eq!(call(other), old, "{rotation:?}: the old token works");
                }
                gate.open();
                assert_eq!(first.join().unwrap(), format!("ok at-{}", round + 1));
            });
            assert_eq!(world.token_requests(), round, "{rotation:?}");
            assert!(world.sandbox.login_alive(), "{rotation:?}");
        }
    }
}

/// A backup of the store's file is restored under a running client.
#[test]
fn a_restored_file_gets_the_newer_pair_of_a_running_client() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily] {
        let world = World::new(rotation);
        world.seed();
        let client = world.client();
        let backup = std::fs::read(&world.path).unwrap();
        for _ in 0..2 {
            world.clock.advance(LIFE);
            assert!(call(&client).starts_with("ok "));
        }
        std::fs::write(&world.path, backup).unwrap();
        world.clock.advance(LIFE);
        assert_eq!(call(&client), "ok at-4", "{rotation:?}");
        assert_eq!(world.stored_name(), "rt-4", "{rotation:?}");
        assert_eq!(world.token_requests(), 3, "{rotation:?}");
        assert!(world.sandbox.login_alive(), "{rotation:?}");
    }
}

/// A cleaner deletes the lock file while the answer is on its way.
#[test]
fn a_deleted_lock_file_causes_no_second_request() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily] {
        for alive in [true, false] {
            let world = World::new(rotation);
            world.seed();
            let step = if alive { LIFE - Duration::from_secs(30) } else { LIFE };
            world.clock.advance(step);
            let other = || {
                let mut other = world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
                assert_eq!(other.ask(&format!("advance {}", step.as_secs())), "done");
                other
            };
            let (mut second, mut third) = (other(), other());
            let gate = Gate::new();
            world.sandbox.fault(Fault::HoldAfter(gate.clone()));
            let first = world.client();
            std::thread::scope(|scope| {
                let first = scope.spawn(|| call(&first));
                assert!(gate.wait_for(1, PATIENCE));
                std::fs::remove_file(world.path.with_extension("json.lock")).unwrap();
                // The third process finds the lock file that the second has made.
                for other in [&mut second, &mut third] {
                    let answer = other.ask("call");
                    let expected = if alive { "ok at-1" } else { "outcome_unknown " };
                    assert!(answer.starts_with(expected), "{rotation:?}: {answer}");
                }
                gate.open();
                assert_eq!(first.join().unwrap(), "ok at-2", "{rotation:?}");
            });
            assert_eq!(second.ask("advance 30"), "done");
            assert_eq!(second.ask("call"), "ok at-2", "{rotation:?}");
            assert_eq!(world.token_requests(), 1, "{rotation:?} alive={alive}");
            assert!(world.sandbox.login_alive());
        }
    }
}

/// A cleaner deletes the lock file while the answer is on its way. The process that makes the new lock file needs
/// no refresh, and the next process does.
#[test]
fn a_process_without_a_refresh_marks_a_deleted_lock_for_the_next() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily] {
        let world = World::new(rotation);
        world.seed();
        let other = || world.worker_under::<&str>(&[], &[("CLOCK", "manual")]);
        let (mut second, mut third) = (other(), other());
        let gate = Gate::new();
        world.sandbox.fault(Fault::HoldAfter(gate.clone()));
        let first = world.client();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| first.refresh());
            assert!(gate.wait_for(1, PATIENCE));
            std::fs::remove_file(world.path.with_extension("json.lock")).unwrap();
            assert_eq!(second.ask("call"), "ok at-1");
            let answer = third.ask("refresh");
            assert!(answer.starts_with("outcome_unknown "), "{rotation:?}: {answer}");
            gate.open();
            first.join().unwrap().unwrap();
        });
        assert_eq!(third.ask("refresh"), "ok ", "{rotation:?}");
        assert_eq!(world.token_requests(), 2, "{rotation:?}");
        assert!(world.sandbox.login_alive());
    }
}

/// A store whose lock file is deleted when it has saved the first refresh note.
struct Cleaned(FileBackend, Mutex<bool>);
impl TokenBackend for Cleaned {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)?;
        if record.note().is_some() && std::mem::take(&mut *self.1.lock().unwrap()) {
            std::fs::remove_file(self.0.path().with_extension("json.lock"))?;
        }
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.0.lock(wait)
    }
}

/// The lock file is deleted before the request leaves: nothing is sent under a lock that is gone.
#[test]
fn a_lock_file_deleted_before_the_request_is_taken_again() {
    let world = World::new(Rotation::Strict);
    world.seed();
    world.clock.advance(LIFE);
    let store = Cleaned(FileBackend::new(&world.path), Mutex::new(true));
    let client = world.client_on(store, world.clock.clone());
    assert_eq!(call(&client), "ok at-2");
    assert_eq!(world.token_requests(), 1);
    assert!(world.path.with_extension("json.lock").exists());
}

/// The lock file is deleted, and the request does not leave: no later process waits for an answer.
#[test]
fn a_request_that_never_left_under_a_lost_lock_leaves_no_note() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    // Nobody listens at this address.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = |path: &str| format!("http://{address}{path}");
    let provider = Provider::new(at("/authorize"), at("/token")).unwrap();
    let store = Cleaned(FileBackend::new(&path), Mutex::new(true));
    let client = Client::new(provider, Credentials::new("app", "secret"), store);
    let ended = time::OffsetDateTime::now_utc() - Duration::from_secs(60);
    client.seed(Token::new("at-1").with_refresh_token("rt-1").with_expires_at(ended)).unwrap();
    assert_eq!(client.access_token().unwrap_err().kind(), "transport");
    assert!(path.with_extension("json.lock").exists(), "the lock was not taken again");
    let stored = FileBackend::new(&path).load().unwrap().unwrap();
    assert!(stored.note().is_none(), "the note says that an answer may come");
}

/// A new process, whose lock file cannot be opened, has a valid token in its store.
#[test]
fn a_good_token_is_used_although_the_lock_fails() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let lock = world.path.with_extension("json.lock");
    let _ = std::fs::remove_file(&lock);
    std::fs::create_dir(&lock).unwrap();
    assert_eq!(call(&world.client()), "ok at-1");
    world.clock.advance(LIFE - Duration::from_secs(30));
    assert_eq!(call(&world.client()), "ok at-1");
    world.clock.advance(Duration::from_secs(30));
    assert!(call(&world.client()).starts_with("backend "));
    assert_eq!(world.token_requests(), 0);
}

/// Twenty-four threads call while a token pair waits to be saved and the old token works.
#[test]
fn threads_go_on_at_once_while_a_pair_is_unsaved() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let mut worker = world.worker_under::<&str>(&[], &[("CLOCK", "manual"), ("FAIL_SAVES", "999")]);
    let step = (LIFE - Duration::from_secs(30)).as_secs();
    world.clock.advance(Duration::from_secs(step));
    assert_eq!(worker.ask(&format!("advance {step}")), "done");
    assert_eq!(worker.ask("call"), "ok at-1");
    let slept = worker.ask("slept");
    for _ in 0..24 {
        assert_eq!(worker.ask("call"), "ok at-1");
    }
    assert_eq!(worker.ask("slept"), slept, "no call waits for the save");
}

/// A record was written while the clock was a year ahead.
#[test]
fn a_record_from_a_year_ahead_is_dated_anew() {
    let world = World::new(Rotation::Strict);
    let right = world.clock.now();
    world.clock.set_wall(right + Duration::from_secs(365 * 86_400));
    world.seed();
    world.clock.set_wall(right);
    assert_eq!(call(&world.client()), "ok at-1");
    let stored = world.stored();
    let end = stored.token().expires_at().unwrap();
    assert!(
        end <= world.clock.now_utc() + LIFE,
        "other processes read a date in the far future: {end}"
    );
    world.clock.advance(LIFE);
    assert_eq!(call(&world.client()), "ok at-2");
    assert_eq!(world.token_requests(), 1);
}

/// A program that calls the API with another library can report that the API refused the token.
#[test]
fn a_token_that_was_refused_elsewhere_is_replaced() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let client = world.client();
    let token = client.access_token().unwrap();
    world.sandbox.expire_access_tokens();
    assert_eq!(client.access_token().unwrap(), token);
    client.refused(&token);
    assert_ne!(client.access_token().unwrap(), token);
    assert_eq!(world.token_requests(), 1);
}

/// The API answers 401 to everything.
#[test]
fn an_api_that_refuses_everything_causes_one_refresh() {
    let world = World::new(Rotation::Strict);
    world.sandbox.on("GET", "/api/me", |_| evergrant::sandbox::Reply::new(401));
    world.seed();
    let client = world.client();
    for _ in 0..10 {
        assert!(call(&client).starts_with("api "), "the call must return the API's own answer");
    }
    assert_eq!(world.token_requests(), 1);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(|| call(&client))).collect();
        for call in calls {
            assert!(call.join().unwrap().starts_with("api "));
        }
    });
    assert_eq!(world.token_requests(), 1);
    // Reports of refusals by another HTTP library cause no more refreshes either.
    for _ in 0..3 {
        client.refused(&client.access_token().unwrap());
    }
    assert_eq!(world.token_requests(), 1);
    // After a minute the client refreshes again.
    world.clock.advance(Duration::from_secs(61));
    assert!(call(&client).starts_with("api "));
    assert_eq!(world.token_requests(), 2);
}

/// One address of the API refuses every token, and the other addresses accept every token, also between the
/// refusals.
#[test]
fn an_address_that_refuses_everything_brings_one_refresh() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let client = world.client();
    let inside = client.clone();
    world.sandbox.on("GET", "/api/closed", move |_| {
        call(&inside);
        evergrant::sandbox::Reply::new(401)
    });
    for _ in 0..10 {
        assert_eq!(client.get("/closed").call().unwrap_err().kind(), "api");
        assert_eq!(call(&client), "ok at-2");
    }
    assert_eq!(world.token_requests(), 1);
}

/// A token that the API has accepted before is replaced when the API refuses it, even if the token is new.
#[test]
fn a_token_that_worked_is_replaced_after_each_refusal() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let client = world.client();
    for round in 1..=5 {
        world.sandbox.expire_access_tokens();
        assert_eq!(call(&client), format!("ok at-{}", round + 1));
    }
    assert_eq!(world.token_requests(), 5);
}

/// A script seeds a new pair of tokens from a person. The stored login was refused, so the seed replaces it.
#[test]
fn after_a_refusal_a_new_pair_can_be_seeded() {
    let world = World::new(Rotation::Strict);
    world.seed();
    world.sandbox.revoke_login();
    world.clock.advance(LIFE);
    let client = world.client();
    assert!(call(&client).starts_with("reauthorize "));
    let new = world.sandbox.login();
    assert!(client.seed(new.clone()).unwrap());
    assert_eq!(call(&client), "ok at-2");
    assert!(!client.seed(new).unwrap(), "a seed replaced a valid login");
}

/// The service never rotates, and the store's folder is mounted read-only.
#[test]
fn a_read_only_store_is_enough_without_rotation() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(wrapper) = unprivileged() else { return };
    let world = World::new(Rotation::None);
    world.seed();
    std::fs::remove_file(world.path.with_extension("json.lock")).unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&world.path, 0o644);
    mode(world.dir.path(), 0o555);
    world.clock.advance(LIFE);
    let mut worker = world.worker_under(wrapper, &[("CLOCK", "manual")]);
    assert_eq!(worker.ask(&format!("advance {}", LIFE.as_secs())), "done");
    assert_eq!(worker.ask("call"), "ok at-2");
    assert_eq!(worker.ask("call"), "ok at-2", "from memory");
    assert!(worker.ask("events").contains("could not save"));
    assert_eq!(world.token_requests(), 1);
    mode(world.dir.path(), 0o755);
}

/// A client with a login in memory; this test needs no file.
#[test]
fn a_refused_token_of_another_login_changes_nothing() {
    let world = World::new(Rotation::Strict);
    let client: Client = world.client_on(MemoryBackend::new(), world.clock.clone());
    assert!(client.seed(world.sandbox.login()).unwrap());
    client.refused(Token::new("made-up").access_token());
    assert_eq!(call(&client), "ok at-1");
    assert_eq!(world.token_requests(), 0);
}

//! The lock file of an SQLite store was deleted while a refresh token was on its way. Whoever makes the file anew, and
//! whatever for: no client sends the token again before the deadline of its note.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant::backend::{BackendError, FileBackend, Guard, Record, SqliteBackend, move_login};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::noted;
use evergrant::{BoxError, TokenBackend};
use time::OffsetDateTime;

use crate::support::*;
use crate::world::{LIFE, World};

pub(crate) const CHILDREN: &[Child] = &[("new_lock::holds", holds)];

/// Stores the note of a process that has sent its refresh token and waits for the answer.
fn leave_note(store: &dyn TokenBackend, now: OffsetDateTime) {
    let date = |at: OffsetDateTime| -> serde_json::Value {
        at.format(&time::format_description::well_known::Rfc3339).unwrap().into()
    };
    let mut value = serde_json::to_value(noted(&store.load().unwrap().unwrap())).unwrap();
    value["note"]["sent_at"] = date(now - time::Duration::seconds(1));
    value["note"]["deadline"] = date(now + time::Duration::minutes(4));
    // An imported record replaces no other.
    store.clear().unwrap();
    store.save(&serde_json::from_value(value).unwrap()).unwrap();
}

fn delete_lock_file(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let is_lock = |file: &PathBuf| file.to_string_lossy().contains("-evergrant-");
    files.filter(is_lock).map(|file| std::fs::remove_file(file).unwrap()).count()
}

/// Lets `work` make the lock file of a store with a pending note, and checks that the next client waits.
fn the_next_client_waits<B: TokenBackend + 'static>(
    name: &str,
    open: impl Fn(&Path) -> B,
    work: impl Fn(&Path, &World),
) {
    let world = World::new(Rotation::Strict);
    let path = world.dir.join("logins.sqlite");
    let client = || world.client_on(open(&path), world.clock.clone());
    assert!(client().seed(world.sandbox.login()).unwrap());
    world.clock.advance(LIFE);
    let now = evergrant::clock::Clock::now(&*world.clock).into();
    leave_note(&open(&path), now);
    assert_eq!(delete_lock_file(world.dir.path()), 1, "{name}");
    work(&path, &world);
    assert_eq!(client().access_token().unwrap_err().kind(), "outcome_unknown", "{name}");
    assert_eq!(world.refreshes(), 0, "{name}: the refresh token was sent again");
    // The sender has died, and no answer can come any more.
    world.clock.advance(Duration::from_secs(300));
    client().access_token().unwrap();
    assert_eq!(world.refreshes(), 1, "{name}");
}

/// A store whose first load fails.
struct Fails(SqliteBackend, AtomicBool);

impl TokenBackend for Fails {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        if self.1.swap(false, Ordering::SeqCst) {
            return Err(BackendError::Unavailable("the network is down".to_owned()).into());
        }
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.0.lock(wait)
    }
}

/// Takes the lock, and is killed.
fn holds() {
    std::mem::forget(SqliteBackend::new(given("STORE")).lock(Duration::ZERO).unwrap());
    die();
}

fn open(path: &Path) -> SqliteBackend {
    SqliteBackend::new(path)
}

#[test]
fn a_program_that_only_takes_a_new_lock_leaves_it_new() {
    the_next_client_waits("nobody", open, |_, _| {});
    let work = |path: &Path, _: &World| drop(open(path).lock(Duration::ZERO).unwrap());
    the_next_client_waits("a lock", open, work);
}

#[test]
fn a_process_that_is_killed_leaves_a_new_lock_new() {
    the_next_client_waits("a kill", open, |path, _| {
        let mut command = child::<&str>("new_lock::holds", &[]);
        assert!(!command.env("STORE", path).status().unwrap().success());
    });
}

#[test]
fn a_load_that_fails_leaves_a_new_lock_new() {
    the_next_client_waits("a load", open, |path, world| {
        let store = Fails(open(path), AtomicBool::new(true));
        let client = world.client_on(store, world.clock.clone());
        assert_eq!(client.access_token().unwrap_err().kind(), "backend");
    });
}

#[cfg(feature = "encryption")]
#[test]
fn a_reseal_leaves_a_new_lock_new() {
    use evergrant::backend::{SealedBackend, SealingKey};
    const KEY: &str = "v1c7kk8DyIVo3zGkYMPzLvVLLHiZ8r2dOFyApH8kOQk=";
    let open = |path: &Path| {
        SealedBackend::new(SqliteBackend::new(path), SealingKey::from_text(KEY).unwrap())
    };
    the_next_client_waits("a reseal", open, |path, _| assert!(!open(path).reseal().unwrap()));
}

#[test]
fn a_refused_move_leaves_a_new_lock_new() {
    for moves_away in [true, false] {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let (database, file) = (SqliteBackend::new(&path), FileBackend::new(dir.join("login")));
        database.save(&record(1)).unwrap();
        leave_note(&database, OffsetDateTime::now_utc());
        if moves_away {
            precise(move_login(&database, &file));
        } else {
            file.save(&record(2)).unwrap();
            precise(move_login(&file, &database));
        }
        let error = precise(move_login(&database, &FileBackend::new(dir.join("other"))));
        assert!(matches!(error, BackendError::Busy(_)), "{moves_away}: {error}");
    }
}

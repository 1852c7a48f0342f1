//! Tests of a login that moves to another store, with deaths at each step: the login is never usable in both
//! stores.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, Durability, FileBackend, Guard, Record, move_login};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::{noted, successor};
use evergrant::{BoxError, Error, TokenBackend};

use crate::movers;
use crate::support::*;
use crate::world::World;

pub(crate) const CHILDREN: &[Child] = &[("moving::move", moves)];

/// A file store that kills its own process at a change, counted from 1 over both stores: before the change
/// for an odd number, after the change for an even number.
struct Dies {
    file: FileBackend,
    changes: Arc<AtomicUsize>,
    at: usize,
}

impl Dies {
    fn change<T>(&self, work: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
        self.point();
        let result = work()?;
        self.point();
        Ok(result)
    }

    fn point(&self) {
        if self.changes.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            die();
        }
    }
}

impl TokenBackend for Dies {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.file.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.change(|| self.file.save(record))
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.change(|| self.file.clear())
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.file.lock(wait)
    }
    fn durability(&self) -> Durability {
        self.file.durability()
    }
    fn describe(&self) -> String {
        self.file.describe()
    }
}

fn moves() {
    let at = given("DIES_AT").to_str().unwrap().parse().unwrap();
    let changes = Arc::new(AtomicUsize::new(0));
    let store = |path: &Path| Dies { file: FileBackend::new(path), changes: changes.clone(), at };
    move_login(&store(&given("STORE")), &store(&given("OTHER"))).unwrap();
}

#[test]
fn a_move_that_dies_at_any_step_is_finished_by_the_next() {
    let mut deaths = 0;
    for at in 1.. {
        let world = World::new(Rotation::StrictFamily);
        world.seed();
        let other = world.dir.join("other.json");
        let mut command = world.command::<&str>("moving::move", &[]);
        let status = command.env("OTHER", &other).env("DIES_AT", at.to_string()).status().unwrap();
        let (old, new) = (|| FileBackend::new(&world.path), || FileBackend::new(&other));
        let new_client = || world.client_on(new(), world.clock.clone());
        if status.success() {
            assert!(old().load().unwrap().is_none());
            assert_eq!(crate::worker::call(&new_client()), "ok at-1");
            break;
        }
        deaths += 1;
        // Wherever the process died, at most one of the two stores is usable.
        let (by_old, by_new) = (world.client().access_token(), new_client().access_token());
        assert!(by_old.is_err() || by_new.is_err(), "death {at}");
        if old().load().unwrap().is_some_and(|record| record.revision() > 1) {
            let error = by_old.unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{error}");
            assert!(error.to_string().contains("other.json"), "{error}");
        }
        // A login that was refreshed in the new store meanwhile stays unchanged.
        let moved_on = by_new.is_ok();
        if moved_on {
            new_client().refresh().unwrap();
        }
        assert_eq!(move_login(&old(), &new()).unwrap(), at != 6, "death {at}");
        assert!(old().load().unwrap().is_none());
        let expected = if moved_on { "ok at-2" } else { "ok at-1" };
        assert_eq!(crate::worker::call(&new_client()), expected, "death {at}");
        new_client().refresh().unwrap();
        assert!(world.sandbox.login_alive(), "death {at}");
    }
    assert_eq!(deaths, 6, "three changes, and a death before and after each");
}

#[test]
fn a_move_spares_another_login_and_a_pending_request() {
    let world = World::new(Rotation::Strict);
    world.seed();
    let from = FileBackend::new(&world.path);
    let stored = from.load().unwrap();
    let to = FileBackend::new(world.dir.join("other.json"));
    let resident: Record = world.sandbox.login().into();
    to.save(&resident).unwrap();
    let error = precise(move_login(&from, &to));
    assert!(matches!(&error, BackendError::Config(text) if text.contains("other.json")), "{error}");
    assert_eq!((from.load().unwrap(), to.load().unwrap()), (stored.clone(), Some(resident)));
    to.clear().unwrap();
    // In a store without a lock between processes, the sender may be alive, and its answer on the way.
    let mut value = serde_json::to_value(noted(&stored.unwrap())).unwrap();
    let later = time::OffsetDateTime::now_utc() + time::Duration::minutes(4);
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    value["note"]["deadline"] = later.format(rfc3339).unwrap().into();
    let pending: Record = serde_json::from_value(value).unwrap();
    std::fs::write(&world.path, pending.to_json().unwrap()).unwrap();
    let error = precise(move_login(&Unlocked(FileBackend::new(&world.path)), &to));
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
    assert!(to.load().unwrap().is_none());
    // With a lock that is released when its holder dies, the sender is gone, so the move takes the refresh
    // note along.
    assert!(move_login(&from, &to).unwrap());
    assert_eq!(to.load().unwrap().unwrap().note(), pending.note());
    assert!(!move_login(&from, &to).unwrap(), "nothing is left to move");
}

#[test]
fn sixteen_processes_that_move_and_refresh_leave_one_usable_store() {
    movers::leave_one_usable_store(|dir, name| dir.join(name).display().to_string());
}

#[cfg(feature = "encryption")]
#[test]
fn sixteen_processes_that_move_and_refresh_leave_one_sealed_file() {
    movers::leave_one_usable_store(|dir, name| format!("sealed {}", dir.join(name).display()));
}

/// A store without a lock.
struct Unlocked(FileBackend);

impl TokenBackend for Unlocked {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
}

#[test]
fn a_login_is_not_moved_into_a_damaged_file() {
    let dir = TempDir::new();
    let (from, to) = (FileBackend::new(dir.join("old")), FileBackend::new(dir.join("new")));
    from.save(&record(1)).unwrap();
    let stored = from.load().unwrap();
    std::fs::write(dir.join("new"), "{").unwrap();
    let error = precise(move_login(&from, &to));
    assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    assert_eq!(from.load().unwrap(), stored);
    std::fs::write(dir.join("new"), "").unwrap();
    assert!(move_login(&from, &to).unwrap());
    assert_eq!(*to.load().unwrap().unwrap().token(), token(1));
}

#[test]
fn only_a_request_whose_answer_may_come_hinders_a_move() {
    for (minutes, answered, moves) in [(4, false, false), (4, true, true), (-1, false, true)] {
        let dir = TempDir::new();
        let (from, to) = (FileBackend::new(dir.join("old")), FileBackend::new(dir.join("new")));
        let mut value = serde_json::to_value(noted(&record(1))).unwrap();
        let deadline = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        let rfc3339 = &time::format_description::well_known::Rfc3339;
        value["note"]["deadline"] = deadline.format(rfc3339).unwrap().into();
        value["note"]["answered"] = answered.into();
        std::fs::write(dir.join("old"), value.to_string()).unwrap();
        let moved = move_login(&Unlocked(from), &to);
        assert_eq!(moved.is_ok(), moves, "{minutes} minutes, answered: {answered}");
    }
    let dir = TempDir::new();
    let from = FileBackend::new(dir.join("old"));
    from.save(&record(1)).unwrap();
    assert!(move_login(&Unlocked(from), &FileBackend::new(dir.join("new"))).unwrap());
}

/// The lock of a file shows that a sender has ended, unless the lock file was deleted and made anew.
#[test]
fn a_login_is_not_moved_while_a_deleted_lock_may_be_held() {
    for (length, moves) in [(1, true), (0, false)] {
        let dir = TempDir::new();
        let (from, to) = (FileBackend::new(dir.join("old")), FileBackend::new(dir.join("new")));
        let mut value = serde_json::to_value(noted(&record(1))).unwrap();
        let deadline = time::OffsetDateTime::now_utc() + time::Duration::minutes(4);
        let rfc3339 = &time::format_description::well_known::Rfc3339;
        value["note"]["deadline"] = deadline.format(rfc3339).unwrap().into();
        std::fs::write(dir.join("old"), value.to_string()).unwrap();
        std::fs::write(dir.join("old.lock"), "x".repeat(length)).unwrap();
        match move_login(&from, &to) {
            Ok(_) => assert!(moves, "{length}"),
            error => {
                assert!(matches!(precise(error), BackendError::Busy(_)) && !moves, "{length}");
                assert!(from.load().unwrap().is_some() && to.load().unwrap().is_none());
            }
        }
    }
}

/// A store in which no login can be stored; with `late`, this is only found by a save.
struct Refuses {
    file: FileBackend,
    late: bool,
}

impl TokenBackend for Refuses {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.file.load()
    }
    fn save(&self, _: &Record) -> Result<(), BoxError> {
        Err(BackendError::Full("no room".to_owned()).into())
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.file.clear()
    }
    fn describe(&self) -> String {
        self.file.describe()
    }
    fn probe(&self) -> Result<(), BoxError> {
        if self.late { Ok(()) } else { self.save(&record(1)) }
    }
}

#[test]
fn an_unfinished_move_is_not_finished_over_another_login() {
    let dir = TempDir::new();
    let from = FileBackend::new(dir.join("old"));
    let to = |late| Refuses { file: FileBackend::new(dir.join("new")), late };
    from.save(&record(1)).unwrap();
    let stored = from.load().unwrap();
    precise(move_login(&from, &to(false)));
    assert_eq!(
        from.load().unwrap(),
        stored,
        "if the new store refuses beforehand, the old record must not change"
    );
    precise(move_login(&from, &to(true)));
    let marked = from.load().unwrap();
    assert_ne!(marked, stored);
    let new = FileBackend::new(dir.join("new"));
    new.save(&record(2)).unwrap();
    let resident = new.load().unwrap();
    let error = precise(move_login(&from, &new));
    assert!(matches!(error, BackendError::Config(_)), "{error}");
    assert_eq!((from.load().unwrap(), new.load().unwrap()), (marked, resident));
}

#[test]
fn an_unfinished_move_is_not_finished_in_a_third_store() {
    let dir = TempDir::new();
    let open = |name| FileBackend::new(dir.join(name));
    let (from, second, third) = (open("a"), open("b"), open("c"));
    from.save(&record(1)).unwrap();
    // The process dies before the second store gets the login, or after.
    precise(move_login(&from, &Refuses { file: open("b"), late: true }));
    let marked = from.load().unwrap();
    for arrived in [false, true] {
        if arrived {
            second.save(&record(1)).unwrap();
        }
        let error = precise(move_login(&from, &third));
        let names = |text: &str| text.contains(&second.describe());
        assert!(matches!(&error, BackendError::Config(text) if names(text)), "{error}");
        assert_eq!(from.load().unwrap(), marked);
        assert!(third.load().unwrap().is_none(), "the login would be in two stores");
    }
    second.clear().unwrap();
    assert!(move_login(&from, &second).unwrap() && move_login(&second, &third).unwrap());
    assert_eq!(*third.load().unwrap().unwrap().token(), token(1));
}

/// A plain store that does not compare, with the lock that `lock` makes.
struct Plain<L>(Mutex<Option<Record>>, L);

impl<L: Fn() -> Guard + Send + Sync> Plain<L> {
    fn new(lock: L) -> Plain<L> {
        Plain(Mutex::new(Some(record(1))), lock)
    }
}

impl<L: Fn() -> Guard + Send + Sync> TokenBackend for Plain<L> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = Some(record.clone());
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
    fn lock(&self, _: Duration) -> Result<Guard, BoxError> {
        Ok(self.1())
    }
}

/// A file store whose lock another client holds at first. `meanwhile` runs once: while the caller waits for the lock
/// (step 0), before a save (step 1), or after a save (step 2).
struct Taken<F> {
    file: FileBackend,
    held: Mutex<Option<Guard>>,
    step: u32,
    meanwhile: F,
}

impl<F: Fn() + Send + Sync> Taken<F> {
    fn new(file: FileBackend, step: u32, meanwhile: F) -> Taken<F> {
        let held = Mutex::new(Some(file.lock(Duration::ZERO).unwrap()));
        Taken { file, held, step, meanwhile }
    }

    fn point(&self, step: u32) {
        if self.step == step {
            (self.meanwhile)();
        }
    }
}

impl<F: Fn() + Send + Sync> TokenBackend for Taken<F> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.file.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.point(1);
        self.file.save(record)?;
        self.point(2);
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.file.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        assert!(matches!(precise(self.file.lock(Duration::ZERO)), BackendError::Busy(_)));
        self.point(0);
        drop(self.held.lock().unwrap().take());
        self.file.lock(wait)
    }
    fn describe(&self) -> String {
        self.file.describe()
    }
}

/// A client of a store without a lock refreshes the login while the move waits for the lock of the other store, and
/// while it writes.
#[test]
fn a_token_that_comes_during_a_move_is_not_lost() {
    for (step, unfinished) in [(0, false), (0, true), (1, false), (2, false)] {
        let dir = TempDir::new();
        let from = Plain::new(Guard::none);
        if unfinished {
            let full = Refuses { file: FileBackend::new(dir.join("new")), late: true };
            precise(move_login(&from, &full));
        }
        let read = from.load().unwrap().unwrap();
        let file = FileBackend::new(dir.join("new"));
        let to = Taken::new(file, step, || from.save(&successor(&read, token(2))).unwrap());
        let moved = move_login(&from, &to);
        let [left, there] = [&from as &dyn TokenBackend, &to].map(|store| store.load().unwrap());
        let is_new = |record: &Option<Record>| {
            record.as_ref().is_some_and(|record| *record.token() == token(2))
        };
        match moved {
            Ok(moved) => assert!(moved && is_new(&there) && left.is_none(), "{step} {unfinished}"),
            Err(error) => {
                assert!(is_new(&left) && there.is_none(), "{step} {unfinished}: {error}");
                let error = precise(Err::<(), _>(error));
                assert!(matches!(error, BackendError::Conflict(_)) && step > 0, "{error}");
            }
        }
    }
}

/// The lock of the first store ends during the move: the move changes nothing there any more.
#[test]
fn a_move_whose_lock_has_ended_stops() {
    for (step, lease) in [0, 1, 2].into_iter().flat_map(|step| [(step, true), (step, false)]) {
        let dir = TempDir::new();
        let lasts = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&lasts);
        let from = Plain::new(move || {
            let asked = Arc::clone(&asked);
            let lasts = move || asked.load(Ordering::SeqCst);
            match lease {
                true => Guard::lease((), move |_| lasts()),
                false => Guard::freed_by_death(()).with_check(lasts),
            }
        });
        let before = from.load().unwrap();
        let file = FileBackend::new(dir.join("new"));
        let to = Taken::new(file, step, || lasts.store(false, Ordering::SeqCst));
        let error = precise(move_login(&from, &to));
        assert!(matches!(error, BackendError::Busy(_)), "{step} {lease}: {error}");
        assert_eq!(from.load().unwrap() == before, step == 0, "{step} {lease}");
        lasts.store(true, Ordering::SeqCst);
        assert!(move_login(&from, &FileBackend::new(dir.join("new"))).unwrap());
        assert_eq!(*to.load().unwrap().unwrap().token(), token(1));
    }
}

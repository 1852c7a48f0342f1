//! Tests of the files of an SQLite store: their modes, and a lock file that is deleted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, Durability, Entry, Guard, Record, SqliteBackend};
use evergrant::clock::{Clock, ManualClock};
use evergrant::sandbox::contract::successor;
use rusqlite::Connection;

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[
    ("sqlite_files::masked", masked),
    ("sqlite_files::refused", refused),
    ("sqlite_files::read_only", read_only),
    ("sqlite_files::flush", flush),
    ("sqlite_files::forked", forked),
    #[cfg(target_os = "linux")]
    ("sqlite_files::mounted", mounted),
];

/// While the holder reads the record under its lock, the lock file is replaced.
#[test]
fn a_lock_file_that_is_replaced_during_the_read_is_not_held() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    SqliteBackend::new(&path).save(&record(1)).unwrap();
    let lock_file = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
        files.into_iter().find(|file| file.to_string_lossy().contains("-evergrant-"))
    };
    let (folder, armed) = (dir.path().to_owned(), Arc::new(AtomicU32::new(0)));
    let (database, seen) = (path.clone(), Arc::clone(&armed));
    let store = SqliteBackend::with_connections(move || {
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        for file in files.filter(|file| file.to_string_lossy().contains("-evergrant-")) {
            std::fs::remove_file(&file).unwrap();
            std::fs::File::create(&file).unwrap();
            seen.fetch_add(1, Ordering::Relaxed);
        }
        Connection::open(&database).map(Box::new)
    });
    let Entry::Held { guard, record } = store.enter(Duration::ZERO).unwrap() else {
        panic!("nobody has the lock");
    };
    assert!(record.unwrap().is_some() && lock_file().is_some());
    assert!(armed.load(Ordering::Relaxed) > 0, "the lock file was not replaced");
    assert!(!guard.is_held());
}

/// A link on the path leads to another database by the time of a save.
#[cfg(unix)]
#[test]
fn a_lock_is_not_held_after_a_link_has_changed() {
    let dir = TempDir::new();
    let [one, two, link] = ["one", "two", "link"].map(|name| dir.join(name));
    for path in [&one, &two] {
        SqliteBackend::new(path).save(&record(1)).unwrap();
    }
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let store = SqliteBackend::new(&link);
    let guard = store.lock(Duration::ZERO).unwrap();
    assert!(guard.is_held());
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&two, &link).unwrap();
    assert!(!guard.is_held());
}

/// Uses a store after a fork: in the child of a process that had no store open, and of a process that
/// had a store open.
#[allow(unsafe_code)]
fn forked() {
    let path = given("STORE");
    let fork = |work: &dyn Fn()| {
        // SAFETY: the process has no other thread that does anything, and `_exit` runs no destructors.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            unsafe { libc::_exit(i32::from(done.is_err())) }
        }
        let mut status = 0;
        // SAFETY: `status` lives as long as the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the forked child failed");
    };
    fork(&|| SqliteBackend::new(&path).save(&record(1)).unwrap());
    let store = SqliteBackend::new(&path);
    let stored = store.load().unwrap().unwrap();
    fork(&|| {
        for error in [
            precise(store.load().map(drop)),
            precise(SqliteBackend::new(&path).save(&successor(&stored, token(2)))),
            precise(store.lock(Duration::ZERO).map(drop)),
        ] {
            assert!(matches!(&error, BackendError::Config(_)), "{error}");
            assert!(error.to_string().contains("forked"), "{error}");
        }
    });
    store.save(&successor(&stored, token(3))).unwrap();
    drop(store.lock(Duration::ZERO).unwrap());
    drop(store);
    // All connections are closed now.
    fork(&|| drop(SqliteBackend::new(&path).load().unwrap().unwrap()));
}

/// SQLite in the child would treat the parent's locks as its own.
#[test]
fn a_child_of_a_process_with_an_open_store_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let output = child::<&str>("sqlite_files::forked", &[]).env("STORE", path).output().unwrap();
    succeeded(&output);
}

fn masked() {
    let store = SqliteBackend::new(given("STORE"));
    let _guard = store.lock(Duration::ZERO).unwrap();
    store.save(&record(1)).unwrap();
}

#[test]
fn the_mode_of_what_is_created_is_set_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let wrapper = ["sh", "-c", "umask 0777; exec \"$@\"", "sh"];
    let path = dir.join("logins.sqlite");
    let output = child("sqlite_files::masked", &wrapper).env("STORE", path).output().unwrap();
    succeeded(&output);
    for file in std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_guard_notices_that_its_lock_file_was_deleted_or_replaced() {
    let dir = TempDir::new();
    let store = SqliteBackend::new(dir.join("logins.sqlite"));
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    assert!(guard.is_held());
    // SQLite itself waits several seconds for a lock; this wait must not be added to the caller's wait.
    let begun = std::time::Instant::now();
    assert!(matches!(precise(store.lock(Duration::ZERO)), BackendError::Busy(_)));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
    let lock = files.into_iter().find(|path| path.to_string_lossy().contains("-evergrant-"));
    std::fs::remove_file(lock.unwrap()).unwrap();
    assert!(!guard.is_held());
    let next = store.lock(Duration::ZERO).unwrap();
    assert!(next.is_held() && !guard.is_held());
    drop(guard);
    assert!(next.is_held());
    assert!(matches!(precise(store.lock(Duration::ZERO)), BackendError::Busy(_)));
}

/// A clock whose first sleep removes a lock file, and frees the lock on it if there is a guard.
#[derive(Debug)]
struct Remover(ManualClock, PathBuf, Mutex<Option<Option<Guard>>>);

impl Clock for Remover {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, time: Duration) {
        self.0.sleep(time);
        if let Some(freed) = self.2.lock().unwrap().take() {
            std::fs::remove_file(&self.1).unwrap();
            drop(freed);
        }
    }
}

#[test]
fn a_lock_file_that_is_deleted_during_a_wait_is_not_locked() {
    for frees in [true, false] {
        let dir = TempDir::new();
        let open = || SqliteBackend::new(dir.join("logins.sqlite"));
        open().save(&record(1)).unwrap();
        let mut held = Some(open().lock(Duration::ZERO).unwrap());
        let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
        let lock = files.into_iter().find(|path| path.to_string_lossy().contains("-evergrant-"));
        let freed = if frees { held.take() } else { None };
        let clock = Arc::new(Remover(ManualClock::new(), lock.unwrap(), Mutex::new(Some(freed))));
        let guard = open().with_clock(clock).lock(Duration::from_secs(1)).unwrap();
        assert!(guard.is_held());
        assert!(held.is_none_or(|held| !held.is_held()));
        assert!(matches!(precise(open().lock(Duration::ZERO)), BackendError::Busy(_)));
    }
}

#[test]
fn a_record_written_between_a_read_and_a_save_stays() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let first = record(1);
    SqliteBackend::new(&path).save(&first).unwrap();
    let (at, theirs) = (path.clone(), successor(&first, token(3)));
    let (count, written) = (AtomicU32::new(0), theirs.clone());
    let store = SqliteBackend::with_connections(move || {
        // The save opens its first connection to read, and its second to write.
        if count.fetch_add(1, Ordering::Relaxed) == 1 {
            SqliteBackend::new(&at).save(&written).unwrap();
        }
        Connection::open(&at).map(Box::new)
    });
    let error = precise(store.save(&successor(&first, token(2))));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(store.load().unwrap(), Some(theirs));
}

#[test]
fn a_probe_finds_a_damaged_record() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    store.probe().unwrap();
    let damage = "UPDATE evergrant_logins SET record = x'7b'";
    Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    assert!(matches!(precise(store.probe()), BackendError::Corrupt(_)));
}

#[test]
fn a_database_in_wal_mode_that_nobody_has_open_stays_in_it() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let mode = |sql| {
        let connection = Connection::open(&path).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(mode("PRAGMA journal_mode = WAL"), "wal");
    SqliteBackend::new(&path).save(&record(1)).unwrap();
    assert_eq!(mode("PRAGMA journal_mode"), "wal");
}

#[test]
fn a_given_connection_is_named_by_its_file_if_there_is_one() {
    let memory = Connection::open_in_memory().unwrap();
    let store = SqliteBackend::with_connection(memory);
    assert_eq!(store.describe(), "an SQLite database");
    assert_eq!(store.durability(), Durability::Memory);
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let file = Connection::open(&path).unwrap();
    let store = SqliteBackend::with_connection(file);
    assert_eq!(store.describe(), path.display().to_string());
    assert_eq!(store.durability(), Durability::PowerCut);
}

fn refused() {
    let store = SqliteBackend::new(given("STORE"));
    for error in [store.load().map(drop), store.save(&record(1))].map(Result::unwrap_err) {
        assert!(is_denied(&error), "{error}");
        let error = precise::<()>(Err(error));
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        assert!(error.to_string().contains("cannot create"), "{error}");
    }
}

#[test]
fn a_database_that_may_not_be_created_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let set = |mode| {
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Permission bits do not bind root: as root, the child runs as another user.
    let Some(wrapper) = unprivileged() else { return };
    set(0o555);
    let path = dir.join("logins.sqlite");
    let output = child("sqlite_files::refused", wrapper).env("STORE", path).output().unwrap();
    set(0o755);
    succeeded(&output);
}

fn read_only() {
    let store = SqliteBackend::new(given("STORE"));
    store.load().unwrap().unwrap();
    for (error, text) in [
        (precise(store.lock(Duration::ZERO)), "may only read the file"),
        (precise(store.probe()), "may only read the database"),
    ] {
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// SQLite's write lock on a read-only file would exclude nobody.
#[test]
fn files_that_may_only_be_read_are_refused_before_a_login() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Permission bits do not bind root: as root, the child runs as another user.
    let Some(wrapper) = unprivileged() else { return };
    let dir = TempDir::new();
    set(dir.path(), 0o777);
    let path = dir.join("logins.sqlite");
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    store.probe().unwrap();
    drop(store.lock(Duration::ZERO).unwrap());
    for file in std::fs::read_dir(dir.path()).unwrap() {
        set(&file.unwrap().path(), 0o444);
    }
    let output = child("sqlite_files::read_only", wrapper).env("STORE", path).output().unwrap();
    succeeded(&output);
}

#[test]
fn a_lock_file_that_is_no_database_is_an_error() {
    let dir = TempDir::new();
    let store = SqliteBackend::new(dir.join("logins.sqlite"));
    drop(store.lock(Duration::ZERO).unwrap());
    for file in std::fs::read_dir(dir.path()).unwrap() {
        std::fs::write(file.unwrap().path(), "something else".repeat(100)).unwrap();
    }
    let error = precise(store.lock(Duration::ZERO));
    assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
}

#[test]
fn after_a_failure_the_store_opens_a_new_connection() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    Connection::open(&path).unwrap().execute_batch("DROP TABLE evergrant_logins").unwrap();
    let error = precise(store.load());
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
    // A new connection makes the missing table.
    assert_eq!(store.load().unwrap(), None);
    store.save(&record(2)).unwrap();
}

fn flush() {
    let store = SqliteBackend::new(given("STORE"));
    let failed =
        |error: BackendError| assert!(error.to_string().contains("cannot flush"), "{error}");
    match given("STEP").to_str() {
        Some("load") => failed(precise(store.load())),
        Some("save") => {
            let saved = std::fs::read(given("RECORD")).unwrap();
            failed(precise(store.save(&Record::from_json(&saved).unwrap())));
        }
        // A record that was flushed once is not flushed again.
        Some("loads") => {
            store.load().unwrap().unwrap();
            store.load().unwrap().unwrap();
        }
        step => panic!("{step:?}"),
    }
}

/// A process that was killed may have written the end of a transaction and not flushed it.
#[cfg(target_os = "linux")]
#[test]
fn a_record_of_another_process_is_flushed_once_before_it_is_returned() {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return skip("strace is not installed, or may not trace");
    }
    let steps = [("load", 1), ("save", 1), ("loads", 2)];
    let journals = ["PERSIST", "WAL"].into_iter();
    for (mode, (step, fails)) in journals.flat_map(|mode| steps.map(|step| (mode, step))) {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let (first, copy) = (record(1), dir.join("copy"));
        let theirs = Connection::open(&path).unwrap();
        let sql = format!("PRAGMA journal_mode = {mode}");
        theirs.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap();
        theirs.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
        SqliteBackend::new(&path).save(&first).unwrap();
        std::fs::write(&copy, first.to_json().unwrap()).unwrap();
        let journal = if mode == "WAL" { "logins.sqlite-wal" } else { "logins.sqlite-journal" };
        let journal = dir.join(journal).display().to_string();
        let inject = format!("inject=fsync:error=EIO:when={fails}");
        let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", &journal, "-e", &inject];
        let output = child("sqlite_files::flush", &wrapper)
            .env("STORE", path)
            .env("RECORD", copy)
            .env("STEP", step)
            .output()
            .unwrap();
        succeeded(&output);
    }
}

/// Uses a store whose database file is itself a mount, by path and on a connection of the program.
#[cfg(target_os = "linux")]
fn mounted() {
    let path = given("STORE");
    let own = SqliteBackend::new(&path);
    let mut errors = vec![
        precise(own.probe()),
        precise(own.load().map(drop)),
        precise(own.save(&record(2))),
        precise(own.lock(Duration::ZERO).map(drop)),
    ];
    if std::fs::metadata(&path).unwrap().len() > 0 {
        let lent = SqliteBackend::with_connection(Connection::open(&path).unwrap());
        errors.extend([precise(lent.probe()), precise(lent.lock(Duration::ZERO).map(drop))]);
    }
    for error in errors {
        assert!(matches!(error, BackendError::Config(_)), "{error}");
        let text = error.to_string();
        for part in [path.to_str().unwrap(), "single-file mount", "mount its folder instead"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

/// SQLite's files beside the database would be in the container's own layer.
#[cfg(target_os = "linux")]
#[test]
fn a_database_that_is_itself_mounted_is_refused() {
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return skip("unshare may not mount here");
    }
    for mode in [None, Some("DELETE"), Some("PERSIST"), Some("WAL")] {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        std::fs::write(&path, "").unwrap();
        if let Some(mode) = mode {
            let theirs = Connection::open(&path).unwrap();
            let sql = format!("PRAGMA journal_mode = {mode}");
            theirs.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap();
            SqliteBackend::with_connection(theirs).save(&record(1)).unwrap();
        }
        let mount = "mount --bind \"$STORE\" \"$STORE\" && exec \"$0\" \"$@\"";
        let wrapper = ["unshare", "-rm", "sh", "-c", mount];
        let output = child("sqlite_files::mounted", &wrapper).env("STORE", &path).output().unwrap();
        succeeded(&output);
        assert!(mode.is_some() || std::fs::read(&path).unwrap().is_empty());
    }
}

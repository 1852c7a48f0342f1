//! Tests of the files of an SQLite store: their modes, and a lock file that is deleted.

use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, SqliteBackend};
use rusqlite::Connection;

use crate::support::*;

pub(crate) const CHILDREN: &[Child] =
    &[("sqlite_files::masked", masked), ("sqlite_files::refused", refused)];

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

#[test]
fn a_given_connection_is_named_by_its_file_if_there_is_one() {
    let memory = Connection::open_in_memory().unwrap();
    assert_eq!(SqliteBackend::with_connection(memory).describe(), "an SQLite database");
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let file = Connection::open(&path).unwrap();
    assert_eq!(SqliteBackend::with_connection(file).describe(), path.display().to_string());
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
fn a_database_that_may_not_be_created_is_an_error_that_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let set = |mode| {
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Permission bits do not bind root: as root, the child becomes somebody else.
    let Some(wrapper) = unprivileged() else { return };
    set(0o555);
    let path = dir.join("logins.sqlite");
    let output = child("sqlite_files::refused", wrapper).env("STORE", path).output().unwrap();
    set(0o755);
    succeeded(&output);
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

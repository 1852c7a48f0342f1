//! Tests of the files of an SQLite store: their modes, and a lock file that is deleted.

use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, SqliteBackend};
use rusqlite::Connection;

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[("sqlite_files::masked", masked)];

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

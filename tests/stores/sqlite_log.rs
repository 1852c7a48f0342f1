//! Tests of the room for successors in SQLite's write-ahead log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{Record, SqliteBackend};
use evergrant::clock::{Clock, ManualClock};
use evergrant::sandbox::contract::{noted, successor};
use evergrant::{Token, TokenBackend as _};
use rusqlite::Connection;

use crate::support::*;

/// A new database with a write-ahead log.
fn database(dir: &TempDir) -> PathBuf {
    let path = dir.join("logins.sqlite");
    let connection = Connection::open(&path).unwrap();
    let sql = "PRAGMA journal_mode = WAL";
    let mode = connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(mode, "wal");
    path
}

/// The bytes in the log's file after the end of the log.
fn room(path: &Path) -> u64 {
    let connection = Connection::open(path).unwrap();
    let sql = "PRAGMA wal_checkpoint(NOOP)";
    let logged: u32 = connection.query_row(sql, [], |row| row.get(1)).unwrap();
    log_size(path).saturating_sub(32 + u64::from(logged) * (4096 + 24))
}

fn log(path: &Path) -> PathBuf {
    let mut log = path.to_path_buf().into_os_string();
    log.push("-wal");
    log.into()
}

fn log_size(path: &Path) -> u64 {
    std::fs::metadata(log(path)).map_or(0, |metadata| metadata.len())
}

#[test]
fn small_logins_leave_the_room_of_a_large_one() {
    let dir = TempDir::new();
    let path = database(&dir);
    let store = SqliteBackend::new(&path);
    let (large, small) = (store.account("large"), store.account("small"));
    let long = "x".repeat(300_000);
    let first = Record::from(Token::new(long.as_str()).with_refresh_token("rt-1"));
    large.save(&first).unwrap();
    small.save(&record(1)).unwrap();
    let _guard = large.lock(Duration::ZERO).unwrap();
    large.save(&noted(&first)).unwrap();
    for n in 2..200 {
        let _guard = small.lock(Duration::ZERO).unwrap();
        let note = noted(&small.load().unwrap().unwrap());
        small.save(&note).unwrap();
        small.save(&successor(&note, token(n))).unwrap();
        let room = room(&path);
        assert!(room >= 300_000, "{room} bytes after {n} small logins");
    }
}

#[test]
fn a_logout_keeps_the_room_of_other_logins() {
    let dir = TempDir::new();
    let path = database(&dir);
    let store = SqliteBackend::new(&path);
    let (alice, bob) = (store.account("alice"), store.account("bob"));
    let secret = "the-token-of-alice";
    alice.save(&Record::from(Token::new("at-1").with_refresh_token(secret))).unwrap();
    bob.save(&record(1)).unwrap();
    let guard = bob.lock(Duration::ZERO).unwrap();
    let note = noted(&bob.load().unwrap().unwrap());
    bob.save(&note).unwrap();
    alice.clear().unwrap();
    let kept = room(&path);
    assert!(kept >= 6 * (4096 + 24), "{kept}");
    let log = std::fs::read(log(&path)).unwrap();
    assert!(!log.windows(secret.len()).any(|part| part == secret.as_bytes()));
    bob.save(&successor(&note, token(2))).unwrap();
    drop(guard);
    // No refresh is running now.
    alice.clear().unwrap();
    assert_eq!(log_size(&path), 0);
}

#[test]
fn the_room_outlasts_a_long_request_and_closed_connections() {
    let dir = TempDir::new();
    let path = database(&dir);
    let clock = Arc::new(ManualClock::new());
    let open = || SqliteBackend::new(&path).with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let store = open();
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let note = noted(&store.load().unwrap().unwrap());
    store.save(&note).unwrap();
    let size = log_size(&path);
    assert!(size >= 6 * (4096 + 24), "{size}");
    // A connection that rested for a minute is closed at the next use.
    clock.sleep(Duration::from_secs(90));
    store.account("another").load().unwrap();
    assert_eq!(log_size(&path), size, "after a long request");
    // The store itself ends, with all its connections.
    drop(store);
    assert_eq!(log_size(&path), size, "after the last connection");
    let store = open();
    assert_eq!(store.load().unwrap().as_ref(), Some(&note));
    store.save(&successor(&note, token(2))).unwrap();
    drop((guard, store));
    assert!(!log(&path).exists(), "a log without a login in flight");
}

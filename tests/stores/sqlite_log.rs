//! Tests of SQLite's write-ahead log: the space for new records in the log, and a log that is deleted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{BackendError, Record, SqliteBackend};
use evergrant::clock::{Clock, ManualClock};
use evergrant::sandbox::contract::{noted, successor};
use evergrant::{Token, TokenBackend as _};
use rusqlite::Connection;

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[
    ("sqlite_log::read", read),
    ("sqlite_log::refused", refused),
    #[cfg(target_os = "linux")]
    ("sqlite_log::reader", read_on_a_full_disk),
];

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
fn small_logins_leave_the_reserved_space_of_a_large_login() {
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
fn a_logout_keeps_the_reserved_space_of_other_logins() {
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
fn the_reserved_space_outlasts_a_long_request() {
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

/// A cleaner of old files, or a careless script, deletes the log while a process has the database open.
#[test]
fn a_log_that_is_deleted_loses_no_saved_record() {
    let dir = TempDir::new();
    let path = database(&dir);
    let copies = dir.join("copies");
    std::fs::create_dir(&copies).unwrap();
    // Returns the record that a new process would find if the power were cut now.
    let after_a_cut = || {
        for end in ["", "-wal"] {
            let name = format!("logins.sqlite{end}");
            let copied = std::fs::copy(dir.join(&name), copies.join(&name));
            assert!(copied.is_ok() || end == "-wal");
        }
        SqliteBackend::new(copies.join("logins.sqlite")).load().unwrap()
    };
    let [store, idle, unused] = [(); 3].map(|()| SqliteBackend::new(&path));
    store.save(&record(1)).unwrap();
    assert!(idle.load().unwrap().is_some() && unused.load().unwrap().is_some());
    let mut saved = store.load().unwrap().unwrap();
    for n in 2..6 {
        let _guard = store.lock(Duration::ZERO).unwrap();
        if n % 2 == 0 {
            std::fs::remove_file(log(&path)).unwrap();
        }
        let note = noted(&saved);
        store.save(&note).unwrap();
        assert_eq!(after_a_cut(), Some(note.clone()));
        // The log is deleted during the request for a token.
        std::fs::remove_file(log(&path)).unwrap();
        saved = successor(&note, token(n));
        store.save(&saved).unwrap();
        assert_eq!(after_a_cut(), Some(saved.clone()), "{n}");
        // A new process finds the record, and so does a process that has done nothing since.
        assert_eq!(SqliteBackend::new(&path).load().unwrap(), Some(saved.clone()), "{n}");
        if n > 3 {
            assert_eq!(idle.load().unwrap(), Some(saved.clone()), "{n}");
        }
    }
    // The last connection that is closed has a log that was deleted long ago.
    drop(store);
    drop(idle);
    drop(unused);
    assert_eq!(SqliteBackend::new(&path).load().unwrap(), Some(saved));
}

/// Reads the record as a process of its own.
fn read() {
    let record = SqliteBackend::new(given("STORE")).load().unwrap().unwrap();
    assert_eq!(record.to_json().unwrap(), std::fs::read(given("RECORD")).unwrap());
}

/// Opens a database whose log was deleted, as a process of its own.
fn refused() {
    let error = precise(SqliteBackend::new(given("STORE")).load());
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
}

/// SQLite makes an empty log for the process that starts.
#[cfg(unix)]
#[test]
fn a_process_that_starts_loses_no_record_of_a_deleted_log() {
    for holders in 1..3 {
        let dir = TempDir::new();
        let path = database(&dir);
        let stores: Vec<_> = (0..holders).map(|_| SqliteBackend::new(&path)).collect();
        stores[0].save(&record(1)).unwrap();
        for store in &stores {
            assert!(store.load().unwrap().is_some());
        }
        let saved = successor(&stores[0].load().unwrap().unwrap(), token(2));
        stores[0].save(&saved).unwrap();
        std::fs::remove_file(log(&path)).unwrap();
        let mut starts = child::<&str>("sqlite_log::refused", &[]);
        succeeded(&starts.env("STORE", &path).output().unwrap());
        assert!(log(&path).exists(), "the process left no log");
        for store in stores.iter().rev() {
            assert_eq!(store.load().unwrap(), Some(saved.clone()), "{holders}");
        }
        drop(stores);
        assert_eq!(SqliteBackend::new(&path).load().unwrap(), Some(saved));
    }
}

/// The copy of the deleted log waits for the reader.
#[cfg(unix)]
#[test]
fn a_short_reader_keeps_no_log_from_being_saved() {
    let dir = TempDir::new();
    let path = database(&dir);
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    let reader = Connection::open(&path).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    let sql = "SELECT count(*) FROM evergrant_logins";
    reading.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let saved = successor(&store.load().unwrap().unwrap(), token(2));
    store.save(&saved).unwrap();
    std::fs::remove_file(log(&path)).unwrap();
    std::thread::scope(|scope| {
        let loads = scope.spawn(|| store.load().unwrap());
        // The reader ends while the store waits. If the store has not begun to wait, it need not wait.
        for _ in 0..20 {
            if loads.is_finished() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        reading.commit().unwrap();
        assert_eq!(loads.join().unwrap(), Some(saved.clone()));
    });
    drop((store, reader));
    assert_eq!(SqliteBackend::new(&path).load().unwrap(), Some(saved));
}

#[test]
fn an_index_that_is_deleted_loses_no_saved_record() {
    for also_the_log in [false, true] {
        let dir = TempDir::new();
        let path = database(&dir);
        let store = SqliteBackend::new(&path);
        store.save(&record(1)).unwrap();
        let mut saved = store.load().unwrap().unwrap();
        for n in 2..5 {
            std::fs::remove_file(dir.join("logins.sqlite-shm")).unwrap();
            if also_the_log {
                std::fs::remove_file(log(&path)).unwrap();
            }
            saved = successor(&saved, token(n));
            store.save(&saved).unwrap();
            let copy = dir.join("record");
            std::fs::write(&copy, saved.to_json().unwrap()).unwrap();
            let mut reader = child::<&str>("sqlite_log::read", &[]);
            let output = reader.env("STORE", &path).env("RECORD", copy).output().unwrap();
            succeeded(&output);
        }
        drop(store);
        assert_eq!(SqliteBackend::new(&path).load().unwrap(), Some(saved));
    }
}

/// Another program reads, so nobody may write the log from its start again.
#[cfg(target_os = "linux")]
fn read_on_a_full_disk() {
    let path = Path::new("/mnt/logins.sqlite");
    let frame = 4096 + 24;
    let connection = Connection::open(path).unwrap();
    let wal = "PRAGMA journal_mode = WAL";
    connection.query_row(wal, [], |row| row.get::<_, String>(0)).unwrap();
    let store = SqliteBackend::new(path);
    let small = store.account("small");
    let large = |n: u32| token(n).with_scope("scope ".repeat(7000));
    store.save(&Record::from(large(1))).unwrap();
    small.save(&record(1)).unwrap();
    let _guard = store.lock(Duration::ZERO).unwrap();
    let note = noted(&store.load().unwrap().unwrap());
    store.save(&note).unwrap();
    let stored = successor(&note, large(2));
    store.save(&stored).unwrap();
    let checkpoint = || {
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        connection.query_row(sql, [], |_| Ok(())).unwrap();
    };
    checkpoint();
    let mut filler = std::fs::File::create("/mnt/filler").unwrap();
    while std::io::Write::write_all(&mut filler, &[7; 4096]).is_ok() {}
    // The log has space for the refresh note, and not for the new record.
    for n in 2.. {
        if room(path) < 18 * frame {
            break;
        }
        let before = small.load().unwrap().unwrap();
        small.save(&successor(&before, token(n))).unwrap();
    }
    assert!(room(path) >= 14 * frame);
    let reader = Connection::open(path).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    let sql = "SELECT count(*) FROM evergrant_logins";
    reading.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let note = noted(&stored);
    let error = precise(store.save(&note));
    assert!(matches!(error, BackendError::Full(_)), "{error}");
    drop(reading);
    let found = store.load().unwrap().unwrap();
    assert_eq!(found, note, "the note fitted; its successor would not have fitted");
    let note = noted(&found);
    store.save(&note).unwrap();
    store.save(&successor(&note, large(3))).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_note_is_refused_if_a_reader_blocks_the_reserved_space() {
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return skip("unshare may not make a file system of its own here");
    }
    let mount = "mount -t tmpfs -o size=2m none /mnt && exec \"$@\"";
    let wrapper = ["unshare", "-rm", "sh", "-c", mount, "sh"];
    let output = child("sqlite_log::reader", &wrapper).output().unwrap();
    succeeded(&output);
}

//! Tests that this crate never prevents SQLite from deleting its journal file, which SQLite does in
//! order to commit.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::SqliteBackend;
use evergrant::sandbox::contract::successor;
use rusqlite::Connection;

use crate::support::*;

const SAVES: u32 = 200;

/// Opens a store on a connection in journal mode DELETE, the default of SQLite.
fn guest(path: &Path) -> SqliteBackend {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    SqliteBackend::with_connection(connection)
}

#[test]
fn a_save_by_deleting_the_journal_survives_readers_that_flush() {
    let dir = TempDir::new();
    let path = dir.join("app.sqlite");
    let store = guest(&path);
    store.save(&record(1)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let store = guest(&path);
                while !done.load(Ordering::Relaxed) {
                    // Saving the stored record again flushes the database. The save may fail, because another
                    // save can come between.
                    let stored = store.load().unwrap().unwrap();
                    let _ = store.save(&stored);
                }
            });
        }
        for n in 2..SAVES {
            let next = successor(&store.load().unwrap().unwrap(), token(n));
            store.save(&next).unwrap();
            let stored = guest(&path).load();
            if !matches!(&stored, Ok(Some(record)) if *record == next) {
                done.store(true, Ordering::Relaxed);
                panic!("save {n} was lost: {stored:?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// An application commits through a connection of its own to the store's database, while the store does
/// nothing.
#[test]
fn an_application_commits_by_deleting_the_journal_beside_a_store() {
    let dir = TempDir::new();
    let path = dir.join("app.sqlite");
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    let application = Connection::open(&path).unwrap();
    application.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    for n in 2..12 {
        let next = successor(&store.load().unwrap().unwrap(), token(n));
        store.save(&next).unwrap();
        application.execute_batch("INSERT INTO theirs VALUES (1)").unwrap();
        assert_eq!(store.load().unwrap(), Some(next));
    }
}

//! Tables of an earlier and of a later release in SQLite.

use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Rows, completes_the_table_of_an_earlier_release, leaves_the_store_to_a_later_release};
use crate::support::*;

/// The table and the statements of an earlier release, which has no room for successors.
pub(super) struct Earlier(Mutex<Connection>, String);

fn connect(path: impl AsRef<std::path::Path>) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(super::HANGS).unwrap();
    connection
}

impl Earlier {
    pub(super) fn open(path: &str, account: &str) -> Earlier {
        Earlier(Mutex::new(connect(path)), account.to_owned())
    }
}

impl Rows for Earlier {
    fn read(&self) -> Option<Vec<u8>> {
        let connection = self.0.lock().unwrap();
        let sql = "SELECT record FROM evergrant_logins WHERE account = ?1";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_row([&self.1], |row| row.get(0)).optional().unwrap()
    }
    fn swap(&self, old: Option<&[u8]>, new: &[u8]) -> bool {
        let connection = self.0.lock().unwrap();
        let rows = match old {
            Some(old) => {
                let sql =
                    "UPDATE evergrant_logins SET record = ?1 WHERE account = ?2 AND record = ?3";
                let mut statement = connection.prepare(sql).unwrap();
                statement.execute(params![new, self.1, old])
            }
            None => {
                let sql = "INSERT INTO evergrant_logins (record, account) VALUES (?1, ?2)";
                connection.execute(sql, params![new, self.1])
            }
        };
        rows.unwrap() == 1
    }
}

const EARLIER: &str =
    "CREATE TABLE evergrant_logins (account TEXT NOT NULL PRIMARY KEY, record BLOB NOT NULL)";

fn has_room(path: &std::path::Path) -> bool {
    let sql = "SELECT count(*) FROM pragma_table_info('evergrant_logins') WHERE name = 'room'";
    connect(path).query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 1
}

#[test]
fn sqlite_completes_the_table_of_an_earlier_release() {
    for mode in ["WAL", "PERSIST"] {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let admin = connect(&path);
        admin.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
        admin.execute_batch(EARLIER).unwrap();
        drop(admin);
        let store = format!("sqlite {}", path.display());
        completes_the_table_of_an_earlier_release(&store, &|| has_room(&path));
    }
}

#[test]
fn a_logout_in_an_earlier_table_leaves_no_token_behind() {
    use evergrant::TokenBackend as _;
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    connect(&path).execute_batch(EARLIER).unwrap();
    let store = evergrant::SqliteBackend::new(&path);
    let long = record(1).to_json().unwrap().repeat(20);
    assert!(Earlier::open(path.to_str().unwrap(), "old").swap(None, &long));
    let deletes = connect(&path);
    deletes.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(())).unwrap();
    deletes.execute("DELETE FROM evergrant_logins", []).unwrap();
    drop(deletes);
    assert!(
        Earlier::open(path.to_str().unwrap(), "default").swap(None, &record(2).to_json().unwrap())
    );
    let holds = || {
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(9).any(|part| part == b"sesame-rt")
    };
    assert!(holds());
    store.clear().unwrap();
    assert!(!holds(), "a token is in the file");
}

#[test]
fn connections_of_the_program_complete_the_table_too() {
    use evergrant::TokenBackend as _;
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    connect(&path).execute_batch(EARLIER).unwrap();
    let at = path.clone();
    let store =
        evergrant::SqliteBackend::with_connections(move || Connection::open(&at).map(Box::new));
    let saved = record(1);
    store.save(&saved).unwrap();
    assert!(has_room(&path));
    assert_eq!(store.load().unwrap(), Some(saved));
}

#[test]
fn this_release_leaves_sqlite_to_a_later_release() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let rows =
        |account: &str| Box::new(Earlier::open(path.to_str().unwrap(), account)) as Box<dyn Rows>;
    let store = format!("sqlite {}", path.display());
    let table = |sql: &str| connect(&path).execute_batch(sql).unwrap();
    leaves_the_store_to_a_later_release(&store, &rows, Some(&table));
}

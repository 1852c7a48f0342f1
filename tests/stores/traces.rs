//! Tests that a cleared login leaves no secret in an SQLite database, and that the settings of a lent
//! connection are restored.

use std::path::Path;

use evergrant::backend::{Record, SqliteBackend};
use evergrant::sandbox::Sandbox;
use evergrant::sandbox::contract::successor;
use evergrant::{BoxError, TokenBackend as _};
use rusqlite::Connection;

/// Returns the names of the files in a folder that contain this text.
fn holders(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn a_cleared_refresh_token_is_in_no_file_of_the_database() {
    let modes = ["delete", "truncate", "persist", "wal"];
    let own = ["delete", "wal"].map(|mode| (mode, true));
    for (mode, own) in modes.map(|mode| (mode, false)).into_iter().chain(own) {
        let folder = Sandbox::start().unwrap();
        let folder = folder.folder();
        let path = folder.join("logins.sqlite");
        let connection = Connection::open(&path).unwrap();
        let sql = format!("PRAGMA journal_mode = {mode}");
        connection.query_row(&sql, [], |_| Ok(())).unwrap();
        connection.execute_batch("PRAGMA secure_delete = OFF").unwrap();
        let store = match own {
            true => {
                drop(connection);
                SqliteBackend::new(&path)
            }
            false => SqliteBackend::with_connection(connection),
        };
        // The first secret is so long that it fills whole pages of the database. The second secret is
        // shorter, so that some of these pages stay free.
        let secret = |n: usize| format!("c4nary-{n}-").repeat([4_000, 1_000][n]);
        let token = |n| evergrant::Token::new("at").with_refresh_token(secret(n));
        let other = Record::from(evergrant::Token::new("at").with_refresh_token("of-bob"));
        store.save(&Record::from(token(0))).unwrap();
        assert!(!holders(folder, "c4nary-0").is_empty(), "the test does not find a stored secret");
        let next = successor(&store.load().unwrap().unwrap(), token(1));
        store.save(&next).unwrap();
        store.clear().unwrap();
        for n in 0..2 {
            let found = holders(folder, &format!("c4nary-{n}"));
            assert!(found.is_empty(), "{mode}, own: {own}, {n}: {found:?}");
        }
        // Only the free pages were overwritten, so the file has not grown.
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
        store.save(&other).unwrap();
        assert_eq!(store.load().unwrap(), Some(other));
    }
}

#[test]
fn a_lent_connection_has_its_settings_back() {
    for (value, number) in [("OFF", 0), ("ON", 1), ("FAST", 2)] {
        let folder = Sandbox::start().unwrap();
        let path = folder.folder().join("lent.sqlite");
        let (pool, taken) = std::sync::mpsc::channel();
        let connection = Connection::open(&path).unwrap();
        let settings = format!(
            "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = {value}; PRAGMA journal_size_limit = 4096;
             PRAGMA fullfsync = OFF"
        );
        connection.execute_batch(&settings).unwrap();
        pool.send(connection).unwrap();
        let taken = std::sync::Arc::new(std::sync::Mutex::new(taken));
        let lend = std::sync::Arc::clone(&taken);
        let back = pool.clone();
        let store = SqliteBackend::with_connections(move || -> Result<_, BoxError> {
            let connection = lend.lock().unwrap().try_recv()?;
            Ok(Lent { connection: Some(connection), back: back.clone() })
        });
        let record = Record::from(evergrant::Token::new("at").with_refresh_token("rt"));
        store.save(&record).unwrap();
        store.clear().unwrap();
        let connection = taken.lock().unwrap().try_recv().unwrap();
        let of = |name: &str| -> i64 {
            connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!(of("secure_delete"), number);
        assert_eq!((of("synchronous"), of("journal_size_limit")), (1, 4096));
        assert_eq!(of("fullfsync"), 0);
    }
}

/// A connection that goes back to its pool.
struct Lent {
    connection: Option<Connection>,
    back: std::sync::mpsc::Sender<Connection>,
}

impl std::ops::Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.back.send(self.connection.take().unwrap()).unwrap();
    }
}

/// The setting `fullfsync` has an effect on macOS only, where a flush without it reaches only the drive's
/// cache.
#[test]
fn a_save_on_a_lent_connection_flushes_fully() {
    let folder = Sandbox::start().unwrap();
    let path = folder.folder().join("logins.sqlite");
    let connection = Connection::open(&path).unwrap();
    let store = SqliteBackend::with_connection(connection);
    assert!(store.load().unwrap().is_none());
    let spy = "CREATE TABLE seen (full INTEGER);
               CREATE TRIGGER spy AFTER INSERT ON evergrant_logins
               BEGIN INSERT INTO seen SELECT fullfsync FROM pragma_fullfsync; END";
    let other = Connection::open(&path).unwrap();
    other.execute_batch(spy).unwrap();
    store.save(&Record::from(evergrant::Token::new("at"))).unwrap();
    let seen = other.query_row("SELECT full FROM seen", [], |row| row.get::<_, i64>(0));
    assert_eq!(seen.unwrap(), 1);
}

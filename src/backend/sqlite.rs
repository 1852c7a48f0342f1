//! A store in an SQLite database.

mod accounts;
mod connections;
mod lock;

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use zeroize::Zeroizing;

use self::connections::Connections;
use self::lock::Locks;
use super::compare::{self, ACCOUNT, Bytes, Place};
use super::{BackendError, Durability, Guard, TokenBackend, disk};
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_id;

/// The least room, in bytes, that is reserved for a successor: its tokens may be longer than the
/// present ones.
const ROOM: usize = 16 << 10;

/// The most bytes of free pages that [`SqliteBackend::clear`](TokenBackend::clear) overwrites.
const MOST: i64 = 64 << 20;

/// Keeps logins in an SQLite database, one row for each account, for the processes of one machine.
///
/// The table is `evergrant_logins`, with the columns `account` (text, the key), `record` (the bytes of
/// a [`Record`]) and `room` (space for its successor); the store creates it if it is missing. It also
/// creates a missing database, with mode 0600; the folder must exist.
///
/// A save is a separate transaction with `PRAGMA synchronous = EXTRA`; afterwards the connection has
/// its own setting again. The lock between processes is SQLite's write lock on a second, empty
/// database, one for each account, so that no other work on the database waits for a refresh. The lock
/// is released when the process that holds it ends.
///
/// [`TokenBackend::clear`] overwrites the login and the free pages of the database (at most 64 MiB) with zeros,
/// and truncates the journal and the log. Backups and the free blocks of the file system may still have a copy.
///
/// | file | content |
/// | --- | --- |
/// | `NAME` | the database |
/// | `NAME-journal`, or `NAME-wal` and `NAME-shm` | SQLite's journal |
/// | `NAME-evergrant-XXXXXXXXXXXXXXXX` | nothing; it is the lock of one account, and is never deleted |
///
/// ```
/// use evergrant::backend::SqliteBackend;
/// use evergrant::{Token, TokenBackend as _, backend::Record};
///
/// # let path = std::env::temp_dir().join(format!("evergrant-doc-{}.sqlite", std::process::id()));
/// let alice = SqliteBackend::new(&path).account("alice");
/// alice.save(&Record::from(Token::new("at-1").with_refresh_token("rt-1")))?;
/// assert!(SqliteBackend::new(&path).account("bob").load()?.is_none());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), evergrant::BoxError>(())
/// ```
pub struct SqliteBackend {
    connections: Arc<Connections>,
    account: String,
    clock: Arc<dyn Clock>,
    locks: Locks,
    /// The record that was flushed last. A loaded record is flushed once before it is returned.
    durable: Mutex<Option<Vec<u8>>>,
}

impl SqliteBackend {
    /// Makes a store in the database at `path` without opening it. A relative path refers to the
    /// present working directory, even if that changes later. If the database file is deleted or
    /// replaced, the store opens the path again.
    pub fn new(path: impl AsRef<Path>) -> SqliteBackend {
        SqliteBackend::on(Connections::path(disk::absolute(path.as_ref())))
    }

    /// Makes a store in a database that is already open. A database in memory, or a temporary one, is
    /// lost with the connection, and its lock only keeps the threads that share this backend apart.
    pub fn with_connection(connection: Connection) -> SqliteBackend {
        SqliteBackend::on(Connections::one(connection))
    }

    /// Makes a store on connections from `open`, such as those of a pool: one for each operation. All
    /// connections must be to one database, and in no transaction.
    pub fn with_connections<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> SqliteBackend
    where
        C: Deref<Target = Connection>,
        E: Into<BoxError>,
    {
        SqliteBackend::on(Connections::given(open))
    }

    fn on(connections: Connections) -> SqliteBackend {
        SqliteBackend {
            connections: Arc::new(connections),
            account: ACCOUNT.to_owned(),
            clock: Arc::new(SystemClock),
            locks: Locks::default(),
            durable: Mutex::new(None),
        }
    }

    /// Selects the login of this account; any text. `default` by default.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> SqliteBackend {
        self.account = account.into();
        self
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> SqliteBackend {
        self.clock = clock;
        self
    }

    /// Runs `work` on a connection, and converts its errors.
    fn run<T>(&self, work: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, BoxError> {
        self.connections.run(work, &|error| self.failed(error))
    }

    fn failed(&self, error: &rusqlite::Error) -> BoxError {
        failed(&self.describe(), error)
    }

    /// Runs `work` so that its commits reach the disk before it returns. With `secure_delete` set to
    /// `ON`, SQLite overwrites all removed content; with `FAST`, only where that needs no further page.
    fn durably<T>(
        &self,
        secure_delete: &str,
        mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        self.run(|connection| {
            let synchronous = Setting::change(connection, "synchronous", "EXTRA")?;
            // Without `fullfsync`, a flush on macOS stops at the drive's cache.
            let fullfsync = Setting::change(connection, "fullfsync", "ON")?;
            let secure_delete = Setting::change(connection, "secure_delete", secure_delete)?;
            let done = work(connection);
            secure_delete.restore(connection)?;
            fullfsync.restore(connection)?;
            synchronous.restore(connection)?;
            done
        })
    }

    /// The database's file; `None` for one in memory.
    fn file(&self) -> Result<Option<PathBuf>, BoxError> {
        match self.connections.known_path() {
            Some(path) => disk::target(path).map(Some),
            None => self.run(|connection| {
                let path = connection.path().filter(|path| !path.is_empty());
                Ok(path.map(PathBuf::from))
            }),
        }
    }

    /// Flushes the journals. A killed process may have written the end of a transaction, which others
    /// then see, and not flushed it. The database itself was flushed before that, and is not opened
    /// here: closing it would end this process's locks on it (fcntl(2)).
    fn flush(&self) -> Result<(), BoxError> {
        self.flush_by(flush_journals)
    }

    fn flush_by(&self, flush: impl Fn(&Path) -> Result<(), BoxError>) -> Result<(), BoxError> {
        let Some(path) = self.file()? else { return Ok(()) };
        if cfg!(windows) {
            // Windows removes no file that is open, and removing the journal is how a connection in
            // journal mode DELETE commits. No connection commits while a transaction reads.
            let mut flushed = Ok(());
            self.run(|connection| {
                let reading = connection.unchecked_transaction()?;
                let sql = "SELECT 1 FROM evergrant_logins LIMIT 1";
                reading.query_row(sql, [], |_| Ok(())).optional()?;
                flushed = flush(&path);
                reading.commit()
            })?;
            flushed?;
        } else {
            flush(&path)?;
        }
        // A folder that cannot be flushed is no failure, as in SQLite.
        disk::flush_folder(&path).map(drop)
    }
}

fn flush_journals(database: &Path) -> Result<(), BoxError> {
    for after in ["-wal", "-journal"] {
        let path = disk::beside(database, "", after);
        let flushed = File::options()
            .read(true)
            .write(cfg!(windows))
            .open(&path)
            .and_then(|file| file.sync_all());
        match flushed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(disk::failed("flush", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A setting of a connection that has another value for a while.
struct Setting {
    name: &'static str,
    before: i64,
}

impl Setting {
    fn change(
        connection: &Connection,
        name: &'static str,
        value: &str,
    ) -> rusqlite::Result<Setting> {
        let sql = format!("PRAGMA main.{name}");
        let before = connection.query_row(&sql, [], |row| row.get(0))?;
        pragma(connection, name, value)?;
        Ok(Setting { name, before })
    }

    fn restore(self, connection: &Connection) -> rusqlite::Result<()> {
        // SQLite accepts the value 2 of `secure_delete` only as a word.
        match (self.name, self.before) {
            ("secure_delete", 2) => pragma(connection, self.name, "FAST"),
            (name, before) => pragma(connection, name, &before.to_string()),
        }
    }
}

/// Sets a value; for some settings, SQLite answers with the new value.
fn pragma(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA main.{name} = {value}");
    connection.query_row(&sql, [], |_| Ok(())).optional().map(drop)
}

/// Overwrites the pages that the database does not use: a row of zeros takes them, and is then deleted.
fn overwrite_free_pages(connection: &Connection) -> rusqlite::Result<()> {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = ask("PRAGMA main.freelist_count")?;
    let room = free.saturating_mul(ask("PRAGMA main.page_size")?).min(MOST);
    let transaction = connection.unchecked_transaction()?;
    // No account has this name, because the name is random.
    let name = random_id();
    let sql = "INSERT INTO evergrant_logins (record, room, account) VALUES (x'', zeroblob(?1), ?2)";
    transaction.execute(sql, params![room, name])?;
    transaction.execute("DELETE FROM evergrant_logins WHERE account = ?1", [name])?;
    transaction.commit()
}

/// Makes sure that there are free pages for a successor: SQLite takes the pages of a new row before it
/// frees those of the old row. With a write-ahead log, a save only needs room in the log.
fn free_pages(
    connection: &Connection,
    account: &str,
    old: &[u8],
    room: i64,
) -> rusqlite::Result<()> {
    let mode = "PRAGMA main.journal_mode";
    let mode = connection.query_row(mode, [], |row| row.get::<_, String>(0))?;
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = ask("PRAGMA main.freelist_count")?;
    if mode == "wal" || free.saturating_mul(ask("PRAGMA main.page_size")?) >= room {
        return Ok(());
    }
    // The save of the note frees these pages. The row is one byte longer, because a row of the same
    // length would be overwritten in place.
    let sql = "UPDATE evergrant_logins SET room = zeroblob(?1) WHERE account = ?2 AND record = ?3";
    connection.execute(sql, params![room.saturating_add(1), account, old]).map(drop)
}

/// The hash that identifies the bytes of a record.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// Converts an error of SQLite. SQLite's messages name tables and files, never values.
fn failed(name: &str, error: &rusqlite::Error) -> BoxError {
    let text = format!("{name} failed");
    let precise = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::TooBig) => BackendError::Full(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => BackendError::Corrupt(text),
        _ => BackendError::Unavailable(text),
    };
    // Only the error's text is kept: the original cannot be copied, and its causes repeat its text.
    precise.because(error.to_string())
}

impl Place for SqliteBackend {
    fn read(&self) -> Result<Option<Bytes>, BoxError> {
        self.run(|connection| {
            let sql = "SELECT record FROM evergrant_logins WHERE account = ?1";
            let found = connection.query_row(sql, [&self.account], |row| row.get::<_, Vec<u8>>(0));
            Ok(found.optional()?.map(Zeroizing::new))
        })
    }

    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError> {
        // A record with a note reserves, in the same file, the room that its successor needs.
        let room = record.note().map_or(0, |_| ROOM.max(new.len() * 2));
        let room = i64::try_from(room).unwrap_or(0);
        // `FAST` and not `ON`: with `ON`, the room's pages would need as much room again in the
        // journal, which a full disk does not have. `clear` overwrites them.
        self.durably("FAST", |connection| {
            if let Some(old) = old.filter(|_| record.note().is_some()) {
                free_pages(connection, &self.account, old, room)?;
            }
            let rows = match old {
                Some(old) => {
                    let sql = "UPDATE evergrant_logins SET record = ?1, room = zeroblob(?2) \
                               WHERE account = ?3 AND record = ?4";
                    connection.execute(sql, params![new, room, self.account, old])
                }
                None => {
                    let sql = "INSERT INTO evergrant_logins (record, room, account) \
                               VALUES (?1, zeroblob(?2), ?3) ON CONFLICT DO NOTHING";
                    connection.execute(sql, params![new, room, self.account])
                }
            };
            let swapped = rows? == 1;
            if swapped && record.note().is_some() {
                // After a checkpoint, the write-ahead log is written from its start again, where it
                // already has room. The checkpoint fails while others read or write, and does nothing
                // without a write-ahead log.
                let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
            Ok(swapped)
        })
    }

    fn name(&self) -> String {
        self.describe()
    }
}

impl TokenBackend for SqliteBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let Some(bytes) = self.read()? else { return Ok(None) };
        let record = compare::parse(self, &bytes)?;
        let fingerprint = Some(fingerprint(&bytes));
        if *self.durable.lock() != fingerprint {
            self.flush()?;
            *self.durable.lock() = fingerprint;
        }
        Ok(Some(record))
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let (json, written) = compare::save(self, record)?;
        if !written {
            // The record that was there already may come from a save that did not finish.
            self.flush()?;
        }
        *self.durable.lock() = Some(fingerprint(&json));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let sql = "DELETE FROM evergrant_logins WHERE account = ?1";
        self.durably("ON", |connection| {
            // The journal has a copy of what was removed: it is cut when the removal is done.
            let limit = Setting::change(connection, "journal_size_limit", "0")?;
            let done = connection.execute(sql, [&self.account]).map(drop);
            if done.is_ok() {
                // Earlier records may be in free pages. A full disk must not prevent a logout.
                let _ = overwrite_free_pages(connection);
                // Earlier records may also be in the log. Fails while others read the log.
                let _ =
                    connection.query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
            limit.restore(connection)?;
            done
        })
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let file = self.file()?;
        let taken = self.locks.take(file.as_deref(), &self.account, &*self.clock, wait)?;
        taken.ok_or_else(|| BackendError::Busy(self.describe()).into())
    }

    fn probe(&self) -> Result<(), BoxError> {
        self.load()?;
        if self.run(|connection| connection.is_readonly("main"))? {
            let name = self.describe();
            let text = "this user may only read the database; let this user write it too";
            return Err(disk::wrong(format!("cannot write {name}: {text}")));
        }
        Ok(())
    }

    fn durability(&self) -> Durability {
        match self.file() {
            Ok(Some(_)) => Durability::PowerCut,
            Ok(None) => Durability::Memory,
            Err(_) => Durability::Unknown,
        }
    }

    fn describe(&self) -> String {
        let database = self.connections.name();
        match self.account.as_str() {
            ACCOUNT => database,
            account => format!("{database}, account {account}"),
        }
    }
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend")
            .field("database", &self.connections.name())
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

#[cfg(windows)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    /// A commit would delete the journal, which a flush has open.
    #[test]
    fn nobody_commits_while_the_journals_are_flushed() {
        let path = std::env::temp_dir().join(random_id());
        let store = SqliteBackend::with_connection(Connection::open(&path).unwrap());
        store.save(&Record::from(Token::new("at"))).unwrap();
        let other = Connection::open(&path).unwrap();
        other.busy_timeout(Duration::ZERO).unwrap();
        let commit = || other.execute_batch("CREATE TABLE theirs (id INTEGER)");
        let flushed = store.flush_by(|_| {
            commit().expect_err("a commit during the flush");
            Ok(())
        });
        flushed.unwrap();
        commit().unwrap();
        drop((store, other));
        std::fs::remove_file(&path).unwrap();
    }
}

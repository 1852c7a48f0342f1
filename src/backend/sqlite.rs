//! A store in an SQLite database.

mod accounts;
mod connections;
mod file_system;
mod live;
mod lock;
mod pages;
mod room;
mod rows;
mod table;
mod wal;

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use self::connections::{Connections, Lent};
use self::pages::{Setting, free_pages, overwrite_free_pages};
use self::wal::Log;
use super::compare::{self, ACCOUNT, Bytes, OTHER_COLUMNS, Place, Seen};
use super::pace::Pace;
use super::{BackendError, Durability, Entry, Guard, TokenBackend, disk, line};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::record::Record;

/// The smallest space, in bytes, that is reserved for the next record, whose tokens may be longer.
const ROOM: usize = 16 << 10;

/// Keeps logins in an SQLite database, one row for each account, for the processes of one machine.
///
/// The table is `evergrant_logins`, with the columns `account` (text, the key), `record` (the bytes of
/// a [`Record`]) and `room` (space for its successor); the store creates it if it is missing, and adds a column that
/// a table of an earlier release lacks. It also creates a missing database, with mode 0600; the folder must exist.
///
/// A store value and its clones share at most 4 connections, whatever the number of accounts: make one store, and call
/// [`SqliteBackend::account`] for each login. The threads of a process write one after the other, in order.
///
/// A save is a separate transaction with `PRAGMA synchronous = EXTRA`; afterwards a connection that the program has lent
/// has its own settings again. A new database gets a write-ahead log if its file system is known to be local (Linux); an
/// existing database keeps its journal mode. The lock between processes is SQLite's write lock on a second, empty database,
/// one for each account, so that a refresh delays no other work on the database. The lock is free when its process ends.
///
/// [`TokenBackend::clear`] overwrites the login and the free pages of the database (at most 64 MiB) with zeros,
/// and truncates the journal and the log. Backups and the free blocks of the file system may still have a copy.
///
/// | file | content |
/// | --- | --- |
/// | `NAME` | the database |
/// | `NAME-journal`, or `NAME-wal` and `NAME-shm` | SQLite's journal |
/// | `NAME-evergrant-XXXXXXXXXXXXXXXX` | nothing; this file is the lock of one account, and is never deleted |
/// | `.NAME.evergrant-new-XXXXXXXXXXXXXXXX` | nothing; this file says that the lock is new, until a client removes it |
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
#[derive(Clone)]
pub struct SqliteBackend {
    connections: Arc<Connections>,
    account: String,
    pace: Pace,
    /// The record that was flushed last. A loaded record is flushed once before it is returned.
    durable: Arc<Mutex<Option<Vec<u8>>>>,
    seen: Seen,
}

impl SqliteBackend {
    /// Makes a store in the database at `path` without opening it. A relative path refers to the
    /// present working directory, even if that changes later. If the database file is deleted or
    /// replaced, the store opens the path again.
    pub fn new(path: impl AsRef<Path>) -> SqliteBackend {
        SqliteBackend::on(Connections::path(disk::absolute(path.as_ref())))
    }

    /// Makes a store in a database that is already open. A database in memory, or a temporary database,
    /// is lost with the connection, and its lock excludes only the threads that share this backend.
    pub fn with_connection(connection: Connection) -> SqliteBackend {
        SqliteBackend::on(Connections::one(connection))
    }

    /// Makes a store on connections from `open`, such as connections of a pool. The store takes a
    /// connection for each operation. All connections must be to the same database, and must not be in
    /// a transaction.
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
            pace: Pace::system(),
            durable: Arc::default(),
            seen: Seen::default(),
        }
    }

    /// Returns a store for the login of this account, on the same connections; `account` may be any text.
    /// A new store is for the account `default`.
    #[must_use]
    pub fn account(&self, account: impl Into<String>) -> SqliteBackend {
        let (durable, seen) = (Arc::default(), Seen::default());
        SqliteBackend { account: account.into(), durable, seen, ..self.clone() }
    }

    /// Sets how many connections this store and its accounts use at a time, at least 1. 4 by default. A
    /// held lock needs one more connection, to its own file. Connections of the program are not
    /// counted.
    #[must_use]
    pub fn connections(self, most: usize) -> SqliteBackend {
        match self.connections.resized(most) {
            Some(connections) => SqliteBackend { connections: Arc::new(connections), ..self },
            None => self,
        }
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> SqliteBackend {
        self.pace = Pace::of(clock);
        self
    }

    /// Runs `work`, which only reads, on a connection, and converts its errors.
    fn run<T>(&self, work: impl FnMut(&Lent<'_>) -> rusqlite::Result<T>) -> Result<T, BoxError> {
        self.connections.read(&self.describe(), &self.pace, work)
    }

    /// Runs `work` so that its commits reach the disk before it returns. With `secure_delete` set to
    /// `ON`, SQLite overwrites all removed content; with `FAST`, only where that needs no further page. Our
    /// own connections have these settings already, except `ON`.
    fn durably<T>(
        &self,
        secure_delete: &str,
        mut work: impl FnMut(&Lent<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        self.connections.write(&self.describe(), &self.pace, |connection| {
            if connection.own && secure_delete == "FAST" {
                return work(connection);
            }
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

    /// The database's file; `None` for a database in memory.
    fn file(&self) -> Result<Option<PathBuf>, BoxError> {
        match self.connections.known_path() {
            Some(path) => disk::target(path).map(Some),
            None => self.run(|connection| {
                let path = connection.path().filter(|path| !path.is_empty());
                Ok(path.map(PathBuf::from))
            }),
        }
    }

    /// Flushes the journals. A killed process may have written the end of a transaction without
    /// flushing it, and other processes then see the transaction. The database itself was flushed
    /// before that, and is not opened here: closing it would end this process's locks on it (fcntl(2)).
    fn flush(&self) -> Result<(), BoxError> {
        self.flush_by(flush_journals)
    }

    fn flush_by(&self, flush: impl Fn(&Path) -> Result<(), BoxError>) -> Result<(), BoxError> {
        let Some(path) = self.file()? else { return Ok(()) };
        if cfg!(windows) {
            // Windows does not remove an open file, and a connection in journal mode DELETE commits by
            // removing the journal. No connection commits while a transaction reads.
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

/// The hash that identifies the bytes of a record.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// Converts an error of SQLite. SQLite's messages name tables and files, never values.
fn failed(name: &str, error: &rusqlite::Error) -> BoxError {
    let text = format!("{name} failed");
    let precise = match error.sqlite_error_code() {
        // The last step of a release with other columns renames `record`, so that earlier releases fail at once.
        _ if table::is_other_column(error) => {
            BackendError::Config(format!("{name}{OTHER_COLUMNS}"))
        }
        Some(ErrorCode::DiskFull | ErrorCode::TooBig) => BackendError::Full(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => BackendError::Corrupt(text),
        _ => BackendError::Unavailable(text),
    };
    // Only the error's text is kept: the original cannot be copied, and its causes repeat its text.
    precise.because(error.to_string())
}

impl Place for SqliteBackend {
    fn read(&self) -> Result<Option<Bytes>, BoxError> {
        self.run(|connection| rows::read(connection, &self.account))
    }

    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError> {
        let noted = record.note().is_some();
        let login = self.connections.key(&self.account);
        // `FAST` and not `ON`: with `ON`, the reserved pages would need the same space once more in the
        // journal, which a full disk does not have. `clear` overwrites what was removed.
        self.durably("FAST", |connection| {
            // A record with a refresh note reserves the space for the record that follows: in the log that
            // will hold that record, or else in the database file.
            let mut transaction = None;
            let room = match connection.wal {
                _ if !noted => 0,
                Some(log) => {
                    let begun = wal::begin_with_room(connection, log, login, new.len())?;
                    transaction = Some(begun);
                    0
                }
                None => i64::try_from(ROOM.max(new.len() * 2)).unwrap_or(0),
            };
            if let Some(old) = old.filter(|_| room > 0) {
                free_pages(connection, &self.account, old, room)?;
            }
            let swapped = rows::swap(connection, &self.account, old, new, room)?;
            if let Some(transaction) = transaction {
                transaction.commit()?;
                connection.wal.map_or(Ok(()), |log| wal::check_room(connection, log))?;
            } else if swapped && noted {
                wal::checkpoint(connection);
            }
            if swapped && !noted {
                room::release(&login);
            }
            Ok(swapped)
        })
    }

    fn name(&self) -> String {
        self.describe()
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl TokenBackend for SqliteBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let Some(bytes) = self.read()? else { return Ok(None) };
        let record = compare::parse(self, &bytes)?;
        let fingerprint = Some(fingerprint(&bytes));
        self.seen.set(Some(bytes));
        if *self.durable.lock() != fingerprint {
            self.flush()?;
            *self.durable.lock() = fingerprint;
        }
        Ok(Some(record))
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let (json, written) = compare::save(self, record)?;
        if !written {
            // The equal record in the database may come from a save that did not finish.
            self.flush()?;
        }
        *self.durable.lock() = Some(fingerprint(&json));
        line::tell(&self.connections.key(&self.account), &self.pace, Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let sql = "DELETE FROM evergrant_logins WHERE account = ?1";
        self.seen.set(None);
        let login = self.connections.key(&self.account);
        let done = self.durably("ON", |connection| {
            let lent = || connection.path().filter(|path| !path.is_empty());
            let log = connection.wal.cloned().or_else(|| lent().map(|path| Log::of(path.as_ref())));
            // The space in the log for the next records of other logins.
            let room = log.as_ref().map_or(0, |log| room::kept(&log.database, Some(&login)));
            // The journal has a copy of what was removed: the journal is cut when the removal is done.
            // With this limit, SQLite also truncates the log at a commit.
            let limit = match room {
                0 => Some(Setting::change(connection, "journal_size_limit", "0")?),
                _ => None,
            };
            let done = connection.execute(sql, [&self.account]).map(drop);
            if done.is_ok() {
                // Earlier records may be in free pages. A full disk must not prevent a logout.
                let _ = overwrite_free_pages(connection);
                // Earlier records may also be in the log.
                wal::cut(connection, log.as_ref(), room);
                room::release(&login);
            }
            limit.map_or(Ok(()), |limit| limit.restore(connection))?;
            done
        });
        line::tell(&login, &self.pace, None);
        done
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        lock::take(self, wait, false)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        lock::take(self, wait, true)?.entry(self)
    }

    fn probe(&self) -> Result<(), BoxError> {
        if let Some(path) = self.file()? {
            disk::check_mount("use", &path)?;
        }
        self.load()?;
        if self.run(|connection| connection.is_readonly("main"))? {
            let name = self.describe();
            let text = "this user may only read the database; let this user write it too";
            return Err(disk::wrong(format!("cannot write {name}: {text}")));
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        self.connections.logged_path().and_then(file_system::warning).into_iter().collect()
    }

    fn durability(&self) -> Durability {
        match self.file() {
            Ok(Some(_)) => Durability::PowerCut,
            Ok(None) => Durability::Memory,
            Err(_) => Durability::Unknown,
        }
    }

    fn compares(&self) -> bool {
        true
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
        let path = std::env::temp_dir().join(crate::secret::random_id());
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

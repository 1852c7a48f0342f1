//! A store in an SQLite database.

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

/// The least room that is kept for a successor: its tokens may be longer than the present ones.
const ROOM: usize = 16 << 10;

/// Keeps logins in an SQLite database, one row for each account. For the processes of one machine.
///
/// The table is `evergrant_logins`, with the columns `account` (text, the key), `record` (the bytes
/// of a [`Record`]) and `room` (space for its successor); it is created where it is missing. A
/// database that is missing is created too, with mode 0600, in a folder that has to exist.
///
/// A save is a transaction of its own with `PRAGMA synchronous = EXTRA`, whatever the connection had
/// before and has again afterwards. The lock between processes is SQLite's own write lock, on an
/// empty database beside the first, one for each account, so that nobody else's work waits for a
/// refresh; it ends with the process that has it.
///
/// What is replaced or removed is overwritten with zeros (`PRAGMA secure_delete`), and
/// [`TokenBackend::clear`] cuts the journal and the log too. Backups and the free blocks of the file system
/// may still have a copy.
///
/// | file | what |
/// | --- | --- |
/// | `NAME` | the database |
/// | `NAME-journal`, or `NAME-wal` and `NAME-shm` | SQLite's own |
/// | `NAME-evergrant-XXXXXXXXXXXXXXXX` | the lock of one account. Empty, never deleted |
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
    connections: Connections,
    account: String,
    clock: Arc<dyn Clock>,
    locks: Locks,
    /// What was flushed last: a record is flushed before it is believed, once.
    durable: Mutex<Option<Vec<u8>>>,
}

impl SqliteBackend {
    /// A store in the database at `path`. Nothing is opened yet; a relative path is fixed to the
    /// present working directory. A database that is deleted or replaced meanwhile is opened again.
    pub fn new(path: impl AsRef<Path>) -> SqliteBackend {
        SqliteBackend::on(Connections::path(disk::absolute(path.as_ref())))
    }

    /// A store in a database that is open already. A database in memory, or a temporary one, ends
    /// with the connection, and its lock is for the threads that share this backend.
    pub fn with_connection(connection: Connection) -> SqliteBackend {
        SqliteBackend::on(Connections::one(connection))
    }

    /// A store on connections that `open` gives, one for each operation, such as those of a pool.
    /// They must all be to one database, and in no transaction.
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
            connections,
            account: ACCOUNT.to_owned(),
            clock: Arc::new(SystemClock),
            locks: Locks::default(),
            durable: Mutex::new(None),
        }
    }

    /// The login of another account than `default`; any text.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> SqliteBackend {
        self.account = account.into();
        self
    }

    /// With a clock to wait for the lock on.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> SqliteBackend {
        self.clock = clock;
        self
    }

    /// Runs `work` on a connection, and tells its errors in our words.
    fn run<T>(&self, work: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, BoxError> {
        self.connections.run(work, &|error| self.failed(error))
    }

    fn failed(&self, error: &rusqlite::Error) -> BoxError {
        failed(&self.describe(), error)
    }

    /// Runs `work`, whose commits reach the disk before it returns.
    fn durably<T>(
        &self,
        mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        self.run(|connection| {
            let synchronous = Setting::change(connection, "synchronous", "EXTRA")?;
            // What is replaced or removed is overwritten with zeros.
            let secure_delete = Setting::change(connection, "secure_delete", "ON")?;
            let done = work(connection);
            secure_delete.restore(connection)?;
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

    /// Flushes what a process that was killed may have written and not flushed: the end of a
    /// transaction is seen as soon as it is written. The database itself is left alone: it is flushed
    /// before that, and to close a file of its own would end the locks of this process (fcntl(2)).
    fn flush(&self) -> Result<(), BoxError> {
        let Some(path) = self.file()? else { return Ok(()) };
        for after in ["-wal", "-journal"] {
            let path = disk::beside(&path, "", after);
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
        // A folder that cannot be flushed: SQLite goes on, too.
        disk::flush_folder(&path).map(drop)
    }
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
        // SQLite reads the value 2 of this one in words only.
        match (self.name, self.before) {
            ("secure_delete", 2) => pragma(connection, self.name, "FAST"),
            (name, before) => pragma(connection, name, &before.to_string()),
        }
    }
}

/// Sets a value; some settings answer with it.
fn pragma(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA main.{name} = {value}");
    connection.query_row(&sql, [], |_| Ok(())).optional().map(drop)
}

/// What the bytes of a record are known by.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// An error of SQLite in our words. SQLite's messages name tables and files, never values.
fn failed(name: &str, error: &rusqlite::Error) -> BoxError {
    let text = format!("{name} failed");
    let precise = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::TooBig) => BackendError::Full(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => BackendError::Corrupt(text),
        _ => BackendError::Unavailable(text),
    };
    // The original cannot be copied, and its own causes repeat its text.
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
        // A note takes the room that its successor needs, from the same file.
        let room = record.note().map_or(0, |_| ROOM.max(new.len() * 2));
        let room = i64::try_from(room).unwrap_or(0);
        self.durably(|connection| {
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
                // A log that is copied back is written from its start again, where it has its room.
                // It fails where others read or write at the moment, and does nothing without a log.
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
            // What was there already may be of a save that did not come to its end.
            self.flush()?;
        }
        *self.durable.lock() = Some(fingerprint(&json));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let sql = "DELETE FROM evergrant_logins WHERE account = ?1";
        self.durably(|connection| {
            // The journal has a copy of what was removed: it is cut when the removal is done.
            let limit = Setting::change(connection, "journal_size_limit", "0")?;
            let done = connection.execute(sql, [&self.account]).map(drop);
            if done.is_ok() {
                // So has the log. This does nothing without one, and fails while others read it.
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

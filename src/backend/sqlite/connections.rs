//! The connections of an SQLite store.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, FileControl, MAIN_DB, OpenFlags};

use super::super::memory::Flag;
use super::super::pace::Pace;
use super::super::pool::{Failed, Pool};
use super::super::queue::Gate;
use super::super::{BackendError, disk, line};
use super::live::{self, Live};
use super::pages::pragma;
use super::wal::{self, Log};
use super::{failed, room, table};
use crate::error::BoxError;
use crate::secret::random_id;

/// How long SQLite waits for the transactions of other processes, inside one statement. Threads of this
/// process wait in their own queue, in the order in which they came.
const BUSY: Duration = Duration::from_secs(30);

/// How long a thread waits for the writes of other threads of this process.
const TURN: Duration = Duration::from_secs(60);

/// How many connections a store and its accounts use at a time.
const CONNECTIONS: usize = 4;

/// Lets one thread at a time create a file. A new file is closed once before SQLite opens it, and
/// closing a file ends this process's locks on it (fcntl(2)).
static CREATING: Mutex<()> = Mutex::new(());

pub(super) struct Connections {
    source: Source,
    /// Lets one thread of this process write at a time.
    writers: Arc<Gate>,
    /// Whether the database has no write-ahead log, so that reads and writes exclude each other.
    excludes: Arc<AtomicBool>,
    /// Identifies a database without a path within this process.
    id: String,
    /// The locks of accounts in a database without a file.
    flags: Mutex<BTreeMap<String, Flag>>,
}

enum Source {
    /// Our own connections, opened when needed.
    Path(PathBuf, Pool<Open>),
    One(Mutex<Connection>),
    Given(Box<Give>),
}

/// Calls back with a connection.
type Give = dyn Fn(&mut dyn FnMut(&Connection)) -> Result<(), BoxError> + Send + Sync;

/// An open database.
pub(super) struct Open {
    connection: Connection,
    /// The identity of the database file.
    file: disk::Identity,
    /// The write-ahead log of the database.
    log: Option<Log>,
    /// Held while the connection to a write-ahead log is open.
    _live: Option<Live>,
}

/// A connection for one operation.
pub(super) struct Lent<'a> {
    connection: &'a Connection,
    /// Whether the connection is our own, with our settings.
    pub(super) own: bool,
    /// The log, if this is our own connection to a database with a write-ahead log.
    pub(super) wal: Option<&'a Log>,
}

impl Deref for Lent<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Connections {
    pub(super) fn path(path: PathBuf) -> Connections {
        let excludes = Arc::new(AtomicBool::new(true));
        let (at, seen) = (path.clone(), Arc::clone(&excludes));
        let open = move || {
            let opened = open(&disk::target(&at)?)?;
            seen.store(opened.log.is_none(), Ordering::Relaxed);
            Ok(opened)
        };
        // On Windows, SQLite keeps the journal of an open connection open in the journal mode PERSIST, so
        // that no connection in mode DELETE could remove it to commit.
        let pool = Pool::own(CONNECTIONS, Arc::new(open)).resting(!cfg!(windows));
        let pool = pool.keeping(Open::keeps_room);
        let bytes = path.as_os_str().as_encoded_bytes();
        let id = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let writers = Gate::of_file(&path);
        Connections { excludes, ..Connections::new(Source::Path(path, pool), writers, id) }
    }

    pub(super) fn one(connection: Connection) -> Connections {
        Connections::new(Source::One(Mutex::new(connection)), Gate::new(1), random_id())
    }

    pub(super) fn given<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> Connections
    where
        C: Deref<Target = Connection>,
        E: Into<BoxError>,
    {
        let give = move |work: &mut dyn FnMut(&Connection)| {
            let connection = open().map_err(Into::into)?;
            work(&connection);
            Ok(())
        };
        Connections::new(Source::Given(Box::new(give)), Gate::new(1), random_id())
    }

    fn new(source: Source, writers: Arc<Gate>, id: String) -> Connections {
        let (excludes, flags) = (Arc::default(), Mutex::default());
        Connections { source, writers, excludes, id, flags }
    }

    /// The same database with at most `most` connections at a time. Returns `None` if the program supplies
    /// the connections.
    pub(super) fn resized(&self, most: usize) -> Option<Connections> {
        let Source::Path(path, pool) = &self.source else { return None };
        let source = Source::Path(path.clone(), pool.resized(most));
        let connections = Connections::new(source, Arc::clone(&self.writers), self.id.clone());
        Some(Connections { excludes: Arc::clone(&self.excludes), ..connections })
    }

    pub(super) fn known_path(&self) -> Option<&Path> {
        match &self.source {
            Source::Path(path, _) => Some(path),
            _ => None,
        }
    }

    /// The path of our own database, if it was opened and has a write-ahead log.
    pub(super) fn logged_path(&self) -> Option<&Path> {
        self.known_path().filter(|_| !self.excludes.load(Ordering::Relaxed))
    }

    /// The lock of an account in a database without a file.
    pub(super) fn flag(&self, account: &str) -> Flag {
        Arc::clone(self.flags.lock().entry(account.to_owned()).or_default())
    }

    /// Identifies an account among all stores of this process.
    pub(super) fn key(&self, account: &str) -> [u8; 32] {
        line::key(&["sqlite", &self.id, account])
    }

    /// The name of the database in messages.
    pub(super) fn name(&self) -> String {
        match &self.source {
            Source::Path(path, _) => path.display().to_string(),
            Source::One(connection) => {
                // Do not wait for the lock: a message may be made while the connection is in use.
                let connection = connection.try_lock();
                let path = connection.as_ref().and_then(|connection| connection.path());
                path.filter(|path| !path.is_empty()).unwrap_or("an SQLite database").to_owned()
            }
            Source::Given(_) => "an SQLite database".to_owned(),
        }
    }

    /// Runs `work`, which only reads, on a connection that has the table and is in no transaction.
    pub(super) fn read<T>(
        &self,
        name: &str,
        pace: &Pace,
        work: impl FnMut(&Lent<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        if self.known_path().is_some() && self.excludes.load(Ordering::Relaxed) {
            return self.write(name, pace, work);
        }
        self.run(name, pace, work)
    }

    /// Like [`Connections::read`], for work that writes. Other threads of this process wait until the
    /// work is done.
    pub(super) fn write<T>(
        &self,
        name: &str,
        pace: &Pace,
        work: impl FnMut(&Lent<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        let Some(_turn) = self.writers.enter(pace, TURN) else {
            let text = format!("{name}: other threads have written for {} s", TURN.as_secs());
            return Err(BackendError::Unavailable(text).into());
        };
        self.run(name, pace, work)
    }

    fn run<T>(
        &self,
        name: &str,
        pace: &Pace,
        mut work: impl FnMut(&Lent<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, BoxError> {
        let mut guest = |connection: &Connection| {
            if !connection.is_autocommit() {
                let text = format!("{}: its connection is in a transaction", self.name());
                return Err(BackendError::Unavailable(text).into());
            }
            table::create(connection)
                .and_then(|()| {
                    table::on(connection, || work(&Lent { connection, own: false, wal: None }))
                })
                .map_err(|error| failed(name, &error))
        };
        match &self.source {
            Source::Path(path, pool) => {
                let path = disk::target(path)?;
                pool.run(name, pace, |open: Open| {
                    if !open.is_at(&path) {
                        open.log.iter().for_each(|log| log.forget(&path));
                        let text = format!("{name} was replaced");
                        let error = BackendError::Unavailable(text).into();
                        return (None, Err(Failed { error, stale: true }));
                    }
                    if open.log.as_ref().is_some_and(Log::is_lost) {
                        let text = format!("the write-ahead log of {name} was deleted");
                        let error = BackendError::Unavailable(text).into();
                        return (None, Err(Failed { error, stale: true }));
                    }
                    let wal = open.log.as_ref();
                    let _live = open.log.is_none().then(Live::new);
                    let lent = Lent { connection: &open.connection, own: true, wal };
                    match table::on(lent.connection, || work(&lent)) {
                        Ok(done) => (Some(open), Ok(done)),
                        Err(error) => {
                            (None, Err(Failed { error: failed(name, &error), stale: false }))
                        }
                    }
                })
            }
            Source::One(connection) => {
                let connection = connection.lock();
                guest(&connection)
            }
            Source::Given(give) => {
                let mut done = None;
                give(&mut |connection| done = Some(guest(connection))).map_err(|error| {
                    BackendError::Unavailable(format!("{}: {error}", self.name()))
                })?;
                done.unwrap_or_else(|| Err("no connection was given".into()))
            }
        }
    }
}

impl Open {
    /// Whether the open database is still the file at `path`, where the system can tell.
    fn is_at(&self, path: &Path) -> bool {
        disk::identity_at(path).is_ok_and(|there| there == self.file)
    }

    /// Whether the log has space for a login that this process is refreshing now. SQLite removes the log, and
    /// the space with it, when the last connection to the database is closed.
    fn keeps_room(&self) -> bool {
        self.log.as_ref().is_some_and(|log| room::kept(&log.database, None) > 0)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(log) = self.log.as_ref().filter(|log| log.is_lost()) {
            log.leave(&self.connection);
        } else if self.keeps_room() {
            let keep = FileControl::PersistWal(&mut 1);
            let _ = self.connection.file_control(Some(MAIN_DB), keep);
        }
    }
}

/// Opens or creates the database at `path`, with the table in it.
fn open(path: &Path) -> Result<Open, BoxError> {
    // SQLite's journal and log are files beside the database.
    disk::check_mount("open", path)?;
    let tell = |error: &rusqlite::Error| failed(&path.display().to_string(), error);
    let connection = open_file(path, &tell)?;
    let prepare = || {
        connection.busy_timeout(BUSY)?;
        let wal = wal::mode(&connection, path)?;
        // Without `fullfsync`, a flush on macOS stops at the drive's cache. Elsewhere the setting has
        // no effect. `FAST` and not `ON`: with `ON`, the pages that a refresh note reserves would need the
        // same space once more in the journal, which a full disk does not have. `clear` overwrites what was
        // removed.
        connection.execute_batch("PRAGMA fullfsync = ON; PRAGMA synchronous = EXTRA")?;
        pragma(&connection, "secure_delete", "FAST")?;
        table::create(&connection)?;
        Ok(wal)
    };
    let wal = prepare().map_err(|error| tell(&error))?;
    let file = disk::identity_at(path).ok().flatten();
    let log = wal.then(|| Log::of(path));
    if log.as_ref().is_some_and(|log| !log.is_whole(&connection)) {
        let text = "somebody deleted its write-ahead log while a process had it open; that process saves the \
                    content when it next uses the database or ends";
        return Err(
            BackendError::Unavailable(format!("cannot use {}: {text}", path.display())).into()
        );
    }
    let live = wal.then(Live::new);
    Ok(Open { connection, file, log, _live: live })
}

/// Opens the SQLite file at `path`. A new file is readable only by its owner.
pub(super) fn open_file(
    path: &Path,
    failed: &dyn Fn(&rusqlite::Error) -> BoxError,
) -> Result<Connection, BoxError> {
    live::check(path)?;
    let _creating = CREATING.lock();
    match std::fs::metadata(path) {
        Ok(metadata) => disk::check_regular(&metadata, path)?,
        Err(_) => {
            let created = disk::create(path);
            if let Err(error) = created
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(disk::failed("create", path, &error));
            }
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| failed(&error))
}

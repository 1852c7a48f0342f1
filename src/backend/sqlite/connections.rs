//! The connections of an SQLite store.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::super::{BackendError, disk};
use crate::error::BoxError;

/// How long SQLite waits for other connections' transactions, inside one statement.
const PATIENCE: Duration = Duration::from_secs(10);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS evergrant_logins (
    account TEXT NOT NULL PRIMARY KEY, record BLOB NOT NULL, room BLOB)";

/// Lets one thread at a time create a file. A new file is closed once before SQLite opens it, and
/// closing a file ends this process's locks on it (fcntl(2)).
static CREATING: Mutex<()> = Mutex::new(());

pub(super) enum Connections {
    /// Our own connections, opened when needed, and the idle one (none on Windows).
    Path(PathBuf, Mutex<Option<Open>>),
    One(Mutex<Connection>),
    Given(Box<Give>),
}

/// Calls back with a connection.
type Give = dyn Fn(&mut dyn FnMut(&Connection)) -> Result<(), BoxError> + Send + Sync;

/// An open database, and the identity of its file.
pub(super) struct Open {
    connection: Connection,
    file: disk::Identity,
}

impl Connections {
    pub(super) fn path(path: PathBuf) -> Connections {
        Connections::Path(path, Mutex::new(None))
    }

    pub(super) fn one(connection: Connection) -> Connections {
        Connections::One(Mutex::new(connection))
    }

    pub(super) fn given<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> Connections
    where
        C: Deref<Target = Connection>,
        E: Into<BoxError>,
    {
        Connections::Given(Box::new(move |work| {
            let connection = open().map_err(Into::into)?;
            work(&connection);
            Ok(())
        }))
    }

    pub(super) fn known_path(&self) -> Option<&Path> {
        match self {
            Connections::Path(path, _) => Some(path),
            _ => None,
        }
    }

    /// The database in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Connections::Path(path, _) => path.display().to_string(),
            Connections::One(connection) => {
                // Does not wait: a message may be made while the connection is in use.
                let connection = connection.try_lock();
                let path = connection.as_ref().and_then(|connection| connection.path());
                path.filter(|path| !path.is_empty()).unwrap_or("an SQLite database").to_owned()
            }
            Connections::Given(_) => "an SQLite database".to_owned(),
        }
    }

    /// Runs `work` on a connection that has the table and is in no transaction.
    pub(super) fn run<T>(
        &self,
        mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
        failed: &dyn Fn(&rusqlite::Error) -> BoxError,
    ) -> Result<T, BoxError> {
        let mut guest = |connection: &Connection| {
            if !connection.is_autocommit() {
                let text = format!("{}: its connection is in a transaction", self.name());
                return Err(BackendError::Unavailable(text).into());
            }
            connection
                .execute_batch(TABLE)
                .and_then(|()| work(connection))
                .map_err(|error| failed(&error))
        };
        match self {
            Connections::Path(path, resting) => {
                let path = disk::target(path)?;
                let rested = resting.lock().take().filter(|open| open.is_at(&path));
                let open = match rested {
                    Some(open) => open,
                    None => open(&path, failed)?,
                };
                let done = work(&open.connection).map_err(|error| failed(&error));
                // On Windows, SQLite keeps the journal of an open connection open in the journal mode
                // PERSIST, so that no connection in mode DELETE could remove it to commit.
                if done.is_ok() && !cfg!(windows) {
                    *resting.lock() = Some(open);
                }
                done
            }
            Connections::One(connection) => {
                let connection = connection.lock();
                guest(&connection)
            }
            Connections::Given(give) => {
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
}

/// Opens or creates the database at `path`, with the table in it.
fn open(path: &Path, failed: &dyn Fn(&rusqlite::Error) -> BoxError) -> Result<Open, BoxError> {
    let connection = open_file(path, failed)?;
    let prepare = || {
        connection.busy_timeout(PATIENCE)?;
        // Lets the journal keep its room on the disk between saves. A database in WAL mode stays in
        // that mode.
        let mode = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0));
        if mode("PRAGMA journal_mode")? != "wal" {
            mode("PRAGMA journal_mode = PERSIST")?;
        }
        // Without `fullfsync`, a flush on macOS stops at the drive's cache. Elsewhere the setting has
        // no effect.
        connection.execute_batch("PRAGMA fullfsync = ON; PRAGMA synchronous = EXTRA")?;
        connection.execute_batch(TABLE)
    };
    prepare().map_err(|error| failed(&error))?;
    let file = disk::identity_at(path).ok().flatten();
    Ok(Open { connection, file })
}

/// Opens the SQLite file at `path`. A new file is readable only by its owner.
pub(super) fn open_file(
    path: &Path,
    failed: &dyn Fn(&rusqlite::Error) -> BoxError,
) -> Result<Connection, BoxError> {
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

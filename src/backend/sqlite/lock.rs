//! The lock of an account: SQLite's write lock on a separate database.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::super::compare::hash;
use super::super::line::{self, Got, Taken, Wait};
use super::super::lock::LONGEST;
use super::super::memory::Held;
use super::super::{Guard, TokenBackend as _, disk};
use super::connections::open_file;
use super::live::Live;
use super::{SqliteBackend, failed};
use crate::error::BoxError;
use crate::record::Record;

/// A lock that was taken, and the record that was read under the lock, if the caller asked for the record.
pub(super) type Locked = (Guard, Option<Result<Option<Record>, BoxError>>);

/// A taken lock: the open lock file, or a flag for a database in memory.
enum Lock {
    File(Open),
    Flag(Held),
}

/// Takes the lock of an account, and waits for it up to `wait`. With `reads`, also reads the record.
///
/// A holder has the lock file open, and no connection to the database. The first of the waiting threads
/// also has the lock file open. If the process is killed, the system frees the lock.
pub(super) fn take(
    store: &SqliteBackend,
    wait: Duration,
    reads: bool,
) -> Result<Taken<Locked>, BoxError> {
    let database = store.file()?;
    let path = database.as_deref().map(|database| {
        let name = format!("-evergrant-{:016x}", u64::from_be_bytes(hash(&[&store.account])));
        disk::beside(database, "", &name)
    });
    let there = || path.as_deref().and_then(file_at).flatten();
    let line = Wait {
        key: store.connections.key(&store.account),
        pace: &store.pace,
        time: wait,
        longest: LONGEST,
        takes_saved: reads,
        place: &there,
    };
    let (new, opened) = (Cell::new(false), RefCell::new(None));
    let taken = line::take(&line, |_| {
        if let Some(database) = &database {
            disk::check_mount("lock", database)?;
        }
        let lock = match &path {
            Some(path) => attempt(path, &new, &mut opened.borrow_mut())?.map(Lock::File),
            None => Held::take(&store.connections.flag(&store.account)).map(Lock::Flag),
        };
        let Some(lock) = lock else { return Ok(None) };
        let read = reads.then(|| store.load());
        let record = read.as_ref().and_then(|read| read.as_ref().ok().cloned()).flatten();
        Ok(Some(Got { lock: (lock, read), record }))
    })?;
    let ((lock, read), place) = match taken {
        Taken::Lock(taken) => taken,
        Taken::Saved(record) => return Ok(Taken::Saved(record)),
        Taken::Busy => return Ok(Taken::Busy),
    };
    let guard = match (lock, path) {
        (Lock::File(locked), Some(path)) => {
            let ours = locked.file;
            let is_there = move || file_at(&path) == Some(ours);
            // By the time of a save, a link on the path may lead to another database, which has another lock.
            let (known, database) = (store.connections.known_path().map(Path::to_owned), database);
            let leads = move || {
                let now = known.as_deref().map(disk::target).transpose();
                now.is_ok_and(|now| now.is_none() || now == database)
            };
            // Closing the connection ends its transaction. After the transaction has ended, the next thread
            // may try to take the lock.
            let guard = Guard::freed_by_death((locked, place)).with_check(is_there);
            let guard = guard.with_check(leads);
            if new.get() { guard.of_file_made_once() } else { guard }
        }
        (Lock::File(locked), None) => Guard::freed_by_death((locked, place)),
        (Lock::Flag(held), _) => Guard::freed_by_death((held, place)),
    };
    Ok(Taken::Lock((guard, read)))
}

/// An open lock file. The connection is dropped first.
struct Open {
    connection: Connection,
    _live: Live,
    file: disk::Identity,
}

/// Tries once to take the lock. The open lock file is kept in `opened` between two tries. Sets `new` if the file was
/// missing.
fn attempt(
    path: &Path,
    new: &Cell<bool>,
    opened: &mut Option<Open>,
) -> Result<Option<Open>, BoxError> {
    let tell = |error: &rusqlite::Error| failed(&path.display().to_string(), error);
    let open = match opened.take() {
        Some(open) => open,
        None => {
            // A file that this call makes is opened again, so that its identity is known.
            let file = match file_at(path) {
                Some(file) => file,
                None => {
                    drop(open_file(path, &tell)?);
                    new.set(true);
                    let Some(file) = file_at(path) else { return Ok(None) };
                    file
                }
            };
            let opened = open_file(path, &tell)?;
            // A transaction on a read-only file would exclude nobody.
            if opened.is_readonly("main").map_err(|error| tell(&error))? {
                let text = "this user may only read the file; let this user write it too";
                return Err(disk::wrong(format!("cannot lock {}: {text}", path.display())));
            }
            let connection = prepared(opened).map_err(|error| tell(&error))?;
            Open { connection, _live: Live::new(), file }
        }
    };
    // The file may have been deleted or replaced after we looked for it: the next process locks another file.
    // Perhaps this call has made that file.
    let is_there = || {
        let is_there = file_at(path) == Some(open.file);
        if !is_there {
            new.set(true);
        }
        is_there
    };
    match open.connection.execute_batch("BEGIN IMMEDIATE") {
        Ok(()) => Ok(is_there().then_some(open)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            *opened = is_there().then_some(open);
            Ok(None)
        }
        Err(error) => Err(tell(&error)),
    }
}

/// Identifies the file at `path`. On Unix the file is not opened for this, because closing it would end
/// SQLite's locks on it.
fn file_at(path: &Path) -> Option<disk::Identity> {
    disk::identity_at(path).ok()
}

/// Prepares a connection that does not wait for locks and has no journal on the disk.
fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::SqliteBackend;

    #[test]
    fn only_the_lock_that_made_its_file_is_new() {
        let path = std::env::temp_dir().join(crate::secret::random_id());
        let store = SqliteBackend::new(&path);
        let first = store.lock(Duration::ZERO).unwrap();
        assert!(first.is_new() && !first.stays_new());
        drop(first);
        assert!(!store.lock(Duration::ZERO).unwrap().is_new());
        let folder = std::fs::read_dir(std::env::temp_dir()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for file in folder.map(|file| file.unwrap().path()) {
            if file.to_str().is_some_and(|path| path.contains(name)) {
                std::fs::remove_file(file).unwrap();
            }
        }
    }
}

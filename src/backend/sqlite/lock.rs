//! The lock of an account: SQLite's write lock on a separate database.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
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
    let files = database.as_deref().map(|database| Files::of(database, &store.account));
    let there = || files.as_ref().and_then(|files| file_at(&files.lock)).flatten();
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
        let lock = match &files {
            Some(files) => attempt(files, &new, &mut opened.borrow_mut())?.map(Lock::File),
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
    let guard = match (lock, files) {
        (Lock::File(locked), Some(files)) => {
            let ours = locked.file;
            let (path, is_new) = (files.lock.clone(), new.get() || files.is_new());
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
            if is_new { guard.of_new_file(move || files.settle(ours)) } else { guard }
        }
        (Lock::File(locked), None) => Guard::freed_by_death((locked, place)),
        (Lock::Flag(held), _) => Guard::freed_by_death((held, place)),
    };
    Ok(Taken::Lock((guard, read)))
}

/// The lock file of an account, and the file beside it that says that the lock file is new.
///
/// SQLite must be the only one that opens the lock file, so nothing can be written into it as into the lock of a
/// file store. The second file is made before the lock file, and removed when no answer can come to a process that
/// may hold a deleted lock file. So a process that is killed, or that only takes the lock, leaves the lock new.
struct Files {
    lock: PathBuf,
    new: PathBuf,
}

impl Files {
    fn of(database: &Path, account: &str) -> Files {
        let number = format!("{:016x}", u64::from_be_bytes(hash(&[account])));
        let lock = disk::beside(database, "", &format!("-evergrant-{number}"));
        Files { lock, new: disk::beside(database, ".", &format!(".evergrant-new-{number}")) }
    }

    /// Says that the lock file, which the caller makes next, is new.
    fn mark_new(&self) -> Result<(), BoxError> {
        match disk::create(&self.new) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(disk::failed("create", &self.new, &error))
            }
            _ => Ok(()),
        }
    }

    /// Whether the lock file is new, or nobody can tell.
    fn is_new(&self) -> bool {
        !self.new.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    /// Called by the holder of the lock file `ours`. If this fails, the lock is also new for the next holder, which
    /// then waits for a refresh note's deadline.
    fn settle(&self, ours: disk::Identity) {
        let _ = disk::remove(&self.new);
        // At this moment the lock file may have been deleted, and made anew by another process.
        if file_at(&self.lock) != Some(ours) {
            let _ = self.mark_new();
        }
    }
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
    files: &Files,
    new: &Cell<bool>,
    opened: &mut Option<Open>,
) -> Result<Option<Open>, BoxError> {
    let path = files.lock.as_path();
    let tell = |error: &rusqlite::Error| failed(&path.display().to_string(), error);
    let open = match opened.take() {
        Some(open) => open,
        None => {
            // A file that this call makes is opened again, so that its identity is known.
            let file = match file_at(path) {
                Some(file) => file,
                None => {
                    files.mark_new()?;
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

    /// The files of the store at `path`.
    fn files_of(path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().unwrap().to_str().unwrap();
        let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let files = folder.map(|file| file.unwrap().path());
        files.filter(|file| file.to_str().is_some_and(|path| path.contains(name))).collect()
    }

    #[test]
    fn a_lock_file_is_new_until_a_holder_settles_it() {
        let path = std::env::temp_dir().join(crate::secret::random_id());
        let files = Files::of(&disk::target(&path).unwrap(), "default");
        let take = || SqliteBackend::new(&path).lock(Duration::ZERO).unwrap();
        assert!(take().is_new());
        let guard = take();
        assert!(guard.is_new());
        // A holder that has lost its lock settles nothing.
        std::fs::remove_file(&files.lock).unwrap();
        guard.settle();
        drop(guard);
        let guard = take();
        assert!(guard.is_new());
        guard.settle();
        drop(guard);
        let guard = take();
        assert!(!guard.is_new() && !files.is_new());
        // The lock file is deleted after the holder has looked.
        let ours = file_at(&files.lock).unwrap();
        std::fs::remove_file(&files.lock).unwrap();
        files.settle(ours);
        assert!(files.is_new());
        drop(guard);
        files_of(&path).iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }

    /// The process dies, or fails, before or after it makes the lock file.
    #[test]
    fn a_failed_attempt_leaves_the_lock_new() {
        for made in [false, true] {
            let path = std::env::temp_dir().join(crate::secret::random_id());
            let store = SqliteBackend::new(&path);
            let files = Files::of(&disk::target(&path).unwrap(), "default");
            files.mark_new().unwrap();
            if made {
                // No SQLite database.
                std::fs::write(&files.lock, "something else".repeat(100)).unwrap();
                store.lock(Duration::ZERO).unwrap_err();
                std::fs::remove_file(&files.lock).unwrap();
                std::fs::File::create(&files.lock).unwrap();
            }
            assert!(store.lock(Duration::ZERO).unwrap().is_new());
            files_of(&path).iter().for_each(|file| std::fs::remove_file(file).unwrap());
        }
    }
}

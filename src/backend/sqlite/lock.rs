//! The lock of an account: SQLite's write lock on a separate database.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::super::compare::hash;
use super::super::lock::wait_for;
use super::super::memory::{Flag, Held};
use super::super::{Guard, disk};
use super::connections::open_file;
use super::failed;
use crate::clock::Clock;
use crate::error::BoxError;

/// The locks of a store: files, or a flag for a database in memory.
#[derive(Clone, Default)]
pub(super) struct Locks {
    flag: Flag,
}

impl Locks {
    /// Takes the lock of an account; `None` after `wait`.
    pub(super) fn take(
        &self,
        database: Option<&Path>,
        account: &str,
        clock: &dyn Clock,
        wait: Duration,
    ) -> Result<Option<Guard>, BoxError> {
        let Some(database) = database else {
            let taken = wait_for(clock, wait, || Ok(Held::take(&self.flag)))?;
            return Ok(taken.map(Guard::freed_by_death));
        };
        let name = format!("-evergrant-{:016x}", u64::from_be_bytes(hash(&[account])));
        let path = disk::beside(database, "", &name);
        let tell = |error: &rusqlite::Error| failed(&path.display().to_string(), error);
        let mut connection = None;
        let taken = wait_for(clock, wait, || {
            let (open, before) = match connection.take() {
                Some(opened) => opened,
                None => {
                    let before = file_at(&path);
                    let opened = open_file(&path, &tell)?;
                    // A transaction on a file that may only be read would keep nobody out.
                    if opened.is_readonly("main").map_err(|error| tell(&error))? {
                        let text = "this user may only read the file; let this user write it too";
                        return Err(disk::wrong(format!("cannot lock {}: {text}", path.display())));
                    }
                    (prepared(opened).map_err(|error| tell(&error))?, before)
                }
            };
            match open.execute_batch("BEGIN IMMEDIATE") {
                // The file was deleted or replaced while it was opened: the next process locks another
                // file.
                Ok(()) if before.is_some() && before != file_at(&path) => Ok(None),
                Ok(()) => Ok(Some((open, before.is_none()))),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                    connection =
                        Some((open, before)).filter(|(_, before)| *before == file_at(&path));
                    Ok(None)
                }
                Err(error) => Err(tell(&error)),
            }
        })?;
        Ok(taken.map(|(locked, new)| {
            let ours = file_at(&path);
            let is_there = move || file_at(&path) == ours;
            // Closing the connection ends its transaction.
            Guard::freed_by_death(locked).with_check(is_there).of_new_file(new)
        }))
    }
}

/// Which file is at `path`. On Unix it is not opened for that: to close it would end SQLite's locks on
/// it.
fn file_at(path: &Path) -> Option<disk::Identity> {
    disk::identity_at(path).ok()
}

/// A connection that neither waits nor has a journal on the disk.
fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{SqliteBackend, TokenBackend as _};

    #[test]
    fn only_the_lock_that_made_its_file_is_new() {
        let path = std::env::temp_dir().join(crate::secret::random_id());
        let store = SqliteBackend::new(&path);
        assert!(store.lock(Duration::ZERO).unwrap().is_new());
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

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
#[derive(Default)]
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
                    (prepared(open_file(&path, &tell)?).map_err(|error| tell(&error))?, before)
                }
            };
            match open.execute_batch("BEGIN IMMEDIATE") {
                // The file was deleted or replaced while it was opened: the next process locks another
                // file.
                Ok(()) if before.is_some() && before != file_at(&path) => Ok(None),
                Ok(()) => Ok(Some((Locked(open), before.is_none()))),
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

/// A connection with a transaction that never writes.
struct Locked(Connection);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the connection would end the transaction too.
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

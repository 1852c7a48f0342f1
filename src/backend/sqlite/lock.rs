//! The lock of an account: SQLite's write lock on a separate database.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::super::compare::hash;
use super::super::lock::wait_for;
use super::super::{Guard, disk};
use super::connections::open_file;
use super::failed;
use crate::clock::Clock;
use crate::error::BoxError;

/// The locks of a store: files, or a flag for a database in memory.
#[derive(Default)]
pub(super) struct Locks {
    flag: Arc<AtomicBool>,
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
            let taken = wait_for(clock, wait, || Ok(Flag::take(&self.flag)))?;
            return Ok(taken.map(Guard::freed_by_death));
        };
        let name = format!("-evergrant-{:016x}", u64::from_be_bytes(hash(&[account])));
        let path = disk::beside(database, "", &name);
        let tell = |error: &rusqlite::Error| failed(&path.display().to_string(), error);
        let mut connection = None;
        let taken = wait_for(clock, wait, || {
            let open = match connection.take() {
                Some(open) => open,
                None => prepared(open_file(&path, &tell)?).map_err(|error| tell(&error))?,
            };
            match open.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => Ok(Some(Locked(open))),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                    connection = Some(open);
                    Ok(None)
                }
                Err(error) => Err(tell(&error)),
            }
        })?;
        Ok(taken.map(Guard::freed_by_death))
    }
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

/// The lock of a database that only this process can use.
struct Flag(Arc<AtomicBool>);

impl Flag {
    fn take(flag: &Arc<AtomicBool>) -> Option<Flag> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| Flag(Arc::clone(flag)))
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

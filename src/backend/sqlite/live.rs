//! Detects a forked process in which SQLite cannot be used safely.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::super::BackendError;
use crate::error::BoxError;

/// The process that has the connections below.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// How many of our connections hold system locks on their files.
static HOLDERS: AtomicUsize = AtomicUsize::new(0);

/// A connection that holds system locks: a connection to a database with a write-ahead log, to a lock
/// file, or in the middle of an operation.
///
/// A fork copies SQLite's list of these locks, but not the locks: SQLite in the child would treat the
/// parent's locks as its own, and a save of the child could be lost
/// (<https://sqlite.org/howtocorrupt.html>, section 2.6).
pub(super) struct Live;

impl Live {
    pub(super) fn new() -> Live {
        HOLDERS.fetch_add(1, Ordering::SeqCst);
        Live
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if PROCESS.load(Ordering::SeqCst) == std::process::id() {
            HOLDERS.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Refuses to open a file in a forked child whose parent held such locks at the fork.
pub(super) fn check(path: &Path) -> Result<(), BoxError> {
    let (before, us) = (PROCESS.load(Ordering::SeqCst), std::process::id());
    if before == us {
        return Ok(());
    }
    if HOLDERS.load(Ordering::SeqCst) == 0 {
        PROCESS.store(us, Ordering::SeqCst);
        return Ok(());
    }
    let text = "this process was forked from one that had an SQLite store open; use the store only after \
                the fork, or start the process as a program of its own";
    Err(BackendError::Config(format!("cannot open {}: {text}", path.display())).into())
}

//! The space that this process keeps in each write-ahead log for the new records of its refreshes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::super::line::{self, Key};

/// For each login whose refresh note is saved and whose new record is not: its database, and the bytes that
/// the new record needs in the log.
static KEPT: Mutex<BTreeMap<Key, (PathBuf, u64)>> = Mutex::new(BTreeMap::new());

/// Adds the space for a login that is being refreshed.
pub(super) fn keep(login: Key, database: &Path, bytes: u64) {
    KEPT.lock().insert(login, (database.to_owned(), bytes));
}

/// Removes the space for a login, because its new record is saved or will not come.
pub(super) fn release(login: &Key) {
    KEPT.lock().remove(login);
}

/// The bytes that the logins in flight need in the log of a database, without those of the login `except`. A
/// login whose lock this process no longer holds is not in flight.
pub(super) fn kept(database: &Path, except: Option<&Key>) -> u64 {
    let mut all = KEPT.lock();
    all.retain(|login, _| line::is_held(login));
    let counted = |(login, (at, _)): &(&Key, &(PathBuf, u64))| {
        at.as_path() == database && Some(*login) != except
    };
    all.iter().filter(counted).fold(0, |sum, (_, (_, bytes))| sum.saturating_add(*bytes))
}

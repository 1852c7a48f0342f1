//! Stores for a login, and the contract that a store must keep.
//!
//! # The contract
//!
//! A [`TokenBackend`] keeps one [`Record`] as one opaque value. The promise of this crate depends on
//! these rules:
//!
//! * [`TokenBackend::load`] returns `Ok(None)` **only** when nothing is stored. A store that cannot be
//!   reached, an empty file or half a record is an error. A record that `load` returns survives a power cut.
//!   (A record of zero bytes is [`BackendError::Empty`]: a new login may be stored in its place.)
//! * [`TokenBackend::save`] returns `Ok(())` **only** when the record survives a power cut. A save
//!   writes all or nothing. A save may fail after the record became visible: so the client does not
//!   conclude from a failure that nothing was written, and may save the same record again.
//! * Every save replaces one particular record, named by [`Record::replaces`]. A store that can compare
//!   checks this with [`Record::may_replace`] in the same atomic step, and returns [`BackendError::Conflict`]
//!   if it holds another record. A record that is already stored may be saved again.
//! * A record with a [`Record::note`] announces a refresh: a record with the
//!   new refresh token (its successor) follows. A store that can run full reserves space for the record that
//!   follows before it returns `Ok(())`.
//! * [`TokenBackend::lock`] excludes all other threads and processes until its guard is dropped or the
//!   process dies. The guard names the kind of lock, and borrows nothing. If the lock is not free after
//!   `wait`, the call returns [`BackendError::Busy`].
//! * No method calls the client that uses the backend.
//!
//! A backend of your own needs three methods. The backend stores the whole record, as [`Record::to_json`]
//! writes it. A backend that builds `Record::from(token)` in `load` loses the note of a token that was sent;
//! the client notices the loss and sends nothing. For a table that other programs read and that only has
//! columns for a token, use [`TableBackend`].
//!
//! Without a `lock`, the client excludes only the threads of its own process from a refresh;
//! [`FileLock`] adds a lock between processes in one line. If `save` compares and there is no lock, the
//! refresh notes exclude other processes: a client waits for the deadline of another process's note. Until
//! then a call uses the current access token, or fails with
//! [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown) if that token has expired. With a plain `save` and
//! no lock, two processes that refresh at the same moment can lose the login.

mod accounts;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod compare;
pub(crate) mod disk;
mod entry;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod lately;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod lease;
mod line;
mod lock;
mod locked;
mod memory;
mod moving;
pub(crate) mod owner;
mod pace;
mod passed;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod queue;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "encryption")]
mod sealed;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;
mod watched;

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::error::BoxError;

pub use accounts::{FolderStore, LoginStore, MemoryStore};
pub use entry::Entry;
pub use file::FileBackend;
#[cfg(feature = "keyring")]
pub use keyring::KeyringBackend;
pub use lock::FileLock;
pub use memory::MemoryBackend;
pub use moving::move_login;
#[cfg(feature = "postgres")]
pub use postgres::PostgresBackend;
#[cfg(feature = "redis")]
pub use redis::RedisBackend;
#[cfg(feature = "encryption")]
pub use sealed::{SealedBackend, SealingKey};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;
pub use table::{TableBackend, TokenTable};
pub use watched::{StoreStep, Watched, Watcher};

pub use crate::error::BackendError;
pub use crate::record::{Binding, Holder, Note, Record, Refused};

/// A store for one login. See the [module](self) for the contract.
///
/// ```
/// use evergrant::BoxError;
/// use evergrant::backend::{FileLock, Guard, Record, TokenBackend};
/// use std::time::Duration;
/// # use std::sync::Mutex;
/// # struct Database(Mutex<Option<Vec<u8>>>);
/// # impl Database {
/// #     fn read(&self) -> Result<Option<Vec<u8>>, BoxError> { Ok(self.0.lock().unwrap().clone()) }
/// #     fn write(&self, v: Option<Vec<u8>>) -> Result<(), BoxError> { *self.0.lock().unwrap() = v; Ok(()) }
/// # }
///
/// struct Own { database: Database, lock: FileLock }
///
/// impl TokenBackend for Own {
///     fn load(&self) -> Result<Option<Record>, BoxError> {
///         self.database.read()?.map(|row| Record::from_json(&row)).transpose()
///     }
///     fn save(&self, record: &Record) -> Result<(), BoxError> {
///         self.database.write(Some(record.to_json()?))
///     }
///     fn clear(&self) -> Result<(), BoxError> {
///         self.database.write(None)
///     }
///     fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
///         self.lock.lock(wait)
///     }
/// }
/// ```
pub trait TokenBackend: Send + Sync {
    /// Reads the stored record.
    ///
    /// # Errors
    ///
    /// Any failure to read. `Ok(None)` means only that nothing is stored.
    fn load(&self) -> Result<Option<Record>, BoxError>;

    /// Stores a record durably, in place of the record that [`Record::replaces`] names.
    ///
    /// # Errors
    ///
    /// [`BackendError::Conflict`] if the store compares and holds another record;
    /// [`BackendError::Busy`] if the store knows that the caller has lost the lock, and wrote nothing; else
    /// any failure to write.
    fn save(&self, record: &Record) -> Result<(), BoxError>;

    /// Deletes the stored record. Succeeds if nothing is stored.
    ///
    /// # Errors
    ///
    /// Any failure to delete.
    fn clear(&self) -> Result<(), BoxError>;

    /// Excludes all other threads and processes until the guard is dropped. The default implementation
    /// locks nothing and returns [`Guard::none`].
    ///
    /// # Errors
    ///
    /// [`BackendError::Busy`] if another holder still has the lock after `wait`; else any failure to
    /// lock.
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let _ = wait;
        Ok(Guard::none())
    }

    /// Takes the lock, then reads the record. The default implementation calls [`TokenBackend::lock`] and
    /// [`TokenBackend::load`]; a store on a server can take the lock and read the record in one round trip.
    ///
    /// If another client of this process has read or saved the record while it had the lock, the store may
    /// return that record in place of the lock ([`Entry::Saved`]). So one refresh serves all clients.
    ///
    /// # Errors
    ///
    /// The errors of [`TokenBackend::lock`]. The error of the load is in the [`Entry`].
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        let guard = self.lock(wait)?;
        let record = self.load();
        Ok(Entry::Held { guard, record })
    }

    /// Checks whether a new login could be stored. The client calls `probe` before a person logs in
    /// and before it sends a code. The default implementation reads the stored record.
    ///
    /// A probe does not change the stored record, and works with and without the lock.
    ///
    /// # Errors
    ///
    /// Anything that would make a save of a new login fail. A store whose record is empty
    /// ([`BackendError::Empty`]) can be saved to, so its probe returns `Ok`.
    fn probe(&self) -> Result<(), BoxError> {
        match self.load() {
            Err(error) if !BackendError::is_empty(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The weaknesses that the store has found so far, one sentence each: a folder that others can
    /// write to, a file system that cannot flush a folder. The client reports each weakness once.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Which failures a stored record survives. The client warns if a store may lose the login and the
    /// service rotates refresh tokens. The answer may change when the store learns more about its file system
    /// or server.
    fn durability(&self) -> Durability {
        Durability::Unknown
    }

    /// Whether [`TokenBackend::save`] compares with the stored record and writes in one atomic step, and
    /// [`TokenBackend::load`] returns what a save has written, member by member. If this method returns
    /// `true`, the client need not read the store to check its first save, nor before it saves a new token
    /// pair. The default implementation returns `false`.
    fn compares(&self) -> bool {
        false
    }

    /// The store's name in messages: a path, a table, an address without credentials.
    fn describe(&self) -> String {
        "the token store".to_owned()
    }
}

/// Which failures the contents of a store survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The contents survive a power cut, once `save` has returned.
    PowerCut,
    /// The contents survive the end of the process, but perhaps not a power cut or a failover.
    Process,
    /// The contents survive nothing: they are lost when the process ends.
    Memory,
    /// Nobody knows which failures the contents survive.
    Unknown,
}

/// A held lock. The guard borrows nothing, and releases the lock when it is dropped.
///
/// A guard belongs to the process that took it. After a `fork`, the child's copy neither holds the
/// lock nor releases it.
pub struct Guard {
    kind: LockKind,
    held: Option<Box<dyn Any + Send>>,
    alive: Option<Box<dyn Fn(Duration) -> bool + Send>>,
    check: Option<Box<dyn Fn() -> bool + Send>>,
    process: u32,
    /// If the lock's file is new: says that it is no longer new. `None` for any other lock.
    settle: Option<Box<dyn Fn() + Send>>,
}

/// The kinds of lock. The kinds differ in what releases the lock if nobody drops the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockKind {
    /// A lock that is released only when its process dies, such as a file lock. The holder of a file lock
    /// knows that no other living process is refreshing. (An advisory lock of a database is not of this kind:
    /// it ends with the session, and a restart or a cut network can end the session while the process lives.)
    FreedByDeath,
    /// A lock that expires, perhaps while its holder is paused.
    Lease,
    /// No lock between processes.
    None,
}

impl Guard {
    /// Makes a guard that locks nothing.
    pub fn none() -> Guard {
        Guard::of(LockKind::None, None, None)
    }

    fn of(
        kind: LockKind,
        held: Option<Box<dyn Any + Send>>,
        alive: Option<Box<dyn Fn(Duration) -> bool + Send>>,
    ) -> Guard {
        Guard { kind, held, alive, check: None, process: std::process::id(), settle: None }
    }

    /// Makes a guard of a lock that is released when its process dies or `held` is dropped.
    pub fn freed_by_death(held: impl Any + Send) -> Guard {
        Guard::of(LockKind::FreedByDeath, Some(Box::new(held)), None)
    }

    /// Makes a guard of a lock that expires. `lasts` returns whether the lock certainly holds for the given
    /// time, and may renew the lock for that time. The client calls `lasts` immediately before it sends a
    /// refresh token.
    pub fn lease(
        held: impl Any + Send,
        lasts: impl Fn(Duration) -> bool + Send + 'static,
    ) -> Guard {
        Guard::of(LockKind::Lease, Some(Box::new(held)), Some(Box::new(lasts)))
    }

    /// Adds a check that other processes would still ask for this same lock, such as "the lock file is
    /// still at its path". [`Guard::is_held`] calls the check, which must not block.
    #[must_use]
    pub fn with_check(mut self, check: impl Fn() -> bool + Send + 'static) -> Guard {
        self.check = Some(match self.check.take() {
            Some(before) => Box::new(move || before() && check()),
            None => Box::new(check),
        });
        self
    }

    /// Whether this process still holds the lock. The client calls this method just before it sends a refresh
    /// token, and before it saves the successor in a store that does not compare.
    ///
    /// The result is `false` in a forked child, and if the check of [`Guard::with_check`] fails. This
    /// method does not notice that a lease has expired; [`Guard::lasts`] does.
    pub fn is_held(&self) -> bool {
        self.process == std::process::id() && self.check.as_ref().is_none_or(|check| check())
    }

    /// Marks a lock whose file is new. If an earlier lock file was deleted, the holder of that lock may still be
    /// refreshing: the client then waits for the deadline of a refresh note in the store. Each later holder finds a
    /// new file too, until a client calls [`Guard::settle`], which calls `settle`.
    pub(crate) fn of_new_file(mut self, settle: impl Fn() + Send + 'static) -> Guard {
        self.settle = Some(Box::new(settle));
        self
    }

    pub(crate) fn is_new(&self) -> bool {
        self.settle.is_some()
    }

    /// Called when no process can hold a deleted lock file and still get an answer to a refresh token.
    pub(crate) fn settle(&self) {
        if let Some(settle) = self.settle.as_ref().filter(|_| self.is_held()) {
            settle();
        }
    }

    /// The kind of lock.
    pub fn kind(&self) -> LockKind {
        self.kind
    }

    /// Whether the lock certainly holds for `duration` from now.
    pub fn lasts(&self, duration: Duration) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive(duration))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The lock belongs to the parent process: releasing it here would let others in while the
            // parent works.
            std::mem::forget(self.held.take());
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("kind", &self.kind)
            .field("held", &self.held.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that can only fail to load.
    struct Fails(fn(String) -> BackendError);

    impl TokenBackend for Fails {
        fn load(&self) -> Result<Option<Record>, BoxError> {
            Err(self.0("a store".to_owned()).into())
        }
        fn save(&self, _: &Record) -> Result<(), BoxError> {
            Ok(())
        }
        fn clear(&self) -> Result<(), BoxError> {
            Ok(())
        }
    }

    #[test]
    fn a_guard_says_what_it_holds_and_for_how_long() {
        let (none, held) = (Guard::none(), Guard::freed_by_death(()));
        assert!(!none.is_new() && !held.is_new());
        assert!(none.lasts(Duration::MAX) && held.lasts(Duration::MAX));
        assert!(format!("{none:?}").contains("held: false"), "{none:?}");
        assert!(format!("{held:?}").contains("held: true"), "{held:?}");
        let owned = std::sync::Arc::new(());
        let lease = Guard::lease(owned.clone(), |time| time <= Duration::from_secs(5));
        assert!(lease.lasts(Duration::from_secs(5)) && !lease.lasts(Duration::from_secs(6)));
        assert_eq!(std::sync::Arc::strong_count(&owned), 2);
        drop(lease);
        assert_eq!(std::sync::Arc::strong_count(&owned), 1);
    }

    #[test]
    fn a_login_may_replace_an_empty_record_but_no_unreadable_one() {
        assert!(Fails(BackendError::Empty).probe().is_ok());
        assert!(Fails(BackendError::Corrupt).probe().is_err());
        assert!(Fails(BackendError::Unavailable).probe().is_err());
    }
}

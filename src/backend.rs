//! Where a login is kept: the contract, and the stores that keep it.
//!
//! # The contract
//!
//! A [`TokenBackend`] keeps one [`Record`], as one opaque value. The promise of this crate rests on
//! what it says, so it says exactly this:
//!
//! * [`TokenBackend::load`] answers `Ok(None)` **only** when nothing is stored. A store that cannot
//!   be reached, an empty file or half a record is an error. What it returns survives a power cut.
//!   (A place with not one byte in it is [`BackendError::Empty`]: a new login may be stored there.)
//! * [`TokenBackend::save`] answers `Ok(())` **only** when the record survives a power cut. It writes
//!   all or nothing. It may fail after the record became visible: nobody assumes "not written", and
//!   the same record may be saved again.
//! * Every save replaces one particular record, named by [`Record::replaces`]. A store that can
//!   compare does so in the same atomic step and answers [`BackendError::Conflict`] otherwise;
//!   [`Record::may_replace`] is the rule. The record that is there already may be saved again.
//! * A record with a [`Record::note`] announces that its successor follows. A store that can run full
//!   makes sure of the successor's room before it answers `Ok(())`.
//! * [`TokenBackend::lock`] keeps everybody else out, in this process and outside, until its guard
//!   is dropped or the process dies, and says of which kind it is. It waits no longer than it is
//!   told, then answers [`BackendError::Busy`]. The guard owns what it needs.
//! * No method calls the client that uses the backend.
//!
//! A backend of your own needs three methods. It stores the whole record, as [`Record::to_json`] writes
//! it: a backend that builds `Record::from(token)` in `load` forgets the note of a token that was sent, and
//! the client refuses to send anything then. A table that has columns for a token only, because other
//! programs read it, gets the rest from [`TableBackend`].
//!
//! Without a `lock`, only the threads of one process are kept apart; [`FileLock`] adds a real lock in one
//! line. With a `save` that compares and no lock, processes are kept apart by the notes that they write: a
//! fresh note of another process is left alone until its deadline, in which a call goes on with the access
//! token if that works, and fails with [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown) otherwise.
//! With a plain `save` and no lock, two processes at the same moment can lose the login.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod compare;
pub(crate) mod disk;
mod file;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod idle;
#[cfg(feature = "keyring")]
mod keyring;
mod lock;
mod locked;
mod memory;
mod moving;
pub(crate) mod owner;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "encryption")]
mod sealed;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::error::BoxError;

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
    /// Reads what is stored.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read. `Ok(None)` is for "nothing is stored" alone.
    fn load(&self) -> Result<Option<Record>, BoxError>;

    /// Stores a record, durably, in place of the one that [`Record::replaces`] names.
    ///
    /// # Errors
    ///
    /// [`BackendError::Conflict`] if the store compares and holds another; else whatever went wrong.
    fn save(&self, record: &Record) -> Result<(), BoxError>;

    /// Forgets what is stored. Nothing stored is success.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being forgotten.
    fn clear(&self) -> Result<(), BoxError>;

    /// Keeps everybody else out until the guard is dropped. The default locks nothing, and says so.
    ///
    /// # Errors
    ///
    /// [`BackendError::Busy`] when somebody else still has it after `wait`; else whatever went wrong.
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let _ = wait;
        Ok(Guard::none())
    }

    /// Finds out whether a new login could be kept, before a person is asked to log in and before a
    /// code is spent. The default reads what is stored.
    ///
    /// It changes nothing that is stored, and works with and without the lock.
    ///
    /// # Errors
    ///
    /// Whatever would keep a save of a new login from succeeding.
    /// A store that is empty in the sense of [`BackendError::Empty`] is none.
    fn probe(&self) -> Result<(), BoxError> {
        match self.load() {
            Err(error) if !BackendError::is_empty(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// What the store has found so far that weakens its promise, one sentence each: a folder that
    /// others can write into, a file system that cannot flush a folder. The client tells each once.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// What survives. Used to warn when a login that rotates is kept in a store that forgets. It may
    /// change when the store finds out more.
    fn durability(&self) -> Durability {
        Durability::Unknown
    }

    /// The store's name in messages: a path, a table, an address without credentials.
    fn describe(&self) -> String {
        "the token store".to_owned()
    }
}

/// What a store's contents survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// A power cut, once `save` has returned.
    PowerCut,
    /// The end of the process, but perhaps not a power cut or a failover.
    Process,
    /// Nothing: it ends with the process.
    Memory,
    /// Not known.
    Unknown,
}

/// A held lock. The guard owns what it needs and releases the lock when it is dropped.
///
/// A guard belongs to the process that took it. After a `fork`, the child's copy neither holds the
/// lock nor releases it.
pub struct Guard {
    kind: LockKind,
    held: Option<Box<dyn Any + Send>>,
    alive: Option<Box<dyn Fn(Duration) -> bool + Send>>,
    check: Option<Box<dyn Fn() -> bool + Send>>,
    process: u32,
    new: bool,
}

/// What ends a lock besides its guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockKind {
    /// The death of the process that holds it, and nothing else: a file lock. Whoever has it knows that
    /// no living process is refreshing. (An advisory lock of a database session is none: it ends with
    /// the session, which a restart or a cut network can end while the process lives.)
    FreedByDeath,
    /// Time: whoever has it may have been paused past its end.
    Lease,
    /// There is no lock between processes.
    None,
}

impl Guard {
    /// No lock at all.
    pub fn none() -> Guard {
        Guard::of(LockKind::None, None, None)
    }

    fn of(
        kind: LockKind,
        held: Option<Box<dyn Any + Send>>,
        alive: Option<Box<dyn Fn(Duration) -> bool + Send>>,
    ) -> Guard {
        Guard { kind, held, alive, check: None, process: std::process::id(), new: false }
    }

    /// A lock that only the death of the process frees; dropping `held` releases it.
    pub fn freed_by_death(held: impl Any + Send) -> Guard {
        Guard::of(LockKind::FreedByDeath, Some(Box::new(held)), None)
    }

    /// A lock that ends by time. `lasts` answers whether it certainly holds for that much longer,
    /// renewing it if it can; it is asked immediately before a refresh token is sent.
    pub fn lease(
        held: impl Any + Send,
        lasts: impl Fn(Duration) -> bool + Send + 'static,
    ) -> Guard {
        Guard::of(LockKind::Lease, Some(Box::new(held)), Some(Box::new(lasts)))
    }

    /// Adds a check that the lock is still the one everybody else asks for, such as "the lock file is
    /// still at its path". The check must not block; [`Guard::is_held`] calls it.
    #[must_use]
    pub fn with_check(mut self, check: impl Fn() -> bool + Send + 'static) -> Guard {
        self.check = Some(match self.check.take() {
            Some(before) => Box::new(move || before() && check()),
            None => Box::new(check),
        });
        self
    }

    /// Whether this process still holds the lock. The client asks just before a refresh token leaves
    /// the machine, and again before a successor is saved.
    ///
    /// It is `false` in a forked child, and when the check of [`Guard::with_check`] fails. A lease that
    /// has ended is [`Guard::lasts`]'s business.
    pub fn is_held(&self) -> bool {
        self.process == std::process::id() && self.check.as_ref().is_none_or(|check| check())
    }

    /// Says that the lock's file did not exist before. Whoever held its predecessor, which somebody
    /// deleted, may still be at work: a note in the store is then left alone until its deadline.
    pub(crate) fn of_new_file(mut self, new: bool) -> Guard {
        self.new = new;
        self
    }

    pub(crate) fn is_new(&self) -> bool {
        self.new
    }

    /// The kind of lock: what besides dropping ends it.
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
            // The lock is the parent's: releasing it here would let others in beside the parent.
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

/// A shared backend is a backend.
impl<B: TokenBackend + ?Sized> TokenBackend for std::sync::Arc<B> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        (**self).load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        (**self).save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        (**self).clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        (**self).lock(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        (**self).probe()
    }
    fn warnings(&self) -> Vec<String> {
        (**self).warnings()
    }
    fn durability(&self) -> Durability {
        (**self).durability()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// A boxed backend is a backend.
impl TokenBackend for Box<dyn TokenBackend> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        (**self).load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        (**self).save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        (**self).clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        (**self).lock(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        (**self).probe()
    }
    fn warnings(&self) -> Vec<String> {
        (**self).warnings()
    }
    fn durability(&self) -> Durability {
        (**self).durability()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}

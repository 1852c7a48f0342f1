//! The precise errors of a store. The types of all stores are here, because [`crate::Error::is_transient`]
//! uses them.

use std::fmt;
use std::sync::Arc;

use super::{BoxError, chain};

/// A precise error of a backend, inside a [`BoxError`]. Any other error is treated as
/// [`BackendError::Unavailable`].
///
/// [`BackendError::because`] adds the original error:
///
/// ```
/// use evergrant::backend::BackendError;
/// use evergrant::BoxError;
///
/// fn read(path: &str) -> Result<Vec<u8>, BoxError> {
///     std::fs::read(path)
///         .map_err(|error| BackendError::Unavailable(format!("cannot read {path}")).because(error))
/// }
///
/// let error = read("/nowhere/login").unwrap_err();
/// assert!(matches!(BackendError::find(&error), Some(BackendError::Unavailable(_))));
/// assert!(error.source().unwrap().is::<std::io::Error>());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// Another process or client holds the lock.
    #[error("{0} is locked by another process or client")]
    Busy(String),
    /// The store does not hold the record that the save replaces. Nothing was written.
    #[error("{0} was changed by another process or client")]
    Conflict(String),
    /// The stored record cannot be read.
    #[error("{0}")]
    Corrupt(String),
    /// The file or field of the record exists but is empty, such as a file of zero bytes or of one line break. A
    /// call fails as with [`BackendError::Corrupt`]; a new login may be stored there.
    #[error("{0}")]
    Empty(String),
    /// The store has no space for the record.
    #[error("{0}")]
    Full(String),
    /// The store is set up wrongly: its folder is missing, this user may not write there, or its file
    /// system lacks a feature. Trying again does not help; a person has to change something.
    #[error("{0}")]
    Config(String),
    /// The store cannot be reached or used at present.
    #[error("{0}")]
    Unavailable(String),
    /// No connection to the store is free: other threads use all connections of this process, or the
    /// server accepts no more of them. The call has waited for a short time.
    #[error("{0}")]
    NoConnection(String),
}

/// A [`BackendError`] with the error that led to it.
#[derive(Clone)]
struct Caused {
    error: BackendError,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl fmt::Debug for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackendError").field(&self.error).field(&self.source).finish()
    }
}

impl std::error::Error for Caused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl BackendError {
    /// Adds the original error, such as an [`std::io::Error`], as the source. The message of this error
    /// should not repeat the source, because the source is printed as well.
    pub fn because(self, source: impl Into<BoxError>) -> BoxError {
        Box::new(Caused { error: self, source: Arc::from(source.into()) })
    }

    /// The [`BackendError`] inside an error, if there is one.
    pub fn find(error: &BoxError) -> Option<&BackendError> {
        let caused = || error.downcast_ref::<Caused>().map(|caused| &caused.error);
        error.downcast_ref().or_else(caused)
    }

    /// The error for a record of the store `name` that cannot be read: `corrupt`, unless a newer release has
    /// written the record.
    pub(crate) fn unreadable(
        reason: &BoxError,
        name: impl fmt::Display,
        corrupt: impl FnOnce(&str) -> BoxError,
    ) -> BoxError {
        match BackendError::find(reason) {
            Some(BackendError::Config(newer)) => {
                BackendError::Config(format!("cannot use {name}: {newer}")).into()
            }
            _ => corrupt(&reason.to_string()),
        }
    }

    /// Whether the same call may succeed later without any other change.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Corrupt(_) | Self::Empty(_) | Self::Config(_))
    }

    /// Whether the call failed only because other callers hold the lock or all connections: the caller may
    /// use another token, or wait longer.
    pub(crate) fn is_to_wait_for(error: &BoxError) -> bool {
        matches!(
            BackendError::find(error),
            Some(BackendError::Busy(_) | BackendError::NoConnection(_))
        )
    }

    pub(crate) fn is_busy(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Busy(_)))
    }

    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
    pub(crate) fn is_no_connection(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::NoConnection(_)))
    }

    pub(crate) fn is_conflict(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Conflict(_)))
    }

    pub(crate) fn is_empty(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Empty(_)))
    }

    /// Whether the same call may succeed later. `error` is a store's error, of any type.
    pub(super) fn passes(error: &BoxError) -> bool {
        BackendError::find(error).is_none_or(BackendError::is_transient)
    }

    /// A copy of the error for another thread. A [`BackendError`] and its cause are kept unchanged; of any
    /// other error only the message is copied.
    pub(super) fn echo(error: &BoxError) -> BoxError {
        if let Some(precise) = error.downcast_ref::<BackendError>() {
            return precise.clone().into();
        }
        match error.downcast_ref::<Caused>() {
            Some(caused) => Box::new(caused.clone()),
            None => chain::echo(&**error),
        }
    }
}

//! What a store can say precisely. It is here, below the stores, because [`crate::Error`] asks it
//! whether a failure passes by itself.

use super::BoxError;

/// What a backend can say precisely, inside a [`BoxError`]; any other error counts as
/// [`BackendError::Unavailable`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// Somebody else holds the lock.
    #[error("{0} is locked by somebody else")]
    Busy(String),
    /// The store holds another record than the one to be replaced. Nothing was written.
    #[error("{0} was changed by somebody else")]
    Conflict(String),
    /// What is stored cannot be read.
    #[error("{0}")]
    Corrupt(String),
    /// There is a place for a record, and not one byte in it. A call fails on it as on
    /// [`BackendError::Corrupt`]; a new login may be stored there.
    #[error("{0}")]
    Empty(String),
    /// There is no room.
    #[error("{0}")]
    Full(String),
    /// The store is set up wrongly: its folder is missing, this user may not write there, its file
    /// system lacks what it needs. Trying again does not help; somebody has to change something.
    #[error("{0}")]
    Config(String),
    /// It cannot be reached or used at present.
    #[error("{0}")]
    Unavailable(String),
}

impl BackendError {
    /// The [`BackendError`] inside an error, if there is one.
    pub fn find(error: &BoxError) -> Option<&BackendError> {
        error.downcast_ref()
    }

    /// Whether the same call may succeed later with nothing changed by a person.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Corrupt(_) | Self::Empty(_) | Self::Config(_))
    }

    pub(crate) fn is_busy(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Busy(_)))
    }

    pub(crate) fn is_conflict(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Conflict(_)))
    }

    pub(crate) fn is_empty(error: &BoxError) -> bool {
        matches!(BackendError::find(error), Some(BackendError::Empty(_)))
    }

    /// Whether an error of a store, of whatever type, may pass by itself.
    pub(super) fn passes(error: &BoxError) -> bool {
        BackendError::find(error).is_none_or(BackendError::is_transient)
    }

    /// The same error for another thread: what is precise stays precise, anything else becomes its
    /// text.
    pub(super) fn echo(error: &BoxError) -> BoxError {
        match BackendError::find(error) {
            Some(precise) => precise.clone().into(),
            None => error.to_string().into(),
        }
    }
}

//! Rows that cannot be read. The other rows of the page are still read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::DecodeError;

/// A row, or a single object, that could not be read: its id, the member that could not be read, and its JSON.
///
/// The list continues after this row. The iterator over rows returns an [`Error::Decode`] for the row,
/// and a page has the row in its field `unread`. [`UnreadRow::of`] finds the details in an error.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnreadRow {
    /// The name of the operation, endpoint or path that answered.
    pub operation: String,
    /// The id of the row, if the row has an id that can be read.
    pub id: Option<String>,
    /// The number of the row in the answer; the first is 0.
    pub index: usize,
    /// The path of the member that could not be read, such as `emails[0].type`. Empty if the row itself has
    /// another form, such as a string.
    pub path: String,
    /// Why the member could not be read.
    pub reason: String,
    /// The row as the service sent it. `Debug` does not show the row.
    pub json: String,
}

impl UnreadRow {
    /// Finds the row in an [`Error::Decode`]. Returns `None` for every other error.
    pub fn of(error: &Error) -> Option<&UnreadRow> {
        let Error::Decode(decode) = error else { return None };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*decode.source);
        while let Some(error) = cause {
            if let Some(row) = error.downcast_ref() {
                return Some(row);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for UnreadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "the object {id}")?,
            None => write!(f, "the object at index {}", self.index)?,
        }
        if !self.path.is_empty() {
            write!(f, ", member {}", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Debug for UnreadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadRow")
            .field("operation", &self.operation)
            .field("id", &self.id)
            .field("index", &self.index)
            .field("path", &self.path)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for UnreadRow {}

impl From<UnreadRow> for Error {
    fn from(row: UnreadRow) -> Error {
        let what = format!("a row in the answer of {}", row.operation);
        Error::Decode(Box::new(DecodeError::new(what, row)))
    }
}

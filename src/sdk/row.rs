//! Rows that cannot be read. Such a row costs only itself: the other rows of its page are read.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::value::RawValue;

use super::tracked::{self, Fault};
use crate::Error;
use crate::error::DecodeError;

/// A row, or a single object, that could not be read: its id, the member that could not be read, and its JSON.
///
/// A list goes on after such a row. The iterator over rows returns an [`Error::Decode`] for the row, and a
/// page has the row in its field `unread`. [`UnreadRow::of`] finds the details in an error.
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

/// How the rows of an answer are read.
pub(crate) struct Rows<'a> {
    /// The name of the operation.
    pub(crate) operation: &'a str,
    /// The names of the member with the id; the first that a row has counts.
    pub(crate) keys: &'a [&'a str],
    /// Whether a `null`, or an object inside the row that lacks a required member, is read as absent.
    pub(crate) forgiving: bool,
    /// Removes secrets from a message.
    pub(crate) clean: &'a dyn Fn(String) -> String,
}

impl Rows<'_> {
    /// Reads one row.
    pub(crate) fn one<T: DeserializeOwned>(
        &self,
        index: usize,
        json: &str,
    ) -> Result<T, UnreadRow> {
        if let Ok(row) = serde_json::from_str(json) {
            return Ok(row);
        }
        tracked::read(json, self.forgiving).map_err(|fault| self.unread(index, json, fault))
    }

    /// Reads the rows, and returns those that cannot be read apart.
    pub(crate) fn all<T: DeserializeOwned>(
        &self,
        rows: &[impl std::ops::Deref<Target = RawValue>],
    ) -> (Vec<T>, Vec<UnreadRow>) {
        let (mut items, mut unread) = (Vec::with_capacity(rows.len()), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            match self.one(index, row.get()) {
                Ok(item) => items.push(item),
                Err(row) => unread.push(row),
            }
        }
        (items, unread)
    }

    #[cold]
    fn unread(&self, index: usize, json: &str, fault: Fault) -> UnreadRow {
        let members: Map<String, serde_json::Value> =
            serde_json::from_str(json).unwrap_or_default();
        let id = self.keys.iter().find_map(|key| match members.get(*key)? {
            serde_json::Value::String(id) => Some(id.clone()),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
        let (path, reason) = fault.told();
        let clean =
            |text: String| crate::error::one_line(&(self.clean)(text)).chars().take(300).collect();
        UnreadRow {
            operation: self.operation.to_owned(),
            id: id.map(clean),
            index,
            path: clean(path),
            reason: clean(reason),
            json: json.to_owned(),
        }
    }
}

/// Puts rows and unread rows back into the order of the answer.
pub(crate) fn in_order<T>(items: Vec<T>, unread: Vec<UnreadRow>) -> Vec<crate::Result<T>> {
    let mut rows: Vec<crate::Result<T>> = items.into_iter().map(Ok).collect();
    for row in unread {
        rows.insert(row.index.min(rows.len()), Err(row.into()));
    }
    rows
}

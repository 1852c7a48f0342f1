//! Reads the rows of an answer one by one.

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::value::RawValue;

use super::row::UnreadRow;
use super::tracked::{self, Fault};

/// How the rows of an answer are read.
pub(crate) struct Rows<'a> {
    /// The name of the operation.
    pub(crate) operation: &'a str,
    /// The possible names of the member with the id; the first name that a row has is used.
    pub(crate) keys: &'a [&'a str],
    /// Whether a `null`, and an inner object that lacks a required member, are read as absent.
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
    ) -> Result<T, Box<UnreadRow>> {
        if let Ok(row) = serde_json::from_str(json) {
            return Ok(row);
        }
        tracked::read(json, self.forgiving)
            .map_err(|fault| Box::new(self.unread(index, json, fault)))
    }

    /// Reads the rows. Returns separately the rows that cannot be read.
    pub(crate) fn all<T: DeserializeOwned>(
        &self,
        rows: &[impl std::ops::Deref<Target = RawValue>],
    ) -> (Vec<T>, Vec<UnreadRow>) {
        let (mut items, mut unread) = (Vec::with_capacity(rows.len()), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            match self.one(index, row.get()) {
                Ok(item) => items.push(item),
                Err(row) => unread.push(*row),
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

/// The rows of a page in the order of the answer: the rows that were read, and the errors of the other
/// rows.
pub(crate) struct InOrder<T> {
    items: std::vec::IntoIter<T>,
    unread: std::vec::IntoIter<UnreadRow>,
    index: usize,
}

impl<T> InOrder<T> {
    pub(crate) fn new(items: Vec<T>, unread: Vec<UnreadRow>) -> InOrder<T> {
        InOrder { items: items.into_iter(), unread: unread.into_iter(), index: 0 }
    }

    /// Returns the next row of this page, or else the first row of the following pages.
    pub(crate) fn next_of<P>(
        &mut self,
        pages: &mut impl Iterator<Item = crate::Result<P>>,
        rows: impl Fn(P) -> InOrder<T>,
    ) -> Option<crate::Result<T>> {
        loop {
            if let Some(row) = self.next() {
                return Some(row);
            }
            match pages.next()? {
                Ok(page) => *self = rows(page),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T> Iterator for InOrder<T> {
    type Item = crate::Result<T>;

    fn next(&mut self) -> Option<crate::Result<T>> {
        let is_unread = self.unread.as_slice().first().is_some_and(|row| row.index <= self.index);
        if is_unread || self.items.as_slice().is_empty() {
            self.index += 1;
            return self.unread.next().map(|row| Err(row.into()));
        }
        self.index += 1;
        self.items.next().map(Ok)
    }
}

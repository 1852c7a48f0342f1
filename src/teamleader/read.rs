//! Reads answers: objects, and the rows of a list.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::operations::Operation;
use super::{ListPage, Teamleader, UnreadRow};
use crate::Response;
use crate::error::{DecodeError, Error, Result};
use crate::sdk::rows::Rows;

/// A JSON object with a member `data`.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
    #[serde(default)]
    meta: Value,
}

impl<T> Envelope<T> {
    /// Returns the number of objects in the whole list.
    fn total(&self) -> Option<u64> {
        let matches = &self.meta["matches"];
        matches.as_u64().or_else(|| matches.as_str()?.trim().parse().ok())
    }
}

/// The objects of an answer. `null` is read as an empty list.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<List<T>, D::Error> {
        super::json::or_empty(from).map(List)
    }
}

/// Whether an operation that only reads answered with an object without `data`.
fn bare(name: &str, bytes: &[u8]) -> bool {
    let members = || serde_json::from_slice::<Map<String, Value>>(bytes).ok();
    Operation::named(name).is_some_and(Operation::is_read)
        && members().is_some_and(|members| !members.contains_key("data"))
}

impl Teamleader {
    /// Calls `work` with a reader of the rows of this operation.
    fn reader<T>(&self, name: &str, forgiving: bool, work: impl FnOnce(Rows<'_>) -> T) -> T {
        let clean = |text: String| self.without_token(text);
        work(Rows { operation: name, keys: &["id", "tag", "url"], forgiving, clean: &clean })
    }

    /// Removes the access token, which an answer may repeat.
    fn without_token(&self, text: String) -> String {
        match self.0.client.access_token() {
            Ok(token) if !token.is_empty() => text.replace(token.expose(), "[..]"),
            _ => text,
        }
    }

    /// Reads the object of an answer.
    pub(super) fn object<T: DeserializeOwned>(&self, name: &str, response: Response) -> Result<T> {
        response.read_json_with(|bytes| match serde_json::from_slice::<Envelope<T>>(bytes) {
            Ok(envelope) => Ok(Ok(envelope.data)),
            Err(error) => match serde_json::from_slice::<Envelope<&RawValue>>(bytes) {
                Ok(envelope) => Ok(self.one(name, true, envelope.data.get())),
                // By the specification, a few operations answer with the object itself.
                Err(_) if bare(name, bytes) => {
                    let text = std::str::from_utf8(bytes).unwrap_or_default();
                    Ok(self.one(name, true, text))
                }
                Err(_) => Err(error),
            },
        })?
    }

    /// Reads an object.
    pub(super) fn one<T: DeserializeOwned>(
        &self,
        name: &str,
        forgiving: bool,
        json: &str,
    ) -> Result<T> {
        self.reader(name, forgiving, |reader| reader.one(0, json)).map_err(|row| {
            Error::Decode(Box::new(DecodeError::new(format!("the answer of {name}"), *row)))
        })
    }

    /// Reads the rows of a list with a model.
    pub(super) fn rows<T: DeserializeOwned>(
        &self,
        name: &str,
        response: Response,
    ) -> Result<ListPage<T>> {
        response.read_json_with(|bytes| match serde_json::from_slice::<Envelope<List<T>>>(bytes) {
            Ok(envelope) => {
                let total = envelope.total();
                Ok(ListPage { total, ..ListPage::of(envelope.data.0, Vec::new()) })
            }
            Err(error) => self.each(name, true, bytes).map_err(|_| error),
        })
    }

    /// Reads the rows of a list, each as the caller's type.
    pub(super) fn raw_rows<T: DeserializeOwned>(
        &self,
        name: &str,
        text: &str,
    ) -> Result<ListPage<T>> {
        let text = match text.trim_start_matches('\u{feff}').trim() {
            "" => "null",
            text => text,
        };
        let page = self.each(name, false, text.as_bytes());
        page.map_err(|error| {
            let what = format!("the answer of {name}");
            Error::decode(what, self.without_token(error.to_string()))
        })
    }

    /// Reads the rows of a list one by one.
    fn each<T: DeserializeOwned>(
        &self,
        name: &str,
        forgiving: bool,
        bytes: &[u8],
    ) -> serde_json::Result<ListPage<T>> {
        let envelope: Envelope<List<&RawValue>> = match serde_json::from_slice(bytes) {
            Ok(envelope) => envelope,
            // An answer without `data` is the list itself.
            Err(error) => match serde_json::from_slice(bytes) {
                Ok(data) if !forgiving => Envelope { data, meta: Value::Null },
                _ => return Err(error),
            },
        };
        let (items, unread): (Vec<T>, Vec<UnreadRow>) =
            self.reader(name, forgiving, |reader| reader.all(&envelope.data.0));
        Ok(ListPage { total: envelope.total(), ..ListPage::of(items, unread) })
    }
}

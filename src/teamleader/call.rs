//! Calls operations by name, sends all calls and reads their answers.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

#[cfg(doc)]
use super::TeamleaderError;
use super::operations::Operation;
use super::{Inner, Items, Pages, Reference, Teamleader, UnreadRow, lists};
use crate::error::{Error, Result};
use crate::sdk::unconfirmed::{lost, processed};
use crate::{Request, Response};

/// An answer: its `data` and the members beside `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The member `data`, or the whole answer if the answer has no `data`.
    pub data: T,
    /// The member `meta`; `null` if the answer has no `meta`.
    pub meta: Value,
    /// The member `included`: the sideloaded objects by type; `null` if the answer has none.
    pub included: Value,
}

impl<T> Answer<T> {
    /// Returns the sideloaded object that a reference points to.
    pub fn included<U>(&self, reference: &Reference<U>) -> Option<&Value> {
        let objects = self.included.get(&reference.kind)?.as_array()?;
        objects.iter().find(|object| object["id"].as_str() == Some(reference.id.as_str()))
    }
}

impl Teamleader {
    /// Calls an operation by its name and returns the `data` of its answer. If the answer has no `data`, the
    /// whole answer is returned; an empty answer can be read as `()` or as a `Value`.
    ///
    /// An unknown name (see [`Operation`]) and a body without a required field are refused before a
    /// request is sent. For an operation without a body, pass `&()`.
    ///
    /// ```
    /// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
    /// # let sandbox = Sandbox::start()?;
    /// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    /// # let teamleader = builder.provider(sandbox.provider()).build()?;
    /// # teamleader.client().seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/tickets.info", |r| ApiReply::json(200,
    /// #     serde_json::json!({ "data": { "id": r.json()["id"], "subject": "printer" } })));
    /// #[derive(serde::Deserialize)]
    /// struct Ticket {
    ///     subject: String,
    /// }
    ///
    /// let ticket: Ticket = teamleader.call("tickets.info", &serde_json::json!({ "id": "f29a" }))?;
    /// # assert_eq!(ticket.subject, "printer");
    /// # let refused = teamleader.call::<Ticket>("tickets.info", &serde_json::json!({}));
    /// # assert!(matches!(refused, Err(evergrant::Error::Config(text)) if text.contains("needs id")));
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the name or the body is refused, [`Error::Decode`] if the answer is not a `T`,
    /// and the errors of [`Request::call`]. [`TeamleaderError::of`] reads an error answer of Teamleader. If
    /// an operation that changes something fails, [`Unconfirmed::of`](super::Unconfirmed::of) tells whether
    /// Teamleader may have made the change: because no answer came, or because the answer of a processed
    /// request cannot be read.
    pub fn call<T: DeserializeOwned>(&self, name: &str, body: &impl Serialize) -> Result<T> {
        Ok(self.answer(name, body)?.data)
    }

    /// Does the same as [`Teamleader::call`], and returns `meta` and `included` as well.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn answer<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>> {
        let operation = Operation::known(name)?;
        let answer = self.text_of(operation, body)?;
        self.read(operation.name, &answer).map_err(|error| unread(operation, error))
    }

    /// Calls an operation that is not in this version's table of operations ([`Operation::all`]), such as a
    /// newer operation. The name and the body are not checked, and a request that got no answer is not sent
    /// again.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`], except the one for a refused name or body.
    pub fn call_unlisted<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let sent = self.request(name, false).send_json(body);
        let answer = sent.map_err(|error| lost(name, error))?;
        let read = answer.read_string().and_then(|text| self.read(name, &text));
        read.map(|answer| answer.data).map_err(|error| processed_by(name, error))
    }

    /// Returns an iterator over all objects of any list. `body` contains the filter, if any. A list that
    /// comes in pages is fetched page by page.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the operation is not a list or the body is refused. A later error is an
    /// item of the iterator.
    pub fn iter<'a, T: DeserializeOwned + 'a>(
        &'a self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Items<'a, T>> {
        lists::raw(self, name, body).map(Pages::items)
    }

    /// Returns an iterator over the pages of any list.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::iter`].
    pub fn pages<'a, T: DeserializeOwned + 'a>(
        &'a self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Pages<'a, T>> {
        lists::raw(self, name, body)
    }
}

impl Teamleader {
    /// Makes the request of an operation, without a body.
    pub(super) fn request(&self, name: &str, is_read: bool) -> Request<'_> {
        let Inner { client, api_version, .. } = &*self.0;
        let name = name.strip_prefix('/').unwrap_or(name);
        let request = client.post(&format!("/{name}")).repeatable(is_read);
        let version = self.1.as_ref().or(api_version.as_ref());
        match version {
            Some(version) => request.header("X-Api-Version", version),
            None => request,
        }
    }

    /// Sends a typed request. The type of the request guarantees the required fields. The method is not
    /// generic, which keeps the build short.
    fn post(&self, name: &str, body: Result<String>) -> Result<Response> {
        let operation = Operation::known(name)?;
        let request = self.request(name, operation.is_read());
        let sent = if operation.takes_body {
            request.header("Content-Type", "application/json").send(body?)
        } else {
            request.call()
        };
        sent.map_err(|error| unanswered(operation, error))
    }

    /// Sends a typed request and reads `data`.
    pub(super) fn fetch<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let response = self.post(name, to_text(body))?;
        let operation = Operation::known(name)?;
        self.object(name, response).map_err(|error| unread(operation, error))
    }

    /// Sends a typed request together with the id of its object, and reads `data`.
    pub(super) fn fetch_from<T: DeserializeOwned>(
        &self,
        name: &str,
        id: &str,
        changes: &impl Serialize,
    ) -> Result<T> {
        self.fetch(name, &Addressed { id, changes })
    }

    /// Sends a typed request together with the id of its object. The answer is empty.
    pub(super) fn change(&self, name: &str, id: &str, changes: &impl Serialize) -> Result<()> {
        self.act(name, &Addressed { id, changes })
    }

    /// Sends a typed request. The answer is empty.
    pub(super) fn act(&self, name: &str, body: &impl Serialize) -> Result<()> {
        self.post(name, to_text(body)).map(drop)
    }

    /// Checks the caller's body for required fields, sends it, and reads the answer as text.
    pub(super) fn text_of(&self, operation: &Operation, body: &impl Serialize) -> Result<String> {
        let body = to_text(body)?;
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        operation.check(&parsed)?;
        let request = self.request(operation.name, operation.is_read());
        let sent = if operation.takes_body {
            // An operation whose fields are all optional still requires an object.
            let body = if parsed.is_null() { "{}" } else { &body };
            request.header("Content-Type", "application/json").send(body)
        } else {
            request.call()
        };
        let response = sent.map_err(|error| unanswered(operation, error))?;
        response.read_string().map_err(|error| unread(operation, error))
    }

    /// Reads the `data` of an answer, or the whole answer if the answer has no `data`.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<Answer<T>> {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow, default, deserialize_with = "present")]
            data: Option<&'a RawValue>,
            #[serde(default)]
            meta: Value,
            #[serde(default)]
            included: Value,
        }
        let text = if text.trim().is_empty() { "null" } else { text };
        // An answer that is not an object has no `data`.
        let raw = serde_json::from_str::<Raw<'_>>(text).unwrap_or(Raw {
            data: None,
            meta: Value::Null,
            included: Value::Null,
        });
        let data = self.one(name, false, raw.data.map_or(text, RawValue::get))?;
        Ok(Answer { data, meta: raw.meta, included: raw.included })
    }
}

/// The error of a request without an answer. A write may have been processed.
fn unanswered(operation: &Operation, error: Error) -> Error {
    match operation.is_read() {
        true => error,
        false => lost(operation.name, error),
    }
}

/// The error for an answer that has a good status but cannot be read. A write was processed.
fn unread(operation: &Operation, error: Error) -> Error {
    match operation.is_read() {
        true => error,
        false => processed_by(operation.name, error),
    }
}

fn processed_by(name: &str, error: Error) -> Error {
    let id = UnreadRow::of(&error).and_then(|row| row.id.clone());
    processed(name, id, error)
}

/// A request together with the id of its object.
#[derive(Serialize)]
struct Addressed<'a, T> {
    id: &'a str,
    #[serde(flatten)]
    changes: &'a T,
}

/// Reads a member that is present as `Some`, even if it is `null`.
fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

fn to_text(body: &impl Serialize) -> Result<String> {
    serde_json::to_string(body).map_err(|error| {
        Error::Config(format!("the body cannot be written as JSON: {error}").into())
    })
}

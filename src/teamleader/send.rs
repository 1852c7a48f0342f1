//! How an operation is sent and its answer read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::operations::Operation;
use super::values::Reference;
use super::{Inner, Teamleader};
use crate::error::{DecodeError, Error, Result};
use crate::{Request, Response};

/// An answer with what stands beside its data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// `data`, or the whole answer where there is no `data`.
    pub data: T,
    /// `meta`; `null` where there is none.
    pub meta: Value,
    /// `included`: what was sideloaded, by kind; `null` where nothing was.
    pub included: Value,
}

impl<T> Answer<T> {
    /// The sideloaded object that a reference names.
    pub fn included(&self, reference: &Reference) -> Option<&Value> {
        let objects = self.included.get(&reference.kind)?.as_array()?;
        objects.iter().find(|object| object["id"].as_str() == Some(&reference.id))
    }
}

/// What `data` is in.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    #[serde(default)]
    pub(super) meta: Option<Meta>,
}

#[derive(Default, Deserialize)]
pub(super) struct Meta {
    pub(super) matches: Option<u64>,
}

impl Teamleader {
    /// The request of an operation, without its body.
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

    /// Sends a typed request; that its body is whole is its type's doing. One copy of this for all
    /// types keeps the build short.
    fn post(&self, name: &str, body: Result<String>) -> Result<Response> {
        let operation = Operation::known(name)?;
        let request = self.request(name, operation.is_read());
        if operation.takes_body {
            request.header("Content-Type", "application/json").send(body?)
        } else {
            request.call()
        }
    }

    /// Sends a typed request and reads `data`.
    pub(super) fn fetch<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        Ok(self.post(name, to_text(body))?.read_json::<Envelope<T>>()?.data)
    }

    /// Sends a typed request whose answer is empty.
    pub(super) fn act(&self, name: &str, body: &impl Serialize) -> Result<()> {
        self.post(name, to_text(body)).map(drop)
    }

    /// Sends what the caller made up, once it is known to be whole, and reads the text.
    pub(super) fn text_of(&self, operation: &Operation, body: &impl Serialize) -> Result<String> {
        let body = to_text(body)?;
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        operation.check(&parsed)?;
        let request = self.request(operation.name, operation.is_read());
        let response = if operation.takes_body {
            // What has only optional fields wants an object all the same.
            let body = if parsed.is_null() { "{}" } else { &body };
            request.header("Content-Type", "application/json").send(body)?
        } else {
            request.call()?
        };
        response.read_string()
    }

    /// Reads an answer: its `data`, or all of it.
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
        let fail = |error: serde_json::Error| self.unreadable(name, &error.to_string());
        // An answer of another form than an object has no `data`.
        let raw = serde_json::from_str::<Raw<'_>>(text).unwrap_or(Raw {
            data: None,
            meta: Value::Null,
            included: Value::Null,
        });
        let data = serde_json::from_str(raw.data.map_or(text, RawValue::get)).map_err(fail)?;
        Ok(Answer { data, meta: raw.meta, included: raw.included })
    }

    fn unreadable(&self, name: &str, text: &str) -> Error {
        // The text quotes the answer, and an answer may repeat what it was sent.
        let text = match self.0.client.access_token() {
            Ok(token) if !token.is_empty() => text.replace(token.expose(), "[..]"),
            _ => text.to_owned(),
        };
        Error::Decode(Box::new(DecodeError::new(format!("the answer of {name}"), text)))
    }
}

/// A field that is there, also when it is `null`.
fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

fn to_text(body: &impl Serialize) -> Result<String> {
    serde_json::to_string(body)
        .map_err(|error| Error::Config(format!("the body has no form in JSON: {error}").into()))
}

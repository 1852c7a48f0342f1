//! Sends requests, and reads the common part of all answers.

use std::fmt::Write as _;

use ring::rand::SecureRandom as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ureq::http::Method;

use super::error::{self, Traced};
use super::query::is_uuid;
use super::read::{Read, Reader, Unread};
use super::{RequestStatus, ShellEv};
use crate::error::{ApiError, DecodeError, Unconfirmed};
use crate::sdk::page::page_of_rows;
use crate::sdk::unconfirmed::lost;
use crate::{BoxError, Error, Result};

/// A list in an answer of Shell. Dereferences to a slice of its elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Answer<T> {
    /// The id of the request at Shell.
    #[serde(default)]
    pub request_id: String,
    /// How the request ended. The status is never `FAILED`: an answer with `FAILED` is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RequestStatus>,
    /// The list.
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    /// The values that could not be read, with their paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// Members of the answer that have no field here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

page_of_rows!(Answer, data);

/// Reads an answer. Returns `None` when the body is neither an object nor a list.
fn read<T: Read>(raw: Raw) -> Option<Answer<T>> {
    let mut object = match raw.body {
        Value::Object(object) => object,
        // Other programs have received a body that contains only the list.
        list @ Value::Array(_) => Map::from_iter([("data".to_owned(), list)]),
        _ => return None,
    };
    let mut reader = Reader::default();
    let request_id: Option<String> = reader.field(&mut object, &["requestId"]);
    Some(Answer {
        request_id: request_id.unwrap_or(raw.request_id),
        status: reader.field(&mut object, &["status"]),
        data: reader.field(&mut object, &["data"]),
        unread: reader.unread,
        extra: object,
    })
}

impl<T> Answer<T> {
    /// Returns how many elements Shell sent, including those that could not be read.
    pub(super) fn elements(&self) -> usize {
        self.data.len() + self.unread.iter().filter(|unread| unread.is_element()).count()
    }

    /// Makes the error for a value that could not be read, with the id of the request.
    pub(super) fn error_of(&self, path: &str, unread: &Unread) -> Error {
        let row = unread.row(path);
        let what = format!("a row in the answer of {path}");
        let source = Traced::new(&self.request_id, Box::new(row));
        Error::Decode(Box::new(DecodeError::new(what, source)))
    }
}

/// A request.
pub(super) struct Call<'a> {
    pub(super) shell: &'a ShellEv,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) request_id: Option<String>,
    pub(super) body: Option<Value>,
}

impl Call<'_> {
    /// Removes the access token, which the API may have repeated, from the error. The OAuth client does
    /// this only for answers with an error status.
    fn without_token(&self, error: Error) -> Error {
        let Error::Api(mut api) = error else { return error };
        api.reason = match self.shell.client.access_token() {
            Ok(token) => api.reason.map(|reason| reason.replace(token.expose(), "[..]")),
            Err(_) => None,
        };
        Error::Api(api)
    }
}

/// The body of an answer with a good status.
struct Raw {
    request_id: String,
    body: Value,
}

impl Call<'_> {
    /// Sends the request and reads the list.
    pub(super) fn answer<T: Read>(self) -> Result<Answer<T>> {
        let path = path_of(&self.target);
        let writes = self.writes();
        let answer = self.send().and_then(|raw| {
            let request_id = raw.request_id.clone();
            read(raw)
                .ok_or_else(|| incomplete(&path, &request_id, "it is neither an object nor a list"))
        });
        answer.map_err(|error| match error {
            // Shell accepted the command, and its answer cannot be read.
            Error::Decode(mut failed) if writes => {
                failed.what.push_str(", which was processed: do not send the request again");
                failed.unconfirmed = Some(Box::new(Unconfirmed::processed(path, None)));
                Error::Decode(failed)
            }
            other => lost(&path, other),
        })
    }

    fn writes(&self) -> bool {
        self.method == Method::POST
    }

    fn send(self) -> Result<Raw> {
        let request_id = match &self.request_id {
            Some(id) if is_uuid(id) => id.clone(),
            Some(_) => return Err(Error::Config("the request id is not a UUID".into())),
            None => new_request_id()?,
        };
        let base = self.shell.client.provider().api_base().unwrap_or_default().to_owned();
        let traced = |failed| error::traced(failed, &request_id, &base);
        // The header is part of the request, so a request that is sent again has the same id.
        let mut request = self
            .shell
            .client
            .request(self.method.clone(), &self.target)
            .header("RequestId", &request_id)
            .header("Accept", "application/json");
        let writes = self.writes();
        if writes {
            // Shell documents no idempotency key, so a repeat might start a second session.
            request = request.repeatable(false);
        }
        let response = match &self.body {
            Some(body) => request.send_json(body),
            None if writes => request.send([]),
            None => request.call(),
        };
        let response = response.map_err(traced)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.read_bytes().map_err(traced)?;
        let body = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            // Shell accepted the command and sent no body.
            Err(_) if writes && bytes.iter().all(u8::is_ascii_whitespace) => {
                Value::Object(Map::new())
            }
            Err(error) => {
                let why = format!("status {status}, line {}: it is not JSON", error.line());
                return Err(incomplete(&path_of(&self.target), &request_id, &why));
            }
        };
        let said = ["status", "Status"].iter().find_map(|name| body.get(*name)?.as_str());
        let said = said.unwrap_or_default();
        if said.eq_ignore_ascii_case(RequestStatus::Failed.as_str()) {
            let url = [base.trim_end_matches('/'), &path_of(&self.target)].concat();
            let mut api = ApiError::new(self.method.as_str(), url, status);
            (api.headers, api.body) = (Box::new(headers), bytes);
            return Err(traced(self.without_token(error::explained(api))));
        }
        Ok(Raw { request_id, body })
    }
}

fn path_of(target: &str) -> String {
    target.split('?').next().unwrap_or_default().to_owned()
}

/// Makes a random UUID (version 4, RFC 9562 section 5.4).
fn new_request_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Error::Config("the system's random generator failed, so the request has no id".into())
    })?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut id = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}

impl<T> From<Answer<T>> for Vec<T> {
    fn from(answer: Answer<T>) -> Vec<T> {
        answer.data
    }
}

/// Makes the error for an answer that lacks a required part.
pub(super) fn incomplete(path: &str, request_id: &str, why: &str) -> Error {
    let why: BoxError = why.into();
    let what = format!("the answer of {path}");
    Error::Decode(Box::new(DecodeError::new(what, Traced::new(request_id, why))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_random_uuid() -> Result<()> {
        let (one, two) = (new_request_id()?, new_request_id()?);
        assert!(is_uuid(&one) && one != two);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        Ok(())
    }
}

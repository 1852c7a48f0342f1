//! An answer of the API.

use std::fmt;
use std::io::Read;

use serde::de::DeserializeOwned;
use ureq::http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use ureq::http::{HeaderMap, Method, Uri, response};

use super::body::Body;
use super::json::{self, Fault};
use super::without_query;
use crate::error::{ApiError, BoxError, Error, Result, Unconfirmed, advice};
use crate::protocol;
use crate::refresh::Live;
use crate::transport::{Reads, io_cause, read_up_to};

/// The largest number of bytes that are kept of an error answer.
const ERROR_BODY_LIMIT: u64 = 64 << 10;

/// An answer of the API. `Debug` shows neither the query of the address, nor header values, nor the body.
pub struct Response {
    pub(super) uri: Uri,
    pub(super) parts: response::Parts,
    pub(super) body: Body,
    pub(super) limit: u64,
    /// The access token that was sent, so that no error repeats it.
    pub(super) live: Option<Live>,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.parts.status.as_u16()
    }

    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The address in the answer's `Link` header (RFC 8288) that has this relation, such as `next`,
    /// resolved against the address of the request.
    /// [`Client::linked_pages`](crate::Client::linked_pages) follows these addresses.
    pub fn link(&self, relation: &str) -> Option<String> {
        super::link::find(&self.parts.headers, &self.uri.to_string(), relation)
    }

    /// Returns a reader of the body, which has no size limit. The reader fails if the answer ends early.
    pub fn into_reader(self) -> impl Read + Send + use<> {
        self.body.into_reader()
    }

    /// Reads the body, up to 64 MiB or the limit of [`super::Request::max_body`].
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] when the body is larger, or was cut on the way.
    pub fn read_bytes(self) -> Result<Vec<u8>> {
        let Response { uri, body, limit, .. } = self;
        let mut bytes = Vec::new();
        match read_up_to(body.into_reader(), limit.saturating_add(1), &mut bytes) {
            Ok(()) if bytes.len() as u64 <= limit => Ok(bytes),
            Ok(_) => {
                Err(Error::decode(answer_of(&uri), format!("it is larger than {limit} bytes")))
            }
            Err(error) => Err(Error::decode(answer_of(&uri), io_cause(error))),
        }
    }

    /// Reads the body as text.
    ///
    /// # Errors
    ///
    /// The errors of [`Response::read_bytes`], and [`Error::Decode`] when the body is not UTF-8.
    pub fn read_string(self) -> Result<String> {
        let uri = self.uri.clone();
        // The error itself is not used, because its `Debug` shows the bytes.
        String::from_utf8(self.read_bytes()?)
            .map_err(|error| Error::decode(answer_of(&uri), error.utf8_error()))
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// The errors of [`Response::read_bytes`], and [`Error::Decode`] when the body is not the JSON that `T`
    /// needs. One byte order mark at its beginning is ignored.
    pub fn read_json<T: DeserializeOwned>(self) -> Result<T> {
        let Response { uri, parts, body, limit, live } = self;
        let mut body = body.into_reader();
        json::read(Reads(&mut |buffer| body.read(buffer)), limit).map_err(|fault| match fault {
            Fault::Json(error, length) => no_json(&uri, live.as_ref(), &parts, error, length),
            Fault::Cut(error) => Error::decode(answer_of(&uri), io_cause(error)),
            Fault::TooLarge => {
                Error::decode(answer_of(&uri), format!("it is larger than {limit} bytes"))
            }
        })
    }

    /// Reads the body as JSON with a function, which gets the bytes without a byte order mark. Use this
    /// method if your program can read parts of an answer that is not as documented.
    ///
    /// # Errors
    ///
    /// The errors of [`Response::read_bytes`], and [`Error::Decode`] with the error of `read`.
    pub fn read_json_with<T>(self, read: impl FnOnce(&[u8]) -> serde_json::Result<T>) -> Result<T> {
        let (uri, live, parts) = (self.uri.clone(), self.live.clone(), self.parts.clone());
        let bytes = self.read_bytes()?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let length = bytes.len() as u64;
        read(text).map_err(|error| no_json(&uri, live.as_ref(), &parts, error, length))
    }

    pub(super) fn into_error(
        self,
        method: &Method,
        retry_after: Option<std::time::Duration>,
        unconfirmed: Option<Box<Unconfirmed>>,
    ) -> ApiError {
        let status = self.status();
        // The advice is about the token, so only the error of a request with a token has advice. An API
        // may repeat the token, so the token is taken out.
        let advice = self.live.as_ref().and_then(|live| {
            let advice = advice(status, &self.parts.headers)?;
            protocol::clean(&live.redact(advice))
        });
        let mut body = Vec::new();
        // If the body is cut off, the error has the part that was received.
        let _ = read_up_to(self.body.into_reader(), ERROR_BODY_LIMIT, &mut body);
        ApiError {
            method: method.to_string(),
            url: without_query(&self.uri),
            status,
            headers: Box::new(self.parts.headers),
            body,
            retry_after,
            reason: None,
            request_id: None,
            advice,
            unconfirmed,
        }
    }
}

/// An answer that is no JSON at all.
#[derive(Debug, thiserror::Error)]
#[error("it is not JSON: {what}")]
struct NotJson {
    what: String,
    source: BoxError,
}

/// The error for an answer of this length that is not the wanted JSON.
fn no_json(
    uri: &Uri,
    live: Option<&Live>,
    parts: &response::Parts,
    error: serde_json::Error,
    length: u64,
) -> Error {
    // The error quotes the body, in which an API may repeat the access token.
    let shown = error.to_string();
    let source: BoxError = match live {
        Some(live) if live.is_in(&shown) => live.redact(shown).into(),
        _ if error.is_data() => return Error::decode(answer_of(uri), error),
        _ => error.into(),
    };
    Error::decode(answer_of(uri), NotJson { what: about(parts, length), source })
}

/// Describes an answer that is not the expected JSON: a redirect, the page of a captive portal, an
/// empty body.
fn about(parts: &response::Parts, length: u64) -> String {
    let header = |name: HeaderName| {
        let text = parts.headers.get(name)?.to_str().ok()?;
        protocol::clean(text.split([';', '?', '#']).next().unwrap_or_default())
    };
    let kind = header(CONTENT_TYPE).unwrap_or_else(|| "not given".to_owned());
    let mut text = format!("status {}, content type {kind}, {length} bytes", parts.status.as_u16());
    if let Some(address) = header(LOCATION).filter(|_| parts.status.is_redirection()) {
        text.push_str(&format!(", it redirects to {address}"));
    }
    text
}

fn answer_of(uri: &Uri) -> String {
    format!("the answer of {}", without_query(uri))
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("url", &without_query(&self.uri))
            .field("status", &self.status())
            .field("headers", &self.parts.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

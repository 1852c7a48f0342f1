//! A request to the API, and its answer.

use std::fmt;
use std::io::Read;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{self, HeaderMap, HeaderValue, Method};
use ureq::{Body, SendBody};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::error::{ApiError, Error, Result, TransportError};
use crate::refresh::{Live, Want};
use crate::secret::Secret;
use crate::transport::without_address;

/// How much of an error answer is kept.
const ERROR_BODY_LIMIT: u64 = 64 << 10;
/// How large an answer may be that is read into memory.
const BODY_LIMIT: u64 = 64 << 20;

/// A request to the API that carries the access token. Made by [`Client::get`] and its like, sent by
/// one of the methods that end it.
///
/// ```
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let client = evergrant::Client::new(sandbox.provider(), sandbox.credentials(), evergrant::MemoryBackend::new());
/// # client.seed(sandbox.login())?;
/// let answer: serde_json::Value = client.get("/echo").query("page", "2").read_json()?;
/// assert_eq!(answer["query"], "page=2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    client: &'a Client,
    method: Method,
    url: Result<String>,
    headers: HeaderMap,
    any_status: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, target: &str) -> Request<'a> {
        let url = client.url_of(target);
        Request { client, method, url, headers: HeaderMap::new(), any_status: false }
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Request<'a> {
        if let Ok(url) = &mut self.url {
            url.push(if url.contains('?') { '&' } else { '?' });
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            url.push_str(&form.append_pair(name, value).finish());
        }
        self
    }

    /// Sets a header. The one that carries the access token cannot be set, nor can those that say
    /// how long the body is.
    pub fn header(mut self, name: &str, value: &str) -> Request<'a> {
        let parsed = http::HeaderName::try_from(name)
            .map_err(|_| Error::config(format!("{name:?} is not the name of a header")))
            .and_then(|name| {
                let value = HeaderValue::from_str(value).map_err(|_| {
                    Error::config(format!("the value of the header {name} has control characters"))
                })?;
                Ok((name, value))
            });
        match parsed {
            Ok((name, _)) if self.client.is_token_header(&name) || is_framing(&name) => {
                self.url = Err(Error::config(format!("the header {name} is set by the client")));
            }
            Ok((name, value)) => drop(self.headers.insert(name, value)),
            Err(error) => self.url = Err(error),
        }
        self
    }

    /// Gives an answer with a status of 400 and above out as a [`Response`], not as an
    /// [`Error::Api`].
    pub fn any_status(mut self) -> Request<'a> {
        self.any_status = true;
        self
    }

    /// Sends the request without a body.
    ///
    /// # Errors
    ///
    /// Whatever keeps the client from having a token ([`Client::access_token`]);
    /// [`Error::Transport`] when no answer came; [`Error::Api`] for a status of 400 and above;
    /// [`Error::Config`] for an address that the access token must not go to, or a header that
    /// cannot be sent.
    pub fn call(self) -> Result<Response> {
        self.run(None)
    }

    /// Sends the request without a body and reads the answer as JSON.
    ///
    /// # Errors
    ///
    /// As [`Request::call`], and [`Error::Decode`] for an answer that cannot be read.
    pub fn read_json<T: DeserializeOwned>(self) -> Result<T> {
        self.call()?.read_json()
    }

    /// Sends the request with a value as its JSON body.
    ///
    /// # Errors
    ///
    /// As [`Request::call`], and [`Error::Config`] for a value that has no form in JSON.
    pub fn send_json(mut self, value: &(impl Serialize + ?Sized)) -> Result<Response> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Error::config(format!("the body has no form in JSON: {error}")))?;
        let json = HeaderValue::from_static("application/json");
        self.headers.entry(http::header::CONTENT_TYPE).or_insert(json);
        self.run(Some(&body))
    }

    /// Sends the request with bytes as its body; set `Content-Type` with [`Request::header`].
    ///
    /// # Errors
    ///
    /// As [`Request::call`].
    pub fn send(self, body: impl AsRef<[u8]>) -> Result<Response> {
        self.run(Some(body.as_ref()))
    }

    fn run(mut self, body: Option<&[u8]>) -> Result<Response> {
        let url = std::mem::replace(&mut self.url, Ok(String::new()))?;
        let keeper = self.client.keeper();
        let mut live = keeper.access(&Want::Usable)?;
        let mut response = self.send_once(&url, &live, body)?;
        // Where a refresh ends the old access token, another process can end ours between its
        // arrival and its use; that is looked at again, three times at most.
        let mut looks = 0;
        while response.status() == 401 && looks <= 3 {
            let refused = live.access_token().clone();
            let next = if looks == 0 {
                match keeper.access(&Want::Instead(refused)) {
                    Ok(next) => next,
                    // There is nothing to refresh with, so the API's own answer says more.
                    Err(Error::NotAuthorized(_)) if live.token.refresh_token().is_none() => break,
                    Err(Error::RateLimited(limited)) if self.client.is_too_early(&limited) => break,
                    Err(error) => return Err(error),
                }
            } else {
                match keeper.moved_on(&refused) {
                    Some(next) => next,
                    None => break,
                }
            };
            live = next;
            looks += 1;
            response = self.send_once(&url, &live, body)?;
        }
        if self.any_status || response.status() < 400 {
            return Ok(response);
        }
        Err(response.into_error(&self.method))
    }

    fn send_once(&self, url: &str, live: &Live, body: Option<&[u8]>) -> Result<Response> {
        let provider = self.client.provider();
        let name = http::HeaderName::try_from(&provider.api_header).map_err(|_| {
            Error::config(format!("{:?} is not the name of a header", provider.api_header))
        })?;
        let value = bearer(provider.api_word.as_deref(), live.access_token())?;
        let mut request = http::Request::builder().method(&self.method).uri(url);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
            headers.insert(name, value);
        }
        let failed = |error: ureq::Error| {
            Error::Transport(Box::new(TransportError {
                method: self.method.to_string(),
                url: without_query(url),
                source: without_address(error),
            }))
        };
        let agent = self.client.agent_for(url);
        let answer = match body {
            None => request.body(SendBody::none()).map(|request| agent.run(request)),
            Some(mut bytes) => {
                request = request.header(http::header::CONTENT_LENGTH, bytes.len());
                request.body(SendBody::from_reader(&mut bytes)).map(|request| agent.run(request))
            }
        };
        let answer = answer
            .map_err(|_| Error::config(format!("{} is not an address", without_query(url))))?
            .map_err(failed)?;
        let (parts, body) = answer.into_parts();
        Ok(Response { url: without_query(url), parts, body, token: live.access_token().clone() })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url.as_deref().map(without_query))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Headers that say where a body ends: two of them would split the request.
fn is_framing(name: &http::HeaderName) -> bool {
    *name == http::header::CONTENT_LENGTH || *name == http::header::TRANSFER_ENCODING
}

/// The value of the header that carries the access token. A token with control characters would
/// split the request.
pub(crate) fn bearer(word: Option<&str>, token: &Secret) -> Result<HeaderValue> {
    let text = Zeroizing::new(match word {
        Some(word) => [word, " ", token.expose()].concat(),
        None => token.expose().to_owned(),
    });
    // HeaderValue would take bytes beyond ASCII, which servers read in different ways.
    let fits = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let value = HeaderValue::from_str(&text).ok().filter(|_| fits);
    let mut value = value
        .ok_or_else(|| Error::config("the access token has characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// An answer of the API. `Debug` shows neither its query, its header values nor its body.
pub struct Response {
    url: String,
    parts: http::response::Parts,
    body: Body,
    /// What was sent, so that no error repeats it.
    token: Secret,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.parts.status.as_u16()
    }

    /// A header, if it is there once or more and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Reads the body, up to 64 MiB.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] when the body is larger, or was cut on the way.
    pub fn read_bytes(self) -> Result<Vec<u8>> {
        let what = format!("the answer of {}", self.url);
        let mut bytes = Vec::new();
        let read = self.body.into_reader().take(BODY_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|error| Error::decode(&what, error))?;
        if bytes.len() as u64 > BODY_LIMIT {
            return Err(Error::decode(&what, format!("it is larger than {BODY_LIMIT} bytes")));
        }
        Ok(bytes)
    }

    /// Reads the body as text.
    ///
    /// # Errors
    ///
    /// As [`Response::read_bytes`], and [`Error::Decode`] when it is not UTF-8.
    pub fn read_string(self) -> Result<String> {
        let what = format!("the answer of {}", self.url);
        // Not the error itself: its `Debug` shows the bytes.
        String::from_utf8(self.read_bytes()?)
            .map_err(|error| Error::decode(what, error.utf8_error()))
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// As [`Response::read_bytes`], and [`Error::Decode`] when it is not the JSON that `T` needs.
    pub fn read_json<T: DeserializeOwned>(self) -> Result<T> {
        let what = format!("the answer of {}", self.url);
        let token = self.token.clone();
        let bytes = self.read_bytes()?;
        serde_json::from_slice(&bytes).map_err(|error| {
            // The error quotes what it found, and an API may repeat what it was sent.
            let text = error.to_string();
            if !token.is_empty() && text.contains(token.expose()) {
                return Error::decode(what, text.replace(token.expose(), "[..]"));
            }
            Error::decode(what, error)
        })
    }

    fn into_error(self, method: &Method) -> Error {
        let status = self.status();
        let mut body = Vec::new();
        // What could be read of it is what is shown.
        let _ = self.body.into_reader().take(ERROR_BODY_LIMIT).read_to_end(&mut body);
        Error::Api(Box::new(ApiError {
            method: method.to_string(),
            url: self.url,
            status,
            headers: Box::new(self.parts.headers),
            body,
        }))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("url", &self.url)
            .field("status", &self.status())
            .field("headers", &self.parts.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

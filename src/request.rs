//! A request to the API.

mod body;
mod call;
mod json;
mod link;
mod proofs;
mod response;
mod send;

use std::fmt;
use std::io::Read;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{self, HeaderMap, HeaderValue, Method};

pub use self::response::Response;
pub(crate) use self::send::PROOF;
use self::send::Payload;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::substring;

/// The default of [`Request::max_body`].
const BODY_LIMIT: u64 = 64 << 20;

/// A request to the API that carries the access token. [`Client::get`] and the other methods start a request;
/// [`Request::call`], [`Request::read_json`] and the `send` methods send the request.
///
/// ```
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let client = evergrant::Client::new(sandbox.provider(), sandbox.credentials(), evergrant::MemoryBackend::new());
/// # client.seed(sandbox.login())?;
/// let answer: serde_json::Value = client.get("/echo").query("page", 2).read_json()?;
/// assert_eq!(answer["query"], "page=2");
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    client: &'a Client,
    agent: &'a Agent,
    method: Method,
    url: Result<String>,
    headers: HeaderMap,
    any_status: bool,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    repeatable: Option<bool>,
    retries: Option<u32>,
    limit: u64,
    without_token: bool,
    /// Whether `url` is a complete address, so that the API's base of the login is not used.
    whole: bool,
}

impl Client {
    /// Starts a GET. `target` is a path that begins with `/` and is appended to the provider's API base,
    /// or a whole address on an allowed host.
    pub fn get(&self, target: &str) -> Request<'_> {
        self.request(Method::GET, target)
    }

    /// Starts a POST; see [`Client::get`].
    pub fn post(&self, target: &str) -> Request<'_> {
        self.request(Method::POST, target)
    }

    /// Starts a PUT; see [`Client::get`].
    pub fn put(&self, target: &str) -> Request<'_> {
        self.request(Method::PUT, target)
    }

    /// Starts a PATCH; see [`Client::get`].
    pub fn patch(&self, target: &str) -> Request<'_> {
        self.request(Method::PATCH, target)
    }

    /// Starts a DELETE; see [`Client::get`].
    pub fn delete(&self, target: &str) -> Request<'_> {
        self.request(Method::DELETE, target)
    }

    /// Starts a request with any method; see [`Client::get`].
    pub fn request(&self, method: Method, target: &str) -> Request<'_> {
        Request::new(self, method, target)
    }

    /// Starts a request that carries no access token, to any https address. Use this method for uploads
    /// and downloads whose address itself grants access, such as the signed addresses of object stores.
    /// The client's hooks do not see the request; the client's proxy, certificates and number of
    /// retries apply.
    pub fn without_token(&self, method: Method, url: &str) -> Request<'_> {
        Request::without_token(self, method, url)
    }
}

impl<'a> Request<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, target: &str) -> Request<'a> {
        let url = match client.base_comes_with_login() {
            // The stored token names the API's host, so the URL is completed when the request is sent.
            true => Ok(substring::before(target, '#').to_owned()),
            false => client.url_of(target),
        };
        Request {
            agent: client.agent_for(target, url.as_deref().ok()),
            url,
            client,
            method,
            headers: HeaderMap::new(),
            any_status: false,
            timeout: None,
            connect_timeout: None,
            read_timeout: None,
            repeatable: None,
            retries: None,
            limit: BODY_LIMIT,
            without_token: false,
            whole: false,
        }
    }

    /// Starts a GET of a complete address from the provider's settings. The request carries the access
    /// token, and the API's base of the login is not used.
    pub(crate) fn whole(client: &'a Client, address: &str) -> Request<'a> {
        let mut request = Request::new(client, Method::GET, address);
        request.url = client.any_url(address);
        request.agent = client.agent_for(address, request.url.as_deref().ok());
        request.whole = true;
        request
    }

    pub(crate) fn without_token(client: &'a Client, method: Method, url: &str) -> Request<'a> {
        let mut request = Request::new(client, method, url);
        request.url = client.any_url(url);
        request.agent = client.agent_for(url, request.url.as_deref().ok());
        request.without_token = true;
        request
    }

    /// Adds a query parameter. The value is anything with `Display`: a string, a number, an id.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Request<'a> {
        if let Ok(url) = &mut self.url {
            url.push(if url.contains('?') { '&' } else { '?' });
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            url.push_str(&form.append_pair(name, &value.to_string()).finish());
        }
        self
    }

    /// Sets a header. The header replaces a [fixed header](crate::provider::ProviderBuilder::fixed_header) of
    /// the provider, except `Authorization`. A request fails when it is sent if it sets a header that the
    /// client sets itself: the header of the access token, of the body's length or of a proof (feature
    /// `dpop`), or a fixed `Authorization`.
    pub fn header(mut self, name: &str, value: &str) -> Request<'a> {
        let parsed = http::HeaderName::try_from(name)
            .map_err(|_| {
                Error::config(
                    "this is not the name of a header: pass the name first, then the value",
                )
            })
            .and_then(|name| {
                let value = HeaderValue::from_str(value).map_err(|_| {
                    Error::config(format!("the value of the header {name} has control characters"))
                })?;
                Ok((name, value))
            });
        match parsed {
            Ok((name, _))
                if name == self.client.token_header()
                    || name == PROOF && cfg!(feature = "dpop")
                    || is_framing(&name)
                    || name == AUTHORIZATION && self.client.headers().contains_key(&name) =>
            {
                self.url = Err(Error::config(format!("the header {name} is set by the client")));
            }
            Ok((name, value)) => drop(self.headers.insert(&name, value)),
            Err(error) => self.url = Err(error),
        }
        self
    }

    /// Returns an answer with a status of 400 or above as a [`Response`], not as an [`Error::Api`].
    pub fn any_status(mut self) -> Request<'a> {
        self.any_status = true;
        self
    }

    /// Limits the time of each attempt, from the name look-up to the end of the answer. Retries, the
    /// waits between them and a refresh of the token are not counted. Without this limit an attempt
    /// fails after 10 seconds without a connection and after 60 seconds of silence.
    pub fn timeout(mut self, timeout: Duration) -> Request<'a> {
        self.timeout = Some(timeout);
        self
    }

    /// Limits how long a new connection may take, in place of the client's 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Request<'a> {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Limits how long the server may be silent while the answer is awaited or read, in place of the
    /// client's 60 seconds.
    pub fn read_timeout(mut self, timeout: Duration) -> Request<'a> {
        self.read_timeout = Some(timeout);
        self
    }

    /// Says whether this request may be sent again after a failure that leaves open whether the server
    /// has processed it. By default only GET, HEAD and OPTIONS requests may be sent again (RFC 9110
    /// section 9.2.1).
    pub fn repeatable(mut self, repeatable: bool) -> Request<'a> {
        self.repeatable = Some(repeatable);
        self
    }

    /// Limits how often the request is sent again, in place of [`ClientBuilder::retries`].
    ///
    /// [`ClientBuilder::retries`]: crate::ClientBuilder::retries
    pub fn retries(mut self, retries: u32) -> Request<'a> {
        self.retries = Some(retries);
        self
    }

    /// Limits how many bytes of the answer are read into memory; 64 MiB by default.
    /// [`Response::into_reader`] has no limit.
    pub fn max_body(mut self, bytes: u64) -> Request<'a> {
        self.limit = bytes;
        self
    }

    /// Sends the request without a body.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::access_token`] when the client cannot get a token; [`Error::Transport`] when
    /// no answer came; [`Error::Api`] for a status of 400 and above, or the error that
    /// [`ClientBuilder::map_error`](crate::ClientBuilder::map_error) makes of the answer; [`Error::Config`]
    /// for an address that the access token must not go to, or a header that cannot be sent; and the error
    /// that a hook returned. A redirect is not followed: it is returned as an answer.
    pub fn call(self) -> Result<Response> {
        self.run(Payload::None)
    }

    /// Sends the request without a body and reads the answer as JSON.
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`], and [`Error::Decode`] for an answer that cannot be read.
    pub fn read_json<T: DeserializeOwned>(self) -> Result<T> {
        self.call()?.read_json()
    }

    /// Sends the request with a value as its JSON body.
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`], and [`Error::Config`] for a value that cannot be written as
    /// JSON.
    pub fn send_json(mut self, value: &(impl Serialize + ?Sized)) -> Result<Response> {
        let body = serde_json::to_vec(value).map_err(|error| {
            Error::config(format!("the body cannot be written as JSON: {error}"))
        })?;
        let json = HeaderValue::from_static("application/json");
        self.content_type(json);
        self.run(Payload::Bytes(&body))
    }

    /// Sends the request with names and values as a form.
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`].
    pub fn send_form(mut self, pairs: &[(&str, &str)]) -> Result<Response> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs(pairs).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.content_type(kind);
        self.run(Payload::Bytes(body.as_bytes()))
    }

    /// Sets the content type, unless the caller has set it.
    fn content_type(&mut self, value: HeaderValue) {
        if !self.headers.contains_key(&CONTENT_TYPE) {
            self.headers.insert(&CONTENT_TYPE, value);
        }
    }

    /// Sends the request with bytes as its body; set `Content-Type` with [`Request::header`].
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`].
    pub fn send(self, body: impl AsRef<[u8]>) -> Result<Response> {
        self.run(Payload::Bytes(body.as_ref()))
    }

    /// Sends the request with a body that is read while it is sent: `length` bytes, or chunked if the
    /// length is not known. The client sends the request only once; after a 401, the next call of the client
    /// looks for another token.
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`]; an error of the reader is an [`Error::Transport`].
    pub fn send_reader(self, body: &mut dyn Read, length: Option<u64>) -> Result<Response> {
        self.run(Payload::Reader(body, length))
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url.as_ref().map(|url| without_query(url)))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Whether the header says where a body ends. With two headers of this kind, a server might read two
/// requests.
fn is_framing(name: &http::HeaderName) -> bool {
    *name == http::header::CONTENT_LENGTH || *name == http::header::TRANSFER_ENCODING
}

pub(crate) fn without_query(url: &dyn fmt::Display) -> String {
    let mut url = url.to_string();
    url.truncate(url.find(['?', '#']).unwrap_or(url.len()));
    url
}

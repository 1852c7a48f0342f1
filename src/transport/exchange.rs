//! Sends one request, once, on an agent without pooled connections.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use ureq::SendBody;
use ureq::http::header::{CONNECTION, CONTENT_LENGTH};
use ureq::http::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::config::token_config;
use super::limit;
use super::{AgentPair, HttpConfig, cause_at, io_cause};
use crate::clock::{Clock, SystemClock};
use crate::error::{BoxError, Error, Result};
use crate::protocol::{RawReply, TokenRequest};
use crate::provider::is_loopback;

/// The largest number of bytes that are read of an answer.
const REPLY_LIMIT: u64 = 1 << 20;

/// The agents of requests to an authorization server.
pub(crate) struct Agents(AgentPair);

/// The result of a request.
pub(crate) enum Raw {
    /// ureq never asked for the request's body, so the request was not sent.
    Never(BoxError),
    /// The request may have arrived, and no answer came back.
    NoAnswer(BoxError),
    /// An answer, or a part of an answer.
    Answer(Answer),
}

/// An answer before it is read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// The reason why the body is not whole; `None` for a whole body.
    pub(crate) cut: Option<BoxError>,
}

impl Answer {
    pub(crate) fn as_reply(&self) -> RawReply<'_> {
        RawReply { status: self.status, headers: &self.headers, body: &self.body }
    }
}

impl Agents {
    /// Makes agents whose requests take `timeout` at most. Time in which the process is stopped is not
    /// counted.
    pub(crate) fn new(
        user_agent: Option<&str>,
        timeout: Duration,
        change: Option<&HttpConfig>,
    ) -> Agents {
        Agents::on(user_agent, timeout, change, Arc::new(SystemClock))
    }

    /// Makes agents that connect to public addresses only (and to the caller's proxy).
    #[cfg(feature = "discovery")]
    pub(crate) fn public_only(timeout: Duration, change: Option<&HttpConfig>) -> Agents {
        Agents::with(None, timeout, change, Arc::new(SystemClock), true)
    }

    /// Whether requests go through a proxy, which then resolves the host names.
    #[cfg(feature = "discovery")]
    pub(crate) fn proxied(&self) -> bool {
        self.0.at(false).config().proxy().is_some()
    }

    /// Makes agents whose requests are timed by `clock`. The client's own clock may stand still, so it is not
    /// used.
    pub(super) fn on(
        user_agent: Option<&str>,
        timeout: Duration,
        change: Option<&HttpConfig>,
        clock: Arc<dyn Clock>,
    ) -> Agents {
        Agents::with(user_agent, timeout, change, clock, false)
    }

    fn with(
        user_agent: Option<&str>,
        timeout: Duration,
        change: Option<&HttpConfig>,
        clock: Arc<dyn Clock>,
        public_only: bool,
    ) -> Agents {
        let (user_agent, change) = (user_agent.map(str::to_owned), change.cloned());
        Agents(AgentPair::new(move |loopback| {
            let config = token_config(user_agent.as_deref(), timeout, change.as_ref(), loopback);
            limit::agent_to(config, timeout, clock.clone(), public_only)
        }))
    }

    /// Sends a request. If ureq never asked for the body, the request was not sent. The error of ureq does not
    /// show this: refused connections, failed name look-ups, failed handshakes and cut answers have the same
    /// kinds of error. A request without a body is treated as sent. Nothing is sent if `in_time` returns
    /// false when the body is about to be read.
    pub(super) fn send(
        &self,
        head: http::Request<()>,
        request: &TokenRequest,
        in_time: &dyn Fn() -> bool,
    ) -> Raw {
        let loopback = Url::parse(&request.url).is_ok_and(|url| is_loopback(&url));
        let agent = self.0.at(loopback);
        if request.body.is_empty() && !in_time() {
            return Raw::Never(TOO_LATE.into());
        }
        let uri = head.uri().clone();
        let mut rest = request.body.as_slice();
        let mut body = Watched::new(&mut rest, in_time);
        body.read = request.body.is_empty();
        let answer = if request.body.is_empty() {
            agent.run(head.map(|()| SendBody::none()))
        } else {
            agent.run(head.map(|()| SendBody::from_reader(&mut body)))
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if body.read => return Raw::NoAnswer(cause_at(error, agent, &uri)),
            Err(error) => return Raw::Never(cause_at(error, agent, &uri)),
        };
        let (parts, body) = answer.into_parts();
        let (body, cut) = read_reply(body);
        Raw::Answer(Answer { status: parts.status.as_u16(), headers: parts.headers, body, cut })
    }
}

/// Sends a GET without credentials.
#[cfg(any(feature = "discovery", feature = "oidc"))]
pub(crate) fn get(agents: &Agents, address: &str) -> Result<Answer> {
    ask(agents, &plain_get(address))
}

/// Sends a GET without credentials. The answer may have a body without end; the body is not used.
#[cfg(feature = "discovery")]
pub(crate) fn probe(agents: &Agents, address: &str) -> Result<Answer> {
    asked(agents, &plain_get(address))
}

#[cfg(any(feature = "discovery", feature = "oidc"))]
fn plain_get(address: &str) -> TokenRequest {
    let accept = ("Accept".into(), crate::secret::Secret::new("application/json"));
    let url = Zeroizing::new(address.to_owned());
    TokenRequest { method: "GET", url, headers: vec![accept], body: Default::default() }
}

/// Sends a request that is not a client's request for a token. The error shows no query.
#[cfg(any(feature = "discovery", feature = "oidc"))]
pub(crate) fn ask(agents: &Agents, request: &TokenRequest) -> Result<Answer> {
    let mut answer = asked(agents, request)?;
    match answer.cut.take() {
        Some(error) => Err(failed(request, error)),
        None => Ok(answer),
    }
}

#[cfg(any(feature = "discovery", feature = "oidc"))]
fn asked(agents: &Agents, request: &TokenRequest) -> Result<Answer> {
    match agents.send(head(request)?, request, &always) {
        Raw::Never(error) | Raw::NoAnswer(error) => Err(failed(request, error)),
        Raw::Answer(answer) => Ok(answer),
    }
}

#[cfg(any(feature = "discovery", feature = "oidc"))]
fn failed(request: &TokenRequest, source: BoxError) -> Error {
    let url = crate::substring::before(&request.url, '?').to_owned();
    let method = request.method.to_owned();
    let unconfirmed = None;
    let error = crate::error::TransportError { method, url, source, sent: true, unconfirmed };
    Error::Transport(Box::new(error))
}

#[cfg(any(feature = "discovery", feature = "oidc"))]
impl Answer {
    /// The error for an answer whose status is not success.
    pub(crate) fn into_error(
        self,
        method: &str,
        url: &str,
        sent_at: time::OffsetDateTime,
    ) -> Error {
        let longest = Duration::from_secs(24 * 3600);
        let mut body = self.body.to_vec();
        body.truncate(64 << 10);
        Error::Api(Box::new(crate::error::ApiError {
            method: method.to_owned(),
            url: url.to_owned(),
            status: self.status,
            retry_after: crate::protocol::retry_after(&self.headers, sent_at, longest),
            reason: None,
            request_id: None,
            advice: None,
            unconfirmed: None,
            headers: Box::new(self.headers),
            body,
        }))
    }
}

/// Makes the head of a request: method, address and headers. The request has `Connection: close`,
/// because the connection is not used again.
pub(super) fn head(request: &TokenRequest) -> Result<http::Request<()>> {
    let mut head = http::Request::new(());
    *head.method_mut() = request.method.parse().map_err(unwritable)?;
    // Use the parsed form of a loopback host: ureq would look up `127.0.0.1.` in DNS.
    let url =
        Url::parse(&request.url).ok().filter(is_loopback).map(String::from).map(Zeroizing::new);
    *head.uri_mut() = url.as_ref().unwrap_or(&request.url).parse().map_err(unwritable)?;
    let headers = head.headers_mut();
    headers.insert(&CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(&**name).map_err(unwritable)?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(unwritable)?;
        value.set_sensitive(true);
        headers.insert(&name, value);
    }
    // A POST without a body sends `Content-Length: 0` (RFC 9110 section 8.6).
    if !request.body.is_empty() || request.method == "POST" {
        headers.insert(&CONTENT_LENGTH, request.body.len().into());
    }
    Ok(head)
}

/// The error for an address or a header that cannot be sent. The error gives the reason, and shows
/// neither the address nor the header.
fn unwritable(error: impl Into<http::Error>) -> Error {
    Error::config(format!("the token request cannot be written: {}", error.into()))
}

/// A reader made of its function `read`: a program has [`read_up_to`] once for all readers, and none of their
/// other methods.
pub(crate) struct Reads<'a>(pub(crate) &'a mut dyn FnMut(&mut [u8]) -> io::Result<usize>);

impl Read for Reads<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.0)(buffer)
    }
}

/// Appends at most `limit` bytes to `bytes`.
pub(crate) fn read_up_to(mut reader: impl Read, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut read = |buffer: &mut [u8]| reader.read(buffer);
    Reads(&mut read).take(limit).read_to_end(bytes).map(drop)
}

/// Reads a body. Returns the bytes of the body, and the reason if they are not the whole body.
fn read_reply(body: ureq::Body) -> (Zeroizing<Vec<u8>>, Option<BoxError>) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read = read_up_to(body.into_reader(), REPLY_LIMIT + 1, &mut bytes);
    let cut = match read {
        Err(error) => Some(io_cause(error)),
        Ok(_) if bytes.len() as u64 > REPLY_LIMIT => {
            bytes.truncate(REPLY_LIMIT as usize);
            Some(format!("the answer is larger than {REPLY_LIMIT} bytes").into())
        }
        Ok(_) => None,
    };
    (bytes, cut)
}

const TOO_LATE: &str = "the lock expired before anything was sent";

/// Always returns `true`, for a request that may leave at any time.
pub(crate) fn always() -> bool {
    true
}

/// A body that records whether it was read: until then, nothing of it was sent. The first read fails if
/// `in_time` returns `false`.
pub(crate) struct Watched<'a> {
    rest: &'a mut dyn Read,
    pub(crate) read: bool,
    in_time: &'a dyn Fn() -> bool,
}

impl Watched<'_> {
    pub(crate) fn new<'a>(rest: &'a mut dyn Read, in_time: &'a dyn Fn() -> bool) -> Watched<'a> {
        Watched { rest, read: false, in_time }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.read && !(self.in_time)() {
            return Err(io::Error::other(TOO_LATE));
        }
        self.read = true;
        self.rest.read(buffer)
    }
}

//! One attempt to send a request.

use std::io::{ErrorKind, Read};

use ureq::SendBody;
use ureq::http::header::CONTENT_LENGTH;
use ureq::http::{self, HeaderName, HeaderValue, Method, Uri};

use super::body::Body;
use super::{Request, without_query};
use crate::error::{Error, TransportError, Unconfirmed};
use crate::transport::{Watched, always, cause_at};

/// The name of the HTTP header that carries a proof (RFC 9449 section 4.1).
pub(crate) const PROOF: HeaderName = HeaderName::from_static("dpop");

/// The access token and the proof that a request carries.
pub(super) struct Carried<'a> {
    /// The value of the token header.
    pub(super) token: &'a HeaderValue,
    /// The proof that the client has the key of the token.
    pub(super) proof: Option<HeaderValue>,
}

/// The body of a request.
pub(super) enum Payload<'b> {
    None,
    Bytes(&'b [u8]),
    /// A body that can be read once, and its length if that is known.
    Reader(&'b mut dyn Read, Option<u64>),
}

impl Payload<'_> {
    /// Whether the body can be sent a second time.
    pub(super) fn can_repeat(&self) -> bool {
        !matches!(self, Payload::Reader(..))
    }
}

/// An answer whose body has not been read, or only its beginning.
pub(super) struct Answer {
    pub(super) parts: http::response::Parts,
    pub(super) body: Body,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.parts.status.as_u16()
    }
}

/// A request that failed without an answer.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Whether a part of the request can have reached the server.
    pub(super) left: bool,
}

impl Request<'_> {
    /// Sends the request once; `value` has the access token and the proof.
    pub(super) fn send_once(
        &self,
        uri: &Uri,
        value: Option<&Carried<'_>>,
        payload: &mut Payload<'_>,
    ) -> Result<Answer, Failed> {
        let (answer, read) = match payload {
            Payload::None => {
                // POST, PUT and PATCH without a body send `Content-Length: 0` (RFC 9110 section 8.6).
                let usual = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
                (self.exchange(uri, value, usual.then_some(0), SendBody::none()), false)
            }
            Payload::Bytes(bytes) => {
                let mut rest = *bytes;
                self.watched(uri, value, Some(bytes.len() as u64), &mut rest)
            }
            Payload::Reader(reader, length) => self.watched(uri, value, *length, &mut **reader),
        };
        match answer {
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                Ok(Answer { parts, body: Body::Fresh(body) })
            }
            Err(error) => {
                let left = read || !never_connected(&error);
                Err(Failed { error: self.transport_error(uri, error, left), left })
            }
        }
    }

    fn transport_error(&self, uri: &Uri, error: ureq::Error, sent: bool) -> Error {
        Error::Transport(Box::new(TransportError {
            method: self.method.to_string(),
            url: without_query(uri),
            source: cause_at(error, self.agent, uri),
            sent,
            unconfirmed: sent.then(|| self.unconfirmed(uri)).flatten(),
        }))
    }

    /// The detail of an error after which the request may have been processed. Returns `None` if a repeat
    /// does no harm.
    pub(super) fn unconfirmed(&self, uri: &Uri) -> Option<Box<Unconfirmed>> {
        let harmless = self.repeatable.unwrap_or_else(|| {
            self.client.hooks().repeats(&self.method) || self.method.is_idempotent()
        });
        let operation = || format!("{} {}", self.method, without_query(uri));
        (!harmless).then(|| Box::new(Unconfirmed::perhaps(operation())))
    }

    /// Sends a body, and returns whether any of it was read. ureq reads a body only after it has
    /// connected.
    fn watched(
        &self,
        uri: &Uri,
        value: Option<&Carried<'_>>,
        length: Option<u64>,
        body: &mut dyn Read,
    ) -> (Result<http::Response<ureq::Body>, ureq::Error>, bool) {
        let mut watched = Watched::new(body, &always);
        let answer = self.exchange(uri, value, length, SendBody::from_reader(&mut watched));
        (answer, watched.read)
    }

    fn exchange(
        &self,
        uri: &Uri,
        value: Option<&Carried<'_>>,
        length: Option<u64>,
        body: SendBody<'_>,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut request = http::Request::new(body);
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(uri);
        self.put_headers(request.headers_mut(), value, length);
        self.run_with_timeouts(request)
    }

    /// Sets the headers of the client, with or without the token, and then the headers of the request.
    fn put_headers(
        &self,
        headers: &mut http::HeaderMap,
        value: Option<&Carried<'_>>,
        length: Option<u64>,
    ) {
        let token_header = self.client.token_header();
        match value {
            Some(carried) => {
                headers.clone_from(self.client.headers());
                headers.insert(token_header, carried.token.clone());
                if let Some(proof) = &carried.proof {
                    headers.insert(PROOF, proof.clone());
                }
            }
            None => {
                let all = self.client.plain_headers().iter();
                for (name, value) in all.filter(|(name, _)| *name != token_header) {
                    headers.insert(name, value.clone());
                }
            }
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(length) = length {
            headers.insert(&CONTENT_LENGTH, length.into());
        }
    }

    fn run_with_timeouts(
        &self,
        request: http::Request<SendBody<'_>>,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let agent = self.agent;
        let own = [self.timeout, self.connect_timeout, self.read_timeout];
        if own.iter().all(Option::is_none) {
            return agent.run(request);
        }
        let given = agent.config();
        let connect = self.connect_timeout.or(given.timeouts().connect);
        let read = self.read_timeout.or(given.timeout_per_read());
        let global = self.timeout.or(given.timeouts().global);
        let config = agent.configure_request(request);
        let config = config.timeout_connect(connect).timeout_per_read(read).timeout_global(global);
        agent.run(config.build())
    }
}

/// Whether the error says that no connection was made. For a request without a body, only this error shows
/// that nothing was sent.
fn never_connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => true,
        ureq::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        _ => false,
    }
}

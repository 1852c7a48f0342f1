//! How a request is sent: the token, what a 401 means, and what is sent again.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use ureq::SendBody;
use ureq::http::header::CONTENT_LENGTH;
use ureq::http::{self, HeaderMap, HeaderValue, Method, Uri};

use super::{Request, Response, without_query};
use crate::error::{ApiError, Challenge, Error, Result, TransportError};
use crate::protocol;
use crate::refresh::{Live, Want};
use crate::transport::{Watched, always, cause};

/// The longest wait for a service that asks for one; a longer one is the caller's to plan.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The first wait after a failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How often a 401 is looked at where a refresh ends the old access token.
const LOOKS: u32 = 4;

/// What is sent in a request.
pub(super) enum Payload<'b> {
    None,
    Bytes(&'b [u8]),
    Reader(&'b mut dyn Read, Option<u64>),
}

/// A request about to be sent, as a hook sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sending<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address, without its query.
    pub url: &'a str,
    /// 0 for the first time it is sent, then counted up.
    pub attempt: u32,
}

/// An answer that has come, as a hook sees it. `Debug` shows the names of the headers only.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Received<'a> {
    /// The method of the request.
    pub method: &'a Method,
    /// The address, without its query.
    pub url: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}

type BeforeSend = Arc<dyn Fn(&Sending<'_>) -> Result<()> + Send + Sync>;
type OnAnswer = Arc<dyn Fn(&Received<'_>) + Send + Sync>;
type Expired = Arc<dyn Fn(&Received<'_>) -> bool + Send + Sync>;
type ReadWait = Arc<dyn Fn(&Received<'_>) -> Option<Duration> + Send + Sync>;
type MapError = Arc<dyn Fn(ApiError) -> Error + Send + Sync>;

/// What a vendor's client adds to every request.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) before_send: Option<BeforeSend>,
    pub(crate) on_answer: Option<OnAnswer>,
    pub(crate) expired: Option<Expired>,
    pub(crate) map_error: Option<MapError>,
    pub(crate) retry_after: Option<ReadWait>,
    pub(crate) retries: u32,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) statuses: Option<Arc<[u16]>>,
    pub(crate) methods: Option<Arc<[Method]>>,
}

impl Hooks {
    fn need_url(&self) -> bool {
        let Hooks { before_send, on_answer, expired, retry_after, .. } = self;
        before_send.is_some() || on_answer.is_some() || expired.is_some() || retry_after.is_some()
    }
}

/// What a client has that says nothing else.
pub(crate) const HOOKS: Hooks = Hooks {
    before_send: None,
    on_answer: None,
    expired: None,
    map_error: None,
    retry_after: None,
    retries: 2,
    backoff: (FIRST_WAIT, LONGEST_WAIT),
    statuses: None,
    methods: None,
};

/// A request that failed without an answer.
struct Failed {
    error: Error,
    /// Whether any of it can have reached the server.
    left: bool,
}

impl Request<'_> {
    pub(super) fn run(mut self, mut payload: Payload<'_>) -> Result<Response> {
        let url = std::mem::replace(&mut self.url, Ok(String::new()))?;
        let uri = Uri::try_from(url).map_err(|_| {
            Error::config("the request's path or query has characters that no address can carry")
        })?;
        let (keeper, hooks) = (self.client.keeper(), self.client.hooks());
        let mut live = if self.without_token { None } else { Some(keeper.access(&Want::Usable)?) };
        let retries = self.retries.unwrap_or(hooks.retries);
        let hooks = if self.without_token { &HOOKS } else { hooks };
        let url = if hooks.need_url() { without_query(&uri) } else { String::new() };
        let mut left = retries;
        let (mut attempt, mut looks) = (0, 0);
        let mut refreshed = false;
        let answer = loop {
            if let Some(before_send) = &hooks.before_send {
                before_send(&Sending { method: &self.method, url: &url, attempt })?;
            }
            attempt += 1;
            let again = left > 0 && !matches!(payload, Payload::Reader(..));
            let value =
                live.as_ref().map(|live| live.header.as_ref().ok_or_else(|| live.without_header()));
            let answer = match self.send_once(&uri, value.transpose()?, &mut payload) {
                Ok(answer) => answer,
                Err(failed) if again && (!failed.left || self.is_repeatable()) => {
                    self.pause(retries - left, None);
                    left -= 1;
                    continue;
                }
                Err(failed) => return Err(failed.error),
            };
            if let Some(on_answer) = &hooks.on_answer {
                on_answer(&self.received(&url, &answer));
            }
            let status = answer.status.as_u16();
            if let Some(used) = &live {
                if !self.is_expired(&url, &answer) {
                    keeper.accepted(used);
                } else if looks < LOOKS {
                    match self.replace(used, &payload, &mut refreshed)? {
                        Some(next) => {
                            live = Some(next);
                            looks += 1;
                            continue;
                        }
                        None => break answer,
                    }
                }
            }
            let wait = self.retry_after(&url, &answer);
            // 503 with a time: to be asked again.
            let listed = match &hooks.statuses {
                Some(statuses) => statuses.contains(&status),
                None => status == 429 || status == 503 && wait.is_some(),
            };
            // 429: not processed. After the others it may have been.
            let refused = listed && (status == 429 || self.is_repeatable());
            if again && refused && wait.is_none_or(|wait| wait <= LONGEST_WAIT) {
                self.pause(retries - left, wait);
                left -= 1;
                continue;
            }
            break answer;
        };
        let retry_after = self.retry_after(&url, &answer);
        let (any_status, limit, method) = (self.any_status, self.limit, self.method);
        let (parts, body) = (answer.parts, answer.body);
        let response = Response { uri, parts, body, limit, live };
        if any_status || response.status() < 400 {
            return Ok(response);
        }
        let live = response.live.clone();
        let error = response.into_error(&method, retry_after);
        let mut error = match &hooks.map_error {
            Some(map_error) => map_error(error),
            None => Error::Api(Box::new(error)),
        };
        if let (Error::Api(api), Some(live)) = (&mut error, &live) {
            api.reason = api.reason.take().map(|reason| live.redact(reason));
        }
        Err(error)
    }

    /// Another token after a 401; `None`: the API's answer is the last word.
    fn replace(
        &self,
        live: &Live,
        payload: &Payload<'_>,
        refreshed: &mut bool,
    ) -> Result<Option<Live>> {
        let keeper = self.client.keeper();
        let refused = live.access_token();
        if matches!(payload, Payload::Reader(..)) {
            keeper.suspect(refused);
            return Ok(None);
        }
        // One refresh for each call. Where a refresh ends the old access token, another process can
        // end ours between its arrival and its use: then the store has moved on.
        if keeper.is_last_word(refused) || *refreshed {
            return Ok(keeper.moved_on(refused));
        }
        let before = keeper.refreshes();
        match keeper.access(&Want::Instead(refused.clone())) {
            Ok(next) => {
                // A token found in the store may have been ended together with ours, so that is not
                // the end; one that was refreshed for this call is.
                *refreshed = keeper.refreshes() != before;
                Ok(Some(next))
            }
            // There is nothing to refresh with, so the API's own answer says more.
            Err(Error::NotAuthorized(_)) if live.token.refresh_token().is_none() => Ok(None),
            Err(Error::RateLimited(limited)) if self.client.is_too_early(&limited) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_repeatable(&self) -> bool {
        self.repeatable.unwrap_or_else(|| match &self.client.hooks().methods {
            Some(methods) => methods.contains(&self.method),
            None => matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS),
        })
    }

    fn is_expired(&self, url: &str, answer: &Answer) -> bool {
        // The token is good, and a person has to log in in another way (RFC 9470 section 3).
        let stronger = Some("insufficient_user_authentication");
        let stronger = |challenge: &Challenge| challenge.error() == stronger;
        answer.status == 401 && !Challenge::of(&answer.headers).iter().any(stronger)
            || self
                .client
                .hooks()
                .expired
                .as_ref()
                .is_some_and(|expired| expired(&self.received(url, answer)))
    }

    fn received<'a>(&'a self, url: &'a str, answer: &'a Answer) -> Received<'a> {
        let (status, headers) = (answer.status.as_u16(), &answer.headers);
        Received { method: &self.method, url, status, headers }
    }

    fn retry_after(&self, url: &str, answer: &Answer) -> Option<Duration> {
        if !matches!(answer.status.as_u16(), 413 | 429 | 503) {
            return None;
        }
        let now = self.client.clock().now_utc();
        protocol::retry_after(&answer.headers, now, Duration::MAX).or_else(|| {
            let read = self.client.hooks().retry_after.as_ref()?;
            read(&self.received(url, answer))
        })
    }

    /// Waits as long as the service asked, or longer each time, and a little more: many clients that
    /// were told the same time must not come back together.
    fn pause(&self, tries: u32, asked: Option<Duration>) {
        let (first, longest) = self.client.hooks().backoff;
        let wait = asked.unwrap_or(first.saturating_mul(2_u32.pow(tries.min(8))).min(longest));
        let extra = wait.min(Duration::from_secs(2)) / 4;
        let share = u32::from(crate::secret::random_byte());
        self.client.clock().sleep(wait + extra * share / 256);
    }

    fn send_once(
        &self,
        uri: &Uri,
        value: Option<&HeaderValue>,
        payload: &mut Payload<'_>,
    ) -> Result<Answer, Failed> {
        let (answer, read) = match payload {
            Payload::None => {
                // What usually has a body says that it has none (RFC 9110 section 8.6).
                let wants = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
                (self.exchange(uri, value, wants.then_some(0), SendBody::none()), false)
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
                Ok(Answer { parts, body })
            }
            Err(error) => {
                let left = read || !never_connected(&error);
                let error = Error::Transport(Box::new(TransportError {
                    method: self.method.to_string(),
                    url: without_query(uri),
                    source: cause(error),
                }));
                Err(Failed { error, left })
            }
        }
    }

    fn watched(
        &self,
        uri: &Uri,
        value: Option<&HeaderValue>,
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
        value: Option<&HeaderValue>,
        length: Option<u64>,
        body: SendBody<'_>,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut request = http::Request::new(body);
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(uri);
        let headers = request.headers_mut();
        match value {
            Some(value) => {
                headers.clone_from(self.client.headers());
                headers.insert(self.client.token_header(), value.clone());
            }
            None => {
                let all = self.client.headers().iter();
                for (name, value) in all.filter(|(name, _)| *name != self.client.token_header()) {
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

/// Whether the error itself says that there was no connection. What has no body to be watched is
/// known by this alone.
fn never_connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => true,
        ureq::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        _ => false,
    }
}

struct Answer {
    parts: http::response::Parts,
    body: ureq::Body,
}

impl std::ops::Deref for Answer {
    type Target = http::response::Parts;

    fn deref(&self) -> &http::response::Parts {
        &self.parts
    }
}

//! The arguments of the hooks of a [`ClientBuilder`](crate::ClientBuilder).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderMap, Method};

use crate::error::{ApiError, Error, Result};
pub use crate::event::Event;
pub use crate::protocol::TokenDraft;

/// The first wait before a request is sent again; the wait doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait before a request is sent again.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The argument of a hook: a request that is about to be sent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sending<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address, without its query.
    pub url: &'a str,
    /// How often the request was sent before: 0 for the first attempt.
    pub attempt: u32,
}

/// The argument of a hook: an answer of the API. `Debug` shows the names of the headers only.
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

/// The argument of the hook [`ClientBuilder::on_token_answer`](crate::ClientBuilder::on_token_answer):
/// an answer of the authorization server before the client reads it. `Debug` shows the host, the status
/// and the names of the headers, because the path and the body may hold a token.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct TokenAnswer<'a> {
    /// The address of the request, without its query.
    pub url: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body. The body may hold secrets.
    pub body: &'a [u8],
}

impl fmt::Debug for TokenAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("host", &crate::provider::host_of(self.url))
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

type BeforeSend = Arc<dyn Fn(&Sending<'_>) -> Result<()> + Send + Sync>;
type OnAnswer = Arc<dyn Fn(&Received<'_>) + Send + Sync>;
type Expired = Arc<dyn Fn(&Received<'_>) -> bool + Send + Sync>;
type RetryAfter = Arc<dyn Fn(&Received<'_>) -> Option<Duration> + Send + Sync>;
type MapError = Arc<dyn Fn(ApiError) -> Error + Send + Sync>;

pub(crate) type BeforeToken = Arc<dyn Fn(&mut TokenDraft) -> Result<()> + Send + Sync>;
pub(crate) type OnTokenAnswer = Arc<dyn Fn(&TokenAnswer<'_>) -> Option<Vec<u8>> + Send + Sync>;

/// The hooks of requests to the authorization server.
#[derive(Clone, Default)]
pub(crate) struct TokenHooks {
    pub(crate) before: Option<BeforeToken>,
    pub(crate) answer: Option<OnTokenAnswer>,
}

/// A client's hooks, and its rules for sending a request again.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub(crate) before_send: Option<BeforeSend>,
    pub(crate) on_answer: Option<OnAnswer>,
    pub(crate) expired: Option<Expired>,
    pub(crate) map_error: Option<MapError>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) retries: u32,
    /// The first wait and the longest wait.
    pub(crate) backoff: (Duration, Duration),
    /// Statuses that lead to a retry, in place of 429 and of 503 with `Retry-After`.
    pub(crate) statuses: Option<Arc<[u16]>>,
    /// Methods that may be repeated, in place of GET, HEAD and OPTIONS.
    pub(crate) methods: Option<Arc<[Method]>>,
}

/// The default hooks.
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

impl Hooks {
    /// Whether a hook gets the address of a request.
    pub(crate) fn need_url(&self) -> bool {
        let Hooks { before_send, on_answer, expired, retry_after, .. } = self;
        before_send.is_some() || on_answer.is_some() || expired.is_some() || retry_after.is_some()
    }

    /// Whether a request with this method may be sent twice (RFC 9110 section 9.2.1).
    pub(crate) fn repeats(&self, method: &Method) -> bool {
        match &self.methods {
            Some(methods) => methods.contains(method),
            None => matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS),
        }
    }

    /// Whether the request may be sent again after an answer with this status. `asks_to_wait` is `true`
    /// if the answer says how long to wait.
    pub(crate) fn retries_after(&self, status: u16, asks_to_wait: bool) -> bool {
        match &self.statuses {
            Some(statuses) => statuses.contains(&status),
            None => status == 429 || status == 503 && asks_to_wait,
        }
    }

    /// The wait before the next try, after `tries` earlier tries, if the service does not say how long
    /// to wait.
    pub(crate) fn wait_after(&self, tries: u32) -> Duration {
        let (first, longest) = self.backoff;
        first.saturating_mul(2_u32.pow(tries.min(8))).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some revocation endpoints take the token in the path.
    #[test]
    fn an_answer_shows_neither_its_path_nor_its_body() {
        let headers = HeaderMap::new();
        let url = "https://as.example/tokens/rt-secret";
        let answer = TokenAnswer { url, status: 204, headers: &headers, body: b"at-secret" };
        let text = format!("{answer:?}");
        assert!(text.contains("as.example") && text.contains("204"), "{text}");
        assert!(!text.contains("secret") && !text.contains("tokens"), "{text}");
    }
}

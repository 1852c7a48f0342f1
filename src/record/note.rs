//! The parts of a record besides the token: its owner, and the state of the last refresh.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

/// The server and client that a record belongs to. Only a client with the same binding uses the record,
/// so a refresh token goes only to the server that issued it (RFC 6749 section 10.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The token endpoint; if the callback of the login named the endpoint's host, the endpoint there.
    pub token_endpoint: String,
    /// The client id.
    pub client_id: String,
    /// The grant: `authorization_code`, `client_credentials` ...
    pub grant: String,
    /// The requested scope, for a grant that has no refresh token.
    pub scope: Option<String>,
    /// Further request parameters that select a token, for a grant that has no refresh token.
    pub audience: Option<String>,
}

/// The note of a refresh: written before the refresh token is sent, and removed after a definite answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// The [`crate::Secret::fingerprint`] of the refresh token.
    pub fingerprint: String,
    /// A random id of the attempt.
    pub nonce: String,
    /// The process that sent the refresh token.
    pub holder: Holder,
    /// When the token was sent, UTC.
    pub sent_at: OffsetDateTime,
    /// Until when the holder may still get the answer, UTC.
    pub deadline: OffsetDateTime,
    /// How often this token was sent without a definite answer.
    pub attempts: u32,
    /// Whether the service answered "too early" or "too many requests", and so did not use the token.
    pub answered: bool,
    /// When the service allows the next try, UTC.
    pub not_before: Option<OffsetDateTime>,
    /// When the first unanswered attempt was made, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
    /// Whether the service answered "too early", which means that its newest access token still works.
    pub early: bool,
    /// Whether the holder's lock file was deleted. If so, another process can hold the lock while the
    /// holder still runs.
    pub(crate) unlocked: bool,
    /// The hosts by whose clock the deadline is too far away, and when each first saw the note.
    pub(crate) seen: Vec<Seen>,
    pub(crate) unknown: Map<String, Value>,
}

/// When a host first saw a note, by its own clock, UTC.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) at: OffsetDateTime,
}

impl Note {
    /// When this token was first sent and no answer came.
    pub(crate) fn unanswered(&self) -> Option<OffsetDateTime> {
        self.unanswered_since.or((!self.answered).then_some(self.sent_at))
    }

    /// When a host first saw this note. A time in the future is ignored: the host's clock was set back since.
    pub(crate) fn seen_by(&self, host: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let seen = self.seen.iter().find(|seen| seen.host == host);
        seen.map(|seen| seen.at).filter(|at| *at <= now)
    }
}

/// A process, named so that a person can find it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The host's name.
    pub host: String,
    /// The process id.
    pub pid: u32,
}

impl Holder {
    /// This process.
    pub(crate) fn this() -> Holder {
        Holder { host: host(), pid: std::process::id() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

/// The host's name, for messages. The standard library has no function for the host's name.
fn host() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().chars().take(64).collect::<String>())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this host".to_owned())
}

/// The service's refusal of a refresh token. The store keeps the refusal, so that not every run sends the
/// token again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The [`crate::Secret::fingerprint`] of the refresh token.
    pub fingerprint: String,
    /// When the service refused, UTC.
    pub at: OffsetDateTime,
    /// The server's code.
    pub code: String,
    /// The server's description.
    pub description: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// When an earlier attempt with the same token got no answer, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
}

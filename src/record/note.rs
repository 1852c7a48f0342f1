//! What a record says besides the token: whose it is, and what is known about a spend.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;

/// What a record belongs to. A record is used by a client with the same binding only, so a refresh
/// token goes to the server that issued it and nowhere else (RFC 6749 section 10.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The token endpoint.
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

/// The note of a pending spend: written before a refresh token is sent, cleared by a definite
/// answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// Which refresh token: its [`crate::Secret::fingerprint`].
    pub fingerprint: String,
    /// Which attempt.
    pub nonce: String,
    /// Who.
    pub holder: Holder,
    /// When, UTC.
    pub sent_at: OffsetDateTime,
    /// Until when the answer may still come to the holder, UTC.
    pub deadline: OffsetDateTime,
    /// How often this token was sent without a definite answer.
    pub attempts: u32,
    /// Whether the service answered, without spending the token: too early, or too many requests.
    pub answered: bool,
    /// Not to be tried before, UTC: the service said so.
    pub not_before: Option<OffsetDateTime>,
    /// The first attempt that stayed without an answer, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
    /// Whether the service said "too early" to it: its newest access token is still good then.
    pub early: bool,
    /// Whether the holder's lock file was deleted: a lock says nothing of this holder then.
    pub(crate) unlocked: bool,
    /// Hosts that found a deadline which is further away than their clocks allow, and when.
    pub(crate) seen: Vec<Seen>,
    pub(crate) unknown: Map<String, Value>,
}

/// When a host saw a note first, by its own clock, UTC.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) at: OffsetDateTime,
}

impl Note {
    /// When this token was first sent without an answer.
    pub(crate) fn unanswered(&self) -> Option<OffsetDateTime> {
        self.unanswered_since.or((!self.answered).then_some(self.sent_at))
    }

    /// When a host saw this note first; a moment to come means that its clock was set back since.
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

/// The host's name, for messages; std has no call for it.
fn host() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().chars().take(64).collect::<String>())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this host".to_owned())
}

/// A refusal that was believed, so that it is not asked again on every run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Which refresh token: its [`crate::Secret::fingerprint`].
    pub fingerprint: String,
    /// When, UTC.
    pub at: OffsetDateTime,
    /// The server's code.
    pub code: String,
    /// The server's description.
    pub description: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// When an earlier attempt with the same token stayed unanswered, UTC.
    pub unanswered_since: Option<OffsetDateTime>,
}

//! What a record says besides the token: whose it is, and what is known about a spend.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// What a record belongs to. A record is used by a client with the same binding only, so a refresh
/// token goes to the server that issued it and nowhere else (RFC 6749 section 10.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Binding {
    /// The token endpoint.
    pub token_endpoint: String,
    /// The client id.
    pub client_id: String,
    /// The grant: `authorization_code`, `client_credentials` ...
    pub grant: String,
    /// The requested scope, for a grant that has no refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Further request parameters that select a token, for a grant that has no refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// The note of a pending spend: written before a refresh token is sent, cleared by a definite
/// answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// Which refresh token: its [`crate::Secret::fingerprint`].
    pub fingerprint: String,
    /// Which attempt.
    pub nonce: String,
    /// Who.
    pub holder: Holder,
    /// When, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub sent_at: OffsetDateTime,
    /// Until when the answer may still come to the holder, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub deadline: OffsetDateTime,
    /// How often this token was sent without a definite answer.
    #[serde(default)]
    pub attempts: u32,
    /// Whether the service answered, without spending the token: too early, or too many requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
    /// Not to be tried before, UTC: the service said so.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub not_before: Option<OffsetDateTime>,
    /// The first attempt that stayed without an answer, UTC.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub unanswered_since: Option<OffsetDateTime>,
    /// Whether the service said "too early" to it: its newest access token is still good then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
    /// Hosts that found a deadline which is further away than their clocks allow, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seen: Vec<Seen>,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// When a host saw a note first, by its own clock, UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) host: String,
    #[serde(with = "time::serde::rfc3339")]
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

/// A moment, stored as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct At(#[serde(with = "time::serde::rfc3339")] pub(crate) OffsetDateTime);

/// A process, named so that a person can find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// Which refresh token: its [`crate::Secret::fingerprint`].
    pub fingerprint: String,
    /// When, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The server's code.
    pub code: String,
    /// The server's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// When an earlier attempt with the same token stayed unanswered, UTC.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub unanswered_since: Option<OffsetDateTime>,
}

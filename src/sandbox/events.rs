//! What the sandbox counts and writes down.

use serde::Serialize;
use time::OffsetDateTime;

/// How often what happened, since the sandbox started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// Requests that reached the token endpoint, those that met a fault included.
    pub token_requests: u64,
    /// Refreshes committed: a refresh token was honoured for the first time, and replaced where the
    /// rotation says so. Counted at the decision, whether or not the answer arrived.
    pub refreshes: u64,
    /// Repeats honoured: a replaced refresh token came again while the rotation allows it.
    pub recovered: u64,
    /// Token requests answered with an OAuth error, those refused by a fault included.
    pub refused: u64,
    /// Token requests refused as too early; they count as `refused` as well.
    pub too_early: u64,
    /// Replaced refresh tokens that came again and were no longer good.
    pub reuses: u64,
    /// Authorization codes exchanged.
    pub code_exchanges: u64,
    /// Codes that came a second time.
    pub code_replays: u64,
    /// Device codes that were exchanged.
    pub device_logins: u64,
    /// Polls of a device that came too early.
    pub slow_downs: u64,
    /// Questions about a token that were answered.
    pub introspections: u64,
    /// Tokens issued to the client itself.
    pub client_credentials: u64,
    /// Requests for the server's metadata.
    pub metadata_requests: u64,
    /// Requests at the API, those that met a fault included.
    pub api_calls: u64,
    /// API requests answered with a status below 400.
    pub api_ok: u64,
    /// API requests answered with 401.
    pub api_unauthorized: u64,
    /// Logins ended: by reuse, revocation, code replay or [`super::Sandbox::revoke_login`].
    pub logins_ended: u64,
    /// Tokens revoked at the revocation endpoint.
    pub revocations: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A login began: a code was exchanged, or [`super::Sandbox::login`] was called.
    LoginBegan,
    /// A refresh token was honoured for the first time. `spent` is the one that came; with rotation
    /// `refresh_token` is its successor.
    Refreshed,
    /// A replaced refresh token was honoured again: `spent` came, the pair was answered.
    Recovered,
    /// The client got a token for itself.
    ClientCredentials,
    /// The answer with this pair was handed to the network in full. It may still be lost there.
    Delivered,
    /// The answer with this pair was not sent, or not in full, because of a fault or a connection
    /// that the client had closed.
    Lost,
    /// The access token was used at the API for the first time.
    Used,
    /// A token request was refused; `reason` says why.
    Refused,
    /// A replaced refresh token came again and was no longer good.
    Reused,
    /// An authorization code came a second time.
    CodeReplayed,
    /// A login ended.
    LoginEnded,
    /// An access token was refused at the API.
    Unauthorized,
    /// A token was revoked at the revocation endpoint.
    Revoked,
}

/// One line of the sandbox's diary. Tokens are named by number, never by their text: `rt-7` is the
/// seventh refresh token issued, `at-9` the ninth access token. The text of a token begins with its
/// name and a hyphen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When, by the sandbox's clock, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub kind: EventKind,
    /// Which login, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<usize>,
    /// The refresh token that came with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<String>,
    /// The refresh token of the pair that was answered, or the one the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The access token of the pair that was answered, or the one the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The error code and more, where the server said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Event {
    pub(super) fn new(at: OffsetDateTime, kind: EventKind) -> Event {
        Event {
            at,
            kind,
            login: None,
            spent: None,
            refresh_token: None,
            access_token: None,
            reason: None,
        }
    }
}

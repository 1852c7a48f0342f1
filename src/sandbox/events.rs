//! The sandbox's counters and events.

use serde::Serialize;
use time::OffsetDateTime;

/// Counts since the sandbox started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Accepted TCP connections.
    pub connections: u64,
    /// Requests that reached the token endpoint, including those with a fault.
    pub token_requests: u64,
    /// Refreshes: the sandbox accepted a refresh token for the first time, and replaced it if the rotation
    /// says so. A refresh counts when the sandbox decides it, even if the reply is lost.
    pub refreshes: u64,
    /// Recovered refreshes: a replaced refresh token was sent again, and the rotation allowed it.
    pub recovered: u64,
    /// Token requests that got an OAuth error, including those refused by a fault.
    pub refused: u64,
    /// Token requests refused as too early. These requests are counted in `refused` as well.
    pub too_early: u64,
    /// Refresh tokens that were sent after they had been replaced and had become invalid.
    pub reuses: u64,
    /// Exchanged authorization codes.
    pub code_exchanges: u64,
    /// Authorization codes that were sent a second time.
    pub code_replays: u64,
    /// Accepted pushed authorization requests.
    pub pushed_requests: u64,
    /// Clients that have registered by themselves.
    pub registrations: u64,
    /// Exchanged tokens (RFC 8693). Exchanges that issued no refresh token are counted in
    /// `client_credentials` as well.
    pub token_exchanges: u64,
    /// Proofs of possession without the newest nonce, at the token endpoint and at the API.
    pub nonces_demanded: u64,
    /// Proofs of possession that were refused for a reason other than the nonce.
    pub proofs_refused: u64,
    /// Exchanged device codes.
    pub device_logins: u64,
    /// Device polls that came too early.
    pub slow_downs: u64,
    /// Answered introspection requests.
    pub introspections: u64,
    /// Tokens that the client got for itself.
    pub client_credentials: u64,
    /// Requests for the metadata document.
    pub metadata_requests: u64,
    /// Requests at the API, including those with a fault.
    pub api_calls: u64,
    /// API requests that got a status below 400.
    pub api_ok: u64,
    /// API requests that got a 401.
    pub api_unauthorized: u64,
    /// Logins that were revoked: by reuse, at the revocation endpoint, by the replay of a code, or by
    /// [`super::Sandbox::revoke_login`].
    pub logins_ended: u64,
    /// Tokens revoked at the revocation endpoint.
    pub revocations: u64,
}

/// The kind of an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A login began: a code was exchanged, or [`super::Sandbox::login`] was called.
    LoginBegan,
    /// The sandbox accepted a refresh token for the first time. `spent` is the accepted token; with rotation
    /// `refresh_token` is its successor.
    Refreshed,
    /// The sandbox accepted the replaced refresh token `spent` again, and issued the token pair.
    Recovered,
    /// The client got a token for itself.
    ClientCredentials,
    /// The whole reply with this token pair was handed to the network, where it can still be lost.
    Delivered,
    /// The reply with this token pair was not sent, or only in part: because of a fault, or because the
    /// client had closed the connection.
    Lost,
    /// The access token was used at the API for the first time.
    Used,
    /// The sandbox refused a token request; `reason` says why.
    Refused,
    /// A replaced refresh token was sent again when it was no longer valid.
    Reused,
    /// An authorization code was sent a second time.
    CodeReplayed,
    /// A login was revoked.
    LoginEnded,
    /// The API refused an access token.
    Unauthorized,
    /// A token was revoked at the revocation endpoint.
    Revoked,
}

/// Something that happened in the sandbox. Events name tokens by number and never show their text: `rt-7`
/// is the seventh refresh token, `at-9` the ninth access token. The text of a token begins with its name and
/// a hyphen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The time by the sandbox's clock, in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The kind of event.
    pub kind: EventKind,
    /// The number of the login, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<usize>,
    /// The refresh token in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<String>,
    /// The refresh token in the reply, or the refresh token that the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The access token in the reply, or the access token that the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The error code and the reason of a refusal.
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

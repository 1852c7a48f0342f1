//! The values that the server keeps and returns.

use std::time::Duration;

use time::OffsetDateTime;

/// The time of a decision. `monotonic` measures lifetimes, `wall` makes dates.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) monotonic: Duration,
    pub(super) wall: OffsetDateTime,
}

/// A refusal (RFC 6749 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

pub(super) const TOO_EARLY: Refused = Refused {
    status: 400,
    code: "access_denied",
    description: "Rate limit exceeded: access_token not expired",
};

pub(super) const USED: Refused = Refused::new("invalid_grant", "the refresh token was used before");
pub(super) const EXPIRED: Refused = Refused::new("invalid_grant", "the refresh token has expired");
pub(super) const ENDED: Refused = Refused::new("invalid_grant", "the login was revoked");

impl Refused {
    pub(super) const fn new(code: &'static str, description: &'static str) -> Refused {
        Refused { status: 400, code, description }
    }
}

/// The tokens in a reply, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) access: usize,
    pub(super) refresh: Option<usize>,
}

pub(super) type Decision = Result<Issued, Refused>;

pub(super) struct Login {
    pub(super) scope: String,
    /// The nonce of the authorization request, for the ID token.
    pub(super) nonce: Option<String>,
    /// The first of the `acr_values` of the authorization request, for the ID token.
    pub(super) acr: Option<String>,
    /// When the person authenticated.
    pub(super) began: i64,
    /// The client, if it has registered by itself.
    pub(super) client: Option<String>,
    /// The thumbprint of the key that the login is bound to.
    pub(super) jkt: Option<String>,
    pub(super) ended: bool,
    pub(super) newest: Issued,
}

pub(super) struct RefreshToken {
    pub(super) text: String,
    pub(super) login: usize,
    pub(super) issued_at: Duration,
    /// The refresh token that this token replaced.
    pub(super) parent: Option<usize>,
    /// The first token pair that replaced this token.
    pub(super) successor: Option<Issued>,
    /// When this token was replaced.
    pub(super) replaced_at: Option<Duration>,
    /// Whether the token was revoked. A revoked token is refused even if the rotation would allow
    /// its use.
    pub(super) ended: bool,
}

pub(super) struct AccessToken {
    pub(super) text: String,
    /// The login; `None` for a token that the client got for itself.
    pub(super) login: Option<usize>,
    /// The refresh token of the same token pair.
    pub(super) refresh: Option<usize>,
    pub(super) issued_at: Duration,
    pub(super) ends_at: Duration,
    pub(super) ended: bool,
    pub(super) used: bool,
    /// The user on whose behalf the token was issued without a login.
    pub(super) subject: Option<String>,
    /// The token type of an exchanged token, without its prefix.
    pub(super) kind: Option<&'static str>,
    pub(super) scope: String,
    /// The thumbprint of the key that the token is bound to.
    pub(super) jkt: Option<String>,
}

/// The owner of a valid access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) access: usize,
    pub(super) subject: String,
}

impl AccessToken {
    pub(super) fn is_live(&self, now: Now) -> bool {
        !self.ended && now.monotonic < self.ends_at
    }
}

pub(super) fn refresh_name(index: usize) -> String {
    format!("rt-{}", index + 1)
}

pub(super) fn access_name(index: usize) -> String {
    format!("at-{}", index + 1)
}

//! The common parts of all token requests of a client.

use std::borrow::Cow;

use time::OffsetDateTime;
use url::Url;

use crate::credentials::Credentials;
use crate::provider::{ClientAuth, Provider, at_home};

/// Parameters that only the protocol itself may set, in any grant.
pub(super) const RESERVED: [&str; 13] = [
    "grant_type",
    "assertion",
    "device_code",
    "token",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "scope",
];

/// The sender of a token request, and the time at which the request is made.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) credentials: &'a Credentials,
    /// Parameters that the application adds to every token request, such as `resource`.
    pub(crate) extra: &'a [(String, String)],
    /// The host of the token endpoint, if the login's callback named it.
    pub(crate) home: Option<&'a Url>,
    /// How the client authenticates at the endpoint of this request.
    pub(crate) auth: ClientAuth,
    /// The server's time as far as it is known, for assertions, which carry the time.
    #[cfg_attr(not(feature = "jwt"), allow(dead_code))]
    pub(crate) now: OffsetDateTime,
}

impl<'a> Requester<'a> {
    /// The same requester, for a login whose token endpoint is on this host.
    pub(crate) fn at(&self, home: Option<&'a Url>) -> Requester<'a> {
        Requester { home, ..*self }
    }

    /// The address of an endpoint, on the login's own host if the callback named a host.
    pub(super) fn endpoint<'b>(&self, endpoint: &'b str) -> Cow<'b, str> {
        at_home(self.provider, self.home, endpoint)
    }
}

impl Requester<'_> {
    /// Whether the client can authenticate (RFC 6749 section 2.1).
    pub(crate) fn is_confidential(&self) -> bool {
        #[cfg(feature = "jwt")]
        if self.auth != ClientAuth::Omitted && self.credentials.signer().is_some() {
            return true;
        }
        match self.auth {
            ClientAuth::None | ClientAuth::Omitted => false,
            ClientAuth::Certificate => true,
            _ => self.credentials.secret().is_some(),
        }
    }
}

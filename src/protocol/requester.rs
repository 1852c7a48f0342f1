//! Who asks: what all requests of one client have in common.

use time::OffsetDateTime;

use super::client_auth::authenticate;
use super::form::Params;
use super::grant::{TokenRequest, build};
use super::resource::check_resource;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::provider::{ClientAuth, Provider};

/// Parameters that are the protocol's own, in any grant.
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

/// Who asks, and when: what the requests of one client have in common.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) credentials: &'a Credentials,
    /// Parameters that the caller adds to every token request, such as `resource`.
    pub(crate) extra: &'a [(String, String)],
    /// How the client authenticates at the endpoint that is asked.
    pub(crate) auth: ClientAuth,
    /// The server's time as far as it is known, for assertions that carry it.
    #[cfg_attr(not(feature = "jwt"), allow(dead_code))]
    pub(crate) now: OffsetDateTime,
}

impl<'a> Requester<'a> {
    /// Whether the client can authenticate (RFC 6749 section 2.1).
    pub(crate) fn is_confidential(&self) -> bool {
        #[cfg(feature = "jwt")]
        if self.credentials.signer().is_some() {
            return true;
        }
        match self.auth {
            ClientAuth::None => false,
            ClientAuth::Certificate => true,
            _ => self.credentials.secret().is_some(),
        }
    }

    /// A request to the token endpoint with these parameters, those of the client's authentication,
    /// the caller's and the provider's.
    pub(super) fn token_request(&self, mut params: Params<'a>) -> Result<TokenRequest> {
        let header = authenticate(self, &mut params)?;
        self.extra_params(&mut params)?;
        for (name, value) in &self.provider.token_request.params {
            self.provider_param(&mut params, name, value)?;
        }
        build(self.provider.token_request.format, &self.provider.endpoints.token, header, &params)
    }

    /// The same without any authentication, and without the client's name.
    #[cfg(feature = "jwt")]
    pub(super) fn request_without_client(&self, mut params: Params<'a>) -> Result<TokenRequest> {
        self.extra_params(&mut params)?;
        for (name, value) in &self.provider.token_request.params {
            self.provider_param(&mut params, name, value)?;
        }
        build(self.provider.token_request.format, &self.provider.endpoints.token, None, &params)
    }

    pub(super) fn extra_params(&self, params: &mut Params<'a>) -> Result<()> {
        for (name, value) in self.extra {
            if name == "resource" {
                check_resource(value)?;
            }
            params.push_extra(name, value, &RESERVED)?;
        }
        Ok(())
    }

    /// The caller knows better than the provider's row.
    pub(super) fn provider_param(
        &self,
        params: &mut Params<'a>,
        name: &'a str,
        value: &'a str,
    ) -> Result<()> {
        if self.extra.iter().any(|(extra, _)| extra == name) {
            return Ok(());
        }
        params.push_provider(name, value)
    }
}

//! Signs the authorization request, if the provider wants a signed request (RFC 9101).

use time::OffsetDateTime;

use super::TokenTransport;
use crate::error::Result;
use crate::protocol::AuthorizationRequest;

impl TokenTransport {
    /// Returns the request as the provider wants it: with its parameters in a signed request object, or
    /// unchanged.
    #[cfg(feature = "jwt")]
    pub(crate) fn signed_request<'a>(
        &self,
        request: AuthorizationRequest<'a>,
        pushed: bool,
        now: OffsetDateTime,
    ) -> Result<AuthorizationRequest<'a>> {
        if !self.provider.authorization.signed_requests {
            return Ok(request);
        }
        request.signed(&self.caller(self.their_time(now)), pushed, now)
    }

    #[cfg(not(feature = "jwt"))]
    pub(crate) fn signed_request<'a>(
        &self,
        request: AuthorizationRequest<'a>,
        _: bool,
        _: OffsetDateTime,
    ) -> Result<AuthorizationRequest<'a>> {
        if !self.provider.authorization.signed_requests {
            return Ok(request);
        }
        Err(crate::error::Error::config(format!(
            "{} accepts a login only as a signed request (RFC 9101): build this program with the feature \
             `jwt` of evergrant",
            self.provider.display_name
        )))
    }
}

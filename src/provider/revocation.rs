//! The form of a revocation request.

/// The form of a revocation request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationStyle {
    /// POST with a form (RFC 7009).
    Form,
    /// POST with a JSON object.
    Json,
    /// DELETE with a form.
    Delete,
    /// POST without a body and without a content type, with the access token as the bearer: Dropbox, and
    /// Kakao's unlink.
    Bearer,
    /// DELETE without a body and without client authentication; the token is the last part of the path:
    /// HubSpot's `DELETE /oauth/v1/refresh-tokens/{token}`. Proxies log addresses, and ureq logs them
    /// at level `trace`: use this only where the service accepts nothing else.
    TokenInPath,
    /// POST with a JSON object of the client id and the access token, and the client secret in the header
    /// `Authorization: Client SECRET`, as Square requires.
    ClientScheme,
    /// A token request with `grant_type=delete` and the access token, as Naver requires.
    #[cfg(feature = "identity")]
    DeleteGrant,
}

impl RevocationStyle {
    /// Whether the request carries the access token even if there is a refresh token.
    pub(crate) fn wants_access_token(self) -> bool {
        use RevocationStyle::{Delete, Form, Json, TokenInPath};
        !matches!(self, Form | Json | Delete | TokenInPath)
    }
}

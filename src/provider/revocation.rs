//! How a revocation request looks.

/// How a revocation request looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationStyle {
    /// POST with a form (RFC 7009).
    Form,
    /// POST with a JSON object.
    Json,
    /// DELETE with a form.
    Delete,
    /// POST without a body, with the access token as the bearer: Kakao's unlink.
    #[cfg(feature = "identity")]
    Bearer,
    /// A token request with `grant_type=delete` and the access token: Naver's way.
    #[cfg(feature = "identity")]
    DeleteGrant,
}

impl RevocationStyle {
    /// Whether the request carries the access token even if there is a refresh token.
    pub(crate) fn wants_access_token(self) -> bool {
        !matches!(self, RevocationStyle::Form | RevocationStyle::Json | RevocationStyle::Delete)
    }
}

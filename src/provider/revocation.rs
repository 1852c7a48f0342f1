//! How a token is revoked.

/// How a token is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationStyle {
    /// POST with a form (RFC 7009).
    Form,
    /// POST with a JSON object.
    Json,
    /// DELETE with a form.
    Delete,
    /// POST without a body, authorized by the access token: Kakao's unlink.
    #[cfg(feature = "identity")]
    Bearer,
    /// A token request with `grant_type=delete` and the access token: Naver's way.
    #[cfg(feature = "identity")]
    DeleteGrant,
}

impl RevocationStyle {
    /// Whether it is the access token that is sent, whatever else there is.
    pub(crate) fn wants_access_token(self) -> bool {
        !matches!(self, RevocationStyle::Form | RevocationStyle::Json | RevocationStyle::Delete)
    }
}

//! How answers of the token endpoint are read.

use std::time::Duration;

use super::ErrorRule;

/// How answers of the token endpoint are read. These rules come first; then the client reads the
/// standard's members.
///
/// A path is written as `data` or `errors[0].code`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyRules {
    /// The paths of the object that holds the tokens, tried in order before the top level.
    pub token_paths: Vec<String>,
    /// The members of a token under other names, such as `expireIn`. These names are tried in order
    /// before the usual names.
    pub members: Vec<(ReplyMember, String)>,
    /// The lifetime of an access token if the answer has no lifetime. With `None`, such a token is
    /// treated as valid until the API refuses it.
    pub default_lifetime: Option<Duration>,
    /// The paths of the error code, tried in order before the usual places.
    pub error_code_paths: Vec<String>,
    /// The paths of the error description, tried in order before the usual places.
    pub error_text_paths: Vec<String>,
    /// The rules for what an error answer means, tried in order before the rules of the standard.
    pub error_rules: Vec<ErrorRule>,
    /// Whether the program has registered the client by itself (RFC 7591). The error for an answer
    /// `invalid_client` then says that the server may have deleted the client, and to register anew.
    pub registered_client: bool,
}

/// A member of a token in an answer (RFC 6749 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyMember {
    /// `access_token`.
    AccessToken,
    /// `refresh_token`.
    RefreshToken,
    /// `id_token` (OpenID Connect Core section 3.1.3.3).
    IdToken,
    /// `token_type`.
    TokenType,
    /// `scope`: a string or a list.
    Scope,
    /// `expires_in`: the lifetime of the access token in seconds.
    ExpiresIn,
    /// The moment when the access token expires: seconds or milliseconds since 1970, or an RFC 3339 date
    /// and time.
    ExpiresAt,
    /// The lifetime of the refresh token in seconds.
    RefreshExpiresIn,
}

impl ReplyRules {
    /// The provider's own names of a member, which are tried before the usual names.
    pub(crate) fn names(&self, member: ReplyMember) -> impl Iterator<Item = &str> {
        let named = self.members.iter().filter(move |(named, _)| *named == member);
        named.map(|(_, name)| name.as_str())
    }
}

//! How the API behind the authorization server is called.

use super::{AnswerRule, LoginHost};
use crate::secret::Secret;

/// How calls of the API are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiRules {
    /// The base of the API's addresses. A path that begins with `/` is appended to it.
    pub base: Option<String>,
    /// Where a login names the base of the API's addresses, for a service whose base differs from login
    /// to login. [`ApiRules::base`] is used for a login without a base.
    pub base_from: Option<LoginHost>,
    /// The header that carries the access token.
    pub header: String,
    /// The authentication scheme before the access token in [`ApiRules::header`]. `None` sends the
    /// access token alone.
    pub auth_scheme: Option<String>,
    /// The headers that every call carries, as name and value, such as `Notion-Version`. A value may be a
    /// secret, such as an API key.
    pub fixed_headers: Vec<(String, Secret)>,
    /// The rules for answers that say in their body that the access token is no longer valid, tried
    /// in order.
    pub answer_rules: Vec<AnswerRule>,
    /// How the client asks the service who has logged in. `None` means at the service's userinfo
    /// endpoint.
    #[cfg(feature = "identity")]
    pub profile: Option<super::Profile>,
}

/// The defaults: no base address, and `Authorization: Bearer` with the access token.
impl Default for ApiRules {
    fn default() -> ApiRules {
        ApiRules {
            base: None,
            base_from: None,
            header: "Authorization".to_owned(),
            auth_scheme: Some("Bearer".to_owned()),
            fixed_headers: Vec::new(),
            answer_rules: Vec::new(),
            #[cfg(feature = "identity")]
            profile: None,
        }
    }
}

//! Settings: how the API is called.

use crate::provider::{AnswerRule, LoginHost, ProviderBuilder};
use crate::secret::Secret;

/// # API
///
/// How the API behind the authorization server is called: [`ApiRules`](crate::provider::ApiRules).
impl ProviderBuilder {
    /// The base of the API's addresses. A path that begins with `/` is appended to it. The access token
    /// is sent to its host.
    pub fn api_base(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.api.base = Some(address.into());
        self
    }

    /// Reads the base of the API's addresses from the login (Salesforce's `instance_url`, Zoho's and
    /// Pipedrive's `api_domain`), or asks the service for it after the login
    /// ([`LoginHost::looked_up_at`]). The access token of a login is sent to the host of that login.
    /// [`ProviderBuilder::api_base`] is the base for a login without this member.
    pub fn api_base_from(mut self, place: LoginHost) -> ProviderBuilder {
        self.0.api.base_from = Some(place);
        self
    }

    /// The header that carries the access token. `Authorization` by default.
    pub fn api_header(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.api.header = name.into();
        self
    }

    /// The authentication scheme before the access token in the header (RFC 9110 section 11.1).
    /// `Bearer` by default; `None` sends the access token alone.
    pub fn api_auth_scheme<'a>(mut self, scheme: impl Into<Option<&'a str>>) -> ProviderBuilder {
        self.0.api.auth_scheme = scheme.into().map(str::to_owned);
        self
    }

    /// Adds a header to every call of the API: a version such as `Notion-Version` or `Square-Version`,
    /// or a key such as Etsy's `x-api-key`. A header of the same name on one request replaces the value
    /// for this request. Requests of [`Client::without_token`](crate::Client::without_token) do not
    /// carry the header. With this setting, a client that is middleware of an agent follows no
    /// redirect: the agent would send the header to any host.
    ///
    /// ```
    /// use evergrant::Provider;
    ///
    /// let provider = Provider::builder("notion")
    ///     .token_endpoint("https://api.notion.com/v1/oauth/token")
    ///     .api_base("https://api.notion.com/v1")
    ///     .fixed_header("Notion-Version", "2022-06-28")
    ///     .build()?;
    /// # Ok::<(), evergrant::Error>(())
    /// ```
    pub fn fixed_header(mut self, name: &str, value: impl Into<Secret>) -> ProviderBuilder {
        self.0.api.fixed_headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a rule for answers that say in their body that the access token is no longer valid, or that
    /// the call was refused for another reason. The rules are tried in order; the first rule that
    /// matches decides. The middleware reads only the status.
    pub fn answer_rule(mut self, rule: AnswerRule) -> ProviderBuilder {
        self.0.api.answer_rules.push(rule);
        self
    }

    /// How the client asks the service who has logged in. The default is the service's userinfo
    /// endpoint. The access token is sent to the hosts of the profile's addresses.
    #[cfg(feature = "identity")]
    pub fn profile(mut self, profile: crate::provider::Profile) -> ProviderBuilder {
        self.0.api.profile = Some(profile);
        self
    }
}

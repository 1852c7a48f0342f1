//! Describes an authorization server as data.
//!
//! A [`Provider`] has a name and six groups of settings, in the order in which a login uses them:
//!
//! | group | settings |
//! | --- | --- |
//! | [`Endpoints`] | the addresses of the authorization server |
//! | [`AuthorizationRules`] | how a login starts, and how its callback is read |
//! | [`TokenRequestRules`] | how requests to the token endpoint are made |
//! | [`ReplyRules`] | how answers of the token endpoint are read |
//! | [`RefreshRules`] | what a refresh does, and which limits the service sets |
//! | [`ApiRules`] | how the API is called |
//!
//! [`ProviderBuilder`] has one method for each setting, in the same order. [`crate::providers`] has
//! ready providers.

mod answer_rule;
mod api;
mod authorization;
mod builder;
mod endpoints;
mod error_rule;
mod login_host;
#[cfg(feature = "identity")]
mod profile;
mod refresh;
mod reply;
mod revocation;
mod token_request;
mod token_type;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

pub use self::answer_rule::AnswerRule;
pub use self::api::ApiRules;
pub use self::authorization::{AuthorizationRules, Pkce, PushedRequests};
pub use self::builder::ProviderBuilder;
pub use self::endpoints::Endpoints;
pub use self::error_rule::{ErrorRule, Verdict};
pub use self::login_host::LoginHost;
pub(crate) use self::login_host::on_host_of;
#[cfg(feature = "identity")]
pub(crate) use self::profile::Step;
#[cfg(feature = "identity")]
pub use self::profile::{EmailPlace, Profile};
pub use self::refresh::{RefreshGrant, RefreshRules, RefusalLimit, Rotation};
pub use self::reply::{ReplyMember, ReplyRules};
pub use self::revocation::RevocationStyle;
#[cfg(feature = "jwt")]
pub use self::token_request::AssertionAudience;
pub use self::token_request::{ClientAuth, Dpop, SecondExchange, TokenFormat, TokenRequestRules};
pub use self::token_type::TokenTypeHint;
use crate::error::{Error, Result};
use crate::plain::plain;

/// Describes an authorization server: its endpoints, how clients authenticate, how the server treats
/// refresh tokens, and where it departs from the standard.
///
/// [`crate::providers`] has ready providers. [`Provider::to_builder`] changes any setting of a ready
/// provider.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::Rotation;
///
/// let provider = Provider::builder("example")
///     .authorization_endpoint("https://login.example/authorize")
///     .token_endpoint("https://login.example/token")
///     .api_base("https://api.example/v1")
///     .rotation(Rotation::Strict)
///     .build()?;
/// assert_eq!(provider.name(), "example");
/// assert_eq!(provider.refresh_rules().rotation, Rotation::Strict);
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) endpoints: Endpoints,
    pub(crate) authorization: AuthorizationRules,
    pub(crate) token_request: TokenRequestRules,
    pub(crate) reply: ReplyRules,
    pub(crate) refresh: RefreshRules,
    pub(crate) api: ApiRules,
}

impl Provider {
    /// Makes a provider with these two endpoints and the defaults of [`Provider::builder`]. The
    /// provider's name is the host of the token endpoint.
    ///
    /// # Errors
    ///
    /// The errors of [`ProviderBuilder::build`].
    pub fn new(
        authorization_endpoint: impl Into<String>,
        token_endpoint: impl Into<String>,
    ) -> Result<Provider> {
        let token_endpoint = token_endpoint.into();
        let name = host_of(&token_endpoint);
        Provider::builder(name)
            .authorization_endpoint(authorization_endpoint)
            .token_endpoint(token_endpoint)
            .build()
    }

    /// Starts a provider with the defaults of the standard: PKCE with S256, scopes separated by a
    /// space, Basic client authentication, form bodies. The rotation is [`Rotation::Unknown`], the
    /// margin 60 seconds, the timeout of token requests 120 seconds.
    pub fn builder(name: impl Into<String>) -> ProviderBuilder {
        let name = name.into();
        ProviderBuilder(Box::new(Provider {
            display_name: name.clone(),
            name,
            user_agent: None,
            endpoints: Endpoints::default(),
            authorization: AuthorizationRules::default(),
            token_request: TokenRequestRules::default(),
            reply: ReplyRules::default(),
            refresh: RefreshRules::default(),
            api: ApiRules::default(),
        }))
    }

    /// A builder with the settings of this provider, to change some of them.
    pub fn to_builder(&self) -> ProviderBuilder {
        ProviderBuilder(Box::new(self.clone()))
    }

    /// The name. In capitals, the name is the prefix of the environment variables, such as `GITHUB`
    /// in `GITHUB_CLIENT_ID`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the service, as the service's owner spells it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The prefix of the environment variables: the name in capitals, with `_` for every character
    /// that is not a letter or digit.
    pub fn env_prefix(&self) -> String {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        self.name.chars().map(upper).collect()
    }

    /// The `User-Agent` of all requests, if the service requires a particular value.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }
}

/// # Groups of settings
impl Provider {
    /// The addresses of the authorization server.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// How a login starts, and how its callback is read.
    pub fn authorization_rules(&self) -> &AuthorizationRules {
        &self.authorization
    }

    /// How requests to the token endpoint are made.
    pub fn token_request_rules(&self) -> &TokenRequestRules {
        &self.token_request
    }

    /// How answers of the token endpoint are read.
    pub fn reply_rules(&self) -> &ReplyRules {
        &self.reply
    }

    /// What a refresh does, and which limits the service sets.
    pub fn refresh_rules(&self) -> &RefreshRules {
        &self.refresh
    }

    /// How the API is called.
    pub fn api_rules(&self) -> &ApiRules {
        &self.api
    }
}

/// # Settings that programs ask for most
impl Provider {
    /// The authorization endpoint (RFC 6749 section 3.1). `None` for a service where nobody logs in.
    pub fn authorization_endpoint(&self) -> Option<&str> {
        self.endpoints.authorization.as_deref()
    }

    /// The token endpoint (RFC 6749 section 3.2).
    pub fn token_endpoint(&self) -> &str {
        &self.endpoints.token
    }

    /// The address for refresh requests: the token endpoint, unless the service has a separate address.
    pub fn refresh_endpoint(&self) -> &str {
        self.endpoints.refresh.as_deref().unwrap_or(&self.endpoints.token)
    }

    /// The device authorization endpoint (RFC 8628), if there is one.
    pub fn device_authorization_endpoint(&self) -> Option<&str> {
        self.endpoints.device_authorization.as_deref()
    }

    /// The pushed authorization request endpoint (RFC 9126), if there is one.
    pub fn pushed_authorization_request_endpoint(&self) -> Option<&str> {
        self.endpoints.pushed_authorization_request.as_deref()
    }

    /// The revocation endpoint (RFC 7009), if there is one.
    pub fn revocation_endpoint(&self) -> Option<&str> {
        self.endpoints.revocation.as_deref()
    }

    /// The introspection endpoint (RFC 7662), if there is one.
    pub fn introspection_endpoint(&self) -> Option<&str> {
        self.endpoints.introspection.as_deref()
    }

    /// The userinfo endpoint (OpenID Connect Core section 5.3), if there is one.
    pub fn userinfo_endpoint(&self) -> Option<&str> {
        self.endpoints.userinfo.as_deref()
    }

    /// The address of the server's key set (RFC 7517), if it is known.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.endpoints.jwks.as_deref()
    }

    /// The issuer identifier (RFC 8414 section 2), if it is known.
    pub fn issuer(&self) -> Option<&str> {
        self.endpoints.issuer.as_deref()
    }

    /// The scopes that a login requests if the program names no scopes.
    pub fn default_scopes(&self) -> &[String] {
        &self.authorization.default_scopes
    }

    /// How the client authenticates at the token endpoint.
    pub fn client_auth(&self) -> ClientAuth {
        self.token_request.client_auth
    }

    /// What happens to a refresh token when it is used.
    pub fn rotation(&self) -> Rotation {
        self.refresh.rotation
    }

    /// How long before its expiry an access token is replaced.
    pub fn margin(&self) -> Duration {
        self.refresh.margin
    }

    /// The base of the API's addresses.
    pub fn api_base(&self) -> Option<&str> {
        self.api.base.as_deref()
    }

    /// The host of the token endpoint for a login with these members, if the login's callback named
    /// a host.
    pub(crate) fn home(&self, members: &Map<String, Value>) -> Result<Option<Url>> {
        let found = self.authorization.token_host_from.as_ref().and_then(|rule| rule.host(members));
        found.transpose().map_err(|fault| Error::config(plain(fault)))
    }

    /// Whether a login is pushed before the browser opens (RFC 9126).
    pub(crate) fn pushes_logins(&self) -> Result<bool> {
        let required = match self.authorization.pushed_requests {
            PushedRequests::Off => return Ok(false),
            PushedRequests::Offered => false,
            PushedRequests::Required => true,
        };
        let with_feature = cfg!(feature = "par");
        let has_endpoint = self.endpoints.pushed_authorization_request.is_some();
        let lacks = match (with_feature, has_endpoint) {
            (true, true) => return Ok(true),
            _ if !required => return Ok(false),
            (false, _) => "build this program with the feature `par` of evergrant",
            (true, false) => {
                "set the provider's `pushed_authorization_request_endpoint`, which its metadata does not \
                 name"
            }
        };
        Err(Error::config(format!(
            "{} accepts a login only as a pushed authorization request (RFC 9126): {lacks}",
            self.display_name
        )))
    }

    /// The host of the token endpoint, for messages.
    pub(crate) fn token_host(&self) -> String {
        host_of(&self.endpoints.token)
    }
}

/// The address of an endpoint for a login whose callback named the host `home`. An endpoint on the
/// host of the token endpoint moves to `home`; any other endpoint keeps its host.
pub(crate) fn at_home<'a>(
    provider: &Provider,
    home: Option<&Url>,
    endpoint: &'a str,
) -> Cow<'a, str> {
    let origin = |address: &str| Url::parse(address).ok().map(|url| url.origin());
    match home {
        Some(home) if origin(endpoint) == origin(&provider.endpoints.token) => {
            on_host_of(endpoint, home).into()
        }
        _ => endpoint.into(),
    }
}

/// Whether an address is on this machine: `localhost`, 127.0.0.0/8 (also as an IPv4-mapped address of
/// IPv6), or `[::1]`. A name below `localhost`, or with a dot at its end, is not on this machine,
/// because it may be looked up elsewhere.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

/// The host (and port, if it is not the scheme's own) of an address, for messages.
pub(crate) fn host_of(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return "?".to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(token_endpoint: &str) -> bool {
        matches!(
            Provider::new("https://a.example/authorize", token_endpoint),
            Err(Error::Config(_))
        )
    }

    #[test]
    fn an_endpoint_is_https_unless_it_is_on_loopback() {
        assert!(refused("http://a.example/token"));
        assert!(refused("ftp://a.example/token"));
        assert!(refused("/token"));
        assert!(refused(""));
        assert!(refused("https://a.example/token#x"));
        assert!(refused("https://user:pw@a.example/token"));
        assert!(refused("http://127.0.0.1.example/token"));
        assert!(refused("http://app.localhost/token"), "looked up in DNS");
        assert!(refused("http://localhost./token"), "looked up in DNS");
        assert!(refused("http://[::ffff:10.0.0.1]/token"));
        for good in [
            "https://a.example/t?x=1",
            "http://localhost:1/t",
            "http://127.0.0.1:1/t",
            "http://[::1]:1/t",
            "http://127.0.0.2:1/t",
            "http://[::ffff:127.0.0.1]:1/t",
        ] {
            assert!(!refused(good), "{good}");
        }
    }

    #[test]
    fn a_required_push_without_support_is_a_config_error() -> Result<()> {
        let with_feature = cfg!(feature = "par");
        // In a build without the feature `par`, the expected error names the feature.
        let expect = |with: std::result::Result<bool, &'static str>| {
            if with_feature { with } else { Err("the feature `par`") }
        };
        for (pushed, endpoint, expected) in [
            (PushedRequests::Offered, false, Ok(false)),
            (PushedRequests::Offered, true, Ok(with_feature)),
            (PushedRequests::Off, true, Ok(false)),
            (PushedRequests::Required, true, expect(Ok(true))),
            (
                PushedRequests::Required,
                false,
                expect(Err("`pushed_authorization_request_endpoint`")),
            ),
        ] {
            let mut builder = Provider::new("https://a.example/a", "https://a.example/t")?
                .to_builder()
                .pushed_requests(pushed);
            if endpoint {
                builder = builder.pushed_authorization_request_endpoint("https://a.example/par");
            }
            match (builder.build()?.pushes_logins(), expected) {
                (Ok(pushes), Ok(expected)) => assert_eq!(pushes, expected, "{pushed:?}"),
                (Err(Error::Config(text)), Err(part)) => assert!(text.contains(part), "{text}"),
                (found, _) => panic!("{pushed:?} {endpoint}: {found:?}"),
            }
        }
        Ok(())
    }

    #[test]
    fn the_environment_prefix_is_made_of_letters_and_digits() -> Result<()> {
        let provider = Provider::new("https://a.example/a", "https://a.example/t")?;
        assert_eq!(provider.env_prefix(), "A_EXAMPLE");
        Ok(())
    }
}

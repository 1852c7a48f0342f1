//! An authorization server as a client sees it. Data, no behaviour.

mod builder;
#[cfg(feature = "identity")]
mod profile;
mod revocation;
mod token_type;

use std::time::Duration;

use url::Url;

pub use self::builder::ProviderBuilder;
#[cfg(feature = "identity")]
pub use self::profile::Profile;
#[cfg(feature = "identity")]
pub(crate) use self::profile::{Place, Step};
pub use self::revocation::RevocationStyle;
pub use self::token_type::TokenTypeHint;
use crate::error::Result;
pub use crate::error_rule::{ErrorRule, Verdict};

/// An authorization server seen from a client: its endpoints, how clients authenticate, what it
/// does with refresh tokens, and where it departs from the standard.
///
/// [`crate::providers`] has ready ones. Everything in a ready one can be changed with
/// [`Provider::to_builder`].
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
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_endpoint: String,
    pub(crate) refresh_endpoint: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) revocation_style: RevocationStyle,
    pub(crate) device_authorization_endpoint: Option<String>,
    pub(crate) introspection_endpoint: Option<String>,
    pub(crate) userinfo_endpoint: Option<String>,
    #[cfg(feature = "identity")]
    pub(crate) profile: Option<Profile>,
    pub(crate) issuer: Option<String>,
    pub(crate) iss_in_callback: bool,
    pub(crate) api_base: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) client_auth: ClientAuth,
    pub(crate) revocation_auth: Option<ClientAuth>,
    #[cfg_attr(not(feature = "introspection"), allow(dead_code))]
    pub(crate) introspection_auth: Option<ClientAuth>,
    pub(crate) token_format: TokenFormat,
    pub(crate) scope_separator: char,
    pub(crate) default_scopes: Vec<String>,
    pub(crate) authorize_params: Vec<(String, String)>,
    pub(crate) token_params: Vec<(String, String)>,
    pub(crate) refresh_params: Vec<(String, String)>,
    pub(crate) refresh_grant: Option<RefreshGrant>,
    pub(crate) redirect_uri_on_refresh: bool,
    pub(crate) scope_on_refresh: bool,
    pub(crate) pkce: Pkce,
    pub(crate) default_lifetime: Option<Duration>,
    pub(crate) reply_paths: Vec<String>,
    pub(crate) error_code_paths: Vec<String>,
    pub(crate) error_text_paths: Vec<String>,
    pub(crate) error_rules: Vec<ErrorRule>,
    pub(crate) rotation: Rotation,
    pub(crate) ends_access_token: bool,
    pub(crate) reuse_ends_other_logins: bool,
    pub(crate) refusal_pause: Duration,
    pub(crate) earliest_refresh: Option<Duration>,
    pub(crate) unanswered_pause: Duration,
    pub(crate) refusal_limit: Option<(usize, Duration)>,
    pub(crate) refresh_token_lifetime: Option<Duration>,
    pub(crate) margin: Duration,
    pub(crate) callback_fields: Vec<String>,
    pub(crate) api_header: String,
    pub(crate) api_word: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) token_timeout: Duration,
    #[cfg(feature = "jwt")]
    pub(crate) assertion_audience: AssertionAudience,
    #[cfg(feature = "jwt")]
    pub(crate) assertion_type: Option<String>,
    pub(crate) idle_limit: Option<Duration>,
    pub(crate) consent_limit: Option<Duration>,
}

/// How a client authenticates at the token endpoint (RFC 6749 section 2.3). Never probed: a first
/// try that fails can cost a one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// HTTP Basic, id and secret form-encoded first with a space as `%20` (`client_secret_basic`,
    /// RFC 6749 section 2.3.1; form decoders and percent decoders both read it).
    Basic,
    /// HTTP Basic with id and secret as they are, for servers that do not decode them.
    BasicRaw,
    /// `client_id` and `client_secret` in the body (`client_secret_post`).
    Body,
    /// `client_id` in the body and nothing else (`none`), for a public client.
    None,
    /// The secret as a bearer token.
    SecretAsBearer,
    /// HTTP Basic with the secret as the user name and an empty password.
    SecretAsUser,
    /// A certificate in the TLS handshake, and `client_id` in the body (`tls_client_auth` and
    /// `self_signed_tls_client_auth`, RFC 8705 section 2). The certificate is given to ureq with
    /// `ClientBuilder::http`, which says how.
    Certificate,
    /// A JWT signed with the client's private key (`private_key_jwt`, RFC 7523 section 2.2). The key
    /// is in the credentials: `Credentials::signed`. Credentials with a key use it whatever the
    /// provider's way.
    #[cfg(feature = "jwt")]
    PrivateKeyJwt,
    /// A JWT signed with the client secret (`client_secret_jwt`, HS256; OpenID Connect Core section
    /// 9).
    #[cfg(feature = "jwt")]
    SecretJwt,
}

/// What a client assertion names as its audience (RFC 7523 section 3).
#[cfg(feature = "jwt")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAudience {
    /// The issuer, or the token endpoint where no issuer is known. The draft that updates RFC 7523
    /// wants the issuer.
    Issuer,
    /// The token endpoint: glewlwyd 2.7.5 and canaille 0.3.6 take nothing else.
    TokenEndpoint,
    /// This text.
    Text(String),
}

/// How the parameters of a token request travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFormat {
    /// POST with a form (RFC 6749 section 3.2).
    Form,
    /// POST with a JSON object.
    Json,
    /// POST with the parameters in the query. Proxies log queries: only where nothing else works.
    Query,
    /// GET with the parameters in the query.
    Get,
}

/// Whether PKCE (RFC 7636) is used in the authorization code grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pkce {
    /// Always, with S256.
    S256,
    /// With S256 for a client that has no secret; servers exist that refuse it from others.
    PublicClients,
    /// Never: the server refuses requests that carry it.
    Off,
}

/// What becomes of a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rotation {
    /// It stays good, whether or not the answer brings another.
    None,
    /// It is replaced, and stays good for this long, for repeats.
    Grace(Duration),
    /// As [`Rotation::Grace`], and a use after that ends the whole login.
    GraceThenFamily(Duration),
    /// It is replaced, and stays good until its successor (or the new access token) is used.
    UntilUsed,
    /// It is replaced and dead at once.
    Strict,
    /// It is replaced and dead at once, and a second use ends the whole login.
    StrictFamily,
    /// Not known. Treated with the care that the strictest needs.
    Unknown,
}

/// A refresh grant under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// The value of `grant_type`.
    pub grant_type: String,
    /// The parameter that carries the token.
    pub parameter: String,
    /// Whether that is the access token: services exist that renew it with itself.
    pub sends_access_token: bool,
}

impl Provider {
    /// A provider from its two endpoints, with the defaults of [`Provider::builder`], named after
    /// the host of the token endpoint.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] for an address that is not `https` (loopback excepted) or has a fragment.
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

    /// Starts a provider. The defaults: Basic client authentication, form bodies, scopes separated
    /// by a space, PKCE with S256, rotation [`Rotation::Unknown`], a margin of 60 seconds, a token
    /// request timeout of 120 seconds.
    pub fn builder(name: impl Into<String>) -> ProviderBuilder {
        let name = name.into();
        ProviderBuilder(Box::new(Provider {
            display_name: name.clone(),
            name,
            authorization_endpoint: None,
            token_endpoint: String::new(),
            refresh_endpoint: None,
            revocation_endpoint: None,
            revocation_style: RevocationStyle::Form,
            device_authorization_endpoint: None,
            introspection_endpoint: None,
            userinfo_endpoint: None,
            #[cfg(feature = "identity")]
            profile: None,
            issuer: None,
            iss_in_callback: false,
            api_base: None,
            redirect_uri: None,
            client_auth: ClientAuth::Basic,
            revocation_auth: None,
            introspection_auth: None,
            token_format: TokenFormat::Form,
            scope_separator: ' ',
            default_scopes: Vec::new(),
            authorize_params: Vec::new(),
            token_params: Vec::new(),
            refresh_params: Vec::new(),
            refresh_grant: None,
            redirect_uri_on_refresh: false,
            scope_on_refresh: false,
            pkce: Pkce::S256,
            default_lifetime: None,
            reply_paths: Vec::new(),
            error_code_paths: Vec::new(),
            error_text_paths: Vec::new(),
            error_rules: Vec::new(),
            rotation: Rotation::Unknown,
            ends_access_token: false,
            reuse_ends_other_logins: false,
            refusal_pause: Duration::from_secs(3600),
            earliest_refresh: None,
            unanswered_pause: Duration::ZERO,
            refusal_limit: None,
            refresh_token_lifetime: None,
            margin: Duration::from_secs(60),
            callback_fields: Vec::new(),
            api_header: "Authorization".to_owned(),
            api_word: Some("Bearer".to_owned()),
            user_agent: None,
            token_timeout: Duration::from_secs(120),
            #[cfg(feature = "jwt")]
            assertion_audience: AssertionAudience::Issuer,
            #[cfg(feature = "jwt")]
            assertion_type: None,
            idle_limit: None,
            consent_limit: None,
        }))
    }

    /// The same provider, open for changes.
    pub fn to_builder(&self) -> ProviderBuilder {
        ProviderBuilder(Box::new(self.clone()))
    }

    /// The name; in capitals it is the prefix of the environment variables.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as its owner spells it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The prefix of the environment variables: the name in capitals, `_` for anything that is not
    /// a letter or digit.
    pub fn env_prefix(&self) -> String {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        self.name.chars().map(upper).collect()
    }

    /// The authorization endpoint (RFC 6749 section 3.1), if people log in here.
    pub fn authorization_endpoint(&self) -> Option<&str> {
        self.authorization_endpoint.as_deref()
    }

    /// The token endpoint (RFC 6749 section 3.2).
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Where refresh requests go: the token endpoint, unless the service has another.
    pub fn refresh_endpoint(&self) -> &str {
        self.refresh_endpoint.as_deref().unwrap_or(&self.token_endpoint)
    }

    /// The revocation endpoint (RFC 7009), if there is one.
    pub fn revocation_endpoint(&self) -> Option<&str> {
        self.revocation_endpoint.as_deref()
    }

    /// The device authorization endpoint (RFC 8628), if there is one.
    pub fn device_authorization_endpoint(&self) -> Option<&str> {
        self.device_authorization_endpoint.as_deref()
    }

    /// The introspection endpoint (RFC 7662), if there is one.
    pub fn introspection_endpoint(&self) -> Option<&str> {
        self.introspection_endpoint.as_deref()
    }

    /// The userinfo endpoint (OpenID Connect Core section 5.3), if there is one.
    pub fn userinfo_endpoint(&self) -> Option<&str> {
        self.userinfo_endpoint.as_deref()
    }

    /// The issuer identifier (RFC 8414 section 2), if it is known.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The base of the API's addresses.
    pub fn api_base(&self) -> Option<&str> {
        self.api_base.as_deref()
    }

    /// What becomes of a refresh token when it is used.
    pub fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// How clients authenticate.
    pub fn client_auth(&self) -> ClientAuth {
        self.client_auth
    }

    /// How long before its end a token is replaced.
    pub fn margin(&self) -> Duration {
        self.margin
    }

    /// The scopes that are asked for when the caller names none.
    pub fn default_scopes(&self) -> &[String] {
        &self.default_scopes
    }

    /// The host of the token endpoint, for messages.
    pub(crate) fn token_host(&self) -> String {
        host_of(&self.token_endpoint)
    }
}

/// Whether an address is on this machine: `localhost`, 127.0.0.0/8, or `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
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
    use crate::error::Error;

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
        for good in [
            "https://a.example/t?x=1",
            "http://localhost:1/t",
            "http://127.0.0.1:1/t",
            "http://[::1]:1/t",
        ] {
            assert!(!refused(good), "{good}");
        }
    }

    #[test]
    fn the_environment_prefix_is_made_of_letters_and_digits() -> Result<()> {
        let provider = Provider::new("https://a.example/a", "https://a.example/t")?;
        assert_eq!(provider.env_prefix(), "A_EXAMPLE");
        Ok(())
    }
}

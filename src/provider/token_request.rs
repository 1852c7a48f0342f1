//! How requests to the token endpoint are made.

use std::time::Duration;

use super::RevocationStyle;

/// How requests to the token, revocation and introspection endpoints are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequestRules {
    /// How the client authenticates at the token endpoint.
    pub client_auth: ClientAuth,
    /// How the client authenticates at the revocation endpoint. `None` means the
    /// method of the token endpoint.
    pub revocation_auth: Option<ClientAuth>,
    /// How the client authenticates at the introspection endpoint. `None` means the
    /// method of the token endpoint.
    pub introspection_auth: Option<ClientAuth>,
    /// The parameter that carries the client id, also in authorization requests. `None` means `client_id`.
    pub client_id_param: Option<String>,
    /// The parameter that carries the client secret. `None` means `client_secret`.
    pub client_secret_param: Option<String>,
    /// How a token request carries its parameters.
    pub format: TokenFormat,
    /// The grant for a token of the application itself. `None` means `client_credentials`.
    pub client_credentials_grant: Option<String>,
    /// A second token request after the exchange of the code.
    pub second_exchange: Option<SecondExchange>,
    /// The form of a revocation request.
    pub revocation_style: RevocationStyle,
    /// Whether logins are bound to a key (DPoP, RFC 9449).
    pub dpop: Dpop,
    /// More parameters of every token request, as name and value.
    pub params: Vec<(String, String)>,
    /// More parameters of the exchange of a code, as name and value.
    pub exchange_params: Vec<(String, String)>,
    /// How long a token request may take.
    pub timeout: Duration,
    /// The audience of a client assertion.
    #[cfg(feature = "jwt")]
    pub assertion_audience: AssertionAudience,
    /// The `typ` of a client assertion. `None` means `JWT`.
    #[cfg(feature = "jwt")]
    pub assertion_type: Option<String>,
}

/// The defaults: Basic authentication, form bodies, and a timeout of 120 seconds.
impl Default for TokenRequestRules {
    fn default() -> TokenRequestRules {
        TokenRequestRules {
            client_auth: ClientAuth::Basic,
            revocation_auth: None,
            introspection_auth: None,
            client_id_param: None,
            client_secret_param: None,
            format: TokenFormat::Form,
            client_credentials_grant: None,
            second_exchange: None,
            revocation_style: RevocationStyle::Form,
            dpop: Dpop::Offered,
            params: Vec::new(),
            exchange_params: Vec::new(),
            timeout: Duration::from_secs(120),
            #[cfg(feature = "jwt")]
            assertion_audience: AssertionAudience::Issuer,
            #[cfg(feature = "jwt")]
            assertion_type: None,
        }
    }
}

impl TokenRequestRules {
    /// The name of the parameter that carries the client id.
    pub(crate) fn client_id_name(&self) -> &str {
        self.client_id_param.as_deref().unwrap_or("client_id")
    }

    /// The name of the parameter that carries the client secret.
    pub(crate) fn client_secret_name(&self) -> &str {
        self.client_secret_param.as_deref().unwrap_or("client_secret")
    }
}

/// Whether the tokens of a login are bound to a key (DPoP, RFC 9449): each request then carries a proof
/// that the client has the key, and a stolen token is useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dpop {
    /// A login is bound if the client asks for a bound login (`ClientBuilder::dpop`).
    Offered,
    /// Every login is bound, because the server issues no other tokens. Without the feature `dpop`, a login fails
    /// with [`Error::Config`](crate::Error::Config) before a person is asked.
    Required,
    /// No login is bound, because the server does not accept proofs that are signed with ES256. A client that
    /// asks for a bound login fails with [`Error::Config`](crate::Error::Config).
    Off,
}

/// How a client authenticates at the token endpoint (RFC 6749 section 2.3).
///
/// The client never falls back from one method to another: a failed first try can use up a one-time
/// refresh token. The names in parentheses are the names in server metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// HTTP Basic (`client_secret_basic`, RFC 6749 section 2.3.1). Id and secret are form-encoded
    /// first, with a space as `%20`, which form decoders and percent decoders both read.
    Basic,
    /// HTTP Basic with id and secret unencoded, for servers that do not decode them.
    BasicRaw,
    /// `client_id` and `client_secret` in the body (`client_secret_post`).
    Body,
    /// Only `client_id` in the body (`none`), for a public client.
    None,
    /// The secret as a bearer token.
    SecretAsBearer,
    /// Neither id nor secret is sent: the token in the request identifies the client (Instagram's
    /// refresh).
    Omitted,
    /// HTTP Basic with the secret as the user name and an empty password.
    SecretAsUser,
    /// A certificate in the TLS handshake, and `client_id` in the body (`tls_client_auth` and
    /// `self_signed_tls_client_auth`, RFC 8705 section 2). Set the certificate with
    /// `ClientBuilder::http`.
    Certificate,
    /// A JWT signed with the client's private key (`private_key_jwt`, RFC 7523 section 2.2). The key
    /// comes from `Credentials::signed`. Credentials with a key use this method at every provider.
    #[cfg(feature = "jwt")]
    PrivateKeyJwt,
    /// A JWT signed with the client secret (`client_secret_jwt`, HS256; OpenID Connect Core section
    /// 9).
    #[cfg(feature = "jwt")]
    SecretJwt,
}

impl ClientAuth {
    /// Completes "the client authenticated ...".
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            ClientAuth::Basic | ClientAuth::BasicRaw => "with HTTP Basic",
            ClientAuth::Body => "with id and secret in the body",
            ClientAuth::None => "with its id alone, without a secret",
            ClientAuth::SecretAsBearer => "with the secret as a bearer token",
            ClientAuth::Omitted => "with neither id nor secret",
            ClientAuth::SecretAsUser => "with the secret as the user name of HTTP Basic",
            ClientAuth::Certificate => "with a certificate",
            #[cfg(feature = "jwt")]
            ClientAuth::PrivateKeyJwt => "with a signed JWT (private_key_jwt)",
            #[cfg(feature = "jwt")]
            ClientAuth::SecretJwt => "with a signed JWT (client_secret_jwt)",
        }
    }
}

/// The audience of a client assertion (RFC 7523 section 3).
#[cfg(feature = "jwt")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssertionAudience {
    /// The issuer, as the draft that updates RFC 7523 requires; the token endpoint if the issuer is not
    /// known.
    Issuer,
    /// The token endpoint. glewlwyd 2.7.5 and canaille 0.3.6 accept nothing else.
    TokenEndpoint,
    /// This string.
    Text(String),
}

/// How a token request carries its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFormat {
    /// POST with a form (RFC 6749 section 3.2).
    Form,
    /// POST with a JSON object.
    Json,
    /// POST with the parameters in the query. Proxies log queries, so use this only where the service
    /// accepts nothing else.
    Query,
    /// GET with the parameters in the query.
    Get,
}

/// A second token request right after the exchange of the code: the access token of the first answer is
/// exchanged for a token that lives longer. The token of the second answer replaces the token of the
/// first; members that the second answer lacks are kept.
///
/// If the second request fails twice, the token of the first answer is stored, the log has a warning,
/// and the login works until this token expires.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::{ClientAuth, RefreshGrant, SecondExchange, TokenFormat};
///
/// let long = SecondExchange::new("https://graph.instagram.com/access_token", "ig_exchange_token")
///     .format(TokenFormat::Get);
/// let renewal = RefreshGrant::new("ig_refresh_token", "access_token").with_access_token();
/// let provider = Provider::builder("instagram")
///     .authorization_endpoint("https://www.instagram.com/oauth/authorize")
///     .token_endpoint("https://api.instagram.com/oauth/access_token")
///     .client_auth(ClientAuth::Body)
///     .second_exchange(long)
///     .refresh_endpoint("https://graph.instagram.com/refresh_access_token")
///     .refresh_grant(renewal)
///     .refresh_format(TokenFormat::Get)
///     .refresh_auth(ClientAuth::Omitted)
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct SecondExchange {
    pub(crate) endpoint: String,
    pub(crate) grant_type: String,
    pub(crate) parameter: String,
    pub(crate) format: Option<TokenFormat>,
    pub(crate) client_auth: Option<ClientAuth>,
}

impl SecondExchange {
    /// A request to this address, whose parameter `access_token` carries the access token of the first
    /// answer.
    pub fn new(endpoint: impl Into<String>, grant_type: impl Into<String>) -> SecondExchange {
        SecondExchange {
            endpoint: endpoint.into(),
            grant_type: grant_type.into(),
            parameter: "access_token".to_owned(),
            format: None,
            client_auth: None,
        }
    }

    /// The parameter that carries the access token, such as `fb_exchange_token`.
    pub fn parameter(mut self, name: impl Into<String>) -> SecondExchange {
        self.parameter = name.into();
        self
    }

    /// How the request carries its parameters. The default is the format of all token requests.
    pub fn format(mut self, format: TokenFormat) -> SecondExchange {
        self.format = Some(format);
        self
    }

    /// How the client authenticates. The default is the method of the token endpoint.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> SecondExchange {
        self.client_auth = Some(client_auth);
        self
    }
}

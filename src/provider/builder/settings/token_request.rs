//! Settings: how requests to the token endpoint are made.

use std::time::Duration;

use crate::provider::{
    ClientAuth, Dpop, ProviderBuilder, RevocationStyle, SecondExchange, TokenFormat,
};

/// # Token request
///
/// How requests to the token endpoint, and to revocation and introspection, are made:
/// [`TokenRequestRules`](crate::provider::TokenRequestRules).
impl ProviderBuilder {
    /// How the client authenticates at the token endpoint. [`ClientAuth::Basic`] by default.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.token_request.client_auth = client_auth;
        self
    }

    /// How the client authenticates at the revocation endpoint. The default is the
    /// method of the token endpoint.
    pub fn revocation_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.token_request.revocation_auth = Some(client_auth);
        self
    }

    /// How the client authenticates at the introspection endpoint. The default is the
    /// method of the token endpoint.
    pub fn introspection_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.token_request.introspection_auth = Some(client_auth);
        self
    }

    /// The parameter that carries the client id, such as TikTok's `client_key` or WeChat's `appid`, in every
    /// request, also in the authorization request. `client_id` by default.
    pub fn client_id_param(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.token_request.client_id_param = Some(name.into());
        self
    }

    /// The parameter that carries the client secret in a body or query, such as WeChat's `secret`.
    /// `client_secret` by default.
    pub fn client_secret_param(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.token_request.client_secret_param = Some(name.into());
        self
    }

    /// How a token request carries its parameters. [`TokenFormat::Form`] by default.
    pub fn token_format(mut self, format: TokenFormat) -> ProviderBuilder {
        self.0.token_request.format = format;
        self
    }

    /// The `grant_type` of requests for a token of the application itself, such as Zoom's
    /// `account_credentials`. `client_credentials` by default. Zoom's `account_id` is a parameter of the
    /// client: [`ClientBuilder::token_param`](crate::ClientBuilder::token_param).
    pub fn client_credentials_grant(mut self, grant_type: impl Into<String>) -> ProviderBuilder {
        self.0.token_request.client_credentials_grant = Some(grant_type.into());
        self
    }

    /// Sends a second token request after the exchange of the code, for a service whose first token lives
    /// for a short time only (Instagram, Threads).
    pub fn second_exchange(mut self, second: SecondExchange) -> ProviderBuilder {
        self.0.token_request.second_exchange = Some(second);
        self
    }

    /// The form of a revocation request. [`RevocationStyle::Form`] by default.
    pub fn revocation_style(mut self, style: RevocationStyle) -> ProviderBuilder {
        self.0.token_request.revocation_style = style;
        self
    }

    /// Whether logins are bound to a key (DPoP, RFC 9449). [`Dpop::Offered`] by default: the setting of
    /// the client decides. Metadata whose `dpop_signing_alg_values_supported` lacks ES256 sets
    /// [`Dpop::Off`].
    pub fn dpop(mut self, dpop: Dpop) -> ProviderBuilder {
        self.0.token_request.dpop = dpop;
        self
    }

    /// Adds a parameter to every token request.
    pub fn token_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.token_request.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a parameter to the exchange of a code only, such as Tesla's `audience`. This parameter
    /// replaces a [`token_param`](ProviderBuilder::token_param) with the same name.
    pub fn exchange_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.token_request.exchange_params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How long a token request may take. 120 seconds by default: a service can still rotate the
    /// refresh token after the client has given up, and one rotation took 35 seconds (Exact Online,
    /// exactonline-api-dotnet-client#152).
    pub fn token_timeout(mut self, timeout: Duration) -> ProviderBuilder {
        self.0.token_request.timeout = timeout;
        self
    }

    /// The audience of a client assertion.
    /// [`AssertionAudience::Issuer`](crate::provider::AssertionAudience::Issuer) by default.
    #[cfg(feature = "jwt")]
    pub fn assertion_audience(
        mut self,
        audience: crate::provider::AssertionAudience,
    ) -> ProviderBuilder {
        self.0.token_request.assertion_audience = audience;
        self
    }

    /// The `typ` of a client assertion. `JWT` by default; the draft that updates RFC 7523 requires
    /// `client-authentication+jwt`.
    #[cfg(feature = "jwt")]
    pub fn assertion_type(mut self, typ: impl Into<String>) -> ProviderBuilder {
        self.0.token_request.assertion_type = Some(typ.into());
        self
    }
}

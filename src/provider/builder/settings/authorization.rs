//! Settings: how a login starts, and how its callback is read.

use crate::provider::{LoginHost, Pkce, ProviderBuilder, PushedRequests};

/// # Authorization request
///
/// How a login starts, and how its callback is read:
/// [`AuthorizationRules`](crate::provider::AuthorizationRules).
impl ProviderBuilder {
    /// The redirect URI for credentials without a redirect URI.
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> ProviderBuilder {
        self.0.authorization.redirect_uri = Some(redirect_uri.into());
        self
    }

    /// Says whether the redirect URI is a name instead of an address. Some services give a registered
    /// address a name, such as eBay's RuName. The client sends the name unchanged. Only the service
    /// knows the address, so
    /// [`Client::authorize_interactive`](crate::Client::authorize_interactive) cannot listen there.
    pub fn redirect_uri_is_name(mut self, is_name: bool) -> ProviderBuilder {
        self.0.authorization.redirect_uri_is_name = is_name;
        self
    }

    /// The scopes that a login requests if the program names no scopes.
    pub fn default_scopes(mut self, scopes: &[&str]) -> ProviderBuilder {
        self.0.authorization.default_scopes =
            scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// The character between two scopes. A space by default; some services use a comma or a plus sign.
    pub fn scope_separator(mut self, separator: char) -> ProviderBuilder {
        self.0.authorization.scope_separator = separator;
        self
    }

    /// The `response_type` of the authorization request, such as DATEV's `code id_token`. `code` by
    /// default. The client reads only the code of the callback: a hybrid type also needs
    /// `response_mode` `query` or `form_post` (see [`ProviderBuilder::authorize_param`]).
    pub fn response_type(mut self, response_type: impl Into<String>) -> ProviderBuilder {
        self.0.authorization.response_type = Some(response_type.into());
        self
    }

    /// Whether a login uses PKCE (RFC 7636). [`Pkce::S256`] by default.
    pub fn pkce(mut self, pkce: Pkce) -> ProviderBuilder {
        self.0.authorization.pkce = pkce;
        self
    }

    /// Whether a login is pushed to the server before the browser opens (RFC 9126).
    /// [`PushedRequests::Offered`] by default. A provider from metadata has
    /// [`PushedRequests::Required`] if the metadata has `require_pushed_authorization_requests`.
    pub fn pushed_requests(mut self, pushed: PushedRequests) -> ProviderBuilder {
        self.0.authorization.pushed_requests = pushed;
        self
    }

    /// Whether the parameters of a login are in a request object that the client signs (RFC 9101), also
    /// in a pushed request; off by default. A provider from metadata has this setting if the metadata
    /// has `require_signed_request_object`. Needs the feature `jwt` and a key: `Credentials::signed`,
    /// or `Credentials::with_request_signer`; a client with `ClientAuth::SecretJwt` signs with its
    /// secret. Otherwise a login fails with [`Error::Config`](crate::Error::Config) before a person is
    /// asked. The address of a login then works for ten minutes
    /// ([`Authorization::expires_at`](crate::Authorization::expires_at)).
    pub fn signed_requests(mut self, signed: bool) -> ProviderBuilder {
        self.0.authorization.signed_requests = signed;
        self
    }

    /// Adds a parameter to the authorization request.
    pub fn authorize_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.authorization.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the server sends its issuer identifier with every callback (RFC 9207). If so, the client
    /// refuses a callback without an issuer, or with another issuer.
    pub fn issuer_in_callback(mut self, sends_issuer: bool) -> ProviderBuilder {
        self.0.authorization.issuer_in_callback = sends_issuer;
        self
    }

    /// Accepts ID tokens without a signature (`alg: none`). Use this only for a server that announces
    /// such tokens; a provider from metadata has this setting if the metadata lists `none`.
    pub fn unsigned_id_tokens(mut self, accepted: bool) -> ProviderBuilder {
        self.0.authorization.unsigned_id_tokens = accepted;
        self
    }

    /// Accepts an ID token without a nonce although the login sent one, with a warning in the log: for
    /// a service that does not repeat the nonce, such as LinkedIn. If the ID token has a nonce, the
    /// nonce must still be right. Without the nonce, only the `state`, and PKCE if the service supports
    /// it, protect the login.
    pub fn id_token_without_nonce(mut self, accepted: bool) -> ProviderBuilder {
        self.0.authorization.id_token_without_nonce = accepted;
        self
    }

    /// The parameter of the callback that carries the authorization code, such as Amazon's
    /// `spapi_oauth_code` or DingTalk's `authCode`. `code` by default; with this setting, a parameter
    /// `code` is not read.
    pub fn code_param(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.authorization.code_param = Some(name.into());
        self
    }

    /// Reads the host of the token endpoint from the callback: Zoho's `accounts-server`, Lightspeed's
    /// `domain_prefix`. The code, every refresh and every revocation of the login go to this host, with
    /// the path of the provider's own address; an endpoint on another host than the token endpoint
    /// keeps its host. The record keeps the parameter and is bound to the resulting token endpoint. A
    /// callback without the parameter, or with a host that is not allowed, is refused before the code
    /// is sent.
    pub fn token_host_from(mut self, place: LoginHost) -> ProviderBuilder {
        self.0.authorization.token_host_from = Some(place);
        self
    }

    /// Keeps a parameter of the callback, such as `realmId`, with the token.
    pub fn callback_field(mut self, name: &str) -> ProviderBuilder {
        self.0.authorization.callback_fields.push(name.to_owned());
        self
    }
}

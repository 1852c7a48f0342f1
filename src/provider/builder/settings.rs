//! One method for each setting of a provider, in the order of the provider's groups.

use std::time::Duration;

use super::ProviderBuilder;
use crate::provider::{
    ClientAuth, ErrorRule, Pkce, RefreshGrant, RefusalLimit, RevocationStyle, Rotation, TokenFormat,
};

/// # Name
///
/// The provider's name in this crate, and its name in messages.
impl ProviderBuilder {
    /// The name. In capitals it is the prefix of the environment variables.
    pub fn name(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.name = name.into();
        self
    }

    /// The name as its owner spells it, for messages.
    pub fn display_name(mut self, name: impl Into<String>) -> ProviderBuilder {
        self.0.display_name = name.into();
        self
    }

    /// The `User-Agent` of all requests, for a service that wants a particular one.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> ProviderBuilder {
        self.0.user_agent = Some(user_agent.into());
        self
    }
}

/// # Endpoints
///
/// The addresses of the authorization server: [`Endpoints`](crate::provider::Endpoints).
impl ProviderBuilder {
    /// The authorization endpoint (RFC 6749 section 3.1): the browser is sent there. A query in the
    /// address is kept.
    pub fn authorization_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.authorization = Some(address.into());
        self
    }

    /// The token endpoint (RFC 6749 section 3.2). A query in the address is kept.
    pub fn token_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.token = address.into();
        self
    }

    /// The address for refresh requests. The token endpoint by default.
    pub fn refresh_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.refresh = Some(address.into());
        self
    }

    /// The device authorization endpoint (RFC 8628): a device login starts there.
    pub fn device_authorization_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.device_authorization = Some(address.into());
        self
    }

    /// The revocation endpoint (RFC 7009).
    pub fn revocation_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.revocation = Some(address.into());
        self
    }

    /// The introspection endpoint (RFC 7662): it tells what the server knows about a token.
    pub fn introspection_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.introspection = Some(address.into());
        self
    }

    /// The userinfo endpoint (OpenID Connect Core section 5.3): it tells who has logged in. The access
    /// token is sent to its host.
    pub fn userinfo_endpoint(mut self, address: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.userinfo = Some(address.into());
        self
    }

    /// The issuer identifier (RFC 8414 section 2).
    pub fn issuer(mut self, issuer: impl Into<String>) -> ProviderBuilder {
        self.0.endpoints.issuer = Some(issuer.into());
        self
    }
}

/// # Authorization request
///
/// How a login starts, and what comes back from it:
/// [`AuthorizationRules`](crate::provider::AuthorizationRules).
impl ProviderBuilder {
    /// The redirect URI for credentials that name none.
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> ProviderBuilder {
        self.0.authorization.redirect_uri = Some(redirect_uri.into());
        self
    }

    /// The scopes for a login that names none.
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

    /// Whether a login uses PKCE (RFC 7636). [`Pkce::S256`] by default.
    pub fn pkce(mut self, pkce: Pkce) -> ProviderBuilder {
        self.0.authorization.pkce = pkce;
        self
    }

    /// Adds a parameter to the authorization request.
    pub fn authorize_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.authorization.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the server sends its issuer identifier with every callback (RFC 9207). If so, a callback
    /// without it, or with another one, is refused.
    pub fn issuer_in_callback(mut self, sends_issuer: bool) -> ProviderBuilder {
        self.0.authorization.issuer_in_callback = sends_issuer;
        self
    }

    /// Accepts ID tokens without a signature (`alg: none`). Use this only for a server that says
    /// beforehand that it sends them; a provider from metadata has this setting if the metadata lists
    /// `none`.
    pub fn unsigned_id_tokens(mut self, accepted: bool) -> ProviderBuilder {
        self.0.authorization.unsigned_id_tokens = accepted;
        self
    }

    /// Keeps a parameter of the callback, such as `realmId`, with the token.
    pub fn callback_field(mut self, name: &str) -> ProviderBuilder {
        self.0.authorization.callback_fields.push(name.to_owned());
        self
    }
}

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

    /// How the client authenticates at the revocation endpoint. As at the token endpoint by default.
    pub fn revocation_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.token_request.revocation_auth = Some(client_auth);
        self
    }

    /// How the client authenticates at the introspection endpoint. As at the token endpoint by default.
    pub fn introspection_auth(mut self, client_auth: ClientAuth) -> ProviderBuilder {
        self.0.token_request.introspection_auth = Some(client_auth);
        self
    }

    /// How a token request carries its parameters. [`TokenFormat::Form`] by default.
    pub fn token_format(mut self, format: TokenFormat) -> ProviderBuilder {
        self.0.token_request.format = format;
        self
    }

    /// How a revocation request looks. [`RevocationStyle::Form`] by default.
    pub fn revocation_style(mut self, style: RevocationStyle) -> ProviderBuilder {
        self.0.token_request.revocation_style = style;
        self
    }

    /// Adds a parameter to every token request.
    pub fn token_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.token_request.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How long a token request may take. 120 seconds by default: a service can still rotate the
    /// refresh token after the client has given up, and one was seen to take 35 seconds (Exact Online,
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

    /// The `typ` of a client assertion. `JWT` by default; the draft that updates RFC 7523 wants
    /// `client-authentication+jwt`.
    #[cfg(feature = "jwt")]
    pub fn assertion_type(mut self, typ: impl Into<String>) -> ProviderBuilder {
        self.0.token_request.assertion_type = Some(typ.into());
        self
    }
}

/// # Reply
///
/// How answers of the token endpoint are read: [`ReplyRules`](crate::provider::ReplyRules).
impl ProviderBuilder {
    /// Adds a path of the object that holds the tokens, such as `data` or `data[0]`. The paths are
    /// tried in order before the top level.
    pub fn token_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.token_paths.push(path.to_owned());
        self
    }

    /// The lifetime of an access token if the answer names none. Without this setting, such a token
    /// counts as valid until the API refuses it.
    pub fn default_lifetime(mut self, lifetime: Duration) -> ProviderBuilder {
        self.0.reply.default_lifetime = Some(lifetime);
        self
    }

    /// Adds a path of the error code, such as `errors[0].meta.type`. The paths are tried in order
    /// before the usual places.
    pub fn error_code_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.error_code_paths.push(path.to_owned());
        self
    }

    /// Adds a path of the error description.
    pub fn error_text_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.error_text_paths.push(path.to_owned());
        self
    }

    /// Adds a rule for what an error answer means. The rules are tried in order before the standard's.
    pub fn error_rule(mut self, rule: ErrorRule) -> ProviderBuilder {
        self.0.reply.error_rules.push(rule);
        self
    }
}

/// # Refresh
///
/// How refresh requests are made, what a refresh does to the tokens, and which limits the service sets:
/// [`RefreshRules`](crate::provider::RefreshRules).
impl ProviderBuilder {
    /// What happens to a refresh token when it is used. [`Rotation::Unknown`] by default.
    pub fn rotation(mut self, rotation: Rotation) -> ProviderBuilder {
        self.0.refresh.rotation = rotation;
        self
    }

    /// Whether a refresh ends the previous access token at once.
    pub fn ends_access_token(mut self, ends: bool) -> ProviderBuilder {
        self.0.refresh.ends_access_token = ends;
        self
    }

    /// Whether a second use of a refresh token also ends other logins of the same user.
    pub fn reuse_ends_other_logins(mut self, ends: bool) -> ProviderBuilder {
        self.0.refresh.reuse_ends_other_logins = ends;
        self
    }

    /// A grant that replaces the standard's refresh grant.
    pub fn refresh_grant(mut self, grant: RefreshGrant) -> ProviderBuilder {
        self.0.refresh.grant = Some(grant);
        self
    }

    /// Adds a parameter to refresh requests. It replaces a
    /// [`token_param`](ProviderBuilder::token_param) with the same name.
    pub fn refresh_param(mut self, name: &str, value: &str) -> ProviderBuilder {
        self.0.refresh.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether refresh requests carry the redirect URI.
    pub fn redirect_uri_on_refresh(mut self, sends: bool) -> ProviderBuilder {
        self.0.refresh.sends_redirect_uri = sends;
        self
    }

    /// Whether refresh requests carry the granted scope.
    pub fn scope_on_refresh(mut self, sends: bool) -> ProviderBuilder {
        self.0.refresh.sends_scope = sends;
        self
    }

    /// How long before its end an access token is replaced. 60 seconds by default, and at most a tenth
    /// of the token's lifetime.
    pub fn margin(mut self, margin: Duration) -> ProviderBuilder {
        self.0.refresh.margin = margin;
        self
    }

    /// How old an access token must be before the service accepts a refresh.
    pub fn earliest_refresh(mut self, age: Duration) -> ProviderBuilder {
        self.0.refresh.earliest = Some(age);
        self
    }

    /// For how long a refused refresh token is not sent again. One hour by default.
    pub fn refusal_pause(mut self, pause: Duration) -> ProviderBuilder {
        self.0.refresh.refusal_pause = pause;
        self
    }

    /// How many refused token requests within `window` the service tolerates before it blocks the
    /// application. After that many, the client sends nothing until the oldest refusal is older than
    /// `window`. The refusals are counted in the store, so all processes count together.
    pub fn refusal_limit(mut self, refusals: usize, window: Duration) -> ProviderBuilder {
        self.0.refresh.refusal_limit = Some(RefusalLimit { refusals, window });
        self
    }

    /// For how long a refresh token is not sent again after a request without an answer. Zero by
    /// default. This is for a service that refuses a request that comes too soon, and counts it.
    pub fn unanswered_pause(mut self, pause: Duration) -> ProviderBuilder {
        self.0.refresh.unanswered_pause = pause;
        self
    }

    /// How long a refresh token lives if it is not used, for a service that documents this time but
    /// does not send it in its answers. Every refresh restarts this time.
    /// [`Health`](crate::health::Health) and
    /// [`Record::refresh_expires_at`](crate::backend::Record::refresh_expires_at) give the end. A
    /// refresh in the last quarter of this time emits a warning.
    pub fn idle_limit(mut self, limit: Duration) -> ProviderBuilder {
        self.0.refresh.idle_limit = Some(limit);
        self
    }

    /// How long a login lives after a person has consented, however often it is refreshed, for a
    /// service that documents this time.
    pub fn consent_limit(mut self, limit: Duration) -> ProviderBuilder {
        self.0.refresh.consent_limit = Some(limit);
        self
    }
}

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

    /// How the service tells who has logged in. Its userinfo endpoint by default. The access token is
    /// sent to the hosts of the profile's addresses.
    #[cfg(feature = "identity")]
    pub fn profile(mut self, profile: crate::provider::Profile) -> ProviderBuilder {
        self.0.api.profile = Some(profile);
        self
    }
}

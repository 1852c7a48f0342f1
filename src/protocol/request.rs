//! Builds a request from its parameters, the client's authentication, and the parameters of the
//! application and the provider.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use super::client_auth::authenticate;
use super::form::Params;
use super::requester::{RESERVED, Requester};
use super::resource::check_resource;
use crate::error::Result;
use crate::provider::{TokenFormat, TokenTypeHint, host_of};
use crate::secret::Secret;

/// A request to an endpoint of the authorization server, ready to be sent. `Debug` shows neither path, query,
/// header values nor body.
pub(crate) struct TokenRequest {
    /// `POST`, `GET` or `DELETE`.
    pub(crate) method: &'static str,
    /// The address. With [`TokenFormat::Query`] and [`TokenFormat::Get`] the query contains secrets.
    pub(crate) url: Zeroizing<String>,
    /// The headers.
    pub(crate) headers: Vec<(Cow<'static, str>, Secret)>,
    /// The body; empty when the parameters are in the query.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("method", &self.method)
            .field("host", &host_of(&self.url))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl<'a> Requester<'a> {
    /// Builds a request to the token endpoint: first these parameters, then the parameters of the
    /// client's authentication, of the application and of the provider.
    pub(super) fn token_request(&self, mut params: Params<'a>) -> Result<TokenRequest> {
        let header = authenticate(self, &mut params)?;
        self.at_token_endpoint(header, params)
    }

    /// Like `token_request`, but without authentication and without `client_id`.
    #[cfg(feature = "jwt")]
    pub(super) fn request_without_client(&self, params: Params<'a>) -> Result<TokenRequest> {
        self.at_token_endpoint(None, params)
    }

    fn at_token_endpoint(
        &self,
        authorization: Option<Secret>,
        mut params: Params<'a>,
    ) -> Result<TokenRequest> {
        self.extra_params(&mut params)?;
        for (name, value) in &self.provider.token_request.params {
            self.provider_param(&mut params, name, value)?;
        }
        let endpoint = self.endpoint(&self.provider.endpoints.token);
        build(self.provider.token_request.format, &endpoint, authorization, &params)
    }

    /// Adds the application's parameters.
    pub(super) fn extra_params(&self, params: &mut Params<'a>) -> Result<()> {
        for (name, value) in self.extra {
            if name == "resource" {
                check_resource(value)?;
            }
            params.push_extra(name, value, &RESERVED)?;
        }
        Ok(())
    }

    /// Adds a parameter of the provider, unless the application gave a parameter of the same name.
    pub(super) fn provider_param(
        &self,
        params: &mut Params<'a>,
        name: &'a str,
        value: &'a str,
    ) -> Result<()> {
        let own = self.extra.iter().any(|(extra, _)| extra == name);
        // A provider has parameters for all token requests, and parameters for the exchange only. If both
        // have the same name, the parameter for the exchange is sent.
        let of_exchange = &self.provider.token_request.exchange_params;
        if own || params.has(name) && of_exchange.iter().any(|(have, _)| have == name) {
            return Ok(());
        }
        params.push_provider(name, value)
    }
}

/// The parameters of a request about a token (RFC 7009 section 2.1, RFC 7662 section 2.1).
pub(super) fn about_token(token: &Secret, hint: Option<TokenTypeHint>) -> Params<'_> {
    let mut params = Params::new();
    params.push("token", token.expose());
    if let Some(hint) = hint {
        params.push("token_type_hint", hint.as_str());
    }
    params
}

/// Builds a POST with a form, for an endpoint that accepts nothing else.
#[cfg(any(
    test,
    feature = "device",
    feature = "introspection",
    feature = "par",
    feature = "registration"
))]
pub(super) fn build_form(
    endpoint: &str,
    authorization: Option<Secret>,
    params: &Params<'_>,
) -> Result<TokenRequest> {
    build(TokenFormat::Form, endpoint, authorization, params)
}

/// Builds a request that carries its parameters in the given format.
pub(super) fn build(
    format: TokenFormat,
    endpoint: &str,
    authorization: Option<Secret>,
    params: &Params<'_>,
) -> Result<TokenRequest> {
    let method = if format == TokenFormat::Get { "GET" } else { "POST" };
    let (url, body) = match format {
        TokenFormat::Form => (endpoint.to_owned(), params.to_form()),
        TokenFormat::Json => (endpoint.to_owned(), params.to_json()?),
        TokenFormat::Query | TokenFormat::Get => (params.to_url(endpoint)?, Zeroizing::default()),
    };
    let content_type = match format {
        TokenFormat::Form | TokenFormat::Query => Some("application/x-www-form-urlencoded"),
        TokenFormat::Json => Some("application/json"),
        TokenFormat::Get => None,
    };
    // Some servers answer with a form unless the request asks for JSON.
    let mut headers = vec![("Accept".into(), Secret::new("application/json"))];
    headers.extend(authorization.map(|value| ("Authorization".into(), value)));
    headers.extend(content_type.map(|kind| ("Content-Type".into(), Secret::new(kind))));
    Ok(TokenRequest { method, url: Zeroizing::new(url), headers, body })
}

/// Builds a request without a body, and so without a content type.
pub(super) fn without_body(
    method: &'static str,
    endpoint: &str,
    authorization: Option<Secret>,
) -> TokenRequest {
    let mut headers = vec![("Accept".into(), Secret::new("application/json"))];
    headers.extend(authorization.map(|value| ("Authorization".into(), value)));
    let (url, body) = (Zeroizing::new(endpoint.to_owned()), Zeroizing::default());
    TokenRequest { method, url, headers, body }
}

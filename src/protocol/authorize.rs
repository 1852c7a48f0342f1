//! The authorization request (RFC 6749 section 4.1.1).

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use super::form::{Params, written_again};
use super::pkce;
use super::resource::check_resource;
use crate::credentials::Credentials;
use crate::error::{Error, Result, rfc3339};
use crate::provider::{Pkce, Provider};
use crate::secret::{Secret, in_clear, in_clear_opt, random_text};
use crate::substring;

/// Parameters that only the protocol itself may set.
const RESERVED: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// A login that has begun: the address for the browser, and the values to compare with its callback.
///
/// A web application keeps this value until the callback comes, bound to the browser that started the
/// login (in its session). The value is small, and implements `Serialize` and `Deserialize`.
/// `Serialize` writes the state, the PKCE verifier and a DPoP key in clear text: do not store it where the user can
/// read it. `Debug` shows none of these secrets. Each value works for one login.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authorization {
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(serialize_with = "in_clear")]
    pub(super) state: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "in_clear_opt")]
    verifier: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "in_clear_opt")]
    nonce: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    #[serde(default)]
    pub(super) iss_in_callback: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_param: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) callback_fields: Vec<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub(super) expires_at: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "in_clear_opt")]
    dpop_key: Option<Secret>,
    /// The earliest allowed time of the person's authentication, by our clock: the start of the login minus its
    /// `max_age`. `None` without `max_age`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    authenticated_since: Option<OffsetDateTime>,
    pub(super) host: String,
    token_endpoint: String,
    client_id: String,
}

impl Authorization {
    /// The address for the browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The latest time at which the browser may open the address, UTC: a pushed authorization request
    /// expires (RFC 9126 section 2.2), and so does a signed request (RFC 9101). After that time, start another
    /// login. `None` for a login that was neither pushed nor signed, and for a pushed login whose server gave
    /// no lifetime.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }

    /// The redirect URI, exactly as the program gave it. `None` if the service uses the registered redirect
    /// URI.
    pub fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }

    /// The state (RFC 6749 section 10.12). A web application can use the state as the key under which
    /// it stores this value.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    #[cfg(feature = "par")]
    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// If the address of the login may have expired, the returned error also says so (RFC 9126 section 2.2).
    pub(crate) fn explained(&self, mut error: Error, now: OffsetDateTime) -> Error {
        const OF_REQUEST: [&str; 3] =
            ["invalid_request_uri", "invalid_request", "invalid_request_object"];
        let Some(end) = self.expires_at.filter(|end| now >= *end) else { return error };
        match &mut error {
            Error::LoginNotFinished(late) => late.address_expired_at = Some(end),
            Error::OAuth(refusal) if OF_REQUEST.contains(&refusal.code.as_str()) => {
                let said = refusal.description.take();
                let said = said.map(|said| format!("{said}; ")).unwrap_or_default();
                refusal.description = Some(format!(
                    "{said}the address of this login worked until {} only: start the login again",
                    rfc3339(end)
                ));
            }
            _ => {}
        }
        error
    }

    /// The PKCE verifier (RFC 7636 section 4.1), if a challenge was sent.
    pub(crate) fn verifier(&self) -> Option<&Secret> {
        self.verifier.as_ref()
    }

    /// The nonce (OpenID Connect Core section 3.1.2.1), if one was sent.
    pub(crate) fn nonce(&self) -> Option<&Secret> {
        self.nonce.as_ref()
    }

    /// Returns the earliest allowed time of the person's authentication, by our clock. `None` if the login was
    /// started without `max_age` (OpenID Connect Core section 3.1.2.1).
    pub(crate) fn authenticated_since(&self) -> Option<OffsetDateTime> {
        self.authenticated_since
    }

    /// The private JWK that the code is bound to (RFC 9449 section 10), if the login is bound to a key.
    pub(crate) fn dpop_key(&self) -> Option<&Secret> {
        self.dpop_key.as_ref()
    }

    /// Whether this login was started with this provider and application: a code is only sent to the
    /// server that issued it (RFC 9700 section 4.4).
    pub(crate) fn is_for(&self, provider: &Provider, credentials: &Credentials) -> bool {
        self.token_endpoint == provider.endpoints.token && self.client_id == credentials.id()
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("url", &substring::before(&self.url, '?'))
            .field("redirect_uri", &self.redirect_uri)
            .field("state", &self.state)
            .field("verifier", &self.verifier)
            .field("issuer", &self.issuer)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The parameters of an authorization request, and the login without its address.
pub(crate) struct AuthorizationRequest<'a> {
    pub(super) authorization: Authorization,
    pub(super) params: Params<'a>,
    pub(super) endpoint: String,
}

impl AuthorizationRequest<'_> {
    /// Binds the code to a key (RFC 9449 section 10).
    #[cfg(feature = "dpop")]
    pub(crate) fn bound_to(mut self, key: &crate::proof_key::ProofKey) -> Result<Self> {
        if self.params.has("dpop_jkt") {
            return Err(Error::config(
                "the client sets the parameter `dpop_jkt` itself, because it makes a key for each login",
            ));
        }
        self.params.push("dpop_jkt", key.thumbprint());
        self.authorization.dpop_key = Some(key.jwk().clone());
        Ok(self)
    }

    /// The private JWK that the code is bound to.
    #[cfg(feature = "par")]
    pub(crate) fn dpop_key(&self) -> Option<&Secret> {
        self.authorization.dpop_key.as_ref()
    }

    /// Remembers `max_age`, if the login has it, for the check of the ID token. `now` is the time at which the
    /// login starts.
    pub(crate) fn started_at(mut self, now: OffsetDateTime) -> Self {
        let seconds = self.params.get("max_age").and_then(|text| text.parse().ok());
        let age = seconds.map(|seconds: u32| time::Duration::seconds(seconds.into()));
        self.authorization.authenticated_since = age.and_then(|age| now.checked_sub(age));
        self
    }

    /// Returns the login with all parameters in its address.
    pub(crate) fn in_address(self) -> Result<Authorization> {
        let url = self.params.to_url(&self.endpoint)?;
        Ok(Authorization { url, ..self.authorization })
    }
}

/// Starts a login. `scopes` default to the provider's default scopes. An extra parameter replaces the
/// provider's parameter with the same name.
pub(crate) fn authorization_request<'a>(
    provider: &'a Provider,
    credentials: &'a Credentials,
    redirect_uri: Option<&'a str>,
    scopes: &[&str],
    extra: &[(&'a str, &'a str)],
) -> Result<AuthorizationRequest<'a>> {
    let endpoint = endpoint(provider)?;
    credentials.check()?;
    match redirect_uri {
        Some(name) if provider.authorization.redirect_uri_is_name => check_redirect_name(name)?,
        Some(redirect_uri) => check_redirect_uri(redirect_uri)?,
        None => {}
    }
    let scopes = asked_scopes(provider, scopes);
    let login = Login::new(provider, credentials, &scopes, extra);

    let mut params = Params::new();
    own_params(&mut params, provider, credentials, redirect_uri, &scopes, &login)?;
    extra_params(&mut params, extra)?;
    provider_params(&mut params, provider, extra)?;
    let endpoint = written_again(endpoint).ok_or_else(|| {
        Error::config(format!(
            "the authorization endpoint of {} is not an address that can be opened",
            provider.display_name
        ))
    })?;
    let authorization = Authorization {
        url: String::new(),
        redirect_uri: redirect_uri.map(str::to_owned),
        state: login.state,
        verifier: login.verifier,
        nonce: login.nonce,
        issuer: provider.endpoints.issuer.clone(),
        iss_in_callback: provider.authorization.issuer_in_callback,
        code_param: provider.authorization.code_param.clone(),
        callback_fields: callback_fields(provider),
        expires_at: None,
        dpop_key: None,
        authenticated_since: None,
        host: provider.token_host(),
        token_endpoint: provider.endpoints.token.clone(),
        client_id: credentials.id().to_owned(),
    };
    Ok(AuthorizationRequest { authorization, params, endpoint })
}

/// Starts a login that is not pushed.
#[cfg(any(test, feature = "sandbox"))]
pub(crate) fn authorize(
    provider: &Provider,
    credentials: &Credentials,
    redirect_uri: Option<&str>,
    scopes: &[&str],
    extra: &[(&str, &str)],
) -> Result<Authorization> {
    authorization_request(provider, credentials, redirect_uri, scopes, extra)?.in_address()
}

/// The names of the callback parameters to keep with the token: those that the provider lists, and
/// the parameter that names the token endpoint's host.
fn callback_fields(provider: &Provider) -> Vec<String> {
    let mut fields = provider.authorization.callback_fields.clone();
    let host = provider.authorization.token_host_from.as_ref().map(|place| &place.name);
    fields.extend(host.cloned());
    fields
}

fn endpoint(provider: &Provider) -> Result<&str> {
    provider.authorization_endpoint().ok_or_else(|| {
        Error::config(format!(
            "{} has no authorization endpoint, so nobody can log in there",
            provider.display_name
        ))
    })
}

/// The scopes of the call, or the provider's default scopes.
fn asked_scopes<'a>(provider: &'a Provider, scopes: &[&'a str]) -> Vec<&'a str> {
    if scopes.is_empty() {
        return provider.authorization.default_scopes.iter().map(String::as_str).collect();
    }
    scopes.to_vec()
}

/// The values that bind the answers to this login.
struct Login {
    state: Secret,
    verifier: Option<Secret>,
    nonce: Option<Secret>,
    /// Whether the caller passed a nonce among the extra parameters.
    nonce_is_given: bool,
}

impl Login {
    fn new(
        provider: &Provider,
        credentials: &Credentials,
        scopes: &[&str],
        extra: &[(&str, &str)],
    ) -> Login {
        let with_pkce = match provider.authorization.pkce {
            Pkce::S256 => true,
            Pkce::PublicClients => credentials.secret().is_none(),
            Pkce::Off => false,
        };
        // Binds the ID token to this login (OpenID Connect Core section 15.5.2).
        let given = extra.iter().find(|(name, _)| *name == "nonce").map(|(_, value)| *value);
        let nonce = match given {
            Some(nonce) => Some(Secret::new(nonce)),
            None => scopes.contains(&"openid").then(|| Secret::new(random_text::<24>())),
        };
        Login {
            state: Secret::new(random_text::<24>()),
            verifier: with_pkce.then(pkce::verifier),
            nonce,
            nonce_is_given: given.is_some(),
        }
    }
}

fn own_params<'a>(
    params: &mut Params<'a>,
    provider: &'a Provider,
    credentials: &'a Credentials,
    redirect_uri: Option<&'a str>,
    scopes: &[&str],
    login: &Login,
) -> Result<()> {
    let response_type = provider.authorization.response_type.as_deref();
    params.push("response_type", response_type.unwrap_or("code"));
    params.push(provider.token_request.client_id_name(), credentials.id());
    if let Some(redirect_uri) = redirect_uri {
        params.push("redirect_uri", redirect_uri);
    }
    if let Some(scope) = join_scopes(scopes, provider.authorization.scope_separator)? {
        params.push("scope", scope);
    }
    params.push("state", login.state.expose().to_owned());
    if let Some(verifier) = &login.verifier {
        params.push("code_challenge", pkce::challenge(verifier));
        params.push("code_challenge_method", "S256");
    }
    if let Some(nonce) = login.nonce.as_ref().filter(|_| !login.nonce_is_given) {
        params.push("nonce", nonce.expose().to_owned());
    }
    Ok(())
}

fn extra_params<'a>(params: &mut Params<'a>, extra: &[(&'a str, &'a str)]) -> Result<()> {
    for (name, value) in extra {
        if *name == "resource" {
            check_resource(value)?;
        }
        params.push_extra(name, value, &RESERVED)?;
    }
    Ok(())
}

fn provider_params<'a>(
    params: &mut Params<'a>,
    provider: &'a Provider,
    extra: &[(&str, &str)],
) -> Result<()> {
    for (name, value) in &provider.authorization.params {
        if !extra.iter().any(|(extra, _)| extra == name) {
            params.push_provider(name, value)?;
        }
    }
    Ok(())
}

/// Checks the redirect URI (RFC 6749 section 3.1.2) and does not change it: servers compare it byte for
/// byte.
fn check_redirect_uri(redirect_uri: &str) -> Result<()> {
    let unfit = |c: char| c.is_control() || c.is_whitespace();
    if Url::parse(redirect_uri).is_err() || redirect_uri.contains(unfit) {
        return Err(Error::config(format!(
            "the redirect URI {redirect_uri:?} is not an absolute address"
        )));
    }
    if redirect_uri.contains('#') {
        return Err(Error::config(format!(
            "the redirect URI {redirect_uri:?} must not have a fragment"
        )));
    }
    Ok(())
}

/// Checks a name that some services use in place of the redirect URI: only visible characters are
/// allowed.
fn check_redirect_name(name: &str) -> Result<()> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(format!(
            "the redirect URI {name:?} must be a name of the service with visible ASCII characters \
             only"
        )));
    }
    Ok(())
}

/// Joins the scopes. Returns `None` for no scopes: a parameter without a value is treated as omitted (RFC
/// 6749 section 3.1), and some servers reject it.
pub(super) fn join_scopes(scopes: &[&str], separator: char) -> Result<Option<String>> {
    for scope in scopes {
        // The characters that a scope may have (RFC 6749 section 3.3).
        let fits = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.is_empty() || !scope.bytes().all(fits) {
            return Err(Error::config(format!(
                "the scope {scope:?} is empty or has a space, a quote, a backslash or another \
                 character that a scope cannot have; name each scope on its own"
            )));
        }
    }
    Ok((!scopes.is_empty()).then(|| scopes.join(&separator.to_string())))
}

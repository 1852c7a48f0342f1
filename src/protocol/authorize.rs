//! The authorization request (RFC 6749 section 4.1.1).

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::form::{Params, written_again};
use super::pkce;
use super::resource::check_resource;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::provider::{Pkce, Provider};
use crate::secret::{Secret, in_clear, in_clear_opt, random_text};

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
/// A web application keeps this value between the two requests, bound to the browser that started the
/// login (in its session). The value is small, and implements `Serialize` and `Deserialize`.
/// `Serialize` writes the state and the PKCE verifier in clear: do not store it where the user can read
/// it. `Debug` shows neither. Each value works for one login.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authorization {
    url: String,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) callback_fields: Vec<String>,
    pub(super) host: String,
    token_endpoint: String,
    client_id: String,
}

impl Authorization {
    /// The address for the browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The redirect URI, exactly as it was given. `None` if the service uses the registered one.
    pub fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }

    /// The state (RFC 6749 section 10.12). A web application can find this value by it.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The PKCE verifier (RFC 7636 section 4.1), if a challenge was sent.
    pub(crate) fn verifier(&self) -> Option<&Secret> {
        self.verifier.as_ref()
    }

    /// The nonce (OpenID Connect Core section 3.1.2.1), if one was sent.
    pub(crate) fn nonce(&self) -> Option<&Secret> {
        self.nonce.as_ref()
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
            .field("url", &self.url.split('?').next().unwrap_or_default())
            .field("redirect_uri", &self.redirect_uri)
            .field("state", &self.state)
            .field("verifier", &self.verifier)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Starts a login. `redirect_uri` defaults to that of the credentials, and `scopes` to the provider's
/// default scopes. An extra parameter replaces the provider's parameter with the same name.
pub(crate) fn authorize(
    provider: &Provider,
    credentials: &Credentials,
    redirect_uri: Option<&str>,
    scopes: &[&str],
    extra: &[(&str, &str)],
) -> Result<Authorization> {
    let endpoint = endpoint(provider)?;
    credentials.check()?;
    let redirect_uri = redirect_uri.or(credentials.redirect_uri());
    redirect_uri.map_or(Ok(()), check_redirect_uri)?;
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
    let url = params.to_url(&endpoint)?;

    Ok(Authorization {
        url,
        redirect_uri: redirect_uri.map(str::to_owned),
        state: login.state,
        verifier: login.verifier,
        nonce: login.nonce,
        issuer: provider.endpoints.issuer.clone(),
        iss_in_callback: provider.authorization.issuer_in_callback,
        callback_fields: provider.authorization.callback_fields.clone(),
        host: provider.token_host(),
        token_endpoint: provider.endpoints.token.clone(),
        client_id: credentials.id().to_owned(),
    })
}

fn endpoint(provider: &Provider) -> Result<&str> {
    provider.authorization_endpoint().ok_or_else(|| {
        Error::config(format!(
            "{} has no authorization endpoint, so nobody can log in there",
            provider.display_name
        ))
    })
}

/// The scopes of the call, or the provider's default ones.
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
    /// Whether the nonce is among the extra parameters.
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
    provider: &Provider,
    credentials: &'a Credentials,
    redirect_uri: Option<&'a str>,
    scopes: &[&str],
    login: &'a Login,
) -> Result<()> {
    params.push("response_type", "code");
    params.push("client_id", credentials.id());
    if let Some(redirect_uri) = redirect_uri {
        params.push("redirect_uri", redirect_uri);
    }
    if let Some(scope) = join_scopes(scopes, provider.authorization.scope_separator)? {
        params.push("scope", scope);
    }
    params.push("state", login.state.expose());
    if let Some(verifier) = &login.verifier {
        params.push("code_challenge", pkce::challenge(verifier));
        params.push("code_challenge_method", "S256");
    }
    if let Some(nonce) = login.nonce.as_ref().filter(|_| !login.nonce_is_given) {
        params.push("nonce", nonce.expose());
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

/// Joins the scopes. `None` for no scopes: a parameter without a value counts as omitted (RFC 6749
/// section 3.1), and some servers reject it.
pub(super) fn join_scopes(scopes: &[&str], separator: char) -> Result<Option<String>> {
    for scope in scopes {
        // RFC 6749 section 3.3.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::form::parse;
    use crate::provider::ProviderBuilder;

    fn provider() -> ProviderBuilder {
        Provider::builder("example")
            .authorization_endpoint("https://a.example/authorize?tenant=%31")
            .token_endpoint("https://a.example/token")
    }

    fn begun(
        provider: ProviderBuilder,
        redirect_uri: &str,
        scopes: &[&str],
        extra: &[(&str, &str)],
    ) -> Result<Authorization> {
        let credentials = Credentials::new("app", "sesame");
        authorize(&provider.build()?, &credentials, Some(redirect_uri), scopes, extra)
    }

    fn parameter(authorization: &Authorization, name: &str) -> Option<String> {
        let (_, query) = authorization.url().split_once('?')?;
        let mut found = parse(query).into_iter().filter(|pair| pair.name == name);
        let value = found.next().map(|pair| pair.value);
        assert!(found.next().is_none(), "{name} comes once");
        value
    }

    const CALLBACK: &str = "http://127.0.0.1:8080/cb/?a=%2f";

    #[test]
    fn the_url_has_the_standard_parameters_and_keeps_a_query() -> Result<()> {
        let authorization = begun(provider(), CALLBACK, &["a", "b:c"], &[("prompt", "login now")])?;
        assert!(authorization.url().starts_with("https://a.example/authorize?tenant=%31&"));
        for (name, expected) in [
            ("tenant", "1"),
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", CALLBACK),
            ("scope", "a b:c"),
            ("prompt", "login now"),
            ("code_challenge_method", "S256"),
            ("state", authorization.state().expose()),
        ] {
            assert_eq!(parameter(&authorization, name).as_deref(), Some(expected), "{name}");
        }
        let challenge = authorization.verifier().map(pkce::challenge);
        assert_eq!(parameter(&authorization, "code_challenge"), challenge);
        assert_eq!(authorization.redirect_uri(), Some(CALLBACK));
        assert!(!authorization.url().contains("sesame"));
        Ok(())
    }

    #[test]
    fn two_logins_share_neither_state_nor_verifier() -> Result<()> {
        let (one, two) =
            (begun(provider(), CALLBACK, &[], &[])?, begun(provider(), CALLBACK, &[], &[])?);
        assert_ne!(one.state(), two.state());
        assert_ne!(one.verifier(), two.verifier());
        assert!(one.state().expose().len() >= 22, "128 bits take 22 characters");
        Ok(())
    }

    #[test]
    fn pkce_depends_on_the_provider_and_the_client_secret() -> Result<()> {
        let secret = Credentials::new("app", "sesame");
        let public = Credentials::public("app");
        for (pkce, credentials, expected) in [
            (Pkce::S256, &secret, true),
            (Pkce::S256, &public, true),
            (Pkce::PublicClients, &secret, false),
            (Pkce::PublicClients, &public, true),
            (Pkce::Off, &public, false),
        ] {
            let provider = provider().pkce(pkce).build()?;
            let authorization = authorize(&provider, credentials, None, &[], &[])?;
            assert_eq!(authorization.verifier().is_some(), expected, "{pkce:?}");
            assert_eq!(parameter(&authorization, "code_challenge").is_some(), expected);
            assert_eq!(parameter(&authorization, "redirect_uri"), None);
            assert_eq!(parameter(&authorization, "scope"), None);
        }
        Ok(())
    }

    #[test]
    fn the_callers_scopes_and_parameters_replace_the_providers() -> Result<()> {
        let row = provider()
            .default_scopes(&["x", "y"])
            .scope_separator(',')
            .authorize_param("prompt", "consent");
        let defaults = begun(row.clone(), CALLBACK, &[], &[])?;
        assert_eq!(parameter(&defaults, "scope").as_deref(), Some("x,y"));
        assert_eq!(parameter(&defaults, "prompt").as_deref(), Some("consent"));
        let own = begun(row, CALLBACK, &["z"], &[("prompt", "none")])?;
        assert_eq!(parameter(&own, "scope").as_deref(), Some("z"));
        assert_eq!(parameter(&own, "prompt").as_deref(), Some("none"));
        Ok(())
    }

    #[test]
    fn invalid_redirect_uris_scopes_and_parameters_are_refused() -> Result<()> {
        let refused = |result: Result<Authorization>| matches!(result, Err(Error::Config(_)));
        for uri in ["/callback", "", "https://app.example/cb#x", "https://app.example/c b"] {
            assert!(refused(begun(provider(), uri, &[], &[])), "{uri}");
        }
        for uri in ["com.example.app:/cb", "urn:ietf:wg:oauth:2.0:oob", "http://[::1]:1/"] {
            assert!(!refused(begun(provider(), uri, &[], &[])), "{uri}");
        }
        for scope in ["a b", "", "a\"", "a\\", "a\n", "é", "\u{7f}"] {
            assert!(refused(begun(provider(), CALLBACK, &["ok", scope], &[])), "{scope:?}");
        }
        for name in RESERVED.into_iter().chain(["tenant"]) {
            assert!(refused(begun(provider(), CALLBACK, &[], &[(name, "x")])), "{name}");
        }
        let nobody = Provider::builder("x").token_endpoint("https://a.example/t").build()?;
        assert!(refused(authorize(&nobody, &Credentials::public("app"), None, &[], &[])));
        Ok(())
    }

    #[test]
    fn the_address_is_that_which_a_browser_opens() -> Result<()> {
        for (endpoint, shown) in [
            ("https://a.example/$(id)", "https://a.example/$%28id%29?"),
            ("https://a.example/`id`'x'", "https://a.example/%60id%60%27x%27?"),
            ("https://a.example/x?y={z}", "https://a.example/x?y=%7Bz%7D&"),
            ("https://A.example:443/%2f", "https://A.example:443/%2f?"),
        ] {
            let begun = begun(provider().authorization_endpoint(endpoint), CALLBACK, &[], &[])?;
            assert!(begun.url().starts_with(shown), "{}", begun.url());
        }
        Ok(())
    }

    #[test]
    fn an_authorization_can_be_stored_and_shows_no_secret() -> Result<()> {
        let row = provider()
            .issuer("https://a.example")
            .issuer_in_callback(true)
            .callback_field("realmId");
        let begun = begun(row.clone(), CALLBACK, &[], &[])?;
        let text = serde_json::to_string(&begun).unwrap();
        let back: Authorization = serde_json::from_str(&text).unwrap();
        assert_eq!(back.url(), begun.url());
        assert_eq!(back.state(), begun.state());
        assert_eq!(back.verifier(), begun.verifier());
        assert_eq!(back.issuer, begun.issuer);
        assert!(back.iss_in_callback && back.callback_fields == ["realmId"]);
        let shown = format!("{back:?}");
        for secret in [begun.state(), begun.verifier().unwrap()] {
            assert!(!shown.contains(secret.expose()), "{shown}");
        }
        let provider = row.build()?;
        assert!(back.is_for(&provider, &Credentials::public("app")));
        assert!(!back.is_for(&provider, &Credentials::public("other")));
        Ok(())
    }
}

//! Requests to the token endpoint (RFC 6749 sections 4.1.3, 4.4.2 and 6).

use super::authorize::join_scopes;
use super::client_auth::authenticate;
use super::form::{Params, form_encoded};
use super::request::{TokenRequest, about_token, build, without_body};
use super::requester::Requester;
use crate::error::{Error, Result};
use crate::provider::{Provider, RevocationStyle, SecondExchange, TokenFormat, TokenTypeHint};
use crate::secret::Secret;
use crate::token::Token;

/// Builds the exchange of an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
/// `redirect_uri` must equal the redirect URI of the authorization request, byte for byte.
pub(crate) fn exchange(
    caller: &Requester<'_>,
    code: &Secret,
    redirect_uri: Option<&str>,
    verifier: Option<&Secret>,
) -> Result<TokenRequest> {
    let mut params = Params::new();
    params.push("grant_type", "authorization_code");
    params.push("code", code.expose());
    if let Some(redirect_uri) = redirect_uri {
        params.push("redirect_uri", redirect_uri);
    }
    if let Some(verifier) = verifier {
        params.push("code_verifier", verifier.expose());
    }
    for (name, value) in &caller.provider.token_request.exchange_params {
        // A parameter of the application has priority.
        if !caller.extra.iter().any(|(own, _)| own == name) {
            params.push_provider(name, value)?;
        }
    }
    caller.token_request(params)
}

/// Builds a refresh request (RFC 6749 section 6). The request carries the granted scope only if the
/// provider's settings say so: some servers narrow the grant to the scopes in this parameter.
pub(crate) fn refresh<'a>(
    caller: &Requester<'a>,
    token: &'a Token,
    refresh_token: &'a Secret,
    redirect_uri: Option<&'a str>,
) -> Result<TokenRequest> {
    let provider = caller.provider;
    let caller =
        &Requester { auth: provider.refresh.client_auth.unwrap_or(caller.auth), ..*caller };
    let mut params = refresh_grant(provider, refresh_token);
    if let Some(name) = &provider.refresh.access_token_param {
        params.push(name, token.access_token().expose());
    }
    if provider.refresh.sends_redirect_uri {
        params.push("redirect_uri", redirect_uri_for_refresh(caller, redirect_uri)?);
    }
    if let Some(scope) = scope_for_refresh(provider, token) {
        params.push("scope", scope);
    }
    let header = authenticate(caller, &mut params)?;
    caller.extra_params(&mut params)?;
    for (name, value) in &provider.refresh.params {
        params.push_provider(name, value)?;
    }
    for (name, value) in &provider.token_request.params {
        // A parameter that the provider sends only in refreshes replaces a parameter of all token
        // requests with the same name.
        if !provider.refresh.params.iter().any(|(refresh, _)| refresh == name) {
            caller.provider_param(&mut params, name, value)?;
        }
    }
    let format = provider.refresh.format.unwrap_or(provider.token_request.format);
    build(format, &caller.endpoint(provider.refresh_endpoint()), header, &params)
}

/// Builds the second request of a login: it exchanges the access token of the first answer.
pub(crate) fn second_exchange<'a>(
    caller: &Requester<'a>,
    second: &'a SecondExchange,
    access_token: &'a Secret,
) -> Result<TokenRequest> {
    let rules = &caller.provider.token_request;
    let caller = &Requester { auth: second.client_auth.unwrap_or(caller.auth), ..*caller };
    let mut params = Params::new();
    params.push("grant_type", &*second.grant_type);
    params.push(&second.parameter, access_token.expose());
    let header = authenticate(caller, &mut params)?;
    caller.extra_params(&mut params)?;
    build(second.format.unwrap_or(rules.format), &second.endpoint, header, &params)
}

/// The parameters `grant_type` and `refresh_token`, or the parameters that the provider uses in place
/// of these two.
fn refresh_grant<'a>(provider: &'a Provider, refresh_token: &'a Secret) -> Params<'a> {
    let (grant_type, parameter) = match &provider.refresh.grant {
        None => ("refresh_token", "refresh_token"),
        Some(grant) => (grant.grant_type.as_str(), grant.parameter.as_str()),
    };
    let mut params = Params::new();
    params.push("grant_type", grant_type);
    params.push(parameter, refresh_token.expose());
    params
}

fn redirect_uri_for_refresh<'a>(
    caller: &Requester<'a>,
    redirect_uri: Option<&'a str>,
) -> Result<&'a str> {
    redirect_uri.or(caller.credentials.redirect_uri()).ok_or_else(|| {
        Error::config(format!(
            "{} needs the redirect URI with every refresh; set it on the credentials or the client",
            caller.provider.display_name
        ))
    })
}

fn scope_for_refresh(provider: &Provider, token: &Token) -> Option<String> {
    let scopes: Vec<&str> = token.scopes().filter(|_| provider.refresh.sends_scope).collect();
    (!scopes.is_empty()).then(|| scopes.join(&provider.authorization.scope_separator.to_string()))
}

/// Builds a request for a token of the application itself (RFC 6749 section 4.4), which must be able to
/// authenticate.
pub(crate) fn client_credentials(
    caller: &Requester<'_>,
    scopes: &[String],
) -> Result<TokenRequest> {
    let Requester { provider, .. } = *caller;
    if !caller.is_confidential() {
        return Err(Error::config(
            "the client credentials grant needs a client secret, or another way for the client to \
             authenticate (RFC 6749 section 4.4)",
        ));
    }
    let mut params = Params::new();
    let grant_type = provider.token_request.client_credentials_grant.as_deref();
    params.push("grant_type", grant_type.unwrap_or("client_credentials"));
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    if let Some(scope) = join_scopes(&scopes, provider.authorization.scope_separator)? {
        params.push("scope", scope);
    }
    caller.token_request(params)
}

/// Builds a revocation request (RFC 7009 section 2.1).
pub(crate) fn revoke(
    caller: &Requester<'_>,
    token: &Secret,
    hint: Option<TokenTypeHint>,
) -> Result<TokenRequest> {
    let Requester { provider, .. } = *caller;
    let Some(endpoint) = provider.revocation_endpoint() else {
        return Err(Error::config(format!(
            "provider {} has no revocation endpoint: clear() deletes the stored login",
            provider.name
        )));
    };
    let endpoint = &*caller.endpoint(endpoint);
    let caller = Requester {
        auth: provider.token_request.revocation_auth.unwrap_or(caller.auth),
        ..*caller
    };
    let style = provider.token_request.revocation_style;
    if style.wants_access_token() && hint == Some(TokenTypeHint::RefreshToken) {
        let name = &provider.display_name;
        return Err(Error::config(format!("{name} revokes only access tokens")));
    }
    let rules = &provider.token_request;
    let mut params = match style {
        RevocationStyle::Bearer => {
            let bearer = Secret::new(format!("Bearer {}", token.expose()));
            return Ok(without_body("POST", endpoint, Some(bearer)));
        }
        RevocationStyle::TokenInPath => {
            let token = form_encoded(token.expose());
            return Ok(without_body("DELETE", &in_path(endpoint, &token), None));
        }
        RevocationStyle::ClientScheme => {
            let Some(secret) = caller.credentials.secret() else {
                return Err(Error::config(format!(
                    "{} revokes a token only for a client with a secret",
                    provider.display_name
                )));
            };
            caller.credentials.check()?;
            let mut params = Params::new();
            params.push(rules.client_id_name(), caller.credentials.id());
            params.push("access_token", token.expose());
            let header = Secret::new(format!("Client {}", secret.expose()));
            return build(TokenFormat::Json, endpoint, Some(header), &params);
        }
        #[cfg(feature = "identity")]
        RevocationStyle::DeleteGrant => {
            let mut params = Params::new();
            params.push("grant_type", "delete");
            params.push("access_token", token.expose());
            params.push("service_provider", "NAVER");
            params
        }
        _ => about_token(token, hint),
    };
    let header = authenticate(&caller, &mut params)?;
    let format = match style {
        RevocationStyle::Json => TokenFormat::Json,
        _ => TokenFormat::Form,
    };
    let mut request = build(format, endpoint, header, &params)?;
    if style == RevocationStyle::Delete {
        request.method = "DELETE";
    }
    Ok(request)
}

/// Appends a part to the path of an address.
fn in_path(endpoint: &str, part: &str) -> String {
    let (path, query) = endpoint.split_at(endpoint.find('?').unwrap_or(endpoint.len()));
    format!("{}/{part}{query}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    use crate::credentials::Credentials;
    use crate::protocol::requester::RESERVED;
    use crate::provider::{ClientAuth, ProviderBuilder, RefreshGrant};

    fn provider() -> ProviderBuilder {
        Provider::builder("example").token_endpoint("https://a.example/t?x=%31")
    }

    fn body(request: &TokenRequest) -> &str {
        std::str::from_utf8(&request.body).unwrap()
    }

    fn header<'a>(request: &'a TokenRequest, name: &str) -> Option<&'a str> {
        request.headers.iter().find(|(have, _)| *have == name).map(|(_, value)| value.expose())
    }

    fn credentials() -> Credentials {
        Credentials::new("app", "sesame")
    }

    fn by<'a>(provider: &'a Provider, credentials: &'a Credentials) -> Requester<'a> {
        let (auth, now) = (provider.token_request.client_auth, OffsetDateTime::UNIX_EPOCH);
        Requester { provider, credentials, extra: &[], home: None, auth, now }
    }

    fn refreshed(provider: ProviderBuilder, token: &Token) -> Result<TokenRequest> {
        let (provider, credentials) = (provider.build()?, credentials());
        refresh(&by(&provider, &credentials), token, &Secret::new("rt+1"), None)
    }

    #[test]
    fn an_exchange_carries_code_redirect_uri_and_verifier() -> Result<()> {
        let (code, verifier) = (Secret::new("c!+/="), Secret::new("v"));
        let uri = Some("http://127.0.0.1:8080/?a=B%20");
        let (provider, credentials) = (provider().build()?, credentials());
        let request = exchange(&by(&provider, &credentials), &code, uri, Some(&verifier))?;
        assert_eq!((request.method, request.url.as_str()), ("POST", "https://a.example/t?x=%31"));
        assert_eq!(
            body(&request),
            "grant_type=authorization_code&code=c%21%2B%2F%3D\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2F%3Fa%3DB%2520&code_verifier=v"
        );
        assert_eq!(header(&request, "Accept"), Some("application/json"));
        assert_eq!(header(&request, "Content-Type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(header(&request, "Authorization"), Some("Basic YXBwOnNlc2FtZQ=="));
        Ok(())
    }

    #[test]
    fn a_refresh_sends_only_the_grant_type_and_the_refresh_token() -> Result<()> {
        let token = Token::new("at").with_scope("a b");
        let request = refreshed(provider(), &token)?;
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=rt%2B1");
        Ok(())
    }

    #[test]
    fn a_provider_may_add_parameters_to_a_refresh() -> Result<()> {
        let token = Token::new("at").with_scope("a b");
        let odd = provider()
            .refresh_endpoint("https://b.example/refresh")
            .scope_on_refresh(true)
            .scope_separator(',')
            .redirect_uri_on_refresh(true)
            .token_param("p", "1")
            .token_param("q", "1")
            .refresh_param("q", "2");
        assert!(matches!(refreshed(odd.clone(), &token), Err(Error::Config(_))));
        let credentials = credentials().with_redirect_uri("https://app.example/cb");
        let odd = odd.build()?;
        let request = refresh(&by(&odd, &credentials), &token, &Secret::new("rt"), None)?;
        assert_eq!(request.url.as_str(), "https://b.example/refresh");
        assert_eq!(
            body(&request),
            "grant_type=refresh_token&refresh_token=rt&redirect_uri=https%3A%2F%2Fapp.example%2Fcb\
             &scope=a%2Cb&q=2&p=1"
        );
        Ok(())
    }

    #[test]
    fn a_refresh_grant_may_have_another_name() -> Result<()> {
        let grant = |sends_access_token| RefreshGrant {
            grant_type: "fb_exchange_token".to_owned(),
            parameter: "fb_exchange_token".to_owned(),
            sends_access_token,
        };
        let token = Token::new("at");
        // If a refresh sends the access token, the access token is stored as its own refresh token, so
        // that all rules for refresh tokens also apply to the access token.
        for sends in [true, false] {
            let request = refreshed(provider().refresh_grant(grant(sends)), &token)?;
            let expected = "grant_type=fb_exchange_token&fb_exchange_token=rt%2B1";
            assert_eq!(body(&request), expected);
        }
        Ok(())
    }

    #[test]
    fn client_credentials_without_scopes_send_no_scope_parameter() -> Result<()> {
        let ask = |scopes: &[&str], extra: &[(&str, &str)]| {
            let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
            let extra: Vec<_> =
                extra.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let (provider, credentials) = (provider().build()?, credentials());
            client_credentials(&Requester { extra: &extra, ..by(&provider, &credentials) }, &scopes)
        };
        assert_eq!(body(&ask(&[], &[])?), "grant_type=client_credentials");
        assert_eq!(
            body(&ask(&["a", "b"], &[("audience", "x y")])?),
            "grant_type=client_credentials&scope=a%20b&audience=x%20y"
        );
        assert!(matches!(ask(&["a b"], &[]), Err(Error::Config(_))));
        let tuned = provider().token_param("audience", "p").token_param("q", "1").build()?;
        let extra = [("audience".to_owned(), "x".to_owned())];
        let credentials = credentials();
        let own = Requester { extra: &extra, ..by(&tuned, &credentials) };
        let sent = client_credentials(&own, &[])?;
        assert_eq!(body(&sent), "grant_type=client_credentials&audience=x&q=1");
        for name in RESERVED {
            assert!(matches!(ask(&[], &[(name, "x")]), Err(Error::Config(_))), "{name}");
        }
        let public = Credentials::public("app");
        let provider = provider().build()?;
        let refused = client_credentials(&by(&provider, &public), &[]);
        assert!(matches!(refused, Err(Error::Config(_))));
        Ok(())
    }

    #[test]
    fn a_request_has_the_format_of_the_provider() -> Result<()> {
        let token = Token::new("at");
        let sent = |format| {
            let odd = provider().token_format(format).client_auth(ClientAuth::Body);
            refreshed(odd, &token)
        };
        let all =
            "grant_type=refresh_token&refresh_token=rt%2B1&client_id=app&client_secret=sesame";

        let json = sent(TokenFormat::Json)?;
        assert_eq!(header(&json, "Content-Type"), Some("application/json"));
        assert_eq!(
            body(&json),
            r#"{"grant_type":"refresh_token","refresh_token":"rt+1","client_id":"app","client_secret":"sesame"}"#
        );
        for (format, method) in [(TokenFormat::Query, "POST"), (TokenFormat::Get, "GET")] {
            let request = sent(format)?;
            assert_eq!(request.method, method);
            assert_eq!(request.url.as_str(), format!("https://a.example/t?x=%31&{all}"));
            assert!(request.body.is_empty());
            let shown = format!("{request:?}");
            assert!(!shown.contains("sesame") && !shown.contains("rt%2B1"), "{shown}");
        }
        Ok(())
    }

    #[test]
    fn a_second_exchange_carries_the_parameters_of_the_application() -> Result<()> {
        let (provider, credentials) = (provider().build()?, credentials());
        let extra = [("tenant".to_owned(), "t1".to_owned())];
        let caller = Requester { extra: &extra, ..by(&provider, &credentials) };
        let second = SecondExchange::new("https://a.example/second", "swap");
        let request = second_exchange(&caller, &second, &"at".into())?;
        assert_eq!(body(&request), "grant_type=swap&access_token=at&tenant=t1");
        Ok(())
    }

    #[test]
    fn a_revocation_by_delete_has_a_form() -> Result<()> {
        let odd = provider().revocation_endpoint("https://a.example/r");
        let (odd, credentials) =
            (odd.revocation_style(RevocationStyle::Delete).build()?, credentials());
        let request = revoke(&by(&odd, &credentials), &"rt".into(), None)?;
        assert_eq!((request.method, body(&request)), ("DELETE", "token=rt"));
        Ok(())
    }

    #[test]
    fn a_revocation_sends_only_a_secret_that_can_be_sent() -> Result<()> {
        let odd = provider().revocation_endpoint("https://a.example/r");
        let odd = odd.revocation_style(RevocationStyle::ClientScheme).build()?;
        let sent = |secret| {
            let credentials = Credentials::new("app", secret);
            revoke(&by(&odd, &credentials), &"at".into(), None)
        };
        assert_eq!(header(&sent("sesame")?, "Authorization"), Some("Client sesame"));
        let error = sent("sesame\n").unwrap_err().to_string();
        assert!(error.contains("the client secret ends with a line break"), "{error}");
        Ok(())
    }

    #[cfg(feature = "jwt")]
    #[test]
    fn a_key_that_is_not_used_makes_no_client_confidential() -> Result<()> {
        let key = include_str!("../../tests/keys/p256.pem");
        let key = crate::signing::SigningKey::from_pem(key)?;
        let (provider, credentials) = (provider().build()?, Credentials::signed("app", key));
        let caller = by(&provider, &credentials);
        assert!(caller.is_confidential());
        assert!(!Requester { auth: ClientAuth::Omitted, ..caller }.is_confidential());
        Ok(())
    }

    #[test]
    fn a_token_request_shows_no_secret() -> Result<()> {
        for method in [ClientAuth::Basic, ClientAuth::Body] {
            let request = refreshed(provider().client_auth(method), &Token::new("at"))?;
            let shown = format!("{request:?}");
            for secret in ["rt+1", "rt%2B1", "sesame", "YXBwOnNlc2FtZQ"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        Ok(())
    }
}

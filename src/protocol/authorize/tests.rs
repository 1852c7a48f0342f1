//! Tests of the parameters of an authorization request.

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
fn a_nonce_of_the_caller_is_sent_once_and_checked() -> Result<()> {
    let extra = [("prompt", "login"), ("nonce", "n-1")];
    let login = begun(provider(), CALLBACK, &["openid"], &extra)?;
    assert_eq!(login.nonce(), Some(&Secret::new("n-1")));
    assert_eq!(parameter(&login, "nonce").as_deref(), Some("n-1"));
    let own = begun(provider(), CALLBACK, &["openid"], &extra[..1])?;
    assert_eq!(parameter(&own, "nonce").as_deref(), own.nonce().map(Secret::expose));
    assert!(own.nonce().is_some_and(|nonce| nonce.expose().len() >= 22));
    Ok(())
}

#[test]
fn invalid_redirect_uris_scopes_and_parameters_are_refused() -> Result<()> {
    let refused = |result: Result<Authorization>| matches!(result, Err(Error::Config(_)));
    for uri in [
        "/callback",
        "",
        "https://app.example/cb#x",
        "https://app.example/c b",
        "https://app.example/\u{1}",
    ] {
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
    let row =
        provider().issuer("https://a.example").issuer_in_callback(true).callback_field("realmId");
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

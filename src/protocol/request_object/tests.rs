use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::credentials::Credentials;
use crate::protocol::authorization_request;
use crate::protocol::form::parse;
use crate::provider::AssertionAudience;
use crate::provider::{Provider, ProviderBuilder};
use crate::signing::SigningKey;

const NOW: i64 = 1_795_208_400;
const CALLBACK: &str = "https://client.example.org/cb";

fn provider() -> ProviderBuilder {
    Provider::builder("example")
        .authorization_endpoint("https://server.example.com/authorize?tenant=1")
        .token_endpoint("https://server.example.com/token")
        .issuer("https://server.example.com")
        .signed_requests(true)
}

fn key() -> SigningKey {
    SigningKey::from_pem(include_str!("../../../tests/keys/p256.pem")).unwrap().with_key_id("k1")
}

fn begun(
    provider: ProviderBuilder,
    credentials: &Credentials,
    scopes: &[&str],
    extra: &[(&str, &str)],
    pushed: bool,
) -> Result<(crate::protocol::Authorization, Vec<(String, String)>)> {
    let provider = provider.build()?;
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    let auth = provider.token_request.client_auth;
    let caller = Requester { provider: &provider, credentials, extra: &[], home: None, auth, now };
    let request = authorization_request(&provider, credentials, Some(CALLBACK), scopes, extra)?;
    let authorization = request.signed(&caller, pushed, now)?.in_address()?;
    let query = authorization.url().split_once('?').unwrap().1.to_owned();
    let pairs = parse(&query).into_iter().map(|pair| (pair.name, pair.value));
    Ok((authorization, pairs.collect()))
}

fn get<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    &pairs.iter().find(|(have, _)| have == name).unwrap().1
}

fn part(object: &str, at: usize) -> Value {
    let part = object.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_signed_request_has_its_parameters_inside() -> Result<()> {
    let credentials = Credentials::signed("app", key());
    let extra = [("max_age", "86400"), ("claims", r#"{"id_token":{"acr":null}}"#), ("ui", "7")];
    // The setting for the audience of client assertions does not change the audience of the request
    // object.
    let provider = provider().assertion_audience(AssertionAudience::TokenEndpoint);
    let (login, pairs) = begun(provider, &credentials, &["read", "write"], &extra, false)?;
    assert_eq!(names(&pairs), ["tenant", "client_id", "request"]);
    assert_eq!(get(&pairs, "client_id"), "app");
    let object = get(&pairs, "request");
    assert_eq!(part(object, 0), json!({"alg": "ES256", "typ": KIND, "kid": "k1"}));
    let mut claims = part(object, 1);
    let jti = claims["jti"].take();
    assert!(jti.as_str().is_some_and(|jti| jti.len() >= 16));
    let challenge = crate::protocol::pkce::challenge(login.verifier().unwrap());
    assert_eq!(
        claims,
        json!({
            "iss": "app", "client_id": "app", "aud": "https://server.example.com",
            "iat": NOW, "nbf": NOW - 60, "exp": NOW + 600, "jti": null,
            "response_type": "code", "redirect_uri": CALLBACK, "scope": "read write",
            "state": login.state().expose(), "code_challenge": challenge,
            "code_challenge_method": "S256", "max_age": 86400,
            "claims": {"id_token": {"acr": null}}, "ui": "7",
        })
    );
    assert!(!login.url().contains(login.state().expose()));
    assert_eq!(login.expires_at().unwrap().unix_timestamp(), NOW + 600);
    // Verify the signature with the key.
    let (message, signature) = object.rsplit_once('.').unwrap();
    let key = key();
    let rules = &ring::signature::ECDSA_P256_SHA256_FIXED;
    let public = ring::signature::UnparsedPublicKey::new(rules, key.public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(public.verify(message.as_bytes(), &signature).is_ok());
    Ok(())
}

/// The request object of RFC 9101 section 4 has these claims, except the claims that limit its
/// lifetime.
#[test]
fn the_claims_are_those_of_rfc_9101_section_4() -> Result<()> {
    let example = json!({
        "iss": "s6BhdRkqt3", "aud": "https://server.example.com", "response_type": "code id_token",
        "client_id": "s6BhdRkqt3", "redirect_uri": "https://client.example.org/cb", "scope": "openid",
        "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "max_age": 86400,
    });
    assert_eq!(part(RFC_9101, 1), example);
    let credentials = Credentials::signed("s6BhdRkqt3", key());
    let row = provider().response_type("code id_token").pkce(crate::provider::Pkce::Off);
    let extra = [("nonce", "n-0S6_WzA2Mj"), ("max_age", "86400")];
    let (_, pairs) = begun(row, &credentials, &["openid"], &extra, false)?;
    let mut claims = part(get(&pairs, "request"), 1);
    claims["state"] = "af0ifjsldkj".into();
    for name in ["iat", "nbf", "exp", "jti"] {
        assert!(claims.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    assert_eq!(claims, example);
    Ok(())
}

#[cfg(feature = "oidc")]
#[test]
fn the_signature_of_rfc_9101_section_4_is_verified() {
    use crate::protocol::{KeySet, Signed};
    let set = json!({"keys": [{"kty": "RSA", "kid": "k2bdc", "n": RFC_9101_KEY, "e": "AQAB"}]});
    let set = KeySet::read(set.to_string().as_bytes()).unwrap();
    assert_eq!(set.check(&Signed::read(RFC_9101).unwrap()), Ok(()));
}

const RFC_9101: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsyYmRjIn0.ewogICAgImlzcyI6ICJzNkJoZFJrcXQzIiwKICAgICJhdWQiOiAiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20iLAogICAgInJlc3BvbnNlX3R5cGUiOiAiY29kZSBpZF90b2tlbiIsCiAgICAiY2xpZW50X2lkIjogInM2QmhkUmtxdDMiLAogICAgInJlZGlyZWN0X3VyaSI6ICJodHRwczovL2NsaWVudC5leGFtcGxlLm9yZy9jYiIsCiAgICAic2NvcGUiOiAib3BlbmlkIiwKICAgICJzdGF0ZSI6ICJhZjBpZmpzbGRraiIsCiAgICAibm9uY2UiOiAibi0wUzZfV3pBMk1qIiwKICAgICJtYXhfYWdlIjogODY0MDAKfQ.Nsxa_18VUElVaPjqW_ToI1yrEJ67BgKb5xsuZRVqzGkfKrOIX7BCx0biSxYGmjK9KJPctH1OC0iQJwXu5YVY-vnW0_PLJb1C2HG-ztVzcnKZC2gE4i0vgQcpkUOCpW3SEYXnyWnKzuKzqSb1wAZALo5f89B_p6QA6j6JwBSRvdVsDPdulW8lKxGTbH82czCaQ50rLAg3EYLYaCb4ik4I1zGXE4fvim9FIMs8OCMmzwIB5S-ujFfzwFjoyuPEV4hJnoVUmXR_W9typPf846lGwA8h9G9oNTIuX8Ft2jfpnZdFmLg3_wr3Wa5q3a-lfbgF3S9H_8nN3j1i7tLR_5Nz-g";
#[cfg(feature = "oidc")]
const RFC_9101_KEY: &str = "x5RbkAZkmpRxia65qRQ1wwSMSxQUnS7gcpVTV_cdHmfmG2ltd2yabEO9XadD8pJNZubINPpmgHh3J1aD9WRwS05ucmFq3CfFsluLt13_7oX5yDRSKX7poXmT_5ko8k4NJZPMAO8fPToDTH7kHYbONSE2FYa5GZ60CUsFhSonI-dcMDJ0Ary9lxIw5k2z4TAdARVWcS7sD07VhlMMshrwsPHBQgTatlkxyIHXbYdtak8fqvNAwr7OlVEvM_Ipf5OfmdB8Sd-wjzaBsyP4VhJKoi_qdgSzpC694XZeYPq45Sw-q51iFUlcOlTCI7z6jltUtnR6ySn6XDGFnzH5Fe5ypw";

#[test]
fn openid_needs_two_parameters_outside_unless_it_is_pushed() -> Result<()> {
    let credentials = Credentials::signed("app", key());
    let scopes = ["openid", "email"];
    let (_, pairs) = begun(provider(), &credentials, &scopes, &[], false)?;
    assert_eq!(names(&pairs), ["tenant", "client_id", "response_type", "scope", "request"]);
    assert_eq!(get(&pairs, "scope"), "openid email");
    let (login, pairs) = begun(provider(), &credentials, &scopes, &[], true)?;
    assert_eq!(names(&pairs), ["tenant", "client_id", "request"]);
    assert_eq!(login.expires_at(), None, "the server says how long a pushed request lives");
    Ok(())
}

#[test]
fn a_repeated_resource_is_a_list_inside() -> Result<()> {
    let credentials = Credentials::signed("app", key());
    let extra = ["https://a.example", "https://b.example", "https://c.example"];
    let extra = extra.map(|resource| ("resource", resource));
    let (_, pairs) = begun(provider(), &credentials, &["read"], &extra, false)?;
    let claims = part(get(&pairs, "request"), 1);
    assert_eq!(
        claims["resource"],
        json!(["https://a.example", "https://b.example", "https://c.example"])
    );
    Ok(())
}

#[test]
fn a_missing_key_fails_before_a_person_is_asked() -> Result<()> {
    for credentials in [Credentials::public("app"), Credentials::new("app", "sesame")] {
        let error = begun(provider(), &credentials, &["read"], &[], false).unwrap_err();
        assert!(error.to_string().contains("with_request_signer"), "{error}");
        assert!(matches!(error, Error::Config(_)), "{error:?}");
    }
    // The client authenticates with its secret, so the secret also signs the request object.
    let row = provider().client_auth(ClientAuth::SecretJwt);
    let (_, pairs) = begun(row, &Credentials::new("app", "sesame"), &["read"], &[], false)?;
    assert_eq!(part(get(&pairs, "request"), 0)["alg"], "HS256");
    // The credentials have a secret and a key for requests.
    let credentials = Credentials::new("app", "sesame").with_request_signer(key());
    let (_, pairs) = begun(provider(), &credentials, &["read"], &[], false)?;
    assert_eq!(part(get(&pairs, "request"), 0)["kid"], "k1");
    Ok(())
}

#[test]
fn a_parameter_that_no_request_object_may_have_is_refused() {
    let credentials = Credentials::signed("app", key());
    for name in RESERVED {
        let error = begun(provider(), &credentials, &["read"], &[(name, "x")], false).unwrap_err();
        assert!(error.to_string().contains("RFC 9101"), "{name}: {error}");
    }
}

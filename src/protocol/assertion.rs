//! Signed client assertions (RFC 7521, RFC 7523), and the check whether a wrong clock may have caused
//! a refusal.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use super::requester::Requester;
use crate::clock::later;
use crate::error::{Error, Result};
use crate::provider::{AssertionAudience, ClientAuth, Provider};
use crate::secret::{Secret, random_id};
use crate::signing::Signer;
use crate::stored_json::parse;

pub(super) const CLIENT_ASSERTION_TYPE: &str =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The lifetime of a client assertion, which is used only once, immediately.
const CLIENT_LIFETIME: Duration = Duration::from_secs(60);

/// Makes the assertion with which a client authenticates (RFC 7523 section 3; `jti` by OpenID Connect
/// Core section 9), with a new `jti` for each request. Returns `None` for a client that authenticates in
/// another way.
pub(super) fn client_assertion(caller: &Requester<'_>) -> Result<Option<Secret>> {
    let Requester { provider, credentials, now, .. } = *caller;
    let claims = || {
        json!({
            "iss": credentials.id(),
            "sub": credentials.id(),
            "aud": audience(provider),
            "jti": random_id(),
            "iat": now.unix_timestamp(),
            "exp": later(now, CLIENT_LIFETIME).unix_timestamp(),
        })
    };
    let kind = provider.token_request.assertion_type.as_deref();
    match (credentials.signer(), caller.auth) {
        (Some(signer), _) => signed(&*signer.0, kind, &claims()).map(Some),
        (None, ClientAuth::SecretJwt) => {
            let secret = credentials.secret().ok_or_else(|| {
                Error::config("client_secret_jwt needs the client secret (OpenID Connect Core 9)")
            })?;
            Ok(Some(signed_by_secret(secret, kind, &claims())))
        }
        (None, ClientAuth::PrivateKeyJwt) => Err(Error::config(
            "private_key_jwt needs a key: make the credentials with Credentials::signed",
        )),
        (None, _) => Ok(None),
    }
}

/// The audience of an assertion: one string, never a list. The draft that updates RFC 7523 requires
/// this, and glewlwyd 2.7.5 refuses every other form.
pub(super) fn audience(provider: &Provider) -> &str {
    match (&provider.token_request.assertion_audience, &provider.endpoints.issuer) {
        (AssertionAudience::Text(text), _) => text,
        (AssertionAudience::Issuer, Some(issuer)) => issuer,
        _ => &provider.endpoints.token,
    }
}

fn header(algorithm: &str, key_id: Option<&str>, kind: Option<&str>) -> Value {
    let mut header = json!({ "alg": algorithm, "typ": kind.unwrap_or("JWT") });
    if let (Some(key_id), Some(members)) = (key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), key_id.into());
    }
    header
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(super) fn signed(signer: &dyn Signer, kind: Option<&str>, claims: &Value) -> Result<Secret> {
    let message = message(&header(signer.algorithm().name(), signer.key_id(), kind), claims);
    let signature = signer
        .sign(message.as_bytes())
        .map_err(|error| Error::config(format!("signing with the client's key failed: {error}")))?;
    Ok(Secret::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// Signs with HS256. The key is the secret in UTF-8 (OpenID Connect Core section 9).
pub(super) fn signed_by_secret(secret: &Secret, kind: Option<&str>, claims: &Value) -> Secret {
    let message = message(&header("HS256", None, kind), claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signature = hmac::sign(&key, message.as_bytes());
    Secret::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Whether an error may come from a wrong clock on this machine: the server refused the client's
/// assertion, or the assertion of the grant (RFC 7523 sections 3.1 and 3.2). Neither refusal uses up the
/// refresh token.
pub(crate) fn may_be_our_clock(status: u16, body: &[u8], of_grant: bool) -> bool {
    let value = parse(body).unwrap_or_default();
    let code = value.get("error").and_then(Value::as_str);
    (400..500).contains(&status)
        && (code == Some("invalid_client") || of_grant && code == Some("invalid_grant"))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::credentials::Credentials;
    use crate::error::BoxError;
    use crate::provider::ProviderBuilder;
    use crate::signing::{Algorithm, SigningKey};

    const NOW: i64 = 1_795_208_400;

    fn key() -> SigningKey {
        SigningKey::from_pem(include_str!("../../tests/keys/p256.pem")).unwrap().with_key_id("k1")
    }

    fn provider() -> ProviderBuilder {
        Provider::builder("example").token_endpoint("https://as.example/token")
    }

    fn caller<'a>(provider: &'a Provider, credentials: &'a Credentials) -> Requester<'a> {
        let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
        Requester {
            provider,
            credentials,
            extra: &[],
            home: None,
            auth: provider.client_auth(),
            now,
        }
    }

    fn parts(jwt: &str) -> [Value; 2] {
        let mut parts = jwt.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        [(); 2].map(|()| serde_json::from_slice(&parts.next().unwrap()).unwrap())
    }

    fn assertion(provider: ProviderBuilder, credentials: &Credentials) -> [Value; 2] {
        let provider = provider.build().unwrap();
        let jwt = client_assertion(&caller(&provider, credentials)).unwrap().unwrap();
        parts(jwt.expose())
    }

    #[test]
    fn a_client_assertion_has_standard_claims_and_a_new_jti() {
        let credentials = Credentials::signed("app7", key());
        let known = provider().issuer("https://as.example");
        let [header, claims] = assertion(known.clone(), &credentials);
        assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": "k1"}));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app7"), &json!("app7")));
        assert_eq!(claims["aud"], "https://as.example", "the audience is one string, the issuer");
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 60)));
        let members: Vec<_> = claims.as_object().unwrap().keys().collect();
        assert_eq!(members, ["aud", "exp", "iat", "iss", "jti", "sub"], "and no nbf");
        assert_ne!(assertion(known, &credentials)[1]["jti"], claims["jti"]);
    }

    #[test]
    fn the_audience_is_the_issuer_or_the_providers_setting() {
        let credentials = Credentials::signed("app7", key());
        let known = || provider().issuer("https://as.example");
        for (provider, audience) in [
            (provider(), "https://as.example/token"),
            (
                known().assertion_audience(AssertionAudience::TokenEndpoint),
                "https://as.example/token",
            ),
            (known().assertion_audience(AssertionAudience::Text("urn:x".to_owned())), "urn:x"),
        ] {
            assert_eq!(assertion(provider, &credentials)[1]["aud"], audience);
        }
        let kind = known().assertion_type("client-authentication+jwt");
        assert_eq!(assertion(kind, &credentials)[0]["typ"], "client-authentication+jwt");
    }

    #[test]
    fn a_secret_signs_with_its_utf_8_and_is_not_sent() {
        let credentials = Credentials::new("app7", "sécret-of-32-bytes-or-more-in-all");
        let provider = provider().client_auth(ClientAuth::SecretJwt).build().unwrap();
        let jwt = client_assertion(&caller(&provider, &credentials)).unwrap().unwrap();
        assert_eq!(parts(jwt.expose())[0]["alg"], "HS256");
        let (message, signature) = jwt.expose().rsplit_once('.').unwrap();
        let secret = credentials.secret().unwrap().expose();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(hmac::verify(&key, message.as_bytes(), &signature).is_ok());
        let none = Credentials::public("app7");
        for auth in [ClientAuth::SecretJwt, ClientAuth::PrivateKeyJwt] {
            let provider = provider.to_builder().client_auth(auth).build().unwrap();
            let error = client_assertion(&caller(&provider, &none)).err().unwrap();
            assert!(matches!(error, Error::Config(_)), "{error:?}");
        }
    }

    #[test]
    fn a_request_has_the_assertion_once_and_no_other_authentication() {
        let credentials = Credentials::signed("app7", key());
        let provider = provider().build().unwrap();
        let scopes = ["read".to_owned()];
        let caller = caller(&provider, &credentials);
        let request = super::super::grant::client_credentials(&caller, &scopes).unwrap();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(body.starts_with(
            "grant_type=client_credentials&scope=read&client_id=app7&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=ey"
        ));
        assert!(!body.contains("client_secret"));
        assert!(!request.headers.iter().any(|(name, _)| *name == "Authorization"));
    }

    #[test]
    fn a_custom_signer_signs_or_returns_its_error() {
        struct Module(bool);
        impl Signer for Module {
            fn algorithm(&self) -> Algorithm {
                Algorithm::EdDsa
            }
            fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BoxError> {
                if self.0 { Ok(message[..4].to_vec()) } else { Err("the module is locked".into()) }
            }
        }
        let provider = provider().build().unwrap();
        let credentials = Credentials::signed("app7", Module(true));
        let jwt = client_assertion(&caller(&provider, &credentials)).unwrap().unwrap();
        assert!(
            jwt.expose().ends_with(&format!(".{}", URL_SAFE_NO_PAD.encode(&jwt.expose()[..4])))
        );
        assert_eq!(parts(jwt.expose())[0], json!({"alg": "EdDSA", "typ": "JWT"}));
        let locked = Credentials::signed("app7", Module(false));
        let error = client_assertion(&caller(&provider, &locked)).err().unwrap();
        assert!(error.to_string().contains("the module is locked"), "{error}");
    }

    #[test]
    fn only_a_refused_assertion_may_mean_a_wrong_clock() {
        let body = |code: &str| format!(r#"{{"error":"{code}"}}"#).into_bytes();
        assert!(may_be_our_clock(401, &body("invalid_client"), false));
        assert!(may_be_our_clock(400, &body("invalid_grant"), true));
        assert!(
            !may_be_our_clock(400, &body("invalid_grant"), false),
            "a refresh token is used once"
        );
        assert!(!may_be_our_clock(500, &body("invalid_client"), true));
        assert!(!may_be_our_clock(200, &body("invalid_client"), true));
        assert!(!may_be_our_clock(400, b"", true));
    }
}

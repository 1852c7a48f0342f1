//! Checks the signed JWTs of clients (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde_json::{Map, Value};

use super::server::Server;
use super::token_endpoint::TokenCall;
use super::tokens::{Now, Refused};
use crate::provider::ClientAuth;
use crate::signing::{Algorithm, Signer as _, SigningKey};

/// The public half of a client's key.
#[derive(Clone)]
pub(super) struct ClientKey {
    algorithm: Algorithm,
    public: Vec<u8>,
    key_id: Option<String>,
}

impl ClientKey {
    pub(super) fn of(key: &SigningKey) -> ClientKey {
        ClientKey {
            algorithm: key.algorithm(),
            public: key.public_key().to_vec(),
            key_id: key.key_id().map(str::to_owned),
        }
    }

    fn verify(&self, header: &Value, message: &[u8], signed: &[u8]) -> bool {
        let algorithm: &dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::EdDsa => &signature::ED25519,
        };
        // The algorithm comes from the registered key, never from the token.
        header["alg"] == self.algorithm.name()
            && header["kid"].as_str() == self.key_id.as_deref()
            && signature::UnparsedPublicKey::new(algorithm, &self.public)
                .verify(message, signed)
                .is_ok()
    }
}

impl Server {
    /// Whether the assertion names this client and this server, is valid now, and was not used before.
    pub(super) fn is_authenticated(&mut self, now: Now, call: &TokenCall) -> bool {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let Some(assertion) = call.parameter("client_assertion") else { return false };
        let with_secret = self.settings.client_auth == ClientAuth::SecretJwt;
        let id = self.settings.client_id.clone();
        call.parameter("client_assertion_type") == Some(kind)
            && call.header("authorization").is_none()
            && call.parameter("client_secret").is_none()
            && self.claims(now, assertion, with_secret).is_some_and(|claims| {
                claims.get("iss").and_then(Value::as_str) == Some(&id)
                    && claims.get("sub").and_then(Value::as_str) == Some(&id)
            })
    }

    /// Checks the assertion of a JWT bearer grant. Returns the subject and the scope of the assertion.
    pub(super) fn jwt_bearer(
        &mut self,
        now: Now,
        assertion: &str,
    ) -> Result<(Option<String>, Option<String>), Refused> {
        let refused = Refused::new("invalid_grant", "the assertion is not good");
        let claims = self.claims(now, assertion, false).ok_or(refused)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok((text("sub"), text("scope")))
    }

    fn claims(&mut self, now: Now, jwt: &str, with_secret: bool) -> Option<Map<String, Value>> {
        let (message, signed) = jwt.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
        let signed = decoded(signed)?;
        let genuine = if with_secret {
            let secret = self.settings.client_secret.as_deref().unwrap_or_default();
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            header["alg"] == "HS256" && hmac::verify(&key, message.as_bytes(), &signed).is_ok()
        } else {
            self.settings.client_key.as_ref()?.verify(&header, message.as_bytes(), &signed)
        };
        let claims: Map<String, Value> = serde_json::from_slice(&decoded(claims)?).ok()?;
        let wall = now.wall.unix_timestamp().saturating_add(self.clock_offset);
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        // The audience must be a single string, not a list, as the draft that updates RFC 7523 requires.
        let audience = claims.get("aud").and_then(Value::as_str)?;
        let (issuer, endpoint) = (self.url.as_str(), format!("{}/token", self.url));
        let in_time = time("exp")? > wall && time("iat")? <= wall + 5 && time("iat")? > wall - 300;
        let good = genuine && in_time && (audience == issuer || audience == endpoint);
        let id = claims.get("jti").and_then(Value::as_str)?.to_owned();
        (good && self.seen_assertions.insert(id)).then_some(claims)
    }
}

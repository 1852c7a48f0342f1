//! Keys and other signers of JWTs.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{BoxError, Error, Result};

/// How a JWT is signed: the value of its `alg` (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256; the signature is R and S, 64 bytes.
    Es256,
    /// RSA, PKCS #1 version 1.5, with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The name in the header of a JWT.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Es256 => "ES256",
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::EdDsa => "EdDSA",
        }
    }
}

/// Signs JWTs for a client. [`SigningKey`] signs with a key in memory; implement this trait for a key in a
/// hardware module or another process.
pub trait Signer: Send + Sync {
    /// The algorithm of the signatures.
    fn algorithm(&self) -> Algorithm;

    /// The name under which the server knows the key (`kid`), if the key has a name.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// Signs a message, not its hash. The signature has the form of RFC 7518 section 3: for ECDSA, R
    /// and S one after the other.
    ///
    /// # Errors
    ///
    /// Fails when the message cannot be signed. No request is sent in this case.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BoxError>;
}

/// A signer that credentials share.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<dyn Signer>);

impl PartialEq for Shared {
    fn eq(&self, other: &Shared) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Shared {}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("algorithm", &self.0.algorithm())
            .field("key_id", &self.0.key_id())
            .finish_non_exhaustive()
    }
}

/// A private key in memory: P-256, RSA of 2048 to 4096 bits, or Ed25519. `Debug` does not show the key.
pub struct SigningKey {
    pair: Pair,
    pss: bool,
    key_id: Option<String>,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// Reads a key as PKCS #8 in PEM (`-----BEGIN PRIVATE KEY-----`), or an RSA key as PKCS #1. The kind
    /// of key decides the algorithm.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for text without a private key, for a key that is encrypted or in another
    /// format, such as SEC1 or OpenSSH, and for a key that is neither P-256, nor RSA, nor Ed25519. If a
    /// command can convert the key, the error names the command. The error shows nothing of the key.
    pub fn from_pem(pem: &str) -> Result<SigningKey> {
        let no = |text: &str| Err(Error::config(format!("the private key {text}")));
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return no("is encrypted; decrypt it with: openssl pkcs8 -in key.pem -out plain.pem");
        }
        // The old form of encryption (RFC 1421), for PKCS #1 and SEC1.
        if pem.contains("Proc-Type:") && pem.contains("ENCRYPTED") {
            return no("is encrypted; decrypt it with: openssl pkey -in key.pem -out plain.pem");
        }
        if pem.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            return no(
                "is in OpenSSH's own form; convert a copy with: ssh-keygen -p -m PKCS8 -f key",
            );
        }
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
            let Ok((kind, der)) = section else { return no("is not whole PEM") };
            let der = Zeroizing::new(der);
            match kind {
                SectionKind::PrivateKey => return SigningKey::from_pkcs8_der(&der),
                SectionKind::RsaPrivateKey => {
                    let pair = RsaKeyPair::from_der(&der).map_err(|error| rejected(&[error]))?;
                    return Ok(SigningKey::new(Pair::Rsa(pair)));
                }
                SectionKind::EcPrivateKey => {
                    return no(
                        "is in the form SEC1 (BEGIN EC PRIVATE KEY); convert it with: openssl pkcs8 \
                         -topk8 -nocrypt -in key.pem -out key.pkcs8.pem",
                    );
                }
                _ => {}
            }
        }
        no("is missing: there is no section BEGIN PRIVATE KEY in the text")
    }

    /// Reads a key as PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for bytes that are not a key of one of the three kinds of [`SigningKey`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<SigningKey> {
        let p256 = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = match EcdsaKeyPair::from_pkcs8(p256, der, &SystemRandom::new()) {
            Ok(pair) => return Ok(SigningKey::new(Pair::Ec(pair))),
            Err(error) => error,
        };
        // OpenSSL leaves the public half out of an Ed25519 key.
        let ed = match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(pair) => return Ok(SigningKey::new(Pair::Ed(pair))),
            Err(error) => error,
        };
        match RsaKeyPair::from_pkcs8(der) {
            Ok(pair) => Ok(SigningKey::new(Pair::Rsa(pair))),
            Err(rsa) => Err(rejected(&[ec, ed, rsa])),
        }
    }

    fn new(pair: Pair) -> SigningKey {
        SigningKey { pair, pss: false, key_id: None }
    }

    /// Sets the name under which the server knows the key (`kid`).
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> SigningKey {
        self.key_id = Some(key_id.into());
        self
    }

    /// Makes an RSA key sign with RSA-PSS (PS256). A P-256 or Ed25519 key does not change.
    #[must_use]
    pub fn with_pss(mut self) -> SigningKey {
        self.pss = true;
        self
    }

    /// The public half as a JWK (RFC 7517), for registering the client at a server: with `alg`, `use`
    /// and, if there is one, `kid`.
    pub fn public_jwk(&self) -> Value {
        let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Ec(pair) => {
                // The public key is the byte 4, then X and Y (SEC 1 section 2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key().as_ref())})
            }
            Pair::Rsa(pair) => {
                let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": base64(&public.n), "e": base64(&public.e)})
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("alg".to_owned(), self.algorithm().name().into());
            members.insert("use".to_owned(), "sig".into());
            if let Some(key_id) = &self.key_id {
                members.insert("kid".to_owned(), key_id.as_str().into());
            }
        }
        jwk
    }

    /// The public half as ring reads it.
    #[cfg(any(test, feature = "sandbox"))]
    pub(crate) fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Ed(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        }
    }
}

/// The error for a key that ring rejects. The message contains ring's reason and no part of the key.
fn rejected(errors: &[ring::error::KeyRejected]) -> Error {
    let reasons = errors.iter().map(ToString::to_string);
    let reason = reasons.into_iter().find(|reason| reason != "WrongAlgorithm");
    Error::config(match reason {
        Some(reason) => format!("the private key cannot be used: {reason}"),
        None => "the private key is neither P-256, nor RSA, nor Ed25519".to_owned(),
    })
}

impl Signer for SigningKey {
    fn algorithm(&self) -> Algorithm {
        match &self.pair {
            Pair::Ec(_) => Algorithm::Es256,
            Pair::Rsa(_) if self.pss => Algorithm::Ps256,
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::Ed(_) => Algorithm::EdDsa,
        }
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BoxError> {
        let random = SystemRandom::new();
        let failed = |_| BoxError::from("the key did not sign");
        match &self.pair {
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn signature::RsaEncoding = if self.pss {
                    &signature::RSA_PSS_SHA256
                } else {
                    &signature::RSA_PKCS1_SHA256
                };
                pair.sign(padding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = include_str!("../tests/keys/p256.pem");
    const RSA: &str = include_str!("../tests/keys/rsa2048.pem");
    const ED25519: &str = include_str!("../tests/keys/ed25519.pem");

    fn refusal(pem: &str) -> String {
        match SigningKey::from_pem(pem) {
            Err(Error::Config(text)) => text.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_of_key_signs_with_its_algorithm() -> Result<(), BoxError> {
        let algorithms: [(&str, bool, &str, &dyn signature::VerificationAlgorithm, usize); 4] = [
            (P256, false, "ES256", &signature::ECDSA_P256_SHA256_FIXED, 64),
            (RSA, false, "RS256", &signature::RSA_PKCS1_2048_8192_SHA256, 256),
            (RSA, true, "PS256", &signature::RSA_PSS_2048_8192_SHA256, 256),
            (ED25519, false, "EdDSA", &signature::ED25519, 64),
        ];
        for (pem, pss, name, algorithm, length) in algorithms {
            let mut key = SigningKey::from_pem(pem)?.with_key_id("k1");
            if pss {
                key = key.with_pss();
            }
            assert_eq!(key.algorithm().name(), name);
            let signed = key.sign(b"message")?;
            assert_eq!(signed.len(), length, "{name}");
            let public = signature::UnparsedPublicKey::new(algorithm, key.public_key());
            assert!(public.verify(b"message", &signed).is_ok(), "{name}");
            assert!(public.verify(b"massage", &signed).is_err(), "{name}");
            let jwk = key.public_jwk();
            assert_eq!(
                (&jwk["alg"], &jwk["kid"], &jwk["use"]),
                (&name.into(), &"k1".into(), &"sig".into())
            );
            let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
            let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
            assert!(members.iter().all(|member| !private.contains(member)), "{members:?}");
            assert!(!format!("{key:?}").contains("MI"), "{key:?}");
        }
        Ok(())
    }

    #[test]
    fn the_public_jwk_has_the_whole_public_key() -> Result<(), BoxError> {
        let jwk = SigningKey::from_pem(P256)?.public_jwk();
        for name in ["x", "y"] {
            let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap_or_default())?;
            assert_eq!(bytes.len(), 32, "{name}");
        }
        let jwk = SigningKey::from_pem(RSA)?.public_jwk();
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap_or_default())?.len(), 256);
        Ok(())
    }

    #[test]
    fn a_pkcs_1_key_and_text_around_a_key_are_accepted() {
        let pkcs1 = include_str!("../tests/keys/rsa2048.pkcs1.pem");
        assert_eq!(SigningKey::from_pem(pkcs1).unwrap().algorithm(), Algorithm::Rs256);
        let around = format!("a comment\r\n{}\nand more", P256.replace('\n', "\r\n"));
        assert_eq!(SigningKey::from_pem(&around).unwrap().algorithm(), Algorithm::Es256);
    }

    #[test]
    fn the_error_for_another_key_form_says_how_to_convert_it() {
        let sec1 = refusal(include_str!("../tests/keys/p256.sec1.pem"));
        assert!(
            sec1.contains("openssl pkcs8 -topk8 -nocrypt -in key.pem -out key.pkcs8.pem"),
            "{sec1}"
        );
        let with_parameters = format!(
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
            include_str!("../tests/keys/p256.sec1.pem")
        );
        assert!(refusal(&with_parameters).contains("SEC1"));
        let encrypted = refusal(include_str!("../tests/keys/p256.encrypted.pem"));
        assert!(encrypted.contains("openssl pkcs8 -in key.pem -out plain.pem"), "{encrypted}");
        assert!(refusal("-----BEGIN OPENSSH PRIVATE KEY-----").contains("ssh-keygen"));
        assert!(refusal(include_str!("../tests/keys/p256.pub.pem")).contains("missing"));
        assert!(refusal(include_str!("../tests/keys/p384.pem")).contains("neither P-256"));
        assert!(refusal(include_str!("../tests/keys/rsa1024.pem")).contains("cannot be used"));
        for text in ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA", "{}"] {
            assert!(refusal(text).starts_with("the private key"), "{text}");
        }
    }

    #[test]
    fn no_error_about_a_key_shows_any_of_it() {
        for pem in [P256, RSA, ED25519] {
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            for cut in (0..pem.len()).step_by(7) {
                let Err(error) = SigningKey::from_pem(&pem[..cut]) else { continue };
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains(&body[8..24]), "{shown}");
            }
        }
    }
}

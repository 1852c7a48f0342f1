//! The key pair with the feature `dpop`.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
#[cfg(test)]
use ring::signature::KeyPair as _;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::stored_json::{parse, wipe};

/// The position of the private key in the PKCS #8 document that ring makes for P-256.
const PRIVATE: std::ops::Range<usize> = 36..68;

/// A P-256 key pair. Clones share the memory; `Debug` shows only the thumbprint.
#[derive(Clone)]
pub(crate) struct ProofKey(Arc<Inner>);

struct Inner {
    pair: EcdsaKeyPair,
    /// The private JWK (RFC 7518 section 6.2.2).
    jwk: Secret,
    /// The public JWK, with the members that a thumbprint covers, in their order (RFC 7638 section 3.2).
    public: String,
}

impl ProofKey {
    /// Makes a new key pair.
    pub(crate) fn generate() -> Result<ProofKey> {
        let random = SystemRandom::new();
        let failed = |_| Error::config("the system has no random numbers for a key");
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let document = document.map_err(failed)?;
        let document = document.as_ref();
        let private = document.get(PRIVATE).unwrap_or_default();
        // The document ends with the public key: the byte 4, then X and Y (SEC 1 section 2.3.3).
        let point = document.len().checked_sub(64).map(|at| document.split_at(at).1);
        let (x, y) = point.unwrap_or_default().split_at(point.map_or(0, |_| 32));
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let private = Zeroizing::new(encoded(private));
        let mut jwk = json!({
            "kty": "EC",
            "crv": "P-256",
            "x": encoded(x),
            "y": encoded(y),
            "d": private.as_str(),
        });
        let text = Secret::new(jwk.to_string());
        wipe(&mut jwk);
        ProofKey::from_jwk(&text)
    }

    /// Reads a private JWK. The error shows nothing of the key.
    pub(crate) fn from_jwk(jwk: &Secret) -> Result<ProofKey> {
        let wrong = || Error::config("the DPoP key is not a private JWK of the curve P-256");
        let mut value = parse(jwk.expose().as_bytes()).unwrap_or_default();
        let member = |name: &str| value.get(name).and_then(Value::as_str);
        let decoded = |name: &str| {
            let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(member(name)?).ok()?);
            (bytes.len() == 32).then_some(bytes)
        };
        let is_p256 = member("kty") == Some("EC") && member("crv") == Some("P-256");
        let read = || Some([decoded("x")?, decoded("y")?, decoded("d")?]);
        let [x, y, private] = read().filter(|_| is_p256).ok_or_else(wrong)?;
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public =
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encoded(&x), encoded(&y));
        wipe(&mut value);
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private,
            &point,
            &SystemRandom::new(),
        );
        let pair = pair.map_err(|_| wrong())?;
        Ok(ProofKey(Arc::new(Inner { pair, jwk: jwk.clone(), public })))
    }

    /// The private JWK, as it is stored.
    pub(crate) fn jwk(&self) -> &Secret {
        &self.0.jwk
    }

    /// The public JWK as JSON.
    pub(crate) fn public_jwk(&self) -> &str {
        &self.0.public
    }

    /// The SHA-256 thumbprint of the public key (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        let digest = digest::digest(&digest::SHA256, self.0.public.as_bytes());
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Signs a message with ES256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature = self.0.pair.sign(&SystemRandom::new(), message);
        let failed = |_| Error::config("the DPoP key did not sign");
        Ok(signature.map_err(failed)?.as_ref().to_vec())
    }

    #[cfg(test)]
    pub(crate) fn point(&self) -> &[u8] {
        self.0.pair.public_key().as_ref()
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKey").field("thumbprint", &self.thumbprint()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn a_new_key_signs_and_can_be_read_again() -> Result<()> {
        let (key, other) = (ProofKey::generate()?, ProofKey::generate()?);
        let back = ProofKey::from_jwk(key.jwk())?;
        assert_eq!(back.thumbprint(), key.thumbprint());
        assert_ne!(other.thumbprint(), key.thumbprint());
        let signature = back.sign(b"message")?;
        assert_eq!(signature.len(), 64);
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point());
        assert!(public.verify(b"message", &signature).is_ok());
        assert!(public.verify(b"massage", &signature).is_err());
        Ok(())
    }

    #[test]
    fn the_public_part_has_no_private_member() -> Result<()> {
        let key = ProofKey::generate()?;
        let private: Value = key.jwk().expose().parse().unwrap();
        let public: Value = key.public_jwk().parse().unwrap();
        let names: Vec<_> = public.as_object().unwrap().keys().collect();
        assert_eq!(names, ["crv", "kty", "x", "y"]);
        let shown = format!("{key:?} {}", key.public_jwk());
        assert!(!shown.contains(private["d"].as_str().unwrap()), "{shown}");
        Ok(())
    }

    #[test]
    fn a_key_that_is_no_p256_pair_is_refused_without_being_shown() -> Result<()> {
        let (key, other) = (ProofKey::generate()?, ProofKey::generate()?);
        let read = |jwk: &Secret| jwk.expose().parse::<Value>().unwrap();
        let (good, other) = (read(key.jwk()), read(other.jwk()));
        let mut bad = vec!["".to_owned(), "{}".to_owned(), "[1]".to_owned(), "no".to_owned()];
        for (name, value) in [
            ("kty", json!("OKP")),
            ("crv", json!("P-384")),
            ("x", json!(1)),
            ("y", json!("AAAA")),
            ("d", other["d"].clone()),
            ("d", Value::Null),
        ] {
            let mut jwk = good.clone();
            jwk[name] = value;
            bad.push(jwk.to_string());
        }
        // The bytes of the same point, divided at another place.
        let decoded = |name: &str| URL_SAFE_NO_PAD.decode(good[name].as_str().unwrap()).unwrap();
        let point = [decoded("x"), decoded("y")].concat();
        let mut shifted = good.clone();
        shifted["x"] = URL_SAFE_NO_PAD.encode(&point[..33]).into();
        shifted["y"] = URL_SAFE_NO_PAD.encode(&point[33..]).into();
        bad.push(shifted.to_string());
        for jwk in bad {
            let error = ProofKey::from_jwk(&Secret::new(jwk)).unwrap_err().to_string();
            assert!(error.starts_with("the DPoP key"), "{error}");
            assert!(!error.contains(good["d"].as_str().unwrap()), "{error}");
        }
        Ok(())
    }

    /// RFC 9449 section 6.1 gives the thumbprint (RFC 7638) of its example key.
    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        let (x, y) = (
            "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        );
        // The private half of the example is not public, so only the text is compared.
        let public = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let digest = digest::digest(&digest::SHA256, public.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(digest), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let key = ProofKey::generate().unwrap();
        let value: Value = key.public_jwk().parse().unwrap();
        let [x, y] = ["x", "y"].map(|name| value[name].as_str().unwrap().to_owned());
        assert_eq!(
            key.public_jwk(),
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        );
    }
}

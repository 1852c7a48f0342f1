//! The key set of a server (RFC 7517), and the check of a JWT's signature by a key of the set (RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value};

use super::clean;
use super::id_token::{may_be_issuer, members_of, parts};
use crate::error::IdTokenError;
use crate::stored_json::{object, parse};

/// The longest ID token that is checked, in bytes.
const LONGEST: usize = 64 << 10;
/// How many keys a set may have. A set with more keys is refused: a token without `kid` is checked with each
/// key.
const MOST_KEYS: usize = 100;

/// How a signature is checked: the kind of key, and the algorithm of ring.
#[derive(Clone, Copy)]
enum Method {
    /// RSA, with a key of 2048 to 8192 bits.
    Rsa(&'static RsaParameters),
    /// An elliptic-curve key of the curve with this name.
    Curve(&'static str, &'static dyn signature::VerificationAlgorithm),
}

/// The method of an algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864). `None` for `none`, for an algorithm
/// with a shared secret, and for an unknown algorithm.
fn method(algorithm: &str) -> Option<Method> {
    use Method::{Curve, Rsa};
    Some(match algorithm {
        "RS256" => Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => Curve("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => Curve("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "EdDSA" | "Ed25519" => Curve("Ed25519", &signature::ED25519),
        _ => return None,
    })
}

/// The one name of an algorithm with two names: `Ed25519` is `EdDSA` with this curve (RFC 9864).
fn one_name(algorithm: &str) -> &str {
    if algorithm == "Ed25519" { "EdDSA" } else { algorithm }
}

/// A signed JWT whose header has been read. No part of the JWT is verified yet.
pub(crate) struct Signed<'a> {
    algorithm: String,
    method: Method,
    key_id: Option<String>,
    message: &'a [u8],
    signature: Vec<u8>,
    issuer: Option<String>,
}

impl Signed<'_> {
    /// Reads the header. Refuses an algorithm that is not a public-key signature, a header with `crit`
    /// (RFC 7515 section 4.1.11), and a JWT of a type other than ID token (RFC 8725 section 3.11).
    /// Ignores keys and addresses of keys in the header.
    pub(crate) fn read(token: &str) -> Result<Signed<'_>, IdTokenError> {
        use IdTokenError::Unreadable;
        if token.len() > LONGEST {
            return Err(Unreadable("it is longer than 64 KiB"));
        }
        let [head, payload, signature] = parts(token).map_err(Unreadable)?;
        let header = members_of(head).ok_or(Unreadable("its header is not a JSON object"))?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = text("alg").filter(|name| !name.is_empty());
        let algorithm = algorithm.ok_or(Unreadable("its header names no algorithm"))?;
        let Some(method) = method(algorithm) else {
            return Err(IdTokenError::Algorithm(clean(algorithm).unwrap_or_default()));
        };
        if header.contains_key("crit") {
            return Err(Unreadable("its header has a critical member (crit) that is not known"));
        }
        let kind = header.get("typ").map(|kind| kind.as_str().unwrap_or_default());
        let is_jwt = |kind: &str| {
            let kind = kind.to_ascii_lowercase();
            kind.strip_prefix("application/").unwrap_or(&kind) == "jwt"
        };
        if kind.is_some_and(|kind| !is_jwt(kind)) {
            return Err(Unreadable("its header says that it is another type of token (typ)"));
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(key_id)) => Some(key_id.clone()),
            Some(_) => return Err(Unreadable("its kid is not a string")),
        };
        let bytes = URL_SAFE_NO_PAD.decode(signature);
        let bytes = bytes.map_err(|_| Unreadable("its signature is not base64url"))?;
        let message = &token[..token.len() - signature.len() - 1];
        let claims = members_of(payload).unwrap_or_default();
        // A logout token may have no type of its own; its claim `events` shows that it is not an ID
        // token (OpenID Connect Back-Channel Logout section 2.4, RFC 8725 section 3.12).
        if claims.contains_key("events") {
            return Err(Unreadable(
                "it is a logout token or another security event, not an ID token",
            ));
        }
        Ok(Signed {
            method,
            key_id,
            message: message.as_bytes(),
            signature: bytes,
            issuer: claims.get("iss").and_then(Value::as_str).map(str::to_owned),
            algorithm: algorithm.to_owned(),
        })
    }
}

/// The public keys of a server that can check a signature.
#[derive(Default)]
pub(crate) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    /// The only algorithm of the key, if the set names one.
    algorithm: Option<String>,
    /// The issuer whose tokens the key signs. Microsoft's sets for all tenants have this member.
    issuer: Option<String>,
    public: Public,
}

enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Curve(&'static str, Vec<u8>),
}

impl KeySet {
    /// Reads a set. Keys of an unknown kind, for another use, or without a needed member are left out (RFC
    /// 7517 section 5).
    pub(crate) fn read(body: &[u8]) -> Result<KeySet, &'static str> {
        let members = parse(body).and_then(object).ok_or("it is not a JSON object")?;
        let Some(Value::Array(keys)) = members.get("keys") else {
            return Err("it has no list of keys");
        };
        if keys.len() > MOST_KEYS {
            return Err("it has more than 100 keys");
        }
        let keys = keys.iter().filter_map(Value::as_object);
        Ok(KeySet(keys.filter_map(Key::read).collect()))
    }

    /// Checks the signature with each key that fits the header of the token.
    pub(crate) fn check(&self, signed: &Signed<'_>) -> Result<(), IdTokenError> {
        let mut fitting = self.0.iter().filter(|key| key.fits(signed)).peekable();
        if fitting.peek().is_none() {
            return Err(IdTokenError::NoKey);
        }
        match fitting.any(|key| key.verifies(signed)) {
            true => Ok(()),
            false => Err(IdTokenError::Signature),
        }
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Key> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let owned = |name: &str| text(name).map(str::to_owned);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
        let for_signatures = text("use").is_none_or(|purpose| purpose == "sig");
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        let verifies = operations.is_none_or(|list| list.iter().any(|name| name == "verify"));
        if !for_signatures || !verifies {
            return None;
        }
        // The byte 4, then X and Y in full length (SEC 1 section 2.3.3, RFC 7518 section 6.2.1.2).
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == length && y.len() == length).then(|| [&[4], &*x, &*y].concat())
        };
        let public = match (text("kty")?, text("crv")) {
            ("RSA", _) => Public::Rsa { n: number(bytes("n")?), e: number(bytes("e")?) },
            ("EC", Some("P-256")) => Public::Curve("P-256", point(32)?),
            ("EC", Some("P-384")) => Public::Curve("P-384", point(48)?),
            ("OKP", Some("Ed25519")) => {
                Public::Curve("Ed25519", bytes("x").filter(|x| x.len() == 32)?)
            }
            _ => return None,
        };
        Some(Key { id: owned("kid"), algorithm: owned("alg"), issuer: owned("issuer"), public })
    }

    /// Whether the token may be signed with this key: by its kind, and by the `kid`, `alg` and `issuer` that
    /// the set names.
    fn fits(&self, signed: &Signed<'_>) -> bool {
        let kind = match (&self.public, signed.method) {
            (Public::Rsa { .. }, Method::Rsa(_)) => true,
            (Public::Curve(own, _), Method::Curve(needed, _)) => *own == needed,
            _ => false,
        };
        let same = |own: &String| one_name(own) == one_name(&signed.algorithm);
        let issues =
            |known: &String| signed.issuer.as_ref().is_some_and(|came| may_be_issuer(known, came));
        kind && signed.key_id.as_ref().is_none_or(|id| self.id.as_ref() == Some(id))
            && self.algorithm.as_ref().is_none_or(same)
            && self.issuer.as_ref().is_none_or(issues)
    }

    fn verifies(&self, signed: &Signed<'_>) -> bool {
        let Signed { method, message, ref signature, .. } = *signed;
        match (&self.public, method) {
            (Public::Rsa { n, e }, Method::Rsa(rules)) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(rules, message, signature).is_ok()
            }
            (Public::Curve(_, point), Method::Curve(_, rules)) => {
                UnparsedPublicKey::new(rules, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// Removes leading zeros from a number: some servers write them, and ring refuses them.
fn number(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

#[cfg(test)]
mod tests;

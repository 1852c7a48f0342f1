//! A string that no output shows.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A token, client secret, authorization code or verifier.
///
/// `Debug` prints `Secret(..)`, there is no `Display`, comparison takes constant time, and the memory is
/// wiped when the last clone is dropped. A clone shares the memory and does not allocate.
///
/// ```
/// use evergrant::Secret;
///
/// let secret = Secret::new("def50200");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "def50200");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a string.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Arc::new(Zeroizing::new(text.into())))
    }

    /// Returns the string itself. This method is the only way to read a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the string is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A short name for this secret that does not reveal the secret: the first 16 bytes of its SHA-256,
    /// in base64url. Stored records and messages use it to name a token.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// Writes a secret in clear text. [`Secret`] itself has no `Serialize`, so that each field that is
/// stored in clear text is marked with `#[serde(serialize_with = ..)]`.
pub(crate) fn in_clear<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Does the same as [`in_clear`], for a secret that may be absent.
pub(crate) fn in_clear_opt<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}

/// Returns 128 bits from the system's random source, in base64url: 22 characters of `A-Za-z0-9-_`.
pub(crate) fn random_id() -> String {
    random_text::<16>()
}

/// A random byte, for jitter.
pub(crate) fn random_byte() -> u8 {
    random_bytes::<1>()[0]
}

/// `N` random bytes in base64url.
pub(crate) fn random_text<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<N>())
}

/// `N` bytes from the system's random source.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0_u8; N];
    while ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        // getrandom(2) fails only while a system is starting. Try again, and never return a value that
        // can be guessed.
        std::thread::yield_now();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_compares_by_value() {
        let secret = Secret::new("s3cret");
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)).matches("s3cret").count(), 0);
        assert_eq!(secret, Secret::new("s3cret"));
        assert_ne!(secret, Secret::new("s3cre"));
        assert!(Secret::new("").is_empty());
    }

    #[test]
    fn a_fingerprint_is_stable_and_short() {
        // Computed with: printf rt1 | sha256sum | xxd -r -p | head -c 16 | basenc --base64url
        assert_eq!(Secret::new("rt1").fingerprint(), "er5T5uNMc7VrsWXMXxVcgA");
        assert_ne!(Secret::new("rt2").fingerprint(), Secret::new("rt1").fingerprint());
    }

    #[test]
    fn random_ids_differ() {
        assert_eq!(random_id().len(), 22);
        assert_ne!(random_id(), random_id());
    }
}

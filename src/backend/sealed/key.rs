//! The key with which a record is sealed and opened.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hmac;
use zeroize::Zeroizing;

use crate::error::{BoxError, Error, Result};
use crate::plain;
use crate::record::Record;
use crate::secret::{Secret, random_bytes};
use crate::stored_json::text_of;

/// The length of a key in bytes.
const LEN: usize = 32;

/// A key of 256 bits for [`SealedBackend`](super::SealedBackend). `Debug` shows only the name of the key.
pub struct SealingKey {
    name: String,
    seal: Zeroizing<[u8; LEN]>,
    nonce: hmac::Key,
}

impl SealingKey {
    /// Makes a key of these 32 bytes. The bytes must be random: do not use a password.
    ///
    /// The name of the key is derived from the key and reveals nothing of it; [`SealingKey::named`] gives the
    /// key another name.
    pub fn new(key: [u8; LEN]) -> SealingKey {
        let key = Zeroizing::new(key);
        let root = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
        SealingKey {
            name: URL_SAFE_NO_PAD.encode(&derived(&root, "name")[..6]),
            seal: derived(&root, "seal"),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, derived(&root, "nonce").as_ref()),
        }
    }

    /// Makes a key of random bytes that nobody else knows. The key is lost when the process ends.
    pub fn generate() -> SealingKey {
        SealingKey::new(random_bytes())
    }

    /// Reads a key: 32 bytes in base64 or base64url, as `openssl rand -base64 32` prints them. Blanks
    /// before and after the key are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if `text` is anything else. The error does not repeat `text`.
    pub fn from_text(text: &str) -> Result<SealingKey> {
        let text = text.trim();
        let bytes =
            STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')));
        let bytes = bytes.map(Zeroizing::new).ok();
        let key = bytes.and_then(|bytes| <[u8; LEN]>::try_from(&bytes[..]).ok());
        key.map(SealingKey::new).ok_or_else(|| {
            Error::config(
                "a sealing key is 32 random bytes in base64 (openssl rand -base64 32 makes one)",
            )
        })
    }

    /// Reads a key, as [`SealingKey::from_text`] does, from an environment variable.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with the variable's name, when it is not set or holds no key.
    pub fn from_env(variable: &str) -> Result<SealingKey> {
        let text = std::env::var(variable).map(Secret::new);
        // The key itself may have been given in place of the variable's name.
        let is_name = |c: char| matches!(c, 'A'..='Z' | '0'..='9' | '_');
        let shown = match variable.len() <= 64 && variable.chars().all(is_name) {
            true => variable,
            false => "the variable for the sealing key (its name is not shown: it may be the key)",
        };
        let text = text.map_err(|_| Error::config(format!("{shown} is not set, or not text")))?;
        SealingKey::from_text(text.expose()).map_err(|_| {
            Error::config(format!("{shown} holds no sealing key of 32 bytes in base64"))
        })
    }

    /// Reads a key, as [`SealingKey::from_text`] does, from a file. Keep the file away from the backups of
    /// the logins.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with the path, when the file cannot be read or holds no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<SealingKey> {
        let path = path.as_ref();
        let text = read(path).map_err(|error| {
            Error::config(format!(
                "cannot read the sealing key file: {}: {error}",
                plain::path(path)
            ))
        })?;
        SealingKey::from_text(&text).map_err(|_| {
            let path = plain::path(path);
            Error::config(format!("{path} holds no sealing key of 32 bytes in base64"))
        })
    }

    /// Gives the key another name. Records name the key that seals them, in clear text.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> SealingKey {
        self.name = name.into();
        self
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn seal(&self, context: &str, record: &Record) -> Result<String, BoxError> {
        let mut content = Zeroizing::new(record.to_json()?);
        let place = place(context, &self.name);
        let mut nonce = hmac::Context::with_key(&self.nonce);
        nonce.update(place.as_bytes());
        nonce.update(&content);
        let derived = nonce.sign();
        let nonce = &derived.as_ref()[..NONCE_LEN];
        let tag = self
            .cipher()
            .and_then(|cipher| {
                let nonce = Nonce::try_assume_unique_for_key(nonce)?;
                cipher.seal_in_place_separate_tag(nonce, Aad::from(place.as_bytes()), &mut content)
            })
            .map_err(|_| "the record cannot be sealed")?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + content.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(nonce);
        sealed.extend_from_slice(&content);
        sealed.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Returns `None` if the text was sealed with another key or for another context, or was changed.
    pub(super) fn open(&self, context: &str, text: &str) -> Option<Record> {
        let mut sealed = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (nonce, content) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let place = place(context, &self.name);
        let cipher = self.cipher().ok()?;
        let content = cipher.open_in_place(nonce, Aad::from(place.as_bytes()), content).ok()?;
        Record::from_json(content).ok()
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.seal.as_ref()).map(LessSafeKey::new)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealingKey").field(&self.name).finish()
    }
}

/// The context and the name of the key to which a sealed text is bound. The lengths are written first, so
/// that a different context or name never gives the same text.
fn place(context: &str, key: &str) -> String {
    format!("evergrant login 1 {} {} {key}{context}", key.len(), context.len())
}

/// A key for one purpose (SP 800-108: the pseudorandom function is HMAC-SHA-256).
fn derived(root: &hmac::Key, purpose: &str) -> Zeroizing<[u8; LEN]> {
    let tag = hmac::sign(root, format!("evergrant sealed login 1 {purpose}").as_bytes());
    let mut bytes = Zeroizing::new([0; LEN]);
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// Reads a small regular file.
fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    text_of(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_given_as_a_name_or_path_is_not_shown() {
        let key = STANDARD.encode([7; LEN]);
        for given in [key.as_str(), key.trim_end_matches('='), "sesame"] {
            let texts = [SealingKey::from_env(given), SealingKey::from_file(given)]
                .map(|made| made.map(|_| ()).unwrap_err().to_string());
            assert!(texts.iter().all(|text| !text.contains(given)), "{texts:?}");
        }
        let text = |name: &str| SealingKey::from_env(name).map(|_| ()).unwrap_err().to_string();
        for name in ["EVERGRANT_UNSET_KEY", &"X".repeat(64)] {
            assert!(text(name).starts_with(&format!("{name} is not set")), "{}", text(name));
        }
        assert!(text(&"X".repeat(65)).starts_with("the variable for the sealing key"));
    }

    /// One key must not use a nonce in two contexts: that would reveal the key of the tags.
    #[test]
    fn one_record_has_another_nonce_in_another_context() {
        let record = Record::from(crate::token::Token::new("at"));
        let nonce = |key: SealingKey, context: &str| {
            let sealed = key.seal(context, &record).unwrap();
            URL_SAFE_NO_PAD.decode(sealed).unwrap()[..NONCE_LEN].to_vec()
        };
        let key = || SealingKey::new([7; LEN]);
        assert_eq!(nonce(key(), "a"), nonce(key(), "a"));
        assert_ne!(nonce(key(), "a"), nonce(key(), "b"));
        assert_ne!(nonce(key(), "a"), nonce(key().named("k"), "a"));
    }
}

//! Proof Key for Code Exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::secret::{Secret, random_text};

/// A new verifier: 256 random bits, 43 characters (RFC 7636 section 4.1).
pub(crate) fn verifier() -> Secret {
    Secret::new(random_text::<32>())
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
pub(crate) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        for (verifier, expected) in [
            (
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            ),
            ("evergrant-".repeat(5), "bRSuq5ZiS3b2FXzcPyFJ_qxC1SFUMpu-r0jHtMHrzog"),
        ] {
            assert_eq!(challenge(&Secret::new(verifier)), expected);
        }
    }

    #[test]
    fn a_verifier_is_new_each_time_and_has_43_unreserved_characters() {
        let (one, two) = (verifier(), verifier());
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 43);
        assert!(one.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
    }
}

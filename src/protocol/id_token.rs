//! The claims of an ID token (OpenID Connect Core section 2), read and not verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;
use crate::stored_json::{object, parse};

/// Reads the claims of a signed JWT (RFC 7519 section 3). Does not verify the signature.
pub(crate) fn claims(token: &str) -> Result<Map<String, Value>, &'static str> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("it is not a JWT");
    };
    if parts.next().is_some() {
        return Err("it is encrypted");
    }
    let payload = payload.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "its claims are not base64url")?;
    parse(&bytes).and_then(object).ok_or("its claims are not a JSON object")
}

/// Checks that an ID token belongs to the login that sent this nonce (OpenID Connect Core section
/// 3.1.3.7, number 11).
pub(crate) fn check_nonce(token: &str, nonce: &Secret) -> Result<(), &'static str> {
    match claims(token)?.get("nonce") {
        Some(Value::String(came))
            if bool::from(came.as_bytes().ct_eq(nonce.expose().as_bytes())) =>
        {
            Ok(())
        }
        Some(_) => Err("it has another nonce: it belongs to another login, or to an attack"),
        None => Err("it has no nonce, although one was sent"),
    }
}

/// Reads the answer of a userinfo endpoint (OpenID Connect Core section 5.3.2). If an ID token is
/// known, the answer must be about the same user.
#[cfg(feature = "oidc")]
pub(crate) fn userinfo(
    content_type: &str,
    body: &[u8],
    id_token: Option<&str>,
) -> Result<Map<String, Value>, &'static str> {
    if content_type.trim_start().to_ascii_lowercase().starts_with("application/jwt") {
        return Err("it is signed (application/jwt), which this release does not read");
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "it is not a JSON object")?;
    let claims = id_token.and_then(|text| claims(text).ok());
    match claims.as_ref().and_then(|claims| claims.get("sub")) {
        Some(subject) if members.get("sub") != Some(subject) => {
            Err("it is about another user than the ID token (its sub differs)")
        }
        _ => Ok(members),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read_and_other_texts_are_refused() {
        assert_eq!(claims(&token(r#"{"sub":"a"}"#)).unwrap()["sub"], "a");
        let padded = format!("e30.{}=.", URL_SAFE_NO_PAD.encode(r#"{"sub":"a"}"#));
        assert_eq!(claims(&padded).unwrap()["sub"], "a");
        for (text, why) in [
            ("", "not a JWT"),
            ("a.b", "not a JWT"),
            ("a.b.c.d.e", "encrypted"),
            ("a.*.c", "base64url"),
            ("a..c", "JSON object"),
            (&token("[]"), "JSON object"),
            (&token(&"[".repeat(9000)), "JSON object"),
        ] {
            assert!(claims(text).unwrap_err().contains(why), "{text}");
        }
    }

    #[test]
    fn an_id_token_with_another_nonce_is_refused() {
        let nonce = Secret::new("n-1");
        assert!(check_nonce(&token(r#"{"nonce":"n-1"}"#), &nonce).is_ok());
        for claims in ["{}", r#"{"nonce":"n-2"}"#, r#"{"nonce":""}"#, r#"{"nonce":["n-1"]}"#] {
            assert!(check_nonce(&token(claims), &nonce).is_err(), "{claims}");
        }
    }
}

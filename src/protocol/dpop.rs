//! Proofs of possession (RFC 9449 section 4): a signed JWT that belongs to one request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde_json::{Value, json};
use time::OffsetDateTime;
use ureq::http::HeaderMap;
use url::Url;

use crate::error::Result;
use crate::proof_key::ProofKey;
use crate::secret::{Secret, random_id};
use crate::stored_json::parse;

/// The longest nonce that is accepted, in bytes.
const LONGEST: usize = 1024;

/// The request that a proof is for.
pub(crate) struct Proven<'a> {
    pub(crate) method: &'a str,
    /// The address as it is sent.
    pub(crate) url: &'a str,
    /// The server's time as far as it is known.
    pub(crate) now: OffsetDateTime,
    /// The newest nonce of the server, if it gave one.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that the request carries.
    pub(crate) access_token: Option<&'a Secret>,
}

/// Makes the proof for one request, with a new `jti`.
pub(crate) fn proof(key: &ProofKey, request: &Proven<'_>) -> Result<Secret> {
    let mut claims = json!({
        "jti": random_id(),
        "htm": request.method,
        "htu": target(request.url),
        "iat": request.now.unix_timestamp(),
    });
    if let Some(members) = claims.as_object_mut() {
        if let Some(nonce) = request.nonce {
            members.insert("nonce".to_owned(), nonce.into());
        }
        if let Some(access_token) = request.access_token {
            members.insert("ath".to_owned(), hash(access_token).into());
        }
    }
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, key.public_jwk());
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header), part(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())?);
    Ok(Secret::new(format!("{message}.{signature}")))
}

/// The address without query and fragment (`htu`, section 4.2). The path is the sent path, byte for
/// byte: not every server normalizes paths before it compares them. An empty path is sent as `/`.
fn target(url: &str) -> String {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let after = address.find("://").map_or(0, |at| at + 3);
    let path = address[after..].find('/').map_or("/", |at| &address[after + at..]);
    match Url::parse(url) {
        Ok(url) => format!("{}{path}", url.origin().ascii_serialization()),
        Err(_) => address.to_owned(),
    }
}

/// The hash of an access token (`ath`, section 4.2).
pub(crate) fn hash(access_token: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, access_token.expose().as_bytes()))
}

/// The nonce of an answer, if the header has a valid nonce (section 8.1).
pub(crate) fn nonce(headers: &HeaderMap) -> Option<&str> {
    let nonce = headers.get("dpop-nonce")?.to_str().ok()?.trim();
    let fits = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (!nonce.is_empty() && nonce.len() <= LONGEST && nonce.bytes().all(fits)).then_some(nonce)
}

/// The code of an error answer of the authorization server.
pub(crate) fn code(status: u16, body: &[u8]) -> Option<String> {
    let value = parse(body)?;
    let code = value.get("error").and_then(Value::as_str)?;
    (400..500).contains(&status).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use ureq::http::HeaderValue;

    fn parts(proof: &Secret) -> (Value, Value) {
        let parts: Vec<_> = proof.expose().split('.').collect();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        (read(parts[0]), read(parts[1]))
    }

    fn made(key: &ProofKey, nonce: Option<&str>, access_token: Option<&Secret>) -> Secret {
        let url = "https://as.example/token?x=1#y";
        let now = OffsetDateTime::from_unix_timestamp(1_795_208_400).unwrap();
        proof(key, &Proven { method: "POST", url, now, nonce, access_token }).unwrap()
    }

    #[test]
    fn a_proof_has_exactly_the_members_of_the_standard() {
        let key = ProofKey::generate().unwrap();
        let made = made(&key, None, None);
        let (header, claims) = parts(&made);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(header["jwk"], key.public_jwk().parse::<Value>().unwrap());
        assert_eq!(header.as_object().unwrap().len(), 3);
        assert_eq!((&claims["htm"], &claims["iat"]), (&json!("POST"), &json!(1_795_208_400)));
        assert_eq!(claims["htu"], "https://as.example/token");
        assert_eq!(claims.as_object().unwrap().len(), 4);
        let (message, signature) = made.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point());
        assert!(public.verify(message.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn a_proof_has_the_nonce_and_the_token_hash() {
        let key = ProofKey::generate().unwrap();
        // The example of RFC 9449 section 7.1.
        let token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let (_, claims) = parts(&made(&key, Some("n-17"), Some(&token)));
        assert_eq!(claims["nonce"], "n-17");
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        let own = hash(&Secret::new("evergrant-access-token-1"));
        assert_eq!(own, "VHIdnuBdA3sHsIcNCRBX4or3evE6f7bDhZwz48W8lD4");
    }

    #[test]
    fn every_proof_has_its_own_id() {
        let key = ProofKey::generate().unwrap();
        let ids = [(); 100].map(|()| parts(&made(&key, None, None)).1["jti"].to_string());
        let mut set = ids.to_vec();
        set.sort_unstable();
        set.dedup();
        assert_eq!(set.len(), ids.len());
        // 96 bits are 16 characters of base64url (section 4.2).
        assert!(ids.iter().all(|id| id.len() >= 16 + 2));
    }

    #[test]
    fn the_target_has_neither_query_nor_fragment() {
        for (url, expected) in [
            ("https://a.example/x/y?z=1", "https://a.example/x/y"),
            ("https://a.example/x#f?z", "https://a.example/x"),
            ("https://a.example", "https://a.example/"),
            ("https://A.example:443/%7e", "https://a.example/%7e"),
            ("https://a.example/a/../{b}|", "https://a.example/a/../{b}|"),
            ("https://a.example?x=/", "https://a.example/"),
            ("http://127.0.0.1:8080/token?", "http://127.0.0.1:8080/token"),
        ] {
            assert_eq!(target(url), expected, "{url}");
        }
    }

    #[test]
    fn only_an_answer_of_4xx_has_a_code() {
        let body = br#"{"error":"use_dpop_nonce"}"#;
        for (status, expected) in
            [(200, None), (399, None), (400, Some(())), (499, Some(())), (500, None)]
        {
            assert_eq!(code(status, body).map(drop), expected, "{status}");
        }
        assert_eq!(code(400, b"{\"error\":7}"), None);
        assert_eq!(code(400, b"use_dpop_nonce"), None);
    }

    #[test]
    fn only_a_nonce_by_the_grammar_is_taken() {
        let of = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("DPoP-Nonce", HeaderValue::from_bytes(value).unwrap());
            nonce(&headers).map(str::to_owned)
        };
        assert_eq!(
            of(b"eyJ7S_zG.eyJbYu3.xV3m-=~/+").as_deref(),
            Some("eyJ7S_zG.eyJbYu3.xV3m-=~/+")
        );
        assert!(of(&[b'a'; LONGEST]).is_some());
        let long = [b'a'; LONGEST + 1];
        for bad in [&b""[..], b"a b", b"a\"b", b"a\\b", b"\xc3\xa9", &long] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
        assert_eq!(nonce(&HeaderMap::new()), None);
    }
}

use serde_json::json;

use super::*;

/// The claims of RFC 7515 appendix A.2.
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// The text of RFC 7520 section 4.
const TEXT: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

/// The RSA key of RFC 7515 appendix A.2.
const RSA_7515: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
/// The RSA key of RFC 7520 section 3.4.
const RSA_7520: &str = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw";

/// The modulus of `tests/keys/rsa1024.pem`, and a valid signature by that key.
const SMALL_KEY: &str = "sq-_htmUGxX7Guwlrzi_mXtf2Wl2aWoMRfSLg-HdhOI1dpbmJo8ep76tCEtXuLiLRW9sJOlp27dNYuCNeeskNfaN4dtiNpr6V8Ey0EQxlYb5nb5N1OaHrsQUEUm2Qjwg5L3rZLa1W8IzvDhLXJtoeXpifO98r346mw2nigFxvZk";
const SMALL_SIGNATURE: &str = "kT3mxI9eDzXwCJw10S5GtIvGA2ihazYOEtJGWTZ_NftjHyu97ywr8OsSTaBPBV2iotrBUn1350RBf_ZwHeUC604GUNjw_AA_OlvrWzfVnczvL0WKfJaqgh1fhvxw4y-oXYS3qMMAPxyCFbnEjcTa3ExkhMYvnzvvYrTH0T9lqkw";

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn rsa(n: &str) -> Value {
    json!({ "kty": "RSA", "n": n, "e": "AQAB" })
}

/// The P-256 key of RFC 7515 appendix A.3.
fn p256() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// The Ed25519 key of RFC 8037 appendix A.2.
fn ed25519() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// Each vector: the key, and the token.
fn vectors() -> [(Value, String); 5] {
    let named = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    let pss = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    let mut bilbo = rsa(RSA_7520);
    bilbo["kid"] = "bilbo.baggins@hobbiton.example".into();
    bilbo["use"] = "sig".into();
    [
        // The example of RFC 7515 appendix A.2.
        (
            rsa(RSA_7515),
            format!(
                "eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
            ),
        ),
        // The example of RFC 7515 appendix A.3.
        (
            p256(),
            format!(
                "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
            ),
        ),
        // The example of RFC 8037 appendix A.4.
        (
            ed25519(),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
                .to_owned(),
        ),
        // The example of RFC 7520 section 4.1.
        (
            bilbo.clone(),
            format!(
                "{named}.{TEXT}.MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg"
            ),
        ),
        // The example of RFC 7520 section 4.2.
        (
            bilbo,
            format!(
                "{pss}.{TEXT}.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"
            ),
        ),
    ]
}

fn check(keys: &[Value], token: &str) -> Result<(), IdTokenError> {
    let set = KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    set.check(&Signed::read(token)?)
}

#[test]
fn the_signatures_of_the_standards_are_verified() {
    let others = [rsa(RSA_7515), rsa(RSA_7520), p256(), ed25519()];
    for (key, token) in vectors() {
        assert!(check(std::slice::from_ref(&key), &token).is_ok(), "{key}");
        // The check fails with another key, with no key, and after a change of any byte.
        let others: Vec<_> = others
            .iter()
            .filter(|other| other["x"] != key["x"] || other["n"] != key["n"])
            .cloned()
            .collect();
        assert!(check(&others, &token).is_err(), "{key}");
        assert!(matches!(check(&[], &token), Err(IdTokenError::NoKey)));
        let first = token.find('.').unwrap() + 1;
        for at in (first..token.len()).step_by(11) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if changed != token {
                assert!(check(std::slice::from_ref(&key), &changed).is_err(), "{key} {at}");
            }
        }
    }
}

#[test]
fn without_a_kid_every_key_of_the_kind_is_tried() {
    let (_, token) = &vectors()[0];
    let mut named = rsa(RSA_7515);
    named["kid"] = "k1".into();
    assert!(check(&[rsa(RSA_7520), p256(), json!({"kty": "?"}), named], token).is_ok());
    let twice = &vectors()[3].1;
    let mut wrong = rsa(RSA_7515);
    wrong["kid"] = "bilbo.baggins@hobbiton.example".into();
    let right = vectors()[3].0.clone();
    assert!(check(&[wrong.clone(), right], twice).is_ok(), "two keys with one kid");
    assert!(matches!(check(&[wrong], twice), Err(IdTokenError::Signature)));
    // If a token names a key, a key without a name does not check the token.
    assert!(matches!(check(&[rsa(RSA_7520)], twice), Err(IdTokenError::NoKey)));
}

#[test]
fn a_key_is_for_its_kind_algorithm_use_and_issuer() {
    let (key, token) = vectors()[0].clone();
    for (name, value, fits) in [
        ("alg", json!("RS256"), true),
        ("alg", json!("RS384"), false),
        ("alg", json!("PS256"), false),
        ("alg", json!("HS256"), false),
        ("use", json!("sig"), true),
        ("use", json!("enc"), false),
        ("key_ops", json!(["sign", "verify"]), true),
        ("key_ops", json!(["encrypt"]), false),
        ("kty", json!("EC"), false),
        ("issuer", json!("joe"), true),
        ("issuer", json!("jim"), false),
        ("e", json!("AQ"), false),
        ("e", json!(65537), false),
        ("n", json!("*"), false),
    ] {
        let mut changed = key.clone();
        changed[name] = value.clone();
        assert_eq!(check(&[changed], &token).is_ok(), fits, "{name} {value}");
    }
    let (key, token) = vectors()[2].clone();
    for (alg, fits) in [("EdDSA", true), ("Ed25519", true), ("ES256", false)] {
        let mut changed = key.clone();
        changed["alg"] = alg.into();
        assert_eq!(check(&[changed], &token).is_ok(), fits, "{alg}");
    }
    let (key, token) = vectors()[1].clone();
    for (name, value) in [("crv", "P-384"), ("crv", "secp256k1"), ("y", "AAAA"), ("x", "")] {
        let mut changed = key.clone();
        changed[name] = value.into();
        assert!(matches!(check(&[changed], &token), Err(IdTokenError::NoKey)), "{name} {value}");
    }
}

#[test]
fn zeros_before_a_modulus_change_nothing() {
    let (mut key, token) = vectors()[0].clone();
    let n = URL_SAFE_NO_PAD.decode(RSA_7515).unwrap();
    key["n"] = URL_SAFE_NO_PAD.encode([&[0, 0], &*n].concat()).into();
    assert!(check(&[key], &token).is_ok());
}

/// A correct signature by the key of `tests/keys/rsa1024.pem`: `openssl dgst -sha256 -sign
/// tests/keys/rsa1024.pem`.
#[test]
fn an_rsa_key_of_1024_bits_is_not_used() {
    let message = format!("{}.{CLAIMS}", part(&json!({"alg": "RS256"})));
    let jwk = json!({"kty": "RSA", "n": SMALL_KEY, "e": "AQAB"});
    let error = check(&[jwk], &format!("{message}.{SMALL_SIGNATURE}")).unwrap_err();
    assert_eq!(error, IdTokenError::Signature);
}

#[test]
fn algorithms_without_a_key_pair_are_refused() {
    let claims = part(&json!({"iss": "joe"}));
    for algorithm in
        ["none", "None", "", "HS256", "HS512", "ES512", "ES256K", "RS1", "dir", "rs256"]
    {
        let header = part(&json!({ "alg": algorithm }));
        let key = json!({"kty": "oct", "k": "AAAA", "alg": algorithm});
        let error = check(&[key], &format!("{header}.{claims}.c2ln")).unwrap_err();
        match algorithm {
            "" => assert!(matches!(error, IdTokenError::Unreadable(_)), "{error:?}"),
            _ => assert_eq!(error, IdTokenError::Algorithm(algorithm.to_owned())),
        }
    }
}

/// HMAC with the text of a public key as the secret is a known attack on checks that trust the header.
#[test]
fn a_public_key_is_no_shared_secret() {
    let secret = URL_SAFE_NO_PAD.decode(RSA_7515).unwrap();
    let message = format!("{}.{CLAIMS}", part(&json!({"alg": "HS256"})));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()));
    let error = check(&[rsa(RSA_7515)], &format!("{message}.{tag}")).unwrap_err();
    assert!(matches!(error, IdTokenError::Algorithm(_)), "{error:?}");
}

#[test]
fn a_header_that_cannot_be_obeyed_is_refused() {
    for (header, says) in [
        (json!({"alg": "RS256", "crit": ["exp"], "exp": 1}), "crit"),
        (json!({"alg": "RS256", "crit": []}), "crit"),
        (json!({"alg": "RS256", "typ": "at+jwt"}), "typ"),
        (json!({"alg": "RS256", "typ": "logout+jwt"}), "typ"),
        (json!({"alg": "RS256", "typ": 7}), "typ"),
        (json!({"alg": "RS256", "kid": 7}), "kid"),
        (json!({"alg": 7}), "algorithm"),
        (json!([]), "JSON object"),
    ] {
        let error = Signed::read(&format!("{}.{CLAIMS}.c2ln", part(&header))).err().unwrap();
        assert!(error.to_string().contains(says), "{header}: {error}");
    }
    for kind in ["JWT", "jwt", "application/JWT"] {
        let header = part(&json!({"alg": "RS256", "typ": kind}));
        assert!(Signed::read(&format!("{header}.{CLAIMS}.c2ln")).is_ok(), "{kind}");
    }
    // The signature must be base64url, and the whole token must not be too long.
    let header = part(&json!({"alg": "RS256"}));
    for token in [format!("{header}.{CLAIMS}.*"), format!("{header}.{}.c2ln", "A".repeat(LONGEST))]
    {
        assert!(matches!(Signed::read(&token), Err(IdTokenError::Unreadable(_))));
    }
}

#[test]
fn a_key_in_the_header_is_not_used() {
    let (key, token) = vectors()[0].clone();
    let signature = token.rsplit('.').next().unwrap();
    let header = part(&json!({"alg": "RS256", "jwk": key, "jku": "https://evil.example"}));
    assert!(check(&[], &format!("{header}.{CLAIMS}.{signature}")).is_err());
}

#[test]
fn a_document_that_is_no_key_set_is_refused() {
    for body in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#] {
        assert!(KeySet::read(body.as_bytes()).is_err(), "{body}");
    }
    for (count, fits) in [(MOST_KEYS, true), (MOST_KEYS + 1, false)] {
        let many = json!({ "keys": vec![p256(); count] }).to_string();
        assert_eq!(KeySet::read(many.as_bytes()).is_ok(), fits, "{count}");
    }
    let odd = json!({"keys": [1, "x", null, {}, {"kty": 1}, {"kty": "RSA"}, p256()]}).to_string();
    assert!(check_read(&odd, &vectors()[1].1).is_ok());
}

fn check_read(body: &str, token: &str) -> Result<(), IdTokenError> {
    KeySet::read(body.as_bytes()).unwrap().check(&Signed::read(token).unwrap())
}

/// For algorithms without a test vector, this test makes keys.
#[test]
fn every_algorithm_is_verified() {
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding, RsaKeyPair,
    };
    let random = SystemRandom::new();
    let message = |algorithm: &str| format!("{}.{CLAIMS}", part(&json!({ "alg": algorithm })));
    let der = der(include_str!("../../../tests/keys/rsa2048.pem"));
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
    let jwk = rsa(&URL_SAFE_NO_PAD.encode(&public.n));
    let rules: [(&str, &dyn RsaEncoding); 6] = [
        ("RS256", &RSA_PKCS1_SHA256),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (algorithm, rule) in rules {
        let mut bytes = vec![0; pair.public().modulus_len()];
        let message = message(algorithm);
        pair.sign(rule, &random, message.as_bytes(), &mut bytes).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(&bytes);
        assert!(
            check(std::slice::from_ref(&jwk), &format!("{message}.{signature}")).is_ok(),
            "{algorithm}"
        );
        // The same key with another algorithm does not accept the signature.
        for (other, _) in rules.iter().filter(|(other, _)| *other != algorithm) {
            let renamed = format!("{}.{CLAIMS}.{signature}", part(&json!({ "alg": other })));
            assert!(check(std::slice::from_ref(&jwk), &renamed).is_err(), "{algorithm} {other}");
        }
    }
    let rule = &ECDSA_P384_SHA384_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(rule, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(rule, document.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let [x, y] = [x, y].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let message = message("ES384");
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(&random, message.as_bytes()).unwrap());
    let jwk = json!({"kty": "EC", "crv": "P-384", "x": x, "y": y});
    assert!(check(&[jwk], &format!("{message}.{signature}")).is_ok());
}

/// The bytes of a PEM file with one section.
fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

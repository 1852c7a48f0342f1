use super::*;

fn claims(token: &str) -> Result<Map<String, Value>, &'static str> {
    parts(token).and_then(|[_, payload, _]| claims_of(payload))
}

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

fn expected(now: i64) -> Expected<'static> {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap();
    Expected {
        issuer: None,
        client_id: "app",
        nonce: None,
        nonce_may_miss: false,
        unsigned: false,
        just_came: true,
        access_token: None,
        authenticated_since: None,
        now: [now, now],
    }
}

fn object_of(text: &str) -> Map<String, Value> {
    parse(text.as_bytes()).and_then(object).unwrap()
}

/// The token and hash of OpenID Connect Core, appendix A.3 and A.4 (RS256); the other rows are
/// `printf %s TOKEN | openssl dgst -sha384 -binary | head -c 24 | basenc --base64url`, and -sha512 with 32.
#[test]
fn at_hash_is_the_left_half_of_the_hash_of_the_access_token() {
    let token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    let expected = Expected { access_token: Some(&token), ..expected(0) };
    let check =
        |algorithm: &str, claims: &str| expected.check_access_token(&object_of(claims), algorithm);
    for (algorithm, hash) in [
        ("RS256", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("ES256", "77QmUPtjPfzWtF2AnpK9RQ=="),
        ("ES384", "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"),
        ("PS512", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"),
        ("Ed25519", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"),
    ] {
        let claims = format!(r#"{{"at_hash":"{hash}"}}"#);
        assert_eq!(check(algorithm, &claims), Ok(()), "{algorithm}");
        let other = if algorithm.ends_with("384") { "RS512" } else { "RS384" };
        assert_eq!(check(other, &claims), Err(IdTokenError::AccessTokenHash), "{algorithm}");
    }
    for wrong in [r#""""#, "7", r#""77QmUPtjPfzWtF2AnpK9Rg""#, r#""77QmUPtjPfzWtF2AnpK9""#] {
        let claims = format!(r#"{{"at_hash":{wrong}}}"#);
        assert_eq!(check("RS256", &claims), Err(IdTokenError::AccessTokenHash), "{wrong}");
        assert_eq!(check("none", &claims), Ok(()), "no hash function");
        assert_eq!(check("EdDSA", &claims), Ok(()), "one of two hash functions");
    }
    for missing in ["{}", r#"{"at_hash":null}"#] {
        assert_eq!(check("RS256", missing), Ok(()));
    }
}

#[test]
fn auth_time_is_compared_with_the_start_of_the_login() {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    // The login started at 10,000 with `max_age` 300, and its answer came at 10,500.
    let check = |server: i64, claims: &str| {
        let expected = Expected {
            authenticated_since: Some(at(10_000 - 300)),
            now: [at(10_500), at(server)],
            ..expected(0)
        };
        expected.check_authentication(&object_of(claims))
    };
    for (server, auth_time, fits) in [
        (10_500, 10_400, true),
        (10_500, 9_700, true),
        (10_500, 9_580, true),
        (10_500, 9_579, false),
        // The server's clock is a thousand seconds behind ours.
        (9_500, 8_700, true),
        (9_500, 8_579, false),
    ] {
        let checked = check(server, &format!(r#"{{"auth_time":{auth_time}}}"#));
        assert_eq!(checked.is_ok(), fits, "{server} {auth_time}: {checked:?}");
    }
    for claims in ["{}", r#"{"auth_time":"now"}"#, r#"{"auth_time":null}"#] {
        assert_eq!(check(10_500, claims), Err(IdTokenError::ClaimMissing("auth_time")));
    }
    assert_eq!(expected(0).check_authentication(&object_of("{}")), Ok(()));
}

#[test]
fn an_expired_id_token_is_accepted_for_under_two_minutes() {
    let claims = parse(br#"{"exp":1000,"iat":900}"#).and_then(object).unwrap();
    assert!(expected(1119).check_dates(&claims).is_ok());
    let late = expected(1120).check_dates(&claims);
    assert!(matches!(late, Err(IdTokenError::Expired(_))), "{late:?}");
}

#[test]
fn an_id_token_that_names_an_algorithm_needs_a_signature() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
    assert!(expected(0).check_signed(&header, "c2ln").is_ok());
    assert!(matches!(expected(0).check_signed(&header, ""), Err(IdTokenError::Unsigned)));
}

#[test]
fn an_id_token_of_another_issuer_is_of_another_login() {
    let new = parse(br#"{"iss":"https://b.example","sub":"1"}"#).and_then(object).unwrap();
    let check = |before: &str| check_same_login(&new, &token(before));
    assert!(check(r#"{"iss":"https://b.example","sub":"1"}"#).is_ok());
    let other = check(r#"{"iss":"https://a.example","sub":"1"}"#);
    assert!(matches!(other, Err(IdTokenError::OtherLogin("iss"))), "{other:?}");
}

#[cfg(feature = "oidc")]
#[test]
fn a_signed_answer_about_a_user_is_refused() {
    assert!(userinfo("application/json", br#"{"sub":"1"}"#, None).is_ok());
    let signed = userinfo(" Application/JWT; charset=utf-8", br#"{"sub":"1"}"#, None);
    assert!(signed.unwrap_err().starts_with("it is signed"));
}

#[test]
fn an_id_token_with_another_nonce_is_refused() {
    let nonce = Secret::new("n-1");
    let check =
        |claims: &str| check_nonce(&parse(claims.as_bytes()).and_then(object).unwrap(), &nonce);
    assert!(check(r#"{"nonce":"n-1"}"#).is_ok());
    for claims in ["{}", r#"{"nonce":"n-2"}"#, r#"{"nonce":""}"#, r#"{"nonce":["n-1"]}"#] {
        assert!(check(claims).is_err(), "{claims}");
    }
}

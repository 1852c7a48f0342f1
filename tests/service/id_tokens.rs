//! Tests that an ID token is checked when a person logs in (OpenID Connect Core section 3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant::error::IdTokenError;
use evergrant::sandbox::{Fault, Reply, Sandbox};
use evergrant::{Authorization, Client, Error, MemoryBackend, Token};
use serde_json::{Value, json};

use crate::support::{builder, sandbox};

const NO_SIGNATURE: &str = "";

/// Returns the sandbox's ID token with another header and other claims (`null` removes a claim).
fn changed(id_token: &str, header: &Value, claims: &Value) -> String {
    let payload = id_token.split('.').nth(1).unwrap();
    let mut all: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    for (name, value) in claims.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = if header["alg"] == "none" { NO_SIGNATURE } else { "c2ln" };
    format!("{}.{}.{signature}", part(header), part(&all))
}

/// Makes the token endpoint send this ID token with every token.
fn send(sandbox: &Sandbox, header: Value, claims: Value) {
    sandbox.on_token(move |_, reply| {
        let mut body = reply.to_json();
        let issued = body["id_token"].as_str().map(str::to_owned);
        let issued = issued.unwrap_or_else(|| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode("{}")));
        body["id_token"] = changed(&issued, &header, &claims).into();
        Reply::json(200, body)
    });
}

fn login(client: &Client, sandbox: &Sandbox, scopes: &[&str]) -> Result<Token, Error> {
    let authorization: Authorization = client.authorize(scopes).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback)
}

fn why(error: &Error) -> &IdTokenError {
    let Error::Decode(decode) = error else { panic!("{error:?}") };
    decode.source.downcast_ref().unwrap()
}

fn signed() -> Value {
    json!({"alg": "RS256", "kid": "k1"})
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

#[test]
fn an_invalid_id_token_fails_the_login_and_stores_nothing() {
    let table = [
        (signed(), json!({"iss": "https://evil.example"}), "another authorization server"),
        (signed(), json!({"iss": null}), "its iss is missing"),
        (signed(), json!({"iss": 7}), "its iss is missing"),
        (signed(), json!({"aud": "another-client"}), "another application"),
        (signed(), json!({"aud": ["another-client"]}), "another application"),
        (signed(), json!({"aud": []}), "another application"),
        (signed(), json!({"aud": "Sandbox-Client"}), "another application"),
        (signed(), json!({"aud": null}), "its aud is missing"),
        (signed(), json!({"aud": ["sandbox-client", "other"]}), "azp"),
        (signed(), json!({"aud": ["sandbox-client", "other"], "azp": "other"}), "azp"),
        (signed(), json!({"azp": "other"}), "azp"),
        (signed(), json!({"azp": 7}), "azp"),
        (signed(), json!({"exp": now() - 3600}), "expired"),
        (signed(), json!({"exp": -1}), "expired"),
        (signed(), json!({"exp": null}), "its exp is missing"),
        (signed(), json!({"exp": "never"}), "its exp is missing"),
        (signed(), json!({"iat": null}), "its iat is missing"),
        (signed(), json!({"iat": now() + 86_400}), "issued"),
        (signed(), json!({"iat": now() - 10 * 86_400}), "issued"),
        (signed(), json!({"nonce": "another"}), "nonce"),
        (signed(), json!({"nonce": null}), "nonce"),
        (json!({"alg": "none"}), json!({}), "not signed"),
        (json!({"alg": "None"}), json!({}), "not signed"),
        (json!({}), json!({}), "algorithm"),
        (json!([]), json!({}), "header"),
    ];
    for (header, claims, says) in table {
        let sandbox = sandbox();
        let client = builder(&sandbox).build();
        let before = login(&client, &sandbox, &["openid"]).unwrap();
        send(&sandbox, header, claims.clone());
        let error = login(&client, &sandbox, &["openid"]).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains(says), "{claims}: {text}");
        assert!(!text.contains("+00:00"), "dates are in the form of RFC 3339: {text}");
        let text = format!("{text} {error:?} {:#?}", why(&error));
        assert!(!text.contains("e30.") && !text.contains("ada@"), "{text}");
        assert!(!error.needs_authorization() && !error.is_transient(), "{error:?}");
        // The earlier login is still stored.
        let stored = client.stored().unwrap().unwrap();
        assert_eq!(stored.token().access_token(), before.access_token());
    }
}

#[test]
fn an_unusual_but_valid_id_token_is_accepted() {
    for claims in [
        json!({"aud": ["sandbox-client"]}),
        json!({"aud": ["other", "sandbox-client"], "azp": "sandbox-client"}),
        json!({"azp": "sandbox-client"}),
        json!({"exp": now() as f64 + 600.5, "iat": now() as f64 - 0.5}),
        // The clocks of client and server differ by seconds.
        json!({"exp": now() - 5, "iat": now() + 60}),
    ] {
        let sandbox = sandbox();
        send(&sandbox, signed(), claims.clone());
        let token = login(&builder(&sandbox).build(), &sandbox, &["openid"]);
        assert!(token.unwrap().id_token().is_some(), "{claims}");
    }
}

#[test]
fn a_wrong_local_clock_does_not_fail_a_login() {
    for wrong in [-12 * 3600, 12 * 3600] {
        let sandbox = sandbox();
        let ours = time::OffsetDateTime::now_utc() + time::Duration::seconds(wrong);
        let clock = evergrant::clock::ManualClock::at(ours.into());
        let client = builder(&sandbox).clock(std::sync::Arc::new(clock)).build();
        assert!(login(&client, &sandbox, &["openid"]).is_ok(), "{wrong}");
    }
}

#[test]
fn an_unsigned_id_token_needs_a_server_that_said_so() {
    let sandbox = sandbox();
    send(&sandbox, json!({"alg": "none"}), json!({}));
    let client = |provider| Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let refused = login(&client(sandbox.provider()), &sandbox, &["openid"]).unwrap_err();
    assert!(matches!(why(&refused), IdTokenError::Unsigned), "{refused:?}");
    let said = sandbox.provider().to_builder().unsigned_id_tokens(true).build().unwrap();
    assert!(login(&client(said), &sandbox, &["openid"]).is_ok());
}

#[cfg(feature = "discovery")]
#[test]
fn a_server_says_in_its_metadata_that_id_tokens_may_be_unsigned() {
    for (listed, allowed) in [(json!(["RS256", "none"]), true), (json!(["RS256"]), false)] {
        let sandbox = sandbox();
        let url = sandbox.url();
        let document = json!({
            "issuer": url,
            "token_endpoint": format!("{url}/token"),
            "id_token_signing_alg_values_supported": listed,
        });
        sandbox.on_open("GET", "/.well-known/openid-configuration", move |_| {
            evergrant::sandbox::ApiReply::json(200, &document)
        });
        let provider = evergrant::Provider::discover(url).unwrap().build().unwrap();
        assert_eq!(provider.authorization_rules().unsigned_id_tokens, allowed);
    }
}

#[test]
fn an_issuer_for_all_tenants_and_googles_two_names_are_known() {
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let pattern = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let google = "https://accounts.google.com";
    for (known, claims, fits) in [
        (pattern, json!({"iss": of(tenant), "tid": tenant}), true),
        (pattern, json!({"iss": of(tenant), "tid": "another"}), false),
        (pattern, json!({"iss": of(tenant)}), false),
        (pattern, json!({"iss": pattern, "tid": "{tenantid}"}), false),
        (pattern, json!({"iss": of("x/y"), "tid": "x/y"}), false),
        (pattern, json!({"iss": of(""), "tid": ""}), false),
        (
            pattern,
            json!({"iss": format!("https://evil.example/{tenant}/v2.0"), "tid": tenant}),
            false,
        ),
        (google, json!({"iss": google}), true),
        (google, json!({"iss": "accounts.google.com"}), true),
        (google, json!({"iss": "https://accounts.google.com/"}), false),
        (google, json!({"iss": "http://accounts.google.com"}), false),
        ("https://a.example", json!({"iss": "a.example"}), false),
        ("https://a.example", json!({"iss": "https://a.example/"}), false),
    ] {
        let sandbox = sandbox();
        send(&sandbox, signed(), claims.clone());
        let provider = sandbox.provider().to_builder().issuer(known).build().unwrap();
        let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
        match login(&client, &sandbox, &["openid"]) {
            Ok(_) => assert!(fits, "{known} {claims}"),
            Err(error) => {
                assert!(!fits, "{known} {claims} {error:?}");
                assert!(matches!(why(&error), IdTokenError::Issuer { .. }), "{error:?}");
            }
        }
    }
}

#[test]
fn an_invalid_id_token_that_nobody_requested_is_not_stored() {
    let sandbox = sandbox();
    send(&sandbox, signed(), json!({"iss": "https://evil.example"}));
    let client = builder(&sandbox).build();
    assert!(login(&client, &sandbox, &["read"]).unwrap().id_token().is_none());
    assert!(client.stored().unwrap().unwrap().token().id_token().is_none());
}

#[test]
fn a_refresh_keeps_the_login_and_no_id_token_of_somebody_else() {
    for (claims, taken) in [
        (json!({"sub": "eve"}), false),
        (json!({"iss": "https://evil.example"}), false),
        (json!({"aud": "another-client"}), false),
        (json!({"aud": ["sandbox-client", "x"], "azp": "sandbox-client"}), false),
        (json!({"nonce": "another"}), false),
        (json!({"exp": now() - 3600}), false),
        // The ID token of a refresh need not have the nonce of the login (OpenID Connect Core section 12.2).
        (json!({"nonce": null, "jti": "2"}), true),
        (json!({"jti": "2"}), true),
    ] {
        let sandbox = sandbox();
        let client = builder(&sandbox).build();
        let before = login(&client, &sandbox, &["openid"]).unwrap();
        send(&sandbox, signed(), claims.clone());
        client.refresh().unwrap();
        let after = client.stored().unwrap().unwrap();
        assert_ne!(after.token().access_token(), before.access_token(), "{claims}");
        let same = after.token().id_token() == before.id_token();
        assert_eq!(!same, taken, "{claims}");
        client.get("/me").call().unwrap();
    }
}

#[cfg(feature = "device")]
#[test]
fn a_device_login_is_judged_by_its_id_token_too() {
    let clock = std::sync::Arc::new(evergrant::clock::ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    send(&sandbox, signed(), json!({"aud": "another-client"}));
    let client = builder(&sandbox).clock(clock).build();
    let code = client.device_code(&["openid"]).unwrap();
    assert!(sandbox.approve_device(code.user_code()));
    let error = client.exchange_device(&code, |_| std::ops::ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(why(&error), IdTokenError::Audience), "{error:?}");
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn an_id_token_of_another_access_token_fails_the_login() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    assert!(login(&client, &sandbox, &["openid"]).unwrap().id_token().is_some());
    let earlier = client.stored().unwrap().unwrap();
    // The hash of the access token of OpenID Connect Core, appendix A.3.
    send(&sandbox, json!({"alg": "ES256"}), json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}));
    let error = login(&client, &sandbox, &["openid"]).unwrap_err();
    assert_eq!(why(&error), &IdTokenError::AccessTokenHash);
    let stored = client.stored().unwrap().unwrap();
    assert_eq!(stored.token().access_token(), earlier.token().access_token());
    // A refresh goes on with the ID token of the login.
    client.refresh().unwrap();
    assert!(client.token().unwrap().id_token() == earlier.token().id_token());
    send(&sandbox, json!({"alg": "ES256"}), json!({ "at_hash": null }));
    login(&client, &sandbox, &["openid"]).unwrap();
}

#[test]
fn a_login_with_max_age_needs_a_recent_authentication() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let login = |max_age: &str| {
        let params = [("max_age", max_age)];
        let authorization = client.authorize_with(&["openid"], &params).unwrap();
        // A web application keeps the login as JSON until the callback comes.
        let kept = serde_json::to_string(&authorization).unwrap();
        let callback = sandbox.approve(authorization.url()).unwrap();
        client.exchange(serde_json::from_str(&kept).unwrap(), &callback)
    };
    login("0").unwrap();
    send(&sandbox, signed(), json!({ "at_hash": null, "auth_time": now() - 3600 }));
    login("3600").unwrap();
    let error = login("3000").unwrap_err();
    assert!(matches!(why(&error), IdTokenError::AuthenticatedAt(_)), "{error:?}");
    assert!(format!("{error:#}").contains("max_age"), "{error:#}");
    send(&sandbox, signed(), json!({ "at_hash": null, "auth_time": null }));
    assert_eq!(why(&login("3600").unwrap_err()), &IdTokenError::ClaimMissing("auth_time"));
    sandbox.fault(Fault::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        body: br#"{"access_token":"at","expires_in":3600}"#.to_vec(),
        commit: true,
    });
    assert_eq!(why(&login("3600").unwrap_err()), &IdTokenError::ClaimMissing("auth_time"));
    // Without `max_age`, the claim is optional.
    crate::id_tokens::login(&client, &sandbox, &["openid"]).unwrap();
}

#[cfg(feature = "oidc")]
#[test]
fn the_caller_reads_how_and_when_the_person_authenticated() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let params = [("acr_values", "phr phrh"), ("max_age", "60")];
    let authorization = client.authorize_with(&["openid"], &params).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    let claims = token.unverified_claims().unwrap().unwrap();
    assert_eq!(claims.acr(), Some("phr"));
    assert!(claims.authenticated_at().unwrap().unix_timestamp() >= now() - 60);
    let verified = client.verified_claims(token.id_token().unwrap()).unwrap();
    assert_eq!(
        (verified.acr(), verified.authenticated_at()),
        (claims.acr(), claims.authenticated_at())
    );
}

//! Tests of ID tokens whose signature is verified with the server's key set.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::error::IdTokenError;
use evergrant::jwt::{Signer as _, SigningKey};
use evergrant::oidc::VerifiedClaims;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Error, MemoryBackend, Secret};
use serde_json::{Value, json};

use crate::support::{builder, sandbox};

const P256: &str = include_str!("../keys/p256.pem");
const RSA: &str = include_str!("../keys/rsa2048.pem");
const ED25519: &str = include_str!("../keys/ed25519.pem");

/// An issuer whose keys the test chooses.
struct Issuer {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    /// The answer of the server: a status and a body.
    answer: Arc<Mutex<(u16, Value)>>,
    requests: Arc<AtomicUsize>,
}

impl Issuer {
    fn new(keys: &[&SigningKey]) -> Issuer {
        let clock = Arc::new(ManualClock::new());
        let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
        let (answer, requests) = (Arc::new(Mutex::new((0, Value::Null))), Arc::default());
        let (answers, count) = (Arc::clone(&answer), Arc::clone(&requests));
        sandbox.on_open("GET", "/jwks", move |request| {
            assert!(request.header("authorization").is_none());
            AtomicUsize::fetch_add(&count, 1, Ordering::Relaxed);
            let (status, body) = answers.lock().unwrap().clone();
            ApiReply::json(status, body)
        });
        let issuer = Issuer { sandbox, clock, answer, requests };
        issuer.publish(keys);
        issuer
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        self.answers(200, json!({ "keys": keys }));
    }

    fn answers(&self, status: u16, body: Value) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn client(&self) -> Client {
        builder(&self.sandbox).clock(self.clock.clone()).build()
    }

    /// An ID token with other claims (`null` removes a claim).
    fn signs(&self, key: &SigningKey, changes: &Value) -> Secret {
        let now = self.clock.now_utc().unix_timestamp();
        let mut claims = json!({
            "iss": self.sandbox.url(), "sub": "eve", "aud": "sandbox-client",
            "iat": now, "exp": now + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let mut header = json!({"alg": key.algorithm().name()});
        if let Some(id) = key.key_id() {
            header["kid"] = id.into();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap());
        Secret::new(format!("{message}.{signature}"))
    }
}

fn key(pem: &str, id: &str) -> SigningKey {
    SigningKey::from_pem(pem).unwrap().with_key_id(id)
}

fn why(result: Result<VerifiedClaims, Error>) -> IdTokenError {
    match result {
        Err(Error::Decode(error)) => {
            error.source.downcast_ref::<IdTokenError>().unwrap_or_else(|| panic!("{error}")).clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_id_token_of_a_login_is_verified() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let authorization = client.authorize(&["openid", "email"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    let claims = client.verified_claims(token.id_token().unwrap()).unwrap();
    assert_eq!((claims.issuer(), claims.subject()), (sandbox.url(), "ada"));
    assert_eq!(claims.audience(), ["sandbox-client"]);
    assert_eq!(claims.email(), Some(("ada@example.com", true)));
    assert_eq!(claims.as_map()["exp"], claims.expires_at().unwrap().unix_timestamp());
    assert!(format!("{claims:?}").contains("email") && !format!("{claims:?}").contains("ada"));
    // The server has replaced the key that signed this ID token.
    sandbox.renew_signing_key();
    let other = builder(&sandbox).build();
    assert_eq!(why(other.verified_claims(token.id_token().unwrap())), IdTokenError::NoKey);
    let authorization = other.authorize(&["openid"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = other.exchange(authorization, &callback).unwrap();
    assert_eq!(other.verified_claims(token.id_token().unwrap()).unwrap().subject(), "ada");
}

#[cfg(feature = "discovery")]
#[test]
fn metadata_says_where_the_key_set_is() {
    let sandbox = sandbox();
    let provider = evergrant::Provider::discover(sandbox.url()).unwrap().build().unwrap();
    assert_eq!(provider.jwks_uri(), Some(&*format!("{}/jwks", sandbox.url())));
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let authorization = client.authorize(&["openid"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    assert_eq!(client.verified_claims(token.id_token().unwrap()).unwrap().subject(), "ada");
}

#[test]
fn every_kind_of_key_of_one_set_is_used() {
    let keys = [
        key(P256, "p256"),
        key(RSA, "rsa"),
        key(RSA, "pss").with_pss(),
        key(ED25519, "ed"),
        SigningKey::from_pem(P256).unwrap(),
    ];
    let issuer = Issuer::new(&keys.each_ref());
    let client = issuer.client();
    for key in &keys {
        let claims = client.verified_claims(&issuer.signs(key, &json!({"n": 1}))).unwrap();
        assert_eq!((claims.subject(), claims.get("n")), ("eve", Some(&json!(1))));
    }
    assert_eq!(issuer.requests(), 1, "the key set is kept");
}

#[test]
fn a_verified_signature_does_not_make_wrong_claims_right() {
    let key = key(P256, "k1");
    let issuer = Issuer::new(&[&key]);
    let client = issuer.client();
    let now = issuer.clock.now_utc().unix_timestamp();
    type Fits = fn(&IdTokenError) -> bool;
    let table: [(Value, Fits); 11] = [
        (json!({"iss": "https://evil.example"}), |why| matches!(why, IdTokenError::Issuer { .. })),
        (json!({"iss": null}), |why| *why == IdTokenError::ClaimMissing("iss")),
        (json!({"aud": "another"}), |why| *why == IdTokenError::Audience),
        (json!({"aud": ["sandbox-client", "another"]}), |why| {
            *why == IdTokenError::AuthorizedParty
        }),
        (json!({"azp": 1}), |why| *why == IdTokenError::AuthorizedParty),
        (json!({"events": {}}), |why| matches!(why, IdTokenError::Unreadable(_))),
        (json!({"exp": now - 120}), |why| matches!(why, IdTokenError::Expired(_))),
        (json!({"exp": null}), |why| *why == IdTokenError::ClaimMissing("exp")),
        (json!({"iat": now + 3600}), |why| matches!(why, IdTokenError::IssuedAt(_))),
        (json!({"sub": null}), |why| *why == IdTokenError::ClaimMissing("sub")),
        (json!({"sub": ""}), |why| *why == IdTokenError::ClaimMissing("sub")),
    ];
    for (changes, fits) in table {
        let why = why(client.verified_claims(&issuer.signs(&key, &changes)));
        assert!(fits(&why), "{changes}: {why:?}");
    }
    // An ID token with a long lifetime may have been issued long ago.
    let old = issuer.signs(&key, &json!({"iat": now - 3 * 86_400, "nonce": "n-1"}));
    assert_eq!(client.verified_claims(&old).unwrap().get("nonce"), Some(&json!("n-1")));
    // A mobile app of the same project sends its ID token to the server.
    let of_app = issuer.signs(&key, &json!({"azp": "app"}));
    assert_eq!(client.verified_claims(&of_app).unwrap().get("azp"), Some(&json!("app")));
    assert_eq!(issuer.requests(), 1);
}

#[test]
fn an_unsigned_or_forged_id_token_is_refused() {
    let (real, forged) = (key(P256, "k1"), key(RSA, "k1"));
    let issuer = Issuer::new(&[&real]);
    let provider = issuer.sandbox.provider().to_builder().unsigned_id_tokens(true).build().unwrap();
    let client = Client::new(provider, issuer.sandbox.credentials(), MemoryBackend::new());
    let token = issuer.signs(&real, &json!({}));
    let [_, claims, signature] = *token.expose().split('.').collect::<Vec<_>>() else { panic!() };
    let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let refused = why(client.verified_claims(&unsigned.into()));
    assert_eq!(refused, IdTokenError::Algorithm("none".to_owned()));
    // The header names an RSA algorithm; the issuer's key set has only an elliptic-curve key.
    let refused = why(client.verified_claims(&issuer.signs(&forged, &json!({}))));
    assert_eq!(refused, IdTokenError::NoKey);
    let other = issuer.signs(&real, &json!({"sub": "admin"}));
    let [head, claims, _] = *other.expose().split('.').collect::<Vec<_>>() else { panic!() };
    let error = client.verified_claims(&format!("{head}.{claims}.{signature}").into()).unwrap_err();
    assert!(!format!("{error:#} {error:?} {error:#?}").contains(claims));
    assert_eq!(why(Err(error)), IdTokenError::Signature);
}

#[test]
fn a_new_key_of_the_server_costs_one_request() {
    let (first, second, third) = (key(P256, "k1"), key(RSA, "k2"), key(ED25519, "k3"));
    let issuer = Issuer::new(&[&first]);
    let client = issuer.client();
    let check = |key: &SigningKey| client.verified_claims(&issuer.signs(key, &json!({})));
    check(&first).unwrap();
    issuer.clock.sleep(Duration::from_secs(31));
    issuer.publish(&[&first, &second]);
    check(&second).unwrap();
    assert_eq!(issuer.requests(), 2);
    // Many tokens with an unknown key do not cause many requests.
    for _ in 0..5 {
        assert_eq!(why(check(&third)), IdTokenError::NoKey);
    }
    assert_eq!(issuer.requests(), 2);
    issuer.clock.sleep(Duration::from_secs(30));
    for _ in 0..5 {
        assert_eq!(why(check(&third)), IdTokenError::NoKey);
    }
    assert_eq!(issuer.requests(), 3);
    // A server may replace a key under the same `kid`.
    issuer.clock.sleep(Duration::from_secs(30));
    let again = key(RSA, "k1");
    issuer.publish(&[&again]);
    check(&again).unwrap();
    assert_eq!(why(check(&first)), IdTokenError::NoKey);
    assert_eq!(issuer.requests(), 4);
}

#[test]
fn a_withdrawn_key_ends_within_an_hour() {
    let (old, new) = (key(P256, "k1"), key(RSA, "k2"));
    let issuer = Issuer::new(&[&old]);
    let client = issuer.client();
    let check = |key: &SigningKey| client.verified_claims(&issuer.signs(key, &json!({})));
    check(&old).unwrap();
    issuer.publish(&[&new]);
    issuer.clock.sleep(Duration::from_secs(3599));
    check(&old).unwrap();
    issuer.clock.sleep(Duration::from_secs(1));
    assert_eq!(why(check(&old)), IdTokenError::NoKey);
    assert_eq!(issuer.requests(), 2);
}

#[test]
fn an_outage_of_the_server_is_bridged_for_a_day() {
    let (known, unknown) = (key(P256, "k1"), key(RSA, "k2"));
    let issuer = Issuer::new(&[&known]);
    let client = issuer.client();
    let check = |key: &SigningKey| client.verified_claims(&issuer.signs(key, &json!({})));
    issuer.answers(503, json!({}));
    let first = check(&known).unwrap_err();
    assert!(matches!(first, Error::Api(_)) && first.is_transient(), "{first:?}");
    issuer.publish(&[&known]);
    check(&known).unwrap();
    issuer.answers(503, json!({}));
    issuer.clock.sleep(Duration::from_secs(2 * 3600));
    let before = issuer.requests();
    for _ in 0..5 {
        check(&known).unwrap();
    }
    assert_eq!(issuer.requests(), before + 1, "one request within the pause");
    issuer.clock.sleep(Duration::from_secs(30));
    assert!(matches!(check(&unknown), Err(Error::Api(_))), "the new key may be there");
    assert_eq!(why(check(&unknown)), IdTokenError::NoKey);
    issuer.clock.sleep(Duration::from_secs(22 * 3600));
    for _ in 0..2 {
        assert!(matches!(check(&known), Err(Error::Api(_))));
    }
    issuer.publish(&[&known]);
    check(&known).unwrap();
}

#[test]
fn threads_fetch_the_key_set_once() {
    let key = key(P256, "k1");
    let issuer = Issuer::new(&[&key]);
    let (client, token) = (issuer.client(), issuer.signs(&key, &json!({})));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| client.verified_claims(&token).unwrap());
        }
    });
    assert_eq!(issuer.requests(), 1);
}

#[test]
fn an_answer_that_is_no_key_set_is_an_error() {
    let key = key(P256, "k1");
    let issuer = Issuer::new(&[&key]);
    let (client, token) = (issuer.client(), issuer.signs(&key, &json!({})));
    for (status, body) in [(200, json!([])), (200, json!({"keys": 1})), (302, json!({"keys": []}))]
    {
        issuer.answers(status, body);
        let error = client.verified_claims(&token).unwrap_err();
        assert!(format!("{error:#}").contains("/jwks"), "{error:#}");
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
    }
    issuer.answers(404, json!({}));
    assert!(
        matches!(client.verified_claims(&token), Err(Error::Api(error)) if error.status == 404)
    );
    issuer.publish(&[&key]);
    assert!(client.verified_claims(&token).is_ok());
    for text in ["", "a.b", "a.b.c.d.e", "no token"] {
        assert!(matches!(why(client.verified_claims(&text.into())), IdTokenError::Unreadable(_)));
    }
}

#[test]
fn a_provider_without_keys_or_issuer_is_a_config_error() {
    let key = key(P256, "k1");
    let issuer = Issuer::new(&[&key]);
    let token = issuer.signs(&key, &json!({}));
    let endpoint = format!("{}/token", issuer.sandbox.url());
    let without = evergrant::Provider::builder("x").token_endpoint(&endpoint);
    let keys = without.clone().jwks_uri(format!("{}/jwks", issuer.sandbox.url()));
    for provider in [without, keys] {
        let provider = provider.build().unwrap();
        let client = Client::new(provider, issuer.sandbox.credentials(), MemoryBackend::new());
        assert!(matches!(client.verified_claims(&token), Err(Error::Config(_))));
    }
    assert_eq!(issuer.requests(), 0);
    let plain = evergrant::Provider::builder("x").token_endpoint(endpoint);
    assert!(plain.jwks_uri("http://login.example/jwks").build().is_err());
}

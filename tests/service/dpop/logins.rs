//! Tests of bound logins: the origin of the key, its place in the store, and the clients that can use
//! it.

use evergrant::provider::Dpop;
use evergrant::sandbox::Sandbox;
use evergrant::{Authorization, Client, Error, FileBackend, MemoryBackend, Token};
use serde_json::Value;

use super::{claims, client, log_in, logged_in, proofs_at_token_endpoint, strict};

#[test]
fn every_request_of_a_bound_login_has_a_proof() {
    for secret in [None, Some("s3cret")] {
        let sandbox = strict().client("app", secret).start().unwrap();
        let proofs = proofs_at_token_endpoint(&sandbox);
        let client = logged_in(&sandbox);
        assert_eq!(client.token().unwrap().token_type(), "DPoP");
        let echo: Value =
            client.post("/echo").query("a", 1).send("x").unwrap().read_json().unwrap();
        let proof = claims(echo["headers"]["dpop"].as_str().unwrap());
        assert_eq!(proof["htm"], "POST");
        assert_eq!(proof["htu"], format!("{}/api/echo", sandbox.url()));
        assert!(proof["ath"].is_string());
        client.refresh().unwrap();
        client.get("/me").call().unwrap();
        let proofs = proofs.lock().unwrap();
        let ids: Vec<_> = proofs.iter().map(|proof| claims(proof)["jti"].to_string()).collect();
        assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
        assert!(claims(&proofs[1]).get("ath").is_none());
        let counters = sandbox.counters();
        assert_eq!((counters.refreshes, counters.proofs_refused, counters.refused), (1, 0, 0));
    }
}

#[test]
fn a_client_binds_its_logins_if_it_asks_for_it() {
    let sandbox = Sandbox::start().unwrap();
    let make = |bound| {
        let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
        let builder = Client::builder(provider, credentials, MemoryBackend::new());
        if bound { builder.dpop().build() } else { builder.build() }
    };
    for (bound, kind) in [(true, "DPoP"), (false, "Bearer")] {
        let client = make(bound);
        let authorization = client.authorize(&["read"]).unwrap();
        assert_eq!(authorization.url().contains("dpop_jkt="), bound);
        let callback = sandbox.approve(authorization.url()).unwrap();
        let token = client.exchange(authorization, &callback).unwrap();
        assert_eq!((token.token_type(), token.dpop_key().is_some()), (kind, bound));
        client.get("/me").call().unwrap();
    }
}

#[test]
fn the_key_travels_with_the_authorization() {
    let sandbox = strict().start().unwrap();
    let (one, two) = (client(&sandbox), client(&sandbox));
    let authorization = one.authorize(&["read"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let text = serde_json::to_string(&authorization).unwrap();
    let jwk: Value = serde_json::from_str::<Value>(&text).unwrap()["dpop_key"].clone();
    let jwk: Value = jwk.as_str().unwrap().parse().unwrap();
    assert!(!format!("{authorization:?}").contains(jwk["d"].as_str().unwrap()));
    // The callback comes to another process.
    let kept: Authorization = serde_json::from_str(&text).unwrap();
    let token = two.exchange(kept, &callback).unwrap();
    let stored: Value = token.dpop_key().unwrap().expose().parse().unwrap();
    assert_eq!(stored["d"], jwk["d"]);
    // Another key cannot exchange the code.
    let authorization = one.authorize(&["read"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let mut other = serde_json::to_value(&authorization).unwrap();
    other["dpop_key"] =
        serde_json::to_value(one.authorize(&[]).unwrap()).unwrap()["dpop_key"].clone();
    let other: Authorization = serde_json::from_value(other).unwrap();
    let error = one.exchange(other, &callback).unwrap_err();
    assert!(matches!(&error, Error::OAuth(oauth) if oauth.code == "invalid_grant"), "{error}");
}

#[test]
fn the_key_is_kept_with_the_login_and_wiped_with_it() {
    let sandbox = strict().client("app", None).start().unwrap();
    let path = sandbox.folder().join("login.json");
    let client = logged_in(&sandbox);
    let stored = || -> Value { serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap() };
    let first = stored()["token"]["dpop_key"].clone();
    let secret = first["d"].as_str().unwrap().to_owned();
    assert_eq!((&first["kty"], &first["crv"]), (&"EC".into(), &"P-256".into()));
    client.refresh().unwrap();
    assert_eq!(stored()["token"]["dpop_key"], first, "a refresh keeps the key");
    let shown = format!("{:?} {:?} {client:?}", client.token(), client.stored());
    assert!(!shown.contains(&secret), "{shown}");
    // Another process shares the login.
    let backend = FileBackend::new(&path);
    let other = Client::new(sandbox.provider(), sandbox.credentials(), backend);
    sandbox.expire_access_tokens();
    other.get("/me").call().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().proofs_refused), (2, 0));
    // A new login has a new key.
    log_in(&sandbox, &client);
    assert_ne!(stored()["token"]["dpop_key"]["d"], first["d"]);
    client.revoke().unwrap();
    assert!(!path.exists() || !std::fs::read_to_string(&path).unwrap().contains("dpop_key"));
}

#[cfg(feature = "encryption")]
#[test]
fn a_sealed_store_encrypts_the_key() {
    use evergrant::backend::{SealedBackend, SealingKey};
    let sandbox = strict().start().unwrap();
    let path = sandbox.folder().join("sealed.json");
    let key = SealingKey::generate();
    let backend = SealedBackend::new(FileBackend::new(&path), key);
    let client = Client::new(sandbox.provider(), sandbox.credentials(), backend);
    log_in(&sandbox, &client);
    let jwk: Value = client.token().unwrap().dpop_key().unwrap().expose().parse().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for secret in ["d", "x"] {
        assert!(!text.contains(jwk[secret].as_str().unwrap()), "{text}");
    }
    assert!(!text.contains("dpop_key"));
    client.refresh().unwrap();
}

#[test]
fn tokens_of_the_application_itself_are_bound() {
    let sandbox = strict().start().unwrap();
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
        .client_credentials(&["read"])
        .build();
    for _ in 0..2 {
        client.get("/me").call().unwrap();
        sandbox.expire_access_tokens();
        client.refresh().unwrap();
    }
    assert_eq!(sandbox.counters().proofs_refused, 0);
    assert_eq!(client.token().unwrap().token_type(), "DPoP");
}

#[cfg(feature = "device")]
#[test]
fn a_device_login_is_bound_from_its_first_poll() {
    use evergrant::clock::ManualClock;
    use std::ops::ControlFlow;
    let clock = std::sync::Arc::new(ManualClock::new());
    let sandbox = strict().clock(clock.clone()).start().unwrap();
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
        .clock(clock)
        .build();
    let code = client.device_code(&["read"]).unwrap();
    // Another process polls.
    let code = serde_json::from_str(&serde_json::to_string(&code).unwrap()).unwrap();
    let proofs = proofs_at_token_endpoint(&sandbox);
    let mut polls = 0;
    let token = client.exchange_device(&code, |_| {
        polls += 1;
        if polls == 20 {
            assert!(sandbox.approve_device(code.user_code()));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(token.unwrap().token_type(), "DPoP");
    client.get("/me").call().unwrap();
    client.refresh().unwrap();
    let jwk = |proof: &String| proof.split('.').next().unwrap().to_owned();
    let keys: std::collections::HashSet<_> = proofs.lock().unwrap().iter().map(jwk).collect();
    assert_eq!(keys.len(), 1);
}

#[cfg(feature = "par")]
#[test]
fn a_pushed_request_has_a_proof_with_the_same_key() {
    let sandbox = strict()
        .pushed_requests(std::time::Duration::from_secs(60))
        .pushed_requests_required(true)
        .dpop_nonces(1000)
        .start()
        .unwrap();
    let client = logged_in(&sandbox);
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.pushed_requests, counters.proofs_refused), (1, 0));
    // The authorization server has demanded a nonce, and the API another nonce.
    assert_eq!(counters.nonces_demanded, 2);
}

#[test]
fn a_server_without_es256_is_a_config_error() {
    let sandbox = Sandbox::start().unwrap();
    let off = sandbox.provider().to_builder().dpop(Dpop::Off).build().unwrap();
    let client = Client::builder(off.clone(), sandbox.credentials(), MemoryBackend::new());
    let error = client.dpop().build().authorize(&["read"]).unwrap_err();
    assert!(error.kind() == "config" && error.to_string().contains("ES256"), "{error}");
    let client = Client::builder(off, sandbox.credentials(), MemoryBackend::new());
    let client = client.dpop_if_offered().build();
    log_in(&sandbox, &client);
    assert_eq!(client.token().unwrap().token_type(), "Bearer");
}

#[test]
fn a_parameter_of_the_caller_cannot_name_another_key() {
    let sandbox = strict().start().unwrap();
    let error = client(&sandbox).authorize_with(&[], &[("dpop_jkt", "x")]).unwrap_err();
    assert!(error.kind() == "config" && error.to_string().contains("dpop_jkt"), "{error}");
}

#[test]
fn a_seeded_refresh_token_is_bound_by_its_first_refresh() {
    let sandbox = strict().start().unwrap();
    let client = client(&sandbox);
    assert!(client.seed(sandbox.login()).unwrap());
    client.get("/me").call().unwrap();
    client.refresh().unwrap();
    let token = client.token().unwrap();
    assert_eq!((token.token_type(), sandbox.counters().refreshes), ("DPoP", 2));
    // A client on another store can use the bound login.
    let other = self::client(&sandbox);
    assert!(other.seed(token).unwrap());
    other.refresh().unwrap();
    other.get("/me").call().unwrap();
    let client = self::client(&sandbox);
    let error = client.seed(Token::new("at-1")).unwrap_err();
    assert!(error.to_string().contains("with_dpop_key"), "{error}");
    let error = client.seed(Token::new("at-1").with_dpop_key("{}")).unwrap_err();
    assert!(error.to_string().contains("private JWK"), "{error}");
}

#[test]
fn a_login_that_is_bound_to_another_key_is_refused() {
    let sandbox = strict().start().unwrap();
    let (one, two) = (client(&sandbox), client(&sandbox));
    log_in(&sandbox, &one);
    log_in(&sandbox, &two);
    let stolen = Token::new("x")
        .with_refresh_token(one.token().unwrap().refresh_token().unwrap().clone())
        .with_dpop_key(two.token().unwrap().dpop_key().unwrap().clone());
    let thief = client(&sandbox);
    thief.seed(stolen).unwrap();
    assert!(matches!(thief.refresh(), Err(Error::Reauthorize(_))));
    one.refresh().unwrap();
}

#[test]
fn a_bound_token_without_its_key_is_not_sent() {
    let sandbox = strict().start().unwrap();
    let path = sandbox.folder().join("login.json");
    logged_in(&sandbox);
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let token = record["token"].as_object_mut().unwrap();
    let jwk = token.remove("dpop_key").unwrap();
    std::fs::write(&path, record.to_string()).unwrap();
    let calls = sandbox.counters().api_calls;
    let client = || Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    let error = client().get("/me").call().unwrap_err();
    assert!(error.kind() == "config" && error.to_string().contains("has no key"), "{error}");
    // A key that cannot be read is not another key.
    record["token"]["dpop_key"] = serde_json::json!({"kty": "EC", "d": jwk["d"]});
    std::fs::write(&path, record.to_string()).unwrap();
    for error in [client().get("/me").call().map(drop), client().refresh()] {
        let error = error.unwrap_err();
        assert!(error.kind() == "config" && error.to_string().contains("private JWK"), "{error}");
        assert!(!error.to_string().contains(jwk["d"].as_str().unwrap()));
    }
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.refreshes, counters.refused), (calls, 0, 0));
}

#[test]
fn a_stored_bearer_login_goes_on_without_proofs() {
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("login.json");
    let plain = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    log_in(&sandbox, &plain);
    let builder =
        Client::builder(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    let client = builder.dpop().build();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(client.token().unwrap().token_type(), "Bearer");
    // A client without a setting for keys also sends a proof for a bound login.
    log_in(&sandbox, &client);
    plain.refresh().unwrap();
    plain.get("/me").call().unwrap();
    assert_eq!(plain.token().unwrap().token_type(), "DPoP");
}

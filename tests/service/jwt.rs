//! Tests of clients with a key, and of grants without a person, against a server that checks the assertions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::jwt::{Algorithm, AssertionAudience, JwtBearer, ServiceAccount, Signer, SigningKey};
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{Fault, Sandbox, TokenCall};
use evergrant::{BoxError, Client, Credentials, Error, FileBackend, MemoryBackend, Provider};
use serde_json::{Value, json};

use crate::support::Fake;

const P256: &str = include_str!("../keys/p256.pem");
const RSA: &str = include_str!("../keys/rsa2048.pem");
const ED25519: &str = include_str!("../keys/ed25519.pem");

fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(pem).unwrap()
}

fn calls(sandbox: &Sandbox) -> Arc<Mutex<Vec<TokenCall>>> {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    sandbox.on_token(move |call, reply| {
        seen.lock().unwrap().push(call.clone());
        reply
    });
    calls
}

fn claims(call: &TokenCall, parameter: &str) -> Value {
    use base64::Engine as _;
    let part = call.parameter(parameter).unwrap().split('.').nth(1).unwrap();
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&base64.decode(part).unwrap()).unwrap()
}

#[test]
fn each_kind_of_key_signs_a_new_assertion_for_each_request() {
    for (pem, pss) in [(P256, false), (RSA, false), (RSA, true), (ED25519, false)] {
        let made = || {
            let key = key(pem).with_key_id("k1");
            if pss { key.with_pss() } else { key }
        };
        let sandbox = Sandbox::builder().client_key(&made()).start().unwrap();
        let seen = calls(&sandbox);
        let credentials = Credentials::signed("sandbox-client", made())
            .with_redirect_uri("http://127.0.0.1/callback");
        let client = Client::new(sandbox.provider(), credentials, MemoryBackend::new());
        let authorization = client.authorize(&["read"]).unwrap();
        let callback = sandbox.approve(authorization.url()).unwrap();
        client.exchange(authorization, &callback).unwrap();
        client.refresh().unwrap();
        // The server accepts a `jti` once, so each request has a new `jti`, repeated requests included.
        sandbox.fault(Fault::CutAfter);
        client.refresh().unwrap();
        client.revoke().unwrap();
        let name = made().algorithm().name();
        assert_eq!(sandbox.counters().refused, 0, "{name}");
        for call in seen.lock().unwrap().iter() {
            assert_eq!(call.parameter("client_id"), Some("sandbox-client"), "{name}");
            assert_eq!(claims(call, "client_assertion")["aud"], sandbox.url(), "{name}");
            assert!(call.parameter("client_secret").is_none(), "{name}");
            assert!(call.header("Authorization").is_none(), "{name}");
        }
    }
}

#[test]
fn a_wrong_key_or_a_failing_signer_spends_nothing() {
    struct Locked;
    impl Signer for Locked {
        fn algorithm(&self) -> Algorithm {
            Algorithm::Es256
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, BoxError> {
            Err("the module is locked".into())
        }
    }
    let sandbox = Sandbox::builder().client_key(&key(P256)).start().unwrap();
    for (credentials, kind) in [
        (Credentials::signed("sandbox-client", key(ED25519)), "oauth"),
        (Credentials::signed("another", key(P256)), "oauth"),
        (Credentials::signed("sandbox-client", Locked), "config"),
        (Credentials::public("sandbox-client"), "config"),
    ] {
        let client = Client::new(sandbox.provider(), credentials, MemoryBackend::new());
        client.seed(sandbox.login()).unwrap();
        let error = client.refresh().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(client.stored().unwrap().unwrap().note().is_none());
        assert!(sandbox.login_alive());
    }
    assert_eq!(sandbox.counters().refreshes, 0);
}

#[test]
fn a_secret_can_sign_instead_of_being_sent() {
    let secret = "sandbox-secret-of-32-bytes-or-more";
    let builder = Sandbox::builder().client("app", Some(secret));
    let sandbox = builder.client_auth(ClientAuth::SecretJwt).start().unwrap();
    let seen = calls(&sandbox);
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = client.client_credentials(&["read"]).build();
    assert!(client.get("/me").call().is_ok());
    let seen = seen.lock().unwrap();
    assert!(!seen[0].parameters.iter().any(|(_, value)| value.contains(secret)));
    assert!(seen[0].parameter("client_assertion").is_some());
}

#[test]
fn a_server_with_another_clock_gets_one_more_request_with_its_time() {
    for offset in [3600, -3600, 0, 20] {
        let clock = Arc::new(ManualClock::new());
        let builder = Sandbox::builder().client_key(&key(P256)).clock(clock.clone());
        let sandbox = builder.start().unwrap();
        sandbox.clock_offset(offset);
        let client = Client::builder(
            sandbox.provider(),
            Credentials::signed("sandbox-client", key(P256)),
            MemoryBackend::new(),
        );
        let client = client.clock(clock.clone()).client_credentials(&[]).build();
        client.access_token().unwrap_or_else(|error| panic!("{offset}: {error}"));
        let wrong = u64::from(offset.unsigned_abs() > 60);
        assert_eq!(sandbox.counters().token_requests, 1 + wrong, "{offset}");
        // The client remembers the difference between the clocks.
        client.refresh().unwrap();
        assert_eq!(sandbox.counters().token_requests, 2 + wrong, "{offset}");
        // The client counts the lifetime of a token by its own clock.
        let token = client.token().unwrap();
        assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)), "{offset}");
    }
    // If the clocks agree, a refusal is final.
    let sandbox = Sandbox::builder().client_key(&key(P256)).start().unwrap();
    let wrong = Credentials::signed("sandbox-client", key(ED25519));
    let client = Client::builder(sandbox.provider(), wrong, MemoryBackend::new());
    let error = client.client_credentials(&[]).build().access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    assert_eq!(sandbox.counters().token_requests, 1);
}

#[test]
fn a_server_of_another_century_moves_no_assertion_and_is_one_warning() {
    for offset in [70 * 365 * 86_400, -3 * 86_400] {
        let clock = Arc::new(ManualClock::new());
        let builder = Sandbox::builder().client_key(&key(P256)).clock(clock.clone());
        let sandbox = builder.start().unwrap();
        sandbox.clock_offset(offset);
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let credentials = Credentials::signed("sandbox-client", key(P256));
        let client = Client::builder(sandbox.provider(), credentials, MemoryBackend::new())
            .clock(clock.clone())
            .on_event(move |event| heard.lock().unwrap().push(event.to_string()))
            .client_credentials(&[])
            .build();
        for requests in 1..=2 {
            let error = client.refresh().unwrap_err();
            assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
            assert_eq!(
                sandbox.counters().token_requests,
                requests,
                "the client tries no other time"
            );
            // The client remembers a failure for some seconds.
            clock.advance(Duration::from_secs(60));
        }
        let told = told.lock().unwrap();
        let warnings: Vec<_> = told.iter().filter(|text| text.contains("the clock of")).collect();
        assert_eq!(warnings.len(), 1, "{told:?}");
        let side = if offset > 0 { "days ahead" } else { "days back" };
        assert!(warnings[0].contains(side), "{told:?}");
    }
}

#[test]
fn a_server_may_want_its_token_endpoint_as_the_audience() {
    let sandbox = Sandbox::builder().client_key(&key(P256)).start().unwrap();
    let seen = calls(&sandbox);
    let provider = sandbox.provider().to_builder();
    let provider = provider.assertion_audience(AssertionAudience::TokenEndpoint).build().unwrap();
    let credentials = Credentials::signed("sandbox-client", key(P256));
    let client = Client::builder(provider, credentials, MemoryBackend::new());
    client.client_credentials(&[]).build().access_token().unwrap();
    let audience = claims(&seen.lock().unwrap()[0], "client_assertion")["aud"].clone();
    assert_eq!(audience, format!("{}/token", sandbox.url()));
}

#[test]
fn the_jwt_bearer_grant_signs_a_new_assertion_for_each_token() {
    let sandbox = Sandbox::builder().client_key(&key(RSA)).start().unwrap();
    let seen = calls(&sandbox);
    let file = sandbox.folder().join("ada");
    let client = |subject: &str| {
        let grant = JwtBearer::new(key(RSA)).subject(subject).scopes(&["read"]);
        let credentials = Credentials::public("sandbox-client");
        Client::builder(sandbox.provider(), credentials, FileBackend::new(&file))
            .jwt_bearer(grant)
            .build()
    };
    let ada = client("ada@example.com");
    let me: Value = ada.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada@example.com");
    let token = ada.token().unwrap();
    assert!(token.refresh_token().is_none());
    assert_eq!(token.scope(), Some("read"));
    sandbox.expire_access_tokens();
    let again: Value = ada.get("/me").read_json().unwrap();
    assert_eq!(again["access_token_number"], 2);
    // Another process shares the token. A client for another user cannot use the store.
    assert_eq!(client("ada@example.com").get("/me").call().unwrap().status(), 200);
    assert_eq!(sandbox.counters().token_requests, 2);
    assert!(matches!(client("eve@example.com").get("/me").call(), Err(Error::Config(_))));
    for call in seen.lock().unwrap().iter() {
        assert_eq!(call.grant_type(), "urn:ietf:params:oauth:grant-type:jwt-bearer");
        assert!(call.parameter("client_id").is_none() && call.header("Authorization").is_none());
    }
    // A refused assertion is an OAuth error, and no login is needed.
    let wrong = Client::builder(
        sandbox.provider(),
        Credentials::public("sandbox-client"),
        MemoryBackend::new(),
    );
    let wrong = wrong.jwt_bearer(JwtBearer::new(key(P256))).build();
    let error = wrong.access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_grant"), "{error:?}");
    assert!(!error.needs_authorization());
}

/// Runs in a child process: the variable that names a key file holds the key.
#[test]
fn reads_the_named_key_file() {
    if std::env::var_os("EVERGRANT_TEST_KEY_FILE").is_some() {
        println!("\nsaid: {:?}", ServiceAccount::from_env().unwrap_err().to_string());
    }
}

#[test]
fn a_key_in_place_of_its_path_is_not_shown() {
    let json = key_file("https://oauth2.googleapis.com/token", RSA).to_string();
    let inner: String = P256.lines().filter(|line| !line.starts_with('-')).collect();
    for content in [json.as_str(), RSA, P256, inner.as_str(), &inner[..40], "sesame", "s/e/s/ame"] {
        let mut texts = Vec::new();
        texts.push(format!("{:#?}", SigningKey::from_pem_file(content).unwrap_err()));
        texts.push(format!("{:#?}", ServiceAccount::from_file(content).unwrap_err()));
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "jwt::reads_the_named_key_file", "--nocapture"])
            .env("EVERGRANT_TEST_KEY_FILE", "1")
            .env("GOOGLE_APPLICATION_CREDENTIALS", content)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("said: \"GOOGLE_APPLICATION_CREDENTIALS: "), "{said}");
        texts.push(said);
        for text in texts {
            let part = content.lines().nth(1).unwrap_or(content);
            assert!(!text.contains(part) && !text.contains("PRIVATE KEY"), "{text}");
        }
    }
}

fn key_file(token_uri: &str, pem: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "project-7",
        "private_key_id": "k1",
        "private_key": pem,
        "client_email": "robot@project-7.iam.gserviceaccount.com",
        "client_id": "117",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    })
}

#[test]
fn a_service_account_gets_tokens_for_itself_or_a_user() {
    let sandbox = Sandbox::builder().client_key(&key(RSA).with_key_id("k1")).start().unwrap();
    let seen = calls(&sandbox);
    let path = sandbox.folder().join("key.json");
    let file = key_file(&format!("{}/token", sandbox.url()), RSA);
    std::fs::write(&path, file.to_string()).unwrap();
    let account = ServiceAccount::from_file(&path).unwrap();
    assert_eq!(account.email(), "robot@project-7.iam.gserviceaccount.com");
    assert_eq!(account.project_id(), Some("project-7"));
    let shown = format!("{account:?}");
    assert!(shown.contains("Rs256") && !shown.contains("PRIVATE"), "{shown}");
    let call = |account: &ServiceAccount| -> Value {
        let client = account.client(&["a", "b"], MemoryBackend::new()).unwrap();
        let client = client.allow_host(sandbox.url()).build();
        client.get(&format!("{}/api/me", sandbox.url())).read_json().unwrap()
    };
    call(&account);
    assert_eq!(call(&account.clone().with_subject("ada@example.com"))["login"], "ada@example.com");
    let seen = seen.lock().unwrap();
    let (own, delegated) = (claims(&seen[0], "assertion"), claims(&seen[1], "assertion"));
    assert!(own.get("sub").is_none());
    assert_eq!(delegated["sub"], "ada@example.com");
    for claims in [&own, &delegated] {
        assert_eq!(claims["iss"], "robot@project-7.iam.gserviceaccount.com");
        assert_eq!((&claims["aud"], &claims["scope"]), (&file["token_uri"], &json!("a b")));
    }
    assert!(seen[0].parameter("scope").is_none());
}

#[test]
fn the_error_for_a_wrong_key_file_shows_nothing_of_it() {
    let good = key_file("https://oauth2.googleapis.com/token", RSA);
    assert!(ServiceAccount::from_json(&good.to_string()).is_ok());
    let without = |name: &str| {
        let mut file = good.clone();
        file.as_object_mut().unwrap().remove(name);
        file.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut file = good.clone();
        file[name] = value;
        file.to_string()
    };
    let secret = RSA.lines().nth(3).unwrap();
    let whole = good.to_string();
    for text in [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        "[".repeat(100_000),
        whole[..whole.len() / 2].to_owned(),
        without("client_email"),
        without("private_key"),
        without("token_uri"),
        without("type"),
        with("type", json!("c4nary_user")),
        with("private_key", json!(7)),
        with("private_key", json!([RSA])),
        with("private_key", json!("no key")),
        with("private_key", json!(include_str!("../keys/p256.sec1.pem"))),
        with("private_key", json!(include_str!("../keys/p256.encrypted.pem"))),
        with("token_uri", json!("http://oauth2.googleapis.com/token")),
        with("token_uri", json!("nonsense")),
    ] {
        let error = ServiceAccount::from_json(&text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(matches!(error, Error::Config(_)), "{shown}");
        assert!(!shown.contains(secret) && !shown.contains("c4nary"), "{shown}");
    }
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("key");
    for bytes in [&b"\xff\xfe"[..], &vec![b'x'; 100_000]] {
        std::fs::write(&path, bytes).unwrap();
        let texts = [
            ServiceAccount::from_file(&path).unwrap_err().to_string(),
            SigningKey::from_pem_file(&path).unwrap_err().to_string(),
        ];
        assert!(texts.iter().all(|text| text.contains(path.to_str().unwrap())), "{texts:?}");
    }
    let text = ServiceAccount::from_file("/nonexistent/key.json").unwrap_err().to_string();
    assert!(text.contains("/nonexistent/key.json"), "{text}");
    std::fs::write(&path, include_str!("../keys/p256.sec1.pem")).unwrap();
    let text = SigningKey::from_pem_file(&path).unwrap_err().to_string();
    assert!(
        text.contains("openssl pkcs8 -topk8") && text.contains(path.to_str().unwrap()),
        "{text}"
    );
}

#[test]
fn no_error_shows_an_assertion_or_a_key() {
    let echo = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let body = request.rsplit("\r\n").next().unwrap_or_default();
            let body = json!({"error": "invalid_client", "error_description": body});
            peer.answer("401 Unauthorized", "", body.to_string().as_bytes());
        }
    });
    let provider = Provider::builder("x").token_endpoint(echo.url()).build().unwrap();
    let client =
        Client::builder(provider, Credentials::signed("app", key(P256)), MemoryBackend::new());
    let client = client.client_credentials(&[]).build();
    let error = client.access_token().unwrap_err();
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("eyJ"), "{shown}");
    let text = format!("{:?}", Credentials::signed("app", key(P256).with_key_id("k1")));
    assert!(text.contains("Es256") && text.contains("k1"), "{text}");
}

//! Tests of a program without the feature `dpop` that gets tokens that are bound to a key (RFC 9449).

use evergrant::provider::Dpop;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, Error, FileBackend, MemoryBackend, Token};

fn is_told(error: &Error) {
    assert_eq!(error.kind(), "config");
    assert!(error.to_string().contains("feature `dpop`"), "{error}");
}

#[test]
fn a_bound_login_is_refused_without_the_feature() {
    let sandbox = Sandbox::start().unwrap();
    let path = sandbox.folder().join("login.json");
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    client.seed(sandbox.login()).unwrap();
    client.get("/me").call().unwrap();
    // Another program, with the feature, has logged in.
    let mut record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["token"]["token_type"] = "DPoP".into();
    record["token"]["dpop_key"] = serde_json::json!({"kty": "EC", "d": "sesame"});
    std::fs::write(&path, record.to_string()).unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&path));
    let before = sandbox.counters();
    for error in [
        client.get("/me").call().map(drop).unwrap_err(),
        client.refresh().unwrap_err(),
        client.authorize(&[]).map(drop).unwrap_err(),
        client.clear().unwrap_err(),
    ] {
        is_told(&error);
        assert!(!error.to_string().contains("sesame"));
    }
    assert_eq!(sandbox.counters(), before, "nothing was sent");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.contains("sesame"), "the login is kept for the other program");
}

#[test]
fn a_server_with_bound_tokens_only_fails_before_a_login() {
    let sandbox = Sandbox::start().unwrap();
    let provider = sandbox.provider().to_builder().dpop(Dpop::Required).build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    is_told(&client.authorize(&["read"]).map(drop).unwrap_err());
    is_told(&client.seed(sandbox.login()).unwrap_err());
    let token: Token =
        serde_json::from_str(r#"{"access_token":"at","dpop_key":{"kty":"EC"}}"#).unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    is_told(&client.seed(token).unwrap_err());
    assert_eq!(sandbox.counters().token_requests, 0);
}

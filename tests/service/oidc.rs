//! Tests of the identity of the person who has logged in: ID tokens, nonces and userinfo.

use evergrant::sandbox::{ApiReply, Reply, Sandbox};
use evergrant::{Client, Error, MemoryBackend, Token};
use serde_json::{Value, json};

use crate::support::{builder, sandbox};

fn login(sandbox: &Sandbox, scopes: &[&str]) -> (Client, Result<Token, Error>) {
    let client = builder(sandbox).build();
    let authorization = client.authorize(scopes).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback);
    (client, token)
}

#[test]
fn an_id_token_is_kept_and_its_claims_are_read_unverified() {
    let sandbox = sandbox();
    let (client, token) = login(&sandbox, &["openid", "email"]);
    let claims = token.unwrap().unverified_claims().unwrap().unwrap();
    assert_eq!(claims.issuer(), Some(sandbox.url()));
    assert_eq!((claims.subject(), claims.audience()), (Some("ada"), vec!["sandbox-client"]));
    assert_eq!(claims.email(), Some(("ada@example.com", true)));
    assert!(claims.expires_at().is_some());
    assert_eq!(claims.as_map().get("sub"), claims.get("sub"));
    assert!(!format!("{claims:?}").contains("ada"));
    // The ID token is stored, and the ID token of a refresh names the same user.
    client.refresh().unwrap();
    let stored = client.stored().unwrap().unwrap();
    let claims = stored.token().unverified_claims().unwrap().unwrap();
    assert_eq!(claims.subject(), Some("ada"));
    // Without `openid` there is no ID token.
    let (_, token) = login(&sandbox, &["read"]);
    assert!(token.unwrap().unverified_claims().unwrap().is_none());
    let odd = Token::new("at").with_id_token("no-jwt");
    assert!(matches!(odd.unverified_claims(), Err(Error::Decode(_))));
}

#[test]
fn a_login_with_openid_sends_a_nonce_and_checks_it() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let url = |scopes: &[&str]| client.authorize(scopes).unwrap().url().to_owned();
    let nonce = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        url.query_pairs().find(|(name, _)| name == "nonce").map(|(_, value)| value.into_owned())
    };
    let (one, two) = (nonce(&url(&["openid"])).unwrap(), nonce(&url(&["openid"])).unwrap());
    assert!(
        one.len() >= 22 && one != two,
        "a nonce has 128 bits or more, and is new for each login"
    );
    assert!(nonce(&url(&["read"])).is_none());
    let own = client.authorize_with(&["openid"], &[("nonce", "n-1"), ("prompt", "login")]).unwrap();
    assert_eq!(nonce(own.url()).as_deref(), Some("n-1"));
    let text = serde_json::to_string(&own).unwrap();
    assert!(text.contains("n-1") && !format!("{own:?}").contains("n-1"));
    let back: evergrant::Authorization = serde_json::from_str(&text).unwrap();
    let callback = sandbox.approve(back.url()).unwrap();
    assert!(client.exchange(back, &callback).is_ok());
}

#[test]
fn an_id_token_of_another_login_is_refused_and_nothing_is_stored() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    for claims in [json!({}), json!({"nonce": "another"}), json!({"nonce": 7})] {
        let sandbox = sandbox();
        let forged = format!("e30.{}.c2ln", base64.encode(claims.to_string()));
        sandbox.on_token(move |_, reply| {
            let mut body = reply.to_json();
            body["id_token"] = Value::from(forged.clone());
            Reply::json(200, body)
        });
        let (client, token) = login(&sandbox, &["openid"]);
        let error = token.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{claims}: {error:?}");
        assert!(
            format!("{error:#}").contains("nonce") && !format!("{error:?}").contains("another\"")
        );
        assert!(client.stored().unwrap().is_none());
    }
    // A login without `openid` does not check the nonce.
    let sandbox = sandbox();
    sandbox.on_token(|_, reply| {
        let mut body = reply.to_json();
        body["id_token"] = Value::from("e30.e30.c2ln");
        Reply::json(200, body)
    });
    assert!(login(&sandbox, &["read"]).1.is_ok());
}

#[test]
fn userinfo_must_be_about_the_user_of_the_id_token() {
    let sandbox = sandbox();
    let (client, token) = login(&sandbox, &["openid"]);
    token.unwrap();
    let user = client.userinfo().unwrap();
    assert_eq!((&user["sub"], &user["email"]), (&json!("ada"), &json!("ada@example.com")));
    for (body, says) in [
        (json!({"sub": "eve"}), "another user"),
        (json!({"name": "Ada"}), "another user"),
        (json!({"sub": ["ada"]}), "another user"),
        (json!(["ada"]), "not a JSON object"),
        (json!("ada"), "not a JSON object"),
    ] {
        sandbox.on("GET", "/userinfo", move |_| ApiReply::json(200, &body));
        let error = client.userinfo().unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        assert!(format!("{error:#}").contains(says), "{error}");
    }
    for (content_type, body) in [
        ("application/jwt", "e30.e30.c2ln".to_owned()),
        ("text/html", "<html>".to_owned()),
        ("application/json", "{\"sub\":\"ada\"".to_owned()),
        ("application/json", "[".repeat(200_000)),
    ] {
        sandbox.on("GET", "/userinfo", move |_| ApiReply::bytes(200, content_type, body.clone()));
        assert!(matches!(client.userinfo(), Err(Error::Decode(_))), "{content_type}");
    }
    sandbox.on("GET", "/userinfo", |_| ApiReply::new(500));
    assert!(matches!(client.userinfo(), Err(Error::Api(_))));
}

#[test]
fn a_service_without_openid_may_have_userinfo_on_another_host() {
    let api = sandbox();
    let login = sandbox();
    login.on("GET", "/userinfo", |_| ApiReply::json(200, json!({"id": 7})));
    let provider = login.provider().to_builder().api_base(format!("{}/api", api.url()));
    let client = Client::new(provider.build().unwrap(), login.credentials(), MemoryBackend::new());
    client.seed(login.login()).unwrap();
    assert_eq!(client.userinfo().unwrap()["id"], 7);
    let none = evergrant::Provider::builder("x").token_endpoint("http://127.0.0.1:1/t");
    let none = Client::new(none.build().unwrap(), login.credentials(), MemoryBackend::new());
    assert!(matches!(none.userinfo(), Err(Error::Config(_))));
}

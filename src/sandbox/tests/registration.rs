//! Tests of clients that register by themselves, of tokens that are only for the API, and of exchanged
//! tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::provider::TokenFormat;
use crate::sandbox::codes::Unfit;
use crate::sandbox::http::HttpRequest;

fn open() -> Desk {
    Desk::new(Rotation::UntilUsed, |settings| settings.registration = true)
}

/// Sends JSON, with the bearer token `token` if `token` is not empty.
fn send(desk: &mut Desk, method: &str, path: &str, token: &str, body: &Value) -> Reply {
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    if !token.is_empty() {
        headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    }
    let request = HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: body.to_string().into_bytes(),
        ..HttpRequest::default()
    };
    let now = desk.now();
    desk.server.registration(now, &request)
}

fn register(desk: &mut Desk, method: &str) -> Value {
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": method,
    });
    let reply = send(desk, "POST", "/register", "", &metadata);
    assert_eq!(reply.status, 201);
    reply.to_json()
}

fn call(parameters: &[(&str, &str)]) -> TokenCall {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    let request = HttpRequest {
        method: "POST".to_owned(),
        headers: vec![kind],
        body: body.extend_pairs(parameters).finish().into_bytes(),
        ..HttpRequest::default()
    };
    TokenCall::new(&request, TokenFormat::Form)
}

/// Opens the authorization endpoint and agrees. Returns the code, or the reason for a refusal.
fn authorized(desk: &mut Desk, client: &str, redirect_uri: &str) -> Result<String, String> {
    let parameters: Vec<_> =
        [("response_type", "code"), ("client_id", client), ("redirect_uri", redirect_uri)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    let now = desk.now();
    let issuer = "http://127.0.0.1";
    let number = desk.server.authorize(now, issuer, &parameters).map_err(|unfit| match unfit {
        Unfit::Page(why) => why.to_owned(),
        Unfit::Redirect(address) => address,
    })?;
    let address = desk.server.decide(now, issuer, &number, true).unwrap();
    Ok(address.split_once("code=").unwrap().1.to_owned())
}

fn exchanged(desk: &mut Desk, client: &str, code: &str) -> Reply {
    desk.call(&call(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "http://127.0.0.1:7/cb"),
        ("client_id", client),
    ]))
}

#[test]
fn a_registered_client_has_its_own_codes_and_tokens() {
    let mut desk = open();
    let [one, two] = [(); 2].map(|()| {
        let client = register(&mut desk, "none");
        client["client_id"].as_str().unwrap().to_owned()
    });
    assert_ne!(one, two);
    let code = authorized(&mut desk, &one, "http://127.0.0.1:7/cb").unwrap();
    assert_eq!(exchanged(&mut desk, &two, &code).to_json()["error"], "invalid_grant");
    let tokens = exchanged(&mut desk, &one, &code).to_json();
    let refreshed = |desk: &mut Desk, client: &str, token: &Value| {
        let token = token["refresh_token"].as_str().unwrap();
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client)];
        desk.call(&call(&form))
    };
    assert_eq!(refreshed(&mut desk, &two, &tokens).to_json()["error"], "invalid_grant");
    assert_eq!(refreshed(&mut desk, &one, &tokens).status, 200);
    for (uri, why) in [
        ("http://127.0.0.1:7/other", "redirect_uri is missing or not registered"),
        ("https://app.example/cb", "redirect_uri is missing or not registered"),
    ] {
        assert_eq!(authorized(&mut desk, &one, uri).unwrap_err(), why);
    }
    let unknown = authorized(&mut desk, "client-9", "http://127.0.0.1:7/cb");
    assert_eq!(unknown.unwrap_err(), "unknown client_id");
}

#[test]
fn only_the_holder_of_its_token_manages_a_registration() {
    let mut desk = open();
    let client = register(&mut desk, "client_secret_post");
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    let token = text("registration_access_token");
    let path = format!("/register/{}", text("client_id"));
    assert_eq!(text("registration_client_uri"), format!("http://127.0.0.1{path}"));
    for (path, token) in [(path.as_str(), "x"), (&path, ""), ("/register/client-9", &token)] {
        for method in ["GET", "PUT", "DELETE"] {
            let reply = send(&mut desk, method, path, token, &json!({}));
            assert_eq!((reply.status, &reply.to_json()["error"]), (401, &"invalid_token".into()));
        }
    }
    let whole = json!({"client_id": text("client_id"), "client_secret": text("client_secret"),
        "redirect_uris": ["http://127.0.0.1/cb"]});
    for (name, value) in [
        ("registration_access_token", json!("x")),
        ("client_id", json!("other")),
        ("client_secret", json!("other")),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
    ] {
        let mut wrong = whole.clone();
        wrong[name] = value;
        let reply = send(&mut desk, "PUT", &path, &token, &wrong);
        assert_eq!(reply.to_json()["error"], "invalid_client_metadata", "{name}");
    }
    let updated = send(&mut desk, "PUT", &path, &token, &whole).to_json();
    assert_ne!(updated["registration_access_token"], token.as_str());
    assert_eq!(send(&mut desk, "GET", &path, &token, &json!({})).status, 401);
    assert_eq!(send(&mut desk, "POST", &path, &token, &json!({})).status, 405);
    let mut closed = Desk::new(Rotation::UntilUsed, unchanged);
    assert_eq!(send(&mut closed, "POST", "/register", "", &whole).status, 404);
}

#[test]
fn an_expired_or_missing_secret_is_refused() {
    let mut desk = Desk::new(Rotation::UntilUsed, |settings| {
        settings.registration = true;
        settings.registered_secret_lifetime = Some(Duration::from_secs(60));
    });
    let client = register(&mut desk, "client_secret_post");
    let text = |name: &str| client[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let issued = client["client_id_issued_at"].as_i64().unwrap();
    assert_eq!(client["client_secret_expires_at"].as_i64().unwrap(), issued + 60);
    let code = |desk: &mut Desk, secret: &str| {
        let form = [("grant_type", "x"), ("client_id", &id), ("client_secret", secret)];
        desk.call(&call(&form)).to_json()["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&mut desk, &secret), "unsupported_grant_type");
    assert_eq!(code(&mut desk, "other"), "invalid_client");
    assert_eq!(code(&mut desk, ""), "invalid_client");
    desk.clock.advance(Duration::from_secs(60));
    assert_eq!(code(&mut desk, &secret), "invalid_client");
}

#[test]
fn a_token_is_issued_for_the_api_alone() {
    let mut desk = Desk::new(Rotation::UntilUsed, |settings| {
        settings.resource_metadata = true;
        settings.client_secret = None;
        settings.client_auth = crate::provider::ClientAuth::None;
    });
    let login = desk.login();
    let token = desk.refresh_text(login);
    let mut refreshed = |more: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str()),
            ("client_id", "sandbox-client"),
        ];
        form.extend(more);
        desk.call(&call(&form)).to_json()["error"].as_str().unwrap_or("none").to_owned()
    };
    let own = ("resource", "http://127.0.0.1/api");
    let other = ("resource", "http://127.0.0.1/api/");
    assert_eq!(refreshed(&[]), "invalid_target");
    assert_eq!(refreshed(&[other]), "invalid_target");
    assert_eq!(refreshed(&[own, other]), "invalid_target");
    assert_eq!(refreshed(&[own]), "none");
}

#[test]
fn an_exchange_needs_a_good_token_and_its_type() {
    let mut desk = Desk::new(Rotation::UntilUsed, |settings| {
        settings.client_secret = None;
        settings.client_auth = crate::provider::ClientAuth::None;
    });
    let login = desk.login();
    let access = desk.server.access_tokens[login.access].text.clone();
    let kind = |end: &str| format!("urn:ietf:params:oauth:token-type:{end}");
    let (access_type, jwt) = (kind("access_token"), kind("jwt"));
    let subject = [("subject_token", access.as_str()), ("subject_token_type", &access_type)];
    let mut exchange = |more: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", "sandbox-client"),
        ];
        form.extend(more);
        desk.call(&call(&form)).to_json()
    };
    for wrong in [
        &subject[..1],
        &subject[1..],
        &[("subject_token", "x"), subject[1]],
        &[subject[0], ("subject_token_type", &jwt)],
        &[subject[0], ("subject_token_type", "access_token")],
        &[subject[0], subject[1], ("actor_token", &access)],
        &[subject[0], subject[1], ("actor_token_type", &access_type)],
        &[subject[0], subject[1], ("actor_token", "x"), ("actor_token_type", &access_type)],
        &[subject[0], subject[1], ("requested_token_type", "urn:x")],
    ] {
        assert_eq!(exchange(wrong)["error"], "invalid_request", "{wrong:?}");
    }
    let issued = exchange(&subject);
    assert_eq!(
        (&issued["issued_token_type"], &issued["token_type"]),
        (&json!(access_type), &json!("Bearer"))
    );
    let issued = exchange(&[subject[0], subject[1], ("requested_token_type", &jwt)]);
    assert_eq!((&issued["issued_token_type"], &issued["token_type"]), (&json!(jwt), &json!("N_A")));
}

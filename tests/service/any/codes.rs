//! Tests of an authorization code that another program has requested, as in `exchange(code)` and
//! `get_access_token(code, redirect_uri)` of other libraries.

use evergrant::provider::{ClientAuth, Pkce};
use evergrant::sandbox::Sandbox;
use evergrant::{Client, Credentials, Error, MemoryBackend, Secret};

use super::{client, provider};
use crate::support::{Fake, at, builder, rt};

/// Returns the value of a parameter of the callback.
fn parameter(callback: &str, name: &str) -> String {
    let url = url::Url::parse(callback).unwrap();
    url.query_pairs().find(|(have, _)| have == name).unwrap().1.into_owned()
}

#[test]
fn a_code_of_another_program_is_exchanged_and_stored() {
    let sandbox = Sandbox::builder().pkce_required(true).start().unwrap();
    // Plays a web framework, which makes the authorization request itself.
    let framework = builder(&sandbox).build();
    let authorization = framework.authorize(&["read"]).unwrap();
    let session = serde_json::to_value(&authorization).unwrap();
    let verifier = Secret::new(session["verifier"].as_str().unwrap());
    let code = parameter(&sandbox.approve(authorization.url()).unwrap(), "code");
    let client = builder(&sandbox).build();
    let uri = authorization.redirect_uri();
    let token = client.exchange_without_state_check(code.as_str(), uri, Some(&verifier)).unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(rt(client.stored().unwrap().unwrap().token()), rt(&token));
    // A code works once; a second use is refused, and the stored login stays.
    let again = client.exchange_without_state_check(code, uri, Some(&verifier));
    assert!(matches!(again, Err(Error::OAuth(_))), "{again:?}");
    assert!(client.stored().unwrap().is_some());
}

#[test]
fn exchange_code_alone_sends_the_redirect_uri_of_the_credentials() {
    let server = Fake::json(r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":600}"#);
    let row = provider(&server).client_auth(ClientAuth::Body).pkce(Pkce::Off);
    let token = client(row.clone()).exchange_without_state_check("c!AAA/1", None, None).unwrap();
    assert_eq!(at(&token), "at-1");
    let other = "https://www.tintagel.bt/oauth-callback";
    client(row.clone()).exchange_without_state_check("CODE", Some(other), None).unwrap();
    let nowhere =
        Client::new(row.build().unwrap(), Credentials::new("a", "b"), MemoryBackend::new());
    nowhere.exchange_without_state_check("CODE", None, None).unwrap();
    let bodies: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect();
    assert_eq!(
        bodies,
        [
            "grant_type=authorization_code&code=c%21AAA%2F1\
             &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&client_id=app&client_secret=sesame",
            "grant_type=authorization_code&code=CODE\
             &redirect_uri=https%3A%2F%2Fwww.tintagel.bt%2Foauth-callback&client_id=app\
             &client_secret=sesame",
            "grant_type=authorization_code&code=CODE&client_id=a&client_secret=b",
        ]
    );
}

#[test]
fn an_invalid_code_is_refused_and_neither_sent_nor_shown() {
    let server = Fake::json("{}");
    let client = client(provider(&server));
    for odd in ["", "c4nary\n", "a c4nary", "https://app.example/cb?code=c4nary&state=s"] {
        let error = client.exchange_without_state_check(odd, None, None).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!error.to_string().contains("c4nary"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

//! Tests of every authentication method and every format of a token request, end to end.

use std::sync::{Arc, Mutex};

use evergrant::provider::{ClientAuth, TokenFormat};
use evergrant::sandbox::{Sandbox, TokenCall};
use serde_json::Value;

use crate::support::builder;

const STYLES: [ClientAuth; 6] = [
    ClientAuth::Basic,
    ClientAuth::BasicRaw,
    ClientAuth::Body,
    ClientAuth::None,
    ClientAuth::SecretAsBearer,
    ClientAuth::SecretAsUser,
];
const FORMATS: [TokenFormat; 4] =
    [TokenFormat::Form, TokenFormat::Json, TokenFormat::Query, TokenFormat::Get];

#[test]
fn every_auth_style_and_body_format_sends_the_secret_in_one_place() {
    for style in STYLES {
        for format in FORMATS {
            let what = format!("{style:?} {format:?}");
            let secret = match style {
                ClientAuth::None => None,
                ClientAuth::SecretAsBearer => Some("s.c~r+t/x="),
                _ => Some("s&c=r+t/% x"),
            };
            let sandbox = Sandbox::builder()
                .client("app 7&=+", secret)
                .client_auth(style)
                .token_format(format)
                .pkce_required(true)
                .start()
                .unwrap();
            let calls = Arc::new(Mutex::new(Vec::<TokenCall>::new()));
            let seen = calls.clone();
            sandbox.on_token(move |call, reply| {
                seen.lock().unwrap().push(call.clone());
                reply
            });
            let client = builder(&sandbox).build();
            let authorization = client.authorize(&[]).unwrap();
            let callback = sandbox.approve(authorization.url()).unwrap();
            client.exchange(authorization, &callback).unwrap_or_else(|e| panic!("{what}: {e}"));
            client.refresh().unwrap_or_else(|e| panic!("{what}: {e}"));
            let me: Value = client.get("/me").read_json().unwrap();
            assert_eq!(me["access_token_number"], 2, "{what}");

            let calls = calls.lock().unwrap();
            assert_eq!(calls.len(), 2, "{what}");
            for call in calls.iter() {
                check(call, style, format, &what);
            }
        }
    }
}

fn check(call: &TokenCall, style: ClientAuth, format: TokenFormat, what: &str) {
    let places = [
        call.header("Authorization").is_some(),
        call.parameters.iter().any(|(name, _)| name == "client_secret"),
    ];
    let expected = match style {
        ClientAuth::None => [false, false],
        ClientAuth::Body => [false, true],
        _ => [true, false],
    };
    assert_eq!(places, expected, "{what}");
    let mut names: Vec<_> = call.parameters.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), call.parameters.len(), "{what}: a parameter is sent once");
    let in_query = matches!(format, TokenFormat::Query | TokenFormat::Get);
    assert_eq!(call.query.is_empty(), !in_query, "{what}");
    assert_eq!(call.method, if format == TokenFormat::Get { "GET" } else { "POST" }, "{what}");
    assert_eq!(call.header("Accept"), Some("application/json"), "{what}");
    assert_eq!(call.header("Connection"), Some("close"), "{what}");
    assert!(call.header("User-Agent").is_some_and(|name| name.starts_with("evergrant/")), "{what}");
}

#[test]
fn a_wrong_auth_style_fails_and_leaves_the_login_valid() {
    let sandbox = Sandbox::builder().client_auth(ClientAuth::Body).start().unwrap();
    let provider = sandbox.provider().to_builder().client_auth(ClientAuth::Basic).build().unwrap();
    let credentials = sandbox.credentials();
    let client = evergrant::Client::new(provider, credentials, evergrant::MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    let error = client.refresh().unwrap_err();
    let evergrant::Error::OAuth(oauth) = &error else { panic!("{error:?}") };
    assert_eq!(oauth.code, "invalid_client");
    assert!(!error.needs_authorization() && !error.is_transient());
    assert!(sandbox.login_alive());
    assert!(client.stored().unwrap().unwrap().note().is_none());
}

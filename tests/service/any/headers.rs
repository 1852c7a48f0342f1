//! Tests of fixed headers, which services such as Notion, Etsy, Square, MYOB and Jobber require on every
//! call.

use evergrant::Error;
use ureq::http::Method;

use super::{client, header, provider, seeded};
use crate::support::Fake;

#[test]
fn a_fixed_header_is_on_every_call_and_on_no_other_request() {
    let server = Fake::json(r#"{"access_token":"at-2","expires_in":60}"#);
    let row = provider(&server)
        .fixed_header("Notion-Version", "2022-06-28")
        .fixed_header("x-api-key", "keystring:c4nary");
    let client = seeded(row);
    client.get("/v1/pages").call().unwrap();
    client.post("/v1/pages").header("Notion-Version", "2026-03-11").send(b"{}").unwrap();
    client.without_token(Method::GET, &format!("{}/signed", server.url())).call().unwrap();
    client.refresh().unwrap();
    let seen: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            let value = |name| header(request, name).map(str::to_owned);
            (value("notion-version"), value("x-api-key"), value("authorization").is_some())
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(seen[0], (text("2022-06-28"), text("keystring:c4nary"), true));
    assert_eq!(seen[1], (text("2026-03-11"), text("keystring:c4nary"), true));
    assert_eq!(seen[2], (None, None, false), "a request without the token gets no fixed header");
    assert_eq!(seen[3], (None, None, true), "the token endpoint");
    assert!(!format!("{:?}", client.provider()).contains("c4nary"));
}

#[test]
fn a_fixed_authorization_is_never_replaced_by_a_request() {
    let server = Fake::json("{}");
    let row = provider(&server).api_header("X-Access-Token").api_auth_scheme(None);
    let client = seeded(row.clone().fixed_header("Authorization", "Key k-1"));
    client.get("/me").call().unwrap();
    let request = &server.requests()[0];
    assert_eq!(header(request, "authorization"), Some("Key k-1"));
    assert_eq!(header(request, "x-access-token"), Some("at-1"));
    let replaced = client.get("/me").header("authorization", "Basic x").call();
    assert!(matches!(replaced, Err(Error::Config(_))));
    seeded(row).get("/me").header("authorization", "Basic x").call().unwrap();
}

#[test]
fn middleware_adds_fixed_headers_and_follows_no_redirect() {
    let elsewhere = Fake::json("{}");
    let location = format!("Location: {}/x\r\n", elsewhere.url());
    let server = Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.answer("302 Found", &location, b"");
        }
    });
    let client = client(provider(&server).fixed_header("Square-Version", "2026-01-22"));
    client.seed(evergrant::Token::new("at-1")).unwrap();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().proxy(None).middleware(client).build().into();
    let answer = agent.get(format!("{}/api/me", server.url())).call().unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(header(&server.requests()[0], "square-version"), Some("2026-01-22"));
    assert_eq!(elsewhere.connections(), 0);
}

//! Tests of pushed authorization requests: each works once and expires, and the client must
//! authenticate.

use std::time::Duration;

use super::*;
use crate::provider::TokenFormat;
use crate::sandbox::codes::Unfit;
use crate::sandbox::http::HttpRequest;

const ISSUER: &str = "http://127.0.0.1:1";
const USUAL: [(&str, &str); 4] = [
    ("response_type", "code"),
    ("client_id", "sandbox-client"),
    ("redirect_uri", "http://127.0.0.1:7/cb"),
    ("state", "s t"),
];

fn desk(required: bool) -> Desk {
    Desk::new(Rotation::UntilUsed, |settings| {
        settings.pushed_lifetime = Some(Duration::from_secs(60));
        settings.pushed_required = required;
    })
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

fn push(desk: &mut Desk, parameters: &[(&str, &str)]) -> Result<String, Refused> {
    let now = desk.now();
    let answer = desk.server.push(now, &call(parameters))?;
    assert_eq!(answer["expires_in"], 60);
    Ok(answer["request_uri"].as_str().unwrap().to_owned())
}

/// Opens the authorization endpoint. The text of a refusal begins with `page` or is an address.
fn open(desk: &mut Desk, parameters: &[(&str, &str)]) -> Result<String, String> {
    let owned: Vec<_> =
        parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let now = desk.now();
    desk.server.authorize(now, ISSUER, &owned).map_err(|unfit| match unfit {
        Unfit::Page(why) => format!("page: {why}"),
        Unfit::Redirect(address) => address,
    })
}

#[test]
fn a_request_uri_works_once() {
    let mut desk = desk(true);
    let uri = push(&mut desk, &USUAL).unwrap();
    let short = [("client_id", "sandbox-client"), ("request_uri", &uri)];
    let number = open(&mut desk, &short).unwrap();
    let now = desk.now();
    let callback = desk.server.decide(now, ISSUER, &number, true).unwrap();
    assert!(callback.starts_with("http://127.0.0.1:7/cb?code="), "{callback}");
    assert!(callback.contains("state=s+t"), "{callback}");
    let again = open(&mut desk, &short).unwrap_err();
    assert!(again.contains("error=invalid_request_uri"), "{again}");
    assert_eq!(desk.server.counters.pushed_requests, 1);
}

#[test]
fn a_request_uri_ends_after_its_lifetime() {
    let mut desk = desk(false);
    let uri = push(&mut desk, &USUAL).unwrap();
    desk.clock.advance(Duration::from_secs(60));
    let late = open(&mut desk, &[("client_id", "sandbox-client"), ("request_uri", &uri)]);
    assert!(late.unwrap_err().contains("expired"));
}

#[test]
fn what_does_not_fit_a_pushed_request_is_refused() {
    let mut desk = desk(true);
    for (more, text) in [
        (("request_uri", "urn:x"), "request_uri is in a pushed request"),
        (("state", "twice"), "a parameter came twice"),
    ] {
        let parameters = [&USUAL[..], &[more]].concat();
        assert_eq!(push(&mut desk, &parameters).unwrap_err().description, text);
    }
    let uri = push(&mut desk, &USUAL).unwrap();
    for (parameters, start) in [
        (&[("client_id", "other"), ("request_uri", uri.as_str())][..], "page"),
        (&[("client_id", "sandbox-client"), ("request_uri", "urn:unknown")][..], "page"),
        (
            &[("client_id", "sandbox-client"), ("request_uri", uri.as_str()), ("state", "x")][..],
            "page",
        ),
        (&USUAL[..], "http://127.0.0.1:7/cb?error=invalid_request&"),
    ] {
        let refused = open(&mut desk, parameters).unwrap_err();
        assert!(refused.starts_with(start), "{refused}");
    }
    let mut off = Desk::new(Rotation::UntilUsed, |_| {});
    assert_eq!(push(&mut off, &USUAL).unwrap_err().status, 404);
}

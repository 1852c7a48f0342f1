//! Tests of the sandbox over HTTP, as a user's script uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod flows;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::sandbox::{Event, EventKind, Sandbox};
use evergrant::{Secret, Token};
use serde_json::Value;
use ureq::http::Response;

/// Real time after which a test gives up. No test waits for this time to pass.
const PATIENCE: Duration = Duration::from_secs(120);

type Answer = Result<Response<ureq::Body>, ureq::Error>;

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn token_request(sandbox: &Sandbox, parameters: &[(&str, &str)]) -> Answer {
    let credentials = sandbox.credentials();
    let secret = credentials.secret().map_or("", Secret::expose);
    let basic = STANDARD.encode(format!("{}:{secret}", credentials.id()));
    agent()
        .post(format!("{}/token", sandbox.url()))
        .header("Authorization", format!("Basic {basic}"))
        .send_form(parameters.iter().copied())
}

fn refresh(sandbox: &Sandbox, refresh_token: &str) -> Answer {
    let grant = ("grant_type", "refresh_token");
    token_request(sandbox, &[grant, ("refresh_token", refresh_token)])
}

fn get(sandbox: &Sandbox, path: &str, access_token: &str) -> Answer {
    let address = format!("{}{path}", sandbox.url());
    agent().get(address).header("Authorization", format!("Bearer {access_token}")).call()
}

/// Returns the body of an answer, which must have this status.
fn body(status: u16, answer: Answer) -> Value {
    let mut answer = answer.unwrap();
    assert_eq!(answer.status(), status);
    answer.body_mut().read_json().unwrap()
}

fn status(answer: Answer) -> u16 {
    answer.unwrap().status().as_u16()
}

fn rt(token: &Token) -> &str {
    token.refresh_token().unwrap().expose()
}

fn at(token: &Token) -> &str {
    token.access_token().expose()
}

fn has(events: &[Event], kind: EventKind, refresh_token: &str) -> bool {
    events.iter().any(|e| e.kind == kind && e.refresh_token.as_deref() == Some(refresh_token))
}

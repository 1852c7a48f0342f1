//! Tests that the client reads the answers of each service that departs from the standard. `answers.txt` has
//! a block for each such service: `login`, `refresh` and `refused` with the status and the body of an answer.

use std::sync::Arc;

use evergrant::clock::{Clock, ManualClock};
use evergrant::{Client, Credentials, MemoryBackend, Token};
use time::format_description::well_known::Rfc3339;

use super::entries;
use super::entry::Entry;
use super::facts::refused;
use super::wire::{moved, time as lifetime};
use crate::support::{Fake, at};

/// An answer of a service.
struct Answer {
    entry: &'static Entry,
    kind: &'static str,
    status: &'static str,
    body: &'static str,
}

fn answers() -> Vec<Answer> {
    let mut found = Vec::new();
    for block in include_str!("answers.txt").trim_end().split("\n\n") {
        let mut lines = block.lines();
        let name = lines.next().unwrap();
        let entry = entries().find(|entry| entry.name == name);
        let entry = entry.unwrap_or_else(|| panic!("there is no row {name}"));
        for line in lines {
            let mut parts = line.splitn(3, ' ');
            let mut next = || parts.next().unwrap();
            found.push(Answer { entry, kind: next(), status: next(), body: next() });
        }
    }
    found
}

/// Starts a server that answers token requests with this status and body, and calls of the API with an empty
/// object.
fn server(status: &'static str, body: &'static str, end: String) -> Fake {
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let kind = "Content-Type: application/json\r\n";
            let api = format!("http://{}", super::wire::header(&request, "host").unwrap());
            let body = body.replace("{api}", &api).replace("{end}", &end);
            match request.contains("grant_type") {
                true => peer.answer(&format!("{status} Status"), kind, body.as_bytes()),
                false => peer.answer("200 OK", kind, b"{}"),
            }
        }
    })
}

/// Checks that a token has the values of its answer.
fn check(answer: &Answer, token: &Token, number: u8, before: Option<&str>) {
    let Answer { entry, body, .. } = answer;
    assert_eq!(at(token), format!("at-{number}"), "{}", entry.name);
    let new = format!("rt-{number}");
    let expected = if body.contains(&format!("\"{new}\"")) { Some(&*new) } else { before };
    let found = token.refresh_token().map(|token| token.expose());
    assert_eq!(found, expected, "{}: {body}", entry.name);
    match &entry.words("access_life")[..] {
        [_, _] if body.contains("expires") => {
            let life = lifetime(&entry.words("access_life")).as_secs();
            // Some services, such as Pipedrive, send a lifetime that is a second shorter.
            let found = token.lifetime().unwrap().as_secs();
            assert!(found.abs_diff(life) <= 1, "{}: {found} s, not {life} s", entry.name);
        }
        [word] if word == "endless" => assert_eq!(token.lifetime(), None, "{}", entry.name),
        _ => {}
    }
}

#[test]
fn every_answer_of_a_service_is_read() {
    for answer in answers() {
        let Answer { entry, kind, status, body } = answer;
        if kind == "refused" {
            let status: &'static str = Box::leak(format!("{status} Status").into_boxed_str());
            let (error, kept) = refused(entry, status, serde_json::from_str(body).unwrap());
            assert!(error.needs_authorization(), "{}: {error}", entry.name);
            assert_eq!(kept, "rt-1");
            continue;
        }
        let clock = Arc::new(ManualClock::new());
        let life = match &entry.words("access_life")[..] {
            life @ [_, _] => lifetime(life),
            _ => std::time::Duration::from_secs(3600),
        };
        let end = time::OffsetDateTime::from(clock.now() + life).format(&Rfc3339).unwrap();
        let server = server(status, body, end);
        let row = moved(entry, &server.url());
        let credentials =
            Credentials::new("app", "sesame").with_redirect_uri("https://app.example/callback");
        let client = Client::builder(row, credentials, MemoryBackend::new()).clock(clock).build();
        match kind {
            "login" => {
                let authorization = client.authorize(&[]).unwrap();
                let state = authorization.state().expose().to_owned();
                let callback = format!("?code=c-1&state={state}&scope=read&realmId=1&businessId=1");
                let token = client.exchange(authorization, &callback).unwrap();
                check(&Answer { entry, kind, status, body }, &token, 1, None);
                client.get("/x").call().unwrap();
            }
            "refresh" => {
                client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
                client.refresh().unwrap();
                let token = client.stored().unwrap().unwrap().token().clone();
                check(&Answer { entry, kind, status, body }, &token, 2, Some("rt-1"));
            }
            other => panic!("{other} is not login, refresh or refused"),
        }
    }
}

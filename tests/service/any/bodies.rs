//! Tests of APIs whose body says that the access token has expired, or that rights are missing.

use std::sync::{Arc, Mutex};

use evergrant::provider::{AnswerRule, ProviderBuilder};
use evergrant::{Client, Error};
use serde_json::Value;

use super::{provider, seeded};
use crate::support::{Fake, Peer};

/// The answer of an API to a path and an access token: status and body. `None` means `{"done":true}`.
type Says = fn(path: &str, token: &str) -> Option<(&'static str, &'static str)>;

/// Starts a service whose API answers as `says`.
fn service(says: Says) -> Fake {
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            if request.starts_with("POST /token") {
                token(peer);
                continue;
            }
            let path = request.split(' ').nth(1).unwrap_or_default();
            let token = super::header(&request, "authorization").unwrap_or_default();
            let (status, body) =
                says(path, token.trim_start_matches("Bearer ")).unwrap_or(("200 OK", DONE));
            peer.answer(status, "", body.as_bytes());
        }
    })
}

/// A function that adds a service's rules about its answers to a provider.
type Rules = fn(ProviderBuilder) -> ProviderBuilder;

const DONE: &str = r#"{"done":true}"#;

fn token(peer: &mut Peer) {
    let body = r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}"#;
    peer.answer("200 OK", "", body.as_bytes());
}

fn counted(server: &Fake) -> (usize, usize) {
    let requests = server.requests();
    let tokens = requests.iter().filter(|request| request.starts_with("POST /token")).count();
    (requests.len() - tokens, tokens)
}

/// Calls the API, and returns the body of the answer, whatever its status.
fn text(client: &Client, path: &str) -> String {
    client.get(path).any_status().call().unwrap().read_string().unwrap()
}

/// Each service: its name, its rules, and a function with its answers to an expired token and to missing
/// rights.
fn services() -> Vec<(&'static str, Rules, Says)> {
    vec![
        (
            "Slack",
            |row| {
                row.answer_rule(AnswerRule::ended("error", "token_expired").status(200))
                    .answer_rule(AnswerRule::ended("error", "invalid_auth").status(200))
            },
            |path, token| match (path, token) {
                ("/api/ended", "at-1") => {
                    Some(("200 OK", r#"{"ok":false,"error":"token_expired"}"#))
                }
                ("/api/rights", _) => Some((
                    "200 OK",
                    r#"{"ok":false,"error":"missing_scope","needed":"users:read"}"#,
                )),
                _ => None,
            },
        ),
        (
            "Withings",
            |row| row.answer_rule(AnswerRule::ended("status", "401").status(200)),
            |path, token| match (path, token) {
                ("/api/ended", "at-1") => {
                    Some(("200 OK", r#"{"status":401,"body":{},"error":"invalid token"}"#))
                }
                ("/api/rights", _) => {
                    Some(("200 OK", r#"{"status":277,"body":{},"error":"not allowed"}"#))
                }
                _ => None,
            },
        ),
        (
            "Netatmo",
            |row| row.answer_rule(AnswerRule::ended("error.code", "3").status(403)),
            |path, token| match (path, token) {
                ("/api/ended", "at-1") => Some((
                    "403 Forbidden",
                    r#"{"error":{"code":3,"message":"Access token expired"}}"#,
                )),
                ("/api/rights", _) => Some((
                    "403 Forbidden",
                    r#"{"error":{"code":13,"message":"Operation forbidden"}}"#,
                )),
                _ => None,
            },
        ),
        (
            "TikTok Business",
            |row| row.answer_rule(AnswerRule::ended("code", "40105").status(200)),
            |path, token| match (path, token) {
                ("/api/ended", "at-1") => {
                    Some(("200 OK", r#"{"code":40105,"message":"Access token is incorrect"}"#))
                }
                ("/api/rights", _) => {
                    Some(("200 OK", r#"{"code":40001,"message":"No permission"}"#))
                }
                _ => None,
            },
        ),
        (
            "WeChat",
            |row| {
                row.answer_rule(AnswerRule::ended("errcode", "40001"))
                    .answer_rule(AnswerRule::ended("errcode", "42001"))
            },
            |path, token| match (path, token) {
                ("/api/ended", "at-1") => {
                    Some(("200 OK", r#"{"errcode":42001,"errmsg":"access_token expired"}"#))
                }
                ("/api/rights", _) => {
                    Some(("200 OK", r#"{"errcode":48001,"errmsg":"api unauthorized"}"#))
                }
                _ => None,
            },
        ),
    ]
}

#[test]
fn only_an_expired_token_in_the_body_causes_one_refresh() {
    for (name, rules, says) in services() {
        let server = service(says);
        let client = seeded(rules(provider(&server)));
        assert!(text(&client, "/rights").len() > DONE.len(), "{name}");
        assert_eq!(counted(&server), (1, 0), "{name}");
        assert_eq!(text(&client, "/ended"), DONE, "{name}");
        assert_eq!(counted(&server), (3, 1), "{name}");
        assert!(text(&client, "/rights").len() > DONE.len(), "{name}");
        assert_eq!(counted(&server), (4, 1), "{name}");
    }
}

#[test]
fn without_a_rule_nothing_is_read_and_nothing_refreshed() {
    for (name, _, says) in services() {
        let server = service(says);
        let client = seeded(provider(&server));
        assert_ne!(text(&client, "/ended"), DONE, "{name}");
        assert_eq!(counted(&server), (1, 0), "{name}");
    }
}

#[test]
fn if_every_token_is_called_expired_the_answer_is_returned() {
    let server = service(|_, _| Some(("200 OK", r#"{"ok":false,"error":"token_expired"}"#)));
    let client = seeded(provider(&server).answer_rule(AnswerRule::ended("ok", "false")));
    let value: Value = client.get("/x").read_json().unwrap();
    assert_eq!(value["error"], "token_expired");
    assert_eq!(counted(&server), (2, 1));
    let _: Value = client.get("/x").read_json().unwrap();
    assert_eq!(counted(&server), (3, 1), "a second refresh came within a minute");
}

#[test]
fn a_refused_call_is_not_refreshed_even_with_status_401() {
    let server =
        service(|_, _| Some(("401 Unauthorized", r#"{"error":{"status":"PERMISSION_DENIED"}}"#)));
    let client = seeded(
        provider(&server).answer_rule(AnswerRule::refused("error.status", "PERMISSION_DENIED")),
    );
    let error = client.get("/x").call().unwrap_err();
    let Error::Api(api) = &error else { panic!("{error:?}") };
    assert_eq!(api.json().unwrap()["error"]["status"], "PERMISSION_DENIED");
    assert_eq!(counted(&server), (1, 0));
}

#[test]
fn a_body_that_can_be_read_once_is_not_sent_again() {
    let server =
        service(|_, token| (token == "at-1").then_some(("200 OK", r#"{"error":"token_expired"}"#)));
    let client = seeded(provider(&server).answer_rule(AnswerRule::ended("error", "token_expired")));
    let mut body: &[u8] = b"abc";
    let answer = client.post("/x").send_reader(&mut body, Some(3)).unwrap();
    assert!(answer.read_string().unwrap().contains("token_expired"));
    assert_eq!(counted(&server), (1, 0));
    assert_eq!(text(&client, "/x"), DONE);
    assert_eq!(counted(&server), (2, 1), "the next call must refresh first");
}

/// Starts a server that sends these parts as the chunks of each answer.
fn in_parts(parts: Vec<Vec<u8>>) -> Fake {
    let parts = Arc::new(Mutex::new(parts));
    Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for part in parts.lock().unwrap().iter() {
                peer.write(format!("{:x}\r\n", part.len()).as_bytes());
                peer.write(part);
                peer.write(b"\r\n");
            }
            peer.write(b"0\r\n\r\n");
        }
    })
}

#[test]
fn the_whole_body_comes_whatever_its_size_and_form() {
    let long = format!(r#"{{"items":[{}1],"error":"token_expired"}}"#, "1,".repeat(40_000));
    let half = r#"{"a":"#.to_owned() + &"[".repeat(30_000);
    let bom = "\u{feff} {\"error\":\"x\"}".to_owned();
    for body in [long, half, bom, String::new(), "plain text".repeat(5000), "[1,2]\n[3]".into()] {
        let pieces: Vec<Vec<u8>> = body.as_bytes().chunks(3001).map(<[u8]>::to_vec).collect();
        let server = in_parts(pieces);
        let client =
            seeded(provider(&server).answer_rule(AnswerRule::ended("error", "token_expired")));
        assert_eq!(text(&client, "/x"), body);
        assert_eq!(server.requests().len(), 1, "a long answer meets no rule");
    }
}

#[test]
fn a_stream_is_handed_out_before_it_ends() {
    use std::io::Read as _;
    let (tell, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let server = Fake::start(move |peer| {
        while peer.request().is_some() {
            peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            peer.write(b"8\r\n{\"n\":1}\n\r\n");
            let _ = wait.lock().unwrap().recv_timeout(crate::support::PATIENCE);
            peer.write(b"8\r\n{\"n\":2}\n\r\n0\r\n\r\n");
        }
    });
    let client = seeded(provider(&server).answer_rule(AnswerRule::ended("error", "x")));
    let mut reader = client.get("/events").call().unwrap().into_reader();
    let mut first = [0; 8];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"{\"n\":1}\n");
    tell.send(()).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{\"n\":2}\n");
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let server = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"error\":");
            peer.close();
        }
    });
    let client = seeded(provider(&server).answer_rule(AnswerRule::ended("error", "x")));
    let error = client.get("/x").call().unwrap().read_bytes().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
}

//! Tests of the meaning of an answer, by status and code.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use ureq::http::{HeaderMap, HeaderValue};

use super::super::{Outcome, RawReply, Reply, read};
use crate::protocol::test_random::Random;
use crate::provider::{ErrorRule, Provider, RefreshGrant, ReplyMember, Verdict};
use crate::secret::Secret;

use Kind::{Limited, LimitedSpent, Refused, Setup, TooEarly, Unknown};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Token,
    Refused,
    TooEarly,
    Setup,
    Limited,
    LimitedSpent,
    Unknown,
}

fn plain() -> Provider {
    Provider::new("https://a.example/authorize", "https://a.example/token").unwrap()
}

pub(super) fn answer(
    provider: &Provider,
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    let reply = RawReply { status, headers: &map, body: body.as_bytes() };
    read(provider, &reply, OffsetDateTime::UNIX_EPOCH)
}

pub(super) fn kind(reply: &Reply) -> Kind {
    match &reply.outcome {
        Outcome::Token(_) => Kind::Token,
        Outcome::Refused(_) => Refused,
        Outcome::TooEarly(_) => TooEarly,
        Outcome::Setup(_) => Setup,
        Outcome::Limited { spent: false, .. } => Limited,
        Outcome::Limited { spent: true, .. } => LimitedSpent,
        Outcome::Unknown(_) => Unknown,
    }
}

/// The kind, code and description of what the answer means.
pub(super) fn told(mut reply: Reply) -> (Kind, String, String) {
    let kind = kind(&reply);
    match reply.outcome.error_mut() {
        Some(error) => (kind, error.code.clone(), error.description.clone().unwrap_or_default()),
        None => (kind, String::new(), String::new()),
    }
}

#[test]
fn the_code_decides_before_the_status() {
    let wait = [("retry-after", "7")];
    for (status, headers, body, expected, code) in [
        (400, &[][..], r#"{"error":"invalid_grant"}"#, Refused, "invalid_grant"),
        (500, &[], r#"{"error":"invalid_grant"}"#, Refused, "invalid_grant"),
        (400, &[], r#"{"error":"BAD_REFRESH_TOKEN"}"#, Refused, "BAD_REFRESH_TOKEN"),
        (400, &[], r#"{"status":"BAD_REFRESH_TOKEN"}"#, Refused, "BAD_REFRESH_TOKEN"),
        (400, &[], r#"{"status":"fail","message":"x"}"#, Unknown, "fail"),
        (200, &[], r#"{"error":"invalid_code"}"#, Refused, "invalid_code"),
        (400, &[], r#"{"code":4735,"reason":"Invalid Token!"}"#, Refused, "4735"),
        (401, &[], r#"{"error":"invalid_client"}"#, Setup, "invalid_client"),
        (400, &[], r#"{"error":"unauthorized_client"}"#, Setup, "unauthorized_client"),
        (
            200,
            &[],
            r#"{"error":"incorrect_client_credentials"}"#,
            Setup,
            "incorrect_client_credentials",
        ),
        (400, &[], r#"{"error":"invalid_scope"}"#, Setup, "invalid_scope"),
        (400, &[], r#"{"error":"unsupported_grant_type"}"#, Setup, "unsupported_grant_type"),
        (400, &[], r#"{"error":"access_denied"}"#, Setup, "access_denied"),
        (400, &[], r#"{"error":"expired_token"}"#, Setup, "expired_token"),
        (
            400,
            &[],
            r#"{"errors":[{"errorType":"invalid_client","message":"x"}]}"#,
            Setup,
            "invalid_client",
        ),
        (400, &[], r#"{"error":["invalid_client"]}"#, Setup, "invalid_client"),
        (500, &[], r#"{"error":"invalid_client"}"#, Unknown, "invalid_client"),
        (200, &[], r#"{"access_token":"at1","error":"invalid_grant"}"#, Unknown, "invalid_grant"),
        (200, &[], r#"{"access_token":"at1","error":"invalid_scope"}"#, Unknown, "invalid_scope"),
        (200, &[], r#"{"access_token":"at1","ok":false}"#, Unknown, "error"),
        (400, &[], r#"{"error":"server_error"}"#, Unknown, "server_error"),
        (200, &[], r#"{"error":"temporarily_unavailable"}"#, Unknown, "temporarily_unavailable"),
        (200, &[], r#"{"ok":false,"error":"ratelimited"}"#, Limited, "ratelimited"),
        (400, &[], r#"{"error":{"code":400,"message":"x"}}"#, Unknown, "http_400"),
        (200, &[], r#"{"error":{"message":"x"}}"#, Unknown, "error"),
        (200, &[], r#"{"error":{}}"#, Unknown, "malformed"),
        (400, &[], r#"{"access_token":"at1"}"#, Unknown, "http_400"),
        (400, &[], r#"{"access_token":"at1","error":"invalid_grant"}"#, Refused, "invalid_grant"),
        (400, &[], r#"{"error":true}"#, Unknown, "error"),
        (200, &[], r#"{"ok":false}"#, Unknown, "error"),
        (400, &[], "", Unknown, "http_400"),
        (403, &[], "Forbidden", Unknown, "http_403"),
        (404, &[], "<html>", Unknown, "http_404"),
        (500, &[], "", Unknown, "http_500"),
        (502, &wait, "<html>", Unknown, "http_502"),
        (503, &[], "", Unknown, "http_503"),
        (503, &wait, "", LimitedSpent, "http_503"),
        (429, &[], "", Limited, "http_429"),
        (429, &wait, r#"{"error":"invalid_grant"}"#, Limited, "invalid_grant"),
        (473, &[], r#"{"gatewayError":"GATED"}"#, Limited, "http_473"),
        (301, &wait, r#"{"error":"invalid_grant"}"#, Unknown, "redirect"),
        (304, &[], "", Unknown, "redirect"),
        (100, &[], "", Unknown, "http_100"),
        (204, &[], "", Unknown, "malformed"),
        (200, &[], "null", Unknown, "malformed"),
        (200, &[], "{}", Unknown, "malformed"),
        (200, &[], "[]", Unknown, "malformed"),
        (200, &[], r#""at1""#, Unknown, "malformed"),
        (200, &[], r#"{"access_token":""}"#, Unknown, "malformed"),
        (200, &[], r#"{"access_token":7}"#, Unknown, "malformed"),
        (200, &[], r#"{"access_token":"a\nb"}"#, Unknown, "malformed"),
        (200, &[], r#"{"access_token":"at1""#, Unknown, "malformed"),
        (400, &[], r#"{"error":"invalid_grant","x":"#, Unknown, "http_400"),
    ] {
        let (kind, found, _) = told(answer(&plain(), status, headers, body));
        assert_eq!((kind, found.as_str()), (expected, code), "{status} {body}");
    }
}

#[test]
fn a_limited_answer_says_how_long_to_wait() {
    for (status, after, expected) in [
        (429, "7", Some(7)),
        (429, "soon", None),
        (503, "8", Some(8)),
        (429, "1000000", Some(86_400)),
    ] {
        let reply = answer(&plain(), status, &[("retry-after", after)], "");
        let Outcome::Limited { retry_after, .. } = reply.outcome else {
            panic!("{status} {after}")
        };
        assert_eq!(retry_after, expected.map(Duration::from_secs));
    }
}

#[test]
fn a_refresh_token_is_kept_from_any_answer() {
    let nested = plain().to_builder().token_path("wrapped").build().unwrap();
    for (provider, status, body) in [
        (&plain(), 200, r#"{"refresh_token":"rt2"}"#),
        (&plain(), 200, r#"{"access_token":"at2","refresh_token":"rt2","error":"server_error"}"#),
        (&plain(), 500, r#"{"access_token":"at2","refresh_token":"rt2"}"#),
        (&plain(), 302, r#"{"access_token":"at2","refresh_token":"rt2"}"#),
        (&plain(), 200, r#"{"access_token":"a\u0000","refresh_token":"rt2"}"#),
        (&plain(), 200, r#"{"refresh_token":"rt2","access_token":"at2","expires_in":36"#),
        (&plain(), 200, r#"{"refresh_token":"rt2","expires_in":1e999}"#),
        (&plain(), 200, r#"{"data":{"access_token":"at2","refresh_token":"rt2"}}"#),
        (&plain(), 200, r#"{"data":[{"refreshToken":"rt2"}]}"#),
        (&plain(), 200, r#"[{"access_token":"at2","refresh_token":"rt2"}]"#),
        (&plain(), 400, "refresh_token=rt2"),
        (&nested, 200, r#"{"refresh_token":"rt2","wrapped":{"x":1}}"#),
    ] {
        let reply = answer(provider, status, &[], body);
        assert_ne!(kind(&reply), Kind::Token, "{body}");
        assert_eq!(
            reply.refresh_token.map(|rt| rt.expose().to_owned()).as_deref(),
            Some("rt2"),
            "{body}"
        );
    }
    for body in [
        r#"{"refresh_token":"This field is required."}"#,
        r#"{"errors":{"refresh_token":"is_required"}}"#,
        r#"{"data":{"refresh_token":"is required"}}"#,
        r#"{"access_token":"at2","refresh_token":""}"#,
        r#"{"access_token":"at2","refresh_token":null}"#,
        r#"{"access_token":"at2","refresh_token":["rt2"]}"#,
        r#"{"access_token":"at2","refresh_token":"rt2","refresh_token":null}"#,
        r#"{"refresh_token":"rt2"#,
    ] {
        assert!(answer(&plain(), 200, &[], body).refresh_token.is_none(), "{body}");
    }
}

#[test]
fn the_refresh_token_is_taken_from_beside_the_access_token() {
    let provider = plain().to_builder().token_path("authed_user").build().unwrap();
    let body = r#"{"access_token":"bot","refresh_token":"rt-bot","authed_user":{"access_token":"user","refresh_token":"rt-user"}}"#;
    for (provider, access, refresh) in [(&provider, "user", "rt-user"), (&plain(), "bot", "rt-bot")]
    {
        let Outcome::Token(issued) = answer(provider, 200, &[], body).outcome else { panic!() };
        assert_eq!(issued.token.access_token().expose(), access);
        assert_eq!(issued.token.refresh_token().map(Secret::expose), Some(refresh));
    }
    for (provider, body) in [
        (
            &plain(),
            r#"{"access_token":"bot","authed_user":{"access_token":"user","refresh_token":"rt-user"}}"#,
        ),
        (
            &provider,
            r#"{"access_token":"bot","refresh_token":"rt-bot","authed_user":{"access_token":"user"}}"#,
        ),
    ] {
        let reply = answer(provider, 200, &[], body);
        assert!(reply.refresh_token.is_none(), "it belongs to the other access token: {body}");
    }
}

#[test]
fn tokens_are_taken_unchanged() {
    let odd: String = (' '..='~').collect();
    let long = "a!/+=".repeat(13_107);
    for text in [odd.as_str(), long.as_str(), "x"] {
        let body = json!({"access_token": text, "refresh_token": text}).to_string();
        let Outcome::Token(issued) = answer(&plain(), 200, &[], &body).outcome else { panic!() };
        assert_eq!(issued.token.access_token().expose(), text);
        assert_eq!(issued.token.refresh_token().map(Secret::expose), Some(text));
    }
    let mut bytes = br#"{"access_token":"at1","refresh_token":"r"#.to_vec();
    bytes.extend(b"\xff\"}");
    let reply = RawReply { status: 200, headers: &HeaderMap::new(), body: &bytes };
    let reply = read(&plain(), &reply, OffsetDateTime::UNIX_EPOCH);
    assert!(reply.refresh_token.is_none(), "bytes were lost: it would be refused");
    let bytes = b"{\"access_token\":\"at\xff\"}";
    let reply = RawReply { status: 200, headers: &HeaderMap::new(), body: bytes };
    assert_eq!(kind(&read(&plain(), &reply, OffsetDateTime::UNIX_EPOCH)), Unknown);
}

#[test]
fn an_error_shows_no_token() {
    let jwt = format!("eyJ0{}.sesame", "a1".repeat(40));
    let bodies = [
        json!({"error": "invalid_grant", "error_description": format!("unknown token {jwt}")}),
        json!({"error": "x", "access_token": "sesame", "error_description": "sesame is new"}),
        json!({"error": "x", "refresh_token": "sesame", "error_uri": "https://a.example/sesame"}),
        json!({"error": "sesame", "id_token": "sesame", "access_token": "at-1"}),
        json!({"access_token": "sesame\u{1}"}),
        json!({"token": "sesame"}),
    ];
    for body in bodies {
        let reply = answer(&plain(), 200, &[], &body.to_string());
        assert_ne!(kind(&reply), Kind::Token);
        assert!(!format!("{reply:?}").contains("sesame"), "{reply:?}");
    }
    let body = r#"{"error":"invalid_grant","error_description":"rt-sesame is unknown\u001b[2J"}"#;
    let mut reply = answer(&plain(), 400, &[], body);
    reply.hide(&Secret::new("rt-sesame"));
    assert_eq!(told(reply).2, "[..] is unknown [2J");
    let issued = answer(&plain(), 200, &[], r#"{"access_token":"sesame","x":"sesame"}"#);
    assert!(!format!("{issued:?}").contains("sesame"), "{issued:?}");
}

#[test]
fn rules_are_tried_in_order_and_need_all_their_conditions() {
    let rule = ErrorRule::new;
    let provider = plain()
        .to_builder()
        .error_code_path("status.code")
        .error_text_path("status.text")
        .error_rule(rule(Verdict::Unknown).status(400).code("E1").text("gone").field("n", "7"))
        .error_rule(rule(Verdict::Refused).code("e1").header("reason", "DEAD"))
        .error_rule(rule(Verdict::TooEarly).code("E1"))
        .error_rule(rule(Verdict::Transient).status(502))
        .error_rule(rule(Verdict::Refused).field("n", "9"))
        .error_rule(rule(Verdict::Refused).code("http_403"))
        .build()
        .unwrap();
    let full = r#"{"status":{"code":"E1","text":"It is GONE"},"n":7}"#;
    let dead = [("reason", "it is dead, really")];
    for (status, headers, body, expected) in [
        (400, &[][..], full, Unknown),
        (400, &dead, full, Unknown),
        (401, &dead, full, Refused),
        (401, &[], full, TooEarly),
        (401, &[("reason", "alive")], full, TooEarly),
        (400, &[], r#"{"status":{"code":"E1","text":"gone"},"n":8}"#, TooEarly),
        (400, &[], r#"{"status":{"code":"E2"},"error":"E1"}"#, Setup),
        (400, &[], r#"{"status":{"code":0},"error":"invalid_grant"}"#, Refused),
        (502, &[], "", Limited),
        (410, &[], r#"{"n":9}"#, Refused),
        (403, &[], "", Refused),
        (403, &[], r#"{"error":"E3"}"#, Setup),
        (410, &[], r#"{"n":9"#, Unknown),
        (410, &[], r#"{"n":"9","#, Unknown),
        (200, &dead, r#"{"access_token":"at1","status":{"code":0}}"#, Kind::Token),
    ] {
        assert_eq!(kind(&answer(&provider, status, headers, body)), expected, "{status} {body}");
    }
}

#[test]
fn error_like_members_do_not_spoil_a_token() {
    let body = r#"{"access_token":"at1","status":"success","code":"ok","error":{}}"#;
    assert_eq!(kind(&answer(&plain(), 200, &[], body)), Kind::Token);
}

#[test]
fn an_answer_without_a_usable_token_says_what_is_wrong() {
    for (body, expected) in [
        ("", "the body is empty"),
        ("hello", "the body is neither whole JSON nor a form"),
        ("{}", "the body has no access token"),
        (
            r#"{"access_token":"at\u0007"}"#,
            "the access token has characters that a header cannot carry",
        ),
    ] {
        let (_, _, text) = told(answer(&plain(), 200, &[], body));
        assert!(text.starts_with(&format!("{expected}: ")), "{body}: {text}");
    }
}

#[test]
fn scopes_are_read_with_spaces_between_them() {
    let scope = |separator, scope: Value| {
        let provider = plain().to_builder().scope_separator(separator).build().unwrap();
        let body = json!({"access_token": "at1", "scope": scope}).to_string();
        match answer(&provider, 200, &[], &body).outcome {
            Outcome::Token(issued) => issued.token.scope().map(str::to_owned),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(scope(' ', json!("a b")).as_deref(), Some("a b"));
    assert_eq!(scope(',', json!("a,, b")).as_deref(), Some("a b"));
    assert_eq!(scope(' ', json!(["a", "b"])).as_deref(), Some("a b"));
    assert_eq!([scope(' ', json!("")), scope(' ', json!([]))], [None, None]);
}

#[test]
fn extra_members_come_from_the_token_then_the_answer() {
    let provider = plain().to_builder().token_path("data").build().unwrap();
    let deep: Value = format!("{}1{}", "[".repeat(33), "]".repeat(33)).parse().unwrap();
    let body = json!({
        "data": {"access_token": "at1", "x": 1, "deep": deep},
        "x": 2,
        "y": 3,
    });
    let provider = provider.to_builder().reply_member(ReplyMember::Scope, "perms").build().unwrap();
    let Outcome::Token(issued) = answer(&provider, 200, &[], &body.to_string()).outcome else {
        panic!("no token")
    };
    assert_eq!(Value::Object(issued.token.extra().clone()), json!({"x": 1, "y": 3}));
}

#[test]
fn only_an_access_token_that_renews_itself_is_a_refresh_token() {
    for sends_access_token in [true, false] {
        let grant = RefreshGrant {
            grant_type: "renew".to_owned(),
            parameter: "token".to_owned(),
            sends_access_token,
        };
        let provider = plain().to_builder().refresh_grant(grant).build().unwrap();
        let body = r#"{"access_token":"at1","refresh_token":"rt2"}"#;
        let expected = if sends_access_token { "at1" } else { "rt2" };
        let reply = answer(&provider, 200, &[], body);
        assert_eq!(reply.refresh_token, Some(Secret::new(expected)));
    }
}

#[cfg(feature = "device")]
#[test]
fn a_poll_waits_as_long_as_a_limited_answer_asks() {
    let wait = [("retry-after", "30")];
    let mut reply = answer(&plain(), 429, &wait, r#"{"error":"slow_down"}"#);
    for (before, expected) in [(10, 30), (60, 60)] {
        let mut slower = Duration::from_secs(before);
        let mut outcome = answer(&plain(), 429, &wait, r#"{"error":"slow_down"}"#).outcome;
        outcome.name_poll(&mut slower);
        assert_eq!(slower, Duration::from_secs(expected));
        reply.outcome = outcome;
        assert_eq!(kind(&reply), Setup);
    }
}

#[test]
fn a_good_pair_is_found_in_random_answers() {
    let mut random = Random::new(3);
    let names = [
        "access_token",
        "refresh_token",
        "error",
        "error_description",
        "expires_in",
        "expires_at",
        "scope",
        "token_type",
        "ok",
        "code",
        "data",
        "errors",
        "id_token",
        "x",
    ];
    for round in 0..5000 {
        let mut members = serde_json::Map::new();
        for _ in 0..random.below(8) {
            members.insert((*random.pick(&names)).to_owned(), random_value(&mut random, 3));
        }
        let status = *random.pick(&[200, 201, 400, 401, 429, 500, 503]);
        let body = Value::Object(members.clone()).to_string();
        let mut reply = answer(&plain(), status, &[], &body);
        let sent = members.get("refresh_token").and_then(Value::as_str).filter(|rt| !rt.is_empty());
        // Without an access token, a text with spaces is treated as a sentence and not as a token.
        let alone = members.get("access_token").and_then(Value::as_str).is_none_or(str::is_empty);
        let sent = sent.filter(|sent| !alone || !sent.contains(char::is_whitespace));
        if let Some(sent) = sent {
            let found = reply.refresh_token.as_ref().map(Secret::expose);
            assert_eq!(found, Some(sent), "round {round}: {body}");
        }
        if let Outcome::Token(issued) = &reply.outcome {
            assert!(status < 300, "round {round}");
            assert_eq!(members["access_token"], issued.token.access_token().expose());
        }
        if let Some(error) = reply.outcome.error_mut() {
            assert!(!error.code.is_empty() && error.code.chars().count() <= 301);
        }
    }
}

fn random_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.next() as i64 >> random.below(64)),
        3 => json!(random.next() as f64 / 1e3),
        4 => json!("invalid_grant"),
        5 => json!(random.text(20)),
        6 => (0..random.below(3)).map(|_| random_value(random, depth - 1)).collect(),
        _ => {
            let member = |random: &mut Random| {
                let name = *random.pick(&["access_token", "refresh_token", "type", "code"]);
                (name.to_owned(), random_value(random, depth - 1))
            };
            (0..random.below(4)).map(|_| member(random)).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

//! Answers of real services that depart from the standard, and what they mean.
//!
//! The forms of the answers were collected from the bug trackers of other clients; names and values
//! are made up. The stored refresh token is always `rt1`: a row with `None` for the refresh token
//! keeps it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::OffsetDateTime;
use ureq::http::{HeaderMap, HeaderValue};

use super::super::{Issued, Outcome, RawReply, Reply, read};
use crate::provider::Provider;
use crate::secret::Secret;

use Expected::{Limited, Refused, Setup, Unknown};

#[derive(Debug, PartialEq)]
enum Expected {
    Token { access: &'static str, life: Option<i64>, refresh: Option<&'static str>, scopes: usize },
    Refused(&'static str),
    Setup(&'static str),
    Limited(&'static str),
    Unknown(&'static str),
}

pub(in crate::protocol) struct Row {
    id: &'static str,
    status: u16,
    content_type: &'static str,
    pub(in crate::protocol) body: &'static str,
    expected: Expected,
    path: Option<&'static str>,
    separator: char,
}

impl Row {
    const fn at(mut self, path: &'static str) -> Row {
        self.path = Some(path);
        self
    }

    const fn commas(mut self) -> Row {
        self.separator = ',';
        self
    }

    fn provider(&self) -> Provider {
        let provider = Provider::builder("example")
            .token_endpoint("https://a.example/token")
            .scope_separator(self.separator);
        match self.path {
            Some(path) => provider.token_path(path),
            None => provider,
        }
        .build()
        .unwrap()
    }

    fn read(&self) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(self.content_type));
        if self.status == 302 {
            let location = "https://moved.example/token?session=sesame#x";
            headers.insert("location", HeaderValue::from_static(location));
        }
        let reply = RawReply { status: self.status, headers: &headers, body: self.body.as_bytes() };
        read(&self.provider(), &reply, sent_at())
    }

    fn token(id: &str) -> Issued {
        let row = ROWS.iter().find(|row| row.id == id).unwrap();
        match row.read().outcome {
            Outcome::Token(issued) => *issued,
            other => panic!("{id}: {other:?}"),
        }
    }
}

const fn row(
    id: &'static str,
    status: u16,
    content_type: &'static str,
    body: &'static str,
    expected: Expected,
) -> Row {
    Row { id, status, content_type, body, expected, path: None, separator: ' ' }
}

const fn token(
    access: &'static str,
    life: Option<i64>,
    refresh: Option<&'static str>,
    scopes: usize,
) -> Expected {
    Expected::Token { access, life, refresh, scopes }
}

#[rustfmt::skip]
pub(in crate::protocol) const ROWS: &[Row] = &[
    row("Q01", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":"3600","refresh_token":"rt1"}"#, token("at1", Some(3600), Some("rt1"), 0)),
    row("Q02", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","not_before":"1700000000","expires_in":"3600","expires_on":"1700003600","resource":"r-1","refresh_token":"rt1"}"#, token("at1", Some(3600), Some("rt1"), 0)),
    row("Q03", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","expires_on":"06/19/2030 23:42:01 +00:00","resource":"r-1"}"#, token("at1", None, None, 0)),
    row("Q04", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":3600.0,"scope":"identity"}"#, token("at1", Some(3600), None, 1)),
    row("Q06", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":null,"refresh_token":"rt1"}"#, token("at1", None, Some("rt1"), 0)),
    row("Q08", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":0,"scope":null}"#, token("at1", None, None, 0)),
    row("Q09", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","refresh_token":"rt1","instance_url":"https://x.example.com","issued_at":"1700000000123","signature":"c2ln"}"#, token("at1", None, Some("rt1"), 0)),
    row("Q11", 200, "application/json", r#"{"access_token":"at1","token_type":"User Access Token","expires_in":7200,"refresh_token":"rt1","refresh_token_expires_in":47304000}"#, token("at1", Some(7200), Some("rt1"), 0)),
    row("Q12", 200, "application/json", r#"{"access_token":"at1","expires_in":3600}"#, token("at1", Some(3600), None, 0)),
    row("Q13", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":14487,"refresh_token":"rt1","scope":["openid","user:read:email"]}"#, token("at1", Some(14487), Some("rt1"), 2)),
    row("Q14", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","scope":"repo,gist"}"#, token("at1", None, None, 2)).commas(),
    row("Q15", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":7200,"refresh_token":"rt1","scopes":"account repository"}"#, token("at1", Some(7200), Some("rt1"), 2)),
    row("Q16", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","scope":null}"#, token("at1", None, None, 0)),
    row("Q18", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","expires_in":1893456000000}"#, token("at1", None, None, 0)),
    row("Q19", 200, "application/json", r#"{"token_type":"Bearer","access_token":"at1","expires_at":1893456000,"expires_in":21600,"refresh_token":"rt1","athlete":{"id":1}}"#, token("at1", Some(21600), Some("rt1"), 0)),
    row("Q20", 200, "application/x-www-form-urlencoded", "access_token=at1&expires_in=3600&scope=&token_type=bearer", token("at1", Some(3600), None, 0)),
    row("Q22", 200, "text/plain; charset=utf-8", r#"{"access_token":"at1","expires_in":7200,"refresh_token":"rt1","openid":"o1","scope":"snsapi_login"}"#, token("at1", Some(7200), Some("rt1"), 1)),
    row("Q25", 200, "application/json", r#"{"error":"bad_refresh_token","error_description":"The token is wrong or expired."}"#, Refused("bad_refresh_token")),
    row("Q26", 200, "application/x-www-form-urlencoded; charset=utf-8", "error=bad_verification_code&error_description=wrong+code", Refused("bad_verification_code")),
    row("Q27", 200, "application/json", r#"{"ok":false,"error":"invalid_refresh_token"}"#, Refused("invalid_refresh_token")),
    row("Q28", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","error":null,"error_description":null,"error_uri":null,"not-before-policy":0,"scope":"openid"}"#, token("at1", None, None, 1)),
    row("Q29", 201, "application/json", r#"{"access_token":"at1","token_type":"Bearer","expires_in":1209600,"refresh_token":"rt1"}"#, token("at1", Some(1209600), Some("rt1"), 0)),
    row("Q30", 200, "application/json", r#"{"access_token":"at1","refresh_token":"rt1","expires_in":7199,"token_type":"Bearer","error":""}"#, token("at1", Some(7199), Some("rt1"), 0)),
    row("Q31", 400, "application/json", r#"{"error":{"message":"Code was used.","type":"OAuthException","code":100,"fbtrace_id":"T1"}}"#, Setup("OAuthException")),
    row("Q32", 401, "application/json", r#"{"message":"Unauthorized","error":401}"#, Unknown("http_401")),
    row("Q34", 400, "application/json", r#"{"error_type":"OAuthException","code":400,"error_message":"Code was not found or was already used."}"#, Setup("OAuthException")),
    row("Q35", 400, "application/json", r#"{"status":400,"message":"Invalid refresh token"}"#, Unknown("http_400")),
    row("Q36", 200, "application/json", r#"{"status":0,"body":{"userid":"u1","access_token":"at1","refresh_token":"rt1","scope":"user.info,user.metrics","expires_in":10800,"token_type":"Bearer"}}"#, token("at1", Some(10800), Some("rt1"), 2)).at("body").commas(),
    row("Q37", 200, "application/json", r#"{"ok":true,"app_id":"A1","authed_user":{"id":"U1","scope":"identity.basic","access_token":"at1","token_type":"user"},"team":{"id":"T1"}}"#, token("at1", None, None, 1)).at("authed_user"),
    row("Q38", 200, "application/json", r#"{"ok":true,"access_token":"at1","token_type":"bot","refresh_token":"rt1","expires_in":43200,"scope":"chat:write"}"#, token("at1", Some(43200), Some("rt1"), 1)),
    row("Q40", 200, "application/json", r#"{"code":0,"message":"OK","request_id":"r1","data":{"access_token":"at1","refresh_token":"rt1","expires_in":86400,"scope":[1,2]}}"#, token("at1", Some(86400), Some("rt1"), 2)).at("data"),
    row("Q41", 200, "application/json", r#"{"code":40105,"message":"Token expired","request_id":"r1"}"#, Unknown("40105")).at("data"),
    row("Q42", 200, "application/json", r#"{"code":200,"data":{"accessToken":"at1","tokenType":"Bearer","refreshToken":"rt1","expiresIn":3600}}"#, token("at1", Some(3600), Some("rt1"), 0)).at("data"),
    row("Q43", 200, "application/json", r#"{"data":[{"access_token":"at1","user_id":"1","permissions":"a,b"}]}"#, token("at1", None, None, 0)).at("data[0]"),
    row("Q44", 200, "application/json", r#"{"access_token":"at2","token_type":"Bearer","expires_in":3599}"#, token("at2", Some(3599), None, 0)),
    row("Q46", 200, "application/json", r#"{"access_token":"at2","token_type":"bearer","refresh_token":null,"expires_in":3600}"#, token("at2", Some(3600), None, 0)),
    row("Q47", 200, "application/json", r#"{"access_token":"at2","token_type":"bearer","expires_in":3600,"refresh_token":"rt2","x_refresh_token_expires_in":8721385,"refresh_token_expires_in":8721385,"refresh_expires_in":8721385}"#, token("at2", Some(3600), Some("rt2"), 0)),
    row("Q48", 400, "text/plain", "Bad Request", Unknown("http_400")),
    row("Q49", 200, "text/html", "<html><body>Maintenance</body></html>", Unknown("malformed")),
    row("Q50", 200, "application/xml", "<Access_Token><Token>at1</Token><Expiration_date>6/1/2030 2:24:46 PM</Expiration_date><Refresh_Token>rt1</Refresh_Token></Access_Token>", Unknown("malformed")),
    row("Q51", 200, "text/html", r#"callback( {"client_id":"c1","openid":"o1"} );"#, Unknown("malformed")),
    row("Q52", 200, "application/json", r#"{"access_token":"at1","token_type":"Bearer","expires_in":3600,"id_token":"e30.e30.sig","scope":"openid"}"#, token("at1", Some(3600), None, 1)),
    row("Q53", 200, "application/json", r#"{"token_type":"Bearer","scope":"User.Read","expires_in":3599,"ext_expires_in":3599,"access_token":"at1"}"#, token("at1", Some(3599), None, 1)),
    row("Q55", 400, "application/json", r#"{"expires_in":0,"error":"invalid_request","error_description":"Missing redirect_uri param is required."}"#, Setup("invalid_request")),
    row("Q56", 403, "application/json", r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#, Refused("invalid_grant")),
    row("Q57", 473, "application/json", r#"{"gatewayError":"GATED"}"#, Limited("http_473")),
    row("Q58", 302, "text/html", "", Unknown("redirect")),
    row("Q60", 200, "application/json", "", Unknown("malformed")),
    row("Q62", 200, "application/json", r#"{"access_token":"at1","access_token":"at2","token_type":"bearer"}"#, token("at2", None, None, 0)),
    row("Q63", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":1199,"userName":"u",".issued":"Mon, 01 Jan 2029 00:00:00 GMT",".expires":"Mon, 01 Jan 2029 00:20:00 GMT"}"#, token("at1", Some(1199), None, 0)),
    row("Q65", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":3600}"#, token("at1", Some(3600), None, 0)),
    row("Q66", 200, "application/json", r#"{"device_code":"d1","user_code":"U-1","verification_url":"https://x.example.com/device","expires_in":1800,"interval":5}"#, Unknown("malformed")),
    row("Q67", 200, "application/json", r#"{"device_code":"d1","user_code":"U-1","verification_uri":"https://x.example.com/device","expires_in":"1800","interval":null}"#, Unknown("malformed")),
    row("Q68", 200, "application/json", r#"{"error":"slow_down","error_description":"Too many requests.","interval":10}"#, Setup("slow_down")),
    row("Q69", 429, "application/json", r#"{"error":"too_many_requests"}"#, Limited("too_many_requests")),
    row("Q70", 428, "application/json", r#"{"error":"authorization_pending","error_description":"Precondition Required"}"#, Setup("authorization_pending")),
    row("Q73", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":3600,"refresh_token":"rt1"}"#, token("at1", Some(3600), Some("rt1"), 0)),
    row("Q74", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer"}"#, token("at1", None, None, 0)),
    row("Q75", 200, "application/json", r#"{"access_token":"at1","token_type":"bearer","expires_in":7200,"refresh_token":"rt1","scopes":"repository"}"#, token("at1", Some(7200), Some("rt1"), 1)),
];

/// 2026-11-20T21:00:00Z.
fn sent_at() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_208_400).unwrap()
}

fn outcome(reply: &Reply) -> (&'static str, String) {
    match &reply.outcome {
        Outcome::Token(_) => ("token", String::new()),
        Outcome::Refused(error) => ("refused", error.code.clone()),
        Outcome::TooEarly(error) => ("too early", error.code.clone()),
        Outcome::Setup(error) => ("setup", error.code.clone()),
        Outcome::Limited { error, .. } => ("limited", error.code.clone()),
        Outcome::Unknown(error) => ("unknown", error.code.clone()),
    }
}

#[test]
fn every_answer_of_the_corpus_has_its_expected_meaning() {
    assert_eq!(ROWS.iter().map(|row| row.id).collect::<BTreeSet<_>>().len(), 59);
    for row in ROWS {
        let reply = row.read();
        let (access, life, refresh, scopes) = match row.expected {
            Expected::Token { access, life, refresh, scopes } => (access, life, refresh, scopes),
            Refused(code) | Setup(code) | Limited(code) | Unknown(code) => {
                let kind = match row.expected {
                    Refused(_) => "refused",
                    Setup(_) => "setup",
                    Limited(_) => "limited",
                    _ => "unknown",
                };
                assert_eq!(outcome(&reply), (kind, code.to_owned()), "{}", row.id);
                assert!(reply.refresh_token.is_none(), "{}", row.id);
                continue;
            }
        };
        let Outcome::Token(issued) = &reply.outcome else { panic!("{}: {reply:?}", row.id) };
        let token = &issued.token;
        assert_eq!(token.access_token().expose(), access, "{}", row.id);
        assert_eq!(token.issued_at(), Some(sent_at()), "{}", row.id);
        let lived = token.expires_at().map(|end| (end - sent_at()).whole_seconds());
        assert_eq!(lived, life, "{}", row.id);
        assert_eq!(token.refresh_token().map(Secret::expose), refresh, "{}", row.id);
        assert_eq!(reply.refresh_token.as_ref(), token.refresh_token(), "{}", row.id);
        assert_eq!(token.scopes().count(), scopes, "{}", row.id);
    }
}

#[test]
fn unknown_members_are_kept_and_tokens_are_not_kept_twice() {
    let extra = |id| Value::Object(Row::token(id).token.extra().clone());
    assert_eq!(
        extra("Q09"),
        json!({"instance_url": "https://x.example.com", "issued_at": "1700000000123", "signature": "c2ln"})
    );
    assert_eq!(extra("Q19"), json!({"athlete": {"id": 1}, "expires_at": 1_893_456_000}));
    assert_eq!(extra("Q28"), json!({"not-before-policy": 0}));
    assert_eq!(extra("Q37"), json!({"id": "U1", "ok": true, "app_id": "A1", "team": {"id": "T1"}}));
    assert_eq!(extra("Q40"), json!({"code": 0, "message": "OK", "request_id": "r1"}));
    assert_eq!(extra("Q43"), json!({"user_id": "1", "permissions": "a,b"}));
    for row in ROWS {
        if let Outcome::Token(issued) = row.read().outcome {
            let extra = format!("{:?}", issued.token.extra());
            for secret in ["at1", "at2", "rt1", "rt2"] {
                assert!(!extra.contains(&format!("{secret:?}")), "{}: {extra}", row.id);
            }
        }
    }
}

#[test]
fn type_scope_id_token_and_refresh_token_lifetime_are_kept() {
    assert_eq!(Row::token("Q11").token.token_type(), "User Access Token");
    assert_eq!(Row::token("Q12").token.token_type(), "Bearer");
    assert_eq!(Row::token("Q38").token.token_type(), "bot");
    assert_eq!(Row::token("Q40").token.scope(), Some("1 2"));
    assert_eq!(Row::token("Q36").token.scope(), Some("user.info user.metrics"));
    assert_eq!(Row::token("Q16").token.scope(), None);
    assert_eq!(Row::token("Q52").token.id_token().map(Secret::expose), Some("e30.e30.sig"));
    let seconds = |id| Row::token(id).refresh_expires_in.map(|life| life.as_secs());
    assert_eq!(seconds("Q47"), Some(8_721_385));
    assert_eq!(seconds("Q11"), Some(47_304_000));
    assert_eq!(seconds("Q01"), None);
}

#[test]
fn an_error_has_the_servers_text_and_not_the_body() {
    let error = |id: &str| {
        let row = ROWS.iter().find(|row| row.id == id).unwrap();
        let mut outcome = row.read().outcome;
        let error = outcome.error_mut().unwrap();
        assert_eq!((error.host.as_str(), error.status), ("a.example", row.status));
        error.description.clone().unwrap_or_default()
    };
    for (id, expected) in [
        ("Q25", "The token is wrong or expired."),
        ("Q26", "wrong code"),
        ("Q31", "Code was used."),
        ("Q32", "Unauthorized"),
        ("Q34", "Code was not found or was already used."),
        ("Q35", "Invalid refresh token"),
        ("Q41", "Token expired"),
        ("Q48", ""),
        ("Q58", "it redirects to https://moved.example/token"),
        ("Q60", "the body is empty: status 200, content type application/json, 0 bytes"),
    ] {
        assert_eq!(error(id), expected, "{id}");
    }
    assert!(error("Q49").contains("content type text/html") && !error("Q49").contains("Main"));
    assert!(error("Q50").contains("application/xml") && !error("Q50").contains("rt1"));
}

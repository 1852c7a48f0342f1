//! Tests of the ready providers' own errors, row by row.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::Outcome;
use super::meaning::Kind::{Limited, Refused, Setup, TooEarly, Unknown};
use super::meaning::{answer, kind, told};
use crate::providers;

#[test]
fn teamleaders_errors_have_the_documented_meaning() {
    let envelope = |code: Value, status: u16, kind: &str, title: &str, hint: &str| {
        let meta = json!({"type": kind, "hint": hint});
        json!({"errors": [{"code": code, "title": title, "status": status, "meta": meta}]})
            .to_string()
    };
    let refused = "The refresh token is invalid.";
    for (status, body, expected, code) in [
        (
            400,
            envelope(json!(8), 400, "invalid_request", refused, "Token has been revoked"),
            Refused,
            "invalid_request",
        ),
        (
            401,
            envelope(json!(8), 401, "invalid_request", refused, "Cannot decrypt the refresh token"),
            Refused,
            "invalid_request",
        ),
        (400, envelope(json!("8"), 400, "invalid_grant", refused, ""), Refused, "invalid_grant"),
        (
            400,
            envelope(json!(null), 400, "invalid_request", refused, ""),
            Refused,
            "invalid_request",
        ),
        (
            400,
            envelope(json!(null), 400, "invalid_request", "", "Token has been revoked"),
            Refused,
            "invalid_request",
        ),
        (400, envelope(json!(10), 400, "invalid_grant", "", ""), Refused, "invalid_grant"),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"x"}"#.to_owned(),
            Refused,
            "invalid_grant",
        ),
        (
            401,
            envelope(json!(4), 401, "invalid_client", "Client authentication failed", ""),
            Setup,
            "invalid_client",
        ),
        (401, r#"{"error":"invalid_client"}"#.to_owned(), Setup, "invalid_client"),
        (
            401,
            r#"{"errors":[{"title":"Unauthorized","status":401}]}"#.to_owned(),
            Setup,
            "http_401",
        ),
        (
            400,
            envelope(json!(3), 400, "invalid_request", "", "Check the `redirect_uri` parameter"),
            Setup,
            "invalid_request",
        ),
        (
            400,
            envelope(json!(2), 400, "unsupported_grant_type", "", ""),
            Setup,
            "unsupported_grant_type",
        ),
        (400, envelope(json!(5), 400, "invalid_scope", "", ""), Setup, "invalid_scope"),
        (400, r#"{"errors":[{"code":5,"title":"x","status":400}]}"#.to_owned(), Setup, "5"),
        (429, envelope(json!(null), 429, "", "Too many requests", ""), Limited, "http_429"),
        (500, envelope(json!(7), 500, "server_error", "", ""), Unknown, "server_error"),
        (400, "<html></html>".to_owned(), Unknown, "http_400"),
        (401, "<html></html>".to_owned(), Unknown, "http_401"),
        (200, "{}".to_owned(), Unknown, "malformed"),
    ] {
        let (kind, found, _) = told(answer(&providers::teamleader(), status, &[], &body));
        assert_eq!((kind, found.as_str()), (expected, code), "{status} {body}");
    }
    let body = envelope(json!(8), 400, "invalid_request", refused, "Token has been revoked");
    let (.., description) = told(answer(&providers::teamleader(), 400, &[], &body));
    assert_eq!(description, "Token has been revoked");
}

#[test]
fn exact_onlines_errors_have_the_documented_meaning() {
    let early = r#"{"error":"access_denied","error_description":"Rate limit exceeded: access_token not expired"}"#;
    let reason =
        [("reason", "TooEarlyToRefreshTokens: Rate limit exceeded: access_token not expired")];
    let promised = [("reason", "Access Token not expired")];
    let none = &[][..];
    for (status, headers, body, expected) in [
        (400, none, early, TooEarly),
        (401, none, early, TooEarly),
        (429, none, early, TooEarly),
        (
            400,
            none,
            r#"{"error":"invalid_request","error_description":"Rate limit exceeded: access_token not expired"}"#,
            TooEarly,
        ),
        (400, &reason, "", TooEarly),
        (401, &promised, "", TooEarly),
        (
            401,
            none,
            r#"{"error":"unauthorized_client","error_description":"Old refresh token used."}"#,
            Refused,
        ),
        (
            400,
            none,
            r#"{"error":"invalid_request","error_description":"The refresh token expired at 11/1/2026 9:00:00 AM and it is now 12/2/2026 9:00:00 AM."}"#,
            Refused,
        ),
        (
            400,
            none,
            r#"{"error":"invalid_grant","error_description":"Token is not allowed, because of invalid or empty chainId"}"#,
            Refused,
        ),
        (400, none, r#"{"error":"invalid_request"}"#, Setup),
        (400, none, "", Unknown),
        (400, none, "Bad Request", Unknown),
        (
            500,
            none,
            r#"{"fault":{"faultstring":"Failed to execute the ExtractVariables: ExtractAccessToken","detail":{"errorcode":"steps.extractvariables.ExecutionFailed"}}}"#,
            Unknown,
        ),
        (
            500,
            none,
            r#"{"fault":{"faultstring":"Unable to identify proxy for host","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#,
            Limited,
        ),
        (
            404,
            none,
            r#"{"fault":{"faultstring":"Unable to identify proxy for host","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}"#,
            Limited,
        ),
    ] {
        let provider = providers::exact_online("nl").unwrap();
        assert_eq!(kind(&answer(&provider, status, headers, body)), expected, "{status} {body}");
    }
    let body =
        r#"{"access_token":"at1","token_type":"bearer","expires_in":"600","refresh_token":"rt2"}"#;
    let provider = providers::exact_online("nl").unwrap();
    let Outcome::Token(issued) = answer(&provider, 200, &[], body).outcome else { panic!() };
    assert_eq!(issued.token.lifetime(), Some(Duration::from_secs(600)));
}

#[test]
fn shells_errors_have_the_documented_meaning() {
    for (status, body, expected, code, text) in [
        (
            401,
            r#"{"ErrorCode":"invalid_client","Error":"Client is unknown"}"#,
            Setup,
            "invalid_client",
            "Client is unknown",
        ),
        (
            400,
            r#"{"ErrorCode":"invalid_request","Error":"Required param"}"#,
            Setup,
            "invalid_request",
            "Required param",
        ),
        (
            401,
            r#"{"error":"invalid_client","error_descrription":"Wrong"}"#,
            Setup,
            "invalid_client",
            "Wrong",
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"Wrong"}"#,
            Setup,
            "invalid_client",
            "Wrong",
        ),
        (400, "", Unknown, "http_400", ""),
        (
            401,
            "<html></html>",
            Unknown,
            "http_401",
            "it is an HTML page, of the service or of a proxy on the way",
        ),
    ] {
        let expected = (expected, code.to_owned(), text.to_owned());
        assert_eq!(told(answer(&providers::shell_ev(), status, &[], body)), expected, "{body}");
    }
    for (body, life) in [
        (r#"{"access_token":"at1","token_type":"Bearer","expires_in":"899"}"#, 899),
        (r#"{"access_token":"at1","token_type":"Bearer","expires_in":7199}"#, 7199),
        (r#"{"access_token":"at1","token_type":"Bearer"}"#, 300),
    ] {
        let Outcome::Token(issued) = answer(&providers::shell_ev(), 200, &[], body).outcome else {
            panic!("{body}")
        };
        assert_eq!(issued.token.lifetime(), Some(Duration::from_secs(life)));
    }
}

//! Tests of errors of the token endpoint and of the API, in the forms that Shell sends.

use evergrant::sandbox::{ApiReply, Fault};
use evergrant::shell_ev::{ErrorKind, RequestStatus, ShellEvError, request_id};
use evergrant::{Error, MemoryBackend};
use serde_json::{Value, json};

use super::{CARD, EVSE, SESSION, World};

const ID: &str = "0b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d11";

fn body(code: &str) -> Value {
    json!({
        "requestId": ID, "status": "FAILED",
        "errors": [{ "code": code, "message": "m", "description": "d", "details": ["x", 5] }],
    })
}

#[test]
fn every_documented_status_is_a_kind_for_every_call() {
    let world = World::new();
    let shell = world.builder().retries(0).build().unwrap();
    let (locations, charging) = (shell.locations(), shell.charging());
    for (status, code, kind) in [
        (400, "E0001", ErrorKind::BadRequest),
        (401, "E0003", ErrorKind::Unauthorized),
        (404, "E0038", ErrorKind::NotFound),
        (429, "E0009", ErrorKind::TooManyRequests),
        (500, "E0005", ErrorKind::InternalServerError),
        (503, "E0014", ErrorKind::ServiceUnavailable),
        (418, "E9999", ErrorKind::Other),
        (200, "E0002", ErrorKind::Failed),
        (202, "E0002", ErrorKind::Failed),
    ] {
        world.answers(status, body(code));
        let bounds = evergrant::shell_ev::Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
        for error in [
            locations.list().page(1).map(drop),
            locations.iter().next().unwrap().map(drop),
            locations.pages().next().unwrap().map(drop),
            locations.first().map(drop),
            locations.get("1").map(drop),
            locations.get_with("1").call().map(drop),
            locations.nearby(0.0, 0.0).call().map(drop),
            locations.markers(bounds, 1).call().map(drop),
            charging.start(CARD, EVSE).call().map(drop),
            charging.stop(SESSION).call().map(drop),
            charging.get(SESSION).map(drop),
            charging.get_with(SESSION).call().map(drop),
            charging.active(CARD).call().map(drop),
        ] {
            let error = error.unwrap_err();
            let refusal = ShellEvError::of(&error).unwrap();
            let told = (refusal.kind(), refusal.status(), refusal.code());
            assert_eq!(told, (kind, status, Some(code)));
            assert_eq!((refusal.message(), refusal.member()), (Some("m"), None));
            assert_eq!(refusal.is_not_found(), status == 404);
            assert_eq!((refusal.request_id(), request_id(&error)), (Some(ID), Some(ID)));
            assert_eq!(refusal.result(), Some(&RequestStatus::Failed));
            let fault = &refusal.faults()[0];
            assert_eq!(
                (fault.message.as_deref(), fault.description.as_deref()),
                (Some("m"), Some("d"))
            );
            assert_eq!(fault.details, ["x", "5"]);
            let text = error.to_string();
            assert!(text.contains(&format!("{code} m d x 5 (request {ID})")), "{text}");
            assert!(text.contains(&format!("answered {status}")), "{text}");
            // After a 500 or a 503, Shell may have processed a command.
            let Error::Api(api) = &error else { panic!("{error:?}") };
            let again = status == 429 || matches!(status, 500 | 503) && api.method == "GET";
            assert_eq!(error.is_transient(), again, "{error}");
            assert!(!error.needs_authorization());
        }
    }
}

#[test]
fn an_error_keeps_status_and_id_with_an_unreadable_body() {
    let world = World::new();
    let shell = world.builder().retries(0).build().unwrap();
    for (status, kind, text) in [
        (503, "text/html", "<html>away</html>"),
        (401, "application/json", ""),
        (500, "application/json", "[1]"),
        (400, "application/json", r#"{"errors":"no list","details":7}"#),
        (404, "application/json", r#"{"errors":[7,null,{"code":5}],"requestId":null}"#),
    ] {
        world.on("GET", "/locations/nearby", move |_| ApiReply::bytes(status, kind, text));
        let error = shell.locations().nearby(0.0, 0.0).call().unwrap_err();
        let failure = ShellEvError::of(&error).unwrap();
        assert_eq!(failure.status(), status);
        // The error has the id that was sent, because the answer names no id.
        let id = request_id(&error).unwrap();
        assert!(id.len() == 36 && error.to_string().contains(id), "{error}");
        assert_eq!(failure.request_id(), Some(id));
        assert!(!failure.to_string().is_empty());
    }
    let details = json!({ "errors": [{ "code": "E0005" }], "details": ["line\n1", "y"] });
    world.answers(500, details);
    let error = shell.locations().get_with("1").call().unwrap_err();
    let failure = ShellEvError::of(&error).unwrap();
    assert_eq!(failure.details(), ["line\n1", "y"]);
    assert_eq!(failure.to_string(), "status 500: E0005; line 1; y");
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn an_answer_without_json_is_an_error_with_the_id() {
    let world = World::new();
    for text in ["<html>", "", "7", "\"x\"", "{\"data\":["] {
        world.on("GET", "/locations/nearby", move |_| {
            ApiReply::bytes(200, "application/json", text)
        });
        let error = world.shell().locations().nearby(0.0, 0.0).call().unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        assert!(format!("{error:#}").contains(request_id(&error).unwrap()), "{error}");
        assert!(ShellEvError::of(&error).is_none());
    }
}

/// Tries Shell's forms of a refusal at the token endpoint, and of an unavailable service.
#[test]
fn a_token_endpoint_error_keeps_its_code_and_description() {
    let cases: [(u16, &str, &str, &str); 5] = [
        (
            401,
            r#"{"ErrorCode":"invalid_client","Error":"unknown id"}"#,
            "invalid_client",
            "unknown id",
        ),
        (400, r#"{"ErrorCode":"invalid_request","Error":"what"}"#, "invalid_request", "what"),
        (401, r#"{"error":"invalid_client","error_descrription":"no"}"#, "invalid_client", "no"),
        (400, r#"{"error":"invalid_scope","error_description":"no"}"#, "invalid_scope", "no"),
        (400, r#"{"error":"something_new"}"#, "something_new", ""),
    ];
    for (status, text, code, words) in cases {
        let world = World::new();
        world.sandbox.fault(Fault::Body {
            status,
            content_type: "application/json".to_owned(),
            body: text.as_bytes().to_vec(),
            commit: false,
        });
        let error = world.shell().locations().nearby(0.0, 0.0).call().unwrap_err();
        let Error::OAuth(refusal) = &error else { panic!("{error:?}") };
        assert_eq!((refusal.code.as_str(), refusal.status), (code, status));
        assert_eq!(refusal.description.as_deref().unwrap_or_default(), words);
        assert!(ShellEvError::of(&error).is_none() && request_id(&error).is_none());
        assert_eq!(world.sandbox.counters().api_calls, 0);
    }
}

#[test]
fn an_unreachable_token_endpoint_is_a_transient_error() {
    for (fault, kind) in [
        (Fault::TooMany(Some(1)), "rate_limited"),
        (Fault::StatusBefore(500), "transport"),
        (Fault::StatusBefore(503), "transport"),
        (Fault::CutBefore, "transport"),
        (
            Fault::Body {
                status: 400,
                content_type: "text/html".into(),
                body: b"<p>".to_vec(),
                commit: false,
            },
            "transport",
        ),
    ] {
        let world = World::new();
        world.sandbox.faults(2, fault);
        let error = world.shell().locations().nearby(0.0, 0.0).call().unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{error}");
        assert!(request_id(&error).is_none(), "no call was made: {error}");
    }
}

/// The client neither uses nor stores any of these answers.
#[test]
fn a_token_answer_without_a_token_is_an_error() {
    for text in [
        r#"{"error":"x"}"#,
        "<html>",
        r#"{"access_token":"","token_type":"Bearer"}"#,
        r#"{"access_token":null}"#,
    ] {
        let world = World::new();
        world.answers(200, json!({ "data": [] }));
        let store = MemoryBackend::new();
        world.sandbox.faults(
            2,
            Fault::Body {
                status: 200,
                content_type: "application/json".to_owned(),
                body: text.as_bytes().to_vec(),
                commit: false,
            },
        );
        let shell = world.builder_on(store.clone()).build().unwrap();
        shell.locations().nearby(0.0, 0.0).call().unwrap_err();
        assert_eq!(
            (world.sandbox.counters().api_calls, shell.client().stored().unwrap()),
            (0, None)
        );
    }
}

#[test]
fn no_error_shows_a_secret() {
    let world = World::new();
    world.on("GET", "/locations/nearby", |request| {
        let token = request.header("authorization").unwrap().trim_start_matches("Bearer ");
        ApiReply::json(400, json!({ "errors": [{ "message": format!("bad {token}") }] }))
    });
    let shell = world.shell();
    let error = shell.locations().nearby(0.0, 0.0).call().unwrap_err();
    let token = shell.client().access_token().unwrap();
    assert!(!format!("{error} {error:?}").contains(token.expose()), "{error}");
    let shown = format!("{shell:?} {:?} {:?}", world.builder(), shell.locations().nearby(0.0, 0.0));
    assert!(!shown.contains("sandbox-secret") && !shown.contains(token.expose()));
}

#[test]
fn an_error_body_of_another_form_is_in_the_message() {
    let world = World::new();
    let shell = world.shell();
    for (kind, body, said) in [
        ("text/plain", "The field is\nwrong.", Some("The field is wrong.")),
        ("application/json", r#"{"errors":["one","two"]}"#, Some("one; two")),
        ("application/json", r#"{"message":"no"}"#, Some("no")),
        ("application/json", r#""just text""#, Some("just text")),
        ("text/html", "<h1>no</h1>", None),
    ] {
        world.on("GET", "/locations/nearby", move |_| ApiReply::bytes(400, kind, body));
        let error = shell.locations().nearby(0.0, 0.0).call().unwrap_err();
        let refusal = ShellEvError::of(&error).unwrap();
        match said {
            Some("one; two") => {
                assert!(refusal.message().is_some_and(|text| text.starts_with("one")), "{error}");
                assert!(error.to_string().contains("one; two"), "{error}");
            }
            said => assert_eq!(refusal.message(), said),
        }
        assert!(error.to_string().contains(said.unwrap_or("400")), "{error}");
        assert_eq!((refusal.status(), refusal.code(), refusal.member()), (400, None, None));
    }
}

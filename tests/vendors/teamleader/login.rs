//! Tests of answers of Teamleader's token endpoint, and of the API's answers to a refused token.

use evergrant::sandbox::{Fault, Sandbox};
use evergrant::teamleader::Teamleader;
use evergrant::{Error, FileBackend, MemoryBackend};
use serde_json::{Value, json};

use super::support::{answering, builder, data, sandbox};

/// Returns an error in Teamleader's form.
fn envelope(status: u16, code: i64, kind: &str, title: &str, hint: &str) -> Fault {
    let meta = json!({ "type": kind, "hint": hint });
    let error = json!({ "code": code, "title": title, "status": status, "meta": meta });
    body(status, "application/json", &json!({ "errors": [error] }).to_string())
}

fn body(status: u16, content_type: &str, text: &str) -> Fault {
    let (content_type, body) = (content_type.to_owned(), text.as_bytes().to_vec());
    Fault::Body { status, content_type, body, commit: false }
}

/// Makes a client whose access token the service refuses, and whose refresh fails with this fault. Returns
/// the error of a call.
fn refused_with(fault: Fault) -> (Sandbox, Teamleader, Error) {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    sandbox.expire_access_tokens();
    // The client repeats some failures, so the fault has to last.
    sandbox.faults(20, fault);
    let error = teamleader.me().unwrap_err();
    sandbox.clear_faults();
    (sandbox, teamleader, error)
}

#[test]
fn only_a_refused_refresh_token_needs_a_new_login() {
    let revoked = "Token has been revoked";
    let title = "The refresh token is invalid.";
    let faults = [
        envelope(400, 8, "invalid_request", title, revoked),
        envelope(401, 8, "invalid_request", title, revoked),
        envelope(400, 8, "invalid_grant", title, "Token has expired"),
        envelope(400, 10, "invalid_grant", "The provided authorization grant is invalid", ""),
        envelope(400, 0, "invalid_grant", "", ""),
        envelope(400, 0, "invalid_request", "", "Cannot decrypt the refresh token"),
        body(400, "application/json", r#"{"error":"invalid_grant"}"#),
    ];
    for fault in faults {
        let (_sandbox, teamleader, error) = refused_with(fault.clone());
        assert!(error.needs_authorization(), "{fault:?}: {error}");
        assert!(teamleader.client().stored().unwrap().is_some(), "the record is kept");
    }
}

#[test]
fn setup_and_request_errors_never_need_a_new_login() {
    let faults = [
        envelope(401, 4, "invalid_client", "Client authentication failed", ""),
        body(401, "application/json", r#"{"error":"invalid_client"}"#),
        envelope(400, 2, "unsupported_grant_type", "The grant type is not supported", ""),
        envelope(400, 3, "invalid_request", "A required parameter is missing", "Check `client_id`"),
        envelope(400, 5, "invalid_scope", "The requested scope is invalid", ""),
    ];
    for fault in faults {
        let (_sandbox, teamleader, error) = refused_with(fault.clone());
        assert!(matches!(error, Error::OAuth(_)), "{fault:?}: {error}");
        assert!(!error.needs_authorization() && !error.is_transient());
        // The stored refresh token still works: the next call refreshes with it.
        teamleader.me().unwrap();
    }
}

#[test]
fn an_outage_never_needs_a_new_login() {
    let faults = [
        Fault::StatusBefore(503),
        Fault::StatusBefore(500),
        Fault::TooMany(Some(1)),
        body(502, "text/html", "<html>bad gateway</html>"),
        body(200, "text/html", "<html>maintenance</html>"),
        body(200, "application/json", r#"{"message":"hello"}"#),
        Fault::CutBefore,
    ];
    for fault in faults {
        let (sandbox, teamleader, error) = refused_with(fault.clone());
        assert!(!error.needs_authorization(), "{fault:?}: {error}");
        assert!(sandbox.login_alive(), "{fault:?}");
        assert!(teamleader.client().stored().unwrap().is_some());
    }
}

#[test]
fn after_a_401_the_client_uses_another_processes_token() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| data(json!({ "id": "u" })));
    let open = || {
        let backend = FileBackend::new(sandbox.folder().join("teamleader.json"));
        builder(&sandbox, backend).build().unwrap()
    };
    let (one, other) = (open(), open());
    one.client().seed(sandbox.login()).unwrap();
    one.me().unwrap();
    other.me().unwrap();
    // This refresh revokes the other client's access token at the service, long before its expiry.
    one.client().refresh().unwrap();
    other.me().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
    assert_eq!(sandbox.counters().api_unauthorized, 1);
}

#[test]
fn a_401_after_a_refresh_is_an_api_error() {
    let sandbox = sandbox();
    sandbox.on("POST", "/api/users.me", |_| evergrant::sandbox::ApiReply::new(401));
    let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    let error = teamleader.me().unwrap_err();
    assert!(matches!(&error, Error::Api(api) if api.status == 401), "{error}");
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn a_login_has_a_state_and_no_scope() {
    let sandbox = sandbox();
    answering(&sandbox, |_, _| {
        data(json!({ "id": "u", "account": { "type": "account", "id": "a" } }))
    });
    let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
    let authorization = teamleader.client().authorize(&[]).unwrap();
    assert!(authorization.url().contains("state=") && !authorization.url().contains("scope="));
    let denied = sandbox.deny(authorization.url()).unwrap();
    let error = teamleader.client().exchange(authorization, &denied).unwrap_err();
    assert!(matches!(&error, Error::OAuth(error) if error.code == "access_denied"));
    let authorization = teamleader.client().authorize(&[]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    teamleader.client().exchange(authorization, &callback).unwrap();
    assert_eq!(teamleader.me().unwrap().account.unwrap().id, "a");
}

#[test]
fn a_problem_keeps_title_code_field_and_hint() {
    let sandbox = sandbox();
    let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    let answered = |status: u16, body: Value| {
        sandbox.on("POST", "/api/contacts.add", move |_| {
            evergrant::sandbox::ApiReply::json(status, body.clone())
        });
        let contact = evergrant::teamleader::contacts::NewContact::new("");
        teamleader.contacts().create(&contact).unwrap_err()
    };
    use evergrant::teamleader::TeamleaderError;
    let two = json!({ "errors": [
        { "code": 7, "title": "last_name must not be empty", "status": 400, "meta": { "field": "last_name" } },
        { "title": "telephones[0] is odd", "meta": { "field": "telephones", "hint": "use digits" } },
    ] });
    let error = answered(400, two);
    let refusal = TeamleaderError::of(&error).unwrap();
    let problems = refusal.problems();
    assert_eq!(problems.len(), 2);
    assert_eq!((problems[0].code.as_deref(), problems[0].status), (Some("7"), Some(400)));
    assert_eq!((refusal.status(), refusal.code()), (400, Some("7")));
    assert_eq!(refusal.member(), Some("last_name"));
    assert_eq!(refusal.message(), Some("last_name must not be empty"));
    assert_eq!(problems[0].field.as_deref(), Some("last_name"));
    assert_eq!(problems[1].hint.as_deref(), Some("use digits"));
    let text = error.to_string();
    assert!(
        text.contains("last_name must not be empty (last_name); telephones[0] is odd"),
        "{text}"
    );
    for status in [403, 404, 422] {
        let error = answered(status, json!({ "errors": [{ "title": "no" }] }));
        assert!(matches!(&error, Error::Api(api) if api.status == status));
        assert!(!error.is_transient());
    }
    // The service may have made the contact.
    for status in [500, 503] {
        assert!(!answered(status, json!({})).is_transient(), "{status}");
    }
    for body in [json!([]), json!({ "errors": "no" }), json!(null), json!({ "errors": [1] })] {
        let refusal = TeamleaderError::of(&answered(400, body)).unwrap();
        assert!(refusal.problems().len() <= 1 && refusal.code().is_none());
    }
    let plain = answered(400, json!({ "error_description": "in the other form" }));
    let plain = TeamleaderError::of(&plain).unwrap();
    assert_eq!(plain.message(), Some("in the other form"));
    let other = Error::Config("no answer".into());
    assert_eq!(TeamleaderError::of(&other), None);
}

#[test]
fn an_error_body_of_another_form_is_in_the_message() {
    use evergrant::sandbox::ApiReply;
    use evergrant::teamleader::TeamleaderError;
    let (sandbox, teamleader) = super::support::world();
    for (kind, body, said) in [
        ("text/plain", "The field is\nwrong.", Some("The field is wrong.")),
        ("application/json", r#"{"errors":["one","two"]}"#, Some("one; two")),
        ("application/json", r#"{"message":"no"}"#, Some("no")),
        ("application/json", r#""just text""#, Some("just text")),
        ("text/html", "<h1>no</h1>", None),
    ] {
        sandbox.on("POST", "/api/contacts.list", move |_| ApiReply::bytes(400, kind, body));
        let error = teamleader.contacts().first().unwrap_err();
        let refusal = TeamleaderError::of(&error).unwrap();
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

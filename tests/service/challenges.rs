//! Tests of the challenges of an API, and of how the client reacts.

use evergrant::Error;
use evergrant::error::ApiError;
use evergrant::sandbox::{ApiReply, Sandbox};

use crate::support::{sandbox, seeded};

/// Returns the error of a call that gets this answer, and the counts of refreshes and API calls.
fn answered(status: u16, challenge: Option<&'static [u8]>) -> (Box<ApiError>, u64, u64) {
    let sandbox: Sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.on("GET", "/api/x", move |_| {
        let reply = ApiReply::bytes(status, "text/html", "<h1>no</h1>");
        match challenge {
            Some(text) => reply.with_header("WWW-Authenticate", std::str::from_utf8(text).unwrap()),
            None => reply,
        }
    });
    let Err(Error::Api(error)) = client.get("/x").call() else { panic!("{status}") };
    let counters = sandbox.counters();
    (error, counters.refreshes, counters.api_calls)
}

#[test]
fn a_401_leads_to_one_refresh_whatever_its_challenge() {
    for challenge in [
        None,
        Some(&b""[..]),
        Some(b"Basic realm=\"x\""),
        Some(b"Bearer error=\"invalid_token\""),
        Some(b"Bearer error=\"unterminated"),
        Some(b"=,;\"\\"),
        Some(b"error=invalid_request,error_description=Invalid request"),
        Some("Bearer error_description=\"caf\u{e9}\"".as_bytes()),
    ] {
        let (error, refreshes, calls) = answered(401, challenge);
        assert_eq!((error.status, refreshes, calls), (401, 1, 2), "{challenge:?}");
    }
}

#[test]
fn a_challenge_that_a_new_token_cannot_meet_is_returned() {
    let text = b"Bearer error=\"insufficient_scope\", scope=\"invoices:write files:read\"";
    let (error, refreshes, calls) = answered(403, Some(text));
    assert_eq!((refreshes, calls), (0, 1));
    let challenges = error.challenges();
    assert_eq!(challenges[0].error(), Some("insufficient_scope"));
    assert_eq!(challenges[0].parameter("scope"), Some("invoices:write files:read"));

    let (_, refreshes, calls) = answered(400, Some(b"Bearer error=\"invalid_request\""));
    assert_eq!((refreshes, calls), (0, 1));

    let text =
        b"Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:mfa\", max_age=60";
    let (error, refreshes, calls) = answered(401, Some(text));
    assert_eq!(
        (refreshes, calls),
        (0, 1),
        "the token is still valid, so the client sends no refresh"
    );
    let challenge = &error.challenges()[0];
    assert_eq!(challenge.parameter("acr_values"), Some("urn:mfa"));
    assert_eq!(challenge.parameter("max_age"), Some("60"));
}

const STEP_UP: &str = "Bearer error=\"insufficient_user_authentication\", \
                       error_description=\"Use your key\", acr_values=\"phr mfa\", max_age=\"0\", \
                       scope=\"pay\"";

#[test]
fn a_stronger_login_is_described_and_replaces_the_old_one() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.on("GET", "/api/x", |request| match request.access_token_number {
        Some(1) => ApiReply::json(401, "no").with_header("WWW-Authenticate", STEP_UP),
        _ => ApiReply::json(200, "ok"),
    });
    let Err(Error::Api(error)) = client.get("/x").call() else { panic!("accepted") };
    let text = error.to_string();
    for part in [
        "a stronger or a newer login (insufficient_user_authentication: Use your key)",
        "authorize again with `acr_values=phr mfa` and `max_age=0` and `scope=pay`",
        "a refresh does not help",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(client.get("/me").call().is_ok(), "the token works for other calls");
    let asked = error.step_up().unwrap();
    let parameters = asked.parameters();
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
    let authorization = client.authorize_with(&asked.scopes(), &parameters).unwrap();
    let url = url::Url::parse(authorization.url()).unwrap();
    for (name, value) in [("acr_values", "phr mfa"), ("max_age", "0"), ("scope", "pay")] {
        assert!(url.query_pairs().any(|pair| pair == (name.into(), value.into())), "{url}");
    }
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
    assert!(client.get("/x").call().is_ok());
    assert_eq!(sandbox.counters().refreshes, 0);
}

#[test]
fn no_rule_makes_a_wanted_stronger_login_a_refresh() {
    let sandbox = sandbox();
    sandbox.on("GET", "/api/x", |_| {
        let body = serde_json::json!({"error": "expired"});
        ApiReply::json(401, body).with_header("WWW-Authenticate", STEP_UP)
    });
    let rule = evergrant::provider::AnswerRule::ended("error", "expired");
    let provider = sandbox.provider().to_builder().answer_rule(rule).build().unwrap();
    let store = evergrant::MemoryBackend::new();
    let client = evergrant::Client::builder(provider, sandbox.credentials(), store);
    let client = client.expired_when(|answer| answer.status == 401).build();
    client.seed(sandbox.login()).unwrap();
    assert!(client.get("/x").call().is_err());
    // The middleware of an agent that shows answers with an error status.
    let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
    let agent: ureq::Agent = config.middleware(client.clone()).build().into();
    let answer = agent.get(format!("{}/api/x", sandbox.url())).call().unwrap();
    assert_eq!(answer.status(), 401);
    client.access_token().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().api_calls), (0, 2));
}

#[test]
fn a_403_means_an_expired_token_if_the_caller_says_so() {
    let sandbox = sandbox();
    let client = crate::support::builder(&sandbox);
    let client = client.expired_when(|answer| answer.status == 403).build();
    client.seed(sandbox.login()).unwrap();
    sandbox.on("GET", "/api/x", |request| match request.access_token_number {
        Some(1) => ApiReply::bytes(403, "text/html", "<h1>Forbidden</h1>"),
        _ => ApiReply::json(200, "ok"),
    });
    assert_eq!(client.get("/x").call().unwrap().status(), 200);
    assert_eq!(sandbox.counters().refreshes, 1);
}

#[test]
fn a_challenge_of_the_token_endpoint_is_not_the_apis() {
    for header in ["Bearer error=\"invalid_client\"", "Basic", ""] {
        let sandbox = sandbox();
        let client = seeded(&sandbox);
        sandbox.on_token(move |_, _| {
            let body = serde_json::json!({"error": "invalid_client"});
            evergrant::sandbox::Reply::json(401, body).with_header("WWW-Authenticate", header)
        });
        let error = client.refresh().unwrap_err();
        assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
        assert_eq!(sandbox.counters().token_requests, 1, "{header}");
        assert!(client.get("/me").call().is_ok(), "the token still works");
    }
}

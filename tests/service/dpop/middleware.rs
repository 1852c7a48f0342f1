//! Tests of the client as middleware with a bound login: the client answers a demand for a nonce by itself, once.

use evergrant::provider::Rotation;
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Error};
use serde_json::{Value, json};
use ureq::Agent;

use super::{claims, logged_in, strict};

fn sandbox() -> Sandbox {
    strict().dpop_nonces(1000).rotation(Rotation::StrictFamily).start().unwrap()
}

/// An agent with the client as middleware. `hides`: whether the agent hides answers with an error status.
fn agent(client: &Client, hides: bool) -> Agent {
    let config = Agent::config_builder().proxy(None).middleware(client.clone());
    config.http_status_as_error(hides).build().new_agent()
}

fn url(sandbox: &Sandbox, path: &str) -> String {
    format!("{}/api{path}", sandbox.url())
}

/// The error of the client inside an error of the agent.
fn inner(error: ureq::Error) -> Error {
    let ureq::Error::Other(error) = error else { panic!("{error:?}") };
    *error.downcast().unwrap()
}

#[test]
fn a_middleware_answers_a_demand_for_a_nonce_by_itself() {
    let sandbox = sandbox();
    let client = logged_in(&sandbox);
    let agent = agent(&client, false);
    let call = || agent.get(url(&sandbox, "/me")).call().unwrap().status().as_u16();
    assert_eq!((call(), call()), (200, 200));
    assert_eq!(sandbox.counters().api_calls, 3, "the nonce of the first answer is kept");
    sandbox.renew_dpop_nonces();
    assert_eq!(call(), 200);
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.nonces_demanded), (5, 3));
    assert_eq!((counters.refreshes, counters.proofs_refused), (0, 0));
}

#[test]
fn a_middleware_sends_a_body_with_its_nonce_again() {
    let sandbox = sandbox();
    let client = logged_in(&sandbox);
    let agent = agent(&client, false);
    let sent = |answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>| {
        let echo: Value = answer.unwrap().body_mut().read_json().unwrap();
        assert!(claims(echo["headers"]["dpop"].as_str().unwrap())["nonce"].is_string());
        (echo["body"].as_str().unwrap().to_owned(), echo["headers"].clone())
    };
    for (number, body) in ["{\"a\":1}".to_owned(), "b".repeat(1 << 20)].iter().enumerate() {
        sandbox.renew_dpop_nonces();
        let request = agent.post(url(&sandbox, "/echo")).header("X-Own", "own");
        let (came, headers) = sent(request.content_type("text/plain").send(body));
        assert!(came == *body, "{} bytes", came.len());
        assert_eq!(headers["content-length"], body.len().to_string());
        assert_eq!(
            (&headers["x-own"], &headers["content-type"]),
            (&json!("own"), &json!("text/plain"))
        );
        assert_eq!(sandbox.counters().api_calls, 2 * (number as u64 + 1));
    }
    // Without a demand, the body goes out once.
    let (came, _) = sent(agent.post(url(&sandbox, "/echo")).send_json(json!({"b": 2})));
    assert_eq!(serde_json::from_str::<Value>(&came).unwrap(), json!({"b": 2}));
    let (came, headers) = sent(agent.post(url(&sandbox, "/echo")).send_empty());
    assert_eq!((&*came, &headers["content-length"]), ("", &json!("0")));
    assert_eq!(sandbox.counters().api_calls, 6);
}

#[test]
fn a_body_that_a_middleware_cannot_repeat_is_an_error() {
    let sandbox = sandbox();
    let client = logged_in(&sandbox);
    let agent = agent(&client, false);
    let body = "b".repeat((1 << 20) + 1);
    let send = || agent.post(url(&sandbox, "/echo")).send(&body);
    let error = inner(send().unwrap_err());
    let Error::Api(api) = &error else { panic!("{error:?}") };
    assert_eq!((api.status, &*api.url), (401, &*url(&sandbox, "/echo")));
    let told = error.to_string();
    assert!(told.contains("use_dpop_nonce") && told.contains("1 MiB"), "{told}");

    // The client has kept the nonce, and the body goes out whole.
    let echo: Value = send().unwrap().body_mut().read_json().unwrap();
    assert!(echo["body"] == body);
    assert_eq!((sandbox.counters().api_calls, sandbox.counters().refreshes), (2, 0));
}

#[test]
fn a_middleware_repeats_a_request_once_and_shows_the_second_answer() {
    let sandbox = strict().start().unwrap();
    let client = logged_in(&sandbox);
    sandbox.on("GET", "/api/never", |_| {
        ApiReply::json(401, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
            .with_header("DPoP-Nonce", "n-2")
    });
    sandbox.on("GET", "/api/empty", |_| {
        ApiReply::json(401, json!({}))
            .with_header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
    });
    for (path, hides, calls) in [("/never", false, 2), ("/empty", false, 1), ("/never", true, 3)] {
        let before = sandbox.counters().api_calls;
        match agent(&client, hides).get(url(&sandbox, path)).call() {
            Ok(answer) => assert_eq!((answer.status().as_u16(), hides), (401, false)),
            Err(ureq::Error::StatusCode(401)) => assert!(hides),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(sandbox.counters().api_calls, before + calls, "{path} {hides}");
    }
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().refreshes, 0, "a refresh cannot help");
}

#[test]
fn a_middleware_finds_the_nonce_that_its_agent_hides() {
    let sandbox = sandbox();
    let client = logged_in(&sandbox);
    let agent = agent(&client, true);
    let call = || agent.get(url(&sandbox, "/me")).call().map(|answer| answer.status().as_u16());
    assert_eq!(call().unwrap(), 200);
    assert_eq!(sandbox.counters().api_calls, 3);
    assert_eq!(call().unwrap(), 200);
    assert_eq!((sandbox.counters().api_calls, sandbox.counters().refreshes), (4, 0));
    // The API refuses the token: the next call has another one.
    sandbox.expire_access_tokens();
    assert!(matches!(call(), Err(ureq::Error::StatusCode(401))));
    assert_eq!(call().unwrap(), 200);
    assert_eq!(sandbox.counters().refreshes, 1);
    let missing = agent.get(url(&sandbox, "/status/404")).call();
    assert!(matches!(missing, Err(ureq::Error::StatusCode(404))), "{missing:?}");
}

#[test]
fn a_middleware_refreshes_only_when_the_token_is_refused() {
    let sandbox = sandbox();
    let client = logged_in(&sandbox);
    let agent = agent(&client, false);
    let call = || agent.get(url(&sandbox, "/me")).call().unwrap().status().as_u16();
    assert_eq!((call(), sandbox.counters().refreshes), (200, 0));
    sandbox.expire_access_tokens();
    assert_eq!((call(), call()), (401, 200));
    assert_eq!(sandbox.counters().refreshes, 1);
}

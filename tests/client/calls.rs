//! Tests of calls of the API, and of their answers.

use evergrant::error::Unconfirmed;
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::{Client, Error, MemoryBackend};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::{Fake, builder, sandbox, seeded};

#[test]
fn every_method_arrives_with_its_body_query_and_headers() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let custom = Method::from_bytes(b"REPORT").unwrap();
    for (request, method) in [
        (client.get("/echo"), "GET"),
        (client.post("/echo"), "POST"),
        (client.put("/echo"), "PUT"),
        (client.patch("/echo"), "PATCH"),
        (client.delete("/echo"), "DELETE"),
        (client.request(custom, "/echo"), "REPORT"),
    ] {
        let answer = request.header("X-One", "1").send_json(&json!({"a": [1, "é"]})).unwrap();
        let echo: Value = answer.read_json().unwrap();
        assert_eq!(echo["method"], method);
        assert_eq!(echo["body"], r#"{"a":[1,"é"]}"#);
        assert_eq!(echo["headers"]["content-type"], "application/json");
        assert_eq!(echo["headers"]["x-one"], "1");
    }
    for (request, method) in [
        (client.post("/echo"), "POST"),
        (client.put("/echo"), "PUT"),
        (client.delete("/echo"), "DELETE"),
        (client.request(Method::OPTIONS, "/echo"), "OPTIONS"),
    ] {
        let echo: Value = request.read_json().unwrap();
        assert_eq!((&echo["method"], &echo["body"]), (&json!(method), &json!("")));
    }
    let head = client.request(Method::HEAD, "/me").call().unwrap();
    assert_eq!((head.status(), head.read_string().unwrap()), (200, String::new()));
}

#[test]
fn a_query_is_encoded_and_goes_before_a_fragment() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let query = |request: evergrant::Request<'_>| {
        let echo: Value = request.read_json().unwrap();
        echo["query"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        query(client.get("/echo").query("a&b", "c=d é+/?#")),
        "a%26b=c%3Dd+%C3%A9%2B%2F%3F%23"
    );
    assert_eq!(query(client.get("/echo?x=%20").query("y", "1").query("y", "2")), "x=%20&y=1&y=2");
    assert_eq!(query(client.get("/echo#part").query("y", "1")), "y=1");
    let whole = format!("{}/api/echo?a=1#b", sandbox.url());
    assert_eq!(query(client.get(&whole).query("c", "2")), "a=1&c=2");
}

#[test]
fn an_error_status_is_an_error_with_headers_and_body() {
    let sandbox = sandbox();
    sandbox.on("GET", "/api/broken", |_| {
        let body = "x".repeat(200_000);
        ApiReply::bytes(503, "text/plain", body).with_header("X-Why", "maintenance")
    });
    let client = seeded(&sandbox);
    let Err(Error::Api(error)) = client.get("/broken").query("page", "2").call() else { panic!() };
    assert_eq!((error.status, error.body.len()), (503, 64 << 10));
    assert_eq!(error.headers["x-why"], "maintenance");
    assert_eq!((&*error.method, error.url), ("GET", format!("{}/api/broken", sandbox.url())));
    for (status, transient) in [(400, false), (403, false), (404, false), (429, true), (500, true)]
    {
        let error = client.get(&format!("/status/{status}")).call().unwrap_err();
        assert!(matches!(&error, Error::Api(api) if api.status == status), "{error:?}");
        assert_eq!((error.is_transient(), error.needs_authorization()), (transient, false));
        assert_eq!(
            error.to_string(),
            format!("GET {}/api/status/{status}: the API answered {status}", sandbox.url())
        );
    }
    assert_eq!(sandbox.counters().token_requests, 0);
}

#[test]
fn any_status_is_an_answer_when_it_is_asked_for() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    let answer = client.get("/status/404").any_status().call().unwrap();
    assert_eq!((answer.status(), answer.header("content-type")), (404, Some("application/json")));
    assert_eq!(answer.read_json::<Value>().unwrap()["status"], 404);
    sandbox.expire_access_tokens();
    let answer = client.get("/status/204").any_status().call().unwrap();
    assert_eq!((answer.status(), sandbox.counters().refreshes), (204, 1));
}

#[test]
fn a_redirect_of_the_api_is_not_followed() {
    let elsewhere = Fake::json("{}");
    let sandbox = sandbox();
    let location = elsewhere.url();
    for status in [301, 302, 303, 307, 308] {
        let location = location.clone();
        sandbox.on("GET", "/api/moved", move |_| {
            ApiReply::new(status).with_header("Location", &location)
        });
        // The client follows no redirect, even if the caller sets this in ureq's configuration.
        let client = builder(&sandbox)
            .http(|config| config.max_redirects(10).max_redirects_will_error(true))
            .build();
        client.seed(sandbox.login()).unwrap();
        let answer = client.get("/moved").call().unwrap();
        assert_eq!((answer.status(), answer.header("Location")), (status, Some(&*elsewhere.url())));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn an_unreadable_answer_is_a_decode_error_with_its_address() {
    let sandbox = sandbox();
    sandbox.on("GET", "/api/bytes", |_| ApiReply::bytes(200, "text/plain", vec![0xff, 0xfe]));
    let client = seeded(&sandbox);
    let error = client.get("/me").read_json::<Vec<u8>>().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
    assert!(error.to_string().contains(&format!("{}/api/me", sandbox.url())), "{error}");
    let error = client.get("/bytes").call().unwrap().read_string().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
    assert_eq!(client.get("/bytes").call().unwrap().read_bytes().unwrap(), [0xff, 0xfe]);
    let cut = Fake::start(|peer| {
        peer.request();
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\":1");
        peer.close();
    });
    let provider = sandbox.provider().to_builder().api_base(cut.url()).build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    let error = client.get("/").read_json::<Value>().unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
}

#[test]
fn an_api_that_does_not_answer_is_a_transport_error() {
    let silent = Fake::start(|peer| {
        peer.request();
        peer.close();
    });
    let sandbox = sandbox();
    let provider = sandbox.provider().to_builder().api_base(silent.url()).build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    let error = client.post("/x").query("key", "c4nary").send("body").unwrap_err();
    let Error::Transport(transport) = &error else { panic!("{error:?}") };
    assert_eq!((&*transport.method, &transport.url), ("POST", &format!("{}/x", silent.url())));
    assert!(!format!("{error:?}").contains("c4nary"));
    assert_eq!((silent.requests().len(), sandbox.counters().token_requests), (1, 0));
    // The request may have been processed. A repeat is harmless only if the caller says so, or by its method.
    let told = Unconfirmed::of(&error).unwrap();
    assert_eq!((&*told.operation, told.processed), (&*format!("POST {}/x", silent.url()), false));
    assert!(!error.is_transient() && error.to_string().contains("look before you send it again"));
    for harmless in [client.post("/x").repeatable(true).retries(0), client.put("/x")] {
        let error = harmless.send("body").unwrap_err();
        assert!(error.is_transient() && Unconfirmed::of(&error).is_none(), "{error}");
    }
}

#[test]
fn a_failed_server_leaves_open_whether_a_post_was_processed() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    for (status, open) in [(400, false), (429, false), (500, true), (502, true), (503, true)] {
        let path = format!("/status/{status}");
        let error = client.post(&path).retries(0).send("x").unwrap_err();
        assert_eq!(Unconfirmed::of(&error).is_some(), open, "{error}");
        assert_eq!(error.is_transient(), !open && status > 400, "{error}");
        let error = client.post(&path).repeatable(true).retries(0).send("x").unwrap_err();
        assert!(Unconfirmed::of(&error).is_none(), "{error}");
        assert_eq!(error.is_transient(), status > 400, "{error}");
    }
    // A server that asks to wait has not processed the request.
    sandbox.api_fault(Fault::Unavailable(Some(7)));
    let error = client.post("/x").retries(0).send("x").unwrap_err();
    assert!(Unconfirmed::of(&error).is_none() && error.is_transient(), "{error}");
}

//! Tests of bodies, limits, retries and hooks of API requests.

use std::io::{Cursor, Read as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::hooks::Event;
use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use evergrant::{Client, ClientBuilder, Error, MemoryBackend};
use serde_json::{Value, json};

fn builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
}

fn world() -> (Sandbox, Arc<ManualClock>, Client) {
    let sandbox = Sandbox::start().unwrap();
    let clock = Arc::new(ManualClock::at(std::time::SystemTime::now()));
    let client = builder(&sandbox).clock(clock.clone()).build();
    client.seed(sandbox.login()).unwrap();
    (sandbox, clock, client)
}

#[test]
fn every_kind_of_body_arrives_as_it_was_sent() {
    let (_sandbox, _clock, client) = world();
    let echo = |answer: evergrant::Response| answer.read_json::<Value>().unwrap();
    let json = echo(client.post("/echo").send_json(&json!({"a": [1, "é"]})).unwrap());
    assert_eq!(json["body"], r#"{"a":[1,"é"]}"#);
    assert_eq!(json["headers"]["content-type"], "application/json");
    let form = echo(client.put("/echo").send_form(&[("a", "b c&d"), ("é", "=")]).unwrap());
    assert_eq!(form["body"], "a=b+c%26d&%C3%A9=%3D");
    assert_eq!(form["headers"]["content-type"], "application/x-www-form-urlencoded");
    let bytes = client.patch("/echo").header("Content-Type", "text/plain").send("plain").unwrap();
    assert_eq!(echo(bytes)["headers"]["content-type"], "text/plain");
    let known = echo(client.post("/echo").send_reader(&mut Cursor::new("read"), Some(4)).unwrap());
    assert_eq!(
        (&known["body"], &known["headers"]["content-length"]),
        (&json!("read"), &json!("4"))
    );
    let chunked = echo(client.post("/echo").send_reader(&mut Cursor::new("read"), None).unwrap());
    assert_eq!(chunked["body"], "read");
    assert_eq!(chunked["headers"]["transfer-encoding"], "chunked");
    let none = echo(client.delete("/echo").query("q", "a b").call().unwrap());
    assert_eq!((&none["method"], &none["query"]), (&json!("DELETE"), &json!("q=a+b")));
    assert!(none["headers"]["user-agent"].as_str().unwrap().starts_with("evergrant/"));
}

#[test]
fn an_answer_is_read_whole_or_in_parts_up_to_its_limit() {
    let (sandbox, _clock, client) = world();
    sandbox.on("GET", "/api/large", |_| {
        ApiReply::bytes(200, "application/octet-stream", vec![7; 100_000])
    });
    let mut read = Vec::new();
    client.get("/large").call().unwrap().into_reader().read_to_end(&mut read).unwrap();
    assert_eq!(read, vec![7; 100_000]);
    assert_eq!(client.get("/large").max_body(100_000).call().unwrap().read_bytes().unwrap(), read);
    let error = client.get("/large").max_body(99_999).call().unwrap().read_bytes().unwrap_err();
    assert!(format!("{error:#}").contains("larger than 99999 bytes"), "{error}");
}

#[test]
fn a_request_may_have_a_limit_of_its_own() {
    let (sandbox, _clock, client) = world();
    let gate = evergrant::sandbox::Gate::new();
    sandbox.api_fault(Fault::HoldAfter(gate.clone()));
    let request = client.get("/me").retries(0).timeout(Duration::from_millis(200));
    assert_eq!(request.call().unwrap_err().kind(), "transport");
    gate.open();
    client.get("/me").timeout(Duration::from_secs(60)).call().unwrap();

    // A read timeout ends this request; the next request has the client's own timeouts again.
    let gate = evergrant::sandbox::Gate::new();
    sandbox.api_fault(Fault::HoldAfter(gate.clone()));
    let request = client.get("/me").retries(0).read_timeout(Duration::from_millis(200));
    let error = request.call().unwrap_err();
    assert!(format!("{error:#}").contains("the server sent nothing for too long"), "{error}");
    gate.open();
    client.get("/me").call().unwrap();
    let long = Duration::from_secs(60);
    client.get("/me").connect_timeout(long).read_timeout(long).call().unwrap();
}

/// Each case has a request, its fault, and how many times the request reaches the server.
#[test]
fn a_write_is_sent_again_only_if_it_was_not_processed() {
    let read = |client: &Client| client.get("/echo").call().map(|_| ());
    let write = |client: &Client| client.post("/echo").send("once").map(|_| ());
    let marked = |client: &Client| client.post("/echo").repeatable(true).send("x").map(|_| ());
    let bare = |client: &Client| client.delete("/echo").call().map(|_| ());
    type Send<'a> = &'a dyn Fn(&Client) -> evergrant::Result<()>;
    let cases: [(&str, Send<'_>, Fault, bool); 12] = [
        ("read, cut", &read, Fault::CutBefore, true),
        ("read, reply lost", &read, Fault::CutAfter, true),
        ("read, 429", &read, Fault::TooMany(Some(7)), true),
        ("read, 503 with a time", &read, Fault::Unavailable(Some(7)), true),
        ("read, 503 without", &read, Fault::Unavailable(None), false),
        ("read, 500", &read, Fault::StatusBefore(500), false),
        ("write, cut", &write, Fault::CutBefore, false),
        ("write, reply lost", &write, Fault::CutAfter, false),
        ("write, 429", &write, Fault::TooMany(Some(7)), true),
        ("write, 503 with a time", &write, Fault::Unavailable(Some(7)), false),
        ("write marked as repeatable, reply lost", &marked, Fault::CutAfter, true),
        ("write without a body, reply lost", &bare, Fault::CutAfter, false),
    ];
    for (case, send, fault, again) in cases {
        let (sandbox, clock, client) = world();
        sandbox.api_fault(fault.clone());
        assert_eq!(send(&client).is_ok(), again, "{case}");
        assert_eq!(sandbox.counters().api_calls, 1 + u64::from(again), "{case}");
        let asked = matches!(fault, Fault::TooMany(_) | Fault::Unavailable(Some(_)));
        if again && asked {
            let slept = clock.slept();
            assert!(slept >= Duration::from_secs(7) && slept < Duration::from_secs(8), "{case}");
        }
    }
}

#[test]
fn retries_end_and_a_long_wait_is_left_to_the_caller() {
    let (sandbox, clock, client) = world();
    for _ in 0..9 {
        sandbox.api_fault(Fault::TooMany(Some(1)));
    }
    let error = client.get("/me").call().unwrap_err();
    assert_eq!((error.kind(), sandbox.counters().api_calls), ("api", 3));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    assert!(error.is_transient());
    client.get("/me").retries(0).call().unwrap_err();
    assert_eq!(sandbox.counters().api_calls, 4);

    let (slept, calls) = (clock.slept(), sandbox.counters().api_calls);
    sandbox.clear_faults();
    sandbox.api_fault(Fault::TooMany(Some(3600)));
    let error = client.get("/me").call().unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!((clock.slept(), sandbox.counters().api_calls), (slept, calls + 1));
}

#[test]
fn a_connection_that_is_refused_is_tried_again_for_writes_too() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let sandbox = Sandbox::start().unwrap();
    let provider = sandbox.provider().to_builder().api_base(format!("http://{address}"));
    let clock = Arc::new(ManualClock::at(std::time::SystemTime::now()));
    let attempts = Arc::new(AtomicU32::new(0));
    let count = attempts.clone();
    let client =
        Client::builder(provider.build().unwrap(), sandbox.credentials(), MemoryBackend::new())
            .clock(clock.clone())
            .before_send(move |sending| {
                assert_eq!(sending.attempt, count.fetch_add(1, Ordering::Relaxed));
                Ok(())
            })
            .build();
    client.seed(sandbox.login()).unwrap();
    assert_eq!(client.post("/x").send("body").unwrap_err().kind(), "transport");
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    assert!(clock.slept() >= Duration::from_millis(750), "{:?}", clock.slept());
}

#[test]
fn a_body_from_a_reader_is_not_sent_again_after_a_401() {
    let (sandbox, _clock, client) = world();
    sandbox.expire_access_tokens();
    let mut body = Cursor::new("once");
    let error = client.post("/echo").send_reader(&mut body, Some(4)).unwrap_err();
    assert!(matches!(&error, Error::Api(api) if api.status == 401), "{error}");
    assert_eq!(sandbox.counters().refreshes, 0);
    client.get("/me").call().unwrap();
    assert_eq!((sandbox.counters().refreshes, sandbox.counters().api_unauthorized), (1, 1));
}

#[test]
fn hooks_can_wait_refuse_watch_and_map_errors() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.on("GET", "/api/dialect", |_| {
        ApiReply::json(400, json!({"errors": [{"title": "no"}]})).with_header("x-left", "3")
    });
    sandbox.on("GET", "/api/odd", |request| {
        let fresh = request.access_token_number != Some(1);
        ApiReply::new(if fresh { 200 } else { 403 })
    });
    let left = Arc::new(Mutex::new(Vec::new()));
    let seen = left.clone();
    let client = builder(&sandbox)
        .before_send(|sending| match sending.url.ends_with("/refused") {
            true => Err(Error::Config("the window is full".into())),
            false => Ok(()),
        })
        .on_answer(move |received| {
            let value = received.headers.get("x-left").and_then(|value| value.to_str().ok());
            seen.lock().unwrap().push((received.status, value.map(str::to_owned)));
        })
        .expired_when(|received| received.status == 403)
        .map_error(|error| match error.json() {
            Some(body) if body["errors"].is_array() => Error::Config("in our words".into()),
            _ => Error::Api(Box::new(error)),
        })
        .build();
    client.seed(sandbox.login()).unwrap();
    let error = client.get("/refused?token=x").call().unwrap_err();
    assert_eq!(error.to_string(), "the window is full");
    assert_eq!(sandbox.counters().api_calls, 0);
    assert_eq!(client.get("/dialect").call().unwrap_err().to_string(), "in our words");
    assert_eq!(client.get("/odd").call().unwrap().status(), 200);
    assert_eq!(sandbox.counters().refreshes, 1, "the 403 leads to one refresh");
    let left = left.lock().unwrap();
    assert_eq!(*left, [(400, Some("3".to_owned())), (403, None), (200, None)]);
}

#[test]
fn the_middleware_sends_the_token_only_to_the_api() {
    let sandbox = Sandbox::start().unwrap();
    let other = Sandbox::start().unwrap();
    other.on_open("GET", "/seen", |request| {
        ApiReply::json(200, json!({"authorization": request.header("authorization").is_some()}))
    });
    let client = builder(&sandbox).build();
    client.seed(sandbox.login()).unwrap();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().proxy(None).middleware(client.clone()).build().into();
    let get = |url: &str| agent.get(url).call();
    let me = format!("{}/api/me", sandbox.url());
    assert_eq!(get(&me).unwrap().status(), 200);
    let seen: Value =
        get(&format!("{}/seen", other.url())).unwrap().body_mut().read_json().unwrap();
    assert_eq!(seen["authorization"], false);
    // After a 401 the next call looks for a newer token in the store, and refreshes.
    sandbox.expire_access_tokens();
    assert!(matches!(get(&me), Err(ureq::Error::StatusCode(401))));
    assert_eq!(get(&me).unwrap().status(), 200);
    assert_eq!(sandbox.counters().refreshes, 1);
    // Without a login, the agent returns the client's error.
    client.clear().unwrap();
    let error = get(&me).unwrap_err();
    assert!(error.to_string().contains("not authorized"), "{error}");
}

#[test]
fn an_event_hook_may_call_the_client() {
    let sandbox = Sandbox::start().unwrap();
    let slot: Arc<Mutex<Option<Client>>> = Arc::default();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (inside, list) = (slot.clone(), heard.clone());
    let client = builder(&sandbox)
        .on_event(move |event| {
            let client = inside.lock().unwrap().clone();
            if let Some(client) = client {
                client.access_token().unwrap();
            }
            list.lock().unwrap().push(event.clone());
        })
        .build();
    client.seed(sandbox.login()).unwrap();
    *slot.lock().unwrap() = Some(client.clone());
    client.refresh().unwrap();
    sandbox.fault(Fault::CutAfter);
    client.refresh().unwrap();
    *slot.lock().unwrap() = None;
    let heard = heard.lock().unwrap();
    assert!(heard.contains(&Event::Refreshed { generation: 2 }), "{heard:?}");
    assert!(heard.contains(&Event::Recovered { generation: 3 }), "{heard:?}");
}

#[test]
fn a_request_without_the_token_goes_anywhere_and_skips_hooks() {
    let (sandbox, clock, _) = world();
    let other = Sandbox::start().unwrap();
    other.on_open("PUT", "/api/store", |request| {
        ApiReply::json(
            200,
            json!({ "auth": request.header("authorization"), "n": request.body.len() }),
        )
    });
    let seen = Arc::new(AtomicU32::new(0));
    let (before, after) = (seen.clone(), seen.clone());
    let client = builder(&sandbox)
        .clock(clock)
        .before_send(move |_| {
            before.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .on_answer(move |_| {
            after.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    // No login is stored, and the request needs none.
    let url = format!("{}/api/store?signature=s3cret", other.url());
    let put = |url: &str| client.without_token(ureq::http::Method::PUT, url).send("bytes");
    let answer: Value = put(&url).unwrap().read_json().unwrap();
    assert_eq!(answer, json!({ "auth": null, "n": 5 }));
    // A 401 is returned, and nothing is refreshed.
    let refused = put(&format!("{}/api/me?signature=s3cret", other.url())).unwrap_err();
    assert!(matches!(&refused, Error::Api(api) if api.status == 401));
    assert!(!refused.to_string().contains("s3cret") && !format!("{refused:?}").contains("s3cret"));
    assert_eq!((seen.load(Ordering::Relaxed), sandbox.counters().refreshes), (0, 0));
    for address in ["http://files.example/a", "ftp://files.example/a", "/path", "https://a:b@c/"] {
        assert!(matches!(put(address), Err(Error::Config(_))), "{address}");
    }
}

#[test]
fn the_reason_from_a_map_error_hook_hides_the_token() {
    let (sandbox, _clock, client) = world();
    let token = client.access_token().unwrap();
    let spoken = token.expose().to_owned();
    sandbox.on("GET", "/api/no", move |_| {
        ApiReply::json(400, json!({ "why": format!("bad {spoken}") }))
    });
    let reader = builder(&sandbox).map_error(|mut api| {
        api.reason = api.json().and_then(|body| Some(body["why"].as_str()?.to_owned()));
        Error::Api(Box::new(api))
    });
    let reader = reader.build();
    reader.seed(client.token().unwrap()).unwrap();
    let error = reader.get("/no").call().unwrap_err().to_string();
    assert!(error.ends_with("answered 400: bad [..]"), "{error}");
}

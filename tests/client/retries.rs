//! Tests of the retry settings of the builder.

use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::MemoryBackend;
use evergrant::clock::ManualClock;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{Client, ClientBuilder, Error};
use ureq::http::Method;

use crate::support::{Fake, builder, sandbox};

fn world(change: fn(ClientBuilder) -> ClientBuilder) -> (Sandbox, Arc<ManualClock>, Client) {
    let (sandbox, clock) = (sandbox(), Arc::new(ManualClock::new()));
    let client = change(builder(&sandbox).clock(clock.clone())).build();
    client.seed(sandbox.login()).unwrap();
    (sandbox, clock, client)
}

#[test]
fn named_statuses_lead_to_retries_of_repeatable_requests() {
    let (sandbox, _, client) = world(|builder| builder.retry_statuses(&[429, 502, 503]));
    sandbox.api_fault(Fault::StatusBefore(502));
    sandbox.api_fault(Fault::Unavailable(None));
    client.get("/me").call().unwrap();
    assert_eq!(sandbox.counters().api_calls, 3);
    sandbox.api_fault(Fault::StatusBefore(502));
    assert!(matches!(client.post("/echo").call(), Err(Error::Api(e)) if e.status == 502));
    assert_eq!(sandbox.counters().api_calls, 4);
    sandbox.api_fault(Fault::TooMany(None));
    client.post("/echo").call().unwrap();
    assert_eq!(sandbox.counters().api_calls, 6, "a request that was not processed is sent again");
    // Another status does not lead to a retry.
    sandbox.api_fault(Fault::StatusBefore(500));
    assert!(client.get("/me").call().is_err());
    assert_eq!(sandbox.counters().api_calls, 7);
}

#[test]
fn named_methods_are_repeatable_unless_the_request_says_otherwise() {
    let (sandbox, _, client) = world(|builder| builder.retry_methods(&[Method::POST]));
    sandbox.api_fault(Fault::CutAfter);
    client.post("/echo").call().unwrap();
    sandbox.api_fault(Fault::CutAfter);
    assert_eq!(client.post("/echo").repeatable(false).call().unwrap_err().kind(), "transport");
    sandbox.api_fault(Fault::CutAfter);
    assert_eq!(client.get("/me").call().unwrap_err().kind(), "transport");
    assert_eq!(sandbox.counters().api_calls, 4);
}

#[test]
fn waits_double_up_to_the_longest() {
    let (sandbox, clock, client) =
        world(|builder| builder.retries(4).backoff(Duration::from_secs(1), Duration::from_secs(3)));
    for _ in 0..4 {
        sandbox.api_fault(Fault::TooMany(None));
    }
    client.get("/me").call().unwrap();
    // The waits are 1, 2, 3 and 3 seconds, each with up to a quarter more (half a second at most).
    let slept = clock.slept();
    assert!(slept >= Duration::from_secs(9) && slept <= Duration::from_secs(11), "{slept:?}");
}

#[test]
fn the_builders_proxy_is_for_other_hosts_and_hides_its_password() {
    let proxy = Fake::start(|peer| {
        peer.request();
        peer.answer("502 Bad Gateway", "Connection: close\r\n", b"");
    });
    let sandbox = sandbox();
    let through = |sandbox: &Sandbox| builder(sandbox).proxy(&proxy.url()).unwrap();
    let client = through(&sandbox).build();
    client.seed(sandbox.login()).unwrap();
    client.get("/me").call().unwrap();
    assert_eq!(proxy.connections(), 0);
    let client = through(&sandbox).allow_host("https://nonexistent.invalid").retries(0).build();
    client.seed(sandbox.login()).unwrap();
    assert_eq!(client.get("https://nonexistent.invalid/").call().unwrap_err().kind(), "transport");
    assert_eq!(proxy.connections(), 1);
    let error = builder(&sandbox).proxy("nonsense://user:sesame@host").unwrap_err();
    assert!(matches!(error, Error::Config(_)) && !format!("{error:?}").contains("sesame"));
}

/// Makes a client whose API is at `url`, and the clock that counts its waits.
fn client_of(sandbox: &Sandbox, url: String) -> (Arc<ManualClock>, Client) {
    let clock = Arc::new(ManualClock::new());
    let provider = sandbox.provider().to_builder().api_base(url).build().unwrap();
    let builder = Client::builder(provider, sandbox.credentials(), MemoryBackend::new());
    let client = builder.clock(clock.clone()).build();
    client.seed(sandbox.login()).unwrap();
    (clock, client)
}

/// Nothing was sent on a refused connection, so even a request that is not repeatable is sent again.
#[test]
fn a_refused_connection_is_tried_again_without_a_body() {
    let sandbox = sandbox();
    // No program listens on this port, which was free just now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (clock, client) = client_of(&sandbox, format!("http://{free}"));
    assert_eq!(client.post("/x").call().unwrap_err().kind(), "transport");
    assert!(clock.slept() >= Duration::from_millis(1), "there was no second attempt");
    let before = clock.slept();
    assert_eq!(client.post("/x").retries(0).call().unwrap_err().kind(), "transport");
    assert_eq!(clock.slept(), before);
}

#[test]
fn a_broken_connection_is_not_tried_again_without_a_body() {
    let sandbox = sandbox();
    let broken = Fake::start(|peer| {
        peer.request();
        peer.close();
    });
    let (clock, client) = client_of(&sandbox, broken.url());
    assert_eq!(client.post("/x").call().unwrap_err().kind(), "transport");
    assert_eq!((broken.requests().len(), clock.slept()), (1, Duration::ZERO));
}

//! Tests of a web application with many users, with a client for each user or for each request.

use std::time::Instant;

use evergrant::sandbox::Sandbox;
use evergrant::{Client, FileBackend};

use crate::support::sandbox;

const REQUESTS: usize = 200;

fn client(sandbox: &Sandbox) -> Client {
    let store = FileBackend::new(sandbox.folder().join("ada.json"));
    Client::new(sandbox.provider(), sandbox.credentials(), store)
}

/// The median time of a request for a token, in microseconds.
fn median(mut request: impl FnMut()) -> u128 {
    let mut times: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let start = Instant::now();
            request();
            start.elapsed().as_micros()
        })
        .collect();
    times.sort();
    times[REQUESTS / 2]
}

/// `cargo test --features sandbox --test client -- --nocapture a_client_for_each_request` prints the figures of the guide.
#[test]
fn a_client_for_each_request_keeps_the_login() {
    let sandbox = sandbox();
    let shared = client(&sandbox);
    shared.seed(sandbox.login()).unwrap();
    let token = median(|| drop(shared.access_token().unwrap()));
    let new = median(|| drop(client(&sandbox).access_token().unwrap()));
    println!("a token: shared {token} us, new client {new} us");
    assert_eq!(sandbox.counters().refreshes, 0);
    sandbox.expire_access_tokens();
    for _ in 0..3 {
        client(&sandbox).get("/me").call().unwrap();
    }
    assert_eq!(sandbox.counters().refreshes, 1);
}

//! Starts a sandbox that answers as Teamleader does, and makes clients of it.

use std::sync::Arc;
use std::time::SystemTime;

use evergrant::clock::ManualClock;
use evergrant::provider::{ClientAuth, Rotation};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::teamleader::{Teamleader, TeamleaderBuilder};
use evergrant::{MemoryBackend, Provider, TokenBackend, providers};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// Starts a server that handles tokens as Teamleader does.
pub(crate) fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().rotation(Rotation::Strict).ends_access_token(true);
    builder.client_auth(ClientAuth::Body).start().unwrap()
}

/// Returns the provider of Teamleader, with this server's addresses.
pub(crate) fn provider(sandbox: &Sandbox) -> Provider {
    let at = |path: &str| format!("{}{path}", sandbox.url());
    let row = providers::teamleader().to_builder();
    let row = row.authorization_endpoint(at("/authorize")).token_endpoint(at("/token"));
    row.api_base(at("/api")).build().unwrap()
}

pub(crate) fn builder(
    sandbox: &Sandbox,
    backend: impl TokenBackend + 'static,
) -> TeamleaderBuilder {
    // With a manual clock, waiting takes no real time.
    Teamleader::builder(sandbox.credentials(), backend).provider(provider(sandbox)).clock(clock())
}

/// Makes a server, and a client that is logged in.
pub(crate) fn world() -> (Sandbox, Teamleader) {
    let sandbox = sandbox();
    let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
    assert!(teamleader.client().seed(sandbox.login()).unwrap());
    (sandbox, teamleader)
}

/// Makes a manual clock, which moves forward when the client waits.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemTime::now()))
}

/// The received requests: the operation and the body of each.
pub(crate) type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// Answers every operation with `reply`, and records the requests.
pub(crate) fn answering(
    sandbox: &Sandbox,
    reply: impl Fn(&str, &Value) -> ApiReply + Send + Sync + 'static,
) -> Asked {
    let asked = Asked::default();
    let notes = asked.clone();
    sandbox.on("POST", "/api/*", move |request| {
        let name = request.path.trim_start_matches("/api/").to_owned();
        let body = request.json();
        let reply = reply(&name, &body);
        notes.lock().push((name, body));
        reply
    });
    asked
}

/// Returns an answer with `data` only.
pub(crate) fn data(value: Value) -> ApiReply {
    ApiReply::json(200, json!({ "data": value }))
}

/// Returns the page that the body asks for, of a list of `total` objects. The ids are numbers from 0.
pub(crate) fn page_of(total: u64, body: &Value) -> Value {
    let size = body["page"]["size"].as_u64().unwrap_or(20);
    let number = body["page"]["number"].as_u64().unwrap_or(1);
    let first = (number - 1) * size;
    let last = total.min(first + size);
    (first..last).map(|n| json!({ "id": n.to_string() })).collect()
}

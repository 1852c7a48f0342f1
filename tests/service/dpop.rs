//! Tests of tokens that are bound to a key (DPoP, RFC 9449).

mod answers;
mod logins;
mod middleware;
mod nonces;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant::sandbox::{Sandbox, SandboxBuilder};
use evergrant::{Client, FileBackend, MemoryBackend};
use serde_json::Value;

/// A server that issues only bound tokens.
fn strict() -> SandboxBuilder {
    Sandbox::builder().dpop_required(true)
}

fn client(sandbox: &Sandbox) -> Client {
    Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
}

/// A client with a bound login in a file.
fn logged_in(sandbox: &Sandbox) -> Client {
    let backend = FileBackend::new(sandbox.folder().join("login.json"));
    let client = Client::new(sandbox.provider(), sandbox.credentials(), backend);
    log_in(sandbox, &client);
    client
}

fn log_in(sandbox: &Sandbox, client: &Client) {
    client.authorize_pasted(&["read"], |url, _| sandbox.approve(url)).unwrap();
}

/// The claims of a proof.
fn claims(proof: &str) -> Value {
    let claims = proof.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// The proofs of the requests to the token endpoint, in order.
fn proofs_at_token_endpoint(sandbox: &Sandbox) -> std::sync::Arc<std::sync::Mutex<Vec<String>>> {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    sandbox.on_token(move |call, reply| {
        kept.lock().unwrap().push(call.header("dpop").unwrap_or_default().to_owned());
        reply
    });
    seen
}

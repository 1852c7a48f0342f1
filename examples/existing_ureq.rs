//! Adds the client to an existing ureq agent as a middleware.
//!
//! `cargo run --example existing_ureq` calls the sandbox.

use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, MemoryBackend};

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login())?;

    let agent: ureq::Agent = ureq::Agent::config_builder().middleware(client).build().into();

    // Use the agent as before. Requests to other hosts get no token. After a 401, the next call uses a newer
    // token from the store, or refreshes.
    let url = format!("{}/api/me", sandbox.url());
    println!("{}", agent.get(url).call()?.body_mut().read_to_string()?);
    Ok(())
}

//! Calls an API without a person, by the client credentials grant. A stored access token is used until it
//! expires.
//!
//! `cargo run --example service` calls the sandbox twice, like two runs of a cron job.

use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, FileBackend};

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    for run in ["first", "second"] {
        let backend = FileBackend::new(sandbox.folder().join("service.json"));
        let client = Client::builder(sandbox.provider(), sandbox.credentials(), backend)
            .client_credentials(&["read"])
            .build();
        let answer = client.get("/me").call()?;
        let requests = sandbox.counters().client_credentials;
        println!("{run} run: status {}, {requests} token request so far", answer.status());
    }
    Ok(())
}

//! Logs in on a host without a browser. The person opens an address on a phone and types a code.
//!
//! `cargo run --features device --example device` uses the sandbox. With GITHUB_CLIENT_ID set (the id of an
//! OAuth app with the device flow enabled) it logs in to GitHub and keeps the login in the named file for
//! other scripts on this host:
//!
//! ```console
//! $ GITHUB_CLIENT_ID=... cargo run --features device --example device -- github.json
//! ```

use std::ops::ControlFlow;

use evergrant::device::DevicePoll;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, Credentials, FileBackend, providers};

fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "login.json".to_owned());
    if let Ok(id) = std::env::var("GITHUB_CLIENT_ID") {
        let client =
            Client::new(providers::github(), Credentials::public(id), FileBackend::new(&file));
        client.authorize_device(&["read:user"], |code| eprintln!("{code}"))?;
        let me: serde_json::Value = client.get("/user").read_json()?;
        println!("{} is logged in; the login is in {file}", me["login"]);
        return Ok(());
    }
    // Without a service, use a sandbox with a polling interval of one second and a simulated person.
    let second = std::time::Duration::from_secs(1);
    let sandbox = Sandbox::builder().device_interval(Some(second)).start()?;
    let file = sandbox.folder().join("login.json");
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&file));
    let code = client.device_code(&["read"])?;
    println!("{code}\n");
    client.exchange_device(&code, |poll| {
        println!("{poll:?}");
        if *poll == DevicePoll::Pending {
            sandbox.approve_device(code.user_code());
        }
        ControlFlow::Continue(())
    })?;
    let me: serde_json::Value = client.get("/me").read_json()?;
    println!("{} is logged in", me["login"]);
    Ok(())
}

//! Runs a sandbox for tests of programs in any language: `cargo run --example sandbox [PORT]`.
//!
//! The program prints one line of JSON with the sandbox's addresses and the client's id and secret, and runs
//! until standard input closes. Other programs control the sandbox over HTTP: `GET /counters`, `GET /events`,
//! `POST /login`, `POST /expire`, `POST /fault?kind=cut_after&n=1`. The documentation of `evergrant::sandbox`
//! lists every kind of fault.

use evergrant::sandbox::Sandbox;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 0,
    };
    let sandbox = Sandbox::builder().port(port).start()?;
    let credentials = sandbox.credentials();
    let line = serde_json::json!({
        "url": sandbox.url(),
        "client_id": credentials.id(),
        "client_secret": credentials.secret().map(|secret| secret.expose()),
        "authorization_endpoint": format!("{}/authorize", sandbox.url()),
        "token_endpoint": format!("{}/token", sandbox.url()),
        "revocation_endpoint": format!("{}/revoke", sandbox.url()),
        "api_base": format!("{}/api", sandbox.url()),
    });
    println!("{line}");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

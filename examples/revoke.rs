//! Logs out: revokes the token at the service, then removes the login from the store.
//!
//! `cargo run --example revoke` uses the sandbox. With GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET set it
//! revokes the login in the named file:
//!
//! ```console
//! $ cargo run --example revoke -- google.json
//! ```

use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, FileBackend, providers};

fn main() -> Result<(), BoxError> {
    if let (Some(file), Ok(_)) = (std::env::args().nth(1), std::env::var("GOOGLE_CLIENT_ID")) {
        match Client::from_env(providers::google(), FileBackend::new(&file))?.revoke()? {
            true => println!("logged out; {file} has no login any more"),
            false => println!("{file} has no login, so nothing was revoked"),
        }
        return Ok(());
    }
    let sandbox = Sandbox::start()?;
    let file = sandbox.folder().join("login.json");
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&file));
    client.seed(sandbox.login())?;
    let show = |what: &str| {
        let stored = client.stored().map(|record| record.is_some());
        println!("{what:<28} stored: {stored:?}, alive at the service: {}", sandbox.login_alive());
    };
    show("logged in");
    // While the service is unreachable the client keeps the login, because the token stays valid.
    let away = sandbox.provider().to_builder().revocation_endpoint("http://127.0.0.1:1/revoke");
    let away = Client::new(away.build()?, sandbox.credentials(), FileBackend::new(&file));
    println!("    {}", away.revoke().err().map_or_else(String::new, |error| error.to_string()));
    show("the service is unreachable");
    assert!(client.revoke()?, "there was a login");
    show("revoked");
    assert!(!client.revoke()?, "there was no login any more");
    show("logged out twice");
    println!("    {}", client.get("/me").call().err().map_or_else(String::new, |e| e.to_string()));
    Ok(())
}

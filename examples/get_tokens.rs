//! Logs in to Teamleader once and stores or prints the tokens: `cargo run --example get_tokens [FILE]`.
//!
//! The example reads `TEAMLEADER_CLIENT_ID` and `TEAMLEADER_CLIENT_SECRET`, or asks for them, and waits for
//! the callback on localhost:9999 (or at `TEAMLEADER_REDIRECT_URI`). With FILE it stores the login in that
//! file, where a client can use it. Without FILE it prints three lines for a `.env` file. The printed tokens
//! become invalid at the first refresh, so pass them to `Client::seed` at once.

use std::io::Write as _;

use evergrant::{BoxError, Client, Credentials, FileBackend, MemoryBackend, providers};
use time::format_description::well_known::Rfc3339;

fn main() -> Result<(), BoxError> {
    let id = known_or_asked("TEAMLEADER_CLIENT_ID")?;
    let secret = known_or_asked("TEAMLEADER_CLIENT_SECRET")?;
    let mut credentials = Credentials::new(id, secret);
    if let Ok(redirect_uri) = std::env::var("TEAMLEADER_REDIRECT_URI") {
        credentials = credentials.with_redirect_uri(redirect_uri);
    }
    let provider = providers::teamleader();
    let file = std::env::args().nth(1);
    let client = match &file {
        Some(file) => Client::new(provider, credentials, FileBackend::new(file)),
        None => Client::new(provider, credentials, MemoryBackend::new()),
    };
    client.authorize_interactive(&[], |url| eprintln!("Open {url}"))?;
    let token = client.token()?;
    if let Some(file) = file {
        eprintln!("The login is in {file}.");
        return Ok(());
    }
    let end = token.expires_at().ok_or("the service did not send the expiry of the token")?;
    println!("TEAMLEADER_ACCESS_TOKEN={}", token.access_token().expose());
    println!("TEAMLEADER_REFRESH_TOKEN={}", token.refresh_token().map_or("", |t| t.expose()));
    println!("TEAMLEADER_EXPIRES_AT={}", end.format(&Rfc3339)?);
    Ok(())
}

fn known_or_asked(name: &str) -> Result<String, BoxError> {
    if let Ok(value) = std::env::var(name) {
        return Ok(value);
    }
    eprint!("{name}: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty()).ok_or(format!("no {name}").into())
}

//! Causes eight kinds of error and prints what to do about each: `cargo run --example errors`.
//!
//! Most scripts need only three cases: if `error.needs_authorization()`, ask a person to log in; if
//! `error.is_transient()`, try again later; print any other error. `{error:#}` prints the causes as well.

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{BoxError, Client, Credentials, Error, MemoryBackend, Result};

/// Returns what the caller does next. The last arm is for variants that a later version may add.
fn advice(error: &Error) -> &'static str {
    match error {
        Error::NotAuthorized(_) | Error::Reauthorize(_) => "ask a person to authorize",
        Error::OAuth(_) | Error::Config(_) => "correct the setup: id, secret, scope, address",
        Error::NotSaved(_) => {
            "repair the store: the next call saves the new tokens; into_token() returns them"
        }
        Error::Backend(_) => "repair the store; no refresh token was sent",
        Error::OutcomeUnknown(_) => "call again after retry_after(): the login may be recovered",
        Error::Busy(_) | Error::Transport(_) | Error::RateLimited(_) => "try again later",
        Error::Api(api) if api.status == 429 || api.status >= 500 => "try again later",
        Error::Api(api) if api.step_up().is_some() => {
            "ask a person to authorize with the parameters of step_up()"
        }
        Error::Api(_) => "the API refused the request: look at its status and body",
        Error::Callback(_) => "wait for the right callback, or start the login again",
        Error::LoginNotFinished(_) => "start the login again",
        Error::Decode(_) => "read the answer as another type, or as bytes",
        _ => "print the error",
    }
}

fn show<T>(result: Result<T>) {
    match result {
        Ok(_) => println!("{:<16} call succeeded", "-"),
        Err(error) => println!("{:<16} {error:#}\n{:16} -> {}", error.kind(), "", advice(&error)),
    }
}

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().rotation(Rotation::Strict).start()?;
    let new = |credentials: Credentials| {
        let store = MemoryBackend::new();
        Client::builder(sandbox.provider(), credentials, store).retries(0).build()
    };
    let client = new(sandbox.credentials());
    show(client.get("/me").call());
    client.seed(sandbox.login())?;
    show(client.get("/me").call());
    show(client.get("/status/404").call());
    show(client.get("/me").read_json::<Vec<u8>>());
    show(client.get("https://elsewhere.example/me").call());
    show(client.exchange(client.authorize(&[])?, "?state=not-ours&code=stolen"));
    sandbox.fault(Fault::CutAfter);
    show(client.refresh());
    let stranger = new(Credentials::new("sandbox-client", "an old secret"));
    stranger.seed(sandbox.login())?;
    show(stranger.refresh());
    sandbox.fault(Fault::TooMany(Some(30)));
    show(stranger.refresh());
    Ok(())
}

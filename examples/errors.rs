//! What to do on each kind of error, by exit code: 77 asks a person, 75 tries again later.
//!
//! `cargo run --example errors` shows four, against the sandbox.

use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{BoxError, Client, Error, MemoryBackend};

/// The exit code of a script whose call came to this.
fn exit_code(result: &Result<evergrant::Response, Error>) -> u8 {
    match result {
        Ok(_) => 0,
        Err(error) if error.needs_authorization() => 77,
        // `error.retry_after()` says when, if anybody knows.
        Err(error) if error.is_transient() => 75,
        // A person has to mend something else: the setup, the request, the API's own refusal.
        Err(Error::Api(api)) if api.status == 404 => 66,
        Err(_) => 1,
    }
}

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = client.retries(0).build();
    let show = |target: &str| {
        let result = client.get(target).call();
        let text = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        println!("{:>2}  {target:<11} {text}", exit_code(&result));
    };
    show("/me");
    client.seed(sandbox.login())?;
    show("/me");
    show("/status/404");
    sandbox.api_fault(Fault::Unavailable(Some(30)));
    show("/me");
    Ok(())
}

//! Tests of the command line of the example `workers`, which scripts rely on.

use std::process::{Command, Output};

use evergrant::sandbox::{Fault, Sandbox};

use crate::support::{TempDir, skip};

/// Runs the example. Returns the last line of the output and the exit code; `None` if the example is not
/// built.
fn workers(sandbox: &Sandbox, store: &str, arguments: &[&str]) -> Option<(String, i32)> {
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("examples/workers");
    if !program.exists() {
        skip(&format!("{} is not built (cargo build --examples)", program.display()));
        return None;
    }
    let credentials = sandbox.credentials();
    let output: Output = Command::new(program)
        .args(["--store", store])
        .args(arguments)
        .arg(format!("{}/api/me", sandbox.url()))
        .env("EXAMPLE_TOKEN_URL", format!("{}/token", sandbox.url()))
        .env("EXAMPLE_CLIENT_ID", credentials.id())
        .env("EXAMPLE_CLIENT_SECRET", credentials.secret().unwrap().expose())
        .env("EXAMPLE_AUTH", "basic")
        .env("EXAMPLE_ACCESS_TOKEN", "ended")
        .env("EXAMPLE_REFRESH_TOKEN", sandbox.login().refresh_token().unwrap().expose())
        .env("EXAMPLE_EXPIRES_AT", "2020-01-01T00:00:00Z")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    println!("{said}{errors}");
    Some((said.lines().last().unwrap_or_default().to_owned(), output.status.code().unwrap()))
}

#[test]
fn the_example_counts_results_and_sets_its_exit_code() {
    let (sandbox, dir) = (Sandbox::start().unwrap(), TempDir::new());
    let store = |name: &str| dir.join(name).display().to_string();
    let many = ["--threads", "4", "--requests", "3"];
    let Some(good) = workers(&sandbox, &store("good"), &many) else { return };
    assert_eq!(good, (r#"{"200":12}"#.to_owned(), 0));
    assert_eq!(sandbox.counters().refreshes, 1);
    // The service is down, which is a temporary failure.
    sandbox.faults(9, Fault::StatusBefore(503));
    let (counted, code) = workers(&sandbox, &store("down"), &[]).unwrap();
    assert_eq!(code, 75, "{counted}");
    assert!(counted.starts_with("{\"") && counted.ends_with("\":1}"), "{counted}");
    sandbox.clear_faults();
    // The login is lost: a person has to log in.
    sandbox.faults(9, Fault::RefuseOnce);
    let gone = workers(&sandbox, &store("gone"), &[]).unwrap();
    assert_eq!(gone, (r#"{"reauthorize":1}"#.to_owned(), 77));
    // Test an invalid start time.
    let wrong = workers(&sandbox, &store("wrong"), &["--wait"]).unwrap();
    assert_eq!(wrong, ("ready".to_owned(), 1));
}

//! Keeps a login through a refresh whose process is killed: `cargo run --example quickstart`.
//!
//! A sandbox on loopback replaces the refresh token at every refresh. The sandbox accepts the old refresh
//! token until the new refresh token is used; after that, reuse of the old refresh token revokes the login.
//! The program authorizes once, lets the access token expire, then starts 4 processes and 8 threads
//! with the same file. While the sandbox holds the reply to the refresh, the program kills the process
//! that refreshes.
//!
//! `--keep` leaves the login on the disk. With `--strict` the sandbox accepts each refresh token once. Then no client can keep the login after the
//! kill, and the program prints the error. `--provider github` (or `google`, `microsoft`,
//! `teamleader`, `exact_online`) authorizes against the real service, with `GITHUB_CLIENT_ID` and
//! `GITHUB_CLIENT_SECRET` (or the variables with that provider's prefix) in the environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate, Sandbox};
use evergrant::{BoxError, Client, Credentials, FileBackend, Provider, providers};

const LIFETIME: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(false, false),
        ["--keep"] => show(false, true),
        ["--strict"] => show(true, false),
        ["--provider", name] => real(name),
        ["--child", file, url, strict] => child(Path::new(file), url, strict == "true"),
        _ => Err("usage: quickstart [--keep | --strict | --provider NAME]".into()),
    }
}

/// The client of this program and of every process that it starts.
fn client(file: &Path, url: &str, strict: bool) -> Result<Client, BoxError> {
    let provider = Provider::builder("sandbox")
        .authorization_endpoint(format!("{url}/authorize"))
        .token_endpoint(format!("{url}/token"))
        .api_base(format!("{url}/api"))
        .rotation(if strict { Rotation::Strict } else { Rotation::UntilUsed })
        .build()?;
    let credentials = Credentials::new("sandbox-client", "sandbox-secret")
        .with_redirect_uri("http://127.0.0.1/callback");
    Ok(Client::new(provider, credentials, FileBackend::new(file)))
}

fn show(strict: bool, keep: bool) -> Result<(), BoxError> {
    let rotation = if strict { Rotation::Strict } else { Rotation::UntilUsed };
    let sandbox = Sandbox::builder().rotation(rotation).access_token_lifetime(LIFETIME).start()?;
    let folder = std::env::temp_dir().join(format!("evergrant-quickstart-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("login.json");
    let client = client(&file, sandbox.url(), strict)?;

    // A person does this once. Here the sandbox approves the login.
    let authorization = client.authorize(&["read"])?;
    let callback = sandbox.approve(authorization.url())?;
    client.exchange(authorization, &callback)?;
    println!("authorized; the login is in {}", file.display());
    client.get("/me").call()?;
    println!("called the API; the access token is valid for {} s", LIFETIME.as_secs());
    std::thread::sleep(LIFETIME);

    // The sandbox processes the first token request and holds its reply.
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    let mut children = start(4, &file, sandbox.url(), strict)?;
    for child in &mut children {
        child.stdin.take().ok_or("no standard input")?.write_all(b"go\n")?;
    }
    if !gate.wait_for(1, PATIENCE) {
        return Err("no process asked for a token".into());
    }
    let results: Vec<Result<(), evergrant::Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| client.get("/me").call().map(|_| ()))).collect();
        // Before a refresh the client saves a note in the store, which names the process that refreshes.
        let pid = client.stored().ok().flatten().and_then(|r| r.note().map(|n| n.holder.pid));
        let victim = children.iter_mut().find(|child| Some(child.id()) == pid);
        match victim.map(|victim| (victim.id(), victim.kill())) {
            Some((pid, Ok(()))) => println!("process {pid} was refreshing: killed without warning"),
            _ => println!("no process could be killed; the program goes on without a kill"),
        }
        let results = threads.into_iter().map(|thread| thread.join());
        results.filter_map(Result::ok).collect()
    });
    gate.open();
    let mut refused = 0;
    for child in children {
        refused += u8::from(child.wait_with_output()?.status.code() == Some(77));
    }
    for error in results.into_iter().filter_map(Result::err).take(1) {
        println!("\nthe threads and {refused} of the other processes got this error:\n  {error}");
    }

    let counters = sandbox.counters();
    println!("\n  calls that succeeded      {:>3}", counters.api_ok);
    println!("  refreshes                 {:>3}", counters.refreshes);
    println!("  recovered                 {:>3}", counters.recovered);
    println!("  logins lost               {:>3}", u8::from(!lives(&client)));
    if keep {
        println!("\nThe login is in {}; remove it when you like.", file.display());
    } else {
        // Windows does not remove an open file, such as the lock file.
        drop(client);
        std::fs::remove_dir_all(&folder)?;
        println!("\nThe login was removed with its folder (`-- --keep` keeps it).");
    }
    println!("For a real service: cargo run --example quickstart -- --provider github");
    if strict {
        println!(
            "\nThis service accepts a refresh token once, and the reply with the new refresh token"
        );
        println!("was lost with the process. No client can keep the login in this case. The guide");
        println!("lists all such cases, and the error names the case.");
    }
    Ok(())
}

/// Whether a call with the stored login succeeds.
fn lives(client: &Client) -> bool {
    client.refresh().is_ok()
}

/// Starts processes that wait for a line on standard input.
fn start(n: usize, file: &Path, url: &str, strict: bool) -> Result<Vec<Child>, BoxError> {
    let mut children = Vec::new();
    for _ in 0..n {
        let mut child = Command::new(std::env::current_exe()?)
            .args([Path::new("--child"), file, Path::new(url)])
            .arg(strict.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.as_mut().ok_or("no standard output")?;
        let mut byte = [0];
        std::io::Read::read_exact(output, &mut byte)?;
        children.push(child);
    }
    Ok(children)
}

/// Runs one of the processes: waits for a line, then calls the API once.
fn child(file: &Path, url: &str, strict: bool) -> Result<(), BoxError> {
    let client = client(file, url, strict)?;
    print!(".");
    std::io::stdout().flush()?;
    std::io::stdin().read_line(&mut String::new())?;
    match client.get("/me").call() {
        Ok(_) => Ok(()),
        Err(error) => std::process::exit(if error.needs_authorization() { 77 } else { 75 }),
    }
}

/// Authorizes at a real service and prints the expiry of the access token.
fn real(name: &str) -> Result<(), BoxError> {
    let provider = match name {
        "github" => providers::github(),
        "google" => providers::google(),
        "microsoft" => providers::microsoft("common")?,
        "teamleader" => providers::teamleader(),
        "exact_online" => providers::exact_online("nl")?,
        _ => return Err(format!("this example does not know the provider {name}").into()),
    };
    let file = PathBuf::from(format!("{name}.json"));
    let client = Client::from_env(provider, FileBackend::new(&file))?;
    if client.stored()?.is_none() {
        let redirect_uri = std::env::var(format!("{}_REDIRECT_URI", name.to_uppercase()));
        if redirect_uri.is_ok_and(|uri| uri.starts_with("https://")) {
            client.authorize_pasted(&[], |url, wrong| {
                if let Some(wrong) = wrong {
                    println!("The login failed: {wrong}.");
                }
                println!("Open {url}\nand paste the address that the browser shows at the end:");
                let mut line = String::new();
                std::io::stdin().read_line(&mut line)?;
                Ok(line)
            })?;
        } else {
            client.authorize_interactive(&[], |url| println!("Open {url}"))?;
        }
    }
    let token = client.token()?;
    println!("authorized; the login is in {}", file.display());
    match token.expires_at() {
        Some(end) => println!("the access token expires at {end}; the client refreshes it before"),
        None => println!("the service did not send the expiry of the access token"),
    }
    Ok(())
}

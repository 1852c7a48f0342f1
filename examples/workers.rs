//! Makes many calls at the same time, for measurements and scripts:
//! `workers --store FILE --threads N --requests M [--wait] URL`.
//!
//! N threads share one client, and each thread makes M GET requests to URL. The environment describes
//! the provider and the client: `EXAMPLE_TOKEN_URL`, `EXAMPLE_CLIENT_ID`, `EXAMPLE_CLIENT_SECRET`, and
//! `EXAMPLE_AUTH` (`basic`, `post` or `none`). `EXAMPLE_ACCESS_TOKEN`, `EXAMPLE_REFRESH_TOKEN` and
//! `EXAMPLE_EXPIRES_AT` are the login that the program stores in an empty store.
//!
//! With `--wait` the program prints `ready`, reads a time from standard input (seconds since 1970), and
//! starts the calls at that time. At the end it prints one line of JSON that counts the statuses and
//! the kinds of errors. The program exits with 0 if every call got a status 2xx, 75 after a temporary
//! failure, 77 if a person must authorize again, and 1 otherwise.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use evergrant::provider::ClientAuth;
use evergrant::{BoxError, Client, Credentials, FileBackend, Provider, Token};

fn main() -> Result<(), BoxError> {
    let (mut store, mut threads, mut requests, mut wait, mut url) = (None, 1, 1, false, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--store" => store = Some(value()?),
            "--threads" => threads = value()?.parse()?,
            "--requests" => requests = value()?.parse()?,
            "--wait" => wait = true,
            unknown if unknown.starts_with('-') => {
                return Err(format!("unknown option {unknown}").into());
            }
            _ => url = Some(argument),
        }
    }
    let (store, url) = store.zip(url).ok_or("usage: workers --store FILE [..] URL")?;
    let client = client(&store, &url)?;
    if wait {
        println!("ready");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let start = SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(line.trim().parse()?)?;
        std::thread::sleep(start.duration_since(SystemTime::now()).unwrap_or_default());
    }
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let worst = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..requests {
                    let (name, code) = call(&client, &url);
                    *counts.lock().unwrap().entry(name).or_default() += 1;
                    let mut worst = worst.lock().unwrap();
                    *worst = code.max(*worst);
                }
            });
        }
    });
    println!("{}", serde_json::to_string(&*counts.lock().unwrap())?);
    let worst = *worst.lock().unwrap();
    drop(client);
    std::process::exit([0, 75, 1, 77][worst]);
}

/// Makes one call. Makes one call, and returns its outcome and the rank of the outcome: 0 for success, 1 for
/// a temporary failure, 2 for another error, 3 if a person must authorize again.
fn call(client: &Client, url: &str) -> (String, usize) {
    match client.get(url).any_status().call() {
        Ok(answer) => {
            let status = answer.status();
            let bad = if (200..300).contains(&status) { 0 } else { 2 };
            let bad = if status == 429 || status >= 500 { 1 } else { bad };
            (status.to_string(), bad)
        }
        Err(error) => {
            eprintln!("{error:#}");
            let bad = if error.is_transient() { 1 } else { 2 };
            (error.kind().to_owned(), if error.needs_authorization() { 3 } else { bad })
        }
    }
}

fn client(store: &str, url: &str) -> Result<Client, BoxError> {
    let auth = match std::env::var("EXAMPLE_AUTH").as_deref() {
        Ok("post") => ClientAuth::Body,
        Ok("none") => ClientAuth::None,
        Ok("basic") | Err(_) => ClientAuth::Basic,
        Ok(other) => return Err(format!("EXAMPLE_AUTH is {other}: use basic, post or none").into()),
    };
    let provider = Provider::builder("example")
        .token_endpoint(std::env::var("EXAMPLE_TOKEN_URL")?)
        .client_auth(auth)
        .build()?;
    let credentials = Credentials::from_env("EXAMPLE")?;
    let client = Client::builder(provider, credentials, FileBackend::new(store)).allow_host(url);
    let client = client.build();
    if std::env::var_os("EXAMPLE_ACCESS_TOKEN").is_some() {
        client.seed(Token::from_env("EXAMPLE")?)?;
    }
    Ok(client)
}

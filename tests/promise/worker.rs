//! The process behind a [`crate::world::Worker`]: it has its own client and reads commands, one per line.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use evergrant::backend::{Guard, Record};
use evergrant::clock::{Clock, ManualClock, SystemClock};
use evergrant::provider::Dpop;
use evergrant::{
    Authorization, BoxError, Client, Credentials, Error, FileBackend, Provider, TokenBackend,
};
use ureq::tls::TlsConfig;

use crate::movers;
use crate::support::*;
use crate::world::{Brisk, CLASSES, name};

pub(crate) const CHILDREN: &[Child] = &[("world::work", work)];

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The store of a child: a file, with saves that fail on command and a list of the saves that worked.
struct Store {
    file: Box<dyn TokenBackend>,
    /// How many further saves of a record without a refresh note will fail.
    failures: AtomicU32,
    saved: Option<PathBuf>,
}

impl TokenBackend for Store {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.file.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let less = |left: u32| left.checked_sub(1);
        if record.note().is_none()
            && record.revision() > 1
            && self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            return Err("it fails on command".into());
        }
        self.file.save(record)?;
        if let Some((path, token)) = self.saved.as_ref().zip(record.token().refresh_token()) {
            // Append with one short write, so that the lines of several processes do not mix.
            let mut file = std::fs::File::options().append(true).create(true).open(path)?;
            file.write_all(format!("{}\n", name(token)).as_bytes())?;
        }
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.file.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.file.lock(wait)
    }
    fn probe(&self) -> Result<(), BoxError> {
        self.file.probe()
    }
    fn durability(&self) -> evergrant::backend::Durability {
        self.file.durability()
    }
    fn describe(&self) -> String {
        self.file.describe()
    }
}

/// Makes the client that the environment describes.
pub(crate) fn client(clock: Arc<dyn Clock>, told: Arc<Mutex<Vec<String>>>) -> Client {
    let url = variable("URL").unwrap();
    let class = variable("CLASS").unwrap();
    let (_, rotation) = CLASSES.iter().find(|(name, _)| *name == class).unwrap();
    let limit = variable("TOKEN_TIMEOUT").map_or(120, |seconds| seconds.parse().unwrap());
    let provider = Provider::builder("sandbox")
        .authorization_endpoint(format!("{url}/authorize"))
        .token_endpoint(format!("{url}/token"))
        .api_base(format!("{url}/api"))
        .rotation(*rotation)
        .token_timeout(Duration::from_secs(limit))
        .ends_access_token(variable("ENDS").as_deref() == Some("1"))
        .dpop(if variable("BOUND").is_some() { Dpop::Required } else { Dpop::Offered })
        .build()
        .unwrap();
    let credentials = Credentials::new("sandbox-client", "sandbox-secret")
        .with_redirect_uri("http://127.0.0.1/callback");
    let mut file = FileBackend::new(given("STORE"));
    if variable("STORE_CLOCK").as_deref() == Some("manual") {
        file = file.with_clock(clock.clone());
    }
    let mut store: Box<dyn TokenBackend> = Box::new(file);
    #[cfg(feature = "encryption")]
    if variable("SEAL").is_some() {
        let key = evergrant::backend::SealingKey::from_env("SEAL").unwrap();
        store = Box::new(evergrant::backend::SealedBackend::new(store, key));
    }
    #[cfg(feature = "keyring")]
    if variable("KEYRING").is_some() {
        let path = given("STORE");
        store = Box::new(evergrant::backend::KeyringBackend::new("evergrant-test", "alice", path));
    }
    if let Some(name) = variable("PLACE") {
        store = movers::open(&name);
    }
    let failures = variable("FAIL_SAVES").map_or(0, |n| n.parse().unwrap());
    let saved = variable("SAVED").map(PathBuf::from);
    let store = Store { file: store, failures: AtomicU32::new(failures), saved };
    let mut client = Client::builder(provider, credentials, store);
    if variable("GRANT").as_deref() == Some("application") {
        client = client.client_credentials(&[]);
    }
    if let Some(proxy) = variable("THROUGH") {
        // Accept a test server's certificate. The variable has the address of a proxy, or nothing.
        let tls = TlsConfig::builder().disable_verification(true).build();
        let proxy = (!proxy.is_empty()).then(|| ureq::Proxy::new(&proxy).unwrap());
        client = client.http(move |config| config.tls_config(tls.clone()).proxy(proxy.clone()));
    }
    client.clock(clock).on_event(move |event| told.lock().unwrap().push(event.to_string())).build()
}

pub(crate) fn said(result: Result<String, Error>) -> String {
    match result {
        Ok(text) => format!("ok {text}"),
        Err(error) => format!("{} {error:#}", error.kind()),
    }
}

pub(crate) fn call(client: &Client) -> String {
    let answer = client.get("/me").read_json::<HashMap<String, serde_json::Value>>();
    said(answer.map(|answer| format!("at-{}", answer["access_token_number"])))
}

pub(crate) fn answer(text: &str) {
    // Write once, so that the lines of two threads do not mix.
    let line = format!("\n= {}\n", text.replace('\n', " "));
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Fills the disk to the last byte.
fn fill(folder: &Path) {
    let mut file = std::fs::File::create(folder.join("filler")).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

fn work() {
    let manual = Arc::new(ManualClock::new());
    let clock: Arc<dyn Clock> = match variable("CLOCK").as_deref() {
        Some("manual") => manual.clone(),
        Some("brisk") => Arc::new(Brisk),
        _ => Arc::new(SystemClock),
    };
    let told = Arc::default();
    let client = client(clock, Arc::clone(&told));
    let folder = given("STORE").parent().unwrap().to_owned();
    let mut authorization: Option<Authorization> = None;
    let mut spawned: Option<JoinHandle<String>> = None;
    answer("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let done = || "done".to_owned();
        answer(&match word {
            "call" => call(&client),
            "refresh" => said(client.refresh().map(|()| String::new())),
            "spawn" => {
                let client = client.clone();
                spawned = Some(std::thread::spawn(move || call(&client)));
                done()
            }
            "join" => spawned.take().unwrap().join().unwrap(),
            "authorize" => match client.authorize(&[]) {
                Ok(started) => authorization.insert(started).url().to_string(),
                Err(error) => said(Err(error)),
            },
            "callback" => {
                let token = client.exchange(authorization.take().unwrap(), rest);
                said(token.map(|token| name(token.access_token())))
            }
            "seed" => {
                let (access, refresh) = rest.split_once(' ').unwrap();
                let now = manual.now_utc();
                let token = evergrant::Token::new(access)
                    .with_refresh_token(refresh)
                    .with_issued_at(now)
                    .with_expires_at(now + Duration::from_secs(3600));
                said(client.seed(token).map(|stored| stored.to_string()))
            }
            "stored" => said(client.stored().map(|record| {
                let record = record.unwrap();
                let note = if record.note().is_some() { "noted" } else { "clean" };
                format!("{} {note}", name(record.token().refresh_token().unwrap()))
            })),
            "move" => {
                let (from, to) = (movers::open(&variable("PLACE").unwrap()), movers::open(rest));
                match evergrant::backend::move_login(&from, &to) {
                    Ok(moved) => moved.to_string(),
                    Err(error) => error.to_string(),
                }
            }
            "events" => told.lock().unwrap().drain(..).collect::<Vec<_>>().join(" | "),
            "advance" => {
                manual.advance(Duration::from_secs(rest.parse().unwrap()));
                done()
            }
            "slept" => manual.slept().as_secs().to_string(),
            "fill" => {
                fill(&folder);
                done()
            }
            "unfill" => {
                std::fs::remove_file(folder.join("filler")).unwrap();
                done()
            }
            "sh" => {
                let status = std::process::Command::new("sh").args(["-c", rest]).status();
                status.unwrap().success().to_string()
            }
            other => panic!("what is {other}?"),
        });
    }
}

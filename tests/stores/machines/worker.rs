//! A worker: a process with a client of its own, which reads commands as lines. The answers of a worker are
//! lines that begin with `= `.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant, SystemTime};

use evergrant::backend::{Durability, Guard, Record};
use evergrant::clock::{Clock, SystemClock};
use evergrant::provider::Rotation;
use evergrant::{BoxError, Client, Credentials, Provider, TokenBackend};

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[("machines::work", work)];

/// How long a used refresh token still works at the service with a grace window. The window is longer than
/// the time until the deadline of a refresh.
pub(crate) const WINDOW: Duration = Duration::from_secs(900);

/// The computer's clocks, ahead by a given time.
#[derive(Debug, Default)]
pub(crate) struct Ahead(Mutex<Duration>);

impl Ahead {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn by(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

impl Clock for Ahead {
    fn now(&self) -> SystemTime {
        SystemClock.now() + self.by()
    }
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + self.by()
    }
    fn sleep(&self, duration: Duration) {
        if TAKES_LOCK.replace(false) {
            say("waits");
        }
        SystemClock.sleep(duration);
    }
}

thread_local! {
    /// Whether this thread takes a lock, and has not slept meanwhile. A thread that sleeps has begun to measure how
    /// long it waits, so time that passes now counts.
    static TAKES_LOCK: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn rotation(name: &str) -> Rotation {
    match name {
        "grace" => Rotation::Grace(WINDOW),
        "strict" => Rotation::Strict,
        "family" => Rotation::StrictFamily,
        other => panic!("what is {other}?"),
    }
}

/// Opens a store by its address.
pub(crate) fn open(url: &str, clock: Arc<dyn Clock>) -> Box<dyn TokenBackend> {
    let (scheme, _rest) = url.split_once(':').unwrap();
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => Box::new(evergrant::backend::SqliteBackend::new(_rest).with_clock(clock)),
        #[cfg(feature = "postgres")]
        "postgres" => {
            Box::new(evergrant::backend::PostgresBackend::new(url).unwrap().with_clock(clock))
        }
        #[cfg(feature = "redis")]
        "redis" => Box::new(evergrant::backend::RedisBackend::new(url).unwrap().with_clock(clock)),
        _ => panic!("no store has the address {url} (clock: {clock:?})"),
    }
}

/// Makes a client of the sandbox at `service`.
pub(crate) fn client(
    service: &str,
    class: &str,
    store: impl TokenBackend + 'static,
    clock: Arc<dyn Clock>,
) -> Client {
    let provider = Provider::builder("sandbox")
        .authorization_endpoint(format!("{service}/authorize"))
        .token_endpoint(format!("{service}/token"))
        .api_base(format!("{service}/api"))
        .rotation(rotation(class))
        .build()
        .unwrap();
    let credentials = Credentials::new("sandbox-client", "sandbox-secret")
        .with_redirect_uri("http://127.0.0.1/callback");
    Client::builder(provider, credentials, store).clock(clock).build()
}

pub(crate) fn call(client: &Client) -> String {
    match client.get("/me").read_json::<HashMap<String, serde_json::Value>>() {
        Ok(answer) => format!("ok at-{}", answer["access_token_number"]),
        Err(error) => format!("{} {error:#}", error.kind()),
    }
}

/// The place where a refresh halts, and whether the refresh has halted there.
#[derive(Default)]
struct Halt {
    place: Mutex<String>,
    halted: Mutex<bool>,
    goes_on: Condvar,
}

/// A store in which a refresh can be halted, so that the process can be stopped at exactly that point: a
/// signal alone would stop it a little later.
struct Halting {
    store: Box<dyn TokenBackend>,
    halt: Arc<Halt>,
}

impl Halting {
    fn at(&self, place: &str) {
        if *self.halt.place.lock().unwrap() != place {
            return;
        }
        self.halt.place.lock().unwrap().clear();
        let mut halted = self.halt.halted.lock().unwrap();
        *halted = true;
        say("halted");
        drop(self.halt.goes_on.wait_while(halted, |halted| *halted).unwrap());
    }
}

impl TokenBackend for Halting {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.store.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if record.note().is_none() {
            self.at("after the reply");
        }
        self.store.save(record)?;
        if record.note().is_some() {
            self.at("before the send");
        }
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.store.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        TAKES_LOCK.set(!wait.is_zero());
        let guard = self.store.lock(wait);
        TAKES_LOCK.set(false);
        guard
    }
    fn durability(&self) -> Durability {
        self.store.durability()
    }
    fn describe(&self) -> String {
        self.store.describe()
    }
}

fn say(text: &str) {
    let line = format!("\n= {}\n", text.replace('\n', " "));
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes()).unwrap();
    output.flush().unwrap();
}

fn work() {
    let [store, service, class, ahead] = ["STORE", "SERVICE", "CLASS", "AHEAD"]
        .map(|name| given(name).into_os_string().into_string().unwrap());
    let clock = Arc::new(Ahead::default());
    clock.advance(Duration::from_millis(ahead.parse().unwrap()));
    let halt = Arc::new(Halt::default());
    let store = Halting { store: open(&store, clock.clone()), halt: Arc::clone(&halt) };
    let client = client(&service, &class, store, clock.clone());
    say("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "call" => {
                let client = client.clone();
                std::thread::spawn(move || {
                    let began = Instant::now();
                    let answer = call(&client);
                    say(&format!("{} {answer}", began.elapsed().as_millis()));
                });
            }
            "ahead" => clock.advance(Duration::from_millis(rest.parse().unwrap())),
            "halt" => {
                *halt.place.lock().unwrap() = rest.to_owned();
                say("knows");
            }
            "go" => {
                *halt.halted.lock().unwrap() = false;
                halt.goes_on.notify_all();
            }
            other => panic!("what is {other}?"),
        }
    }
}

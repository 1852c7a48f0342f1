//! Tests of the text of every error: in one line with its causes, and as `main` prints the error.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{BackendError, Record};
use evergrant::clock::ManualClock;
use evergrant::error::{DecodeError, TransportError};
use evergrant::provider::Rotation;
use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use evergrant::{
    BoxError, Client, Credentials, Error, FileBackend, MemoryBackend, Token, TokenBackend,
};

use crate::support::{Fake, provider_at, stranger};

/// Set this variable to write the snapshot again: `EVERGRANT_WRITE=1 cargo test --test client errors`.
const UPDATE: &str = "EVERGRANT_WRITE";

/// A store whose disk is full after the first token.
struct FullDisk(MemoryBackend);

impl TokenBackend for FullDisk {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if record.generation() < 2 {
            return self.0.save(record);
        }
        let full = BackendError::Full("cannot write /data/login.json".to_owned());
        Err(full.because(io::Error::from(io::ErrorKind::StorageFull)))
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }

    fn describe(&self) -> String {
        "/data/login.json".to_owned()
    }
}

/// A sandbox that replaces refresh tokens, and clients of it.
struct World {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> World {
        let clock = Arc::new(ManualClock::new());
        let sandbox = Sandbox::builder().rotation(Rotation::Strict).clock(clock.clone());
        World { sandbox: sandbox.start().unwrap(), clock }
    }

    fn on(&self, store: impl TokenBackend + 'static) -> Client {
        Client::builder(self.sandbox.provider(), self.sandbox.credentials(), store)
            .clock(self.clock.clone())
            .retries(0)
            .build()
    }

    /// Makes a client with a login in memory.
    fn client(&self) -> Client {
        let client = self.on(MemoryBackend::new());
        client.seed(self.sandbox.login()).unwrap();
        client
    }

    /// Returns the error of a refresh that meets this fault.
    fn refresh(&self, fault: Fault) -> Error {
        let client = self.client();
        self.sandbox.fault(fault);
        client.refresh().unwrap_err()
    }

    /// Returns the error of a refresh that meets this fault, at a service where a second use of a refresh
    /// token revokes the login, so that the client does not send the token twice.
    fn refresh_once(&self, fault: Fault) -> Error {
        let provider = self.sandbox.provider().to_builder().rotation(Rotation::StrictFamily);
        let store = MemoryBackend::new();
        let client = Client::builder(provider.build().unwrap(), self.sandbox.credentials(), store);
        let client = client.clock(self.clock.clone()).build();
        client.seed(self.sandbox.login()).unwrap();
        self.sandbox.fault(fault);
        client.refresh().unwrap_err()
    }

    /// Returns the error of a call that gets this status and challenge.
    fn call(&self, status: u16, challenge: &str) -> Error {
        let challenge = challenge.to_owned();
        self.sandbox.on("GET", "/api/said", move |_| {
            let reply = ApiReply::json(status, "no");
            if challenge.is_empty() {
                reply
            } else {
                reply.with_header("WWW-Authenticate", &challenge)
            }
        });
        self.client().get("/said").call().unwrap_err()
    }
}

fn file(world: &World, name: &str) -> PathBuf {
    world.sandbox.folder().join(name)
}

fn of_the_login(world: &World) -> Vec<(&'static str, Error)> {
    let client = world.client();
    let denied = {
        let authorization = client.authorize(&["read"]).unwrap();
        let callback = world.sandbox.deny(authorization.url()).unwrap();
        client.exchange(authorization, &callback).unwrap_err()
    };
    let used = {
        let authorization = client.authorize(&["read"]).unwrap();
        let callback = world.sandbox.approve(authorization.url()).unwrap();
        client.exchange(authorization.clone(), &callback).unwrap();
        client.exchange(authorization, &callback).unwrap_err()
    };
    let mismatch = client.exchange(client.authorize(&[]).unwrap(), "?state=s&code=c").unwrap_err();
    let provider = world.sandbox.provider().to_builder().callback_field("realmId");
    let wants_field =
        Client::new(provider.build().unwrap(), world.sandbox.credentials(), MemoryBackend::new());
    let authorization = wants_field.authorize(&[]).unwrap();
    let callback = world.sandbox.approve(authorization.url()).unwrap();
    let field = wants_field.exchange(authorization, &callback).unwrap_err();
    let lost = {
        let authorization = client.authorize(&[]).unwrap();
        let callback = world.sandbox.approve(authorization.url()).unwrap();
        world.sandbox.fault(Fault::CutAfter);
        client.exchange(authorization, &callback).unwrap_err()
    };
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let late = Client::builder(world.sandbox.provider(), credentials, MemoryBackend::new())
        .clock(Arc::new(ManualClock::new()))
        .build();
    let late = late.authorize_interactive(&[], |_| {}).unwrap_err();
    let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal was closed");
    let closed = client.authorize_pasted(&[], |_, _| Err(closed())).unwrap_err();
    vec![
        ("the person said no", denied),
        ("the code was used before", used),
        ("a callback of another login", mismatch),
        ("a callback without the parameter that the provider wants", field),
        ("the answer to the code was lost", lost),
        ("nobody finished the login", late),
        ("the pasted address could not be read", closed),
    ]
}

fn of_the_refresh(world: &World) -> Vec<(&'static str, Error)> {
    let stranger_client = |secret: &str| {
        let credentials = Credentials::new("sandbox-client", secret);
        let client = Client::new(world.sandbox.provider(), credentials, MemoryBackend::new());
        client.seed(world.sandbox.login()).unwrap();
        client
    };
    let empty = world.on(MemoryBackend::new());
    let ended = {
        let client = world.on(MemoryBackend::new());
        let past = time::OffsetDateTime::UNIX_EPOCH;
        client.seed(Token::new("at-old").with_expires_at(past)).unwrap();
        client.access_token().unwrap_err()
    };
    let full = world.on(FullDisk(MemoryBackend::new()));
    full.seed(world.sandbox.login()).unwrap();
    let not_saved = full.refresh().unwrap_err();
    std::mem::forget(full);
    let early = world.sandbox.provider().to_builder().earliest_refresh(Duration::from_secs(570));
    let early =
        Client::builder(early.build().unwrap(), world.sandbox.credentials(), MemoryBackend::new());
    let early = early.clock(world.clock.clone()).build();
    early.seed(world.sandbox.login()).unwrap();
    let asked = world.sandbox.counters().token_requests;
    let own = early.refresh().unwrap_err();
    assert_eq!(world.sandbox.counters().token_requests, asked, "nothing was sent");
    let dead = stranger(provider_at("http://127.0.0.1:1/token").build().unwrap());
    vec![
        ("nothing is stored", empty.access_token().unwrap_err()),
        ("the token has expired", ended),
        ("the refresh token is refused", world.refresh(Fault::RefuseOnce)),
        ("the client secret is wrong", stranger_client("old").refresh().unwrap_err()),
        ("the answer was lost", world.refresh_once(Fault::CutAfter)),
        ("an answer that leaves the outcome open", world.refresh_once(Fault::StatusAfter(503))),
        ("the same, with a code", {
            let body = br#"{"error":"server_error","error_description":"the database is down"}"#;
            let content_type = "application/json".to_owned();
            let (status, body) = (500, body.to_vec());
            world.refresh_once(Fault::Body { status, content_type, body, commit: true })
        }),
        ("the answer to two requests was lost", world.refresh(Fault::CutAfter)),
        ("the service asks to wait", world.refresh(Fault::TooMany(Some(30)))),
        ("this client waits by itself", own),
        ("the disk is full", not_saved),
        ("the token endpoint cannot be reached", dead.refresh().unwrap_err()),
    ]
}

fn of_the_store(world: &World) -> Vec<(&'static str, Error)> {
    let missing = world.on(FileBackend::new(file(world, "missing/login.json")));
    let broken = file(world, "broken.json");
    std::fs::write(&broken, "{\"version\":1").unwrap();
    let folder = file(world, "folder.json");
    std::fs::create_dir(&folder).unwrap();
    let locked = file(world, "locked.json");
    let theirs = FileBackend::new(&locked);
    let held = theirs.lock(Duration::ZERO).unwrap();
    let busy = world.on(FileBackend::new(&locked).with_clock(world.clock.clone()));
    let busy = busy.access_token().unwrap_err();
    drop(held);
    vec![
        ("the folder of the store is missing", missing.access_token().unwrap_err()),
        ("the store holds half a record", world.on(FileBackend::new(broken)).stored().unwrap_err()),
        ("the path is a folder", world.on(FileBackend::new(folder)).stored().unwrap_err()),
        ("another process has the lock", busy),
    ]
}

fn of_the_api(world: &World) -> Vec<(&'static str, Error)> {
    let silent = Fake::start(|peer| {
        peer.request();
        peer.wait_for_end();
    });
    let provider = provider_at("http://127.0.0.1:1/token").api_base(silent.url());
    let slow = stranger_api(provider.build().unwrap());
    let slow = slow.get("/slow").read_timeout(Duration::from_millis(50)).retries(0).call();
    let unfit = world.client().get("/me").read_json::<Vec<u8>>().unwrap_err();
    let allowed = Client::builder(
        world.sandbox.provider(),
        world.sandbox.credentials(),
        MemoryBackend::new(),
    );
    let allowed = allowed.allow_host("files.example").build();
    let proxy = Client::builder(
        world.sandbox.provider(),
        world.sandbox.credentials(),
        MemoryBackend::new(),
    );
    let proxy = proxy.proxy("gopher://u:c4nary@proxy.example").map(drop).unwrap_err();
    let expired = "Bearer error=\"invalid_token\", error_description=\"The token has expired\"";
    let scope = "Bearer error=\"insufficient_scope\", scope=\"deals:write\"";
    let stronger =
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"phr\", max_age=60";
    vec![
        ("no answer in time", slow.unwrap_err()),
        ("the API refuses the token", world.call(401, expired)),
        ("the API refuses the token and says nothing", world.call(401, "")),
        ("the token lacks a scope", world.call(403, scope)),
        ("the API wants a stronger login", world.call(401, stronger)),
        ("the API forbids the call", world.call(403, "")),
        ("there is no such thing", world.call(404, "")),
        ("an answer that does not fit the type", unfit),
        ("a host that is not allowed", {
            world.client().get("https://elsewhere.example/me").call().unwrap_err()
        }),
        ("an allowed host without a scheme", allowed.get("/me").call().unwrap_err()),
        ("an invalid proxy address", proxy),
        ("an error of an SDK: a setting", Error::config("SHOP_REGION is not set")),
        ("an error of an SDK: an answer", {
            let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
            DecodeError::new("the price list", cut).into()
        }),
        ("an error of an SDK: a request", {
            let reset = io::Error::from(io::ErrorKind::ConnectionReset);
            TransportError::new("GET", "https://shop.example/prices", reset).into()
        }),
    ]
}

fn stranger_api(provider: evergrant::Provider) -> Client {
    let client = Client::new(provider, Credentials::new("app", "s"), MemoryBackend::new());
    client.seed(Token::new("at")).unwrap();
    client
}

fn links(error: &(dyn StdError + 'static)) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |error| (**error).source());
    chain.map(ToString::to_string).collect()
}

/// Replaces the parts that differ from run to run: ports, dates, folders.
fn steady(text: &str, world: &World) -> String {
    let text = text.replace(world.sandbox.folder().to_str().unwrap(), "/tmp/sandbox");
    let canonical = std::fs::canonicalize(world.sandbox.folder()).unwrap();
    let mut rest = text.replace(canonical.to_str().unwrap(), "/tmp/sandbox");
    let mut steady = String::new();
    while let Some(at) = rest.find("127.0.0.1:") {
        let after = at + "127.0.0.1:".len();
        steady.push_str(&rest[..after]);
        steady.push_str("PORT");
        rest = rest[after..].trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
    }
    steady + &rest
}

#[test]
fn every_error_reads_well_and_names_each_cause_once() {
    let world = World::new();
    type Part = fn(&World) -> Vec<(&'static str, Error)>;
    let parts: [Part; 4] = [of_the_login, of_the_refresh, of_the_store, of_the_api];
    let (mut text, mut kinds) = (String::new(), Vec::new());
    for (name, error) in parts.into_iter().flat_map(|part| part(&world)) {
        let links = links(&error);
        for (at, link) in links.iter().enumerate() {
            assert!(!link.trim().is_empty(), "{name}: an empty link in {links:?}");
            let others = links.iter().enumerate().filter(|(other, _)| *other != at);
            for (_, other) in others {
                assert!(!other.contains(link.as_str()), "{name}: {link:?} twice in {links:?}");
            }
        }
        // `anyhow` prints this text with `{:#}`, and so does this crate.
        assert_eq!(links.join(": "), format!("{error:#}"));
        assert!(!format!("{error:#} {error:?} {error:#?}").contains("c4nary"), "{name}");
        writeln!(text, "## {name} ({})\n\n{error:#}\n", error.kind()).unwrap();
        writeln!(text, "    Error: {}\n", format!("{error:?}").replace('\n', "\n    ")).unwrap();
        kinds.push(error.kind());
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 14, "each variant of `Error` needs a case here: {kinds:?}");
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    let text = steady(&(lines.join("\n") + "\n"), &world);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/errors.txt");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    if cfg!(target_os = "linux") {
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, text, "run with {UPDATE}=1 and read the difference");
    }
}

/// The original error is at the end of the chain, with its kind.
#[test]
fn the_io_error_of_a_store_and_a_request_is_found() {
    let world = World::new();
    let kind = |error: &Error| {
        let chain =
            std::iter::successors(Some(error as &(dyn StdError + 'static)), |e| (**e).source());
        chain.last().unwrap().downcast_ref::<io::Error>().map(io::Error::kind)
    };
    let missing = world.on(FileBackend::new(file(&world, "missing/login.json")));
    let error = missing.stored().unwrap_err();
    assert_eq!(kind(&error), Some(io::ErrorKind::NotFound), "{error:#}");
    let dead = stranger(provider_at("http://127.0.0.1:1/token").build().unwrap());
    let error = dead.refresh().unwrap_err();
    assert_eq!(kind(&error), Some(io::ErrorKind::ConnectionRefused), "{error:#}");
}

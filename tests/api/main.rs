//! Tests of the public API: the types that threads can share, the size of errors, and the texts of
//! errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "teamleader")]
mod teamleader;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant::backend::{Durability, FileLock, Guard, LockKind, Note, Record};
use evergrant::clock::{ManualClock, SystemClock};
use evergrant::error::{
    ApiError, BackendFailure, Busy, CallbackError, DecodeError, NotSaved, OAuthError,
    OutcomeUnknown, RateLimited, Refusal, TransportError,
};
use evergrant::hooks::Event;
use evergrant::provider::{ErrorRule, ProviderBuilder, Rotation};
use evergrant::sandbox::{ApiRequest, Fault, Gate, Sandbox, SandboxBuilder, TokenCall};
use evergrant::{
    Authorization, BoxError, Client, ClientBuilder, Credentials, Error, FileBackend, MemoryBackend,
    Provider, Request, Response, Result, Secret, Token, TokenBackend,
};

const fn shared<T: Send + Sync>() {}
const fn sent<T: Send>() {}

const _: () = {
    shared::<Client>();
    shared::<Request<'_>>();
    shared::<Provider>();
    shared::<ProviderBuilder>();
    shared::<Credentials>();
    shared::<Token>();
    shared::<Secret>();
    shared::<Record>();
    shared::<Note>();
    shared::<Authorization>();
    shared::<FileBackend>();
    shared::<FileLock>();
    shared::<MemoryBackend>();
    shared::<evergrant::Logins>();
    shared::<Box<dyn evergrant::backend::LoginStore>>();
    shared::<evergrant::backend::FolderStore>();
    shared::<evergrant::backend::Watched>();
    shared::<evergrant::logins::Sweep<'_>>();
    #[cfg(feature = "sqlite")]
    shared::<evergrant::SqliteBackend>();
    #[cfg(feature = "postgres")]
    shared::<evergrant::PostgresBackend>();
    #[cfg(feature = "redis")]
    shared::<evergrant::RedisBackend>();
    shared::<Box<dyn TokenBackend>>();
    shared::<Error>();
    shared::<OAuthError>();
    shared::<Event>();
    shared::<ErrorRule>();
    shared::<ManualClock>();
    shared::<SystemClock>();
    shared::<Sandbox>();
    shared::<SandboxBuilder>();
    shared::<Fault>();
    shared::<Gate>();
    shared::<ApiRequest>();
    shared::<TokenCall>();
    sent::<ClientBuilder>();
    sent::<Response>();
    sent::<Guard>();
    sent::<std::thread::JoinHandle<Result<Token>>>();
};

#[test]
fn an_error_is_small_enough_to_return_from_every_call() {
    let size = size_of::<Error>();
    assert!(size <= 64, "{size} bytes");
    assert!(size_of::<Result<Secret>>() <= 64);
    assert!(size_of::<Client>() == size_of::<usize>(), "a client is one pointer");
}

/// A store that fails in the method `on`, until `mended` is set.
struct Failing {
    inner: MemoryBackend,
    error: fn() -> BoxError,
    on: &'static str,
    mended: Arc<AtomicBool>,
}

impl TokenBackend for Failing {
    fn load(&self) -> std::result::Result<Option<Record>, BoxError> {
        if self.on == "load" { Err((self.error)()) } else { self.inner.load() }
    }

    fn save(&self, record: &Record) -> std::result::Result<(), BoxError> {
        let successor = record.token().access_token().expose() != "at-1";
        let fails = self.on == "save" || self.on == "successor" && successor;
        let fails = fails && !self.mended.load(Ordering::SeqCst);
        if fails { Err((self.error)()) } else { self.inner.save(record) }
    }

    fn clear(&self) -> std::result::Result<(), BoxError> {
        self.inner.clear()
    }

    fn lock(&self, wait: Duration) -> std::result::Result<Guard, BoxError> {
        if self.on == "lock" { Err((self.error)()) } else { self.inner.lock(wait) }
    }

    fn durability(&self) -> Durability {
        Durability::PowerCut
    }
}

fn failing(sandbox: &Sandbox, on: &'static str, error: fn() -> BoxError) -> Client {
    failing_until(sandbox, on, error, Arc::default())
}

fn failing_until(
    sandbox: &Sandbox,
    on: &'static str,
    error: fn() -> BoxError,
    mended: Arc<AtomicBool>,
) -> Client {
    let (inner, login) = (MemoryBackend::new(), sandbox.login());
    let ended = time::OffsetDateTime::UNIX_EPOCH;
    let refresh_token = login.refresh_token().unwrap().clone();
    let token = Token::new("at-1").with_refresh_token(refresh_token).with_expires_at(ended);
    inner.save(&Record::from(token)).unwrap();
    let backend = Failing { inner, error, on, mended };
    Client::builder(sandbox.provider(), sandbox.credentials(), backend)
        .clock(Arc::new(ManualClock::new()))
        .build()
}

/// Causes an error of every variant by real calls.
fn all() -> Vec<Error> {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let fail = |on, error| failing(&sandbox, on, error).access_token().unwrap_err();
    let broken: fn() -> BoxError = || "no disk".into();
    let busy: fn() -> BoxError =
        || evergrant::backend::BackendError::Busy("the store".into()).into();
    let mut errors =
        vec![fail("lock", broken), fail("load", broken), fail("save", broken), fail("lock", busy)];
    errors.push(fail("successor", broken));
    let fresh = |fault: Option<Fault>| {
        let client = failing(&sandbox, "nothing", broken);
        fault.into_iter().for_each(|fault| sandbox.faults(2, fault));
        let error = client.get("/me").call().map(|_| ());
        sandbox.clear_faults();
        error
    };
    for fault in [
        Fault::CutAfter,
        Fault::TooMany(Some(3)),
        Fault::RefuseOnce,
        Fault::Body {
            status: 400,
            content_type: "application/json".into(),
            body: br#"{"error":"invalid_scope","error_description":"no such\nscope"}"#.to_vec(),
            commit: false,
        },
    ] {
        errors.push(fresh(Some(fault)).unwrap_err());
    }
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    errors.push(client.access_token().unwrap_err());
    errors.push(client.get("nowhere").call().unwrap_err());
    errors.push(client.authorize(&["a b"]).unwrap_err());
    let authorization = client.authorize(&[]).unwrap();
    errors.push(client.exchange(authorization, "code=x&state=y").unwrap_err());
    client.seed(sandbox.login()).unwrap();
    errors.push(client.get("/status/500").call().unwrap_err());
    errors.push(client.get("/me").read_json::<u8>().unwrap_err());
    sandbox.api_fault(Fault::CutBefore);
    errors.push(client.get("/me").retries(0).call().unwrap_err());
    errors
}

#[test]
fn every_error_is_one_lower_case_line_with_its_kind() {
    let errors = all();
    let mut kinds: Vec<_> = errors.iter().map(Error::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let every = [
        "api",
        "backend",
        "busy",
        "callback",
        "config",
        "decode",
        "not_authorized",
        "not_saved",
        "oauth",
        "outcome_unknown",
        "rate_limited",
        "reauthorize",
        "transport",
    ];
    assert_eq!(kinds, every);
    for error in &errors {
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.len() < 500, "{text}");
        // An error of the API begins with the method.
        let first = text.strip_prefix("GET ").or(text.strip_prefix("POST ")).unwrap_or(&text);
        assert!(first.starts_with(|c: char| !c.is_uppercase()), "{text}");
        assert!(!text.ends_with('.'), "{text}");
    }
}

#[test]
fn each_kind_of_error_has_its_next_step() {
    for error in all() {
        let (person, passing) = (error.needs_authorization(), error.is_transient());
        let expected = match &error {
            Error::NotAuthorized(_) | Error::Reauthorize(_) => (true, false),
            Error::OAuth(_) | Error::Callback(_) | Error::Decode(_) | Error::Config(_) => {
                (false, false)
            }
            _ => (false, true),
        };
        assert_eq!((person, passing), expected, "{error:?}");
        if let Error::NotSaved(_) = &error {
            assert!(error.into_token().is_ok());
        }
    }
}

#[test]
fn close_saves_a_waiting_token_or_returns_it() {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let mended = Arc::new(AtomicBool::new(false));
    let client = failing_until(&sandbox, "successor", || "no disk".into(), mended.clone());
    assert!(matches!(client.access_token(), Err(Error::NotSaved(_))));
    let error = client.clone().close().unwrap_err();
    assert!(matches!(error, Error::NotSaved(_)), "{error:?}");
    let waiting = error.into_token().unwrap();
    assert_eq!(client.stored().unwrap().unwrap().token().access_token().expose(), "at-1");
    mended.store(true, Ordering::SeqCst);
    client.clone().close().unwrap();
    let stored = client.stored().unwrap().unwrap();
    assert_eq!(stored.token().refresh_token(), waiting.refresh_token());
    assert_eq!(sandbox.counters().refreshes, 1);
    client.close().unwrap();
}

#[test]
fn the_parts_of_errors_can_be_named() {
    fn part<T: std::error::Error + Send + Sync + 'static>() {}
    part::<OAuthError>();
    part::<Refusal>();
    part::<NotSaved>();
    part::<OutcomeUnknown>();
    part::<BackendFailure>();
    part::<Busy>();
    part::<TransportError>();
    part::<RateLimited>();
    part::<ApiError>();
    part::<CallbackError>();
    part::<DecodeError>();
    assert_ne!(LockKind::Lease, LockKind::FreedByDeath);
}

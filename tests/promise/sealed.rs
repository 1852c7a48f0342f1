//! Tests of logins that are sealed with a key: the contract, the data that the wrapped store gets, keys that
//! are missing, wrong or changed, and a race.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::backend::{
    BackendError, FileBackend, Guard, LockKind, Record, SealedBackend, SealingKey,
};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::{self, Contract};
use evergrant::{BoxError, Error, Token, TokenBackend};

use crate::support::*;
use crate::world::{LIFE, World};

/// A key that `openssl rand -base64 32` made.
const KEY: &str = "v1c7kk8DyIVo3zGkYMPzLvVLLHiZ8r2dOFyApH8kOQk=";
const OTHER: &str = "2q1l5T0O8JqQ0kq6cQFzqkAh2b7oXH4m0m9m2o8wM7I=";

fn key() -> SealingKey {
    SealingKey::from_text(KEY).unwrap()
}

fn other() -> SealingKey {
    SealingKey::from_text(OTHER).unwrap()
}

fn open(path: &Path) -> SealedBackend<FileBackend> {
    SealedBackend::new(FileBackend::new(path), key())
}

fn record(n: u32) -> Record {
    let token = Token::new(format!("at-sesame-{n}")).with_refresh_token(format!("rt-sesame-{n}"));
    Record::from(token)
}

fn told<T>(result: Result<T, BoxError>) -> (BackendError, String) {
    let error = precise(result);
    let text = error.to_string();
    (error, text)
}

#[test]
fn clients_of_one_sealed_file_share_a_refresh() {
    let dir = TempDir::new();
    crate::sharing::shares(&|| Box::new(open(&dir.join("login.json"))));
}

#[test]
fn a_sealed_file_keeps_the_contract() {
    contract::worker(|name| open(Path::new(name)));
    let dir = TempDir::new();
    let path = dir.join("login.json");
    Contract::new(|| open(&path))
        .compares(true)
        .locks(LockKind::FreedByDeath)
        .raw(|bytes| {
            fs::write(&path, bytes).unwrap();
            // A whole record is saved through the store, which seals it.
            if let Ok(record) = Record::from_json(bytes) {
                fs::remove_file(&path).unwrap();
                open(&path).save(&record).unwrap();
            }
        })
        .in_second_process("sealed::a_sealed_file_keeps_the_contract", path.to_str().unwrap())
        .without("a saved record survives a power cut", "the file store's own test has it")
        .check()
        .assert();
}

#[test]
fn the_store_below_sees_no_secret_and_no_address() {
    let world = World::new(Rotation::Strict);
    let client = world.client_on(open(&world.path), world.clock.clone());
    client.seed(world.sandbox.login()).unwrap();
    for _ in 0..2 {
        client.refresh().unwrap();
    }
    let stored = client.stored().unwrap().unwrap();
    let file = fs::read_to_string(&world.path).unwrap();
    for secret in [stored.token().access_token(), stored.token().refresh_token().unwrap()] {
        assert!(!file.contains(secret.expose()), "{file}");
    }
    for text in ["sandbox-client", "127.0.0.1", "token_endpoint", "scope"] {
        assert!(!file.contains(text), "{text} is in {file}");
    }
}

#[test]
fn a_save_that_is_repeated_writes_the_same_bytes() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let first = record(1);
    open(&path).save(&first).unwrap();
    let bytes = fs::read(&path).unwrap();
    open(&path).save(&first).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    // Another record has another nonce, so only the clear members are the same.
    let next = contract::successor(&first, Token::new("at-2").with_refresh_token("rt-2"));
    open(&path).save(&next).unwrap();
    let text = |bytes: &[u8]| {
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        value["sealed"]["text"].as_str().unwrap()[..16].to_owned()
    };
    assert_ne!(text(&bytes), text(&fs::read(&path).unwrap()));
}

#[test]
fn a_missing_or_wrong_key_is_reported_and_overwrites_nothing() {
    let world = World::new(Rotation::Strict);
    let sealed = open(&world.path);
    sealed.save(&world.sandbox.login().into()).unwrap();
    let bytes = fs::read(&world.path).unwrap();
    let file = || FileBackend::new(&world.path);
    let missing = SealedBackend::new(file(), other());
    let (error, text) = told(missing.load());
    assert!(matches!(error, BackendError::Config(_)) && text.contains(key().name()), "{text}");
    let wrong = SealedBackend::new(file(), other().named(key().name()));
    let (error, text) = told(wrong.load());
    assert!(matches!(error, BackendError::Corrupt(_)) && text.contains("different"), "{text}");
    for store in [missing, wrong] {
        let client = world.client_on(store, world.clock.clone());
        assert!(matches!(client.access_token(), Err(Error::Backend(_))));
        assert!(client.seed(world.sandbox.login()).is_err());
        assert!(client.authorize(&[]).is_err(), "the wrong key is not reported before the login");
    }
    // A client without `SealedBackend` around its store is refused.
    let error = world.client_on(file(), world.clock.clone()).access_token().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert!(error.to_string().contains("SealedBackend"), "{error}");
    assert_eq!(fs::read(&world.path).unwrap(), bytes);
    assert_eq!(world.refreshes(), 0);
}

#[test]
fn a_record_that_was_changed_does_not_open() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let store = open(&path);
    let first = record(1);
    store.save(&first).unwrap();
    let old: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut longer = first.token().clone();
    longer = longer.with_refresh_token("rt-sesame-2");
    store.save(&contract::noted(&contract::successor(&first, longer))).unwrap_err();
    let put = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = old.clone();
        change(&mut value);
        fs::write(&path, value.to_string()).unwrap();
        told(open(&path).load())
    };
    let text = old["sealed"]["text"].as_str().unwrap();
    for at in (0..text.len()).step_by(7) {
        let mut changed = text.to_owned();
        let other = if changed.as_bytes()[at] == b'A' { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        let (error, _) = put(&|value| value["sealed"]["text"] = changed.as_str().into());
        assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    }
    for cut in [0, 3, 16, text.len() - 1] {
        let (error, _) = put(&|value| value["sealed"]["text"] = text[..cut].into());
        assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    }
    for (member, value) in [
        ("revision", serde_json::json!(7)),
        ("generation", serde_json::json!(7)),
        ("login", serde_json::json!("somebody-else")),
        ("token", serde_json::json!({"access_token": "sealed", "refresh_token": "rt-other"})),
    ] {
        let (error, text) = put(&|stored| stored[member] = value.clone());
        assert!(matches!(error, BackendError::Corrupt(_)), "{member}: {error}");
        assert!(text.contains("outside its sealed part"), "{member}: {text}");
    }
    // The old record cannot be opened under another context.
    fs::write(&path, old.to_string()).unwrap();
    let elsewhere = SealedBackend::new(FileBackend::new(&path), key()).context("tenant-7");
    assert!(matches!(told(elsewhere.load()).0, BackendError::Corrupt(_)));
    assert_eq!(open(&path).load().unwrap().unwrap(), first);
}

#[test]
fn a_key_is_rotated_at_once_or_by_the_next_save() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let names = |path: &Path| {
        let value: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        value["sealed"]["key"].as_str().unwrap().to_owned()
    };
    let first = record(1);
    open(&path).save(&first).unwrap();
    let newer = || SealedBackend::new(FileBackend::new(&path), other()).older_key(key());
    assert!(newer().reseal().unwrap());
    assert!(!newer().reseal().unwrap(), "a record with the current key was sealed again");
    assert_eq!(names(&path), other().name());
    let stored = newer().load().unwrap().unwrap();
    assert_eq!(stored.token(), first.token());
    // A save seals with the current key, which is the first key again.
    let back = SealedBackend::new(FileBackend::new(&path), key()).older_key(other());
    let stored = back.load().unwrap().unwrap();
    back.save(&contract::successor(&stored, Token::new("at-2").with_refresh_token("rt-2")))
        .unwrap();
    assert_eq!(names(&path), key().name());
    assert_eq!(open(&path).load().unwrap().unwrap().generation(), 2);
}

#[test]
fn a_plain_login_is_sealed_where_that_is_allowed() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    FileBackend::new(&path).save(&record(1)).unwrap();
    let (error, text) = told(open(&path).load());
    assert!(matches!(error, BackendError::Config(_)) && text.contains("accept_plain"), "{text}");
    let store = open(&path).accept_plain(true);
    let stored = store.load().unwrap().unwrap();
    store.save(&contract::noted(&stored)).unwrap();
    assert!(!fs::read_to_string(&path).unwrap().contains("sesame"));
    assert!(open(&path).load().unwrap().unwrap().note().is_some());
}

#[test]
fn a_plain_login_is_neither_read_nor_replaced_without_permission() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let plain = record(1);
    FileBackend::new(&path).save(&plain).unwrap();
    let bytes = fs::read(&path).unwrap();
    let next = contract::successor(&contract::noted(&plain), Token::new("at-2"));
    let asking = SealedBackend::with_source(FileBackend::new(&path), "2026", |_| Ok(key()));
    for store in [open(&path), asking] {
        assert!(matches!(told(store.load()).0, BackendError::Config(_)));
        assert!(matches!(told(store.probe()).0, BackendError::Config(_)));
        precise(store.save(&next));
    }
    // Even with `accept_plain`, a save writes only a record that replaces the plain record.
    let error = precise(open(&path).accept_plain(true).save(&record(2)));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(open(&path).accept_plain(true).reseal().unwrap());
    assert!(!open(&path).accept_plain(true).reseal().unwrap());
    assert_eq!(open(&path).load().unwrap().unwrap().token(), plain.token());
}

/// A store that records how long callers waited for its lock.
struct Waits(FileBackend, Arc<AtomicUsize>);

impl TokenBackend for Waits {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.1.store(wait.as_secs() as usize, Ordering::Relaxed);
        self.0.lock(wait)
    }
}

#[test]
fn sealing_anew_waits_for_the_lock_and_needs_a_record() {
    let dir = TempDir::new();
    let waited = Arc::new(AtomicUsize::new(0));
    let file = FileBackend::new(dir.join("login.json"));
    let store = SealedBackend::new(Waits(file, Arc::clone(&waited)), key());
    assert!(!store.reseal().unwrap(), "there was nothing to seal");
    assert_eq!(waited.load(Ordering::Relaxed), 10);
}

#[test]
fn a_probe_asks_for_the_key_and_probes_the_store_below() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    fs::write(&path, "").unwrap();
    open(&path).probe().unwrap();
    let away = SealedBackend::with_source(FileBackend::new(&path), "2026", |_| {
        Err(BackendError::Config("there is no such key".to_owned()).into())
    });
    // If the key service returns a `BackendError`, the error stays unchanged.
    assert!(
        matches!(told(away.probe()).0, BackendError::Config(text) if text == "there is no such key")
    );
    open(&path).save(&record(1)).unwrap();
    let without = SealedBackend::new(FileBackend::new(&path), other());
    assert!(told(without.probe()).1.contains(key().name()));
    // A record file with a second name (a hard link) can be read, but a save must not replace it.
    fs::hard_link(&path, dir.join("second.json")).unwrap();
    assert!(told(open(&path).probe()).1.contains("second name"));
}

#[test]
fn a_key_service_is_asked_once_for_each_key() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let store = SealedBackend::with_source(FileBackend::new(&path), "2026", move |name| {
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err("the key service is away".into());
        }
        assert_eq!(name, "2026");
        Ok(SealingKey::from_text(KEY)?)
    });
    assert!(store.load().unwrap().is_none());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let (error, text) = told(store.save(&record(1)));
    assert!(matches!(error, BackendError::Unavailable(_)) && text.contains("2026"), "{text}");
    for _ in 0..3 {
        store.save(&record(1)).unwrap_or(());
        store.load().unwrap().unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_text_that_is_no_key_is_refused_without_being_shown() {
    let dir = TempDir::new();
    let path = dir.join("key");
    for text in ["", "sesame", "c2VzYW1l", &KEY[..40], &format!("{KEY}{KEY}")] {
        let error = SealingKey::from_text(text).unwrap_err().to_string();
        assert!(error.contains("32 random bytes") && !error.contains("c2VzYW1l"), "{error}");
        fs::write(&path, text).unwrap();
        let error = SealingKey::from_file(&path).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()) && !error.contains("c2VzYW1l"), "{error}");
    }
    fs::write(&path, format!("  {KEY}\n")).unwrap();
    assert_eq!(SealingKey::from_file(&path).unwrap().name(), key().name());
    // `>` of Windows PowerShell writes UTF-16.
    let wide: Vec<u8> =
        format!("\u{feff}{KEY}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&path, wide).unwrap();
    assert_eq!(SealingKey::from_file(&path).unwrap().name(), key().name());
    assert!(SealingKey::from_file(dir.path()).unwrap_err().to_string().contains("regular file"));
    assert_ne!(SealingKey::generate().name(), SealingKey::generate().name());
    assert!(!format!("{:?}", key()).contains("v1c7"));
}

#[test]
fn sixteen_processes_on_one_sealed_login_make_one_refresh() {
    let world = World::new(Rotation::StrictFamily);
    let client = world.client_on(open(&world.path), world.clock.clone());
    client.seed(world.sandbox.login()).unwrap();
    let environment = [("CLOCK", "manual"), ("SEAL", KEY)];
    let mut workers: Vec<_> =
        (0..16).map(|_| world.worker_under::<&str>(&[], &environment)).collect();
    for worker in &mut workers {
        assert_eq!(worker.ask("call"), "ok at-1");
    }
    for round in 2..12 {
        world.clock.advance(LIFE);
        for worker in &mut workers {
            assert_eq!(worker.ask(&format!("advance {}", LIFE.as_secs())), "done");
        }
        workers.iter_mut().for_each(|worker| worker.say("call"));
        for worker in &mut workers {
            assert_eq!(worker.hear(), format!("ok at-{round}"));
        }
    }
    assert_eq!(world.refreshes(), 10);
}

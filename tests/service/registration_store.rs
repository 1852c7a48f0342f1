//! Tests of a registration that is kept in a store.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::TokenBackend as _;
use evergrant::clock::ManualClock;
use evergrant::registration::{Registrar, Registration, RegistrationStore};
use evergrant::{Client, Error, FileBackend, MemoryBackend, Token};

use crate::registration::{self, log_in, native, open, provider, registrar, store};
use crate::support::Fake;

#[test]
fn a_program_registers_once() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("example.client.json");
    let open_store = || RegistrationStore::new(FileBackend::new(&file));
    let first = open_store().get_or_register(&registrar(&sandbox), &native()).unwrap();
    for _ in 0..3 {
        let again = open_store().get_or_register(&registrar(&sandbox), &native()).unwrap();
        assert_eq!(again, first);
    }
    assert_eq!(open_store().get().unwrap(), Some(first.clone()));
    assert_eq!(sandbox.counters().registrations, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let target = sandbox.folder().join("elsewhere");
        std::fs::rename(&file, &target).unwrap();
        std::os::unix::fs::symlink(&target, &file).unwrap();
        assert_eq!(open_store().get().unwrap(), Some(first), "a link stays a link");
    }
    let shown = format!("{:?}", open_store());
    assert!(shown.contains("example.client.json"), "{shown}");
}

#[test]
fn a_registration_that_does_not_fit_is_replaced() {
    let clock = Arc::new(ManualClock::new());
    let hour = Duration::from_secs(3600);
    let sandbox = open().clock(clock.clone()).registered_secret_lifetime(hour).start().unwrap();
    let registrar = || registrar(&sandbox).clock(clock.clone());
    let store = store();
    let confidential = native().auth_method("client_secret_basic");
    let first = store.get_or_register(&registrar(), &confidential).unwrap();
    assert!(first.secret_expires_at().is_some());
    clock.advance(hour - Duration::from_secs(700));
    assert_eq!(store.get_or_register(&registrar(), &confidential).unwrap(), first);
    clock.advance(Duration::from_secs(200));
    let second = store.get_or_register(&registrar(), &confidential).unwrap();
    assert_ne!(second.client_id(), first.client_id(), "the secret ends in less than ten minutes");
    let other = confidential.clone().with_redirect_uris(&["http://127.0.0.1:8080/cb"]);
    let third = store.get_or_register(&registrar(), &other).unwrap();
    assert_ne!(third.client_id(), second.client_id(), "another redirect URI");
    assert_eq!(store.get_or_register(&registrar(), &other).unwrap(), third);
    let elsewhere = open().start().unwrap();
    let there = registration::registrar(&elsewhere).clock(clock.clone());
    let fourth = store.get_or_register(&there, &other).unwrap();
    assert_eq!(elsewhere.counters().registrations, 1, "another server");
    assert_eq!(store.get().unwrap(), Some(fourth));
    // A secret that does not exist does not expire.
    let public = store.get_or_register(&registrar(), &native()).unwrap();
    clock.advance(hour * 24);
    assert_eq!(store.get_or_register(&registrar(), &native()).unwrap(), public);
}

#[test]
fn redirect_uris_that_the_server_rewrites_register_once() {
    let server = Fake::json(r#"{"client_id":"a","redirect_uris":["http://127.0.0.1/Callback"]}"#);
    let (store, registrar) = (store(), Registrar::new(server.url()));
    for _ in 0..2 {
        store.get_or_register(&registrar, &native()).unwrap();
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_expired_secret_is_renewed_where_the_server_has_another() {
    let server = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let host = request.split("ost: ").nth(1).unwrap().lines().next().unwrap().to_owned();
            let (secret, expires) = match request.starts_with("GET /c ") {
                true => ("two", 0),
                false => ("one", 1),
            };
            let answer = serde_json::json!({"client_id": "a", "client_secret": secret,
                "client_secret_expires_at": expires, "registration_access_token": "t",
                "registration_client_uri": format!("http://{host}/c")});
            peer.answer("200 OK", "", answer.to_string().as_bytes());
        }
    });
    let (store, registrar) = (store(), Registrar::new(server.url()));
    let first = store.get_or_register(&registrar, &native()).unwrap();
    let second = store.get_or_register(&registrar, &native()).unwrap();
    assert_eq!((first.client_id(), second.client_id()), ("a", "a"));
    assert_eq!(second.client_secret().unwrap().expose(), "two");
    assert_eq!(store.get_or_register(&registrar, &native()).unwrap(), second);
    let sent = server.requests();
    assert_eq!(sent.len(), 2, "one registration, and one question for a new secret");
    assert!(sent[1].contains("Bearer t"), "{}", sent[1]);
}

#[test]
fn a_redirect_uri_that_the_server_added_registers_once() {
    let (one, two) = ("http://127.0.0.1/callback", "http://127.0.0.1/added");
    let server = Fake::json(
        r#"{"client_id":"a","redirect_uris":["http://127.0.0.1/callback","http://127.0.0.1/added"]}"#,
    );
    let (store, registrar) = (store(), Registrar::new(server.url()));
    for uris in [&[one][..], &[one, two]] {
        store.get_or_register(&registrar, &native().with_redirect_uris(uris)).unwrap();
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_stored_registration_is_used_without_the_lock() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("client.json");
    let store = RegistrationStore::new(FileBackend::new(&file));
    let first = store.get_or_register(&registrar(&sandbox), &native()).unwrap();
    let held = FileBackend::new(&file);
    let _guard = held.lock(Duration::ZERO).unwrap();
    assert_eq!(store.get_or_register(&registrar(&sandbox), &native()).unwrap(), first);
}

#[test]
fn a_store_without_a_registration_is_not_a_broken_one() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("client.json");
    let store = RegistrationStore::new(FileBackend::new(&file));
    std::fs::write(&file, "").unwrap();
    store.get_or_register(&registrar(&sandbox), &native()).unwrap();
    std::fs::write(&file, "{\"version\":1").unwrap();
    let error = store.get_or_register(&registrar(&sandbox), &native()).unwrap_err();
    assert_eq!(error.kind(), "backend", "{error}");
    // The store holds a login that no client has used yet.
    let login = MemoryBackend::new();
    login.save(&Token::new("at").into()).unwrap();
    let store = RegistrationStore::new(login);
    assert!(matches!(store.get(), Err(Error::Config(_))));
    assert_eq!(sandbox.counters().registrations, 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_replaced_prevents_a_registration() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("client.json");
    let store = RegistrationStore::new(FileBackend::new(&file));
    store.get_or_register(&registrar(&sandbox), &native()).unwrap();
    std::fs::hard_link(&file, sandbox.folder().join("second-name")).unwrap();
    let other = native().with_redirect_uris(&["http://127.0.0.1:8080/cb"]);
    let error = store.get_or_register(&registrar(&sandbox), &other).unwrap_err();
    assert_eq!(error.kind(), "backend", "{error}");
    assert_eq!(sandbox.counters().registrations, 1, "nobody registered for nothing");
}

#[test]
fn a_deleted_registration_is_named_as_the_reason() {
    let sandbox = open().start().unwrap();
    let (store, registrar) = (store(), registrar(&sandbox));
    let registration = store.get_or_register(&registrar, &native()).unwrap();
    let provider = provider(&sandbox, &registration);
    let client = Client::new(provider, registration.credentials(), MemoryBackend::new());
    log_in(&sandbox, &client, &[]).unwrap();
    registrar.delete(&registration).unwrap();
    let error = client.refresh().unwrap_err().to_string();
    assert!(error.contains("invalid_client"), "{error}");
    assert!(error.contains("may have deleted the registration"), "{error}");
    store.clear().unwrap();
    let next = store.get_or_register(&registrar, &native()).unwrap();
    assert_ne!(next.client_id(), registration.client_id());
}

#[test]
fn a_store_that_holds_a_login_is_left_alone() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("login.json");
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&file));
    client.seed(sandbox.login()).unwrap();
    let store = RegistrationStore::new(FileBackend::new(&file));
    let before = std::fs::read(&file).unwrap();
    for error in [
        store.get_or_register(&registrar(&sandbox), &native()).unwrap_err(),
        store.get().unwrap_err(),
        store.clear().unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Config(text) if text.contains("holds a login")), "{error}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(sandbox.counters().registrations, 0);
    // A store with a registration does not accept a login either.
    let other = sandbox.folder().join("client.json");
    let store = RegistrationStore::new(FileBackend::new(&other));
    store.get_or_register(&registrar(&sandbox), &native()).unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&other));
    assert!(matches!(client.access_token(), Err(Error::Config(_))));
    assert!(matches!(client.authorize(&[]), Err(Error::Config(_))));
}

#[test]
fn an_updated_registration_is_kept() {
    let sandbox = open().start().unwrap();
    let (store, registrar) = (store(), registrar(&sandbox));
    let first = store.get_or_register(&registrar, &native()).unwrap();
    let metadata = first.metadata().clone().member("client_name", "New");
    let second = registrar.update(&first, &metadata).unwrap();
    store.put(&registrar, &second).unwrap();
    assert_eq!(store.get_or_register(&registrar, &native()).unwrap(), second);
    assert_eq!(sandbox.counters().registrations, 1);
}

#[test]
fn a_store_that_cannot_be_written_prevents_a_registration() {
    let sandbox = open().start().unwrap();
    let folder = sandbox.folder().join("missing");
    let store = RegistrationStore::new(FileBackend::new(folder.join("a.json")));
    let error = store.get_or_register(&registrar(&sandbox), &native()).unwrap_err();
    assert_eq!(error.kind(), "backend", "{error}");
    let file = sandbox.folder().join("held.json");
    let held = FileBackend::new(&file);
    let _guard = held.lock(Duration::ZERO).unwrap();
    let clock = Arc::new(ManualClock::new());
    let waits = FileBackend::new(&file).with_clock(clock.clone());
    let store = RegistrationStore::new(waits);
    let error = store.get_or_register(&registrar(&sandbox).clock(clock), &native()).unwrap_err();
    assert!(matches!(&error, Error::Busy(busy) if busy.waited.as_secs() == 45), "{error:?}");
    assert_eq!(sandbox.counters().registrations, 0);
}

/// The variable with the server's address and the file, for [`a_process_registers_where_it_is_told`].
const PLACE: &str = "EVERGRANT_TEST_REGISTRATION";

/// Does nothing, except in the processes of [`sixteen_processes_register_one_client`].
#[test]
fn a_process_registers_where_it_is_told() {
    let Some(place) = std::env::var(PLACE).ok() else { return };
    let (endpoint, file) = place.split_once(' ').unwrap();
    let store = RegistrationStore::new(FileBackend::new(file));
    let registration = store.get_or_register(&Registrar::new(endpoint), &native()).unwrap();
    println!("registered as <{}>", registration.client_id());
}

#[test]
fn sixteen_processes_register_one_client() {
    let sandbox = open().start().unwrap();
    let file = sandbox.folder().join("client.json");
    let place = format!("{}/register {}", sandbox.url(), file.display());
    let start = |_| {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "registration_store::a_process_registers_where_it_is_told",
                "--nocapture",
            ])
            .env(PLACE, &place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let started: Vec<_> = (0..16).map(start).collect();
    let mut ids: Vec<String> = started
        .into_iter()
        .map(|process| {
            let said = String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap();
            let id = said.split_once("registered as <").and_then(|(_, id)| id.split('>').next());
            id.unwrap_or_else(|| panic!("{said}")).to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 16);
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(sandbox.counters().registrations, 1);
}

#[test]
fn a_secret_that_cannot_be_renewed_now_keeps_the_client() {
    let server = Fake::start(|peer| {
        while let Some(request) = peer.request() {
            let host = request.split("ost: ").nth(1).unwrap().lines().next().unwrap().to_owned();
            if request.starts_with("GET /c ") {
                peer.answer("503 Service Unavailable", "", b"");
                continue;
            }
            let answer = serde_json::json!({"client_id": "a", "client_secret": "one",
                "client_secret_expires_at": 1, "registration_access_token": "t",
                "registration_client_uri": format!("http://{host}/c")});
            peer.answer("201 Created", "", answer.to_string().as_bytes());
        }
    });
    let (store, registrar) = (store(), Registrar::new(server.url()));
    let first = store.get_or_register(&registrar, &native()).unwrap();
    let error = store.get_or_register(&registrar, &native()).unwrap_err();
    assert!(error.to_string().contains("503"), "{error}");
    assert_eq!(store.get().unwrap().unwrap(), first);
    let registered = server.requests().iter().filter(|r| r.starts_with("POST ")).count();
    assert_eq!(registered, 1, "a new client would end the logins of this one");
}

#[test]
fn credentials_keep_a_redirect_uri_without_a_port() {
    for uri in ["http://localhost/cb", "http://[::1]/cb", "http://127.0.0.1:80/cb"] {
        let members = serde_json::json!({"client_id": "a", "redirect_uris": [uri]});
        let registration: Registration = serde_json::from_value(members).unwrap();
        assert_eq!(registration.credentials().redirect_uri(), Some(uri));
    }
}

/// A store whose disk is full for a while.
#[derive(Default)]
struct Full(MemoryBackend, std::sync::atomic::AtomicBool);

impl evergrant::TokenBackend for Full {
    fn load(&self) -> Result<Option<evergrant::backend::Record>, evergrant::BoxError> {
        self.0.load()
    }

    fn save(&self, record: &evergrant::backend::Record) -> Result<(), evergrant::BoxError> {
        if self.1.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return self.0.save(record);
        }
        Err("the disk is full".into())
    }

    fn clear(&self) -> Result<(), evergrant::BoxError> {
        self.0.clear()
    }
}

#[test]
fn a_registration_that_is_being_moved_is_not_used() {
    let sandbox = open().start().unwrap();
    let (old, new) = (MemoryBackend::new(), Full::default());
    let store = RegistrationStore::new(old.clone());
    let first = store.get_or_register(&registrar(&sandbox), &native()).unwrap();
    // The move fails halfway.
    assert!(evergrant::backend::move_login(&old, &new).is_err());
    for result in [
        store.get().map(|_| ()),
        store.get_or_register(&registrar(&sandbox), &native()).map(|_| ()),
        store.put(&registrar(&sandbox), &first),
        store.clear(),
    ] {
        assert!(matches!(&result, Err(Error::Config(text)) if text.contains("move")), "{result:?}");
    }
    assert!(evergrant::backend::move_login(&old, &new).unwrap());
    assert_eq!(RegistrationStore::new(new.0).get().unwrap(), Some(first.clone()));
    assert_eq!(store.get().unwrap(), None);
    assert_eq!(sandbox.counters().registrations, 1);
}

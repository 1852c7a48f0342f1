//! Tests of clients that register by themselves (RFC 7591, RFC 7592).

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::TokenBackend as _;
use evergrant::clock::ManualClock;
use evergrant::discovery::Discovery;
use evergrant::provider::ClientAuth;
use evergrant::registration::{ClientMetadata, Form, Registrar, Registration, RegistrationStore};
use evergrant::sandbox::{Sandbox, SandboxBuilder};
use evergrant::{Client, Error, FileBackend, MemoryBackend, Provider};

use crate::support::Fake;

fn open() -> SandboxBuilder {
    Sandbox::builder().registration(true).pkce_required(true)
}

fn registrar(sandbox: &Sandbox) -> Registrar {
    Registrar::of(&Discovery::new(sandbox.url()).metadata().unwrap()).unwrap()
}

fn native() -> ClientMetadata {
    ClientMetadata::native("Test")
}

fn store() -> RegistrationStore {
    RegistrationStore::new(MemoryBackend::new())
}

fn provider(sandbox: &Sandbox, registration: &Registration) -> Provider {
    let provider = Discovery::new(sandbox.url()).metadata().unwrap().provider().unwrap();
    let provider = provider.client_auth(registration.client_auth().unwrap());
    provider.registered_client(true).api_base(format!("{}/api", sandbox.url())).build().unwrap()
}

/// Logs a person in: the browser opens the callback at once.
pub(crate) fn log_in(sandbox: &Sandbox, client: &Client, scopes: &[&str]) -> evergrant::Result<()> {
    std::thread::scope(|scope| {
        client.authorize_interactive(scopes, |url| {
            let url = url.to_owned();
            let browser = ureq::Agent::config_builder().proxy(None).build().new_agent();
            scope.spawn(move || browser.get(sandbox.approve(&url).unwrap()).call());
        })
    })
}

fn code(error: Error) -> String {
    match error {
        Error::OAuth(error) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_registered_client_logs_in_and_refreshes() {
    let sandbox = open().start().unwrap();
    for (method, auth) in [
        ("none", ClientAuth::None),
        ("client_secret_basic", ClientAuth::Basic),
        ("client_secret_post", ClientAuth::Body),
    ] {
        let metadata = native().auth_method(method).scope(&["read"]);
        let registration = registrar(&sandbox).register(&metadata).unwrap();
        assert_eq!(registration.client_secret().is_some(), method != "none");
        assert_eq!(registration.client_auth().unwrap(), auth);
        assert_eq!(registration.metadata().text("scope"), Some("read"));
        assert!(registration.issued_at().is_some() && registration.secret_expires_at().is_none());
        let provider = provider(&sandbox, &registration);
        let client = Client::new(provider, registration.credentials(), MemoryBackend::new());
        log_in(&sandbox, &client, &["read"]).unwrap();
        client.refresh().unwrap();
        let me: serde_json::Value = client.get("/me").read_json().unwrap();
        assert_eq!(me["login"], "ada", "{method}");
    }
    assert_eq!(sandbox.counters().registrations, 3);
}

#[test]
fn a_registration_is_read_changed_and_deleted() {
    let sandbox = open().start().unwrap();
    let registrar = registrar(&sandbox);
    let first = registrar.register(&native().auth_method("client_secret_basic")).unwrap();
    assert_eq!(registrar.read(&first).unwrap(), first);
    let metadata = first.metadata().clone().member("client_name", "New name");
    let second = registrar.update(&first, &metadata).unwrap();
    assert_eq!(second.metadata().text("client_name"), Some("New name"));
    assert_eq!(second.client_id(), first.client_id());
    assert_eq!(second.client_secret(), first.client_secret());
    assert_ne!(second.access_token(), first.access_token(), "the token has changed");
    assert_eq!(code(registrar.read(&first).unwrap_err()), "invalid_token");
    assert_eq!(registrar.read(&second).unwrap(), second);
    registrar.delete(&second).unwrap();
    assert_eq!(code(registrar.delete(&second).unwrap_err()), "invalid_token");
    assert_eq!(code(registrar.read(&second).unwrap_err()), "invalid_token");
}

#[test]
fn a_refusal_of_the_registration_names_its_reason() {
    let sandbox = open().initial_access_token("sesame-1").start().unwrap();
    let with_token = || registrar(&sandbox).initial_access_token("sesame-1");
    for (metadata, expected) in [
        (native().with_redirect_uris(&["http://app.example/cb"]), "invalid_redirect_uri"),
        (native().with_redirect_uris(&[]), "invalid_redirect_uri"),
        (native().auth_method("tls_client_auth"), "invalid_client_metadata"),
        (native().response_types(&[]), "invalid_client_metadata"),
        (native().software_statement("sesame"), "invalid_software_statement"),
        (native().software_statement("a.b.c"), "unapproved_software_statement"),
    ] {
        assert_eq!(code(with_token().register(&metadata).unwrap_err()), expected);
    }
    for registrar in [registrar(&sandbox), registrar(&sandbox).initial_access_token("sesame-2")] {
        let error = registrar.register(&native()).unwrap_err();
        let shown = format!("{error} {error:?} {registrar:?}");
        assert!(!shown.contains("sesame"), "{shown}");
        assert_eq!(code(error), "invalid_token");
    }
    let store = store();
    assert!(store.get_or_register(&registrar(&sandbox), &native()).is_err());
    assert_eq!(store.get().unwrap(), None, "a refusal stores nothing");
    assert!(with_token().register(&native().software("s-1", "2")).is_ok());
    assert_eq!(sandbox.counters().registrations, 1);
}

#[test]
fn a_server_without_registration_is_a_config_error() {
    let sandbox = Sandbox::start().unwrap();
    let metadata = Discovery::new(sandbox.url()).metadata().unwrap();
    let error = Registrar::of(&metadata).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert!(error.to_string().contains("by hand"), "{error}");
    for endpoint in ["http://as.example/register", "register", "ftp://as.example/"] {
        let error = Registrar::new(endpoint).register(&native()).unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{endpoint}: {error}");
    }
    let private = Registrar::new("https://10.0.0.1/register").public_only();
    let error = private.register(&native()).unwrap_err();
    assert!(error.to_string().contains("10.0.0.1"), "{error}");
}

#[test]
fn an_answer_that_cannot_be_used_is_an_error() {
    for (status, headers, body, kind) in [
        ("302 Found", "Location: https://a.example/\r\n", "", "decode"),
        ("200 OK", "Content-Type: text/html\r\n", "<html>log in</html>", "decode"),
        ("201 Created", "", r#"{"client_secret":"sesame"}"#, "decode"),
        ("429 Too Many Requests", "Retry-After: 7\r\n", "", "rate_limited"),
        ("503 Service Unavailable", "", "", "oauth"),
        ("403 Forbidden", "", "no", "oauth"),
    ] {
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, headers, body.as_bytes());
            }
        });
        let error = Registrar::new(server.url()).register(&native()).unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert!(!format!("{error} {error:?}").contains("sesame"));
        assert_eq!(server.requests().len(), 1, "sent once");
    }
    let error = Registrar::new("http://127.0.0.1:1/register").register(&native()).unwrap_err();
    assert_eq!(error.kind(), "transport");
}

#[test]
fn mastodons_own_registration_is_found_and_used() {
    let answer = r#"{"id":"1","name":"Test","client_id":"mastodon-1","client_secret":"sesame",
        "client_secret_expires_at":0,"redirect_uri":"http://127.0.0.1/callback"}"#;
    let server = Fake::json(answer);
    let metadata = serde_json::json!({
        "fetched_at": "2026-11-20T21:00:00Z",
        "members": {
            "issuer": server.url(),
            "token_endpoint": format!("{}/oauth/token", server.url()),
            "app_registration_endpoint": format!("{}/api/v1/apps", server.url()),
        },
    });
    let registrar = Registrar::of(&serde_json::from_value(metadata).unwrap()).unwrap();
    let registration = registrar.register(&native().scope(&["read"])).unwrap();
    assert_eq!(registration.client_id(), "mastodon-1");
    assert_eq!(registration.client_auth().unwrap(), ClientAuth::Basic);
    let sent = server.requests().remove(0);
    assert!(sent.starts_with("POST /api/v1/apps "), "{sent}");
    assert!(sent.ends_with("&scopes=read") && sent.contains("client_name=Test&"), "{sent}");
    assert!(matches!(registrar.read(&registration), Err(Error::Config(_))));
    let own = Registrar::new(server.url()).form(Form::Mastodon).register(&native()).unwrap();
    assert_eq!(own.metadata().redirect_uris(), ["http://127.0.0.1/callback"]);
}

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
    let fourth = store.get_or_register(&self::registrar(&elsewhere), &other).unwrap();
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
    // And no login is kept where a registration is.
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

/// Where [`a_process_registers_where_it_is_told`] registers, and where it keeps the registration.
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
            .args(["--exact", "registration::a_process_registers_where_it_is_told", "--nocapture"])
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

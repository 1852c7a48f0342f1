//! Tests of clients that register by themselves (RFC 7591, RFC 7592).

use evergrant::discovery::Discovery;
use evergrant::provider::ClientAuth;
use evergrant::registration::{ClientMetadata, Form, Registrar, Registration, RegistrationStore};
use evergrant::sandbox::{Sandbox, SandboxBuilder};
use evergrant::{Client, Error, MemoryBackend, Provider};

use crate::support::Fake;

pub(crate) fn open() -> SandboxBuilder {
    Sandbox::builder().registration(true).pkce_required(true)
}

pub(crate) fn registrar(sandbox: &Sandbox) -> Registrar {
    Registrar::of(&Discovery::new(sandbox.url()).metadata().unwrap()).unwrap()
}

pub(crate) fn native() -> ClientMetadata {
    ClientMetadata::native("Test")
}

pub(crate) fn store() -> RegistrationStore {
    RegistrationStore::new(MemoryBackend::new())
}

pub(crate) fn provider(sandbox: &Sandbox, registration: &Registration) -> Provider {
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
    let none = sandbox.counters().connections;
    let strict = Registrar::new(format!("{}/register", sandbox.url()));
    let error = strict.http(|config| config.https_only(true)).register(&native()).unwrap_err();
    assert_eq!(error.kind(), "transport", "{error}");
    assert_eq!(sandbox.counters().connections, none);
}

#[test]
fn no_request_goes_to_a_private_address_where_asked() {
    let stored = r#"{"client_id":"a","registration_access_token":"t","registration_client_uri":"https://10.0.0.1/c"}"#;
    let stored: Registration = serde_json::from_str(stored).unwrap();
    let registrar = || Registrar::new("https://10.0.0.1/register").public_only();
    for error in [
        registrar().register(&native()).unwrap_err(),
        registrar().read(&stored).unwrap_err(),
        registrar().update(&stored, &native()).unwrap_err(),
        registrar().delete(&stored).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Config(text) if text.contains("10.0.0.1")), "{error}");
    }
    for address in ["http://a.example/c", "ftp://127.0.0.1/c", "https://a.example/ c"] {
        let text = format!(r#"{{"client_id":"a","registration_client_uri":"{address}"}}"#);
        assert!(serde_json::from_str::<Registration>(&text).is_err(), "{address}");
    }
}

#[test]
fn an_answer_about_another_client_or_with_a_secret_is_not_used() {
    let answered = |status: &'static str, body: &'static str| {
        Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer(status, "", body.as_bytes());
            }
        })
    };
    let at = |server: &Fake| -> Registration {
        let (id, url) = ("a", format!("{}/c", server.url()));
        let stored = serde_json::json!({"client_id": id, "client_secret": "sesame-1",
            "registration_access_token": "sesame-2", "registration_client_uri": url});
        serde_json::from_value(stored).unwrap()
    };
    let other = answered("200 OK", r#"{"client_id":"b"}"#);
    let registrar = Registrar::new(other.url());
    assert_eq!(registrar.read(&at(&other)).unwrap_err().kind(), "decode");
    assert_eq!(registrar.update(&at(&other), &native()).unwrap_err().kind(), "decode");
    let short = answered("200 OK", r#"{"client_id":"a"}"#);
    let updated = Registrar::new(short.url()).update(&at(&short), &native()).unwrap();
    assert_eq!(updated.metadata().redirect_uris(), ["http://127.0.0.1/callback"]);
    assert_eq!(updated.client_secret().unwrap().expose(), "sesame-1");
    let echo = r#"{"error":"invalid_token","error_description":"sesame-1 sesame-2"}"#;
    let echo = answered("401 Unauthorized", echo);
    let registrar = Registrar::new(echo.url());
    for error in [
        registrar.read(&at(&echo)).unwrap_err(),
        registrar.update(&at(&echo), &native()).unwrap_err(),
        registrar.delete(&at(&echo)).unwrap_err(),
    ] {
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("invalid_token") && !shown.contains("sesame"), "{shown}");
    }
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

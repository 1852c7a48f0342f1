//! Tests of clients that register by themselves at `oidc-provider`, and of a login that begins with the
//! address of an API that uses this server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant::discovery::{Connect, Discovery};
use evergrant::provider::Rotation;
use evergrant::registration::{ClientMetadata, Registrar, RegistrationStore};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Error, FileBackend, MemoryBackend};
use serde_json::{Value, json};

use crate::oidc_provider;
use crate::person::{Person, Place};
use crate::server::{REDIRECT_URI, Server};

fn metadata() -> ClientMetadata {
    ClientMetadata::native("Test").with_redirect_uris(&[REDIRECT_URI])
}

fn log_in(client: &Client, scopes: &[&str]) {
    let asked = client.authorize_with(scopes, &[("prompt", "consent")]).expect("an authorization");
    match Person::new(REDIRECT_URI).walk(asked.url()) {
        Place::Callback(callback) => client.exchange(asked, &callback).expect("a login"),
        Place::Page { url, body, .. } => panic!("no form at {url}: {body}"),
    };
}

fn code(error: Error) -> String {
    match error {
        Error::OAuth(error) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_registers_logs_in_and_leaves() {
    let Some(server) = oidc_provider::start(60) else { return };
    let found = Discovery::new(server.issuer()).metadata().unwrap();
    let registrar = Registrar::of(&found).unwrap();
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let registration = registrar.register(&metadata().auth_method(method)).unwrap();
        assert_eq!(registration.client_secret().is_some(), method != "none", "{method}");
        let provider = found.provider().unwrap().rotation(Rotation::StrictFamily);
        let provider = provider
            .client_auth(registration.client_auth().unwrap())
            .registered_client(true)
            .api_base(&server.url);
        let credentials = registration.credentials();
        let client = Client::new(provider.build().unwrap(), credentials, MemoryBackend::new());
        log_in(&client, &["openid", "offline_access"]);
        assert!(server.knows_alice(&client), "{method}");
        client.refresh().unwrap_or_else(|error| panic!("{method}: {error}"));
        let read = registrar.read(&registration).unwrap();
        assert_eq!(read.client_id(), registration.client_id());
        let named = read.metadata().clone().member("client_name", "Another name");
        let changed = registrar.update(&read, &named).unwrap();
        assert_eq!(changed.metadata().text("client_name"), Some("Another name"));
        assert_ne!(changed.access_token(), read.access_token(), "the server rotates the token");
        client.refresh().unwrap_or_else(|error| panic!("{method}: {error}"));
        registrar.delete(&changed).unwrap();
        assert_eq!(code(registrar.read(&changed).unwrap_err()), "invalid_token");
        let error = client.refresh().unwrap_err().to_string();
        assert!(error.contains("may have deleted the registration"), "{method}: {error}");
    }
}

#[test]
fn a_registration_that_the_server_refuses_has_its_code() {
    let Some(server) = oidc_provider::start(60) else { return };
    let found = Discovery::new(server.issuer()).metadata().unwrap();
    let registrar = Registrar::of(&found).unwrap();
    for (wrong, expected) in [
        (metadata().with_redirect_uris(&["http://app.example/cb"]), "invalid_redirect_uri"),
        (metadata().auth_method("a_way_of_2031"), "invalid_client_metadata"),
    ] {
        assert_eq!(code(registrar.register(&wrong).unwrap_err()), expected);
    }
}

/// An API whose authorization server is `oidc-provider`.
fn api(server: &Server) -> Sandbox {
    let api = Sandbox::start().unwrap();
    let resource = format!("{}/mcp", api.url());
    let challenge = format!(
        "Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\", scope=\"api:read\"",
        api.url()
    );
    let document = json!({"resource": resource, "authorization_servers": [server.issuer()]});
    api.on_open("GET", "/.well-known/oauth-protected-resource/mcp", move |_| {
        ApiReply::json(200, document.clone())
    });
    api.on_open("GET", "/mcp", move |request| match request.header("authorization") {
        Some(header) => {
            // The payload of the JWT. A real API verifies the signature.
            let payload =
                header.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
            let claims: Value =
                serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default();
            ApiReply::json(200, claims)
        }
        None => ApiReply::json(401, ()).with_header("WWW-Authenticate", &challenge),
    });
    api
}

#[test]
fn an_api_address_leads_to_a_login_for_that_api() {
    let Some(server) = oidc_provider::start(60) else { return };
    let api = api(&server);
    let address = format!("{}/mcp", api.url());
    let connect = || {
        let store = RegistrationStore::new(FileBackend::new(server.file("client.json")));
        Connect::to(&address).register(store, metadata()).discover().unwrap()
    };
    let connection = connect();
    assert_eq!(connection.scopes(), ["api:read"]);
    let client = connection.client(FileBackend::new(server.file("login"))).build();
    log_in(&client, &["openid", "offline_access", "api:read"]);
    for _ in 0..2 {
        let claims: Value = client.get(&address).read_json().unwrap();
        assert_eq!(claims["aud"], address, "{claims}");
        assert_eq!((&claims["scope"], &claims["sub"]), (&"api:read".into(), &"alice".into()));
        client.refresh().unwrap();
    }
    let again = connect();
    let (first, second) = (connection.registration().unwrap(), again.registration().unwrap());
    assert_eq!(first, second, "registered once");
    again.client(FileBackend::new(server.file("login"))).build().refresh().unwrap();
}

//! Tests of a login that begins with the address of an API, at whose authorization server the program
//! registers itself.

use evergrant::MemoryBackend;
use evergrant::discovery::Connect;
use evergrant::registration::{ClientMetadata, Registrar, RegistrationStore};
use evergrant::sandbox::{ApiReply, Sandbox};
use serde_json::{Value, json};

use crate::registration::log_in;
use crate::resource::{api, published};
use crate::support::sandbox;

#[test]
fn an_address_is_enough_for_a_login() {
    let sandbox = published();
    let file = |name| evergrant::FileBackend::new(sandbox.folder().join(name));
    let connect = || {
        let store = RegistrationStore::new(file("mcp.client.json"));
        let connect = Connect::to(api(&sandbox));
        connect.register(store, ClientMetadata::native("Test")).discover().unwrap()
    };
    let connection = connect();
    let registration = connection.registration().unwrap();
    assert_eq!(registration.metadata().text("token_endpoint_auth_method"), Some("none"));
    let client = connection.client(file("mcp.json")).build();
    log_in(&sandbox, &client, &connection.scopes()).unwrap();
    client.refresh().unwrap();
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    // The next run finds the registration and the login.
    let again = connect().client(file("mcp.json")).build();
    again.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.registrations, counters.code_exchanges), (1, 1));
    // The server forgets the client.
    let registrar = Registrar::of(connection.authorization_server()).unwrap();
    registrar.delete(registration).unwrap();
    let error = again.refresh().unwrap_err().to_string();
    assert!(error.contains("may have deleted the registration"), "{error}");
    let shown = format!("{connection:?} {:?}", Connect::to("https://a:sesame@b.example/?k=sesame"));
    assert!(shown.contains("/api") && !shown.contains("sesame"), "{shown}");
}

#[cfg(feature = "dpop")]
#[test]
fn an_api_that_takes_only_bound_tokens_gets_them() {
    let sandbox = Sandbox::builder().resource_metadata(true).dpop_required(true).dpop_nonces(2);
    let sandbox = sandbox.start().unwrap();
    let connection =
        Connect::to(api(&sandbox)).credentials(sandbox.credentials()).discover().unwrap();
    let client = connection.client(MemoryBackend::new()).build();
    log_in(&sandbox, &client, &connection.scopes()).unwrap();
    for _ in 0..3 {
        client.refresh().unwrap();
        client.get("/me").call().unwrap();
    }
    assert_eq!(client.token().unwrap().token_type(), "DPoP");
    // A server that accepts no proof with ES256.
    let other = crate::support::sandbox();
    let url = other.url();
    crate::resource::serve(
        &other,
        "/api",
        json!({"resource": api(&other),
        "authorization_servers": [url], "dpop_bound_access_tokens_required": true}),
    );
    let document = json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "dpop_signing_alg_values_supported": ["EdDSA"]});
    for path in ["openid-configuration", "oauth-authorization-server"] {
        let document = document.clone();
        other.on_open("GET", &format!("/.well-known/{path}"), move |_| {
            ApiReply::json(200, document.clone())
        });
    }
    let error = Connect::to(api(&other)).credentials(other.credentials()).discover().unwrap_err();
    assert!(error.to_string().contains("ES256"), "{error}");
}

#[test]
fn an_instance_of_mastodon_needs_only_its_address() {
    let sandbox = sandbox();
    let url = sandbox.url().to_owned();
    // As docs.joinmastodon.org describes: a slash at the end of the issuer, and Mastodon's own
    // registration protocol.
    let document = json!({
        "issuer": format!("{url}/"),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "app_registration_endpoint": format!("{url}/api/v1/apps"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    for path in ["openid-configuration", "oauth-authorization-server"] {
        let document = document.clone();
        sandbox.on_open("GET", &format!("/.well-known/{path}"), move |_| {
            ApiReply::json(200, document.clone())
        });
    }
    sandbox.on_open("POST", "/api/v1/apps", |request| {
        let form: Vec<_> = url::form_urlencoded::parse(&request.body).collect();
        let value = |wanted: &str| form.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
        assert_eq!((value("client_name"), value("scopes")), ("Test".into(), "read".into()));
        let (id, secret) = ("sandbox-client", "sandbox-secret");
        let uri = value("redirect_uris");
        ApiReply::json(200, json!({"id": "1", "name": "Test", "client_id": id, "client_secret": secret,
            "redirect_uri": uri, "redirect_uris": [uri], "scopes": ["read"], "client_secret_expires_at": 0}))
    });
    let connection = Connect::to(sandbox.url())
        .with_scopes(&["read"])
        .register(RegistrationStore::new(MemoryBackend::new()), ClientMetadata::native("Test"))
        .discover()
        .unwrap();
    let client = connection.client(MemoryBackend::new()).build();
    log_in(&sandbox, &client, &connection.scopes()).unwrap();
    let me: Value = client.get("/api/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    client.revoke().unwrap();
}

#[test]
fn the_registration_asks_for_a_method_that_the_server_lists() {
    for (listed, expected) in [
        (json!(["client_secret_post"]), "client_secret_post"),
        (json!(["client_secret_post", "client_secret_basic"]), "client_secret_basic"),
        (json!(["client_secret_basic", "none"]), "none"),
        (json!(["private_key_jwt"]), "none"),
    ] {
        let sandbox = published();
        let url = sandbox.url().to_owned();
        let mut document = json!({
            "issuer": url,
            "token_endpoint": format!("{url}/token"),
            "registration_endpoint": format!("{url}/register"),
        });
        document["token_endpoint_auth_methods_supported"] = listed.clone();
        sandbox.on_open("GET", "/.well-known/openid-configuration", move |_| {
            ApiReply::json(200, document.clone())
        });
        let store = RegistrationStore::new(MemoryBackend::new());
        let connect = Connect::to(api(&sandbox)).with_scopes(&["read"]);
        let connect = connect.register(store.clone(), ClientMetadata::native("Test"));
        // A build without `jwt` does not have the last method.
        let Ok(connection) = connect.discover() else { continue };
        let metadata = connection.registration().unwrap().metadata().clone();
        assert_eq!(metadata.text("token_endpoint_auth_method"), Some(expected), "{listed}");
        assert_eq!(metadata.text("scope"), Some("read"));
    }
}

#[test]
fn what_the_program_says_about_itself_is_kept() {
    let sandbox = published();
    let metadata = ClientMetadata::new("Test").with_redirect_uris(&["http://127.0.0.1/callback"]);
    let connection = Connect::to(api(&sandbox))
        .with_scopes(&["read"])
        .register(RegistrationStore::new(MemoryBackend::new()), metadata.scope(&["write"]))
        .discover()
        .unwrap();
    let registered = connection.registration().unwrap();
    assert_eq!(registered.metadata().text("scope"), Some("write"));
    assert!(registered.client_secret().is_some(), "the default of the standard");
    assert_eq!(connection.scopes(), ["read"]);
}

#[test]
fn a_registration_needs_its_initial_token_here_too() {
    let builder = Sandbox::builder().registration(true).initial_access_token("sesame");
    let sandbox = builder.start().unwrap();
    let connect = || {
        let store = RegistrationStore::new(MemoryBackend::new());
        Connect::to(api(&sandbox)).register(store, ClientMetadata::native("Test"))
    };
    assert_eq!(connect().discover().unwrap_err().kind(), "oauth");
    let connect = connect().initial_access_token("sesame");
    assert!(!format!("{connect:?}").contains("sesame"));
    connect.discover().unwrap();
}

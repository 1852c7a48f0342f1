//! Tests of authorization requests that the client signs (RFC 9101) with real servers.

use evergrant::provider::{ClientAuth, ProviderBuilder, PushedRequests};
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider};
use url::Url;

use crate::keys::{APPS, key};
use crate::oidc_provider;
use crate::person::{Person, Place};
use crate::server::{App, BASIC, REDIRECT_URI, Server};

/// Starts `oidc-provider`, which accepts no other login in these tests.
fn strict(more: &[(&str, &str)]) -> Option<Server> {
    oidc_provider::start_with(60, &[&[("JAR", "1")], more].concat())
}

fn signs(id: &'static str) -> App {
    App(id, "", ClientAuth::PrivateKeyJwt)
}

fn client(server: &Server, app: App, provider: ProviderBuilder) -> Client {
    let provider = server.kind.signs_for(provider.signed_requests(true), server);
    let credentials = Credentials::signed(app.0, key(app.0)).with_redirect_uri(REDIRECT_URI);
    Client::new(provider.build().unwrap(), credentials, MemoryBackend::new())
}

fn names(url: &str) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

#[test]
fn a_signed_request_logs_in_with_every_kind_of_key() {
    let Some(server) = strict(&[]) else { return };
    for (id, ..) in APPS {
        let client = client(&server, signs(id), server.provider(signs(id)));
        let login = client.authorize(server.kind.scopes()).unwrap();
        assert_eq!(names(login.url()), ["client_id", "response_type", "scope", "request"], "{id}");
        server.log_in(&client, signs(id));
        assert!(server.knows_alice(&client), "{id}");
        client.refresh().unwrap_or_else(|error| panic!("{id}: {error}"));
    }
}

#[test]
fn parameters_inside_a_signed_request_are_obeyed() {
    let Some(server) = strict(&[]) else { return };
    let app = signs("signs-es256");
    let client = client(&server, app, server.provider(app));
    let extra = [
        ("max_age", "3600"),
        ("claims", r#"{"id_token":{"email":null}}"#),
        ("response_mode", "form_post"),
        ("resource", "https://api.example/v1"),
    ];
    let login = client.authorize_with(&["openid", "api:read"], &extra).unwrap();
    let Place::Callback(body) = Person::new(REDIRECT_URI).walk(login.url()) else {
        panic!("the browser does not return to the redirect URI");
    };
    assert!(body.contains("code=") && !body.contains(REDIRECT_URI), "a form: {body}");
    let token = client.exchange(login, &body).unwrap();
    let claims = token.unverified_claims().unwrap().unwrap();
    assert_eq!(claims.email().map(|(email, _)| email), Some("alice@example.test"));
    assert!(claims.get("auth_time").is_some(), "max_age asks for it");
}

#[test]
fn a_signed_request_is_pushed() {
    for more in [&[("PAR", "1")][..], &[]] {
        let Some(server) = strict(more) else { return };
        let app = signs("signs-ps256");
        let pushed = server.provider(app).pushed_requests(PushedRequests::Required);
        let pushed =
            pushed.pushed_authorization_request_endpoint(format!("{}/request", server.url));
        let client = client(&server, app, pushed);
        let login = client.authorize(server.kind.scopes()).unwrap();
        assert_eq!(names(login.url()), ["client_id", "request_uri"]);
        server.log_in(&client, app);
        assert!(server.knows_alice(&client));
    }
}

#[test]
fn a_client_with_a_secret_signs_its_request_with_a_key() {
    let Some(server) = strict(&[]) else { return };
    let app = App("secret-and-key", "s3cret", ClientAuth::Basic);
    let provider = server.provider(app).signed_requests(true).build().unwrap();
    let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
    let credentials = credentials.with_request_signer(key("signs-es256"));
    let client = Client::new(provider, credentials, MemoryBackend::new());
    server.log_in(&client, app);
    assert!(server.knows_alice(&client));
    client.refresh().unwrap();
}

#[test]
fn a_client_signs_its_request_with_its_secret() {
    let Some(server) = strict(&[]) else { return };
    let app = App("csjwt", "a-shared-secret-of-32-bytes-or-more!", ClientAuth::SecretJwt);
    let provider = server.provider(app).signed_requests(true).build().unwrap();
    let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
    let client = Client::new(provider, credentials, MemoryBackend::new());
    server.log_in(&client, app);
    assert!(server.knows_alice(&client));
}

#[test]
fn metadata_alone_leads_to_a_signed_request() {
    let Some(server) = strict(&[]) else { return };
    let provider = Provider::discover(&server.issuer()).unwrap();
    let provider = provider.api_base(&server.url).authorize_param("prompt", "consent");
    let keyless = provider.clone().build().unwrap();
    assert!(keyless.authorization_rules().signed_requests);
    let credentials = Credentials::new(BASIC.0, BASIC.1).with_redirect_uri(REDIRECT_URI);
    let error = Client::new(keyless, credentials, MemoryBackend::new()).authorize(&[]);
    assert!(matches!(error, Err(Error::Config(_))), "{error:?}");
    let app = signs("signs-eddsa");
    let client = client(&server, app, provider);
    server.log_in(&client, app);
    assert!(server.knows_alice(&client));
}

#[test]
fn a_request_that_is_unsigned_or_signed_by_another_is_refused() {
    let Some(server) = strict(&[]) else { return };
    let app = signs("signs-es256");
    let credentials = Credentials::signed(app.0, key(app.0)).with_redirect_uri(REDIRECT_URI);
    let plain = server.provider(app).build().unwrap();
    let client = Client::new(plain, credentials, MemoryBackend::new());
    let login = client.authorize(server.kind.scopes()).unwrap();
    let Place::Callback(callback) = Person::new(REDIRECT_URI).walk(login.url()) else {
        panic!("the server shows a page")
    };
    let error = client.exchange(login, &callback).unwrap_err();
    assert!(matches!(error, Error::OAuth(_)), "{error:?}");
    let other = Credentials::signed(app.0, key("signs-rs256")).with_redirect_uri(REDIRECT_URI);
    let provider = server.provider(app).signed_requests(true).build().unwrap();
    let client = Client::new(provider, other, MemoryBackend::new());
    let login = client.authorize(server.kind.scopes()).unwrap();
    // The server trusts nothing of the request, and sends the error to the registered address.
    let Place::Callback(refused) = Person::new("http://127.0.0.1/cb").walk(login.url()) else {
        panic!("the server shows a page")
    };
    assert!(refused.contains("error=invalid_request_object"), "{refused}");
}

#[test]
fn glewlwyd_takes_a_signed_request() {
    let Some(server) = crate::glewlwyd::start(60) else { return };
    for id in ["signs-es256", "signs-rs256"] {
        let app = signs(id);
        let client = client(&server, app, server.provider(app));
        server.log_in(&client, app);
        assert!(server.knows_alice(&client), "{id}");
    }
}

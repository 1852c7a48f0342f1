//! Tests of pushed authorization requests (RFC 9126) with `oidc-provider`, which accepts no other login
//! in these tests.

use evergrant::provider::PushedRequests;
use evergrant::{Client, Credentials, Error, MemoryBackend};
use url::Url;

use crate::oidc_provider;
use crate::person::{Person, Place};
use crate::server::{App, BASIC, Count, REDIRECT_URI, Server};

fn strict() -> Option<Server> {
    oidc_provider::start_with(60, &[("PAR", "1")])
}

fn client(server: &Server, app: App, pushed: PushedRequests) -> Client {
    let provider = server.provider(app).pushed_requests(pushed);
    let provider =
        provider.pushed_authorization_request_endpoint(format!("{}/request", server.url));
    let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
    Client::new(provider.build().unwrap(), credentials, MemoryBackend::new())
}

#[test]
fn every_kind_of_client_logs_in_with_a_pushed_request() {
    let Some(server) = strict() else { return };
    let apps = server.kind.apps();
    for &app in apps {
        let client = client(&server, app, PushedRequests::Required);
        server.log_in(&client, app);
        assert!(server.knows_alice(&client), "{}", app.0);
        client.refresh().unwrap_or_else(|error| panic!("{}: {error}", app.0));
        assert!(server.knows_alice(&client), "{}", app.0);
    }
    assert_eq!(server.count(), Count { granted: apps.len() as u64, refused: 0 });
}

#[test]
fn a_second_use_of_a_pushed_request_is_refused() {
    let Some(server) = strict() else { return };
    let client = client(&server, BASIC, PushedRequests::Required);
    let authorization = client.authorize(server.kind.scopes()).unwrap();
    let url = Url::parse(authorization.url()).unwrap();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    assert!(authorization.expires_at().is_some());
    let mut person = Person::new(REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, &server, BASIC, authorization.url());
    client.exchange(authorization, &callback).unwrap();
    // The server has deleted the request with its `state`, and sends the error to the registered address.
    let Place::Callback(refused) = Person::new("http://127.0.0.1/cb").open(url) else {
        panic!("the server shows a page")
    };
    assert!(refused.contains("error=invalid_request_uri"), "{refused}");
    assert!(server.knows_alice(&client), "the login must stay valid");
}

#[test]
fn a_login_that_is_not_pushed_is_refused() {
    let Some(server) = strict() else { return };
    let client = client(&server, BASIC, PushedRequests::Off);
    let authorization = client.authorize(server.kind.scopes()).unwrap();
    let mut person = Person::new(REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, &server, BASIC, authorization.url());
    let Err(Error::OAuth(error)) = client.exchange(authorization, &callback) else {
        panic!("accepted")
    };
    assert_eq!(error.code, "invalid_request", "{error}");
}

#[test]
fn a_refused_pushed_request_has_the_code_of_the_server() {
    let Some(server) = strict() else { return };
    let wrong = App(BASIC.0, "not-the-secret", BASIC.2);
    let error = client(&server, wrong, PushedRequests::Required).authorize(&[]).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
    let client = client(&server, BASIC, PushedRequests::Required);
    let error = client.authorize_with(&["openid"], &[("max_age", "soon")]).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_request"), "{error:?}");
}

#[cfg(feature = "discovery")]
#[test]
fn metadata_alone_leads_to_a_pushed_login() {
    let Some(server) = strict() else { return };
    let provider = evergrant::Provider::discover(&server.issuer()).unwrap();
    let provider = provider.api_base(&server.url).authorize_param("prompt", "consent");
    let provider = provider.client_auth(BASIC.2).build().unwrap();
    assert_eq!(provider.authorization_rules().pushed_requests, PushedRequests::Required);
    let credentials = Credentials::new(BASIC.0, BASIC.1).with_redirect_uri(REDIRECT_URI);
    let client = Client::new(provider, credentials, MemoryBackend::new());
    server.log_in(&client, BASIC);
    assert!(server.knows_alice(&client));
}

#[cfg(feature = "jwt")]
#[test]
fn a_client_that_signs_pushes_its_request() {
    let Some(server) = strict() else { return };
    let (app, ..) = crate::keys::APPS[0];
    let provider = server.provider(BASIC).pushed_requests(PushedRequests::Required);
    let provider =
        provider.pushed_authorization_request_endpoint(format!("{}/request", server.url));
    let credentials =
        Credentials::signed(app, crate::keys::key(app)).with_redirect_uri(REDIRECT_URI);
    let client = Client::new(provider.build().unwrap(), credentials, MemoryBackend::new());
    server.log_in(&client, BASIC);
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

#[test]
fn glewlwyd_takes_a_pushed_request() {
    let Some(server) = crate::glewlwyd::start_with_par(60) else { return };
    for app in [BASIC, crate::server::POST, crate::server::NATIVE] {
        let provider = server.provider(app).pushed_requests(PushedRequests::Required);
        let endpoint = format!("{}/api/oidc/par", server.url);
        let provider = provider.pushed_authorization_request_endpoint(endpoint);
        let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
        let client = Client::new(provider.build().unwrap(), credentials, MemoryBackend::new());
        server.log_in(&client, app);
        assert!(server.knows_alice(&client), "{}", app.0);
        client.refresh().unwrap_or_else(|error| panic!("{}: {error}", app.0));
    }
}

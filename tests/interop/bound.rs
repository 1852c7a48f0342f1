//! Tests of tokens that are bound to a key (DPoP, RFC 9449) with real authorization servers.

use evergrant::error::DpopError;
use evergrant::provider::ClientAuth;
use evergrant::{Client, FileBackend};

use crate::oidc_provider;
use crate::server::{App, BASIC, Count, NATIVE, Server};

/// An application that gets only bound tokens.
const DPOP: App = App("dpop", "s3cret", ClientAuth::Basic);

/// Starts `oidc-provider`, which demands nonces in proofs.
fn with_nonces() -> Option<Server> {
    oidc_provider::start_with(60, &[("DPOP_NONCE", "1")])
}

fn client(server: &Server, app: App) -> Client {
    let file = FileBackend::new(server.file(&format!("{}.json", app.0)));
    server.builder(app, file).dpop().build()
}

#[test]
fn a_bound_login_works_with_and_without_nonces() {
    for server in [oidc_provider::start(60), with_nonces()] {
        let Some(server) = server else { return };
        for (done, app) in [BASIC, NATIVE, DPOP].into_iter().enumerate() {
            let client = client(&server, app);
            server.log_in(&client, app);
            assert_eq!(client.token().unwrap().token_type(), "DPoP", "{}", app.0);
            assert!(server.knows_alice(&client), "{}", app.0);
            for _ in 0..2 {
                client.refresh().unwrap_or_else(|error| panic!("{}: {error}", app.0));
                assert!(server.knows_alice(&client), "{}", app.0);
            }
            // A demand for a nonce is also an error answer, and uses up no token.
            assert_eq!(server.count().granted, 2 * (done as u64 + 1));
            // Another process has the key from the store, and knows no nonce.
            let other = self::client(&server, app);
            assert!(server.knows_alice(&other), "{}", app.0);
        }
    }
}

#[test]
fn a_new_process_gets_a_nonce_without_using_a_token() {
    let Some(server) = with_nonces() else { return };
    server.log_in(&client(&server, DPOP), DPOP);
    for round in 1..4 {
        let client = client(&server, DPOP);
        client.refresh().unwrap();
        assert!(server.knows_alice(&client));
        assert_eq!(server.count(), Count { granted: round, refused: round });
        assert!(client.stored().unwrap().unwrap().note().is_none());
    }
}

#[test]
fn a_bound_login_survives_a_lost_answer() {
    let Some(server) = with_nonces() else { return };
    let client = client(&server, NATIVE);
    server.log_in(&client, NATIVE);
    client.refresh().unwrap();
    server.lose(1);
    assert_eq!(client.refresh().unwrap_err().kind(), "outcome_unknown");
    // This server revokes the login when the refresh token is used a second time.
    let error = client.refresh().unwrap_err();
    assert!(error.kind() == "reauthorize" && error.to_string().contains("was lost"), "{error}");
    server.log_in(&client, NATIVE);
    assert!(server.knows_alice(&client));
}

#[test]
fn an_application_gets_bound_tokens_of_its_own() {
    let Some(server) = with_nonces() else { return };
    let builder = server.builder(DPOP, evergrant::MemoryBackend::new());
    let client = builder.client_credentials(&[]).dpop().build();
    assert_eq!(client.token().unwrap().token_type(), "DPoP");
    client.refresh().unwrap();
}

#[test]
fn a_bearer_token_of_an_application_that_must_prove_is_refused() {
    let Some(server) = oidc_provider::start(60) else { return };
    let client = server.client(DPOP, "plain.json");
    let authorization = client.authorize(server.kind.scopes()).unwrap();
    let mut person = crate::person::Person::new(crate::server::REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, &server, DPOP, authorization.url());
    let error = client.exchange(authorization, &callback).unwrap_err();
    assert_eq!(error.kind(), "oauth", "{error}");
}

#[test]
fn a_server_without_dpop_gives_a_token_that_is_not_used() {
    let Some(server) = crate::authlib::start(60) else { return };
    let client = client(&server, BASIC);
    let authorization = client.authorize(server.kind.scopes()).unwrap();
    let mut person = crate::person::Person::new(crate::server::REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, &server, BASIC, authorization.url());
    let error = client.exchange(authorization, &callback).unwrap_err();
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    assert!(matches!(source, Some(DpopError::NotBound { .. })), "{error:?}");
    assert!(client.stored().unwrap().is_none());
    let file = FileBackend::new(server.file("either.json"));
    let client = server.builder(BASIC, file).dpop_if_offered().build();
    server.log_in(&client, BASIC);
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

#[cfg(feature = "par")]
#[test]
fn a_bound_login_is_pushed_with_its_proof() {
    let Some(server) = oidc_provider::start_with(60, &[("DPOP_NONCE", "1"), ("PAR", "1")]) else {
        return;
    };
    let provider = server
        .provider(NATIVE)
        .pushed_authorization_request_endpoint(format!("{}/request", server.url));
    let credentials =
        evergrant::Credentials::public(NATIVE.0).with_redirect_uri(crate::server::REDIRECT_URI);
    let client =
        Client::builder(provider.build().unwrap(), credentials, evergrant::MemoryBackend::new());
    let client = client.dpop().build();
    server.log_in(&client, NATIVE);
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

#[cfg(feature = "discovery")]
#[test]
fn metadata_alone_leads_to_a_bound_login() {
    let Some(server) = with_nonces() else { return };
    let provider = evergrant::Provider::discover(&server.issuer()).unwrap();
    let provider = provider.api_base(&server.url).authorize_param("prompt", "consent");
    let provider = provider.client_auth(BASIC.2).build().unwrap();
    assert_eq!(provider.token_request_rules().dpop, evergrant::provider::Dpop::Offered);
    let credentials = evergrant::Credentials::new(BASIC.0, BASIC.1);
    let credentials = credentials.with_redirect_uri(crate::server::REDIRECT_URI);
    let client = Client::builder(provider, credentials, evergrant::MemoryBackend::new());
    let client = client.dpop().build();
    server.log_in(&client, BASIC);
    assert!(server.knows_alice(&client));
}

/// Glewlwyd compares `htu` with its own name, `localhost`.
#[test]
fn a_bound_login_works_on_glewlwyd() {
    for nonces in [false, true] {
        let Some(server) = crate::glewlwyd::start_with_dpop(60, nonces) else { return };
        for app in [BASIC, NATIVE] {
            let url = format!("http://localhost:{}", server.port);
            let provider = server.kind.provider(&url, server.port).api_base(&url);
            let provider = provider.client_auth(app.2).build().unwrap();
            let credentials = evergrant::Credentials::new(app.0, app.1);
            let credentials = credentials.with_redirect_uri(crate::server::REDIRECT_URI);
            let file = server.file(&format!("{}.json", app.0));
            let make = || {
                let file = FileBackend::new(&file);
                Client::builder(provider.clone(), credentials.clone(), file).dpop().build()
            };
            let client = make();
            server.log_in(&client, app);
            let what = format!("{}, nonces: {nonces}", app.0);
            assert_eq!(client.token().unwrap().token_type(), "DPoP", "{what}");
            assert!(server.knows_alice(&client), "{what}");
            for _ in 0..2 {
                client.refresh().unwrap_or_else(|error| panic!("{what}: {error}"));
                assert!(server.knows_alice(&client), "{what}");
            }
            let other = make();
            other.refresh().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(server.knows_alice(&other), "{what}");
        }
    }
}

//! Tests of features that only `oidc-provider` has.

use evergrant::discovery::Discovery;
use evergrant::error::IdTokenError;
use evergrant::provider::ClientAuth;
use evergrant::{Client, Credentials, Error, MemoryBackend};
use serde_json::Value;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::oidc_provider;
use crate::person::{Person, Place};
use crate::server::{App, BASIC, REDIRECT_URI, root};

#[test]
fn a_callback_can_be_a_posted_form() {
    let Some(server) = oidc_provider::start(60) else { return };
    let client = server.client(BASIC, "login");
    let params = [("prompt", "consent"), ("response_mode", "form_post")];
    let authorization = client.authorize_with(&["openid", "email"], &params).unwrap();
    let Place::Callback(body) = Person::new(REDIRECT_URI).walk(authorization.url()) else {
        panic!("the browser does not return to the redirect URI");
    };
    assert!(body.contains("code=") && !body.contains(REDIRECT_URI), "a form: {body}");
    client.exchange(authorization, &body).unwrap();
    assert_eq!(client.userinfo().unwrap()["email"], "alice@example.test");
}

#[test]
fn a_client_signs_with_its_secret() {
    let Some(server) = oidc_provider::start(60) else { return };
    let app = App("csjwt", "a-shared-secret-of-32-bytes-or-more!", ClientAuth::SecretJwt);
    let own = |app| server.builder(app, MemoryBackend::new()).client_credentials(&[]).build();
    assert!(server.is_active(&own(app).access_token().unwrap()));
    let wrong = App(app.0, "another-secret-of-32-bytes-or-more!!", app.2);
    let error = own(wrong).access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
}

#[test]
fn a_token_is_for_the_resource_that_was_asked_for() {
    let Some(server) = oidc_provider::start(60) else { return };
    let client = server.builder(BASIC, MemoryBackend::new());
    let client =
        client.client_credentials(&["api:read"]).resource("https://api.example/v1").build();
    let token = client.access_token().unwrap();
    let claims = claims_of(&token);
    assert_eq!(claims["aud"], "https://api.example/v1");
    assert_eq!(claims["scope"], "api:read");
}

/// The claims of an access token that is a JWT.
fn claims_of(token: &evergrant::Secret) -> Value {
    use base64::Engine as _;
    let claims = token.expose().split('.').nth(1).unwrap();
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&base64.decode(claims).unwrap()).unwrap()
}

#[test]
fn a_login_is_for_the_resource_that_was_asked_for() {
    let Some(server) = oidc_provider::start(60) else { return };
    let resource = "https://api.example/v1";
    let client = server.builder(BASIC, MemoryBackend::new()).resource(resource).build();
    let scopes = ["offline_access", "api:read"];
    let login = client.authorize(&scopes).unwrap();
    assert!(login.url().contains("resource=https%3A%2F%2Fapi.example%2Fv1"));
    let Place::Callback(callback) = Person::new(REDIRECT_URI).walk(login.url()) else {
        panic!("the server shows a page")
    };
    client.exchange(login, &callback).unwrap();
    for _ in 0..2 {
        let claims = claims_of(&client.access_token().unwrap());
        assert_eq!((&claims["aud"], &claims["scope"]), (&resource.into(), &"api:read".into()));
        client.refresh().unwrap();
    }
}

#[test]
fn a_certificate_is_the_clients_authentication() {
    let Some(server) = oidc_provider::start_with(60, &[("TLS", "1")]) else { return };
    let keys = root().join("tests/keys/tls");
    let read = move |name: &str| std::fs::read(keys.join(name)).unwrap();
    let tls = |with_certificate: bool| {
        let own = with_certificate.then(|| {
            let chain = [Certificate::from_pem(&read("client.pem")).unwrap()];
            ClientCert::new_with_certs(&chain, PrivateKey::from_pem(&read("client.key")).unwrap())
        });
        let authority = Certificate::from_pem(&read("authority.pem")).unwrap();
        let roots = RootCerts::new_with_certs(&[authority]);
        TlsConfig::builder().root_certs(roots).client_cert(own).build()
    };
    let trusting = tls(true);
    let issuer = server.issuer().replace("http:", "https:");
    let discovery = Discovery::new(issuer).http(move |config| config.tls_config(trusting.clone()));
    let metadata = discovery.metadata().unwrap();
    assert_eq!(metadata.flag("tls_client_certificate_bound_access_tokens"), Some(true));
    let provider = metadata.mtls_provider().unwrap().build().unwrap();
    let client = |with_certificate: bool| {
        let tls = tls(with_certificate);
        let credentials = Credentials::public("mtls");
        Client::builder(provider.clone(), credentials, MemoryBackend::new())
            .client_credentials(&[])
            .http(move |config| config.tls_config(tls.clone()))
            .build()
    };
    let known = client(true);
    let token = known.access_token().unwrap();
    let introspection = known.introspect(&token, None).unwrap();
    assert!(introspection.active());
    let bound = introspection.get("cnf").and_then(|cnf| cnf.get("x5t#S256"));
    assert!(bound.is_some(), "the token is bound to the certificate");
    let error = client(false).access_token().unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "invalid_client"), "{error:?}");
}

#[test]
fn every_algorithm_of_an_id_token_is_verified() {
    let Some(server) = oidc_provider::start_with(60, &[("ALGS", "1")]) else { return };
    let provider = || {
        let provider = evergrant::Provider::discover(&server.issuer()).unwrap();
        provider.authorize_param("prompt", "consent").client_auth(ClientAuth::Basic)
    };
    let secret = "a-shared-secret-of-32-bytes-or-more!";
    let log_in = |algorithm: &'static str| {
        let credentials = Credentials::new(algorithm, secret).with_redirect_uri(REDIRECT_URI);
        let client = Client::new(provider().build().unwrap(), credentials, MemoryBackend::new());
        server.log_in(&client, App(algorithm, secret, ClientAuth::Basic));
        let id_token = client.stored().unwrap().unwrap().token().id_token().unwrap().clone();
        client.verified_claims(&id_token)
    };
    for algorithm in
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
    {
        let claims = log_in(algorithm).unwrap_or_else(|error| panic!("{algorithm}: {error:#}"));
        assert_eq!((claims.subject(), claims.audience()), ("alice", vec![algorithm]));
    }
    let Err(Error::Decode(error)) = log_in("HS256") else { panic!("accepted") };
    let why = error.source.downcast_ref::<IdTokenError>();
    assert_eq!(why, Some(&IdTokenError::Algorithm("HS256".to_owned())));
}

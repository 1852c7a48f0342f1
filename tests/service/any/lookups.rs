//! Tests of services that name the API's address only in the answer to a call with the access token, such as
//! userinfo.

use evergrant::backend::TokenBackend as _;
use evergrant::provider::{LoginHost, ProviderBuilder};
use evergrant::{Client, Credentials, Error, FileBackend, MemoryBackend, Token};
use serde_json::json;

use super::{client, header, provider};
use crate::support::{Fake, sandbox};

/// Starts a server with a token endpoint, and with a `/userinfo` that names `base` as DocuSign's does.
fn docusign(base: String) -> Fake {
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let body = if request.starts_with("GET /userinfo ") {
                assert!(header(&request, "authorization").unwrap().starts_with("Bearer at-"));
                json!({"sub": "1", "accounts": [{"is_default": true, "base_uri": base}]})
            } else {
                let n = if request.contains("refresh_token=rt-1") { 2 } else { 1 };
                json!({"access_token": format!("at-{n}"), "refresh_token": format!("rt-{n}"),
                    "expires_in": 3600})
            };
            peer.answer("200 OK", "", body.to_string().as_bytes());
        }
    })
}

fn row(server: &Fake) -> ProviderBuilder {
    let place = LoginHost::address("accounts.0.base_uri", &["127.0.0.1"]).path("/restapi/v2.1");
    provider(server).api_base_from(place.looked_up_at(format!("{}/userinfo", server.url())))
}

fn asked(server: &Fake) -> usize {
    server.requests().iter().filter(|request| request.starts_with("GET /userinfo ")).count()
}

fn paths(server: &Fake) -> Vec<String> {
    server.requests().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn the_looked_up_address_is_kept_with_the_login() {
    let api = Fake::json("{}");
    let server = docusign(api.url());
    let sandbox = sandbox();
    let store = sandbox.folder().join("shared.json");
    let new = || {
        let app = Credentials::new("app", "s").with_redirect_uri("https://app.example/cb");
        Client::new(row(&server).build().unwrap(), app, FileBackend::new(&store))
    };
    let first = new();
    let authorization = first.authorize(&[]).unwrap();
    let callback = format!("?code=c&state={}", authorization.state().expose());
    first.exchange(authorization, &callback).unwrap();
    assert_eq!(asked(&server), 0, "the login is stored before its token is used");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| first.get("/accounts").call().unwrap());
        }
    });
    assert_eq!(asked(&server), 1);
    // A second process does not ask again, and neither process asks again after a refresh.
    let second = new();
    second.get("/second").call().unwrap();
    second.refresh().unwrap();
    second.get("/refreshed").call().unwrap();
    first.refresh().unwrap();
    new().get(&format!("{}/whole", api.url())).call().unwrap();
    assert_eq!(asked(&server), 1);
    let paths = paths(&api);
    assert_eq!(
        paths[16..],
        ["/restapi/v2.1/second", "/restapi/v2.1/refreshed", "/whole"].map(str::to_owned)
    );
    assert!(paths[..16].iter().all(|path| path == "/restapi/v2.1/accounts"));
}

#[test]
fn an_answer_with_another_host_or_none_gets_no_token() {
    let evil = Fake::json("{}");
    for named in [
        json!({"accounts": [{"base_uri": evil.url().replace("127.0.0.1", "localhost")}]}),
        json!({"accounts": [{"base_uri": "https://c4nary@127.0.0.1/"}]}),
        json!({"accounts": []}),
        json!({}),
        json!([1]),
    ] {
        let body = named.to_string();
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer("200 OK", "", body.as_bytes());
            }
        });
        let client = client(row(&server));
        client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
        let stored = client.stored().unwrap();
        let error = client.get("/me").call().unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error}");
        assert!(!error.to_string().contains("c4nary"), "{error}");
        assert_eq!(client.stored().unwrap(), stored, "{named}");
    }
    assert_eq!(evil.connections(), 0);
}

#[test]
fn a_refused_look_up_is_an_api_error_and_is_repeated() {
    let api = Fake::json("{}");
    let base = api.url();
    let server = Fake::start(move |peer| {
        let mut failures = 1;
        while peer.request().is_some() {
            let (status, body) = match std::mem::take(&mut failures) {
                0 => ("200 OK", json!({"accounts": [{"base_uri": base}]})),
                _ => ("403 Forbidden", json!({"error": "consent_required"})),
            };
            peer.answer(status, "", body.to_string().as_bytes());
        }
    });
    let client = client(row(&server));
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(&error, Error::Api(refused) if refused.status == 403), "{error}");
    client.get("/me").call().unwrap();
    assert_eq!(paths(&api), ["/restapi/v2.1/me"]);
}

#[test]
fn a_store_that_is_locked_costs_the_next_process_another_question() {
    let api = Fake::json("{}");
    let server = docusign(api.url());
    let store = MemoryBackend::new();
    let new = || {
        let app = Credentials::new("app", "s");
        Client::new(row(&server).build().unwrap(), app, store.clone())
    };
    let (first, second) = (new(), new());
    first.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    let guard = store.lock(std::time::Duration::ZERO).unwrap();
    first.get("/a").call().unwrap();
    first.get("/b").call().unwrap();
    assert_eq!(asked(&server), 1);
    drop(guard);
    second.get("/c").call().unwrap();
    assert_eq!(asked(&server), 2);
    let kept = first.stored().unwrap().unwrap();
    assert_eq!(kept.token().extra()["accounts.0.base_uri"], json!(api.url()));
    assert_eq!(paths(&api).len(), 3);
}

#[test]
fn middleware_asks_too() {
    let api = Fake::json("{}");
    let server = docusign(api.url());
    let client = client(row(&server));
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().proxy(None).middleware(client).build().into();
    agent.get(format!("{}/x", api.url())).call().unwrap();
    let sent = api.requests();
    assert_eq!(header(&sent[0], "authorization"), Some("Bearer at-1"));
    assert_eq!(asked(&server), 1);
}

#[test]
fn a_failed_question_fails_the_request_of_the_middleware() {
    let api = Fake::json("{}");
    let other = Fake::json("{}");
    let server = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("500 Internal Server Error", "", b"{}");
        }
    });
    let client = client(row(&server));
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    let agent = ureq::Agent::config_builder().proxy(None).middleware(client);
    let agent: ureq::Agent = agent.http_status_as_error(false).build().into();
    let Err(ureq::Error::Other(error)) = agent.get(format!("{}/x", api.url())).call() else {
        panic!("the request went out without a token")
    };
    assert!(matches!(error.downcast_ref(), Some(Error::Api(api)) if api.status == 500), "{error}");
    assert_eq!(api.connections(), 0);
    // An address that no login allows gets no token, so the client does not ask the service.
    let elsewhere = other.url().replace("127.0.0.1", "localhost");
    agent.get(elsewhere).call().unwrap();
    assert_eq!(header(&other.requests()[0], "authorization"), None);
}

#[test]
fn a_token_endpoint_cannot_be_looked_up_with_a_token() {
    let place = LoginHost::address("host", &["a.example"]).looked_up_at("https://a.example/me");
    let row = provider(&Fake::json("{}")).token_host_from(place);
    let error = row.build().unwrap_err();
    assert!(error.to_string().contains("cannot be looked up"), "{error}");
}

/// The hook is told about a store that cannot be written, in the middle of the look-up.
#[test]
fn a_hook_may_call_the_client_during_the_look_up() {
    let api = Fake::json("{}");
    let server = docusign(api.url());
    let own = std::sync::Arc::new(std::sync::OnceLock::<Client>::new());
    let (inner, calls) = (own.clone(), std::sync::atomic::AtomicUsize::new(0));
    let app = Credentials::new("app", "s");
    let client = Client::builder(row(&server).build().unwrap(), app, MemoryBackend::new())
        .before_send(move |sending| {
            let first = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            if first && sending.url.ends_with("/userinfo") {
                inner.get().unwrap().get("/inner").call()?;
            }
            Ok(())
        })
        .build();
    own.set(client.clone()).unwrap();
    client.seed(Token::new("at-1").with_refresh_token("rt-1")).unwrap();
    client.get("/outer").call().unwrap();
    assert_eq!(paths(&api), ["/restapi/v2.1/inner", "/restapi/v2.1/outer"]);
}

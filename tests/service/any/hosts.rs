//! Tests of services whose API or token endpoint has a different host for each login.

use evergrant::provider::LoginHost;
use evergrant::{Client, Credentials, Error, FileBackend, Token};
use serde_json::{Map, Value, json};

use super::{builder, client, provider};
use crate::support::{Fake, sandbox};

const LOCAL: &[&str] = &["127.0.0.1"];

fn members(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Returns the path and the access token of each API call that the server received.
fn calls(server: &Fake) -> Vec<String> {
    let call = |request: String| {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        let token = super::header(&request, "authorization").unwrap_or_default().to_owned();
        format!("{path} {token}")
    };
    server.requests().into_iter().map(call).collect()
}

/// Starts a token endpoint like Salesforce's: the answer to the code names `api` as the API, the answer to
/// the first refresh names `second`, and later answers name none.
fn salesforce(api: &Fake, second: &Fake) -> Fake {
    let (first, second) = (api.url(), second.url());
    Fake::start(move |peer| {
        while let Some(request) = peer.request() {
            let (n, api) = if request.contains("grant_type=authorization_code") {
                (1, Some(&first))
            } else if request.contains("refresh_token=rt-1") {
                (2, Some(&second))
            } else {
                (3, None)
            };
            let mut body = json!({"access_token": format!("at-{n}"),
                "refresh_token": format!("rt-{n}"), "expires_in": 3600});
            if let Some(api) = api {
                body["instance_url"] = json!(api);
            }
            peer.answer("200 OK", "", body.to_string().as_bytes());
        }
    })
}

#[test]
fn calls_go_to_the_host_that_the_login_names() {
    let (one, two) = (Fake::json("{}"), Fake::json("{}"));
    let server = salesforce(&one, &two);
    let sandbox = sandbox();
    let store = sandbox.folder().join("shared.json");
    let new = || {
        let row = provider(&server)
            .api_base("https://never.example")
            .api_base_from(LoginHost::address("instance_url", LOCAL).path("/v1"));
        let app = Credentials::new("app", "s").with_redirect_uri("https://app.example/cb");
        Client::new(row.build().unwrap(), app, FileBackend::new(&store))
    };
    let (first, second) = (new(), new());
    let authorization = first.authorize(&[]).unwrap();
    let callback = format!("?code=c&state={}", authorization.state().expose());
    first.exchange(authorization, &callback).unwrap();
    // Two clients act as two processes: the second reads the API's address from the record.
    first.get("/query").query("q", "a b").call().unwrap();
    second.get("/query").call().unwrap();
    second.get(&format!("{}/absolute#x", one.url())).query("a", 1).call().unwrap();
    assert_eq!(
        calls(&one),
        ["/v1/query?q=a+b Bearer at-1", "/v1/query Bearer at-1", "/absolute?a=1 Bearer at-1"]
    );
    // A refresh answer that names another host changes the host of the login; an answer without a host
    // does not.
    second.refresh().unwrap();
    first.refresh().unwrap();
    first.get("/a").call().unwrap();
    second.refresh().unwrap();
    second.get("/b").call().unwrap();
    assert_eq!(calls(&two), ["/v1/a Bearer at-2", "/v1/b Bearer at-3"]);
    assert_eq!(calls(&one).len(), 3);
    // The first host no longer belongs to this login, so the client sends it no token.
    let refused = second.get(&format!("{}/x", one.url())).call();
    assert!(matches!(refused, Err(Error::Config(_))), "{refused:?}");
}

#[test]
fn a_refresh_after_a_401_repeats_the_call_at_the_new_host() {
    let old = Fake::start(|peer| {
        while peer.request().is_some() {
            peer.answer("401 Unauthorized", "", b"");
        }
    });
    let new = Fake::json(r#"{"n":1}"#);
    let server = salesforce(&old, &new);
    let client = client(provider(&server).api_base_from(LoginHost::address("instance_url", LOCAL)));
    let extra = members(json!({"instance_url": old.url()}));
    let token = Token::new("at-1").with_refresh_token("rt-1").with_extra(extra);
    client.seed(token).unwrap();
    let value: Value = client.get("/me").read_json().unwrap();
    assert_eq!(value["n"], 1);
    assert_eq!(
        (calls(&old), calls(&new)),
        (vec!["/me Bearer at-1".to_owned()], vec!["/me Bearer at-2".to_owned()])
    );
}

#[test]
fn a_login_that_names_another_host_sends_no_token() {
    let server = Fake::json("{}");
    let evil = Fake::json("{}");
    for (named, hosts) in [
        (evil.url().replace("127.0.0.1", "localhost"), LOCAL),
        (evil.url().replace("http://", "http://c4nary@"), LOCAL),
        ("https://api.example.evil.example/c4nary".to_owned(), &["api.example"][..]),
        ("http://api.example/c4nary".to_owned(), &["api.example"]),
        ("not an address c4nary".to_owned(), &["api.example"]),
    ] {
        let row = provider(&server).api_base_from(LoginHost::address("api_domain", hosts));
        let client = client(row);
        let extra = members(json!({"api_domain": named}));
        client.seed(Token::new("at-1").with_extra(extra)).unwrap();
        for target in ["/me", &format!("{}/me", evil.url())] {
            let error = client.get(target).call().unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, Error::Config(_)) && text.contains("api_domain"), "{text}");
            assert!(!text.contains("c4nary"), "{text}");
        }
    }
    assert_eq!((server.connections(), evil.connections()), (0, 0));
}

#[test]
fn without_the_member_calls_go_to_the_fixed_base() {
    let server = Fake::json("{}");
    let row = provider(&server);
    let rule = LoginHost::address("api_domain", LOCAL);
    let with_base = client(row.clone().api_base_from(rule.clone()));
    with_base.seed(Token::new("at-1")).unwrap();
    with_base.get("/me").call().unwrap();
    assert_eq!(calls(&server), ["/api/me Bearer at-1"]);
    let bare = evergrant::Provider::builder("bare").token_endpoint(server.url());
    let bare = builder(bare.api_base_from(rule)).build();
    bare.seed(Token::new("at-1")).unwrap();
    let error = bare.get("/me").call().unwrap_err();
    assert!(error.to_string().contains("has no API base"), "{error}");
}

#[test]
fn middleware_sends_the_token_to_the_host_of_the_login() {
    let (api, other) = (Fake::json("{}"), Fake::json("{}"));
    let row = provider(&other).api_base_from(LoginHost::address("api_domain", LOCAL));
    let client = client(row);
    let extra = members(json!({"api_domain": api.url()}));
    client.seed(Token::new("at-1").with_extra(extra)).unwrap();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().proxy(None).middleware(client).build().into();
    agent.get(format!("{}/x", api.url())).call().unwrap();
    let elsewhere = Fake::json("{}");
    agent.get(format!("{}/x", elsewhere.url())).call().unwrap();
    assert_eq!(calls(&api), ["/x Bearer at-1"]);
    assert_eq!(calls(&elsewhere), ["/x "]);
}

/// Makes a provider like Zoho: the callback names the host of the token endpoint, and the token answer names
/// the host of the API.
fn zoho(generic: &Fake) -> evergrant::provider::ProviderBuilder {
    provider(generic)
        .refresh_endpoint(format!("{}/refresh?x=%2f", generic.url()))
        .revocation_endpoint(format!("{}/revoke", generic.url()))
        .token_host_from(LoginHost::address("accounts-server", LOCAL))
        .rotation(evergrant::provider::Rotation::Strict)
}

const ZOHO: &str = r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600,
    "accounts-server":"https://evil.example","api_domain":"https://www.zohoapis.eu"}"#;

fn paths(server: &Fake) -> Vec<String> {
    let path = |request: String| request.split(' ').nth(1).unwrap().to_owned();
    server.requests().into_iter().map(path).collect()
}

fn callback(client: &Client, accounts: &str) -> Result<Token, Error> {
    let authorization = client.authorize(&[])?;
    let state = authorization.state().expose();
    let callback = format!("?code=c-1&location=eu&{accounts}&state={state}");
    client.exchange(authorization, &callback)
}

#[test]
fn the_code_and_every_refresh_go_where_the_callback_says() {
    let (generic, europe) = (Fake::json("{}"), Fake::json(ZOHO));
    let sandbox = sandbox();
    let store = sandbox.folder().join("zoho.json");
    let new = || {
        let app = Credentials::new("app", "s").with_redirect_uri("https://app.example/cb");
        Client::new(zoho(&generic).build().unwrap(), app, FileBackend::new(&store))
    };
    let client = new();
    let server = format!("accounts-server={}", europe.url());
    callback(&client, &server).unwrap();
    client.refresh().unwrap();
    // Another process has only the stored record.
    new().refresh().unwrap();
    let record = client.stored().unwrap().unwrap();
    assert_eq!(record.token().extra()["accounts-server"], europe.url());
    let binding = record.binding().unwrap();
    assert_eq!(binding.token_endpoint, format!("{}/token", europe.url()));
    new().revoke().unwrap();
    assert_eq!(paths(&europe), ["/token", "/refresh?x=%2f", "/refresh?x=%2f", "/revoke"]);
    assert_eq!(generic.connections(), 0);
}

#[test]
fn a_callback_with_a_foreign_host_or_none_sends_no_code() {
    let (generic, evil) = (Fake::json(ZOHO), Fake::json(ZOHO));
    let client = client(zoho(&generic));
    let foreign = evil.url().replace("127.0.0.1", "localhost");
    for accounts in [
        format!("accounts-server={foreign}"),
        "accounts-server=https://accounts.zoho.com.evil.example".to_owned(),
        "accounts-server=nonsense".to_owned(),
        "accounts-server=".to_owned(),
        "x=y".to_owned(),
    ] {
        let error = callback(&client, &accounts).unwrap_err();
        assert!(error.to_string().contains("accounts-server"), "{error}");
        assert!(matches!(error, Error::Config(_) | Error::Callback(_)), "{error:?}");
    }
    let alone = client.exchange_without_state_check("c-1", None, None);
    assert!(matches!(alone, Err(Error::Config(_))), "{alone:?}");
    assert_eq!((generic.connections(), evil.connections()), (0, 0));
}

#[test]
fn a_record_whose_host_was_changed_is_not_used() {
    let (generic, europe, evil) = (Fake::json("{}"), Fake::json(ZOHO), Fake::json(ZOHO));
    let sandbox = sandbox();
    let store = sandbox.folder().join("zoho.json");
    let app = Credentials::new("app", "s").with_redirect_uri("https://app.example/cb");
    let new =
        || Client::new(zoho(&generic).build().unwrap(), app.clone(), FileBackend::new(&store));
    callback(&new(), &format!("accounts-server={}", europe.url())).unwrap();
    let text = std::fs::read_to_string(&store).unwrap();
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["token"]["extra"]["accounts-server"] = evil.url().into();
    std::fs::write(&store, record.to_string()).unwrap();
    let error = new().refresh().unwrap_err();
    assert!(error.to_string().contains("another token endpoint"), "{error}");
    assert_eq!(evil.connections(), 0);
}

//! Tests of the token exchange (RFC 8693).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Reply, Sandbox, SandboxBuilder, TokenCall};
use evergrant::token_exchange::{TokenExchange, TokenType};
use evergrant::{Client, ClientBuilder, Error, FileBackend, MemoryBackend, Secret, Token};

use crate::support::{at, rt, sandbox};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

fn builder(sandbox: &Sandbox, exchange: TokenExchange) -> ClientBuilder {
    Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
        .token_exchange(exchange)
}

fn subject(sandbox: &Sandbox) -> Secret {
    sandbox.login().access_token().clone()
}

fn of_ada(sandbox: &Sandbox) -> TokenExchange {
    TokenExchange::new(subject(sandbox), TokenType::AccessToken)
}

fn exchanges(sandbox: &Sandbox) -> u64 {
    sandbox.counters().token_exchanges
}

/// Records the requests of the token endpoint.
fn recorded(sandbox: &Sandbox) -> Arc<Mutex<Vec<TokenCall>>> {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = calls.clone();
    sandbox.on_token(move |call, reply| {
        kept.lock().unwrap().push(call.clone());
        reply
    });
    calls
}

#[test]
fn an_exchanged_token_works_and_is_exchanged_anew() {
    let sandbox = sandbox();
    let client = builder(&sandbox, of_ada(&sandbox).scopes(&["read"])).build();
    let me: serde_json::Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    let first = client.token().unwrap();
    assert_eq!(first.issued_token_type(), Some(TokenType::AccessToken));
    assert_eq!((first.scope(), first.refresh_token()), (Some("read"), None));
    assert_eq!(exchanges(&sandbox), 1, "kept until it expires");
    client.refresh().unwrap();
    assert_ne!(at(&client.token().unwrap()), at(&first));
    assert_eq!(exchanges(&sandbox), 2);
    assert_eq!(Token::new("a").issued_token_type(), None);
}

#[test]
fn an_exchange_sends_types_actor_and_targets() {
    let sandbox = sandbox();
    let calls = recorded(&sandbox);
    let actor = sandbox.login();
    let exchange = of_ada(&sandbox)
        .actor(rt(&actor), TokenType::RefreshToken)
        .requested(TokenType::AccessToken)
        .scopes(&["a", "b"]);
    let client = builder(&sandbox, exchange)
        .resource("https://one.example/")
        .resource("https://two.example/")
        .audience("three")
        .build();
    client.access_token().unwrap();
    let call = calls.lock().unwrap().remove(0);
    let all = |name: &str| -> Vec<String> {
        call.parameters.iter().filter(|(own, _)| own == name).map(|(_, v)| v.clone()).collect()
    };
    assert_eq!(call.grant_type(), GRANT);
    assert_eq!(all("subject_token_type"), ["urn:ietf:params:oauth:token-type:access_token"]);
    assert_eq!(all("actor_token"), [rt(&actor)]);
    assert_eq!(all("actor_token_type"), ["urn:ietf:params:oauth:token-type:refresh_token"]);
    assert_eq!(all("requested_token_type"), ["urn:ietf:params:oauth:token-type:access_token"]);
    assert_eq!(all("resource"), ["https://one.example/", "https://two.example/"]);
    assert_eq!((all("audience"), all("scope")), (vec!["three".into()], vec!["a b".into()]));
    let token: Secret = rt(&actor).into();
    let exchange = of_ada(&sandbox)
        .actor_reading(TokenType::RefreshToken, move || Ok(token.clone()))
        .requested(TokenType::AccessToken);
    builder(&sandbox, exchange).build().access_token().unwrap();
    let call = calls.lock().unwrap().remove(0);
    assert_eq!(call.parameter("actor_token"), Some(rt(&actor)));
}

#[test]
fn the_subject_token_is_read_for_each_exchange() {
    let sandbox = sandbox();
    let calls = recorded(&sandbox);
    let tokens = [subject(&sandbox), subject(&sandbox)];
    let (reads, given) = (Arc::new(AtomicUsize::new(0)), tokens.clone());
    let exchange = TokenExchange::reading(TokenType::AccessToken, move || {
        match reads.fetch_add(1, Ordering::SeqCst) {
            2 => Err(Error::config("the file is gone")),
            number => Ok(given[number].clone()),
        }
    });
    let client = builder(&sandbox, exchange).build();
    client.refresh().unwrap();
    client.refresh().unwrap();
    let sent: Vec<_> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|call| call.parameter("subject_token").unwrap().to_owned())
        .collect();
    assert_eq!(sent, tokens.map(|token| token.expose().to_owned()));
    let error = client.refresh().unwrap_err();
    assert_eq!(error.to_string(), "the file is gone");
    assert_eq!(sandbox.counters().token_requests, 2, "nothing was sent");
    client.access_token().unwrap();
}

#[test]
fn a_token_of_the_type_n_a_is_no_bearer_token() {
    let sandbox = sandbox();
    let client = builder(&sandbox, of_ada(&sandbox).requested(TokenType::Jwt)).build();
    let token = client.token().unwrap();
    assert_eq!(token.issued_token_type(), Some(TokenType::Jwt));
    assert_eq!(token.token_type(), "N_A");
    assert!(!at(&token).is_empty());
    let error = client.get("/me").call().unwrap_err();
    assert!(matches!(&error, Error::Config(text) if text.contains("N_A")), "{error}");
    assert_eq!(sandbox.counters().api_calls, 0);
}

#[test]
fn a_refused_exchange_has_the_servers_code_and_no_secret() {
    let sandbox = sandbox();
    let client = builder(&sandbox, of_ada(&sandbox)).audience("unknown").build();
    let Err(Error::OAuth(error)) = client.access_token() else { panic!() };
    assert_eq!(error.code, "invalid_target");
    sandbox.on_token(|call, _| {
        let text = call.parameter("subject_token").unwrap().to_owned()
            + call.parameter("actor_token").unwrap();
        Reply::json(400, serde_json::json!({"error": "invalid_request", "error_description": text}))
    });
    let exchange =
        TokenExchange::new("sesame-subject", TokenType::Jwt).actor("sesame-actor", TokenType::Jwt);
    let client = builder(&sandbox, exchange).build();
    let error = client.access_token().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("invalid_request") && !shown.contains("sesame"), "{shown}");
}

fn with_refresh_tokens(rotation: Rotation) -> SandboxBuilder {
    Sandbox::builder().exchange_refresh_tokens(true).rotation(rotation)
}

#[test]
fn a_refresh_token_is_used_before_a_new_exchange() {
    let sandbox = with_refresh_tokens(Rotation::StrictFamily).start().unwrap();
    let file = sandbox.folder().join("exchanged.json");
    let reads = Arc::new(AtomicUsize::new(0));
    let token = subject(&sandbox);
    let counted = reads.clone();
    let exchange = TokenExchange::reading(TokenType::AccessToken, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(token.clone())
    });
    let open = || {
        Client::builder(sandbox.provider(), sandbox.credentials(), FileBackend::new(&file))
            .token_exchange(exchange.clone())
            .build()
    };
    let client = open();
    let first = client.token().unwrap();
    for _ in 0..3 {
        client.refresh().unwrap();
    }
    let fourth = open().token().unwrap();
    assert_ne!(rt(&fourth), rt(&first), "the successor is kept");
    assert_eq!(fourth.issued_token_type(), Some(TokenType::AccessToken));
    let counters = sandbox.counters();
    assert_eq!((counters.token_exchanges, counters.refreshes, counters.reuses), (1, 3, 0));
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    // The service revokes the login, so the client exchanges anew.
    client.revoke_token(fourth.refresh_token().unwrap(), None).unwrap();
    open().refresh().unwrap();
    assert_eq!((exchanges(&sandbox), reads.load(Ordering::SeqCst)), (2, 2));
    open().get("/me").call().unwrap();
}

#[test]
fn another_kind_of_token_is_exchanged_anew_and_not_refreshed() {
    let sandbox = with_refresh_tokens(Rotation::StrictFamily).start().unwrap();
    let client = builder(&sandbox, of_ada(&sandbox).requested(TokenType::Jwt)).build();
    client.token().unwrap();
    client.refresh().unwrap();
    assert_eq!(client.token().unwrap().token_type(), "N_A");
    let counters = sandbox.counters();
    assert_eq!((counters.token_exchanges, counters.refreshes), (2, 0));
}

#[cfg(feature = "dpop")]
#[test]
fn a_token_that_is_no_access_token_needs_no_key() {
    let sandbox = sandbox();
    let exchange = of_ada(&sandbox).requested(TokenType::Jwt);
    let client = builder(&sandbox, exchange).dpop().build();
    let token = client.token().unwrap();
    assert_eq!((token.token_type(), token.dpop_key()), ("N_A", None));
}

#[cfg(feature = "dpop")]
#[test]
fn an_unbound_refresh_of_an_exchanged_token_leads_to_an_exchange() {
    let sandbox = with_refresh_tokens(Rotation::StrictFamily).start().unwrap();
    sandbox.on_token(|call, reply| {
        let mut body = reply.to_json();
        if call.parameter("grant_type") == Some("refresh_token") {
            body["token_type"] = "Bearer".into();
        }
        Reply::json(200, body)
    });
    for (accepts, exchanges) in [(false, 2), (true, 1)] {
        let before = self::exchanges(&sandbox);
        let builder = builder(&sandbox, of_ada(&sandbox));
        let builder = if accepts { builder.dpop_if_offered() } else { builder.dpop() };
        let client = builder.build();
        assert_eq!(client.token().unwrap().token_type(), "DPoP");
        client.refresh().unwrap();
        let token = client.token().unwrap();
        assert_eq!(token.token_type() == "DPoP", !accepts);
        if !accepts {
            client.get("/me").call().unwrap();
        }
        assert_eq!(self::exchanges(&sandbox) - before, exchanges);
    }
}

#[test]
fn a_refresh_whose_answer_is_lost_leads_to_a_new_exchange() {
    let sandbox = with_refresh_tokens(Rotation::StrictFamily).start().unwrap();
    let client = builder(&sandbox, of_ada(&sandbox)).build();
    client.access_token().unwrap();
    sandbox.fault(Fault::CutAfter);
    client.refresh().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.token_exchanges, counters.refreshes, counters.reuses), (2, 1, 0));
    client.get("/me").call().unwrap();
    sandbox.fault(Fault::TooMany(Some(7)));
    let error = client.refresh().unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "nothing more was asked");
    assert_eq!(exchanges(&sandbox), 2);
}

#[test]
fn a_refresh_token_that_could_end_other_logins_is_not_used() {
    let sandbox = with_refresh_tokens(Rotation::StrictFamily).start().unwrap();
    let provider = sandbox.provider().to_builder().reuse_ends_other_logins(true).build().unwrap();
    let client = Client::builder(provider, sandbox.credentials(), MemoryBackend::new())
        .token_exchange(of_ada(&sandbox))
        .build();
    client.access_token().unwrap();
    client.refresh().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.token_exchanges, counters.refreshes), (2, 0));
}

#[test]
fn a_refresh_token_without_a_store_is_not_used() {
    let sandbox = with_refresh_tokens(Rotation::Strict).start().unwrap();
    let folder = sandbox.folder().join("unmounted");
    std::fs::create_dir(&folder).unwrap();
    let store = FileBackend::new(folder.join("exchanged.json"));
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), store)
        .token_exchange(of_ada(&sandbox))
        .build();
    client.access_token().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    client.refresh().unwrap();
    client.get("/me").call().unwrap();
    let counters = sandbox.counters();
    assert_eq!((counters.token_exchanges, counters.refreshes), (2, 0));
}

#[test]
fn an_expiring_token_is_replaced_in_time_and_for_all_threads() {
    let clock = Arc::new(ManualClock::new());
    let minute = Duration::from_secs(60);
    let sandbox =
        Sandbox::builder().clock(clock.clone()).access_token_lifetime(10 * minute).start().unwrap();
    let login = sandbox.login();
    let exchange = TokenExchange::new(rt(&login), TokenType::RefreshToken);
    let client = builder(&sandbox, exchange).clock(clock.clone()).build();
    client.access_token().unwrap();
    clock.advance(9 * minute + minute / 2);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| client.access_token().unwrap());
        }
    });
    assert_eq!(exchanges(&sandbox), 2);
}

#[test]
fn a_store_belongs_to_one_account() {
    let sandbox = sandbox();
    let file = sandbox.folder().join("exchanged.json");
    let open = |exchange: TokenExchange| {
        Client::builder(sandbox.provider(), sandbox.credentials(), FileBackend::new(&file))
            .token_exchange(exchange)
            .build()
    };
    let first = subject(&sandbox);
    let of = |token: &Secret| TokenExchange::new(token.clone(), TokenType::AccessToken);
    open(of(&first)).access_token().unwrap();
    open(of(&first)).access_token().unwrap();
    let error = open(of(&subject(&sandbox))).access_token().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert!(!error.to_string().contains(first.expose()), "{error}");
    open(of(&first)).clear().unwrap();
    open(of(&first).account("ada")).access_token().unwrap();
    open(of(&subject(&sandbox)).account("ada")).access_token().unwrap();
    assert_eq!(exchanges(&sandbox), 2, "another token of the same account");
    let error = open(of(&first).account("bob")).access_token().unwrap_err();
    assert!(error.to_string().contains("account=ada"), "{error}");
}

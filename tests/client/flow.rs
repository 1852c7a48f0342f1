//! Tests of a login from the first redirect to the end.

use evergrant::error::CallbackError;
use evergrant::sandbox::{Fault, Sandbox};
use evergrant::{Authorization, Client, Credentials, Error, FileBackend, MemoryBackend, Provider};
use serde_json::Value;

use crate::support::{at, builder, rt, sandbox, seeded};

fn callback_error(result: Result<evergrant::Token, Error>) -> CallbackError {
    match result {
        Err(Error::Callback(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_login_is_exchanged_used_refreshed_and_forgotten() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("login.json");
    let client = Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(&store));
    assert!(matches!(client.get("/me").call(), Err(Error::NotAuthorized(_))));
    assert!(!store.exists());

    let authorization = client.authorize(&["read"]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    assert_eq!(token.scope(), Some("read"));
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["access_token_number"], 1);

    client.refresh().unwrap();
    let me: Value = client.get("/me").read_json().unwrap();
    assert_eq!(me["access_token_number"], 2);
    let now = client.token().unwrap();
    assert_ne!((at(&now), rt(&now)), (at(&token), rt(&token)));
    let stored = client.stored().unwrap().unwrap();
    assert_eq!((stored.generation(), stored.note().is_none()), (2, true));

    client.clear().unwrap();
    assert!(client.stored().unwrap().is_none());
    let error = client.get("/me").call().unwrap_err();
    assert!(error.needs_authorization(), "{error}");
    assert_eq!(sandbox.counters().revocations, 0, "clear() revokes nothing at the service");
    assert_eq!((sandbox.counters().code_exchanges, sandbox.counters().refreshes), (1, 1));
}

#[test]
fn a_denied_login_is_an_oauth_error_and_sends_nothing() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let authorization = client.authorize(&[]).unwrap();
    let callback = sandbox.deny(authorization.url()).unwrap();
    match client.exchange(authorization, &callback) {
        Err(Error::OAuth(error)) => assert_eq!((&*error.code, error.status), ("access_denied", 0)),
        other => panic!("{other:?}"),
    }
    assert_eq!(sandbox.counters().token_requests, 0);
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn a_foreign_callback_is_refused_before_the_code_is_sent() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let authorization = client.authorize(&[]).unwrap();
    let good = sandbox.approve(authorization.url()).unwrap();
    let other = client.authorize(&[]).unwrap();
    let state = authorization.state().expose();
    for (callback, expected) in [
        (good.replace(state, other.state().expose()), CallbackError::StateMismatch),
        (good.replace(state, &state[1..]), CallbackError::StateMismatch),
        (good.replace("state=", "stat="), CallbackError::StateMissing),
        (format!("{good}&code=again"), CallbackError::Duplicate("code")),
        (format!("{good}&state={state}"), CallbackError::Duplicate("state")),
        (good.replace("code=", "coda="), CallbackError::CodeMissing),
        ("no address".to_owned(), CallbackError::Unreadable),
    ] {
        let result = client.exchange(authorization.clone(), &callback);
        assert_eq!(callback_error(result), expected, "{callback}");
    }
    assert_eq!(sandbox.counters().token_requests, 0);
    client.exchange(authorization, &good).unwrap();
}

#[test]
fn a_callback_must_have_the_issuer_that_the_server_promises() {
    let sandbox = Sandbox::builder().issuer_in_callback(true).start().unwrap();
    let client = builder(&sandbox).build();
    let authorization = client.authorize(&[]).unwrap();
    let good = sandbox.approve(authorization.url()).unwrap();
    let wrong = good.replace("iss=http", "iss=https");
    assert_ne!(wrong, good);
    let result = client.exchange(authorization.clone(), &wrong);
    assert_eq!(callback_error(result), CallbackError::IssuerMismatch);
    let result = client.exchange(authorization.clone(), &good.replace("iss=", "is="));
    assert_eq!(callback_error(result), CallbackError::IssuerMissing);
    assert_eq!(sandbox.counters().token_requests, 0);
    client.exchange(authorization, &good).unwrap();
}

#[test]
fn an_authorization_of_another_client_or_server_is_refused() {
    let (one, two) = (sandbox(), sandbox());
    let client = builder(&one).build();
    let other_app =
        Client::new(one.provider(), Credentials::public("another"), MemoryBackend::new());
    for foreign in [builder(&two).build(), other_app] {
        let authorization = foreign.authorize(&[]).unwrap();
        let callback = format!("?code=c&state={}", authorization.state().expose());
        assert!(matches!(client.exchange(authorization, &callback), Err(Error::Config(_))));
    }
    assert_eq!(one.counters().token_requests, 0);
}

#[test]
fn an_authorization_can_be_stored_as_text() {
    let sandbox = Sandbox::builder().pkce_required(true).start().unwrap();
    let client = builder(&sandbox).build();
    let session = serde_json::to_string(&client.authorize(&["a", "b"]).unwrap()).unwrap();
    // Another process of the web application reads the stored authorization.
    let client = builder(&sandbox).build();
    let authorization: Authorization = serde_json::from_str(&session).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    assert_eq!(token.scopes().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_code_whose_answer_was_lost_is_not_sent_again() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutMid(10), Fault::StatusAfter(502)] {
        let before = sandbox.counters().token_requests;
        let authorization = client.authorize(&[]).unwrap();
        let callback = sandbox.approve(authorization.url()).unwrap();
        sandbox.fault(fault.clone());
        let error = client.exchange(authorization, &callback).unwrap_err();
        assert!(matches!(&error, Error::OutcomeUnknown(u) if u.code), "{fault:?}: {error:?}");
        assert!(error.to_string().ends_with("start the login again"), "{error}");
        assert!(!error.is_transient(), "the same call cannot succeed");
        assert_eq!(sandbox.counters().token_requests, before + 1, "{fault:?}");
    }
    assert_eq!(sandbox.counters().code_replays, 0);
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn a_code_exchanged_twice_does_not_change_the_stored_login() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    let authorization = client.authorize(&[]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization.clone(), &callback).unwrap();
    let again = client.exchange(authorization, &callback);
    assert!(matches!(&again, Err(Error::OAuth(e)) if e.code == "invalid_grant"), "{again:?}");
    assert_eq!(sandbox.counters().code_replays, 1);
    assert_eq!(rt(client.stored().unwrap().unwrap().token()), rt(&token));
}

#[test]
fn a_new_login_replaces_the_old_one_and_a_seed_does_not() {
    let sandbox = sandbox();
    let client = builder(&sandbox).build();
    assert!(client.seed(sandbox.login()).unwrap());
    let stale = sandbox.login();
    assert!(!client.seed(stale.clone()).unwrap(), "a stale variable changes nothing");
    assert_ne!(at(&client.token().unwrap()), at(&stale));
    let first = client.stored().unwrap().unwrap();

    let authorization = client.authorize(&[]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    let token = client.exchange(authorization, &callback).unwrap();
    let second = client.stored().unwrap().unwrap();
    assert_ne!(second.login(), first.login());
    assert_eq!(at(&client.token().unwrap()), at(&token));
    assert_eq!(sandbox.counters().refreshes, 0);
}

#[test]
fn a_log_out_revokes_first_and_then_clears_the_store() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    // If the answer is lost the login stays stored: the token may still be valid.
    let elsewhere = sandbox.provider().to_builder().revocation_endpoint("http://127.0.0.1:1/x");
    let backend = MemoryBackend::new();
    let deaf = Client::new(elsewhere.build().unwrap(), sandbox.credentials(), backend);
    deaf.seed(sandbox.login()).unwrap();
    assert_eq!(deaf.revoke().unwrap_err().kind(), "transport");
    assert!(deaf.stored().unwrap().is_some());

    client.revoke().unwrap();
    assert!(client.stored().unwrap().is_none());
    assert_eq!(sandbox.counters().revocations, 1);
    assert_eq!(client.access_token().unwrap_err().kind(), "not_authorized");
    client.revoke().unwrap();
    assert_eq!(sandbox.counters().revocations, 1, "there was nothing left to revoke");

    let provider =
        Provider::builder("none").token_endpoint("http://127.0.0.1:1/t").build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    assert_eq!(client.revoke().unwrap_err().kind(), "config");
    assert!(client.stored().unwrap().is_some());
}

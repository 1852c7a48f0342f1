//! The whole crate against an authorization server that others wrote: npm `oidc-provider`, which
//! rotates on every refresh and ends the login when a refresh token comes twice.
//!
//! `tests/interop/install.sh` installs it. Without it these tests say that they were skipped, and
//! fail where `EVERGRANT_REQUIRE_ALL=1` is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(all(
    feature = "device",
    feature = "discovery",
    feature = "introspection",
    feature = "jwt",
    feature = "oidc"
))]
mod any;
mod browser;
mod expiry;
mod server;

use evergrant::{Client, Error, MemoryBackend};
use serde_json::Value;
use server::{App, BASIC, Count, NATIVE, ODD, POST, Server, stored};
use time::{Duration, OffsetDateTime};

/// Whether a skip is a failure.
fn everything_is_required() -> bool {
    std::env::var("EVERGRANT_REQUIRE_ALL").is_ok_and(|value| value == "1")
}

fn name_of_user(client: &Client) -> Value {
    let me: Value = client.get("/me").read_json().expect("the user's data");
    me["sub"].clone()
}

#[test]
fn every_kind_of_client_logs_in_with_a_code_and_pkce() {
    let Some(server) = Server::start(60) else { return };
    for app in [BASIC, ODD, POST, NATIVE] {
        let _ = std::fs::remove_file(server.file("login"));
        let client = server.logged_in(app, "login");
        assert_eq!(name_of_user(&client), "alice", "{}", app.0);
        // The login is durable: another client goes on with it.
        let another = server.client(app, "login");
        assert_eq!(another.access_token().unwrap(), client.access_token().unwrap());
        another.refresh().unwrap_or_else(|error| panic!("{}: {error}", app.0));
        assert_eq!(name_of_user(&another), "alice");
    }
    assert_eq!(server.count(), Count { granted: 4, refused: 0, calls: 8 });
}

#[test]
fn every_refresh_rotates_and_the_login_lives_on() {
    let Some(server) = Server::start(60) else { return };
    let client = server.logged_in(BASIC, "login");
    for n in 1..=5 {
        let before = client.token().unwrap();
        client.refresh().unwrap();
        let after = client.token().unwrap();
        assert_ne!(after.access_token(), before.access_token());
        assert_ne!(after.refresh_token(), before.refresh_token(), "it is rotated");
        let record = stored(&server.file("login"));
        assert_eq!(record.token().refresh_token(), after.refresh_token());
        assert_eq!(record.generation(), n + 1);
        assert!(record.note().is_none(), "a definite answer clears the note");
        assert!(server.is_alive(&server.file("login")));
        assert_eq!(name_of_user(&client), "alice");
    }
    assert_eq!(server.count(), Count { granted: 5, refused: 0, calls: 5 });
}

#[test]
fn a_client_of_its_own_gets_a_token_without_a_person() {
    let Some(server) = Server::start(60) else { return };
    for app in [BASIC, ODD, POST] {
        let client = server.builder(app, MemoryBackend::new()).client_credentials(&[]).build();
        let first = client.access_token().unwrap();
        assert!(server.is_active(&first), "{}", app.0);
        client.refresh().unwrap();
        assert_ne!(client.access_token().unwrap(), first, "it was asked anew");
    }
}

#[test]
fn a_lost_answer_is_told_as_one_and_takes_nothing_else_along() {
    let Some(server) = Server::start(60) else { return };
    let other = server.logged_in(POST, "other");
    // A login whose access token works and is due: it ends within the margin of a minute.
    let now = OffsetDateTime::now_utc();
    let token = server.logged_in(BASIC, "first").token().unwrap();
    let token = token.with_issued_at(now - Duration::HOUR).with_expires_at(now + Duration::MINUTE);
    let client = server.client(BASIC, "login");
    assert!(client.seed(token.clone()).unwrap());
    server.lose(1);

    // In this class a repeat ends the access token, too: while that works, it is not repeated.
    assert_eq!(name_of_user(&client), "alice");
    assert_eq!(server.count(), Count { granted: 1, refused: 0, calls: 1 });
    assert!(stored(&server.file("login")).note().is_some(), "the spend is known to be unknown");

    // Whoever asks by name gets the verdict, and its reason.
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert!(error.to_string().contains("was lost"), "{error}");
    assert!(error.needs_authorization());
    assert_eq!(server.count(), Count { granted: 1, refused: 1, calls: 1 });

    let record = stored(&server.file("login"));
    assert_eq!(record.token(), &token, "a stored token is never deleted");
    assert!(record.refused().is_some());
    assert!(server.is_alive(&server.file("other")));
    other.refresh().unwrap();

    // The refusal is known: another run says the same and does not ask.
    let error = server.client(BASIC, "login").refresh().unwrap_err();
    assert!(error.to_string().contains("was lost"), "{error}");
    assert_eq!(server.count(), Count { granted: 2, refused: 1, calls: 1 });

    // One login, and everything goes on.
    let again = server.logged_in(BASIC, "login");
    again.refresh().unwrap();
    assert_eq!(name_of_user(&again), "alice");
}

#[test]
fn a_wrong_secret_costs_nothing() {
    let Some(server) = Server::start(60) else { return };
    let client = server.logged_in(BASIC, "login");
    let before = stored(&server.file("login"));
    let wrong = server.client(App(BASIC.0, "not the secret", BASIC.2), "login");
    let error = wrong.refresh().unwrap_err();
    let Error::OAuth(refused) = &error else { panic!("{error}") };
    assert_eq!(refused.code, "invalid_client");
    assert!(!error.needs_authorization());
    assert_eq!(name_of_user(&wrong), "alice", "the access token goes on being used");

    let record = stored(&server.file("login"));
    assert_eq!(record.token(), before.token());
    assert_eq!(record.generation(), before.generation());
    assert!(record.note().is_none_or(|note| note.unanswered_since.is_none()));
    client.refresh().unwrap();
    assert!(server.is_alive(&server.file("login")));
}

//! Tests that run on every server.

use std::sync::Barrier;

use evergrant::provider::TokenTypeHint;
use evergrant::{Client, Error, MemoryBackend};

use crate::server::{App, Count, Server, stored};

/// Defines the tests of one server in a module, one for each flow.
macro_rules! flows {
    ($start:expr; $($(#[$when:meta])* $module:ident :: $flow:ident),* $(,)?) => {$(
        $(#[$when])*
        #[test]
        fn $flow() {
            if let Some(server) = $start {
                super::$module::$flow(&server);
            }
        }
    )*};
}
pub(crate) use flows;

fn first_app(server: &Server) -> App {
    server.kind.apps()[0]
}

pub(crate) fn every_kind_of_client_logs_in_with_a_code_and_pkce(server: &Server) {
    let apps = server.kind.apps();
    for &app in apps {
        let _ = std::fs::remove_file(server.file("login"));
        let client = server.logged_in(app, "login");
        assert!(server.knows_alice(&client), "{}", app.0);
        // The login is durable: another client uses the stored login.
        let another = server.client(app, "login");
        assert_eq!(another.access_token().unwrap(), client.access_token().unwrap());
        another.refresh().unwrap_or_else(|error| panic!("{}: {error}", app.0));
        assert!(server.knows_alice(&another));
    }
    assert_eq!(server.count(), Count { granted: apps.len() as u64, refused: 0 });
}

pub(crate) fn every_refresh_rotates_and_the_login_lives_on(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    let file = server.file("login");
    for n in 1..=5 {
        let before = client.token().unwrap();
        client.refresh().unwrap();
        let after = client.token().unwrap();
        assert_ne!(after.access_token(), before.access_token());
        assert_ne!(
            after.refresh_token(),
            before.refresh_token(),
            "a refresh rotates the refresh token"
        );
        let ended = !server.is_active(before.access_token());
        assert_eq!(
            ended,
            server.kind.ends_access_token(),
            "ends_access_token() is wrong for this server"
        );
        let record = stored(&file);
        assert_eq!(record.token().refresh_token(), after.refresh_token());
        assert_eq!(record.generation(), n + 1);
        assert!(record.note().is_none(), "a definite answer clears the note");
        assert!(server.is_alive(&file));
        assert!(server.knows_alice(&client));
    }
    assert_eq!(server.count(), Count { granted: 5, refused: 0 });
}

/// Two clients have copies of one login, as after a restored backup: the server gets the same refresh token
/// twice, and revokes the login of both clients.
pub(crate) fn a_second_use_revokes_the_login_as_the_error_says(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    std::fs::copy(server.file("login"), server.file("copy")).unwrap();
    client.refresh().unwrap();
    assert!(server.is_alive(&server.file("login")));

    let copy = server.client(first_app(server), "copy");
    let error = copy.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert!(!server.is_alive(&server.file("login")), "the server detects reuse");
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert_eq!(server.count(), Count { granted: 1, refused: 2 });
    assert!(stored(&server.file("login")).refused().is_some());

    // After one login, everything works again.
    server.log_in(&client, first_app(server));
    client.refresh().unwrap();
    assert!(server.is_alive(&server.file("login")));
}

/// Does the same as [`a_second_use_revokes_the_login_as_the_error_says`], on a server that accepts a second
/// use within its grace window.
pub(crate) fn a_second_use_is_accepted_within_the_grace_window(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    std::fs::copy(server.file("login"), server.file("copy")).unwrap();
    client.refresh().unwrap();
    let copy = server.client(first_app(server), "copy");
    copy.refresh().unwrap();
    let (one, other) = (client.token().unwrap(), copy.token().unwrap());
    assert_eq!(one.refresh_token(), other.refresh_token(), "a second use gets the same pair");
    assert_eq!(one.access_token(), other.access_token());
    assert!(server.is_alive(&server.file("login")));
    assert_eq!(server.count(), Count { granted: 2, refused: 0 });
}

/// Does the same as [`a_second_use_revokes_the_login_as_the_error_says`], on a server that refuses the second
/// use and does not revoke the login.
pub(crate) fn a_second_use_is_refused_as_the_error_says(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    std::fs::copy(server.file("login"), server.file("copy")).unwrap();
    client.refresh().unwrap();
    let copy = server.client(first_app(server), "copy");
    let error = copy.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert!(error.needs_authorization());
    assert!(stored(&server.file("copy")).refused().is_some());
    assert_eq!(server.count(), Count { granted: 1, refused: 1 });
    assert!(server.is_alive(&server.file("login")), "the other copy still works");
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

/// Does the same as [`a_second_use_is_refused_as_the_error_says`], on a server that refuses the second use
/// only when the access token of the successor has been used.
pub(crate) fn a_second_use_is_granted_until_the_successor_is_used(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    for copy in ["copy", "late copy"] {
        std::fs::copy(server.file("login"), server.file(copy)).unwrap();
    }
    client.refresh().unwrap();
    let copy = server.client(first_app(server), "copy");
    copy.refresh().unwrap();
    let (one, other) = (client.token().unwrap(), copy.token().unwrap());
    assert_ne!(one.refresh_token(), other.refresh_token(), "another pair");
    assert_eq!(server.count(), Count { granted: 2, refused: 0 });

    assert!(server.is_alive(&server.file("late copy")));
    assert!(server.knows_alice(&client));
    assert!(
        !server.is_alive(&server.file("late copy")),
        "the use of the successor invalidates the late copy"
    );
    let error = server.client(first_app(server), "late copy").refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert_eq!(server.count(), Count { granted: 2, refused: 1 });
    for client in [&client, &copy] {
        client.refresh().unwrap();
        assert!(server.knows_alice(client), "a late use revokes no login");
    }
}

pub(crate) fn six_clients_that_refresh_at_once_refresh_once(server: &Server) {
    let file = server.file("login");
    drop(server.logged_in(first_app(server), "login"));
    for round in 1..=5 {
        let tokens = at_once(|start| {
            // A separate client, as in a separate process.
            let client = server.client(first_app(server), "login");
            let before = client.access_token().unwrap();
            start.wait();
            client.refresh().unwrap();
            assert_ne!(client.access_token().unwrap(), before);
            client.token().unwrap()
        });
        assert!(tokens.windows(2).all(|pair| pair[0] == pair[1]), "all have the same token");
        assert_eq!(server.count(), Count { granted: round, refused: 0 });
        assert!(server.is_alive(&file));
    }
    let client = server.client(first_app(server), "login");
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

/// Shows that the server's rule is real: without a common store, six clients lose the login.
pub(crate) fn six_clients_without_a_shared_store_lose_the_login(server: &Server) {
    drop(server.logged_in(first_app(server), "login"));
    let winners = six_copies(server);
    assert_eq!(winners.len(), 1, "the server grants one of six requests");
    let error = winners[0].refresh().unwrap_err();
    assert!(
        matches!(error, Error::Reauthorize(_)),
        "the server revoked the tokens of the winner: {error}"
    );
}

/// Does the same as [`six_clients_without_a_shared_store_lose_the_login`], on a server that accepts a second
/// use within its grace window.
pub(crate) fn six_clients_without_a_shared_store_all_refresh(server: &Server) {
    drop(server.logged_in(first_app(server), "login"));
    let winners = six_copies(server);
    assert_eq!(winners.len(), 6);
    winners[0].refresh().unwrap();
}

/// Six clients with copies of one login refresh at once. Returns those whose refresh was granted.
fn six_copies(server: &Server) -> Vec<Client> {
    let token = stored(&server.file("login")).token().clone();
    let results = at_once(|start| {
        let client = server.builder(first_app(server), MemoryBackend::new()).build();
        client.seed(token.clone()).unwrap();
        start.wait();
        client.refresh().is_ok().then_some(client)
    });
    results.into_iter().flatten().collect()
}

fn at_once<T: Send>(work: impl Fn(&Barrier) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(6);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| work(&start))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(crate) fn an_application_gets_a_token_without_a_person(server: &Server) {
    for &app in server.kind.own_apps() {
        let client = server.builder(app, MemoryBackend::new());
        let client = client.client_credentials(server.kind.own_scopes()).build();
        let first = client.access_token().unwrap_or_else(|error| panic!("{}: {error}", app.0));
        assert!(server.is_active(&first), "{}", app.0);
        client.refresh().unwrap();
        assert_ne!(client.access_token().unwrap(), first, "a refresh requests a new token");
    }
}

pub(crate) fn a_wrong_secret_leaves_the_login_valid(server: &Server) {
    let app = first_app(server);
    let client = server.logged_in(app, "login");
    let before = stored(&server.file("login"));
    let wrong = server.client(App(app.0, "not the secret", app.2), "login");
    let error = wrong.refresh().unwrap_err();
    let Error::OAuth(refused) = &error else { panic!("{error}") };
    assert_eq!(refused.code, "invalid_client");
    assert!(!error.needs_authorization());
    assert!(server.knows_alice(&wrong), "the client still uses the access token");

    let record = stored(&server.file("login"));
    assert_eq!(record.token(), before.token());
    assert_eq!(record.generation(), before.generation());
    assert!(record.note().is_none_or(|note| note.unanswered_since.is_none()));
    client.refresh().unwrap();
    assert!(server.is_alive(&server.file("login")));
}

/// The server rotates before it checks the client secret. No client can prevent the loss of this login.
pub(crate) fn a_wrong_secret_loses_the_login_as_the_error_says(server: &Server) {
    let app = first_app(server);
    let client = server.logged_in(app, "login");
    let before = stored(&server.file("login"));
    let error = server.client(App(app.0, "not the secret", app.2), "login").refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert_eq!(
        server.count(),
        Count { granted: 1, refused: 0 },
        "the server has used up the refresh token"
    );
    assert!(!server.is_alive(&server.file("login")));
    let record = stored(&server.file("login"));
    assert_eq!(record.token(), before.token(), "a stored token is never deleted");
    server.log_in(&client, app);
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

pub(crate) fn who_logs_out_leaves_nothing_behind(server: &Server) {
    let client = server.logged_in(first_app(server), "login");
    let token = client.token().unwrap();
    client.revoke().unwrap();
    assert!(client.stored().unwrap().is_none(), "the store still has the login");
    assert!(
        !server.kind.is_good(server, token.refresh_token().unwrap()),
        "the server still accepts the refresh token"
    );
    let ended = !server.is_active(token.access_token());
    assert_eq!(ended, server.kind.ends_access_token_at_logout());
    client.revoke().unwrap();
    assert!(matches!(client.access_token(), Err(Error::NotAuthorized(_))));
    // Revoking a token that the server no longer knows succeeds (RFC 7009 section 2.2).
    client.revoke_token(token.refresh_token().unwrap(), Some(TokenTypeHint::RefreshToken)).unwrap();
    client.revoke_token(token.access_token(), Some(TokenTypeHint::AccessToken)).unwrap();
    assert!(!server.is_active(token.access_token()));
}

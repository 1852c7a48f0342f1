//! Tests of a refresh whose answer is lost. The rule of the server decides whether the login is lost.

use evergrant::Error;
use time::{Duration, OffsetDateTime};

use crate::server::{BASIC, Count, POST, Server, stored};

pub(crate) fn a_lost_answer_is_reported_and_other_logins_stay_valid(server: &Server) {
    let other = server.logged_in(POST, "other");
    // The access token of this login works and is due: the token expires within the margin of a minute.
    let now = OffsetDateTime::now_utc();
    let token = server.logged_in(BASIC, "first").token().unwrap();
    let token = token.with_issued_at(now - Duration::HOUR).with_expires_at(now + Duration::MINUTE);
    let client = server.client(BASIC, "login");
    assert!(client.seed(token.clone()).unwrap());
    server.lose(1);

    // On this server a second request would also revoke the access token, so the client sends none while that
    // token works.
    assert!(server.knows_alice(&client));
    assert_eq!(server.count(), Count { granted: 1, refused: 0 });
    assert!(
        stored(&server.file("login")).note().is_some(),
        "the store has a note of the unanswered request"
    );

    // An explicit refresh gets the refusal, and its reason.
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert!(error.to_string().contains("was lost"), "{error}");
    assert!(error.needs_authorization());
    assert_eq!(server.count(), Count { granted: 1, refused: 1 });

    let record = stored(&server.file("login"));
    assert_eq!(record.token(), &token, "a stored token is never deleted");
    assert!(record.refused().is_some());
    assert!(server.is_alive(&server.file("other")));
    other.refresh().unwrap();

    // The refusal is stored: another run returns the same error and sends no request.
    let error = server.client(BASIC, "login").refresh().unwrap_err();
    assert!(error.to_string().contains("was lost"), "{error}");
    assert_eq!(server.count(), Count { granted: 2, refused: 1 });

    // After one login, everything works again.
    let again = server.logged_in(BASIC, "login");
    again.refresh().unwrap();
    assert!(server.knows_alice(&again));
}

/// On a server that revokes the access token at every refresh, no usable access token is left.
pub(crate) fn a_lost_answer_that_revoked_the_access_token_is_reported(server: &Server) {
    let other = server.logged_in(POST, "other");
    let client = server.logged_in(BASIC, "login");
    let before = client.token().unwrap();
    server.lose(1);
    let error = client.refresh().unwrap_err();
    assert!(matches!(error, Error::Reauthorize(_)), "{error}");
    assert!(error.to_string().contains("was lost"), "{error}");
    assert_eq!(server.count(), Count { granted: 1, refused: 1 });
    let error = client.get(server.kind.me()).call().unwrap_err();
    assert!(error.needs_authorization(), "{error}");

    let record = stored(&server.file("login"));
    assert_eq!(record.token(), &before, "a stored token is never deleted");
    assert!(record.refused().is_some());
    other.refresh().unwrap();
    assert!(server.is_alive(&server.file("other")));
    server.log_in(&client, BASIC);
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

/// On a server that grants a second use for a while, the client sends the refresh token again.
pub(crate) fn after_a_lost_answer_the_refresh_token_is_sent_again(server: &Server) {
    let client = server.logged_in(BASIC, "login");
    let before = client.token().unwrap();
    server.lose(1);
    client.refresh().unwrap();
    let after = client.token().unwrap();
    assert_ne!(after.refresh_token(), before.refresh_token());
    assert_eq!(
        server.count(),
        Count { granted: 2, refused: 0 },
        "both requests with the same token are granted"
    );
    assert!(server.is_alive(&server.file("login")));
    client.refresh().unwrap();
    assert!(server.knows_alice(&client));
}

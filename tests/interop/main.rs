//! Tests of the whole crate with real authorization servers: npm `oidc-provider`, django-oauth-toolkit,
//! glewlwyd, Doorkeeper, Authlib and idpyoidc. A flow is a test that runs on several servers; this file lists the
//! flows of each server. A test also runs a program of another client library, requests-oauthlib.
//!
//! `tests/interop/install.sh` installs the servers. Tests of a missing server print that they were
//! skipped, and fail if `EVERGRANT_REQUIRE_ALL=1` is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(all(
    feature = "device",
    feature = "discovery",
    feature = "introspection",
    feature = "jwt",
    feature = "oidc"
))]
mod any_service;
mod authlib;
#[cfg(feature = "dpop")]
mod bound;
mod browser;
mod crew;
mod doorkeeper;
#[cfg(feature = "token-exchange")]
mod exchanged;
mod expiry;
mod flows;
mod glewlwyd;
mod keys;
mod lost;
mod oidc_provider;
mod person;
mod process;
#[cfg(feature = "par")]
mod pushed;
mod race;
#[cfg(feature = "registration")]
mod registered;
mod requests_oauthlib;
mod server;
#[cfg(all(feature = "jwt", feature = "oidc", feature = "discovery", feature = "par"))]
mod signed_requests;
#[cfg(feature = "cli")]
mod tool;
mod toolkit;
mod wire;

/// Whether a skipped test is a failure.
fn everything_is_required() -> bool {
    std::env::var("EVERGRANT_REQUIRE_ALL").is_ok_and(|value| value == "1")
}

/// The entry point of the processes that [`crew::Crew`] starts, not a test of its own.
#[test]
fn crew_entry() {
    crew::work_if_told_to();
}

/// `oidc-provider` replaces the refresh token at every refresh, and revokes the login when it receives a
/// refresh token twice.
mod on_oidc_provider {
    crate::flows::flows! {
        crate::oidc_provider::start(60);
        flows::every_kind_of_client_logs_in_with_a_code_and_pkce,
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_revokes_the_login_as_the_error_says,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::six_clients_without_a_shared_store_lose_the_login,
        flows::an_application_gets_a_token_without_a_person,
        flows::a_wrong_secret_leaves_the_login_valid,
        flows::who_logs_out_leaves_nothing_behind,
        lost::a_lost_answer_is_reported_and_other_logins_stay_valid,
    }
}

/// Django-oauth-toolkit has the rule of `oidc-provider` in an independent implementation. Six requests at
/// once may all be granted, because the server reads the token before it locks the token.
mod on_the_toolkit {
    crate::flows::flows! {
        crate::toolkit::start(60);
        flows::every_kind_of_client_logs_in_with_a_code_and_pkce,
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_revokes_the_login_as_the_error_says,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::an_application_gets_a_token_without_a_person,
        flows::a_wrong_secret_leaves_the_login_valid,
        flows::who_logs_out_leaves_nothing_behind,
        lost::a_lost_answer_that_revoked_the_access_token_is_reported,
    }
}

/// A used refresh token stays valid for 30 seconds, and the server answers it with the same pair.
mod on_the_toolkit_with_grace {
    crate::flows::flows! {
        crate::toolkit::start_with_grace(60);
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_is_accepted_within_the_grace_window,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::six_clients_without_a_shared_store_all_refresh,
        lost::after_a_lost_answer_the_refresh_token_is_sent_again,
    }
}

/// Glewlwyd is a server in C, whose error answers have few details.
mod on_glewlwyd {
    crate::flows::flows! {
        crate::glewlwyd::start(60);
        flows::every_kind_of_client_logs_in_with_a_code_and_pkce,
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_revokes_the_login_as_the_error_says,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::an_application_gets_a_token_without_a_person,
        flows::a_wrong_secret_loses_the_login_as_the_error_says,
        flows::who_logs_out_leaves_nothing_behind,
    }
}

/// Doorkeeper with its column `previous_refresh_token`: a used refresh token stays valid until the
/// access token that came with its successor is used.
mod on_doorkeeper {
    crate::flows::flows! {
        crate::doorkeeper::start(60);
        flows::every_kind_of_client_logs_in_with_a_code_and_pkce,
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_is_granted_until_the_successor_is_used,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::an_application_gets_a_token_without_a_person,
        flows::a_wrong_secret_leaves_the_login_valid,
        flows::who_logs_out_leaves_nothing_behind,
        lost::after_a_lost_answer_the_refresh_token_is_sent_again,
    }
}

/// Doorkeeper without that column: a used refresh token is invalid at once, and a second use does not revoke
/// the login.
mod on_strict_doorkeeper {
    crate::flows::flows! {
        crate::doorkeeper::start_strict(60);
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_is_refused_as_the_error_says,
        flows::six_clients_that_refresh_at_once_refresh_once,
        lost::a_lost_answer_that_revoked_the_access_token_is_reported,
    }
}

/// Authlib follows the same rule as Doorkeeper without that column, in an independent implementation.
mod on_authlib {
    crate::flows::flows! {
        crate::authlib::start(60);
        flows::every_kind_of_client_logs_in_with_a_code_and_pkce,
        flows::every_refresh_rotates_and_the_login_lives_on,
        flows::a_second_use_is_refused_as_the_error_says,
        flows::six_clients_that_refresh_at_once_refresh_once,
        flows::an_application_gets_a_token_without_a_person,
        flows::a_wrong_secret_leaves_the_login_valid,
        flows::who_logs_out_leaves_nothing_behind,
        lost::a_lost_answer_that_revoked_the_access_token_is_reported,
    }
}

//! Cases from the test suites of four other libraries that have another result in this crate, with the
//! reasons: httpx-oauth (`tests/test_oauth2.py` and others), the Python SDKs of Teamleader Focus and Exact
//! Online, and Shell's. The guide has a sentence for each case.

use std::time::Duration;

use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{Client, Error, MemoryBackend, Token, providers};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// httpx-oauth: `test_get_authorization_url_with_plain_code_challenge`.
#[test]
fn pkce_is_never_plain() {
    let sandbox = Sandbox::start().unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let plain = [("code_challenge", "CODE"), ("code_challenge_method", "plain")];
    // The parameters of the protocol belong to the client.
    match client.authorize_with(&[], &plain) {
        Ok(login) => {
            let url = login.url();
            assert!(url.contains("code_challenge_method=S256") && !url.contains("=plain"), "{url}");
        }
        Err(error) => assert!(matches!(error, Error::Config(_)), "{error}"),
    }
    let url = client.authorize(&[]).unwrap().url().to_owned();
    assert!(url.contains("code_challenge_method=S256"), "{url}");
}

/// httpx-oauth: `test_franceconnect` expects the name `franceconnect` for both environments.
#[cfg(feature = "identity")]
#[test]
fn each_environment_of_franceconnect_has_its_own_name() {
    assert_eq!(providers::franceconnect().name(), "franceconnect");
    let other = providers::franceconnect_integration();
    assert_eq!(other.name(), "franceconnect_integration");
    let host = "https://fcp.integ01.dev-franceconnect.fr/api/v1";
    assert_eq!(other.token_endpoint(), format!("{host}/token"));
}

/// httpx-oauth: `test_microsoft_graph_oauth2_custom_tenant`. The result is the same.
#[test]
fn a_tenant_may_have_an_underscore() {
    let provider = providers::microsoft("my_tenant").unwrap();
    let base = "https://login.microsoftonline.com/my_tenant/oauth2/v2.0";
    assert_eq!(provider.token_endpoint(), format!("{base}/token"));
    for wrong in ["", "a/b", "a b", "a?b", "a#b", "a@b"] {
        assert!(matches!(providers::microsoft(wrong), Err(Error::Config(_))), "{wrong}");
    }
}

/// httpx-oauth: `test_microsoft_graph_oauth2_default_tenant` expects the scope `User.Read` alone.
#[test]
fn microsoft_is_asked_for_a_refresh_token() {
    let provider = providers::microsoft("common").unwrap();
    assert_eq!(provider.default_scopes(), ["User.Read", "offline_access"]);
}

/// httpx-oauth: `TestOAuth2Token::test_expires_at` expects that 0 is a moment in the past.
#[test]
fn an_expiry_of_0_is_no_expiry() {
    let token = Token::from_json(r#"{"access_token": "a", "expires_at": 0}"#).unwrap();
    assert_eq!((token.expires_at(), token.is_expired(OffsetDateTime::now_utc())), (None, false));
    let past = Token::from_json(r#"{"access_token": "a", "expires_at": 1000000000}"#).unwrap();
    assert!(past.is_expired(OffsetDateTime::now_utc()));
}

/// The SDK of Teamleader: `test_naive_datetime_treated_as_utc` and `test_naive_expired_datetime_treated_as_utc`.
#[test]
fn a_date_without_offset_is_refused_with_a_corrected_date() {
    let text =
        r#"{"access_token": "a", "refresh_token": "r", "expires_at": "2026-11-20T18:40:00"}"#;
    let error = Token::from_json(text).unwrap_err().to_string();
    assert!(error.contains("no offset") && error.contains("2026-11-20T18:40:00Z"), "{error}");
}

#[cfg(feature = "teamleader")]
mod teamleader {
    use super::*;
    use crate::teamleader::support::{answering, builder, data, sandbox, world};

    /// `test_refresh_500_raises_auth_expired`: a server that fails is no reason to log in again.
    #[test]
    fn a_failed_token_endpoint_does_not_end_a_login() {
        let sandbox = sandbox();
        let teamleader = builder(&sandbox, MemoryBackend::new()).build().unwrap();
        let login = sandbox.login();
        let old = Token::new("old").with_refresh_token(login.refresh_token().unwrap().expose());
        let past = OffsetDateTime::now_utc() - Duration::from_secs(60);
        teamleader.client().seed(old.with_expires_at(past)).unwrap();
        sandbox.faults(2, evergrant::sandbox::Fault::StatusBefore(500));
        let error = teamleader.client().access_token().unwrap_err();
        assert!(!error.needs_authorization() && error.is_transient(), "{error}");
    }

    /// `test_create_refetches_by_returned_id`, `test_update_refetches_after_update`: one call is one request.
    #[test]
    fn a_write_is_one_request() {
        use evergrant::teamleader::contacts::{ContactUpdate, NewContact};
        let (sandbox, teamleader) = world();
        let asked = answering(&sandbox, |_, _| data(json!({ "type": "contact", "id": "c" })));
        let made = teamleader.contacts().create(&NewContact::new("Rose")).unwrap();
        teamleader.contacts().update(&made.id, &ContactUpdate::new().last_name("Hill")).unwrap();
        let names: Vec<String> = asked.lock().iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(
            (names, made.id.as_str()),
            (vec!["contacts.add".into(), "contacts.update".into()], "c")
        );
    }

    /// `test_list_default_page_params` expects 20 objects a page.
    #[test]
    fn a_page_has_100_objects() {
        let (sandbox, teamleader) = world();
        let asked = answering(&sandbox, |_, _| data(json!([])));
        assert_eq!(teamleader.contacts().iter().count(), 0);
        assert_eq!(asked.lock()[0].1["page"], json!({ "size": 100, "number": 1 }));
    }

    /// `test_429_raises_rate_limit_error_with_retry_after`: the client waits and repeats the request.
    #[test]
    fn a_429_is_waited_for() {
        let (sandbox, teamleader) = world();
        answering(&sandbox, |_, _| data(json!([])));
        sandbox.api_fault(evergrant::sandbox::Fault::TooMany(Some(42)));
        assert_eq!(teamleader.contacts().iter().count(), 0);
    }
}

#[cfg(feature = "exact-online")]
mod exact_online {
    use super::*;
    use crate::exact_online::support::World;

    /// `test_sync_has_more_when_1000_results`: the link in the answer tells whether there are more pages.
    #[test]
    fn a_full_page_without_a_link_is_the_last() {
        let world = World::new();
        let rows: Vec<Value> =
            (0..1000).map(|n| json!({ "OrderNumber": n, "Timestamp": n })).collect();
        world.on("GET", "123/sync/PurchaseOrder/PurchaseOrders", move |_| {
            ApiReply::json(200, json!({ "d": { "results": rows } }))
        });
        let exact = world.seeded();
        let pages: Vec<_> =
            exact.purchase_orders().sync(None).map(|page| page.unwrap().position).collect();
        assert_eq!((pages.len(), pages[0].has_more(), pages[0].timestamp()), (1, false, Some(999)));
        // The next run continues after these rows, so no row is lost if the service left the link out.
        assert!(exact.purchase_orders().sync(pages.last().cloned()).next().is_some());
    }

    /// `test_with_state`: the caller chooses the `state`.
    #[test]
    fn the_client_chooses_the_state() {
        let world = World::new();
        let client = world.seeded().client().clone();
        let state = || {
            let url = client.authorize(&[]).unwrap().url().to_owned();
            let mut pairs = url.split(['?', '&']);
            pairs.find_map(|pair| pair.strip_prefix("state=")).unwrap().to_owned()
        };
        assert_ne!(state(), state());
        let chosen = client.authorize_with(&[], &[("state", "mine")]);
        assert!(matches!(chosen, Err(Error::Config(_))), "{chosen:?}");
    }
}

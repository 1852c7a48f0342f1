//! Tests of logging in, and of every known answer of the token endpoint: after each answer the client keeps
//! the login if the login can be kept.

use std::time::Duration;

use evergrant::Error;
use evergrant::exact_online::{Country, ExactOnline};
use evergrant::hooks::Event;
use evergrant::sandbox::{Fault, TokenReply};
use evergrant::{Client, Credentials, FileBackend, MemoryBackend};
use serde_json::json;

use super::support::{World, call};

#[test]
fn a_login_follows_the_documentation() {
    let world = World::new();
    let exact = world.process();
    let authorization = exact.client().authorize(&[]).unwrap();
    assert!(authorization.url().contains("response_type=code"));
    assert!(authorization.url().contains("state="));
    // The callback has a percent-encoded code with an exclamation mark, and the client decodes the code once.
    let callback = world.sandbox.approve(authorization.url()).unwrap();
    let token = exact.client().exchange(authorization, &callback).unwrap();
    assert_eq!(token.lifetime(), Some(Duration::from_secs(600)), "expires_in came as a string");
    assert_eq!(token.expires_at().unwrap().offset(), time::UtcOffset::UTC);
    call(&exact).unwrap();
    // The login expires 30 days later if it is not used.
    let end = exact.login_ends_at().unwrap().unwrap();
    assert_eq!(end - world.now(), time::Duration::days(30));
}

#[test]
fn every_country_logs_in_at_its_own_host() {
    for country in Country::ALL {
        let credentials =
            Credentials::new("app", "secret").with_redirect_uri("https://app.example/callback");
        let exact = ExactOnline::new(country, credentials, MemoryBackend::new()).unwrap();
        let url = exact.client().authorize(&[]).unwrap().url().to_owned();
        let provider = country.provider().unwrap();
        let base = provider.api_base().unwrap();
        assert!(url.starts_with(&format!("{base}/oauth2/auth?")), "{url}");
        assert!(provider.token_endpoint().starts_with(base));
        let other =
            exact.client().get("https://start.exactonline.example/api/v1/current/Me").call();
        assert!(matches!(other, Err(Error::Config(_) | Error::NotAuthorized(_))));
    }
    // The environment is empty, so the error names the missing variable.
    let error = ExactOnline::from_env(Country::Spain, MemoryBackend::new()).unwrap_err();
    assert!(error.to_string().contains("EXACT_ONLINE_CLIENT_ID"), "{error}");
}

#[test]
fn a_provider_override_forces_the_login_form() {
    let world = World::new();
    let provider = world.sandbox.provider().to_builder().authorize_param("force_login", "1");
    let exact = world.builder().provider(provider.build().unwrap()).build().unwrap();
    assert!(exact.client().authorize(&[]).unwrap().url().contains("force_login=1"));
}

#[test]
fn the_client_never_refreshes_too_early() {
    // The answer: 400 access_denied, "Rate limit exceeded: access_token not expired", with its header.
    let world = World::new();
    world.log_in();
    let exact = world.process();
    for _ in 0..57 {
        call(&exact).unwrap();
        let _ = exact.client().refresh();
        world.advance(10);
    }
    assert_eq!(world.token_requests(), 1, "no refresh is sent within 569 s after the exchange");
    world.advance(1);
    call(&exact).unwrap();
    assert_eq!((world.token_requests(), world.sandbox.counters().too_early), (2, 0));
}

#[test]
fn too_early_leaves_the_token_unchanged() {
    for fixture in 0..4 {
        let world = World::new();
        world.log_in();
        world.advance(575);
        world.sandbox.fault(Fault::TooEarly);
        world.sandbox.on_token(move |_, reply| {
            let text = "Rate limit exceeded: access_token not expired";
            match (reply.status, fixture) {
                (200, _) | (_, 0) => reply,
                (_, 1) => TokenReply::json(
                    400,
                    json!({"error": "invalid_request", "error_description": text}),
                ),
                (_, 2) => TokenReply::new(401).with_header("Reason", "Access Token not expired"),
                (_, _) => TokenReply::json(429, json!({"error_description": text})),
            }
        });
        let before = world.stored();
        call(&world.process()).unwrap();
        let after = world.stored();
        assert_eq!(before.token(), after.token(), "{fixture}");
        assert!(after.refused().is_none());
        // The token is replaced as soon as it has expired.
        world.advance(25);
        call(&world.process()).unwrap();
        assert_eq!(world.sandbox.counters().refreshes, 1, "{fixture}");
    }
}

#[test]
fn the_store_is_read_again_before_a_token_counts_as_old() {
    // The answer: 401 unauthorized_client, "Old refresh token used."
    let world = World::new();
    world.log_in();
    world.advance(700);
    // A script without the store's lock has refreshed, and saves while the service refuses the client's
    // request.
    let theirs = FileBackend::new(world.sandbox.folder().join("theirs.json"));
    let other = Client::builder(world.sandbox.provider(), world.sandbox.credentials(), theirs)
        .clock(world.clock.clone())
        .build();
    other.seed(world.stored().token().clone()).unwrap();
    other.access_token().unwrap();
    let newer = other.token().unwrap();
    world.advance(580);
    let path = world.store();
    let written = newer.clone();
    world.sandbox.on_token(move |call, reply| {
        if call.grant_type() == "refresh_token" && reply.status != 200 {
            assert_eq!(reply.status, 401);
            let text = std::fs::read_to_string(&path).unwrap();
            let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
            record["token"] = serde_json::to_value(&written).unwrap();
            std::fs::write(&path, record.to_string()).unwrap();
        }
        reply
    });
    call(&world.process()).unwrap();
    assert_eq!(world.sandbox.counters().reuses, 1);
    assert!(world.stored().refused().is_none() && world.sandbox.login_alive());
}

#[test]
fn an_old_token_without_a_successor_needs_a_new_login() {
    let world = World::new();
    world.log_in();
    world.advance(700);
    let stolen = Client::builder(
        world.sandbox.provider(),
        world.sandbox.credentials(),
        MemoryBackend::new(),
    );
    let stolen = stolen.clock(world.clock.clone()).build();
    stolen.seed(world.stored().token().clone()).unwrap();
    stolen.access_token().unwrap();
    world.advance(700);
    let asked = world.token_requests();
    for _ in 0..12 {
        let error = call(&world.process()).unwrap_err();
        let Error::Reauthorize(refusal) = &error else { panic!("{error:?}") };
        assert_eq!(refusal.error.code, "unauthorized_client");
        assert_eq!(refusal.error.description.as_deref(), Some("Old refresh token used."));
        assert_eq!((refusal.error.status, refusal.unanswered_since), (401, None));
    }
    assert_eq!(world.token_requests(), asked + 1);
    assert!(world.stored().token().refresh_token().is_some(), "nothing is deleted");
    // A job that runs every five minutes for a day stays below the limit of refusals.
    for _ in 0..288 {
        world.advance(300);
        let _ = call(&world.process());
    }
    assert!(world.refused_within_an_hour() <= 8, "{}", world.refused_within_an_hour());
    world.log_in();
    call(&world.process()).unwrap();
}

#[test]
fn a_login_unused_for_30_days_says_so() {
    // The answer: 400 invalid_request, "The refresh token expired at .. and it is now ..".
    let world = World::new();
    world.log_in();
    world.advance(29 * 86_400);
    call(&world.process()).unwrap();
    let warned =
        |event: &Event| matches!(event, Event::Warning { text } if text.contains("29 days"));
    assert_eq!(world.told.lock().unwrap().iter().filter(|event| warned(event)).count(), 1);
    world.advance(30 * 86_400 + 1);
    assert!(
        world.process().login_ends_at().unwrap().unwrap() < world.now(),
        "the expiry of the login is known"
    );
    let error = call(&world.process()).unwrap_err();
    let Error::Reauthorize(refusal) = &error else { panic!("{error:?}") };
    let text = refusal.error.description.as_deref().unwrap();
    assert!(text.starts_with("The refresh token expired at 3/1/2026"), "{text}");
    assert!(error.to_string().contains("authorize again"));
}

#[test]
fn a_second_login_elsewhere_ends_this_one() {
    // The answer: 400 invalid_grant, "Token is not allowed, because of invalid or empty chainId".
    let world = World::new();
    world.log_in();
    world.sandbox.login();
    world.advance(700);
    let error = call(&world.process()).unwrap_err();
    assert!(error.needs_authorization());
    assert!(error.to_string().contains("chainId"), "{error}");
}

#[test]
fn a_wrong_secret_loses_nothing_and_stops_before_the_limit() {
    // The answer: 400 invalid_request without a description.
    let world = World::new();
    world.log_in();
    world.advance(700);
    let wrong = || {
        let credentials = Credentials::new("sandbox-client", "wrong");
        let backend = FileBackend::new(world.store()).with_clock(world.clock.clone());
        let exact = ExactOnline::builder(Country::Netherlands, credentials, backend);
        exact.provider(world.sandbox.provider()).clock(world.clock.clone()).build().unwrap()
    };
    let error = call(&wrong()).unwrap_err();
    assert!(matches!(&error, Error::OAuth(error) if error.code == "invalid_request"), "{error:?}");
    for _ in 0..100 {
        call(&wrong()).unwrap_err();
    }
    assert_eq!(
        world.refused_within_an_hour(),
        8,
        "Exact Online blocks the key at more than ten refusals"
    );
    let error = call(&wrong()).unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)) && error.is_transient());
    // With the right secret the login still works.
    world.advance(3600);
    call(&world.process()).unwrap();
}

#[test]
fn a_used_or_late_code_is_sent_once() {
    // The answer: 400 with an empty body.
    let world = World::new();
    let exact = world.process();
    let authorization = exact.client().authorize(&[]).unwrap();
    let callback = world.sandbox.approve(authorization.url()).unwrap();
    world.advance(181);
    let error = exact.client().exchange(authorization, &callback).unwrap_err();
    let Error::OutcomeUnknown(unknown) = &error else { panic!("{error:?}") };
    assert!(unknown.code && !error.is_transient());
    assert!(error.to_string().contains("start the login again"), "{error}");
    assert_eq!(world.token_requests(), 1);
    assert!(exact.client().stored().unwrap().is_none());
    world.log_in();
    call(&exact).unwrap();
}

#[test]
fn an_unexplained_400_is_retried_later_and_deletes_nothing() {
    // The answer: 400 with any body, and the same token works later.
    let world = World::new();
    world.log_in();
    world.advance(700);
    let body = || Fault::Body {
        status: 400,
        content_type: "text/html".to_owned(),
        body: b"Bad Request".to_vec(),
        commit: false,
    };
    world.sandbox.fault(body());
    let before = world.stored();
    assert!(call(&world.process()).unwrap_err().is_transient());
    assert_eq!(world.stored().token(), before.token());
    let asked = world.token_requests();
    assert!(call(&world.process()).unwrap_err().is_transient());
    assert_eq!(world.token_requests(), asked, "the client does not repeat the request at once");
    world.advance(30);
    call(&world.process()).unwrap();
}

#[test]
fn a_gateway_failure_is_recovered_while_the_old_token_works() {
    // The answer: 500 with a fault of the gateway; the rotation has happened.
    let fault = || Fault::Body {
        status: 500,
        content_type: "application/json".to_owned(),
        body: json!({"fault": {
            "faultstring": "Failed to execute the ExtractVariables: ExtractAccessToken",
            "detail": {"errorcode": "steps.extractvariables.ExecutionFailed"}}})
        .to_string()
        .into_bytes(),
        commit: true,
    };
    for lenient in [true, false] {
        let world = if lenient { World::lenient() } else { World::new() };
        world.log_in();
        world.advance(571);
        world.sandbox.fault(fault());
        let exact = world.process();
        // The access token works for 29 more seconds.
        call(&exact).unwrap();
        assert_eq!(world.token_requests(), 2, "the token is not sent again at once");
        assert!(world.stored().note().is_some());
        // The answer "too early" to one request shows that the service rotated the token.
        world.advance(30);
        let error = call(&world.process()).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!(world.sandbox.counters().too_early, 1);
        // A job that runs every 5 minutes sends nothing until the refresh is allowed.
        world.advance(300);
        assert!(call(&world.process()).unwrap_err().is_transient());
        assert_eq!(world.token_requests(), 3);
        world.advance(241);
        let result = call(&world.process());
        assert_eq!(world.token_requests(), 4);
        if lenient {
            result.unwrap();
            let told = world.told.lock().unwrap();
            assert!(told.iter().any(|event| matches!(event, Event::Recovered { .. })));
        } else {
            let error = result.unwrap_err();
            let Error::Reauthorize(refusal) = &error else { panic!("{error:?}") };
            assert!(refusal.unanswered_since.is_some());
            assert!(error.to_string().contains("the answer with the new refresh token was lost"));
        }
    }
}

#[test]
fn a_gateway_outage_loses_nothing_and_is_retried() {
    // The answer: any status, fault messaging.adaptors.http.flow.ApplicationNotFound.
    let world = World::new();
    world.log_in();
    world.advance(700);
    for status in [404, 500, 503] {
        let body = json!({"fault": {"faultstring": "Unable to identify proxy for host",
            "detail": {"errorcode": "messaging.adaptors.http.flow.ApplicationNotFound"}}});
        world.sandbox.fault(Fault::Body {
            status,
            content_type: "application/json".to_owned(),
            body: body.to_string().into_bytes(),
            commit: false,
        });
        let error = call(&world.process()).unwrap_err();
        assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
        let note = world.stored().note().cloned().unwrap();
        assert!(note.answered && note.unanswered_since.is_none(), "the refresh token was not used");
        world.advance(10);
    }
    call(&world.process()).unwrap();
}

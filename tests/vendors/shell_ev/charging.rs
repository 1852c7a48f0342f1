//! Tests of starting and stopping sessions: a request is sent again only if Shell certainly has not processed
//! it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::Error;
use evergrant::clock::Clock as _;
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::shell_ev::{SessionStatus, ShellEv, Started, Unconfirmed, request_id};
use serde_json::json;
use ureq::http::Method;

use super::{CARD, EVSE, SESSION, World, success};

type Command = fn(&ShellEv) -> Result<(), Error>;

const COMMANDS: [Command; 2] = [
    |shell| shell.charging().start(CARD, EVSE).call().map(drop),
    |shell| shell.charging().stop(SESSION).call().map(drop),
];

fn world() -> World {
    let world = World::new();
    world.on("POST", "/charge-session/start", |_| {
        ApiReply::json(202, success(json!([{ "sessionId": SESSION }])))
    });
    world.on("POST", "/charge-session/stop", |_| ApiReply::json(202, success(json!(null))));
    world
}

#[test]
fn a_command_that_may_have_been_processed_is_sent_once() {
    for command in COMMANDS {
        for fault in [
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::StatusAfter(500),
            Fault::StatusAfter(408),
            Fault::StatusAfter(504),
            Fault::Unavailable(Some(1)),
        ] {
            let world = world();
            // The request is not repeated even if the caller allows repeating a POST.
            let shell = world.builder().retries(5).retry_methods(&[Method::POST]).build().unwrap();
            world.sandbox.api_fault(fault.clone());
            let error = command(&shell).unwrap_err();
            assert!(request_id(&error).is_some(), "{error:?}");
            assert!(format!("{error:#}").contains(request_id(&error).unwrap()), "{error}");
            assert_eq!(world.sandbox.counters().api_calls, 1, "{fault:?}");
        }
    }
}

#[test]
fn a_command_that_certainly_was_not_processed_is_sent_again() {
    for command in COMMANDS {
        for fault in [Fault::TooMany(Some(1)), Fault::RefuseOnce] {
            let world = world();
            world.sandbox.api_fault(fault);
            command(&world.shell()).unwrap();
            let counters = world.sandbox.counters();
            assert_eq!((counters.api_calls, counters.api_ok), (2, 1));
        }
    }
    // No server listens, so Shell cannot have processed a request, and all attempts are made.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for command in COMMANDS {
        let world = world();
        let attempts = Arc::new(AtomicUsize::new(0));
        let count = attempts.clone();
        let shell = world
            .builder()
            .api_base(format!("http://{gone}"))
            .before_send(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .build()
            .unwrap();
        assert_eq!(command(&shell).unwrap_err().kind(), "transport");
        assert_eq!(attempts.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn a_start_returns_its_session_or_may_have_no_body() {
    let world = world();
    let shell = world.shell();
    let started = shell.charging().start(CARD, EVSE).call().unwrap();
    assert_eq!(started.session_id, Some(SESSION.into()));
    assert_eq!(started.request_id, "0b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d11");
    assert!(shell.charging().stop(SESSION).call().unwrap().status.is_some());
    let json = serde_json::to_value(&started).unwrap();
    assert_eq!(json["sessionId"], SESSION);
    assert_eq!(serde_json::from_value::<Started>(json).unwrap(), started);
    for path in ["/charge-session/start", "/charge-session/stop"] {
        world.on("POST", path, |_| ApiReply::new(202));
    }
    assert_eq!(shell.charging().start(CARD, EVSE).call().unwrap().session_id, None);
    shell.charging().stop(SESSION).call().unwrap();
}

#[test]
fn a_command_that_may_have_been_processed_is_not_transient() {
    let world = World::new();
    let shell = world.shell();
    for command in COMMANDS {
        let mut errors = Vec::new();
        world.answers(200, success(json!([])));
        for fault in [Fault::CutBefore, Fault::CutAfter] {
            world.sandbox.api_fault(fault);
            errors.push((false, command(&shell).unwrap_err()));
        }
        for status in [500, 503, 504] {
            world.answers(status, json!({}));
            errors.push((false, command(&shell).unwrap_err()));
        }
        world.on("POST", "/*", |_| ApiReply::bytes(202, "text/html", "<h1>ok</h1>"));
        errors.push((true, command(&shell).unwrap_err()));
        world.answers(200, json!("ok"));
        errors.push((true, command(&shell).unwrap_err()));
        for (processed, error) in errors {
            let told = Unconfirmed::of(&error).unwrap_or_else(|| panic!("{error:#}"));
            assert!(told.operation.starts_with("/v2/charge-session/"), "{told:?}");
            assert_eq!((told.processed, error.is_transient()), (processed, false), "{error:#}");
            assert!(error.to_string().contains("processed"), "{error}");
            assert!(request_id(&error).is_some(), "{error}");
        }
        // Shell refused these requests, or could not process them.
        for (status, transient) in [(400, false), (503, true)] {
            world.on("POST", "/*", move |_| ApiReply::new(status).with_header("Retry-After", "7"));
            let error = command(&shell).unwrap_err();
            assert!(Unconfirmed::of(&error).is_none(), "{error}");
            assert_eq!(error.is_transient(), transient, "{error}");
        }
    }
    // A failed read leaves nothing unconfirmed, because a read changes nothing.
    world.answers(504, json!({}));
    let error = shell.charging().get(SESSION).unwrap_err();
    assert!(Unconfirmed::of(&error).is_none() && error.is_transient(), "{error}");
}

#[test]
fn settled_waits_until_shell_has_decided() {
    let world = World::new();
    let count = Arc::new(AtomicUsize::new(0));
    let asked = count.clone();
    world.on("GET", "/charge-session/retrieve", move |_| {
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => ApiReply::json(404, json!({ "errors": [{ "code": "E0038" }] })),
            1 | 2 => ApiReply::json(
                200,
                success(
                    json!([{ "id": SESSION, "sessionState": { "status": "Start-Requested" } }]),
                ),
            ),
            _ => ApiReply::json(
                200,
                success(json!([{ "id": SESSION, "SessionState": { "status": "Started" } }])),
            ),
        }
    });
    let shell = world.shell();
    let session = shell.charging().settled(SESSION, Duration::from_secs(60)).unwrap();
    assert_eq!(session.phase(), Some(SessionStatus::Started));
    assert_eq!((count.load(Ordering::Relaxed), world.clock.slept()), (4, Duration::from_secs(6)));
    // A session that is still undecided when the limit has passed is returned as it is.
    count.store(1, Ordering::Relaxed);
    let session = shell.charging().settled(SESSION, Duration::from_secs(1)).unwrap();
    assert_eq!(session.phase(), Some(SessionStatus::StartRequested));
    count.store(0, Ordering::Relaxed);
    assert_eq!(shell.charging().settled(SESSION, Duration::ZERO).unwrap_err().kind(), "api");
    assert!(world.clock.monotonic() < Duration::from_secs(30));
}

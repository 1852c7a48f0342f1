//! Tests of the faults of the sandbox.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::clock::{Clock, ManualClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::{EventKind, Fault, Gate, Sandbox};

use crate::{PATIENCE, agent, at, body, get, has, refresh, rt, status};

fn strict() -> Sandbox {
    Sandbox::builder().rotation(Rotation::Strict).start().unwrap()
}

fn connect(sandbox: &Sandbox) -> TcpStream {
    TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap()
}

#[test]
fn a_request_cut_before_the_decision_uses_no_token() {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let token = sandbox.login();
    sandbox.fault(Fault::CutBefore);
    assert!(refresh(&sandbox, rt(&token)).is_err());
    assert_eq!(sandbox.counters().refreshes, 0);
    assert_eq!(status(refresh(&sandbox, rt(&token))), 200);
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.refreshes, counters.reuses), (2, 1, 0));
}

#[test]
fn an_answer_cut_after_the_decision_is_known_to_be_lost() {
    let sandbox = strict();
    let token = sandbox.login();
    sandbox.fault(Fault::CutAfter);
    assert!(refresh(&sandbox, rt(&token)).is_err());
    assert_eq!(sandbox.counters().refreshes, 1);
    let events = sandbox.events();
    assert!(has(&events, EventKind::Refreshed, "rt-2"));
    assert!(has(&events, EventKind::Lost, "rt-2"));
    assert!(!has(&events, EventKind::Delivered, "rt-2"));
    assert_eq!(body(400, refresh(&sandbox, rt(&token)))["error"], "invalid_grant");
    assert_eq!(sandbox.counters().reuses, 1);
}

#[test]
fn half_an_answer_is_cut_within_the_body() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    sandbox.fault(Fault::CutMid(20));
    let mut half = refresh(&sandbox, rt(&token)).unwrap();
    assert_eq!(half.status(), 200);
    assert!(half.body_mut().read_to_vec().is_err());
    assert!(has(&sandbox.events(), EventKind::Lost, "rt-2"));
}

#[test]
fn only_a_status_after_the_decision_uses_the_token() {
    let sandbox = strict();
    let token = sandbox.login();
    for (fault, status, retry_after) in [
        (Fault::StatusBefore(500), 500, None),
        (Fault::TooMany(Some(7)), 429, Some("7")),
        (Fault::Unavailable(None), 503, None),
    ] {
        sandbox.fault(fault);
        let answer = refresh(&sandbox, rt(&token)).unwrap();
        assert_eq!(answer.status(), status);
        let header = answer.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
        assert_eq!(sandbox.counters().refreshes, 0);
    }
    sandbox.fault(Fault::StatusAfter(502));
    assert_eq!(status(refresh(&sandbox, rt(&token))), 502);
    assert_eq!(sandbox.counters().refreshes, 1);
    assert!(has(&sandbox.events(), EventKind::Lost, "rt-2"));
}

#[test]
fn a_hostile_body_is_sent_with_or_without_a_refresh() {
    let sandbox = strict();
    let token = sandbox.login();
    for commit in [false, true] {
        let (content_type, body) = ("text/plain".to_owned(), b"\xff{".to_vec());
        sandbox.fault(Fault::Body { status: 200, content_type, body, commit });
        let mut answer = refresh(&sandbox, rt(&token)).unwrap();
        assert_eq!(answer.body_mut().read_to_vec().unwrap(), b"\xff{");
        assert_eq!(sandbox.counters().refreshes, u64::from(commit));
    }
}

#[test]
fn a_good_token_is_refused_on_command_and_stays_good() {
    let sandbox = strict();
    let token = sandbox.login();
    sandbox.fault(Fault::RefuseOnce);
    sandbox.fault(Fault::TooEarly);
    assert_eq!(body(400, refresh(&sandbox, rt(&token)))["error"], "invalid_grant");
    let early = refresh(&sandbox, rt(&token)).unwrap();
    assert_eq!(early.status(), 400);
    assert!(early.headers()["reason"].to_str().unwrap().starts_with("TooEarlyToRefreshTokens"));
    assert_eq!(status(refresh(&sandbox, rt(&token))), 200);
    let counters = sandbox.counters();
    assert_eq!((counters.refused, counters.too_early, counters.reuses), (2, 1, 0));
}

#[test]
fn api_faults_hit_api_calls_and_unused_faults_are_cleared() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let me = || get(&sandbox, "/api/me", at(&token));
    sandbox.api_fault(Fault::RefuseOnce);
    sandbox.api_fault(Fault::CutBefore);
    sandbox.api_fault(Fault::TooMany(Some(3)));
    assert_eq!(status(refresh(&sandbox, rt(&token))), 200);
    assert_eq!(status(me()), 401);
    assert!(me().is_err());
    assert_eq!(me().unwrap().headers()["retry-after"], "3");
    assert_eq!(status(me()), 200);
    let counters = sandbox.counters();
    assert_eq!((counters.api_calls, counters.api_ok, counters.api_unauthorized), (4, 1, 1));
    sandbox.faults(5, Fault::CutBefore);
    sandbox.api_fault(Fault::CutBefore);
    sandbox.clear_faults();
    assert_eq!(status(me()), 200);
    assert_eq!(status(refresh(&sandbox, "unknown")), 400);
}

#[test]
fn a_request_waits_at_a_gate_and_is_decided_late() {
    let sandbox = strict();
    let token = sandbox.login();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldBefore(gate.clone()));
    thread::scope(|scope| {
        let held = scope.spawn(|| body(400, refresh(&sandbox, rt(&token))));
        assert!(gate.wait_for(1, PATIENCE));
        assert_eq!(sandbox.counters().token_requests, 1);
        assert_eq!(sandbox.counters().refreshes, 0);
        // Another request overtakes the held request, so the held request is the reuse.
        body(200, refresh(&sandbox, rt(&token)));
        gate.open();
        assert_eq!(held.join().unwrap()["error"], "invalid_grant");
    });
    assert_eq!(sandbox.counters().reuses, 1);
    assert_eq!(gate.arrived(), 1);
}

#[test]
fn an_answer_waits_at_a_gate_after_the_decision() {
    let sandbox = strict();
    let token = sandbox.login();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    thread::scope(|scope| {
        let held = scope.spawn(|| status(refresh(&sandbox, rt(&token))));
        assert!(gate.wait_for(1, PATIENCE));
        assert_eq!(sandbox.counters().refreshes, 1);
        assert!(!has(&sandbox.events(), EventKind::Delivered, "rt-2"));
        gate.open();
        assert_eq!(held.join().unwrap(), 200);
    });
    assert!(has(&sandbox.events(), EventKind::Delivered, "rt-2"));
    assert!(!gate.wait_for(2, Duration::ZERO));
}

#[test]
fn a_client_that_left_does_not_get_the_held_pair() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    let form = format!("grant_type=refresh_token&refresh_token={}", rt(&token));
    let mut stream = connect(&sandbox);
    write!(
        stream,
        "POST /token HTTP/1.1\r\nAuthorization: Basic {}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        STANDARD.encode("sandbox-client:sandbox-secret"),
        form.len()
    )
    .unwrap();
    assert!(gate.wait_for(1, PATIENCE));
    drop(stream);
    // When this request is answered, the sandbox has also noticed the end of the other connection.
    agent().get(format!("{}/counters", sandbox.url())).call().unwrap();
    gate.open();
    let until = Instant::now() + PATIENCE;
    while !has(&sandbox.events(), EventKind::Lost, "rt-2") {
        assert!(Instant::now() < until, "{:?}", sandbox.events());
        thread::yield_now();
    }
}

#[test]
fn a_delay_passes_on_the_sandboxs_clock() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder()
        .clock(clock.clone())
        .access_token_lifetime(Duration::from_secs(60))
        .start()
        .unwrap();
    let token = sandbox.login();
    assert_eq!(token.lifetime(), Some(Duration::from_secs(60)));
    sandbox.fault(Fault::DelayBefore(Duration::from_secs(35)));
    sandbox.fault(Fault::DelayAfter(Duration::from_secs(20)));
    let second = body(200, refresh(&sandbox, rt(&token)));
    assert_eq!(clock.slept(), Duration::from_secs(35));
    let third = body(200, refresh(&sandbox, second["refresh_token"].as_str().unwrap()));
    assert_eq!(third["expires_in"], 60);
    assert_eq!(clock.monotonic(), Duration::from_secs(55));
    assert_eq!(status(get(&sandbox, "/api/me", at(&token))), 200);
    // A change of the wall clock does not change the age of tokens.
    clock.set_wall(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000));
    assert_eq!(status(get(&sandbox, "/api/me", at(&token))), 200);
    clock.advance(Duration::from_secs(5));
    assert_eq!(status(get(&sandbox, "/api/me", at(&token))), 401);
}

#[test]
fn the_servers_wall_clock_can_be_off() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock).expires_at_in_reply(true).start().unwrap();
    sandbox.clock_offset(-86_400);
    let token = sandbox.login();
    let mut answer = refresh(&sandbox, rt(&token)).unwrap();
    assert_eq!(answer.headers()["date"], "Wed, 31 Dec 2025 00:00:00 GMT");
    let second: serde_json::Value = answer.body_mut().read_json().unwrap();
    assert_eq!(second["expires_at"], 1_767_225_600_i64 - 86_400 + 3600);
}

#[test]
fn a_dropped_sandbox_closes_its_connections_and_its_gates() {
    let sandbox = Sandbox::start().unwrap();
    let token = sandbox.login();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldBefore(gate.clone()));
    let mut idle = connect(&sandbox);
    let address = idle.peer_addr().unwrap();
    let endpoint = sandbox.provider().token_endpoint().to_owned();
    let held = thread::spawn(move || {
        let form = [("grant_type", "refresh_token"), ("refresh_token", rt(&token))];
        agent().post(endpoint).send_form(form).is_err()
    });
    assert!(gate.wait_for(1, PATIENCE));
    drop(sandbox);
    assert!(held.join().unwrap());
    assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err());
}

//! Tests of a login on a host without a browser, with a clock that only moves when the client sleeps.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::clock::{Clock, ManualClock};
use evergrant::device::{DeviceCode, DevicePoll};
use evergrant::sandbox::{Fault, Reply, Sandbox, SandboxBuilder, TokenCall};
use evergrant::{Client, Error, MemoryBackend, Provider, TokenBackend};
use serde_json::{Value, json};

use crate::support::Fake;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct World {
    clock: Arc<ManualClock>,
    sandbox: Sandbox,
    client: Client,
    /// When each poll came, in seconds after the start, and its parameters.
    polls: Arc<Mutex<Vec<(u64, TokenCall)>>>,
}

fn world(builder: SandboxBuilder) -> World {
    let clock = Arc::new(ManualClock::new());
    let sandbox = builder.clock(clock.clone()).start().unwrap();
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = client.clock(clock.clone()).build();
    let polls = Arc::new(Mutex::new(Vec::new()));
    let (seen, at) = (polls.clone(), clock.clone());
    sandbox.on_token(move |call, reply| {
        seen.lock().unwrap().push((at.monotonic().as_secs(), call.clone()));
        reply
    });
    World { clock, sandbox, client, polls }
}

impl World {
    fn times(&self) -> Vec<u64> {
        self.polls.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    /// Polls until the person decides, which happens after `pending` polls were answered with
    /// `authorization_pending`.
    fn decide_after(&self, pending: usize, approve: bool) -> Result<(), Error> {
        let code = self.client.device_code(&["read"])?;
        let mut seen = 0;
        let result = self.client.exchange_device(&code, |event| {
            seen += usize::from(*event == DevicePoll::Pending);
            if seen == pending && *event == DevicePoll::Pending {
                let decided = match approve {
                    true => self.sandbox.approve_device(code.user_code()),
                    false => self.sandbox.deny_device(code.user_code()),
                };
                assert!(decided);
            }
            ControlFlow::Continue(())
        });
        result.map(|token| assert_eq!(token.scope(), Some("read")))
    }
}

#[test]
fn a_device_login_is_stored_and_refreshed() {
    let world = world(Sandbox::builder());
    world.decide_after(2, true).unwrap();
    // The first poll comes one interval after the start, and the waits do not shrink.
    assert_eq!(world.times(), [5, 10, 15]);
    for (_, call) in world.polls.lock().unwrap().iter() {
        assert_eq!(call.grant_type(), GRANT);
        assert!(call.parameter("device_code").is_some() && call.parameter("scope").is_none());
    }
    let me: Value = world.client.get("/me").read_json().unwrap();
    assert_eq!(me["login"], "ada");
    world.client.refresh().unwrap();
    assert!(world.client.stored().unwrap().unwrap().consented_at().is_some());
    assert_eq!(world.sandbox.counters().device_logins, 1);
}

#[test]
fn a_public_client_sends_its_id_in_every_device_request() {
    let world = world(Sandbox::builder().client("tv", None));
    world.decide_after(1, true).unwrap();
    for (_, call) in world.polls.lock().unwrap().iter() {
        assert_eq!(call.parameter("client_id"), Some("tv"));
        assert!(call.header("Authorization").is_none());
    }
}

#[test]
fn slow_down_lengthens_every_later_wait() {
    let world = world(Sandbox::builder());
    let answers = Mutex::new(
        [
            json!({"error": "slow_down"}),
            json!({"error": "authorization_pending"}),
            json!({"error": "slow_down", "interval": 12}),
            json!({"error": "slow_down", "interval": 1}),
        ]
        .into_iter(),
    );
    let (seen, at) = (world.polls.clone(), world.clock.clone());
    world.sandbox.on_token(move |call, reply| {
        seen.lock().unwrap().push((at.monotonic().as_secs(), call.clone()));
        match answers.lock().unwrap().next() {
            Some(body) => Reply::json(400, body),
            None => reply,
        }
    });
    let code = world.client.device_code(&[]).unwrap();
    let mut intervals = Vec::new();
    let result = world.client.exchange_device(&code, |event| {
        if let DevicePoll::SlowDown { interval } = event {
            intervals.push(interval.as_secs());
        }
        if intervals.len() == 3 {
            world.sandbox.approve_device(code.user_code());
        }
        ControlFlow::Continue(())
    });
    result.unwrap();
    assert_eq!(intervals, [10, 15, 20], "a longer interval from the server is used");
    assert_eq!(world.times(), [5, 15, 25, 40, 60]);
}

#[test]
fn a_server_without_an_interval_is_polled_every_five_seconds() {
    let world = world(Sandbox::builder().device_interval(None));
    world.decide_after(3, true).unwrap();
    assert_eq!(world.times(), [5, 10, 15, 20]);
    assert_eq!(world.sandbox.counters().slow_downs, 0);
}

#[test]
fn a_longer_interval_from_the_server_is_used() {
    let world = world(Sandbox::builder().device_interval(Some(Duration::from_secs(17))));
    world.decide_after(1, true).unwrap();
    assert_eq!(world.times(), [17, 34]);
}

#[test]
fn each_final_answer_ends_the_polling_with_its_own_error() {
    let refused = world(Sandbox::builder());
    let error = refused.decide_after(1, false).unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "access_denied"), "{error:?}");
    for code in ["expired_token", "invalid_grant", "invalid_client", "unsupported_grant_type"] {
        let world = world(Sandbox::builder());
        world.sandbox.on_token(move |_, _| Reply::json(400, json!({ "error": code })));
        let error = world.client.authorize_device(&[], |_| {}).unwrap_err();
        assert!(matches!(&error, Error::OAuth(e) if e.code == code), "{error:?}");
        assert!(world.client.stored().unwrap().is_none());
        assert_eq!(
            world.sandbox.counters().token_requests,
            1,
            "{code}: the login is not started again"
        );
    }
}

#[test]
fn polling_ends_when_the_code_expires_by_the_monotonic_clock() {
    let world = world(Sandbox::builder().device_lifetime(Duration::from_secs(22)));
    let code = world.client.device_code(&[]).unwrap();
    let error = world
        .client
        .exchange_device(&code, |_| {
            // A wall clock that is set back does not lengthen the code's life.
            world.clock.set_wall(std::time::SystemTime::UNIX_EPOCH);
            ControlFlow::Continue(())
        })
        .unwrap_err();
    assert!(matches!(&error, Error::OAuth(e) if e.code == "expired_token"), "{error:?}");
    assert_eq!(world.times(), [5, 10, 15, 20]);
    assert!(world.clock.monotonic() < Duration::from_secs(22));
}

#[test]
fn a_wall_clock_set_forward_ends_no_login() {
    let world = world(Sandbox::builder());
    let code = world.client.device_code(&[]).unwrap();
    assert!(world.sandbox.approve_device(code.user_code()));
    // A small computer without a battery learns the date from the network.
    world.clock.set_wall(world.clock.now() + Duration::from_secs(10 * 365 * 86_400));
    world.client.exchange_device(&code, |_| ControlFlow::Continue(())).unwrap();
}

#[test]
fn a_watcher_stops_the_login_within_a_second() {
    let world = world(Sandbox::builder());
    let code = world.client.device_code(&[]).unwrap();
    let mut waited = Vec::new();
    let error = world.client.exchange_device(&code, |event| {
        let DevicePoll::Waiting { left } = event else { return ControlFlow::Continue(()) };
        waited.push(left.as_secs());
        if waited.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let error = error.unwrap_err();
    assert!(matches!(error, Error::LoginNotFinished(_)), "{error}");
    assert!(error.to_string().contains("the program stopped it"), "{error}");
    assert_eq!(waited, [5, 4, 3]);
    assert!(world.times().is_empty() && world.client.stored().unwrap().is_none());
}

#[test]
fn a_failed_poll_doubles_the_wait_and_retry_after_is_kept() {
    let world = world(Sandbox::builder());
    world.sandbox.fault(Fault::CutBefore);
    world.sandbox.fault(Fault::StatusBefore(502));
    world.sandbox.fault(Fault::TooMany(Some(90)));
    let code = world.client.device_code(&[]).unwrap();
    let mut events = Vec::new();
    let result = world.client.exchange_device(&code, |event| {
        if let DevicePoll::Failed { interval, .. } = event {
            events.push(interval.as_secs());
            world.sandbox.approve_device(code.user_code());
        }
        ControlFlow::Continue(())
    });
    result.unwrap();
    assert_eq!(events, [10, 20, 90]);
    // The handler does not see the polls that met a fault. The polls came after 5, 15, 35 and 125 seconds.
    assert_eq!(world.times(), [125]);
    // A refused connection also doubles the wait.
    let provider = world.sandbox.provider().to_builder().token_endpoint("http://127.0.0.1:1/token");
    let provider = provider.build().unwrap();
    let unreachable = Client::builder(provider, world.sandbox.credentials(), MemoryBackend::new());
    let unreachable = unreachable.clock(world.clock.clone()).build();
    let code = unreachable.device_code(&[]).unwrap();
    let mut gaps = Vec::new();
    let error = unreachable.exchange_device(&code, |event| {
        if let DevicePoll::Failed { interval, .. } = event {
            gaps.push(interval.as_secs());
        }
        ControlFlow::Continue(())
    });
    assert!(matches!(&error, Err(Error::OAuth(e)) if e.code == "expired_token"), "{error:?}");
    assert_eq!(gaps[..4], [10, 20, 30, 30]);
    // The last minute of the code is used as well.
    assert!(gaps.len() > 20 && gaps.iter().all(|gap| *gap <= 30), "{gaps:?}");
}

#[test]
fn a_lost_poll_answer_makes_the_outcome_unknown() {
    let world = world(Sandbox::builder());
    world.sandbox.fault(Fault::CutAfter);
    let error = world
        .client
        .authorize_device(&[], |code| assert!(world.sandbox.approve_device(code.user_code())))
        .unwrap_err();
    // The server answers the second poll with `invalid_grant`, because the first poll used the code.
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert_eq!(world.sandbox.counters().device_logins, 1);
    assert_eq!(world.sandbox.counters().token_requests, 2);
}

#[test]
fn a_device_code_can_be_stored_and_belongs_to_its_client() {
    let world = world(Sandbox::builder());
    let code = world.client.device_code(&[]).unwrap();
    let text = serde_json::to_string(&code).unwrap();
    let code: DeviceCode = serde_json::from_str(&text).unwrap();
    world.sandbox.approve_device(code.user_code());
    let other = evergrant::Credentials::public("other");
    let other = Client::new(world.sandbox.provider(), other, MemoryBackend::new());
    let refused = other.exchange_device(&code, |_| ControlFlow::Continue(()));
    assert!(matches!(refused, Err(Error::Config(_))));
    assert!(world.client.exchange_device(&code, |_| ControlFlow::Continue(())).is_ok());
    assert!(!format!("{code:?} {code}").contains(&text[16..40]), "the device code is not shown");
}

#[test]
fn an_unfit_store_fails_before_a_person_is_asked() {
    struct Broken;
    impl TokenBackend for Broken {
        fn load(&self) -> Result<Option<evergrant::backend::Record>, evergrant::BoxError> {
            Err("no".into())
        }
        fn save(&self, _: &evergrant::backend::Record) -> Result<(), evergrant::BoxError> {
            Err("no".into())
        }
        fn clear(&self) -> Result<(), evergrant::BoxError> {
            Err("no".into())
        }
    }
    let sandbox = Sandbox::start().unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), Broken);
    let error = client.authorize_device(&[], |_| panic!("nobody is asked")).unwrap_err();
    assert!(matches!(error, Error::Backend(_)), "{error:?}");
}

#[test]
fn a_failed_device_authorization_request_is_an_error() {
    let offered = |address: &str| {
        Provider::builder("x")
            .token_endpoint("http://127.0.0.1:1/t")
            .device_authorization_endpoint(address)
            .build()
            .unwrap()
    };
    let client = |provider| {
        let credentials = evergrant::Credentials::new("app", "s3cret-of-the-app");
        Client::new(provider, credentials, MemoryBackend::new())
    };
    let huge = format!(r#"{{"device_code":"{}"}}"#, "x".repeat(3 << 20));
    for (body, kind) in [
        (r#"{"error":"invalid_client","error_description":"no s3cret-of-the-app"}"#, "oauth"),
        ("<html>", "oauth"),
        (r#"{"device_code":5,"user_code":[],"verification_uri":{}}"#, "oauth"),
        (r#"{"device_code":"d","user_code":"U","verification_uri":"file:///etc"}"#, "oauth"),
        (
            r#"{"device_code":"d","user_code":"U","verification_uri":"https://a\\@b.example"}"#,
            "oauth",
        ),
        (
            r#"{"device_code":"d","user_code":"U","verification_uri":"https://a@b.example"}"#,
            "oauth",
        ),
        (
            r#"{"device_code":"d","user_code":"U\u061c","verification_uri":"https://a.example"}"#,
            "oauth",
        ),
        (huge.as_str(), "transport"),
    ] {
        let bytes = body.to_owned();
        let server = Fake::start(move |peer| {
            while peer.request().is_some() {
                peer.answer("400 Bad Request", "", bytes.as_bytes());
            }
        });
        let error = client(offered(&server.url())).device_code(&[]).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret-of-the-app"), "{error}");
    }
    let error = client(offered("http://127.0.0.1:1/d")).device_code(&[]).unwrap_err();
    assert_eq!(error.kind(), "transport");
    let none = Provider::builder("x").token_endpoint("http://127.0.0.1:1/t").build().unwrap();
    assert_eq!(client(none).device_code(&[]).unwrap_err().kind(), "config");
    let sandbox = Sandbox::start().unwrap();
    let scoped = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    assert_eq!(scoped.device_code(&["a b"]).unwrap_err().kind(), "config");
}

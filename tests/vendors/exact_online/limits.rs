//! Tests of limits: calls in a minute and a day for each division, and errors in an hour for each endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evergrant::Error;
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::exact_online::{ExactOnline, ExactOnlineError, Reason};
use evergrant::sandbox::ApiReply;
use serde_json::json;

use super::support::World;

/// Starts a server that counts as Exact Online does: 60 calls in a minute and `day` calls in a day for each
/// division. The server sends Exact Online's headers, and an empty 429 that names only one window.
fn metered(world: &World, path: &str, day: u64) -> Arc<AtomicU64> {
    let (clock, refused) = (world.clock.clone(), Arc::new(AtomicU64::new(0)));
    let (counted, told) = (std::sync::Mutex::new((0_i64, 0_u64, 0_i64, 0_u64)), refused.clone());
    world.on("GET", path, move |_| {
        let now = clock.now_utc();
        let (minute, today) = (now.unix_timestamp() / 60, now.unix_timestamp() / 86_400);
        let mut counted = counted.lock().unwrap();
        if counted.0 != minute {
            (counted.0, counted.1) = (minute, 0);
        }
        if counted.2 != today {
            (counted.2, counted.3) = (today, 0);
        }
        let minutely = |reply: ApiReply, left: u64| {
            reply
                .with_header("X-RateLimit-Minutely-Limit", "60")
                .with_header("X-RateLimit-Minutely-Remaining", &left.to_string())
                .with_header("X-RateLimit-Minutely-Reset", &((minute + 1) * 60_000).to_string())
        };
        let daily = |reply: ApiReply, left: u64| {
            reply
                .with_header("X-RateLimit-Limit", &day.to_string())
                .with_header("X-RateLimit-Remaining", &left.to_string())
                .with_header("X-RateLimit-Reset", &((today + 1) * 86_400_000).to_string())
        };
        let empty = || ApiReply::new(429);
        if counted.1 == 60 {
            told.fetch_add(1, Ordering::Relaxed);
            return minutely(empty(), 0);
        }
        if counted.3 == day {
            told.fetch_add(1, Ordering::Relaxed);
            return daily(empty(), 0);
        }
        counted.1 += 1;
        counted.3 += 1;
        let body = json!({ "d": { "results": [] } });
        let reply = ApiReply::json(200, body);
        daily(minutely(reply, 60 - counted.1), day - counted.3)
    });
    refused
}

fn ask(exact: &ExactOnline) -> Result<(), Error> {
    exact.accounts().page().map(drop)
}

#[test]
fn calls_wait_for_the_minute_and_none_is_refused() {
    let world = World::new();
    let exact = world.seeded();
    let refused = metered(&world, "123/crm/Accounts", 5000);
    world.advance(17);
    let start = world.clock.monotonic();
    for _ in 0..150 {
        ask(&exact).unwrap();
    }
    // The client waits 43 s to the next whole minute, then another minute; the third minute has calls left.
    let waited = world.clock.monotonic() - start;
    assert_eq!((waited, refused.load(Ordering::Relaxed)), (Duration::from_secs(103), 0));
    let limits = exact.limits();
    assert_eq!(limits.minute.unwrap().remaining, 30);
    // The limits are those of the window with fewer calls left.
    assert_eq!((limits.remaining(), limits.limit()), (Some(30), Some(60)));
    assert_eq!(limits.resets_at(), Some(limits.minute.unwrap().resets_at));
    assert_eq!(exact.division(9).limits().remaining(), None);
    assert_eq!((limits.day.unwrap().limit, limits.day.unwrap().remaining), (5000, 4850));
    assert_eq!(exact.division(9).limits().minute, None, "each division has its own limits");
}

#[test]
fn a_call_waits_if_another_process_used_up_the_minute() {
    let world = World::new();
    let exact = world.seeded();
    let refused = metered(&world, "123/crm/Accounts", 5000);
    let other = world.another(&exact);
    world.advance(20);
    for _ in 0..60 {
        ask(&other).unwrap();
    }
    let start = world.clock.monotonic();
    ask(&exact).unwrap();
    let waited = world.clock.monotonic() - start;
    // The client waits until one second after the next full minute, and not for the usual 1, 2 and 4 seconds.
    assert!(waited >= Duration::from_secs(41) && waited < Duration::from_secs(43), "{waited:?}");
    assert_eq!(refused.load(Ordering::Relaxed), 1);
}

#[test]
fn a_429_without_headers_is_treated_as_the_minutes_limit() {
    let world = World::new();
    let exact = world.seeded();
    let calls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&calls);
    world.on("GET", "123/crm/Accounts", move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => ApiReply::new(429),
        _ => ApiReply::json(200, json!({ "d": [] })),
    });
    let start = world.clock.monotonic();
    ask(&exact).unwrap();
    let waited = world.clock.monotonic() - start;
    assert!(waited >= Duration::from_secs(1) && waited <= Duration::from_secs(62), "{waited:?}");
}

#[test]
fn a_used_up_day_is_an_error_without_a_wait() {
    let world = World::new();
    let exact = world.seeded();
    let refused = metered(&world, "123/crm/Accounts", 50);
    world.advance(3600);
    for _ in 0..50 {
        ask(&exact).unwrap();
    }
    let slept = world.clock.slept();
    // The client knows the limit from the headers and sends no request.
    let error = ask(&exact).unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)) && error.is_transient());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(23 * 3600)));
    let text = error.to_string();
    assert!(text.contains("day's 50 calls for division 123"), "{text}");
    assert!(text.contains("until 2026-01-02T00:00:00Z"), "{text}");
    assert_eq!(refused.load(Ordering::Relaxed), 0);
    // Another process sends the call, and the service refuses it.
    let error = ask(&world.another(&exact)).unwrap_err();
    assert!(error.to_string().contains("until 2026-01-02T00:00:00Z"), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(23 * 3600)));
    assert_eq!((refused.load(Ordering::Relaxed), world.clock.slept()), (1, slept));
    // Calls of other divisions, and calls without a division, still succeed.
    world.rows("456/crm/Accounts", json!([]));
    world.rows("current/Me", json!([{ "FullName": "Ada" }]));
    ask(&exact.division(456)).unwrap();
    assert_eq!(exact.me().unwrap().full_name.as_deref(), Some("Ada"));
    // Calls of this division succeed again the next day.
    world.advance(23 * 3600);
    ask(&exact).unwrap();
}

#[test]
fn a_wrong_local_clock_does_not_change_a_limit() {
    let world = World::new();
    let clock = Arc::new(ManualClock::new());
    let two_hours = Duration::from_secs(7200);
    clock.set_wall(world.clock.now() + two_hours);
    let builder = world.builder_on(evergrant::MemoryBackend::new()).clock(clock.clone());
    let exact = builder.division(123).build().unwrap();
    let token = world.sandbox.login();
    let end = token.expires_at().unwrap() + two_hours;
    exact.client().seed(token.with_expires_at(end)).unwrap();
    world.advance(25);
    // The next whole minute and the next midnight, in milliseconds since 1970.
    let minute = (world.now().unix_timestamp() / 60 + 1) * 60_000;
    let day = (world.now().unix_timestamp() / 86_400 + 1) * 86_400_000;
    world.on("GET", "123/crm/Accounts", move |_| {
        ApiReply::json(200, json!({ "d": [] }))
            .with_header("X-RateLimit-Minutely-Limit", "60")
            .with_header("X-RateLimit-Minutely-Remaining", "0")
            .with_header("X-RateLimit-Minutely-Reset", &minute.to_string())
            .with_header("X-RateLimit-Limit", "5000")
            .with_header("X-RateLimit-Remaining", "4766")
            .with_header("X-RateLimit-Reset", &day.to_string())
    });
    ask(&exact).unwrap();
    let limits = exact.limits();
    assert_eq!(limits.minute.unwrap().resets_at.to_string(), "2026-01-01 0:01:00.0 +00:00:00");
    assert_eq!(limits.day.unwrap().resets_at.to_string(), "2026-01-02 0:00:00.0 +00:00:00");
    let start = clock.monotonic();
    ask(&exact).unwrap();
    assert_eq!(clock.monotonic() - start, Duration::from_secs(35));
}

#[test]
fn threads_share_the_limits() {
    let world = World::new();
    let exact = world.seeded();
    let refused = metered(&world, "123/crm/Accounts", 5000);
    ask(&exact).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..30 {
                    ask(&exact).unwrap();
                }
            });
        }
    });
    // Calls that are in flight at the end of a minute are counted in the next minute. If the threads did not
    // count together, the server would refuse most of the 181 calls.
    assert!(refused.load(Ordering::Relaxed) <= 18, "{refused:?}");
}

#[test]
fn calls_of_a_failing_endpoint_stop_before_the_key_is_blocked() {
    let world = World::new();
    let exact = world.seeded();
    let calls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&calls);
    world.on("GET", "123/crm/Accounts", move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ApiReply::json(
            400,
            json!({"error": {"code": "", "message": {"lang": "",
                "value": "Please add a $select or a $top=1 statement to the query string."}}}),
        )
    });
    for _ in 0..30 {
        let _ = ask(&exact);
        world.advance(60);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 8);
    let error = ask(&exact).unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1800)));
    assert!(error.to_string().contains("123/crm/Accounts answered 8 errors"), "{error}");
    // Calls of another endpoint, and calls of another division, still succeed.
    world.rows("123/crm/Contacts", json!([]));
    world.rows("456/crm/Accounts", json!([]));
    exact.contacts().page().unwrap();
    exact.division(456).accounts().page().unwrap();
    world.advance(1800);
    let error = ask(&exact).unwrap_err();
    assert!(error.to_string().contains("answered 400: Please add a $select"), "{error}");
    // The caller can set the limit.
    let bold = world.builder_on(evergrant::MemoryBackend::new()).division(123).error_limit(2);
    let bold = bold.build().unwrap();
    bold.client().seed(world.sandbox.login()).unwrap();
    let before = calls.load(Ordering::Relaxed);
    for _ in 0..5 {
        let _ = ask(&bold);
    }
    assert_eq!(calls.load(Ordering::Relaxed), before + 2);
}

#[test]
fn an_error_has_the_apis_message() {
    let world = World::new();
    let exact = world.seeded();
    world.on("GET", "123/crm/Accounts", |_| {
        ApiReply::json(403, json!({"error": {"message": {"value": "Forbidden\r\n"}}}))
            .with_header("Reason", "NoDivisionAccess: You have no access")
    });
    let error = ask(&exact).unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("answered 403: Forbidden; NoDivisionAccess: You have no access"),
        "{text}"
    );
    let refusal = ExactOnlineError::of(&error).unwrap();
    assert_eq!((refusal.status(), refusal.message()), (403, Some("Forbidden")));
    assert_eq!(refusal.reason(), Some(&Reason::NoDivisionAccess));
    assert_eq!((refusal.code(), refusal.member(), refusal.request_id()), (None, None, None));
    assert_eq!(refusal.to_string(), "status 403: Forbidden");
    world.on("GET", "123/crm/Accounts", |_| {
        ApiReply::new(403).with_header("Reason", "SomethingNew")
    });
    let error = ask(&exact).unwrap_err();
    let reason = Reason::Unknown("SomethingNew".to_owned());
    assert_eq!(ExactOnlineError::of(&error).unwrap().reason(), Some(&reason));
    // The errors of the gateway in front of the API have a form of their own.
    world.on("GET", "123/crm/Accounts", |_| {
        let detail = json!({"errorcode": "steps.x.ExecutionFailed"});
        ApiReply::json(500, json!({"fault": {"faultstring": "no", "detail": detail}}))
    });
    let refusal = ExactOnlineError::of(&ask(&exact).unwrap_err()).unwrap();
    let told = (refusal.status(), refusal.code(), refusal.message());
    assert_eq!(told, (500, Some("steps.x.ExecutionFailed"), Some("no")));
    // A gateway may send any answer.
    for (kind, body) in
        [("text/html", "<h1>no</h1>"), ("application/json", "{\"error\":7}"), ("", "")]
    {
        world.on("GET", "123/crm/Accounts", move |_| ApiReply::bytes(500, kind, body));
        let error = ask(&exact).unwrap_err();
        assert!(matches!(&error, Error::Api(api) if api.status == 500 && api.reason.is_none()));
        assert_eq!(ExactOnlineError::of(&error).unwrap().reason(), None);
    }
    // The error does not show a token that the answer repeats.
    let token = exact.client().access_token().unwrap();
    let spoken = token.expose().to_owned();
    world.on("GET", "123/crm/Accounts", move |_| {
        ApiReply::json(400, json!({"error": {"message": {"value": format!("bad {spoken}")}}}))
    });
    let error = ask(&exact).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(token.expose()));
}

#[test]
fn an_error_body_of_another_form_is_in_the_message() {
    let world = World::new();
    let exact = world.seeded();
    for (kind, body, said) in [
        ("text/plain", "The field is\nwrong.", Some("The field is wrong.")),
        ("application/json", r#"{"errors":["one","two"]}"#, Some("one; two")),
        ("application/json", r#"{"message":"no"}"#, Some("no")),
        ("application/json", r#""just text""#, Some("just text")),
        ("text/html", "<h1>no</h1>", None),
    ] {
        world.on("GET", "123/crm/Accounts", move |_| ApiReply::bytes(400, kind, body));
        let error = ask(&exact).unwrap_err();
        let refusal = ExactOnlineError::of(&error).unwrap();
        match said {
            Some("one; two") => {
                assert!(refusal.message().is_some_and(|text| text.starts_with("one")), "{error}");
                assert!(error.to_string().contains("one; two"), "{error}");
            }
            said => assert_eq!(refusal.message(), said),
        }
        assert!(error.to_string().contains(said.unwrap_or("400")), "{error}");
        assert_eq!((refusal.status(), refusal.code(), refusal.member()), (400, None, None));
    }
}

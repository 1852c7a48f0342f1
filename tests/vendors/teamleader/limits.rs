//! Tests of the limit of 200 calls a minute, of waits after a refusal, and of repeated requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use evergrant::clock::{Clock, ManualClock};
use evergrant::sandbox::{ApiReply, Fault, Sandbox};
use evergrant::teamleader::Teamleader;
use evergrant::{Error, MemoryBackend};
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::support::{builder, clock, data};

const MINUTE: Duration = Duration::from_secs(60);

/// The times of the calls in the last minute.
type Calls = Arc<Mutex<VecDeque<Duration>>>;

/// Starts a server with a sliding window of 200 calls a minute, which counts the calls that it refuses.
fn strict() -> (Sandbox, Arc<ManualClock>, Arc<AtomicU32>, Calls) {
    use evergrant::provider::{ClientAuth, Rotation};
    let clock = clock();
    let sandbox = Sandbox::builder().clock(clock.clone()).rotation(Rotation::Strict);
    let sandbox = sandbox.client_auth(ClientAuth::Body).start().unwrap();
    let refused = Arc::new(AtomicU32::new(0));
    let window = Arc::new(Mutex::new(VecDeque::new()));
    let (counter, seen, times) = (refused.clone(), window.clone(), clock.clone());
    sandbox.on("POST", "/api/*", move |_| {
        let now = times.monotonic();
        let mut seen: parking_lot::MutexGuard<'_, VecDeque<Duration>> = seen.lock();
        while seen.front().is_some_and(|sent| *sent + MINUTE <= now) {
            seen.pop_front();
        }
        let is_full = seen.len() >= 200;
        if is_full {
            counter.fetch_add(1, Ordering::SeqCst);
        } else {
            seen.push_back(now);
        }
        let reset = times.now_utc() + (seen[0] + MINUTE - now);
        let reply = if is_full { ApiReply::new(429) } else { data(json!(1)) };
        reply
            .with_header("X-RateLimit-Limit", "200")
            .with_header("X-RateLimit-Remaining", &(200 - seen.len()).to_string())
            .with_header("X-RateLimit-Reset", &reset.format(&Rfc3339).unwrap())
    });
    (sandbox, clock, refused, window)
}

fn client(sandbox: &Sandbox, clock: &Arc<ManualClock>) -> Teamleader {
    let teamleader = builder(sandbox, MemoryBackend::new()).clock(clock.clone()).build().unwrap();
    teamleader.client().seed(sandbox.login()).unwrap();
    teamleader
}

fn call(teamleader: &Teamleader) -> Result<Value, Error> {
    teamleader.call("users.me", &())
}

#[test]
fn a_thousand_calls_meet_no_429() {
    let (sandbox, clock, refused, _) = strict();
    let teamleader = client(&sandbox, &clock);
    let start = clock.monotonic();
    for _ in 0..1000 {
        call(&teamleader).unwrap();
    }
    let took = (clock.monotonic() - start).as_secs_f64();
    // The server accepts 200 calls at once, and 200 more each minute.
    let allowed = 4.0 * MINUTE.as_secs_f64();
    println!(
        "1,000 calls: {took:.1} s of virtual time (at least {allowed} s by the limit), {} answered 429",
        refused.load(Ordering::SeqCst)
    );
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    assert!(took >= allowed && took <= allowed * 1.05, "{took}");
}

#[test]
fn threads_and_clones_share_the_rate_limit() {
    let (sandbox, clock, refused, _) = strict();
    let teamleader = client(&sandbox, &clock);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let teamleader = teamleader.clone();
            scope.spawn(move || {
                for _ in 0..75 {
                    call(&teamleader).unwrap();
                }
            });
        }
    });
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    assert!(clock.slept() >= 2 * MINUTE);
}

#[test]
fn headers_show_the_calls_of_other_processes() {
    let (sandbox, clock, refused, window) = strict();
    let teamleader = client(&sandbox, &clock);
    for _ in 0..150 {
        window.lock().push_back(clock.monotonic());
    }
    for _ in 0..51 {
        call(&teamleader).unwrap();
    }
    // The answer to the 50th call said that no call is left, so the 51st call waited and was not refused.
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    assert!(clock.slept() >= MINUTE);
    let limits = teamleader.limits();
    assert_eq!((limits.limit(), limits.remaining()), (Some(200), Some(199)));
    assert!(limits.resets_at().is_some_and(|reset| reset > clock.now_utc()));
    // Calls of another process fill the window before the next call, which is refused once, then waits.
    for _ in 0..199 {
        window.lock().push_back(clock.monotonic());
    }
    call(&teamleader).unwrap();
    assert_eq!(refused.load(Ordering::SeqCst), 1);
}

/// Returns how long a call waits after one answer of 429 with these headers.
fn waits(headers: &dyn Fn(OffsetDateTime) -> Vec<(&'static str, String)>, offset: i64) -> Duration {
    let clock = clock();
    let sandbox = Sandbox::builder().clock(clock.clone());
    let sandbox = sandbox.client_auth(evergrant::provider::ClientAuth::Body).start().unwrap();
    sandbox.clock_offset(offset);
    let server_now = clock.now_utc() + time::Duration::seconds(offset);
    let headers = headers(server_now);
    let first = AtomicU32::new(0);
    sandbox.on("POST", "/api/users.me", move |_| {
        if first.fetch_add(1, Ordering::SeqCst) > 0 {
            return data(json!(1));
        }
        headers
            .iter()
            .fold(ApiReply::new(429), |reply, (name, value)| reply.with_header(name, value))
    });
    let teamleader = client(&sandbox, &clock);
    call(&teamleader).unwrap();
    clock.slept()
}

#[test]
fn a_429_waits_for_reset_or_retry_after() {
    let about = |wait: Duration, seconds: f64| {
        let wait = wait.as_secs_f64();
        // The Date header has whole seconds, and the client pauses briefly before each retry.
        assert!(wait >= seconds - 0.1 && wait < seconds + 3.0, "{wait}, not {seconds}");
    };
    let rfc3339 = |now: OffsetDateTime| {
        let reset = now + time::Duration::seconds(30);
        vec![("X-RateLimit-Reset", reset.format(&Rfc3339).unwrap())]
    };
    about(waits(&rfc3339, 0), 30.0);
    // A difference of an hour between the two clocks does not matter.
    about(waits(&rfc3339, 3600), 30.0);
    about(waits(&rfc3339, -3600), 30.0);
    let loose = |now: OffsetDateTime| {
        let reset = now + time::Duration::seconds(30);
        let reset = reset.to_offset(time::UtcOffset::from_hms(1, 0, 0).unwrap());
        let (date, (h, m, s)) = (reset.date(), reset.to_hms());
        vec![("X-RateLimit-Reset", format!("{date}T{h:02}:{m:02}:{s:02}.035+0100"))]
    };
    about(waits(&loose, 0), 30.0);
    about(waits(&|_| vec![("X-RateLimit-Reset", "soon".to_owned())], 0), 60.0);
    about(waits(&|_| vec![], 0), 60.0);
    // A reset time far in the future is treated as unknown.
    about(waits(&|_| vec![("X-RateLimit-Reset", "2999-01-01T00:00:00+00:00".to_owned())], 0), 60.0);
    about(waits(&|_| vec![("Retry-After", "20".to_owned())], 0), 20.0);
    let date = |now: OffsetDateTime| {
        let then = now + time::Duration::seconds(20);
        vec![("Retry-After", http_date(then))]
    };
    about(waits(&date, 0), 20.0);
}

fn http_date(date: OffsetDateTime) -> String {
    let (day, month) = (date.weekday().to_string(), date.month().to_string());
    let (h, m, s) = date.to_hms();
    format!(
        "{}, {:02} {} {} {h:02}:{m:02}:{s:02} GMT",
        &day[..3],
        date.day(),
        &month[..3],
        date.year()
    )
}

#[test]
fn calls_a_minute_lowers_the_limit() {
    let (sandbox, clock, ..) = strict();
    let slow = builder(&sandbox, MemoryBackend::new()).calls_a_minute(10).clock(clock.clone());
    let slow = slow.build().unwrap();
    slow.client().seed(sandbox.login()).unwrap();
    for _ in 0..11 {
        call(&slow).unwrap();
    }
    assert!(clock.slept() >= MINUTE && clock.slept() < 2 * MINUTE);
}

#[test]
fn after_a_lost_answer_only_reads_are_sent_again() {
    let (sandbox, clock, ..) = strict();
    let teamleader = client(&sandbox, &clock);
    let sent = Arc::new(Mutex::new(Vec::<String>::new()));
    let notes = sent.clone();
    sandbox.on("POST", "/api/*", move |request| {
        notes.lock().push(request.path.clone());
        data(json!([]))
    });
    let count = |name: &str| sent.lock().iter().filter(|path| path.ends_with(name)).count();
    sandbox.api_fault(Fault::CutAfter);
    assert_eq!(teamleader.contacts().iter().count(), 0);
    assert_eq!(count("contacts.list"), 2);
    sandbox.api_fault(Fault::CutAfter);
    let contact = evergrant::teamleader::contacts::NewContact::new("Lovelace");
    let error = teamleader.contacts().create(&contact).unwrap_err();
    assert!(matches!(error, Error::Transport(_)) && !error.is_transient(), "{error}");
    assert_eq!(count("contacts.add"), 1);
    // The client does not repeat a write after a 503. After a 429 the client repeats the write, because the
    // server did not process it.
    for wait in [Some(1), None] {
        sandbox.api_fault(Fault::Unavailable(wait));
        let error = teamleader.contacts().delete("c").unwrap_err();
        assert!(matches!(&error, Error::Api(api) if api.status == 503), "{error}");
        assert_eq!(error.is_transient(), wait.is_some(), "{error}");
    }
    assert_eq!(count("contacts.delete"), 0);
    sandbox.api_fault(Fault::TooMany(Some(1)));
    teamleader.contacts().delete("c").unwrap();
    assert_eq!(count("contacts.delete"), 1);
}

//! Tests of the token: the steps that Shell's documentation describes by hand, and the faults that were seen
//! in Shell's SDKs.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use evergrant::clock::Clock as _;
use evergrant::hooks::Event;
use evergrant::sandbox::{ApiReply, Fault};
use evergrant::shell_ev::ShellEv;
use evergrant::{
    BoxError, Credentials, Error, FileBackend, MemoryBackend, Token, TokenBackend, backend::Record,
};
use serde_json::json;

use super::{LIFE, World, success};

fn world() -> World {
    let world = World::new();
    world.answers(200, success(json!([])));
    world
}

fn call(shell: &ShellEv) -> Result<(), Error> {
    shell.locations().nearby(52.37, 4.89).call().map(drop)
}

/// Rewrites the lifetime in every answer of the token endpoint.
fn lifetime(world: &World, value: serde_json::Value) {
    world.sandbox.on_token(move |_, reply| {
        let mut body = reply.to_json();
        match &value {
            serde_json::Value::Null => drop(body.as_object_mut().unwrap().remove("expires_in")),
            value => body["expires_in"] = value.clone(),
        }
        reply.with_json(body)
    });
}

#[test]
fn one_token_serves_calls_until_it_ends() {
    let world = world();
    let shell = world.shell();
    for _ in 0..5 {
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 1);
    world.clock.advance(LIFE);
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 2);
}

#[test]
fn a_token_is_fetched_stored_and_used_again_by_hand() {
    let world = world();
    // Fetches the token and stores it as JSON.
    let token = world.shell().client().token().unwrap();
    let database = serde_json::to_string(&token).unwrap();
    // Another program uses the stored token.
    let shell = world.shell();
    assert!(shell.client().seed(serde_json::from_str(&database).unwrap()).unwrap());
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 1);
    // The form that Shell's Python SDK stores.
    let stored = json!({
        "access_token": token.access_token().expose(), "token_type": "Bearer",
        "expires_in": 899, "scope": null, "refresh_token": null,
        "expiry": token.expires_at().unwrap().unix_timestamp(),
    });
    let shell = world.shell();
    assert!(shell.client().seed(Token::from_json(&stored.to_string()).unwrap()).unwrap());
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 1);
    // The client uses the token of an explicit refresh.
    shell.client().refresh().unwrap();
    call(&shell).unwrap();
    assert_eq!(
        (
            world.token_requests(),
            shell.client().token().unwrap().access_token() != token.access_token()
        ),
        (2, true)
    );
}

#[test]
fn a_stored_token_needs_no_secret_until_it_ends() {
    let world = world();
    let token = world.shell().client().token().unwrap();
    let shell = world.builder_with(Credentials::public("sandbox-client"), MemoryBackend::new());
    let shell = shell.build().unwrap();
    shell.client().seed(token).unwrap();
    call(&shell).unwrap();
    world.clock.advance(LIFE);
    assert!(matches!(call(&shell), Err(Error::Config(_))));
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn an_ended_token_of_another_program_is_replaced() {
    let world = world();
    let shell = world.shell();
    let stored =
        r#"{"access_token":"a","token_type":"Bearer","expires_in":899,"expiry":1600000000}"#;
    shell.client().seed(Token::from_json(stored).unwrap()).unwrap();
    call(&shell).unwrap();
    let counters = world.sandbox.counters();
    assert_eq!((counters.token_requests, counters.api_unauthorized), (1, 0));
}

/// Each run of a cron job is another client on the same file.
#[test]
fn runs_share_one_token_through_a_file() {
    let world = world();
    let path = world.sandbox.folder().join("shell.json");
    for _ in 0..5 {
        call(&world.builder_on(FileBackend::new(&path)).build().unwrap()).unwrap();
    }
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn threads_request_one_token_at_start_and_at_its_end() {
    let world = world();
    let shell = world.shell();
    for round in 1..=5 {
        let barrier = Barrier::new(64);
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    barrier.wait();
                    call(&shell).unwrap();
                });
            }
        });
        assert_eq!(world.token_requests(), round);
        world.clock.advance(LIFE);
    }
}

#[test]
fn a_refused_token_is_replaced_once_and_the_call_repeated() {
    let world = world();
    let shell = world.shell();
    call(&shell).unwrap();
    world.sandbox.expire_access_tokens();
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 2);
    // If the API refuses every token, the client tries one more token and returns the API's own answer.
    world.sandbox.on_open("GET", "/api/v2/*", |_| {
        ApiReply::json(401, json!({ "errors": [{ "code": "E0003" }] }))
    });
    assert!(call(&shell).unwrap_err().to_string().contains("E0003"));
    assert_eq!(world.token_requests(), 3);
    world.answers(200, success(json!([])));
    call(&shell).unwrap();
}

#[test]
fn a_token_without_a_lifetime_ends_after_300_seconds() {
    for (value, life) in [
        (json!("899"), 899),
        (json!(7199), 7199),
        (json!(null), 300),
        (json!(0), 300),
        (json!("soon"), 300),
    ] {
        let world = world();
        lifetime(&world, value.clone());
        let shell = world.shell();
        call(&shell).unwrap();
        let token = shell.client().token().unwrap();
        assert_eq!(token.lifetime(), Some(Duration::from_secs(life)), "{value}");
        // The lifetime counts from the moment of the request.
        assert_eq!(token.issued_at(), Some(world.clock.now_utc()));
        world.clock.advance(Duration::from_secs(life));
        call(&shell).unwrap();
        assert_eq!(world.token_requests(), 2, "{value}");
    }
}

#[test]
fn a_long_margin_does_not_make_tokens_unusable() {
    let world = world();
    lifetime(&world, json!(60));
    let shell = world.builder().margin(Duration::from_secs(61)).build().unwrap();
    for _ in 0..5 {
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn a_live_token_outlasts_a_token_endpoint_outage() {
    let world = world();
    let shell = world.shell();
    call(&shell).unwrap();
    world.sandbox.faults(100, Fault::StatusBefore(503));
    world.clock.advance(LIFE - Duration::from_secs(30));
    for _ in 0..9 {
        call(&shell).unwrap();
        world.clock.advance(Duration::from_secs(3));
    }
    assert!(world.token_requests() > 1, "a token request was tried");
    world.clock.advance(Duration::from_secs(30));
    // Every error has the reason, although not every call requests a token.
    let before = world.token_requests();
    for _ in 0..10 {
        assert!(format!("{:#}", call(&shell).unwrap_err()).contains("503"));
    }
    assert_eq!(world.token_requests() - before, 2);
    world.sandbox.clear_faults();
    world.clock.advance(Duration::from_secs(5));
    call(&shell).unwrap();
}

#[test]
fn the_next_call_after_a_failure_tries_again() {
    let world = world();
    let shell = world.shell();
    world.sandbox.fault(Fault::TooMany(Some(2)));
    assert_eq!(call(&shell).unwrap_err().kind(), "rate_limited");
    world.clock.advance(Duration::from_secs(2));
    call(&shell).unwrap();
}

/// A store whose disk is full.
struct Full;

impl TokenBackend for Full {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(None)
    }
    fn save(&self, _: &Record) -> Result<(), BoxError> {
        Err("no space left".into())
    }
    fn clear(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn a_store_that_fails_is_reported_and_fails_no_call() {
    let world = world();
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let heard = told.clone();
    let shell =
        world.builder_on(Full).on_event(move |event| heard.lock().unwrap().push(event.clone()));
    let shell = shell.build().unwrap();
    for _ in 0..5 {
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 1);
    let told = told.lock().unwrap();
    assert!(matches!(&told[0], Event::SaveFailed { reason, .. } if reason == "no space left"));
    assert_eq!(told.len(), 2, "expected one failed save and one new token: {told:?}");
}

#[test]
fn a_redirect_of_the_token_endpoint_is_an_error() {
    let world = world();
    world.sandbox.on_token(|_, _| {
        evergrant::sandbox::TokenReply::new(307).with_header("Location", "/stolen")
    });
    let error = call(&world.shell()).unwrap_err();
    assert!(format!("{error:#}").contains("redirect"), "{error}");
    assert!(world.lines().is_empty());
}

/// A store whose tokens come from another program. The store saves nothing.
struct Provider(Mutex<Result<Token, &'static str>>);

impl TokenBackend for &'static Provider {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(Some(Record::from(self.0.lock().unwrap().clone()?)))
    }
    fn save(&self, _: &Record) -> Result<(), BoxError> {
        Err("it only gives".into())
    }
    fn clear(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn a_token_may_come_from_your_own_backend() {
    let world = world();
    let token = || world.shell().client().token().unwrap();
    let given: &Provider = Box::leak(Box::new(Provider(Mutex::new(Ok(token())))));
    let shell = world.builder_on(given).build().unwrap();
    call(&shell).unwrap();
    // When the token has expired, the store has another token, and the client requests none.
    world.clock.advance(LIFE);
    *given.0.lock().unwrap() = Ok(token());
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 2, "the client uses the token of the other program");
    // A store that fails, or whose token has expired, fails no call: the client requests a token.
    for broken in [Err("no vault"), Ok(Token::new("x").with_expires_at(world.clock.now_utc()))] {
        world.clock.advance(LIFE);
        *given.0.lock().unwrap() = broken;
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 4);
}

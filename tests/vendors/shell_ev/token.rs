//! The token's life: the recipes of Shell's documentation by hand, and what its SDKs were seen to do.

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
fn the_first_call_asks_for_a_token_and_later_ones_use_it_until_its_end() {
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
    // Fetch, and store where one likes.
    let token = world.shell().client().token().unwrap();
    let database = serde_json::to_string(&token).unwrap();
    // Another program, which has the stored token.
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
    // A fetch by name is the client's own from then on.
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
fn a_stored_token_needs_no_secret_while_it_works_and_none_is_sent_without_one() {
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

/// A cron job: each run is a client of its own on one file.
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
fn threads_that_start_cold_or_meet_the_end_ask_for_one_token() {
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
fn a_token_that_the_api_refuses_is_replaced_once_and_the_call_repeated() {
    let world = world();
    let shell = world.shell();
    call(&shell).unwrap();
    world.sandbox.expire_access_tokens();
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 2);
    // An API that refuses every token is asked with one more, and its own answer is told.
    world.sandbox.on_open("GET", "/api/v2/*", |_| {
        ApiReply::json(401, json!({ "errors": [{ "code": "E0003" }] }))
    });
    assert!(call(&shell).unwrap_err().to_string().contains("E0003"));
    assert_eq!(world.token_requests(), 3);
    world.answers(200, success(json!([])));
    call(&shell).unwrap();
}

#[test]
fn a_lifetime_may_be_a_text_or_missing_and_no_token_is_for_ever() {
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
        // It counts from the moment of asking.
        assert_eq!(token.issued_at(), Some(world.clock.now_utc()));
        world.clock.advance(Duration::from_secs(life));
        call(&shell).unwrap();
        assert_eq!(world.token_requests(), 2, "{value}");
    }
}

#[test]
fn a_margin_longer_than_the_lifetime_keeps_no_token_from_being_used() {
    let world = world();
    lifetime(&world, json!(60));
    let shell = world.builder().margin(Duration::from_secs(61)).build().unwrap();
    for _ in 0..5 {
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn while_the_token_works_a_token_endpoint_that_is_down_fails_no_call() {
    let world = world();
    let shell = world.shell();
    call(&shell).unwrap();
    world.sandbox.faults(100, Fault::StatusBefore(503));
    world.clock.advance(LIFE - Duration::from_secs(30));
    for _ in 0..9 {
        call(&shell).unwrap();
        world.clock.advance(Duration::from_secs(3));
    }
    assert!(world.token_requests() > 1, "it was tried");
    world.clock.advance(Duration::from_secs(30));
    // The reason is told, and the service is not asked by every call.
    let before = world.token_requests();
    for _ in 0..10 {
        let error = call(&shell).unwrap_err();
        assert!(format!("{error:#}").contains("503"), "{error:#}");
    }
    assert_eq!(world.token_requests() - before, 2);
    world.sandbox.clear_faults();
    world.clock.advance(Duration::from_secs(5));
    call(&shell).unwrap();
}

#[test]
fn a_failure_does_not_stick() {
    let world = world();
    let shell = world.shell();
    world.sandbox.fault(Fault::TooMany(Some(2)));
    assert_eq!(call(&shell).unwrap_err().kind(), "rate_limited");
    world.clock.advance(Duration::from_secs(2));
    call(&shell).unwrap();
}

/// A disk that is full.
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
    assert_eq!(told.len(), 2, "once, and that there is a new token: {told:?}");
}

#[test]
fn the_token_endpoint_is_not_followed_elsewhere() {
    let world = world();
    world.sandbox.on_token(|_, _| {
        evergrant::sandbox::TokenReply::new(307).with_header("Location", "/stolen")
    });
    let error = call(&world.shell()).unwrap_err();
    assert!(format!("{error:#}").contains("redirect"), "{error}");
    assert!(world.lines().is_empty());
}

/// Gives tokens that somebody else fetches; keeps none.
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
fn a_token_may_come_from_a_provider_of_ones_own() {
    let world = world();
    let token = || world.shell().client().token().unwrap();
    let given: &Provider = Box::leak(Box::new(Provider(Mutex::new(Ok(token())))));
    let shell = world.builder_on(given).build().unwrap();
    call(&shell).unwrap();
    // At its end the provider has the next one; the client asks for none.
    world.clock.advance(LIFE);
    *given.0.lock().unwrap() = Ok(token());
    call(&shell).unwrap();
    assert_eq!(world.token_requests(), 2, "both by the other program");
    // A provider that fails, or whose token has ended, stops no call.
    for broken in [Err("no vault"), Ok(Token::new("x").with_expires_at(world.clock.now_utc()))] {
        world.clock.advance(LIFE);
        *given.0.lock().unwrap() = broken;
        call(&shell).unwrap();
    }
    assert_eq!(world.token_requests(), 4);
}

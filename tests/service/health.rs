//! Tests of `Client::health` and `Client::keep_alive`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::clock::{Clock as _, ManualClock};
use evergrant::health::LoginState;
use evergrant::hooks::Event;
use evergrant::provider::{ProviderBuilder, Rotation};
use evergrant::sandbox::{Fault, Reply, Sandbox};
use evergrant::{Client, MemoryBackend};

const DAY: Duration = Duration::from_secs(86_400);

struct World {
    clock: Arc<ManualClock>,
    sandbox: Sandbox,
    client: Client,
}

fn world(change: impl FnOnce(ProviderBuilder) -> ProviderBuilder) -> World {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let provider = change(sandbox.provider().to_builder()).build().unwrap();
    let client = Client::builder(provider, sandbox.credentials(), MemoryBackend::new());
    let client = client.clock(clock.clone()).build();
    World { clock, sandbox, client }
}

impl World {
    fn log_in(&self) {
        let authorization = self.client.authorize(&[]).unwrap();
        let callback = self.sandbox.approve(authorization.url()).unwrap();
        self.client.exchange(authorization, &callback).unwrap();
    }

    /// Returns the days after the start on which a daily call refreshed.
    fn refreshed_on(&self, days: u32) -> Vec<u32> {
        let mut on = Vec::new();
        for day in 1..=days {
            self.clock.advance(DAY);
            if self.client.keep_alive().unwrap() {
                on.push(day);
            }
        }
        on
    }

    /// Makes every token answer give the refresh token a lifetime of `days` days.
    fn refresh_tokens_live(&self, days: u64) {
        self.sandbox.on_token(move |_, reply| {
            let mut body = reply.to_json();
            body["refresh_expires_in"] = (days * 86_400).into();
            Reply::json(reply.status, body)
        });
    }
}

#[test]
fn an_empty_store_needs_a_person_and_fails_keep_alive() {
    let world = world(|provider| provider);
    let health = world.client.health().unwrap();
    assert_eq!((health.state, health.ends_at()), (LoginState::Missing, None));
    assert!(health.needs_person() && health.needs_person_within(Duration::ZERO));
    assert_eq!(health.to_string(), "nobody has logged in");
    assert!(world.client.keep_alive().unwrap_err().needs_authorization());
}

#[test]
fn a_login_without_known_limits_is_refreshed_once_a_week() {
    let world = world(|provider| provider);
    world.log_in();
    let health = world.client.health().unwrap();
    assert_eq!((health.state, health.ends_at()), (LoginState::Alive, None));
    assert!(health.consented_at.is_some() && !health.needs_person_within(1000 * DAY));
    assert_eq!(health.to_string(), "the login is alive");
    assert_eq!(world.sandbox.counters().token_requests, 1, "health asks nobody");
    assert_eq!(world.refreshed_on(30), [7, 14, 21, 28]);
}

#[test]
fn a_login_dated_by_a_clock_that_was_ahead_is_due() {
    let world = world(|provider| provider.idle_limit(60 * DAY));
    let start = world.clock.now();
    world.clock.set_wall(start + 400 * DAY);
    world.log_in();
    world.clock.set_wall(start);
    assert_eq!(world.refreshed_on(65), [1, 31, 61]);
}

#[test]
fn a_login_is_refreshed_at_half_its_idle_limit() {
    let world = world(|provider| provider.idle_limit(60 * DAY));
    world.log_in();
    let ends = |world: &World| {
        let health = world.client.health().unwrap();
        (health.ends_at().unwrap() - health.at).whole_days()
    };
    assert_eq!(ends(&world), 60);
    assert_eq!(world.refreshed_on(65), [30, 60]);
    assert_eq!(ends(&world), 55);
    // The limit has passed without a refresh: most likely a person has to log in.
    world.clock.advance(61 * DAY);
    let health = world.client.health().unwrap();
    assert_eq!(health.state, LoginState::Ended);
    assert_eq!(health.to_string(), "the login has expired");
    // The limit comes only from documentation: the service may still accept the refresh token.
    assert!(world.client.keep_alive().unwrap());
}

#[test]
fn record_health_and_warning_use_the_same_idle_limit() {
    let warnings = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&warnings);
    let mut world = world(|provider| provider.idle_limit(60 * DAY));
    let client = Client::builder(
        world.client.provider().clone(),
        world.sandbox.credentials(),
        MemoryBackend::new(),
    );
    let count = move |event: &Event| {
        if matches!(event, Event::Warning { text } if text.contains("60 days without a refresh")) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    world.client = client.clock(world.clock.clone()).on_event(count).build();
    world.log_in();
    let health = world.client.health().unwrap();
    let stored = world.client.stored().unwrap().unwrap();
    assert_eq!(stored.refresh_expires_at(), health.idle_ends_at);
    assert_eq!((health.idle_ends_at.unwrap() - health.at).whole_days(), 60);
    world.clock.advance(50 * DAY);
    world.client.refresh().unwrap();
    assert_eq!(warnings.load(Ordering::Relaxed), 1);
}

#[test]
fn exact_onlines_idle_limit_reaches_health() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().exact_online().clock(clock.clone()).start().unwrap();
    let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    let client = client.clock(clock.clone()).build();
    let world = World { clock, sandbox, client };
    world.log_in();
    let health = world.client.health().unwrap();
    assert_eq!((health.idle_ends_at.unwrap() - health.at).whole_days(), 30);
    assert_eq!(health.idle_ends_at, health.refresh_expires_at);
}

#[test]
fn a_refresh_restarts_the_idle_limit_without_a_new_refresh_token() {
    let world = world(|provider| provider.rotation(Rotation::None).idle_limit(60 * DAY));
    world.sandbox.on_token(|call, reply| {
        let mut body = reply.to_json();
        if call.grant_type() == "refresh_token" {
            body.as_object_mut().unwrap().remove("refresh_token");
        }
        Reply::json(reply.status, body)
    });
    world.log_in();
    assert_eq!(world.refreshed_on(100), [30, 60, 90]);
    let health = world.client.health().unwrap();
    assert_eq!(health.state, LoginState::Alive);
    assert_eq!((health.ends_at().unwrap() - health.at).whole_days(), 50);
    assert_eq!(health.refresh_expires_at, health.idle_ends_at);
}

#[test]
fn a_consent_expires_however_often_the_login_is_refreshed() {
    let world = world(|provider| provider.idle_limit(90 * DAY).consent_limit(365 * DAY));
    world.log_in();
    world.refreshed_on(350);
    let health = world.client.health().unwrap();
    assert!(health.consent_ends_at < health.idle_ends_at);
    assert_eq!(health.ends_at(), health.consent_ends_at);
    assert!(health.needs_person_within(15 * DAY) && !health.needs_person_within(14 * DAY));
    assert!(health.to_string().contains("the login expires in 15 days (2027-01-01)"), "{health}");
    assert!(!health.needs_person());
}

#[test]
fn a_refresh_token_is_replaced_at_half_its_life() {
    let world = world(|provider| provider);
    world.refresh_tokens_live(60);
    world.log_in();
    assert_eq!(world.refreshed_on(65), [30, 60]);
    let health = world.client.health().unwrap();
    let left = health.refresh_expires_at.unwrap() - health.at;
    assert_eq!(left.whole_days(), 55);
}

#[test]
fn a_refresh_token_replaced_only_near_its_end_is_refreshed_then() {
    // Kakao issues a new refresh token when less than a month is left.
    let world = world(|provider| provider.rotation(Rotation::None));
    let clock = world.clock.clone();
    let start = evergrant::clock::Clock::monotonic(&*clock);
    world.sandbox.on_token(move |call, reply| {
        let mut body = reply.to_json();
        let days = (evergrant::clock::Clock::monotonic(&*clock) - start).as_secs() / 86_400;
        if call.grant_type() == "authorization_code" || days >= 46 {
            body["refresh_token_expires_in"] = (60 * 86_400).into();
        } else {
            body.as_object_mut().unwrap().remove("refresh_token");
        }
        Reply::json(reply.status, body)
    });
    world.log_in();
    let on = world.refreshed_on(59);
    assert_eq!(
        on,
        [30, 46],
        "the login must be refreshed after half of the limit, and when a quarter is left"
    );
}

#[test]
fn health_tells_a_refusal_from_an_unanswered_request() {
    let world = world(|provider| provider.rotation(Rotation::Strict));
    world.log_in();
    world.sandbox.faults(3, Fault::CutBefore);
    assert!(world.client.refresh().is_err());
    let health = world.client.health().unwrap();
    assert_eq!(health.state, LoginState::Unanswered);
    assert!(!health.needs_person() && health.to_string().contains("never answered"));
    world.sandbox.clear_faults();
    world.client.refresh().unwrap();
    world.sandbox.revoke_login();
    assert!(world.client.refresh().unwrap_err().needs_authorization());
    let health = world.client.health().unwrap();
    assert_eq!(health.state, LoginState::Refused);
    assert!(health.needs_person() && health.to_string().contains("refused"));
    assert!(world.client.keep_alive().unwrap_err().needs_authorization());
    world.log_in();
    assert_eq!(world.client.health().unwrap().state, LoginState::Alive);
}

#[test]
fn a_login_without_a_refresh_token_ends_with_its_access_token() {
    let world = world(|provider| provider);
    let token = evergrant::Token::new("at");
    world.client.seed(token.with_expires_at(time::OffsetDateTime::UNIX_EPOCH)).unwrap();
    let health = world.client.health().unwrap();
    assert_eq!(health.state, LoginState::Ended);
    assert!(!health.refresh_due);
    assert!(world.client.keep_alive().unwrap_err().needs_authorization());
    let own = Client::builder(
        world.sandbox.provider(),
        world.sandbox.credentials(),
        MemoryBackend::new(),
    );
    let own = own.clock(world.clock.clone()).client_credentials(&[]).build();
    assert_eq!(own.health().unwrap().state, LoginState::Alive);
    own.access_token().unwrap();
    world.clock.advance(DAY);
    assert!(!own.keep_alive().unwrap());
    assert!(!own.health().unwrap().needs_person_within(Duration::ZERO));
}

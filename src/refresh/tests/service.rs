//! Tests of the rules of single services, such as Exact Online.

use std::time::{Duration, SystemTime};

use super::*;
use crate::provider::{LoginHost, RefusalLimit};

const EARLIEST: Duration = Duration::from_secs(570);
const MINUTES_10: Duration = Duration::from_secs(600);

/// Makes the world of a service that refuses a refresh in the first 570 s of the 600 s that a token lives.
fn exacting() -> World {
    let mut world = World::new(Rotation::Strict);
    world.rules.earliest_refresh = Some(EARLIEST);
    world.rules.margin = Duration::from_secs(30);
    world.rules.unanswered_pause = Duration::from_secs(30);
    world.rules.refusal_limit =
        Some(RefusalLimit { refusals: 8, window: Duration::from_secs(3600) });
    world.rules.idle_limit = Some(Duration::from_secs(30 * 86_400));
    let now = world.clock.now_utc();
    world.change(|record| {
        record.token =
            record.token.clone().with_issued_at(now).with_expires_at(clock::later(now, MINUTES_10));
    });
    world
}

fn advance(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
}

#[test]
fn nothing_is_sent_before_the_earliest_moment() {
    let world = exacting();
    let keeper = world.keeper();
    advance(&world, 569);
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "rate_limited");
    let refused = Want::Instead(Secret::new("at-1"));
    assert_eq!(keeper.access(&refused).unwrap_err().kind(), "rate_limited");
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert!(world.sent().is_empty());
    advance(&world, 1);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

#[test]
fn the_age_of_a_token_in_memory_counts_on_the_monotonic_clock() {
    for set_by in [-300_i64, 450] {
        let world = exacting();
        let keeper = world.keeper();
        use_token(&keeper).unwrap();
        advance(&world, 100);
        let wall = world.clock.now();
        let by = Duration::from_secs(set_by.unsigned_abs());
        world.clock.set_wall(if set_by < 0 { wall - by } else { wall + by });
        advance(&world, 30);
        assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "rate_limited");
        assert!(world.sent().is_empty(), "{set_by}");
        // A clock that is set back does not delay the refresh either.
        if set_by < 0 {
            advance(&world, 440);
            assert_eq!(kind(&use_token(&keeper)), "at-2");
        }
    }
}

#[test]
fn another_process_uses_the_stored_date_and_ignores_one_in_the_future() {
    let world = exacting();
    advance(&world, 400);
    let keeper = world.keeper();
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "rate_limited");
    world.clock.set_wall(SystemTime::UNIX_EPOCH);
    let keeper = world.keeper();
    keeper.access(&keeper.newer()).unwrap();
    assert_eq!(world.sent(), ["rt-1"]);
}

#[test]
fn too_early_is_not_an_error_even_if_our_clock_is_ahead() {
    let world = exacting();
    // The clock was set right after the token came.
    advance(&world, 7200);
    world.acts(&[Act::TooEarly]);
    let keeper = world.keeper();
    for _ in 0..20 {
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    }
    assert_eq!(world.sent().len(), 1);
    // A refusal by the API overrides the service's answer that the token is valid.
    assert!(keeper.access(&Want::Instead(Secret::new("at-1"))).is_ok());
    assert_eq!(world.sent().len(), 2);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

#[test]
fn after_too_early_the_token_of_another_client_is_used() {
    let world = World::with(Rotation::Strict, LockKind::None, false);
    world.past_end();
    world.acts(&[Act::TooEarly]);
    let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
    let mut done = false;
    let now = world.clock.now_utc();
    world.plan(move |call, _| {
        let sent = !wire.0.lock().sent.is_empty();
        if sent && call == "load" && !std::mem::replace(&mut done, true) {
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            next.token = Token::new("at-of-theirs")
                .with_refresh_token("rt-of-theirs")
                .with_issued_at(now)
                .with_expires_at(clock::later(now, LIFE));
            next.generation += 1;
            *stored = Some(next);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-of-theirs");
    assert_eq!(world.sent(), ["rt-1"]);
}

#[test]
fn an_unanswered_token_is_not_sent_again_at_once() {
    let world = exacting();
    advance(&world, 575);
    world.acts(&[Act::LoseRequest]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    advance(&world, 26); // The access token has expired, but the pause is not over.
    for keeper in [&keeper, &world.keeper()] {
        let error = keeper.access(&Want::Usable).unwrap_err();
        assert_eq!(error.kind(), "outcome_unknown");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(4)));
    }
    assert_eq!(world.sent().len(), 1);
    advance(&world, 4);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 1);
}

#[test]
fn after_a_lost_answer_an_old_enough_token_is_sent_again() {
    let world = exacting();
    advance(&world, 610);
    world.acts(&[Act::LoseReply, Act::TooEarly]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    advance(&world, 30);
    assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
    advance(&world, 539);
    assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
    assert_eq!(world.sent().len(), 2);
    advance(&world, 1);
    // The server of this test accepts each refresh token once, and the refusal names the reason.
    let error = world.keeper().access(&Want::Usable).unwrap_err();
    let Error::Reauthorize(refusal) = &error else { panic!("{error:?}") };
    let since = refusal.unanswered_since;
    assert!(since.is_some());
    assert_eq!(world.sent().len(), 3);
    // A later refusal keeps its reason.
    advance(&world, 4000);
    let error = world.keeper().access(&Want::Usable).unwrap_err();
    assert!(matches!(&error, Error::Reauthorize(refusal) if refusal.unanswered_since == since));
    assert_eq!(world.sent().len(), 4);
}

#[test]
fn refusals_are_counted_in_the_store_and_stop_before_the_limit() {
    let world = exacting();
    advance(&world, 700);
    world.acts(&[Act::Setup; 20]);
    for _ in 0..50 {
        assert!(world.keeper().access(&Want::Usable).is_err());
    }
    assert_eq!(world.sent().len(), 8);
    let error = world.keeper().access(&Want::Usable).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(error.to_string().contains("8 token requests were refused"), "{error}");
    advance(&world, 3599);
    assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
    advance(&world, 1);
    world.acts(&[]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.stored().refusals.len(), 8, "the refusals stay counted after a success");
}

#[test]
fn a_refusal_of_a_token_replaced_by_a_script_counts() {
    let world = exacting();
    advance(&world, 700);
    let store = world.store.clone();
    // The script has its own token, and writes it while ours is refused.
    *world.wire.1.lock() = Some(Box::new(move || {
        let mut stored = store.record.lock();
        let record = stored.as_mut().unwrap();
        record.token = record.token.clone().with_refresh_token("rt-script");
    }));
    world.acts(&[Act::Refuse, Act::Refuse]);
    assert_eq!(kind(&use_token(&world.keeper())), "reauthorize");
    assert_eq!(world.sent(), ["rt-1", "rt-script"]);
    assert_eq!(world.stored().refusals.len(), 2);
}

#[test]
fn errors_without_a_code_count_only_with_status_4xx() {
    for (act, sent) in [(Act::Complaint, 8), (Act::Bad, 8), (Act::Broken, 20), (Act::Malformed, 20)]
    {
        let world = exacting();
        advance(&world, 700);
        world.acts(&[act; 30]);
        for _ in 0..20 {
            assert!(world.keeper().access(&Want::Usable).is_err());
            advance(&world, 31);
        }
        assert_eq!(world.sent().len(), sent, "{act:?}");
    }
}

#[test]
fn a_login_unused_for_long_is_refreshed_with_a_warning() {
    let warned =
        |event: &Event| matches!(event, Event::Warning { text } if text.contains("25 days"));
    let world = exacting();
    advance(&world, 700);
    use_token(&world.keeper()).unwrap();
    let end = world.stored().refresh_expires_at.unwrap();
    assert_eq!(clock::until(world.clock.now_utc(), end), Duration::from_secs(30 * 86_400));
    advance(&world, 20 * 86_400);
    use_token(&world.keeper()).unwrap();
    assert_eq!(world.told(warned), 0);
    // The last quarter begins after 22.5 days.
    advance(&world, 22 * 86_400 + 43_200);
    use_token(&world.keeper()).unwrap();
    assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 0);
    advance(&world, 25 * 86_400);
    use_token(&world.keeper()).unwrap();
    assert_eq!(world.told(warned), 1);
    assert!(world.stored().refresh_expires_at.unwrap() > end);
}

#[test]
fn the_age_of_a_token_counts_from_a_slow_answer() {
    let world = exacting();
    advance(&world, 700);
    let clock = world.clock.clone();
    *world.wire.1.lock() = Some(Box::new(move || clock.advance(Duration::from_secs(35))));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    *world.wire.1.lock() = None;
    advance(&world, 569);
    let keeper = world.keeper();
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "rate_limited");
    assert_eq!(world.sent().len(), 1);
}

/// A call that needs another token cannot use a token that the service has called valid.
#[test]
fn a_vouched_token_does_not_satisfy_a_call_after_a_401() {
    let world = exacting();
    advance(&world, 7200);
    let keeper = world.keeper();
    let refused = || Want::Instead(Secret::new("at-1"));
    world.acts(&[Act::TooEarly]);
    assert_eq!(keeper.access(&refused()).unwrap_err().kind(), "rate_limited");
    assert_eq!(world.stored().refusals.len(), 1, "the refusal is counted");
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "rate_limited");
    assert_eq!(world.sent().len(), 1);
    world.acts(&[Act::Setup]);
    assert_eq!(keeper.access(&refused()).unwrap_err().kind(), "oauth");
    assert_eq!(world.sent().len(), 2);
}

/// The age of the token in memory does not apply to another token in the store.
#[test]
fn the_age_of_the_stored_token_counts() {
    let world = exacting();
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    advance(&world, 700);
    let now = world.clock.now_utc();
    world.change(|record| {
        let token = Token::new("at-theirs").with_refresh_token("rt-theirs").with_issued_at(now);
        record.token = token.with_expires_at(clock::later(now, MINUTES_10));
        record.generation += 1;
    });
    let error = keeper.access(&Want::Instead(Secret::new("at-theirs"))).unwrap_err();
    assert_eq!(error.retry_after(), Some(EARLIEST));
    assert!(world.sent().is_empty());
}

#[test]
fn an_expired_token_is_refreshed_although_it_is_young() {
    let world = exacting();
    let now = world.clock.now_utc();
    world.change(|record| {
        let end = clock::later(now, Duration::from_secs(100));
        record.token = record.token.clone().with_expires_at(end);
    });
    advance(&world, 100);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

/// The clocks of two hosts differ by seconds. A date in the future gives no age, not even for a token in
/// memory.
#[test]
fn an_explicit_refresh_ignores_a_clock_a_little_ahead() {
    let world = exacting();
    let at = clock::later(world.clock.now_utc(), Duration::from_secs(30));
    world.change(|record| {
        let token = record.token.clone().with_issued_at(at);
        record.token = token.with_expires_at(clock::later(at, MINUTES_10));
    });
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert!(keeper.access(&keeper.newer()).is_ok());
    assert_eq!(world.sent(), ["rt-1"]);
}

/// An explicit refresh cannot use a token that the service has called valid, even if the stored token
/// is newer than the token that the caller knows.
#[test]
fn a_vouched_token_does_not_satisfy_an_explicit_refresh() {
    let world = exacting();
    let known = world.stored();
    world.change(|record| record.generation += 1);
    advance(&world, 7200);
    world.acts(&[Act::TooEarly]);
    let keeper = world.keeper();
    for _ in 0..2 {
        let error = keeper.access(&keeper.newer_than(&known)).unwrap_err();
        assert_eq!(error.kind(), "rate_limited");
    }
    assert_eq!(world.sent().len(), 1);
}

/// The accounts of this service are at hosts of several countries, and the callback names the host.
#[test]
fn a_login_is_bound_to_the_host_that_its_callback_named() {
    let mut world = World::new(Rotation::Strict);
    world.rules.token_host_from = Some(LoginHost::address("server", &["as.example"]));
    let extra = serde_json::json!({ "server": "https://eu.as.example/x" });
    world.change(|record| {
        let token = record.token.clone().with_extra(extra.as_object().unwrap().clone());
        record.token = token;
    });
    let refused = use_token(&world.keeper());
    assert_eq!(kind(&refused), "config", "the login is bound to as.example");
    world.change(|record| {
        let binding = record.binding.as_mut().unwrap();
        binding.token_endpoint = "https://eu.as.example/token".to_owned();
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
}

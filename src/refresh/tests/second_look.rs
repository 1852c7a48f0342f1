//! Tests of callers that do not wait: a refusal is believed only at a later call.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn unhurried(keeper: &Keeper) -> Result<String> {
    let live = keeper.access_unhurried(&keeper.newer(), true);
    live.map(|live: Live| live.access_token().expose().to_owned())
}

/// A call of a sweep that has no permission to send a request.
fn without_request(keeper: &Keeper, world: &World) -> Result<String> {
    let live = keeper.keep_alive_unhurried(&world.stored(), false);
    live.map(|live: Live| live.access_token().expose().to_owned())
}

/// A call that waited for the visit of a sweep does not get the visit's error, but waits for the second look itself.
#[test]
fn a_call_does_not_share_the_failure_of_a_visit() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let keeper = Arc::new(world.keeper());
    world.acts(&[Act::Refuse]);
    let (inside, asked) = (Arc::downgrade(&keeper), Arc::new(AtomicBool::new(false)));
    let asks = Arc::clone(&asked);
    *world.wire.1.lock() = Some(Box::new(move || {
        // The request of the visit is served only when the other call waits.
        asks.store(true, Ordering::SeqCst);
        while inside.upgrade().is_some_and(|keeper| keeper.memory.lock().waiting < 1) {
            std::thread::yield_now();
        }
    }));
    std::thread::scope(|scope| {
        let visit = scope.spawn(|| unhurried(&keeper).map(drop).unwrap_err());
        while !asked.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let error = keeper.access(&keeper.newer()).map(drop).unwrap_err();
        assert_eq!(error.kind(), "reauthorize", "{error}");
        assert_eq!(visit.join().unwrap().kind(), "rate_limited");
    });
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_refusal_is_believed_at_a_call_a_second_later() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    let error = unhurried(&keeper).unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), ("rate_limited", Some(SECOND)));
    assert!(keeper.has_doubt() && !keeper.rests());
    assert!(!*world.store.held.lock(), "the lock is free meanwhile");
    assert!(world.stored().refused.is_none());
    world.clock.advance(SECOND / 4);
    assert_eq!(unhurried(&keeper).unwrap_err().retry_after(), Some(SECOND * 3 / 4));
    world.clock.advance(SECOND * 3 / 4);
    assert_eq!(kind(&unhurried(&keeper)), "reauthorize");
    assert!(world.stored().refused.is_some() && world.stored().note.is_none());
    assert!(!keeper.has_doubt() && keeper.rests());
    assert_eq!((world.sent(), world.clock.slept()), (vec!["rt-1".to_owned()], Duration::ZERO));
    assert_eq!(world.told(|event| matches!(event, Event::AuthorizationNeeded { .. })), 1);
}

/// A program that takes no lock had received a new token, and saved it after the first read of the store.
#[test]
fn a_token_that_comes_before_the_second_read_is_used() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    let now = world.clock.now_utc();
    world.change(|record| {
        record.token = Token::new("at-theirs")
            .with_refresh_token("rt-theirs")
            .with_issued_at(now)
            .with_expires_at(clock::later(now, LIFE));
        record.generation += 1;
        record.note = None;
    });
    world.clock.advance(SECOND);
    assert_eq!(kind(&use_token(&keeper)), "at-theirs");
    assert!(world.stored().refused.is_none());
    assert_eq!(world.sent(), ["rt-1"]);
}

#[test]
fn no_client_sends_a_refused_token_before_the_second_read() {
    for lock in [LockKind::FreedByDeath, LockKind::Lease] {
        let world = World::with(Rotation::Strict, lock, true);
        world.past_end();
        world.acts(&[Act::Refuse, Act::Refuse]);
        let keeper = world.keeper();
        assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
        let other = world.keeper();
        assert_eq!(kind(&use_token(&other)), "rate_limited", "{lock:?}");
        assert_eq!(world.sent(), ["rt-1"]);
        // The first client is killed before its second read of the store.
        drop(keeper);
        world.clock.advance(SECOND);
        assert_eq!(kind(&use_token(&other)), "reauthorize", "{lock:?}");
        assert_eq!(world.sent(), ["rt-1", "rt-1"]);
    }
}

/// Another client sent the token again meanwhile, and may have the new refresh token.
#[test]
fn an_unconfirmed_refusal_ends_with_another_clients_note() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    world.leave_note(Duration::ZERO, Duration::from_secs(300));
    world.clock.advance(SECOND);
    assert_eq!(kind(&unhurried(&keeper)), "outcome_unknown");
    assert!(world.stored().refused.is_none() && !keeper.has_doubt());
}

#[test]
fn an_unhurried_call_does_not_wait_for_a_lock_or_another_holder() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    *world.store.held.lock() = true;
    assert_eq!(kind(&unhurried(&world.keeper())), "busy");
    assert_eq!(world.clock.slept(), Duration::ZERO);
    let world = World::with(Rotation::Strict, LockKind::None, true);
    world.past_end();
    world.leave_note(Duration::ZERO, Duration::from_secs(300));
    assert_eq!(kind(&unhurried(&world.keeper())), "outcome_unknown");
    assert_eq!((world.clock.slept(), world.sent().len()), (Duration::ZERO, 0));
}

#[test]
fn an_unhurried_call_does_not_repeat_a_request_that_never_left() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Never]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "transport");
    assert_eq!(world.clock.slept(), Duration::ZERO);
    assert_eq!(kind(&unhurried(&keeper)), "at-2");
}

/// The access token works, and the service revokes a login whose refresh token is sent twice.
#[test]
fn keeping_a_login_alive_does_not_risk_an_access_token() {
    for hurried in [false, true] {
        let world = World::new(Rotation::StrictFamily);
        world.leave_note(LIFE / 60, Duration::ZERO);
        let keeper = world.keeper();
        let keep = || {
            let stored = world.stored();
            let live = match hurried {
                false => keeper.keep_alive_unhurried(&stored, true),
                true => keeper.keep_alive(&stored),
            };
            live.map(|live| live.access_token().expose().to_owned())
        };
        assert_eq!(kind(&keep()), "outcome_unknown", "hurried: {hurried}");
        assert!(world.sent().is_empty());
        // Only `refresh()` sends the token at once; other calls send it when the access token has
        // expired.
        world.past_end();
        assert_eq!(kind(&keep()), "at-2");
        assert_eq!(world.sent(), ["rt-1"]);
    }
}

#[test]
fn a_login_is_not_replayed_where_that_ends_other_logins() {
    let mut world = World::new(Rotation::StrictFamily);
    world.rules.ends_other_logins = true;
    world.past_end();
    world.leave_note(LIFE, Duration::ZERO);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "outcome_unknown");
    assert!(world.sent().is_empty());
    assert!(keeper.access(&keeper.newer()).is_ok(), "refresh() sends the token");
}

#[test]
fn a_client_with_a_note_is_kept_until_its_deadline() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::LoseRequest, Act::LoseRequest]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "outcome_unknown");
    assert!(!keeper.rests());
    world.clock.advance(world.rules.hold());
    assert!(keeper.rests());
}

#[test]
fn an_old_unconfirmed_refusal_keeps_no_client() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    world.clock.advance(60 * SECOND);
    assert!(!keeper.rests());
    world.clock.advance(SECOND);
    assert!(keeper.rests());
}

#[test]
fn an_unconfirmed_refusal_ends_with_its_login() {
    for cleared in [true, false] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.acts(&[Act::Refuse]);
        let keeper = world.keeper();
        assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
        match cleared {
            true => keeper.clear(&|_| Ok(false)).unwrap(),
            false => {
                *world.store.record.lock() = None;
                assert_eq!(kind(&unhurried(&keeper)), "not_authorized");
            }
        }
        assert!(!keeper.has_doubt() && keeper.rests(), "cleared: {cleared}");
    }
}

#[test]
fn a_usual_call_waits_for_the_second_read() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    world.clock.advance(SECOND / 4);
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    assert_eq!((world.clock.slept(), world.sent().len()), (SECOND * 3 / 4, 1));
}

/// The store fails after the client of a sweep has read the record.
#[test]
fn a_token_that_a_sweep_has_read_serves_later_calls() {
    for hurried in [false, true] {
        let world = World::new(Rotation::Strict);
        let stored = world.stored();
        world.plan(|_, _| Some(Fault::Before));
        let keeper = world.keeper();
        let kept = if hurried {
            keeper.keep_alive(&stored)
        } else {
            keeper.keep_alive_unhurried(&stored, true)
        };
        assert_eq!(kept.map(drop).unwrap_err().kind(), "backend");
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        assert!(world.sent().is_empty());
    }
}

/// Checks a call after a refusal or a failed save: it sends nothing and writes no note, and the next call that has a
/// permission sends this refresh token.
fn sends_only_with_permission(world: &World, keeper: &Keeper, refresh_token: &str) {
    let before = world.sent();
    let error = without_request(keeper, world).unwrap_err();
    assert_eq!(error.kind(), "rate_limited", "{error}");
    assert!(error.retry_after().unwrap() < SECOND, "{error}");
    assert_eq!(world.sent(), before);
    assert!(!keeper.has_doubt() && !keeper.has_unsaved());
    assert_eq!(kind(&without_request(keeper, world)), "rate_limited", "it may be repeated");
    assert_eq!(world.sent(), before);
    let _ = keeper.keep_alive_unhurried(&world.stored(), true);
    assert_eq!(world.sent().last().unwrap(), refresh_token);
}

#[test]
fn a_spare_token_is_sent_only_with_a_permission() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.change(|record| record.spare = Some(Secret::new("rt-spare")));
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    world.clock.advance(SECOND);
    sends_only_with_permission(&world, &keeper, "rt-spare");
}

#[test]
fn a_late_save_is_followed_by_a_request_only_with_a_permission() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert!(unhurried(&keeper).is_err() && keeper.has_unsaved());
    *world.store.plan.lock() = None;
    world.past_end();
    sends_only_with_permission(&world, &keeper, "rt-2");
}

/// The process that wrote the note is dead, so the token may be sent again.
#[test]
fn a_refusal_with_another_note_is_followed_by_a_request_only_with_a_permission() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&unhurried(&keeper)), "rate_limited");
    world.leave_note(SECOND, Duration::from_secs(300));
    world.clock.advance(SECOND);
    sends_only_with_permission(&world, &keeper, "rt-1");
    assert_eq!(world.sent().len(), 2);
}

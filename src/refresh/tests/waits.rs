//! Tests of a store that is locked or fails for a while, and of unknown outcomes.

use std::time::Duration;

use super::*;
use crate::error::OutcomeUnknown;

/// At the n-th call for the lock, counted from 1, another client saves `at-other`, and releases the
/// lock if `frees`.
fn saved_meanwhile(world: &World, n: usize, frees: bool) {
    let (store, clock, mut count) = (Arc::clone(&world.store), world.clock.clone(), 0);
    world.plan(move |call, _| {
        count += usize::from(call == "lock");
        if call == "lock" && count == n {
            let end = clock::later(clock.now_utc(), LIFE);
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            next.token = Token::new("at-other").with_refresh_token("rt-other").with_expires_at(end);
            next.generation += 1;
            *stored = Some(next);
            *store.held.lock() = !frees;
        }
        None
    });
}

#[test]
fn a_call_that_waited_for_the_lock_uses_what_its_holder_saved() {
    // The lock is free, or a third client takes it at once: the stored token is used either way.
    for (frees, waited) in [(true, 1), (false, 0)] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        *world.store.held.lock() = true;
        saved_meanwhile(&world, 2, frees);
        assert_eq!(kind(&use_token(&world.keeper())), "at-other");
        assert!(world.sent().is_empty());
        assert_eq!(world.told(|event| matches!(event, Event::Waited { .. })), waited);
    }
}

/// If many calls wait for one refresh, each look at the store would delay the refresh.
#[test]
fn a_call_without_a_token_waits_before_it_reads() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    *world.store.held.lock() = true;
    saved_meanwhile(&world, 2, true);
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert_eq!(world.store.calls.lock()[..], ["lock", "lock", "load"]);
    // The lock stays held: the call reads the store after its short wait.
    let world = World::new(Rotation::Strict);
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.store.calls.lock()[..], ["lock", "lock", "load"]);
}

#[test]
fn a_refresh_without_rotation_needs_no_store() {
    let world = World::new(Rotation::None);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.past_end();
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
    assert!(!*world.store.held.lock());
    // If the service rotates refresh tokens, no request is sent without the lock.
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
    assert!(world.sent().is_empty());
}

#[test]
fn a_store_that_was_emptied_leaves_no_token_in_memory() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    *world.store.record.lock() = None;
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "not_authorized");
    assert_eq!(kind(&use_token(&keeper)), "not_authorized");
}

#[test]
fn a_pair_saved_late_is_reported_as_a_refresh() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| *event == Event::Refreshed { generation: 2 }), 1);
}

fn unknown(result: Result<String>) -> OutcomeUnknown {
    match result {
        Err(Error::OutcomeUnknown(unknown)) => *unknown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_outcome_has_all_known_details() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let sent_at = world.clock.now_utc();
    world.acts(&[Act::LoseRequest, Act::LoseRequest]);
    let told = unknown(use_token(&world.keeper()));
    assert!(!told.code && !told.by_name && told.holder.is_none());
    assert!(told.source.unwrap().to_string().contains("reset"));
    assert_eq!((told.sent_at, told.retry_after), (sent_at, None));
}

#[test]
fn a_note_gives_the_wait_or_requires_an_explicit_refresh() {
    let lease = World::with(Rotation::Strict, LockKind::Lease, true);
    lease.past_end();
    lease.leave_note(Duration::from_secs(10), Duration::from_secs(110));
    let told = unknown(use_token(&lease.keeper()));
    assert!(!told.code && !told.by_name);
    assert_eq!(told.retry_after, Some(Duration::from_secs(100)));
    assert!(told.holder.unwrap().contains("process 7 on elsewhere"));

    let mut family = World::new(Rotation::StrictFamily);
    family.rules.ends_other_logins = true;
    family.past_end();
    family.leave_note(Duration::from_secs(10), Duration::from_secs(110));
    let told = unknown(use_token(&family.keeper()));
    assert!(told.by_name && !told.code && told.retry_after.is_none());
}

/// A record with the same generation and another token is another token.
#[test]
fn the_token_in_memory_is_identified_by_login_generation_and_token() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let end = clock::later(world.clock.now_utc(), LIFE * 3);
    world.change(|record| {
        record.token = Token::new("at-script").with_refresh_token("rt-script").with_expires_at(end);
    });
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-script");
    assert!(world.sent().is_empty());
}

/// A client that put a refresh off tries again at once after it got a token.
#[test]
fn a_new_token_ends_the_pause_after_a_failure() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.acts(&[Act::Unavailable]);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    world.enter_margin();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
}

/// The calls of the store and their order while another holder has the lock.
#[test]
fn the_lock_is_tried_at_once_and_then_waited_for() {
    let calls = |world: &World| std::mem::take(&mut *world.store.calls.lock());
    let world = World::new(Rotation::Strict);
    world.enter_margin();
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    // This new client had no token, and waited a short time before it read the store.
    assert_eq!(calls(&world), ["lock", "lock", "load"]);
    world.past_end();
    saved_meanwhile(&world, 3, false);
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert_eq!(calls(&world), ["lock", "lock", "load", "lock", "load"]);
    // If the lock fails, the call does not wait.
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
    assert_eq!(calls(&world), ["lock", "load"]);
    // A lock that fails during the wait is not reported as busy.
    let world = World::new(Rotation::Strict);
    world.past_end();
    *world.store.held.lock() = true;
    let mut locks = 0;
    world.plan(move |call, _| {
        locks += usize::from(call == "lock");
        (locks == 2).then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
    // A failed load is not repeated if the call has a token to go on with.
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.plan(|call, _| (call == "load").then_some(Fault::Before));
    calls(&world);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(calls(&world), ["lock", "load"]);
}

#[test]
fn a_call_that_waited_for_the_lock_holds_it_while_it_sends() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    *world.store.held.lock() = true;
    let (store, mut locks) = (Arc::clone(&world.store), 0);
    world.plan(move |call, _| {
        locks += usize::from(call == "lock");
        if locks == 2 {
            *store.held.lock() = false;
            locks += 1;
        }
        None
    });
    let (store, seen) = (Arc::clone(&world.store), Arc::new(Mutex::new(Vec::new())));
    let during = Arc::clone(&seen);
    *world.wire.1.lock() = Some(Box::new(move || during.lock().push(*store.held.lock())));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(*seen.lock(), [true]);
    assert!(!*world.store.held.lock());
}

/// If the lock cannot be taken and the access token still works, the client uses that token and does not
/// refresh, even at a service that never rotates refresh tokens.
#[test]
fn a_failing_lock_and_a_token_that_works_send_nothing() {
    let world = World::new(Rotation::None);
    world.enter_margin();
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert!(world.sent().is_empty());
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 0);
}

#[test]
fn a_pair_saved_late_is_not_reported_as_adopted() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    *world.store.plan.lock() = None;
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Adopted { .. })), 0);
    assert_eq!(world.told(|event| *event == Event::Refreshed { generation: 2 }), 1);
}

/// The call would wait for its own thread, which holds the store's lock.
#[test]
fn a_hook_that_calls_its_own_client_gets_an_error() {
    let world = World::new(Rotation::Strict);
    let keeper = Arc::new(world.keeper());
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.past_end();
    let (tell, told) = std::sync::mpsc::channel();
    let inside = Arc::downgrade(&keeper);
    *world.wire.1.lock() = Some(Box::new(move || {
        let keeper = inside.upgrade().unwrap();
        let kinds = [
            use_token(&keeper).unwrap_err().kind(),
            keeper.access(&keeper.newer()).map(drop).unwrap_err().kind(),
            keeper.save_waiting().unwrap_err().kind(),
            keeper.clear(&|_| Ok(true)).unwrap_err().kind(),
        ];
        tell.send(kinds).unwrap();
    }));
    let refreshing = Arc::clone(&keeper);
    std::thread::spawn(move || kind(&use_token(&refreshing)).to_owned());
    let kinds = told.recv_timeout(Duration::from_secs(60)).expect("the calls return");
    assert_eq!(kinds, ["config"; 4]);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
}

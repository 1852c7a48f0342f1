//! Tests of the exact length of each wait, in milliseconds.

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_request_that_never_left_is_tried_three_times_with_growing_pauses() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Never, Act::Never]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.clock.slept(), Duration::from_millis(400 + 1600));

    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Never; 9]);
    assert_eq!(kind(&use_token(&world.keeper())), "transport");
    assert_eq!(world.clock.slept(), Duration::from_millis(400 + 1600));
    assert_eq!(world.wire.0.lock().acts.len(), 6);
    // A call that can go on does not wait.
    let world = World::new(Rotation::Strict);
    world.enter_margin();
    world.acts(&[Act::Never; 9]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.clock.slept(), Duration::ZERO);
    assert_eq!(world.wire.0.lock().acts.len(), 8);
}

/// Trying again does not help with a wrong setting.
#[test]
fn a_request_that_cannot_be_built_is_tried_once() {
    for one_time in [true, false] {
        let mut world = World::new(Rotation::Strict);
        world.rules.one_time = one_time;
        world.past_end();
        world.acts(&[Act::Unwritable; 9]);
        let keeper = world.keeper();
        for left in [8, 7] {
            assert_eq!(kind(&use_token(&keeper)), "config");
            assert_eq!(world.wire.0.lock().acts.len(), left, "one_time={one_time}");
        }
        assert_eq!(world.clock.slept(), Duration::ZERO);
    }
}

#[test]
fn a_save_that_fails_is_tried_three_times_with_growing_pauses() {
    for (fails, slept, expected) in [(2, 1000, "at-2"), (9, 1000, "not_saved")] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let mut left = fails;
        world.plan(move |call, record| {
            let pair = call == "save" && record.is_some_and(|record| record.note.is_none());
            left -= i32::from(pair);
            (pair && left >= 0).then_some(Fault::Before)
        });
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), expected);
        assert_eq!(world.clock.slept(), Duration::from_millis(slept));
        *world.store.plan.lock() = None;
    }
}

/// A program without locks may have its answer, but not have saved it yet.
#[test]
fn after_a_refusal_the_store_is_read_twice_a_second_apart() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    assert_eq!(kind(&use_token(&world.keeper())), "reauthorize");
    assert_eq!(world.clock.slept(), SECOND);
    let calls = ["lock", "load", "save", "load", "load", "load", "save"];
    assert_eq!(*world.store.calls.lock(), calls);
}

#[test]
fn a_client_credentials_call_takes_a_token_that_came_while_it_waited() {
    for takes in [true, false] {
        let mut world = World::new(Rotation::Unknown);
        world.rules.one_time = false;
        world.past_end();
        let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
        *store.held.lock() = true;
        let mut locks = 0;
        world.plan(move |call, _| {
            locks += usize::from(call == "lock");
            if call == "lock" && locks == 2 {
                // The other process gets its answer after the token has expired.
                let before = if takes { Duration::ZERO } else { SECOND };
                let sent_at = clock.now_utc() - before;
                clock.advance(LIFE);
                let mut stored = store.record.lock();
                let mut next = stored.clone().unwrap().next();
                let end = clock::later(sent_at, LIFE);
                next.token = Token::new("at-theirs").with_issued_at(sent_at).with_expires_at(end);
                next.generation += 1;
                *stored = Some(next);
                *store.held.lock() = false;
            }
            None
        });
        let expected = if takes { "at-theirs" } else { "at-2" };
        assert_eq!(kind(&use_token(&world.keeper())), expected);
    }
}

/// An explicit refresh is refused as too early, in the middle of a token's life.
#[test]
fn too_early_waits_for_the_end_of_a_living_token() {
    for (age, left) in [(LIFE / 2, LIFE / 2), (LIFE, 30 * SECOND), (LIFE - SECOND / 2, SECOND)] {
        let world = World::new(Rotation::Strict);
        world.clock.advance(age);
        world.acts(&[Act::TooEarly]);
        let keeper = world.keeper();
        let error = keeper.access(&keeper.newer()).unwrap_err();
        assert_eq!(error.retry_after(), Some(left), "{age:?}");
    }
    // A late answer brings a token that is younger than its request.
    let mut world = World::new(Rotation::Strict);
    world.rules.earliest_refresh = Some(40 * SECOND);
    let now = world.clock.now_utc();
    world.change(|record| {
        record.token = record.token.clone().with_expires_at(clock::later(now, 20 * SECOND));
        record.rotated_at = Some(clock::later(now, 10 * SECOND));
    });
    world.clock.advance(25 * SECOND);
    let stored = world.stored();
    // An unanswered request may have issued an even younger token.
    for (acts, left) in [(&[Act::TooEarly][..], 25), (&[Act::LoseRequest, Act::TooEarly], 40)] {
        *world.store.record.lock() = Some(stored.clone());
        world.acts(acts);
        let keeper = world.keeper();
        let error = keeper.access(&keeper.newer()).unwrap_err();
        assert_eq!(error.retry_after(), Some(left * SECOND), "{acts:?}");
    }
}

#[test]
fn after_too_many_refusals_the_wait_is_at_least_one_second() {
    let mut world = World::new(Rotation::Strict);
    world.rules.refusal_limit = Some(crate::provider::RefusalLimit { refusals: 2, window: LIFE });
    world.past_end();
    let now = world.clock.now_utc();
    let ago = |time: Duration| now - time;
    // One refusal is older than the window, one has a date in the future, and two are counted.
    let counted = [ago(LIFE), clock::later(now, SECOND), ago(LIFE - SECOND / 2), ago(SECOND)];
    world.change(|record| record.refusals = counted.to_vec());
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.retry_after(), Some(SECOND));
    assert!(error.to_string().contains("2 token requests were refused within 3600 s"), "{error}");
    world.change(|record| record.refusals.truncate(3));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

#[test]
fn too_early_vouches_for_a_token_only_until_its_date() {
    // The answer "too early" said that the token is good, but the token's date has passed or is unknown.
    for when in [None, Some(Duration::ZERO)] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.leave_note(SECOND, 300 * SECOND);
        let now = world.clock.now_utc();
        world.change(|record| {
            let note = record.note.as_mut().unwrap();
            (note.early, note.answered) = (true, true);
            note.not_before = when.map(|when| now - when);
        });
        world.acts(&[Act::Setup]);
        assert_eq!(kind(&use_token(&world.keeper())), "oauth", "{when:?}");
    }
}

#[test]
fn an_expired_lease_or_a_conflict_causes_no_pause() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [true, false].into();
    world.acts(&[Act::Never; 9]);
    assert_eq!(kind(&use_token(&world.keeper())), "transport");
    // The lease expired before anything was sent: the client takes the lock again, and makes three tries.
    assert_eq!(world.wire.0.lock().acts.len(), 5);
    // The lease lasts for two tries: the client does not take the lock again.
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [true, true, true, false].into();
    world.acts(&[Act::Never; 9]);
    assert_eq!(kind(&use_token(&world.keeper())), "transport");
    assert_eq!(world.wire.0.lock().acts.len(), 7);
    // A save that meets another record is repeated at once.
    let world = World::new(Rotation::Strict);
    world.past_end();
    let (store, mut done) = (Arc::clone(&world.store), false);
    world.plan(move |call, record| {
        let pair = call == "save" && record.is_some_and(|record| record.note.is_none());
        if pair && !std::mem::replace(&mut done, true) {
            let mut stored = store.record.lock();
            *stored = stored.as_ref().map(Record::next);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.clock.slept(), Duration::ZERO);
}

/// The pause after an unanswered request does not apply to answered requests.
#[test]
fn only_an_unanswered_request_needs_the_pause() {
    let mut world = World::new(Rotation::Strict);
    world.rules.unanswered_pause = 30 * SECOND;
    world.past_end();
    world.leave_note(10 * SECOND, 300 * SECOND);
    let since = world.clock.now_utc() - 60 * SECOND;
    world.change(|record| {
        let note = record.note.as_mut().unwrap();
        (note.answered, note.unanswered_since) = (true, Some(since));
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.past_end();
    world.leave_note(Duration::ZERO, 300 * SECOND);
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.retry_after(), Some(30 * SECOND));
}

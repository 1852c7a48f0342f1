//! How long each kind of wait is, to the millisecond.

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

/// What is set up wrongly here does not pass by itself.
#[test]
fn a_request_that_cannot_be_written_is_tried_once() {
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

/// A script without locks may be between its answer and its write.
#[test]
fn a_refusal_is_looked_at_twice_a_second_apart() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    assert_eq!(kind(&use_token(&world.keeper())), "reauthorize");
    assert_eq!(world.clock.slept(), SECOND);
    let calls = ["lock", "load", "save", "load", "load", "load", "save"];
    assert_eq!(*world.store.calls.lock(), calls);
}

#[test]
fn a_machine_that_waited_for_the_lock_takes_what_came_meanwhile() {
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
                // The other process has its answer after the end of the token.
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

/// A refresh by name is refused as too early, in the middle of a token's life.
#[test]
fn too_early_means_not_before_the_end_of_a_token_that_lives() {
    for (age, left) in [(LIFE / 2, LIFE / 2), (LIFE, 30 * SECOND), (LIFE - SECOND / 2, SECOND)] {
        let world = World::new(Rotation::Strict);
        world.clock.advance(age);
        world.acts(&[Act::TooEarly]);
        let keeper = world.keeper();
        let error = keeper.access(&keeper.newer()).unwrap_err();
        assert_eq!(error.retry_after(), Some(left), "{age:?}");
    }
    // An answer that came late brought a token that is younger than the request for it.
    let mut world = World::new(Rotation::Strict);
    world.rules.earliest_refresh = Some(40 * SECOND);
    let now = world.clock.now_utc();
    world.change(|record| {
        record.token = record.token.clone().with_expires_at(clock::later(now, 20 * SECOND));
        record.rotated_at = Some(clock::later(now, 10 * SECOND));
    });
    world.clock.advance(25 * SECOND);
    let stored = world.stored();
    // A request that stayed without an answer may have brought one that is younger still.
    for (acts, left) in [(&[Act::TooEarly][..], 25), (&[Act::LoseRequest, Act::TooEarly], 40)] {
        *world.store.record.lock() = Some(stored.clone());
        world.acts(acts);
        let keeper = world.keeper();
        let error = keeper.access(&keeper.newer()).unwrap_err();
        assert_eq!(error.retry_after(), Some(left * SECOND), "{acts:?}");
    }
}

#[test]
fn too_many_refusals_are_waited_for_a_second_at_least() {
    let mut world = World::new(Rotation::Strict);
    world.rules.refusal_limit = Some(crate::provider::RefusalLimit { refusals: 2, window: LIFE });
    world.past_end();
    let now = world.clock.now_utc();
    let ago = |time: Duration| now - time;
    // One that is out of the window, one from the future, and two that count.
    let counted = [ago(LIFE), clock::later(now, SECOND), ago(LIFE - SECOND / 2), ago(SECOND)];
    world.change(|record| record.refusals = counted.to_vec());
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.retry_after(), Some(SECOND));
    assert!(error.to_string().contains("2 token requests were refused within 3600 s"), "{error}");
    world.change(|record| record.refusals.truncate(3));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

#[test]
fn the_service_is_said_to_be_good_for_a_date_that_is_still_to_come() {
    // A token that "too early" vouched for, with its date gone or unknown.
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
fn a_lease_that_runs_out_or_a_store_that_has_moved_on_is_not_waited_for() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [true, false].into();
    world.acts(&[Act::Never; 9]);
    assert_eq!(kind(&use_token(&world.keeper())), "transport");
    // The lease had run out before anything left: it is taken again, and three tries are made.
    assert_eq!(world.wire.0.lock().acts.len(), 5);
    // A save that finds another record is repeated at once.
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

/// The pause of a service after a request without an answer is for such requests alone.
#[test]
fn an_answered_request_needs_no_pause_and_one_of_this_instant_the_whole() {
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

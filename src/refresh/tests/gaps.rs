//! Each of these tests fails after a small change of the code that no other test detects.

use std::time::Duration;

use super::steps::exchange;
use super::*;

/// Makes a client with an unsaved new login, which no longer holds the store's lock.
fn with_unsaved_login(before: impl FnOnce(&Keeper)) -> (World, Keeper) {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    before(&keeper);
    world.fail_saves(false, Fault::Before);
    assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    assert!(!*world.store.held.lock());
    (world, keeper)
}

/// Waits until `done` returns true, or panics after a time longer than any test needs.
fn until(done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "the awaited state did not come");
        std::thread::yield_now();
    }
}

#[test]
fn a_replay_that_never_left_leaves_the_first_request_unanswered() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let sent_at = world.clock.now_utc();
    world.acts(&[Act::LoseReply, Act::Never, Act::Never, Act::Never]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.stored().note.unwrap().unanswered(), Some(sent_at));
    world.acts(&[]);
    world.clock.advance(Duration::from_secs(600));
    let error = use_token(&world.keeper()).unwrap_err();
    let Error::Reauthorize(refusal) = &error else { panic!("{error}") };
    assert_eq!(refusal.unanswered_since, Some(sent_at));
}

#[test]
fn a_token_of_another_client_is_not_used_without_the_lock() {
    let mut world = World::new(Rotation::Strict);
    world.rules.binding.client_id = "other".to_owned();
    *world.store.held.lock() = true;
    let got = use_token(&world.keeper());
    assert!(got.is_err(), "{}", kind(&got));
    world.rules.one_time = false;
    assert_ne!(kind(&use_token(&world.keeper())), "at-1");
}

#[test]
fn after_an_unsaved_login_no_call_uses_the_previous_login() {
    for rotation in [Rotation::Strict, Rotation::UntilUsed] {
        let world = World::new(rotation);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        world.fail_saves(false, Fault::Before);
        assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
        let error = use_token(&keeper).unwrap_err();
        let token = error.into_token().expect("the error has the token that is not saved");
        assert_eq!(token.access_token().expose(), "at-login-1");
    }
}

#[test]
fn a_locked_store_does_not_bring_back_the_previous_login() {
    let (world, keeper) = with_unsaved_login(|_| {});
    *world.store.held.lock() = true;
    let got = use_token(&keeper);
    assert_eq!(kind(&got), "busy");
    *world.store.held.lock() = false;
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
}

/// After an unsaved new login, a client with the previous login's token in memory does not use that
/// token, even if the store fails.
#[test]
fn a_failing_store_does_not_bring_back_the_previous_login() {
    for failing in ["held", "lock", "load"] {
        let (world, keeper) = with_unsaved_login(|keeper| {
            assert_eq!(kind(&use_token(keeper)), "at-1");
        });
        *world.store.held.lock() = failing == "held";
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        let got = use_token(&keeper);
        assert!(got.is_err(), "{failing}: {}", kind(&got));
        *world.store.held.lock() = false;
        *world.store.plan.lock() = None;
        assert_eq!(kind(&use_token(&keeper)), "at-login-1", "{failing}");
    }
}

/// The save of a new login worked and reported an error, and the store could not be read then.
#[test]
fn a_login_whose_save_worked_is_used_while_the_store_is_locked() {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    let mut saved = false;
    world.plan(move |call, _| {
        saved |= call == "save";
        let unseen = saved && call == "load";
        if unseen { Some(Fault::Before) } else { (call == "save").then_some(Fault::After) }
    });
    assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    *world.store.plan.lock() = None;
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
}

#[test]
fn no_stored_token_is_used_while_a_login_is_unsaved() {
    let (_world, keeper) = with_unsaved_login(|keeper| {
        assert_eq!(keeper.moved_on(&Secret::new("other")).unwrap().access_token().expose(), "at-1");
    });
    assert!(keeper.moved_on(&Secret::new("other")).is_none());
}

#[test]
fn a_seed_does_not_replace_an_unsaved_login() {
    for rotation in [Rotation::Strict, Rotation::UntilUsed] {
        let world = World::new(rotation);
        *world.store.record.lock() = None;
        let keeper = world.keeper();
        world.fail_saves(false, Fault::Before);
        assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
        *world.store.plan.lock() = None;
        assert!(!keeper.seed(Token::new("at-seed").with_refresh_token("rt-seed")).unwrap());
        assert_eq!(kind(&use_token(&keeper)), "at-login-1");
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-login-1")));
    }
}

#[test]
fn a_login_replaced_by_another_is_not_reported_as_saved() {
    let world = World::with(Rotation::Strict, LockKind::None, true);
    let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
    let keeper = world.keeper();
    let result = keeper.authorize(Default::default(), &mut |sent_at| {
        let end = clock::later(clock.now_utc(), LIFE);
        let mut stored = store.record.lock();
        let theirs = Token::new("at-theirs").with_refresh_token("rt-theirs").with_expires_at(end);
        *stored = Some(Record::new_login(theirs, stored.as_ref()));
        let ours = Token::new("at-ours").with_refresh_token("rt-ours").with_expires_at(end);
        issued(ours.with_issued_at(sent_at))
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    assert_eq!(error.into_token().unwrap().refresh_token(), Some(&Secret::new("rt-ours")));
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-theirs")));
}

#[test]
fn a_refused_token_stays_refused_when_its_replacement_fails() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    keeper.suspect(&Secret::new("at-1"));
    world.acts(&[Act::Setup, Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(kind(&use_token(&keeper)), "oauth");
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert!(keeper.hot_access_token().is_some());
    // No token is suspect any more: the next call needs no store.
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert!(world.store.calls.lock().is_empty());
}

#[test]
fn a_seed_replaces_nothing_in_a_store_that_does_not_compare() {
    let world = World::with(Rotation::Strict, LockKind::FreedByDeath, false);
    assert!(!world.keeper().seed(Token::new("at-seed").with_refresh_token("rt-seed")).unwrap());
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
}

/// A wrong refusal has made our token the spare refresh token while our request was on its way.
#[test]
fn a_successor_replaces_a_record_whose_spare_was_sent() {
    for compares in [true, false] {
        let (world, got) = races::overtaken(Rotation::Strict, compares, |stored| {
            let mut next = stored.clone().unwrap().next();
            next.token = next.token.with_refresh_token("rt-dead");
            next.spare = Some(Secret::new("rt-1"));
            next.note = None;
            next.binding = None;
            *stored = Some(next);
        });
        assert_eq!(got, "at-2");
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
        assert!(world.alive() && world.stored().spare.is_none());
        let stored = world.stored();
        assert_eq!(stored.binding.as_ref(), Some(&world.rules.binding));
        assert_eq!((stored.generation, stored.superseded), (2, Some(Secret::new("rt-1"))));
        assert_eq!(stored.rotated_at, Some(world.clock.now_utc()));
    }
}

/// A record that is visible after a failed save may not be durable.
#[test]
fn a_failed_save_is_repeated_with_the_same_record() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    let (store, saved) = (Arc::clone(&world.store), Arc::new(Mutex::new(Vec::new())));
    let (seen, wire) = (Arc::clone(&saved), Arc::clone(&world.wire));
    world.plan(move |call, record| {
        let pair = record.filter(|record| record.note.is_none()).cloned();
        let Some(pair) = pair.filter(|_| call == "save") else {
            // Another holder of the lease overwrites our refresh note with its own.
            let mut stored = store.record.lock();
            if call == "load"
                && !wire.0.lock().sent.is_empty()
                && let Some(note) = stored.as_ref().and_then(|stored| stored.note.as_ref())
                && note.nonce != "of-another"
            {
                let mut next = stored.clone().unwrap().next();
                next.note.as_mut().unwrap().nonce = "of-another".to_owned();
                *stored = Some(next);
            }
            return None;
        };
        seen.lock().push(pair);
        (seen.lock().len() == 1).then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let saved = saved.lock();
    assert_eq!(saved.len(), 2);
    assert_eq!(saved[0], saved[1]);
}

/// Makes the service refuse a refresh. `change` is applied to the store before the refusal is checked.
fn refused(kind: LockKind, change: impl FnOnce(&mut Note) + Send + 'static) -> (World, Error) {
    let world = World::with(Rotation::Strict, kind, true);
    world.past_end();
    world.acts(&[Act::Refuse]);
    world.change_after_sending(|stored| {
        let mut next = stored.as_ref().unwrap().next();
        change(next.note.as_mut().unwrap());
        *stored = Some(next);
    });
    let error = use_token(&world.keeper()).unwrap_err();
    *world.store.plan.lock() = None;
    (world, error)
}

fn of_another(note: &mut Note) {
    note.holder = Holder { host: "elsewhere".to_owned(), pid: 7, unknown: Default::default() };
    note.nonce = "of-another".to_owned();
}

#[test]
fn under_a_lease_a_refusal_is_believed_without_another_note() {
    let (world, error) = refused(LockKind::Lease, |_| {});
    assert_eq!(error.kind(), "reauthorize");
    assert!(world.stored().refused.is_some());
}

#[test]
fn a_refusal_is_not_believed_while_another_holder_may_save() {
    let (world, error) = refused(LockKind::Lease, of_another);
    assert_eq!(error.kind(), "outcome_unknown");
    let left = error.retry_after().unwrap();
    assert!(left > Duration::from_secs(60) && left <= world.rules.hold(), "{left:?}");
    assert!(error.to_string().contains("process 7 on elsewhere"), "{error}");
    assert!(world.stored().refused.is_none());
}

/// Another holder wrote its refresh note without the lock.
#[test]
fn a_refusal_is_believed_under_a_lock_freed_by_death() {
    let (_, error) = refused(LockKind::FreedByDeath, of_another);
    assert_eq!(error.kind(), "reauthorize");
}

#[test]
fn a_refusal_is_believed_after_the_other_holders_deadline() {
    let (world, error) = refused(LockKind::Lease, |note| {
        of_another(note);
        note.deadline = note.sent_at;
    });
    assert_eq!(error.kind(), "reauthorize");
    assert!(world.stored().refused.is_some());
}

#[test]
fn a_refusal_is_believed_when_another_holder_sent_another_token() {
    let (_, error) = refused(LockKind::Lease, |note| {
        of_another(note);
        note.fingerprint = Secret::new("rt-other").fingerprint();
    });
    assert_eq!(error.kind(), "reauthorize");
}

/// A thread does not share the failure of an attempt that ended before it began to wait.
#[test]
fn a_thread_does_not_share_an_earlier_failure() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let keeper = Arc::new(world.keeper());
    world.acts(&[Act::Setup]);
    let inside = Arc::downgrade(&keeper);
    *world.wire.1.lock() = Some(Box::new(move || {
        until(|| inside.upgrade().is_none_or(|keeper| keeper.memory.lock().waiting > 0));
    }));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(kind(&use_token(&keeper)), "oauth"));
        }
    });
    assert_eq!(world.sent().len(), 1, "both threads share one failure");
    *world.wire.1.lock() = None;
    // A login is in progress, and fails; a thread waits for that login.
    std::thread::scope(|scope| {
        let mut waiter = None;
        let result = keeper.authorize(Default::default(), &mut |_| {
            waiter = Some(scope.spawn(|| kind(&use_token(&keeper)).to_owned()));
            until(|| keeper.memory.lock().waiting > 0);
            Sent::Never("connection refused".into())
        });
        assert_eq!(result.unwrap_err().kind(), "transport");
        assert_eq!(waiter.unwrap().join().unwrap(), "at-2");
    });
}

/// An explicit refresh shares the result of a refresh that came after its call, unless that token has
/// expired.
#[test]
fn an_explicit_refresh_does_not_share_an_expired_token() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let (early, late) = (keeper.newer(), keeper.newer());
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(keeper.access(&early).unwrap().access_token().expose(), "at-2");
    world.past_end();
    assert_eq!(keeper.access(&late).unwrap().access_token().expose(), "at-3");
    // The stored token has the generation that the caller knows: another client has logged out and in
    // again, and only the count of refreshes differs.
    let want = Want::Newer(Some(keeper.hot(&Want::Usable).unwrap().id()), 0);
    assert_eq!(keeper.access(&want).unwrap().access_token().expose(), "at-3");
    world.past_end();
    assert_eq!(keeper.access(&want).unwrap().access_token().expose(), "at-4");
}

/// If a service asks to wait a day and no token works, it is asked again after an hour.
#[test]
fn a_long_wait_of_a_service_is_kept_for_one_hour() {
    let mut world = World::new(Rotation::Unknown);
    world.rules.one_time = false;
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    world.acts(&[Act::Tomorrow]);
    assert_eq!(kind(&use_token(&keeper)), "rate_limited");
    world.clock.advance(Duration::from_secs(3590));
    let error = use_token(&keeper).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert_eq!(world.sent().len(), 1);
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

/// The next call saves an unsaved token pair, although the old token is still good.
#[test]
fn an_unsaved_pair_is_saved_before_a_good_token_is_returned() {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.fail_saves(false, Fault::Before);
    assert_eq!(keeper.access(&keeper.newer()).unwrap_err().kind(), "not_saved");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    // An explicit refresh skips the pause that other calls keep between two tries.
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2", "no save is tried during the pause");
    assert_eq!(keeper.access(&keeper.newer()).unwrap().access_token().expose(), "at-3");
}

/// The previous login is no longer used, not even during a pause after a failure and for a call that waits.
#[test]
fn a_pause_does_not_bring_back_the_previous_login() {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.acts(&[Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.fail_saves(false, Fault::Before);
    assert_eq!(exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    let got = std::thread::scope(|scope| {
        let turn = keeper.turn.lock().unwrap();
        let waiter = scope.spawn(|| kind(&use_token(&keeper)).to_owned());
        until(|| waiter.is_finished() || keeper.memory.lock().waiting > 0);
        drop(turn);
        waiter.join().unwrap()
    });
    assert_eq!(got, "not_saved");
}

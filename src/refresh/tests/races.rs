//! Tests of the promise's clauses P1 and P7, and of fencing: other clients act between our steps.

use std::sync::Barrier;
use std::time::Duration;

use super::*;

#[test]
fn threads_that_meet_at_the_end_of_a_token_send_one_request() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily, Rotation::UntilUsed] {
        let world = World::new(rotation);
        let keeper = world.keeper();
        for round in 0..20_u64 {
            world.past_end();
            let barrier = Barrier::new(64);
            let got: Vec<String> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..64)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            kind(&use_token(&keeper)).to_owned()
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let expected = format!("at-{}", round + 2);
            assert!(got.iter().all(|got| *got == expected), "{got:?}");
            assert_eq!(world.rotations(), round + 1);
        }
        assert!(world.alive());
    }
}

#[test]
fn threads_that_refresh_explicitly_share_one_refresh() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let barrier = Barrier::new(16);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let want = keeper.newer();
                barrier.wait();
                keeper.access(&want).unwrap();
            });
        }
    });
    assert_eq!(world.rotations(), 1);
}

#[test]
fn threads_that_waited_for_a_failed_attempt_share_its_failure() {
    for (act, expected) in [(Act::Broken, "outcome_unknown"), (Act::Setup, "oauth")] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let keeper = Arc::new(world.keeper());
        world.acts(&[act; 9]);
        let inside = Arc::downgrade(&keeper);
        *world.wire.1.lock() = Some(Box::new(move || {
            // The first request is served only when all other threads wait.
            while inside.upgrade().is_some_and(|keeper| keeper.memory.lock().waiting < 15) {
                std::thread::yield_now();
            }
        }));
        let got: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..16).map(|_| scope.spawn(|| kind(&use_token(&keeper)).to_owned())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(got.iter().all(|got| got == expected), "{got:?}");
        assert_eq!(world.sent().len(), if act == Act::Broken { 2 } else { 1 });
        // The next call tries again.
        *world.wire.1.lock() = None;
        world.acts(&[]);
        assert_eq!(kind(&use_token(&keeper)), "at-2");
    }
}

/// The results of eight threads whose first thread fails when the store fails `loads` times, and the number of
/// loads. The store fails only when all other threads wait.
fn eight_threads(loads: usize, empty: bool) -> (Vec<String>, usize) {
    let world = World::new(Rotation::Strict);
    if empty {
        *world.store.record.lock() = None;
    }
    let keeper = Arc::new(world.keeper());
    let (inside, mut count) = (Arc::downgrade(&keeper), 0);
    world.plan(move |call, _| {
        while inside.upgrade().is_some_and(|keeper| keeper.memory.lock().waiting < 7) && count == 0
        {
            std::thread::yield_now();
        }
        count += usize::from(call == "load");
        (call == "load" && count <= loads).then_some(Fault::Before)
    });
    let got = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| kind(&use_token(&keeper)).to_owned())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let loads = world.store.calls.lock().iter().filter(|call| **call == "load").count();
    (got, loads)
}

#[test]
fn a_thread_that_waited_for_a_failure_reads_the_store_again() {
    let (mut got, loads) = eight_threads(2, false);
    got.sort();
    assert_eq!(got, [vec!["at-1"; 7], vec!["backend"]].concat());
    assert_eq!(loads, 3, "the first thread that waited reads for all");
}

#[test]
fn threads_that_waited_try_an_unreadable_store_once() {
    let (got, loads) = eight_threads(99, false);
    assert_eq!(got, ["backend"; 8]);
    assert_eq!(loads, 3);
}

#[test]
fn each_waiting_thread_reads_an_empty_store() {
    let (got, loads) = eight_threads(2, true);
    assert_eq!(got, ["backend"; 8]);
    assert_eq!(loads, 9, "somebody may log in at any time");
}

#[test]
fn a_shared_refusal_is_reported_once() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let keeper = Arc::new(world.keeper());
    world.acts(&[Act::Refuse]);
    let inside = Arc::downgrade(&keeper);
    *world.wire.1.lock() = Some(Box::new(move || {
        while inside.upgrade().is_some_and(|keeper| keeper.memory.lock().waiting < 7) {
            std::thread::yield_now();
        }
    }));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(use_token(&keeper).unwrap_err().needs_authorization()));
        }
    });
    assert_eq!(world.sent(), ["rt-1"]);
    assert_eq!(world.told(|event| matches!(event, Event::AuthorizationNeeded { .. })), 1);
}

/// A call with a working token does not share the failure of an explicit refresh.
#[test]
fn a_failed_explicit_refresh_does_not_fail_a_call_with_a_token() {
    let world = World::new(Rotation::Strict);
    let keeper = Arc::new(world.keeper());
    world.acts(&[Act::Setup]);
    let inside = Arc::downgrade(&keeper);
    *world.wire.1.lock() = Some(Box::new(move || {
        while inside.upgrade().is_some_and(|keeper| keeper.memory.lock().waiting < 1) {
            std::thread::yield_now();
        }
    }));
    std::thread::scope(|scope| {
        let want = keeper.newer();
        let by_name = scope.spawn({
            let keeper = &keeper;
            move || keeper.access(&want).map(|_| ()).unwrap_err()
        });
        let usual = scope.spawn(|| {
            while world.sent().is_empty() && keeper.turn.try_lock().is_some() {
                std::thread::yield_now();
            }
            kind(&use_token(&keeper)).to_owned()
        });
        assert_eq!(by_name.join().unwrap().kind(), "oauth");
        assert_eq!(usual.join().unwrap(), "at-1");
    });
}

#[test]
fn a_process_that_waited_uses_the_token_saved_by_the_other() {
    let world = World::new(Rotation::StrictFamily);
    let (one, two) = (world.keeper(), world.keeper());
    assert_eq!(kind(&use_token(&one)), "at-1");
    assert_eq!(kind(&use_token(&two)), "at-1");
    world.past_end();
    assert_eq!(kind(&use_token(&one)), "at-2");
    assert_eq!(kind(&use_token(&two)), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    assert_eq!(world.told(|event| matches!(event, Event::Adopted { generation: 2 })), 1);
}

/// Clause P7 of the promise: another client without locks rotated first, at any moment.
#[test]
fn a_refusal_is_believed_only_when_the_store_holds_nothing_newer() {
    // The other client's token pair is found by the first or the second read after the refusal.
    for look in [3, 4] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let (wire, store, clock) =
            (Arc::clone(&world.wire), Arc::clone(&world.store), world.clock.clone());
        let mut loads = 0;
        world.plan(move |call, record| {
            if call == "save" && record.is_some_and(|record| record.note.is_some()) {
                // The other client sends the same token just before we do.
                let _ = wire.0.lock().refresh("rt-1", clock.now_utc());
            }
            if call == "load" {
                loads += 1;
                if loads == look - 1 {
                    let mut stored = store.record.lock();
                    let mut next = stored.clone().unwrap().next();
                    let now = clock.now_utc();
                    next.token = Token::new("at-sibling")
                        .with_refresh_token("rt-2")
                        .with_issued_at(now)
                        .with_expires_at(clock::later(now, LIFE));
                    next.note = None;
                    *stored = Some(next);
                }
            }
            None
        });
        assert_eq!(kind(&use_token(&world.keeper())), "at-sibling", "seen at load {look}");
        assert!(world.alive() && world.stored().refused.is_none());
    }
}

/// Fencing: another client saves between our load and our refresh note, on a store that compares.
#[test]
fn a_note_does_not_overwrite_a_newer_record() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    let (wire, store, clock) =
        (Arc::clone(&world.wire), Arc::clone(&world.store), world.clock.clone());
    let mut done = false;
    world.plan(move |call, _| {
        if call == "save" && !std::mem::replace(&mut done, true) {
            let now = clock.now_utc();
            let next = wire.0.lock().refresh("rt-1", now).unwrap();
            let mut stored = store.record.lock();
            let mut record = stored.clone().unwrap().next();
            record.token = Token::new("at-other")
                .with_refresh_token(next)
                .with_expires_at(clock::later(now, LIFE));
            record.generation += 1;
            *stored = Some(record);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert!(world.sent().is_empty(), "nothing was sent");
    assert!(world.alive());
}

/// Runs `act` on the store while our request is on its way, and returns the result.
pub(super) fn overtaken(
    rotation: Rotation,
    compares: bool,
    act: impl FnOnce(&mut Option<Record>) + Send + 'static,
) -> (World, String) {
    let world = World::with(rotation, LockKind::Lease, compares);
    world.past_end();
    let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
    let mut act = Some(act);
    world.plan(move |call, _| {
        if call == "load"
            && !wire.0.lock().sent.is_empty()
            && let Some(act) = act.take()
        {
            act(&mut store.record.lock());
        }
        None
    });
    let got = kind(&use_token(&world.keeper())).to_owned();
    *world.store.plan.lock() = None;
    (world, got)
}

#[test]
fn a_successor_is_saved_over_another_clients_note() {
    for compares in [true, false] {
        let (world, got) = overtaken(Rotation::Strict, compares, |stored| {
            let mut next = stored.clone().unwrap().next();
            next.note.as_mut().unwrap().nonce = "of-another".to_owned();
            *stored = Some(next);
        });
        assert_eq!(got, "at-2");
        assert!(world.alive() && world.stored().note.is_none());
    }
}

#[test]
fn a_pair_that_lost_the_race_becomes_the_spare() {
    for compares in [true, false] {
        let (world, got) = overtaken(Rotation::Strict, compares, |stored| {
            let mut next = stored.clone().unwrap().next();
            let end = next.token.expires_at().unwrap() + time::Duration::hours(9);
            next.token =
                Token::new("at-theirs").with_refresh_token("rt-theirs").with_expires_at(end);
            next.note = None;
            *stored = Some(next);
        });
        assert_eq!(got, "at-theirs");
        assert_eq!(world.told(|event| matches!(event, Event::Refreshed { .. })), 0);
        assert_eq!(world.stored().spare, Some(Secret::new("rt-2")));
        // The other client's token turns out to be invalid: the spare refresh token is the valid token.
        world.clock.advance(LIFE * 20);
        assert_eq!(kind(&use_token(&world.keeper())), "at-3");
        assert_eq!(world.sent(), ["rt-1", "rt-theirs", "rt-2"]);
        assert!(world.alive());
    }
}

#[test]
fn a_late_pair_is_not_written_over_a_logout_or_another_login() {
    for compares in [true, false] {
        let (world, got) = overtaken(Rotation::Strict, compares, |stored| *stored = None);
        assert_eq!(got, "not_authorized");
        assert!(world.store.record.lock().is_none());
        assert_eq!(world.wire.0.lock().revoked, ["rt-2"]);

        let (world, got) = overtaken(Rotation::Strict, compares, |stored| {
            let end =
                stored.as_ref().unwrap().token.expires_at().unwrap() + time::Duration::hours(9);
            let token = Token::new("at-new").with_refresh_token("rt-new").with_expires_at(end);
            *stored = Some(Record::new_login(token, stored.as_ref()));
        });
        assert_eq!(got, "at-new");
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-new")));
        assert!(world.stored().spare.is_none());
        assert_eq!(world.wire.0.lock().revoked, ["rt-2"]);
    }
}

/// A script writes another token into the record without changing its revision and generation while our
/// request is on its way. The client notices by comparing the token.
#[test]
fn a_scripts_token_under_the_same_revision_is_not_overwritten() {
    let (world, got) = overtaken(Rotation::Grace(LIFE), true, |stored| {
        let record = stored.as_mut().unwrap();
        let end = record.token.expires_at().unwrap() + time::Duration::hours(9);
        record.token = Token::new("at-theirs").with_refresh_token("rt-theirs").with_expires_at(end);
    });
    assert_eq!(got, "at-theirs");
    assert_eq!(world.stored().spare, Some(Secret::new("rt-2")));
}

/// Makes a login whose save fails, runs `act` on the store, and makes the next call, which must
/// succeed.
fn login_unsaved(fault: Fault, act: impl FnOnce(&mut Option<Record>)) -> (World, String) {
    let world = World::new(Rotation::UntilUsed);
    // The client cannot see that the save worked: the store fails from then on.
    let mut saved = false;
    world.plan(move |call, _| {
        saved |= call == "save";
        let unseen = saved && fault == Fault::After && call == "load";
        if unseen { Some(Fault::Before) } else { (call == "save").then_some(fault) }
    });
    let keeper = world.keeper();
    let error = super::steps::exchange(&world, &keeper, 1).unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    *world.store.plan.lock() = None;
    act(&mut world.store.record.lock());
    let got = kind(&use_token(&keeper)).to_owned();
    (world, got)
}

#[test]
fn an_unsaved_login_replaces_the_previous_login_even_if_refreshed() {
    let refreshed = |stored: &mut Option<Record>| {
        let mut next = stored.clone().unwrap().next().next();
        next.token = Token::new("at-2").with_refresh_token("rt-2");
        *stored = Some(next);
    };
    let (world, got) = login_unsaved(Fault::Before, refreshed);
    assert_eq!(got, "at-login-1");
    let stored = world.stored();
    assert_eq!(stored.token.refresh_token(), Some(&Secret::new("rt-login-1")));
    assert_eq!(stored.revision, 4);
    // The login was saved after all, and another client has refreshed it.
    let (world, got) = login_unsaved(Fault::After, refreshed);
    assert_eq!(got, "at-2");
    assert_eq!(world.stored().revision, 4);
}

#[test]
fn an_unsaved_login_is_not_written_after_a_logout() {
    let (world, got) = login_unsaved(Fault::Before, |stored| *stored = None);
    assert_eq!(got, "not_authorized");
    assert!(world.store.record.lock().is_none());
}

#[test]
fn an_unsaved_login_is_not_written_over_a_later_one() {
    let (world, got) = login_unsaved(Fault::Before, |stored| {
        let token = Token::new("at-later").with_refresh_token("rt-later");
        *stored = Some(Record::new_login(token, stored.as_ref()));
    });
    assert_eq!(got, "at-later");
    // The caller got the token in the error, so the client does not revoke it.
    assert!(world.wire.0.lock().revoked.is_empty());
}

/// If a lease runs out before the request is sent, nothing is sent.
#[test]
fn a_lease_that_does_not_outlast_the_request_sends_nothing() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [false].into();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);

    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [false; 50].into();
    assert_eq!(kind(&use_token(&world.keeper())), "busy");
    assert!(world.sent().is_empty());
}

/// The lease is checked again before a replay.
#[test]
fn a_replay_needs_a_lease_that_outlasts_it() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    *world.store.lasts.lock() = [true, false].into();
    world.acts(&[Act::LoseRequest]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.sent(), ["rt-1"]);
}

/// While the lock is held, a client with a working token goes on at once, even in a new process.
#[test]
fn a_held_lock_does_not_delay_a_call_with_a_working_token() {
    let world = World::new(Rotation::Strict);
    world.enter_margin();
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.clock.slept(), Duration::ZERO);
    world.clock.advance(Duration::from_secs(31));
    world.leave_note(Duration::from_secs(1), Duration::from_secs(9));
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.kind(), "busy");
    assert!(error.to_string().contains("process 7 on elsewhere"), "{error}");
    assert!(world.sent().is_empty());
}

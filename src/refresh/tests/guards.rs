//! Tests of lost locks, new lock files, and refreshes without a store.

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// How often a call without a lock reads the store within ten seconds.
const LOOKS: usize = 29;

/// The holder of an earlier lock file that was deleted may still be refreshing.
#[test]
fn a_note_under_a_new_lock_file_is_waited_for() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.leave_note(SECOND, 300 * SECOND);
    *world.store.new_file.lock() = true;
    let before = world.stored();
    for _ in 0..2 {
        assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    }
    assert_eq!(world.stored(), before);
    assert!(world.sent().is_empty());
    world.clock.advance(300 * SECOND);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert!(world.stored().note.is_none());
}

/// Whatever a client does under a new lock, the next client does not rely on the lock, although its file is there.
#[test]
fn no_use_of_a_new_lock_hides_that_it_was_new() {
    type Use = fn(&Keeper);
    let uses: [(&str, Use); 4] = [
        ("a call that adopts a good token", |keeper| drop(use_token(keeper))),
        ("a seed that is not needed", |keeper| {
            let seed = Token::new("at-seed").with_refresh_token("rt-seed");
            assert!(!keeper.seed(seed).unwrap());
        }),
        ("a check of the store", |keeper| keeper.prove_store().unwrap()),
        ("members of the token", |keeper| {
            let live = keeper.live(&keeper.backend.load().unwrap().unwrap());
            let members = [("realm_id".to_owned(), 1.into())].into_iter().collect();
            keeper.add_members(&live, &members);
        }),
    ];
    for (name, work) in uses {
        let world = World::new(Rotation::StrictFamily);
        world.leave_note(SECOND, 300 * SECOND);
        let before = world.stored();
        *world.store.new_file.lock() = true;
        work(&world.keeper());
        assert_eq!(world.stored(), before, "{name}: nothing needs to be written");
        let refused = Want::Instead("at-1".into());
        let error = world.keeper().access(&refused).map(drop).unwrap_err();
        assert_eq!(error.kind(), "outcome_unknown", "{name}");
        assert!(world.sent().is_empty(), "{name}: the refresh token was sent");
    }
}

/// A lock is new until no process can hold a deleted lock file and still get an answer.
#[test]
fn a_new_lock_is_settled_when_no_answer_can_come() {
    let world = World::new(Rotation::Strict);
    *world.store.new_file.lock() = true;
    drop(use_token(&world.keeper()));
    assert!(!*world.store.new_file.lock(), "there is no note");
    world.past_end();
    world.leave_note(SECOND, 300 * SECOND);
    *world.store.new_file.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert!(*world.store.new_file.lock(), "an answer can still come");
    world.clock.advance(300 * SECOND);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert!(!*world.store.new_file.lock());
}

/// A load that fails says nothing about a pending note.
#[test]
fn a_failed_load_does_not_settle_a_new_lock() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.leave_note(SECOND, 300 * SECOND);
    *world.store.new_file.lock() = true;
    let mut failed = false;
    world.plan(move |call, _| {
        (call == "load" && !std::mem::replace(&mut failed, true)).then_some(Fault::Before)
    });
    drop(use_token(&world.keeper()));
    assert!(*world.store.new_file.lock());
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert!(world.sent().is_empty());
}

#[test]
fn a_new_lock_file_does_not_change_an_expired_note() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.leave_note(300 * SECOND, 300 * SECOND);
    let when = clock::later(world.clock.now_utc(), 30 * SECOND);
    world.change(|record| record.note.as_mut().unwrap().not_before = Some(when));
    *world.store.new_file.lock() = true;
    let before = world.stored();
    assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
    assert_eq!(world.stored(), before);
    assert_eq!(
        world.clock.slept(),
        Duration::ZERO,
        "the service says when to try again, so nobody waits"
    );
}

/// The date when a refresh note was first seen is only needed for an impossibly late deadline.
#[test]
fn a_note_is_dated_only_when_its_deadline_is_too_far_away() {
    for (lock, left, dated) in [
        (LockKind::Lease, 360, false),
        (LockKind::Lease, 361, true),
        (LockKind::FreedByDeath, 361, false),
    ] {
        let world = World::with(Rotation::Strict, lock, true);
        world.past_end();
        world.leave_note(Duration::ZERO, left * SECOND);
        let when = clock::later(world.clock.now_utc(), SECOND);
        world.change(|record| record.note.as_mut().unwrap().not_before = Some(when));
        assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
        let note = world.stored().note.unwrap();
        assert_eq!(note.seen.len(), usize::from(dated), "{lock:?} {left}");
    }
}

/// A clock that was a day ahead wrote this note, whose lock file is deleted.
#[test]
fn a_note_with_a_far_deadline_is_dated_under_a_new_lock() {
    let world = World::with(Rotation::Strict, LockKind::FreedByDeath, true);
    world.past_end();
    world.leave_note(Duration::ZERO, 86_400 * SECOND);
    *world.store.new_file.lock() = true;
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    world.clock.advance(300 * SECOND);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

/// The lock file is deleted while the connection is made.
#[test]
fn a_lock_lost_before_the_request_leaves_is_taken_again() {
    // Nothing was sent, so no recovery is reported, even if the refresh note cannot be removed.
    for fails in [false, true] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        *world.store.in_place.lock() = [true, false].into();
        let mut failed = !fails;
        world.plan(move |call, record| {
            let settles = call == "save" && record.is_some_and(|record| record.note.is_none());
            (settles && !std::mem::replace(&mut failed, true)).then_some(Fault::Before)
        });
        assert_eq!(kind(&use_token(&world.keeper())), "at-2");
        assert_eq!(world.sent(), ["rt-1"]);
        let locks = world.store.calls.lock().iter().filter(|call| **call == "lock").count();
        assert_eq!(locks, 2);
        assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 0, "{fails}");
        assert!(!*world.store.held.lock());
    }
}

#[test]
fn a_note_refused_for_a_lost_lock_follows_a_new_lock() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let mut refused = false;
    world.plan(move |call, _| {
        (call == "save" && !std::mem::replace(&mut refused, true)).then_some(Fault::Unlocked)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    let calls = ["lock", "load", "save", "lock", "load", "save"];
    assert_eq!(world.store.calls.lock()[..6], calls);
    assert!(!*world.store.held.lock());
}

/// The lock file is deleted while the answer is on its way: the token pair is still saved.
#[test]
fn a_lost_lock_is_taken_again_to_save_a_pair() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    *world.store.in_place.lock() = [true, true, false].into();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let calls = ["lock", "load", "save", "load", "lock", "load", "save"];
    assert_eq!(*world.store.calls.lock(), calls);
    assert!(world.alive() && !*world.store.held.lock());
}

/// Nothing was sent after the refresh note, and the note could not be removed.
#[test]
fn our_own_note_without_a_request_is_not_an_unanswered_request() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Never; 3]);
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "transport");
    assert!(world.stored().note.is_some());
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 0);
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
}

/// Without a lock, only the refresh note shows another holder, so a call without a token waits for a while.
#[test]
fn a_call_without_a_lock_waits_for_another_holders_save() {
    for comes in [true, false] {
        let world = World::with(Rotation::Strict, LockKind::None, true);
        world.past_end();
        world.leave_note(SECOND, 300 * SECOND);
        let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
        let saved_at = clock.monotonic() + 3 * SECOND;
        world.plan(move |_, _| {
            let mut stored = store.record.lock();
            if comes && clock.monotonic() >= saved_at && stored.as_ref().unwrap().note.is_some() {
                let mut next = stored.clone().unwrap().next();
                let end = clock::later(clock.now_utc(), LIFE);
                next.token = Token::new("at-theirs").with_expires_at(end);
                (next.note, next.generation) = (None, 2);
                *stored = Some(next);
            }
            None
        });
        let got = use_token(&world.keeper());
        let slept = world.clock.slept();
        if comes {
            assert_eq!(kind(&got), "at-theirs");
            assert!(slept >= 3 * SECOND && slept < 4 * SECOND, "{slept:?}");
        } else {
            assert_eq!(kind(&got), "outcome_unknown");
            assert!(slept >= 10 * SECOND && slept < 11 * SECOND, "{slept:?}");
            // The pauses grow from a short pause to at most one second.
            let looks = world.store.calls.lock().iter().filter(|call| **call == "load").count();
            assert_eq!(looks, LOOKS, "one load at first, and one after each pause");
        }
        assert!(world.sent().is_empty());
    }
    // A call with a token that works does not wait.
    let world = World::with(Rotation::Strict, LockKind::None, true);
    world.enter_margin();
    world.leave_note(SECOND, 300 * SECOND);
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.clock.slept(), Duration::ZERO);
}

/// If only an explicit refresh sends the token again, there is nothing to wait for.
#[test]
fn a_call_does_not_wait_if_only_an_explicit_refresh_helps() {
    let mut world = World::with(Rotation::StrictFamily, LockKind::None, true);
    world.rules.ends_other_logins = true;
    world.past_end();
    world.leave_note(SECOND, 300 * SECOND);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.clock.slept(), Duration::ZERO);
}

/// A call tries the failing lock once, even if the store changes several times.
#[test]
fn a_refresh_without_rotation_tries_a_failing_lock_once() {
    let world = World::new(Rotation::None);
    world.past_end();
    let (store, mut changed) = (Arc::clone(&world.store), false);
    world.plan(move |call, _| {
        if call == "save" && !std::mem::replace(&mut changed, true) {
            let mut stored = store.record.lock();
            *stored = stored.as_ref().map(Record::next);
        }
        (call == "lock").then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let locks = world.store.calls.lock().iter().filter(|call| **call == "lock").count();
    assert_eq!(locks, 1);
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
}

#[test]
fn a_failing_lock_is_an_error_if_a_pair_is_unsaved() {
    let world = World::new(Rotation::None);
    let keeper = world.keeper();
    world.fail_saves(false, Fault::Before);
    assert_eq!(super::steps::exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    assert!(world.sent().is_empty());
}

/// When a record is bound, its lifetime counts from now if it was dated by a clock that was too far
/// ahead.
#[test]
fn a_record_from_the_future_is_dated_anew_when_it_is_bound() {
    for (ahead, lock, dated) in [
        (61, LockKind::FreedByDeath, true),
        (60, LockKind::FreedByDeath, false),
        (61, LockKind::None, false),
    ] {
        for bound in [true, false] {
            let world = World::with(Rotation::Strict, lock, true);
            let (now, at) =
                (world.clock.now_utc(), clock::later(world.clock.now_utc(), ahead * SECOND));
            world.change(|record| {
                let token = record.token.clone().with_issued_at(at);
                record.token = token.with_expires_at(clock::later(at, LIFE));
                record.binding = record.binding.take().filter(|_| bound);
            });
            let before = world.stored();
            assert_eq!(kind(&use_token(&world.keeper())), "at-1");
            let stored = world.stored();
            let from = if dated { now } else { at };
            assert_eq!(stored.token.issued_at(), Some(from), "{ahead} {lock:?} {bound}");
            assert_eq!(stored.token.expires_at(), Some(clock::later(from, LIFE)));
            let written = lock != LockKind::None && (dated || !bound);
            assert_eq!(stored.revision, before.revision + u64::from(written));
            assert_eq!(stored.binding.is_some(), bound || written);
        }
    }
}

#[test]
fn a_new_process_does_not_report_its_first_token_as_adopted() {
    let world = World::new(Rotation::Strict);
    assert_eq!(kind(&use_token(&world.keeper())), "at-1");
    assert_eq!(world.told(|event| matches!(event, Event::Adopted { .. })), 0);
}

/// The store's own warning is emitted once, and replaces the general warning about its kind.
#[test]
fn a_warning_of_the_store_replaces_the_general_one() {
    for rotation in [Rotation::Strict, Rotation::None] {
        let world = World::with(rotation, LockKind::Lease, true);
        *world.store.durability.lock() = Durability::Process;
        world.store.warnings.lock().push("the folder cannot be flushed".to_owned());
        let keeper = world.keeper();
        for _ in 0..2 {
            world.past_end();
            use_token(&keeper).unwrap();
        }
        let texts: Vec<String> = world.events.lock().iter().map(ToString::to_string).collect();
        let warned = |text: &&String| text.contains("flushed") || text.contains("may lose");
        let texts: Vec<_> = texts.iter().filter(warned).collect();
        assert_eq!(texts, ["the folder cannot be flushed"], "{rotation:?}");
    }
    // The client always warns about a store in memory.
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    *world.store.durability.lock() = Durability::Memory;
    world.store.warnings.lock().push("the folder cannot be flushed".to_owned());
    use_token(&world.keeper()).unwrap();
    assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 2);
}

#[test]
fn a_warning_about_the_connection_is_reported() {
    let world = World::new(Rotation::Strict);
    *world.wire.2.lock() = Some("the connection is not encrypted".to_owned());
    let keeper = world.keeper();
    for _ in 0..2 {
        world.past_end();
        use_token(&keeper).unwrap();
    }
    assert_eq!(world.told(|event| event.to_string() == "the connection is not encrypted"), 1);
}

/// A client that loses its lock while the connection is made; `busy` says whether another client takes the
/// lock at once.
fn loses_its_lock(busy: bool) -> World {
    let world = World::with(Rotation::Strict, LockKind::FreedByDeath, false);
    world.past_end();
    let (store, mut first) = (Arc::clone(&world.store), true);
    *world.wire.1.lock() = Some(Box::new(move || {
        if std::mem::take(&mut first) {
            store.lose_lock();
            *store.held.lock() = busy;
        }
    }));
    world
}

#[test]
fn a_note_is_removed_under_a_new_lock() {
    let world = loses_its_lock(false);
    let (store, saves) = (Arc::clone(&world.store), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&saves);
    world.plan(move |_, record| {
        if let Some(record) = record {
            seen.lock().push((record.note.is_some(), *store.held.lock()));
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    // The saves are our refresh note, its removal, our second note, and the token pair: each under the lock.
    assert_eq!(*saves.lock(), [(true, true), (false, true), (true, true), (false, true)]);
}

#[test]
fn a_note_is_removed_although_the_lock_fails() {
    let world = loses_its_lock(false);
    let mut locks = 0;
    world.plan(move |call, _| {
        locks += usize::from(call == "lock");
        (call == "lock" && locks > 1).then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
    assert!(world.sent().is_empty() && world.stored().note.is_none());
}

/// The other client has read our refresh note and is about to write.
#[test]
fn a_note_stays_while_another_client_has_the_lock() {
    let world = loses_its_lock(true);
    assert_eq!(kind(&use_token(&world.keeper())), "busy");
    assert!(world.sent().is_empty() && world.stored().note.is_some());
}

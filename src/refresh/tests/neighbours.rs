//! Tests of situations close to those of the other files: a cache in front of a table, an API that
//! refuses at one address only, a store that is locked while a client only reads.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// When the client reads its refresh note back, a cache returns the note as it was written. After that, the
/// store builds each record from a table of three columns, and each record has a new login id.
#[test]
fn no_successor_is_lost_if_the_store_forgets_the_login() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily, Rotation::UntilUsed] {
        for compares in [true, false] {
            let world = World::with(rotation, LockKind::FreedByDeath, compares);
            let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
            world.plan(move |call, _| {
                if call == "load" && !wire.0.lock().sent.is_empty() {
                    let mut record = store.record.lock();
                    *record = record.take().map(|record| Record::from(record.token));
                }
                None
            });
            let keeper = world.keeper();
            for round in 1..4 {
                world.past_end();
                assert_eq!(kind(&use_token(&keeper)), format!("at-{}", round + 1));
                assert_eq!(world.sent().len(), round, "{rotation:?} {compares}");
                let told = world.told(|event| matches!(event, Event::Refreshed { .. }));
                assert_eq!(told, round, "{rotation:?} {compares}");
            }
            assert!(world.wire.0.lock().revoked.is_empty());
            assert!(world.alive());
        }
    }
}

#[test]
fn an_explicit_refresh_of_a_locked_store_uses_a_newer_token() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let other = world.keeper();
    other.access(&other.newer()).unwrap();
    world.clock.advance(SECOND);
    *world.store.held.lock() = true;
    let got = keeper.access(&keeper.newer()).map(|live| live.access_token().expose().to_owned());
    assert_eq!(kind(&got), "at-2");
    let got = keeper.access(&keeper.newer()).map(|live| live.access_token().expose().to_owned());
    assert_eq!(kind(&got), "busy", "the client has this token already");
}

/// A client whose token was refreshed because of a 401.
fn mended() -> (World, Keeper, Live) {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let live = keeper.access(&Want::Instead(Secret::new("at-1"))).unwrap();
    (world, keeper, live)
}

#[test]
fn a_newer_token_is_found_while_the_store_is_locked() {
    let (world, keeper, live) = mended();
    let other = world.keeper();
    other.access(&other.newer()).unwrap();
    *world.store.held.lock() = true;
    let found = keeper.moved_on(live.access_token());
    assert_eq!(found.map(|live| live.access_token().expose().to_owned()), Some("at-3".to_owned()));
}

/// The caller uses the token with its own HTTP library, so its next call may come at any time.
#[test]
fn a_later_call_keeps_a_new_token_that_was_refused_at_once() {
    let (world, keeper, live) = mended();
    world.clock.advance(SECOND);
    keeper.suspect(live.access_token());
    world.clock.advance(15 * SECOND);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    keeper.suspect(live.access_token());
    world.clock.advance(60 * SECOND);
    assert_eq!(kind(&use_token(&keeper)), "at-3", "the minute is over");
}

/// One address of the API refuses every token, and others accept it.
#[test]
fn a_refused_new_token_stays_refused_at_another_address() {
    let (world, keeper, live) = mended();
    assert!(keeper.is_last_word(live.access_token()));
    for _ in 0..5 {
        keeper.accepted(&live);
        world.clock.advance(SECOND);
        assert!(keeper.is_last_word(live.access_token()));
    }
    world.clock.advance(60 * SECOND);
    assert!(!keeper.is_last_word(live.access_token()));
    keeper.accepted(&live);
    assert!(!keeper.doubts.load(std::sync::atomic::Ordering::Relaxed));
}

/// A program calls `seed` at each start. The store cannot be locked, and its login still works.
#[test]
fn a_seed_beside_a_living_login_needs_no_lock() {
    let world = World::new(Rotation::Strict);
    let seed = || Token::new("at-seed").with_refresh_token("rt-seed");
    *world.store.held.lock() = true;
    assert!(!world.keeper().seed(seed()).unwrap());
    *world.store.held.lock() = false;
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert!(!world.keeper().seed(seed()).unwrap());
    *world.store.record.lock() = None;
    assert_eq!(world.keeper().seed(seed()).unwrap_err().kind(), "backend");
    *world.store.plan.lock() = None;
    *world.store.held.lock() = true;
    assert_eq!(world.keeper().seed(seed()).unwrap_err().kind(), "busy");
    assert!(world.store.record.lock().is_none());
}

/// The lock fails while a token pair waits, and the store holds a token that another client has received
/// since.
#[test]
fn an_unsaved_pair_does_not_hide_a_newer_stored_token() {
    let mut world = World::new(Rotation::UntilUsed);
    world.rules.ends_access_token = true;
    world.past_end();
    let keeper = world.keeper();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    // The token pair that waits was never used, so the old refresh token works for others.
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert!(keeper.memory.lock().unsaved, "the pair is kept");
    // Another login in the store is not used without the lock.
    world.change(|record| record.login = "another".to_owned());
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
}

/// The lock's file was deleted, and the next holder has saved the new refresh token. In a store that does not
/// compare, removing our refresh note would overwrite that token.
#[test]
fn removing_a_note_does_not_overwrite_the_next_holders_record() {
    for (compares, busy) in [(true, false), (false, false), (false, true)] {
        let world = World::with(Rotation::StrictFamily, LockKind::FreedByDeath, compares);
        world.past_end();
        let gone = Arc::clone(&world.store.in_place);
        let (other, store) = (world.keeper(), Arc::clone(&world.store));
        let mut first = true;
        *world.wire.1.lock() = Some(Box::new(move || {
            if std::mem::take(&mut first) {
                // Every check says that the lock is lost, until the client takes the lock again.
                gone.lock().extend([false; 4]);
                let mut next = store.record.lock().clone().unwrap().next();
                let token = Token::new("at-other").with_refresh_token("rt-other");
                next.token = token.with_expires_at(clock::later(other.clock.now_utc(), LIFE));
                (next.note, next.generation) = (None, next.generation + 1);
                *store.record.lock() = Some(next);
                *store.held.lock() = busy;
            }
        }));
        assert_eq!(kind(&use_token(&world.keeper())), "at-other", "{compares} {busy}");
        assert!(world.sent().is_empty());
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-other")));
    }
}

/// The lock is lost before our refresh note is written, and the next holder has saved the new refresh token
/// meanwhile.
#[test]
fn no_note_is_written_under_a_lock_that_is_gone() {
    let world = World::with(Rotation::StrictFamily, LockKind::FreedByDeath, false);
    world.past_end();
    let (gone, store) = (Arc::clone(&world.store.in_place), Arc::clone(&world.store));
    gone.lock().push_back(false);
    let (end, mut first) = (clock::later(world.clock.now_utc(), LIFE), true);
    world.plan(move |call, record| {
        let other = call == "lock" && !std::mem::replace(&mut first, false);
        if other {
            let mut next = store.record.lock().clone().unwrap().next();
            let token = Token::new("at-other").with_refresh_token("rt-other");
            next.token = token.with_expires_at(end);
            *store.record.lock() = Some(next);
        }
        assert!(
            record.is_none_or(|record| record.note.is_none()),
            "a note was written without the lock"
        );
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert!(world.sent().is_empty());
}

/// The process was stopped before its refresh note was written, so the access token that it fell back on has
/// expired too.
#[test]
fn a_failed_note_does_not_hide_a_newer_stored_token() {
    for has_fallback in [false, true] {
        let world = World::new(Rotation::Strict);
        if has_fallback {
            world.enter_margin();
        } else {
            world.past_end();
        }
        let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
        world.plan(move |call, _| {
            (call == "save").then(|| {
                clock.advance(60 * SECOND);
                let end = clock::later(clock.now_utc(), LIFE);
                let mut stored = store.record.lock();
                let mut next = stored.clone().unwrap().next();
                let token = Token::new("at-other").with_refresh_token("rt-other");
                (next.token, next.generation) = (token.with_expires_at(end), next.generation + 1);
                *stored = Some(next);
                Fault::Before
            })
        });
        assert_eq!(kind(&use_token(&world.keeper())), "at-other", "{has_fallback}");
        assert!(world.sent().is_empty());
    }
}

/// The old token expires during the request, and another client's token is in the store when the request
/// ends.
#[test]
fn a_failed_load_does_not_hide_a_token_read_before() {
    let world = World::new(Rotation::Strict);
    world.enter_margin();
    let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
    let (clock, mut loads) = (world.clock.clone(), 0);
    world.plan(move |call, _| {
        loads += usize::from(call == "load" && !wire.0.lock().sent.is_empty());
        if call == "load" && loads == 1 {
            clock.advance(60 * SECOND);
            let end = clock::later(clock.now_utc(), LIFE);
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            let token = Token::new("at-other").with_refresh_token("rt-other");
            (next.token, next.generation) = (token.with_expires_at(end), next.generation + 1);
            *stored = Some(next);
        }
        (call == "load" && loads > 1).then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert_eq!(world.sent(), ["rt-1"]);
    assert_eq!(world.stored().spare, Some(Secret::new("rt-2")));
}

#[test]
fn a_token_that_expires_during_a_request_stops_no_repeat() {
    for act in [Act::LoseRequest, Act::Never] {
        let world = World::new(Rotation::StrictFamily);
        world.enter_margin();
        world.acts(&[act]);
        let clock = world.clock.clone();
        *world.wire.1.lock() = Some(Box::new(move || clock.advance(60 * SECOND)));
        assert_eq!(kind(&use_token(&world.keeper())), "at-2", "{act:?}");
    }
}

/// The token expires while the store fails to lock, or to save a refresh note.
#[test]
fn an_expired_token_stops_no_refresh_without_the_store() {
    for fails in ["lock", "save"] {
        let world = World::new(Rotation::None);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        world.enter_margin();
        let clock = world.clock.clone();
        world.plan(move |call, _| {
            (call == fails).then(|| {
                clock.advance(60 * SECOND);
                Fault::Before
            })
        });
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{fails}");
    }
}

/// The store returns to an older record while a request is on its way, or while the newer token pair is
/// written again.
#[test]
fn a_store_that_goes_back_during_a_save_gets_the_newest_pair() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily, Rotation::UntilUsed] {
        let world = World::new(rotation);
        let old = world.stored();
        let keeper = world.keeper();
        world.past_end();
        assert_eq!(kind(&use_token(&keeper)), "at-2");
        let middle = world.stored();
        world.past_end();
        let back = old.clone();
        let (store, wire, mut first) = (Arc::clone(&world.store), Arc::clone(&world.wire), true);
        world.plan(move |_, _| {
            if wire.0.lock().sent.len() == 2 && std::mem::take(&mut first) {
                *store.record.lock() = Some(back.clone());
            }
            None
        });
        assert_eq!(kind(&use_token(&keeper)), "at-3", "{rotation:?}");
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-3")));
        // The store returns to one older record, and then to another.
        *world.store.record.lock() = Some(old);
        let (store, mut saves) = (Arc::clone(&world.store), 0);
        world.plan(move |call, _| {
            saves += usize::from(call == "save");
            if call == "save" && saves == 1 {
                *store.record.lock() = Some(middle.clone());
            }
            None
        });
        world.past_end();
        assert_eq!(kind(&use_token(&keeper)), "at-4", "{rotation:?}");
        assert_eq!(world.sent(), ["rt-1", "rt-2", "rt-3"], "{rotation:?}");
        assert!(world.alive());
    }
}

/// Another client has saved a token that has expired already, and the lock cannot be taken.
#[test]
fn a_token_that_works_is_used_although_a_newer_one_has_ended() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    let now = world.clock.now_utc();
    world.change(|record| {
        record.generation += 1;
        record.token = Token::new("at-short")
            .with_refresh_token("rt-short")
            .with_issued_at(now)
            .with_expires_at(now);
    });
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
}

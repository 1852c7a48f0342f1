//! Tests of real conditions: stores without a lock, stores that lose notes or return to older records,
//! clocks that were ahead, refreshes longer than a token's life.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Three clients meet one expiry without a fault and without a lock; a late use of the old token revokes the
/// login.
#[test]
fn without_a_lock_clients_at_one_expiry_send_one_request() {
    for rotation in [Rotation::UntilUsed, Rotation::Grace(LIFE), Rotation::None, Rotation::Strict] {
        for alive in [true, false] {
            let world = Arc::new(World::with(rotation, LockKind::None, true));
            if alive {
                world.enter_margin()
            } else {
                world.past_end()
            }
            let others: Arc<Mutex<Vec<Result<String>>>> = Arc::default();
            let (inner, got) = (Arc::clone(&world), Arc::clone(&others));
            // The two other clients call while the first request is in progress.
            let mut first = true;
            *world.wire.1.lock() = Some(Box::new(move || {
                if std::mem::take(&mut first) {
                    for _ in 0..2 {
                        got.lock().push(use_token(&inner.keeper()));
                    }
                }
            }));
            assert_eq!(kind(&use_token(&world.keeper())), "at-2");
            let expected = if alive { "at-1" } else { "outcome_unknown" };
            for other in others.lock().iter() {
                assert_eq!(kind(other), expected, "{rotation:?} alive={alive}");
            }
            assert_eq!(world.sent(), ["rt-1"], "{rotation:?} alive={alive}");
            assert_eq!(kind(&use_token(&world.keeper())), "at-2");
            *world.wire.1.lock() = None;
        }
    }
}

/// A store that keeps only the token, and builds a record from the token at each load.
#[test]
fn a_store_that_drops_the_note_is_noticed_before_a_request() {
    struct Columns(Mutex<Token>);
    impl TokenBackend for Columns {
        fn load(&self) -> Result<Option<Record>, BoxError> {
            Ok(Some(Record::from(self.0.lock().clone())))
        }
        fn save(&self, record: &Record) -> Result<(), BoxError> {
            *self.0.lock() = record.token().clone();
            Ok(())
        }
        fn clear(&self) -> Result<(), BoxError> {
            Ok(())
        }
    }
    for rotation in [Rotation::Strict, Rotation::UntilUsed, Rotation::Unknown] {
        let world = World::new(rotation);
        let columns = Box::new(Columns(Mutex::new(world.stored().token)));
        let wire = Box::new(Arc::clone(&world.wire));
        let keeper = Keeper::new(columns, wire, world.clock.clone(), world.rules.clone(), None);
        world.enter_margin();
        assert_eq!(kind(&use_token(&keeper)), "at-1", "the token that works is used");
        world.past_end();
        let error = use_token(&keeper).unwrap_err();
        assert_eq!(error.kind(), "config");
        let text = error.to_string();
        assert!(
            text.contains("note") && text.contains("login") && text.contains("Record::to_json")
        );
        assert!(world.sent().is_empty(), "{rotation:?}");
        assert!(world.wire.0.lock().revoked.is_empty(), "{rotation:?}");
    }
}

/// The answer had no new refresh token, and another client has logged in meanwhile.
#[test]
fn a_refresh_token_that_was_not_replaced_is_not_revoked() {
    for logged_out in [true, false] {
        let world = World::with(Rotation::None, LockKind::Lease, true);
        world.past_end();
        world.acts(&[Act::NoRefreshToken]);
        let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
        world.plan(move |call, _| {
            if call == "load" && !wire.0.lock().sent.is_empty() {
                let token = Token::new("at-new").with_refresh_token("rt-1");
                let mut stored = store.record.lock();
                *stored = (!logged_out).then(|| Record::new_login(token, stored.as_ref()));
            }
            None
        });
        let expected = if logged_out { "not_authorized" } else { "at-new" };
        assert_eq!(kind(&use_token(&world.keeper())), expected);
        assert!(world.wire.0.lock().revoked.is_empty());
    }
}

/// The store returns to an older record under a running client.
#[test]
fn a_store_that_went_back_gets_the_newer_pair_again() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily, Rotation::UntilUsed] {
        for back in [1, 2] {
            let world = World::new(rotation);
            let keeper = world.keeper();
            let mut records = vec![world.stored()];
            for _ in 0..2 {
                world.past_end();
                use_token(&keeper).unwrap();
                records.push(world.stored());
            }
            *world.store.record.lock() = Some(records[2 - back].clone());
            world.past_end();
            let before = world.sent().len();
            assert_eq!(kind(&use_token(&keeper)), "at-4", "{rotation:?} back={back}");
            assert_eq!(world.sent()[before..], ["rt-3"], "the replaced token is not sent again");
            assert_eq!(world.stored().generation, 4);
            assert!(world.alive());
            let back = |event: &Event| event.to_string().contains("went back");
            assert_eq!(world.told(back), 1);
        }
    }
}

/// Another process has sent the old token meanwhile and was refused.
#[test]
fn a_refusal_of_a_replaced_token_is_overwritten_by_the_newer_pair() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let old = world.stored();
    world.past_end();
    use_token(&keeper).unwrap();
    *world.store.record.lock() = Some(old);
    assert_eq!(
        kind(&use_token(&world.keeper())),
        "reauthorize",
        "a new process cannot know that the token was replaced"
    );
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert!(world.alive() && world.stored().refused.is_none());
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
}

/// A call that only reads also ignores the older record of a restored store.
#[test]
fn a_401_does_not_bring_back_an_older_token() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let old = world.stored();
    keeper.access(&keeper.newer()).unwrap();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    *world.store.record.lock() = Some(old);
    assert!(keeper.moved_on(&Secret::new("at-2")).is_none());
    let next = keeper.access(&Want::Instead(Secret::new("at-2"))).unwrap();
    assert_eq!(next.access_token().expose(), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

/// The access token expires while the refresh hangs.
#[test]
fn a_token_that_expired_during_the_refresh_is_not_returned() {
    for act in [Act::LoseReply, Act::LoseRequest, Act::Unavailable, Act::TooMany, Act::Broken] {
        let world = World::new(Rotation::Strict);
        world.enter_margin();
        world.acts(&[act, act]);
        let clock = world.clock.clone();
        *world.wire.1.lock() = Some(Box::new(move || clock.advance(120 * SECOND)));
        assert!(use_token(&world.keeper()).is_err(), "{act:?}");
    }
    // The token expires while the call waits for the store.
    let world = World::new(Rotation::Strict);
    world.enter_margin();
    let clock = world.clock.clone();
    world.plan(move |call, _| {
        clock.advance(60 * SECOND);
        (call == "save").then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
}

/// In a fresh process the lock fails, or the load under the lock, and the stored token is good.
#[test]
fn a_stored_token_that_works_is_used_when_the_store_fails() {
    for past in [Duration::ZERO, LIFE - 30 * SECOND] {
        let world = World::new(Rotation::Strict);
        world.clock.advance(past);
        world.plan(|call, _| (call == "lock").then_some(Fault::Before));
        assert_eq!(kind(&use_token(&world.keeper())), "at-1");
        // The first load fails.
        let mut count = 0;
        world.plan(move |call, _| {
            count += usize::from(call == "load");
            (call == "load" && count == 1).then_some(Fault::Before)
        });
        assert_eq!(kind(&use_token(&world.keeper())), "at-1");
        assert!(world.sent().is_empty());
    }
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.plan(|call, _| (call == "lock").then_some(Fault::Before));
    assert_eq!(kind(&use_token(&world.keeper())), "backend");
    assert!(world.sent().is_empty());
}

/// A token pair is unsaved, and its save takes long.
#[test]
fn calls_do_not_queue_behind_a_save_that_fails() {
    let world = World::new(Rotation::Strict);
    let keeper = Arc::new(world.keeper());
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let slept = world.clock.slept();
    for _ in 0..24 {
        assert_eq!(kind(&use_token(&keeper)), "at-1");
    }
    assert_eq!(world.clock.slept(), slept, "no call waits");
    // While one call tries the save, the others go on.
    world.clock.advance(5 * SECOND);
    let (other, calls) = (Arc::clone(&keeper), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    world.plan(move |call, _| {
        if call == "save" {
            assert_eq!(kind(&use_token(&other)), "at-1");
            count.fetch_add(1, Ordering::Relaxed);
        }
        (call == "save").then_some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    *world.store.plan.lock() = None;
    world.clock.advance(5 * SECOND);
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

/// The record was written while the clock was a year ahead.
#[test]
fn a_token_dated_in_the_future_lasts_no_longer_than_its_life() {
    let world = World::new(Rotation::Strict);
    let right = world.clock.now();
    world.clock.set_wall(right + 365 * 86_400 * SECOND);
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    world.clock.set_wall(right);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let lasting = world.keeper();
    assert_eq!(kind(&use_token(&lasting)), "at-2");
    world.clock.advance(LIFE - 10 * SECOND);
    for keeper in [lasting, world.keeper()] {
        assert_eq!(kind(&use_token(&keeper)), "at-3");
    }
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

/// A refresh takes longer than the token lives, and sixteen threads wait for it.
#[test]
fn waiting_threads_take_the_result_of_a_refresh_sent_meanwhile() {
    const THREADS: usize = 16;
    let world = World::new(Rotation::Strict);
    world.past_end();
    let keeper = Arc::new(world.keeper());
    let (clock, inner) = (world.clock.clone(), Arc::clone(&keeper));
    let begun = Arc::new(AtomicBool::new(false));
    let about_to_send = Arc::clone(&begun);
    *world.wire.1.lock() = Some(Box::new(move || {
        if !about_to_send.swap(true, Ordering::Relaxed) {
            while inner.memory.lock().waiting < THREADS - 1 {
                std::thread::yield_now();
            }
        }
        clock.advance(LIFE + SECOND);
    }));
    let call = |_| {
        let keeper = Arc::clone(&keeper);
        std::thread::spawn(move || use_token(&keeper).unwrap())
    };
    let mut threads = vec![call(0)];
    // The other threads call when the first request is about to be sent.
    while !begun.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
    threads.extend((1..THREADS).map(call));
    let mut got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    got.sort_unstable();
    got.dedup();
    assert_eq!(got, ["at-2"]);
    assert_eq!(world.sent(), ["rt-1"]);
    *world.wire.1.lock() = None;
}

/// A process that waited for the lock takes the token that another process has saved meanwhile.
#[test]
fn a_process_that_waited_takes_a_result_that_is_already_due() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
    *store.held.lock() = true;
    let mut locks = 0;
    world.plan(move |call, _| {
        locks += usize::from(call == "lock");
        if call == "lock" && locks == 2 {
            // The other process sends, gets its answer after the token has expired, and saves.
            let sent_at = clock.now_utc();
            clock.advance(LIFE + SECOND);
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            next.token = Token::new("at-theirs")
                .with_refresh_token("rt-theirs")
                .with_issued_at(sent_at)
                .with_expires_at(clock::later(sent_at, LIFE));
            next.generation += 1;
            *stored = Some(next);
            *store.held.lock() = false;
        }
        None
    });
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-theirs");
    assert!(world.sent().is_empty());
    // A later call does not take a token that is already due.
    world.wire.0.lock().good.push("rt-theirs".to_owned());
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

/// The lock stays busy for the whole wait, and an earlier holder has saved.
#[test]
fn a_call_that_waited_in_vain_reads_the_store_once_more() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let (store, clock) = (Arc::clone(&world.store), world.clock.clone());
    *store.held.lock() = true;
    let mut loads = 0;
    world.plan(move |call, _| {
        loads += usize::from(call == "load");
        if call == "load" && loads == 2 {
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            let now = clock.now_utc();
            next.token = Token::new("at-theirs")
                .with_refresh_token("rt-theirs")
                .with_expires_at(clock::later(now, LIFE));
            next.generation += 1;
            *stored = Some(next);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-theirs");
    *world.store.held.lock() = true;
    world.past_end();
    world.leave_note(SECOND, 300 * SECOND);
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.kind(), "busy");
    assert!(error.to_string().contains("process 7 on elsewhere"), "{error}");
}

/// Two pods have the same host name, and each of their processes has the id 1.
#[test]
fn another_holder_is_recognized_by_its_nonce() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
    let mut done = false;
    world.plan(move |call, _| {
        let sent = !wire.0.lock().sent.is_empty();
        if call == "load" && sent && !std::mem::replace(&mut done, true) {
            let mut stored = store.record.lock();
            let mut next = stored.clone().unwrap().next();
            next.note.as_mut().unwrap().nonce = "of-the-other-pod".to_owned();
            *stored = Some(next);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert!(world.stored().refused.is_none());
}

/// A seed replaces a login that was refused or has expired and cannot be renewed, but never a login that
/// still works.
#[test]
fn a_seed_replaces_a_login_that_is_over() {
    let new = || Token::new("at-9").with_refresh_token("rt-9");
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert!(!keeper.seed(new()).unwrap());
    world.past_end();
    assert!(!keeper.seed(new()).unwrap(), "the login can be renewed");
    world.acts(&[Act::Refuse]);
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    let same = Token::new("at-9").with_refresh_token("rt-1");
    assert!(!keeper.seed(same).unwrap(), "the token that was refused");
    world.wire.0.lock().good.push("rt-9".to_owned());
    assert!(keeper.seed(new()).unwrap());
    assert_eq!(kind(&use_token(&keeper)), "at-9");
    // An old environment variable still holds the token that this login began with.
    keeper.access(&keeper.newer()).unwrap();
    world.past_end();
    world.acts(&[Act::Refuse, Act::Refuse]);
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    assert!(!keeper.seed(new()).unwrap());

    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    world.change(|record| {
        let end = record.token.expires_at().unwrap();
        record.token = Token::new("at-1").with_expires_at(end);
    });
    assert!(!keeper.seed(new()).unwrap(), "the login still works");
    world.past_end();
    assert!(!keeper.seed(world.stored().token).unwrap());
    assert!(keeper.seed(new()).unwrap(), "the login cannot be renewed");
}

/// The clock has milliseconds; the date of a token may be more precise.
#[test]
fn a_token_of_this_very_millisecond_is_too_early_to_refresh() {
    let mut world = World::new(Rotation::Strict);
    world.rules.earliest_refresh = Some(570 * SECOND);
    let issued_at = world.clock.now_utc() + time::Duration::microseconds(700);
    world.change(|record| {
        record.token = record.token.clone().with_issued_at(issued_at);
        record.rotated_at = None;
    });
    let keeper = world.keeper();
    let error = keeper.access(&keeper.newer()).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), "rate_limited");
    assert!(world.sent().is_empty());
}

/// Without rotation, nothing can be lost, so no writable store is needed.
#[test]
fn a_service_that_never_rotates_needs_no_writable_store() {
    for failing in ["save", "lock"] {
        let world = World::new(Rotation::None);
        let keeper = world.keeper();
        world.past_end();
        world.plan(move |call, _| (call == "save" || call == failing).then_some(Fault::Before));
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{failing}");
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{failing}");
        assert_eq!(world.sent(), ["rt-1"]);
        // The saves of the refresh note and of the token fail, and in one case the lock fails too.
        let told = if failing == "lock" { 3 } else { 2 };
        assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), told);
    }
}

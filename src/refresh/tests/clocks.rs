//! Tests of wrong clocks and paused processes, on a store whose lock is a lease.

use super::*;
use crate::record::Seen;

/// If the clock was a year ahead when the refresh note was written, no host waits for the note longer than a
/// refresh can take, in one process or over several runs.
#[test]
fn a_note_from_a_clock_far_ahead_is_waited_for_once() {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    for lock in [LockKind::Lease, LockKind::None] {
        for lives in [true, false] {
            let world = World::with(Rotation::Strict, lock, true);
            world.past_end();
            world.clock.advance(LIFE);
            world.leave_note(Duration::ZERO, Duration::from_secs(300));
            let ahead = |record: &mut Record| {
                let note = record.note.as_mut().unwrap();
                note.sent_at = clock::later(note.sent_at, YEAR);
                note.deadline = clock::later(note.deadline, YEAR);
            };
            world.change(ahead);
            let keeper = world.keeper();
            let call = || match lives {
                true => use_token(&keeper),
                false => use_token(&world.keeper()),
            };
            let waits = |seconds: u64| {
                let error = call().unwrap_err();
                let (left, wait) = (Duration::from_secs(seconds), error.retry_after().unwrap());
                // Without a lock, each call waits some seconds before it gives up.
                let looked =
                    if lock == LockKind::None { Duration::from_secs(11) } else { Duration::ZERO };
                assert!(wait <= left && left <= wait + looked, "{error}");
                world.clock.set_back(left - wait);
                assert!(world.sent().is_empty());
            };
            // The date that another host has written comes from another clock.
            let elsewhere = Seen {
                host: "elsewhere".to_owned(),
                at: world.clock.now_utc() - YEAR,
                unknown: Default::default(),
            };
            world.change(|record| record.note.as_mut().unwrap().seen.push(elsewhere.clone()));
            waits(300);
            assert_eq!(world.stored().note.unwrap().seen.len(), 2);
            world.clock.advance(Duration::from_secs(200));
            waits(100);
            // After the clock is set back, the wait starts again.
            world.clock.set_wall(world.clock.now() - Duration::from_secs(1000));
            waits(300);
            world.clock.advance(Duration::from_secs(299));
            if lock != LockKind::None {
                waits(1);
            }
            world.clock.advance(Duration::from_secs(1));
            assert_eq!(kind(&call()), "at-2", "{lock:?} {lives}");
        }
    }
    // The process that wrote the refresh note can still save.
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    let other = world.keeper();
    let store = world.store.clone();
    world.enter_margin();
    let mut seen = false;
    world.plan(move |call, record| {
        let successor = call == "save" && record.is_some_and(|record| record.note.is_none());
        if successor && !std::mem::replace(&mut seen, true) {
            // While the answer was on its way, another host wrote into the record that it saw the refresh
            // note.
            let mut stored = store.record.lock();
            let mut next = stored.as_ref().unwrap().next();
            let at = OffsetDateTime::UNIX_EPOCH;
            next.note.as_mut().unwrap().seen.push(Seen {
                host: "elsewhere".to_owned(),
                at,
                unknown: Default::default(),
            });
            *stored = Some(next);
        }
        None
    });
    assert_eq!(kind(&use_token(&other)), "at-2");
    assert_eq!(world.stored().token.refresh_token().unwrap().expose(), "rt-2");
}

/// A process is paused while it connects: when it continues, other processes may have refreshed.
#[test]
fn a_process_paused_too_long_reads_the_store_before_it_sends() {
    let lease = LockKind::Lease;
    for (kind, by) in [(lease, 200), (LockKind::None, 200), (lease, 100), (lease, 180)] {
        for wall_alone in [true, false] {
            let world = World::with(Rotation::Strict, kind, true);
            world.past_end();
            let clock = world.clock.clone();
            let by = Duration::from_secs(by);
            let mut stopped = false;
            *world.wire.1.lock() = Some(Box::new(move || {
                if !std::mem::replace(&mut stopped, true) {
                    match wall_alone {
                        true => clock.set_wall(clock.now() + by),
                        false => clock.advance(by),
                    }
                }
            }));
            let stopped_at = world.clock.now_utc();
            assert_eq!(self::kind(&use_token(&world.keeper())), "at-2", "{kind:?}");
            // A process that was paused too long reads the store again before it sends.
            let sent_at = world.stored().token.issued_at().unwrap();
            let again = by > Duration::from_secs(180);
            assert_eq!(sent_at >= clock::later(stopped_at, by), again, "{kind:?} {wall_alone}");
            assert_eq!(world.sent(), ["rt-1"]);
        }
    }
    // A lock that is released only when its holder dies does not expire.
    let world = World::new(Rotation::Strict);
    world.past_end();
    let clock = world.clock.clone();
    *world.wire.1.lock() = Some(Box::new(move || clock.advance(Duration::from_secs(200))));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

/// The wall clock is set back while a process is paused.
#[test]
fn a_pause_counts_by_the_monotonic_clock_as_well() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    let (clock, mut first) = (world.clock.clone(), true);
    *world.wire.1.lock() = Some(Box::new(move || {
        if std::mem::take(&mut first) {
            let wall = clock.now();
            clock.advance(Duration::from_secs(200));
            clock.set_wall(wall);
        }
    }));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let locks = world.store.calls.lock().iter().filter(|call| **call == "lock").count();
    assert_eq!(locks, 2, "the lock is taken again before the request");
}

/// The client also warns of a store that may lose records.
#[test]
fn a_store_that_may_forget_causes_one_warning() {
    let warnings = |world: &World| world.told(|event| matches!(event, Event::Warning { .. }));
    for (rotation, durability, expected) in [
        (Rotation::Strict, Durability::Process, 1),
        (Rotation::Strict, Durability::PowerCut, 0),
        (Rotation::None, Durability::Process, 0),
    ] {
        let world = World::with(rotation, LockKind::Lease, true);
        *world.store.durability.lock() = durability;
        let keeper = world.keeper();
        for _ in 0..3 {
            world.past_end();
            use_token(&keeper).unwrap();
        }
        assert_eq!(warnings(&world), expected, "{rotation:?} {durability:?}");
    }
}

/// A logout whose lock expired while the service answered keeps a newer login.
#[test]
fn a_logout_that_took_too_long_keeps_a_newer_login() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    let keeper = world.keeper();
    let result = keeper.clear(&|_| {
        world.change(|record| record.generation += 1);
        Ok(true)
    });
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::Backend(failure) if failure.sent), "{error:?}");
    assert!(world.store.record.lock().is_some());
    // A logout whose lock cannot be renewed sends nothing.
    world.store.lasts.lock().push_back(false);
    let error = world.keeper().clear(&|_| unreachable!("nothing is sent")).unwrap_err();
    assert_eq!(error.kind(), "busy");
    assert!(world.store.record.lock().is_some());
}

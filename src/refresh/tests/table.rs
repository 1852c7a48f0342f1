//! The decision tables, row by row: situation, rotation class, and whether the access token is valid.

use std::time::Duration;

use super::*;
use crate::refresh::decide::{Unsaved, not_saved};

const WINDOW: Duration = Duration::from_secs(120);
const N: Rotation = Rotation::None;
const G: Rotation = Rotation::Grace(WINDOW);
const GF: Rotation = Rotation::GraceThenFamily(WINDOW);
const U: Rotation = Rotation::UntilUsed;
const S: Rotation = Rotation::Strict;
const F: Rotation = Rotation::StrictFamily;
const X: Rotation = Rotation::Unknown;
const ALL: [Rotation; 7] = [N, G, GF, U, S, F, X];

/// Returns the outcome of a call: its token or error, and the number of requests.
fn outcome(world: &World) -> (String, usize) {
    let keeper = world.keeper();
    let before = world.sent().len();
    let got = kind(&use_token(&keeper)).to_owned();
    (got, world.sent().len() - before)
}

fn world(rotation: Rotation, lock: LockKind, alive: bool) -> World {
    let world = World::with(rotation, lock, true);
    if alive {
        world.enter_margin()
    } else {
        world.past_end()
    }
    world
}

/// A refresh note under a lock that is released when its holder dies: the request never arrived, and the
/// replay succeeds.
#[test]
fn a_note_under_a_lock_freed_by_death_is_replayed_at_once() {
    for rotation in ALL {
        for alive in [true, false] {
            if rotation == F && alive {
                continue;
            }
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
            assert_eq!(outcome(&world), ("at-2".to_owned(), 1), "{rotation:?} alive={alive}");
            assert!(world.alive(), "{rotation:?} alive={alive}");
            assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 1);
        }
    }
}

/// A refresh note at a service that revokes all tokens of the login at a reuse, while the access token is
/// usable.
#[test]
fn if_reuse_ends_the_family_a_working_access_token_is_kept() {
    let mut w = world(F, LockKind::FreedByDeath, true);
    w.leave_note(Duration::from_secs(1), Duration::from_secs(300));
    assert_eq!(outcome(&w), ("at-1".to_owned(), 0));
    assert_eq!(w.told(|event| matches!(event, Event::PutOff { .. })), 1);
    w.clock.advance(Duration::from_secs(31));
    assert_eq!(outcome(&w), ("at-2".to_owned(), 1));

    w = world(F, LockKind::FreedByDeath, true);
    w.rules.ends_access_token = true;
    w.leave_note(Duration::from_secs(1), Duration::from_secs(300));
    assert_eq!(outcome(&w), ("at-2".to_owned(), 1));
}

/// A refresh note under a lease: the holder may be alive, and a replay does no harm.
#[test]
fn a_young_note_is_replayed_if_a_second_pair_is_harmless() {
    for (lock, age) in [(LockKind::Lease, 1), (LockKind::None, 60)] {
        for rotation in [N, G, GF] {
            for alive in [true, false] {
                if rotation == GF && lock == LockKind::None {
                    continue;
                }
                let world = world(rotation, lock, alive);
                world.leave_note(Duration::from_secs(age), Duration::from_secs(300));
                let expected = ("at-2".to_owned(), 1);
                assert_eq!(outcome(&world), expected, "{rotation:?} {lock:?} alive={alive}");
            }
        }
    }
}

/// A refresh note without a lock: the holder is most likely alive and about to save.
#[test]
fn a_fresh_note_without_a_lock_is_waited_for() {
    for rotation in ALL {
        for alive in [true, false] {
            let world = world(rotation, LockKind::None, alive);
            world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
            let expected = if alive { "at-1" } else { "outcome_unknown" };
            assert_eq!(outcome(&world), (expected.to_owned(), 0), "{rotation:?} alive={alive}");
            // The lock holder has saved: its token is used, and nothing is sent.
            let now = world.clock.now_utc();
            world.change(|record| {
                record.token = Token::new("at-theirs")
                    .with_refresh_token("rt-theirs")
                    .with_issued_at(now)
                    .with_expires_at(clock::later(now, LIFE));
                record.generation += 1;
                record.note = None;
            });
            assert_eq!(outcome(&world), ("at-theirs".to_owned(), 0), "{rotation:?} {alive}");
        }
    }
}

/// A refresh note whose lock holder may be alive and have the only valid token pair.
#[test]
fn under_a_lease_a_risky_replay_waits_for_the_notes_deadline() {
    for lock in [LockKind::Lease, LockKind::None] {
        for rotation in [S, F, X, U, G, GF] {
            for alive in [true, false] {
                let world = world(rotation, lock, alive);
                world.leave_note(WINDOW, Duration::from_secs(300));
                let expected = if alive { "at-1" } else { "outcome_unknown" };
                let got = outcome(&world);
                assert_eq!(got, (expected.to_owned(), 0), "{rotation:?} {lock:?} alive={alive}");
                assert!(!*world.store.held.lock(), "the lock is released while the client waits");
            }
        }
    }
    let world = world(S, LockKind::Lease, false);
    world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(299)));
    assert!(error.to_string().contains("process 7 on elsewhere"), "{error}");
}

/// A refresh note past its deadline: a lease is then treated as a lock that is released when its holder dies.
#[test]
fn an_expired_note_is_decided_as_under_a_process_lock() {
    for lock in [LockKind::Lease, LockKind::None] {
        for rotation in ALL {
            for alive in [true, false] {
                let world = world(rotation, lock, alive);
                world.leave_note(Duration::from_secs(301), Duration::from_secs(300));
                let kept = rotation == F && alive;
                let expected = if kept { ("at-1".to_owned(), 0) } else { ("at-2".to_owned(), 1) };
                assert_eq!(outcome(&world), expected, "{rotation:?} {lock:?} alive={alive}");
            }
        }
    }
}

/// A refresh note with a wait that the service asked for.
#[test]
fn a_service_that_asked_to_wait_is_not_called_before() {
    for rotation in ALL {
        for alive in [true, false] {
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
            let when = clock::later(world.clock.now_utc(), Duration::from_secs(20));
            world.change(|record| record.note.as_mut().unwrap().not_before = Some(when));
            let expected = if alive { "at-1" } else { "rate_limited" };
            assert_eq!(outcome(&world), (expected.to_owned(), 0), "{rotation:?} alive={alive}");
            world.clock.advance(Duration::from_secs(40));
            assert_eq!(outcome(&world), ("at-2".to_owned(), 1), "{rotation:?} alive={alive}");
        }
    }
}

/// The clock was a year ahead when the service asked to wait, and is corrected now.
#[test]
fn a_wait_noted_by_a_wrong_clock_is_ignored() {
    for act in [Act::TooMany, Act::Unavailable] {
        let world = world(S, LockKind::FreedByDeath, false);
        let right = world.clock.now();
        world.clock.set_wall(right + Duration::from_secs(365 * 86_400));
        world.acts(&[act]);
        assert_eq!(outcome(&world), ("rate_limited".to_owned(), 1));
        world.clock.set_wall(right);
        assert_eq!(outcome(&world), ("at-2".to_owned(), 1), "{act:?}");
        // After a small correction of the clock, the wait still applies.
        let world = self::world(S, LockKind::FreedByDeath, false);
        world.clock.advance(Duration::from_secs(60));
        let right = world.clock.now();
        world.acts(&[act]);
        assert_eq!(outcome(&world), ("rate_limited".to_owned(), 1));
        world.clock.set_wall(right - Duration::from_secs(5));
        assert_eq!(outcome(&world), ("rate_limited".to_owned(), 0), "{act:?}");
    }
}

/// An impossibly late deadline is shortened to the longest possible deadline.
#[test]
fn a_deadline_is_never_waited_for_longer_than_a_refresh_can_take() {
    let world = world(S, LockKind::Lease, false);
    world.leave_note(Duration::ZERO, Duration::from_secs(365 * 86_400));
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
}

/// A refresh note at a service where a reuse also revokes other logins.
#[test]
fn if_reuse_ends_other_logins_only_an_explicit_call_replays() {
    for alive in [true, false] {
        let mut world = world(F, LockKind::FreedByDeath, alive);
        world.rules.ends_other_logins = true;
        world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
        let expected = if alive { "at-1" } else { "outcome_unknown" };
        assert_eq!(outcome(&world), (expected.to_owned(), 0));
        let keeper = world.keeper();
        assert!(keeper.access(&keeper.newer()).is_ok());
        assert_eq!(world.sent(), ["rt-1"]);
    }
}

/// A request that was just sent gets no answer, because it did not arrive.
#[test]
fn a_lost_request_is_sent_once_more_at_once() {
    for rotation in ALL {
        for alive in [true, false] {
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.acts(&[Act::LoseRequest]);
            let expected = match (rotation, alive) {
                (F, true) => ("at-1".to_owned(), 1),
                _ => ("at-2".to_owned(), 2),
            };
            assert_eq!(outcome(&world), expected, "{rotation:?} alive={alive}");
            assert!(world.alive());
        }
    }
}

/// The answer to a request just sent is lost after the rotation.
#[test]
fn a_lost_reply_is_recovered_if_the_service_allows_it() {
    for rotation in ALL {
        for alive in [true, false] {
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.acts(&[Act::LoseReply]);
            let (got, sent) = outcome(&world);
            match (rotation, alive) {
                (N | G | GF | U, _) => {
                    assert_eq!((got.as_str(), sent), ("at-3", 2), "{rotation:?} alive={alive}");
                    assert!(world.alive(), "{rotation:?} alive={alive}");
                }
                (F, true) => assert_eq!((got.as_str(), sent), ("at-1", 1)),
                (_, true) => assert_eq!((got.as_str(), sent), ("at-1", 2), "{rotation:?}"),
                (_, false) => {
                    assert_eq!((got.as_str(), sent), ("reauthorize", 2), "{rotation:?}");
                }
            }
        }
    }
    // The refusal says that the answer was lost.
    let world = world(S, LockKind::FreedByDeath, false);
    world.acts(&[Act::LoseReply]);
    let text = use_token(&world.keeper()).unwrap_err().to_string();
    assert!(text.contains("no answer was stored, and now it is refused"), "{text}");
}

/// An explicit refresh that is not answered fails, and does not revoke the access token that other calls use.
/// A second explicit refresh sends the token again.
#[test]
fn an_explicit_refresh_does_not_replay_while_the_token_works() {
    let world = world(F, LockKind::FreedByDeath, true);
    world.acts(&[Act::LoseReply]);
    let keeper = world.keeper();
    let refresh = || keeper.access(&keeper.newer()).unwrap_err().kind().to_owned();
    assert_eq!(refresh(), "outcome_unknown");
    assert_eq!(world.sent().len(), 1);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(refresh(), "reauthorize");
    assert_eq!(world.sent().len(), 2);
}

/// If the second request is not answered either, the refresh note stays.
#[test]
fn a_second_silence_leaves_the_note_for_the_next_call() {
    for rotation in [N, G, GF, U, S, X] {
        for alive in [true, false] {
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.acts(&[Act::LoseRequest, Act::Broken]);
            let expected = if alive { "at-1" } else { "outcome_unknown" };
            assert_eq!(outcome(&world), (expected.to_owned(), 2), "{rotation:?} alive={alive}");
            let note = world.stored().note.unwrap();
            assert_eq!(note.attempts, 1);
            assert_eq!(outcome(&world), ("at-2".to_owned(), 1), "{rotation:?} alive={alive}");
        }
    }
}

/// A service that answers "too early" although our token has expired did rotate the tokens.
#[test]
fn too_early_after_the_end_means_that_a_lost_request_did_rotate() {
    let mut world = world(S, LockKind::FreedByDeath, false);
    world.rules.earliest_refresh = Some(Duration::from_secs(570));
    world.acts(&[Act::LoseReply, Act::TooEarly]);
    let sent_at = world.clock.now_utc();
    let keeper = world.keeper();
    let error = use_token(&keeper).unwrap_err();
    assert_eq!(error.kind(), "rate_limited");
    let note = world.stored().note.unwrap();
    assert_eq!(note.not_before, Some(clock::later(sent_at, Duration::from_secs(570))));
    assert_eq!(note.unanswered_since, Some(sent_at));
    // Before the service allows a refresh, nothing is sent. Then one request is sent, and the service
    // refuses it.
    assert_eq!(outcome(&world), ("rate_limited".to_owned(), 0));
    world.clock.advance(Duration::from_secs(571));
    assert_eq!(outcome(&world), ("reauthorize".to_owned(), 1));
}

/// While the access token is usable, the answer "too early" is not an error.
#[test]
fn too_early_while_the_token_works_waits_for_its_end() {
    let world = world(S, LockKind::FreedByDeath, true);
    world.acts(&[Act::TooEarly]);
    assert_eq!(outcome(&world), ("at-1".to_owned(), 1));
    assert_eq!(outcome(&world), ("at-1".to_owned(), 0));
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&world), ("at-2".to_owned(), 1));
    assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 0);
}

/// The store fails to save the note of the refresh that is about to be sent.
#[test]
fn a_note_that_cannot_be_saved_sends_nothing() {
    for rotation in ALL {
        for alive in [true, false] {
            for fault in [Fault::Before, Fault::After] {
                let world = world(rotation, LockKind::FreedByDeath, alive);
                world.fail_saves(true, fault);
                let expected = if alive { "at-1" } else { "backend" };
                let keeper = world.keeper();
                if rotation == N && !alive {
                    // Without rotation, the request uses up nothing.
                    assert_eq!(kind(&use_token(&keeper)), "at-2");
                    continue;
                }
                assert_eq!(kind(&use_token(&keeper)), expected, "{rotation:?} alive={alive}");
                assert!(world.sent().is_empty());
                // A refresh note that became visible although its save failed is not treated as a request.
                *world.store.plan.lock() = None;
                world.clock.advance(Duration::from_secs(6));
                assert_eq!(kind(&use_token(&keeper)), "at-2", "{rotation:?} alive={alive}");
                assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 0);
            }
        }
    }
}

/// The new refresh token could not be saved.
#[test]
fn an_unsaved_successor_is_kept_with_the_lock_if_needed() {
    for rotation in ALL {
        for alive in [true, false] {
            let world = world(rotation, LockKind::FreedByDeath, alive);
            world.fail_saves(false, Fault::Before);
            let keeper = world.keeper();
            let got = kind(&use_token(&keeper)).to_owned();
            let expected = match (rotation, alive) {
                (N, _) => "at-2",
                (_, true) => "at-1",
                (_, false) => "not_saved",
            };
            assert_eq!(got, expected, "{rotation:?} alive={alive}");
            let holds = *world.store.held.lock();
            let rotated = rotation != N;
            assert_eq!(
                holds,
                not_saved(rotation, rotated) == Unsaved::KeepLock,
                "{rotation:?} alive={alive}"
            );
            if holds {
                // Another process gets the access token if it works, else `Busy`.
                let expected = if alive { "at-1" } else { "busy" };
                assert_eq!(outcome(&world).0, expected, "{rotation:?} alive={alive}");
            }
            *world.store.plan.lock() = None;
            world.clock.advance(Duration::from_secs(5));
            assert_eq!(kind(&use_token(&keeper)), "at-2", "{rotation:?} alive={alive}");
            assert!(world.alive() && !*world.store.held.lock());
            assert_eq!(world.sent(), ["rt-1"], "nothing was sent twice");
        }
    }
}

/// The service refuses the token.
#[test]
fn a_refusal_is_believed_for_a_while_if_the_store_is_unchanged() {
    for rotation in ALL {
        let world = world(rotation, LockKind::FreedByDeath, false);
        world.acts(&[Act::Refuse]);
        assert_eq!(outcome(&world), ("reauthorize".to_owned(), 1), "{rotation:?}");
        let refused = world.stored().refused.unwrap();
        assert_eq!(refused.code, "invalid_grant");
        assert!(world.stored().note.is_none(), "the note is removed");
        assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
        assert_eq!(
            outcome(&world),
            ("reauthorize".to_owned(), 0),
            "the token is not sent on every run"
        );
        world.clock.advance(world.rules.refusal_pause);
        assert_eq!(
            outcome(&world),
            ("at-2".to_owned(), 1),
            "the token is sent again after the pause"
        );
    }
}

/// The service refuses the token, and under a lease another holder may have the new refresh token.
#[test]
fn a_refusal_under_a_lease_is_not_believed_at_once() {
    for lock in [LockKind::Lease, LockKind::None] {
        let world = world(S, lock, false);
        let other = Arc::new(Mutex::new(false));
        let seen = Arc::clone(&other);
        let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
        let now = world.clock.now_utc();
        world.acts(&[Act::Refuse]);
        // While our request is on its way, another process overwrites our refresh note.
        world.plan(move |call, _| {
            let sent = !wire.0.lock().sent.is_empty();
            if sent && call == "load" && !std::mem::replace(&mut *seen.lock(), true) {
                let mut stored = store.record.lock();
                let mut next = stored.clone().unwrap().next();
                let note = next.note.as_mut().unwrap();
                note.nonce = "of-another".to_owned();
                note.deadline = clock::later(now, Duration::from_secs(300));
                *stored = Some(next);
            }
            None
        });
        assert_eq!(outcome(&world), ("outcome_unknown".to_owned(), 1), "{lock:?}");
        assert!(world.stored().refused.is_none(), "{lock:?}");
    }
}

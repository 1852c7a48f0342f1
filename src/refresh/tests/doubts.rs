//! Tests of new access tokens that the API refuses, and of waiting threads.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::refresh::state::Failure;

const SECOND: Duration = Duration::from_secs(1);

/// Makes a client whose token was refreshed because of a 401.
fn mended() -> (World, Keeper, Live) {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let live = keeper.access(&Want::Instead(Secret::new("at-1"))).unwrap();
    assert_eq!(live.access_token().expose(), "at-2");
    (world, keeper, live)
}

fn is_last_word(keeper: &Keeper, token: &str) -> bool {
    keeper.is_last_word(&Secret::new(token))
}

#[test]
fn a_refused_new_token_is_not_replaced_for_a_minute() {
    let (world, keeper, _) = mended();
    assert!(!is_last_word(&keeper, "at-1"), "another token");
    world.clock.advance(9 * SECOND);
    assert!(is_last_word(&keeper, "at-2"));
    assert!(!is_last_word(&keeper, "at-1"), "another token");
    world.clock.advance(59 * SECOND);
    assert!(is_last_word(&keeper, "at-2"));
    world.clock.advance(SECOND);
    assert!(!is_last_word(&keeper, "at-2"), "the minute is over");
}

#[test]
fn a_refused_token_that_is_not_new_is_replaced() {
    let (world, keeper, _) = mended();
    world.clock.advance(10 * SECOND);
    assert!(!is_last_word(&keeper, "at-2"));
    assert!(!is_last_word(&keeper, "at-2"), "a token that is ten seconds old is not new");
    // Only a refresh that a 401 caused makes a new token suspect.
    keeper.access(&keeper.newer()).unwrap();
    assert!(!is_last_word(&keeper, "at-3"));
}

#[test]
fn a_token_that_the_api_accepted_is_not_suspect() {
    let (world, keeper, live) = mended();
    let other =
        Live::new(&Record::new_login(Token::new("at-other"), None), &*world.clock, &world.rules);
    keeper.accepted(&other);
    assert!(keeper.doubts.load(Ordering::Relaxed), "another token was accepted");
    keeper.accepted(&live);
    assert!(!keeper.doubts.load(Ordering::Relaxed));
    assert!(!is_last_word(&keeper, "at-2"));
}

#[test]
fn a_new_suspect_token_is_returned_and_not_replaced() {
    let (world, keeper, _) = mended();
    keeper.suspect(&Secret::new("at-2"));
    assert!(keeper.hot_access_token().is_none(), "the next call replaces the suspect token");
    assert!(keeper.hot(&Want::Instead(Secret::new("at-1"))).is_some(), "other calls go on");
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    // When the token has expired, it is replaced as usual.
    keeper.suspect(&Secret::new("at-2"));
    world.clock.set_wall(world.clock.now() + LIFE);
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

#[test]
fn a_call_with_its_own_refused_token_ignores_the_suspect() {
    let (world, keeper, _) = mended();
    world.clock.advance(10 * SECOND);
    keeper.suspect(&Secret::new("at-2"));
    world.acts(&[Act::Setup]);
    assert!(keeper.access(&Want::Instead(Secret::new("at-2"))).is_err());
    assert_eq!(kind(&use_token(&keeper)), "at-3", "at-2 is still suspected");
}

/// A thread takes a token that came while it waited, even if a more demanding call failed meanwhile.
#[test]
fn a_thread_that_waited_takes_a_token_that_came_before_a_failure() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let live = keeper.access(&Want::Usable).unwrap();
    world.past_end();
    let got = std::thread::scope(|scope| {
        let turn = keeper.turn.lock().unwrap();
        let waiter = scope.spawn(|| kind(&use_token(&keeper)).to_owned());
        while keeper.memory.lock().waiting == 0 {
            std::thread::yield_now();
        }
        let mut memory = keeper.memory.lock();
        let end = clock::later(world.clock.now_utc(), LIFE);
        let next = Record::new_login(Token::new("at-next").with_expires_at(end), None);
        memory.live = Some(Live::new(&next, &*world.clock, &world.rules));
        memory.attempts += 2;
        let error = Error::config("the second attempt failed");
        memory.failure = Some(Failure { rank: Want::Usable.rank(), error, unreadable: false });
        drop((memory, turn));
        waiter.join().unwrap()
    });
    assert_eq!(got, "at-next");
    assert_eq!(live.access_token().expose(), "at-1");
    assert_eq!(keeper.memory.lock().waiting, 0);
}

/// A thread that waited does not share the failure of a more demanding call.
#[test]
fn a_failed_explicit_refresh_is_not_shared_with_other_calls() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let keeper = world.keeper();
    let rank = keeper.newer().rank();
    let got = std::thread::scope(|scope| {
        let turn = keeper.turn.lock().unwrap();
        let waiter = scope.spawn(|| kind(&use_token(&keeper)).to_owned());
        while keeper.memory.lock().waiting == 0 {
            std::thread::yield_now();
        }
        let mut memory = keeper.memory.lock();
        memory.attempts += 1;
        let error = Error::config("the refresh by name failed");
        memory.failure = Some(Failure { rank, error, unreadable: false });
        drop((memory, turn));
        waiter.join().unwrap()
    });
    assert_eq!(got, "at-2");
}

/// A result is shared with the threads that waited during its request, but not while a token pair is unsaved.
#[test]
fn a_short_lived_result_is_shared_with_the_waiting_threads() {
    let refused = || Want::Instead(Secret::new("at-short"));
    for (want, sent, unsaved, expected) in [
        (Want::Usable, 1, false, "at-short"),
        (Want::Usable, 0, false, "at-2"),
        (Want::Usable, 1, true, "at-2"),
        (refused(), 1, false, "at-2"),
    ] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let keeper = world.keeper();
        let got = std::thread::scope(|scope| {
            let turn = keeper.turn.lock().unwrap();
            let waiter = scope.spawn(|| keeper.access(&want).unwrap());
            while keeper.memory.lock().waiting == 0 {
                std::thread::yield_now();
            }
            let mut memory = keeper.memory.lock();
            let ended = world.clock.now_utc() - SECOND;
            let next = Record::new_login(Token::new("at-short").with_expires_at(ended), None);
            memory.result = Some((sent, Live::new(&next, &*world.clock, &world.rules)));
            memory.unsaved = unsaved;
            drop((memory, turn));
            waiter.join().unwrap()
        });
        let got = got.access_token().expose();
        assert_eq!(got, expected, "{want:?} sent={sent} unsaved={unsaved}");
    }
}

#[test]
fn requests_are_counted() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    for n in 1..4 {
        world.past_end();
        use_token(&keeper).unwrap();
        let memory = keeper.memory.lock();
        assert_eq!((memory.sends, memory.result.as_ref().map(|(sent, _)| *sent)), (n, Some(n)));
    }
    // The second request of a grant without a refresh token is counted, too.
    let mut world = World::new(Rotation::Unknown);
    world.rules.one_time = false;
    world.past_end();
    world.acts(&[Act::Broken]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    let memory = keeper.memory.lock();
    assert_eq!((memory.sends, memory.result.as_ref().map(|(sent, _)| *sent)), (2, Some(2)));
    assert!(!keeper.doubts.load(Ordering::Relaxed), "nothing is in doubt");
}

/// Another thread may put a token into memory after this call's first check and before the call gets the
/// refresh lock.
#[test]
fn a_call_that_gets_the_refresh_lock_checks_memory_again() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.store.calls.lock().clear();
    assert_eq!(keeper.acquire(&Want::Usable).unwrap().access_token().expose(), "at-1");
    assert!(world.store.calls.lock().is_empty());
}

/// A token that the client already had is not the result of another client's refresh, even if its dates
/// are new.
#[test]
fn a_token_known_before_the_wait_is_not_a_new_result() {
    let world = World::new(Rotation::Strict);
    let now = world.clock.now_utc();
    world.change(|record| {
        record.token = record.token.clone().with_issued_at(now).with_expires_at(now);
    });
    let keeper = world.keeper();
    let live = Live::new(&world.stored(), &*world.clock, &world.rules);
    keeper.memory.lock().live = Some(live);
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
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

#[test]
fn only_an_error_that_needs_a_person_emits_authorization_needed() {
    let told = |event: &Event| matches!(event, Event::AuthorizationNeeded { .. });
    for (act, expected) in [(Act::Setup, 0), (Act::Refuse, 1)] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.acts(&[act]);
        use_token(&world.keeper()).unwrap_err();
        assert_eq!(world.told(told), expected, "{act:?}");
    }
}

#[test]
fn a_refresh_of_a_read_record_uses_a_token_that_came_since() {
    let world = World::new(Rotation::Strict);
    let read = world.stored();
    let other = world.keeper();
    other.access(&other.newer()).unwrap();
    let keeper = world.keeper();
    let live = keeper.access(&keeper.newer_than(&read)).unwrap();
    assert_eq!(live.access_token().expose(), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
}

/// The token in memory expires while the store fails slowly.
#[test]
fn a_token_that_expired_while_the_store_failed_is_not_returned() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    let clock = world.clock.clone();
    world.plan(move |_, _| {
        clock.advance(60 * SECOND);
        Some(Fault::Before)
    });
    assert_eq!(kind(&use_token(&keeper)), "backend");
}

/// No 401 caused the explicit refresh whose token pair waits to be saved.
#[test]
fn an_unsaved_pair_without_a_401_is_not_suspect() {
    for by_name in [true, false] {
        let world = World::new(Rotation::Strict);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        world.fail_saves(false, Fault::Before);
        let refused = Want::Instead(Secret::new("at-1"));
        let result = if by_name { keeper.access(&keeper.newer()) } else { keeper.access(&refused) };
        assert_eq!(result.map(drop).unwrap_err().kind(), "not_saved");
        world.plan(|_, _| None);
        assert_eq!(keeper.access(&refused).unwrap().access_token().expose(), "at-2");
        assert_eq!(is_last_word(&keeper, "at-2"), !by_name);
    }
}

//! Access tokens that the API refuses although they are new, and what a waiting thread gets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A client whose token came for a 401.
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
fn a_refusal_of_a_new_token_is_the_last_word_for_a_minute() {
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
fn a_refusal_of_a_token_that_is_not_new_is_no_last_word() {
    let (world, keeper, _) = mended();
    world.clock.advance(10 * SECOND);
    assert!(!is_last_word(&keeper, "at-2"));
    assert!(!is_last_word(&keeper, "at-2"), "it does not become one");
    // A token that came for another reason is in no doubt.
    keeper.access(&keeper.newer()).unwrap();
    assert!(!is_last_word(&keeper, "at-3"));
}

#[test]
fn a_token_that_the_api_accepted_once_is_in_doubt_no_more() {
    let (world, keeper, live) = mended();
    let other =
        Live::new(&Record::new_login(Token::new("at-other"), None), &*world.clock, &world.rules);
    keeper.accepted(&other);
    assert!(keeper.doubts.load(Ordering::Relaxed), "that was another token");
    keeper.accepted(&live);
    assert!(!keeper.doubts.load(Ordering::Relaxed));
    assert!(!is_last_word(&keeper, "at-2"));

    // Also when it was refused before.
    let (_world, keeper, live) = mended();
    assert!(is_last_word(&keeper, "at-2"));
    keeper.accepted(&other);
    assert!(keeper.doubts.load(Ordering::Relaxed), "that was another token");
    keeper.accepted(&live);
    assert!(!keeper.doubts.load(Ordering::Relaxed));
    assert!(!is_last_word(&keeper, "at-2"));
}

#[test]
fn a_suspect_token_that_is_new_is_handed_out_and_not_replaced() {
    let (world, keeper, _) = mended();
    keeper.suspect(&Secret::new("at-2"));
    assert!(keeper.hot_access_token().is_none(), "the next call looks at it");
    assert!(keeper.hot(&Want::Instead(Secret::new("at-1"))).is_some(), "other calls go on");
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
    // When it has ended, it is replaced as usual.
    keeper.suspect(&Secret::new("at-2"));
    world.clock.set_wall(world.clock.now() + LIFE);
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

#[test]
fn a_call_that_knows_what_was_refused_leaves_the_suspect_alone() {
    let (world, keeper, _) = mended();
    world.clock.advance(10 * SECOND);
    keeper.suspect(&Secret::new("at-2"));
    world.acts(&[Act::Setup]);
    assert!(keeper.access(&Want::Instead(Secret::new("at-2"))).is_err());
    assert_eq!(kind(&use_token(&keeper)), "at-3", "it is still suspected");
}

/// A thread that waited while a token came and a stricter attempt failed takes the token.
#[test]
fn a_thread_that_waited_takes_a_token_that_came_before_a_failure() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    let live = keeper.access(&Want::Usable).unwrap();
    world.past_end();
    let got = std::thread::scope(|scope| {
        let turn = keeper.turn.lock();
        let waiter = scope.spawn(|| kind(&use_token(&keeper)).to_owned());
        while keeper.memory.lock().waiting == 0 {
            std::thread::yield_now();
        }
        let mut memory = keeper.memory.lock();
        let end = clock::later(world.clock.now_utc(), LIFE);
        let next = Record::new_login(Token::new("at-next").with_expires_at(end), None);
        memory.live = Some(Live::new(&next, &*world.clock, &world.rules));
        memory.attempts += 2;
        memory.failure = Some((Want::Usable.rank(), Error::config("the second attempt failed")));
        drop((memory, turn));
        waiter.join().unwrap()
    });
    assert_eq!(got, "at-next");
    assert_eq!(live.access_token().expose(), "at-1");
    assert_eq!(keeper.memory.lock().waiting, 0);
}

/// A result is shared with those who waited while it was asked for, and with nobody while a pair waits
/// to be saved.
#[test]
fn a_result_of_a_short_life_is_shared_by_those_who_waited_for_it() {
    for (sent, unsaved, expected) in [(1, false, "at-short"), (0, false, "at-2"), (1, true, "at-2")]
    {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let keeper = world.keeper();
        let got = std::thread::scope(|scope| {
            let turn = keeper.turn.lock();
            let waiter = scope.spawn(|| kind(&use_token(&keeper)).to_owned());
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
        assert_eq!(got, expected, "sent={sent} unsaved={unsaved}");
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
}

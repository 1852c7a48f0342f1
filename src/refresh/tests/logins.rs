//! When a seed takes the place of a login, and what a logout ends.

use std::time::Duration;

use super::*;

fn seed(refresh_token: &str) -> Token {
    Token::new("at-seed").with_refresh_token(refresh_token)
}

/// A world whose stored refresh token was refused.
fn refused() -> (World, Keeper) {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    (world, keeper)
}

#[test]
fn a_seed_replaces_a_refused_login_when_it_brings_another_refresh_token() {
    let (world, keeper) = refused();
    assert!(!keeper.seed(seed("rt-1")).unwrap(), "the refused token itself");
    assert!(!keeper.seed(Token::new("at-alone")).unwrap(), "nothing to renew it with");
    assert!(keeper.seed(seed("rt-seed")).unwrap());
    let stored = world.stored();
    assert_eq!(stored.token.refresh_token(), Some(&Secret::new("rt-seed")));
    assert_eq!(stored.spare, Some(Secret::new("rt-1")), "the refusal may pass");
    assert_eq!(kind(&use_token(&keeper)), "at-seed");
}

#[test]
fn a_seed_that_this_login_has_had_before_is_not_taken() {
    let had: [fn(&mut Record); 3] = [
        |record| record.superseded = Some(Secret::new("rt-had")),
        |record| record.spare = Some(Secret::new("rt-had")),
        |record| record.seeded = Some(Secret::new("rt-had").fingerprint()),
    ];
    for had in had {
        let (world, keeper) = refused();
        world.change(had);
        assert!(!keeper.seed(seed("rt-had")).unwrap());
        assert!(keeper.seed(seed("rt-new")).unwrap());
    }
}

#[test]
fn a_stale_seed_is_known_by_the_login_that_began_with_it() {
    let world = World::new(Rotation::Strict);
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    assert!(keeper.seed(seed("rt-1").with_expires_at(world.clock.now_utc())).unwrap());
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    world.past_end();
    world.acts(&[Act::Refuse]);
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    assert!(!keeper.seed(seed("rt-1")).unwrap());
}

#[test]
fn a_refusal_of_an_earlier_token_does_not_give_way_to_a_seed() {
    let (world, keeper) = refused();
    world.change(|record| record.token = record.token.clone().with_refresh_token("rt-later"));
    assert!(!keeper.seed(seed("rt-seed")).unwrap());
}

#[test]
fn a_login_without_a_refresh_token_gives_way_when_it_has_ended() {
    let world = World::new(Rotation::Strict);
    let now = world.clock.now_utc();
    let end = clock::later(now, LIFE);
    world.change(|record| record.token = Token::new("at-old").with_expires_at(end));
    let keeper = world.keeper();
    let fresh = || Token::new("at-new").with_expires_at(clock::later(end, LIFE));
    assert!(!keeper.seed(fresh()).unwrap(), "it lives");
    world.past_end();
    assert!(!keeper.seed(Token::new("at-old")).unwrap(), "the very same token");
    assert!(!keeper.seed(Token::new("at-new").with_expires_at(end)).unwrap(), "an ended one");
    assert!(keeper.seed(fresh()).unwrap());
    assert_eq!(kind(&use_token(&keeper)), "at-new");
    assert_eq!(world.stored().refresh_expires_at, None);
}

#[test]
fn a_logout_forgets_what_is_in_memory_and_what_waits_to_be_saved() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    let seen = Mutex::new(None);
    keeper
        .clear(&|token| {
            *seen.lock() = token.and_then(|token| token.refresh_token().cloned());
            Ok(false)
        })
        .unwrap();
    assert_eq!(*seen.lock(), Some(Secret::new("rt-2")), "the newest is ended");
    assert!(world.store.record.lock().is_none());
    assert!(keeper.hot(&Want::Usable).is_none());
    assert_eq!(kind(&use_token(&keeper)), "not_authorized");
    *world.store.plan.lock() = None;
    drop(keeper);
    assert!(world.store.record.lock().is_none(), "nothing comes back");
}

/// What a logout sends takes as long as two token requests.
#[test]
fn a_logout_needs_a_lease_that_outlasts_two_requests() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    *world.store.lasts.lock() = [false].into();
    assert_eq!(world.keeper().clear(&|_| Ok(true)).unwrap_err().kind(), "busy");
    assert!(world.store.record.lock().is_some());
    // Where there is no lock at all, nothing is asked.
    let world = World::with(Rotation::Strict, LockKind::None, true);
    world.keeper().clear(&|_| Ok(true)).unwrap();
    assert!(world.store.record.lock().is_none());
}

#[test]
fn a_logout_ends_nothing_that_came_while_it_was_under_way() {
    for (sent, change, gone) in [(true, false, true), (true, true, false), (false, true, true)] {
        let world = World::with(Rotation::Strict, LockKind::None, true);
        let result = world.keeper().clear(&|_| {
            if change {
                world.change(|record| record.generation += 1);
            }
            Ok(sent)
        });
        assert_eq!(result.is_ok(), gone, "sent={sent} change={change}");
        assert_eq!(world.store.record.lock().is_none(), gone);
    }
    // Somebody else has logged out meanwhile: that is no conflict.
    let world = World::with(Rotation::Strict, LockKind::None, true);
    world
        .keeper()
        .clear(&|_| {
            *world.store.record.lock() = None;
            Ok(true)
        })
        .unwrap();
}

#[test]
fn refusals_that_were_counted_are_kept_by_a_new_login() {
    let mut world = World::new(Rotation::Strict);
    world.rules.refusal_limit =
        Some(crate::provider::RefusalLimit { refusals: 3, window: Duration::from_secs(3600) });
    let now = world.clock.now_utc();
    world.change(|record| record.refusals = vec![now]);
    super::steps::exchange(&world, &world.keeper(), 1).unwrap();
    assert_eq!(world.stored().refusals, [now]);
}

#[test]
fn a_store_that_cannot_keep_a_login_is_found_out_before_the_code_is_spent() {
    for failing in ["probe", "load", "lock"] {
        let world = World::new(Rotation::Strict);
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        let keeper = world.keeper();
        let error = keeper.authorize(Default::default(), &mut |_| unreachable!("it is not sent"));
        assert_eq!(error.unwrap_err().kind(), "backend", "{failing}");
        assert_eq!(keeper.prove_store().unwrap_err().kind(), "backend", "{failing}");
        assert!(!*world.store.held.lock());
    }
    // A store in use can be locked, and one that is empty can be written.
    let world = World::new(Rotation::Strict);
    *world.store.held.lock() = true;
    world.keeper().prove_store().unwrap();
    *world.store.held.lock() = false;
    world.plan(|call, _| (call == "load").then_some(Fault::Empty));
    world.keeper().prove_store().unwrap();
    // One that is another client's is neither.
    let mut world = World::new(Rotation::Strict);
    world.rules.binding.client_id = "other".to_owned();
    assert_eq!(world.keeper().prove_store().unwrap_err().kind(), "config");
}

#[test]
fn an_empty_place_is_logged_in_and_seeded_into() {
    for seeds in [true, false] {
        let world = World::new(Rotation::Strict);
        *world.store.record.lock() = None;
        let mut first = true;
        world.plan(move |call, _| {
            (call == "load" && std::mem::take(&mut first)).then_some(Fault::Empty)
        });
        let keeper = world.keeper();
        if seeds {
            assert!(keeper.seed(seed("rt-seed")).unwrap());
        } else {
            super::steps::exchange(&world, &keeper, 1).unwrap();
        }
        // What came in is used without the store.
        world.store.calls.lock().clear();
        assert!(use_token(&keeper).is_ok());
        assert!(world.store.calls.lock().is_empty());
    }
}

/// The time that a login without use lasts counts from the request, or is what the answer says.
#[test]
fn the_end_of_a_new_login_is_what_the_service_said_or_is_known_for() {
    const DAY: Duration = Duration::from_secs(86_400);
    for (said, expected) in [(Some(DAY * 7), DAY * 7), (None, DAY * 30)] {
        let mut world = World::new(Rotation::Strict);
        world.rules.idle_limit = Some(DAY * 30);
        let sent_at = world.clock.now_utc();
        let clock = world.clock.clone();
        world
            .keeper()
            .authorize(Default::default(), &mut |_| {
                clock.advance(Duration::from_secs(20));
                let token = Token::new("at").with_refresh_token("rt");
                let issued = Issued { token, refresh_expires_in: said };
                let outcome = Outcome::Token(Box::new(issued));
                Sent::Reply(Reply { refresh_token: Some(Secret::new("rt")), outcome })
            })
            .unwrap();
        assert_eq!(world.stored().refresh_expires_at, Some(clock::later(sent_at, expected)));
    }
    for (token, expected) in [(seed("rt-seed"), Some(DAY * 30)), (Token::new("at-alone"), None)] {
        let mut world = World::new(Rotation::Strict);
        world.rules.idle_limit = Some(DAY * 30);
        *world.store.record.lock() = None;
        let issued_at = world.clock.now_utc() - LIFE;
        assert!(world.keeper().seed(token.with_issued_at(issued_at)).unwrap());
        let end = expected.map(|life| clock::later(issued_at, life));
        assert_eq!(world.stored().refresh_expires_at, end);
    }
}

/// The store was restored from a backup: the newer pair is the one to end.
#[test]
fn a_logout_ends_the_newest_token_that_is_known() {
    let world = World::new(Rotation::Strict);
    let ended = |keeper: &Keeper| {
        let seen = Mutex::new(None);
        let see = |token: Option<&Token>| {
            *seen.lock() = token.and_then(|token| token.refresh_token().cloned());
            Ok(true)
        };
        keeper.clear(&see).unwrap();
        seen.into_inner().map(|token| token.expose().to_owned())
    };
    let keeper = world.keeper();
    let old = world.stored();
    keeper.access(&keeper.newer()).unwrap();
    *world.store.record.lock() = Some(old);
    assert_eq!(ended(&keeper).as_deref(), Some("rt-2"));
    let world = World::new(Rotation::Strict);
    assert_eq!(ended(&world.keeper()).as_deref(), Some("rt-1"));
}

#[test]
fn a_logout_needs_a_lease_that_is_as_long_as_two_requests() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    let two = world.rules.token_timeout * 2;
    *world.store.lasts_for.lock() = Some(two - Duration::from_millis(1));
    assert_eq!(world.keeper().clear(&|_| Ok(true)).unwrap_err().kind(), "busy");
    *world.store.lasts_for.lock() = Some(two);
    world.keeper().clear(&|_| Ok(true)).unwrap();
}

#[test]
fn whatever_is_done_first_on_a_store_without_a_lock_warns_of_it() {
    type Act = fn(&Keeper);
    let acts: [Act; 2] = [
        |keeper| assert!(!keeper.seed(seed("rt-seed")).unwrap()),
        |keeper| keeper.clear(&|_| Ok(false)).unwrap(),
    ];
    for act in acts {
        let world = World::with(Rotation::Strict, LockKind::None, true);
        act(&world.keeper());
        assert_eq!(world.told(|event| matches!(event, Event::Warning { .. })), 1);
    }
}

/// A store that goes back to the login before this one has not gone back to an older token of it.
#[test]
fn a_new_login_ends_what_is_remembered_of_the_one_before() {
    for seeds in [true, false] {
        let world = World::new(Rotation::Strict);
        let keeper = world.keeper();
        let old = world.stored();
        keeper.access(&keeper.newer()).unwrap();
        if seeds {
            world.past_end();
            world.acts(&[Act::Refuse]);
            assert_eq!(kind(&use_token(&keeper)), "reauthorize");
            assert!(keeper.seed(seed("rt-seed")).unwrap());
        } else {
            super::steps::exchange(&world, &keeper, 1).unwrap();
        }
        *world.store.record.lock() = Some(old);
        let _ = keeper.access(&keeper.newer());
        assert_eq!(world.told(|event| event.to_string().contains("went back")), 0);
    }
}

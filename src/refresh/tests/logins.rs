//! Tests of `seed` on a store with a login, and of logout.

use std::time::Duration;

use super::*;

fn seed(refresh_token: &str) -> Token {
    Token::new("at-seed").with_refresh_token(refresh_token)
}

/// Makes a world whose stored refresh token was refused.
fn refused() -> (World, Keeper) {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    (world, keeper)
}

#[test]
fn a_seed_with_another_refresh_token_replaces_a_refused_login() {
    let (world, keeper) = refused();
    assert!(!keeper.seed(seed("rt-1")).unwrap(), "the refused token itself is not stored again");
    assert!(
        !keeper.seed(Token::new("at-alone")).unwrap(),
        "a token that cannot be renewed is not stored"
    );
    assert!(keeper.seed(seed("rt-seed")).unwrap());
    let stored = world.stored();
    assert_eq!(stored.token.refresh_token(), Some(&Secret::new("rt-seed")));
    assert_eq!(stored.spare, Some(Secret::new("rt-1")), "the refusal may pass");
    assert_eq!(kind(&use_token(&keeper)), "at-seed");
}

#[test]
fn a_seed_that_this_login_had_before_is_ignored() {
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
fn a_login_recognizes_the_seed_that_it_began_with() {
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
fn a_seed_does_not_replace_a_login_whose_earlier_token_was_refused() {
    let (world, keeper) = refused();
    world.change(|record| record.token = record.token.clone().with_refresh_token("rt-later"));
    assert!(!keeper.seed(seed("rt-seed")).unwrap());
}

#[test]
fn a_seed_replaces_an_expired_login_without_a_refresh_token() {
    let world = World::new(Rotation::Strict);
    let now = world.clock.now_utc();
    let end = clock::later(now, LIFE);
    world.change(|record| record.token = Token::new("at-old").with_expires_at(end));
    let keeper = world.keeper();
    let fresh = || Token::new("at-new").with_expires_at(clock::later(end, LIFE));
    assert!(!keeper.seed(fresh()).unwrap(), "the stored login still works");
    world.past_end();
    assert!(
        !keeper.seed(Token::new("at-old")).unwrap(),
        "the stored token itself is not stored again"
    );
    assert!(
        !keeper.seed(Token::new("at-new").with_expires_at(end)).unwrap(),
        "an expired token is not stored"
    );
    assert!(keeper.seed(fresh()).unwrap());
    assert_eq!(kind(&use_token(&keeper)), "at-new");
    assert_eq!(world.stored().refresh_expires_at, None);
}

#[test]
fn a_logout_drops_the_token_in_memory_and_an_unsaved_pair() {
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
    assert_eq!(*seen.lock(), Some(Secret::new("rt-2")), "the newest token is revoked");
    assert!(world.store.record.lock().is_none());
    assert!(keeper.hot(&Want::Usable).is_none());
    assert_eq!(kind(&use_token(&keeper)), "not_authorized");
    *world.store.plan.lock() = None;
    drop(keeper);
    assert!(world.store.record.lock().is_none(), "no login comes back");
}

/// The requests of a logout may take as long as two token requests.
#[test]
fn a_logout_needs_a_lease_that_outlasts_two_requests() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    *world.store.lasts.lock() = [false].into();
    assert_eq!(world.keeper().clear(&|_| Ok(true)).unwrap_err().kind(), "busy");
    assert!(world.store.record.lock().is_some());
    // Without any lock, nothing is checked.
    let world = World::with(Rotation::Strict, LockKind::None, true);
    world.keeper().clear(&|_| Ok(true)).unwrap();
    assert!(world.store.record.lock().is_none());
}

#[test]
fn a_logout_keeps_a_login_that_came_meanwhile() {
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
    // Another client has logged out meanwhile: that is not a conflict.
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
fn a_new_login_keeps_the_counted_refusals() {
    let mut world = World::new(Rotation::Strict);
    world.rules.refusal_limit =
        Some(crate::provider::RefusalLimit { refusals: 3, window: Duration::from_secs(3600) });
    let now = world.clock.now_utc();
    world.change(|record| record.refusals = vec![now]);
    super::steps::exchange(&world, &world.keeper(), 1).unwrap();
    assert_eq!(world.stored().refusals, [now]);
}

#[test]
fn an_unusable_store_is_noticed_before_the_code_is_sent() {
    for failing in ["probe", "load", "lock"] {
        let world = World::new(Rotation::Strict);
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        let keeper = world.keeper();
        let error = keeper.authorize(Default::default(), &mut |_| unreachable!("it is not sent"));
        assert_eq!(error.unwrap_err().kind(), "backend", "{failing}");
        assert_eq!(keeper.prove_store().unwrap_err().kind(), "backend", "{failing}");
        assert!(!*world.store.held.lock());
    }
    // A store in use can be locked, and an empty store can be written.
    let world = World::new(Rotation::Strict);
    *world.store.held.lock() = true;
    world.keeper().prove_store().unwrap();
    *world.store.held.lock() = false;
    world.plan(|call, _| (call == "load").then_some(Fault::Empty));
    world.keeper().prove_store().unwrap();
    // The store of another client cannot be used.
    let mut world = World::new(Rotation::Strict);
    world.rules.binding.client_id = "other".to_owned();
    assert_eq!(world.keeper().prove_store().unwrap_err().kind(), "config");
}

#[test]
fn an_empty_record_accepts_a_login_and_a_seed() {
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
        // The new token is used without the store.
        world.store.calls.lock().clear();
        assert!(use_token(&keeper).is_ok());
        assert!(world.store.calls.lock().is_empty());
    }
}

/// The idle limit counts from the request, unless the answer gives a lifetime.
#[test]
fn a_new_login_expires_by_the_answer_or_the_idle_limit() {
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

/// The store was restored from a backup: the newer token pair must be revoked.
#[test]
fn a_logout_revokes_the_newest_known_token() {
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
fn the_first_action_on_a_store_without_a_lock_warns() {
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

/// A store with a previous login has not returned to an older token of this login.
#[test]
fn a_new_login_clears_the_history_of_the_previous_one() {
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

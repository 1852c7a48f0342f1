//! What is written of a successor, by what the answer had.

use std::time::Duration;

use super::*;

/// A world whose refresh token is to end in three days, and a new one after nine.
fn dated(rotation: Rotation) -> (World, OffsetDateTime) {
    let mut world = World::new(rotation);
    world.rules.idle_limit = Some(LIFE * 24 * 9);
    let end = clock::later(world.clock.now_utc(), LIFE * 24 * 3);
    world.change(|record| record.refresh_expires_at = Some(end));
    world.past_end();
    (world, end)
}

#[test]
fn a_refresh_token_that_stays_keeps_its_dates() {
    let (world, end) = dated(Rotation::None);
    let rotated_at = world.stored().rotated_at;
    world.acts(&[Act::NoRefreshToken]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let stored = world.stored();
    assert_eq!((stored.refresh_expires_at, stored.rotated_at), (Some(end), rotated_at));
    assert_eq!((stored.superseded, stored.generation), (None, 2));
    // The same, when the answer repeats it.
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
    let stored = world.stored();
    assert_eq!((stored.refresh_expires_at, stored.rotated_at), (Some(end), rotated_at));
    assert_eq!(stored.superseded, None);
}

#[test]
fn a_new_refresh_token_has_new_dates() {
    let (world, _) = dated(Rotation::Strict);
    let now = world.clock.now_utc();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let stored = world.stored();
    assert_eq!(stored.refresh_expires_at, Some(clock::later(now, LIFE * 24 * 9)));
    assert_eq!(stored.rotated_at, Some(now));
    assert_eq!(stored.superseded, Some(Secret::new("rt-1")));
}

/// The first answer has a refresh token alone, and the next request gets none at all.
#[test]
fn a_refresh_token_alone_ends_the_access_token_only_where_a_refresh_does() {
    for ends in [true, false] {
        let mut world = World::new(Rotation::Strict);
        world.rules.ends_access_token = ends;
        let end = world.stored().token.expires_at();
        world.enter_margin();
        let now = world.clock.now_utc();
        world.acts(&[Act::NoAccessToken, Act::LoseRequest, Act::LoseRequest]);
        let _ = use_token(&world.keeper());
        let stored = world.stored();
        assert_eq!(stored.token.refresh_token(), Some(&Secret::new("rt-2")));
        assert_eq!((stored.rotated_at, stored.generation), (Some(now), 1), "ends={ends}");
        assert_eq!(stored.token.expires_at(), if ends { Some(now) } else { end }, "ends={ends}");
        assert!(world.alive());
    }
}

/// Nothing depends on the save where the stored refresh token is still the one to use.
#[test]
fn a_failed_save_of_a_token_that_replaced_nothing_is_told_and_forgotten() {
    let world = World::new(Rotation::None);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
    *world.store.plan.lock() = None;
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    drop(keeper);
    assert!(world.store.calls.lock().is_empty(), "nothing waits to be saved");
}

#[test]
fn a_save_that_fails_after_a_refresh_token_alone_gives_that_token_out() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::NoAccessToken]);
    world.fail_saves(false, Fault::Before);
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    assert_eq!(error.into_token().unwrap().refresh_token(), Some(&Secret::new("rt-2")));
    assert_eq!(world.sent(), ["rt-1"]);
}

#[test]
fn a_pause_that_is_over_is_a_pause_no_more() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.acts(&[Act::Setup, Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.clock.advance(Duration::from_millis(4_900));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(world.sent().len(), 1, "not before five seconds");
    world.clock.advance(Duration::from_millis(200));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(world.sent().len(), 2);
}

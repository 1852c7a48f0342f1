//! Tests of the record that a refresh saves with the new refresh token (the successor), for each kind of answer of
//! the token endpoint.

use std::time::Duration;

use super::*;

/// Makes a world whose refresh token expires in three days, and whose new refresh tokens expire after nine.
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
    // A use restarts the idle limit.
    assert!(stored.refresh_expires_at > Some(end) && stored.rotated_at == rotated_at);
    assert_eq!((stored.superseded, stored.generation), (None, 2));
    // The result is the same when the answer repeats the refresh token.
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
    let stored = world.stored();
    assert!(stored.refresh_expires_at > Some(end) && stored.rotated_at == rotated_at);
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

/// The first answer has only a refresh token, and the next request gets no answer.
#[test]
fn a_salvaged_refresh_token_blocks_the_access_token_only_if_revoked() {
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

/// A failed save loses nothing if the stored refresh token stays valid.
#[test]
fn a_failed_save_without_rotation_is_only_reported() {
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
fn not_saved_carries_a_salvaged_refresh_token() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::NoAccessToken]);
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    let error = use_token(&keeper).unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    assert_eq!(error.into_token().unwrap().refresh_token(), Some(&Secret::new("rt-2")));
    assert_eq!(world.sent(), ["rt-1"]);
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
    assert_eq!(world.clock.slept(), Duration::from_secs(1), "three tries, and no more");
}

#[test]
fn a_pause_ends_at_its_exact_time() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.acts(&[Act::Setup, Act::Setup]);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.clock.advance(Duration::from_millis(4_900));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(world.sent().len(), 1, "no request before five seconds");
    world.clock.advance(Duration::from_millis(200));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(world.sent().len(), 2);
}

/// If the answer gives the lifetime of a refresh token that stays, that lifetime is used; otherwise the
/// known expiry is kept.
#[test]
fn a_refresh_token_expires_by_the_last_answer_that_said_so() {
    let world = World::new(Rotation::None);
    world.past_end();
    world.acts(&[Act::Dated]);
    let now = world.clock.now_utc();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let end = Some(clock::later(now, LIFE * 24 * 7));
    assert_eq!((world.stored().refresh_expires_at, world.stored().superseded), (end, None));
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.change(|record| record.refresh_expires_at = end);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.stored().refresh_expires_at, end);
}

/// The known expiry of the refresh token is later than the idle limit.
#[test]
fn a_later_end_is_kept_only_for_the_same_refresh_token() {
    let day = LIFE * 24;
    for (rotation, acts, days) in [
        (Rotation::None, &[Act::NoRefreshToken][..], 30),
        (Rotation::None, &[Act::Dated], 7),
        (Rotation::Strict, &[], 9),
    ] {
        let (world, _) = dated(rotation);
        let now = world.clock.now_utc();
        world.change(|record| record.refresh_expires_at = Some(clock::later(now, day * 30)));
        world.acts(acts);
        assert_eq!(kind(&use_token(&world.keeper())), "at-2");
        let end = Some(clock::later(now, day * days));
        assert_eq!(world.stored().refresh_expires_at, end, "{rotation:?} {acts:?}");
    }
}

/// Another login without a refresh token was stored while the answer was on its way.
#[test]
fn an_unchanged_refresh_token_does_not_become_the_spare_of_another_login() {
    let world = World::new(Rotation::None);
    world.past_end();
    world.acts(&[Act::NoRefreshToken]);
    let end = clock::later(world.clock.now_utc(), LIFE);
    world.change_after_sending(move |stored| {
        let token = Token::new("at-other").with_expires_at(end);
        let mut other = Record::new_login(token, stored.as_ref());
        other.binding = stored.as_ref().unwrap().binding.clone();
        *stored = Some(other);
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-other");
    assert_eq!(world.stored().spare, None);
}

#[test]
fn a_successor_saved_over_a_later_note_keeps_its_dates() {
    let mut world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.rules.idle_limit = Some(LIFE * 24 * 9);
    world.past_end();
    world.change_after_sending(|stored| {
        let mut next = stored.as_ref().unwrap().next();
        next.generation = 5;
        next.note.as_mut().unwrap().nonce = "of-another".to_owned();
        *stored = Some(next);
    });
    let now = world.clock.now_utc();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let stored = world.stored();
    assert_eq!(stored.refresh_expires_at, Some(clock::later(now, LIFE * 24 * 9)));
    assert_eq!(stored.generation, 6);
}

/// A save that reported an error did work, and another client has written a refresh note over it.
#[test]
fn a_pair_that_is_already_stored_is_not_written_again() {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    // The save works, reports an error, and the store cannot be read then.
    let mut saved = false;
    world.plan(move |call, record| {
        let pair = call == "save" && record.is_some_and(|record| record.note.is_none());
        saved |= pair;
        let unseen = saved && call == "load";
        if unseen { Some(Fault::Before) } else { pair.then_some(Fault::After) }
    });
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    *world.store.plan.lock() = None;
    world.leave_note(Duration::from_secs(1), Duration::from_secs(300));
    let noted = world.stored();
    assert_eq!(noted.token.refresh_token(), Some(&Secret::new("rt-2")));
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.stored(), noted);
    assert_eq!(
        world.told(|event| matches!(event, Event::Adopted { .. })),
        0,
        "the pair is our own"
    );
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert!(world.store.calls.lock().is_empty(), "no pair waits to be saved");
}

#[test]
fn a_login_does_not_replace_an_earlier_login_of_another_client() {
    let world = World::new(Rotation::UntilUsed);
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    world.fail_saves(false, Fault::Before);
    assert_eq!(super::steps::exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    *world.store.plan.lock() = None;
    let end = clock::later(world.clock.now_utc(), LIFE);
    let theirs = Token::new("at-theirs").with_refresh_token("rt-theirs").with_expires_at(end);
    *world.store.record.lock() = Some(Record::new_login(theirs, None));
    assert_eq!(kind(&use_token(&keeper)), "at-theirs");
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-theirs")));
}

#[test]
fn a_login_into_an_empty_store_that_is_saved_late_is_reported() {
    let world = World::new(Rotation::UntilUsed);
    *world.store.record.lock() = None;
    let keeper = world.keeper();
    world.fail_saves(false, Fault::Before);
    assert_eq!(super::steps::exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
    assert_eq!(world.told(|event| *event == Event::Refreshed { generation: 1 }), 1);
}

/// While a token pair was unsaved, another client's login was stored.
#[test]
fn another_logins_token_is_not_used_after_a_pair_was_dropped() {
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    world.past_end();
    world.fail_saves(false, Fault::Before);
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    let end = clock::later(world.clock.now_utc(), LIFE);
    let mut theirs = Record::new_login(Token::new("at-theirs").with_expires_at(end), None);
    theirs.binding = Some(world.rules.binding.clone());
    theirs.binding.as_mut().unwrap().client_id = "other".to_owned();
    *world.store.record.lock() = Some(theirs);
    for _ in 0..2 {
        assert_eq!(kind(&use_token(&keeper)), "config");
    }
    assert!(keeper.hot(&Want::Usable).is_none());
}

/// A token is also identified by its login and generation.
#[test]
fn the_same_token_with_another_generation_is_another_token() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.change(|record| record.generation = 7);
    assert_eq!(keeper.moved_on(&Secret::new("at-0")).unwrap().generation, 7);
    world.change(|record| record.login = "another".to_owned());
    assert_eq!(&*keeper.moved_on(&Secret::new("at-0")).unwrap().login, "another");
}

#[test]
fn a_record_without_a_binding_is_bound_by_its_first_refresh() {
    let world = World::new(Rotation::Strict);
    world.change(|record| record.binding = None);
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.stored().binding.as_ref(), Some(&world.rules.binding));
}

/// A pause that the service asked for only applies to the token of that request.
#[test]
fn a_token_stored_by_another_program_ends_a_long_pause() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    world.acts(&[Act::Tomorrow]);
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.past_end();
    let now = world.clock.now_utc();
    world.change(|record| {
        let token = Token::new("at-script").with_refresh_token("rt-1").with_issued_at(now);
        record.token = token.with_expires_at(clock::later(now, LIFE));
        record.note = None;
    });
    assert_eq!(kind(&use_token(&keeper)), "at-script");
    world.enter_margin();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
}

//! Tests of closing a client, and of the store's lock around the work of logins and logouts.

use super::*;

/// A client with a token pair that it could not save, and with the store's lock.
fn unsaved() -> (World, Keeper) {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    world.events.lock().clear();
    (world, keeper)
}

#[test]
fn closing_reports_that_the_pair_could_not_be_saved() {
    let (world, keeper) = unsaved();
    let Err(Error::NotSaved(failure)) = keeper.save_waiting() else { panic!("nothing is saved") };
    assert_eq!(failure.token.access_token(), &Secret::new("at-2"));
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 1);
    *world.store.plan.lock() = None;
    keeper.save_waiting().unwrap();
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
}

/// Another client could take a lock that is released for a moment.
#[test]
fn closing_keeps_the_lock_that_the_client_has() {
    let (world, keeper) = unsaved();
    *world.store.plan.lock() = None;
    world.store.calls.lock().clear();
    keeper.save_waiting().unwrap();
    assert!(!world.store.calls.lock().contains(&"lock"), "{:?}", world.store.calls.lock());
}

/// A clone of the client goes on, and a backup is restored.
#[test]
fn a_store_that_goes_back_after_closing_is_noticed() {
    let (world, keeper) = unsaved();
    let old = world.stored();
    *world.store.plan.lock() = None;
    keeper.save_waiting().unwrap();
    *world.store.record.lock() = Some(old);
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

#[test]
fn a_lock_that_was_waited_for_is_held_during_the_work() {
    let world = World::new(Rotation::Strict);
    let keeper = world.keeper();
    world.fail_call(1, Fault::Before);
    let held = std::cell::Cell::new(false);
    let before = |_: Option<&Token>| {
        held.set(*world.store.held.lock());
        Ok(false)
    };
    keeper.clear(&before).unwrap();
    assert!(held.get());
    assert_eq!(world.store.calls.lock().iter().filter(|call| **call == "lock").count(), 2);
}

#[test]
fn a_seed_waits_for_the_lock_if_the_stored_login_was_refused() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Refuse]);
    assert_eq!(kind(&use_token(&world.keeper())), "reauthorize");
    world.fail_call(1, Fault::Before);
    let seed = Token::new("at-seed").with_refresh_token("rt-seed");
    assert!(world.keeper().seed(seed).unwrap());
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-seed")));
}

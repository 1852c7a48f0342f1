//! Tests of the promise's clauses P4, P5 and P6: the store and the server fail at every step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::*;

/// Runs `use_token`, and returns a panic of the store as text.
fn attempt(keeper: &Keeper) -> String {
    match catch_unwind(AssertUnwindSafe(|| use_token(keeper))) {
        Ok(result) => kind(&result).to_owned(),
        Err(_) => "panic".to_owned(),
    }
}

/// Tries every failure of every call of the store in a refresh, for every rotation class, with the access
/// token valid or expired. Afterwards the login is valid, nothing was sent twice, and the next call works.
#[test]
fn a_store_that_fails_at_any_call_loses_nothing() {
    let faults = [Fault::Before, Fault::After, Fault::Panic, Fault::PanicAfter];
    let classes = [
        Rotation::None,
        Rotation::Grace(Duration::from_secs(30)),
        Rotation::GraceThenFamily(Duration::from_secs(30)),
        Rotation::UntilUsed,
        Rotation::Strict,
        Rotation::StrictFamily,
    ];
    let mut runs = 0;
    for rotation in classes {
        for fault in faults {
            for alive in [true, false] {
                for n in 1.. {
                    let world = World::new(rotation);
                    let keeper = world.keeper();
                    assert_eq!(kind(&use_token(&keeper)), "at-1");
                    if alive {
                        world.enter_margin()
                    } else {
                        world.past_end()
                    }
                    world.store.calls.lock().clear();
                    world.fail_call(n, fault);
                    let got = attempt(&keeper);
                    if world.store.calls.lock().len() < n {
                        assert!(n > 4, "a refresh makes at least lock, load, save, load, save");
                        break;
                    }
                    let case = format!("{rotation:?} {fault:?} alive={alive} n={n} got={got}");
                    *world.store.plan.lock() = None;
                    world.clock.advance(Duration::from_secs(6));
                    let again = attempt(&keeper);
                    assert_eq!(again, "at-2", "{case}");
                    assert_eq!(world.sent(), ["rt-1"], "{case}");
                    assert!(world.alive(), "{case}");
                    assert!(!*world.store.held.lock(), "{case}");
                    // A new process can continue with the stored record.
                    assert_eq!(attempt(&world.keeper()), "at-2", "{case}");
                    runs += 1;
                }
            }
        }
    }
    assert!(runs > 200, "{runs}");
}

/// While a save keeps failing, calls go on as long as the old token works; then `NotSaved` carries the token
/// pair, and each call tries the save first.
#[test]
fn a_failing_save_is_repeated_and_the_error_has_the_token() {
    let world = World::new(Rotation::StrictFamily);
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    let failed = || world.told(|event| matches!(event, Event::SaveFailed { .. }));
    for _ in 0..3 {
        assert_eq!(kind(&use_token(&keeper)), "at-1");
    }
    assert_eq!(failed(), 1, "calls go on at once with the old token");
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    assert_eq!(failed(), 2, "one call every few seconds tries again");
    world.clock.advance(Duration::from_secs(26));
    let error = use_token(&keeper).unwrap_err();
    assert_eq!(error.kind(), "not_saved");
    let text = format!("{error} {error:?}");
    assert!(text.contains("the store") && !text.contains("rt-2") && !text.contains("at-2"));
    let token = error.into_token().unwrap();
    assert_eq!(token.refresh_token(), Some(&Secret::new("rt-2")));
    // Another process cannot send rt-1 again.
    assert_eq!(kind(&use_token(&world.keeper())), "busy");
    assert_eq!(world.sent(), ["rt-1"]);
    // When the store works again, the next call saves first.
    *world.store.plan.lock() = None;
    world.store.calls.lock().clear();
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(*world.store.calls.lock(), ["load", "save"]);
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
}

/// If the refresh revokes the old access token, the call has no token that works.
#[test]
fn a_failed_save_fails_at_once_if_the_old_token_expired() {
    let mut world = World::new(Rotation::Strict);
    world.rules.ends_access_token = true;
    world.enter_margin();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    drop(keeper);
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-2")));
}

#[test]
fn a_client_that_is_dropped_tries_the_save_once_more() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.fail_saves(false, Fault::Before);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    drop(keeper);
    assert!(world.alive() && !*world.store.held.lock());
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
}

/// Clause P2 of the promise: nothing with the new token leaves before the save has returned, and no other
/// thread sees it.
#[test]
fn the_new_token_is_returned_only_after_the_save() {
    let world = Arc::new(World::new(Rotation::Strict));
    let keeper = Arc::new(world.keeper());
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.enter_margin();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (inside, during) = (Arc::clone(&keeper), Arc::clone(&seen));
    world.plan(move |call, record| {
        if call == "save" && record.is_some_and(|record| record.note.is_none()) {
            // While the new refresh token is being saved, another thread calls.
            let keeper = Arc::clone(&inside);
            let got = std::thread::spawn(move || {
                keeper.hot(&Want::Usable).map(|l| l.access_token().expose().to_owned())
            });
            during.lock().push(got.join().unwrap());
        }
        None
    });
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(*seen.lock(), [None]);
    *world.store.plan.lock() = None;
}

/// Clause P6 of the promise: temporary failures are put off while the access token works, and reported when
/// it does not.
#[test]
fn an_outage_is_not_reported_as_an_ended_login() {
    let acts = [
        (Act::Never, "transport", 3),
        (Act::LoseRequest, "outcome_unknown", 2),
        (Act::Broken, "outcome_unknown", 2),
        (Act::TooMany, "rate_limited", 1),
        (Act::Unavailable, "rate_limited", 1),
        (Act::Setup, "oauth", 1),
    ];
    for (act, error, tries) in acts {
        let world = World::new(Rotation::Strict);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        world.enter_margin();
        world.acts(&[act; 2]);
        assert_eq!(kind(&use_token(&keeper)), "at-1", "{act:?}");
        let sent = world.sent().len();
        assert_eq!(
            kind(&use_token(&keeper)),
            "at-1",
            "{act:?}: the service is not asked again at once"
        );
        assert_eq!(world.sent().len(), sent, "{act:?}");
        assert_eq!(world.told(|event| matches!(event, Event::PutOff { .. })), 1, "{act:?}");
        world.clock.advance(Duration::from_secs(31));
        world.acts(&[act; 3]);
        assert_eq!(kind(&use_token(&keeper)), error, "{act:?}");
        assert!(world.wire.0.lock().acts.len() == 3 - tries, "{act:?}");
        world.acts(&[]);
        world.clock.advance(Duration::from_secs(31));
        assert_eq!(kind(&use_token(&keeper)), "at-2", "{act:?}");
        assert!(world.alive(), "{act:?}");
    }
}

/// If a request never left, no refresh note stays, so no recovery is reported later.
#[test]
fn a_request_that_never_left_leaves_no_note() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Never; 3]);
    let error = use_token(&world.keeper()).unwrap_err();
    assert_eq!(error.kind(), "transport");
    assert!(world.stored().note.is_none());
    assert!(world.sent().is_empty());
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 0);
}

/// A refresh token in an answer without an access token is still the new refresh token.
#[test]
fn a_refresh_token_is_kept_before_anything_else_is_judged() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::NoAccessToken]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
    assert!(world.alive());

    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::NoAccessToken; 5]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert!(world.alive(), "each successor was saved");
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let world = World::new(Rotation::None);
    world.past_end();
    world.acts(&[Act::NoRefreshToken]);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
}

/// Clause P4 of the promise: a store whose `lock` or `load` fails is noticed before anything is sent.
#[test]
fn a_store_that_cannot_be_locked_or_read_sends_nothing() {
    for failing in ["lock", "load"] {
        let world = World::new(Rotation::Strict);
        let keeper = world.keeper();
        assert_eq!(kind(&use_token(&keeper)), "at-1");
        world.enter_margin();
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        assert_eq!(kind(&use_token(&keeper)), "at-1", "{failing}");
        let error = keeper.access(&keeper.newer()).unwrap_err();
        assert_eq!(error.kind(), "backend", "{failing}: an explicit refresh");
        assert!(error.to_string().contains("the store"));
        world.clock.advance(Duration::from_secs(31));
        assert_eq!(kind(&use_token(&keeper)), "backend", "{failing}");
        assert!(world.sent().is_empty());
    }
}

/// A refresh note whose save reported an error may be stored in place of an earlier note. The new refresh
/// note must still say that a token was sent and no answer came.
#[test]
fn a_failed_note_keeps_an_earlier_unanswered_request() {
    for fault in [Fault::Before, Fault::After] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.acts(&[Act::LoseReply, Act::LoseRequest]);
        assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
        let sent_at = world.stored().note.unwrap().sent_at;
        world.clock.advance(Duration::from_secs(60));
        let keeper = world.keeper();
        world.plan(move |call, _| (call == "save").then_some(fault));
        assert_eq!(kind(&use_token(&keeper)), "backend");
        *world.store.plan.lock() = None;
        let error = use_token(&keeper).unwrap_err();
        let Error::Reauthorize(refusal) = &error else { panic!("{fault:?}: {error}") };
        assert_eq!(refusal.unanswered_since, Some(sent_at), "{fault:?}");
    }
}

/// A message about the refresh token in a refusal without a code is not a new refresh token.
#[test]
fn a_text_in_a_refusal_does_not_replace_the_refresh_token() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Complaint]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-1")));
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert!(world.alive());
}

/// A wrong refusal is also corrected if a spare refresh token replaced the refused token.
#[test]
fn spare_and_refused_token_are_both_sent_again_after_a_pause() {
    let world = World::new(Rotation::Strict);
    world.change(|record| record.spare = Some(Secret::new("rt-dead")));
    world.past_end();
    world.acts(&[Act::Refuse]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    assert_eq!(world.sent(), ["rt-1", "rt-dead"]);
    assert_eq!(kind(&use_token(&keeper)), "reauthorize");
    assert_eq!(world.sent().len(), 2, "the token is not sent on every run");
    world.clock.advance(Duration::from_secs(3601));
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.sent(), ["rt-1", "rt-dead", "rt-dead", "rt-1"]);
    assert!(world.alive());
}

/// The service refuses the client after an unanswered request: the refresh note of that request stays.
#[test]
fn a_setup_error_keeps_the_note_of_an_unanswered_request() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let sent_at = world.clock.now_utc();
    world.acts(&[Act::LoseReply, Act::Setup]);
    assert_eq!(kind(&use_token(&world.keeper())), "oauth");
    assert_eq!(world.stored().note.unwrap().unanswered(), Some(sent_at));
    let error = use_token(&world.keeper()).unwrap_err();
    assert!(error.to_string().contains("no answer was stored"), "{error}");
}

/// An answer that asks to wait says nothing about an earlier request.
#[test]
fn an_answered_note_does_not_hide_an_unanswered_request() {
    let mut world = World::new(Rotation::StrictFamily);
    world.rules.ends_other_logins = true;
    world.past_end();
    world.acts(&[Act::LoseReply, Act::TooMany]);
    assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.sent().len(), 2, "only an explicit call sends the token again");
}

/// A save reports an error after it has worked: a record that the store returns is durable.
#[test]
fn a_pair_that_the_store_returns_counts_as_saved() {
    let mut world = World::new(Rotation::Strict);
    world.rules.ends_access_token = true;
    world.enter_margin();
    world.fail_saves(false, Fault::After);
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::SaveFailed { .. })), 0);
    assert!(world.alive());
}

/// A save reports an error after it has worked, and the store cannot be read any more: the token pair is
/// treated as unsaved.
#[test]
fn a_pair_that_the_store_does_not_return_counts_as_unsaved() {
    let mut world = World::new(Rotation::Strict);
    world.rules.ends_access_token = true;
    world.enter_margin();
    let wire = Arc::clone(&world.wire);
    world.plan(move |call, _| {
        let sent = !wire.0.lock().sent.is_empty();
        (sent && matches!(call, "load" | "save")).then_some(Fault::Before)
    });
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "not_saved");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert!(world.alive());
}

/// How often the store is read until a request is sent or the call ends, if no refresh note can be written.
fn loads_without_a_note(rotation: Rotation, pass: fn(&World), gets: &str) -> usize {
    let world = World::new(rotation);
    pass(&world);
    world.fail_saves(true, Fault::Before);
    let (store, loads) = (Arc::clone(&world.store), Arc::new(Mutex::new(None)));
    let count = move || store.calls.lock().iter().filter(|call| **call == "load").count();
    let (at_request, during) = (count.clone(), Arc::clone(&loads));
    *world.wire.1.lock() = Some(Box::new(move || *during.lock() = Some(at_request())));
    assert_eq!(kind(&use_token(&world.keeper())), gets);
    let sent = *loads.lock();
    sent.unwrap_or_else(count)
}

#[test]
fn the_store_is_read_again_only_if_no_token_works() {
    let margin: fn(&World) = World::enter_margin;
    let end: fn(&World) = World::past_end;
    assert_eq!(loads_without_a_note(Rotation::Strict, end, "backend"), 2);
    assert_eq!(loads_without_a_note(Rotation::Strict, margin, "at-1"), 1);
    // A refresh that leaves the refresh token valid needs no refresh note.
    assert_eq!(loads_without_a_note(Rotation::None, end, "at-2"), 1);
}

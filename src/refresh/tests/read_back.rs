//! Tests of reading a refresh note back: changes by the store, and by other clients.

use super::*;

/// Refreshes with a store that applies `change` to our refresh note before it is read back: once, or each
/// time.
fn read_back(
    always: bool,
    change: impl Fn(&mut Record) + Send + 'static,
) -> (World, Result<String>) {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let (store, mut done) = (Arc::clone(&world.store), false);
    let mut ours = None;
    world.plan(move |call, record| {
        if let Some(record) = record.filter(|record| record.note.is_some()) {
            ours = Some(record.clone());
        } else if call == "load"
            && ours.is_some()
            && *store.record.lock() == ours
            && (always || !std::mem::replace(&mut done, true))
        {
            change(store.record.lock().as_mut().unwrap());
        }
        None
    });
    let got = use_token(&world.keeper());
    *world.store.plan.lock() = None;
    (world, got)
}

#[test]
fn the_error_for_a_changed_record_names_the_missing_members() {
    type Change = fn(&mut Record);
    let cases: [(Change, &str); 6] = [
        (|r| r.note = None, "its note is missing"),
        (|r| (r.note, r.binding) = (None, None), "its note, binding are missing"),
        (|r| (r.note, r.revision) = (None, r.revision - 1), "its revision, note are missing"),
        (|r| r.revision -= 1, "its revision is missing"),
        (
            |r| (r.login, r.binding) = (format!("{}x", r.login), None),
            "its login, binding are missing",
        ),
        (|r| (r.revision, r.binding) = (r.revision + 1, None), "its revision, binding are missing"),
    ];
    for (change, expected) in cases {
        let (world, got) = read_back(true, change);
        assert_eq!(kind(&got), "config", "{expected}");
        let text = got.unwrap_err().to_string();
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(world.sent().is_empty());
    }
}

#[test]
fn a_note_overwritten_by_another_client_is_not_a_store_error() {
    type Change = fn(&mut Record);
    // Another client has stored another login, a later record, or a refresh note with the same revision as ours;
    // or a script has written a token and left our note.
    let cases: [(Change, &str); 4] = [
        (|r| (r.login, r.note) = ("another".to_owned(), None), "rt-1"),
        (|r| (r.revision, r.note) = (r.revision + 1, None), "rt-1"),
        (|r| r.note.as_mut().unwrap().nonce = "of-another".to_owned(), "rt-1"),
        (|r| r.token = r.token.clone().with_refresh_token("rt-script"), "rt-script"),
    ];
    for (change, sent) in cases {
        let (world, _) = read_back(false, change);
        assert_eq!(world.sent()[0], sent);
    }
    // The other client writes a record in each round.
    let cases: [Change; 4] = [
        |r| r.login.push('x'),
        |r| (r.revision, r.note) = (r.revision + 1, None),
        |r| r.note.as_mut().unwrap().nonce = "of-another".to_owned(),
        |r| {
            let next = format!("{}-script", r.token.refresh_token().unwrap().expose());
            (r.token, r.note) = (r.token.clone().with_refresh_token(next), None);
        },
    ];
    for (case, change) in cases.into_iter().enumerate() {
        let (world, got) = read_back(true, change);
        assert_eq!(kind(&got), "busy", "{case}");
        assert!(world.sent().is_empty());
        let saves = world.store.calls.lock().iter().filter(|call| **call == "save").count();
        assert_eq!(saves, 6, "one save in each of the six rounds");
    }
}

#[test]
fn a_note_that_is_missing_once_is_written_again() {
    let (world, got) = read_back(false, |r| r.note = None);
    assert_eq!(kind(&got), "at-2");
    assert_eq!(world.sent(), ["rt-1"]);
}

/// Right after a save, the store returns the record without its refresh note and its refresh token;
/// afterwards it returns the whole record.
#[test]
fn a_refresh_token_that_is_not_read_back_is_a_store_error() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let (store, mut whole, mut fresh) = (Arc::clone(&world.store), None, false);
    world.plan(move |call, _| {
        let mut stored = store.record.lock();
        match call {
            "save" => fresh = true,
            "load" if std::mem::take(&mut fresh) => {
                whole = stored.clone();
                let record = stored.as_mut().unwrap();
                (record.token, record.note) = (Token::new("at-1"), None);
            }
            "load" => *stored = whole.take().or(stored.take()),
            _ => {}
        }
        None
    });
    let got = use_token(&world.keeper());
    assert_eq!(kind(&got), "config");
    let text = got.unwrap_err().to_string();
    assert!(text.contains("its note, refresh token are missing"), "{text}");
    assert!(world.sent().is_empty());
}

/// Another client has replaced our refresh note by a token that works, and then the store fails.
#[test]
fn what_was_read_back_is_used_if_the_store_then_fails() {
    for (client, expected) in [("app", "at-other"), ("other", "backend")] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let (store, mut loads) = (Arc::clone(&world.store), 0);
        let end = clock::later(world.clock.now_utc(), LIFE);
        world.plan(move |call, _| {
            loads += usize::from(call == "load");
            if call == "load" && loads == 2 {
                let mut stored = store.record.lock();
                let mut next = stored.clone().unwrap().next();
                let token = Token::new("at-other").with_refresh_token("rt-other");
                next.token = token.with_expires_at(end);
                (next.note, next.generation) = (None, next.generation + 1);
                next.binding.as_mut().unwrap().client_id = client.to_owned();
                *stored = Some(next);
            }
            (call == "load" && loads > 2).then_some(Fault::Before)
        });
        assert_eq!(kind(&use_token(&world.keeper())), expected);
        assert!(world.sent().is_empty());
    }
}

#[test]
fn a_logout_while_a_note_is_written_is_respected() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let store = Arc::clone(&world.store);
    let mut noted = false;
    world.plan(move |call, _| {
        if call == "load" && noted {
            *store.record.lock() = None;
        }
        noted |= call == "save";
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "not_authorized");
    assert!(world.sent().is_empty());
}

/// After a failure, the store is not trusted until it has returned a refresh note once more.
#[test]
fn a_note_is_read_back_again_after_a_failure() {
    for failing in ["load", "save"] {
        let world = World::new(Rotation::Strict);
        let keeper = world.keeper();
        for expected in ["at-2", "at-3"] {
            world.past_end();
            assert_eq!(kind(&use_token(&keeper)), expected);
        }
        world.past_end();
        world.plan(move |call, _| (call == failing).then_some(Fault::Before));
        assert_eq!(kind(&use_token(&keeper)), "backend");
        *world.store.plan.lock() = None;
        world.store.calls.lock().clear();
        assert_eq!(kind(&use_token(&keeper)), "at-4");
        let calls = ["lock", "load", "save", "load", "load", "save"];
        assert_eq!(*world.store.calls.lock(), calls, "{failing}");
    }
}

/// A client that has only read the newer token also notices that the store is old.
#[test]
fn a_client_that_only_read_notices_an_older_store() {
    let world = World::new(Rotation::Strict);
    let (one, two) = (world.keeper(), world.keeper());
    let old = world.stored();
    assert_eq!(kind(&use_token(&one)), "at-1");
    world.past_end();
    assert_eq!(kind(&use_token(&one)), "at-2");
    assert_eq!(kind(&use_token(&two)), "at-2");
    *world.store.record.lock() = Some(old.clone());
    world.past_end();
    assert_eq!(kind(&use_token(&two)), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
    assert!(world.alive());
    // The older token is not used either while another holder has the lock, even if the clock was set
    // back.
    *world.store.record.lock() = Some(old);
    *world.store.held.lock() = true;
    world.past_end();
    world.clock.set_wall(world.clock.now() - LIFE * 3);
    assert_eq!(kind(&use_token(&two)), "busy");
    assert_eq!(world.told(|event| *event == Event::Refreshed { generation: 2 }), 1);
}

/// A client that has read the newer token without the lock also notices that the store is old.
#[test]
fn a_client_that_read_without_the_lock_notices_an_older_store() {
    let world = World::new(Rotation::Strict);
    let old = world.stored();
    world.past_end();
    assert_eq!(kind(&use_token(&world.keeper())), "at-2");
    let keeper = world.keeper();
    world.enter_margin();
    *world.store.held.lock() = true;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    *world.store.held.lock() = false;
    *world.store.record.lock() = Some(old);
    world.past_end();
    assert_eq!(kind(&use_token(&keeper)), "at-3");
    assert_eq!(world.sent(), ["rt-1", "rt-2"]);
}

/// The store fails, a token pair is unsaved, and a backup is restored.
#[test]
fn an_unsaved_pair_is_saved_over_a_store_that_went_back() {
    for rotation in [Rotation::StrictFamily, Rotation::UntilUsed] {
        let world = World::new(rotation);
        let keeper = world.keeper();
        let old = world.stored();
        keeper.access(&keeper.newer()).unwrap();
        world.past_end();
        world.fail_saves(false, Fault::Before);
        assert_eq!(kind(&use_token(&keeper)), "not_saved");
        *world.store.plan.lock() = None;
        *world.store.record.lock() = Some(old);
        assert_eq!(kind(&use_token(&keeper)), "at-3");
        assert_eq!(world.sent(), ["rt-1", "rt-2"], "{rotation:?}");
        let stored = world.stored();
        assert_eq!(stored.token.refresh_token(), Some(&Secret::new("rt-3")));
        assert_eq!((stored.generation, stored.spare), (3, None));
        assert_eq!(world.told(|event| *event == Event::Refreshed { generation: 3 }), 1);
        assert!(world.alive());
    }
    // A new login also replaces an older record to which the store has returned.
    let world = World::new(Rotation::UntilUsed);
    let keeper = world.keeper();
    let old = world.stored();
    keeper.access(&keeper.newer()).unwrap();
    world.fail_saves(false, Fault::Before);
    assert_eq!(super::steps::exchange(&world, &keeper, 1).unwrap_err().kind(), "not_saved");
    *world.store.plan.lock() = None;
    *world.store.record.lock() = Some(old);
    assert_eq!(kind(&use_token(&keeper)), "at-login-1");
    assert_eq!(world.stored().token.refresh_token(), Some(&Secret::new("rt-login-1")));
}

/// The newer token pair is written again; if that save fails, the pair is treated as unsaved.
#[test]
fn a_failed_repair_of_an_older_store_keeps_the_lock_if_needed() {
    for (rotation, keeps) in [(Rotation::Strict, true), (Rotation::UntilUsed, false)] {
        let world = World::new(rotation);
        let keeper = world.keeper();
        let old = world.stored();
        world.past_end();
        assert_eq!(kind(&use_token(&keeper)), "at-2");
        *world.store.record.lock() = Some(old);
        world.enter_margin();
        world.fail_saves(false, Fault::Before);
        assert_eq!(kind(&use_token(&keeper)), "at-2", "the token in memory still works");
        assert_eq!(*world.store.held.lock(), keeps, "{rotation:?}");
        assert_eq!(world.sent(), ["rt-1"]);
        *world.store.plan.lock() = None;
        world.past_end();
        assert_eq!(kind(&use_token(&keeper)), "at-3");
        assert_eq!(world.told(|event| event.to_string().contains("went back")), 1);
        let again = |event: &Event| *event == Event::Refreshed { generation: 3 };
        assert_eq!(world.told(again), 1);
    }
}

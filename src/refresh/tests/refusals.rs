//! Tests of refusals and other answers without a token, and of their records.

use std::error::Error as _;
use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Another login with the same tokens replaced ours: the refusal does not apply to it.
#[test]
fn a_refusal_of_a_replaced_login_leaves_the_new_login() {
    for act in [Act::Refuse, Act::TooEarly] {
        let world = World::with(Rotation::Strict, LockKind::None, true);
        world.past_end();
        world.acts(&[act]);
        world.change_after_sending(|stored| {
            let token = stored.as_ref().unwrap().token.clone();
            *stored = Some(Record::new_login(token, stored.as_ref()));
        });
        assert_eq!(kind(&use_token(&world.keeper())), "at-2", "{act:?}");
        assert_eq!(world.sent(), ["rt-1", "rt-1"]);
        assert!(world.stored().refused.is_none());
    }
}

#[test]
fn a_refusal_with_another_holder_carries_the_services_answer() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::Refuse]);
    world.change_after_sending(|stored| {
        let mut next = stored.as_ref().unwrap().next();
        next.note.as_mut().unwrap().nonce = "of-another".to_owned();
        *stored = Some(next);
    });
    let error = use_token(&world.keeper()).unwrap_err();
    assert!(error.source().unwrap().to_string().contains("invalid_grant"), "{error:?}");
    let Error::OutcomeUnknown(unknown) = error else { panic!("{error:?}") };
    assert!(!unknown.code && !unknown.by_name);
    assert_eq!(unknown.retry_after, Some(299 * SECOND));
    assert!(unknown.holder.is_some());
}

/// A stored refusal with the time of an unanswered request: a later refusal of the same token keeps that
/// time, and a refusal of another token does not.
#[test]
fn a_refusal_keeps_its_reason_only_for_its_own_token() {
    for own in [true, false] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        let since = world.clock.now_utc() - LIFE * 3;
        let token = if own { "rt-1" } else { "rt-other" };
        world.change(|record| {
            record.refused = Some(crate::record::Refused {
                fingerprint: Secret::new(token).fingerprint(),
                at: since,
                code: "invalid_grant".to_owned(),
                description: None,
                status: 400,
                unanswered_since: Some(since),
                unknown: Default::default(),
            });
        });
        world.acts(&[Act::Refuse]);
        assert_eq!(kind(&use_token(&world.keeper())), "reauthorize");
        let refused = world.stored().refused.unwrap();
        assert_eq!(refused.unanswered_since, own.then_some(since));
        assert_eq!(refused.fingerprint, Secret::new("rt-1").fingerprint());
    }
}

/// The spare refresh token replaces a refused token, unless the save fails.
#[test]
fn a_failed_save_of_the_spare_is_an_error() {
    for (fails, expected) in [(true, "backend"), (false, "at-2")] {
        let world = World::new(Rotation::Strict);
        world.change(|record| record.spare = Some(Secret::new("rt-spare")));
        world.wire.0.lock().good.push("rt-spare".to_owned());
        world.past_end();
        world.acts(&[Act::Refuse]);
        let (store, mut done) = (Arc::clone(&world.store), false);
        world.plan(move |call, record| {
            let spare = Secret::new("rt-spare");
            let swaps = call == "save"
                && record.is_some_and(|record| record.token.refresh_token() == Some(&spare));
            if !swaps || std::mem::replace(&mut done, true) {
                return None;
            }
            if !fails {
                let mut stored = store.record.lock();
                *stored = stored.as_ref().map(Record::next);
            }
            fails.then_some(Fault::Before)
        });
        let got = use_token(&world.keeper());
        assert_eq!(kind(&got), expected, "{got:?}");
        let sent: &[&str] = if fails { &["rt-1"] } else { &["rt-1", "rt-1"] };
        assert_eq!(world.sent(), sent);
    }
}

/// A string in place of a refresh token, in a refusal without a code, is kept in case it is the valid token.
#[test]
fn a_refresh_token_beside_an_error_becomes_the_spare() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    world.acts(&[Act::Complaint, Act::Setup]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.stored().spare, Some(Secret::new("required")));
    assert_eq!(kind(&use_token(&world.keeper())), "oauth");
    assert_eq!(world.stored().spare, Some(Secret::new("required")));
}

/// A call cannot go on with the token that it has to replace.
#[test]
fn a_lost_request_is_repeated_if_the_call_has_no_other_token() {
    let world = World::new(Rotation::StrictFamily);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-1");
    world.acts(&[Act::LoseRequest]);
    let refused = Want::Instead(Secret::new("at-1"));
    assert_eq!(keeper.access(&refused).unwrap().access_token().expose(), "at-2");
    assert_eq!(world.sent(), ["rt-1", "rt-1"]);
    // An explicit refresh is also repeated when the old token has expired.
    world.past_end();
    world.acts(&[Act::LoseRequest]);
    let newer = keeper.access(&keeper.newer()).unwrap();
    assert_eq!(newer.access_token().expose(), "at-3");
    assert_eq!(world.sent().len(), 4);
}

/// If another login with the same refresh token has replaced ours, no refresh is reported.
#[test]
fn a_refresh_of_a_replaced_login_is_not_reported() {
    let world = World::with(Rotation::None, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::NoRefreshToken]);
    world.change_after_sending(|stored| {
        let token = Token::new("at-new").with_refresh_token("rt-1");
        *stored = Some(Record::new_login(token, stored.as_ref()));
    });
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "at-new");
    assert_eq!(world.told(|event| matches!(event, Event::Refreshed { .. })), 0);
    assert_eq!(keeper.refreshes(), 0);
}

/// A 401 does not override a wait that the service asked for.
#[test]
fn a_service_that_asked_to_wait_is_not_called_for_a_401() {
    for (early, expected) in [(false, "rate_limited"), (true, "at-2")] {
        let world = World::new(Rotation::Strict);
        world.leave_note(SECOND, 300 * SECOND);
        let when = clock::later(world.clock.now_utc(), 30 * SECOND);
        world.change(|record| {
            let note = record.note.as_mut().unwrap();
            (note.answered, note.early, note.not_before) = (true, early, Some(when));
        });
        let got = world.keeper().access(&Want::Instead(Secret::new("at-1")));
        let got = got.map(|live| live.access_token().expose().to_owned());
        assert_eq!(kind(&got), expected);
    }
}

/// An answered request needs no wait, with any kind of lock.
#[test]
fn an_answered_note_is_no_reason_to_wait() {
    for (unanswered, expected) in [(false, "at-2"), (true, "outcome_unknown")] {
        let world = World::with(Rotation::Strict, LockKind::Lease, true);
        world.past_end();
        world.leave_note(SECOND, 300 * SECOND);
        let since = world.clock.now_utc() - 60 * SECOND;
        world.change(|record| {
            let note = record.note.as_mut().unwrap();
            note.answered = true;
            note.unanswered_since = unanswered.then_some(since);
        });
        assert_eq!(kind(&use_token(&world.keeper())), expected);
    }
}

/// No other process can have the answer to our own request.
#[test]
fn our_own_unanswered_request_is_not_waited_for() {
    let world = World::with(Rotation::Strict, LockKind::Lease, true);
    world.past_end();
    world.acts(&[Act::LoseRequest; 4]);
    let keeper = world.keeper();
    assert_eq!(kind(&use_token(&keeper)), "outcome_unknown");
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.sent().len(), 2, "another process sends nothing");
    assert_eq!(kind(&use_token(&keeper)), "outcome_unknown");
    assert_eq!(world.sent().len(), 4);
    // Our next refresh note was saved over the earlier note although the save reported an error; the client
    // does not wait for our own note either.
    world.plan(|call, _| (call == "save").then_some(Fault::After));
    assert_eq!(kind(&use_token(&keeper)), "backend");
    *world.store.plan.lock() = None;
    assert_eq!(kind(&use_token(&keeper)), "at-2");
    assert_eq!(world.told(|event| matches!(event, Event::Recovered { .. })), 1);
}

/// After 429 the token was not used; after 503 it may have been.
#[test]
fn a_note_says_whether_the_service_may_have_used_the_token() {
    for (act, answered) in [(Act::TooMany, true), (Act::Unavailable, false)] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.acts(&[act]);
        assert_eq!(kind(&use_token(&world.keeper())), "rate_limited");
        assert_eq!(world.stored().note.unwrap().answered, answered, "{act:?}");
    }
}

/// The answer repeats the token that was sent.
#[test]
fn an_echo_of_the_sent_token_is_not_a_spare() {
    let world = World::new(Rotation::Strict);
    world.change(|record| record.token = record.token.clone().with_refresh_token("required"));
    world.past_end();
    world.acts(&[Act::Complaint; 2]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.stored().spare, None);
}

/// The service counts an answer of status 4xx, whatever its text repeats.
#[test]
fn an_answer_that_repeats_the_sent_token_is_counted() {
    let mut world = World::new(Rotation::UntilUsed);
    world.rules.refusal_limit =
        Some(crate::provider::RefusalLimit { refusals: 2, window: 3600 * SECOND });
    world.change(|record| record.token = record.token.clone().with_refresh_token("required"));
    world.past_end();
    world.acts(&[Act::Complaint; 4]);
    let keeper = world.keeper();
    for end in ["outcome_unknown", "outcome_unknown", "rate_limited", "rate_limited"] {
        assert_eq!(kind(&use_token(&keeper)), end);
    }
    assert_eq!(world.sent().len(), 2);
}

/// The service counts a refusal also if another client has replaced the record meanwhile. A record with the note of
/// another client is left alone in a store that does not compare: that client may be saving its successor.
#[test]
fn a_refusal_of_a_replaced_record_is_counted() {
    type Change = fn(&mut Record);
    let login: Change = |record| *record = Record::new_login(record.token.clone(), Some(record));
    let holder: Change = |record| record.note.as_mut().unwrap().nonce = "of-another".to_owned();
    for (act, change, tells, counted) in [
        (Act::TooEarly, login, false, 1),
        (Act::Refuse, login, false, 1),
        (Act::Refuse, holder, true, 1),
        (Act::Refuse, holder, false, 0),
    ] {
        let mut world = World::with(Rotation::Strict, LockKind::Lease, true);
        world.rules.refusal_limit =
            Some(crate::provider::RefusalLimit { refusals: 8, window: 3600 * SECOND });
        world.past_end();
        world.acts(&[act]);
        world.change_after_sending(move |stored| {
            let mut next = stored.as_ref().unwrap().next();
            change(&mut next);
            *stored = Some(next);
        });
        *world.store.tells.lock() = tells;
        let _ = use_token(&world.keeper());
        assert_eq!(world.stored().refusals.len(), counted, "{act:?} {tells}");
    }
}

/// Another client has saved a token that works, and then the store fails.
#[test]
fn a_token_read_after_a_refusal_is_used_if_the_store_fails() {
    for (fails_at, expected) in [(2, "at-other"), (1, "outcome_unknown")] {
        let world = World::new(Rotation::Strict);
        world.past_end();
        world.acts(&[Act::Refuse]);
        let (store, wire) = (Arc::clone(&world.store), Arc::clone(&world.wire));
        let (end, mut loads) = (clock::later(world.clock.now_utc(), LIFE), 0);
        world.plan(move |call, _| {
            loads += usize::from(call == "load" && !wire.0.lock().sent.is_empty());
            if loads == 1 && fails_at > 1 {
                let mut stored = store.record.lock();
                let mut next = stored.clone().unwrap().next();
                let token = Token::new("at-other").with_refresh_token("rt-other");
                next.token = token.with_expires_at(end);
                (next.note, next.generation) = (None, next.generation + 1);
                *stored = Some(next);
            }
            (call == "load" && loads >= fails_at).then_some(Fault::Before)
        });
        let got = use_token(&world.keeper());
        assert_eq!(kind(&got), expected);
        if let Err(error) = got {
            let text = crate::error::chain(&error);
            assert!(text.contains("could not load the store"), "{text}");
            assert!(!text.contains("nothing was sent"), "{text}");
        }
    }
}

/// If refusals are not limited, nothing is written about them.
#[test]
fn without_a_refusal_limit_nothing_is_written() {
    let world = World::new(Rotation::Strict);
    world.past_end();
    let before = world.stored().revision;
    world.acts(&[Act::Bad; 2]);
    assert_eq!(kind(&use_token(&world.keeper())), "outcome_unknown");
    assert_eq!(world.stored().revision, before + 1, "the note");
    world.acts(&[Act::Refuse]);
    let (sent, mut theirs) = (world.sent().len(), None);
    let (store, wire, clock) =
        (Arc::clone(&world.store), Arc::clone(&world.wire), world.clock.clone());
    world.plan(move |call, _| {
        if call == "load" && theirs.is_none() && wire.0.lock().sent.len() > sent {
            let mut next = store.record.lock().clone().unwrap().next();
            let end = clock::later(clock.now_utc(), LIFE);
            next.token = Token::new("at-theirs").with_refresh_token("rt-9").with_expires_at(end);
            next.note = None;
            theirs = Some(next.revision);
            *store.record.lock() = Some(next);
        }
        None
    });
    assert_eq!(kind(&use_token(&world.keeper())), "at-theirs");
    assert_eq!(world.stored().revision, before + 3, "our two notes and their token");
}

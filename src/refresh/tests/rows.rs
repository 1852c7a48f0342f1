//! Tests of rows of the decision tables that cannot be tested by a whole call, and of the history.

use std::time::Duration;

use super::*;
use crate::refresh::decide::{self, Decision, Found, Unsaved, not_saved};
use crate::refresh::history::History;

const WINDOW: Duration = Duration::from_secs(120);

/// Tests the decision and its wait directly in the table, in cases in which a whole call shows no
/// difference.
#[test]
fn each_reason_to_wait_keeps_a_working_token_or_gives_the_wait() {
    let seconds = Duration::from_secs;
    let found = |rotation, lock, change: &dyn Fn(&mut Found)| {
        let mut alive = Found {
            rotation,
            ends_access_token: false,
            ends_other_logins: false,
            lock,
            age: seconds(1),
            deadline_in: seconds(100),
            not_before_in: Duration::ZERO,
            pause: Duration::ZERO,
            usable: true,
            explicit: false,
        };
        change(&mut alive);
        let dead = Found { usable: false, ..alive };
        (decide::found(&alive), decide::found(&dead))
    };
    let keep = |other| (Decision::Keep, other);
    let asked = found(Rotation::Strict, LockKind::FreedByDeath, &|f| f.not_before_in = seconds(5));
    assert_eq!(asked, keep(Decision::NotBefore(seconds(5))));
    let paused = found(Rotation::Strict, LockKind::FreedByDeath, &|f| f.pause = seconds(7));
    assert_eq!(paused, keep(Decision::Deadline(seconds(7))));
    assert_eq!(
        found(Rotation::Strict, LockKind::Lease, &|_| {}),
        keep(Decision::Deadline(seconds(100)))
    );
    let replay = (Decision::Replay, Decision::Replay);
    // Other logins are at risk only if a second use revokes the token family.
    assert_eq!(
        found(Rotation::Strict, LockKind::FreedByDeath, &|f| f.ends_other_logins = true),
        replay
    );
    let others =
        found(Rotation::StrictFamily, LockKind::FreedByDeath, &|f| f.ends_other_logins = true);
    assert_eq!(others, keep(Decision::Stop));
    let by_name = found(Rotation::StrictFamily, LockKind::FreedByDeath, &|f| {
        (f.ends_other_logins, f.explicit, f.ends_access_token) = (true, true, true);
    });
    assert_eq!(by_name, replay);
    // A replay is safe within the window; without a lock, only in its second half.
    let at = |lock, age| found(Rotation::Grace(WINDOW), lock, &move |f: &mut Found| f.age = age);
    let waits = keep(Decision::Deadline(seconds(100)));
    assert_eq!(at(LockKind::Lease, WINDOW - seconds(1)), replay);
    assert_eq!(at(LockKind::Lease, WINDOW), waits);
    assert_eq!(at(LockKind::None, WINDOW / 2), replay);
    assert_eq!(at(LockKind::None, WINDOW * 2 / 5), waits);
}

#[test]
fn replays_and_kept_pairs_depend_on_the_class() {
    let grace = [Rotation::Grace(WINDOW), Rotation::GraceThenFamily(WINDOW), Rotation::UntilUsed];
    let rest = [Rotation::None, Rotation::Strict, Rotation::StrictFamily, Rotation::Unknown];
    let all = [grace.as_slice(), rest.as_slice()].concat();
    for rotation in all {
        assert!(decide::replays(rotation, true, true) && decide::replays(rotation, false, false));
        assert_eq!(decide::replays(rotation, false, true), rotation != Rotation::StrictFamily);
        assert_eq!(not_saved(rotation, false), Unsaved::GoOn);
    }
}

fn record(generation: u64, refresh_token: &str) -> Record {
    let mut record = Record::from(Token::new("at").with_refresh_token(refresh_token));
    record.login = "one".to_owned();
    record.generation = generation;
    record
}

#[test]
fn the_superseded_token_of_a_record_is_remembered() {
    let mut history = History::default();
    let mut third = record(3, "rt-3");
    third.superseded = Some(Secret::new("rt-2"));
    history.learn(&third);
    assert_eq!(history.newer_than(&record(2, "rt-2")), Some(&third));
    // Another login began with the same token: the store has not gone back.
    let mut other = record(2, "rt-2");
    other.login = "other".to_owned();
    assert!(history.newer_than(&other).is_none());
}

#[test]
fn a_store_with_an_unreplaced_token_has_not_gone_back() {
    let mut history = History::default();
    for generation in 1..4 {
        history.learn(&record(generation, "rt-1"));
    }
    assert!(history.newer_than(&record(1, "rt-1")).is_none());
    // The same generation comes again, with a token that a script has stored.
    history.learn(&record(3, "rt-script"));
    assert_eq!(history.newer_than(&record(2, "rt-1")), Some(&record(3, "rt-script")));
}

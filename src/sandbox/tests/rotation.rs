//! Tests of what happens to refresh tokens, for each kind of rotation.

use std::time::Duration;

use super::{Desk, unchanged};
use crate::provider::Rotation;
use crate::sandbox::events::EventKind;
use crate::sandbox::tokens::TOO_EARLY;

const GRACE: Duration = Duration::from_secs(30);

#[test]
fn without_rotation_a_refresh_token_stays_valid() {
    let mut desk = Desk::new(Rotation::None, unchanged);
    let first = desk.login();
    for _ in 0..3 {
        let again = desk.refresh(first).unwrap();
        assert_eq!(again.refresh, None);
        assert!(desk.owner(again).is_some());
    }
    assert!(desk.server.login_alive());
    assert_eq!(desk.server.counters.refreshes, 3);
    assert_eq!(desk.server.counters.reuses, 0);
}

#[test]
fn a_grace_window_repeats_the_pair_and_then_refuses() {
    let mut desk = Desk::new(Rotation::Grace(GRACE), |s| s.same_pair = true);
    let first = desk.login();
    let second = desk.refresh(first).unwrap();
    desk.clock.advance(GRACE - Duration::from_millis(1));
    assert_eq!(desk.refresh(first).unwrap(), second);
    desk.clock.advance(Duration::from_millis(1));
    assert!(desk.refused(first));
    assert!(desk.server.login_alive());
    assert!(desk.refresh(second).is_ok());
    assert_eq!(desk.server.counters.recovered, 1);
    assert_eq!(desk.server.counters.reuses, 1);
}

#[test]
fn a_grace_window_may_issue_a_second_valid_pair() {
    let mut desk = Desk::new(Rotation::Grace(GRACE), unchanged);
    let first = desk.login();
    let (a, b) = (desk.refresh(first).unwrap(), desk.refresh(first).unwrap());
    assert_ne!(a, b);
    assert!(desk.refresh(a).is_ok());
    assert!(desk.refresh(b).is_ok());
}

#[test]
fn a_second_pair_may_end_the_first_and_its_successors() {
    let mut desk = Desk::new(Rotation::Grace(GRACE), |s| s.second_pair_ends_first = true);
    let first = desk.login();
    let a = desk.refresh(first).unwrap();
    let child = desk.refresh(a).unwrap();
    let b = desk.refresh(first).unwrap();
    assert!(desk.refused(a));
    assert!(desk.refused(child));
    assert!(desk.owner(child).is_none());
    assert!(desk.owner(b).is_some());
    assert!(desk.owner(first).is_some());
    assert!(desk.refresh(b).is_ok());
}

#[test]
fn a_late_repeat_may_end_the_whole_login() {
    let mut desk = Desk::new(Rotation::GraceThenFamily(GRACE), unchanged);
    let first = desk.login();
    let second = desk.refresh(first).unwrap();
    assert!(desk.refresh(first).is_ok());
    desk.clock.advance(GRACE);
    assert!(desk.refused(first));
    assert!(desk.refused(second));
    assert!(desk.owner(second).is_none());
    assert!(!desk.server.login_alive());
    assert_eq!(desk.server.counters.logins_ended, 1);
}

#[test]
fn a_refresh_token_works_until_its_successor_is_used() {
    let mut desk = Desk::new(Rotation::UntilUsed, unchanged);
    let first = desk.login();
    let lost = desk.refresh(first).unwrap();
    desk.clock.advance(Duration::from_secs(86400));
    let second = desk.refresh(first).unwrap();
    assert_ne!(lost, second);
    assert!(desk.server.login_alive());
    assert!(desk.refresh(second).is_ok());
    assert_eq!(desk.server.counters.recovered, 1);
    assert_eq!(desk.server.counters.reuses, 0);
}

#[test]
fn using_either_new_token_ends_the_old_refresh_token() {
    for by_api in [true, false] {
        for fatal in [true, false] {
            let mut desk = Desk::new(Rotation::UntilUsed, |s| s.reuse_ends_login = fatal);
            let first = desk.login();
            let second = desk.refresh(first).unwrap();
            let newest = if by_api {
                assert!(desk.owner(second).is_some());
                second
            } else {
                desk.refresh(second).unwrap()
            };
            assert!(desk.refused(first));
            assert_eq!(desk.server.login_alive(), !fatal);
            assert_eq!(desk.refresh(newest).is_ok(), !fatal);
        }
    }
}

#[test]
fn strict_rotation_refuses_a_repeat_and_keeps_the_login() {
    for rotation in [Rotation::Strict, Rotation::Unknown] {
        let mut desk = Desk::new(rotation, unchanged);
        let first = desk.login();
        let second = desk.refresh(first).unwrap();
        assert!(desk.refused(first));
        assert!(desk.server.login_alive());
        assert!(desk.refresh(second).is_ok());
        assert_eq!(desk.server.counters.reuses, 1);
    }
}

#[test]
fn strict_family_rotation_ends_only_the_repeated_login() {
    let mut desk = Desk::new(Rotation::StrictFamily, unchanged);
    let other = desk.login();
    let first = desk.login();
    let second = desk.refresh(first).unwrap();
    assert!(desk.refused(first));
    assert!(desk.refused(second));
    assert!(desk.owner(second).is_none());
    assert!(desk.refresh(other).is_ok());
    let kinds: Vec<EventKind> = desk.server.events.iter().map(|event| event.kind).collect();
    use EventKind::{LoginBegan, LoginEnded, Refreshed, Reused, Unauthorized};
    assert_eq!(
        kinds,
        [LoginBegan, LoginBegan, Refreshed, Reused, LoginEnded, Unauthorized, Refreshed]
    );
}

#[test]
fn the_old_access_token_may_end_at_a_refresh() {
    for rotation in [Rotation::None, Rotation::Strict] {
        for ends in [true, false] {
            let mut desk = Desk::new(rotation, |s| s.ends_access_token = ends);
            let first = desk.login();
            let second = desk.refresh(first).unwrap();
            assert_eq!(desk.owner(first).is_none(), ends);
            assert!(desk.owner(second).is_some());
        }
    }
}

#[test]
fn an_access_token_ends_with_its_lifetime_or_on_command() {
    let mut desk = Desk::new(Rotation::Strict, unchanged);
    let first = desk.login();
    desk.clock.advance(Duration::from_secs(3599));
    assert!(desk.owner(first).is_some());
    desk.clock.advance(Duration::from_secs(1));
    assert!(desk.owner(first).is_none());
    let second = desk.refresh(first).unwrap();
    let now = desk.now();
    desk.server.expire_access_tokens(now);
    assert!(desk.owner(second).is_none());
    assert!(desk.refresh(second).is_ok());
}

#[test]
fn a_refresh_with_a_young_access_token_is_too_early() {
    let earliest = Duration::from_secs(570);
    let mut desk = Desk::new(Rotation::StrictFamily, |s| s.earliest_refresh = Some(earliest));
    let first = desk.login();
    desk.clock.advance(earliest - Duration::from_secs(1));
    assert_eq!(desk.refresh(first), Err(TOO_EARLY));
    desk.clock.advance(Duration::from_secs(1));
    let second = desk.refresh(first).unwrap();
    // The check for "too early" comes before the check for reuse, so the repeat does not revoke the login.
    assert_eq!(desk.refresh(first), Err(TOO_EARLY));
    assert!(desk.server.login_alive());
    let now = desk.now();
    desk.server.expire_access_tokens(now);
    assert!(desk.refresh(second).is_ok());
}

#[test]
fn a_refresh_may_ask_for_less_scope_but_not_for_more() {
    let mut desk = Desk::new(Rotation::Strict, unchanged);
    let first = desk.login();
    let (now, text) = (desk.now(), desk.refresh_text(first));
    let more = desk.server.refresh(now, &text, Some("read admin")).unwrap_err();
    assert_eq!(more.code, "invalid_scope");
    assert!(desk.server.refresh(now, &text, Some("read")).is_ok());
}

#[test]
fn revoking_a_refresh_token_ends_its_login() {
    let mut desk = Desk::new(Rotation::Strict, unchanged);
    let pair = desk.login();
    let access = desk.server.access_tokens[pair.access].text.clone();
    let (now, refresh) = (desk.now(), desk.refresh_text(pair));
    desk.server.revoke(now, &access);
    assert!(desk.owner(pair).is_none());
    assert!(desk.server.login_alive());
    desk.server.revoke(now, &refresh);
    desk.server.revoke(now, "unknown");
    assert!(desk.refused(pair));
    assert!(!desk.server.login_alive());
}

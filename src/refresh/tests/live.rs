//! Tests of a token in memory: its header, its deadlines, and the calls that accept it.

use std::time::Duration;

use super::*;

fn live(world: &World, token: Token) -> Live {
    Live::new(&Record::new_login(token, None), &*world.clock, &world.rules)
}

#[test]
fn a_header_is_sensitive_and_has_the_providers_scheme() {
    let mut world = World::new(Rotation::Strict);
    let header = |world: &World| live(world, Token::new("at-1")).header.clone().unwrap();
    world.rules.auth_scheme = Some("Bearer".to_owned());
    assert_eq!(header(&world), "Bearer at-1");
    assert!(header(&world).is_sensitive());
    world.rules.auth_scheme = None;
    assert_eq!(header(&world), "at-1");
}

#[test]
fn a_token_that_no_header_can_carry_is_an_error() {
    let world = World::new(Rotation::Strict);
    for (text, fits) in [("a b~", true), ("a\tb", false), ("a\u{7f}", false), ("ä", false)] {
        let live = live(&world, Token::new(text));
        assert_eq!(live.header.is_some(), fits, "{text:?}");
        if !fits {
            assert!(live.without_header().to_string().contains("characters that no header"));
        }
    }
    for (kind, fits) in [("DPoP", false), ("mac", false), ("N_A", false), ("bot", true)] {
        let live = live(&world, Token::new("at-1").with_token_type(kind));
        assert_eq!(live.header.is_some(), fits, "{kind}");
        if !fits {
            let text = live.without_header().to_string();
            assert!(text.contains(kind) && text.contains("not a bearer token"), "{text}");
        }
    }
}

#[test]
fn the_token_is_redacted_from_a_text() {
    let world = World::new(Rotation::Strict);
    let live = live(&world, Token::new("at-secret"));
    assert!(live.is_in("say at-secret twice"));
    assert!(!live.is_in("say nothing"));
    assert_eq!(live.redact("at-secret, at-secret".to_owned()), "[..], [..]");
    assert_eq!(live.redact("nothing".to_owned()), "nothing");
    let empty = self::live(&world, Token::new(""));
    assert!(!empty.is_in("anything"));
    assert_eq!(empty.redact("anything".to_owned()), "anything");
}

/// Checks the exact moments, on each clock alone.
#[test]
fn a_token_is_good_until_its_margin_and_usable_until_its_end() {
    let world = World::new(Rotation::Strict);
    let now = world.clock.now_utc();
    let token = Token::new("at").with_issued_at(now).with_expires_at(clock::later(now, LIFE));
    let margin = world.rules.margin;
    let states = |live: &Live| (live.is_good(&*world.clock), live.is_usable(&*world.clock));
    let live = live(&world, token);
    let start = world.clock.now();
    let instant = Duration::from_nanos(1);
    for (after, expected) in [
        (LIFE - margin - instant, (true, true)),
        (LIFE - margin, (false, true)),
        (LIFE - instant, (false, true)),
        (LIFE, (false, false)),
    ] {
        world.clock.set_wall(start + after);
        assert_eq!(states(&live), expected, "wall clock after {after:?}");
    }
    world.clock.set_wall(start);
    world.clock.advance(LIFE - margin);
    world.clock.set_wall(start);
    assert_eq!(states(&live), (false, true), "monotonic clock");
    world.clock.advance(margin);
    world.clock.set_wall(start);
    assert_eq!(states(&live), (false, false), "monotonic clock");
}

/// Machines that start together get different margins; clients with a login get the same margin.
#[test]
fn the_margin_varies_only_for_grants_without_a_refresh_token() {
    for one_time in [true, false] {
        let mut world = World::new(Rotation::Unknown);
        world.rules.one_time = one_time;
        let now = world.clock.now_utc();
        let token = Token::new("at").with_issued_at(now).with_expires_at(clock::later(now, LIFE));
        let margin = world.rules.margin;
        let lives: Vec<Live> = (0..200).map(|_| live(&world, token.clone())).collect();
        let good = || lives.iter().filter(|live| live.is_good(&*world.clock)).count();
        world.clock.advance(LIFE - margin * 3 / 2);
        assert_eq!(good(), 200, "no margin is longer than 1.5 times the set margin");
        world.clock.advance(margin / 10);
        assert_eq!(good() == 200, one_time, "some margins are nearly 1.5 times as long");
        world.clock.advance(margin * 2 / 5 - Duration::from_millis(100));
        let left = good();
        assert_eq!(left == 200, one_time, "{left}");
        world.clock.advance(Duration::from_millis(100));
        assert_eq!(good(), 0);
    }
}

/// A clock that was a year ahead dated the token.
#[test]
fn a_token_from_the_future_lives_no_longer_than_its_lifetime() {
    let world = World::new(Rotation::Strict);
    let at = clock::later(world.clock.now_utc(), LIFE * 24 * 365);
    let token = Token::new("at").with_issued_at(at).with_expires_at(clock::later(at, LIFE));
    let live = live(&world, token);
    world.clock.advance(LIFE - Duration::from_nanos(1));
    assert!(live.is_usable(&*world.clock));
    world.clock.advance(Duration::from_nanos(1));
    assert!(!live.is_usable(&*world.clock));
}

#[test]
fn an_explicit_refresh_has_no_fallback() {
    let world = World::new(Rotation::Strict);
    let now = world.clock.now_utc();
    let live = live(&world, Token::new("at").with_expires_at(clock::later(now, LIFE)));
    let other = || Some(("another login".into(), 1));
    assert!(Want::Newer(other(), 0).accepts(&live, &*world.clock));
    assert!(!Want::Newer(other(), 0).tolerates(&live, &*world.clock));
    assert!(!Want::Newer(Some(live.id()), 0).accepts(&live, &*world.clock));
    assert!(!Want::Newer(None, 0).accepts(&live, &*world.clock));
    assert!(Want::Newer(None, 0).takes(&live) && !Want::Newer(Some(live.id()), 0).takes(&live));
    for (token, fits) in [("at", false), ("at-other", true)] {
        let want = Want::Instead(Secret::new(token));
        assert_eq!(want.accepts(&live, &*world.clock), fits);
        assert_eq!(want.tolerates(&live, &*world.clock), fits);
        assert_eq!(want.takes(&live), fits);
    }
    assert!(Want::Usable.rank() < Want::Instead(Secret::new("")).rank());
    assert!(Want::Instead(Secret::new("")).rank() < Want::Newer(None, 0).rank());
}

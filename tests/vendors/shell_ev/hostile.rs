//! Tests that a malformed member of a location, a marker or a session makes at most itself unreadable. Each
//! member at each depth is set to `null`, removed, and replaced by a value of every other kind.

use evergrant::shell_ev::{Answer, Bounds, Unread};
use serde_json::{Value, json};

use super::models::location;
use super::{SESSION, World, success};
use crate::odd::{Odd, odd};

/// Puts 50 odd objects between 50 good ones. Each location has its own id, because a list returns each
/// location once.
fn rows(good: &Value, some: &[Odd], id: &str) -> Value {
    let row = |n: usize| {
        let odd = some.get(n / 2).filter(|_| n.is_multiple_of(2));
        let mut row = odd.map_or(good, |odd| &odd.object).clone();
        if row[id].is_string() {
            row[id] = json!(n.to_string());
        }
        row
    };
    (0..100).map(row).collect()
}

/// Checks the values that could not be read: each value is the changed member or inside that member, and has
/// the id of its object.
fn check(unread: &[Unread], some: &[Odd], id: &str) -> usize {
    for unread in unread {
        let (index, path) = unread.at.strip_prefix("data[").unwrap().split_once(']').unwrap();
        let index: usize = index.parse().unwrap();
        let odd = &some[index / 2];
        let told = format!("{} {}: {}", odd.path, odd.change, unread.at);
        assert!(
            index.is_multiple_of(2) && path.trim_start_matches('.').starts_with(&odd.path),
            "{told}"
        );
        assert!(!["null", "removed"].contains(&odd.change), "{told}");
        assert!(odd.path == id || unread.id.as_deref() == Some(&*index.to_string()), "{told}");
    }
    unread.len()
}

fn all<T>(
    good: &Value,
    id: &str,
    call: impl Fn(&Value) -> (Answer<T>, Option<usize>),
) -> (usize, usize) {
    let odd = odd(good);
    let mut kept = 0;
    for some in odd.chunks(50) {
        let (answer, iterated) = call(&success(rows(good, some, id)));
        assert_eq!((answer.data.len(), iterated.unwrap_or(100)), (100, 100));
        kept += check(&answer.unread, some, id);
    }
    (odd.len(), kept)
}

#[test]
fn a_malformed_member_leaves_the_rest_readable() {
    let world = World::new();
    let shell = world.shell();
    let locations = all(&location(), "uid", |body| {
        world.answers(200, body.clone());
        let list = shell.locations().list().page_size(500);
        (list.page(1).unwrap(), Some(list.iter().map(Result::unwrap).count()))
    });
    let marker = json!({
        "markerType": "SingleLocation", "coordinates": { "latitude": 1.0, "longitude": 2.0 },
        "locationCount": 1, "evseCount": 0, "maxPower": 50.0, "operatorName": "o", "status": "Occupied",
        "locationUid": "7", "authorizationMethods": ["PnC"],
    });
    let markers = all(&marker, "locationUid", |body| {
        world.answers(200, body.clone());
        let bounds = Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
        (shell.locations().markers(bounds, 5).call().unwrap(), None)
    });
    let session = json!({
        "id": SESSION, "userId": SESSION, "emaId": "NL-TNM-C00122045-K", "evseId": "NL*TNM*E02003451*0",
        "startedAt": "2026-01-01T00:00:00Z", "stoppedAt": "2026-01-01T01:00:00Z",
        "lastUpdated": "2026-01-01T01:00:00Z",
        "sessionState": { "status": "started", "error": { "code": "E1", "message": "m" } },
    });
    let sessions = all(&session, "id", |body| {
        world.answers(200, body.clone());
        (shell.charging().active("NL-TNM-C00122045-K").call().unwrap(), None)
    });
    let sum = |of: fn(&(usize, usize)) -> usize| {
        [locations, markers, sessions].iter().map(of).sum::<usize>()
    };
    let (tried, kept) = (sum(|counts| counts.0), sum(|counts| counts.1));
    println!("{tried} odd objects in lists of 100: all read, {kept} odd values named and kept");
    assert!(tried > 700 && kept > 350, "{tried} {kept}");
}

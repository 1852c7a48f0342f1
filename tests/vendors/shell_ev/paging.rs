//! Tests of reading all locations, page by page.

use evergrant::sandbox::{ApiReply, Fault};
use evergrant::shell_ev::{Answer, Location, ShellEvError, UnreadRow, request_id};
use serde_json::{Value, json};

use super::{World, success};

fn page(ids: std::ops::Range<u32>) -> Value {
    success(ids.map(|id| json!({ "uid": id.to_string() })).collect())
}

fn number(request: &evergrant::sandbox::ApiRequest) -> u32 {
    request.parameter("pageNumber").unwrap().parse().unwrap()
}

fn uids(world: &World, per_page: u32) -> Vec<String> {
    let shell = world.shell();
    let all = shell.locations().list().page_size(per_page).country(&["NLD"]).iter();
    all.map(|location| location.unwrap().uid.unwrap().to_string()).collect()
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

#[test]
fn pages_are_fetched_lazily_until_a_short_page() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        let first = (number(request) - 1) * 2;
        ApiReply::json(200, page(first..(first + 2).min(5)))
    });
    let shell = world.shell();
    let mut all = shell.locations().page_size(2).iter();
    assert_eq!(world.lines().len(), 0);
    all.by_ref().take(2).for_each(drop);
    assert_eq!(world.lines(), ["GET /v2/locations?perPage=2&pageNumber=1"]);
    drop(all);
    assert_eq!(uids(&world, 2), ids(0..5));
    let pages = world.lines();
    assert_eq!(pages.len(), 3, "{pages:?}");
    assert_eq!(pages[2], "GET /v2/locations?country%5B0%5D=NLD&perPage=2&pageNumber=3");
}

#[test]
fn pages_smaller_than_requested_lose_nothing() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        let first = (number(request) - 1) * 3;
        ApiReply::json(200, page(first..(first + 3).min(6).max(first)))
    });
    assert_eq!(uids(&world, 500), ids(0..6));
}

#[test]
fn a_404_or_a_repeated_page_ends_the_list() {
    let world = World::new();
    world.on("GET", "/locations", |request| match number(request) {
        n @ (1 | 2) => ApiReply::json(200, page((n - 1) * 2..n * 2)),
        _ => ApiReply::json(404, json!({ "status": "FAILED" })),
    });
    assert_eq!(uids(&world, 2), ids(0..4));
    world.on("GET", "/locations", |request| {
        let n = number(request).min(2);
        ApiReply::json(200, page((n - 1) * 2..n * 2))
    });
    assert_eq!(uids(&world, 2), ids(0..4));
    // A 404 on the first page is an error.
    world.on("GET", "/locations", |_| ApiReply::json(404, json!({})));
    assert!(world.shell().locations().list().iter().next().unwrap().is_err());
}

#[test]
fn a_location_that_moves_between_pages_is_returned_once() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        ApiReply::json(
            200,
            match number(request) {
                1 => page(0..3),
                2 => page(2..5),
                _ => page(5..6),
            },
        )
    });
    assert_eq!(uids(&world, 3), ids(0..6));
}

#[test]
fn a_failed_page_is_fetched_again_and_bad_elements_reported() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        ApiReply::json(
            200,
            match number(request) {
                1 => success(json!([{ "uid": 0 }, "what", { "uid": 1, "evses": 7 }])),
                _ => page(2..4),
            },
        )
    });
    let shell = world.builder().retries(0).build().unwrap();
    let mut all = shell.locations().list().page_size(3).iter();
    let mut got = Vec::new();
    got.push(all.next().unwrap().unwrap());
    let odd = all.next().unwrap().unwrap_err();
    let row = UnreadRow::of(&odd).unwrap();
    assert_eq!((row.index, &*row.path, &*row.json), (1, "", "\"what\""));
    assert_eq!(row.operation, "/v2/locations");
    assert!(request_id(&odd).is_some());
    got.push(all.next().unwrap().unwrap());
    world.sandbox.api_fault(Fault::StatusBefore(503));
    assert_eq!(all.next().unwrap().unwrap_err().kind(), "api");
    got.extend(all.map(Result::unwrap));
    let got: Vec<_> = got.into_iter().map(|location| location.uid.unwrap().to_string()).collect();
    assert_eq!(got, ids(0..4));
}

#[test]
fn a_repeated_page_without_ids_ends_the_list() {
    let world = World::new();
    world.on("GET", "/locations", |_| ApiReply::json(200, success(json!([{ "updated": null }]))));
    assert_eq!(world.shell().locations().page_size(1).iter().take(9).count(), 1);
}

#[test]
fn strict_mode_ends_a_list_at_a_malformed_value() {
    let world = World::new();
    let odd = json!([{ "uid": 0 }, { "uid": 1, "updated": [7] }, { "uid": 2 }]);
    world.on("GET", "/locations", move |_| ApiReply::json(200, success(odd.clone())));
    let shell = world.shell();
    let mut strict = shell.locations().list().strict(true).iter();
    let error = strict.next().unwrap().unwrap_err();
    let row = UnreadRow::of(&error).unwrap();
    assert_eq!((row.id.as_deref(), row.index, &*row.path), (Some("1"), 1, "updated"));
    assert!(format!("{error:#}").contains("the object 1, member updated"), "{error:#}");
    assert!(strict.next().is_none());
    assert_eq!(shell.locations().iter().map(Result::unwrap).count(), 3);
    let page = shell.locations().list().page(1).unwrap();
    assert_eq!(page.unread[0].id.as_deref(), Some("1"));
}

#[test]
fn a_page_keeps_what_could_not_be_read() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        ApiReply::json(
            200,
            match number(request) {
                1 => success(json!([{ "uid": 0 }, "what"])),
                2 => page(0..2),
                3 => page(2..3),
                _ => panic!("a page behind the last"),
            },
        )
    });
    let shell = world.shell();
    let pages: Vec<_> = shell.locations().pages().map(Result::unwrap).collect();
    // Location 0 is on the second page as well, and is returned once.
    assert_eq!(pages.iter().map(|page| page.len()).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!((&*pages[0].unread[0].at, &pages[0].unread[0].value), ("data[1]", &json!("what")));
    let again: Answer<Location> =
        serde_json::from_value(serde_json::to_value(&pages[0]).unwrap()).unwrap();
    assert_eq!(again, pages[0]);
    // A list is its own iterator; `from_page` skips pages.
    let from = shell.locations().list().from_page(2);
    let found: Vec<_> =
        (&from).into_iter().map(|location| location.unwrap().uid.unwrap()).collect();
    assert_eq!(found, ["0", "1", "2"]);
    assert_eq!(from.into_iter().count(), 3);
}

#[test]
fn the_first_location_takes_one_small_page() {
    let world = World::new();
    world.on("GET", "/locations", |_| ApiReply::json(200, page(7..8)));
    assert_eq!(world.shell().locations().first().unwrap().unwrap().uid.unwrap(), "7");
    assert_eq!(world.lines(), ["GET /v2/locations?perPage=1&pageNumber=1"]);
    world.on("GET", "/locations", |_| ApiReply::json(200, page(0..0)));
    assert_eq!(world.shell().locations().first().unwrap(), None);
    assert_eq!(world.shell().locations().iter().count(), 0);
}

#[test]
fn get_returns_the_location_or_an_error() {
    let world = World::new();
    world.on("GET", "/locations/7", |_| ApiReply::json(200, page(7..8)));
    world.on("GET", "/locations/8", |_| ApiReply::json(200, page(0..0)));
    world.on("GET", "/locations/9", |_| ApiReply::json(404, json!({})));
    let shell = world.shell();
    let location = shell.locations().get("7").unwrap();
    assert_eq!(location.uid.as_ref().unwrap(), "7");
    // The location's id works for `get`.
    assert_eq!(shell.locations().get(location.uid.as_ref().unwrap()).unwrap(), location);
    let error = shell.locations().get("8").unwrap_err();
    assert_eq!(error.kind(), "decode");
    assert!(format!("{error:#}").contains("it has no location"), "{error}");
    let error = shell.locations().get("9").unwrap_err();
    assert!(ShellEvError::of(&error).unwrap().is_not_found());
}

#[test]
fn a_page_of_unreadable_locations_does_not_end_the_list() {
    let world = World::new();
    world.on("GET", "/locations", |request| match number(request) {
        1 => ApiReply::json(200, success(json!(["odd", 7]))),
        2 => ApiReply::json(200, page(0..2)),
        // From here on the server ignores the number of the page.
        _ => ApiReply::json(200, success(json!(["new", 8]))),
    });
    let shell = world.shell();
    let all: Vec<_> = shell.locations().page_size(2).iter().take(20).collect();
    let read: Vec<bool> = all.iter().map(Result::is_ok).collect();
    assert_eq!(read, [false, false, true, true, false, false]);
    assert_eq!(world.lines().len(), 4);
}

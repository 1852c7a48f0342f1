//! All locations, page by page.

use evergrant::sandbox::{ApiReply, Fault};
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
    let all = shell.locations().list().per_page(per_page).country(&["NLD"]).iter();
    all.map(|location| location.unwrap().uid.unwrap()).collect()
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

#[test]
fn pages_are_fetched_when_they_are_needed_and_end_with_a_short_one() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        let first = (number(request) - 1) * 2;
        ApiReply::json(200, page(first..(first + 2).min(5)))
    });
    let shell = world.shell();
    let mut all = shell.locations().list().per_page(2).iter();
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
fn a_service_that_gives_fewer_than_it_was_asked_for_loses_nothing() {
    let world = World::new();
    world.on("GET", "/locations", |request| {
        let first = (number(request) - 1) * 3;
        ApiReply::json(200, page(first..(first + 3).min(6).max(first)))
    });
    assert_eq!(uids(&world, 500), ids(0..6));
}

#[test]
fn the_end_may_be_a_404_or_the_last_page_again() {
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
    // On the first page it is an error.
    world.on("GET", "/locations", |_| ApiReply::json(404, json!({})));
    assert!(world.shell().locations().list().iter().next().unwrap().is_err());
}

#[test]
fn a_location_that_moves_to_a_later_page_is_given_out_once() {
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
fn a_page_that_fails_for_a_moment_is_fetched_again_and_one_bad_element_ends_nothing() {
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
    let mut all = shell.locations().list().per_page(3).iter();
    let mut got = Vec::new();
    got.push(all.next().unwrap().unwrap());
    got.push(all.next().unwrap().unwrap());
    world.sandbox.api_fault(Fault::StatusBefore(503));
    assert_eq!(all.next().unwrap().unwrap_err().kind(), "api");
    got.extend(all.map(Result::unwrap));
    let got: Vec<_> = got.into_iter().map(|location| location.uid.unwrap()).collect();
    assert_eq!(got, ids(0..4));
}

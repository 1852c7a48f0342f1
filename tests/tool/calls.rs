//! `call`: bodies, answers, downloads, pages.

use evergrant::sandbox::{ApiReply, Fault};
use serde_json::{Value, json};

use crate::support::{World, ran};

#[test]
fn a_call_sends_bodies_and_streams_answers() {
    let world = World::new();
    world.seed("acme", false);
    let echo: Value = serde_json::from_str(&world.good(&[
        "call",
        "acme",
        "get",
        "/echo",
        "--query",
        "a=1 2",
        "--header",
        "X-Test: yes",
    ]))
    .unwrap();
    assert_eq!((&echo["method"], &echo["query"]), (&json!("GET"), &json!("a=1+2")));
    assert_eq!(echo["headers"]["x-test"], "yes");
    let body = world.home.join("body.json");
    std::fs::write(&body, "{\"n\":1}").unwrap();
    let path = body.to_str().unwrap();
    let echo: Value =
        serde_json::from_str(&world.good(&["call", "acme", "POST", "/echo", "--body", path]))
            .unwrap();
    assert_eq!((&echo["method"], &echo["body"]), (&json!("POST"), &json!("{\"n\":1}")));
    let mut command = world.command(&["call", "acme", "PUT", "/echo", "--body", "-"]);
    command.stdin(std::fs::File::open(&body).unwrap());
    let ran = ran(command);
    assert!(ran.code == Some(0) && ran.out.contains("PUT"), "{ran:?}");
    let saved = world.home.join("me.json");
    world.good(&["call", "acme", "GET", "/me", "--output", saved.to_str().unwrap()]);
    let me: Value = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    assert_eq!(me["login"], "ada");
}

#[test]
fn a_failed_call_shows_what_the_api_said() {
    let world = World::new();
    world.seed("acme", false);
    world
        .sandbox
        .on("GET", "/api/odd", |_| ApiReply::json(422, json!({"why": "no\u{1b}[2J such"})));
    let ran = world.run(&["call", "acme", "GET", "/odd", "--output", "never.txt"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("\"why\"") && ran.err.contains("422"), "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}') && !world.home.join("never.txt").exists());
    assert_eq!(world.run(&["call", "acme", "GET", "/status/503"]).code, Some(75));
    let ran = world.run(&["call", "acme", "GET", "https://other.example/x"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("other.example"), "the token goes to no other host: {}", ran.err);
}

#[test]
fn a_download_that_is_cut_leaves_no_file() {
    let world = World::new();
    world.seed("acme", false);
    world
        .sandbox
        .on("GET", "/api/big", |_| ApiReply::bytes(200, "text/plain", vec![b'x'; 300_000]));
    world.sandbox.api_fault(Fault::CutMid(1000));
    let out = world.home.join("big.txt");
    let ran = world.run(&["call", "acme", "GET", "/big", "--output", out.to_str().unwrap()]);
    assert_eq!(ran.code, Some(75), "{ran:?}");
    let names: Vec<_> =
        std::fs::read_dir(&world.home).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("big.txt")), "{names:?}");
    world.good(&["call", "acme", "GET", "/big", "--output", out.to_str().unwrap()]);
    assert_eq!(std::fs::read(&out).unwrap().len(), 300_000);
}

#[test]
fn a_call_follows_the_pages_of_a_list() {
    let world = World::new();
    world.seed("acme", false);
    world.sandbox.on("GET", "/api/linked", |request| {
        let page: u32 = request.parameter("page").as_deref().unwrap_or("1").parse().unwrap();
        let reply = ApiReply::json(200, json!([page * 10, page * 10 + 1]));
        let next = format!("</api/linked?page={}>; rel=\"next\"", page + 1);
        if page < 3 { reply.with_header("Link", &next) } else { reply }
    });
    let lines = world.good(&["call", "acme", "GET", "/linked", "--paginate"]);
    assert_eq!(lines, "10\n11\n20\n21\n30\n31\n");
    world.sandbox.on("GET", "/api/cursor", |request| match request.parameter("after").as_deref() {
        None => ApiReply::json(200, json!({"rows": [1], "meta": {"next": "b c"}})),
        Some("b c") => ApiReply::json(200, json!({"rows": [2], "meta": {"next": null}})),
        Some(_) => ApiReply::new(400),
    });
    let lines = world.good(&[
        "call",
        "acme",
        "GET",
        "/cursor",
        "--paginate",
        "--items",
        "rows",
        "--cursor",
        "meta.next=after",
    ]);
    assert_eq!(lines, "1\n2\n");
    world.sandbox.on("GET", "/api/loop", |_| {
        ApiReply::json(200, json!([])).with_header("Link", "</api/loop?page=1>; rel=next")
    });
    let ran = world.run(&["call", "acme", "GET", "/loop", "--paginate"]);
    assert!(ran.code == Some(1) && ran.err.contains("leads back"), "{ran:?}");
}

//! Tests of `evergrant call`: bodies, answers, downloads, pages.

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

#[test]
fn an_error_body_never_shows_the_token() {
    let world = World::new();
    world.seed("acme", false);
    world.sandbox.on("GET", "/api/echo_error", |request| {
        let sent = request.header("authorization").unwrap_or_default().to_owned();
        ApiReply::json(422, json!({"you": sent, "z": "x".repeat(5000)}))
    });
    let token = world.good(&["token", "acme"]);
    let ran = world.run(&["call", "acme", "GET", "/echo_error"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("Bearer [token]") && !ran.err.contains(token.trim()), "{}", ran.err);
    assert!(ran.err.len() < 4000, "{}", ran.err.len());
}

#[test]
fn a_body_from_a_pipe_is_sent_whole() {
    let world = World::new();
    world.seed("acme", false);
    let pipe = world.home.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let writer = pipe.clone();
    let written = std::thread::spawn(move || std::fs::write(writer, "from a pipe").unwrap());
    let echo = world.good(&["call", "acme", "POST", "/echo", "--body", pipe.to_str().unwrap()]);
    written.join().unwrap();
    let echo: Value = serde_json::from_str(&echo).unwrap();
    assert_eq!(echo["body"], "from a pipe");
}

#[test]
fn a_redirect_answer_is_an_error_with_its_address() {
    let world = World::new();
    world.seed("acme", false);
    world.sandbox.on("GET", "/api/moved", |_| {
        ApiReply::new(302).with_header("Location", "https://new.example/x")
    });
    let ran = world.run(&["call", "acme", "GET", "/moved", "--output", "moved.txt"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("302") && ran.err.contains("https://new.example/x"), "{}", ran.err);
    assert!(!world.home.join("moved.txt").exists());
}

#[test]
fn the_output_file_is_tried_before_the_request_is_sent() {
    let world = World::new();
    world.seed("acme", false);
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = calls.clone();
    world.sandbox.on("POST", "/api/pay", move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        ApiReply::json(200, json!("paid"))
    });
    std::fs::create_dir(world.home.join("folder")).unwrap();
    for path in ["folder", "nowhere/x.json"] {
        let ran = world.run(&["call", "acme", "POST", "/pay", "--output", path]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 0);
    std::fs::write(world.home.join("real.json"), "old").unwrap();
    std::os::unix::fs::symlink("real.json", world.home.join("link.json")).unwrap();
    world.good(&["call", "acme", "POST", "/pay", "--output", "link.json"]);
    assert_eq!(std::fs::read_to_string(world.home.join("real.json")).unwrap(), "\"paid\"");
    assert!(world.home.join("link.json").is_symlink());
    let direct = world.good(&["call", "acme", "POST", "/pay", "--output", "/dev/stdout"]);
    assert_eq!(direct, "\"paid\"");
}

#[test]
fn a_signal_during_a_download_removes_the_unfinished_file() {
    use std::os::unix::process::ExitStatusExt as _;
    let world = World::new();
    world.seed("acme", false);
    let gate = evergrant::sandbox::Gate::new();
    world.sandbox.api_fault(Fault::HoldAfter(gate.clone()));
    let mut child = world.command(&["call", "acme", "GET", "/me", "--output", "me.json"]);
    let mut child = child.spawn().unwrap();
    assert!(gate.wait_for(1, std::time::Duration::from_secs(60)));
    let parts = || {
        let names = std::fs::read_dir(&world.home).unwrap().flatten().map(|e| e.file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".part")).count()
    };
    assert_eq!(parts(), 1);
    // SAFETY: the child has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGTERM) }, 0);
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    gate.open();
    assert_eq!(parts(), 0);
}

#[test]
fn numbers_of_a_list_stay_as_the_api_wrote_them() {
    let world = World::new();
    world.seed("acme", false);
    world.sandbox.on("GET", "/api/prices", |_| {
        let text = "[\n  {\"price\": 1.10, \"id\": 12345678901234567890123},\n  2.50\n]";
        ApiReply::bytes(200, "application/json", text.as_bytes().to_vec())
    });
    let lines = world.good(&["call", "acme", "GET", "/prices", "--paginate"]);
    assert_eq!(lines, "{\"price\":1.10,\"id\":12345678901234567890123}\n2.50\n");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let world = World::new();
    let mut command = world.command(&["providers"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(writer);
    let ran = ran(command);
    assert_eq!((ran.code, &*ran.err), (Some(141), ""));
}

//! Tests of where the command keeps logins: names, settings files, stores, moves.

use serde_json::{Value, json};

use crate::support::{World, mode, ran};

#[test]
fn a_login_without_a_settings_file_is_listed_and_used() {
    let world = World::new();
    world.seed("acme", true);
    std::fs::remove_file(world.logins().join("acme.about.json")).unwrap();
    assert_eq!(world.run(&["keep-alive"]).err, "acme: refreshed\n");
    assert!(world.good(&["status"]).contains("acme"));
}

#[test]
fn a_login_is_named_before_it_is_stored() {
    let world = World::new();
    let login = crate::support::Waiting::start(world.command(&[
        "login",
        "acme",
        "--name",
        "work",
        "--no-browser",
        "--scope",
        "read",
    ]));
    let about = world.logins().join("work.about.json");
    assert_eq!(mode(&about), 0o600);
    login.approve(&world.sandbox);
    assert_eq!(login.end().code, Some(0));
    let about: Value = serde_json::from_slice(&std::fs::read(about).unwrap()).unwrap();
    assert_eq!(about["scopes"], json!(["read"]));
    // The command in the advice, `evergrant login work`, asks for the same scopes.
    let again = world.log_in(&["login", "work", "--no-browser"]);
    assert!(again.err.contains("scope=read&") || again.err.contains("Scopes: read."), "{again:?}");
    let ran = world.run(&["login", "acme", "--name", "gone", "--no-browser", "--timeout", "1"]);
    assert_ne!(ran.code, Some(0));
    assert!(!world.logins().join("gone.about.json").exists(), "nothing is left of a failed login");
}

#[test]
fn a_damaged_file_about_one_login_stops_no_other() {
    let world = World::new();
    world.seed("good", true);
    world.seed("bad", false);
    std::fs::write(world.logins().join("bad.about.json"), "{").unwrap();
    let status = world.run(&["status"]);
    assert!(status.out.contains("alive") || status.out.contains("good"), "{status:?}");
    assert!(status.out.contains("unreadable") && status.out.contains("bad.about.json"));
    let kept = world.run(&["keep-alive"]);
    assert!(kept.err.contains("good: refreshed"), "{kept:?}");
    let again = world.log_in(&["login", "acme", "--name", "bad", "--no-browser"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    world.good(&["token", "bad"]);
}

#[test]
fn a_file_keeps_one_login() {
    let world = World::new();
    world.seed("one", false);
    world.seed("two", false);
    let one = world.logins().join("one.json");
    let shared = world.run(&["token", "two", "--store", one.to_str().unwrap()]);
    assert_eq!(shared.code, Some(1), "{shared:?}");
    assert!(shared.err.contains("keeps the login `one`"), "{}", shared.err);
    let moved = world.run(&["move", "two", one.to_str().unwrap()]);
    assert_eq!(moved.code, Some(1), "{moved:?}");
    // A login remembers its store, so the variable does not change where it is.
    let mut command = world.command(&["token", "two"]);
    command.env("EVERGRANT_STORE", &one);
    assert_eq!(ran(command).code, Some(0));
}

#[test]
fn an_unfinished_move_is_finished() {
    let world = World::new();
    world.seed("acme", false);
    let there = world.home.join("there.json");
    let path = there.to_str().unwrap();
    let about = std::fs::read(world.logins().join("acme.about.json")).unwrap();
    world.good(&["move", "acme", path]);
    // The state after a kill between the move and the update of the login's settings.
    std::fs::write(world.logins().join("acme.about.json"), about).unwrap();
    world.good(&["move", "acme", path]);
    world.good(&["token", "acme"]);
}

#[test]
fn an_unfinished_move_refuses_another_target() {
    let world = World::new();
    world.seed("acme", false);
    let there = world.home.join("there.json");
    let other = world.home.join("other.json");
    let file = world.logins().join("acme.json");
    let mut record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    record["moving"] = json!(there.to_str().unwrap());
    std::fs::write(&file, record.to_string()).unwrap();
    let ran = world.run(&["move", "acme", other.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("there.json") && !other.exists(), "{}", ran.err);
    world.good(&["move", "acme", there.to_str().unwrap()]);
    world.good(&["token", "acme"]);
}

#[test]
fn a_move_takes_an_address_with_a_password_from_a_variable() {
    let world = World::new();
    world.seed("acme", false);
    let store = "postgres://ada:sesame@127.0.0.1:1,127.0.0.1:2/logins";
    let ran_with = world.run(&["move", "acme", store]);
    assert_eq!(ran_with.code, Some(1));
    assert!(ran_with.err.contains("--to-env"), "{}", ran_with.err);
    let mut command = world.command(&["move", "acme", "--to-env", "OTHER"]);
    command.env("OTHER", store);
    let moved = ran(command);
    assert!(moved.code != Some(0) && !moved.err.contains("sesame"), "{moved:?}");
    assert!(!moved.err.contains("other users"), "{}", moved.err);
    world.good(&["token", "acme"]);
    let mut command = world.command(&["move", "acme", "--to-env", "OTHER"]);
    command.env("OTHER", world.home.join("there.json"));
    assert_eq!(ran(command).code, Some(0));
    world.good(&["token", "acme"]);
}

/// Starts a login that shows its address, and kills the process.
fn killed(world: &World, arguments: &[&str]) {
    let mut login = crate::support::Waiting::start(world.command(arguments));
    login.child.kill().unwrap();
    login.child.wait().unwrap();
}

#[test]
fn a_killed_login_leaves_nothing_that_status_shows() {
    let world = World::new();
    killed(&world, &["login", "acme", "--name", "work", "--no-browser"]);
    let status = world.run(&["status"]);
    assert_eq!((status.code, &*status.out), (Some(77), ""), "{status:?}");
    let kept = world.run(&["keep-alive"]);
    assert_eq!((kept.code, &*kept.err), (Some(0), ""), "{kept:?}");
    // The killed login does not disturb the next login with this name.
    let login = world.log_in(&["login", "acme", "--name", "work", "--no-browser"]);
    assert_eq!(login.code, Some(0), "{login:?}");
    assert!(world.good(&["status"]).contains("work"));
}

#[test]
fn a_killed_login_leaves_the_login_before_it() {
    let world = World::new();
    world.seed("work", false);
    let token = world.good(&["token", "work"]);
    let other = world.home.join("other.json");
    let store = other.to_str().unwrap();
    killed(&world, &["login", "acme", "--name", "work", "--no-browser", "--store", store]);
    assert_eq!(world.good(&["token", "work"]), token);
    killed(&world, &["login", "work", "--no-browser"]);
    assert_eq!(world.good(&["token", "work"]), token);
}

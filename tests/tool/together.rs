//! Tests of many copies of the program at the same moment.

use std::process::Stdio;

use crate::support::World;

#[test]
fn sixteen_copies_of_token_at_expiry_refresh_once() {
    let world = World::new();
    world.seed("acme", true);
    let copies: Vec<_> = (0..16)
        .map(|_| {
            let mut command = world.command(&["token", "acme"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> = copies.into_iter().map(|copy| copy.wait_with_output().unwrap()).collect();
    for output in &outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    assert_eq!(world.sandbox.counters().refreshes, 1);
    assert!(world.sandbox.login_alive());
}

#[test]
fn keep_alive_stops_when_the_service_refuses_the_application() {
    let world = World::new();
    for number in 0..20 {
        world.seed(&format!("login-{number:02}"), true);
    }
    let variables = "ACME_CLIENT_ID=sandbox-client\nACME_CLIENT_SECRET=wrong\n";
    std::fs::write(world.settings().join("acme.env"), variables).unwrap();
    let kept = world.run(&["keep-alive"]);
    assert_eq!(kept.code, Some(1), "{kept:?}");
    assert_eq!(world.sandbox.counters().token_requests, 5, "{kept:?}");
    assert!(kept.err.contains("not tried after"), "{}", kept.err);
    assert_eq!(kept.err.matches("error: login-").count(), 20, "{}", kept.err);
}

#[test]
fn logins_of_one_service_are_kept_alive_in_different_stores() {
    let world = World::new();
    world.seed("file", true);
    world.seed("database", true);
    if cfg!(feature = "sqlite") {
        let database = format!("sqlite:{}", world.home.join("logins.sqlite").display());
        world.good(&["move", "database", &database]);
    }
    let kept = world.run(&["keep-alive", "database", "file", "database"]);
    assert_eq!((kept.code, &*kept.err), (Some(0), "database: refreshed\nfile: refreshed\n"));
    assert_eq!(world.sandbox.counters().refreshes, 2);
}

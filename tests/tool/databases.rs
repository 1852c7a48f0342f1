//! Tests of logins in PostgreSQL and Redis, with the command only.
#![cfg(all(feature = "postgres", feature = "redis"))]

#[allow(dead_code)]
#[path = "../stores/servers.rs"]
mod servers;

use crate::support::{World, ran};

/// A login moves into the database, is refreshed there, and moves back.
fn a_login_lives_in(url: &str) {
    let world = World::new();
    world.seed("acme", true);
    world.good(&["move", "acme", url]);
    assert!(!world.logins().join("acme.json").exists());
    let token = world.good(&["token", "acme"]);
    assert_eq!(world.sandbox.counters().refreshes, 1);
    assert_eq!(world.good(&["token", "acme"]), token);
    assert!(world.good(&["status", "acme"]).contains("alive"));
    assert_eq!(world.run(&["doctor", "acme"]).code, Some(0));
    let mut command = world.command(&["token", "acme"]);
    command.env("EVERGRANT_STORE", world.home.join("other.json"));
    assert_eq!(ran(command).out, token, "the remembered store counts before the variable");
    let back = world.home.join("back.json");
    world.good(&["move", "acme", back.to_str().unwrap()]);
    assert_eq!(world.good(&["token", "acme"]), token);
    world.good(&["logout", "acme"]);
    assert!(!world.sandbox.login_alive());
}

#[test]
fn a_login_can_live_in_postgresql() {
    let Some(server) = servers::postgres() else { return };
    a_login_lives_in(&server.url());
}

#[test]
fn a_login_can_live_in_redis() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, servers::FLUSHED);
        a_login_lives_in(&server.url());
    }
}

//! Tests of events that could lose a login: a signal during a token request, and a store that fails
//! to save.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate, Sandbox};

use crate::support::{World, mode};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A service that rotates strictly, and a login whose access token has expired.
fn strict() -> World {
    let sandbox = Sandbox::builder().rotation(Rotation::Strict).start().unwrap();
    let world = World::with(sandbox);
    let text = world.description().replace("until_used", "strict");
    std::fs::write(world.settings().join("acme.toml"), text).unwrap();
    world.seed("acme", true);
    world
}

/// Starts `token acme`, and waits until the sandbox has decided its token request and holds the
/// answer.
fn open_request(world: &World) -> (Child, BufReader<ChildStderr>, Gate) {
    let gate = Gate::new();
    world.sandbox.fault(Fault::HoldAfter(gate.clone()));
    let mut command = world.command(&["token", "acme"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(gate.wait_for(1, PATIENCE));
    let err = BufReader::new(child.stderr.take().unwrap());
    (child, err, gate)
}

pub(crate) fn send(child: &Child, signal: i32) {
    // SAFETY: the child has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

pub(crate) fn read_until(err: &mut BufReader<ChildStderr>, text: &str) {
    let mut all = String::new();
    while !all.contains(text) {
        assert_ne!(err.read_line(&mut all).unwrap(), 0, "no {text:?} in {all}");
    }
}

#[test]
fn a_signal_waits_for_the_answer_of_a_token_request() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let world = strict();
        let (mut child, mut err, gate) = open_request(&world);
        send(&child, signal);
        read_until(&mut err, "the open token request is saved");
        send(&child, signal);
        gate.open();
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        world.good(&["token", "acme"]);
        assert_eq!(world.sandbox.counters().refreshes, 1);
        assert!(world.sandbox.login_alive());
    }
}

#[test]
fn a_save_that_fails_is_repeated_until_it_works() {
    let world = strict();
    let (mut child, mut err, gate) = open_request(&world);
    let file = world.logins().join("acme.json");
    let aside = world.logins().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    gate.open();
    read_until(&mut err, "cannot be saved");
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    read_until(&mut err, "is saved now");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.good(&["token", "acme"]);
    assert_eq!(world.sandbox.counters().refreshes, 1);
}

#[test]
fn an_unsaved_login_is_imported_from_a_rescue_file() {
    let world = strict();
    let (mut child, mut err, gate) = open_request(&world);
    let file = world.logins().join("acme.json");
    let aside = world.logins().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    gate.open();
    read_until(&mut err, "cannot be saved");
    // The signal ends the tries to save before the minute is over.
    send(&child, libc::SIGTERM);
    read_until(&mut err, "try: evergrant import");
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    let rescue = world.logins().join("acme.rescue-1.json");
    assert_eq!(mode(&rescue), 0o600);
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    let arguments = ["import", "acme", rescue.to_str().unwrap(), "--name", "acme"];
    world.good(&arguments);
    world.good(&["token", "acme"]);
    assert_eq!(world.sandbox.counters().refreshes, 1);
    assert!(world.sandbox.login_alive());
    let again = world.run(&arguments);
    assert_eq!(again.code, Some(1), "{again:?}");
}

/// The lock file was deleted while another process waited for an answer.
#[cfg(feature = "sqlite")]
#[test]
fn the_doctor_leaves_a_new_lock_file_new() {
    use evergrant::{TokenBackend as _, backend::SqliteBackend, sandbox::contract::noted};
    let world = strict();
    let path = world.home.join("logins.sqlite");
    world.good(&["move", "acme", &format!("sqlite:{}", path.display())]);
    let files = std::fs::read_dir(&world.home).unwrap().map(|file| file.unwrap().path());
    let is_lock = |file: &std::path::PathBuf| file.to_string_lossy().contains("-evergrant-");
    let lock = files.into_iter().find(is_lock).unwrap();
    // The record names its account, which the store's address does not.
    let sql = "SELECT account FROM evergrant_logins";
    let database = rusqlite::Connection::open(&path).unwrap();
    let account: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(database);
    let store = SqliteBackend::new(&path).account(account);
    let mut value = serde_json::to_value(noted(&store.load().unwrap().unwrap())).unwrap();
    let deadline = time::OffsetDateTime::now_utc() + time::Duration::minutes(4);
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    value["note"]["deadline"] = deadline.format(rfc3339).unwrap().into();
    store.clear().unwrap();
    store.save(&serde_json::from_value(value).unwrap()).unwrap();
    std::fs::remove_file(&lock).unwrap();
    let ran = world.run(&["doctor", "acme"]);
    assert!(ran.out.contains("ok    lock") && lock.exists(), "{ran:?}");
    let before = world.sandbox.counters().token_requests;
    let ran = world.run(&["keep-alive"]);
    assert!(ran.out.contains("unknown") || ran.err.contains("answer"), "{ran:?}");
    assert_eq!(world.sandbox.counters().token_requests, before, "{ran:?}");
}

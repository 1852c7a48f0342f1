//! Tests of a login in a file that a key from the keyring seals, with a real Secret Service on a
//! separate D-Bus.
#![cfg(feature = "keyring")]

use std::fs::File;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{TOOL, World, skip, works};

/// Starts the service, waits until it has its name on the bus, and uses the login in five ways.
const SESSION: &str = "\
printf sesame | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
until dbus-send --session --dest=org.freedesktop.DBus --print-reply / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets | grep -q true; do sleep 0.05; done
set -e
evergrant move acme keyring:
evergrant token acme
evergrant status acme
evergrant doctor acme
evergrant keep-alive
evergrant move acme back.json";

#[test]
fn a_login_can_live_in_a_sealed_file() {
    for program in ["dbus-run-session", "gnome-keyring-daemon", "dbus-send"] {
        if !works("sh", &["-c", "command -v \"$0\"", program]) {
            return skip(&format!("there is no {program}"));
        }
    }
    let world = World::new();
    world.seed("acme", true);
    let record: Value = serde_json::from_slice(&world.record("acme")).unwrap();
    let before = record["token"]["refresh_token"].as_str().unwrap().to_owned();
    let sealed = world.logins().join("acme.sealed.json");
    let shown = world.home.join("shown");
    let copy = format!("cp {} sealed-copy", sealed.display());
    let script = SESSION.replace("evergrant status", &format!("{copy}\nevergrant status"));
    let folder = Path::new(TOOL).parent().unwrap().display().to_string();
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-c", &script]).env_clear().current_dir(&world.home);
    command.env("PATH", format!("{folder}:/usr/bin:/bin")).env("HOME", &world.home);
    command.env("XDG_RUNTIME_DIR", &world.home);
    // The output goes into a file and not into a pipe: a service that outlives the test would keep
    // the pipe open.
    let file = File::create(&shown).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let status = command.status().unwrap();
    let shown = std::fs::read_to_string(shown).unwrap();
    assert!(status.success(), "{status}\n{shown}");
    assert!(shown.contains("alive") && shown.contains("acme: not due"), "{shown}");
    assert_eq!(world.sandbox.counters().refreshes, 1);
    let copy = std::fs::read_to_string(world.home.join("sealed-copy")).unwrap();
    let back = std::fs::read_to_string(world.home.join("back.json")).unwrap();
    let record: Value = serde_json::from_str(&back).unwrap();
    let after = record["token"]["refresh_token"].as_str().unwrap();
    assert!(!copy.contains(&before) && !copy.contains(after), "the copy is sealed");
    assert!(!sealed.exists(), "the login has moved");
    world.good(&["token", "acme"]);
}

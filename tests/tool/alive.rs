//! Tests of `keep-alive`: names in other spellings, saves that fail, and signals.

use std::io::BufReader;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use evergrant::sandbox::{Fault, Gate};

use crate::losses::{PATIENCE, read_until, send};
use crate::support::{World, ran};

/// The path of the description of `acme`, which is another spelling of the service.
const FILE: &str = "./.config/evergrant/acme.toml";

#[test]
fn a_login_named_by_the_file_of_its_service_is_refreshed() {
    let world = World::new();
    world.seed("acme", true);
    let kept = world.run(&["keep-alive", "acme", FILE]);
    assert_eq!((kept.code, &*kept.err), (Some(0), "acme: refreshed\n"), "{kept:?}");
    assert_eq!(world.sandbox.counters().refreshes, 1);
    let again = world.run(&["keep-alive", FILE]);
    assert_eq!((again.code, &*again.err), (Some(0), "acme: not due\n"), "{again:?}");
}

#[test]
fn the_result_of_each_named_login_is_told_with_a_usual_store() {
    let world = World::new();
    world.seed("acme", true);
    let keep = |names: &[&str]| {
        let mut command = world.command(&[&["keep-alive"], names].concat());
        command.env("EVERGRANT_STORE", world.home.join("empty.json"));
        command.env("GITHUB_CLIENT_ID", "app").env("GITHUB_CLIENT_SECRET", "sesame");
        ran(command)
    };
    let kept = keep(&[FILE]);
    assert_eq!((kept.code, &*kept.err), (Some(0), "acme: refreshed\n"), "{kept:?}");
    for names in [&["GitHub"][..], &["GitHub", "github"]] {
        let kept = keep(names);
        assert_eq!(kept.code, Some(77), "{kept:?}");
        assert_eq!(kept.err.matches("github: nobody has logged in").count(), 1, "{kept:?}");
    }
}

#[test]
fn every_command_finds_a_login_by_the_spelling_of_its_service() {
    let world = World::new();
    let file = world.home.join("stored.json");
    std::fs::write(&file, world.stored_token(false).to_string()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        for service in ["GITHUB", "EXACT_ONLINE"] {
            command.env(format!("{service}_CLIENT_ID"), "app");
            command.env(format!("{service}_CLIENT_SECRET"), "sesame");
            command.env(format!("{service}_REDIRECT_URI"), "https://app.example/callback");
        }
        ran(command)
    };
    for (service, spelling) in [("github", "GitHub"), ("exact_online:nl", "Exact-Online:nl")] {
        let imported = run(&["import", service, file.to_str().unwrap()]);
        assert_eq!(imported.code, Some(0), "{imported:?}");
        let name = service.split(':').next().unwrap();
        for command in ["token", "status", "keep-alive"] {
            let found = run(&[command, spelling]);
            assert_eq!(found.code, Some(0), "{command} {spelling}: {found:?}");
        }
        // The same name, and another service.
        let other = run(&["token", "exact_online:be"]);
        assert_eq!(other.code, Some(77), "{other:?}");
        let gone = run(&["logout", spelling, "--forget"]);
        assert_eq!(gone.code, Some(0), "{gone:?}");
        assert!(!world.logins().join(format!("{name}.json")).exists());
        assert!(!world.logins().join(format!("{name}.about.json")).exists());
    }
}

/// A trigger that makes SQLite fail at a change.
#[cfg(feature = "sqlite")]
fn fails_at(change: &str) -> String {
    format!(
        "CREATE TRIGGER fails BEFORE {change} BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
    )
}

#[cfg(feature = "sqlite")]
fn change(database: &std::path::Path, sql: &str) {
    rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

#[cfg(feature = "sqlite")]
#[test]
fn an_import_that_cannot_be_saved_leaves_no_login() {
    let world = World::new();
    world.seed("one", false);
    let database = world.home.join("logins.sqlite");
    let store = format!("sqlite:{}", database.display());
    world.good(&["move", "one", &store]);
    let record = "instr(CAST(NEW.record AS TEXT), '\"token\"') > 0";
    change(&database, &fails_at(&format!("INSERT ON evergrant_logins WHEN {record}")));
    let file = world.home.join("stored.json");
    std::fs::write(&file, world.stored_token(false).to_string()).unwrap();
    let import = ["import", "acme", file.to_str().unwrap(), "--name", "two", "--store", &store];
    let failed = world.run(&import);
    assert!(failed.code == Some(75) && failed.err.contains("the disk is broken"), "{failed:?}");
    let listed = world.good(&["status", "--json"]);
    assert!(listed.contains("\"one\"") && !listed.contains("\"two\""), "{listed}");
    change(&database, "DROP TRIGGER fails");
    world.good(&import);
    assert!(world.good(&["status", "--json"]).contains("\"two\""));
}

#[cfg(feature = "sqlite")]
#[test]
fn an_answer_without_a_token_is_no_refresh_if_its_save_fails() {
    let refused = ("refused", r#"instr(CAST(NEW.record AS TEXT), '"refused"') > 0"#);
    let settled = ("wrong secret", r#"instr(CAST(NEW.record AS TEXT), '"note"') = 0"#);
    for ((what, fails), code, said) in
        [(refused, 77, "refused the refresh token"), (settled, 1, "invalid_client")]
    {
        let world = World::new();
        world.seed("acme", true);
        let database = world.home.join("logins.sqlite");
        world.good(&["move", "acme", &format!("sqlite:{}", database.display())]);
        change(&database, &fails_at(&format!("UPDATE OF record ON evergrant_logins WHEN {fails}")));
        match code {
            77 => world.sandbox.faults(9, Fault::RefuseOnce),
            _ => std::fs::write(
                world.settings().join("acme.env"),
                "ACME_CLIENT_ID=sandbox-client\nACME_CLIENT_SECRET=wrong\n",
            )
            .unwrap(),
        }
        let kept = world.run(&["keep-alive"]);
        assert_eq!(kept.code, Some(code), "{what}: {kept:?}");
        assert!(kept.err.contains(said) && !kept.err.contains("refreshed"), "{what}: {kept:?}");
        assert_eq!(world.sandbox.counters().refreshes, 0, "{what}");
    }
}

#[test]
fn keep_alive_begins_no_further_login_after_a_signal() {
    /// The sweep begins with this many logins at the same time.
    const THREADS: usize = 5;
    let world = World::new();
    for number in 0..THREADS + 6 {
        world.seed(&format!("login-{number:02}"), true);
    }
    let gate = Gate::new();
    world.sandbox.faults(THREADS, Fault::HoldAfter(gate.clone()));
    let mut command = world.command(&["keep-alive"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(gate.wait_for(THREADS, PATIENCE));
    let mut err = BufReader::new(child.stderr.take().unwrap());
    send(&child, libc::SIGTERM);
    read_until(&mut err, "the open token request is saved");
    gate.open();
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    let refreshes = || world.sandbox.counters().refreshes as usize;
    assert_eq!(refreshes(), THREADS);
    // Each answer was saved, so the next run refreshes the other logins only.
    assert_eq!(world.run(&["keep-alive"]).code, Some(0));
    assert_eq!(refreshes(), THREADS + 6);
}

//! Tests of clause P4 of the promise for a whole client: a store that cannot be written is noticed before a
//! refresh token is sent. Calls use the access token while it works; then they fail with an error that names
//! the store, and no token request was sent.

use std::time::Duration;

use evergrant::provider::Rotation;
use evergrant::sandbox::{Fault, Gate};
use evergrant::{FileBackend, TokenBackend as _};

use crate::support::*;
use crate::world::{PATIENCE, Worker, World};

/// The age of a token that lives an hour, shortly before its expiry: the token is due, and still works.
const IN_MARGIN: u64 = 3550;

/// Lets time pass for the sandbox and for the worker.
fn advance(world: &World, worker: &mut Worker, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
    assert_eq!(worker.ask(&format!("advance {seconds}")), "done");
}

/// Makes a login that the worker puts into its store, because only the worker can see the store.
fn seed(world: &World, worker: &mut Worker) {
    let token = world.sandbox.login();
    let refresh = token.refresh_token().unwrap();
    let line = format!("seed {} {}", token.access_token().expose(), refresh.expose());
    assert_eq!(worker.ask(&line), "ok true");
    assert_eq!(worker.ask("call"), "ok at-1");
}

/// Breaks the store, checks the calls, and repairs the store.
#[track_caller]
fn found_out(world: &World, mut worker: Worker, broken: &[&str], mended: &[&str]) {
    seed(world, &mut worker);
    advance(world, &mut worker, IN_MARGIN);
    worker.ask("events");
    for line in broken {
        let answer = worker.ask(line);
        assert!(["done", "true"].contains(&answer.as_str()), "{line}: {answer}");
    }
    let nothing_was_sent = || assert_eq!(world.token_requests(), 0);
    // The old token works, and events report the failure from time to time.
    assert_eq!(worker.ask("call"), "ok at-1");
    let events = worker.ask("events");
    assert!(events.starts_with("refresh put off: "), "{events}");
    let folder = world.dir.path().to_str().unwrap();
    assert!(events.contains(folder), "{events}");
    assert_eq!(worker.ask("call"), "ok at-1");
    assert_eq!(worker.ask("events"), "");
    nothing_was_sent();
    // An explicit refresh, a call after a 401 and a call after the expiry fail with an error that names the
    // store.
    let fails = |worker: &mut Worker, line: &str| {
        let answer = worker.ask(line);
        assert!(answer.starts_with("backend "), "{line}: {answer}");
        assert!(answer.contains(folder) && answer.contains("nothing was sent"), "{answer}");
        nothing_was_sent();
    };
    fails(&mut worker, "refresh");
    world.sandbox.expire_access_tokens();
    fails(&mut worker, "call");
    advance(world, &mut worker, 60);
    fails(&mut worker, "call");
    fails(&mut worker, "refresh");
    for line in mended {
        let answer = worker.ask(line);
        assert!(["done", "true"].contains(&answer.as_str()), "{line}: {answer}");
    }
    assert_eq!(worker.ask("call"), "ok at-2");
    assert_eq!(worker.ask("stored"), "ok rt-2 clean");
    assert_eq!((world.token_requests(), world.sandbox.login_alive()), (1, true));
    assert!(worker.end().success());
}

/// Starts a worker whose store is on a small private file system. The file system does not need root.
#[cfg(target_os = "linux")]
fn on_a_small_disk(world: &World) -> Option<Worker> {
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        skip("unshare may not make a file system of its own here");
        return None;
    }
    let script = "mount -t tmpfs -o size=256k none \"$MOUNT\" && exec \"$0\" \"$@\"";
    let wrapper = ["unshare", "-rm", "sh", "-c", script];
    let mount = world.dir.path().to_str().unwrap();
    Some(world.worker_under(&wrapper, &[("CLOCK", "manual"), ("MOUNT", mount)]))
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_no_token_is_sent_and_calls_go_on() {
    for rotation in [Rotation::Strict, Rotation::UntilUsed] {
        let world = World::new(rotation);
        let Some(worker) = on_a_small_disk(&world) else { return };
        found_out(&world, worker, &["fill"], &["unfill"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_read_only_disk_no_token_is_sent() {
    let world = World::new(Rotation::Strict);
    let Some(worker) = on_a_small_disk(&world) else { return };
    let broken = "sh mount -o remount,ro \"$MOUNT\"";
    found_out(&world, worker, &[broken], &["sh mount -o remount,rw \"$MOUNT\""]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_after_the_note_still_stores_the_successor() {
    for rotation in [Rotation::Strict, Rotation::StrictFamily] {
        let world = World::new(rotation);
        let Some(mut worker) = on_a_small_disk(&world) else { return };
        seed(&world, &mut worker);
        for round in 2..5 {
            advance(&world, &mut worker, 3600);
            let gate = Gate::new();
            world.sandbox.fault(Fault::HoldAfter(gate.clone()));
            assert_eq!(worker.ask("spawn"), "done");
            assert!(gate.wait_for(1, PATIENCE));
            assert_eq!(worker.ask("stored"), format!("ok rt-{} noted", round - 1));
            assert_eq!(worker.ask("fill"), "done");
            gate.open();
            assert_eq!(worker.ask("join"), format!("ok at-{round}"));
            assert_eq!(worker.ask("stored"), format!("ok rt-{round} clean"));
            assert_eq!(worker.ask("unfill"), "done");
        }
        assert_eq!((world.token_requests(), world.sandbox.login_alive()), (3, true));
    }
}

/// The disk is full, and the new tokens need more space than the store has reserved. The client keeps the tokens in
/// memory, and saves them when the disk has space again.
#[cfg(target_os = "linux")]
#[test]
fn a_successor_that_does_not_fit_stays_in_memory() {
    for usable in [true, false] {
        let world = World::new(Rotation::Strict);
        let Some(mut worker) = on_a_small_disk(&world) else { return };
        seed(&world, &mut worker);
        world.sandbox.on_token(|_, mut reply| {
            let mut body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            body["padding"] = "x".repeat(40 << 10).into();
            reply.body = body.to_string().into_bytes();
            reply
        });
        advance(&world, &mut worker, if usable { IN_MARGIN } else { 3600 });
        let gate = Gate::new();
        world.sandbox.fault(Fault::HoldAfter(gate.clone()));
        assert_eq!(worker.ask("spawn"), "done");
        assert!(gate.wait_for(1, PATIENCE));
        assert_eq!(worker.ask("fill"), "done");
        gate.open();
        // As long as the old token works, the call uses the old token.
        for line in ["join", "call"] {
            let answer = worker.ask(line);
            let expected = if usable { "ok at-1" } else { "not_saved " };
            assert!(answer.starts_with(expected), "{line}: {answer}");
        }
        assert!(worker.ask("refresh").starts_with("not_saved "));
        assert_eq!(worker.ask("stored"), "ok rt-1 noted");
        assert_eq!(worker.ask("unfill"), "done");
        // One call every few seconds tries the save again.
        advance(&world, &mut worker, 5);
        assert_eq!(worker.ask("call"), "ok at-2");
        assert_eq!(worker.ask("stored"), "ok rt-2 clean");
        assert_eq!((world.token_requests(), world.sandbox.login_alive()), (1, true));
    }
}

#[cfg(unix)]
#[test]
fn with_a_missing_or_read_only_folder_no_token_is_sent() {
    use std::os::unix::fs::chown;
    // Permission bits do not bind root, so as root the worker runs as another user.
    let Some(wrapper) = unprivileged() else { return };
    let root = !wrapper.is_empty();
    for (broken, mended) in [
        (["sh chmod 555 \"$FOLDER\""], ["sh chmod 755 \"$FOLDER\""]),
        (["sh chmod 000 \"$FOLDER\""], ["sh chmod 755 \"$FOLDER\""]),
        (["sh mv \"$FOLDER\" \"$FOLDER.gone\""], ["sh mv \"$FOLDER.gone\" \"$FOLDER\""]),
    ] {
        let mut world = World::new(Rotation::Strict);
        let outer = world.dir.path();
        let inner = outer.join("inner");
        std::fs::create_dir(&inner).unwrap();
        if root {
            for folder in [outer, &inner] {
                chown(folder, Some(65534), Some(65534)).unwrap();
            }
        }
        world.path = inner.join("store.json");
        let folder = inner.to_str().unwrap();
        let worker = world.worker_under(wrapper, &[("CLOCK", "manual"), ("FOLDER", folder)]);
        found_out(&world, worker, &broken, &mended);
    }
}

/// `ulimit -f` counts blocks of 512 bytes (POSIX); with the signal ignored, the write fails.
#[cfg(target_os = "linux")]
#[test]
fn under_a_file_size_limit_no_token_is_sent() {
    if !works("prlimit", &["--version"]) {
        return skip("prlimit is not installed");
    }
    let world = World::new(Rotation::Strict);
    let wrapper = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let worker = world.worker_under(&wrapper, &[("CLOCK", "manual")]);
    let set = |limit| format!("sh prlimit --pid $PPID --fsize={limit}:");
    found_out(&world, worker, &[&set("4096")], &[&set("unlimited")]);
}

#[test]
fn a_lock_in_another_process_delays_only_calls_without_a_token() {
    let world = World::new(Rotation::Strict);
    let set = [("CLOCK", "manual"), ("STORE_CLOCK", "manual")];
    let mut worker = world.worker_under::<&str>(&[], &set);
    seed(&world, &mut worker);
    let guard = FileBackend::new(&world.path).lock(Duration::ZERO).unwrap();
    advance(&world, &mut worker, IN_MARGIN);
    assert_eq!(worker.ask("call"), "ok at-1");
    assert_eq!(worker.ask("slept"), "0");
    // After the expiry, a call waits as long as a holder may keep the lock.
    advance(&world, &mut worker, 60);
    let answer = worker.ask("call");
    assert!(answer.starts_with("busy "), "{answer}");
    assert!(answer.contains(world.path.to_str().unwrap()), "{answer}");
    assert_eq!(worker.ask("slept"), "300");
    assert!(worker.ask("refresh").starts_with("busy "));
    assert_eq!(world.token_requests(), 0);
    drop(guard);
    assert_eq!(worker.ask("call"), "ok at-2");
    assert_eq!((world.token_requests(), world.sandbox.login_alive()), (1, true));
}

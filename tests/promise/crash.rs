//! Tests of clauses P2 and P3 of the promise under faults: during a refresh over HTTP, each call to the disk
//! fails, or the process dies at that call. A login may be lost only in one case: the service accepts each
//! refresh token once, it has rotated the token, and the process dies before the successor is in the store.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant::provider::Rotation;

use crate::strace::{calls, unusable, wrapper};
use crate::world::{GRACE, World, successors};

/// Runs a worker under strace that finds its token expired, refreshes and calls the API. Returns the answer
/// of the worker, if the worker survived, and the trace.
fn refresh(world: &World, inject: Option<&str>) -> (Option<String>, String) {
    let trace = world.dir.path().with_extension("trace");
    let wrapper = wrapper(world.dir.path(), &trace, inject);
    let mut worker = world.worker_under(&wrapper, &[("CLOCK", "brisk")]);
    worker.say("call");
    let answer = worker.hear_or_end();
    let ended = worker.end();
    assert_eq!(ended.success(), answer.is_some(), "{ended}");
    let text = std::fs::read_to_string(&trace).unwrap();
    std::fs::remove_file(trace).unwrap();
    (answer, text)
}

/// Makes a run without faults, and returns every fault that the calls of this run could have.
fn faults(rotation: Rotation) -> Vec<String> {
    let world = World::in_real_time(rotation);
    world.seed_ended();
    let (answer, trace) = refresh(&world, None);
    assert_eq!(answer.as_deref(), Some("ok at-2"), "{trace}");
    let counted = calls(world.dir.path(), &trace);
    let mut faults = Vec::new();
    let all = ["error=EIO", "error=ENOSPC", "signal=KILL"].as_slice();
    for (call, kinds) in [
        ("openat", all),
        ("read", &["error=EIO", "signal=KILL"]),
        ("write", all),
        ("ftruncate", all),
        ("fsync", all),
        ("rename", all),
        ("unlink", &["error=EIO", "signal=KILL"]),
        ("flock", &["error=EIO", "signal=KILL"]),
    ] {
        let times = counted.iter().filter(|(name, _)| name == call).count();
        assert!(times > 0, "no {call} in the trace: {trace}");
        for n in 1..=times {
            faults.extend(kinds.iter().map(|kind| format!("{call}:{kind}:when={n}")));
            // The disk may also stop working for good.
            faults.push(format!("{call}:error=EIO:when={n}+"));
        }
    }
    faults
}

/// The results of the runs with a fault.
#[derive(Default)]
struct Totals {
    tried: usize,
    killed: usize,
    failed: usize,
    lost: usize,
    recovered: u64,
}

/// Checks one run with one fault, and the run after it.
fn survives(rotation: Rotation, fault: &str, totals: &Mutex<Totals>) {
    let world = World::in_real_time(rotation);
    world.seed_ended();
    let (answer, trace) = refresh(&world, Some(fault));
    let what = format!("{rotation:?}, {fault}: {answer:?}\n{trace}");
    let killed = fault.contains("KILL");
    assert_eq!(answer.is_none(), killed, "{what}");
    let hit = if killed { "killed by SIGKILL" } else { "(INJECTED)" };
    assert!(trace.contains(hit), "the fault was not reached: {what}");
    let failed = answer.as_ref().is_some_and(|answer| !answer.starts_with("ok "));
    let lasting = fault.ends_with('+');
    // A failure before the request is reported; a failure after the request is repaired.
    let told = answer.as_ref().is_none_or(|a| a.starts_with("ok ") || a.starts_with("backend "));
    assert!(told || lasting, "{what}");

    // The record is whole: the old record, the record with a refresh note, or the new record.
    let held = world.stored_name();
    let stored = world.stored();
    let noted = stored.note().is_some();
    assert!(held == "rt-1" || held == "rt-2" && !noted, "{held}: {what}");
    if answer.as_deref() == Some("ok at-2") {
        assert_eq!(held, "rt-2", "a token was used that is not in the store: {what}");
    }

    // Check the next run.
    let mut next = world.worker_under::<&str>(&[], &[("CLOCK", "brisk")]);
    let said = next.ask("call");
    let events = world.sandbox.events();
    let spent = successors(&events, "rt-1");
    let lost = said.starts_with("reauthorize");
    if lost {
        assert!(killed || lasting, "one failing call has cost the login: {what}\n{said}");
        assert_eq!(rotation, Rotation::Strict, "{what}\n{said}");
        // The service rotated exactly once, and the store still has the token that was rotated: the process
        // died or could not save.
        assert_eq!((held.as_str(), noted), ("rt-1", true), "{what}");
        assert_eq!(spent, ["rt-2"], "{what}\n{events:?}");
        assert!(said.contains("no answer was stored"), "{said}");
        assert!(said.contains("the answer with the new refresh token was lost"), "{said}");
        assert!(world.stored().refused().is_some(), "{what}");
    } else {
        assert!(said.starts_with("ok "), "{said} after {what}");
        assert!(world.sandbox.login_alive(), "{what}");
    }
    // If the error says "nothing was sent", the service received no token request.
    if answer.is_some_and(|answer| answer.starts_with("backend ")) && !lost {
        assert_eq!(world.refreshes(), 1, "{what}");
    }
    let left: Vec<_> = std::fs::read_dir(world.dir.path()).unwrap().collect();
    let most = if lost { 5 } else { 3 };
    assert!(left.len() <= most, "{left:?} are left after {what}");
    let mut totals = totals.lock().unwrap();
    totals.tried += 1;
    totals.killed += usize::from(killed);
    totals.failed += usize::from(failed);
    totals.lost += usize::from(lost);
    totals.recovered += world.sandbox.counters().recovered;
}

#[cfg(target_os = "linux")]
fn every_fault(rotation: Rotation) {
    if unusable() {
        return;
    }
    let faults = faults(rotation);
    let (next, totals) = (AtomicUsize::new(0), Mutex::default());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    survives(rotation, fault, &totals);
                }
            });
        }
    });
    let Totals { tried, killed, failed, lost, recovered } = totals.into_inner().unwrap();
    assert_eq!(tried, faults.len());
    println!(
        "{rotation:?}: {tried} faults, {killed} of them deaths, {failed} calls failed, \
         {recovered} logins recovered, {lost} lost"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_strict_login_is_lost_only_by_death_after_rotation() {
    every_fault(Rotation::Strict);
}

#[cfg(target_os = "linux")]
#[test]
fn with_until_used_rotation_no_fault_loses_a_login() {
    every_fault(Rotation::UntilUsed);
}

#[cfg(target_os = "linux")]
#[test]
fn with_a_grace_window_no_fault_loses_a_login() {
    every_fault(Rotation::Grace(GRACE));
}

//! Tests of the file store under strace: the order of its system calls, and what happens if one of them fails
//! or the process dies at it.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::FileBackend;
use evergrant::backend::Record;
use evergrant::sandbox::contract::{noted, successor};

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[("strace::refresh", refresh)];

/// Makes the store calls of a client's refresh. A refresh note that cannot be saved ends the refresh; a new
/// refresh token that cannot be saved is tried once more.
fn refresh() {
    let store = FileBackend::new(given("STORE"));
    let _guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    store.load().unwrap(); // The content has not changed, so it is not flushed again.
    let note = noted(&stored);
    store.save(&note).unwrap();
    store.load().unwrap(); // A record that this store has saved is not flushed again either.
    println!("\nsaved 2");
    let next = successor(&note, token(2));
    if let Err(error) = store.save(&next) {
        println!("\nagain: {error}");
        store.save(&next).unwrap();
    }
    println!("\nsaved 3");
}

const FILES: [(&str, &str); 6] = [
    ("folder", ""),
    ("record", "store.json"),
    ("lock", "store.json.lock"),
    ("next", ".store.json.evergrant-next"),
    ("temp", ".store.json.evergrant-temp"),
    ("mark", ".store.json.evergrant-flushed"),
];

/// Returns strace as a wrapper that records a child's calls on the store's files in `dir`, and only on
/// these files, and makes one of these calls fail.
pub(crate) fn wrapper(dir: &Path, trace: &Path, inject: Option<&str>) -> Vec<String> {
    let mut wrapper: Vec<String> = ["strace", "-f", "-qq", "-y", "-o"].map(String::from).into();
    wrapper.push(trace.display().to_string());
    for (_, name) in FILES {
        // An empty name would leave a slash at the end, and strace compares strings.
        let path = if name.is_empty() { dir.to_owned() } else { dir.join(name) };
        wrapper.extend(["-P".to_owned(), path.display().to_string()]);
    }
    if let Some(inject) = inject {
        wrapper.extend(["-e".to_owned(), format!("inject={inject}")]);
    }
    wrapper
}

/// Runs the child. Returns its output and the trace.
fn run(dir: &Path, inject: Option<&str>) -> (Output, String) {
    let trace = dir.with_extension("trace");
    let wrapper = wrapper(dir, &trace, inject);
    let output =
        child("strace::refresh", &wrapper).env("STORE", dir.join("store.json")).output().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(trace).unwrap();
    (output, text)
}

/// Returns the calls of the trace, each with the file's name in [`FILES`].
pub(crate) fn calls(dir: &Path, trace: &str) -> Vec<(String, String)> {
    let folder = dir.display().to_string();
    let line = |line: &str| {
        let call = line.split_once(' ')?.1.trim_start();
        let (name, rest) = call.split_once('(')?;
        let from = rest.find(&folder)? + folder.len();
        let path = rest[from..].split(['>', '"']).next()?.trim_start_matches('/');
        let (file, _) = FILES.iter().find(|(_, known)| *known == path)?;
        Some((name.to_owned(), (*file).to_owned()))
    };
    trace.lines().filter_map(line).collect()
}

pub(crate) fn unusable() -> bool {
    let lacks = !works("strace", &["-qq", "-o", "/dev/null", "true"]);
    if lacks {
        skip("strace is not installed, or may not trace");
    }
    lacks
}

#[cfg(target_os = "linux")]
#[test]
fn everything_is_flushed_before_it_is_renamed_and_the_folder_after() {
    if unusable() {
        return;
    }
    let note = [
        ["write next", "ftruncate next"].as_slice(),
        &["write temp", "fsync temp", "rename temp", "fsync folder"],
    ];
    let successor =
        ["write next", "ftruncate next", "fsync next", "rename next", "fsync folder", "write mark"];
    let saves = [note[0], note[1], &successor].concat();
    // Of the three loads, only the first may see content that another process has left unflushed.
    let flush = [["fsync record", "fsync folder", "write mark"].as_slice(), &saves].concat();
    let state = |dir: &TempDir, name: &str| dir.join(name);
    type State<'a> = (&'a str, &'a dyn Fn(&TempDir), &'a Vec<&'a str>);
    let states: [State<'_>; 5] = [
        ("as it was saved", &|_| {}, &saves),
        (
            "no mark",
            &|dir| fs::remove_file(state(dir, ".store.json.evergrant-flushed")).unwrap(),
            &flush,
        ),
        (
            "half a mark",
            &|dir| fs::write(state(dir, ".store.json.evergrant-flushed"), "64").unwrap(),
            &flush,
        ),
        (
            "the same bytes in another file",
            &|dir| {
                fs::copy(state(dir, "store.json"), state(dir, "copy")).unwrap();
                fs::rename(state(dir, "copy"), state(dir, "store.json")).unwrap();
            },
            &flush,
        ),
        (
            "other bytes in the same file",
            &|dir| fs::write(state(dir, "store.json"), record(3).to_json().unwrap()).unwrap(),
            &flush,
        ),
    ];
    for (what, change, expected) in states {
        let dir = TempDir::new();
        FileBackend::new(dir.join("store.json")).save(&record(1)).unwrap();
        change(&dir);
        let (output, trace) = run(dir.path(), None);
        succeeded(&output);
        let writes = ["write", "ftruncate", "fsync", "fdatasync", "rename", "renameat2"];
        let mut done: Vec<_> = calls(dir.path(), &trace)
            .into_iter()
            .filter(|(call, _)| writes.contains(&call.as_str()))
            .map(|(call, file)| format!("{call} {file}"))
            .collect();
        // Some file systems do not reserve space at the write: there the store flushes the space.
        let room = done.iter().position(|step| step == "ftruncate next").unwrap() + 1;
        if done[room] == "fsync next" {
            done.remove(room);
        }
        assert_eq!(done, *expected, "{what}: {trace}");
    }
}

/// Returns a folder with a store that holds a record.
#[cfg(target_os = "linux")]
fn with_a_record() -> TempDir {
    let dir = TempDir::new();
    FileBackend::new(dir.join("store.json")).save(&record(1)).unwrap();
    dir
}

/// Another user could act between the check or the creation of a file and the next call.
#[cfg(target_os = "linux")]
#[test]
fn each_file_is_private_at_once_and_locked_until_it_is_renamed() {
    if unusable() {
        return;
    }
    let dir = with_a_record();
    let (output, trace) = run(dir.path(), None);
    succeeded(&output);
    let (mut made, mut opened) = (0, 0);
    for line in trace.lines().filter(|line| line.contains("openat(")) {
        if line.contains("O_CREAT") {
            assert!(line.contains("O_EXCL") && line.contains(", 0600)"), "{line}");
            made += 1;
        } else if line.contains("store.json") {
            assert!(line.contains("O_NOFOLLOW") && line.contains("O_NONBLOCK"), "{line}");
            opened += 1;
        }
    }
    assert!(made > 2 && opened > 2, "{trace}");
    // The lock between two saves is released after the rename: the file of the refresh note has its final
    // name then, the file of the new record does not.
    let unlocked = |name: &str| {
        let of_it = |line: &&str| line.contains("LOCK_UN") && line.contains(name);
        trace.lines().filter(of_it).count()
    };
    assert_eq!((unlocked("evergrant-next>"), unlocked("evergrant-temp>")), (1, 0), "{trace}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_cannot_be_replaced_is_named_with_the_cause_alone() {
    if unusable() {
        return;
    }
    let dir = with_a_record();
    let (output, _) = run(dir.path(), Some("rename:error=EIO"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot replace"), "{said}");
    assert!(!said.contains("mounted") && !said.contains("another program"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn after_any_failed_call_the_record_is_old_or_new() {
    if unusable() {
        return;
    }
    let dir = with_a_record();
    let (output, trace) = run(dir.path(), None);
    succeeded(&output);
    let counted = calls(dir.path(), &trace);
    let mut faults = Vec::new();
    for (call, kinds) in [
        ("openat", ["error=EIO", "error=ENOSPC", "signal=KILL"].as_slice()),
        ("read", &["error=EIO", "signal=KILL"]),
        ("write", &["error=EIO", "error=ENOSPC", "signal=KILL"]),
        ("ftruncate", &["error=EIO", "error=ENOSPC", "signal=KILL"]),
        ("fsync", &["error=EIO", "error=ENOSPC", "signal=KILL"]),
        ("rename", &["error=EIO", "error=ENOSPC", "signal=KILL"]),
        ("unlink", &["error=EIO", "signal=KILL"]),
        ("flock", &["error=EIO", "signal=KILL"]),
        ("statx", &["error=EIO", "signal=KILL"]),
    ] {
        let times = counted.iter().filter(|(name, _)| name == call).count();
        // Some kernels and libraries have no statx.
        assert!(times > 0 || call == "statx", "no {call} in the trace: {trace}");
        for n in 1..=times {
            faults.extend(kinds.iter().map(|kind| format!("{call}:{kind}:when={n}")));
        }
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    survives(fault);
                }
            });
        }
    });
    println!("{} faults survived", faults.len());
}

/// Checks one run with one fault, and the store after this run.
fn survives(fault: &str) {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let first = record(1);
    FileBackend::new(&path).save(&first).unwrap();
    let (output, trace) = run(dir.path(), Some(fault));
    let said = String::from_utf8_lossy(&output.stdout);
    let all = format!("{fault}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!all.contains("sesame"), "a token is shown: {all}");
    let all = format!("{all}\n{trace}");
    let killed = fault.contains("KILL");
    let hit = if killed { "killed by SIGKILL" } else { "(INJECTED)" };
    assert!(trace.contains(hit), "the fault was not reached: {all}");

    let left = FileBackend::new(&path).load();
    let left: Record = match left {
        Ok(Some(record)) => record,
        other => panic!("load returned {other:?} after {all}"),
    };
    let saved = |n: u32| said.lines().any(|line| line == format!("saved {n}"));
    match left.revision() {
        1 => assert!(left == first && !saved(2), "{all}"),
        2 => assert!(left.note().is_some() && *left.token() == token(1) && !saved(3), "{all}"),
        3 => assert!(left.note().is_none() && *left.token() == token(2), "{all}"),
        other => panic!("revision {other} after {all}"),
    }
    // A single failed call never loses the new refresh token.
    assert!(killed || !saved(2) || saved(3), "{all}");

    // Check that the next process can save.
    let store = FileBackend::new(&path);
    let guard = store.lock(Duration::ZERO).unwrap();
    let note = noted(&store.load().unwrap().unwrap());
    store.save(&note).unwrap();
    let next = successor(&note, token(7));
    store.save(&next).unwrap();
    drop(guard);
    assert_eq!(load(&path), Some(next), "{all}");
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 3, "the record, its mark and its lock are left after {all}");
}

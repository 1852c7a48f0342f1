//! Tests of clauses P2 and P3 of the promise: the order of a client's system calls to the disk and the
//! network. A token is on the disk, and its folder flushed, before the first byte that carries it goes to the
//! API; and the refresh note is on the disk before the first byte of the request that sends the refresh
//! token.

#[cfg(target_os = "linux")]
use std::path::Path;

use evergrant::provider::Rotation;

use crate::strace::unusable;
use crate::world::{Worker, World};

/// A system call. A list of steps has the order in which the calls took effect: a write and a send at their
/// beginning, a flush and a rename at their end.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Bytes were written into a file.
    Write(String, String),
    /// A file or the folder was flushed.
    Flush(String),
    /// A file was renamed over another.
    Rename(String, String),
    /// Bytes were sent to a socket.
    Send(String),
}

/// Returns the names in a trace line's `<...>` or `"..."` that are in `folder`, without the folder; the
/// folder itself is "".
fn names(text: &str, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let after = &rest[at + folder.len()..];
        let end = after.find(['>', '"']).unwrap_or(after.len());
        found.push(after[..end].trim_start_matches('/').to_owned());
        rest = &after[end..];
    }
    found
}

/// Returns the steps of a trace by `strace -f -y`. If another thread interrupts a call, strace writes the
/// call on two lines: the first ends with `<unfinished ...>`, the second begins with `<... call resumed>`.
fn steps(trace: &str, folder: &str) -> Vec<Step> {
    let mut pending: Vec<(String, String)> = Vec::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            // The first byte of an interrupted call may have left before the call ends.
            steps.extend(at_begin(begun, folder));
            pending.push((pid.to_owned(), begun.to_owned()));
        } else if let Some(resumed) = call.strip_prefix("<... ") {
            let at = pending.iter().position(|(of, _)| of == pid);
            let Some((_, begun)) = at.map(|at| pending.swap_remove(at)) else { continue };
            let end = resumed.split_once("resumed>").map_or("", |(_, end)| end);
            steps.extend(at_end(&format!("{begun}{end}"), folder));
        } else {
            steps.extend(at_begin(call, folder));
            steps.extend(at_end(call, folder));
        }
    }
    steps
}

fn at_begin(call: &str, folder: &str) -> Option<Step> {
    let (name, rest) = call.split_once('(')?;
    let target = rest.split(',').next()?;
    match name {
        "write" | "pwrite64" | "writev" | "sendto" | "sendmsg" if target.contains("<socket:") => {
            Some(Step::Send(rest.to_owned()))
        }
        "write" | "pwrite64" | "writev" => {
            let file = names(target, folder).pop()?;
            Some(Step::Write(file, rest.to_owned()))
        }
        _ => None,
    }
}

fn at_end(call: &str, folder: &str) -> Option<Step> {
    let (name, rest) = call.split_once('(')?;
    if !call.ends_with(" = 0") {
        return None;
    }
    let names = names(rest, folder);
    match (name, names.as_slice()) {
        ("fsync" | "fdatasync", [file]) => Some(Step::Flush(file.clone())),
        ("rename" | "renameat" | "renameat2", [.., from, to]) => {
            Some(Step::Rename(from.clone(), to.clone()))
        }
        _ => None,
    }
}

/// Checks that a file with `secret` was written beside the record, flushed, renamed over the record and made
/// durable before the first byte of a message that contains `leaves` was sent.
fn durable_before(steps: &[Step], secret: &str, leaves: &str) -> Result<(), String> {
    let sent =
        steps.iter().position(|step| matches!(step, Step::Send(text) if text.contains(leaves)));
    let sent = sent.ok_or(format!("nothing with {leaves:?} was sent"))?;
    // The file that was written before, and the last step that it reached.
    let mut written: Option<&String> = None;
    let mut stage = "was not written";
    for step in &steps[..sent] {
        match step {
            Step::Write(file, _) if file == "store.json" => {
                return Err("the record was written in place".to_owned());
            }
            // A further attempt to write, after the file was renamed, changes nothing.
            Step::Write(file, text) if text.contains(secret) && stage != "is durable" => {
                (written, stage) = (Some(file), "was not flushed");
            }
            Step::Flush(file) if Some(file) == written && stage == "was not flushed" => {
                stage = "was not renamed";
            }
            Step::Rename(from, to) if Some(from) == written && to == "store.json" => {
                if stage != "was not renamed" {
                    return Err(format!("{secret}: renamed, but it {stage}"));
                }
                stage = "was renamed, and the folder not flushed";
            }
            Step::Flush(file) if file.is_empty() && stage.starts_with("was renamed") => {
                stage = "is durable";
            }
            _ => {}
        }
    }
    if stage == "is durable" {
        Ok(())
    } else {
        Err(format!("{secret}: {leaves:?} left, and it {stage}"))
    }
}

const FOLDER: &str = "/tmp/x";

/// A trace in the right order, as `strace -f -y` writes traces.
const RIGHT: [&str; 6] = [
    r#"7 write(5</tmp/x/.store.json.evergrant-next>, "{\"access_token\":\"at-2-abc\"}", 27) = 27"#,
    r#"7 fsync(5</tmp/x/.store.json.evergrant-next>) = 0"#,
    r#"7 rename("/tmp/x/.store.json.evergrant-next", "/tmp/x/store.json") = 0"#,
    r#"7 fsync(6</tmp/x>)          = 0"#,
    r#"7 sendto(8<socket:[99]>, "GET /api/me HTTP/1.1\r\nauthorization: Bearer at-2-abc", 50, MSG_NOSIGNAL, NULL, 0) = 50"#,
    r#"7 write(1<pipe:[3]>, "= ok at-2\n", 10) = 10"#,
];

fn judged(lines: &[&str]) -> Result<(), String> {
    durable_before(&steps(&lines.join("\n"), FOLDER), "at-2-abc", "at-2-abc")
}

#[test]
fn the_trace_check_accepts_only_the_right_order() {
    assert_eq!(judged(&RIGHT), Ok(()));
    // Exchange any two of the five steps, or leave out any of them.
    for (a, line) in RIGHT.iter().enumerate().take(5) {
        let mut lines = RIGHT.to_vec();
        lines.remove(a);
        assert!(judged(&lines).is_err(), "without {line}");
        for b in a + 1..5 {
            let mut lines = RIGHT.to_vec();
            lines.swap(a, b);
            assert!(judged(&lines).is_err(), "{a} and {b} exchanged");
        }
    }
    // Replace a step by a flush or a rename that failed, or by a flush of another file.
    for (line, with) in [
        (1, r#"7 fsync(5</tmp/x/.store.json.evergrant-next>) = -1 EIO (Input/output error)"#),
        (1, r#"7 fsync(5</tmp/x/.store.json.evergrant-temp>) = 0"#),
        (1, r#"7 fsync(5</tmp/x>) = 0"#),
        (2, r#"7 rename("/tmp/x/.store.json.evergrant-temp", "/tmp/x/store.json") = 0"#),
        (3, r#"7 fsync(6</tmp/x>) = -1 EIO (Input/output error) (INJECTED)"#),
        (3, r#"7 fsync(6</tmp>) = 0"#),
        (0, r#"7 write(5</tmp/x/store.json>, "{\"access_token\":\"at-2-abc\"}", 27) = 27"#),
    ] {
        let mut lines = RIGHT.to_vec();
        lines[line] = with;
        assert!(judged(&lines).is_err(), "{with}");
    }
}

#[test]
fn the_trace_check_understands_interleaved_calls_of_two_threads() {
    let send = r#"8 sendto(8<socket:[99]>, "at-2-abc", 8, MSG_NOSIGNAL, NULL, 0 <unfinished ...>"#;
    let sent = "8 <... sendto resumed>) = 8";
    let flush = "7 fsync(6</tmp/x> <unfinished ...>";
    let flushed = "7 <... fsync resumed>)      = 0";
    let start = &RIGHT[..3];
    assert_eq!(judged(&[start, &[flush, flushed, send, sent]].concat()), Ok(()));
    // The send begins while the flush is under way.
    assert!(judged(&[start, &[flush, send, flushed, sent]].concat()).is_err());
    assert!(judged(&[start, &[send, flush, flushed, sent]].concat()).is_err());
}

/// Starts a worker whose system calls are written into a file. Returns the worker and that file.
#[cfg(target_os = "linux")]
fn watched(world: &World, environment: &[(&str, &str)]) -> (Worker, std::path::PathBuf) {
    let trace = world.dir.path().with_extension("trace");
    let calls = "trace=openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,\
                 sendto,sendmsg,connect";
    let file = trace.to_str().unwrap();
    let wrapper = ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", calls, "-o", file];
    (world.worker_under(&wrapper, environment), trace)
}

#[cfg(target_os = "linux")]
fn read(world: &World, worker: Worker, trace: &Path) -> Vec<Step> {
    assert!(worker.end().success());
    let text = std::fs::read_to_string(trace).unwrap();
    std::fs::remove_file(trace).unwrap();
    steps(&text, world.dir.path().to_str().unwrap())
}

#[track_caller]
fn holds(steps: &[Step], secret: &str, leaves: &str) {
    if let Err(error) = durable_before(steps, secret, leaves) {
        let shown: Vec<_> = steps.iter().map(|step| format!("{step:.200?}")).collect();
        panic!("{error}\n{}", shown.join("\n"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_new_login_is_durable_before_it_is_used() {
    if unusable() {
        return;
    }
    let world = World::new(Rotation::Strict);
    let (mut worker, trace) = watched(&world, &[("CLOCK", "manual")]);
    let url = worker.ask("authorize");
    let callback = world.sandbox.approve(&url).unwrap();
    assert_eq!(worker.ask(&format!("callback {callback}")), "ok at-1");
    assert_eq!(worker.ask("call"), "ok at-1");
    let steps = read(&world, worker, &trace);
    holds(&steps, "at-1-", "Bearer at-1-");
}

#[cfg(target_os = "linux")]
#[test]
fn note_and_successor_are_durable_before_they_are_needed() {
    if unusable() {
        return;
    }
    for rotation in [Rotation::Strict, Rotation::UntilUsed] {
        let world = World::new(rotation);
        world.seed();
        let (mut worker, trace) = watched(&world, &[("CLOCK", "manual")]);
        assert_eq!(worker.ask("call"), "ok at-1");
        world.sandbox.expire_access_tokens();
        assert_eq!(worker.ask("call"), "ok at-2");
        let steps = read(&world, worker, &trace);
        holds(&steps, r#"\"fingerprint\""#, "POST /token");
        holds(&steps, r#"\"fingerprint\""#, "refresh_token=");
        holds(&steps, "at-2-", "Bearer at-2-");
        // The space for the new record is also reserved before the request, by writing bytes.
        let sent =
            steps.iter().position(|s| matches!(s, Step::Send(t) if t.contains("POST /token")));
        let room = steps[..sent.unwrap()].iter().any(|step| {
            matches!(step, Step::Write(file, text) if file.ends_with("-next") && text.contains(r"\0\0\0"))
        });
        assert!(room, "{steps:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pair_whose_save_failed_is_durable_before_its_use() {
    if unusable() {
        return;
    }
    // After one failed save the call tries again; after three the call fails, and the next call saves first.
    for (failures, first) in [("1", "ok"), ("3", "not_saved")] {
        let world = World::new(Rotation::Strict);
        world.seed();
        let set = [("CLOCK", "manual"), ("FAIL_SAVES", failures)];
        let (mut worker, trace) = watched(&world, &set);
        assert_eq!(worker.ask("call"), "ok at-1");
        let answer = worker.ask("refresh");
        assert!(answer.starts_with(first), "{answer}");
        assert_eq!(worker.ask("call"), "ok at-2");
        assert_eq!(world.stored_name(), "rt-2");
        let steps = read(&world, worker, &trace);
        holds(&steps, r#"\"fingerprint\""#, "POST /token");
        holds(&steps, "at-2-", "Bearer at-2-");
        assert_eq!(world.token_requests(), 1);
    }
}

//! Tests of many processes and threads at the moment of expiry: one refresh is made, and every call succeeds.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::oidc_provider;
use crate::server::{BASIC, Count, Server, stored};

/// How many seconds an access token lives. The server counts whole seconds, so a token may live up to one
/// second less.
const LIFETIME: u32 = 2;

/// Returns the number of expiries in a run.
fn rounds() -> u64 {
    if crate::everything_is_required() { 20 } else { 3 }
}

/// Returns a command of the example `workers`, which `cargo test` builds.
fn workers() -> Command {
    let tests = std::env::current_exe().expect("this program");
    let program: PathBuf =
        tests.ancestors().nth(2).expect("the target folder").join("examples/workers");
    assert!(program.exists(), "{} is missing: cargo build --examples", program.display());
    Command::new(program)
}

/// Starts `processes` processes of `threads` threads each at one moment, and checks that every call was a
/// 200.
fn wave(server: &Server, processes: usize, threads: usize, start: SystemTime) {
    let mut children: Vec<Child> = (0..processes)
        .map(|_| {
            workers()
                .arg("--store")
                .arg(server.file("login"))
                .args(["--threads", &threads.to_string(), "--requests", "1", "--wait"])
                .arg(format!("{}/me", server.url))
                .env("EXAMPLE_TOKEN_URL", format!("{}/token", server.url))
                .env("EXAMPLE_CLIENT_ID", BASIC.0)
                .env("EXAMPLE_CLIENT_SECRET", BASIC.1)
                .env("EXAMPLE_AUTH", "basic")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("a worker")
        })
        .collect();
    let mut outputs: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().expect("its output")).lines())
        .collect();
    for output in &mut outputs {
        assert_eq!(output.next().expect("a line").expect("text"), "ready");
    }
    let start = start.duration_since(SystemTime::UNIX_EPOCH).expect("a date").as_secs_f64();
    for child in &mut children {
        let mut input = child.stdin.take().expect("its input");
        writeln!(input, "{start:.3}").expect("the process reads commands");
    }
    for (mut child, output) in children.into_iter().zip(outputs) {
        let lines: Vec<String> = output.map(|line| line.expect("text")).collect();
        assert_eq!(lines, [format!("{{\"200\":{threads}}}")]);
        assert!(child.wait().expect("its end").success());
    }
}

/// Runs through expiries with this number of processes and threads.
fn expiries(processes: usize, threads: usize) {
    let Some(server) = oidc_provider::start(LIFETIME) else { return };
    let file = server.file("login");
    drop(server.logged_in(BASIC, "login"));
    let mut slowest = Duration::ZERO;
    for round in 1..=rounds() {
        let end = stored(&file).token().expires_at().expect("a lifetime");
        // Start at the worst moment: the first call finds that the token has just expired.
        let start = SystemTime::from(end).max(SystemTime::now() + Duration::from_millis(200));
        wave(&server, processes, threads, start);
        slowest = slowest.max(start.elapsed().expect("the start is in the past"));
        let calls = round * (processes * threads) as u64;
        assert_eq!(server.count(), Count { granted: round, refused: 0 }, "round {round}");
        assert_eq!(server.ask("/_count")["calls"], calls, "round {round}");
        assert_eq!(stored(&file).generation(), round + 1);
        assert!(server.is_alive(&file), "round {round}");
    }
    println!(
        "{} expiries, {processes} processes of {threads} threads: 1 refresh each, {} calls, all \
         200, slowest wave {} ms",
        rounds(),
        server.ask("/_count")["calls"],
        slowest.as_millis()
    );
}

#[test]
fn sixteen_processes_and_sixty_four_threads_refresh_once_per_expiry() {
    // Run the two cases at the same time, because each waits most of the time.
    std::thread::scope(|scope| {
        scope.spawn(|| expiries(1, 64));
        scope.spawn(|| expiries(16, 1));
    });
}

//! Counts the round trips to a server, and the flushes of a file, so that a test fails if they grow.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, TokenBackend};

use crate::support::*;

#[cfg(all(target_os = "linux", feature = "sqlite"))]
pub(crate) const CHILDREN: &[Child] = &[("trips::refreshes", refreshes)];

/// A proxy that counts how often a client sends data after an answer of the server.
struct Counter {
    port: u16,
    trips: Arc<AtomicUsize>,
}

impl Counter {
    fn to(server: u16) -> Counter {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let trips = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&trips);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let asked = Arc::new(AtomicBool::new(false));
                let (back, from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (count, answered) = (Arc::clone(&count), Arc::clone(&asked));
                std::thread::spawn(move || {
                    carry(client, server, || {
                        let first = !asked.swap(true, Ordering::SeqCst);
                        count.fetch_add(first.into(), Ordering::SeqCst);
                    });
                });
                std::thread::spawn(move || {
                    carry(from, back, || answered.store(false, Ordering::SeqCst));
                });
            }
        });
        Counter { port, trips }
    }

    fn of(&self, work: impl FnOnce()) -> usize {
        let before = self.trips.load(Ordering::SeqCst);
        work();
        self.trips.load(Ordering::SeqCst) - before
    }
}

/// Carries bytes from one stream to the other.
fn carry(mut from: TcpStream, mut to: TcpStream, at: impl Fn()) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        at();
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The round trips of a call with a working token, of a token that another client has refreshed, of a refresh,
/// and of a refused refresh.
fn trips(counter: &Counter, store: impl Fn() -> Box<dyn TokenBackend>) -> [usize; 4] {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = |store| Client::new(sandbox.provider(), sandbox.credentials(), store);
    let (ours, theirs) = (client(store()), client(store()));
    ours.seed(sandbox.login()).unwrap();
    // The first refresh of a client also reads its refresh note back and asks for the durability of the
    // store.
    ours.refresh().unwrap();
    theirs.refresh().unwrap();
    ours.refresh().unwrap();
    let hot = counter.of(|| drop(ours.access_token().unwrap()));
    // If this thread is interrupted between the refresh note and the send, the client checks the lock once
    // more.
    let refresh = (0..5).map(|_| counter.of(|| ours.refresh().unwrap())).min().unwrap();
    // The first refresh uses our token from the store, and the second refresh replaces that token.
    theirs.refresh().unwrap();
    theirs.refresh().unwrap();
    let adopt = counter.of(|| ours.refresh().unwrap());
    sandbox.revoke_login();
    let refused = counter.of(|| drop(ours.refresh().unwrap_err()));
    [hot, adopt, refresh, refused]
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_needs_few_round_trips() {
    let Some(server) = crate::servers::postgres() else { return };
    let counter = Counter::to(server.port());
    let store = evergrant::PostgresBackend::new(server.url_at(counter.port)).unwrap();
    let trips = trips(&counter, || Box::new(store.clone()));
    println!("PostgreSQL: hot, adopt, refresh, refused: {trips:?}");
    assert!(matches!(trips, [0, 2, 4, 6 | 7]), "{trips:?}");
}

#[cfg(feature = "redis")]
#[test]
fn redis_needs_few_round_trips() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let counter = Counter::to(server.port());
        let store = evergrant::RedisBackend::new(server.url_at(counter.port)).unwrap();
        let trips = trips(&counter, || Box::new(store.clone()));
        println!("{}: hot, adopt, refresh, refused: {trips:?}", program.display());
        assert!(matches!(trips, [0, 2, 4, 6 | 7]), "{trips:?}");
    }
}

/// Each write also waits for the replica.
#[cfg(feature = "redis")]
#[test]
fn redis_with_a_replica_needs_a_few_more_round_trips() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let replica = crate::servers::redis(&program, crate::servers::FLUSHED);
        let port = server.port().to_string();
        let _: String = crate::redis::do_it(&replica, &["REPLICAOF", "127.0.0.1", &port]);
        let follows = || -> String { crate::redis::do_it(&replica, &["INFO", "replication"]) };
        while !follows().contains("master_link_status:up") {
            std::thread::yield_now();
        }
        let counter = Counter::to(server.port());
        let store = evergrant::RedisBackend::new(server.url_at(counter.port)).unwrap().replicas(1);
        let trips = trips(&counter, || Box::new(store.account("default")));
        println!("{}, a replica: hot, adopt, refresh, refused: {trips:?}", program.display());
        assert!(matches!(trips, [0, 3, 6, 8 | 9]), "{trips:?}");
    }
}

/// Refreshes as often as the environment variable says.
#[cfg(all(target_os = "linux", feature = "sqlite"))]
fn refreshes() {
    let path = given("STORE");
    let store: Box<dyn TokenBackend> = match given("KIND").to_str() {
        Some("file") => Box::new(evergrant::FileBackend::new(&path)),
        _ => Box::new(evergrant::SqliteBackend::new(&path)),
    };
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    let times: u32 = given("TIMES").to_str().unwrap().parse().unwrap();
    (0..times).for_each(|_| client.refresh().unwrap());
}

/// The system calls of a refresh, over 20 refreshes after the first 5: flushes, renames, and how many files are
/// made and removed.
#[cfg(all(target_os = "linux", feature = "sqlite"))]
fn calls(kind: &str) -> [f64; 4] {
    let [few, many] = ["5", "25"].map(|times| {
        let dir = TempDir::new();
        let trace = dir.join("trace").display().to_string();
        let calls = "trace=fsync,fdatasync,rename,renameat2,openat,unlink,unlinkat";
        let wrapper = ["strace", "-f", "-qq", "-o", &trace, "-e", calls];
        let output = child("trips::refreshes", &wrapper)
            .env("STORE", dir.join("login"))
            .env("KIND", kind)
            .env("TIMES", times)
            .output()
            .unwrap();
        succeeded(&output);
        let trace = std::fs::read_to_string(trace).unwrap();
        let done = trace.lines().filter(|line| !line.contains("= -1"));
        let count = |call: &str| done.clone().filter(|line| line.contains(call)).count();
        [count("sync("), count(" rename"), count("O_CREAT"), count(" unlink")]
    });
    let mut each = [0.0; 4];
    for ((each, few), many) in each.iter_mut().zip(few).zip(many) {
        *each = (many as f64 - few as f64) / 20.0;
    }
    each
}

#[cfg(all(target_os = "linux", feature = "sqlite"))]
#[test]
fn a_refresh_flushes_seldom() {
    if !works("strace", &["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"]) {
        return skip("strace does not work here");
    }
    let most = [("sqlite", [2.5, 0.0, 0.5, 0.5]), ("file", [4.0, 2.0, 2.5, 0.5])];
    for (kind, most) in most {
        let calls = calls(kind);
        let [flushed, renamed, made, removed] = calls;
        println!(
            "{kind}: {flushed} flushes, {renamed} renames, {made} files made, {removed} removed a refresh"
        );
        assert!(calls.iter().zip(most).all(|(call, most)| *call <= most), "{kind}: {calls:?}");
    }
}

//! Measures a refresh with each store: `cargo bench --bench stores --features sqlite,postgres,redis`.
//!
//! A refresh makes two commits: the note before the token request, and the new pair after it. The bench
//! measures in turns: the refresh with the store, the same refresh with a store in memory, and two commits
//! without the crate, by the store's own library, that survive a power cut. The ratio is the time of the
//! refresh with the store, divided by the sum of the two other times. A ratio above 1 is the cost of the
//! lock, the loads and the comparisons. For a database server the ratio includes a second connection, which a
//! refresh opens while the lock uses the first. The bench starts the servers on loopback, with their data in
//! the temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/stores/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../tests/promise/support.rs"]
#[allow(dead_code)]
mod support;

use std::io::Write as _;
use std::time::Instant;

use evergrant::sandbox::Sandbox;
use evergrant::{
    Client, FileBackend, MemoryBackend, PostgresBackend, RedisBackend, SqliteBackend, TokenBackend,
};

const ROUNDS: usize = 60;

fn main() {
    let mut worst: f64 = 0.0;
    println!(
        "{:<12} {:>12} {:>14} {:>14} {:>7}",
        "store", "refresh", "in memory", "two commits", "ratio"
    );
    let dir = support::TempDir::new();
    let path = dir.join("raw.json");
    worst = worst.max(compare("file", FileBackend::new(dir.join("login.json")), |bytes| {
        let temp = path.with_extension("new");
        let mut file = std::fs::File::create(&temp).unwrap();
        file.write_all(bytes).unwrap();
        file.sync_all().unwrap();
        std::fs::rename(&temp, &path).unwrap();
        std::fs::File::open(dir.path()).unwrap().sync_all().unwrap();
    }));

    let raw = rusqlite::Connection::open(dir.join("raw.sqlite")).unwrap();
    raw.execute_batch(
        "PRAGMA synchronous = EXTRA; CREATE TABLE t (n INTEGER PRIMARY KEY, record BLOB); \
         INSERT INTO t VALUES (1, NULL)",
    )
    .unwrap();
    worst = worst.max(compare("SQLite", SqliteBackend::new(dir.join("ours.sqlite")), |bytes| {
        raw.execute("UPDATE t SET record = ?1 WHERE n = 1", [bytes]).unwrap();
    }));

    for program in servers::redis_programs() {
        let server = servers::redis(&program, servers::FLUSHED);
        let client = redis::Client::open(server.url()).unwrap();
        let mut raw = client.get_connection().unwrap();
        let name = program.file_stem().unwrap().to_str().unwrap().trim_end_matches("-server");
        worst = worst.max(compare(name, RedisBackend::new(server.url()).unwrap(), |bytes| {
            redis::cmd("SET").arg("raw").arg(bytes).exec(&mut raw).unwrap();
        }));
    }

    if let Some(server) = servers::postgres() {
        let mut raw = postgres::Client::connect(&server.url(), postgres::NoTls).unwrap();
        raw.batch_execute("CREATE TABLE t (n int PRIMARY KEY, record bytea)").unwrap();
        raw.batch_execute("INSERT INTO t VALUES (1, NULL)").unwrap();
        let update = raw.prepare("UPDATE t SET record = $1 WHERE n = 1").unwrap();
        let store = PostgresBackend::new(server.url()).unwrap();
        worst = worst.max(compare("PostgreSQL", store, |bytes| {
            raw.execute(&update, &[&bytes]).unwrap();
        }));
    }
    println!("worst: {worst:.2}");
}

/// Returns the median ratio. The measurements alternate, so that a machine that slows down affects all
/// measurements alike.
fn compare(name: &str, store: impl TokenBackend + 'static, mut commit: impl FnMut(&[u8])) -> f64 {
    let sandbox = Sandbox::start().expect("a sandbox");
    let client = |store: Box<dyn TokenBackend>| {
        let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
        assert!(client.seed(sandbox.login()).expect("an empty store"));
        client
    };
    let (ours, memory) = (client(Box::new(store)), client(Box::new(MemoryBackend::new())));
    let timed = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    let record = ours.stored().expect("a record").expect("a record").to_json().expect("JSON");
    // Each commit changes the bytes, because a database may skip a commit without changes.
    let mut commit_another = {
        let (mut bytes, mut n) = (record, 0_u32);
        move || {
            n += 1;
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            commit(&bytes);
        }
    };
    let (mut with, mut without, mut raw, mut ratios) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS + 5 {
        let a = timed(&mut || ours.refresh().expect("a token"));
        let b = timed(&mut || memory.refresh().expect("a token"));
        let c = timed(&mut || (0..2).for_each(|_| commit_another()));
        if round >= 5 {
            with.push(a);
            without.push(b);
            raw.push(c);
            ratios.push(a / (b + c));
        }
    }
    let ratio = median(&mut ratios);
    println!(
        "{name:<12} {:>9.2} ms {:>11.2} ms {:>11.2} ms {ratio:>7.2}",
        median(&mut with),
        median(&mut without),
        median(&mut raw)
    );
    ratio
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

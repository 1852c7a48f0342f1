//! Measures many accounts on one store: `cargo bench --bench fleet --features sqlite,postgres,redis`.
//!
//! 32 threads refresh one login of each account. All access tokens have expired, and the token endpoint
//! on loopback answers at once. The bench measures, for each store and in the same run:
//!
//! * the refreshes a second with a store in memory, as an upper limit for HTTP and JSON;
//! * pairs of durable commits a second by the same 32 threads without the crate;
//! * the refreshes a second with the store, the time of a refresh, and how many more files and sockets are
//!   open at the end;
//! * the loads of a record per second: a sweep makes one load for each login that is not due;
//! * on a server, the bytes that it keeps for a login, and the bytes of its log for a refresh.
//!
//! The share is the rate with the store, divided by the rate that the first two rates allow together.
//! `FLEET_ACCOUNTS` sets the numbers of accounts, `1000,10000` by default; `FLEET_STORES` the stores,
//! such as `file,sqlite`; `FLEET_CONNECTIONS` the connections of a store.
//!
//! `FLEET_HERD=500` measures something else instead: so many clients of one account ask for a token at the
//! same moment, after the access token has expired. One client refreshes, and the others wait. The bench
//! measures, for each store, the refresh, the median of all calls, and how many round trips (reads of a record by
//! a thread alone) the median is longer than the refresh; and, as a lower limit, the median if all threads use one
//! client, and so wait for each other without the store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/stores/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../tests/promise/support.rs"]
#[allow(dead_code)]
mod support;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use evergrant::hooks::Event;
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{
    Client, FileBackend, MemoryBackend, PostgresBackend, RedisBackend, SqliteBackend, TokenBackend,
};
use time::OffsetDateTime;

const THREADS: usize = 32;

/// A store for an account.
type Store<'a> = dyn Fn(usize) -> Box<dyn TokenBackend> + Sync + 'a;

/// The bytes that a server keeps for a login, and the length of its log.
type Gauge<'a> = dyn Fn() -> Option<(u64, u64)> + 'a;

/// A commit that survives a power cut, for an account.
type Commit<'a> = dyn Fn(usize, &[u8]) + Sync + 'a;

fn main() {
    let accounts = std::env::var("FLEET_ACCOUNTS").unwrap_or_else(|_| "1000,10000".to_owned());
    let stores =
        std::env::var("FLEET_STORES").unwrap_or_else(|_| "file,sqlite,redis,postgres".to_owned());
    if herd_size().is_some() {
        println!(
            "{:<12} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10} {:>6} {:>9} {:>6}",
            "store",
            "clients",
            "round trip",
            "refresh",
            "median",
            "longest",
            "one client",
            "trips",
            "refreshes",
            "failed"
        );
    } else {
        print_title();
    }
    for accounts in accounts.split(',').map(|number| number.trim().parse().unwrap()) {
        let dir = support::TempDir::new();
        for store in stores.split(',') {
            match store {
                "file" => file(accounts, &dir.join("files")),
                "sqlite" => sqlite(accounts, &dir.join("logins.sqlite")),
                "redis" => redis(accounts),
                "postgres" => postgres(accounts),
                other => panic!("no store is called {other}"),
            }
        }
        if herd_size().is_some() {
            break;
        }
    }
}

fn print_title() {
    println!(
        "{:<12} {:>8} {:>9} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6} {:>7} {:>8} {:>6} {:>6}",
        "store",
        "accounts",
        "memory/s",
        "pairs/s",
        "ours/s",
        "share",
        "p50",
        "p99",
        "open",
        "failed",
        "loads/s",
        "kept",
        "log"
    );
}

fn file(accounts: usize, folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    measure(
        ("file", accounts),
        &|| None,
        &|n| Box::new(FileBackend::new(folder.join(format!("{n}.json")))),
        &|n, bytes| {
            let path = folder.join(format!("{n}.raw"));
            let temp = path.with_extension("new");
            let mut file = std::fs::File::create(&temp).unwrap();
            file.write_all(bytes).unwrap();
            file.sync_all().unwrap();
            std::fs::rename(&temp, &path).unwrap();
            std::fs::File::open(folder).unwrap().sync_all().unwrap();
        },
    );
}

fn sqlite(accounts: usize, path: &Path) {
    let raw = rusqlite::Connection::open(path.with_extension("raw")).unwrap();
    raw.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    let sql = "PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, record BLOB)";
    raw.execute_batch(sql).unwrap();
    // Threads that share a connection are faster than threads with separate connections, which wait in
    // SQLite's busy handler.
    let raw = Mutex::new(raw);
    let mut store = SqliteBackend::new(path);
    if let Some(most) = connections() {
        store = store.connections(most);
    }
    let open = |n: usize| -> Box<dyn TokenBackend> { Box::new(store.account(n.to_string())) };
    measure(("SQLite", accounts), &|| None, &open, &|n, bytes| {
        let sql = "INSERT INTO t VALUES (?1, ?2) ON CONFLICT (n) DO UPDATE SET record = ?2";
        raw.lock().unwrap().execute(sql, rusqlite::params![n as i64, bytes]).unwrap();
    });
}

fn redis(accounts: usize) {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, servers::FLUSHED);
        let client = redis::Client::open(server.url()).unwrap();
        let raw: Vec<_> =
            (0..THREADS).map(|_| Mutex::new(client.get_connection().unwrap())).collect();
        let name = program.file_stem().unwrap().to_str().unwrap().trim_end_matches("-server");
        let mut store = RedisBackend::new(server.url()).unwrap();
        if let Some(most) = connections() {
            store = store.connections(most);
        }
        let gauge = || {
            let mut asked = client.get_connection().unwrap();
            let kept = redis::cmd("MEMORY").arg("USAGE").arg("evergrant:0").query(&mut asked);
            let info: String = redis::cmd("INFO").arg("persistence").query(&mut asked).unwrap();
            let log = info.lines().find_map(|line| line.strip_prefix("aof_current_size:"));
            Some((kept.unwrap(), log.unwrap().trim().parse().unwrap()))
        };
        let open = |n: usize| -> Box<dyn TokenBackend> { Box::new(store.account(n.to_string())) };
        measure((name, accounts), &gauge, &open, &|n, bytes| {
            let mut raw = free(&raw);
            redis::cmd("SET").arg(format!("raw:{n}")).arg(bytes).exec(&mut *raw).unwrap();
        });
    }
}

fn postgres(accounts: usize) {
    let Some(server) = servers::postgres() else { return };
    let connect = || postgres::Client::connect(&server.url(), postgres::NoTls).unwrap();
    connect().batch_execute("CREATE TABLE t (n int8 PRIMARY KEY, record bytea)").unwrap();
    let sql = "INSERT INTO t VALUES ($1, $2) ON CONFLICT (n) DO UPDATE SET record = $2";
    let raw: Vec<_> = (0..THREADS)
        .map(|_| {
            let mut client = connect();
            let statement = client.prepare(sql).unwrap();
            Mutex::new((client, statement))
        })
        .collect();
    let mut store = PostgresBackend::new(server.url()).unwrap();
    if let Some(most) = connections() {
        store = store.connections(most);
    }
    let gauge = || {
        let sql = "SELECT pg_total_relation_size('evergrant_logins'), \
                   (pg_current_wal_lsn() - '0/0')::bigint";
        let row = connect().query_one(sql, &[]).unwrap();
        Some((row.get::<_, i64>(0) as u64 / accounts as u64, row.get::<_, i64>(1) as u64))
    };
    let open = |n: usize| -> Box<dyn TokenBackend> { Box::new(store.account(n.to_string())) };
    measure(("PostgreSQL", accounts), &gauge, &open, &|n, bytes| {
        let mut raw = free(&raw);
        let (client, statement) = &mut *raw;
        client.execute(statement, &[&(n as i64), &bytes]).unwrap();
    });
}

/// The number of connections of a store, if it is set.
fn connections() -> Option<usize> {
    std::env::var("FLEET_CONNECTIONS").ok().map(|most| most.parse().unwrap())
}

/// Locks a free connection. There are as many connections as threads.
fn free<T>(connections: &[Mutex<T>]) -> std::sync::MutexGuard<'_, T> {
    loop {
        if let Some(free) = connections.iter().find_map(|connection| connection.try_lock().ok()) {
            return free;
        }
    }
}

fn measure(
    (name, accounts): (&str, usize),
    gauge: &Gauge<'_>,
    store: &Store<'_>,
    commit: &Commit<'_>,
) {
    if let Some(clients) = herd_size() {
        return herd(name, clients, store);
    }
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let memory = fleet(&sandbox, accounts, &|_| Box::new(MemoryBackend::new()));
    let (memory, ..) = rate(accounts, &|n| memory[n].access_token().is_ok());
    let before = open_files();
    let clients = fleet(&sandbox, accounts, store);
    let record = clients[0].stored().unwrap().unwrap().to_json().unwrap();
    let (pairs, ..) = rate(accounts, &|n| {
        // Each commit changes the bytes, because a database may skip a commit without changes.
        for round in [n, n + 1] {
            let mut bytes = record.clone();
            bytes[..8].copy_from_slice(&(round as u64).to_be_bytes());
            commit(n, &bytes);
        }
        true
    });
    let log = gauge().map(|(_, log)| log);
    let (ours, failed, mut times) = rate(accounts, &|n| clients[n].access_token().is_ok());
    let [kept, log] = match (gauge(), log) {
        (Some((kept, now)), Some(log)) => {
            [kept, now.saturating_sub(log) / accounts as u64].map(|bytes| bytes.to_string())
        }
        _ => [(); 2].map(|()| "-".to_owned()),
    };
    let open = open_files().saturating_sub(before);
    let (loads, ..) = rate(accounts, &|n| store(n).load().is_ok_and(|record| record.is_some()));
    times.sort();
    let at = |share: usize| {
        format!("{:.1} ms", times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3)
    };
    let share = ours * (1.0 / memory + 1.0 / pairs);
    println!(
        "{name:<12} {accounts:>8} {memory:>9.0} {pairs:>9.0} {ours:>9.0} {share:>6.2} {:>9} {:>9} {open:>6} {failed:>7} {loads:>8.0} {kept:>6} {log:>6}",
        at(50),
        at(99),
    );
}

/// The number of clients of one account, if it is set.
fn herd_size() -> Option<usize> {
    std::env::var("FLEET_HERD").ok().map(|clients| clients.parse().unwrap())
}

/// Measures many clients of one account, nine times with a new account. Prints the medians.
fn herd(name: &str, clients: usize, store: &Store<'_>) {
    const ROUNDS: usize = 9;
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let (mut refreshes, mut failed) = (0, 0);
    let mut columns = [(); 5].map(|()| Vec::new());
    for account in 0..ROUNDS {
        seed(&sandbox, &Client::new(sandbox.provider(), sandbox.credentials(), store(account)));
        let alone = store(account);
        let mut loads: Vec<_> = (0..99).map(|_| elapsed(|| drop(alone.load().unwrap()))).collect();
        loads.sort();
        let before = sandbox.counters().token_requests;
        let mut times = expire(&sandbox, clients, clients, &|| store(account), &mut failed);
        refreshes += sandbox.counters().token_requests - before;
        let refresh = times.iter().find(|(_, refreshed)| *refreshed).unwrap().0;
        times.sort();
        let (middle, last) = (times[times.len() / 2].0, times[times.len() - 1].0);
        // The same calls of a single client, whose threads wait for each other without the store.
        seed(&sandbox, &Client::new(sandbox.provider(), sandbox.credentials(), store(!account)));
        let mut least = expire(&sandbox, clients, 1, &|| store(!account), &mut failed);
        least.sort();
        let least = least[least.len() / 2].0;
        for (column, time) in columns.iter_mut().zip([loads[49], refresh, middle, last, least]) {
            column.push(time);
        }
    }
    let [trip, refresh, middle, last, least] = columns.map(|mut times| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e3
    });
    println!(
        "{name:<12} {clients:>7} {trip:>7.2} ms {refresh:>7.1} ms {middle:>7.1} ms {last:>7.1} ms {least:>7.1} ms {:>6.1} {refreshes:>9} {failed:>6}",
        (middle - refresh) / trip,
    );
}

/// Lets all threads ask at once, each with a client of its own or all with the same client. Returns the time of each call, and whether the call refreshed the login.
fn expire(
    sandbox: &Sandbox,
    threads: usize,
    clients: usize,
    store: &(dyn Fn() -> Box<dyn TokenBackend> + Sync),
    failed: &mut usize,
) -> Vec<(Duration, bool)> {
    let client = |_| {
        let refreshed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&refreshed);
        let builder = Client::builder(sandbox.provider(), sandbox.credentials(), store());
        let told = move |event: &Event| {
            if matches!(event, Event::Refreshed { .. }) {
                flag.store(true, Ordering::Relaxed);
            }
        };
        (builder.on_event(told).build(), refreshed)
    };
    let clients: Vec<_> = (0..clients).map(client).collect();
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..threads)
            .map(|n| &clients[n % clients.len()])
            .map(|(client, refreshed)| {
                let call = || {
                    start.wait();
                    let begun = Instant::now();
                    let got = client.access_token().is_ok();
                    (begun.elapsed(), refreshed.load(Ordering::Relaxed), got)
                };
                std::thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, call).unwrap()
            })
            .collect();
        let calls = calls.into_iter().map(|call| call.join().unwrap());
        calls
            .map(|(time, refreshed, got)| {
                *failed += usize::from(!got);
                (time, refreshed)
            })
            .collect()
    })
}

fn elapsed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Stores a login whose access token has expired.
fn seed(sandbox: &Sandbox, client: &Client) -> bool {
    let ended = OffsetDateTime::now_utc() - Duration::from_secs(3600);
    client.seed(sandbox.login().with_expires_at(ended)).unwrap()
}

/// A client for each account, with a login whose access token has expired.
fn fleet(sandbox: &Sandbox, accounts: usize, store: &Store<'_>) -> Vec<Client> {
    let client = |n| Client::new(sandbox.provider(), sandbox.credentials(), store(n));
    let clients: Vec<_> = (0..accounts).map(client).collect();
    rate(accounts, &|n| seed(sandbox, &clients[n]));
    clients
}

/// Does the work of all accounts in 32 threads. Returns the rate, the number of failures and the times.
fn rate(accounts: usize, work: &(dyn Fn(usize) -> bool + Sync)) -> (f64, usize, Vec<Duration>) {
    let (next, failed, times) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut own = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= accounts {
                        break;
                    }
                    let begun = Instant::now();
                    if !work(n) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                    own.push(begun.elapsed());
                }
                times.lock().unwrap().append(&mut own);
            });
        }
    });
    let rate = accounts as f64 / begun.elapsed().as_secs_f64();
    (rate, failed.into_inner(), times.into_inner().unwrap())
}

/// How many files and sockets this process has open, or 0 if the system does not report the number.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

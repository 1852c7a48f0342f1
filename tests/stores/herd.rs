//! Tests of many clients at once: many clients of one account, and many accounts on few connections.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};
use time::OffsetDateTime;

use crate::support::*;

/// Makes the store of an account, as a program with many accounts does.
type Store<'a> = dyn Fn(&str) -> Box<dyn TokenBackend> + Sync + 'a;

fn sandbox() -> Sandbox {
    Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap()
}

fn client(sandbox: &Sandbox, store: Box<dyn TokenBackend>) -> Client {
    Client::new(sandbox.provider(), sandbox.credentials(), store)
}

/// Stores a login whose access token has expired.
fn seed(sandbox: &Sandbox, store: Box<dyn TokenBackend>) -> Result<(), BoxError> {
    let ended = OffsetDateTime::now_utc() - Duration::from_secs(3600);
    let seeded = client(sandbox, store).seed(sandbox.login().with_expires_at(ended))?;
    assert!(seeded);
    Ok(())
}

/// 500 clients of one process ask for a token of one account at the same moment, after the access token has
/// expired.
fn refreshes_once(name: &str, store: &Store<'_>) {
    const CLIENTS: usize = 500;
    let sandbox = sandbox();
    seed(&sandbox, store("herd")).unwrap();
    let clients: Vec<_> = (0..CLIENTS).map(|_| client(&sandbox, store("herd"))).collect();
    let start = Barrier::new(CLIENTS);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let calls: Vec<_> = clients
            .iter()
            .map(|client| {
                let call = || {
                    start.wait();
                    let begun = Instant::now();
                    client.access_token().map(|_| begun.elapsed())
                };
                std::thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, call).unwrap()
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap().unwrap()).collect()
    });
    times.sort();
    let (middle, last) = (times[CLIENTS / 2], times[CLIENTS - 1]);
    println!("{name}: {CLIENTS} clients, median {middle:.1?}, longest {last:.1?}");
    assert_eq!(sandbox.counters().token_requests, 1);
    assert!(sandbox.login_alive());
}

/// Each of the threads refreshes one account after the other; no call fails.
fn serves(accounts: usize, threads: usize, store: &Store<'_>) {
    let sandbox = sandbox();
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= accounts {
                        return;
                    }
                    let account = format!("tenant-{n}");
                    let done = seed(&sandbox, store(&account)).and_then(|()| {
                        Ok(client(&sandbox, store(&account)).access_token().map(drop)?)
                    });
                    if let Err(error) = done {
                        println!("{account}: {error:?}");
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert_eq!(sandbox.counters().token_requests, accounts as u64);
}

#[test]
fn clients_of_one_file_refresh_once() {
    let dir = TempDir::new();
    let store = evergrant::backend::FolderStore::new(dir.path());
    refreshes_once("file", &|account| {
        Box::new(evergrant::backend::LoginStore::account(&store, account).unwrap())
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn clients_of_one_sqlite_account_refresh_once() {
    let dir = TempDir::new();
    let store = evergrant::SqliteBackend::new(dir.join("logins.sqlite"));
    refreshes_once("SQLite", &|account| Box::new(store.account(account)));
}

#[cfg(feature = "postgres")]
#[test]
fn clients_of_one_postgres_account_refresh_once() {
    let Some(server) = crate::servers::postgres_with(40) else { return };
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    refreshes_once("PostgreSQL", &|account| Box::new(store.account(account)));
}

#[cfg(feature = "redis")]
#[test]
fn clients_of_one_redis_account_refresh_once() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let store = evergrant::RedisBackend::new(server.url()).unwrap();
        refreshes_once(&program.display().to_string(), &|account| Box::new(store.account(account)));
    }
}

/// How many files this process has open.
#[cfg(all(target_os = "linux", feature = "sqlite"))]
fn open_files(folder: &std::path::Path) -> usize {
    let of =
        |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path()).ok();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(of);
    open.filter(|path| path.starts_with(folder)).count()
}

#[cfg(all(target_os = "linux", feature = "sqlite"))]
#[test]
fn a_thousand_sqlite_accounts_need_few_files_and_none_fails() {
    let dir = TempDir::new();
    let store = evergrant::SqliteBackend::new(dir.join("logins.sqlite"));
    serves(1000, 32, &|account| Box::new(store.account(account)));
    // Each of the 4 connections has the database, its log and the log's index open.
    let open = open_files(dir.path());
    assert!((1..=12).contains(&open), "{open} files are open");
}

#[cfg(feature = "postgres")]
#[test]
fn more_postgres_accounts_than_sessions_are_no_error() {
    let Some(server) = crate::servers::postgres_with(40) else { return };
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    serves(60, 60, &|account| Box::new(store.account(account)));
    serves(200, 1, &|account| Box::new(store.account(format!("second-{account}"))));
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evergrant'";
    let count = crate::postgres::admin(&server).query_one(sql, &[]).unwrap().get::<_, i64>(0);
    assert!((1..=8).contains(&count), "{count} sessions");
}

#[cfg(feature = "redis")]
#[test]
fn more_redis_accounts_than_connections_are_no_error() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let store = evergrant::RedisBackend::new(server.url()).unwrap().connections(2);
        serves(60, 60, &|account| Box::new(store.account(account)));
    }
}

/// One client at a time has the only session for locks. A lock holder needs no second session, and the other threads
/// wait for the session.
#[cfg(feature = "postgres")]
#[test]
fn one_postgres_session_serves_many_accounts_at_once() {
    let Some(server) = crate::servers::postgres() else { return };
    let store = evergrant::PostgresBackend::new(server.url()).unwrap().connections(1);
    serves(20, 20, &|account| Box::new(store.account(account)));
}

#[cfg(feature = "postgres")]
#[test]
fn no_free_session_is_an_error_of_its_own() {
    use evergrant::backend::BackendError;
    use evergrant::clock::ManualClock;
    let Some(server) = crate::servers::postgres() else { return };
    let clock = std::sync::Arc::new(ManualClock::new());
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    let store = store.connections(1).with_clock(clock.clone());
    let _held = store.account("one").lock(Duration::ZERO).unwrap();
    let two = store.account("two");
    let error = precise(two.lock(Duration::ZERO));
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
    let error = precise(two.lock(Duration::from_secs(10)));
    assert!(matches!(error, BackendError::NoConnection(_)), "{error}");
    assert!(error.is_transient());
    assert_eq!(clock.slept(), Duration::from_secs(10));
    // Meanwhile the lock holder can still load and save.
    let error = precise(store.account("one").lock(Duration::ZERO));
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
}

/// While another account is refreshed slowly, a call with a working token reads the store without a wait.
#[cfg(feature = "postgres")]
#[test]
fn one_postgres_session_delays_no_call_with_a_token() {
    use evergrant::clock::ManualClock;
    let Some(server) = crate::servers::postgres() else { return };
    let clock = std::sync::Arc::new(ManualClock::new());
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    let store = store.connections(1).with_clock(clock.clone());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
    let two = Client::builder(provider, credentials, store.account("two")).clock(clock.clone());
    let two = two.build();
    let token = sandbox.login();
    let expires_at = token.expires_at().unwrap();
    two.seed(token).unwrap();
    let held = store.account("one").lock(Duration::ZERO).unwrap();
    // The token is due, and works for half a minute more.
    let left = expires_at - evergrant::clock::Clock::now_utc(&*clock);
    clock.advance(Duration::try_from(left).unwrap() - Duration::from_secs(30));
    let slept = clock.slept();
    two.access_token().unwrap();
    assert_eq!(clock.slept(), slept, "the call has waited");
    assert_eq!(sandbox.counters().refreshes, 0);
    drop(held);
    two.access_token().unwrap();
    assert_eq!(sandbox.counters().refreshes, 1);
}

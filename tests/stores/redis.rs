//! Tests of Redis and Valkey: the contract, durability, and the lease.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use evergrant::backend::{BackendError, Durability, LockKind, RedisBackend};
use evergrant::sandbox::contract::{self, Contract, noted, successor};
use evergrant::{BoxError, Error, Token, TokenBackend as _};

use crate::servers::{self, FLUSHED, Server};
use crate::support::*;

/// Real time after which a test gives up. No test waits for this time to pass.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) fn store(server: &Server) -> RedisBackend {
    RedisBackend::new(server.url()).unwrap()
}

/// A store with the same address in another spelling. A store with another spelling asks the server, as
/// another process does; two stores with the same spelling would wait for each other in memory.
fn elsewhere(server: &Server) -> RedisBackend {
    RedisBackend::new(format!("{}0", server.url())).unwrap()
}

fn connection(server: &Server) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

pub(crate) fn do_it<T: redis::FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).query(&mut connection(server)).unwrap()
}

/// Opens a store on connections that the application lends, as from a pool.
fn lent(url: &str) -> RedisBackend {
    let client = redis::Client::open(url).unwrap();
    let store = RedisBackend::with_connections(move || client.get_connection());
    store.prefix("app:{1}:").account("o'neill \u{0} \u{1f511}")
}

/// Runs the whole suite, except for the power cut. Both processes know the store by `name`: a URL, or `lent`
/// and a URL.
fn keeps(server: &Server, key: &str, name: &str) {
    let raw = |bytes: &[u8]| {
        redis::cmd("SET").arg(key).arg(bytes).exec(&mut connection(server)).unwrap();
    };
    Contract::new(|| named(name))
        .compares(true)
        .locks(LockKind::Lease)
        .raw(raw)
        .in_second_process("redis::it_keeps_the_contract", name)
        .without("a saved record survives a power cut", "the server flushes: appendfsync always")
        .check()
        .assert();
}

fn named(name: &str) -> RedisBackend {
    match name.strip_prefix("lent ") {
        Some(url) => lent(url),
        None => RedisBackend::new(name).unwrap(),
    }
}

#[test]
fn it_keeps_the_contract() {
    contract::worker(named);
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        keeps(&server, "evergrant:default", &server.url());
        let key = "app:{1}:o'neill \u{0} \u{1f511}";
        keeps(&server, key, &format!("lent {}", server.url()));
        let info: String = do_it(&server, &["INFO", "server"]);
        let versions: Vec<_> = info.lines().filter(|line| line.contains("_version:")).collect();
        println!("{versions:?}");
    }
}

#[test]
fn durability_follows_the_servers_settings() {
    for program in servers::redis_programs() {
        for (settings, durability) in [
            (FLUSHED, Durability::PowerCut),
            (&["--appendonly", "yes"], Durability::Process),
            (&[], Durability::Process),
        ] {
            let mut server = servers::redis(&program, settings);
            let store = store(&server);
            assert_eq!(store.durability(), durability, "{settings:?}");
            store.save(&record(1)).unwrap();
            let noted = noted(&store.load().unwrap().unwrap());
            store.save(&noted).unwrap();
            server.crash();
            assert!(matches!(precise(store.load()), BackendError::Unavailable(_)));
            assert_eq!(elsewhere(&server).durability(), Durability::Unknown);
            server.restart();
            // The same store connects again by itself.
            let found = store.load().unwrap();
            match durability {
                Durability::PowerCut => assert_eq!(found.unwrap(), noted),
                _ if settings.is_empty() => {
                    assert!(found.is_none(), "a server without persistence keeps no record")
                }
                _ => {}
            }
        }
        let server = servers::redis(&program, FLUSHED);
        let keeps = |server| assert_eq!(store(server).durability(), Durability::PowerCut);
        keeps(&server);
        let _: () = do_it(&server, &["CONFIG", "SET", "maxmemory", "100mb"]);
        keeps(&server);
        let _: () = do_it(&server, &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        assert_eq!(
            store(&server).durability(),
            Durability::Process,
            "a server that evicts keys is reported as durable"
        );
        let _: () = do_it(&server, &["CONFIG", "SET", "maxmemory", "0"]);
        keeps(&server);
    }
}

#[test]
fn a_full_or_read_only_server_has_a_precise_error() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        let store = store(&server);
        store.save(&record(1)).unwrap();
        let stored = store.load().unwrap().unwrap();
        let _: () = do_it(&server, &["CONFIG", "SET", "maxmemory", "1"]);
        assert!(matches!(precise(store.save(&noted(&stored))), BackendError::Full(_)));
        let _: () = do_it(&server, &["CONFIG", "SET", "maxmemory", "0"]);
        let _: () = do_it(&server, &["REPLICAOF", "127.0.0.1", "1"]);
        let error = precise(store.save(&noted(&stored)));
        assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
        let _: () = do_it(&server, &["REPLICAOF", "NO", "ONE"]);
        store.save(&noted(&stored)).unwrap();
        // A key of another type belongs to another program.
        let _: () = do_it(&server, &["DEL", "evergrant:default"]);
        let _: () = do_it(&server, &["LPUSH", "evergrant:default", "sesame"]);
        assert!(matches!(precise(store.load()), BackendError::Corrupt(_)));
    }
}

/// After a lease is over, its holder's save does not replace a newer record, and a repeated save is not
/// refused.
#[test]
fn a_late_save_is_refused_and_a_repeated_one_is_not() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        let (late, other) = (store(&server), elsewhere(&server));
        late.save(&record(1)).unwrap();
        let guard = late.lock(Duration::ZERO).unwrap();
        let note = noted(&late.load().unwrap().unwrap());
        late.save(&note).unwrap();
        assert!(guard.lasts(Duration::from_secs(120)));
        let left: i64 = do_it(&server, &["PTTL", "evergrant:default:lock"]);
        assert!(
            left > 300_000,
            "the lease must last longer than two timeouts and the saves: {left} ms"
        );
        // The lease ends, and another client refreshes.
        let _: () = do_it(&server, &["DEL", "evergrant:default:lock"]);
        let theirs = other.lock(Duration::ZERO).unwrap();
        let newer = successor(&noted(&other.load().unwrap().unwrap()), token(2));
        other.save(&noted(&note)).unwrap();
        other.save(&newer).unwrap();
        other.save(&newer).expect("a save whose answer was lost");
        assert!(!guard.lasts(Duration::ZERO), "the guard does not notice that the lease is over");
        let error = precise(late.save(&successor(&note, token(3))));
        assert!(matches!(error, BackendError::Conflict(_)), "{error}");
        assert_eq!(other.load().unwrap().unwrap(), newer);
        // The late guard does not free the other client's lock.
        drop(guard);
        assert!(matches!(precise(late.lock(Duration::ZERO)), BackendError::Busy(_)));
        drop(theirs);
        late.lock(Duration::ZERO).unwrap();
    }
}

#[test]
fn a_lock_ends_by_itself_and_with_its_connection() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        // The holder of this lock is silent from now on, and still connected.
        let silent = store(&server).lease(Duration::from_millis(500));
        let guard = silent.lock(Duration::ZERO).unwrap();
        let other = elsewhere(&server);
        let theirs = other.lock(PATIENCE).unwrap();
        assert!(!guard.lasts(Duration::ZERO));
        drop((guard, theirs));
        // The lock of a holder whose connection has ended is free at once, although the lease runs for an
        // hour.
        let gone = store(&server).lease(PATIENCE * 6).lock(Duration::ZERO).unwrap();
        assert!(matches!(precise(other.lock(Duration::ZERO)), BackendError::Busy(_)));
        let _: () = do_it(&server, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        let theirs = other.lock(PATIENCE).unwrap();
        assert!(!gone.lasts(Duration::ZERO), "another client holds the lock");
        drop(theirs);
        // A connection that ends while no other client wants the lock is replaced.
        let kept = other.lock(Duration::ZERO).unwrap();
        let _: () = do_it(&server, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert!(kept.lasts(Duration::from_secs(1)));
        assert!(matches!(precise(store(&server).lock(Duration::ZERO)), BackendError::Busy(_)));
        // Simulate a renewal of the lease on another connection, whose answer was lost.
        let held: String = do_it(&server, &["GET", "evergrant:default:lock"]);
        let word = held.split(' ').next().unwrap();
        let _: () = do_it(&server, &["SET", "evergrant:default:lock", &format!("{word} x 1")]);
        assert!(kept.lasts(Duration::from_secs(1)));
        let _: () = do_it(&server, &["SET", "evergrant:default:lock", &format!("{word} x 2")]);
        drop(kept);
        let kept = other.lock(Duration::ZERO).expect("the dropped lock is free");
        // If the Redis user may not list connections, only the end of the lease releases the lock.
        let rules =
            "ACL SETUSER default on nopass ~* &* +@all -client|list -client|id -info -config";
        let _: () = do_it(&server, &rules.split(' ').collect::<Vec<_>>());
        assert_eq!(
            other.durability(),
            Durability::Process,
            "a setting that the server does not report must be treated as off"
        );
        drop(kept);
        let unnamed = other.lock(Duration::ZERO).unwrap();
        assert!(matches!(precise(store(&server).lock(Duration::ZERO)), BackendError::Busy(_)));
        assert!(unnamed.lasts(Duration::from_secs(1)));
        drop(unnamed);
        store(&server).lock(Duration::ZERO).unwrap();
    }
}

/// Serves one connection: answers the first command with nothing, and never reads again.
fn answers_once(silent: &TcpListener) -> TcpStream {
    let mut stream = silent.accept().unwrap().0;
    let mut buffer = [0; 1024];
    assert!(stream.read(&mut buffer).unwrap() > 0);
    stream.write_all(b"$-1\r\n").unwrap();
    stream
}

#[test]
fn a_silent_server_is_not_waited_for_forever() {
    // Each of the three servers accepts connections: two never answer, and the third stops reading.
    let silent = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [locked, open, full] = [0, 1, 2].map(|n| silent[n as usize].local_addr().unwrap().port());
    let store = RedisBackend::new(format!("redis://:sesame@127.0.0.1:{locked}/")).unwrap();
    let other = |port| RedisBackend::new(format!("redis://127.0.0.1:{port}/")).unwrap();
    let large = Token::new("a".repeat((4 << 20) - 1000));
    let waits = |work: &dyn Fn() -> Result<(), BoxError>, seconds| {
        let begun = Instant::now();
        let error = precise(work());
        assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
        assert!(begun.elapsed() >= Duration::from_secs(seconds), "{:?}", begun.elapsed());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| waits(&|| other(open).load().map(drop), 10));
        scope.spawn(|| waits(&|| other(full).save(&large.clone().into()), 10));
        let _stream = answers_once(&silent[2]);
        // The login on a new connection gets half of the time.
        waits(&|| store.load().map(drop), 5);
    });
    assert_eq!(store.describe(), format!("127.0.0.1:{locked} database 0 key evergrant:default"));
    assert!(!format!("{store:?}").contains("sesame"));
    let error = RedisBackend::new("http://sesame@127.0.0.1/").unwrap_err();
    assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("sesame"), "{error}");
}

#[test]
fn one_connection_serves_one_operation_after_another() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        let connections = || {
            let told: String = do_it(&server, &["INFO", "stats"]);
            let found = told.lines().find_map(|l| l.strip_prefix("total_connections_received:"));
            found.unwrap().trim().parse::<u32>().unwrap()
        };
        let (before, store) = (connections(), store(&server));
        store.save(&record(1)).unwrap();
        store.load().unwrap().unwrap();
        drop(store.lock(Duration::ZERO).unwrap());
        store.clear().unwrap();
        assert_eq!(connections() - before, 2, "that of the store, and that of the question");
    }
}

#[test]
fn an_account_that_is_named_like_a_lock_is_an_account() {
    for program in servers::redis_programs() {
        let server = servers::redis(&program, FLUSHED);
        let account = |name: &str| store(&server).account(name);
        let held = account("alice").lock(Duration::ZERO).unwrap();
        assert!(
            account("alice:lock").load().unwrap().is_none(),
            "the lock must not be read as a record"
        );
        account("alice:lock").save(&record(1)).unwrap();
        let busy = precise(account("alice").lock(Duration::ZERO).map(drop));
        assert!(matches!(busy, BackendError::Busy(_)), "the lock is still held");
        account("alice:lock").clear().unwrap();
        assert!(
            account("alice").lock(Duration::ZERO).is_err(),
            "deleting a record of that name releases the lock"
        );
        drop(held);
        account("alice").lock(Duration::ZERO).unwrap();
    }
}

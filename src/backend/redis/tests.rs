//! Tests on a server in memory, which fails on command and shows what was sent.

mod confirmed;
mod notes;
mod server;

use std::io::ErrorKind;
use std::time::SystemTime;

use redis::RedisError;

use self::server::{Server, answer, broken};
use super::*;
use crate::clock::ManualClock;
use crate::token::Token;

const LOCK: &str = "evergrant:default:lock";
const SECOND: Duration = Duration::from_secs(1);

fn precise<T>(result: Result<T, BoxError>) -> BackendError {
    let Err(error) = result else { panic!("it succeeded") };
    BackendError::find(&error).expect("a precise error").clone()
}

#[track_caller]
fn is_busy<T>(result: Result<T, BoxError>) {
    let error = precise(result);
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
}

#[track_caller]
fn is_unavailable<T>(result: Result<T, BoxError>) {
    let error = precise(result);
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
}

fn record(n: u32) -> Record {
    Token::new(format!("at-{n}")).with_refresh_token(format!("rt-{n}")).into()
}

/// A clock whose every sleep takes 50 ms.
#[derive(Debug, Default)]
struct Steps(ManualClock);

impl Clock for Steps {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn sleep(&self, _: Duration) {
        self.0.sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_connection_is_kept_after_its_use_unless_it_is_lent() {
    let server = Server::new();
    let (own, other) = (server.store(), server.store());
    own.save(&record(1)).unwrap();
    own.load().unwrap();
    let guard = own.lock(Duration::ZERO).unwrap();
    assert!(guard.lasts(SECOND));
    assert_eq!(server.opened(), 1);
    is_busy(other.lock(Duration::ZERO));
    other.load().unwrap();
    assert_eq!(server.opened(), 2);
    assert!(guard.lasts(SECOND));
    drop(guard);
    own.load().unwrap();
    own.clear().unwrap();
    assert_eq!((server.opened(), server.open()), (2, 2));
    let lent = server.lent();
    lent.save(&record(1)).unwrap();
    drop(lent.lock(Duration::ZERO).unwrap());
    assert!(server.opened() > 3);
    assert_eq!(server.open(), 2, "a lent connection goes back");
}

#[test]
fn a_connection_that_failed_is_not_used_again() {
    let server = Server::new();
    let store = server.store();
    let guard = store.lock(Duration::ZERO).unwrap();
    server.fails("RELEASE", broken(ErrorKind::TimedOut));
    drop(guard);
    assert_eq!((server.opened(), server.open()), (2, 1));
    store.load().unwrap();
    server.fails("GET", answer("READONLY"));
    server.fails("GET", answer("NOAUTH"));
    is_unavailable(store.load());
    assert_eq!(server.open(), 0);
}

#[test]
fn a_refused_command_ends_no_lock_of_another_account() {
    for code in ["NOPERM", "OOM", "WRONGTYPE", "MISCONF", "ERR"] {
        let server = Server::new();
        let (own, lent) = (server.store(), server.lent());
        let others = own.account("other").lock(Duration::ZERO).unwrap();
        server.fails("GET", answer(code));
        precise(own.load());
        assert_eq!((server.opened(), server.open()), (1, 1), "{code}");
        is_busy(server.store().account("other").lock(Duration::ZERO));
        assert!(others.lasts(SECOND));
        // A lent connection stays with its lock.
        let guard = lent.lock(Duration::ZERO).unwrap();
        let opened = server.opened();
        server.fails("GET", answer(code));
        precise(lent.load());
        server.fails("RENEW", answer(code));
        assert!(!guard.lasts(SECOND));
        is_busy(server.store().lock(Duration::ZERO));
        assert!(guard.lasts(SECOND));
        assert_eq!(server.opened(), opened + 1, "{code}");
    }
}

/// Whether the connection may have been dead before its use decides whether the store tries again.
#[test]
fn a_command_on_a_dead_connection_is_repeated_on_a_new_connection() {
    let is = |error: &BackendError| match error {
        BackendError::Full(_) => "full",
        BackendError::Corrupt(_) => "corrupt",
        BackendError::Unavailable(_) => "unavailable",
        _ => "another",
    };
    // The number of connections at the end says which errors end a connection.
    let cases: [(&dyn Fn() -> RedisError, bool, &str, i64); 9] = [
        (&|| broken(ErrorKind::ConnectionReset), true, "unavailable", 3),
        (&|| broken(ErrorKind::UnexpectedEof), true, "unavailable", 3),
        (&|| broken(ErrorKind::Other), true, "unavailable", 3),
        (&|| answer("READONLY"), true, "unavailable", 3),
        (&|| broken(ErrorKind::TimedOut), false, "unavailable", 2),
        (&|| broken(ErrorKind::WouldBlock), false, "unavailable", 2),
        (&|| answer("NOPERM"), false, "unavailable", 1),
        (&|| answer("OOM"), false, "full", 1),
        (&|| answer("WRONGTYPE"), false, "corrupt", 1),
    ];
    for (error, repeats, kind, opened) in cases {
        let told = error().to_string();
        let server = Server::new();
        let store = server.store();
        // A failure of a new connection is returned.
        server.fails("GET", error());
        assert_eq!(is(&precise(store.load())), kind, "{told}");
        assert_eq!(server.opened(), 1, "{told}");
        store.load().unwrap();
        server.fails("GET", error());
        assert_eq!(store.load().is_ok(), repeats, "{told}");
        assert_eq!(server.opened(), opened, "{told}");
    }
}

#[test]
fn a_waiting_process_looks_for_the_holder_every_250_ms() {
    let server = Server::new();
    let (holder, clock) = (server.store(), Arc::new(Steps::default()));
    let waiter = server.store().with_clock(clock.clone());
    let guard = holder.lock(Duration::ZERO).unwrap();
    server.said();
    is_busy(waiter.lock(SECOND));
    // There is an attempt every 50 ms; the connections are those of the lock holder and of the waiting
    // process.
    assert_eq!(server.count("TAKE"), 21);
    assert_eq!(server.count("CLIENT LIST"), 5);
    assert_eq!((server.count("CLIENT ID"), server.opened()), (1, 2));
    server.said();
    // After two tries, the lock holder's connection ends.
    let ends = server.clone();
    server.before("CLIENT LIST", || {});
    server.before("CLIENT LIST", move || ends.lists(false));
    is_busy(waiter.lock(SECOND));
    drop(guard);
}

#[test]
fn a_lock_ends_with_its_connection_or_with_the_servers_run() {
    for (held, ended) in [
        ("word first 77", true),
        ("word other 2", true),
        ("word other 77", true),
        ("word first 2", false),
        // The lock does not name its holder's connection.
        ("word  77", false),
        ("word ", false),
        ("word", false),
        ("word first", false),
    ] {
        let server = Server::new();
        let (one, two, three) = (server.store(), server.store(), server.store());
        for store in [&one, &two, &three] {
            store.load().unwrap();
        }
        server.set(LOCK, held);
        assert_eq!(three.lock(Duration::ZERO).is_ok(), ended, "{held:?}");
        // A list without the asking connection does not show that a connection has ended.
        server.set(LOCK, held);
        server.lists(false);
        let other_run = held.contains("other");
        assert_eq!(three.lock(Duration::ZERO).is_ok(), other_run, "{held:?}");
    }
    // A server that hides its run id, but not the number of a connection.
    let server = Server::new();
    server.run("");
    server.set(LOCK, "word  77");
    is_busy(server.store().lock(Duration::ZERO));
}

#[test]
fn a_server_that_lists_no_connections_keeps_the_lock_for_its_lease() {
    for refused in ["CLIENT ID", "CLIENT LIST", "INFO server"] {
        let server = Server::new();
        server.refuses(refused);
        server.set(LOCK, "word first 77");
        is_busy(server.store().lock(Duration::ZERO));
        drop(server.store().account("other").lock(Duration::ZERO).unwrap());
    }
    // An error of the connection is returned.
    for command in ["CLIENT ID", "INFO server", "TAKE"] {
        let server = Server::new();
        server.fails(command, broken(ErrorKind::TimedOut));
        is_unavailable(server.store().lock(Duration::ZERO));
        assert_eq!((server.opened(), server.open()), (1, 0), "{command}");
    }
    let server = Server::new();
    server.set(LOCK, "word first 77");
    server.fails("CLIENT LIST", broken(ErrorKind::TimedOut));
    is_unavailable(server.store().lock(Duration::ZERO));
}

#[test]
fn another_process_may_be_faster_when_a_holder_has_ended() {
    let server = Server::new();
    server.set(LOCK, "word first 77");
    let faster = server.clone();
    server.before("CLIENT LIST", move || faster.set(LOCK, "faster first 1"));
    is_busy(server.store().lock(Duration::ZERO));
    assert_eq!(server.get(LOCK).unwrap(), "faster first 1");
}

#[test]
fn a_connection_that_breaks_during_a_wait_is_replaced() {
    for (error, goes_on) in [(ErrorKind::ConnectionReset, true), (ErrorKind::TimedOut, false)] {
        let server = Server::new();
        let guard = server.store().lock(Duration::ZERO).unwrap();
        let mut guard = Some(guard);
        let store = server.store().with_clock(Arc::new(Steps::default()));
        server.said();
        let (breaks, opened) = (server.clone(), server.opened());
        server.before("TAKE", move || breaks.fails("TAKE", broken(error)));
        let frees = guard.take();
        server.before("CLIENT ID", || {});
        server.before("CLIENT ID", move || drop(frees));
        let taken = store.lock(SECOND);
        if goes_on {
            assert!(taken.unwrap().lasts(SECOND));
            assert_eq!(server.opened(), opened + 2);
        } else {
            is_unavailable(taken);
        }
    }
}

#[test]
fn a_lock_lasts_for_its_lease_and_longer_if_it_is_renewed() {
    let server = Server::new();
    let store = server.store().lease(60 * SECOND);
    let guard = store.lock(Duration::ZERO).unwrap();
    assert_eq!(server.life(LOCK), "60000");
    assert!(guard.lasts(10 * SECOND));
    assert_eq!(server.life(LOCK), "110000");
    drop(guard);
    assert!(server.get(LOCK).is_none());
    // No lease is shorter than a millisecond or too long for the server.
    for (lease, life) in [(Duration::ZERO, "1"), (Duration::MAX, "72057594037927935")] {
        drop(server.store().lease(lease).lock(Duration::ZERO).unwrap());
        assert_eq!(server.life(LOCK), life);
    }
}

#[test]
fn a_renewal_on_a_dead_connection_uses_a_new_connection() {
    let server = Server::new();
    let store = server.store();
    let guard = store.lock(Duration::ZERO).unwrap();
    let name = server.get(LOCK).unwrap();
    assert!(name.ends_with(" first 1"), "{name}");
    server.fails("RENEW", broken(ErrorKind::ConnectionReset));
    assert!(guard.lasts(SECOND));
    assert_eq!(server.get(LOCK).unwrap(), name.replace(" first 1", " first 2"));
    // The next renewal has the same connection and name.
    server.said();
    assert!(guard.lasts(SECOND));
    assert_eq!(server.said(), ["RENEW"]);
    assert_eq!(server.get(LOCK).unwrap(), name.replace(" first 1", " first 2"));
    is_busy(server.store().lock(Duration::ZERO));
    // The lock of another holder is not renewed, on either connection.
    server.set(LOCK, "word first 77");
    assert!(!guard.lasts(SECOND));
    server.fails("RENEW", broken(ErrorKind::ConnectionReset));
    assert!(!guard.lasts(SECOND));
    drop(guard);
    assert_eq!(server.get(LOCK).unwrap(), "word first 77");
}

#[test]
fn a_renewal_without_an_answer_is_not_repeated() {
    let server = Server::new();
    let store = server.store();
    let guard = store.lock(Duration::ZERO).unwrap();
    server.said();
    server.fails("RENEW", broken(ErrorKind::TimedOut));
    assert!(!guard.lasts(SECOND));
    assert_eq!(server.said(), ["RENEW"]);
    // The next renewal has a new connection.
    assert!(guard.lasts(SECOND));
    assert_eq!(server.opened(), 2);
    drop(guard);
    assert!(server.get(LOCK).is_none());
    store.load().unwrap();
    assert_eq!(server.opened(), 2, "the connection was kept");
}

#[test]
fn a_lock_whose_release_fails_keeps_no_thread_waiting() {
    for lent in [false, true] {
        let server = Server::new();
        let store = if lent { server.lent() } else { server.store() };
        // The release is repeated on another connection.
        let guard = store.lock(Duration::ZERO).unwrap();
        server.fails("RELEASE", broken(ErrorKind::TimedOut));
        drop(guard);
        assert!(server.get(LOCK).is_none(), "lent: {lent}");
        let guard = store.lock(Duration::ZERO).unwrap();
        (0..2).for_each(|_| server.fails("RELEASE", broken(ErrorKind::TimedOut)));
        drop(guard);
        // The server still has the lock, and its connection may be open.
        let left = server.get(LOCK).unwrap();
        server.lists(true);
        is_busy(server.store().lock(Duration::ZERO));
        assert_eq!(server.get(LOCK).unwrap(), left);
        let guard = store.lock(Duration::ZERO).unwrap();
        assert_ne!(server.get(LOCK).unwrap(), left);
        assert!(guard.lasts(SECOND));
        drop(guard);
        assert!(server.get(LOCK).is_none());
        // The lock of another holder is kept.
        server.set(LOCK, "word first 1");
        is_busy(store.lock(Duration::ZERO));
    }
}

#[test]
fn the_settings_of_the_server_decide_what_a_record_survives() {
    let of = |change: &dyn Fn(&Server)| {
        let server = Server::new();
        change(&server);
        server.store().durability()
    };
    assert_eq!(of(&|_| {}), Durability::PowerCut);
    let settings = |settings: &'static [(&str, &str)]| {
        of(&|server| settings.iter().for_each(|(name, value)| server.setting(name, value)))
    };
    assert_eq!(settings(&[("appendonly", "no")]), Durability::Process);
    assert_eq!(settings(&[("appendfsync", "everysec")]), Durability::Process);
    assert_eq!(settings(&[("maxmemory-policy", "allkeys-lru")]), Durability::PowerCut);
    let keeps = [("maxmemory", "1"), ("maxmemory-policy", "volatile-lru")];
    assert_eq!(
        of(&|s| keeps.map(|(name, value)| s.setting(name, value)).into_iter().collect()),
        Durability::PowerCut
    );
    let evicts = &[("maxmemory", "1"), ("maxmemory-policy", "allkeys-lru")];
    assert_eq!(settings(evicts), Durability::Process);
    for text in
        ["connected_slaves:1\r\n", "connected_slaves:01\r\n", "", "x_connected_slaves:0\r\n"]
    {
        assert_eq!(of(&|server| server.replication(text)), Durability::Process, "{text}");
    }
    assert_eq!(of(&|server| server.refuses("CONFIG")), Durability::Process);
    let broken = |server: &Server| server.fails("CONFIG", broken(ErrorKind::TimedOut));
    assert_eq!(of(&broken), Durability::Unknown);
}

#[test]
fn a_swap_writes_only_over_the_record_that_was_read() {
    let server = Server::new();
    let store = server.store();
    let (old, new) = (record(1), record(2));
    assert!(store.swap(None, b"a", &old).unwrap());
    assert!(!store.swap(None, b"b", &new).unwrap());
    assert!(!store.swap(Some(b"b"), b"c", &new).unwrap());
    assert!(store.swap(Some(b"a"), b"c", &new).unwrap());
    assert_eq!(server.get("evergrant:default").unwrap(), "c");
}

#[test]
fn a_login_that_came_meanwhile_is_read_before_it_is_deleted() {
    let server = Server::new();
    let store = server.store();
    store.save(&record(1)).unwrap();
    server.said();
    let saves = server.clone();
    server.before("CLEAR", move || saves.set("evergrant:default", "a new login"));
    store.clear().unwrap();
    assert!(server.get("evergrant:default").is_none());
    assert_eq!(server.said(), ["GET", "CLEAR", "GET", "CLEAR"]);
    store.clear().unwrap();
    assert_eq!(server.said(), ["GET"]);
    // A value of another type is also deleted.
    server.set("evergrant:default", "a list");
    server.fails("GET", answer("WRONGTYPE"));
    store.clear().unwrap();
    assert_eq!(server.said(), ["GET", "DEL"]);
}

#[test]
fn no_account_has_the_key_of_a_lock_or_of_another_account() {
    let accounts = [
        "",
        "alice",
        "alice:lock",
        "alice:lock:",
        "alice:lock::",
        "alice:lock:lock",
        ":lock",
        "lock",
        "alice:lock:lock:",
        "alice:",
        "alice:loc",
        "k",
        "ck",
        "\0",
        "alice:LOCK",
    ];
    for prefix in ["evergrant:", "", "x:lock", "x:lo", "lock:"] {
        let records = accounts.map(|account| record_key(prefix, account));
        let locks = records.clone().map(|key| lock_key(&key));
        let mut all: Vec<&String> = records.iter().chain(&locks).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * accounts.len(), "{prefix}");
    }
    assert_eq!(record_key("evergrant:", "alice"), "evergrant:alice");
    assert_eq!(lock_key("evergrant:alice"), "evergrant:alice:lock");
}

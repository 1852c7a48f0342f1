//! What changes around a store while programs run: passwords, releases, a server that hangs, the locks of other
//! accounts.

use std::sync::LazyLock;

use evergrant::Client;
use evergrant::TokenBackend;
use evergrant::backend::BackendError;
use evergrant::sandbox::Sandbox;

use crate::support::*;

/// A client whose login this store has.
fn logged_in(sandbox: &Sandbox, store: impl TokenBackend + 'static) -> Client {
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    client
}

/// The message of a failed call, with its causes.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn told(result: Result<(), evergrant::Error>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, evergrant::Error::Backend(_)), "{error}");
    format!("{error:#} {error:?}")
}

/// A record as a later release may write it.
static NEWER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let json = String::from_utf8(record(1).to_json().unwrap().to_vec()).unwrap();
    json.replacen("\"version\":1", "\"version\":2", 1).into_bytes()
});

/// Checks that a store keeps the record of a newer release. `raw` reads the stored bytes.
fn keeps_newer(store: &dyn TokenBackend, raw: impl FnOnce() -> Vec<u8>) {
    for error in [precise(store.load()), precise(store.save(&record(1)))] {
        let BackendError::Config(text) = error else { panic!("{error}") };
        assert!(text.ends_with("(format 2, this release reads 1): update this program"), "{text}");
    }
    assert!(raw() == *NEWER, "the record was changed");
}

/// Checks that a store whose table has other columns says so, and goes on when they are back.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn names_other_columns(sandbox: &Sandbox, client: &Client, sql: impl Fn(&str)) {
    client.refresh().unwrap();
    sql("ALTER TABLE evergrant_logins RENAME COLUMN record TO record_2");
    let before = sandbox.counters().token_requests;
    let error = told(client.refresh());
    assert!(error.contains("update this program"), "{error}");
    assert_eq!(sandbox.counters().token_requests, before);
    sql("ALTER TABLE evergrant_logins RENAME COLUMN record_2 TO record");
    client.refresh().unwrap();
    assert_eq!(sandbox.counters().reuses, 0);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use evergrant::SqliteBackend;
    #[cfg(unix)]
    use std::time::Duration;

    #[test]
    fn sqlite_keeps_what_a_newer_release_has_written() {
        let dir = TempDir::new();
        let store = SqliteBackend::new(dir.join("logins.sqlite"));
        let sandbox = Sandbox::start().unwrap();
        let client = logged_in(&sandbox, store.clone());
        let open = || rusqlite::Connection::open(dir.join("logins.sqlite")).unwrap();
        names_other_columns(&sandbox, &client, |sql| open().execute_batch(sql).unwrap());
        open().execute("UPDATE evergrant_logins SET record = ?1", [&*NEWER]).unwrap();
        let sql = "SELECT record FROM evergrant_logins";
        keeps_newer(&store, || open().query_row(sql, [], |row| row.get(0)).unwrap());
    }

    /// The name of an account's lock file is a 64-bit hash. Two accounts with one hash have one file, as here.
    #[cfg(unix)]
    #[test]
    fn two_accounts_with_one_lock_file_wait_and_lose_nothing() {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let lock = |account: &str| {
            let store = SqliteBackend::new(&path).account(account);
            drop(store.lock(Duration::ZERO).unwrap());
            let files = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
            files.filter(|file| file.to_str().unwrap().contains("-evergrant-")).collect::<Vec<_>>()
        };
        let first = lock("one");
        let second: Vec<_> = lock("two").into_iter().filter(|file| !first.contains(file)).collect();
        std::fs::remove_file(&second[0]).unwrap();
        std::fs::hard_link(&first[0], &second[0]).unwrap();
        let sandbox = Sandbox::start().unwrap();
        let store = |account: &str| SqliteBackend::new(&path).account(account);
        let clients = ["one", "two"].map(|account| logged_in(&sandbox, store(account)));
        let held = store("one").lock(Duration::ZERO).unwrap();
        let busy = precise(store("two").lock(Duration::ZERO).map(drop));
        assert!(matches!(busy, BackendError::Busy(_)), "{busy}");
        drop(held);
        std::thread::scope(|scope| {
            for client in clients.iter().cycle().take(8) {
                scope.spawn(move || client.refresh().unwrap());
            }
        });
        assert_ne!(store("one").load().unwrap(), store("two").load().unwrap());
        assert_eq!(sandbox.counters().reuses, 0);
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::postgres::{admin, elsewhere, holders, store};
    use crate::servers;
    use ::postgres::{Config, NoTls};
    use evergrant::PostgresBackend;
    use evergrant::sandbox::contract::noted;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[test]
    fn postgres_keeps_what_a_newer_release_has_written() {
        let Some(server) = servers::postgres() else { return };
        let sandbox = Sandbox::start().unwrap();
        let client = logged_in(&sandbox, store(&server));
        names_other_columns(&sandbox, &client, |sql| admin(&server).batch_execute(sql).unwrap());
        let sql = "UPDATE evergrant_logins SET record = $1";
        admin(&server).execute(sql, &[&*NEWER]).unwrap();
        let sql = "SELECT record FROM evergrant_logins";
        keeps_newer(&store(&server), || admin(&server).query_one(sql, &[]).unwrap().get(0));
    }

    /// The number of an account's lock is a 64-bit hash. For the server, two accounts with
    /// the same number have the same lock.
    #[test]
    fn an_account_waits_for_another_with_its_lock_number() {
        let Some(server) = servers::postgres() else { return };
        let sandbox = Sandbox::start().unwrap();
        let client = logged_in(&sandbox, store(&server));
        let held = elsewhere(&server).lock(Duration::ZERO).unwrap();
        let sql = "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks \
                   WHERE locktype = 'advisory' AND granted";
        let number: i64 = admin(&server).query_one(sql, &[]).unwrap().get(0);
        drop(held);
        let mut other = admin(&server);
        other.execute("SELECT pg_advisory_lock($1)", &[&number]).unwrap();
        let busy = precise(store(&server).lock(Duration::ZERO).map(drop));
        assert!(matches!(busy, BackendError::Busy(_)), "{busy}");
        std::thread::scope(|scope| {
            let refresh = scope.spawn(|| client.refresh());
            other.execute("SELECT pg_advisory_unlock($1)", &[&number]).unwrap();
            refresh.join().unwrap().unwrap();
        });
        assert!(holders(&server).is_empty());
        assert!(sandbox.login_alive());
    }

    /// The session of a lock stays open while its server process does not answer, and is used again afterwards.
    #[test]
    fn a_lock_outlives_a_late_answer() {
        let Some(server) = servers::postgres() else { return };
        let store = store(&server);
        store.save(&record(1)).unwrap();
        let guard = store.lock(Duration::ZERO).unwrap();
        let stored = store.load().unwrap().unwrap();
        let [pid] = holders(&server)[..] else { panic!("one session has the lock") };
        servers::signal("STOP", pid as u32);
        let error = crate::postgres::told(store.save(&noted(&stored)));
        assert!(error.contains("no answer within 10 s"), "{error}");
        // Another session reads the store.
        assert_eq!(store.load().unwrap(), Some(stored));
        assert_eq!(holders(&server), [pid]);
        servers::signal("CONT", pid as u32);
        while store.load().unwrap().unwrap().note().is_none() {
            assert_eq!(holders(&server), [pid]);
        }
        drop(guard);
        assert!(holders(&server).is_empty());
        elsewhere(&server).lock(Duration::ZERO).unwrap();
    }

    #[test]
    fn a_rotated_password_of_postgres_is_read_for_each_connection() {
        let Some(server) = servers::postgres() else { return };
        store(&server).load().unwrap();
        let sql = "CREATE ROLE app LOGIN PASSWORD 'sesame-1'; GRANT ALL ON evergrant_logins TO app; \
                   ALTER ROLE app CONNECTION LIMIT 50";
        admin(&server).batch_execute(sql).unwrap();
        let file: String = admin(&server).query_one("SHOW hba_file", &[]).unwrap().get(0);
        let rules =
            "('host all app 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')";
        let sql = format!("COPY (VALUES {rules}) TO '{file}'; SELECT pg_reload_conf()");
        admin(&server).batch_execute(&sql).unwrap();
        let url = server.url().replace("postgres@", "app:sesame-1@");
        let wrong = server.url().replace("postgres@", "app:wrong@");
        while ::postgres::Client::connect(&wrong, NoTls).is_ok() {}
        let by_url = PostgresBackend::new(&url).unwrap();
        let password = Arc::new(Mutex::new("sesame-1"));
        let (port, read) = (server.port(), Arc::clone(&password));
        let by_closure = PostgresBackend::with_connections(move || {
            let mut config = Config::new();
            config.host("127.0.0.1").port(port).user("app").dbname("postgres");
            config.password(*read.lock().unwrap()).connect(NoTls).map(Box::new)
        });
        let sandbox = Sandbox::start().unwrap();
        let client = logged_in(&sandbox, by_closure);
        by_url.load().unwrap();
        client.refresh().unwrap();
        let sql = "ALTER ROLE app PASSWORD 'sesame-2'; \
                   SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
        admin(&server).batch_execute(sql).unwrap();
        let error = crate::postgres::told(by_url.load());
        assert!(error.contains("PostgresBackend::with_connections"), "{error}");
        assert!(!error.contains("sesame"), "{error}");
        *password.lock().unwrap() = "sesame-2";
        client.refresh().unwrap();
        assert_eq!(sandbox.counters().reuses, 0);
    }

    /// Calls the store from 20 threads.
    fn calls(store: &PostgresBackend, text: &str) {
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let error = crate::postgres::told(store.load());
                    assert!(error.contains(text), "{error}");
                });
            }
        });
    }

    /// On a session of the store, each thread waits for itself.
    #[test]
    fn a_server_that_hangs_keeps_no_connection() {
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = mute.local_addr().unwrap().port();
        let url = format!("postgres://app@127.0.0.1:{port}/app");
        let store = PostgresBackend::new(url).unwrap().connections(20);
        calls(&store, "no answer within 10 s");
        mute.set_nonblocking(true).unwrap();
        let asked: Vec<_> = std::iter::from_fn(|| mute.accept().ok()).collect();
        assert_eq!(asked.len(), 20);
        for (mut asked, _) in asked {
            asked.set_nonblocking(false).unwrap();
            std::io::copy(&mut asked, &mut std::io::sink())
                .expect("the store keeps the connection");
        }
        drop(mute);
        calls(&store, "Connection refused");
    }

    /// A thread of the store waits on a connection of the program, because the library has no time limit.
    #[test]
    fn a_server_that_hangs_is_asked_a_bounded_number_of_times() {
        let Some(server) = servers::postgres() else { return };
        store(&server).load().unwrap();
        let clients: Vec<_> = (0..60).map(|_| Box::new(admin(&server))).collect();
        let sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' \
                   AND application_name <> 'evergrant' AND pid <> pg_backend_pid()";
        let rows = admin(&server).query(sql, &[]).unwrap();
        let pids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        let all = |name| pids.iter().for_each(|pid| servers::signal(name, *pid as u32));
        let clients = Mutex::new(clients);
        let store = PostgresBackend::with_connections(move || {
            clients.lock().unwrap().pop().ok_or("no more connections")
        });
        all("STOP");
        calls(&store, "no answer within 10 s");
        calls(&store, "hangs: 20 earlier requests have no answer yet");
        all("CONT");
        // The answers come, and their threads end. A call that the store still refuses takes a connection, too.
        let answered = (0..19).find(|_| {
            let done = store.load();
            std::thread::yield_now();
            done.is_ok()
        });
        assert!(answered.is_some(), "the store does not ask the server again");
    }
}

#[cfg(feature = "redis")]
mod redis {
    use super::*;
    use crate::redis::{do_it, store};
    use crate::servers::{self, FLUSHED};
    use evergrant::RedisBackend;
    use std::sync::{Arc, Mutex};

    #[test]
    fn redis_keeps_what_a_newer_release_has_written() {
        for program in servers::redis_programs() {
            let server = servers::redis(&program, FLUSHED);
            let json = String::from_utf8(NEWER.clone()).unwrap();
            let _: String = do_it(&server, &["SET", "evergrant:default", &json]);
            keeps_newer(&store(&server), || do_it(&server, &["GET", "evergrant:default"]));
        }
    }

    #[test]
    fn a_rotated_password_of_redis_is_read_for_each_connection() {
        for program in servers::redis_programs() {
            let server = servers::redis(&program, FLUSHED);
            let address = format!("127.0.0.1:{}", server.port());
            let admin = ::redis::Client::open(server.url()).unwrap();
            let mut admin = admin.get_connection().unwrap();
            let rotate = |admin: &mut ::redis::Connection, to: &str| {
                let sets = format!("CONFIG SET requirepass {to}");
                for command in [sets.as_str(), "CLIENT KILL TYPE normal SKIPME yes"] {
                    let words: Vec<_> = command.split(' ').collect();
                    let mut command = ::redis::cmd(words[0]);
                    command.arg(&words[1..]).exec(admin).unwrap();
                }
            };
            rotate(&mut admin, "sesame-1");
            let by_url = RedisBackend::new(format!("redis://:sesame-1@{address}/")).unwrap();
            let password = Arc::new(Mutex::new("sesame-1"));
            let read = Arc::clone(&password);
            let by_closure = RedisBackend::with_connections(move || {
                let url = format!("redis://:{}@{address}/", read.lock().unwrap());
                ::redis::Client::open(url)?.get_connection()
            });
            let sandbox = Sandbox::start().unwrap();
            let client = logged_in(&sandbox, by_closure);
            by_url.load().unwrap();
            client.refresh().unwrap();
            rotate(&mut admin, "sesame-2");
            let error = by_url.load().err().unwrap();
            assert!(error.to_string().contains("RedisBackend::with_connections"), "{error}");
            assert!(!format!("{error:?}").contains("sesame"), "{error:?}");
            *password.lock().unwrap() = "sesame-2";
            client.refresh().unwrap();
            assert_eq!(sandbox.counters().reuses, 0);
        }
    }
}

//! Tests of PostgreSQL: the contract, durability, and the lock of a session.

use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{BackendError, Durability, LockKind, PostgresBackend};
use evergrant::clock::ManualClock;
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::sandbox::contract::{self, Contract, noted, successor};
use evergrant::{BoxError, Error, TokenBackend as _};
use postgres::{Client, NoTls};

use crate::servers::{self, Server};
use crate::support::*;

pub(crate) fn store(server: &Server) -> PostgresBackend {
    PostgresBackend::new(server.url()).unwrap()
}

/// A store with the same address in another spelling. A store with another spelling asks the server, as
/// another process does; two stores with the same spelling would wait for each other in memory.
pub(crate) fn elsewhere(server: &Server) -> PostgresBackend {
    PostgresBackend::new(format!("{}?application_name=evergrant", server.url())).unwrap()
}

pub(crate) fn admin(server: &Server) -> Client {
    Client::connect(&server.url(), NoTls).unwrap()
}

/// A connection as a pool lends it.
struct Lent(Client);

impl std::ops::Deref for Lent {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.0
    }
}

impl std::ops::DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.0
    }
}

pub(crate) type Pool = std::sync::Arc<std::sync::Mutex<Vec<Client>>>;

/// A connection that goes back to its pool.
struct Back(Option<Client>, Pool);

impl Drop for Back {
    fn drop(&mut self) {
        self.1.lock().unwrap().extend(self.0.take());
    }
}

impl std::ops::Deref for Back {
    type Target = Client;
    fn deref(&self) -> &Client {
        self.0.as_ref().unwrap()
    }
}

impl std::ops::DerefMut for Back {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_mut().unwrap()
    }
}

pub(crate) fn pooled(url: String, pool: Pool) -> PostgresBackend {
    PostgresBackend::with_connections(move || -> Result<_, BoxError> {
        let resting = pool.lock().unwrap().pop();
        let client = match resting {
            Some(client) => client,
            None => Client::connect(&url, NoTls)?,
        };
        Ok(Back(Some(client), pool.clone()))
    })
}

/// Returns the sessions that have the lock, as the server sees them.
pub(crate) fn holders(server: &Server) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted";
    admin(server).query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// Opens a store on connections that the application lends, in a schema of its own.
fn lent(url: &str) -> PostgresBackend {
    let url = url.to_owned();
    let open = move || Client::connect(&url, NoTls).map(Lent);
    PostgresBackend::with_connections(open).table("Odd.log\"ins").account("o'neill \u{1f511}")
}

/// Opens a store by a name that both processes know: a URL, or `lent` and a URL.
fn named(name: &str) -> PostgresBackend {
    match name.strip_prefix("lent ") {
        Some(url) => lent(url),
        None => PostgresBackend::new(name).unwrap(),
    }
}

/// Runs the whole suite, except for the power cut.
pub(crate) fn keeps(server: &Server, table: &str, name: &str) {
    let raw = |bytes: &[u8]| {
        let sql = format!("UPDATE {table} SET record = $1");
        assert_eq!(admin(server).execute(&sql, &[&bytes]).unwrap(), 1);
    };
    Contract::new(|| named(name))
        .compares(true)
        .locks(LockKind::Lease)
        .raw(raw)
        .in_second_process("postgres::it_keeps_the_contract", name)
        .without("a saved record survives a power cut", "the server flushes: synchronous_commit")
        .check()
        .assert();
}

#[test]
fn it_keeps_the_contract() {
    contract::worker(named);
    let Some(server) = servers::postgres() else { return };
    keeps(&server, "evergrant_logins", &server.url());
    let sql = "CREATE SCHEMA \"Odd\"; \
               ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'";
    admin(&server).batch_execute(sql).unwrap();
    keeps(&server, "\"Odd\".\"log\"\"ins\"", &format!("lent {}", server.url()));
}

#[test]
fn a_save_survives_a_crash_even_with_asynchronous_commits() {
    let Some(mut server) = servers::postgres() else { return };
    let sql = "ALTER DATABASE postgres SET synchronous_commit = off; \
               ALTER SYSTEM SET wal_writer_delay = '10s'; SELECT pg_reload_conf(); \
               CREATE TABLE plain (n int)";
    for sql in sql.split("; ") {
        admin(&server).batch_execute(sql).unwrap();
    }
    let store = store(&server);
    assert!(store.load().unwrap().is_none());
    let mut forgotten = 0;
    for n in 1..=5 {
        let next = match store.load().unwrap() {
            Some(stored) => successor(&stored, token(n)),
            None => record(n),
        };
        store.save(&next).unwrap();
        // As a control, make another commit, which a crash can lose because the server does not flush the
        // commit at once.
        admin(&server).execute("INSERT INTO plain VALUES ($1)", &[&(n as i32)]).unwrap();
        server.crash();
        assert!(matches!(precise(store.load()), BackendError::Unavailable(_)));
        server.restart();
        assert_eq!(store.load().unwrap().unwrap(), next);
        let row = admin(&server).query_one("SELECT count(*) FROM plain", &[]).unwrap();
        forgotten += i64::from(n) - forgotten - row.get::<_, i64>(0);
    }
    println!("5 crashes, {forgotten} of 5 commits of the control were forgotten");
    assert!(forgotten > 0, "no commit of the control was lost, so this test shows nothing");
    assert_eq!(elsewhere(&server).durability(), Durability::PowerCut);
    store.clear().unwrap();
    server.crash();
    server.restart();
    assert!(store.load().unwrap().is_none(), "a cleared record came back after a crash");
    // Two settings lose data: a table that a crash empties, and a server that does not flush.
    admin(&server).batch_execute("ALTER TABLE evergrant_logins SET UNLOGGED").unwrap();
    assert_eq!(elsewhere(&server).durability(), Durability::Process);
    admin(&server).batch_execute("ALTER TABLE evergrant_logins SET LOGGED").unwrap();
    assert_eq!(elsewhere(&server).durability(), Durability::PowerCut);
    admin(&server).batch_execute("ALTER SYSTEM SET fsync = off").unwrap();
    admin(&server).batch_execute("SELECT pg_reload_conf()").unwrap();
    while elsewhere(&server).durability() != Durability::Process {}
}

#[test]
fn a_late_save_is_refused_and_a_repeated_one_is_not() {
    let Some(server) = servers::postgres() else { return };
    let (late, other) = (store(&server), elsewhere(&server));
    late.save(&record(1)).unwrap();
    let guard = late.lock(Duration::ZERO).unwrap();
    let note = noted(&late.load().unwrap().unwrap());
    late.save(&note).unwrap();
    assert!(guard.lasts(Duration::from_secs(120)));
    let [holder] = holders(&server)[..] else { panic!("not exactly one session holds the lock") };
    // The server closes the session, as it closes a session that is silent for longer than its limit.
    admin(&server).execute("SELECT pg_terminate_backend($1)", &[&holder]).unwrap();
    let theirs = other.lock(Duration::from_secs(600)).unwrap();
    let newer = successor(&noted(&note), token(2));
    other.save(&noted(&note)).unwrap();
    other.save(&newer).unwrap();
    other.save(&newer).expect("a save whose answer was lost");
    assert!(!guard.lasts(Duration::ZERO), "the guard does not notice that its session is closed");
    assert!(!guard.lasts(Duration::ZERO), "the guard has forgotten it");
    let error = precise(late.save(&successor(&note, token(3))));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(other.load().unwrap().unwrap(), newer);
    drop(guard);
    assert!(matches!(precise(late.lock(Duration::ZERO)), BackendError::Busy(_)));
    drop(theirs);
    late.lock(Duration::ZERO).unwrap();
}

#[test]
fn a_lock_of_a_silent_holder_ends_and_leaves_no_settings() {
    let Some(server) = servers::postgres() else { return };
    // The holder of this lock is silent from now on, and still connected.
    let silent = store(&server).lease(Duration::from_millis(500));
    let guard = silent.lock(Duration::ZERO).unwrap();
    let other = elsewhere(&server);
    let theirs = other.lock(Duration::from_secs(600)).unwrap();
    assert!(!guard.lasts(Duration::ZERO));
    drop((guard, theirs));
    assert!(holders(&server).is_empty());
    // The release of the lock restores the settings that the lock changed.
    let shared = Pool::default();
    let store = pooled(server.url(), shared.clone());
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    assert!(guard.lasts(Duration::from_secs(1)));
    assert!(store.load().unwrap().is_some());
    assert!(shared.lock().unwrap().is_empty(), "the holder uses a second connection");
    drop(guard);
    assert_eq!(shared.lock().unwrap().len(), 1);
    for client in shared.lock().unwrap().iter_mut() {
        for setting in ["idle_session_timeout", "synchronous_commit"] {
            let shown: String = client.query_one(&format!("SHOW {setting}"), &[]).unwrap().get(0);
            assert_eq!(shown, if setting == "idle_session_timeout" { "0" } else { "on" });
        }
    }
}

/// A program may call the blocking functions of this crate from asynchronous code.
#[test]
fn a_thread_of_asynchronous_code_may_use_a_store() {
    let Some(server) = servers::postgres() else { return };
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = store(&server);
        let client = evergrant::Client::new(sandbox.provider(), sandbox.credentials(), store);
        client.seed(sandbox.login()).unwrap();
        (0..5).for_each(|_| client.refresh().unwrap());
        told(PostgresBackend::new("postgres://app@127.0.0.1:1/app").unwrap().load());
    });
    // The sessions of the store end here, some of them in asynchronous code.
    let used = store(&server);
    used.load().unwrap();
    runtime.block_on(async move { drop(used) });
    assert!(holders(&server).is_empty() && sandbox.login_alive());
}

/// Returns a precise error, with its causes.
pub(crate) fn told<T>(result: Result<T, BoxError>) -> String {
    let error = result.err().expect("the call succeeded");
    assert!(BackendError::find(&error).is_some(), "not precise: {error}");
    let first: &(dyn std::error::Error + 'static) = &*error;
    let links = std::iter::successors(Some(first), |error| error.source());
    links.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_failed_session_returns_to_its_pool_without_a_lock() {
    let Some(server) = servers::postgres() else { return };
    store(&server).save(&record(1)).unwrap();
    // The lock is taken, and then the read of the record fails.
    admin(&server).batch_execute("CREATE ROLE app LOGIN PASSWORD 'sesame'").unwrap();
    let shared = Pool::default();
    let app = pooled(server.url().replace("postgres@", "app:sesame@"), shared.clone());
    let error = told(app.enter(Duration::ZERO));
    assert!(error.contains("permission denied"), "{error}");
    assert_eq!(shared.lock().unwrap().len(), 1, "the connection is back in the pool, and open");
    assert!(holders(&server).is_empty());
}

#[test]
fn an_unusable_database_has_a_precise_error() {
    let Some(server) = servers::postgres() else { return };
    // This user may use the table, but not create it.
    let sql = "CREATE ROLE app LOGIN PASSWORD 'sesame'; REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    admin(&server).batch_execute(sql).unwrap();
    let url = server.url().replace("postgres@", "app:sesame@");
    let app = PostgresBackend::new(&url).unwrap();
    let error = told(app.load());
    assert!(error.contains("permission denied"), "{error}");
    store(&server).save(&record(1)).unwrap();
    let sql = "GRANT SELECT, INSERT, UPDATE, DELETE ON evergrant_logins TO app";
    admin(&server).batch_execute(sql).unwrap();
    let stored = app.load().unwrap().unwrap();
    app.save(&noted(&stored)).unwrap();
    app.clear().unwrap();
    app.lock(Duration::ZERO).unwrap();
    // If the role has no free session, the store reports this after a short wait, and does not report a
    // held lock.
    admin(&server).batch_execute("ALTER ROLE app CONNECTION LIMIT 1").unwrap();
    drop(app);
    let app = PostgresBackend::new(&url).unwrap();
    while app.load().is_err() {}
    let clock = Arc::new(ManualClock::new());
    let second = PostgresBackend::new(&url).unwrap().with_clock(clock.clone());
    let error = precise(second.lock(Duration::ZERO));
    assert!(matches!(error, BackendError::NoConnection(_)), "{error}");
    assert_eq!(clock.slept(), Duration::from_secs(10));
    // Try a server that only reads, a database that does not exist, and a string that is no address.
    admin(&server)
        .batch_execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        .unwrap();
    let error = told(store(&server).save(&record(1)));
    assert!(error.contains("read-only"), "{error}");
    let error = told(PostgresBackend::new(format!("{}x", server.url())).unwrap().load());
    assert!(error.contains("does not exist"), "{error}");
    let error = PostgresBackend::new("postgres://u:sesame@h/d?nonsense=1").unwrap_err();
    assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("sesame"), "{error}");
}

#[test]
fn a_silent_server_is_not_waited_for_forever() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://app:sesame@127.0.0.1:{port}/app");
    let store = PostgresBackend::new(url).unwrap();
    let error = told(store.load());
    assert!(error.contains("no answer within"), "{error}");
    let name = "PostgreSQL database app at 127.0.0.1, table \"evergrant_logins\", account default";
    assert_eq!(store.describe(), name);
    assert!(!format!("{store:?}").contains("sesame"));
}

#[test]
fn with_standbys_a_record_survives_if_they_have_flushed_it() {
    let Some(server) = servers::postgres() else { return };
    // A standby and its name, as a session with this search path sees them.
    let sql = "CREATE SCHEMA fake; CREATE VIEW fake.pg_stat_replication AS SELECT 1 AS standby; \
               CREATE FUNCTION fake.current_setting(name text) RETURNS text LANGUAGE sql AS $$ \
                   SELECT CASE name WHEN 'synchronous_standby_names' THEN 'ANY 1 (*)' \
                   ELSE pg_catalog.current_setting(name) END $$";
    admin(&server).batch_execute(sql).unwrap();
    for (setting, durability) in [
        ("on", Durability::PowerCut),
        ("remote_apply", Durability::PowerCut),
        // The store switches this setting on for its own transactions.
        ("off", Durability::PowerCut),
        ("local", Durability::Process),
        ("remote_write", Durability::Process),
    ] {
        let path = "-c%20search_path%3Dfake,pg_catalog,public";
        let url = format!("{}?options={path}%20-c%20synchronous_commit%3D{setting}", server.url());
        let store = PostgresBackend::new(url).unwrap();
        assert!(store.load().unwrap().is_none());
        assert_eq!(store.durability(), durability, "{setting}");
    }
}

#[test]
fn a_deletion_that_comes_late_deletes_no_new_login() {
    let Some(server) = servers::postgres() else { return };
    let store = store(&server);
    store.save(&record(1)).unwrap();
    // Another client is about to store a new login. The deletion waits for the other client, longer
    // than the store waits for the deletion.
    let mut other = admin(&server);
    let mut transaction = other.transaction().unwrap();
    let json = record(2).to_json().unwrap();
    transaction.execute("UPDATE evergrant_logins SET record = $1", &[&json]).unwrap();
    let error = told(store.clear());
    assert!(error.contains("no answer within"), "{error}");
    transaction.commit().unwrap();
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%DELETE%' \
               AND pid <> pg_backend_pid()";
    while other.query_one(sql, &[]).unwrap().get::<_, i64>(0) > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(store.load().unwrap().unwrap().token(), record(2).token());
}

/// A read of the whole table at each refresh would make every refresh slower with each new account.
#[test]
fn a_refresh_reads_the_row_of_its_account_by_the_index() {
    use evergrant::provider::Rotation;
    use evergrant::sandbox::Sandbox;
    let Some(server) = servers::postgres() else { return };
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let scans = || -> (i64, i64) {
        let sql =
            "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'evergrant_logins'";
        let row = admin(&server).query_one(sql, &[]).unwrap();
        (row.get(0), row.get(1))
    };
    let store = PostgresBackend::new(server.url()).unwrap();
    let client = evergrant::Client::new(
        sandbox.provider(),
        sandbox.credentials(),
        store.account("tenant-\u{e9}-500"),
    );
    client.seed(sandbox.login()).unwrap();
    let sql = "INSERT INTO evergrant_logins (account, record) \
               SELECT 'tenant-' || n, decode(repeat('61', 900), 'hex') FROM generate_series(1, 1000) n";
    admin(&server).execute(sql, &[]).unwrap();
    let before = scans();
    (0..20).for_each(|_| client.refresh().unwrap());
    drop((client, store));
    // A session reports its reads when it ends, at the latest.
    let end = std::time::Instant::now() + Duration::from_secs(60);
    let mut after = scans();
    while after.1 < before.1 + 60 && std::time::Instant::now() < end {
        std::thread::yield_now();
        after = scans();
    }
    assert!(after.1 >= before.1 + 60, "{before:?}, {after:?}");
    // While the table was empty, the index was not worth its use.
    assert!(after.0 < 10, "{before:?}, {after:?}");
}

//! Tests of PostgreSQL sessions that break, that answer late, or in which functions of the server are
//! replaced.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use evergrant::TokenBackend as _;
use evergrant::backend::{BackendError, PostgresBackend};
use evergrant::clock::{Clock, ManualClock};
use evergrant::sandbox::contract::{noted, successor};
use postgres::{Client, NoTls};

use crate::postgres::{Pool, admin, elsewhere, holders, pooled, store, told};
use crate::servers::{self, Server};
use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

/// A clock whose sleeps each run one function, once.
struct Sleeps<'a> {
    clock: ManualClock,
    acts: Mutex<Vec<Box<dyn FnOnce() + Send + 'a>>>,
}

impl std::fmt::Debug for Sleeps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.clock.fmt(f)
    }
}

impl Clock for Sleeps<'_> {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
    fn sleep(&self, time: Duration) {
        self.clock.sleep(time);
        let mut acts = self.acts.lock().unwrap();
        if !acts.is_empty() {
            acts.remove(0)();
        }
    }
}

fn sleeps(acts: Vec<Box<dyn FnOnce() + Send>>) -> Arc<Sleeps<'static>> {
    Arc::new(Sleeps { clock: ManualClock::new(), acts: Mutex::new(acts) })
}

fn run(server: &Server, sql: &str) {
    admin(server).batch_execute(sql).unwrap();
}

/// Makes a schema with functions and views that replace the server's, and returns a URL whose sessions
/// use this schema. `fake.set_config` records its arguments, and fails as often as `fake.failing` says.
pub(crate) fn replaced(server: &Server, more: &str) -> String {
    run(
        server,
        "CREATE SCHEMA fake; \
         CREATE TABLE fake.said (name text, value text); \
         CREATE TABLE fake.failing (code text, times int); \
         CREATE SEQUENCE fake.calls; \
         CREATE FUNCTION fake.set_config(name text, value text, local boolean) RETURNS text \
         LANGUAGE plpgsql AS $$ \
         DECLARE failing fake.failing%ROWTYPE; \
         BEGIN \
             SELECT * INTO failing FROM fake.failing; \
             IF FOUND AND nextval('fake.calls') <= failing.times THEN \
                 RAISE EXCEPTION 'on command' USING ERRCODE = failing.code; \
             END IF; \
             INSERT INTO fake.said VALUES (name, value); \
             RETURN pg_catalog.set_config(name, value, local); \
         END $$",
    );
    run(server, more);
    format!("{}?options=-c%20search_path%3Dfake,pg_catalog,public", server.url())
}

/// The limits that were set for silent sessions since the last call.
fn limits(server: &Server) -> Vec<String> {
    let sql = "WITH gone AS (DELETE FROM fake.said RETURNING *) \
               SELECT value FROM gone WHERE name = 'idle_session_timeout'";
    admin(server).query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// The sessions of stores for a URL.
fn sessions(server: &Server) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'evergrant' ORDER BY pid";
    admin(server).query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[track_caller]
fn is_busy<T>(result: Result<T, evergrant::BoxError>) {
    let error = precise(result);
    assert!(matches!(error, BackendError::Busy(_)), "{error}");
}

#[test]
fn the_server_limits_the_session_of_a_holder_alone() {
    let Some(server) = servers::postgres() else { return };
    let url = replaced(&server, "");
    // A store with the same address in another spelling asks the server, as another process does.
    let other = format!("{url}&application_name=evergrant");
    let (one, two) = (PostgresBackend::new(&url).unwrap(), PostgresBackend::new(other).unwrap());
    let guard = one.lock(Duration::ZERO).unwrap();
    assert_eq!(limits(&server), ["60000"]);
    assert!(guard.lasts(10 * SECOND));
    assert_eq!(limits(&server), ["110000"]);
    is_busy(two.lock(Duration::ZERO));
    assert!(limits(&server).is_empty(), "a waiting session has a limit");
    drop(guard);
    drop(two.lease(7 * SECOND).lock(Duration::ZERO).unwrap());
    assert_eq!(limits(&server), ["7000"]);
}

#[test]
fn a_session_is_used_again_after_it_had_or_missed_the_lock() {
    let Some(server) = servers::postgres() else { return };
    let (one, two) = (store(&server), elsewhere(&server));
    one.load().unwrap();
    let first = sessions(&server);
    assert_eq!(first.len(), 1);
    drop(one.lock(Duration::ZERO).unwrap());
    one.load().unwrap();
    assert_eq!(sessions(&server), first);
    let guard = one.lock(Duration::ZERO).unwrap();
    two.load().unwrap();
    let both = sessions(&server);
    let clock = sleeps(Vec::new());
    let two = two.with_clock(clock.clone());
    is_busy(two.lock(SECOND));
    assert_eq!(clock.clock.slept(), SECOND);
    two.load().unwrap();
    assert_eq!(sessions(&server), both);
    drop(guard);
    // A waiting thread has no session between two tries.
    let guard = one.lock(Duration::ZERO).unwrap();
    let (pool, seen) = (Pool::default(), Arc::new(AtomicUsize::new(0)));
    let (waits, count) = (pool.clone(), Arc::clone(&seen));
    let looks = move || count.store(waits.lock().unwrap().len(), Ordering::Relaxed);
    let lent = pooled(server.url(), pool).with_clock(sleeps(vec![Box::new(looks)]));
    is_busy(lent.lock(SECOND));
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    drop(guard);
}

/// PostgreSQL before release 14 does not know the limit for silent sessions.
#[test]
fn an_older_server_without_the_limit_has_its_lock_as_well() {
    let Some(server) = servers::postgres() else { return };
    let older = "CREATE FUNCTION fake.current_setting(name text, missing boolean) RETURNS text \
                 LANGUAGE sql AS $$ SELECT CASE WHEN name = 'idle_session_timeout' THEN NULL \
                 ELSE pg_catalog.current_setting(name, missing) END $$";
    let url = replaced(&server, older);
    let mut client = Client::connect(&url, NoTls).unwrap();
    client.batch_execute("SET idle_session_timeout = '1h'").unwrap();
    let pool = Pool::default();
    pool.lock().unwrap().push(client);
    let store = pooled(url, pool.clone());
    let guard = store.lock(Duration::ZERO).unwrap();
    assert!(guard.lasts(SECOND));
    drop(guard);
    assert!(holders(&server).is_empty() && limits(&server).is_empty());
    let mut client = pool.lock().unwrap().pop().unwrap();
    let shown: String = client.query_one("SHOW idle_session_timeout", &[]).unwrap().get(0);
    assert_eq!(shown, "1h", "the setting of the application was reset");
}

#[test]
fn a_lock_that_the_session_no_longer_has_is_noticed() {
    let Some(server) = servers::postgres() else { return };
    let replace = "CREATE TABLE fake.seen (seen boolean); INSERT INTO fake.seen VALUES (true); \
                   CREATE FUNCTION fake.current_setting(text, boolean) RETURNS text LANGUAGE sql AS \
                   'SELECT CASE WHEN $1 <> ''evergrant.lock'' OR (SELECT seen FROM fake.seen) \
                   THEN pg_catalog.current_setting($1, $2) END'";
    let store = PostgresBackend::new(replaced(&server, replace)).unwrap();
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    assert!(guard.lasts(SECOND) && guard.lasts(SECOND));
    run(&server, "UPDATE fake.seen SET seen = false");
    limits(&server);
    // The session may now belong to another client: its limit stays, and no refresh note is written.
    is_busy(store.save(&noted(&stored)));
    assert!(!guard.lasts(SECOND));
    assert!(limits(&server).is_empty());
    assert_eq!(store.load().unwrap(), Some(stored));
    drop(guard);
    is_busy(store.lock(Duration::ZERO));
}

#[test]
fn a_session_that_ends_during_a_wait_is_replaced() {
    let Some(server) = servers::postgres() else { return };
    let guard = store(&server).lock(Duration::ZERO).unwrap();
    let url = format!("{}?application_name=waiter", server.url());
    let mut admin = admin(&server);
    let ends = move || {
        let sql = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
                   WHERE application_name = 'waiter'";
        assert!(admin.query_one(sql, &[]).unwrap().get::<_, bool>(0));
    };
    let clock = sleeps(vec![Box::new(ends), Box::new(|| {}), Box::new(|| drop(guard))]);
    let waiter = PostgresBackend::new(url).unwrap().with_clock(clock);
    assert!(waiter.lock(SECOND).unwrap().lasts(SECOND));
}

#[test]
fn a_server_full_of_sessions_is_asked_again() {
    let Some(server) = servers::postgres() else { return };
    store(&server).save(&record(1)).unwrap();
    let sql = "CREATE ROLE app LOGIN CONNECTION LIMIT 1; GRANT SELECT ON evergrant_logins TO app";
    run(&server, sql);
    let app = || PostgresBackend::new(server.url().replace("postgres@", "app@")).unwrap();
    let first = app();
    first.load().unwrap();
    let mut admin = admin(&server);
    let makes_room = move || admin.batch_execute("ALTER ROLE app CONNECTION LIMIT 2").unwrap();
    let clock = sleeps(vec![Box::new(|| {}), Box::new(makes_room)]);
    app().with_clock(clock).lock(SECOND).unwrap();
    // If a session is missing for any other reason, the store returns an error at once.
    run(&server, "ALTER ROLE app NOLOGIN");
    let clock = sleeps(Vec::new());
    let error = precise(app().with_clock(clock.clone()).lock(SECOND));
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
    assert_eq!(clock.clock.slept(), Duration::ZERO);
}

/// The store repeats a statement on a new session if the server has ended the old session.
#[test]
fn the_code_of_an_error_decides_whether_a_save_is_repeated() {
    let Some(server) = servers::postgres() else { return };
    let url = replaced(&server, "");
    for (code, repeats, full) in [
        ("57P01", true, false),
        ("57P02", true, false),
        ("57P03", true, false),
        ("57P05", true, false),
        ("25006", true, false),
        ("42501", false, false),
        ("53100", false, true),
        ("54000", false, true),
    ] {
        let store = PostgresBackend::new(&url).unwrap();
        store.save(&record(1)).unwrap();
        let next = noted(&store.load().unwrap().unwrap());
        let sql = format!(
            "ALTER SEQUENCE fake.calls RESTART; INSERT INTO fake.failing VALUES ('{code}', 1)"
        );
        run(&server, &sql);
        let saved = store.save(&next);
        assert_eq!(saved.is_ok(), repeats, "{code}");
        if let Err(error) = saved {
            let error = precise::<()>(Err(error));
            let of_kind = match full {
                true => matches!(error, BackendError::Full(_)),
                false => matches!(error, BackendError::Unavailable(_)),
            };
            assert!(of_kind, "{code}: {error}");
        }
        run(&server, "DELETE FROM fake.failing");
        store.clear().unwrap();
    }
}

/// If two clients create the table at once, both may get an error although the table is then there.
#[test]
fn the_table_is_created_at_the_third_try_at_the_latest() {
    let Some(server) = servers::postgres() else { return };
    let sql = "CREATE SEQUENCE tries; CREATE TABLE allowed (times int); \
               INSERT INTO allowed VALUES (2); \
               CREATE FUNCTION fails() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
                   IF nextval('tries') <= (SELECT times FROM allowed) THEN \
                       RAISE EXCEPTION 'on command'; \
                   END IF; \
               END $$; \
               CREATE EVENT TRIGGER fails ON ddl_command_start WHEN TAG IN ('CREATE TABLE') \
               EXECUTE FUNCTION fails()";
    run(&server, sql);
    assert!(store(&server).load().unwrap().is_none());
    run(&server, "DROP TABLE evergrant_logins; UPDATE allowed SET times = 100");
    run(&server, "ALTER SEQUENCE tries RESTART");
    let error = told(store(&server).load());
    assert!(error.contains("on command"), "{error}");
    let row = admin(&server).query_one("SELECT last_value FROM tries", &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 3);
    // Only a missing table is created.
    run(&server, "DROP EVENT TRIGGER fails; CREATE TABLE evergrant_logins (record text)");
    let error = told(store(&server).load());
    assert!(error.contains("account"), "{error}");
}

/// A statement that is answered too late must leave no lock on a session of the application.
#[test]
fn a_late_answer_leaves_no_lock_on_the_session() {
    let Some(server) = servers::postgres() else { return };
    let url = replaced(&server, "CREATE TABLE fake.slow (seconds int)");
    let slow = "CREATE OR REPLACE FUNCTION fake.set_config(name text, value text, local boolean) \
                RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
                    PERFORM pg_sleep(seconds) FROM fake.slow WHERE name = 'tcp_keepalives_idle'; \
                    RETURN pg_catalog.set_config(name, value, local); \
                END $$";
    run(&server, slow);
    let guard = store(&server).lock(Duration::ZERO).unwrap();
    let mut admin = admin(&server);
    // The first attempt finds the lock held; during the second, which takes the lock, the server is slow.
    let slows = move || {
        drop(guard);
        admin.batch_execute("INSERT INTO fake.slow VALUES (11)").unwrap();
    };
    let pool = Pool::default();
    let waiter = pooled(url, pool.clone()).with_clock(sleeps(vec![Box::new(slows)]));
    let error = precise(waiter.lock(SECOND));
    assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("no answer within"), "{error}");
    while pool.lock().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(holders(&server).is_empty(), "the session took a lock along");
}

#[test]
fn a_record_that_another_transaction_replaces_stays() {
    let Some(server) = servers::postgres() else { return };
    // With serializable transactions, this error says that another client was faster.
    let store = store(&server);
    store.save(&record(1)).unwrap();
    run(
        &server,
        "CREATE FUNCTION collides() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'on command' USING ERRCODE = '40001'; END $$; \
         CREATE TRIGGER collides BEFORE UPDATE ON evergrant_logins \
         FOR EACH ROW EXECUTE FUNCTION collides()",
    );
    let stored = store.load().unwrap().unwrap();
    let error = precise(store.save(&noted(&stored)));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(store.load().unwrap().unwrap(), stored);
}

#[test]
fn a_record_written_between_a_read_and_a_save_stays() {
    let Some(server) = servers::postgres() else { return };
    let first = record(1);
    store(&server).save(&first).unwrap();
    let theirs = successor(&first, token(3));
    let (url, written, opened) = (server.url(), theirs.clone(), AtomicUsize::new(0));
    let lent = PostgresBackend::with_connections(move || {
        // The first session is for the read.
        if opened.fetch_add(1, Ordering::Relaxed) == 1 {
            PostgresBackend::new(&url).unwrap().save(&written).unwrap();
        }
        Client::connect(&url, NoTls).map(Box::new)
    });
    let error = precise(lent.save(&successor(&first, token(2))));
    assert!(matches!(error, BackendError::Conflict(_)), "{error}");
    assert_eq!(store(&server).load().unwrap(), Some(theirs));
}

#[test]
fn a_save_worked_although_another_client_replaced_it_at_once() {
    let Some(server) = servers::postgres() else { return };
    let store = store(&server);
    let first = record(1);
    store.save(&first).unwrap();
    let note = noted(&first);
    let theirs = successor(&note, token(2));
    let json = String::from_utf8(theirs.to_json().unwrap()).unwrap();
    let sql = format!(
        "CREATE FUNCTION overtakes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         UPDATE evergrant_logins SET record = convert_to('{json}', 'UTF8'); RETURN NULL; END $$; \
         CREATE TRIGGER overtakes AFTER UPDATE ON evergrant_logins FOR EACH ROW \
         WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION overtakes()"
    );
    run(&server, &sql);
    store.save(&note).unwrap();
    assert_eq!(store.load().unwrap(), Some(theirs));
}

#[test]
fn accounts_of_one_table_do_not_see_each_other() {
    let Some(server) = servers::postgres() else { return };
    let account = |name: &str| store(&server).account(name);
    let first = record(1);
    account("alice").save(&first).unwrap();
    assert!(account("bob").load().unwrap().is_none());
    account("bob").save(&record(2)).unwrap();
    let guard = account("alice").lock(Duration::ZERO).unwrap();
    is_busy(account("alice").lock(Duration::ZERO));
    is_busy(elsewhere(&server).account("alice").lock(Duration::ZERO));
    drop(account("bob").lock(Duration::ZERO).unwrap());
    drop(guard);
    account("bob").clear().unwrap();
    assert_eq!(account("alice").load().unwrap(), Some(first));
}

#[test]
fn a_holder_whose_session_broke_saves_on_another() {
    let Some(server) = servers::postgres() else { return };
    let clock = Arc::new(ManualClock::new());
    let store = store(&server).connections(1).with_clock(clock.clone());
    let bob = store.account("bob");
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let sent = noted(&store.load().unwrap().unwrap());
    assert!(guard.lasts(SECOND));
    store.save(&sent).unwrap();
    let sql = "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory'";
    assert!(admin(&server).query_one(sql, &[]).unwrap().get::<_, bool>(0));
    let next = successor(&sent, token(2));
    store.save(&next).unwrap();
    assert_eq!(store.load().unwrap(), Some(next));
    assert!(!guard.lasts(SECOND));
    // The lock that has ended does not delay the locks of other accounts either.
    drop(bob.lock(Duration::ZERO).unwrap());
    drop(guard);
    drop(store.lock(Duration::ZERO).unwrap());
    assert_eq!(clock.slept(), Duration::ZERO);
}

#[test]
fn a_call_that_does_not_wait_needs_no_permit_of_another_lock() {
    let Some(server) = servers::postgres() else { return };
    let clock = Arc::new(ManualClock::new());
    let store = store(&server).connections(4).with_clock(clock.clone());
    let lock = |account: &str| store.account(account).lock(Duration::ZERO);
    let held = ["a", "b", "c"].map(|account| lock(account).unwrap());
    is_busy(lock("d"));
    is_busy(store.account("d").enter(Duration::ZERO));
    assert_eq!(clock.slept(), Duration::ZERO);
    // A call that waits gets the reason at the end of its wait.
    let error = precise(store.account("d").lock(7 * SECOND));
    assert!(matches!(error, BackendError::NoConnection(_)), "{error}");
    assert_eq!(clock.slept(), 7 * SECOND);
    drop(held);
    lock("d").unwrap();
}

//! Tests of the statements that a session of PostgreSQL has prepared.

use std::time::Duration;

use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{Client, PostgresBackend, TokenBackend as _};

use crate::postgres::{Pool, admin, holders, pooled};
use crate::servers::{self, Server};
use crate::sessions::replaced;

/// A function of the server that counts the prepared statements of the session that calls it, and removes all of them
/// when the table `fake.forget` has a row.
const COUNTS: &str = "CREATE TABLE fake.counted (statements int); \
    CREATE TABLE fake.forget (once int); \
    CREATE OR REPLACE FUNCTION fake.set_config(name text, value text, local boolean) RETURNS text \
    LANGUAGE plpgsql AS $$ \
    BEGIN \
        INSERT INTO fake.counted SELECT count(*) FROM pg_prepared_statements; \
        IF name = 'synchronous_commit' AND EXISTS (SELECT FROM fake.forget) THEN \
            DELETE FROM fake.forget; \
            EXECUTE 'DEALLOCATE ALL'; \
        END IF; \
        RETURN pg_catalog.set_config(name, value, local); \
    END $$";

/// The numbers of prepared statements since the last call: at the first, and at the last.
fn counted(server: &Server) -> (i32, i32) {
    let sql = "WITH gone AS (DELETE FROM fake.counted RETURNING *) SELECT statements FROM gone";
    let rows = admin(server).query(sql, &[]).unwrap();
    let all: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    (all[0], all[all.len() - 1])
}

/// Runs `work` with a client of this store.
fn refreshes(store: PostgresBackend, work: impl FnOnce(&Client)) {
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    work(&client);
    assert!(sandbox.login_alive());
}

#[test]
fn a_session_prepares_the_statements_of_a_lock_once() {
    let Some(server) = servers::postgres() else { return };
    let store = PostgresBackend::new(replaced(&server, COUNTS)).unwrap().connections(2);
    refreshes(store.clone(), |client| {
        (0..5).for_each(|_| client.refresh().unwrap());
        counted(&server);
        // Meanwhile the server plans the statements again.
        (0..300).for_each(|_| drop(store.enter(Duration::ZERO).unwrap()));
        client.refresh().unwrap();
        // The lock, the read under the lock, the note, and the save.
        assert_eq!(counted(&server), (4, 4));
    });
}

#[test]
fn a_session_that_lost_its_statements_goes_on_without() {
    let Some(server) = servers::postgres() else { return };
    let store = PostgresBackend::new(replaced(&server, COUNTS)).unwrap().connections(2);
    refreshes(store, |client| {
        (0..5).for_each(|_| client.refresh().unwrap());
        assert_eq!(counted(&server).1, 4);
        admin(&server).batch_execute("INSERT INTO fake.forget VALUES (1)").unwrap();
        client.refresh().unwrap();
        counted(&server);
        (0..5).for_each(|_| client.refresh().unwrap());
        assert_eq!(counted(&server), (0, 0));
    });
    assert!(holders(&server).is_empty());
}

#[test]
fn a_lent_session_comes_back_without_statements() {
    let Some(server) = servers::postgres() else { return };
    let pool = Pool::default();
    refreshes(pooled(server.url(), pool.clone()), |client| {
        (0..5).for_each(|_| client.refresh().unwrap());
    });
    for client in pool.lock().unwrap().iter_mut() {
        let row = client.query_typed("SELECT count(*) FROM pg_prepared_statements", &[]).unwrap();
        assert_eq!(row[0].get::<_, i64>(0), 0);
    }
}

/// Behind a pooler, a name of a prepared statement may mean a statement of another program.
#[test]
fn a_session_prepares_nothing_behind_a_pooler() {
    let Some(server) = servers::postgres() else { return };
    let Some(pooler) = servers::pgbouncer(server.port(), "session") else { return };
    crate::postgres::store(&server).load().unwrap();
    let counts = "CREATE TABLE counted (statements int); \
                  CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                      INSERT INTO counted SELECT count(*) FROM pg_prepared_statements; \
                      RETURN NEW; END $$; \
                  CREATE TRIGGER counts BEFORE UPDATE ON evergrant_logins \
                      FOR EACH ROW EXECUTE FUNCTION counts()";
    admin(&server).batch_execute(counts).unwrap();
    for (account, url, most) in [("direct", server.url(), 4), ("pooled", pooler.url(), 0)] {
        let store = PostgresBackend::new(url).unwrap().connections(2).account(account);
        refreshes(store, |client| (0..8).for_each(|_| client.refresh().unwrap()));
        let sql = "WITH gone AS (DELETE FROM counted RETURNING *) SELECT max(statements) FROM gone";
        let row = admin(&server).query_one(sql, &[]).unwrap();
        assert_eq!(row.get::<_, i32>(0), most, "{account}");
    }
}

//! Tables of an earlier and of a later release in PostgreSQL.

use std::sync::Mutex;
use std::time::Instant;

use evergrant::TokenBackend as _;
use evergrant::backend::BackendError;
use evergrant::sandbox::contract::noted;
use postgres::{Client, NoTls, Statement};

use super::{Rows, completes_the_table_of_an_earlier_release, leaves_the_store_to_a_later_release};
use crate::postgres::{admin, elsewhere, told};
use crate::servers::{self, Server};
use crate::support::*;

/// The table and the prepared statements of an earlier release, which does not know the time of a save.
pub(super) struct Earlier(Mutex<(Client, [Statement; 3])>, String);

impl Earlier {
    pub(super) fn open(url: &str, account: &str) -> Earlier {
        let mut client = Client::connect(url, NoTls).unwrap();
        let statements = [
            "SELECT record FROM evergrant_logins WHERE account = $1",
            "UPDATE evergrant_logins SET record = $2 WHERE account = $1 AND record = $3",
            "INSERT INTO evergrant_logins (account, record) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        ];
        let statements = statements.map(|sql| client.prepare(sql).unwrap());
        Earlier(Mutex::new((client, statements)), account.to_owned())
    }
}

impl Rows for Earlier {
    fn read(&self) -> Option<Vec<u8>> {
        let (client, [read, ..]) = &mut *self.0.lock().unwrap();
        client.query_opt(read, &[&self.1]).unwrap().map(|row| row.get(0))
    }
    fn swap(&self, old: Option<&[u8]>, new: &[u8]) -> bool {
        let (client, [_, update, insert]) = &mut *self.0.lock().unwrap();
        let rows = match old {
            Some(old) => client.execute(update, &[&self.1, &new, &old]),
            None => client.execute(insert, &[&self.1, &new]),
        };
        rows.unwrap() == 1
    }
}

const EARLIER: &str =
    "CREATE TABLE evergrant_logins (account text PRIMARY KEY, record bytea NOT NULL)";

/// A server with the table of an earlier release, and one login in it.
fn earlier() -> Option<Server> {
    let server = servers::postgres()?;
    admin(&server).batch_execute(EARLIER).unwrap();
    Some(server)
}

fn has_time(server: &Server) -> bool {
    let sql = "SELECT count(*) FROM information_schema.columns \
               WHERE table_name = 'evergrant_logins' AND column_name = 'saved_at'";
    admin(server).query_one(sql, &[]).unwrap().get::<_, i64>(0) == 1
}

#[test]
fn postgres_completes_the_table_of_an_earlier_release() {
    let Some(server) = earlier() else { return };
    let store = format!("postgres {}", server.url());
    completes_the_table_of_an_earlier_release(&store, &|| has_time(&server));
}

#[test]
fn this_release_leaves_postgres_to_a_later_release() {
    let Some(server) = servers::postgres() else { return };
    let rows = |account: &str| Box::new(Earlier::open(&server.url(), account)) as Box<dyn Rows>;
    let table = |sql: &str| admin(&server).batch_execute(sql).unwrap();
    let store = format!("postgres {}", server.url());
    leaves_the_store_to_a_later_release(&store, &rows, Some(&table));
}

/// Saves the first record of an account, and then another one, which names all columns.
fn saves_twice(server: &Server, account: &str) -> Result<(), evergrant::BoxError> {
    let store = elsewhere(server).account(account);
    store.save(&record(1))?;
    let stored = store.load()?.unwrap();
    store.save(&noted(&stored))
}

#[test]
fn one_of_many_sessions_changes_the_table() {
    let Some(server) = earlier() else { return };
    let counts = "CREATE TABLE changes (tag text); \
                  CREATE FUNCTION counts() RETURNS event_trigger LANGUAGE plpgsql AS \
                  $$ BEGIN INSERT INTO changes VALUES (tg_tag); END $$; \
                  CREATE EVENT TRIGGER counts ON ddl_command_end WHEN TAG IN ('ALTER TABLE') \
                  EXECUTE FUNCTION counts()";
    admin(&server).batch_execute(counts).unwrap();
    std::thread::scope(|scope| {
        for n in 0..12 {
            let server = &server;
            scope.spawn(move || saves_twice(server, &format!("tenant-{n}")).unwrap());
        }
    });
    assert!(has_time(&server));
    let row = admin(&server).query_one("SELECT count(*) FROM changes", &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

/// A dump, or another long transaction, keeps the table from being changed. Statements of other sessions wait behind
/// the change.
#[test]
fn a_table_in_long_use_is_changed_later() {
    let Some(server) = earlier() else { return };
    let mut other = admin(&server);
    let mut dump = other.transaction().unwrap();
    dump.batch_execute("LOCK TABLE evergrant_logins IN ACCESS SHARE MODE").unwrap();
    let rows = Earlier::open(&server.url(), "other");
    let began = Instant::now();
    let error = std::thread::scope(|scope| {
        let saves = scope.spawn(|| saves_twice(&server, "default"));
        // An earlier release goes on meanwhile.
        assert!(rows.swap(None, b"1"));
        let mut written = 1_u64;
        while !saves.is_finished() {
            let next = (written + 1).to_string();
            assert!(rows.swap(Some(written.to_string().as_bytes()), next.as_bytes()));
            written += 1;
        }
        assert!(written > 5, "{written}");
        saves.join().unwrap().unwrap_err()
    });
    println!("the change is given up after {:.1?}", began.elapsed());
    let error = told::<()>(Err(error));
    assert!(error.contains("another session keeps the table locked"), "{error}");
    assert!(!has_time(&server));
    dump.commit().unwrap();
    let store = elsewhere(&server);
    let stored = store.load().unwrap().unwrap();
    store.save(&noted(&stored)).unwrap();
    assert!(has_time(&server));
}

#[test]
fn a_user_who_may_not_change_the_table_is_told() {
    let Some(server) = earlier() else { return };
    let sql = "CREATE ROLE app LOGIN; \
               GRANT SELECT, INSERT, UPDATE, DELETE ON evergrant_logins TO app";
    admin(&server).batch_execute(sql).unwrap();
    let url = server.url().replace("postgres@", "app@");
    let app = evergrant::PostgresBackend::new(url).unwrap();
    let first = record(1);
    app.save(&first).unwrap();
    let note = noted(&first);
    let error = precise(app.save(&note));
    let BackendError::Config(text) = error else { panic!("{error}") };
    assert!(text.contains("its owner must add the new columns"), "{text}");
    assert!(!has_time(&server));
    // The statement of the guide.
    let guide = include_str!("../../../src/guide/stores.md");
    let sql = guide.lines().find(|line| line.starts_with("ALTER TABLE evergrant_logins")).unwrap();
    admin(&server).batch_execute(sql).unwrap();
    app.save(&note).unwrap();
    assert!(has_time(&server));
}

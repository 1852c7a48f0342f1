//! Tests the guide's example of a backend for any database, on a real database: the record is in one row, and
//! the lock is on another row.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::{BackendError, Guard, LockKind, Record, TokenBackend};
use evergrant::sandbox::contract::{self, Contract};
use evergrant::{BoxError, Client as Evergrant, sandbox::Sandbox};
use postgres::{Client, NoTls};

use crate::servers;

struct Rows {
    url: String,
}

impl Rows {
    fn begin(&self) -> Result<Client, BoxError> {
        let mut client = Client::connect(&self.url, NoTls)?;
        client.batch_execute("BEGIN")?;
        Ok(client)
    }
}

fn row(client: &mut Client, sql: &str) -> Result<Option<Vec<u8>>, BoxError> {
    Ok(client.query_one(sql, &[])?.get(0))
}

impl TokenBackend for Rows {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let row = row(&mut self.begin()?, "SELECT record FROM logins WHERE id = 1")?;
        row.map(|row| Record::from_json(&row)).transpose()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let mut transaction = self.begin()?;
        let row = row(&mut transaction, "SELECT record FROM logins WHERE id = 1 FOR UPDATE")?;
        let stored = row.map(|row| Record::from_json(&row)).transpose()?;
        if !record.may_replace(stored.as_ref()) {
            return Err(BackendError::Conflict(self.describe()).into());
        }
        let json = record.to_json()?;
        transaction.execute("UPDATE logins SET record = $1 WHERE id = 1", &[&json])?;
        Ok(transaction.batch_execute("COMMIT")?)
    }
    fn clear(&self) -> Result<(), BoxError> {
        let mut transaction = self.begin()?;
        transaction.execute("UPDATE logins SET record = NULL WHERE id = 1", &[])?;
        Ok(transaction.batch_execute("COMMIT")?)
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let mut transaction = self.begin()?;
        let wait = wait.as_millis().max(1);
        transaction.batch_execute(&format!("SET LOCAL lock_timeout = {wait}"))?;
        let taken = transaction.batch_execute("SELECT id FROM locks WHERE id = 1 FOR UPDATE");
        if let Err(error) = taken {
            let busy = error.code() == Some(&postgres::error::SqlState::LOCK_NOT_AVAILABLE);
            return Err(match busy {
                true => BackendError::Busy(self.describe()).into(),
                false => error.into(),
            });
        }
        let held = Arc::new(Mutex::new(transaction));
        let same = held.clone();
        Ok(Guard::lease(held, move |_| same.lock().unwrap().batch_execute("SELECT 1").is_ok()))
    }
}

#[test]
fn a_row_and_a_row_lock_keep_the_contract() {
    contract::worker(|url| Rows { url: url.to_owned() });
    let Some(server) = servers::postgres() else { return };
    let mut admin = Client::connect(&server.url(), NoTls).unwrap();
    let sql = "CREATE TABLE logins (id int PRIMARY KEY, record bytea); \
               CREATE TABLE locks (id int PRIMARY KEY); \
               INSERT INTO logins VALUES (1, NULL); INSERT INTO locks VALUES (1)";
    admin.batch_execute(sql).unwrap();
    Contract::new(|| Rows { url: server.url() })
        .compares(true)
        .locks(LockKind::Lease)
        .raw(|bytes| {
            let mut admin = Client::connect(&server.url(), NoTls).unwrap();
            admin.execute("UPDATE logins SET record = $1", &[&bytes]).unwrap();
        })
        .in_second_process("rows::a_row_and_a_row_lock_keep_the_contract", server.url())
        .without("a saved record survives a power cut", "the server flushes: synchronous_commit")
        .check()
        .assert();
    let store = Rows { url: server.url() };
    store.clear().unwrap();
    let sandbox = Sandbox::start().unwrap();
    let client = Evergrant::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    assert!(sandbox.login_alive());
}

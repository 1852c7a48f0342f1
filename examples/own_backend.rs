//! Implements a token store with three methods, and a lock between processes with a fourth.
//!
//! `cargo run --example own_backend` keeps a login of the sandbox in this store.

use std::sync::Mutex;
use std::time::Duration;

use evergrant::backend::{FileLock, Guard, Record};
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};

/// One row of a table, here in memory. A real store keeps the row where it survives a power cut.
#[derive(Default)]
struct Table(Mutex<Option<Vec<u8>>>);

struct Own {
    table: Table,
    lock: FileLock,
}

impl TokenBackend for Own {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let row = self.table.0.lock().unwrap();
        row.as_deref().map(Record::from_json).transpose()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        *self.table.0.lock().unwrap() = Some(record.to_json()?);
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        *self.table.0.lock().unwrap() = None;
        Ok(())
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.lock.lock(wait)
    }
}

fn main() -> Result<(), BoxError> {
    let sandbox = Sandbox::start()?;
    let lock = FileLock::new(sandbox.folder().join("own.lock"));
    let own = Own { table: Table::default(), lock };
    let client = Client::new(sandbox.provider(), sandbox.credentials(), own);
    client.seed(sandbox.login())?;
    client.refresh()?;
    println!("{}", client.get("/me").call()?.read_string()?);
    println!("{} refresh, login alive: {}", sandbox.counters().refreshes, sandbox.login_alive());
    Ok(())
}

//! The table: made when it is missing, and completed when an earlier release has made it.

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

/// Creates the table of this release.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS evergrant_logins (
    account TEXT NOT NULL PRIMARY KEY, record BLOB NOT NULL, room BLOB)";

/// The columns without which a table is not one of this release.
const NEEDED: [&str; 2] = ["account", "record"];

/// The columns that a table of an earlier release may lack, with their types. An earlier release does not name
/// them, so each may be NULL.
const ADDED: [(&str, &str); 1] = [("room", "BLOB")];

/// Creates the table if it is missing.
pub(super) fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(TABLE)
}

/// Runs `work`. If the table lacks a column that this release has added, adds the column and runs `work` again.
pub(super) fn on<T>(connection: &Connection, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    match work() {
        Err(error) if is_other_column(&error) => match complete(connection)? {
            true => work(),
            false => Err(error),
        },
        done => done,
    }
}

/// Whether a statement names a column that the table does not have.
pub(super) fn is_other_column(error: &rusqlite::Error) -> bool {
    let told = error.to_string();
    told.contains("no such column") || told.contains("has no column")
}

/// Adds the columns that the table of an earlier release lacks, in one transaction. Other connections wait
/// for this transaction as for any other. Returns `false`, and changes nothing, if the table is not one of an
/// earlier release.
fn complete(connection: &Connection) -> Result<bool> {
    if missing(connection)?.is_none() {
        return Ok(false);
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have changed the table meanwhile.
    let Some(missing) = missing(&transaction)? else { return Ok(false) };
    for column in missing {
        transaction.execute_batch(&format!("ALTER TABLE evergrant_logins ADD COLUMN {column}"))?;
    }
    transaction.commit().map(|()| true)
}

/// The columns that the table lacks, with their types. `None` if it is not a table of an earlier release.
fn missing(connection: &Connection) -> Result<Option<Vec<String>>> {
    let mut columns =
        connection.prepare("SELECT name FROM pragma_table_info('evergrant_logins')")?;
    let there = columns.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>>>()?;
    let has = |name: &str| there.iter().any(|column| column == name);
    let lacks = |(name, _): &&(&str, &str)| !has(name);
    let missing = || ADDED.iter().filter(lacks).map(|(name, kind)| format!("{name} {kind}"));
    Ok(NEEDED.iter().all(|name| has(name)).then(|| missing().collect()))
}

//! The table: made when it is missing, and completed when an earlier release has made it.

use postgres::error::SqlState;
use postgres::types::Type;

use super::super::compare::hash;
use super::talk::{Error, Talk};

/// The table of this release.
const COLUMNS: &str = "account text PRIMARY KEY, record bytea NOT NULL, \
    saved_at timestamptz NOT NULL DEFAULT now()";

/// The columns without which a table is not one of this release.
const NEEDED: [&str; 2] = ["account", "record"];

/// The columns that a table of an earlier release may lack, with their definitions. An earlier release does not
/// name them, so each needs a default value.
const ADDED: [(&str, &str); 1] = [("saved_at", "timestamptz NOT NULL DEFAULT now()")];

/// How often the change of a table is tried, and how long each try waits for the other sessions, in milliseconds.
/// Statements of other sessions wait behind a try. All tries together take less time than the store waits for an
/// answer.
const TRIES: usize = 6;
const WAIT: u32 = 500;

/// Runs `work`. If the table is missing, creates the table and runs `work` again. If the table lacks a column
/// that this release has added, adds the column and runs `work` again.
pub(super) fn on<T>(
    talk: &mut Talk<'_>,
    table: &str,
    work: impl Fn(&mut Talk<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let error = match work(talk) {
        Err(error) => error,
        done => return done,
    };
    let is_ready = match error.code() {
        Some(&SqlState::UNDEFINED_TABLE) => create(talk, table).map(|()| true)?,
        Some(&SqlState::UNDEFINED_COLUMN) => complete(talk, table)?,
        _ => false,
    };
    if is_ready { work(talk) } else { Err(error) }
}

/// Creates the table. Tries again after an error: if two clients create the table at once, PostgreSQL
/// returns an error to one of them.
fn create(talk: &mut Talk<'_>, table: &str) -> Result<(), Error> {
    let sql = format!("CREATE TABLE IF NOT EXISTS {table} ({COLUMNS})");
    let mut tries = 0;
    loop {
        tries += 1;
        match talk.batch_execute(&sql) {
            Err(_) if tries < 3 => {}
            done => return done,
        }
    }
}

/// Adds the columns that the table of an earlier release lacks. Returns `false`, and changes nothing, if the table
/// is not one of an earlier release, or if this user may not change the table.
///
/// One session at a time changes the table; the others wait for the change. `ALTER TABLE` waits for the statements
/// that use the table, and later statements wait behind `ALTER TABLE`, so each try ends after a short time.
fn complete(talk: &mut Talk<'_>, table: &str) -> Result<bool, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let Some(missing) = missing(talk, table)? else { return Ok(false) };
        if missing.is_empty() {
            return Ok(true);
        }
        match change(talk, table, &missing) {
            Ok(()) => return Ok(true),
            // The second code: a view, or another relation that is no table.
            Err(error)
                if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::WRONG_OBJECT_TYPE]
                    .iter()
                    .any(|code| error.code() == Some(code)) =>
            {
                return Ok(false);
            }
            Err(error) if tries < TRIES && error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                // The statements that have waited behind this try run now.
                talk.batch_execute("SELECT pg_sleep(0.2)")?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The columns that the table lacks, with their definitions. `None` if it is not a table of an earlier release.
fn missing(
    talk: &mut Talk<'_>,
    table: &str,
) -> Result<Option<Vec<(&'static str, &'static str)>>, Error> {
    let sql = "SELECT attname::text FROM pg_attribute \
               WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = talk.query_typed(sql, &[(&table, Type::TEXT)])?;
    let there = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let has = |name: &str| there.iter().any(|column| column == name);
    let lacks = |(name, _): &&(&str, &str)| !has(name);
    let missing = || ADDED.iter().filter(lacks).copied().collect();
    Ok(NEEDED.iter().all(|name| has(name)).then(missing))
}

/// Adds the missing columns in one transaction, unless another session has added them. The statements are one message,
/// so that the server itself ends the transaction, whatever happens.
fn change(talk: &mut Talk<'_>, table: &str, missing: &[(&str, &str)]) -> Result<(), Error> {
    // A lock of this kind, not a lock on the table, lets the other sessions that want to change the table wait.
    let number = i64::from_be_bytes(hash(&["change", table]));
    let literal = table.replace('\'', "''");
    let adds = missing.iter().map(|(name, kind)| {
        format!(
            "IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{literal}') \
                 AND attname = '{name}' AND NOT attisdropped) \
             THEN ALTER TABLE {table} ADD COLUMN {name} {kind}; END IF; "
        )
    });
    let adds: String = adds.collect();
    talk.batch_execute(&format!(
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {WAIT}; \
         SELECT pg_advisory_xact_lock({number}); DO $evergrant$ BEGIN {adds} END $evergrant$"
    ))
}

//! Reads and replaces the row of an account.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use zeroize::Zeroizing;

use super::super::compare::Bytes;

/// Reads the bytes of the record. A person who writes the record with a tool of SQLite writes `TEXT` and not
/// `BLOB`. A value of another type is no record; its bytes are empty.
pub(super) fn read(connection: &Connection, account: &str) -> rusqlite::Result<Option<Bytes>> {
    let sql = "SELECT record FROM evergrant_logins WHERE account = ?1";
    let found = connection.query_row(sql, [account], |row| {
        Ok(Zeroizing::new(match row.get_ref(0)? {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        }))
    });
    found.optional()
}

/// Replaces exactly `old` by `new`, and reserves `room` bytes. Returns whether the row was written.
pub(super) fn swap(
    connection: &Connection,
    account: &str,
    old: Option<&[u8]>,
    new: &[u8],
    room: i64,
) -> rusqlite::Result<bool> {
    let rows = match old {
        Some(old) => {
            let sql = "UPDATE evergrant_logins SET record = ?1, room = zeroblob(?2) \
                       WHERE account = ?3 AND (record = ?4 OR record = ?5)";
            connection.execute(sql, params![new, room, account, old, as_text(old)])
        }
        None => {
            let sql = "INSERT INTO evergrant_logins (record, room, account) \
                       VALUES (?1, zeroblob(?2), ?3) ON CONFLICT DO NOTHING";
            connection.execute(sql, params![new, room, account])
        }
    };
    Ok(rows? == 1)
}

/// Reserves `room` bytes beside the record `old`.
pub(super) fn set_room(
    connection: &Connection,
    account: &str,
    old: &[u8],
    room: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE evergrant_logins SET room = zeroblob(?1) \
               WHERE account = ?2 AND (record = ?3 OR record = ?4)";
    connection.execute(sql, params![room, account, old, as_text(old)]).map(drop)
}

/// SQLite treats a `TEXT` and a `BLOB` with the same bytes as different.
fn as_text(old: &[u8]) -> Option<&str> {
    std::str::from_utf8(old).ok()
}

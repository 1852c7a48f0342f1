//! Settings of a connection that change for a while, and the free pages of a database.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows;
use crate::secret::random_id;

/// The largest number of bytes of free pages that `clear` overwrites.
const MOST: i64 = 64 << 20;

/// A setting of a connection that is changed for a while.
pub(super) struct Setting {
    name: &'static str,
    before: i64,
}

impl Setting {
    pub(super) fn change(
        connection: &Connection,
        name: &'static str,
        value: &str,
    ) -> rusqlite::Result<Setting> {
        let sql = format!("PRAGMA main.{name}");
        let before = connection.query_row(&sql, [], |row| row.get(0))?;
        pragma(connection, name, value)?;
        Ok(Setting { name, before })
    }

    pub(super) fn restore(self, connection: &Connection) -> rusqlite::Result<()> {
        // SQLite accepts the value 2 of `secure_delete` only as a word.
        match (self.name, self.before) {
            ("secure_delete", 2) => pragma(connection, self.name, "FAST"),
            (name, before) => pragma(connection, name, &before.to_string()),
        }
    }
}

/// Sets a value; for some settings, SQLite answers with the new value.
pub(super) fn pragma(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA main.{name} = {value}");
    connection.query_row(&sql, [], |_| Ok(())).optional().map(drop)
}

/// Overwrites the pages that the database does not use: a row of zeros takes them, and is then deleted.
pub(super) fn overwrite_free_pages(connection: &Connection) -> rusqlite::Result<()> {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = ask("PRAGMA main.freelist_count")?;
    let room = free.saturating_mul(ask("PRAGMA main.page_size")?).min(MOST);
    let transaction = connection.unchecked_transaction()?;
    // No account has this name, because the name is random.
    let name = random_id();
    let sql = "INSERT INTO evergrant_logins (record, account) VALUES (zeroblob(?1), ?2)";
    transaction.execute(sql, params![room, name])?;
    transaction.execute("DELETE FROM evergrant_logins WHERE account = ?1", [name])?;
    transaction.commit()
}

/// Makes sure that there are free pages for the next record: SQLite allocates the pages of a new row before
/// it frees the pages of the old row. With a write-ahead log, a save needs space only in the log.
pub(super) fn free_pages(
    connection: &Connection,
    account: &str,
    old: &[u8],
    room: i64,
) -> rusqlite::Result<()> {
    let mode = "PRAGMA main.journal_mode";
    let mode = connection.query_row(mode, [], |row| row.get::<_, String>(0))?;
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = ask("PRAGMA main.freelist_count")?;
    if mode == "wal" || free.saturating_mul(ask("PRAGMA main.page_size")?) >= room {
        return Ok(());
    }
    // The save of the refresh note frees these pages. The row is one byte longer, because a row of the same
    // length would be overwritten in place.
    rows::set_room(connection, account, old, room.saturating_add(1))
}

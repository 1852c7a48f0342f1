//! The write-ahead log of a database: which new databases get a log, and the space that is reserved for new
//! records in the log.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior};

use super::super::disk;
use super::super::line::Key;
use super::{file_system, room};
use crate::secret::random_id;

/// How many times a store requests a log for a new database, or checks a log, while another process
/// changes it.
const TRIES: usize = 3;

/// How long the copy of a deleted log waits for the transactions of other connections.
const LEAVE: Duration = Duration::from_secs(2);

/// The smallest number of bytes by which a log grows, if the disk has this space.
const STEP: u64 = 256 << 10;

/// The length in bytes of the log's own header, and of the header of each page
/// (<https://sqlite.org/fileformat2.html>, section 4.1).
const HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The number of pages that a save changes besides the pages of its record: the page of the row, the
/// first page, two pages of the list of free pages, and two more for safety.
const PAGES: u64 = 6;

/// Sets the journal mode of our own connection. Returns whether the database has a write-ahead log. An
/// existing database keeps its mode; its rollback journal keeps its space on the disk between saves.
pub(super) fn mode(connection: &Connection, path: &Path) -> rusqlite::Result<bool> {
    let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    if ask("PRAGMA journal_mode")? == "wal" {
        return Ok(true);
    }
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 && file_system::is_local(path) {
        for _ in 0..TRIES {
            match ask("PRAGMA journal_mode = WAL") {
                Ok(mode) if mode == "wal" => return Ok(true),
                Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                    return Err(error);
                }
                // Another process sets the mode at this moment.
                _ => look(connection)?,
            }
        }
    }
    persist(connection)
}

/// Sets the mode `PERSIST`, unless the database has a write-ahead log. Returns whether the database has a
/// write-ahead log. No process can change the mode while a transaction reads, so this does not undo the log
/// of another process.
fn persist(connection: &Connection) -> rusqlite::Result<bool> {
    let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let reading = connection.unchecked_transaction()?;
    look(connection)?;
    let has_log = ask("PRAGMA journal_mode")? == "wal";
    if !has_log {
        ask("PRAGMA journal_mode = PERSIST")?;
    }
    reading.commit()?;
    Ok(has_log)
}

/// Reads the file, and waits for a process that is changing its mode. `PRAGMA journal_mode` alone may return
/// a remembered value.
fn look(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Begins the transaction that saves a login's refresh note of `length` bytes, and makes sure that the log's
/// file has space for this record, for the record that follows, and for the next record of each other login
/// that this process is refreshing now. SQLite fills this space before it lets the file grow.
pub(super) fn begin_with_room<'a>(
    connection: &'a Connection,
    log: &Log,
    login: Key,
    length: usize,
) -> rusqlite::Result<Transaction<'a>> {
    let page = page_size(connection)?;
    let pages = 2 * (u64::try_from(length).unwrap_or(u64::MAX >> 16) / page) + PAGES;
    let of_save = pages.saturating_mul(page + FRAME_HEADER);
    let needed = room::kept(&log.database, Some(&login)).saturating_add(of_save.saturating_mul(2));
    let transaction = begin_with(connection, log, needed)?;
    room::keep(login, &log.database, of_save);
    Ok(transaction)
}

/// Ensures that the log still has the space after the refresh note was written: another process may have used
/// the space, and while a program reads, SQLite cannot start again at the beginning of the log.
pub(super) fn check_room(connection: &Connection, log: &Log) -> rusqlite::Result<()> {
    let needed = room::kept(&log.database, None);
    for _ in 0..TRIES {
        let (logged, _) = frames(connection, "NOOP")?;
        if log.size() >= used(logged, page_size(connection)?).saturating_add(needed) {
            return Ok(());
        }
        begin_with(connection, log, needed)?.rollback()?;
    }
    Err(sqlite_error(rusqlite::ffi::SQLITE_FULL))
}

fn sqlite_error(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}

/// Runs a checkpoint, and returns how many frames the log has, and how many of them are in the database.
fn frames(connection: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    let sql = format!("PRAGMA main.wal_checkpoint({mode})");
    connection.query_row(&sql, [], |row| Ok((row.get(1)?, row.get(2)?)))
}

/// The size in bytes of a log with this number of frames.
fn used(frames: i64, page: u64) -> u64 {
    HEADER + u64::try_from(frames).unwrap_or_default().saturating_mul(page + FRAME_HEADER)
}

fn page_size(connection: &Connection) -> rusqlite::Result<u64> {
    let page: i64 = connection.query_row("PRAGMA main.page_size", [], |row| row.get(0))?;
    Ok(u64::try_from(page).unwrap_or(4096).max(512))
}

/// Begins a transaction that writes, and makes sure that the log's file has `needed` bytes after the end of
/// the log.
///
/// While the transaction runs, nobody else appends to the log, and zeros after its end are no part of it:
/// they carry no checksum.
fn begin_with<'a>(
    connection: &'a Connection,
    log: &Log,
    needed: u64,
) -> rusqlite::Result<Transaction<'a>> {
    let page = page_size(connection)?;
    let begin = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let (logged, _) = frames(connection, "NOOP")?;
    if log.size() >= used(logged, page).saturating_add(needed) {
        return begin();
    }
    let transaction = begin()?;
    let end = used(logged, page).max(log.size()).saturating_add(needed);
    let grow = |end| grow(&log.path(), log.file, end);
    match grow(end.next_multiple_of(STEP)).or_else(|_| grow(end)) {
        Ok(()) => return Ok(transaction),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(sqlite_error(rusqlite::ffi::SQLITE_READONLY_DBMOVED));
        }
        Err(_) => {}
    }
    // The disk is full. After a checkpoint, the log is written from its start again.
    transaction.rollback()?;
    let (logged, copied) = frames(connection, "PASSIVE")?;
    if copied == logged && log.size() >= used(0, page).saturating_add(needed) {
        return begin();
    }
    Err(sqlite_error(rusqlite::ffi::SQLITE_FULL))
}

/// Appends zeros to the log until it has this size, and flushes it. If the disk is full, the log gets
/// its old size again. A file at the path that is not the connection's log is not changed.
fn grow(log: &Path, expected: disk::Identity, end: u64) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(log)?;
    if disk::identity(&file, &file.metadata()?)? != expected {
        return Err(ErrorKind::NotFound.into());
    }
    let size = file.seek(SeekFrom::End(0))?;
    let zeros = [0; 4096];
    let mut written = || {
        let mut left = end.saturating_sub(size);
        while left > 0 {
            let part = left.min(4096);
            file.write_all(&zeros[..usize::try_from(part).unwrap_or(4096)])?;
            left -= part;
        }
        file.sync_all()
    };
    let done = written();
    if done.is_err() {
        file.set_len(size)?;
    }
    done
}

/// Removes the content of the log, which may have records of a login that was cleared. If the log has `room`
/// for new records of other logins, the log is made as long again at once, before another thread of this
/// process writes. Removes nothing while other connections read the log.
pub(super) fn cut(connection: &Connection, log: Option<&Log>, room: u64) {
    let _ = connection.query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Some(log) = log.filter(|_| room > 0) {
        // The transaction writes nothing. A full disk must not prevent a logout.
        let _ = begin_with(connection, log, room);
    }
}

/// The log of a database.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) database: PathBuf,
    /// The identity of the log's file.
    file: disk::Identity,
    /// The identity of the log's index, a file that all users of the log map into memory.
    index: disk::Identity,
}

impl Log {
    /// The log that is beside the database now.
    pub(super) fn of(database: &Path) -> Log {
        let (file, index) = (beside(database, "-wal"), beside(database, "-shm"));
        Log { database: database.to_owned(), file, index }
    }

    fn path(&self) -> PathBuf {
        disk::beside(&self.database, "", "-wal")
    }

    fn size(&self) -> u64 {
        fs::metadata(self.path()).map_or(0, |metadata| metadata.len())
    }

    /// Whether the log or its index was deleted, so that it is no longer beside the database. All that
    /// a connection writes into a deleted log is lost when the connection ends.
    pub(super) fn is_lost(&self) -> bool {
        let differs =
            |ours: disk::Identity, end| ours.is_some() && beside(&self.database, end) != ours;
        differs(self.file, "-wal") || differs(self.index, "-shm")
    }

    /// Prepares to close a connection whose log was deleted. If there is no log now, or a log without the
    /// indexed frames, SQLite copies the deleted log into the database. Otherwise the log still exists, or
    /// another connection has copied it and begun a new log; then SQLite must not copy the deleted log, because
    /// it would use the index of the new log.
    pub(super) fn leave(&self, connection: &Connection) {
        if beside(&self.database, "-wal").is_none() || self.has_the_frames(connection) {
            // Until the copy is done, a process that starts gets an error. SQLite waits for other connections.
            let _ = connection.busy_timeout(LEAVE);
            let _ = frames(connection, "TRUNCATE");
        } else {
            let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = connection.set_db_config(keep, true);
        }
    }

    /// Whether the log was replaced and has the frames that the index lists: the log beside the database is
    /// shorter. A process that opens the database after the deletion makes an empty log, and leaves the index.
    fn has_the_frames(&self, connection: &Connection) -> bool {
        let now = |end| beside(&self.database, end);
        let (Ok(page), Ok((logged, _))) = (page_size(connection), frames(connection, "NOOP"))
        else {
            return false;
        };
        let is_ours = self.index.is_some() && now("-shm") == self.index;
        is_ours && now("-wal") != self.file && logged > 0 && self.size() < used(logged, page)
    }

    /// Whether a new connection uses the same log as other connections: the index exists, and the log has all
    /// frames that the index lists. In a read-only database the frames are not compared. If SQLite cannot tell
    /// the number of frames, the log must at least have its header.
    pub(super) fn is_whole(&self, connection: &Connection) -> bool {
        let has_all = || match (page_size(connection), frames(connection, "NOOP")) {
            (Ok(_), Ok((0, _))) => true,
            // The number is negative if another process is making the index anew.
            (Ok(page), Ok((logged, _))) if logged > 0 => self.size() >= used(logged, page),
            (_, Err(error)) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => true,
            _ => self.size() >= HEADER,
        };
        // Another connection may truncate the log between the two checks.
        self.file.is_none() || self.index.is_some() && (0..TRIES).any(|_| has_all())
    }

    /// Removes the log of a database that is no longer at `path`: SQLite would use that log for the
    /// database that is at `path` now. The connection that has this log open still exists, so no other
    /// file has its identity.
    pub(super) fn forget(&self, path: &Path) {
        if self.file.is_some() && beside(path, "-wal") == self.file {
            self.remove(path);
        }
    }

    /// Removes the log at `path` if it is this log. The log is renamed first, because another process may put
    /// another log there between a check and the removal.
    fn remove(&self, path: &Path) {
        let log = disk::beside(path, "", "-wal");
        let aside = disk::beside(path, "", &format!("-evergrant-{}", random_id()));
        if fs::rename(&log, &aside).is_err() {
            return;
        }
        if disk::identity_at(&aside).ok().flatten() == self.file {
            let _ = disk::remove(&aside);
            let _ = disk::remove(&disk::beside(path, "", "-shm"));
        } else {
            let _ = fs::rename(&aside, &log);
        }
    }
}

/// The identity of the file beside the database at `path` whose name has this end.
fn beside(path: &Path, end: &str) -> disk::Identity {
    disk::identity_at(&disk::beside(path, "", end)).ok().flatten()
}

/// After a checkpoint, the write-ahead log is written from its start again, where it already has space. The
/// checkpoint fails while others read or write, and does nothing without a write-ahead log.
pub(super) fn checkpoint(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).optional();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_another_program_has_just_set_is_not_undone() {
        let path = std::env::temp_dir().join(random_id());
        let open = || Connection::open(&path).unwrap();
        let ask = |connection: &Connection, sql| {
            connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
        };
        let (first, second) = (open(), open());
        // The second program reads the mode before the first program sets it, and continues after the
        // first.
        assert_eq!(ask(&second, "PRAGMA journal_mode"), "delete");
        assert_eq!(ask(&first, "PRAGMA journal_mode = WAL"), "wal");
        drop(first);
        assert!(persist(&second).unwrap());
        assert_eq!(ask(&second, "PRAGMA journal_mode"), "wal");
        drop(second);
        assert_eq!(ask(&open(), "PRAGMA journal_mode"), "wal");
        fs::remove_file(&path).unwrap();
        let second = open();
        assert!(!persist(&second).unwrap());
        assert_eq!(ask(&second, "PRAGMA journal_mode"), "persist");
        drop(second);
        fs::remove_file(&path).unwrap();
    }

    /// A transaction on the connection keeps SQLite from telling the number of frames.
    #[cfg(unix)]
    #[test]
    fn an_empty_log_with_unknown_frames_is_not_whole() {
        let path = std::env::temp_dir().join(random_id());
        let connection = Connection::open(&path).unwrap();
        let sql = "PRAGMA journal_mode = WAL";
        let mode = connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(mode, "wal");
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let log = Log::of(&path);
        assert!(log.is_whole(&connection));
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(frames(&connection, "NOOP").is_err());
        assert!(log.is_whole(&connection));
        File::options().write(true).open(log.path()).unwrap().set_len(0).unwrap();
        assert!(!log.is_whole(&connection));
        drop(connection);
        for end in ["", "-wal", "-shm"] {
            disk::remove(&disk::beside(&path, "", end)).unwrap();
        }
    }

    /// Windows does not replace an open file.
    #[cfg(unix)]
    #[test]
    fn only_the_log_of_the_connection_is_removed() {
        let path = std::env::temp_dir().join(random_id());
        let file = disk::beside(&path, "", "-wal");
        let write = |text: &str| {
            let next = disk::beside(&path, "", "-next");
            fs::write(&next, text).unwrap();
            fs::rename(next, &file).unwrap();
        };
        write("ours");
        let ours = Log::of(&path);
        // The old file stays open, as the connection's log does.
        let _open = File::open(&file).unwrap();
        write("theirs");
        ours.forget(&path);
        ours.remove(&path);
        assert_eq!(grow(&file, ours.file, 100).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        Log::of(&path).forget(&path);
        assert!(!file.exists());
    }
}

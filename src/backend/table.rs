//! A store for a table that only has columns for a token, and that other programs read.

mod tokens;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::tokens::{changed, moved_on, name, pair, taken_over};
use super::file::Line;
use super::{BackendError, Durability, Entry, FileBackend, FileLock, Guard, TokenBackend, disk};
use crate::clock::{Clock, SystemClock};
use crate::error::{BoxError, chain};
use crate::record::Record;
use crate::token::Token;

/// The member of the file's record that names the tokens that this store has replaced.
const REPLACED: &str = "table_replaced";

/// How many replaced tokens are kept. If the table returns to an older replaced token, the store treats
/// that token as a new token.
const KNOWN: usize = 32;

/// How long a load or a save waits while another load or save uses the table and the file.
const WAIT: Duration = Duration::from_secs(10);

/// A table, or another kind of storage, that holds only an access token, a refresh token and an expiry; for
/// [`TableBackend`].
pub trait TokenTable: Send + Sync {
    /// Reads the token. A field that has no column is left out.
    ///
    /// # Errors
    ///
    /// Any failure to read. `Ok(None)` means only that there is no token.
    fn get(&self) -> Result<Option<Token>, BoxError>;

    /// Writes the token, all of its columns in one step, or removes it. The change is durable when the method
    /// returns.
    ///
    /// # Errors
    ///
    /// Any failure to write.
    fn set(&self, token: Option<&Token>) -> Result<(), BoxError>;

    /// Replaces `old` by `new` and returns `true`; if the table has another token, changes nothing and
    /// returns `false`.
    ///
    /// The default reads and then writes, so it may overwrite a token that another program writes
    /// between the two steps. A database can do this in one step: `UPDATE logins SET ... WHERE id =
    /// ? AND refresh_token = ? AND access_token = ?`.
    ///
    /// # Errors
    ///
    /// The errors of [`TokenTable::get`] and [`TokenTable::set`].
    fn replace(&self, old: Option<&Token>, new: &Token) -> Result<bool, BoxError> {
        if self.get()?.as_ref().map(pair) != old.map(pair) {
            return Ok(false);
        }
        self.set(Some(new)).map(|()| true)
    }

    /// Which failures the table's contents survive. The file of a [`TableBackend`] survives a power
    /// cut.
    fn durability(&self) -> Durability {
        Durability::Unknown
    }

    /// The table's name in messages.
    fn describe(&self) -> String {
        "the token table".to_owned()
    }
}

/// Keeps a login in a table that only has columns for a token, where other programs read it, and the
/// rest of the [`Record`] in a file.
///
/// A client has to store more than a token: the note of a refresh token that was sent without an
/// answer, a refusal, the client to which the login belongs. Without these facts the client cannot tell
/// a used refresh token from a valid refresh token. If the table cannot get more columns, use this
/// store, which keeps these facts in a file.
///
/// ```
/// use evergrant::backend::{TableBackend, TokenTable};
/// use evergrant::{BoxError, Client, Token};
/// # use std::sync::Mutex;
///
/// struct Logins {
///     row: Mutex<Option<(String, Option<String>, Option<i64>)>>, // Your database.
/// }
///
/// impl TokenTable for Logins {
///     fn get(&self) -> Result<Option<Token>, BoxError> {
///         let row = self.row.lock().map_err(|_| "the database is gone")?;
///         let Some((access, refresh, end)) = row.clone() else { return Ok(None) };
///         let mut token = Token::new(access);
///         if let Some(refresh) = refresh {
///             token = token.with_refresh_token(refresh);
///         }
///         if let Some(end) = end {
///             token = token.with_expires_at(time::OffsetDateTime::from_unix_timestamp(end)?);
///         }
///         Ok(Some(token))
///     }
///     fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
///         let columns = |token: &Token| {
///             let refresh = token.refresh_token().map(|secret| secret.expose().to_owned());
///             let end = token.expires_at().map(|end| end.unix_timestamp());
///             (token.access_token().expose().to_owned(), refresh, end)
///         };
///         *self.row.lock().map_err(|_| "the database is gone")? = token.map(columns);
///         Ok(())
///     }
/// }
///
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let file = sandbox.folder().join("login.json");
/// # let (provider, credentials, login) = (sandbox.provider(), sandbox.credentials(), sandbox.login());
/// let logins = Logins { row: Mutex::new(None) };
/// let client = Client::new(provider, credentials, TableBackend::new(logins, file));
/// client.seed(login)?;
/// client.refresh()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it promises
///
/// * **The file first.** A new token is in the file, whole and flushed, before the table is written. If the
///   process dies between the two writes, the next `load` finds in the table a token that the file knows as
///   replaced, answers with the file's record, and writes its token into the table.
/// * **Only a new token changes the table.** Refresh notes and everything else change only the file.
/// * If the file does not know the table's token, the client uses that token with the login, the binding and
///   the spare refresh token of the file's record. The refresh note and the refusal of the previous token no
///   longer apply. The store does not overwrite the new token; a `save` that replaces the previous token
///   fails with [`BackendError::Conflict`].
/// * **A table without a token is an empty store,** whatever the file says: another program has logged
///   out. `clear` removes the token first and then the file.
/// * **A token without a file is used unchanged:** a table that is already in use needs no migration.
/// * If the table returns to a token that this store has replaced (a backup, a failover), the store
///   writes the newer token again. The store knows the last 32 replaced tokens.
/// * **A column that changes a token** (too short, padded with blanks, missing) causes an error that names
///   the column. If the first save fails in this way, the table is empty again; if a later save fails in this
///   way, the file has the whole token.
/// * `save` returns `Ok` when the table and the file have the record. If the write to the table fails, `save`
///   fails; the new token is in the file, so nothing is lost, and the next `save` or `load` writes the table.
///
/// # What it cannot promise
///
/// * Programs that **refresh** with the table's refresh token, without this store's lock, can send that token
///   at the same moment as this client. Let these programs read only the access token.
/// * A token that another program writes between this store's read and write is overwritten, unless
///   [`TokenTable::replace`] is one step in the database.
/// * The file is on one machine: all processes that refresh must share the file and its lock. For many
///   machines, keep the whole record in the database (see [`crate::guide::stores`]).
/// * The key of a bound login (DPoP, RFC 9449) is only in the file: without the file, a bound login is lost.
/// * If the file is deleted, the refresh note is lost: a refresh token that was sent and not answered is sent
///   again. If the file is deleted between the two writes of a save, the new token is lost.
/// * A table whose writes fail is noticed after the refresh token was used, not before. The new token is then
///   in the file.
///
/// The file is written by a [`FileBackend`], with mode 0600, its lock and the files beside it, plus one
/// more lock, `NAME.table.lock`. The file also holds the token: keep the file in a place that is safe for the
/// token.
pub struct TableBackend<T> {
    table: T,
    file: FileBackend,
    clock: Arc<dyn Clock>,
}

/// The contents of the table and the file, and how they differ.
struct Both {
    in_table: Option<Token>,
    in_file: Option<Record>,
    /// The stored record; `None` when nothing is stored.
    record: Option<Record>,
    /// The tokens that the stored token has replaced.
    replaced: Vec<Value>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// The table and the file have the same token.
    Same,
    /// The table has a token that the file's record has replaced, so the table must be written.
    TableBehind,
    /// The table has a token that the file does not know, or none, so the file must be written.
    FileBehind,
}

impl<T: TokenTable> TableBackend<T> {
    /// Makes a store in `table`, with the rest of the record in the file at `path`, without opening the table
    /// or the file. The folder must exist and be writable.
    pub fn new(table: T, path: impl AsRef<Path>) -> TableBackend<T> {
        TableBackend { table, file: FileBackend::new(path), clock: Arc::new(SystemClock) }
    }

    /// Sets the clock that measures waits, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> TableBackend<T> {
        self.file = self.file.with_clock(Arc::clone(&clock));
        self.clock = clock;
        self
    }

    /// The table.
    pub fn table(&self) -> &T {
        &self.table
    }

    /// Excludes other changes of the table and the file, also changes by callers without the store's
    /// lock, so that a late repair does not overwrite a newer token.
    fn alone(&self, wait: Duration) -> Result<Guard, BoxError> {
        let target = disk::target(self.file.path())?;
        let lock = FileLock::new(disk::beside(&target, "", ".table.lock"));
        lock.with_clock(Arc::clone(&self.clock)).lock(wait)
    }

    /// Reads the table first and then the file: in this order the file knows the table's token, unless
    /// another program put that token into the table.
    fn look(&self) -> Result<Both, BoxError> {
        let in_table = self.table.get()?;
        let mut in_file = self.file.load()?;
        let mut replaced = Vec::new();
        if let Some(record) = &mut in_file {
            replaced =
                record.beside(REPLACED).and_then(Value::as_array).cloned().unwrap_or_default();
            record.put_beside(REPLACED, None);
        }
        let (record, state) = match (&in_table, &in_file) {
            (None, None) => (None, State::Same),
            (None, Some(_)) => (None, State::FileBehind),
            (Some(token), None) => (Some(taken_over(token)), State::FileBehind),
            (Some(token), Some(record)) if pair(token) == pair(record.token()) => {
                (Some(record.clone()), State::Same)
            }
            (Some(token), Some(record))
                if replaced.contains(&name(token)) || changed(token, record.token()).is_some() =>
            {
                (Some(record.clone()), State::TableBehind)
            }
            (Some(token), Some(record)) => (Some(moved_on(record, token)), State::FileBehind),
        };
        Ok(Both { in_table, in_file, record, replaced, state })
    }

    /// Writes the file's token into a table that is behind.
    fn repair(&self, both: &Both) -> Result<(), BoxError> {
        let (State::TableBehind, Some(record)) = (both.state, &both.record) else { return Ok(()) };
        self.put_over(both.in_table.as_ref(), record)
    }

    fn put(&self, stored: &Record, record: &Record) -> Result<(), BoxError> {
        self.put_over(Some(stored.token()), record)
    }

    fn put_over(&self, old: Option<&Token>, record: &Record) -> Result<(), BoxError> {
        if !self.table.replace(old, record.token())? {
            return Err(BackendError::Conflict(self.describe()).into());
        }
        let back = self.table.get()?;
        match back.and_then(|back| changed(&back, record.token())) {
            None => Ok(()),
            Some(what) => Err(disk::wrong(format!(
                "{} does not give the {what} back as it was written: make its column longer",
                self.table.describe()
            ))),
        }
    }

    /// Writes the table and the file, without the news to other threads.
    fn write(&self, record: &Record) -> Result<(), BoxError> {
        let _alone = self.alone(WAIT)?;
        let both = self.look()?;
        let conflict = || BackendError::Conflict(self.describe()).into();
        let Some(stored) = &both.record else {
            if !record.may_replace(None) {
                return Err(conflict());
            }
            // The file of an earlier login says nothing about this login. Write the table first: a
            // token without a file is a login, a file without a token is not.
            if both.in_file.is_some() {
                self.file.clear()?;
            }
            if let Err(error) = self.put_over(None, record) {
                // If the table has changed the token, the changed token must not stay there.
                let back = self.table.get()?;
                if back.and_then(|back| changed(&back, record.token())).is_some() {
                    self.table.set(None)?;
                }
                return Err(error);
            }
            return self.write_file(record, &[]);
        };
        // If the first save of this login ended between its two writes, write the file now.
        let half_saved = both.in_file.is_none()
            && record.may_replace(None)
            && pair(record.token()) == pair(stored.token());
        if half_saved {
            return self.write_file(record, &[]);
        }
        if !record.may_replace(Some(stored)) {
            return Err(conflict());
        }
        self.repair(&both)?;
        if both.state == State::FileBehind {
            self.write_file(stored, &both.replaced)?;
        }
        if record == stored {
            // Write all columns again: the previous save may have failed between its two writes.
            return self.put(stored, record);
        }
        let new = name(record.token());
        let mut replaced = both.replaced;
        replaced.push(name(stored.token()));
        replaced.retain(|known| *known != new);
        replaced.drain(..replaced.len().saturating_sub(KNOWN));
        self.write_file(record, &replaced)?;
        let columns = |token: &Token| (name(token), token.expires_at());
        if columns(record.token()) == columns(stored.token()) {
            return Ok(());
        }
        self.put(stored, record)
    }

    fn write_file(&self, record: &Record, replaced: &[Value]) -> Result<(), BoxError> {
        let mut record = record.clone();
        record.put_beside(REPLACED, Some(Value::Array(replaced.to_vec())));
        self.file.save(&record)
    }
}

impl<T: TokenTable> TokenBackend for TableBackend<T> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let both = self.look()?;
        if both.state == State::Same || both.in_table.is_none() {
            return Ok(both.record);
        }
        // A save on another thread may have written the file and not yet the table. The save on the other
        // thread then writes the table itself, and the file's record is the answer. If the file is behind,
        // the table and the file are read again under the lock.
        let behind = both.state == State::TableBehind;
        let _alone = match self.alone(if behind { Duration::ZERO } else { WAIT }) {
            Ok(guard) => guard,
            Err(error) if !behind && BackendError::is_busy(&error) => return Err(error),
            // The table is behind, or the folder cannot be written: use what was read.
            Err(_) => return Ok(both.record),
        };
        let both = self.look()?;
        if let Err(error) = self.repair(&both) {
            if BackendError::is_conflict(&error) {
                return Ok(self.look()?.record);
            }
            // The file has the token, and the next load or save tries to write the table again.
            let name = self.table.describe();
            log::warn!(target: "evergrant", "{name} still has a replaced token: {}", chain(&*error));
        }
        Ok(both.record)
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let target = disk::target(self.file.path())?;
        self.write(record)?;
        // After a change of the link, the record may be in another file.
        if disk::target(self.file.path()).is_ok_and(|now| now == target) {
            self.file.tell(Line::Table, &target, Some(record));
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let target = disk::target(self.file.path())?;
        let remove = || {
            let _alone = self.alone(WAIT)?;
            self.table.set(None)?;
            self.file.clear()
        };
        let done = remove();
        self.file.tell(Line::Table, &target, None);
        done
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.file.take(Line::Table, wait, None)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.file.take(Line::Table, wait, Some(&|_| self.load()))?.entry(self)
    }

    fn durability(&self) -> Durability {
        self.table.durability()
    }

    fn describe(&self) -> String {
        format!("{} (with {})", self.table.describe(), self.file.describe())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for TableBackend<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableBackend")
            .field("table", &self.table)
            .field("file", &self.file.path())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

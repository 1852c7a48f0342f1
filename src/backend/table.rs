//! A store for a table that has columns for a token only, and that other programs read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{BackendError, Durability, FileBackend, FileLock, Guard, TokenBackend, disk};
use crate::clock::{Clock, SystemClock};
use crate::error::{BoxError, chain};
use crate::record::Record;
use crate::secret::Secret;
use crate::token::Token;

/// The member of the record in the file: which tokens this store has replaced.
const REPLACED: &str = "table_replaced";

/// So many of them are known. A table that went back by more is taken for one that moved on.
const KNOWN: usize = 32;

/// Whoever looks at both or changes both waits this long for somebody else who does.
const WAIT: Duration = Duration::from_secs(10);

/// A table, or anything else, that holds an access token, a refresh token and an end, and nothing
/// more. For [`TableBackend`].
pub trait TokenTable: Send + Sync {
    /// Reads the token. Columns it does not have are left out.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read. `Ok(None)` is for "no token is there" alone.
    fn get(&self) -> Result<Option<Token>, BoxError>;

    /// Writes the token, all of its columns in one step, or removes it. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written.
    fn set(&self, token: Option<&Token>) -> Result<(), BoxError>;

    /// Writes `new` where `old` is, and says whether it did: something else there stays.
    ///
    /// The default reads and then writes, so a program that knows nothing of this store may write in
    /// between and is overwritten. A database does better:
    /// `UPDATE logins SET ... WHERE id = ? AND refresh_token = ? AND access_token = ?`.
    ///
    /// # Errors
    ///
    /// As [`TokenTable::get`] and [`TokenTable::set`].
    fn replace(&self, old: Option<&Token>, new: &Token) -> Result<bool, BoxError> {
        if self.get()?.as_ref().map(pair) != old.map(pair) {
            return Ok(false);
        }
        self.set(Some(new)).map(|()| true)
    }

    /// What the table survives. The file survives a power cut.
    fn durability(&self) -> Durability {
        Durability::Unknown
    }

    /// The table's name in messages.
    fn describe(&self) -> String {
        "the token table".to_owned()
    }
}

/// Keeps a login in a table that has columns for a token only, where other programs read it, and all
/// the rest of the [`Record`] in a file beside.
///
/// A client has to remember more than a token: the note of a refresh token that was sent and not
/// answered, a refusal, to whom the login belongs. Without that it cannot tell a spent token from a
/// live one. This store gives it such a memory where the table cannot be changed.
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
/// * **The file first.** A successor is in the file, whole and flushed, before the table is written. If
///   the process dies between the two, the next `load` finds in the table a token that the file knows
///   as replaced, answers with the file's record, and writes its token into the table.
/// * **A note changes the file only.** So does everything else that is not the token.
/// * **What others put into the table is the truth.** A token there which the file does not know is
///   used, with the login, the binding and the spare token of the file's record. The note and the refusal
///   of the token before are void. Nobody overwrites it; a `save` that was to replace the token before
///   is a [`BackendError::Conflict`].
/// * **A table without a token is a store with nothing stored,** whatever the file says: somebody has
///   logged out. `clear` removes the token first and the file then.
/// * **A token without a file is taken over:** so a table that is in use already needs no migration.
/// * A table that goes back to a token that this store has replaced (a backup, a failover) is brought
///   forward again; the last 32 are known.
/// * **A column that changes a token** (too short, filled with blanks, missing) is an error that says
///   which: at the first save nothing stays in the table, later the whole token is in the file.
/// * `save` answers `Ok` when both have it. If the table refuses, it is an error, and the successor is
///   in the file: nothing is lost, the next `save` or `load` writes the table.
///
/// # What it cannot promise
///
/// * Others that **refresh** with the token of the table, without this store's lock, can spend it at the
///   same moment. Let them read the access token only.
/// * Between a look at the table and a write to it another program may write and be overwritten, unless
///   [`TokenTable::replace`] is one step in the database.
/// * The file is on one machine: all processes that refresh have to share it, and its lock. For many
///   machines keep the whole record in the database (see [`crate::guide::stores`]).
/// * A file that was deleted takes the note with it: a refresh token that was sent and not answered is
///   sent again. If it was deleted between the two writes of a save, the successor is gone.
/// * A table whose writes fail is found out after the refresh token was spent, not before. The successor is
///   in the file then.
///
/// The file is a [`FileBackend`]'s, with its modes (0600), its lock and the files beside it, and one more
/// lock, `NAME.table.lock`. It holds the token, too: keep it where the token may be kept.
pub struct TableBackend<T> {
    table: T,
    file: FileBackend,
    clock: Arc<dyn Clock>,
}

/// What the table and the file say together.
struct Both {
    in_table: Option<Token>,
    in_file: Option<Record>,
    /// The stored record; `None` when nothing is stored.
    record: Option<Record>,
    /// Which tokens were replaced by the stored one.
    replaced: Vec<Value>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// They say the same.
    Same,
    /// The table has a token that the file's record has replaced.
    TableBehind,
    /// The table has a token that the file does not know, or has none.
    FileBehind,
}

impl<T: TokenTable> TableBackend<T> {
    /// A store in `table`, with the file at `path` for what the table has no columns for. Nothing is
    /// opened yet; the folder has to exist and be writable.
    pub fn new(table: T, path: impl AsRef<Path>) -> TableBackend<T> {
        TableBackend { table, file: FileBackend::new(path), clock: Arc::new(SystemClock) }
    }

    /// With a clock to wait on.
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

    /// Keeps apart who changes the table and the file, those without the store's lock included: a late
    /// repair must not get over a newer token.
    fn alone(&self, wait: Duration) -> Result<Guard, BoxError> {
        let target = disk::target(self.file.path())?;
        let lock = FileLock::new(disk::beside(&target, "", ".table.lock"));
        lock.with_clock(Arc::clone(&self.clock)).lock(wait)
    }

    /// The table first: what it held then is in the file by now, or was put there by others.
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

    fn write_file(&self, record: &Record, replaced: &[Value]) -> Result<(), BoxError> {
        let mut record = record.clone();
        let known = (!replaced.is_empty()).then(|| Value::Array(replaced.to_vec()));
        record.put_beside(REPLACED, known);
        self.file.save(&record)
    }
}

/// Access and refresh token: what tells two tokens of a table apart. An end may come back from a column
/// rounded.
fn pair(token: &Token) -> (&Secret, Option<&Secret>) {
    (token.access_token(), token.refresh_token())
}

/// The same as a name from which neither can be found again.
fn name(token: &Token) -> Value {
    let refresh_token = token.refresh_token().map_or("", Secret::expose);
    let both = format!("{}\0{refresh_token}", token.access_token().expose());
    Value::String(Secret::new(both).fingerprint())
}

/// What a table has made of a token that was written: a column may be too short, or fill or strip its
/// ends. `None` for the same token, and for another one.
fn changed(back: &Token, ours: &Token) -> Option<&'static str> {
    let refresh_token = |token| pair(token).1.map_or("", Secret::expose);
    let (access, refresh) = (back.access_token().expose(), refresh_token(back));
    let (our_access, our_refresh) = (ours.access_token().expose(), refresh_token(ours));
    let is_of = |back: &str, ours: &str| ours.starts_with(back) || back.trim() == ours.trim();
    if access.is_empty() || !is_of(access, our_access) || !is_of(refresh, our_refresh) {
        None
    } else if access != our_access {
        Some("access token")
    } else {
        (refresh != our_refresh).then_some("refresh token")
    }
}

/// The record of a token that has no file. It is the same each time it is read.
fn taken_over(token: &Token) -> Record {
    let mut record = Record::from(token.clone());
    record.login = format!("table-{}", name(token).as_str().unwrap_or_default());
    record
}

/// The record after others have put `token` into the table: the same login, with what was known about
/// the token before left out.
fn moved_on(record: &Record, token: &Token) -> Record {
    let mut next = record.next();
    next.generation = record.generation.saturating_add(1);
    next.token = match token.refresh_token() {
        Some(_) => record.token.succeeded_by(token.clone()),
        None => token.clone(),
    };
    next.superseded = None;
    next.spare = next.spare.filter(|spare| Some(spare) != token.refresh_token());
    next.rotated_at = token.issued_at();
    next.note = None;
    next.refused = None;
    next.refresh_expires_at = None;
    next
}

impl<T: TokenTable> TokenBackend for TableBackend<T> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        let both = self.look()?;
        if both.state == State::Same || both.in_table.is_none() {
            return Ok(both.record);
        }
        // A save may be between its two writes: then it writes the table itself, and what the file has
        // is the answer. A token without a record is looked at again when nobody else is at work.
        let behind = both.state == State::TableBehind;
        let _alone = match self.alone(if behind { Duration::ZERO } else { WAIT }) {
            Ok(guard) => guard,
            Err(error) if !behind && BackendError::is_busy(&error) => return Err(error),
            // Or the folder cannot be written: what is read is used all the same.
            Err(_) => return Ok(both.record),
        };
        let both = self.look()?;
        if let Err(error) = self.repair(&both) {
            if BackendError::is_conflict(&error) {
                return Ok(self.look()?.record);
            }
            // The file has the token, and the next load or save tries again.
            let name = self.table.describe();
            log::warn!(target: "evergrant", "{name} still has a replaced token: {}", chain(&*error));
        }
        Ok(both.record)
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let _alone = self.alone(WAIT)?;
        let both = self.look()?;
        let conflict = || BackendError::Conflict(self.describe()).into();
        let Some(stored) = &both.record else {
            if !record.may_replace(None) {
                return Err(conflict());
            }
            // A file of a login that has ended says nothing about this one. The table first: a token
            // without a file is a login, a file without a token is none.
            if both.in_file.is_some() {
                self.file.clear()?;
            }
            if let Err(error) = self.put_over(None, record) {
                // A part of a token is no login.
                let back = self.table.get()?;
                if back.is_some_and(|back| changed(&back, record.token()).is_some()) {
                    self.table.set(None)?;
                }
                return Err(error);
            }
            return self.write_file(record, &[]);
        };
        // The first save of a login that ended between its two writes is made once more.
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
            // Once more, all columns: the save before may have failed between the two.
            return self.put(stored, record);
        }
        let new = name(record.token());
        let mut replaced = both.replaced;
        if pair(record.token()) != pair(stored.token()) {
            replaced.push(name(stored.token()));
        }
        replaced.retain(|known| *known != new);
        replaced.drain(..replaced.len().saturating_sub(KNOWN));
        self.write_file(record, &replaced)?;
        let columns = |token: &Token| (name(token), token.expires_at());
        if columns(record.token()) == columns(stored.token()) {
            return Ok(());
        }
        self.put(stored, record)
    }

    fn clear(&self) -> Result<(), BoxError> {
        let _alone = self.alone(WAIT)?;
        self.table.set(None)?;
        self.file.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.file.lock(wait)
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

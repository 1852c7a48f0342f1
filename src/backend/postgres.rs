//! A store in a PostgreSQL database.

mod accounts;
mod helpers;
mod hosts;
mod lock;
mod noting;
mod pooler;
mod prepared;
mod session;
mod table;
mod taking;
mod talk;
mod unanswered;
mod wire;

use std::ops::DerefMut;
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{fmt, io};

use parking_lot::Mutex;
use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, Row};
use zeroize::Zeroizing;

use self::hosts::{Hosts, configured};
use self::lock::Held;
use self::noting::Noting;
use self::pooler::Pooler;
use self::session::{Session, on};
use self::talk::{Error, Parameter, Talk};
use self::unanswered::Unanswered;
use super::compare::{self, ACCOUNT, Bytes, Place, Seen};
use super::lately::Lately;
use super::lease::{LEASE, needed};
use super::line::{self, Key};
use super::pace::Pace;
use super::pool::Pool;
use super::{BackendError, Durability, Entry, Guard, TokenBackend};
use crate::clock::Clock;
use crate::error::{BoxError, Result as CrateResult};
use crate::record::Record;
use crate::secret::random_id;

/// How many sessions a store and its accounts use at a time. A quarter of the sessions is never kept
/// for a lock.
const SESSIONS: usize = 8;

/// The smallest number of sessions: one for a lock, and one that reads the store meanwhile.
const LEAST: usize = 2;

/// Makes the server flush this transaction before it answers, even if `synchronous_commit` is off. The
/// setting holds until the end of the transaction, and the server reads it at the commit. A condition of the
/// statement that writes: a statement that finds no row has nothing to flush.
const FLUSHED: &str = "set_config('synchronous_commit', \
    CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' \
    ELSE current_setting('synchronous_commit') END, true) IS NOT NULL";

/// Keeps logins in a table of a PostgreSQL database, one row for each account, for any number of
/// machines.
///
/// The store creates the table if it is missing. If the database user may not create tables, create it
/// yourself:
///
/// ```sql
/// CREATE TABLE evergrant_logins (
///     account text PRIMARY KEY,
///     record bytea NOT NULL,
///     saved_at timestamptz NOT NULL DEFAULT now()
/// );
/// GRANT SELECT, INSERT, UPDATE, DELETE ON evergrant_logins TO ...;
/// ```
///
/// The store adds columns that a table of an earlier release lacks, while programs use the table. Only the owner of
/// a table may add columns: [`crate::guide::stores`] has the statement for a table of another user.
///
/// A store value and its clones share at most 8 sessions, whatever the number of accounts: make one store,
/// and call [`PostgresBackend::account`] for each login. A call that finds all sessions in use waits, in the
/// order of the calls.
///
/// A save compares the whole record that it replaces and writes, in one statement; the statement turns
/// `synchronous_commit` on if it is off. The lock is an advisory lock of a session, and the holder of
/// the lock reads and saves in this same session; the lock is released as soon as its process has
/// ended. The server ends the session of a silent process after 60 seconds (`idle_session_timeout`,
/// PostgreSQL 14 and later). With the note of a refresh, and again before a request is repeated, the
/// holder checks the lock and raises this limit to twice the token timeout plus 90 seconds, which is
/// more than the whole exchange may take.
///
/// A session can end while its process lives (a restart of the server, a failover, a cut network), so
/// the lock is treated as a lease: the next holder respects the note of a sent refresh token until its
/// deadline. Connect to the server itself, or through a pooler in session mode. Behind a pooler in
/// transaction mode (PgBouncer) no lock stays with its holder: as soon as a store detects this, it
/// takes no lock for a minute ([`BackendError::Config`]). The store waits for an answer for at most 10
/// seconds. A statement on a connection that the program lends, or in a thread of a tokio runtime, runs on a thread of
/// its own.
///
/// ```no_run
/// use evergrant::backend::PostgresBackend;
///
/// let alice = PostgresBackend::new("postgres://app@db.example/app")?.account("alice");
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone)]
pub struct PostgresBackend {
    server: Arc<Pool<Session>>,
    /// The server's address as one text, which distinguishes servers within this process.
    server_id: Arc<str>,
    address: String,
    table: String,
    account: String,
    lease: Duration,
    pace: Pace,
    survives: Lately,
    pooler: Pooler,
    seen: Seen,
    /// The lock that a clone of this value holds. Loads and saves of the holder use the session of the
    /// lock.
    held: Arc<Mutex<Weak<Mutex<Held>>>>,
}

impl PostgresBackend {
    /// Makes a store in the database at `url`, in either form that libpq accepts, without connecting.
    /// The connections have no TLS: for a URL that asks for TLS, use
    /// [`PostgresBackend::with_connections`]. The store replaces a broken connection, and waits 10
    /// seconds for an answer of the server, on any connection.
    ///
    /// With several hosts (`postgres://app@one,two/app`), the store uses the host that accepts writes, and
    /// each host has an equal part of the 10 seconds.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] if `url` is not a URL of PostgreSQL, or demands TLS (`sslmode=require`).
    pub fn new(url: impl AsRef<str>) -> CrateResult<PostgresBackend> {
        let (config, address) = configured(url.as_ref())?;
        let (told, hosts) = (address.clone(), Hosts::of(&config));
        let open = move || hosts.open(&told);
        let id = compare::id(&["postgres", url.as_ref()]);
        Ok(PostgresBackend::on(Pool::own(SESSIONS, Arc::new(open)), id, address))
    }

    /// Makes a store on connections from `open`, such as connections of a pool, or new connections with
    /// TLS. The store takes a connection for each operation, and a connection for as long as a lock is
    /// held. The holder of a lock does its work on the connection of the lock.
    /// [`PostgresBackend::connections`] has no effect.
    pub fn with_connections<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> PostgresBackend
    where
        C: DerefMut<Target = Client> + Send + 'static,
        E: Into<BoxError>,
    {
        let address = "a PostgreSQL database".to_owned();
        let (told, unanswered) = (address.clone(), Arc::<Unanswered>::default());
        let open = move || -> Result<Session, BoxError> {
            let lent = |connection| Session::lent(connection, Arc::clone(&unanswered));
            open().map(lent).map_err(|error| {
                BackendError::Unavailable(format!("no connection to {told}")).because(error)
            })
        };
        PostgresBackend::on(Pool::lent(Arc::new(open)), random_id(), address)
    }

    fn on(server: Pool<Session>, id: String, address: String) -> PostgresBackend {
        PostgresBackend {
            server: Arc::new(server),
            server_id: id.into(),
            address,
            table: quoted("evergrant_logins"),
            account: ACCOUNT.to_owned(),
            lease: LEASE,
            pace: Pace::system(),
            survives: Lately::default(),
            pooler: Pooler::default(),
            seen: Seen::default(),
            held: Arc::default(),
        }
    }

    /// Returns a store for the login of this account, on the same sessions; `account` may be any text without
    /// the character NUL. A new store is for the account `default`.
    #[must_use]
    pub fn account(&self, account: impl Into<String>) -> PostgresBackend {
        PostgresBackend { account: account.into(), ..self.apart() }
    }

    /// Sets how many sessions this store and its accounts use at a time. 8 by default, and at least 2: 1 counts as
    /// 2. A client keeps a session while it refreshes; a quarter of the sessions, and at least one, is never kept, so
    /// 8 sessions allow 6 refreshes at a time. The other clients wait for up to 5 minutes if they have no working
    /// token. A call that only reads the store never waits for the refresh of another account.
    #[must_use]
    pub fn connections(self, most: usize) -> PostgresBackend {
        PostgresBackend { server: Arc::new(self.server.resized(most.max(LEAST))), ..self }
    }

    /// Returns a store with the same sessions, and without the state of a login.
    fn apart(&self) -> PostgresBackend {
        PostgresBackend { seen: Seen::default(), held: Arc::default(), ..self.clone() }
    }

    /// Sets the table: `table` or `schema.table`, in its exact spelling. The default is `evergrant_logins`.
    #[must_use]
    pub fn table(mut self, table: impl AsRef<str>) -> PostgresBackend {
        let parts = table.as_ref().split('.').map(quoted);
        self.table = parts.collect::<Vec<_>>().join(".");
        self.survives = Lately::default();
        self.apart()
    }

    /// Sets how long the lock lasts if its holder goes silent before it has sent a refresh token. 60
    /// seconds by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> PostgresBackend {
        self.lease = lease;
        self
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> PostgresBackend {
        self.pace = Pace::of(clock);
        self
    }

    /// Identifies the account among all stores of this process.
    fn key(&self) -> Key {
        line::key(&["postgres", &self.server_id, &self.table, &self.account])
    }

    /// Runs `work` on the session of the lock, if a clone of this value has the lock; else on another
    /// session, and if that session was dead, again on a new session.
    fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Talk<'_>) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, BoxError> {
        let held = self.held.lock().upgrade();
        if let Some(done) = held.and_then(|held| held.lock().run(work.clone())) {
            return done;
        }
        let name = self.describe();
        self.server.run(&name, &self.pace, |session| on(session, &name, work.clone()))
    }

    /// Like `run`, for a statement on the table. Creates the table if it is missing, and adds the columns that a
    /// table of an earlier release lacks.
    fn run_on_table<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Talk<'_>) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, BoxError> {
        let table = self.table.clone();
        self.run(move |client| table::on(client, &table, &work))
    }
}

/// Quotes an identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a statement has changed a row.
fn written(rows: Result<u64, Error>) -> Result<bool, Error> {
    match rows {
        Ok(rows) => Ok(rows == 1),
        // If the database makes every transaction serializable, this error means that another client
        // was faster.
        Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Place for PostgresBackend {
    fn read(&self) -> Result<Option<Bytes>, BoxError> {
        let sql = format!("SELECT record FROM {} WHERE account = $1", self.table);
        let account = self.account.clone();
        self.run_on_table(move |talk| {
            let rows = talk.query_typed(&sql, &[(&account, Type::TEXT)])?;
            if rows.len() > 1 {
                let text = "the account has two rows: the table has no primary key";
                return Err(Error::System(io::Error::other(text)));
            }
            let record = |row: &Row| Ok(Zeroizing::new(row.try_get::<_, Vec<u8>>(0)?));
            rows.first().map(record).transpose()
        })
    }

    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError> {
        let held = self.held.lock().upgrade();
        if let (Some(held), Some(old), Some(wanted)) = (held, old, needed(record, self.lease)) {
            let [old, new] = [old, new].map(|bytes| Zeroizing::new(bytes.to_vec()));
            let (table, account) = (self.table.clone(), self.account.clone());
            if let Some(done) = held.lock().note(Noting { table, account, old, new, wanted }) {
                return done;
            }
        }
        let table = &self.table;
        let sql = match old {
            Some(_) => format!(
                "UPDATE {table} SET record = $2, saved_at = now() \
                 WHERE account = $1 AND record = $3 AND {FLUSHED} RETURNING 1"
            ),
            None => format!(
                "INSERT INTO {table} (account, record) SELECT $1, $2 WHERE {FLUSHED} \
                 ON CONFLICT DO NOTHING"
            ),
        };
        let account = self.account.clone();
        let bytes = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        let (old, new) = (old.map(bytes), bytes(new));
        self.run_on_table(move |talk| {
            let new = new.as_slice();
            let (account, new): (Parameter<'_>, Parameter<'_>) =
                ((&account, Type::TEXT), (&new, Type::BYTEA));
            let Some(old) = &old else {
                return written(talk.execute_typed(&sql, &[account, new]));
            };
            let old = old.as_slice();
            let rows = talk.query_often(&sql, &[account, new, (&old, Type::BYTEA)]);
            written(rows.map(|rows| rows.len() as u64))
        })
    }

    fn name(&self) -> String {
        self.describe()
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl TokenBackend for PostgresBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        // Other sessions see a transaction only after it was flushed.
        compare::load(self)
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        compare::save(self, record)?;
        line::tell(&self.key(), &self.pace, Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        let sql =
            format!("DELETE FROM {} WHERE account = $1 AND record = $2 AND {FLUSHED}", self.table);
        self.seen.set(None);
        let done = compare::clear(self, |old| {
            let (sql, account) = (sql.clone(), self.account.clone());
            self.run_on_table(move |client| {
                let old = old.as_slice();
                let parameters: [Parameter<'_>; 2] = [(&account, Type::TEXT), (&old, Type::BYTEA)];
                written(client.execute_typed(&sql, &parameters))
            })
        });
        line::tell(&self.key(), &self.pace, None);
        done
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        lock::take(self, wait, false)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        lock::take(self, wait, true)?.entry(self)
    }

    fn durability(&self) -> Durability {
        let sql = "SELECT current_setting('fsync') = 'on' \
                   AND (SELECT relpersistence = 'p' FROM pg_class WHERE oid = to_regclass($1)) \
                   AND (current_setting('synchronous_standby_names') <> '' \
                        AND current_setting('synchronous_commit') NOT IN ('local', 'remote_write') \
                        OR NOT EXISTS (SELECT FROM pg_stat_replication))";
        let table = self.table.clone();
        self.survives.or_ask(&self.pace, || {
            let keeps = self.run(move |client| {
                let rows = client.query_typed(sql, &[(&table, Type::TEXT)])?;
                let keeps = |row: &Row| Ok(row.try_get::<_, Option<bool>>(0)?);
                rows.first().map_or(Ok(None), keeps)
            });
            match keeps {
                Ok(Some(true)) => Durability::PowerCut,
                Ok(Some(false)) => Durability::Process,
                _ => Durability::Unknown,
            }
        })
    }

    fn compares(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("{}, table {}, account {}", self.address, self.table, self.account)
    }
}

impl fmt::Debug for PostgresBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBackend")
            .field("database", &self.address)
            .field("table", &self.table)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

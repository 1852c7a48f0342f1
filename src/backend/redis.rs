//! A store in Redis or Valkey.

mod accounts;
mod lock;
mod replicas;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, ConnectionLike, ErrorKind, RedisError, RedisResult};
use zeroize::Zeroizing;

use self::lock::Held;
use super::compare::{self, ACCOUNT, Bytes, Place, Seen};
use super::lately::Lately;
use super::lease::LEASE;
use super::line::{self, Key};
use super::pace::Pace;
use super::pool::{Done, Failed, PATIENCE, Pool};
use super::{BackendError, Durability, Entry, Guard, TokenBackend};
use crate::clock::Clock;
use crate::error::{BoxError, Error, Result as CrateResult};
use crate::record::Record;
use crate::secret::random_id;

/// How many connections a store and its accounts use at a time. The server flushes once for the
/// commands that have arrived on all connections, so more connections allow more refreshes a second.
const CONNECTIONS: usize = 32;

/// Compares and replaces a value in one step. `ARGV[1]` is the old value; if `ARGV[1]` is empty, the key must
/// not exist.
const SWAP: &str = "local old = redis.call('GET', KEYS[1])
if (ARGV[1] == '' and not old) or (ARGV[1] ~= '' and old == ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2])
  return 1
end
return 0";

/// Keeps logins in Redis or Valkey, one key for each account, for any number of machines.
///
/// The server's settings decide what a stored record survives, and [`TokenBackend::durability`] reads
/// them. A record survives a power cut only with `appendonly yes`, `appendfsync always`, no replica to
/// fail over to (or [`RedisBackend::replicas`]), and no eviction of keys without an expiry. With other settings,
/// a restart or a failover can undo the last rotation; if the service rotates refresh tokens, the login is then lost.
/// The client warns of these settings. [`crate::guide::stores`] has the settings.
///
/// | key | content | expires |
/// | --- | --- | --- |
/// | `evergrant:ACCOUNT` | the bytes of a [`Record`] | never |
/// | `evergrant:ACCOUNT:lock` | the holder of the lock | with the lease |
///
/// A store value and its clones share at most 32 connections, whatever the number of accounts: make one store,
/// and call [`RedisBackend::account`] for each login. A command that finds all connections in use waits, in
/// the order of the commands.
///
/// The lock is a lease of 60 seconds. With the refresh note, and again before the request is repeated, the lock
/// holder renews the lease for twice the token timeout plus 90 seconds, which is more than the whole exchange may
/// take. A lock names a connection of its process. If a process ends, its lock is free as soon as that
/// connection has ended, provided that the server lists its connections (`CLIENT LIST`, `INFO`). A save
/// compares and writes in one step, in a script, so that a process that was paused past the end of its
/// lease cannot overwrite a newer record.
///
/// The store needs the commands `GET`, `SET`, `DEL` and `EVAL`, and uses `PTTL`, `CLIENT ID`, `CLIENT LIST`,
/// `INFO` and `CONFIG GET` if the server allows them. Connect to one server that accepts writes, not to
/// a cluster.
///
/// ```no_run
/// use evergrant::backend::RedisBackend;
///
/// let alice = RedisBackend::new("redis://10.0.0.5/0")?.account("alice");
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone)]
pub struct RedisBackend {
    server: Arc<Pool<Link>>,
    /// The server's address as one text, which distinguishes servers within this process.
    server_id: Arc<str>,
    /// Whether the connections are our own, so that they last.
    owns: bool,
    address: String,
    prefix: String,
    account: String,
    lease: Duration,
    replicas: usize,
    pace: Pace,
    survives: Lately,
    seen: Seen,
    /// The bytes that the replicas have for certain, with [`RedisBackend::replicas`].
    safe: Seen,
    /// The lock that a clone of this value holds, with a connection if the program has lent one for it.
    held: Arc<Mutex<Weak<Mutex<Held>>>>,
}

type Connection = Box<dyn ConnectionLike + Send>;

/// A connection, with its ids.
struct Link {
    connection: Connection,
    /// The server's run id and the id of this connection, once the store has requested them.
    place: Option<String>,
    /// Shared with the locks that name this connection: the connection is not closed while one of these locks
    /// is held.
    named: Arc<()>,
}

impl Link {
    fn new(connection: impl ConnectionLike + Send + 'static) -> Link {
        Link { connection: Box::new(connection), place: None, named: Arc::default() }
    }
}

impl RedisBackend {
    /// Makes a store on the server at `url`, without connecting:
    /// `redis://[user:password@]host[:port][/database]`, or `redis+unix:///path`. The store replaces a
    /// broken connection, and waits 10 seconds for an answer. `rediss://`, with TLS, works if the
    /// program's own dependency on `redis` enables one of its TLS features.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if `url` is not a URL of Redis.
    pub fn new(url: impl AsRef<str>) -> CrateResult<RedisBackend> {
        let client = redis::Client::open(url.as_ref())
            .map_err(|error| Error::config(format!("not a URL of a Redis server: {error}")))?;
        let info = client.get_connection_info();
        let database = info.redis_settings().db();
        let address = format!("{} database {database}", info.addr());
        let told = address.clone();
        // Skips the commands that name the client library: the connection would wait for their answers.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let client = redis::Client::open(info.clone().set_redis_settings(settings))
            .map_err(|error| Error::config(format!("not a URL of a Redis server: {error}")))?;
        let open = move || -> Result<Link, BoxError> {
            // Half of the time, because a connection may begin with two commands, each with this
            // timeout: the login, and the choice of the database.
            let opened = client.get_connection_with_timeout(PATIENCE / 2).and_then(|connection| {
                connection.set_read_timeout(Some(PATIENCE))?;
                connection.set_write_timeout(Some(PATIENCE))?;
                Ok(connection)
            });
            match opened {
                Ok(connection) => Ok(Link::new(connection)),
                Err(error) => Err(refused(&told, &error)),
            }
        };
        let id = compare::id(&["redis", url.as_ref()]);
        Ok(RedisBackend::on(owned(CONNECTIONS, Arc::new(open)), id, address))
    }

    /// Makes a store on connections from `open`, such as connections of a pool. The store takes a
    /// connection for each operation, and a connection for as long as a lock is held. The holder of a
    /// lock does its work on the connection of the lock. [`RedisBackend::connections`] has no effect.
    /// Call `set_read_timeout` of the crate `redis` on these connections; without a timeout they wait
    /// forever for an answer.
    pub fn with_connections<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> RedisBackend
    where
        C: ConnectionLike + Send + 'static,
        E: Into<BoxError>,
    {
        let open = move || -> Result<Link, BoxError> {
            match open() {
                Ok(connection) => Ok(Link::new(connection)),
                Err(error) => {
                    let text = "no connection to Redis".to_owned();
                    Err(BackendError::Unavailable(text).because(error))
                }
            }
        };
        let lent = RedisBackend::on(Pool::lent(Arc::new(open)), random_id(), "Redis".to_owned());
        RedisBackend { owns: false, ..lent }
    }

    fn on(server: Pool<Link>, id: String, address: String) -> RedisBackend {
        RedisBackend {
            server: Arc::new(server),
            server_id: id.into(),
            owns: true,
            address,
            prefix: "evergrant:".to_owned(),
            account: ACCOUNT.to_owned(),
            lease: LEASE,
            replicas: 0,
            pace: Pace::system(),
            survives: Lately::default(),
            seen: Seen::default(),
            safe: Seen::default(),
            held: Arc::default(),
        }
    }

    /// Returns a store for the login of this account, on the same connections; `account` may be any text.
    /// A new store is for the account `default`.
    #[must_use]
    pub fn account(&self, account: impl Into<String>) -> RedisBackend {
        RedisBackend { account: account.into(), ..self.apart() }
    }

    /// Sets how many connections this store and its accounts use at a time, at least 1. 32 by default. A held
    /// lock needs no connection of its own.
    #[must_use]
    pub fn connections(self, most: usize) -> RedisBackend {
        RedisBackend { server: Arc::new(self.server.resized(most)), ..self }
    }

    /// Returns a store with the same connections, and without the state of a login.
    fn apart(&self) -> RedisBackend {
        let (seen, safe) = Default::default();
        RedisBackend { seen, safe, held: Arc::default(), ..self.clone() }
    }

    /// Sets the prefix of the keys. The default is `evergrant:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> RedisBackend {
        self.prefix = prefix.into();
        self.apart()
    }

    /// Sets how long the lock lasts if its holder goes silent before it has sent a refresh token. 60
    /// seconds by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> RedisBackend {
        self.lease = lease;
        self
    }

    /// Sets the clock that measures waits for the lock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> RedisBackend {
        self.pace = Pace::of(clock);
        self
    }

    /// Identifies the account among all stores of this process.
    fn place(&self) -> Key {
        line::key(&["redis", &self.server_id, &self.key()])
    }

    fn key(&self) -> String {
        record_key(&self.prefix, &self.account)
    }

    /// Runs `work` on the connection that was lent for the lock, if a clone of this value has the lock,
    /// and otherwise on a connection of the pool. If the pooled connection was dead, runs `work` again
    /// on a new connection.
    fn run<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, BoxError> {
        let held = self.held.lock().upgrade();
        if let Some(done) = held.and_then(|held| held.lock().run(&mut work)) {
            return done;
        }
        let name = self.describe();
        let mut work = |link: &mut Link| work(&mut link.connection);
        self.server.run(&name, &self.pace, |link| on(link, &name, &mut work))
    }
}

/// Makes a pool of our own connections. A connection that a held lock names is not closed.
fn owned(most: usize, open: Arc<super::pool::Open<Link>>) -> Pool<Link> {
    Pool::own(most, open).keeping(|link| Arc::strong_count(&link.named) > 1)
}

/// The key of a record. The key never ends in `:lock`, so no account has the key of another account's lock:
/// an account that ends in `:lock`, or in `:lock` and colons, gets one more colon.
fn record_key(prefix: &str, account: &str) -> String {
    let key = format!("{prefix}{account}");
    if key.trim_end_matches(':').ends_with(LOCK) { key + ":" } else { key }
}

fn lock_key(record_key: &str) -> String {
    format!("{record_key}{LOCK}")
}

const LOCK: &str = ":lock";

/// Runs `work`. Drops a connection that failed: its next answer may belong to an earlier command. A connection on
/// which the server refused a command stays open: locks of other accounts may name it.
fn on<T>(
    mut link: Link,
    name: &str,
    work: &mut impl FnMut(&mut Link) -> RedisResult<T>,
) -> Done<Link, T> {
    match work(&mut link) {
        Ok(done) => (Some(link), Ok(done)),
        Err(error) => (is_answered(&error).then_some(link), Err(failed(name, &error))),
    }
}

/// Whether the server has answered with this error and the connection can be used further. The
/// connection to a read-only server, or to a server that requires a login, cannot be used.
fn is_answered(error: &RedisError) -> bool {
    error.code().is_some_and(|code| !matches!(code, "READONLY" | "NOAUTH"))
}

/// Converts the error of a new connection. A server that has as many clients as it allows may accept
/// another client later.
fn refused(name: &str, error: &RedisError) -> BoxError {
    let told = error.to_string();
    if told.contains("max number of clients reached") {
        return BackendError::NoConnection(format!("{name}: {told}")).into();
    }
    failed(name, error).error
}

/// Converts an error of Redis. A server's error text never contains a stored value.
fn failed(name: &str, error: &RedisError) -> Failed {
    let mut text = format!("{name} failed");
    let (told, code) = (error.to_string(), error.code().unwrap_or_default());
    if matches!(code, "WRONGPASS" | "NOAUTH") || error.kind() == ErrorKind::AuthenticationFailed {
        text.push_str(
            ", because the server refused the user: if the password changes while the program runs, give \
             the store your own connections (RedisBackend::with_connections)",
        );
    }
    // If the server has become read-only, its address may now lead to another server.
    let stale = error.is_io_error() && !error.is_timeout() || code == "READONLY";
    let error = match code {
        "OOM" => BackendError::Full(text),
        "WRONGTYPE" => BackendError::Corrupt(text),
        _ => BackendError::Unavailable(text),
    };
    Failed { error: error.because(told), stale }
}

impl Place for RedisBackend {
    fn read(&self) -> Result<Option<Bytes>, BoxError> {
        let found: Option<Vec<u8>> =
            self.run(|c| redis::cmd("GET").arg(self.key()).query(&mut **c))?;
        Ok(found.map(Zeroizing::new))
    }

    fn swap(&self, old: Option<&[u8]>, new: &[u8], record: &Record) -> Result<bool, BoxError> {
        let old = old.unwrap_or_default();
        if let Some(done) = lock::note(self, old, new, record) {
            return done;
        }
        self.swap_confirmed(old, new)
    }

    fn writes_again(&self) -> bool {
        self.replicas > 0
    }

    fn name(&self) -> String {
        self.describe()
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// Makes the `EVAL` command of a script that uses one key.
fn script(text: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(key);
    command
}

impl TokenBackend for RedisBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        // With `appendfsync always`, a server flushes its writes before it answers any client.
        compare::read(self, self.read_confirmed()?)
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        compare::save(self, record)?;
        line::tell(&self.place(), &self.pace, Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.seen.set(None);
        let done = self.delete();
        line::tell(&self.place(), &self.pace, None);
        done
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        lock::take(self, wait, false)?.guard(|| self.describe())
    }

    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        lock::take(self, wait, true)?.entry(self)
    }

    fn durability(&self) -> Durability {
        self.survives.or_ask(&self.pace, || {
            self.run(|connection| match replicas::durability(connection, self.replicas) {
                // The server does not report its settings. By default, a server does not flush every
                // write.
                Err(error) if error.code().is_some() => Ok(Durability::Process),
                told => told,
            })
            .unwrap_or(Durability::Unknown)
        })
    }

    fn compares(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("{} key {}", self.address, self.key())
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("server", &self.address)
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

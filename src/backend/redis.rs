//! A store in Redis or Valkey.

mod accounts;
mod lock;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ConnectionLike, RedisError, RedisResult};
use zeroize::Zeroizing;

use super::compare::{self, ACCOUNT, Bytes, Place};
use super::idle::{Failed, LEASE, PATIENCE, Rest};
use super::{BackendError, Durability, Guard, TokenBackend};
use crate::clock::{Clock, SystemClock};
use crate::error::{BoxError, Error, Result as CrateResult};
use crate::record::Record;

/// Compares and replaces a value in one step. `ARGV[1]` is the old value; if it is empty, there must be
/// none.
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
/// fail over to, and no eviction of keys without an expiry. With other settings, a restart or a
/// failover can undo the last rotation; if the service rotates refresh tokens, the login is then lost.
/// The client warns of such settings. [`crate::guide::stores`] has the settings.
///
/// | key | content | expires |
/// | --- | --- | --- |
/// | `evergrant:ACCOUNT` | the bytes of a [`Record`] | never |
/// | `evergrant:ACCOUNT:lock` | the holder of the lock | with the lease |
///
/// The lock is a lease of 60 seconds. Immediately before it sends a refresh token, the holder renews
/// the lease for twice the token timeout plus 90 seconds, which is more than the whole exchange may
/// take. The lock of a process that has ended is free as soon as its connection has ended, if the
/// server lists its connections (`CLIENT LIST`, `INFO`). A save compares and writes in one step, in a
/// script, so that a process that was paused past the end of its lease cannot overwrite a newer record.
///
/// The store needs the commands `GET`, `SET`, `DEL` and `EVAL`, and uses `CLIENT ID`, `CLIENT LIST`,
/// `INFO` and `CONFIG GET` if the server allows them. Connect to one server that accepts writes, not to
/// a cluster.
///
/// ```no_run
/// use evergrant::backend::RedisBackend;
///
/// let alice = RedisBackend::new("redis://10.0.0.5/0")?.account("alice");
/// # Ok::<(), evergrant::Error>(())
/// ```
pub struct RedisBackend {
    server: Arc<Rest<Connection>>,
    address: String,
    prefix: String,
    account: String,
    lease: Duration,
    clock: Arc<dyn Clock>,
}

type Connection = Box<dyn ConnectionLike + Send>;

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
        let open = move || -> Result<Connection, BoxError> {
            // Half of the time, because a connection may begin with two commands, each with this
            // timeout: the login, and the choice of the database.
            let opened = client.get_connection_with_timeout(PATIENCE / 2).and_then(|connection| {
                connection.set_read_timeout(Some(PATIENCE))?;
                connection.set_write_timeout(Some(PATIENCE))?;
                Ok(connection)
            });
            match opened {
                Ok(connection) => Ok(Box::new(connection)),
                Err(error) => Err(failed(&told, &error).error),
            }
        };
        Ok(RedisBackend::on(Rest::new(true, Box::new(open)), address))
    }

    /// Makes a store on connections from `open`, such as those of a pool: one for each operation, and
    /// one for as long as a lock is held. Set `set_read_timeout` of the crate `redis` on them; without
    /// it, they wait forever for an answer.
    pub fn with_connections<C, E>(
        open: impl Fn() -> Result<C, E> + Send + Sync + 'static,
    ) -> RedisBackend
    where
        C: ConnectionLike + Send + 'static,
        E: Into<BoxError>,
    {
        let open = move || -> Result<Connection, BoxError> {
            match open() {
                Ok(connection) => Ok(Box::new(connection)),
                Err(error) => {
                    let text = "no connection to Redis".to_owned();
                    Err(BackendError::Unavailable(text).because(error))
                }
            }
        };
        RedisBackend::on(Rest::new(false, Box::new(open)), "Redis".to_owned())
    }

    fn on(server: Rest<Connection>, address: String) -> RedisBackend {
        RedisBackend {
            server: Arc::new(server),
            address,
            prefix: "evergrant:".to_owned(),
            account: ACCOUNT.to_owned(),
            lease: LEASE,
            clock: Arc::new(SystemClock),
        }
    }

    /// Selects the login of this account; any text. `default` by default.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> RedisBackend {
        self.account = account.into();
        self
    }

    /// Sets the prefix of the keys. `evergrant:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> RedisBackend {
        self.prefix = prefix.into();
        self
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
        self.clock = clock;
        self
    }

    fn key(&self) -> String {
        record_key(&self.prefix, &self.account)
    }

    /// Runs `work` on a connection, and again on a new one if the first was dead.
    fn run<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, BoxError> {
        let name = self.describe();
        self.server.run(|connection| on(connection, &name, &mut work))
    }
}

/// The key of a record. It never ends in `:lock`, so no account has the key of another account's lock: an
/// account that ends in `:lock`, or in `:lock` and colons, gets one more colon.
fn record_key(prefix: &str, account: &str) -> String {
    let key = format!("{prefix}{account}");
    if key.trim_end_matches(':').ends_with(LOCK) { key + ":" } else { key }
}

fn lock_key(record_key: &str) -> String {
    format!("{record_key}{LOCK}")
}

const LOCK: &str = ":lock";

/// Runs `work`. Drops a connection that failed: its next answer may belong to an earlier command.
fn on<T>(
    mut connection: Connection,
    name: &str,
    work: &mut impl FnMut(&mut Connection) -> RedisResult<T>,
) -> Result<(Connection, T), Failed> {
    match work(&mut connection) {
        Ok(done) => Ok((connection, done)),
        Err(error) => Err(failed(name, &error)),
    }
}

/// Converts an error of Redis. A server's error text never contains a stored value.
fn failed(name: &str, error: &RedisError) -> Failed {
    let text = format!("{name} failed");
    let (told, code) = (error.to_string(), error.code().unwrap_or_default());
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

    fn swap(&self, old: Option<&[u8]>, new: &[u8], _: &Record) -> Result<bool, BoxError> {
        let old = old.unwrap_or_default();
        self.run(|c| script(SWAP, &self.key()).arg(old).arg(new).query::<i64>(&mut **c))
            .map(|swapped| swapped == 1)
    }

    fn name(&self) -> String {
        self.describe()
    }
}

/// A script on one key.
fn script(text: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(key);
    command
}

impl TokenBackend for RedisBackend {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        // With `appendfsync always`, a server flushes its writes before it answers any client.
        self.read()?.map(|bytes| compare::parse(self, &bytes)).transpose()
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        compare::save(self, record).map(drop)
    }

    fn clear(&self) -> Result<(), BoxError> {
        self.run(|c| redis::cmd("DEL").arg(self.key()).query(&mut **c))
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let key = lock_key(&self.key());
        let taken = lock::take(&self.server, key, &self.describe(), &self.clock, self.lease, wait)?;
        taken.ok_or_else(|| BackendError::Busy(self.describe()).into())
    }

    fn durability(&self) -> Durability {
        self.run(|connection| match durability(connection) {
            // The server does not tell its settings. By default, a server does not flush every write.
            Err(error) if error.code().is_some() => Ok(Durability::Process),
            told => told,
        })
        .unwrap_or(Durability::Unknown)
    }

    fn describe(&self) -> String {
        format!("{} key {}", self.address, self.key())
    }
}

/// Reads the durability from the server's settings.
fn durability(connection: &mut Connection) -> RedisResult<Durability> {
    let mut setting = |name: &str| -> RedisResult<String> {
        let found: Vec<String> =
            redis::cmd("CONFIG").arg("GET").arg(name).query(&mut **connection)?;
        Ok(found.into_iter().nth(1).unwrap_or_default())
    };
    let flushed = setting("appendonly")? == "yes" && setting("appendfsync")? == "always";
    let evicts =
        setting("maxmemory")? != "0" && setting("maxmemory-policy")?.starts_with("allkeys");
    let replication: String = redis::cmd("INFO").arg("replication").query(&mut **connection)?;
    let alone = replication.lines().any(|line| line.trim_end() == "connected_slaves:0");
    let keeps = flushed && !evicts && alone;
    Ok(if keeps { Durability::PowerCut } else { Durability::Process })
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("server", &self.address)
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

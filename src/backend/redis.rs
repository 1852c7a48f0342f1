//! A store in Redis or Valkey.

mod lock;

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

/// Exchanges a value in one step. `ARGV[1]`: whether there must be an old one, and that.
const SWAP: &str = "local old = redis.call('GET', KEYS[1])
if (ARGV[1] == '' and not old) or (ARGV[1] ~= '' and old == ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2])
  return 1
end
return 0";

/// Keeps logins in Redis or Valkey, one key for each account. For many machines.
///
/// What survives is for the server's settings to say, and [`TokenBackend::durability`] reads them:
/// only `appendonly yes` with `appendfsync always`, no replica to fail over to and no eviction of
/// keys without an end is a store that keeps what it has said. With anything less, a restart or a
/// failover can take the last rotation back, and with a service that rotates refresh tokens that is
/// a lost login; the client warns of it. [`crate::guide::stores`] has the settings.
///
/// | key | what | ends |
/// | --- | --- | --- |
/// | `evergrant:ACCOUNT` | the bytes of a [`Record`] | never |
/// | `evergrant:ACCOUNT:lock` | who has the lock | by itself |
///
/// The lock is a lease: 60 seconds, and from the moment before a refresh token is sent twice the
/// token timeout and a minute and a half, which is more than the whole exchange may take. Its holder
/// makes sure of it immediately before it sends. The lock of a process that has ended is free as soon
/// as its connection is, where the server tells which connections there are (`CLIENT LIST`, `INFO`).
/// A save compares what it replaces and writes in one step, in a script, so that nobody who was
/// paused past the end of a lease gets over a newer record.
///
/// It needs the commands `GET`, `SET`, `DEL` and `EVAL`, and uses `CLIENT ID`, `CLIENT LIST`, `INFO`
/// and `CONFIG GET` where it may. Connections are to one server, which takes writes, not to a
/// cluster.
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
    /// A store on the server at `url`: `redis://[user:password@]host[:port][/database]`, or
    /// `redis+unix:///path`. Nothing is opened yet. A connection that breaks is opened again, and an
    /// answer is waited for 10 seconds. `rediss://`, with TLS, works in a program whose own
    /// dependency on `redis` has one of its TLS features.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the URL is none of Redis.
    pub fn new(url: impl AsRef<str>) -> CrateResult<RedisBackend> {
        let client = redis::Client::open(url.as_ref())
            .map_err(|error| Error::config(format!("not a URL of a Redis server: {error}")))?;
        let info = client.get_connection_info();
        let database = info.redis_settings().db();
        let address = format!("{} database {database}", info.addr());
        let told = address.clone();
        // Introductions that nobody needs would each be waited for.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let client = redis::Client::open(info.clone().set_redis_settings(settings))
            .map_err(|error| Error::config(format!("not a URL of a Redis server: {error}")))?;
        let open = move || -> Result<Connection, BoxError> {
            // For each of the two commands that it may begin with: user and password, database.
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

    /// A store on connections that `open` gives, such as those of a pool: one for each operation, and
    /// one for as long as a lock is held. How long they wait for an answer is theirs to say:
    /// `set_read_timeout` of the crate `redis`, which waits for ever without it.
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

    /// The login of another account than `default`; any text.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> RedisBackend {
        self.account = account.into();
        self
    }

    /// What keys begin with, instead of `evergrant:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> RedisBackend {
        self.prefix = prefix.into();
        self
    }

    /// How long the lock lasts of a process that goes silent before it has sent anything, instead of
    /// 60 seconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> RedisBackend {
        self.lease = lease;
        self
    }

    /// With a clock to wait for the lock on.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> RedisBackend {
        self.clock = clock;
        self
    }

    fn key(&self) -> String {
        record_key(&self.prefix, &self.account)
    }

    /// Runs `work` on a connection, once more on a new one if the first was dead.
    fn run<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, BoxError> {
        let name = self.describe();
        self.server.run(|connection| on(connection, &name, &mut work))
    }
}

/// The key of a record. It never ends in `:lock`, so that no account has the key of another one's lock:
/// an account that ends so, and then in colons, gets one more colon.
fn record_key(prefix: &str, account: &str) -> String {
    let key = format!("{prefix}{account}");
    if key.trim_end_matches(':').ends_with(LOCK) { key + ":" } else { key }
}

fn lock_key(record_key: &str) -> String {
    format!("{record_key}{LOCK}")
}

const LOCK: &str = ":lock";

/// Runs `work`; a connection that failed is not used again, since what it brings next may be the
/// answer to an earlier question.
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

/// An error of Redis in our words. What a server says of an error is its own text, never a value.
fn failed(name: &str, error: &RedisError) -> Failed {
    let text = format!("{name} failed");
    let (told, code) = (error.to_string(), error.code().unwrap_or_default());
    let broken = error.is_connection_dropped() || error.is_io_error();
    // The address of a server that only reads now may lead to another one.
    let stale = broken && !error.is_timeout() || code == "READONLY";
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
        // With `appendfsync always`, a server answers nobody before what it has done is flushed.
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
            // It does not tell, or may not. Unless somebody has changed it, it forgets.
            Err(error) if error.code().is_some() => Ok(Durability::Process),
            told => told,
        })
        .unwrap_or(Durability::Unknown)
    }

    fn describe(&self) -> String {
        format!("{} key {}", self.address, self.key())
    }
}

/// What the server's settings say.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_has_the_key_of_a_lock_or_of_another_account() {
        let accounts = [
            "",
            "alice",
            "alice:lock",
            "alice:lock:",
            "alice:lock::",
            "alice:lock:lock",
            ":lock",
            "lock",
            "alice:lock:lock:",
            "alice:",
            "alice:loc",
            "k",
            "ck",
            "\0",
            "alice:LOCK",
        ];
        for prefix in ["evergrant:", "", "x:lock", "x:lo", "lock:"] {
            let records = accounts.map(|account| record_key(prefix, account));
            let locks = records.clone().map(|key| lock_key(&key));
            let mut all: Vec<&String> = records.iter().chain(&locks).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 2 * accounts.len(), "{prefix}");
        }
        assert_eq!(record_key("evergrant:", "alice"), "evergrant:alice");
        assert_eq!(lock_key("evergrant:alice"), "evergrant:alice:lock");
    }
}

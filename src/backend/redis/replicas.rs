//! The durability of a write: it depends on the server's settings and on the replicas that have the
//! write.

use redis::{Cmd, RedisResult};

use super::super::compare::{self, Bytes, LOOKS, Place as _};
use super::super::lately::Lately;
use super::super::{BackendError, Durability};
use super::{Connection, RedisBackend, SWAP, Seen, script};
use crate::error::BoxError;

/// Deletes a value if it is still `ARGV[1]`.
pub(super) const CLEAR: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0";

/// Sends a deletion to the replicas once more, if there is no value. The server sends them only commands that
/// change something, so the script first writes a value.
pub(super) const DELETED: &str = "if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[1], '')
redis.call('DEL', KEYS[1])
return 1";

/// How long a write waits for the replicas, in milliseconds: half of the time in which the server must answer.
const WAIT: usize = 5000;

impl RedisBackend {
    /// Sets how many replicas must have a record before a save is done (`WAIT`), up to 5 seconds after
    /// the write. 0 by default. If `count` is the number of all replicas, a failover to one of them loses no
    /// saved record. A record that was read is written again before it is used, unless the store knows that
    /// the replicas have it. While fewer replicas are connected, the client sends no refresh token, and a
    /// save and the first load of a record fail; the client repeats them.
    #[must_use]
    pub fn replicas(mut self, count: usize) -> RedisBackend {
        self.replicas = count;
        self.survives = Lately::default();
        self.safe = Seen::default();
        self
    }

    /// Replaces `old` by `new`, and waits for the replicas.
    pub(super) fn swap_confirmed(&self, old: &[u8], new: &[u8]) -> Result<bool, BoxError> {
        let written = self.write(|store| {
            let mut swap = script(SWAP, &store.key());
            swap.arg(old).arg(new);
            swap
        })?;
        if written {
            self.confirmed(Some(&Bytes::new(new.to_vec())));
        }
        Ok(written)
    }

    /// Remembers that the replicas have these bytes.
    pub(super) fn confirmed(&self, bytes: Option<&Bytes>) {
        if self.replicas > 0 {
            self.safe.set(bytes.cloned());
        }
    }

    /// Reads the bytes. Another client may have written the bytes without an answer of the replicas. A
    /// failover could lose these bytes, so they are first written again.
    pub(super) fn read_confirmed(&self) -> Result<Option<Bytes>, BoxError> {
        for _ in 0..LOOKS {
            let Some(bytes) = self.read()? else { return Ok(None) };
            if self.replicas == 0 || self.safe.is(&bytes) || self.swap_confirmed(&bytes, &bytes)? {
                return Ok(Some(bytes));
            }
        }
        Err(BackendError::Conflict(self.name()).into())
    }

    /// How many replicas have these bytes, which were read in the script that wrote last on this connection.
    pub(super) fn replicas_with(
        &self,
        bytes: &Bytes,
        connection: &mut Connection,
    ) -> RedisResult<usize> {
        if self.safe.is(bytes) { Ok(self.replicas) } else { self.replicas_have(connection) }
    }

    /// How many replicas have all writes of this connection. The server waits for the replicas before it answers.
    pub(super) fn replicas_have(&self, connection: &mut Connection) -> RedisResult<usize> {
        match self.replicas {
            0 => Ok(0),
            wanted => redis::cmd("WAIT").arg(wanted).arg(WAIT).query(&mut **connection),
        }
    }

    /// Deletes the record, and waits for the replicas, also if an earlier call has deleted the record.
    pub(super) fn delete(&self) -> Result<(), BoxError> {
        let key = self.key();
        self.confirmed(None);
        let cleared = compare::clear(self, |old| {
            let done: i64 =
                self.run(|c| script(CLEAR, &key).arg(old.as_slice()).query(&mut **c))?;
            Ok(done == 1)
        });
        match cleared {
            // The key has a value of another type, which is no login.
            Err(error) if matches!(BackendError::find(&error), Some(BackendError::Corrupt(_))) => {
                self.run(|c| redis::cmd("DEL").arg(&key).query::<()>(&mut **c))?;
            }
            cleared => cleared?,
        }
        if self.replicas > 0 {
            self.write(|_| script(DELETED, &key))?;
        }
        Ok(())
    }

    /// # Errors
    ///
    /// [`BackendError::Unavailable`] if fewer replicas than wanted have a write.
    pub(super) fn enough(&self, have: usize) -> Result<(), BoxError> {
        if have >= self.replicas {
            return Ok(());
        }
        let text = format!(
            "{}: {have} of {} replicas confirmed the write within {} s",
            self.address,
            self.replicas,
            WAIT / 1000
        );
        Err(BackendError::Unavailable(text).into())
    }

    /// Runs a script that returns 1 if it has written. After a write, waits for the replicas.
    pub(super) fn write(&self, command: impl Fn(&RedisBackend) -> Cmd) -> Result<bool, BoxError> {
        let (written, have) = self.run(|connection| {
            let written = command(self).query::<i64>(&mut **connection)? == 1;
            let have = if written { self.replicas_have(connection)? } else { 0 };
            Ok((written, have))
        })?;
        if written {
            self.enough(have)?;
        }
        Ok(written)
    }
}

/// Reads the durability from the server's settings. A write succeeds only when `replicas` replicas have
/// it.
pub(super) fn durability(connection: &mut Connection, replicas: usize) -> RedisResult<Durability> {
    let mut setting = |name: &str| -> RedisResult<String> {
        let found: Vec<String> =
            redis::cmd("CONFIG").arg("GET").arg(name).query(&mut **connection)?;
        Ok(found.into_iter().nth(1).unwrap_or_default())
    };
    let flushed = setting("appendonly")? == "yes" && setting("appendfsync")? == "always";
    let evicts =
        setting("maxmemory")? != "0" && setting("maxmemory-policy")?.starts_with("allkeys");
    let replication: String = redis::cmd("INFO").arg("replication").query(&mut **connection)?;
    let count = replication.lines().find_map(|line| line.strip_prefix("connected_slaves:"));
    let all =
        count.is_some_and(|count| count.trim().parse().is_ok_and(|all: usize| all <= replicas));
    let keeps = flushed && !evicts && all;
    Ok(if keeps { Durability::PowerCut } else { Durability::Process })
}

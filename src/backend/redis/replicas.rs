//! The durability of a write: it depends on the server's settings and on the replicas that have the
//! write.

use redis::{Cmd, RedisResult};

use super::super::{BackendError, Durability};
use super::{Connection, RedisBackend};
use crate::error::BoxError;

/// How long a write waits for the replicas, in milliseconds: half of the time in which the server must answer.
const WAIT: usize = 5000;

impl RedisBackend {
    /// Runs a script that returns 1 if it has written. After a write it waits for the replicas.
    pub(super) fn write(&self, command: impl Fn(&RedisBackend) -> Cmd) -> Result<bool, BoxError> {
        let most = self.replicas;
        let (written, have) = self.run(|connection| {
            let written = command(self).query::<i64>(&mut **connection)? == 1;
            if most == 0 || !written {
                return Ok((written, 0));
            }
            // The server counts the replicas that have all writes of this connection.
            let wait = redis::cmd("WAIT").arg(most).arg(WAIT).query(&mut **connection)?;
            Ok((written, wait))
        })?;
        if written && have < most {
            let text = format!(
                "{}: {have} of {most} replicas confirmed the write within {} s",
                self.address,
                WAIT / 1000
            );
            return Err(BackendError::Unavailable(text).into());
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

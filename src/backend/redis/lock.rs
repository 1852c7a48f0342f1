//! A lease in Redis, bound to its holder's connection if the server lists its connections.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::RedisResult;

use super::super::Guard;
use super::super::idle::{Failed, Rest, renewed};
use super::super::lock::wait_for_server;
use super::{Connection, failed, on, script};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::secret::random_id;

/// Takes the lock if it is free, ours already, or held under the name `ARGV[3]`. Returns the holder's
/// name.
pub(super) const TAKE: &str = "local held = redis.call('GET', KEYS[1])
if not held or held == ARGV[1] or held == ARGV[3] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]
end
return held";

/// Renews a lock whose name begins with the random word `ARGV[1]`, under the new name `ARGV[2]`. The
/// rest of the stored name may differ from ours, because the answer to a renewal may have been lost.
pub(super) const RENEW: &str = "local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0";

pub(super) const RELEASE: &str = "local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0";

/// How often a waiting process checks whether the holder's connection still exists.
const WATCH: Duration = Duration::from_millis(250);

/// The holder's name, `TOKEN RUN CLIENT`: a random word, the server's run id and the connection's id.
fn name(token: &str, connection: &mut Connection) -> RedisResult<String> {
    let place = answered(whereabouts(connection), String::new())?;
    Ok(format!("{token} {place}"))
}

/// Returns `instead` if the server answers with an error. Passes on an error of the connection.
fn answered<T>(answer: RedisResult<T>, instead: T) -> RedisResult<T> {
    match answer {
        Err(error) if !error.is_io_error() => Ok(instead),
        answer => answer,
    }
}

/// The server's run id and the id of this connection. Not every server tells them.
fn whereabouts(connection: &mut Connection) -> RedisResult<String> {
    let id: i64 = redis::cmd("CLIENT").arg("ID").query(&mut **connection)?;
    let info: String = redis::cmd("INFO").arg("server").query(&mut **connection)?;
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default();
    Ok(format!("{} {id}", run.trim()))
}

/// Whether the holder's connection has ended, because its process or the server's run has ended. An
/// ended connection does not prove that the process is dead, so the lock is still treated as a lease,
/// and the note of a sent refresh token is respected.
fn has_ended(held: &str, mine: &str, connection: &mut Connection) -> RedisResult<bool> {
    let parts = |name: &str| {
        let mut parts = name.split(' ').skip(1).map(str::to_owned);
        parts.next().zip(parts.next()).filter(|(run, _)| !run.is_empty())
    };
    let (Some((their_run, their_id)), Some((run, id))) = (parts(held), parts(mine)) else {
        return Ok(false);
    };
    if their_run != run {
        return Ok(true);
    }
    let mut is_there = |id: &str| -> RedisResult<bool> {
        let list: String =
            redis::cmd("CLIENT").arg("LIST").arg("ID").arg(id).query(&mut **connection)?;
        Ok(list.contains(&format!("id={id} ")))
    };
    // If the list does not even contain our own connection, it says nothing about the holder's.
    Ok(!is_there(&their_id)? && is_there(&id)?)
}

/// Takes the lock, and waits for it up to `wait`. `None` if another holder still has it.
pub(super) fn take(
    server: &Arc<Rest<Connection>>,
    key: String,
    store: &str,
    clock: &Arc<dyn Clock>,
    lease: Duration,
    wait: Duration,
) -> Result<Option<Guard>, BoxError> {
    let token = random_id();
    let mut at_hand: Option<(Connection, String)> = None;
    let mut watched = None;
    let taken = wait_for_server(&**clock, wait, || {
        let now = clock.monotonic();
        let watch = watched.is_none_or(|watched| now.saturating_sub(watched) >= WATCH);
        let mut attempt = |connection: &mut Connection, name: &str| -> RedisResult<bool> {
            let mut take = |instead_of: &str| -> RedisResult<String> {
                let mut command = script(TAKE, &key);
                command.arg(name).arg(millis(lease)).arg(instead_of).query(&mut **connection)
            };
            let held = take(name)?;
            if held == name || !watch {
                return Ok(held == name);
            }
            watched = Some(now);
            // On a server that does not list its connections, the lock is free at the end of the lease.
            let ended = answered(has_ended(&held, name, connection), false)?;
            let mut command = script(TAKE, &key);
            let command = command.arg(name).arg(millis(lease)).arg(&held);
            Ok(ended && command.query::<String>(&mut **connection)? == name)
        };
        let (connection, (name, taken)) = match at_hand.take() {
            // If the connection breaks during the wait, the next try opens a new connection.
            Some((mut connection, name)) => match attempt(&mut connection, &name) {
                Ok(taken) => (connection, (name, taken)),
                Err(error) => {
                    let Failed { error, stale } = failed(store, &error);
                    return if stale { Ok(None) } else { Err(error) };
                }
            },
            None => server.lend(|connection| {
                on(connection, store, &mut |connection| {
                    let name = name(&token, connection)?;
                    let taken = attempt(connection, &name)?;
                    Ok((name, taken))
                })
            })?,
        };
        if !taken {
            at_hand = Some((connection, name));
            return Ok(None);
        }
        Ok(Some(Held {
            server: Arc::clone(server),
            connection: Some(connection),
            store: store.to_owned(),
            key: key.clone(),
            token: token.clone(),
            name,
            lease,
        }))
    })?;
    if let Some((connection, _)) = at_hand {
        server.put(connection);
    }
    Ok(taken.map(|held| {
        let held = Arc::new(Mutex::new(held));
        let (same, clock) = (Arc::clone(&held), Arc::clone(clock));
        Guard::lease(held, move |duration| same.lock().lasts(&*clock, duration))
    }))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 8).max(1)
}

/// A lock that is held.
struct Held {
    server: Arc<Rest<Connection>>,
    connection: Option<Connection>,
    store: String,
    key: String,
    token: String,
    name: String,
    lease: Duration,
}

impl Held {
    fn lasts(&mut self, clock: &dyn Clock, duration: Duration) -> bool {
        renewed(clock, self.lease, duration, |wanted| self.renew(wanted).unwrap_or(false))
    }

    /// Whether the lock was still ours, and now lasts for this time.
    fn renew(&mut self, wanted: Duration) -> Result<bool, BoxError> {
        let renew = |connection: &mut Connection, name: &str| -> RedisResult<i64> {
            let mut command = script(RENEW, &self.key);
            command.arg(&self.token).arg(name).arg(millis(wanted)).query(&mut **connection)
        };
        if let Some(mut connection) = self.connection.take() {
            match renew(&mut connection, &self.name) {
                Ok(done) => {
                    self.connection = Some(connection);
                    return Ok(done == 1);
                }
                Err(error) => {
                    let Failed { error, stale } = failed(&self.store, &error);
                    if !stale {
                        return Err(error);
                    }
                }
            }
        }
        // The connection is broken, but the lock may still be ours.
        let (connection, (name, done)) = self.server.lend(|connection| {
            on(connection, &self.store, &mut |connection| {
                let new = name(&self.token, connection)?;
                let done = renew(connection, &new)?;
                Ok((new, done))
            })
        })?;
        self.connection = Some(connection);
        self.name = name;
        Ok(done == 1)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // If this fails, the lock is free when the connection ends, or at the end of the lease.
        if let Some(mut connection) = self.connection.take()
            && script(RELEASE, &self.key).arg(&self.token).query::<i64>(&mut *connection).is_ok()
        {
            self.server.put(connection);
        }
    }
}

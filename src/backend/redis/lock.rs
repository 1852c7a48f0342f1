//! A lease in Redis, bound to a connection of its holder if the server lists its connections.
//!
//! A lock names a connection of its process. Other accounts also use that connection, and it is not
//! closed while the lock is held; a connection that the program has lent is kept for the lock. A thread that
//! waits for the lock has no connection between two tries. If the process is killed, its connections end, and
//! the next thread that tries takes the lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::RedisResult;
use zeroize::Zeroizing;

use super::super::lease::{Renewal, needed, renewed};
use super::super::line::{self, Got, Key, Taken, Wait};
use super::super::pace::Pace;
use super::super::pool::{Failed, PATIENCE, Pool, Used};
use super::super::queue::Permit;
use super::super::{BackendError, Guard, TokenBackend as _, compare};
use super::{Connection, Link, RedisBackend, lock_key, on, script};
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_id;

/// Takes the lock if it is free, if this process already has it (the holder's name begins with the
/// random word `ARGV[4]`), if it is held under the name `ARGV[3]`, or if it has no expiry. Returns the
/// lock holder's name, and the record that is stored then. A store sets an expiry in the same command as the lock,
/// so a lock without an expiry is no holder's: somebody has restored it (`RESTORE`).
pub(super) const TAKE: &str = "local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, #ARGV[4]) == ARGV[4] or held == ARGV[3]
    or redis.pcall('PTTL', KEYS[1]) == -1 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  local record = redis.pcall('GET', KEYS[2])
  if type(record) == 'table' then
    return {ARGV[1], false, 0}
  end
  return {ARGV[1], record, 1}
end
return {held, false, 0}";

/// The answer to [`TAKE`]: the lock holder's name, the record, and whether the record could be read.
type Answer = (String, Option<Vec<u8>>, bool);

/// Renews a lock whose name begins with the random word `ARGV[1]`, under the new name `ARGV[2]`. The
/// rest of the stored name may differ from ours, because the answer to a renewal may have been lost.
pub(super) const RENEW: &str = "local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0";

/// Replaces the record `ARGV[1]` by a record with a refresh note, `ARGV[2]`, and renews a lock whose name
/// begins with the random word `ARGV[3]`, under the new name `ARGV[4]`. Returns whether the lock is ours, and
/// whether the refresh note was written: without the lock, the script does not write the note.
pub(super) const NOTE: &str = "local held = redis.call('GET', KEYS[2])
if not held or string.sub(held, 1, #ARGV[3]) ~= ARGV[3] then
  return {0, 0}
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {1, 0}
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
return {1, 1}";

pub(super) const RELEASE: &str = "local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0";

/// How often a waiting process checks whether the lock holder's connection still exists.
const WATCH: Duration = Duration::from_millis(250);

/// The longest pause between two tries to take a lock that another process has.
const LONGEST: Duration = Duration::from_millis(100);

/// The random words of locks of this process that could not be released: nobody holds them.
static DEAD: Mutex<BTreeMap<Key, String>> = Mutex::new(BTreeMap::new());

fn is_dead(account: &Key, held: &str) -> bool {
    DEAD.lock().get(account).is_some_and(|token| held.split(' ').next() == Some(token))
}

/// The lock holder's name, `TOKEN RUN CLIENT`: a random word, the server's run id and the connection's id.
fn name(token: &str, link: &mut Link) -> RedisResult<String> {
    let place = match &link.place {
        Some(place) => place.clone(),
        None => {
            let place = answered(whereabouts(&mut link.connection), String::new())?;
            link.place = Some(place.clone());
            place
        }
    };
    Ok(format!("{token} {place}"))
}

/// Returns `instead` if the server answers with an error. Returns an error of the connection unchanged.
fn answered<T>(answer: RedisResult<T>, instead: T) -> RedisResult<T> {
    match answer {
        Err(error) if !error.is_io_error() => Ok(instead),
        answer => answer,
    }
}

/// The server's run id and the id of this connection. Not every server gives these ids.
fn whereabouts(connection: &mut Connection) -> RedisResult<String> {
    let id: i64 = redis::cmd("CLIENT").arg("ID").query(&mut **connection)?;
    let info: String = redis::cmd("INFO").arg("server").query(&mut **connection)?;
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default();
    Ok(format!("{} {id}", run.trim()))
}

/// Whether the lock holder's connection has ended, because its process or the server's run has ended. An
/// ended connection does not prove that the process is dead. The next holder therefore treats the lock as a
/// lease, and does not send a refresh token again before the deadline of the holder's refresh note.
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
    // If the list does not contain our own connection, it does not show whether the lock holder's connection
    // exists.
    Ok(!is_there(&their_id)? && is_there(&id)?)
}

/// A lock that was taken, and the record that was read under the lock, if the caller asked for the record.
pub(super) type Locked = (Guard, Option<Result<Option<Record>, BoxError>>);

/// Takes the lock, and waits for it up to `wait`. With `reads`, also reads the record.
pub(super) fn take(
    store: &RedisBackend,
    wait: Duration,
    reads: bool,
) -> Result<Taken<Locked>, BoxError> {
    let (told, pace, token, lease) = (store.describe(), &store.pace, random_id(), store.lease);
    let (record_key, key) = (store.key(), lock_key(&store.key()));
    let line = Wait {
        key: store.place(),
        pace,
        time: wait,
        longest: LONGEST,
        takes_saved: reads,
        place: &|| None,
    };
    let mut watched = None;
    let taken = line::take(&line, |left| {
        let now = pace.clock.monotonic();
        let watch = watched.is_none_or(|before| now.saturating_sub(before) >= WATCH);
        let mut work = |link: &mut Link| {
            let name = name(&token, link)?;
            let connection = &mut link.connection;
            // The record, whether the record could be read, and how many replicas have the record.
            let take = |instead_of: &str, connection: &mut Connection| {
                let mut command = redis::cmd("EVAL");
                command.arg(TAKE).arg(2).arg(&key).arg(&record_key);
                command.arg(&name).arg(millis(lease)).arg(instead_of).arg(&token);
                let (held, bytes, readable): Answer = command.query(&mut **connection)?;
                if held != name {
                    return Ok(Err(held));
                }
                let bytes = bytes.map(Zeroizing::new);
                let have = match &bytes {
                    Some(bytes) if reads => store.replicas_with(bytes, connection)?,
                    _ => store.replicas,
                };
                RedisResult::Ok(Ok((bytes, readable, have)))
            };
            let held = match take(&name, connection)? {
                Ok(taken) => return Ok(Some(taken)),
                Err(held) => held,
            };
            if !is_dead(&store.place(), &held) {
                if !watch {
                    return Ok(None);
                }
                watched = Some(now);
                // On a server that does not list its connections, the lock is free at the end of the lease.
                if !answered(has_ended(&held, &name, connection), false)? {
                    return Ok(None);
                }
            }
            Ok(take(&held, connection)?.ok())
        };
        let (used, found) =
            store.server.lend(&told, pace, left, |link| on(link, &told, &mut work))?;
        let Some((bytes, readable, have)) = found else {
            store.server.put(used, pace);
            return Ok(None);
        };
        // A record that too few replicas have is not used: a failover can lose this record.
        let read = (reads && readable).then(|| {
            store.enough(have)?;
            store.confirmed(bytes.as_ref());
            compare::read(store, bytes)
        });
        let record = read.as_ref().and_then(|read| read.as_ref().ok().cloned()).flatten();
        Ok(Some(Got { lock: (used, read), record }))
    })?;
    let ((used, read), place) = match taken {
        Taken::Lock(taken) => taken,
        Taken::Saved(record) => return Ok(Taken::Saved(record)),
        Taken::Busy => return Ok(Taken::Busy),
    };
    DEAD.lock().remove(&store.place());
    let held = Held {
        server: Arc::clone(&store.server),
        pace: pace.clone(),
        store: told,
        account: store.place(),
        key,
        token,
        process: std::process::id(),
        named: Arc::clone(&used.connection.named),
        lent: None,
        noted: None,
        owns: store.owns,
        place,
    };
    let held = Arc::new(Mutex::new(held));
    held.lock().give(used);
    *store.held.lock() = Arc::downgrade(&held);
    let (same, clock) = (Arc::clone(&held), Arc::clone(&pace.clock));
    let lasts = move |duration| {
        let mut held = same.lock();
        if held.noted.take().is_some_and(|renewal| renewal.covers(&*clock, duration)) {
            return true;
        }
        let renew = |wanted| held.renew(wanted).unwrap_or(false);
        let lasts = renewed(&*clock, lease, duration, renew);
        if !lasts {
            held.place.lost();
        }
        lasts
    };
    // A client whose lock is lost does not write its note under the lock of another client of this value.
    let (last, own) = (Arc::clone(&store.held), Arc::downgrade(&held));
    let guard = Guard::lease(held, lasts).with_check(move || last.lock().ptr_eq(&own));
    Ok(Taken::Lock((guard, read)))
}

/// Saves `new` in place of `old`, and renews the lock in the same step, if `record` has the note of a request and
/// this store has the lock. Then waits for the replicas, which get both. Fails with [`BackendError::Busy`] if the
/// lock is lost. `None` if there is no lock.
pub(super) fn note(
    store: &RedisBackend,
    old: &[u8],
    new: &[u8],
    record: &Record,
) -> Option<Result<bool, BoxError>> {
    if old.is_empty() {
        return None;
    }
    let held = store.held.lock().upgrade()?;
    let wanted = needed(record, store.lease)?;
    let done = held.lock().note(store, old, new, wanted)?;
    Some(done.and_then(|(written, have)| {
        if written {
            store.enough(have)?;
            store.confirmed(Some(&Zeroizing::new(new.to_vec())));
        }
        Ok(written)
    }))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 8).max(1)
}

/// A lock that is held.
pub(super) struct Held {
    server: Arc<Pool<Link>>,
    pace: Pace,
    store: String,
    account: Key,
    key: String,
    token: String,
    process: u32,
    /// While this value exists, the pool does not close the connection that the lock names.
    named: Arc<()>,
    /// The connection that the program has lent for the time of the lock.
    lent: Option<(Link, Option<Permit>)>,
    /// The renewal that came with the last refresh note.
    noted: Option<Renewal>,
    owns: bool,
    place: line::Held,
}

impl Held {
    /// Returns a connection to the pool, or keeps a connection that the program has lent.
    fn give(&mut self, used: Used<Link>) {
        if self.owns {
            self.server.put(used, &self.pace);
        } else {
            self.lent = Some(used.split());
        }
    }

    /// Runs `work` on the lent connection. Returns `None` if there is no lent connection, or the connection
    /// was dead or belongs to a parent process.
    pub(super) fn run<T>(
        &mut self,
        work: &mut impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Option<Result<T, BoxError>> {
        if self.process != std::process::id() {
            return None;
        }
        let (link, permit) = self.lent.take()?;
        let (link, done) = on(link, &self.store, &mut |link: &mut Link| work(&mut link.connection));
        self.lent = link.map(|link| (link, permit));
        match done {
            Ok(done) => Some(Ok(done)),
            Err(Failed { stale: true, .. }) => None,
            Err(failed) => Some(Err(failed.error)),
        }
    }

    /// Whether the lock was still ours, and now lasts for this time. The lock then names a connection that
    /// works.
    fn renew(&mut self, wanted: Duration) -> Result<bool, BoxError> {
        let (token, key) = (self.token.clone(), self.key.clone());
        self.renewing(|link| {
            let name = name(&token, link)?;
            let mut command = script(RENEW, &key);
            command.arg(&token).arg(&name).arg(millis(wanted));
            Ok(command.query::<i64>(&mut *link.connection)? == 1)
        })
    }

    /// Replaces `old` by `new`, a record with a note, and renews the lock in one step. Returns whether the note
    /// was written, and how many replicas have it. `None` in a child of the process that has the lock.
    fn note(
        &mut self,
        store: &RedisBackend,
        old: &[u8],
        new: &[u8],
        wanted: Duration,
    ) -> Option<Result<(bool, usize), BoxError>> {
        if self.process != std::process::id() {
            return None;
        }
        let (token, key) = (self.token.clone(), self.key.clone());
        let renewal = Renewal::begin(&*self.pace.clock, wanted);
        let done = self.renewing(|link| {
            let name = name(&token, link)?;
            let mut command = redis::cmd("EVAL");
            command.arg(NOTE).arg(2).arg(store.key()).arg(&key);
            command.arg(old).arg(new).arg(&token).arg(&name).arg(millis(wanted));
            let (has, written) = command.query(&mut *link.connection)?;
            let have = if written { store.replicas_have(&mut link.connection)? } else { 0 };
            Ok((has, written, have))
        });
        let noted = matches!(done, Ok((true, true, _)));
        self.noted = noted.then(|| renewal.answered(&*self.pace.clock));
        let lost = || BackendError::Busy(self.store.clone()).into();
        Some(
            done.and_then(
                |(has, written, have)| if has { Ok((written, have)) } else { Err(lost()) },
            ),
        )
    }

    /// Runs `work`, which gives the lock the name of the connection that it gets.
    fn renewing<T>(
        &mut self,
        mut work: impl FnMut(&mut Link) -> RedisResult<T>,
    ) -> Result<T, BoxError> {
        let store = self.store.clone();
        let ours = match self.lent.take() {
            Some((link, permit)) => match on(link, &store, &mut work) {
                (Some(link), Ok(done)) => Some((Used::join(link, permit), done)),
                (link, Err(failed)) if !failed.stale => {
                    self.lent = link.map(|link| (link, permit));
                    return Err(failed.error);
                }
                _ => None,
            },
            None => None,
        };
        // If the connection is broken, the lock may still be ours.
        let (used, renewed) = match ours {
            Some(done) => done,
            None => self
                .server
                .lend(&store, &self.pace, PATIENCE, |link| on(link, &store, &mut work))?,
        };
        self.named = Arc::clone(&used.connection.named);
        self.give(used);
        Ok(renewed)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (key, token, store) = (&self.key, &self.token, &self.store);
        let mut work = |link: &mut Link| {
            script(RELEASE, key).arg(token).query::<i64>(&mut *link.connection).map(drop)
        };
        // A failed release is repeated, on a new connection if the old connection has failed.
        for _ in 0..2 {
            let done = match self.lent.take() {
                Some((link, permit)) => {
                    let (link, done) = on(link, store, &mut work);
                    if let Some(link) = link {
                        self.server.put(Used::join(link, permit), &self.pace);
                    }
                    done.is_ok()
                }
                None => {
                    self.server.run(store, &self.pace, |link| on(link, store, &mut work)).is_ok()
                }
            };
            if done {
                return;
            }
        }
        // Other processes wait until the named connection or the lease ends.
        DEAD.lock().insert(self.account, self.token.clone());
    }
}

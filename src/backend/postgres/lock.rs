//! An advisory lock, held by a session that does nothing else.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postgres::Client;
use postgres::types::{ToSql, Type};

use super::super::idle::{Failed, Rest, renewed};
use super::super::lock::wait_for_server;
use super::super::{BackendError, Guard, TokenBackend as _};
use super::PostgresBackend;
use super::session::{Session, on};
use crate::clock::Clock;
use crate::error::BoxError;

/// Takes the lock, and makes the server end the connection, and the lock with it, when our host no
/// longer answers. Returns whether the lock was taken, and whether the server knows
/// `idle_session_timeout`, which [`LIMIT`] sets.
const TAKE: &str = "SELECT CASE WHEN pg_try_advisory_lock($1) THEN \
        set_config('tcp_keepalives_idle', '60', false) IS NOT NULL \
        AND set_config('tcp_keepalives_interval', '30', false) IS NOT NULL \
        AND set_config('tcp_keepalives_count', '10', false) IS NOT NULL ELSE false END, \
    current_setting('idle_session_timeout', true) IS NOT NULL";

/// Makes the server end the connection after so many milliseconds of silence (PostgreSQL 14 and later).
/// Returns whether this connection has the lock: a pooler may have replaced the server's side of it.
const LIMIT: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted \
        AND pid = pg_backend_pid() AND objsubid = 1 \
        AND (classid::bigint << 32) | objid::bigint = $1), \
    CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL \
        THEN set_config('idle_session_timeout', $2, false) END IS NOT NULL";

/// The number of the lock, and whether the server can limit its session.
#[derive(Clone, Copy)]
struct Key {
    number: i64,
    limited: bool,
}

fn attempt(
    client: &mut Client,
    number: i64,
    lease: Duration,
) -> Result<Option<Key>, postgres::Error> {
    let row = client.query_typed_one(TAKE, &[(&number, Type::INT8)])?;
    let key = Key { number, limited: row.try_get(1)? };
    Ok((row.try_get(0)? && limit(client, key, lease)?).then_some(key))
}

fn limit(client: &mut Client, key: Key, lease: Duration) -> Result<bool, postgres::Error> {
    let lease = millis(lease).to_string();
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&key.number, Type::INT8), (&lease, Type::TEXT)];
    client.query_typed_one(LIMIT, &parameters)?.try_get(0)
}

/// A time in milliseconds, as the server takes it. At least 1, because 0 would mean without a limit.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// Releases the lock and resets the session's settings.
fn release(client: &mut Client, key: Key) -> Result<(), postgres::Error> {
    let limited = if key.limited { "RESET idle_session_timeout; " } else { "" };
    client.batch_execute(&format!(
        "SELECT pg_advisory_unlock({}); {limited}RESET tcp_keepalives_idle; \
         RESET tcp_keepalives_interval; RESET tcp_keepalives_count",
        key.number
    ))
}

/// Takes the lock, and waits for it up to `wait`. `None` if another holder still has it.
pub(super) fn take(
    store: &PostgresBackend,
    number: i64,
    wait: Duration,
) -> Result<Option<Guard>, BoxError> {
    let (name, lease) = (store.describe(), store.lease);
    let mut at_hand: Option<Session> = None;
    let taken = wait_for_server(&*store.clock, wait, || {
        let work = move |client: &mut Client| attempt(client, number, lease);
        let tried = match at_hand.take() {
            Some(session) => on(session, &name, work),
            None => store
                .server
                .lend(|session| on(session, &name, work))
                .map_err(|error| Failed { error, stale: false }),
        };
        match tried {
            Ok((session, Some(key))) => Ok(Some((session, key))),
            Ok((session, None)) => {
                at_hand = Some(session);
                Ok(None)
            }
            // If the session broke during the wait, the next try opens a new session. A server with
            // too many sessions may accept one then.
            Err(failed) if failed.stale || BackendError::is_busy(&failed.error) => Ok(None),
            Err(failed) => Err(failed.error),
        }
    })?;
    if let Some(session) = at_hand {
        store.server.put(session);
    }
    Ok(taken.map(|(session, key)| {
        let server = Arc::clone(&store.server);
        let held = Held { server, session: Some(session), name, key, lease };
        let held = Arc::new(Mutex::new(held));
        let (same, clock) = (Arc::clone(&held), Arc::clone(&store.clock));
        Guard::lease(held, move |duration| same.lock().lasts(&*clock, duration))
    }))
}

/// A lock that is held.
struct Held {
    server: Arc<Rest<Session>>,
    session: Option<Session>,
    name: String,
    key: Key,
    lease: Duration,
}

impl Held {
    fn lasts(&mut self, clock: &dyn Clock, duration: Duration) -> bool {
        renewed(clock, self.lease, duration, |wanted| self.renew(wanted))
    }

    /// Checks the session and the lock, and makes the server keep them for this time.
    fn renew(&mut self, wanted: Duration) -> bool {
        let Some(session) = self.session.take() else { return false };
        let key = self.key;
        let kept = on(session, &self.name, move |client| limit(client, key, wanted));
        let Ok((session, has)) = kept else { return false };
        self.session = Some(session);
        has
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let key = self.key;
        let released = on(session, &self.name, move |client| release(client, key));
        // If the release failed, the lock ends with the session.
        if let Ok((session, ())) = released {
            self.server.put(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_zero_or_more_than_the_server_takes() {
        assert_eq!(millis(Duration::ZERO), 1);
        assert_eq!(millis(Duration::from_millis(1999)), 1999);
        assert_eq!(millis(Duration::MAX), i32::MAX);
    }
}

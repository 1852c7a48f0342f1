//! An advisory lock of a session that does nothing else.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postgres::Client;
use postgres::types::Type;

use super::super::lock::wait_for_server;
use super::super::rest::{Failed, Rest, SLACK};
use super::super::{BackendError, Guard, TokenBackend as _};
use super::PostgresBackend;
use super::session::{Session, on};
use crate::clock::Clock;
use crate::error::BoxError;

/// Has the server end this session, and the lock with it, when it has said nothing for so long
/// (PostgreSQL 14 and later), or when its host no longer answers.
const LIMITS: &str = "SELECT set_config(name, CASE name \
        WHEN 'idle_session_timeout' THEN $1 WHEN 'tcp_keepalives_idle' THEN '60' \
        WHEN 'tcp_keepalives_interval' THEN '30' ELSE '10' END, false) FROM pg_settings \
    WHERE name IN ('idle_session_timeout', 'tcp_keepalives_idle', 'tcp_keepalives_interval', \
        'tcp_keepalives_count')";

/// Whether this session has the lock: a pooler may have put another one in its place.
const HAS: &str = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted \
    AND pid = pg_backend_pid() AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = $1)";

const RELEASE: &str = "SELECT pg_advisory_unlock($1), \
    (SELECT count(set_config(name, reset_val, false)) FROM pg_settings \
     WHERE name IN ('idle_session_timeout', 'tcp_keepalives_idle', 'tcp_keepalives_interval', \
        'tcp_keepalives_count'))";

fn attempt(client: &mut Client, key: i64, lease: Duration) -> Result<bool, postgres::Error> {
    let sql = "SELECT pg_try_advisory_lock($1)";
    let taken: bool = client.query_typed_one(sql, &[(&key, Type::INT8)])?.try_get(0)?;
    if taken {
        limit(client, lease)?;
    }
    Ok(taken)
}

/// `idle_session_timeout` is in milliseconds.
fn limit(client: &mut Client, lease: Duration) -> Result<(), postgres::Error> {
    let lease = i32::try_from(lease.as_millis()).unwrap_or(i32::MAX).max(1).to_string();
    client.query_typed(LIMITS, &[(&lease, Type::TEXT)]).map(drop)
}

/// Takes the lock, waiting for `wait`; `None` when somebody else still has it.
pub(super) fn take(
    store: &PostgresBackend,
    key: i64,
    wait: Duration,
) -> Result<Option<Guard>, BoxError> {
    let (name, lease) = (store.describe(), store.lease);
    let mut at_hand: Option<Session> = None;
    let taken = wait_for_server(&*store.clock, wait, || {
        let work = move |client: &mut Client| attempt(client, key, lease);
        let tried = match at_hand.take() {
            Some(session) => on(session, &name, work),
            None => store
                .server
                .lend(|session| on(session, &name, work))
                .map_err(|error| Failed { error, stale: false }),
        };
        match tried {
            Ok((session, true)) => Ok(Some(session)),
            Ok((session, false)) => {
                at_hand = Some(session);
                Ok(None)
            }
            // A session that broke while it waited is replaced in the next round; a server that has
            // as many as it takes may have room then.
            Err(failed) if failed.stale || BackendError::is_busy(&failed.error) => Ok(None),
            Err(failed) => Err(failed.error),
        }
    })?;
    if let Some(session) = at_hand {
        store.server.put(session);
    }
    Ok(taken.map(|session| {
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
    key: i64,
    lease: Duration,
}

impl Held {
    /// Makes sure of the session and the lock, and has the server keep them for a request of this
    /// length, its repetition and what is saved after it.
    fn lasts(&mut self, clock: &dyn Clock, duration: Duration) -> bool {
        let wanted = duration.saturating_mul(2).saturating_add(self.lease).saturating_add(SLACK);
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let Some(session) = self.session.take() else { return false };
        let key = self.key;
        let kept = on(session, &self.name, move |client| {
            limit(client, wanted)?;
            client.query_typed_one(HAS, &[(&key, Type::INT8)])?.try_get::<_, bool>(0)
        });
        let Ok((session, has)) = kept else { return false };
        self.session = Some(session);
        // A process that was stopped in between finds its lease older than it thinks.
        let took = clock.monotonic().saturating_sub(monotonic);
        let took = clock.now().duration_since(wall).map_or(took, |wall| took.max(wall));
        has && took.saturating_add(duration) < wanted
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let key = self.key;
        let released = on(session, &self.name, move |client| {
            client.query_typed(RELEASE, &[(&key, Type::INT8)]).map(drop)
        });
        // If that failed, the lock goes with the session.
        if let Ok((session, ())) = released {
            self.server.put(session);
        }
    }
}

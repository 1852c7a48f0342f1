//! An advisory lock, held by a session. The session also does the work of its lock holder.
//!
//! A lock holder has one session and one permit to keep a session. A lock holder needs no second session, so
//! holders do not wait for each other even if they use all sessions. A thread that waits for the lock has
//! neither a session nor a permit between two tries. If the process is killed, the server ends the session,
//! and the lock with it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postgres::SimpleQueryMessage;
use postgres::error::SqlState;
use postgres::types::Type;
use zeroize::Zeroizing;

use super::super::compare::Bytes;
use super::super::lease::{Renewal, renewed};
use super::super::line::{self, Got, Taken, Wait};
use super::super::pace::Pace;
use super::super::pool::{Done, Failed, PATIENCE, Pool, Used};
use super::super::queue::Permit;
use super::super::{BackendError, Guard, TokenBackend as _, compare};
use super::PostgresBackend;
use super::noting::Noting;
use super::pooler::Pooler;
use super::session::{Session, forget_locks, on, on_or_late};
use super::taking::{Wanted, release_sql, take_sql};
use super::talk::{Error, Parameter, Talk};
use crate::error::BoxError;
use crate::record::Record;
use crate::secret::random_id;

/// The longest pause between two tries to take a lock that another process has.
const LONGEST: Duration = Duration::from_millis(100);

/// A setting of the session that has the lock: a random word of the holder. A proxy such as PgBouncer may
/// have replaced the session behind the connection, or given the same session to another client, which then
/// got the same lock.
pub(super) const HAS: &str = "coalesce(current_setting('evergrant.lock', true), '')";

/// How long a session that has not answered in time may take to answer again.
const ANSWERS: Duration = Duration::from_secs(1);

/// The number of the lock, the random word of its holder, the process id of the session that has the lock,
/// and whether the server can limit the time of that session.
#[derive(Clone)]
pub(super) struct Key {
    number: i64,
    pub(super) token: Arc<str>,
    pub(super) process: i32,
    limited: bool,
}

/// The result of an attempt: the lock, if it was free, and the record, if the caller asked for it.
struct Attempt {
    key: Option<Key>,
    bytes: Option<Option<Bytes>>,
    /// Whether the session had a lock holder before the attempt. If so, a pooler gives one session to several
    /// clients, and another client holds a lock or did not release it.
    shared: bool,
}

fn attempt(
    talk: &mut Talk<'_>,
    number: i64,
    lease: Duration,
    record: Option<&Wanted>,
) -> Result<Attempt, Error> {
    let token = random_id();
    let taking = record.and_then(|wanted| talk.taking(&wanted.table));
    let keeps_alive = talk.needs_keepalives();
    let sql = |record, taking| take_sql(number, &token, lease, record, taking, keeps_alive);
    let mut said = talk.simple_query(&sql(record, taking.as_ref()));
    match (&said, &taking, record) {
        (Ok(_), Some(taking), Some(wanted)) => talk.took(&wanted.table, taking),
        (Err(error), Some(taking), _) => {
            let refused = talk.refuses(error);
            talk.failed(taking);
            if refused {
                // If the server does not know the statement, the message took no lock. A lock in the server's session
                // then belongs to another client of a pooler.
                if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
                    forget_locks(talk);
                }
                said = talk.simple_query(&sql(record, None));
            }
        }
        _ => {}
    }
    let missing = |error: &Error| error.code() == Some(&SqlState::UNDEFINED_TABLE);
    let mut reads = record.is_some();
    if reads && said.as_ref().is_err_and(missing) {
        // The lock needs no table. The next load creates the table.
        forget_locks(talk);
        said = talk.simple_query(&sql(None, None));
        reads = false;
    }
    let said = said.inspect_err(|_| forget_locks(talk))?;
    let rows: Vec<_> = said
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    let told = |row: usize, column: usize| rows.get(row)?.try_get(column).ok().flatten();
    let is = |column| told(0, column) == Some("t");
    let bytes = reads.then(|| {
        let digits = told(1, 0)?;
        Some(Zeroizing::new(bytes(digits)))
    });
    let process = told(0, 2).and_then(|id| id.parse().ok()).unwrap_or_default();
    let moved = talk.has_moved(process);
    let key = Key { number, token: token.as_str().into(), process, limited: is(1) };
    if moved {
        if is(0) {
            release(talk, &key)?;
        }
        return Ok(Attempt { key: None, bytes: None, shared: true });
    }
    if is(0) && keeps_alive {
        talk.has_keepalives();
    }
    let shared = !rows.is_empty() && told(0, 0).is_none();
    Ok(Attempt { key: is(0).then_some(key), bytes, shared })
}

/// Decodes hexadecimal digits.
fn bytes(digits: &str) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

/// Sets the session's limit to the parameter `limit`, if the server knows such a limit and the session has
/// the lock under the word `token`. Without the lock, the session may belong to another client of a pooler.
pub(super) fn limit_sql(token: &str, limit: &str) -> String {
    format!(
        "CASE WHEN {HAS} = {token} AND current_setting('idle_session_timeout', true) IS NOT NULL \
         THEN set_config('idle_session_timeout', {limit}, false) END IS NOT NULL"
    )
}

/// Whether the session has the lock, and the process of the session. The server then keeps the session for
/// this time.
pub(super) fn limit(talk: &mut Talk<'_>, key: &Key, lease: Duration) -> Result<(bool, i32), Error> {
    let (token, lease) = (&*key.token, millis(lease).to_string());
    let sql = format!("SELECT {HAS} = $1, pg_backend_pid(), {}", limit_sql("$1", "$2"));
    let parameters: [Parameter<'_>; 2] = [(&token, Type::TEXT), (&lease, Type::TEXT)];
    let rows = talk.query_typed(&sql, &parameters)?;
    let Some(row) = rows.first() else { return Ok((false, key.process)) };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// A time in milliseconds, as the server takes it. The result is at least 1, because 0 would mean no limit.
pub(super) fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// Releases the lock and resets the session's settings. Returns the process of the session.
fn release(talk: &mut Talk<'_>, key: &Key) -> Result<i32, Error> {
    let sql = release_sql(key.number, key.limited, talk.is_own());
    let said = talk.simple_query(&sql)?;
    let process = said.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(1).ok().flatten()?.parse().ok(),
        _ => None,
    });
    Ok(process.unwrap_or(key.process))
}

/// A lock that was taken, and the record that was read under the lock, if the caller asked for the record.
pub(super) type Locked = (Guard, Option<Result<Option<Record>, BoxError>>);

/// Takes the lock, and waits for it up to `wait`. With `reads`, also reads the record.
pub(super) fn take(
    store: &PostgresBackend,
    wait: Duration,
    reads: bool,
) -> Result<Taken<Locked>, BoxError> {
    let (name, pace, lease) = (store.describe(), &store.pace, store.lease);
    store.pooler.refuse(&name, pace)?;
    let number = i64::from_be_bytes(compare::hash(&[&store.table, &store.account]));
    let wanted = || Wanted { table: store.table.clone(), account: store.account.clone() };
    let record = reads.then(|| Arc::new(wanted()));
    let line = Wait {
        key: store.key(),
        pace,
        time: wait,
        longest: LONGEST,
        takes_saved: reads,
        place: &|| None,
    };
    let hold = |time: Duration| match store.server.hold(&name, pace, time) {
        Err(_) if time.is_zero() => Ok(None),
        permit => permit.map(Some),
    };
    let taken = line::take_with(&line, hold, |left, permit| {
        let lent = store.server.lend(&name, pace, left, |session| {
            let record = record.clone();
            on(session, &name, move |talk| attempt(talk, number, lease, record.as_deref()))
        });
        let (used, Attempt { key, bytes, shared }) = lent?;
        if shared {
            store.server.put(used, pace);
            store.pooler.found(pace);
            store.pooler.refuse(&name, pace)?;
            return Ok(None);
        }
        let Some(key) = key else {
            store.server.put(used, pace);
            return Ok(None);
        };
        let read = bytes.map(|bytes| compare::read(store, bytes));
        let record = read.as_ref().and_then(|read| read.as_ref().ok().cloned()).flatten();
        Ok(Some(Got { lock: (used, permit, key, read), record }))
    })?;
    let ((used, permit, key, read), place) = match taken {
        Taken::Lock(taken) => taken,
        Taken::Saved(record) => return Ok(Taken::Saved(record)),
        Taken::Busy => return Ok(Taken::Busy),
    };
    let (session, of_session) = used.split();
    let held = Held {
        server: Arc::clone(&store.server),
        pace: pace.clone(),
        session: Some(session),
        late: Arc::default(),
        name,
        pooler: store.pooler.clone(),
        key,
        lease,
        noted: None,
        process: std::process::id(),
        permits: Some((of_session, permit)),
        place,
    };
    let held = Arc::new(Mutex::new(held));
    *store.held.lock() = Arc::downgrade(&held);
    let (same, clock) = (Arc::clone(&held), Arc::clone(&pace.clock));
    let lasts = move |duration| {
        let mut held = same.lock();
        if held.noted.take().is_some_and(|renewal| renewal.covers(&*clock, duration)) {
            return true;
        }
        let lasts = renewed(&*clock, held.lease, duration, |wanted| held.renew(wanted));
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

/// A lock that is held.
pub(super) struct Held {
    server: Arc<Pool<Session>>,
    pace: Pace,
    /// `None` if the session has broken: then the lock has ended with the session.
    session: Option<Session>,
    late: Arc<Mutex<Late>>,
    name: String,
    pooler: Pooler,
    key: Key,
    lease: Duration,
    /// The renewal that came with the last refresh note.
    noted: Option<Renewal>,
    process: u32,
    permits: Option<(Option<Permit>, Option<Permit>)>,
    place: line::Held,
}

/// The session of a lock after a use that ran out of time. The server keeps the lock until the session ends, so the
/// session must not end before the holder has saved.
#[derive(Default)]
struct Late {
    session: Option<Session>,
    /// Whether the holder has dropped the lock.
    over: bool,
}

impl Late {
    fn keep(late: &Mutex<Late>, session: Session) {
        let mut late = late.lock();
        if late.over {
            drop(late);
            session.forget();
        } else {
            late.session = Some(session);
        }
    }
}

impl Held {
    /// Checks the session and the lock, and makes the server keep them for this time.
    fn renew(&mut self, wanted: Duration) -> bool {
        let key = self.key.clone();
        let Some(Ok((has, process))) = self.run(move |client| limit(client, &key, wanted)) else {
            return false;
        };
        self.met(process);
        has
    }

    /// Saves a refresh note and renews the lock in one step. Fails with [`BackendError::Busy`] if the lock is
    /// lost. Returns `None` in a child of the process that has the lock.
    pub(super) fn note(&mut self, noting: Noting) -> Option<Result<bool, BoxError>> {
        if self.process != std::process::id() {
            return None;
        }
        let key = self.key.clone();
        let renewal = Renewal::begin(&*self.pace.clock, noting.wanted);
        let (written, has) = match self.run(move |client| noting.run(client, &key)) {
            Some(Ok((written, has, process))) => {
                self.met(process);
                (written, has)
            }
            Some(Err(error)) => return Some(Err(error)),
            // The lock has ended with its session.
            None => (false, false),
        };
        self.noted = written.then(|| renewal.answered(&*self.pace.clock));
        let lost = || BackendError::Busy(self.name.clone()).into();
        Some(if has { Ok(written) } else { Err(lost()) })
    }

    /// Notices a pooler by the process of the session that answered.
    fn met(&self, process: i32) {
        if process != self.key.process {
            self.pooler.found(&self.pace);
        }
    }

    /// Runs `work` on the session of the lock. Returns `None` if the session has broken, or belongs to a
    /// parent process.
    pub(super) fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Talk<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Option<Result<T, BoxError>> {
        if self.process != std::process::id() {
            return None;
        }
        let session = self.session.take().or_else(|| self.back())?;
        let (session, done) = self.on(session, PATIENCE, work);
        self.session = session;
        if self.session.is_none() {
            self.noted = None;
            self.place.lost();
            // The lock holder goes on with other sessions: it must not wait for its own permits.
            self.permits = None;
        }
        match done {
            Ok(done) => Some(Ok(done)),
            Err(Failed { stale: true, .. }) => None,
            Err(failed) => Some(Err(failed.error)),
        }
    }

    /// The session after a use that ran out of time, if it answers again.
    fn back(&self) -> Option<Session> {
        let session = self.late.lock().session.take()?;
        match session {
            Session::Lent(_) => Some(session),
            Session::Own(_) => self.on(session, ANSWERS, |talk| talk.batch_execute("")).0,
        }
    }

    fn on<T: Send + 'static>(
        &self,
        session: Session,
        patience: Duration,
        work: impl FnOnce(&mut Talk<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Done<Session, T> {
        let start = self.pace.clock.monotonic();
        let late = Arc::clone(&self.late);
        let late = move |session| Late::keep(&late, session);
        let done = on_or_late(session, &self.name, patience, work, late);
        if let (None, Err(Failed { stale: false, .. })) = done {
            self.server.doubt(start);
        }
        done
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.late.lock().over = true;
        let Some(session) = self.session.take().or_else(|| self.back()) else { return };
        let key = self.key.clone();
        let (session, done) = self.on(session, PATIENCE, move |client| release(client, &key));
        let (of_session, _permit) = self.permits.take().unwrap_or_default();
        match (session, done) {
            (Some(session), Ok(process)) => {
                self.met(process);
                self.server.put(Used::join(session, of_session), &self.pace);
            }
            // The lock ends with the session, but a lent session goes back to the program and lives on.
            (Some(session @ Session::Lent(_)), Err(_)) => {
                let forget = |talk: &mut Talk<'_>| {
                    forget_locks(talk);
                    Ok(())
                };
                // If no thread can be started, this thread releases the locks.
                if let (Some(session), Err(_)) = self.on(session, PATIENCE, forget) {
                    session.forget();
                }
            }
            (Some(Session::Own(_)), Err(_)) | (None, _) => {}
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

    #[test]
    fn hexadecimal_digits_are_the_bytes_of_a_record() {
        assert_eq!(bytes("6f276e"), b"o'n");
    }
}

//! Sessions with a PostgreSQL server, with a time limit on each use.

use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SendError, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use postgres::Client;
use postgres::error::SqlState;

use super::super::BackendError;
use super::super::compare::OTHER_COLUMNS;
use super::super::pool::{Done, Failed, PATIENCE};
use super::helpers;
use super::prepared::{Prepared, Talk};
use super::unanswered::Unanswered;
use crate::error::BoxError;

/// A session, opened by us or lent by the program.
pub(super) type Session = Box<dyn Reach>;

/// Reaches the client in a session.
pub(super) trait Reach: Send {
    fn client(&mut self) -> &mut Client;

    /// The client, and the statements that the session has prepared.
    fn talk(&mut self) -> Talk<'_> {
        Talk::new(self.client(), None)
    }

    /// The statements that the server has not answered.
    fn unanswered(&self) -> &Arc<Unanswered>;

    /// Whether the next statement is the first one on a session that the program has lent.
    fn is_first(&mut self) -> bool {
        false
    }
}

struct Own(Client, Arc<Unanswered>, Prepared);

impl Reach for Own {
    fn client(&mut self) -> &mut Client {
        &mut self.0
    }
    fn talk(&mut self) -> Talk<'_> {
        Talk::new(&mut self.0, Some(&mut self.2))
    }
    fn unanswered(&self) -> &Arc<Unanswered> {
        &self.1
    }
}

struct Lent<C> {
    connection: C,
    unanswered: Arc<Unanswered>,
    is_first: bool,
}

impl<C: DerefMut<Target = Client> + Send> Reach for Lent<C> {
    fn client(&mut self) -> &mut Client {
        &mut self.connection
    }
    fn unanswered(&self) -> &Arc<Unanswered> {
        &self.unanswered
    }
    fn is_first(&mut self) -> bool {
        std::mem::take(&mut self.is_first)
    }
}

pub(super) fn own(client: Client, unanswered: Arc<Unanswered>) -> Session {
    Box::new(Own(client, unanswered, Prepared::default()))
}

pub(super) fn lent<C: DerefMut<Target = Client> + Send + 'static>(
    connection: C,
    unanswered: Arc<Unanswered>,
) -> Session {
    Box::new(Lent { connection, unanswered, is_first: true })
}

/// The text of an error, with the server's message, which the crate's `Display` leaves out. The message
/// contains no values: parameters are sent separately.
pub(super) fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

fn failed(name: &str, error: &postgres::Error) -> Failed {
    let mut text = format!("{name} failed");
    let refused = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
    if error.code().is_some_and(|code| refused.contains(code)) {
        text.push_str(
            ", because the server refused the user: if the password changes while the program runs, or \
             the server demands TLS, give the store your own connections \
             (PostgresBackend::with_connections)",
        );
    }
    if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        text.push_str(
            ", because another session keeps the table locked (a dump, an open transaction)",
        );
    }
    // The session is broken, the server has ended it (a restart, an operator, an idle session), or the
    // server accepts no writes and its address may now lead to another server.
    let ended = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_SESSION_TIMEOUT,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    let stale = error.code().is_none_or(|code| ended.contains(code));
    let full = [SqlState::DISK_FULL, SqlState::PROGRAM_LIMIT_EXCEEDED];
    let precise = match error.code() {
        Some(code) if full.contains(code) => BackendError::Full(text),
        // The last step of a release with other columns renames `record`, so that earlier releases fail at once.
        Some(&SqlState::UNDEFINED_COLUMN) => BackendError::Config(format!("{name}{OTHER_COLUMNS}")),
        _ => BackendError::Unavailable(text),
    };
    Failed { error: precise.because(told(error)), stale }
}

/// Runs `work` on a separate thread, and waits at most `patience` for the result: neither the library nor the
/// server notices a dead network in bounded time. `late` gets a result that comes later.
fn within<T: Send + 'static>(
    name: &str,
    patience: Duration,
    unanswered: &Arc<Unanswered>,
    work: impl FnOnce() -> T + Send + 'static,
    late: impl FnOnce(T) + Send + 'static,
) -> Result<T, BoxError> {
    // A channel without a buffer: a value is received, or `send` returns it.
    let (send, receive) = sync_channel(0);
    let unavailable = |text: String| BackendError::Unavailable(format!("{name}: {text}"));
    let same = Arc::clone(unanswered);
    let job = move || {
        if let Err(SendError(done)) = send.send(work()) {
            same.came();
            late(done);
        }
    };
    helpers::run(Box::new(job)).map_err(|error| unavailable(format!("no thread: {error}")))?;
    receive.recv_timeout(patience).map_err(|error| {
        // Counted before the receiver is dropped, so that the thread finds itself counted.
        if error == RecvTimeoutError::Timeout {
            unanswered.add();
        }
        unavailable(format!("no answer within {} s", patience.as_secs())).into()
    })
}

/// Opens a session, and waits at most `patience` for the server.
pub(super) fn open(
    name: &str,
    patience: Duration,
    unanswered: &Arc<Unanswered>,
    connect: impl FnOnce() -> Result<Session, postgres::Error> + Send + 'static,
) -> Result<Session, BoxError> {
    unanswered.refuse(name)?;
    within(name, patience, unanswered, connect, drop)?.map_err(|error| {
        if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) {
            return BackendError::NoConnection(format!("{name}: {}", told(&error))).into();
        }
        failed(name, &error).error
    })
}

/// Releases all advisory locks, and forgets their holder: a lent session goes back to the program, and
/// must not still hold a lock.
pub(super) fn forget_locks(client: &mut Client) {
    let _ = client.batch_execute("SELECT pg_advisory_unlock_all(); RESET evergrant.lock");
}

/// Runs `work` on a session. Returns the session, unless the session has broken or its server can no
/// longer be used. If the server only refused a statement, or no thread could run `work`, the session still
/// has its lock.
pub(super) fn on<T: Send + 'static>(
    session: Session,
    name: &str,
    work: impl FnOnce(&mut Talk<'_>) -> Result<T, postgres::Error> + Send + 'static,
) -> Done<Session, T> {
    on_or_late(session, name, work, |mut session| forget_locks(session.client()))
}

/// Does the same as [`on`]. If `work` ends after this function has returned, `late` gets the session.
pub(super) fn on_or_late<T: Send + 'static>(
    mut session: Session,
    name: &str,
    work: impl FnOnce(&mut Talk<'_>) -> Result<T, postgres::Error> + Send + 'static,
    late: impl FnOnce(Session) + Send + 'static,
) -> Done<Session, T> {
    let unanswered = Arc::clone(session.unanswered());
    let failed_with = |error| Err(Failed { error, stale: false });
    if session.is_first()
        && let Err(error) = unanswered.refuse(name)
    {
        return (Some(session), failed_with(error));
    }
    // The thread takes the session from here. A session that no thread has taken is returned with its lock.
    let waits = Arc::new(Mutex::new(Some(session)));
    let taken = Arc::clone(&waits);
    let work = move || {
        let mut session = taken.lock().take()?;
        let done = work(&mut session.talk());
        let broken = session.client().is_closed();
        Some((session, done, broken))
    };
    let late = |done: Option<(Session, _, _)>| {
        if let Some((session, ..)) = done {
            late(session);
        }
    };
    match within(name, PATIENCE, &unanswered, work, late) {
        Ok(Some((session, done, broken))) => {
            unanswered.answered();
            let failed = match done {
                Ok(done) => return (Some(session), Ok(done)),
                Err(error) => failed(name, &error),
            };
            ((!broken && !failed.stale).then_some(session), Err(failed))
        }
        Ok(None) => (None, failed_with(BackendError::Unavailable(name.to_owned()).into())),
        Err(error) => (waits.lock().take(), failed_with(error)),
    }
}

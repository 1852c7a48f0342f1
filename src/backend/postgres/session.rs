//! Sessions with a PostgreSQL server, with a time limit on each use.

use std::io;
use std::net::SocketAddr;
use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SendError, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use postgres::Client;
use postgres::error::SqlState;
use tokio_postgres::Config;

use super::super::BackendError;
use super::super::compare::OTHER_COLUMNS;
use super::super::pool::{Done, Failed, PATIENCE};
use super::helpers;
use super::prepared::Prepared;
use super::talk::{Error, Talk};
use super::unanswered::Unanswered;
use super::wire::{self, Wire};
use crate::error::BoxError;

/// How much longer a thread waits for another thread that itself waits for a session of the store.
const GRACE: Duration = Duration::from_secs(1);

/// A session that the store has opened, or one that the program has lent.
pub(super) enum Session {
    Own(Box<Own>),
    Lent(Lent),
}

pub(super) struct Own {
    wire: Wire,
    prepared: Prepared,
}

pub(super) struct Lent {
    connection: Box<dyn DerefMut<Target = Client> + Send>,
    /// The statements that the server has not answered.
    unanswered: Arc<Unanswered>,
    /// Whether the next statement is the first one on this connection.
    is_first: bool,
}

impl Session {
    pub(super) fn lent<C: DerefMut<Target = Client> + Send + 'static>(
        connection: C,
        unanswered: Arc<Unanswered>,
    ) -> Session {
        Session::Lent(Lent { connection: Box::new(connection), unanswered, is_first: true })
    }

    fn talk(&mut self) -> Talk<'_> {
        match self {
            Session::Own(own) => Talk::Own(&mut own.wire, &mut own.prepared),
            Session::Lent(lent) => Talk::Lent(&mut lent.connection),
        }
    }

    fn has_ended(&self) -> bool {
        match self {
            Session::Own(own) => own.wire.has_ended(),
            Session::Lent(lent) => lent.connection.is_closed(),
        }
    }

    /// Releases the locks of the session. A session of the store ends instead, and its locks with it. A lent session
    /// goes back to the program, and must not still hold a lock.
    pub(super) fn forget(mut self) {
        if let Session::Lent(_) = self {
            forget_locks(&mut self.talk());
        }
    }
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

fn failed(name: &str, patience: Duration, error: Error) -> Failed {
    let told = match &error {
        Error::Refused(error) => told(error),
        Error::NoAnswer => return Failed { error: no_answer(name, patience), stale: false },
        Error::System(error) => error.to_string(),
    };
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
    Failed { error: precise.because(told), stale }
}

fn no_answer(name: &str, patience: Duration) -> BoxError {
    let text = format!("{name}: no answer within {} s", patience.as_secs());
    BackendError::Unavailable(text).into()
}

/// Runs `work` on a separate thread, and waits at most `patience` for the result: on a lent connection, neither the
/// library nor the server notices a dead network in bounded time, and a thread of a tokio runtime may not wait for a
/// session of the store. `late` gets a result that comes later.
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
        no_answer(name, patience)
    })
}

/// Searches the addresses of a host, and waits at most `patience` for them.
pub(super) fn resolved(
    name: &str,
    patience: Duration,
    unanswered: &Arc<Unanswered>,
    search: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> Result<Vec<SocketAddr>, BoxError> {
    unanswered.refuse(name)?;
    let found = within(name, patience, unanswered, search, drop)?;
    unanswered.answered();
    found.map_err(|error| failed(name, patience, Error::System(error)).error)
}

/// Opens a session, and waits at most `patience` for the server.
pub(super) fn open(name: &str, patience: Duration, config: &Config) -> Result<Session, BoxError> {
    let opened = if wire::may_wait() {
        Wire::open(config, patience)
    } else {
        let config = config.clone();
        let open = move || Wire::open(&config, patience);
        within(name, patience + GRACE, &Arc::default(), open, drop)?
    };
    match opened {
        Ok(wire) => Ok(Session::Own(Box::new(Own { wire, prepared: Prepared::default() }))),
        Err(Error::Refused(error)) if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) => {
            Err(BackendError::NoConnection(format!("{name}: {}", told(&error))).into())
        }
        Err(error) => Err(failed(name, patience, error).error),
    }
}

/// Releases all advisory locks, and forgets their holder.
pub(super) fn forget_locks(talk: &mut Talk<'_>) {
    let _ = talk.batch_execute("SELECT pg_advisory_unlock_all(); RESET evergrant.lock");
}

/// Runs `work` on a session. Returns the session, unless the session has broken or its server can no
/// longer be used. If the server only refused a statement, or no thread could run `work`, the session still
/// has its lock.
pub(super) fn on<T: Send + 'static>(
    session: Session,
    name: &str,
    work: impl FnOnce(&mut Talk<'_>) -> Result<T, Error> + Send + 'static,
) -> Done<Session, T> {
    on_or_late(session, name, PATIENCE, work, Session::forget)
}

/// Does the same as [`on`], and waits at most `patience`. If no answer comes in time, `late` gets the session: a
/// session of the store at once, and a lent session when its answer has come.
pub(super) fn on_or_late<T: Send + 'static>(
    mut session: Session,
    name: &str,
    patience: Duration,
    work: impl FnOnce(&mut Talk<'_>) -> Result<T, Error> + Send + 'static,
    late: impl Fn(Session) + Clone + Send + 'static,
) -> Done<Session, T> {
    let run = move |mut session: Session| {
        if let Session::Own(own) = &mut session {
            own.wire.begin(patience);
        }
        let done = work(&mut session.talk());
        (session, done)
    };
    let (mut unanswered, mut longest) = (Arc::default(), patience + GRACE);
    if let Session::Lent(lent) = &mut session {
        longest = patience;
        unanswered = Arc::clone(&lent.unanswered);
        if std::mem::take(&mut lent.is_first)
            && let Err(error) = unanswered.refuse(name)
        {
            return (Some(session), Err(Failed { error, stale: false }));
        }
    } else if wire::may_wait() {
        return ended(name, patience, run(session), late);
    }
    // The thread takes the session from here. A session that no thread has taken is returned with its lock.
    let waits = Arc::new(Mutex::new(Some(session)));
    let taken = Arc::clone(&waits);
    let work = move || {
        let session = taken.lock().take();
        session.map(run)
    };
    let later = late.clone();
    let comes_late = move |done: Option<(Session, _)>| {
        if let Some((session, _)) = done {
            later(session);
        }
    };
    let failed_with = |error| Err(Failed { error, stale: false });
    match within(name, longest, &unanswered, work, comes_late) {
        Ok(Some(done)) => {
            unanswered.answered();
            ended(name, patience, done, late)
        }
        Ok(None) => (None, failed_with(BackendError::Unavailable(name.to_owned()).into())),
        Err(error) => (waits.lock().take(), failed_with(error)),
    }
}

fn ended<T>(
    name: &str,
    patience: Duration,
    (session, done): (Session, Result<T, Error>),
    late: impl Fn(Session),
) -> Done<Session, T> {
    let error = match done {
        Ok(done) => return (Some(session), Ok(done)),
        Err(Error::NoAnswer) => {
            late(session);
            return (None, Err(failed(name, patience, Error::NoAnswer)));
        }
        Err(error) => failed(name, patience, error),
    };
    ((!session.has_ended() && !error.stale).then_some(session), Err(error))
}

//! A session that the store has opened. The thread that asks the server also waits for the answer, up to a time
//! limit, so a statement needs no other thread.

use std::future::{Future, poll_fn};
use std::io::{self, Cursor};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, Error as Refused, NoTls, Socket};

use super::talk::Error;
use crate::clock::{Clock as _, SystemClock};

/// A session, and the monotonic time until which the present use waits for answers.
pub(super) struct Wire {
    /// `None` if the session has ended.
    open: Option<Open>,
    until: Duration,
}

struct Open {
    client: Client,
    connection: Connection<Socket, NoTlsStream>,
    runtime: Runtime,
}

/// Whether this thread may wait for a session. A thread of a tokio runtime may not, nor a thread that ends and has no
/// thread-local values any more: the library panics there.
pub(super) fn may_wait() -> bool {
    Handle::try_current().is_err_and(|error| error.is_missing_context())
}

impl Wire {
    /// Opens a session, and waits for the server up to `patience`.
    pub(super) fn open(config: &Config, patience: Duration) -> Result<Wire, Error> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(Error::System)?;
        let opened = runtime.block_on(async { timeout(patience, config.connect(NoTls)).await });
        match opened.map_err(|_| Error::NoAnswer).and_then(|opened| Ok(opened?)) {
            Ok((client, connection)) => {
                Ok(Wire { open: Some(Open { client, connection, runtime }), until: Duration::ZERO })
            }
            Err(error) => {
                // This does not wait for anything.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// The number of the server process that the server named when the session was opened. A pooler gives a number
    /// of its own. The library has no function for the number, but writes it into a request to cancel a statement.
    pub(super) fn process(&mut self) -> Option<i32> {
        let mut request = Vec::new();
        let asked = self.ask(async |client| {
            client.cancel_token().cancel_query_raw(Cursor::new(&mut request), NoTls).await
        });
        asked.ok()?;
        // The length, the code of the request, the process, and the secret key: 4 bytes each.
        let number = request.get(8..12)?;
        number.try_into().ok().map(i32::from_be_bytes)
    }

    /// Sets how long the statements of the next use may take together.
    pub(super) fn begin(&mut self, patience: Duration) {
        self.until = SystemClock.monotonic().saturating_add(patience);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.open.is_none()
    }

    /// Sends a statement, and waits for its answer. The session stays usable if no answer comes in time: the next
    /// statement waits for both answers.
    pub(super) fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&Client) -> Result<T, Refused>,
    ) -> Result<T, Error> {
        let ended = || Error::System(io::ErrorKind::NotConnected.into());
        let Some(Open { client, connection, runtime }) = &mut self.open else {
            return Err(ended());
        };
        let mut has_ended = false;
        let answered = {
            let mut answer = pin!(question(client));
            let both = poll_fn(|context| {
                // The first poll sends the statement.
                if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                    return Poll::Ready(answer.map_err(Error::from));
                }
                let end = loop {
                    match connection.poll_message(context) {
                        // A notice.
                        Poll::Ready(Some(Ok(_))) => {}
                        Poll::Ready(Some(Err(error))) => break Some(Error::from(error)),
                        Poll::Ready(None) => break Some(ended()),
                        Poll::Pending => break None,
                    }
                };
                has_ended |= end.is_some();
                match (answer.as_mut().poll(context), end) {
                    (Poll::Ready(answer), _) => Poll::Ready(answer.map_err(Error::from)),
                    (Poll::Pending, Some(end)) => Poll::Ready(Err(end)),
                    (Poll::Pending, None) => Poll::Pending,
                }
            });
            let left = self.until.saturating_sub(SystemClock.monotonic());
            runtime.block_on(async { timeout(left, both).await })
        };
        if has_ended && let Some(Open { runtime, .. }) = self.open.take() {
            runtime.shutdown_background();
        }
        answered.unwrap_or(Err(Error::NoAnswer))
    }

    /// Tells the server that the session ends, and closes the connection, without a wait.
    fn close(&mut self) {
        let Some(Open { client, mut connection, runtime }) = self.open.take() else { return };
        drop(client);
        if may_wait() {
            runtime.block_on(poll_fn(|context| {
                let _ = connection.poll_message(context);
                Poll::Ready(())
            }));
        }
        drop(connection);
        runtime.shutdown_background();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.close();
    }
}

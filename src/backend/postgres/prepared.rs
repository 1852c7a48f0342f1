//! The statements that take a lock and read its record, which a session prepares, so that the server reads and
//! plans them once.
//!
//! Only sessions that the store has opened prepare statements: a lent session belongs to the program. The
//! statements are prepared after a few locks, because a program that refreshes once would not gain the time back. A
//! pooler may run the next statement in another session; so a session prepares no more
//! statements when its process has changed, or when the server does not know a statement.
//!
//! The names of the statements are random words of this module, and the statements carry no secret. The library's
//! own prepared statements fit neither: they have the same names in each process, so behind a pooler the server
//! could run the statement of another program, and the library logs their parameters.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use postgres::error::SqlState;
use postgres::{Client, Error};

use crate::secret::random_id;

/// After the first lock of a session, this attempt to take a lock prepares the statements.
const FROM: u32 = 3;

/// After so many attempts the server plans the statements again: a plan for an empty table reads the whole
/// table, which is slow when the table has grown.
const PLANS: u32 = 256;

/// The statements of one session.
#[derive(Default)]
pub(super) struct Prepared {
    refused: bool,
    /// The server process of the session, from its last answer.
    process: Option<i32>,
    /// Whether the server notices that our host no longer answers.
    kept_alive: bool,
    /// The number of attempts to take a lock in the session since the server planned its statements.
    takes: u32,
    /// The table of the prepared statements that take a lock, and the random end of their names.
    taking: Option<(String, Arc<str>)>,
}

/// A message that takes a lock with prepared statements: the end of their names, and whether this message
/// must prepare them.
pub(super) struct Taking {
    pub(super) word: Arc<str>,
    pub(super) prepares: bool,
    /// Whether the server shall plan all statements again.
    pub(super) plans: bool,
}

/// A session in use: the client, and the statements that the session has prepared, if the store has opened
/// the session.
pub(super) struct Talk<'a> {
    client: &'a mut Client,
    prepared: Option<&'a mut Prepared>,
}

impl Deref for Talk<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client
    }
}

impl DerefMut for Talk<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        self.client
    }
}

impl<'a> Talk<'a> {
    pub(super) fn new(client: &'a mut Client, prepared: Option<&'a mut Prepared>) -> Talk<'a> {
        Talk { client, prepared }
    }

    /// Whether the store, and not the program, has opened the session. The store then keeps the session's settings
    /// when it releases the lock.
    pub(super) fn is_own(&self) -> bool {
        self.prepared.is_some()
    }

    /// Whether the next lock must make the server notice that our host no longer answers. In a session that
    /// the store has opened, this setting stays.
    pub(super) fn needs_keepalives(&self) -> bool {
        self.prepared.as_ref().is_none_or(|prepared| !prepared.kept_alive)
    }

    /// Called when a lock has made the server notice that our host no longer answers.
    pub(super) fn has_keepalives(&mut self) {
        if let Some(prepared) = self.prepared.as_mut() {
            prepared.kept_alive = true;
        }
    }

    /// Whether this error says that the server cannot run a prepared statement. Then the session prepares no more
    /// statements, and the caller can send the message without prepared statements.
    pub(super) fn refuses(&mut self, error: &Error) -> bool {
        let codes = [
            // Another session is behind the connection.
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::DUPLICATE_PSTATEMENT,
            // Another client has changed the types of the table's columns.
            SqlState::FEATURE_NOT_SUPPORTED,
        ];
        let refuses = error.code().is_some_and(|code| codes.contains(code));
        let Some(prepared) = self.prepared.as_mut().filter(|prepared| refuses && !prepared.refused)
        else {
            return false;
        };
        prepared.refuse();
        true
    }

    /// Returns the prepared statements for the next attempt to take a lock. `None` if the session does not use
    /// prepared statements.
    pub(super) fn taking(&mut self, table: &str) -> Option<Taking> {
        let uses = |prepared: &&mut &mut Prepared| prepared.kept_alive && !prepared.refused;
        let prepared = self.prepared.as_mut().filter(uses)?;
        prepared.takes = prepared.takes.saturating_add(1);
        if prepared.takes < FROM {
            return None;
        }
        match &prepared.taking {
            Some((of, _)) if of != table => None,
            Some((_, word)) => {
                let plans = prepared.takes >= PLANS;
                if plans {
                    prepared.takes = FROM;
                }
                Some(Taking { word: Arc::clone(word), prepares: false, plans })
            }
            None => Some(Taking { word: random_id().into(), prepares: true, plans: false }),
        }
    }

    /// Called when the message of [`Talk::taking`] was answered without an error.
    pub(super) fn took(&mut self, table: &str, taking: &Taking) {
        if let Some(prepared) = self.prepared.as_mut() {
            prepared.taking = Some((table.to_owned(), Arc::clone(&taking.word)));
        }
    }

    /// Called when the message of [`Talk::taking`] has failed. A failed message leaves its prepared statements in
    /// the session, so the session prepares no more statements.
    pub(super) fn failed(&mut self, taking: &Taking) {
        if let Some(prepared) = self.prepared.as_mut().filter(|_| taking.prepares) {
            prepared.refuse();
        }
    }

    /// Compares the process of the session that answered with that of earlier answers. Returns whether a pooler has
    /// put another session behind the connection of the store.
    pub(super) fn has_moved(&mut self, process: i32) -> bool {
        let Some(prepared) = self.prepared.as_mut() else { return false };
        let moved = prepared.process.replace(process).is_some_and(|before| before != process);
        if moved {
            prepared.refuse();
        }
        moved
    }
}

impl Prepared {
    fn refuse(&mut self) {
        self.refused = true;
        self.kept_alive = false;
        self.taking = None;
    }
}

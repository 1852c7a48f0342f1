//! The statements of a refresh, which a session prepares, so that the server reads and plans them once.
//!
//! Only sessions that the store has opened prepare statements: a lent session belongs to the program. The
//! statements are prepared after a few locks, because a program that refreshes once would not gain the time back.
//!
//! A pooler may run the next statement in another session, where the same name may mean a statement of another program. So a
//! session prepares only if the process that answers is the one that the server named when the session was opened; each
//! pooler names another. A session prepares no more statements when its process has changed, or when the server does
//! not know a statement.
//!
//! The statements that take a lock have random names and are prepared in SQL, so that one message has all of them. The note and the
//! save have parameters, so the library prepares them.

use std::sync::Arc;

use postgres::Statement;
use postgres::error::SqlState;

use super::talk::{Error, Parameter, Talk};
use super::wire::Wire;
use crate::secret::random_id;

/// After the first lock of a session, this attempt to take a lock prepares the statements.
const FROM: u32 = 3;

/// After so many attempts the server plans the statements again: a plan for an empty table reads the whole
/// table, which is slow when the table has grown.
const PLANS: u32 = 256;

/// How many statements with parameters a session prepares: the note and the save of two tables.
const MOST: usize = 4;

/// The statements of one session.
#[derive(Default)]
pub(super) struct Prepared {
    refused: bool,
    /// The server process of the session, from its last answer.
    process: Option<i32>,
    /// Whether the session leads to its server process without a pooler. `None` before the first lock.
    is_direct: Option<bool>,
    /// Whether the server notices that our host no longer answers.
    kept_alive: bool,
    /// The number of attempts to take a lock in the session since the server planned its statements.
    takes: u32,
    /// The table of the prepared statements that take a lock, and the random end of their names.
    taking: Option<(String, Arc<str>)>,
    /// The statements that the library has prepared in this session, each with its SQL text.
    often: Vec<(String, Statement)>,
}

/// A message that takes a lock with prepared statements: the end of their names, and whether this message
/// must prepare them.
pub(super) struct Taking {
    pub(super) word: Arc<str>,
    pub(super) prepares: bool,
    /// Whether the server shall plan all statements again.
    pub(super) plans: bool,
}

impl Talk<'_> {
    /// Whether the next lock must make the server notice that our host no longer answers. In a session that
    /// the store has opened, this setting stays.
    pub(super) fn needs_keepalives(&mut self) -> bool {
        self.prepared().is_none_or(|prepared| !prepared.kept_alive)
    }

    /// Called when a lock has made the server notice that our host no longer answers.
    pub(super) fn has_keepalives(&mut self) {
        if let Some(prepared) = self.prepared() {
            prepared.kept_alive = true;
        }
    }

    /// Whether this error says that the server cannot run a prepared statement. Then the session prepares no more
    /// statements, and the caller can send the message without prepared statements.
    pub(super) fn refuses(&mut self, error: &Error) -> bool {
        self.prepared().is_some_and(|prepared| prepared.refuses(error))
    }

    /// Returns the prepared statements for the next attempt to take a lock. `None` if the session does not use
    /// prepared statements.
    pub(super) fn taking(&mut self, table: &str) -> Option<Taking> {
        let prepared = self.prepared().filter(|prepared| prepared.kept_alive)?;
        prepared.takes = prepared.takes.saturating_add(1);
        if !prepared.prepares() {
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
        if let Some(prepared) = self.prepared() {
            prepared.taking = Some((table.to_owned(), Arc::clone(&taking.word)));
        }
    }

    /// Called when the message of [`Talk::taking`] has failed. A failed message leaves its prepared statements in
    /// the session, so the session prepares no more statements.
    pub(super) fn failed(&mut self, taking: &Taking) {
        if let Some(prepared) = self.prepared().filter(|_| taking.prepares) {
            prepared.refuse();
        }
    }

    /// Compares the process of the session that answered with that of earlier answers. Returns whether a pooler has
    /// put another session behind the connection of the store.
    pub(super) fn has_moved(&mut self, process: i32) -> bool {
        let Talk::Own(wire, prepared) = self else { return false };
        if prepared.is_direct.is_none() {
            prepared.is_direct = Some(wire.process() == Some(process));
        }
        let moved = prepared.process.replace(process).is_some_and(|before| before != process);
        if moved {
            prepared.refuse();
        }
        moved
    }
}

impl Prepared {
    fn prepares(&self) -> bool {
        self.kept_alive && !self.refused && self.is_direct == Some(true) && self.takes >= FROM
    }

    fn refuse(&mut self) {
        self.refused = true;
        self.kept_alive = false;
        self.taking = None;
        self.often.clear();
    }

    fn refuses(&mut self, error: &Error) -> bool {
        let codes = [
            // Another session is behind the connection.
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::DUPLICATE_PSTATEMENT,
            // Another client has changed the types of the table's columns.
            SqlState::FEATURE_NOT_SUPPORTED,
        ];
        let refuses = !self.refused && error.code().is_some_and(|code| codes.contains(code));
        if refuses {
            self.refuse();
        }
        refuses
    }

    /// Returns the prepared statement with this text, or `None` if the session does not prepare it. If the server
    /// refuses to prepare it, the server's answer to the text itself says why.
    pub(super) fn statement(
        &mut self,
        wire: &mut Wire,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Statement>, Error> {
        if !self.prepares() {
            return Ok(None);
        }
        if let Some((_, statement)) = self.often.iter().find(|(of, _)| of == sql) {
            return Ok(Some(statement.clone()));
        }
        if self.often.len() >= MOST {
            return Ok(None);
        }
        let types: Vec<_> = parameters.iter().map(|(_, kind)| kind.clone()).collect();
        match wire.ask(async |client| client.prepare_typed(sql, &types).await) {
            Ok(statement) => {
                self.often.push((sql.to_owned(), statement.clone()));
                Ok(Some(statement))
            }
            Err(error) if error.code().is_some() => {
                self.refuses(&error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

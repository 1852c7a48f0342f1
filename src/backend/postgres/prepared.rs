//! Statements that a session has prepared, so that the server reads and plans each of them once.
//!
//! Only sessions that the store has opened prepare statements: a lent session belongs to the program. A
//! statement is prepared at its third use, because the preparation costs a round trip, which a program that
//! refreshes once would not gain back. A pooler may run the next statement in another session, which knows
//! other statements under the same names; so a session stops to prepare when its process has changed, and at
//! the first error that says that the server does not know the statement.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, Error, Row, Statement};

use super::Parameter;
use crate::secret::random_id;

/// At this use a statement is prepared.
const FROM: u32 = 3;

/// How many different statements a session knows. Stores in many tables may share a session.
const MOST: usize = 16;

/// After so many locks the server plans the statements again: a plan for an empty table reads the whole
/// table, which is slow when the table has grown.
const PLANS: u32 = 256;

/// The statements of one session.
#[derive(Default)]
pub(super) struct Prepared {
    /// The text of each statement, how often it was used, and the statement when it is prepared.
    known: Vec<(String, u32, Option<Statement>)>,
    refused: bool,
    /// The server's process of this session.
    process: Option<i32>,
    /// Whether the server notices that our host no longer answers.
    kept_alive: bool,
    /// How often this session was asked for a lock since its statements were planned.
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

    /// Whether the store has opened this session, so that settings may stay when the lock is released.
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

    /// Runs a statement, and returns its rows.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.run(
            sql,
            parameters,
            |client, statement, values| client.query(statement, values),
            |client| client.query_typed(sql, parameters),
        )
    }

    /// Runs a statement, and returns how many rows it has changed.
    pub(super) fn changed(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, Error> {
        self.run(
            sql,
            parameters,
            |client, statement, values| client.execute(statement, values),
            |client| client.execute_typed(sql, parameters),
        )
    }

    fn run<T>(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
        prepared: impl FnOnce(&mut Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, Error>,
        plain: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let types: Vec<Type> = parameters.iter().map(|(_, of)| of.clone()).collect();
        let done = match self.statement(sql, &types) {
            Ok(None) => return plain(self.client),
            Ok(Some(statement)) => {
                let values: Vec<_> = parameters.iter().map(|(value, _)| *value).collect();
                prepared(self.client, &statement, &values)
            }
            Err(error) => Err(error),
        };
        match done {
            Err(error) if self.refuses(&error) => plain(self.client),
            done => done,
        }
    }

    /// The prepared statement, if this statement is used often enough.
    fn statement(&mut self, sql: &str, types: &[Type]) -> Result<Option<Statement>, Error> {
        let Some(prepared) = self.prepared.as_mut().filter(|prepared| !prepared.refused) else {
            return Ok(None);
        };
        let at = prepared.known.iter().position(|(known, ..)| known == sql);
        let Some((_, uses, statement)) = at.and_then(|at| prepared.known.get_mut(at)) else {
            if prepared.known.len() >= MOST {
                prepared.known.clear();
            }
            prepared.known.push((sql.to_owned(), 1, None));
            return Ok(None);
        };
        *uses = uses.saturating_add(1);
        if *uses < FROM {
            return Ok(None);
        }
        if statement.is_none() {
            *statement = Some(self.client.prepare_typed(sql, types)?);
        }
        Ok(statement.clone())
    }

    /// Whether the server does not run a prepared statement because of this error. Then this session
    /// prepares nothing any more, and the same statement can be sent without preparation: the server has
    /// done nothing.
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

    /// How the next lock of this session is taken with prepared statements, if they are used.
    pub(super) fn taking(&mut self, table: &str) -> Option<Taking> {
        let uses = |prepared: &&mut &mut Prepared| prepared.kept_alive && !prepared.refused;
        let prepared = self.prepared.as_mut().filter(uses)?;
        prepared.takes = prepared.takes.saturating_add(1);
        if prepared.takes < FROM {
            return None;
        }
        match &prepared.taking {
            Some((of, word)) => {
                let plans = prepared.takes >= PLANS;
                if plans {
                    prepared.takes = FROM;
                }
                let word = Arc::clone(word);
                (of == table).then_some(Taking { word, prepares: false, plans })
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

    /// Compares the process of the session that answered with that of earlier answers.
    pub(super) fn met(&mut self, process: i32) {
        if let Some(prepared) = self.prepared.as_mut()
            && prepared.process.replace(process).is_some_and(|before| before != process)
        {
            prepared.refuse();
        }
    }
}

impl Prepared {
    fn refuse(&mut self) {
        self.refused = true;
        self.known.clear();
        self.taking = None;
    }
}

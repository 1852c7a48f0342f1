//! A session in use, on a connection of the store or of the program.

use std::{fmt, io};

use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type};
use postgres::{Client, Row, SimpleQueryMessage};

use super::prepared::Prepared;
use super::wire::Wire;
use crate::error::BoxError;

/// A parameter, and its type on the server.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A parameter whose value is not written to the program's log: the library logs the parameters of prepared
/// statements.
struct Unlogged<'a>(&'a (dyn ToSql + Sync));

impl fmt::Debug for Unlogged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ToSql for Unlogged<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.0.to_sql_checked(kind, out)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    fn to_sql_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.0.to_sql_checked(kind, out)
    }
}

/// Why a statement has no result.
pub(super) enum Error {
    /// The server has refused the statement, or the connection is broken.
    Refused(postgres::Error),
    /// The server has not answered in time.
    NoAnswer,
    /// The system gives no connection, or the session has ended.
    System(io::Error),
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Error {
        Error::Refused(error)
    }
}

impl Error {
    /// The code with which the server has refused the statement.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Error::Refused(error) => error.code(),
            Error::NoAnswer | Error::System(_) => None,
        }
    }
}

/// A session in use.
pub(super) enum Talk<'a> {
    /// A session that the store has opened, and the statements that the session has prepared.
    Own(&'a mut Wire, &'a mut Prepared),
    /// A session that the program has lent.
    Lent(&'a mut Client),
}

impl Talk<'_> {
    /// Runs statements without parameters, in one message.
    pub(super) fn simple_query(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        match self {
            Talk::Own(wire, _) => wire.ask(async |client| client.simple_query(sql).await),
            Talk::Lent(client) => Ok(client.simple_query(sql)?),
        }
    }

    /// Runs statements without results, in one message.
    pub(super) fn batch_execute(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            Talk::Own(wire, _) => wire.ask(async |client| client.batch_execute(sql).await),
            Talk::Lent(client) => Ok(client.batch_execute(sql)?),
        }
    }

    /// Runs a statement, and returns the rows of its result.
    pub(super) fn query_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        match self {
            Talk::Own(wire, _) => {
                wire.ask(async |client| client.query_typed(sql, parameters).await)
            }
            Talk::Lent(client) => Ok(client.query_typed(sql, parameters)?),
        }
    }

    /// Runs a statement like [`Talk::query_typed`]. A session that takes many locks prepares the statement.
    pub(super) fn query_often(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        if let Talk::Own(wire, prepared) = self
            && let Some(statement) = prepared.statement(wire, sql, parameters)?
        {
            let values: Vec<_> = parameters.iter().map(|(value, _)| Unlogged(*value)).collect();
            let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            match wire.ask(async |client| client.query(&statement, &values).await) {
                Err(error) if self.refuses(&error) => {}
                done => return done,
            }
        }
        self.query_typed(sql, parameters)
    }

    /// Runs a statement, and returns the number of rows that it has changed.
    pub(super) fn execute_typed(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, Error> {
        match self {
            Talk::Own(wire, _) => {
                wire.ask(async |client| client.execute_typed(sql, parameters).await)
            }
            Talk::Lent(client) => Ok(client.execute_typed(sql, parameters)?),
        }
    }

    /// The statements that the session has prepared. A lent session prepares none.
    pub(super) fn prepared(&mut self) -> Option<&mut Prepared> {
        match self {
            Talk::Own(_, prepared) => Some(prepared),
            Talk::Lent(_) => None,
        }
    }

    /// Whether the store, and not the program, has opened the session. The store then keeps the session's settings
    /// when it releases the lock.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Talk::Own(..))
    }
}

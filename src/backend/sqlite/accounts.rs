//! The accounts of a database.

use std::sync::Arc;

use rusqlite::{Statement, params};

use super::super::{LoginStore, TokenBackend};
use super::SqliteBackend;
use crate::error::BoxError;

/// Lists all accounts of the table, whichever account this value is for.
impl LoginStore for SqliteBackend {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        Ok(Arc::new(SqliteBackend::account(self, name)))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.run(|connection| {
            // The order of the key is the order of bytes (collation BINARY), so a page reads its own rows only.
            let order = "ORDER BY account LIMIT ?1";
            let sql = match after {
                Some(_) => {
                    format!("SELECT account FROM evergrant_logins WHERE account > ?2 {order}")
                }
                None => format!("SELECT account FROM evergrant_logins {order}"),
            };
            let mut statement: Statement<'_> = connection.prepare(&sql)?;
            let rows = match after {
                Some(after) => statement.query(params![most, after])?,
                None => statement.query(params![most])?,
            };
            rows.mapped(|row| row.get(0)).collect()
        })
    }
}

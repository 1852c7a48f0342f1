//! The accounts of a table.

use std::sync::Arc;

use postgres::types::Type;

use super::super::{BackendError, LoginStore, TokenBackend};
use super::PostgresBackend;
use super::talk::Parameter;
use crate::error::BoxError;

/// Lists all accounts of the table, whichever account this value is for. A name with the character NUL
/// is refused.
impl LoginStore for PostgresBackend {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        if name.contains('\0') {
            let text =
                "PostgreSQL keeps no text with the character NUL: give the account another name";
            return Err(BackendError::Config(text.to_owned()).into());
        }
        Ok(Arc::new(PostgresBackend::account(self, name)))
    }

    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // Order by bytes, not by the collation of the database.
        let sql = format!(
            "SELECT account FROM {} WHERE $1 IS NULL OR account COLLATE \"C\" > $1 \
             ORDER BY account COLLATE \"C\" LIMIT $2",
            self.table
        );
        let after = after.map(str::to_owned);
        self.run_on_table(move |client| {
            let parameters: [Parameter<'_>; 2] = [(&after, Type::TEXT), (&most, Type::INT8)];
            let rows = client.query_typed(&sql, &parameters)?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
        })
    }
}

//! The save of a refresh note together with the renewal of the lock.

use std::time::Duration;

use postgres::types::{ToSql, Type};
use postgres::{Client, error::SqlState};

use super::super::compare::Bytes;
use super::lock::{HAS, Key, limit_sql, millis};
use super::{FLUSHED, table};

/// A refresh note in place of a record, and the session's limit for the time of its request: one statement
/// checks the lock, and saves the note durably if the session has the lock.
pub(super) struct Noting {
    pub(super) table: String,
    pub(super) account: String,
    pub(super) old: Bytes,
    pub(super) new: Bytes,
    pub(super) wanted: Duration,
}

impl Noting {
    /// Returns whether the refresh note was written, whether the session has the lock, and the process of the
    /// session.
    pub(super) fn run(
        &self,
        client: &mut Client,
        key: &Key,
    ) -> Result<(bool, bool, i32), postgres::Error> {
        let (token, lease) = (&*key.token, millis(self.wanted).to_string());
        let (old, new) = (self.old.as_slice(), self.new.as_slice());
        let sql = format!(
            "{FLUSHED}, saved AS (UPDATE {} SET record = $2, saved_at = now() FROM flushed \
             WHERE account = $1 AND record = $3 AND setting IS NOT NULL AND {HAS} = $4 \
             RETURNING account) \
             SELECT EXISTS (SELECT FROM saved), {HAS} = $4, pg_backend_pid(), {}",
            self.table,
            limit_sql("$4", "$5")
        );
        let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
            (&self.account, Type::TEXT),
            (&new, Type::BYTEA),
            (&old, Type::BYTEA),
            (&token, Type::TEXT),
            (&lease, Type::TEXT),
        ];
        let work = |client: &mut Client| client.query_typed_one(&sql, &parameters);
        match table::on(client, &self.table, work) {
            Ok(row) => Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)),
            // If every transaction is serializable, this error says that another client was faster.
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {
                Ok((false, true, key.process))
            }
            Err(error) => Err(error),
        }
    }
}

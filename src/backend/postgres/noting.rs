//! The save of a refresh note together with the renewal of the lock.

use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::Type;

use super::super::compare::Bytes;
use super::lock::{HAS, Key, limit, limit_sql, millis};
use super::talk::{Error, Parameter, Talk};
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
    pub(super) fn run(&self, talk: &mut Talk<'_>, key: &Key) -> Result<(bool, bool, i32), Error> {
        let (token, lease) = (&*key.token, millis(self.wanted).to_string());
        let (old, new) = (self.old.as_slice(), self.new.as_slice());
        let sql = format!(
            "UPDATE {} SET record = $2, saved_at = now() \
             WHERE account = $1 AND record = $3 AND {HAS} = $4 AND {FLUSHED} \
             RETURNING pg_backend_pid(), {}",
            self.table,
            limit_sql("$4", "$5")
        );
        let parameters: [Parameter<'_>; 5] = [
            (&self.account, Type::TEXT),
            (&new, Type::BYTEA),
            (&old, Type::BYTEA),
            (&token, Type::TEXT),
            (&lease, Type::TEXT),
        ];
        let work = |talk: &mut Talk<'_>| talk.query_often(&sql, &parameters);
        match table::on(talk, &self.table, work) {
            Ok(rows) => match rows.first() {
                Some(row) => Ok((true, true, row.try_get(0)?)),
                // The session has lost the lock, or another client has saved a record.
                None => limit(talk, key, self.wanted).map(|(has, process)| (false, has, process)),
            },
            // If every transaction is serializable, this error says that another client was faster.
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {
                Ok((false, true, key.process))
            }
            Err(error) => Err(error),
        }
    }
}

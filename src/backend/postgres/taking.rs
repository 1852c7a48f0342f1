//! The statements that take and release a lock.

use std::time::Duration;

use super::lock::{HAS, millis};
use super::prepared::Taking;

/// The record that is read under the lock.
pub(super) struct Wanted {
    pub(super) table: String,
    pub(super) account: String,
}

impl Wanted {
    /// The statement that reads the record of this account, which is an expression.
    fn sql(&self, account: &str) -> String {
        format!("SELECT encode(record, 'hex') FROM {} WHERE account = {account}", self.table)
    }

    /// The name of the account, as hexadecimal digits, because a message with several statements has no
    /// parameters.
    fn name(&self) -> String {
        let digits: String = self.account.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("convert_from(decode('{digits}', 'hex'), 'UTF8')")
    }
}

/// The statements that take the lock, in one message to the server:
///
/// 1. Set the isolation level, so that each read below sees all that was committed before it, also if
///    the database has another default. (With one view for all statements, the record could be older
///    than the lock.)
/// 2. An attempt to take the lock, with the holder's word.
/// 3. The record, if it is wanted.
pub(super) fn take_sql(
    number: i64,
    token: &str,
    lease: Duration,
    record: Option<&Wanted>,
    taking: Option<&Taking>,
    keeps_alive: bool,
) -> String {
    let level = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
    let lease = millis(lease);
    let (Some(Taking { word, prepares, plans }), Some(wanted)) = (taking, record) else {
        let (number, token, lease) =
            (number.to_string(), format!("'{token}'"), format!("'{lease}'"));
        let take = attempt(&number, &token, &lease, keeps_alive);
        // The collation lets the server use the table's index: `convert_from` gives a text whose collation
        // is that of the name of the encoding, which no index has.
        let read = |wanted: &Wanted| {
            wanted.sql(&format!("(SELECT {} COLLATE \"default\")", wanted.name()))
        };
        return format!("{level}; {take}; {}", record.map(read).unwrap_or_default());
    };
    let prepared = if *prepares {
        format!(
            "PREPARE \"evergrant_take_{word}\" (int8, text, text) AS {}; \
             PREPARE \"evergrant_read_{word}\" (text) AS {}; ",
            attempt("$1", "$2", "$3", false),
            wanted.sql("$1"),
        )
    } else if *plans {
        "DISCARD PLANS; ".to_owned()
    } else {
        String::new()
    };
    format!(
        "{level}; {prepared}EXECUTE \"evergrant_take_{word}\" ({number}, '{token}', '{lease}'); \
         EXECUTE \"evergrant_read_{word}\" ({})",
        wanted.name()
    )
}

/// An attempt to take the lock. The columns are: whether the session has the lock, NULL if the session
/// already has a holder; whether the server knows a limit for silent sessions; the process of the session.
///
/// The server ends the session after so many milliseconds of silence (`lease`; PostgreSQL 14 and later).
/// With `keeps_alive`, the server ends the connection, and the lock with it, when our host no longer answers.
fn attempt(number: &str, token: &str, lease: &str, keeps_alive: bool) -> String {
    let alive = match keeps_alive {
        true => {
            "AND set_config('tcp_keepalives_idle', '60', false) IS NOT NULL \
             AND set_config('tcp_keepalives_interval', '30', false) IS NOT NULL \
             AND set_config('tcp_keepalives_count', '10', false) IS NOT NULL"
        }
        false => "",
    };
    format!(
        "SELECT CASE WHEN {HAS} <> '' THEN NULL WHEN pg_try_advisory_lock({number}) THEN \
             set_config('evergrant.lock', {token}, false) IS NOT NULL {alive} \
             AND CASE WHEN {HAS} <> {token} THEN false \
                 WHEN current_setting('idle_session_timeout', true) IS NULL THEN true \
                 ELSE set_config('idle_session_timeout', {lease}, false) IS NOT NULL END \
             ELSE false END, \
         current_setting('idle_session_timeout', true) IS NOT NULL, pg_backend_pid()"
    )
}

/// The statements that release the lock and reset the settings of the session, except the `kept` settings
/// for a host that no longer answers. The second column is the process of the session.
pub(super) fn release_sql(number: i64, limited: bool, kept: bool) -> String {
    let mut sql = format!("SELECT pg_advisory_unlock({number}), pg_backend_pid(); ");
    if limited {
        sql.push_str("RESET idle_session_timeout; ");
    }
    sql.push_str("RESET evergrant.lock");
    if !kept {
        sql.push_str(
            "; RESET tcp_keepalives_idle; RESET tcp_keepalives_interval; RESET tcp_keepalives_count",
        );
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_cannot_end_the_statement_that_names_it() {
        let wanted = Wanted { table: "\"t\"".to_owned(), account: "o'neill; DROP".to_owned() };
        for taking in [
            None,
            Some(Taking { word: "w".into(), prepares: true, plans: false }),
            Some(Taking { word: "w".into(), prepares: false, plans: true }),
        ] {
            let sql = take_sql(7, "t", Duration::ZERO, Some(&wanted), taking.as_ref(), true);
            assert!(sql.contains("(decode('6f276e65696c6c3b2044524f50', 'hex'), 'UTF8')"), "{sql}");
            assert!(!sql.contains("DROP"), "{sql}");
        }
    }
}

//! Processes that move a login between two stores in a database while others refresh it.

use crate::movers::leave_one_usable_store;

#[cfg(feature = "sqlite")]
#[test]
fn on_sqlite_one_store_stays_usable() {
    leave_one_usable_store(|dir, name| format!("sqlite {}", dir.join(name).display()));
}

#[cfg(feature = "postgres")]
#[test]
fn on_postgres_one_store_stays_usable() {
    let Some(server) = crate::servers::postgres() else { return };
    leave_one_usable_store(|_, name| format!("{name} {}", server.url()));
}

#[cfg(feature = "redis")]
#[test]
fn on_redis_one_store_stays_usable() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        leave_one_usable_store(|_, name| format!("{name} {}", server.url()));
    }
}

/// The lock file of an account was deleted while its refresh token was on the way. A move that is refused makes the
/// file anew, and tells later clients.
#[cfg(feature = "sqlite")]
#[test]
fn a_refused_move_tells_later_clients_of_a_new_lock() {
    use evergrant::backend::{FileBackend, SqliteBackend, move_login};
    use evergrant::sandbox::contract::noted;
    use evergrant::{TokenBackend, backend::Record};

    use crate::support::*;

    for moves_away in [true, false] {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let (database, file) = (SqliteBackend::new(&path), FileBackend::new(dir.join("login")));
        database.save(&record(1)).unwrap();
        let mut value = serde_json::to_value(noted(&record(1))).unwrap();
        let deadline = time::OffsetDateTime::now_utc() + time::Duration::minutes(4);
        let rfc3339 = &time::format_description::well_known::Rfc3339;
        value["note"]["deadline"] = deadline.format(rfc3339).unwrap().into();
        let pending: Record = serde_json::from_value(value).unwrap();
        let sql = "UPDATE evergrant_logins SET record = ?1";
        let other = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(other.execute(sql, [pending.to_json().unwrap()]).unwrap(), 1);
        drop(other);
        if moves_away {
            precise(move_login(&database, &file));
        } else {
            file.save(&record(2)).unwrap();
            precise(move_login(&file, &database));
        }
        let stored = serde_json::to_value(database.load().unwrap().unwrap()).unwrap();
        assert_eq!(stored["note"]["unlocked"], true, "{moves_away}");
    }
}

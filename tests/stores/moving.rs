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

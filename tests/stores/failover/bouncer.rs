//! PgBouncer between the clients and PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use evergrant::PostgresBackend;
use evergrant::TokenBackend as _;
use evergrant::backend::BackendError;

use super::Load;
use crate::postgres::{keeps, told};
use crate::servers;
use crate::support::*;

#[test]
fn a_pooler_in_session_mode_keeps_the_contract() {
    let Some(server) = servers::postgres() else { return };
    let Some(pooler) = servers::pgbouncer(server.port(), "session") else { return };
    keeps(&server, "evergrant_logins", &pooler.url());
    let load = Load::new(move |process| {
        let url = format!("{}?application_name=p{process}", pooler.url());
        Arc::new(PostgresBackend::new(url).unwrap().connections(2))
    });
    load.run("PgBouncer in session mode", || ());
    load.loses_nothing();
}

#[test]
fn a_pooler_in_transaction_mode_is_named_and_gives_no_lock() {
    let Some(server) = servers::postgres() else { return };
    let Some(pooler) = servers::pgbouncer(server.port(), "transaction") else { return };
    let open =
        |n: u32| PostgresBackend::new(format!("{}?application_name=p{n}", pooler.url())).unwrap();
    let is_named = |result| {
        let error = told(result);
        assert!(error.contains("set pool_mode = session"), "{error}");
    };
    let (one, two) = (open(1), open(2));
    one.save(&record(1)).unwrap();
    let guard = one.lock(Duration::ZERO).unwrap();
    // The pooler has one session so far, and gives it to the second client as well.
    is_named(two.lock(Duration::ZERO).map(drop));
    // Another client occupies the session of the lock with a transaction, so the pooler gives the lock's holder
    // another session.
    let mut busy = postgres::Client::connect(&pooler.url(), postgres::NoTls).unwrap();
    let mut transaction = busy.transaction().unwrap();
    transaction.execute("SELECT 1", &[]).unwrap();
    assert!(!guard.lasts(Duration::from_secs(1)), "the lock is in another session");
    is_named(one.lock(Duration::ZERO).map(drop));
    let error = precise(one.account("other").lock(Duration::ZERO).map(drop));
    assert!(matches!(error, BackendError::Config(_)), "{error}");
    // Reads and saves need no lock.
    assert!(one.load().unwrap().is_some());
    drop(guard);
    drop(transaction);
}

#[test]
fn a_pooler_in_transaction_mode_loses_no_login() {
    let Some(server) = servers::postgres() else { return };
    let Some(pooler) = servers::pgbouncer(server.port(), "transaction") else { return };
    let (pooled, direct) = (pooler.url(), server.url());
    let load = Load::new(move |process| {
        let url = if process < super::WORKERS { &pooled } else { &direct };
        Arc::new(PostgresBackend::new(format!("{url}?application_name=p{process}")).unwrap())
    });
    std::thread::scope(|scope| {
        for process in 0..super::WORKERS {
            let load = &load;
            scope.spawn(move || {
                load.clients(process).iter().skip(process).for_each(|client| load.refresh(client));
            });
        }
    });
    println!("PgBouncer in transaction mode: {:?}", load.failed.lock().unwrap());
    // Ends the sessions that still hold locks.
    drop(pooler);
    while !crate::postgres::holders(&server).is_empty() {}
    load.loses_nothing();
}

//! PostgreSQL with a standby that takes over.

use std::cell::RefCell;
use std::sync::Arc;

use evergrant::PostgresBackend;
use evergrant::TokenBackend as _;
use evergrant::backend::Durability;

use super::{Load, until};
use crate::machines::proxy::{Network, Proxy};
use crate::postgres::{admin, store};
use crate::servers::{self, Server};
use crate::support::*;

/// Waits until a standby gets the changes of this server.
fn until_followed(server: &Server) {
    let sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
    until("the standby", || admin(server).query_one(sql, &[]).unwrap().get::<_, i64>(0) > 0);
}

fn promote(server: &Server) {
    admin(server).batch_execute("SELECT pg_promote()").unwrap();
}

#[test]
fn a_synchronous_standby_takes_over_under_load_without_a_loss() {
    let settings = ["synchronous_standby_names=ANY 1 (*)", "max_connections=200"];
    let Some(mut main) = servers::postgres_set(&settings) else { return };
    let next = servers::standby(main.port());
    until_followed(&main);
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", main.port(), next.port());
    let load = Load::new(move |process| {
        let url = format!("postgres://postgres@{hosts}/postgres?application_name=p{process}");
        Arc::new(PostgresBackend::new(url).unwrap())
    });
    assert_eq!(store(&main).durability(), Durability::PowerCut);
    load.run("synchronous standby", || {
        main.kill();
        promote(&next);
    });
    load.loses_nothing();
}

#[test]
fn an_asynchronous_standby_loses_logins_whose_client_has_ended() {
    let Some(main) = servers::postgres_set(&["max_connections=200"]) else { return };
    let (network, address) = (Proxy::to(main.port()), Proxy::to(main.port()));
    let next = servers::standby(network.port);
    until_followed(&main);
    assert_eq!(store(&main).durability(), Durability::Process, "a failover can lose a rotation");
    let url = main.url_at(address.port);
    let load = Load::new(move |process| {
        let url = format!("{url}?application_name=p{process}");
        Arc::new(PostgresBackend::new(url).unwrap())
    });
    let main = RefCell::new(main);
    let cut = || {
        let sql = "SELECT pg_current_wal_flush_lsn()::text";
        let written: String = admin(&main.borrow()).query_one(sql, &[]).unwrap().get(0);
        let sql = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        while !admin(&next).query_one(sql, &[&written]).unwrap().get::<_, bool>(0) {}
        network.set(Network::Silent);
    };
    load.loses_what_only_the_main_server_had(cut, || {
        main.borrow_mut().kill();
        network.set(Network::Closed);
        promote(&next);
        address.moves_to(next.port());
    });
}

#[test]
fn a_host_that_accepts_and_says_nothing_is_passed_over() {
    let Some(server) = servers::postgres() else { return };
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let url = format!("postgres://postgres@127.0.0.1:{port},127.0.0.1:{}/postgres", server.port());
    let hosts = PostgresBackend::new(url).unwrap();
    hosts.save(&record(1)).unwrap();
    // A new session is opened at the host that answered last.
    drop(mute.accept().unwrap());
    admin(&server)
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'evergrant'",
        )
        .unwrap();
    assert_eq!(hosts.load().unwrap(), store(&server).load().unwrap());
    mute.set_nonblocking(true).unwrap();
    assert!(mute.accept().is_err(), "the silent host is asked again");
    // If no host accepts writes, the error has the answer of each host.
    drop(mute);
    let sql = "ALTER SYSTEM SET default_transaction_read_only = on";
    admin(&server).batch_execute(sql).unwrap();
    admin(&server).batch_execute("SELECT pg_reload_conf()").unwrap();
    let url = format!("postgres://postgres@127.0.0.1:{port},127.0.0.1:{}/postgres", server.port());
    let error = loop {
        let hosts = PostgresBackend::new(&url).unwrap();
        if let Err(error) = hosts.load() {
            break crate::postgres::told::<()>(Err(error));
        }
    };
    assert!(error.contains(&format!("127.0.0.1:{port}: ")), "{error}");
    assert!(error.contains("database does not allow writes"), "{error}");
}

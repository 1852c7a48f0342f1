//! Redis and Valkey with a replica and Sentinel.

use std::cell::RefCell;
use std::sync::Arc;

use evergrant::backend::{BackendError, Durability};
use evergrant::{BoxError, RedisBackend, TokenBackend as _};

use super::{Load, until};
use crate::machines::proxy::{Network, Proxy};
use crate::redis::{do_it, store};
use crate::servers::{self, FLUSHED, Server};
use crate::support::*;

/// A store that asks Sentinel for the server of each connection, as a program does.
fn watched(sentinel: &str) -> RedisBackend {
    let sentinel = redis::Client::open(sentinel).unwrap();
    RedisBackend::with_connections(move || -> Result<redis::Connection, BoxError> {
        let (host, port): (String, u16) = redis::cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg("logins")
            .query(&mut sentinel.get_connection()?)?;
        let mut connection =
            redis::Client::open(format!("redis://{host}:{port}/"))?.get_connection()?;
        let role: redis::Value = redis::cmd("ROLE").query(&mut connection)?;
        let role: Vec<redis::Value> = redis::from_redis_value(role)?;
        let is_main = role.first() == Some(&redis::Value::BulkString(b"master".to_vec()));
        if is_main {
            Ok(connection)
        } else {
            Err("Sentinel names a server that is a replica".into())
        }
    })
}

/// What a server says of itself. The text is empty while Sentinel closes the server's connections, as it does
/// when it changes the server's role.
fn info(server: &Server, section: &str) -> String {
    let asked = redis::Client::open(server.url()).and_then(|client| client.get_connection());
    let told = asked.and_then(|mut c| redis::cmd("INFO").arg(section).query(&mut c));
    told.unwrap_or_default()
}

/// A server, its replica, and the Sentinel that knows both.
fn servers(program: &std::path::Path) -> (Server, Server, Server) {
    let main = servers::redis(program, FLUSHED);
    let next = servers::redis(program, FLUSHED);
    let _: String = do_it(&next, &["REPLICAOF", "127.0.0.1", &main.port().to_string()]);
    let sentinel = servers::sentinel(program, main.port());
    until("the replica and Sentinel", || {
        info(&sentinel, "sentinel").contains("slaves=1")
            && info(&next, "replication").contains("master_link_status:up")
    });
    (main, next, sentinel)
}

#[test]
fn a_replica_takes_over_under_load_without_a_loss() {
    for program in servers::redis_programs() {
        let (mut main, next, sentinel) = servers(&program);
        let url = sentinel.url();
        let opened = watched(&url);
        assert_eq!(opened.durability(), Durability::Process);
        assert_eq!(opened.replicas(1).durability(), Durability::PowerCut);
        let load = Load::new(move |_| Arc::new(watched(&url).replicas(1)));
        load.run(&format!("{}, WAIT 1", program.display()), || {
            main.kill();
            until("the promotion", || info(&next, "replication").contains("role:master"));
            // Sentinel makes the restarted server a replica. Until Sentinel has done this, only one server
            // has the writes.
            main.restart();
        });
        load.loses_nothing();
    }
}

#[test]
fn a_server_that_flushes_each_second_is_killed_without_a_loss() {
    for program in servers::redis_programs() {
        let settings = &["--appendonly", "yes", "--appendfsync", "everysec"];
        let mut server = servers::redis(&program, settings);
        let url = server.url();
        let load = Load::new(move |process| {
            Arc::new(RedisBackend::new(format!("{url}?process={process}")).unwrap())
        });
        load.run(&format!("{}, everysec", program.display()), || {
            server.kill();
            server.restart();
        });
        load.loses_nothing();
    }
}

/// Waits until a replica has all the writes of its main server.
fn until_followed(replica: &Server) {
    until("the replica", || info(replica, "replication").contains("master_link_status:up"));
}

#[test]
fn a_replica_without_wait_loses_logins_whose_client_has_ended() {
    for program in servers::redis_programs() {
        let main = servers::redis(&program, FLUSHED);
        let next = servers::redis(&program, FLUSHED);
        let (network, address) = (Proxy::to(main.port()), Proxy::to(main.port()));
        let port = network.port.to_string();
        let _: String = do_it(&next, &["REPLICAOF", "127.0.0.1", &port]);
        until_followed(&next);
        let url = main.url_at(address.port);
        let load = Load::new(move |process| {
            Arc::new(RedisBackend::new(format!("{url}?process={process}")).unwrap())
        });
        let main = RefCell::new(main);
        let cut = || {
            let stored: String = do_it(&main.borrow(), &["GET", "evergrant:tenant/11"]);
            while do_it::<String>(&next, &["GET", "evergrant:tenant/11"]) != stored {}
            network.set(Network::Silent);
        };
        load.loses_what_only_the_main_server_had(cut, || {
            main.borrow_mut().kill();
            network.set(Network::Closed);
            let _: String = do_it(&next, &["REPLICAOF", "NO", "ONE"]);
            address.moves_to(next.port());
        });
    }
}

#[test]
fn a_save_that_its_replica_has_not_confirmed_is_not_done() {
    for program in servers::redis_programs() {
        let main = servers::redis(&program, FLUSHED);
        let careful = store(&main).replicas(1);
        let error = precise(careful.save(&record(1)));
        let BackendError::Unavailable(text) = error else { panic!("{error}") };
        assert!(text.contains("0 of 1 replicas confirmed the write within 5 s"), "{text}");
        let next = servers::redis(&program, FLUSHED);
        let _: String = do_it(&next, &["REPLICAOF", "127.0.0.1", &main.port().to_string()]);
        until_followed(&next);
        // The main server already has the record; the client repeats the save so that the replica gets
        // it too.
        next.signal("STOP");
        let error = precise(careful.save(&record_of(&main)));
        assert!(matches!(error, BackendError::Unavailable(_)), "{error}");
        next.signal("CONT");
        careful.save(&record_of(&main)).unwrap();
        let key = ["GET", "evergrant:default"];
        assert_eq!(do_it::<Vec<u8>>(&next, &key), do_it::<Vec<u8>>(&main, &key));
    }
}

fn record_of(server: &Server) -> evergrant::backend::Record {
    store(server).load().unwrap().unwrap()
}

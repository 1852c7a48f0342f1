//! Tests of records that the replicas do not have yet.

use super::*;

const RECORD: &str = "evergrant:default";

/// Another client has saved a record that no replica has confirmed.
fn unconfirmed(server: &Server) -> Record {
    let record = record(1);
    let json = record.to_json().unwrap();
    server.set(RECORD, std::str::from_utf8(&json).unwrap());
    record
}

#[test]
fn a_record_is_read_only_after_the_replicas_have_it() {
    let server = Server::new();
    let store = server.store().replicas(1);
    let saved = unconfirmed(&server);
    is_unavailable(store.load());
    is_unavailable(store.load());
    server.confirms(1);
    server.said();
    assert_eq!(store.load().unwrap(), Some(saved.clone()));
    assert_eq!(server.said(), ["GET", "SWAP", "WAIT"]);
    // The store knows this record, and other accounts do not.
    server.confirms(0);
    assert_eq!(store.load().unwrap(), Some(saved.clone()));
    assert_eq!(server.said(), ["GET"]);
    is_unavailable(store.account("default").load());
    // Without replicas, nothing is written again.
    server.said();
    assert_eq!(server.store().load().unwrap(), Some(saved));
    assert_eq!(server.said(), ["GET"]);
}

#[test]
fn a_record_that_changes_during_its_confirmation_is_read_again() {
    let server = Server::new();
    let store = server.store().replicas(1);
    server.confirms(1);
    unconfirmed(&server);
    let newer = record(2);
    let (writes, json) = (server.clone(), newer.to_json().unwrap());
    server.before("SWAP", move || writes.set(RECORD, std::str::from_utf8(&json).unwrap()));
    assert_eq!(store.load().unwrap(), Some(newer));
    assert_eq!(server.said(), ["GET", "SWAP", "GET", "SWAP", "WAIT"]);
}

#[test]
fn a_record_read_under_the_lock_waits_for_the_replicas() {
    let server = Server::new();
    let store = server.store().replicas(1);
    let saved = unconfirmed(&server);
    let enter = || {
        let Entry::Held { guard, record } = store.enter(Duration::ZERO).unwrap() else {
            panic!("no lock")
        };
        assert!(guard.lasts(SECOND));
        record
    };
    is_unavailable(enter());
    server.confirms(1);
    server.said();
    assert_eq!(enter().unwrap(), Some(saved.clone()));
    assert_eq!(server.said(), ["TAKE", "WAIT", "RENEW", "RELEASE"]);
    assert_eq!(enter().unwrap(), Some(saved));
    assert_eq!(server.said(), ["TAKE", "RENEW", "RELEASE"]);
}

#[test]
fn a_repeated_deletion_waits_for_the_replicas_again() {
    let server = Server::new();
    let store = server.store().replicas(1);
    unconfirmed(&server);
    is_unavailable(store.clear());
    assert!(server.get(RECORD).is_none());
    is_unavailable(store.clear());
    server.confirms(1);
    server.said();
    store.clear().unwrap();
    assert_eq!(server.said(), ["GET", "DELETED", "WAIT"]);
}

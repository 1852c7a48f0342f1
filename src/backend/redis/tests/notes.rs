//! Tests of the note of a request, which renews the lock in the same step.

use super::*;

/// The note of a request of this process, with a deadline after 80 seconds.
fn noted(record: &Record) -> Record {
    let sent_at = time::OffsetDateTime::now_utc();
    let mut noted = record.next();
    noted.note = Some(crate::record::Note {
        fingerprint: "f".to_owned(),
        nonce: random_id(),
        holder: crate::record::Holder::this(),
        sent_at,
        deadline: sent_at + 80 * SECOND,
        attempts: 1,
        answered: false,
        not_before: None,
        unanswered_since: None,
        early: false,
        seen: Vec::new(),
        unknown: Default::default(),
    });
    noted
}

#[test]
fn a_note_renews_the_lock_in_the_same_step() {
    for lent in [false, true] {
        let server = Server::new();
        let store = if lent { server.lent() } else { server.store() };
        store.save(&record(1)).unwrap();
        let guard = store.lock(Duration::ZERO).unwrap();
        let stored = store.load().unwrap().unwrap();
        server.said();
        store.save(&noted(&stored)).unwrap();
        assert!(guard.lasts(SECOND));
        assert_eq!(server.said(), ["NOTE"], "lent: {lent}");
        assert_eq!(server.life(LOCK), "110000");
        // The renewal answers one check. The next check asks the server.
        assert!(guard.lasts(SECOND));
        assert_eq!(server.said(), ["RENEW"]);
    }
}

#[test]
fn a_note_and_its_lock_reach_the_replicas_together() {
    let server = Server::new();
    let store = server.store().replicas(1);
    server.confirms(1);
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    server.said();
    let note = noted(&stored);
    store.save(&note).unwrap();
    assert!(guard.lasts(SECOND));
    assert_eq!(server.said(), ["NOTE", "WAIT"]);
    assert_eq!(server.life(LOCK), "110000");
    // The store knows that the replicas have the note.
    assert_eq!(store.load().unwrap(), Some(note.clone()));
    assert_eq!(server.said(), ["GET"]);
    // Too few replicas have the next note.
    server.confirms(0);
    is_unavailable(store.save(&noted(&note)));
    is_unavailable(store.load());
    drop(guard);
}

#[test]
fn a_note_under_a_lost_lock_is_not_written() {
    for replicas in [0, 1] {
        under_a_lost_lock(replicas);
    }
}

fn under_a_lost_lock(replicas: usize) {
    let server = Server::new();
    server.confirms(1);
    let store = server.store().replicas(replicas);
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    server.set(LOCK, "word first 77");
    is_busy(store.save(&noted(&stored)));
    assert!(!guard.lasts(SECOND));
    assert_eq!(server.get(LOCK).unwrap(), "word first 77");
    assert_eq!(store.load().unwrap(), Some(stored.clone()));
    drop(guard);
    // Another client has saved, and the lock is ours: the refresh note conflicts.
    server.deletes(LOCK);
    let guard = store.lock(Duration::ZERO).unwrap();
    store.save(&noted(&stored)).unwrap();
    assert!(matches!(precise(store.save(&noted(&stored))), BackendError::Conflict(_)));
    drop(guard);
}

#[test]
fn a_note_whose_answer_was_lost_is_found_and_the_lock_checked() {
    let server = Server::new();
    let store = server.store();
    store.save(&record(1)).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    let note = noted(&stored);
    // The first attempt was executed, and the second one finds its refresh note.
    let (other, json) = (server.clone(), note.to_json().unwrap());
    server.before("NOTE", move || {
        let key = LOCK.strip_suffix(":lock").unwrap();
        other.set(key, std::str::from_utf8(&json).unwrap());
    });
    store.save(&note).unwrap();
    server.said();
    assert!(guard.lasts(SECOND));
    assert_eq!(server.said(), ["RENEW"]);
}

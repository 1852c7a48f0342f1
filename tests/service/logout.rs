//! Tests of logging out while other threads and processes use the login.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use evergrant::backend::Record;
use evergrant::provider::Rotation;
use evergrant::sandbox::{EventKind, Fault, Gate, Sandbox};
use evergrant::{BoxError, Client, FileBackend, MemoryBackend, TokenBackend};
use parking_lot::Mutex;

use crate::support::{PATIENCE, seeded};

fn client(sandbox: &Sandbox, file: &Path) -> Client {
    Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(file))
}

#[test]
fn a_refresh_in_flight_cannot_bring_a_revoked_login_back() {
    // A second thread also uses the login: with the same client, or with another client on the same
    // file, like another process.
    for same_client in [true, false] {
        let sandbox = Sandbox::builder().rotation(Rotation::Strict).start().unwrap();
        let file = sandbox.folder().join("login.json");
        let first = client(&sandbox, &file);
        first.seed(sandbox.login()).unwrap();
        let second = if same_client { first.clone() } else { client(&sandbox, &file) };
        let gate = Gate::new();
        sandbox.fault(Fault::HoldAfter(gate.clone()));
        thread::scope(|scope| {
            let refresh = scope.spawn(|| first.refresh());
            // The server has rotated the token, and its answer is held back.
            assert!(gate.wait_for(1, 10 * PATIENCE));
            let revoke = scope.spawn(|| second.revoke());
            gate.open();
            refresh.join().unwrap().unwrap();
            revoke.join().unwrap().unwrap();
        });
        // The logout came after the refresh, and revoked the new token.
        assert!(!sandbox.login_alive(), "{same_client}");
        assert!(second.stored().unwrap().is_none(), "{same_client}");
        let revoked: Vec<_> =
            sandbox.events().into_iter().filter(|e| e.kind == EventKind::Revoked).collect();
        assert_eq!(revoked.len(), 1);
        assert_eq!(
            revoked[0].refresh_token.as_deref(),
            Some("rt-2"),
            "{same_client}: the newest token is revoked"
        );
        for client in [&first, &second] {
            assert!(client.get("/me").call().unwrap_err().needs_authorization());
        }
        assert!(!std::fs::read_to_string(&file).is_ok_and(|text| text.contains("rt-")));
    }
}

/// A store without a lock: a plain map, as a user of the crate may write it.
#[derive(Clone, Default)]
struct Plain(Arc<Mutex<Option<Record>>>);

impl TokenBackend for Plain {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(self.0.lock().clone())
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        *self.0.lock() = Some(record.clone());
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        *self.0.lock() = None;
        Ok(())
    }
}

#[test]
fn a_late_answer_is_not_saved_after_a_log_out() {
    let sandbox = Sandbox::builder().rotation(Rotation::UntilUsed).start().unwrap();
    let store = Plain::default();
    let client = || Client::new(sandbox.provider(), sandbox.credentials(), store.clone());
    let (first, second) = (client(), client());
    first.seed(sandbox.login()).unwrap();
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    thread::scope(|scope| {
        let refresh = scope.spawn(|| first.refresh());
        assert!(gate.wait_for(1, 10 * PATIENCE));
        second.revoke().unwrap();
        gate.open();
        assert!(refresh.join().unwrap().unwrap_err().needs_authorization());
    });
    assert!(store.0.lock().is_none(), "the login came back after the logout");
    assert!(first.get("/me").call().unwrap_err().needs_authorization());
    assert!(!sandbox.login_alive());
}

#[test]
fn a_log_out_that_dies_halfway_is_finished_by_the_next() {
    struct Dying(MemoryBackend, Mutex<u32>);
    impl TokenBackend for Dying {
        fn load(&self) -> Result<Option<Record>, BoxError> {
            self.0.load()
        }
        fn save(&self, record: &Record) -> Result<(), BoxError> {
            self.0.save(record)
        }
        fn clear(&self) -> Result<(), BoxError> {
            let mut left = self.1.lock();
            if *left > 0 {
                *left -= 1;
                return Err("the process dies here".into());
            }
            self.0.clear()
        }
    }
    let sandbox = Sandbox::start().unwrap();
    let client = Client::new(
        sandbox.provider(),
        sandbox.credentials(),
        Dying(MemoryBackend::new(), Mutex::new(1)),
    );
    client.seed(sandbox.login()).unwrap();
    let error = client.revoke().unwrap_err();
    assert_eq!(error.kind(), "backend");
    // The store has a token that the service refuses, and a call reports the refusal.
    assert!(!sandbox.login_alive() && client.stored().unwrap().is_some());
    assert!(client.refresh().unwrap_err().needs_authorization());
    client.revoke().unwrap();
    assert!(client.stored().unwrap().is_none());
}

#[test]
fn a_login_without_a_refresh_token_is_revoked_by_its_access_token() {
    let sandbox = Sandbox::start().unwrap();
    let client = seeded(&sandbox);
    let access_token = client.access_token().unwrap();
    client.clear().unwrap();
    client.seed(evergrant::Token::new(access_token)).unwrap();
    client.revoke().unwrap();
    let revoked = sandbox.events().into_iter().find(|event| event.kind == EventKind::Revoked);
    assert_eq!(revoked.unwrap().access_token.as_deref(), Some("at-1"));
    assert!(client.stored().unwrap().is_none());
}

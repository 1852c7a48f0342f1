//! Tests that a client whose access token works does not call its store, even if the store fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use evergrant::backend::{Durability, Guard, Record};
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, TokenBackend};

/// Counts the calls of a store.
struct Counted<B>(B, Arc<AtomicU32>);

impl<B> Counted<B> {
    fn store(&self) -> &B {
        self.1.fetch_add(1, Ordering::Relaxed);
        &self.0
    }
}

impl<B: TokenBackend> TokenBackend for Counted<B> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.store().load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.store().save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.store().clear()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.store().lock(wait)
    }
    fn durability(&self) -> Durability {
        self.store().durability()
    }
}

fn is_left_alone(store: impl TokenBackend + 'static, end: impl FnOnce()) {
    let sandbox = Sandbox::start().unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let store = Counted(store, Arc::clone(&count));
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    client.refresh().unwrap();
    let token = client.access_token().unwrap();
    let before = count.load(Ordering::Relaxed);
    assert!(before > 0);
    end();
    for _ in 0..1000 {
        assert_eq!(client.access_token().unwrap(), token);
    }
    assert_eq!(client.get("/me").call().unwrap().status(), 200);
    assert_eq!(count.load(Ordering::Relaxed), before);
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_is_not_called_while_the_token_works() {
    let dir = crate::support::TempDir::new();
    let path = dir.join("logins.sqlite");
    let end = || std::fs::remove_file(&path).unwrap();
    is_left_alone(evergrant::SqliteBackend::new(&path), end);
}

#[cfg(feature = "redis")]
#[test]
fn redis_is_not_called_while_the_token_works() {
    for program in crate::servers::redis_programs() {
        let mut server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let store = evergrant::RedisBackend::new(server.url()).unwrap();
        is_left_alone(store, || server.crash());
    }
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_not_called_while_the_token_works() {
    let Some(mut server) = crate::servers::postgres() else { return };
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    is_left_alone(store, || server.crash());
}

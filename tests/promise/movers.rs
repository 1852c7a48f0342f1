//! Processes that move a login from one store to another while others refresh it.

use std::path::Path;

use evergrant::backend::{FileBackend, TokenBackend, move_login};
use evergrant::provider::Rotation;

use crate::world::{LIFE, World};

/// A key that `openssl rand -base64 32` made.
#[cfg(feature = "encryption")]
const KEY: &str = "v1c7kk8DyIVo3zGkYMPzLvVLLHiZ8r2dOFyApH8kOQk=";

/// Opens a store by its name: its kind and its place. A name without a kind is the path of a file.
pub(crate) fn open(name: &str) -> Box<dyn TokenBackend> {
    match name.split_once(' ') {
        #[cfg(feature = "encryption")]
        Some(("sealed", path)) => {
            let key = evergrant::backend::SealingKey::from_text(KEY).unwrap();
            Box::new(evergrant::backend::SealedBackend::new(FileBackend::new(path), key))
        }
        #[cfg(feature = "keyring")]
        Some(("keyring", path)) => {
            Box::new(evergrant::backend::KeyringBackend::new("evergrant-test", "alice", path))
        }
        #[cfg(feature = "sqlite")]
        Some(("sqlite", path)) => Box::new(evergrant::backend::SqliteBackend::new(path)),
        #[cfg(feature = "postgres")]
        Some((account, url)) if url.starts_with("postgres:") => {
            Box::new(evergrant::backend::PostgresBackend::new(url).unwrap().account(account))
        }
        #[cfg(feature = "redis")]
        Some((account, url)) if url.starts_with("redis:") => {
            Box::new(evergrant::backend::RedisBackend::new(url).unwrap().account(account))
        }
        _ => Box::new(FileBackend::new(name)),
    }
}

/// Runs eight clients that need a new token and eight processes that move the login back and forth, in
/// two stores that `place` names.
pub(crate) fn leave_one_usable_store(place: impl Fn(&Path, &str) -> String) {
    let world = World::new(Rotation::StrictFamily);
    let [from, to] = ["one", "other"].map(|name| place(world.dir.path(), name));
    let client = |name: &str| world.client_on(open(name), world.clock.clone());
    assert!(client(&from).seed(world.sandbox.login()).unwrap());
    for round in 2..8 {
        let environment = [("CLOCK", "manual"), ("PLACE", &*from)];
        let mut workers: Vec<_> =
            (0..16).map(|_| world.worker_under::<&str>(&[], &environment)).collect();
        world.clock.advance(LIFE);
        let passed = (round - 1) * LIFE.as_secs();
        for worker in &mut workers {
            assert_eq!(worker.ask(&format!("advance {passed}")), "done");
        }
        for (n, worker) in workers.iter_mut().enumerate() {
            match n % 2 {
                0 => worker.say("call"),
                _ => worker.say(&format!("move {to}")),
            }
        }
        let heard: Vec<_> = workers.iter().map(|worker| worker.hear()).collect();
        let moved = heard.iter().skip(1).step_by(2);
        let (moved, not): (Vec<_>, Vec<_>) = moved.partition(|heard| *heard == "true");
        assert!(moved.len() == 1 && not.iter().all(|heard| *heard == "false"), "{heard:?}");
        for heard in heard.iter().step_by(2) {
            let refreshed = *heard == format!("ok at-{round}");
            assert!(
                refreshed || heard.starts_with("not_authorized") || heard.starts_with("config"),
                "{heard}"
            );
        }
        // The first store is empty, also after the clients' second try.
        assert!(open(&from).load().unwrap().is_none());
        assert_eq!(crate::worker::call(&client(&to)), format!("ok at-{round}"));
        assert!(move_login(&open(&to), &open(&from)).unwrap());
    }
    assert_eq!(world.refreshes(), 6, "one for each expiry");
    assert!(world.sandbox.login_alive());
}

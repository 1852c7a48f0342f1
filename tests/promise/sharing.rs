//! Tests that the clients of one process share a refresh: all threads that wait for a lock get the record that
//! its holder saves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use evergrant::backend::{
    BackendError, Entry, FileBackend, FolderStore, LoginStore as _, MemoryBackend, MemoryStore,
    Record, Watched, Watcher,
};
use evergrant::clock::{Clock, SystemClock};
use evergrant::sandbox::contract::successor;
use evergrant::{Token, TokenBackend};

use crate::support::*;

fn token(n: u64) -> Token {
    Token::new(format!("at-{n}")).with_refresh_token(format!("rt-{n}"))
}

/// Threads with stores of their own wait for the lock of one login. The holder keeps the lock and saves until
/// each of them has a record.
pub(crate) fn shares(open: &(dyn Fn() -> Box<dyn TokenBackend> + Sync)) {
    let store = open();
    let mut stored = Record::from(token(0));
    store.save(&stored).unwrap();
    let guard = store.lock(Duration::ZERO).unwrap();
    std::thread::scope(|scope| {
        let call = || match open().enter(Duration::from_secs(60)).unwrap() {
            Entry::Saved(record) => record.generation(),
            other => panic!("{other:?}"),
        };
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        while !calls.iter().all(|call| call.is_finished()) {
            stored = successor(&stored, token(stored.generation() + 1));
            store.save(&stored).unwrap();
        }
        for call in calls {
            assert!((1..=stored.generation()).contains(&call.join().unwrap()));
        }
    });
    // The next client takes the lock, because nobody has it.
    drop(guard);
    assert!(matches!(open().enter(Duration::ZERO).unwrap(), Entry::Held { .. }));
}

#[test]
fn clients_of_one_file_share_a_refresh() {
    let dir = TempDir::new();
    shares(&|| Box::new(FileBackend::new(dir.join("login.json"))));
    let folder = FolderStore::new(dir.path());
    shares(&|| Box::new(folder.account("a").unwrap()));
    shares(&|| Box::new(folder.account(&"b".repeat(500)).unwrap()));
}

#[test]
fn clients_of_one_login_in_memory_share_a_refresh() {
    let store = MemoryBackend::new();
    shares(&|| Box::new(store.clone()));
    let logins = MemoryStore::new();
    shares(&|| Box::new(logins.account("a").unwrap()));
}

#[test]
fn clients_of_a_wrapped_store_share_a_refresh() {
    struct Silent;
    impl Watcher for Silent {}
    let dir = TempDir::new();
    let file = || FileBackend::new(dir.join("login.json"));
    shares(&|| Box::new(Watched::new(Arc::new(file()), Arc::new(Silent))));
}

/// Runs `change` when a thread waits for the first time.
struct WhenWaiting<F>(F, AtomicBool);

impl<F> std::fmt::Debug for WhenWaiting<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WhenWaiting")
    }
}

impl<F: Fn() + Send + Sync> Clock for WhenWaiting<F> {
    fn now(&self) -> SystemTime {
        SystemClock.now()
    }
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
    fn sleep(&self, time: Duration) {
        if !self.1.swap(true, Ordering::Relaxed) {
            (self.0)();
        }
        SystemClock.sleep(time);
    }
}

/// A record of the file to which a link has led before is not the record of the file to which it leads now.
#[cfg(unix)]
#[test]
fn a_changed_link_ends_the_sharing_of_a_refresh() {
    let dir = TempDir::new();
    let [one, two, link] = ["one.json", "two.json", "link.json"].map(|name| dir.join(name));
    let first = FileBackend::new(&one);
    first.save(&Record::from(token(1))).unwrap();
    FileBackend::new(&two).save(&Record::from(token(2))).unwrap();
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let guard = first.lock(Duration::ZERO).unwrap();
    let (to, from) = (two.clone(), link.clone());
    let change = move || {
        std::fs::remove_file(&from).unwrap();
        std::os::unix::fs::symlink(&to, &from).unwrap();
        let record = first.load().unwrap().unwrap();
        first.save(&successor(&record, token(3))).unwrap();
    };
    let clock = Arc::new(WhenWaiting(change, AtomicBool::new(false)));
    let store = FileBackend::new(&link).with_clock(clock);
    match store.enter(Duration::from_secs(60)).unwrap() {
        Entry::Held { guard, record } => {
            assert_eq!(record.unwrap().unwrap().token().access_token().expose(), "at-2");
            assert!(guard.is_held());
        }
        other => panic!("{other:?}"),
    }
    assert!(guard.is_held());
}

/// While the lock of another process is waited for, the link of the first client in the line is changed. The next
/// client in the line, which has the file itself, gets its own login.
#[cfg(unix)]
#[test]
fn a_changed_link_gives_no_client_the_record_of_another_login() {
    let dir = TempDir::new();
    let [one, two, link] = ["one.json", "two.json", "link.json"].map(|name| dir.join(name));
    for (path, n) in [(&one, 1), (&two, 2)] {
        FileBackend::new(path).save(&Record::from(token(n))).unwrap();
    }
    std::os::unix::fs::symlink(&one, &link).unwrap();
    // A lock that this process's stores do not know, as that of another process.
    let other = std::fs::File::create(one.with_extension("json.lock")).unwrap();
    other.try_lock().unwrap();
    let (other, direct) = (Mutex::new(Some(other)), Arc::new(Mutex::new(None)));
    let name = |entry: Entry| match entry {
        Entry::Saved(record) => record.token().access_token().expose().to_owned(),
        Entry::Held { record, .. } => {
            record.unwrap().unwrap().token().access_token().expose().to_owned()
        }
        entry => panic!("{entry:?}"),
    };
    let (begun, path) = (Arc::clone(&direct), link.clone());
    let change = move || {
        let (waits, waiting) = std::sync::mpsc::channel();
        let clock = WhenWaiting(move || waits.send(()).unwrap(), AtomicBool::new(false));
        let store = FileBackend::new(&one).with_clock(Arc::new(clock));
        let enter = move || store.enter(Duration::from_secs(60)).unwrap();
        *begun.lock().unwrap() = Some(std::thread::spawn(enter));
        waiting.recv().unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&two, &path).unwrap();
        drop(other.lock().unwrap().take());
    };
    let clock = Arc::new(WhenWaiting(change, AtomicBool::new(false)));
    let first = FileBackend::new(&link).with_clock(clock);
    assert_eq!(name(first.enter(Duration::from_secs(60)).unwrap()), "at-2");
    let direct = direct.lock().unwrap().take().unwrap();
    assert_eq!(name(direct.join().unwrap()), "at-1");
}

/// A client that refuses a file which others may read does not get its record from another client.
#[cfg(unix)]
#[test]
fn a_private_client_shares_no_readable_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let store = FileBackend::new(&path);
    store.save(&Record::from(token(1))).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let entered = store.enter(Duration::ZERO).unwrap();
    assert!(matches!(entered, Entry::Held { .. }));
    let again = FileBackend::new(&path).enter(Duration::ZERO).unwrap();
    assert!(matches!(again, Entry::Saved(_)));
    let private = FileBackend::new(&path).private_only();
    assert!(matches!(precise(private.enter(Duration::ZERO)), BackendError::Busy(_)));
}

/// A record is not shared after a logout.
#[test]
fn a_client_does_not_share_a_record_that_was_cleared() {
    let dir = TempDir::new();
    let file = FileBackend::new(dir.join("login.json"));
    let memory = MemoryBackend::new();
    for store in [&file as &dyn TokenBackend, &memory] {
        store.save(&Record::from(token(1))).unwrap();
        let held = store.enter(Duration::ZERO).unwrap();
        assert!(matches!(store.enter(Duration::ZERO).unwrap(), Entry::Saved(_)));
        store.clear().unwrap();
        assert!(matches!(precise(store.enter(Duration::ZERO)), BackendError::Busy(_)));
        drop(held);
    }
}

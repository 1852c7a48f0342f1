//! Tests of a login sealed with a key from a keyring: a real Secret Service on a separate bus, the
//! kernel's keyring, and keyrings that are unreachable, empty or not empty.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use evergrant::TokenBackend as _;
use evergrant::backend::{
    BackendError, Durability, FileBackend, FileLock, KeyringBackend, LockKind, Record,
};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::{self, Contract};
use keyring_core::api::{Credential, CredentialApi, CredentialStoreApi};
use keyring_core::{Entry, Result as Kept};

use crate::support::*;
use crate::world::{LIFE, World};

pub(crate) const CHILDREN: &[Child] = &[
    ("keyring::contract", contract),
    ("keyring::race", race),
    ("keyring::key", one_key),
    ("keyring::moves", moves),
];

/// Runs a child on a separate session bus with an unlocked Secret Service. The child begins when the
/// service has its name on the bus: a call before that would start a second service, which is locked.
fn in_session(key: &str) {
    const SESSION: &str = "printf sesame | gnome-keyring-daemon --unlock --components=secrets \
                           >/dev/null 2>&1 || exit; \
                           until dbus-send --session --dest=org.freedesktop.DBus --print-reply / \
                           org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets \
                           | grep -q true; do sleep 0.05; done; exec \"$0\" \"$@\"";
    for program in ["dbus-run-session", "gnome-keyring-daemon", "dbus-send"] {
        if !works("sh", &["-c", "command -v \"$0\"", program]) {
            return skip(&format!("there is no {program}"));
        }
    }
    let home = TempDir::new();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = child(key, &["dbus-run-session", "--", "sh", "-c", SESSION]);
    for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, home.path());
    }
    // A file and not a pipe: a service that stays behind would keep a pipe open.
    let log = fs::File::create(home.join("log")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("FOLDER", home.path());
    let status = command.status().unwrap();
    assert!(status.success(), "{status}\n{}", fs::read_to_string(home.join("log")).unwrap());
}

fn open(path: &Path) -> KeyringBackend {
    KeyringBackend::new("evergrant-test", "alice", path)
}

fn record() -> Record {
    evergrant::Token::new("at-sesame").with_refresh_token("rt-sesame").into()
}

#[test]
fn a_secret_service_keeps_the_contract() {
    contract::worker(|name| open(Path::new(name)));
    in_session("keyring::contract");
}

fn contract() {
    let path = given("FOLDER").join("login.json");
    // All threads share a handle, because a client asks the keyring once.
    let store = Arc::new(open(&path));
    Contract::new(|| Arc::clone(&store))
        .reopen(|| open(&path))
        .compares(true)
        .locks(LockKind::FreedByDeath)
        .raw(|bytes| {
            fs::write(&path, bytes).unwrap();
            // A whole record is saved through the store, which seals it.
            if let Ok(record) = Record::from_json(bytes) {
                fs::remove_file(&path).unwrap();
                open(&path).save(&record).unwrap();
            }
        })
        .in_second_process("keyring::a_secret_service_keeps_the_contract", path.to_str().unwrap())
        .without("a saved record survives a power cut", "the file store's own test has it")
        .check()
        .assert();
    assert_eq!(open(&path).durability(), Durability::PowerCut);
}

#[test]
fn sixteen_processes_with_a_secret_service_make_one_refresh() {
    in_session("keyring::race");
}

fn race() {
    let world = World::new(Rotation::StrictFamily);
    let client = world.client_on(open(&world.path), world.clock.clone());
    client.seed(world.sandbox.login()).unwrap();
    let environment = [("CLOCK", "manual"), ("KEYRING", "1")];
    let mut workers: Vec<_> =
        (0..16).map(|_| world.worker_under::<&str>(&[], &environment)).collect();
    for worker in &mut workers {
        assert_eq!(worker.ask("call"), "ok at-1");
    }
    for round in 2..12 {
        world.clock.advance(LIFE);
        for worker in &mut workers {
            assert_eq!(worker.ask(&format!("advance {}", LIFE.as_secs())), "done");
        }
        workers.iter_mut().for_each(|worker| worker.say("call"));
        for worker in &mut workers {
            assert_eq!(worker.hear(), format!("ok at-{round}"));
        }
    }
    assert_eq!(world.refreshes(), 10);
}

#[test]
fn sixteen_processes_that_move_and_refresh_leave_one_keyring_file() {
    in_session("keyring::moves");
}

fn moves() {
    crate::movers::leave_one_usable_store(|dir, name| {
        format!("keyring {}", dir.join(name).display())
    });
}

#[test]
fn the_first_users_of_a_store_make_one_key() {
    in_session("keyring::key");
}

fn one_key() {
    let path = given("FOLDER").join("login.json");
    let barrier = Barrier::new(16);
    let handles: Vec<KeyringBackend> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let store = open(&path);
                    barrier.wait();
                    store.probe().unwrap();
                    store
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    handles[0].save(&record()).unwrap();
    for store in &handles {
        assert_eq!(store.load().unwrap(), Some(record_of(&handles[0])));
    }
    let file = fs::read_to_string(&path).unwrap();
    assert!(!file.contains("sesame"), "{file}");
}

fn record_of(store: &KeyringBackend) -> Record {
    store.load().unwrap().unwrap()
}

#[test]
fn without_a_keyring_authorize_fails_and_names_the_remedy() {
    let world = World::new(Rotation::Strict);
    let mut command = child::<&str>("world::work", &[]);
    // No program listens at this address.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus").env("KEYRING", "1");
    command.env("STORE", &world.path).env("URL", world.sandbox.url()).env("CLASS", "strict");
    let mut worker = crate::world::Worker::start(&mut command);
    let said = worker.ask("authorize");
    assert!(said.starts_with("backend ") && said.contains("SealedBackend"), "{said}");
    assert!(said.contains("evergrant-test/alice"), "{said}");
    assert!(!world.path.exists());
    assert!(worker.end().success());
}

#[test]
fn a_missing_or_wrong_key_is_reported_and_overwrites_nothing() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let keyring = || keyring_core::mock::Store::new().unwrap();
    let first = keyring();
    KeyringBackend::with_store(first.clone(), "app", "alice", &path).save(&record()).unwrap();
    let bytes = fs::read(&path).unwrap();
    // One keyring has lost the key, and another keyring has a different value in its place.
    for other in [None, Some("not a key")] {
        let empty = keyring();
        if let Some(text) = other {
            let entry = empty.build("app", "alice", None::<&HashMap<&str, &str>>).unwrap();
            entry.set_password(text).unwrap();
        }
        let store = KeyringBackend::with_store(empty, "app", "alice", &path);
        for result in [store.load().map(drop), store.save(&record()), store.probe()] {
            let error = precise(result);
            assert!(matches!(error, BackendError::Config(_)), "{error}");
            assert!(error.to_string().contains("app/alice"), "{error}");
            assert!(!error.to_string().contains("not a key"), "{error}");
        }
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let store = KeyringBackend::with_store(first, "app", "alice", &path);
    assert!(store.load().unwrap().is_some());
    store.clear().unwrap();
    assert!(store.load().unwrap().is_none());
}

/// Makes the next call for a key in this keyring fail.
fn fails_next(keyring: &keyring_core::mock::Store) {
    let entry = keyring.build("app", "alice", None::<&HashMap<&str, &str>>).unwrap();
    let key: &keyring_core::mock::Cred = entry.as_any().downcast_ref().unwrap();
    key.set_error(keyring_core::Error::NoStorageAccess("locked".into()));
}

#[test]
fn a_key_is_read_once_and_without_a_wait() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let keyring = keyring_core::mock::Store::new().unwrap();
    let open = || KeyringBackend::with_store(keyring.clone(), "app", "alice", &path);
    let (first, record) = (open(), record());
    first.save(&record).unwrap();
    assert_eq!(first.durability(), FileBackend::new(&path).durability());
    // The next call to the keyring fails; a handle that has the key makes no call.
    fails_next(&keyring);
    first.save(&record).unwrap();
    assert!(matches!(precise(open().load()), BackendError::Unavailable(_)));
    // Another process makes a key at the same time, for another login.
    let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path());
    let lock = files.into_iter().find(|path| path.to_string_lossy().ends_with(".key.lock"));
    let _making = FileLock::new(lock.unwrap()).lock(Duration::ZERO).unwrap();
    open().save(&record).unwrap();
    open().probe().unwrap();
}

#[test]
fn clients_of_one_login_in_a_keyring_share_a_refresh() {
    let dir = TempDir::new();
    let keyring = keyring_core::mock::Store::new().unwrap();
    let open =
        || KeyringBackend::with_store(keyring.clone(), "app", "alice", dir.join("login.json"));
    crate::sharing::shares(&|| Box::new(open()));
}

#[test]
fn a_damaged_file_gets_no_new_key() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let keyring = keyring_core::mock::Store::new().unwrap();
    let entry = keyring.build("app", "alice", None::<&HashMap<&str, &str>>).unwrap();
    let store = KeyringBackend::with_store(keyring.clone(), "app", "alice", &path);
    fs::write(&path, "{").unwrap();
    assert!(matches!(precise(store.probe()), BackendError::Corrupt(_)));
    assert!(matches!(entry.get_password(), Err(keyring_core::Error::NoEntry)));
    fs::write(&path, "").unwrap();
    store.probe().unwrap();
    entry.get_password().unwrap();
    store.save(&record()).unwrap();
}

/// A keyring that returns a text other than the stored text.
#[derive(Default)]
struct Forgetful(Arc<AtomicBool>);

impl CredentialStoreApi for Forgetful {
    fn vendor(&self) -> String {
        "test".to_owned()
    }
    fn id(&self) -> String {
        "forgetful".to_owned()
    }
    fn build(&self, _: &str, _: &str, _: Option<&HashMap<&str, &str>>) -> Kept<Entry> {
        Ok(Entry::new_with_credential(Arc::new(Forgetful(Arc::clone(&self.0)))))
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl CredentialApi for Forgetful {
    fn set_secret(&self, _: &[u8]) -> Kept<()> {
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }
    fn get_secret(&self) -> Kept<Vec<u8>> {
        let given = self.0.load(Ordering::Relaxed);
        if given { Ok(b"something else".to_vec()) } else { Err(keyring_core::Error::NoEntry) }
    }
    fn delete_credential(&self) -> Kept<()> {
        Ok(())
    }
    fn get_credential(&self) -> Kept<Option<Arc<Credential>>> {
        Ok(None)
    }
    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[test]
fn a_keyring_that_does_not_keep_the_key_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let store = KeyringBackend::with_store(Arc::<Forgetful>::default(), "app", "alice", &path);
    let error = precise(store.save(&record()));
    assert!(matches!(error, BackendError::Config(_)), "{error}");
    assert!(error.to_string().contains("does not keep what it stores"), "{error}");
    assert!(!path.exists());
}

#[test]
fn the_kernel_keyring_works_and_has_the_durability_process() {
    let dir = TempDir::new();
    let path = dir.join("login.json");
    let account = format!("{:?}", dir.path());
    let open = || KeyringBackend::in_kernel("evergrant-test", &account, &path);
    if let Err(error) = open().probe() {
        return skip(&format!("the kernel's keyring cannot be used here: {error}"));
    }
    open().save(&record()).unwrap();
    assert_eq!(open().load().unwrap().unwrap().token(), record().token());
    assert_eq!(open().durability(), Durability::Process);
    let _ = Command::new("keyctl").arg("reap").output();
    let store: Arc<_> = linux_keyutils();
    store.build("evergrant-test", &account, None).unwrap().delete_credential().unwrap();
}

fn linux_keyutils() -> Arc<linux_keyutils_keyring_store::Store> {
    linux_keyutils_keyring_store::Store::new().unwrap()
}

//! Tests of listing the accounts of each store, with names that a faulty store confuses.

use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::{
    BackendError, FolderStore, Guard, LoginStore, MemoryStore, Record, TokenBackend,
};
use evergrant::sandbox::contract;
use evergrant::{BoxError, Token};

use crate::support::*;

/// How many accounts the listing of many accounts has.
const MANY: usize = 2000;

/// Lists many accounts page by page, and finds each exactly once.
fn lists_many(store: &dyn LoginStore, page: usize) {
    let record = Record::from(Token::new("at").with_refresh_token("rt"));
    let names: Vec<_> = (0..MANY).map(|n| format!("tenants/{n}/\u{e9}")).collect();
    for name in &names {
        store.account(name).unwrap().save(&record).unwrap();
    }
    let mut found: Vec<String> = Vec::new();
    loop {
        let more = store.accounts(found.last().map(String::as_str), page).unwrap();
        let last = more.len() < page;
        found.extend(more);
        if last {
            break;
        }
    }
    let mut wanted = names;
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn memory_keeps_the_logins_of_many_accounts() {
    let store = MemoryStore::new();
    contract::accounts(&store).assert();
    lists_many(&store, 300);
}

#[test]
fn a_folder_keeps_the_logins_of_many_accounts() {
    let dir = TempDir::new();
    contract::accounts(&FolderStore::new(dir.path())).assert();
}

#[test]
fn a_login_file_without_its_long_name_fails_alone() {
    let dir = TempDir::new();
    let store = FolderStore::new(dir.path());
    let name = "x".repeat(500);
    store.account(&name).unwrap().save(&record(1)).unwrap();
    assert_eq!(store.accounts(None, 5).unwrap(), std::slice::from_ref(&name));
    let beside = format!("{}.name", store.path(&name).display());
    std::fs::remove_file(&beside).unwrap();
    store.account("b").unwrap().save(&record(1)).unwrap();
    for damage in [None, Some(&b"another name"[..]), Some(&b"\xff"[..])] {
        if let Some(text) = damage {
            std::fs::write(&beside, text).unwrap();
        }
        let listed = store.accounts(None, 5).unwrap();
        assert_eq!((listed.len(), &*listed[0]), (2, "b"), "{listed:?}");
        let nameless = store.account(&listed[1]).unwrap();
        let error = precise(nameless.load());
        assert!(error.to_string().contains(".json"), "{error}");
        assert!(matches!(&error, BackendError::Corrupt(_)), "{error}");
        assert!(nameless.lock(Duration::ZERO).is_err());
    }
    // A save by a new process writes the name again.
    let stored = store.account(&name).unwrap().load().unwrap().unwrap();
    let next = contract::successor(&stored, token(2));
    store.account(&name).unwrap().save(&next).unwrap();
    assert_eq!(store.accounts(None, 5).unwrap(), ["b", &name]);
}

#[test]
fn a_folder_refuses_a_name_of_more_than_64_kib() {
    let dir = TempDir::new();
    let store = FolderStore::new(dir.path());
    let longest = "x".repeat(64 << 10);
    store.account(&longest).unwrap().save(&record(1)).unwrap();
    let refused = store.account(&format!("{longest}x")).map(drop).unwrap_err();
    assert!(matches!(BackendError::find(&refused), Some(BackendError::Config(_))), "{refused}");
    assert_eq!(store.accounts(None, 5).unwrap(), [longest]);
}

/// A store that takes only names of ASCII letters, digits and some signs, and whose lock can be made to fail.
struct Strict(MemoryStore, bool);

struct Unlocked(Arc<dyn TokenBackend>);

impl TokenBackend for Unlocked {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.0.load()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.0.save(record)
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.0.clear()
    }
    fn lock(&self, _: Duration) -> Result<Guard, BoxError> {
        Err(BackendError::Unavailable("no lock today".to_owned()).into())
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

impl LoginStore for Strict {
    fn account(&self, name: &str) -> Result<Arc<dyn TokenBackend>, BoxError> {
        if !name.is_ascii() || name.contains(':') {
            return Err(BackendError::Config("only ASCII without a colon".to_owned()).into());
        }
        let store = self.0.account(name)?;
        Ok(if self.1 { store } else { Arc::new(Unlocked(store)) })
    }
    fn accounts(&self, after: Option<&str>, most: usize) -> Result<Vec<String>, BoxError> {
        self.0.accounts(after, most)
    }
}

#[test]
fn the_contract_leaves_out_names_that_a_store_refuses() {
    contract::accounts(&Strict(MemoryStore::new(), true)).assert();
}

#[test]
fn the_contract_reports_a_store_that_cannot_lock() {
    let report = contract::accounts(&Strict(MemoryStore::new(), false));
    let failed: Vec<_> = report.failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(failed, ["a lock is no account", "each account has a lock of its own"]);
}

#[test]
fn a_folder_that_is_missing_is_an_error_and_not_empty() {
    let dir = TempDir::new();
    let error = precise(FolderStore::new(dir.join("none")).accounts(None, 5));
    assert!(error.to_string().contains("none"), "{error}");
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_keeps_the_logins_of_many_accounts() {
    use evergrant::backend::SqliteBackend;
    let dir = TempDir::new();
    contract::accounts(&SqliteBackend::new(dir.join("logins.sqlite"))).assert();
    // A database in memory needs no flush for each account.
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    lists_many(&SqliteBackend::with_connection(connection), 300);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_keeps_the_logins_of_many_accounts() {
    let Some(server) = crate::servers::postgres() else { return };
    let store = evergrant::PostgresBackend::new(server.url()).unwrap();
    contract::accounts(&store).assert();
    let error = precise(LoginStore::account(&store, "a\0b").map(drop));
    assert!(matches!(&error, BackendError::Config(text) if text.contains("NUL")), "{error}");
    lists_many(&store, 300);
}

#[cfg(feature = "redis")]
#[test]
fn redis_keeps_the_logins_of_many_accounts() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, &[]);
        let store = evergrant::RedisBackend::new(server.url()).unwrap().prefix("app*[1]:");
        // Keys of another program are not listed.
        let other = evergrant::RedisBackend::new(server.url()).unwrap().prefix("appX1:");
        LoginStore::account(&other, "theirs").unwrap().save(&record(1)).unwrap();
        contract::accounts(&store).assert();
        lists_many(&store, 300);
    }
}

#[cfg(feature = "encryption")]
#[test]
fn sealed_logins_belong_to_their_accounts() {
    use evergrant::backend::{SealedBackend, SealingKey};
    let inner = MemoryStore::new();
    let store = SealedBackend::new(inner.clone(), SealingKey::generate());
    contract::accounts(&store).assert();
    store.account("a").unwrap().save(&record(1)).unwrap();
    assert_eq!(store.accounts(None, 5).unwrap(), ["a"]);
    // A person who can write into the store cannot give the login of one account to another account.
    let sealed = inner.account("a").unwrap().load().unwrap().unwrap();
    inner
        .account("b")
        .unwrap()
        .save(&contract::successor(&sealed, sealed.token().clone()))
        .unwrap_err();
    let copied = Record::from_json(&sealed.to_json().unwrap()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&copied.to_json().unwrap()).unwrap();
    let first: Record = serde_json::from_value(value).unwrap();
    assert!(first.replaces().is_none());
    inner.account("b").unwrap().save(&first).unwrap();
    let error = precise(store.account("b").unwrap().load());
    assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
}

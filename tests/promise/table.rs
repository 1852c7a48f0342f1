//! Tests of a login in a table of three columns that other programs read, with the rest of the record in a
//! file: the contract, deaths between the two writes, writes by other programs, and a deleted row or file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::backend::{
    BackendError, Durability, FileLock, LockKind, Record, TableBackend, TokenTable,
};
use evergrant::clock::{Clock as _, ManualClock, SystemClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::contract::{self, Contract, noted, successor};
use evergrant::{BoxError, Client, Credentials, Provider, Token, TokenBackend};
use time::OffsetDateTime;

use crate::support::*;
use crate::world::World;

pub(crate) const CHILDREN: &[Child] =
    &[("table::login", login), ("table::refresh", refresh), ("table::save", save)];

/// A table of three columns, kept as lines of a file, as a script would do. The expiry is in whole seconds.
struct Columns {
    path: PathBuf,
    /// The call of the table at which `what` happens, counted from 1; with 0, nothing happens.
    at: usize,
    what: What,
    calls: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Fails,
    /// The process kills itself with SIGKILL, before or after the columns are written.
    DiesBefore,
    DiesAfter,
}

impl Columns {
    fn new(path: &Path) -> Columns {
        Columns { path: path.to_owned(), at: 0, what: What::Fails, calls: Arc::default() }
    }

    fn step(&self, now: What) -> Result<(), BoxError> {
        let hit = self.calls.load(Ordering::Relaxed) == self.at && self.what == now;
        match now {
            _ if !hit => Ok(()),
            What::Fails => Err("the table fails on command".into()),
            What::DiesBefore | What::DiesAfter => die(),
        }
    }
}

impl TokenTable for Columns {
    fn get(&self) -> Result<Option<Token>, BoxError> {
        if self.what == What::Fails {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.step(What::Fails)?;
        }
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let columns: Vec<String> = serde_json::from_str(&text)?;
        let mut token = Token::new(columns[0].as_str());
        if !columns[1].is_empty() {
            token = token.with_refresh_token(columns[1].as_str());
        }
        if let Ok(end) = columns[2].parse() {
            token = token.with_expires_at(OffsetDateTime::from_unix_timestamp(end)?);
        }
        Ok(Some(token))
    }

    fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.step(What::Fails)?;
        self.step(What::DiesBefore)?;
        match token {
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            },
            Some(token) => {
                let end = token.expires_at().map(|end| end.unix_timestamp().to_string());
                let refresh_token = token.refresh_token().map_or("", |secret| secret.expose());
                let columns =
                    [token.access_token().expose(), refresh_token, &end.unwrap_or_default()];
                let temp = self.path.with_extension("temp");
                fs::write(&temp, serde_json::to_string(&columns)?)?;
                fs::rename(&temp, &self.path)?;
            }
        }
        self.step(What::DiesAfter)
    }

    fn durability(&self) -> Durability {
        Durability::PowerCut
    }
}

#[test]
fn clients_of_one_table_share_a_refresh() {
    let dir = TempDir::new();
    crate::sharing::shares(&|| Box::new(open(dir.path())));
}

fn open(folder: &Path) -> TableBackend<Columns> {
    TableBackend::new(Columns::new(&folder.join("table")), folder.join("login.json"))
}

fn with(folder: &Path, what: What, at: usize) -> TableBackend<Columns> {
    let columns = Columns { what, at, ..Columns::new(&folder.join("table")) };
    TableBackend::new(columns, folder.join("login.json"))
}

fn in_table(folder: &Path) -> Option<Token> {
    Columns::new(&folder.join("table")).get().unwrap()
}

/// Writes the columns as another program would.
fn foreign(folder: &Path, token: Option<&Token>) {
    Columns::new(&folder.join("table")).set(token).unwrap();
}

#[test]
fn a_table_with_a_file_beside_keeps_the_contract() {
    contract::worker(|folder| open(Path::new(folder)));
    let dir = TempDir::new();
    let file = dir.join("login.json");
    Contract::new(|| open(dir.path()))
        .compares(true)
        .locks(LockKind::FreedByDeath)
        .raw(|bytes| fs::write(&file, bytes).unwrap())
        .in_second_process(
            "table::a_table_with_a_file_beside_keeps_the_contract",
            dir.path().to_str().unwrap(),
        )
        .without("a saved record survives a power cut", "the file does, seen in strace.rs")
        .check()
        .assert();
}

#[cfg(unix)]
#[test]
fn the_table_has_the_token_and_the_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let end = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let first = Record::from(token(1).with_expires_at(end).with_scope("read"));
    open(dir.path()).save(&first).unwrap();
    assert_eq!(in_table(dir.path()), Some(token(1).with_expires_at(end)));
    assert_eq!(open(dir.path()).load().unwrap(), Some(first));
    let mut modes = Vec::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "table" {
            modes.push(entry.metadata().unwrap().permissions().mode() & 0o777);
        }
    }
    assert!(modes.len() >= 3 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
}

fn dies() -> What {
    if given("WHEN").as_os_str() == "before" { What::DiesBefore } else { What::DiesAfter }
}

/// Saves a login, its refresh note and its new record, until the process dies at a call of the table.
fn save() {
    let store = with(&given("FOLDER"), dies(), given("AT").to_str().unwrap().parse().unwrap());
    let first = Record::from(token(1));
    store.save(&first).unwrap();
    let note = noted(&first);
    store.save(&note).unwrap();
    store.save(&successor(&note, token(2))).unwrap();
    store.clear().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn after_a_death_at_any_write_the_record_is_whole() {
    use std::os::unix::process::ExitStatusExt as _;
    for (at, when, stored) in [
        (1, "before", None),
        (1, "after", Some(1)),
        (2, "before", Some(2)),
        (2, "after", Some(2)),
        (3, "before", Some(2)),
        (3, "after", None),
    ] {
        let dir = TempDir::new();
        let mut command = child::<&str>("table::save", &[]);
        command.env("FOLDER", dir.path()).env("AT", at.to_string()).env("WHEN", when);
        let output = command.output().unwrap();
        assert_eq!(output.status.signal(), Some(9), "{at} {when}: {output:?}");
        let found = open(dir.path()).load().unwrap();
        let what = || format!("{at} {when}: {found:?}");
        let tokens = found.as_ref().map(|record| record.token().clone());
        assert_eq!(tokens, stored.map(token), "{}", what());
        assert!(found.as_ref().is_none_or(|record| record.note().is_none()), "{}", what());
        // `load` has repaired the table.
        assert_eq!(in_table(dir.path()), tokens, "{}", what());
        // After this, a login and a refresh work in every case.
        let store = open(dir.path());
        let next = match &found {
            Some(record) => successor(record, token(7)),
            None => Record::from(token(7)),
        };
        store.save(&next).unwrap();
        assert_eq!((store.load().unwrap(), in_table(dir.path())), (Some(next), Some(token(7))));
    }
}

#[test]
fn the_first_save_may_be_repeated_after_it_wrote_only_the_table() {
    let dir = TempDir::new();
    let first = Record::from(token(1));
    foreign(dir.path(), Some(&token(1)));
    open(dir.path()).save(&first).unwrap();
    assert_eq!(open(dir.path()).load().unwrap(), Some(first));
}

fn client(url: &str, store: TableBackend<Columns>) -> Client {
    let provider = Provider::builder("sandbox")
        .token_endpoint(format!("{url}/token"))
        .api_base(format!("{url}/api"))
        .rotation(Rotation::StrictFamily)
        .build()
        .unwrap();
    Client::new(provider, Credentials::new("sandbox-client", "sandbox-secret"), store)
}

fn ended(token: &Token) -> Token {
    let long_ago = SystemClock.now_utc() - Duration::from_secs(86_400);
    token.clone().with_issued_at(long_ago - Duration::from_secs(3600)).with_expires_at(long_ago)
}

/// Runs a client that refreshes and dies at a write of the table.
fn refresh() {
    let store = with(&given("FOLDER"), dies(), 1);
    client(given("URL").to_str().unwrap(), store).access_token().unwrap();
}

fn login() {
    let store = open(&given("FOLDER"));
    client(given("URL").to_str().unwrap(), store).access_token().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_kill_between_file_and_table_loses_no_login() {
    for when in ["before", "after"] {
        let world = World::in_real_time(Rotation::StrictFamily);
        let (folder, url) = (world.dir.path(), world.sandbox.url().to_owned());
        let login = world.sandbox.login();
        world.sandbox.expire_access_tokens();
        assert!(client(&url, open(folder)).seed(ended(&login)).unwrap());
        let start = |key: &str| {
            let mut command = child::<&str>(key, &[]);
            command.env("FOLDER", folder).env("URL", &url).env("WHEN", when).output().unwrap()
        };
        assert!(!start("table::refresh").status.success());
        assert_eq!(world.refreshes(), 1, "the service has rotated");
        let stale = in_table(folder).unwrap().refresh_token() == login.refresh_token();
        assert_eq!(stale, when == "before", "the table has the old token until it is repaired");
        succeeded(&start("table::login"));
        assert_eq!(world.refreshes(), 1, "the successor was in the file");
        let repaired = in_table(folder).unwrap();
        assert!(repaired.refresh_token() != login.refresh_token());
        assert!(world.sandbox.login_alive());
        client(&url, open(folder)).refresh().unwrap();
        assert!(world.sandbox.login_alive());
    }
}

/// Each call of the table fails once during a whole refresh, at a service that accepts a token only once.
#[test]
fn a_table_that_fails_at_any_call_loses_no_login() {
    let mut failed = 0;
    for at in 1.. {
        let world = World::in_real_time(Rotation::StrictFamily);
        let (folder, url) = (world.dir.path(), world.sandbox.url().to_owned());
        world.sandbox.expire_access_tokens();
        let seeded = ended(&world.sandbox.login());
        world.sandbox.expire_access_tokens();
        assert!(client(&url, open(folder)).seed(seeded).unwrap());
        let store = with(folder, What::Fails, at);
        let calls = store.table().calls.clone();
        let refreshing = client(&url, store);
        failed += usize::from(refreshing.access_token().is_err());
        let reached = calls.load(Ordering::Relaxed) >= at;
        // The client gets an access token, and so does a client that has only the store.
        refreshing.access_token().unwrap();
        client(&url, open(folder)).access_token().unwrap();
        assert_eq!(world.refreshes(), 1, "call {at}");
        assert!(world.sandbox.login_alive(), "call {at}");
        let stored = open(folder).load().unwrap().unwrap();
        assert_eq!(in_table(folder).unwrap().refresh_token(), stored.token().refresh_token());
        if !reached {
            println!("{} calls of the table, {failed} failed refreshes", at - 1);
            assert!(at > 4 && failed > 0);
            return;
        }
    }
}

#[test]
fn another_programs_token_is_used_and_removes_the_note() {
    let dir = TempDir::new();
    let store = open(dir.path());
    let first = Record::from(token(1).with_scope("read"));
    store.save(&first).unwrap();
    let note = noted(&first);
    store.save(&note).unwrap();
    foreign(dir.path(), Some(&token(9)));
    // The record that follows the earlier refresh note must not overwrite the token of the other program.
    let refused = store.save(&successor(&note, token(2)));
    assert!(matches!(precise(refused), BackendError::Conflict(_)));
    assert_eq!(in_table(dir.path()), Some(token(9)));
    let found = store.load().unwrap().unwrap();
    assert_eq!(found.token().refresh_token(), token(9).refresh_token());
    assert_eq!((found.login(), found.token().scope()), (first.login(), Some("read")));
    assert!(found.note().is_none() && found.generation() > first.generation());
    assert_eq!(open(dir.path()).load().unwrap(), Some(found.clone()), "every load is the same");
    // The store accepts the next refresh note, and the record that follows, for this token.
    let note = noted(&found);
    store.save(&note).unwrap();
    assert_eq!(open(dir.path()).load().unwrap(), Some(note.clone()));
    let next = successor(&note, token(10));
    store.save(&next).unwrap();
    assert_eq!(in_table(dir.path()), Some(token(10)));
    assert_eq!(open(dir.path()).load().unwrap(), Some(next));
}

/// A table into which another program writes after this store's read and before its write.
struct Raced(Columns);

impl TokenTable for Raced {
    fn get(&self) -> Result<Option<Token>, BoxError> {
        self.0.get()
    }
    fn set(&self, token: Option<&Token>) -> Result<(), BoxError> {
        self.0.set(token)
    }
    fn replace(&self, old: Option<&Token>, new: &Token) -> Result<bool, BoxError> {
        if new.refresh_token() == token(2).refresh_token() {
            self.0.set(Some(&token(9)))?;
        }
        // Update only if the row has the old token, as a database would with a condition.
        let fits =
            self.0.get()?.as_ref().map(Token::refresh_token) == old.map(Token::refresh_token);
        if fits {
            self.0.set(Some(new))?;
        }
        Ok(fits)
    }
}

#[test]
fn a_table_that_compares_keeps_a_token_written_meanwhile() {
    let dir = TempDir::new();
    let raced = Raced(Columns::new(&dir.join("table")));
    let store = TableBackend::new(raced, dir.join("login.json"));
    let first = Record::from(token(1));
    store.save(&first).unwrap();
    let refused = store.save(&successor(&first, token(2)));
    assert!(matches!(precise(refused), BackendError::Conflict(_)));
    assert_eq!(in_table(dir.path()), Some(token(9)));
    let found = store.load().unwrap().unwrap();
    assert_eq!((found.token(), found.login()), (&token(9), first.login()));
}

#[test]
fn a_table_that_goes_back_to_a_replaced_token_is_repaired() {
    let dir = TempDir::new();
    let store = open(dir.path());
    let mut record = Record::from(token(0));
    store.save(&record).unwrap();
    for n in 1..=32 {
        record = successor(&record, token(n));
        store.save(&record).unwrap();
    }
    for n in [31, 5, 0] {
        foreign(dir.path(), Some(&token(n)));
        assert_eq!(open(dir.path()).load().unwrap(), Some(record.clone()), "back to {n}");
        assert_eq!(in_table(dir.path()), Some(token(32)));
    }
}

#[test]
fn a_deleted_row_ends_the_login() {
    let dir = TempDir::new();
    let store = open(dir.path());
    let first = Record::from(token(1));
    store.save(&first).unwrap();
    foreign(dir.path(), None);
    assert_eq!(store.load().unwrap(), None);
    let refused = store.save(&successor(&first, token(2)));
    assert!(matches!(precise(refused), BackendError::Conflict(_)));
    assert_eq!((store.load().unwrap(), in_table(dir.path())), (None, None));
    let login = Record::from(token(3));
    store.save(&login).unwrap();
    assert_eq!(open(dir.path()).load().unwrap(), Some(login));
}

#[test]
fn a_token_without_a_file_is_used() {
    let dir = TempDir::new();
    foreign(dir.path(), Some(&token(1)));
    let store = open(dir.path());
    let found = store.load().unwrap().unwrap();
    assert_eq!(store.load().unwrap(), Some(found.clone()), "every load is the same");
    assert!(matches!(precise(store.save(&Record::from(token(5)))), BackendError::Conflict(_)));
    let note = noted(&found);
    store.save(&note).unwrap();
    assert_eq!(open(dir.path()).load().unwrap(), Some(note));
    // The file is deleted later: the token stays, and the data that only the file had is gone.
    fs::remove_file(dir.join("login.json")).unwrap();
    assert_eq!(open(dir.path()).load().unwrap(), Some(found));
}

#[test]
fn a_repair_and_a_save_wait_for_each_other() {
    let dir = TempDir::new();
    let clock = Arc::new(ManualClock::new());
    let store = open(dir.path()).with_clock(clock.clone());
    let first = Record::from(token(1));
    store.save(&first).unwrap();
    let between = FileLock::new(dir.join("login.json.table.lock")).lock(Duration::ZERO).unwrap();
    let before = clock.monotonic();
    let busy = store.save(&successor(&first, token(2)));
    assert!(matches!(precise(busy), BackendError::Busy(_)));
    assert_eq!(clock.monotonic() - before, Duration::from_secs(10));
    assert_eq!(store.load().unwrap(), Some(first.clone()), "this read must not wait");
    // A read that finds an older token in the table does not wait either: the holder of the lock writes the
    // table.
    let late = successor(&first, token(2));
    drop(between);
    store.save(&late).unwrap();
    foreign(dir.path(), Some(&token(1)));
    let between = FileLock::new(dir.join("login.json.table.lock")).lock(Duration::ZERO).unwrap();
    let before = clock.monotonic();
    assert_eq!(store.load().unwrap(), Some(late));
    assert_eq!((clock.monotonic(), in_table(dir.path())), (before, Some(token(1))));
    drop(between);
}

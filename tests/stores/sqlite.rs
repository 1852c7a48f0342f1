//! Tests of SQLite: the contract for each kind of connection, accounts, files, and kills during a save.

use std::path::Path;
use std::time::Duration;

use evergrant::backend::{BackendError, Durability, LockKind, Record, SqliteBackend};
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::sandbox::contract::{self, Contract, noted, successor};
use evergrant::{BoxError, Client, Credentials, Provider, TokenBackend as _};
use rusqlite::Connection;

use crate::support::*;

pub(crate) const CHILDREN: &[Child] = &[
    ("sqlite::hold", hold),
    ("sqlite::save", save),
    ("sqlite::full", full),
    ("sqlite::call", call),
];

/// Puts bytes where the store has its record, without the backend.
fn raw(path: &Path, bytes: &[u8]) {
    let connection = Connection::open(path).unwrap();
    assert_eq!(connection.execute("UPDATE evergrant_logins SET record = ?1", [bytes]).unwrap(), 1);
}

/// Runs the whole suite, except for the power cut; `test` opens the same store in a second process.
fn keeps(contract: Contract<'_>, test: &str, path: &Path) {
    contract
        .compares(true)
        .locks(LockKind::FreedByDeath)
        .raw(|bytes| raw(path, bytes))
        .in_second_process(format!("sqlite::{test}"), path.to_str().unwrap())
        .without("a saved record survives a power cut", "SQLite flushes: synchronous = EXTRA")
        .check()
        .assert();
}

const ODD: &str = "o'neill; DROP TABLE \u{0} \u{1f511}";

fn pooled(path: &str) -> SqliteBackend {
    let path = path.to_owned();
    SqliteBackend::with_connections(move || -> Result<_, BoxError> {
        let connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        Ok(Box::new(connection))
    })
}

fn on_a_connection(path: &str) -> SqliteBackend {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    SqliteBackend::with_connection(connection)
}

#[test]
fn a_path_keeps_the_contract() {
    contract::worker(|path| SqliteBackend::new(path));
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    keeps(Contract::new(|| SqliteBackend::new(&path)), "a_path_keeps_the_contract", &path);
}

#[test]
fn a_database_in_wal_mode_keeps_the_contract_and_its_mode() {
    contract::worker(|path| SqliteBackend::new(path).account(ODD));
    let dir = TempDir::new();
    let path = dir.join("app.sqlite");
    let app = Connection::open(&path).unwrap();
    let mode = |sql| app.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(mode("PRAGMA journal_mode = WAL"), "wal");
    let test = "a_database_in_wal_mode_keeps_the_contract_and_its_mode";
    keeps(Contract::new(|| SqliteBackend::new(&path).account(ODD)), test, &path);
    assert_eq!(mode("PRAGMA journal_mode"), "wal");
}

#[test]
fn connections_of_a_pool_keep_the_contract() {
    contract::worker(pooled);
    let dir = TempDir::new();
    let path = dir.join("pooled.sqlite");
    let open = || pooled(path.to_str().unwrap());
    keeps(Contract::new(open), "connections_of_a_pool_keep_the_contract", &path);
}

#[test]
fn a_given_connection_keeps_the_contract() {
    contract::worker(on_a_connection);
    let dir = TempDir::new();
    let path = dir.join("own.sqlite");
    let open = || on_a_connection(path.to_str().unwrap());
    keeps(Contract::new(open), "a_given_connection_keeps_the_contract", &path);
}

#[test]
fn a_database_in_memory_keeps_the_contract_without_durability() {
    let store = SqliteBackend::with_connection(Connection::open_in_memory().unwrap());
    let store = std::sync::Arc::new(store);
    let contract = Contract::new(|| store.clone()).compares(true).locks(LockKind::FreedByDeath);
    let raw = "a damaged record is an error and is not overwritten";
    contract.without(raw, "checked on a path").check().assert();
    assert_eq!(store.durability(), Durability::Memory);
}

#[test]
fn accounts_do_not_see_each_other() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let [alice, bob] = ["alice", "bob"].map(|name| SqliteBackend::new(&path).account(name));
    alice.save(&record(1)).unwrap();
    assert!(bob.load().unwrap().is_none());
    bob.save(&record(2)).unwrap();
    let _alices = alice.lock(Duration::ZERO).unwrap();
    let _bobs = bob.lock(Duration::ZERO).expect("a lock for each account");
    alice.clear().unwrap();
    assert_eq!(bob.load().unwrap().unwrap().token(), &token(2));
    assert!(alice.describe().ends_with("logins.sqlite, account alice"), "{}", alice.describe());
    assert_eq!(alice.durability(), Durability::PowerCut);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_created() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new();
    let store = SqliteBackend::new(dir.join("logins.sqlite"));
    let _guard = store.lock(Duration::ZERO).unwrap();
    store.save(&record(1)).unwrap();
    store.save(&noted(&store.load().unwrap().unwrap())).unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap).collect();
    // The files are the database, the lock and the file that says that it is new, and a journal, or a log and its index.
    assert!((4..=5).contains(&files.len()), "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_database_that_was_replaced_is_opened_again() {
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let store = SqliteBackend::new(&path);
    store.save(&record(1)).unwrap();
    let backup = dir.join("backup.sqlite");
    SqliteBackend::new(&backup).save(&record(2)).unwrap();
    std::fs::rename(backup, &path).unwrap();
    assert_eq!(store.load().unwrap().unwrap().token(), &token(2));
    std::fs::remove_file(&path).unwrap();
    assert!(store.load().unwrap().is_none());
}

#[test]
fn an_unusable_database_has_a_precise_error() {
    let dir = TempDir::new();
    let missing = SqliteBackend::new(dir.join("missing/logins.sqlite"));
    let error = precise(missing.load());
    assert!(matches!(&error, BackendError::Config(text) if text.contains("missing")));
    let path = dir.join("logins.sqlite");
    std::fs::write(&path, "sesame, not a database, and longer than a header of one ".repeat(9))
        .unwrap();
    let error = precise(SqliteBackend::new(&path).load());
    assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    // A save in a transaction of the application would not be durable, and must not end the transaction.
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let error = precise(SqliteBackend::with_connection(connection).save(&record(1)));
    assert!(error.to_string().contains("in a transaction"), "{error}");
}

#[test]
fn a_setting_of_the_connection_is_restored() {
    let dir = TempDir::new();
    let connection = Connection::open(dir.join("logins.sqlite")).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let connection = std::sync::Arc::new(std::sync::Mutex::new(Some(connection)));
    /// A pool with one connection.
    struct Lent(Option<Connection>, std::sync::Arc<std::sync::Mutex<Option<Connection>>>);
    impl std::ops::Deref for Lent {
        type Target = Connection;
        fn deref(&self) -> &Connection {
            self.0.as_ref().unwrap()
        }
    }
    impl Drop for Lent {
        fn drop(&mut self) {
            *self.1.lock().unwrap() = self.0.take();
        }
    }
    let pool = connection.clone();
    let store = SqliteBackend::with_connections(move || {
        pool.lock().unwrap().take().map(|one| Lent(Some(one), pool.clone())).ok_or("none is free")
    });
    store.save(&record(1)).unwrap();
    store.clear().unwrap();
    let connection = connection.lock().unwrap().take().unwrap();
    let set: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    assert_eq!(set, 0);
    let error = precise(store.load());
    assert!(error.to_string().contains("none is free"), "{error}");
}

/// Takes the lock, and waits until this process is killed.
fn hold() {
    let _guard = SqliteBackend::new(given("STORE")).lock(Duration::ZERO).unwrap();
    println!("\nheld");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_process_that_is_killed_frees_its_lock() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let mut command = child::<&str>("sqlite::hold", &[]);
    let command = command.env("STORE", &path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = start(command);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    let store = SqliteBackend::new(&path);
    // Other work in the database does not wait for the lock, and opening the lock's file does not free the
    // lock.
    store.save(&record(1)).unwrap();
    assert!(matches!(precise(store.lock(Duration::ZERO)), BackendError::Busy(_)));
    assert!(matches!(precise(store.lock(Duration::ZERO)), BackendError::Busy(_)));
    process.kill().unwrap();
    process.wait().unwrap();
    store.lock(Duration::ZERO).unwrap();
}

/// Calls the sandbox once for each line that it reads.
fn call() {
    let address = given("SERVICE").into_os_string().into_string().unwrap();
    let provider = Provider::builder("sandbox")
        .authorization_endpoint(format!("{address}/authorize"))
        .token_endpoint(format!("{address}/token"))
        .api_base(format!("{address}/api"))
        .rotation(Rotation::StrictFamily)
        .build()
        .unwrap();
    let credentials = Credentials::new("sandbox-client", "sandbox-secret")
        .with_redirect_uri("http://127.0.0.1/callback");
    let client = Client::new(provider, credentials, SqliteBackend::new(given("STORE")));
    println!("\nready");
    for line in std::io::stdin().lines() {
        assert_eq!(line.unwrap(), "call");
        let answer: serde_json::Value = client.get("/me").read_json().unwrap();
        println!("\n= {}", answer["access_token_number"]);
    }
}

#[test]
fn processes_at_the_end_of_a_token_make_one_refresh() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::Stdio;
    const PROCESSES: usize = 16;
    let dir = TempDir::new();
    let path = dir.join("logins.sqlite");
    let sandbox = Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap();
    let store = SqliteBackend::new(&path);
    let client = Client::new(sandbox.provider(), sandbox.credentials(), store);
    client.seed(sandbox.login()).unwrap();
    let mut processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = child::<&str>("sqlite::call", &[]);
            command.env("STORE", &path).env("SERVICE", sandbox.url());
            let mut process = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
            let lines = BufReader::new(process.stdout.take().unwrap()).lines();
            (process, lines)
        })
        .collect();
    for (_, lines) in &mut processes {
        assert!(lines.any(|line| line.unwrap() == "ready"));
    }
    for round in 1..=20 {
        for (process, _) in &mut processes {
            process.stdin.as_mut().unwrap().write_all(b"call\n").unwrap();
        }
        for (_, lines) in &mut processes {
            let answer = lines.map(Result::unwrap).find(|line| line.starts_with("= "));
            assert_eq!(answer.as_deref(), Some(&*format!("= {round}")));
        }
        assert_eq!(sandbox.counters().token_requests, round - 1);
        sandbox.expire_access_tokens();
    }
    assert!(sandbox.login_alive());
    for (mut process, _) in processes {
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success());
    }
}

/// Makes the store calls of a refresh: saves the refresh note, and the new record.
fn save() {
    let store = SqliteBackend::new(given("STORE"));
    let _guard = store.lock(Duration::ZERO).unwrap();
    let stored = store.load().unwrap().unwrap();
    let note = noted(&stored);
    store.save(&note).unwrap();
    store.save(&successor(&note, token(2))).unwrap();
}

/// The process is killed at each system call that could matter. Afterwards the store has the whole old
/// record, the record with a refresh note or the new record, and the store still works.
#[cfg(target_os = "linux")]
#[test]
fn after_a_kill_at_any_call_the_record_is_whole() {
    if !works("strace", &["-f", "-qq", "-e", "trace=fsync", "true"]) {
        return skip("strace does not work here");
    }
    let mut tried = 0;
    for mode in ["WAL", "PERSIST"] {
        for call in ["pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "fcntl", "close"] {
            for n in 1.. {
                let dir = TempDir::new();
                let path = dir.join("logins.sqlite");
                let sql = format!("PRAGMA journal_mode = {mode}");
                let connection = Connection::open(&path).unwrap();
                connection.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap();
                // An empty database would get the journal mode of a new database.
                connection.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
                drop(connection);
                let first: Record = record(1);
                SqliteBackend::new(&path).save(&first).unwrap();
                let inject = format!("inject={call}:signal=KILL:when={n}");
                let wrapper =
                    ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path.to_str().unwrap()];
                let beside: Vec<_> = ["-journal", "-wal", "-shm"]
                    .iter()
                    .map(|end| format!("{}{end}", path.display()))
                    .collect();
                let mut wrapper: Vec<&str> = wrapper.to_vec();
                beside.iter().for_each(|path| wrapper.extend(["-P", path]));
                wrapper.extend(["-e", &inject]);
                let output = child("sqlite::save", &wrapper).env("STORE", &path).output().unwrap();
                let store = SqliteBackend::new(&path);
                let stored = store.load().unwrap().expect("a record");
                let what = format!("{mode}, {call} {n}: revision {}", stored.revision());
                match stored.revision() {
                    1 => assert_eq!(stored, first, "{what}"),
                    2 => assert!(stored.note().is_some(), "{what}"),
                    3 => assert_eq!(stored.token(), &token(2), "{what}"),
                    _ => panic!("{what}"),
                }
                let _guard = store.lock(Duration::ZERO).expect(&what);
                store.save(&successor(&stored, token(3))).expect(&what);
                tried += 1;
                if output.status.success() {
                    assert_eq!(stored.revision(), 3, "{what}");
                    break;
                }
            }
        }
    }
    println!("{tried} kills tried");
}

/// On a small file system, checks that a full disk is noticed before a refresh token is sent, and how
/// much space is reserved for the successor.
fn full() {
    use std::io::Write as _;
    let fill = || {
        let mut file = std::fs::File::create("/mnt/filler").unwrap();
        for size in [4096, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
    };
    let mode = given("MODE");
    let connection = Connection::open("/mnt/logins.sqlite").unwrap();
    let sql = format!("PRAGMA journal_mode = {}", mode.display());
    connection.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap();
    connection.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    let store = SqliteBackend::new("/mnt/logins.sqlite");
    // The second record fits into the smallest reserved space; the third fits into twice the length of the
    // second.
    let long = |n: u32| {
        let text = format!("{n} ").repeat([0, 100, 6000, 11500, 1000][n as usize]);
        token(n).with_scope(text)
    };
    store.save(&Record::from(long(1))).unwrap();
    for n in 2..5 {
        let _guard = store.lock(Duration::ZERO).unwrap();
        fill();
        let stored = store.load().unwrap().unwrap();
        let error = store.save(&noted(&stored));
        let found_out = error.is_err();
        if found_out {
            assert!(matches!(precise(error), BackendError::Full(_)));
            assert_eq!(
                store.load().unwrap().unwrap(),
                stored,
                "a failed save leaves the record unchanged"
            );
            std::fs::remove_file("/mnt/filler").unwrap();
            store.save(&noted(&stored)).unwrap();
            fill();
        }
        let stored = store.load().unwrap().unwrap();
        let saved = store.save(&successor(&stored, long(n)));
        println!("{}: note refused {found_out}, successor {saved:?}", mode.display());
        saved.unwrap();
        assert_eq!(store.load().unwrap().unwrap().token(), &long(n));
        let _ = std::fs::remove_file("/mnt/filler");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_a_note_but_not_a_successor() {
    if !works("unshare", &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return skip("unshare may not make a file system of its own here");
    }
    let mount = "mount -t tmpfs -o size=1m none /mnt && exec \"$@\"";
    for mode in ["WAL", "PERSIST"] {
        let wrapper = ["unshare", "-rm", "sh", "-c", mount, "sh"];
        let output = child("sqlite::full", &wrapper).env("MODE", mode).output().unwrap();
        succeeded(&output);
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The tools of SQLite write `TEXT`, and SQLite treats a `TEXT` and a `BLOB` of the same bytes as different.
#[test]
fn a_record_written_as_text_is_read_and_replaced() {
    for encoding in ["UTF-8", "UTF-16"] {
        let dir = TempDir::new();
        let path = dir.join("logins.sqlite");
        let connection = Connection::open(&path).unwrap();
        // The first table fixes the encoding of the database.
        let sql = format!("PRAGMA encoding = '{encoding}'; CREATE TABLE theirs (id INTEGER)");
        connection.execute_batch(&sql).unwrap();
        let store = SqliteBackend::new(&path);
        let first = record(1);
        store.save(&first).unwrap();
        let text = String::from_utf8(first.to_json().unwrap()).unwrap();
        connection.execute("UPDATE evergrant_logins SET record = ?1", [text]).unwrap();
        let store = SqliteBackend::new(&path);
        assert_eq!(store.load().unwrap().as_ref(), Some(&first));
        let note = noted(&first);
        store.save(&note).unwrap();
        store.save(&successor(&note, token(2))).unwrap();
        // A number is no record.
        connection.execute("UPDATE evergrant_logins SET record = 7", []).unwrap();
        let error = precise(store.load());
        assert!(matches!(error, BackendError::Corrupt(_)), "{error}");
    }
}

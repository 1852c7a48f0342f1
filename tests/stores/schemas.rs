//! Releases with different tables and records that use one store at the same time: an earlier release, this release,
//! and a later release. Each of them runs in processes of its own, which refresh all the time.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use evergrant::backend::{BackendError, FolderStore, Guard, Record};
use evergrant::provider::Rotation;
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, Client, Credentials, Provider, TokenBackend};

use crate::support::*;
use crate::sweepers::open;

pub(crate) const CHILDREN: &[Child] = &[("schemas::refreshes", refreshes)];

const ACCOUNTS: [&str; 4] = ["default", "tenant-1", "\u{c4}mter/Nord", "o'neill"];

/// A test gives up after this time. No test waits for this time to pass.
const HANGS: Duration = Duration::from_secs(240);

/// The service revokes a login when a used refresh token comes again.
fn service() -> Sandbox {
    Sandbox::builder().rotation(Rotation::StrictFamily).start().unwrap()
}

fn client(service: &str, store: impl TokenBackend + 'static) -> Client {
    let provider = Provider::builder("sandbox")
        .token_endpoint(format!("{service}/token"))
        .rotation(Rotation::StrictFamily)
        .build()
        .unwrap();
    Client::new(provider, Credentials::new("sandbox-client", "sandbox-secret"), store)
}

/// The rows of one account, as a release with other statements reads and writes them.
trait Rows: Send + Sync {
    fn read(&self) -> Option<Vec<u8>>;
    /// Writes `new` if `old` is stored.
    fn swap(&self, old: Option<&[u8]>, new: &[u8]) -> bool;
}

/// The store of an earlier release: its own statements, and the same lock as in this release.
struct Earlier {
    rows: Box<dyn Rows>,
    lock: Arc<dyn TokenBackend>,
}

impl TokenBackend for Earlier {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.rows.read().map(|bytes| Record::from_json(&bytes)).transpose()
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        let old = self.rows.read();
        let stored = old.as_ref().map(|old| Record::from_json(old)).transpose()?;
        let fits = record.may_replace(stored.as_ref());
        if !fits || !self.rows.swap(old.as_deref(), &record.to_json()?) {
            return Err(BackendError::Conflict(self.describe()).into());
        }
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        unimplemented!()
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.lock.lock(wait)
    }
    fn compares(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "the store of an earlier release".to_owned()
    }
}

/// The rows of an account in the table of an earlier release.
fn rows(store: &str, account: &str) -> Box<dyn Rows> {
    let (kind, place) = store.split_once(' ').unwrap();
    match kind {
        #[cfg(feature = "sqlite")]
        "sqlite" => Box::new(sqlite::Earlier::open(place, account)),
        #[cfg(feature = "postgres")]
        "postgres" => Box::new(postgres::Earlier::open(place, account)),
        other => panic!("what is {other}, {place}, {account}?"),
    }
}

/// A process that refreshes one login after another, until its input ends or until a later release has changed all
/// logins. Writes a line for each call.
fn refreshes() {
    let [store, service, release] = ["STORE", "SERVICE", "RELEASE"]
        .map(|name| given(name).into_os_string().into_string().unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&over);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ends.store(true, Ordering::Relaxed);
    });
    let opened = open(&store);
    let client = |account: &&str| {
        let ours = opened.account(account).unwrap();
        match release.as_str() {
            "earlier" => client(&service, Earlier { rows: rows(&store, account), lock: ours }),
            _ => client(&service, ours),
        }
    };
    let mut clients: VecDeque<Client> = ACCOUNTS.iter().map(client).collect();
    while let Some(client) = clients.pop_front().filter(|_| !over.load(Ordering::Relaxed)) {
        let said = match client.refresh() {
            Ok(()) => "refreshed".to_owned(),
            Err(error) => format!("{error:#} {error:?}").replace('\n', " "),
        };
        let is_newer = said.contains("update this program");
        let mut output = std::io::stdout().lock();
        let line = if is_newer { "newer" } else { &said };
        output.write_all(format!("\n= {line}\n").as_bytes()).unwrap();
        output.flush().unwrap();
        if !is_newer {
            clients.push_back(client);
        }
    }
}

/// A process of a release.
struct Process {
    process: std::process::Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    fn start(release: &str, store: &str, sandbox: &Sandbox) -> Process {
        let mut command = child::<&str>("schemas::refreshes", &[]);
        command.env("STORE", store).env("SERVICE", sandbox.url()).env("RELEASE", release);
        let mut process = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let (send, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("= ") {
                    let _ = send.send(said.to_owned());
                }
            }
        });
        Process { input: process.stdin.take(), process, lines }
    }

    /// Waits until this process has refreshed so many logins from now on.
    fn refreshes(&self, count: usize) {
        self.lines.try_iter().for_each(|said| assert_eq!(said, "refreshed"));
        for _ in 0..count {
            assert_eq!(self.lines.recv_timeout(HANGS).unwrap(), "refreshed");
        }
    }

    /// What the process says until it ends.
    fn rest(mut self, stop: bool) -> Vec<String> {
        self.input.take_if(|_| stop);
        let said = std::iter::from_fn(|| match self.lines.recv_timeout(HANGS) {
            Ok(said) => Some(said),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("the process hangs: {error}"),
        });
        let said = said.collect();
        assert!(self.process.wait().unwrap().success());
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Checks that each login can be refreshed, and that no used refresh token was sent.
fn are_alive(store: &str, sandbox: &Sandbox) {
    let opened = open(store);
    for account in ACCOUNTS {
        client(sandbox.url(), opened.account(account).unwrap()).refresh().unwrap();
    }
    let counters = sandbox.counters();
    assert_eq!((counters.reuses, counters.refused), (0, 0), "{counters:?}");
}

/// Processes of an earlier release refresh the logins in their table. Then processes of this release use the table,
/// and complete it. `is_complete` returns whether the table has all columns of this release.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn completes_the_table_of_an_earlier_release(store: &str, is_complete: &dyn Fn() -> bool) {
    let sandbox = service();
    for account in ACCOUNTS {
        let record = Record::from(sandbox.login());
        assert!(rows(store, account).swap(None, &record.to_json().unwrap()));
    }
    let start = |release: &str| Process::start(release, store, &sandbox);
    let mut all = vec![start("earlier"), start("earlier")];
    all.iter().for_each(|process| process.refreshes(ACCOUNTS.len()));
    assert!(!is_complete(), "the table has no earlier shape");
    let ours = [start("this"), start("this")];
    ours.iter().for_each(|process| process.refreshes(3 * ACCOUNTS.len()));
    assert!(is_complete());
    // The earlier release goes on, and a new process of it starts.
    all.push(start("earlier"));
    all.iter().for_each(|process| process.refreshes(ACCOUNTS.len()));
    for process in all.into_iter().chain(ours) {
        assert!(process.rest(true).iter().all(|said| said == "refreshed"));
    }
    println!("{}", sandbox.counters().refreshes);
    are_alive(store, &sandbox);
}

/// A later release changes the record of each login under the login's lock, while processes of this release refresh.
/// Then it changes the table, if there is one, by `table`.
fn leaves_the_store_to_a_later_release(
    store: &str,
    rows: &dyn Fn(&str) -> Box<dyn Rows>,
    table: Option<&dyn Fn(&str)>,
) {
    let (sandbox, opened) = (service(), open(store));
    for account in ACCOUNTS {
        opened.account(account).unwrap().save(&sandbox.login().into()).unwrap();
    }
    let start = || Process::start("this", store, &sandbox);
    let ours = [start(), start()];
    ours.iter().for_each(|process| process.refreshes(ACCOUNTS.len()));
    let changed = ACCOUNTS.map(|account| {
        let (login, rows) = (opened.account(account).unwrap(), rows(account));
        loop {
            let _guard = login.lock(HANGS).unwrap();
            let bytes = rows.read().unwrap();
            // The successor of a request that was sent may still come.
            if Record::from_json(&bytes).unwrap().note().is_some() {
                continue;
            }
            let json = std::str::from_utf8(&bytes).unwrap();
            let newer = json.replacen("\"version\":1", "\"version\":2", 1).into_bytes();
            assert!(newer != bytes && rows.swap(Some(&bytes), &newer));
            return (account, bytes, newer);
        }
    });
    let all_newer = ["newer"; ACCOUNTS.len()];
    for process in ours {
        let said = process.rest(false);
        let newer: Vec<_> = said.iter().filter(|said| *said != "refreshed").collect();
        assert_eq!(newer, all_newer);
    }
    let requests = sandbox.counters().token_requests;
    if let Some(table) = table {
        // No record of this release is left, so no refresh of this release is under way.
        table("ALTER TABLE evergrant_logins RENAME COLUMN record TO record_2");
        assert_eq!(start().rest(false), all_newer);
        table("ALTER TABLE evergrant_logins RENAME COLUMN record_2 TO record");
    }
    assert_eq!(start().rest(false), all_newer);
    assert_eq!(sandbox.counters().token_requests, requests);
    for (account, bytes, newer) in changed {
        assert!(rows(account).swap(Some(&newer), &bytes), "a record was changed");
    }
    are_alive(store, &sandbox);
}

struct File(std::path::PathBuf);

impl Rows for File {
    fn read(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.0).ok()
    }
    fn swap(&self, old: Option<&[u8]>, new: &[u8]) -> bool {
        let is_there = self.read().as_deref() == old;
        let next = self.0.with_extension("next");
        std::fs::write(&next, new).unwrap();
        std::fs::rename(next, &self.0).unwrap();
        is_there
    }
}

#[test]
fn this_release_leaves_a_folder_to_a_later_release() {
    let dir = TempDir::new();
    let folder = FolderStore::new(dir.path());
    let rows = |account: &str| Box::new(File(folder.path(account))) as Box<dyn Rows>;
    let store = format!("folder {}", dir.path().display());
    leaves_the_store_to_a_later_release(&store, &rows, None);
}

#[cfg(feature = "redis")]
struct Key(redis::Client, String);

#[cfg(feature = "redis")]
impl Rows for Key {
    fn read(&self) -> Option<Vec<u8>> {
        let mut connection = self.0.get_connection().unwrap();
        redis::cmd("GET").arg(&self.1).query(&mut connection).unwrap()
    }
    fn swap(&self, old: Option<&[u8]>, new: &[u8]) -> bool {
        let is_there = self.read().as_deref() == old;
        let mut connection = self.0.get_connection().unwrap();
        redis::cmd("SET").arg(&self.1).arg(new).exec(&mut connection).unwrap();
        is_there
    }
}

#[cfg(feature = "redis")]
#[test]
fn this_release_leaves_redis_to_a_later_release() {
    for program in crate::servers::redis_programs() {
        let server = crate::servers::redis(&program, crate::servers::FLUSHED);
        let client = redis::Client::open(server.url()).unwrap();
        let rows = |account: &str| {
            Box::new(Key(client.clone(), format!("evergrant:{account}"))) as Box<dyn Rows>
        };
        leaves_the_store_to_a_later_release(&format!("redis {}", server.url()), &rows, None);
    }
}

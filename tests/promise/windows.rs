//! Tests for Windows, where other programs, such as virus scanners and backups, keep the record open.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use evergrant::backend::{BackendError, FileBackend, FileLock};
use evergrant::clock::{Clock, ManualClock, SystemClock};
use evergrant::provider::Rotation;
use evergrant::{TokenBackend as _, sandbox::contract::successor};

use crate::support::*;
use crate::world::{LIFE, World};

pub(crate) const CHILDREN: &[Child] = &[("windows::hold", hold)];

/// How long another program keeps the record.
const HELD: Duration = Duration::from_secs(3);

/// `FILE_SHARE_READ`: others may read the file, and neither write, replace nor remove it.
const READ_ONLY: u32 = 1;

fn keep(path: &Path, sharing: u32) -> File {
    File::options().read(true).share_mode(sharing).open(path).unwrap()
}

/// The clock of a store. At the first sleep after [`HELD`], the other program closes the record.
#[derive(Debug, Default)]
struct Scanner {
    held: Mutex<Option<(File, Duration)>>,
}

impl Scanner {
    fn keep(&self, path: &Path) {
        *self.held.lock().unwrap() = Some((keep(path, READ_ONLY), self.monotonic()));
    }
}

impl Clock for Scanner {
    fn now(&self) -> SystemTime {
        SystemClock.now()
    }
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
    fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration);
        let now = self.monotonic();
        self.held.lock().unwrap().take_if(|(_, since)| now - *since >= HELD);
    }
}

#[test]
fn a_refresh_waits_for_a_program_that_keeps_the_record() {
    for after_the_answer in [false, true] {
        let world = World::new(Rotation::StrictFamily);
        world.seed();
        world.clock.advance(LIFE);
        let scanner = Arc::new(Scanner::default());
        let backend = FileBackend::new(&world.path).with_clock(scanner.clone());
        let client = world.client_on(backend, world.clock.clone());
        if after_the_answer {
            let (scanner, path) = (scanner.clone(), world.path.clone());
            world.sandbox.on_token(move |_, reply| {
                scanner.keep(&path);
                reply
            });
        } else {
            scanner.keep(&world.path);
        }
        client.refresh().unwrap();
        assert!(scanner.held.lock().unwrap().is_none(), "the save waited");
        assert_eq!(world.stored_name(), "rt-2");
        assert_eq!(world.token_requests(), 1);
        assert!(world.stored().note().is_none());
    }
}

fn hold() {
    let _kept = keep(&given("STORE"), READ_ONLY);
    println!("\nheld");
    std::thread::sleep(HELD);
}

#[test]
fn a_refresh_waits_for_another_process_that_keeps_the_record() {
    let world = World::new(Rotation::StrictFamily);
    world.seed();
    world.clock.advance(LIFE);
    let mut holder = start(world.command::<&str>("windows::hold", &[]).stdout(Stdio::piped()));
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "held"));
    world.client().refresh().unwrap();
    assert_eq!(world.stored_name(), "rt-2");
    assert!(holder.wait().unwrap().success());
}

#[test]
fn nothing_is_sent_if_the_record_stays_in_use() {
    let world = World::new(Rotation::StrictFamily);
    world.seed();
    world.clock.advance(LIFE);
    let before = world.stored();
    let kept = keep(&world.path, READ_ONLY);
    let hands = Arc::new(ManualClock::new());
    let backend = FileBackend::new(&world.path).with_clock(hands.clone());
    let error = world.client_on(backend, world.clock.clone()).refresh().unwrap_err();
    assert!(format!("{error:#}").contains("another program has it open"), "{error:#}");
    assert_eq!(world.token_requests(), 0);
    assert!((5..6).contains(&hands.slept().as_secs()), "{:?}", hands.slept());
    assert_eq!(world.stored(), before);
    drop(kept);
    world.client().refresh().unwrap();
    assert_eq!(world.stored_name(), "rt-2");
}

#[test]
fn a_record_is_read_after_a_moment_without_access() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let saved = record(1);
    FileBackend::new(&path).save(&saved).unwrap();
    let kept = keep(&path, 0);
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(kept);
    });
    assert_eq!(load(&path), Some(saved));
    later.join().unwrap();
}

#[test]
fn a_record_that_may_not_be_written_is_read_with_a_warning() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let saved = record(1);
    FileBackend::new(&path).save(&saved).unwrap();
    // Remove the mark of what was flushed, as if another program had written the record.
    fs::remove_file(dir.join(".store.json.evergrant-flushed")).unwrap();
    let kept = keep(&path, READ_ONLY);
    let store = FileBackend::new(&path);
    assert_eq!(store.load().unwrap().as_ref(), Some(&saved));
    assert!(store.warnings()[0].contains("cannot be opened for writing"));
    drop(kept);
    let store = FileBackend::new(&path);
    assert_eq!(store.load().unwrap().as_ref(), Some(&saved));
    assert!(store.warnings().is_empty());
}

#[test]
fn a_guard_notices_that_its_lock_file_was_replaced() {
    let dir = TempDir::new();
    let path = dir.join("store.lock");
    let guard = FileLock::new(&path).lock(Duration::ZERO).unwrap();
    assert!(guard.is_held());
    fs::rename(&path, dir.join("away")).unwrap();
    assert!(!guard.is_held());
    fs::write(&path, "").unwrap();
    assert!(!guard.is_held());
    drop(guard);
    FileLock::new(&path).lock(Duration::ZERO).unwrap();
}

#[test]
fn a_record_with_a_hard_link_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let first = record(1);
    FileBackend::new(&path).save(&first).unwrap();
    fs::hard_link(&path, dir.join("second.json")).unwrap();
    let error = precise(FileBackend::new(&path).probe());
    assert!(matches!(&error, BackendError::Config(text) if text.contains("fsutil")), "{error}");
    fs::remove_file(dir.join("second.json")).unwrap();
    FileBackend::new(&path).save(&successor(&first, token(2))).unwrap();
}

#[test]
fn messages_have_no_verbatim_paths() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let verbatim = fs::canonicalize(dir.path()).unwrap().join("store.json");
    assert!(verbatim.to_str().unwrap().starts_with(r"\\?\"), "{}", verbatim.display());
    fs::write(&path, "").unwrap();
    for path in [&path, &verbatim] {
        let store = FileBackend::new(path);
        assert!(!store.describe().contains(r"\\?\"), "{}", store.describe());
        let error = precise(store.load()).to_string();
        assert!(error.contains("store.json") && !error.contains(r"\\?\"), "{error}");
        let guard = store.lock(Duration::ZERO).unwrap();
        let busy =
            precise(FileBackend::new(&dir.join("store.json")).lock(Duration::ZERO).map(drop));
        assert!(!busy.to_string().contains(r"\\?\"), "{busy}");
        drop(guard);
    }
}

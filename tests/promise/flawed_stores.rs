//! Tests of stores as people write them, each with a flaw that only another process, a reopened store or a
//! power cut can show. The report has to say what is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant::backend::{BackendError, FileBackend, FileLock, Guard, LockKind, Record};
use evergrant::sandbox::contract::{self, Contract, Report};
use evergrant::{BoxError, TokenBackend};

use crate::support::TempDir;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    /// Reads the file once and then answers from memory.
    Caches,
    /// Compares with the record in memory, not with the file.
    ComparesWithItsMemory,
    /// Writes only when the store is dropped.
    WritesLate,
    /// The lock excludes other threads, but not other processes.
    LocksThreads,
    /// The lock is a file that a dead process leaves behind.
    LeavesItsLock,
    /// Stores only the token.
    ThreeColumns,
    /// Stores all but the refresh note.
    DropsTheNote,
}

/// The memory that all handles of a process share, by the store's path.
static MEMORY: Mutex<Vec<(PathBuf, Record)>> = Mutex::new(Vec::new());
static THREADS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

struct Flawed {
    flaw: Flaw,
    path: PathBuf,
    late: Mutex<Option<Record>>,
}

impl Flawed {
    fn new(flaw: Flaw, path: &Path) -> Flawed {
        Flawed { flaw, path: path.to_owned(), late: Mutex::default() }
    }

    fn file(&self) -> FileBackend {
        FileBackend::new(&self.path)
    }

    fn memory(&self) -> Option<Record> {
        let memory = MEMORY.lock().unwrap();
        memory.iter().find(|(path, _)| *path == self.path).map(|(_, record)| record.clone())
    }

    fn remember(&self, record: Option<&Record>) {
        let mut memory = MEMORY.lock().unwrap();
        memory.retain(|(path, _)| *path != self.path);
        memory.extend(record.map(|record| (self.path.clone(), record.clone())));
    }

    /// Writes a record into the file, whatever the file contains.
    fn force(&self, record: &Record) -> Result<(), BoxError> {
        Ok(fs::write(&self.path, record.to_json()?)?)
    }
}

impl TokenBackend for Flawed {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        match self.flaw {
            Flaw::Caches => {
                if self.memory().is_none() {
                    self.remember(self.file().load()?.as_ref());
                }
                Ok(self.memory())
            }
            Flaw::WritesLate if self.late.lock().unwrap().is_some() => {
                Ok(self.late.lock().unwrap().clone())
            }
            Flaw::ThreeColumns => {
                Ok(self.file().load()?.map(|record| Record::from(record.token().clone())))
            }
            Flaw::DropsTheNote => {
                let Some(record) = self.file().load()? else { return Ok(None) };
                let mut value = serde_json::to_value(&record)?;
                value.as_object_mut().unwrap().remove("note");
                Ok(Some(serde_json::from_value(value)?))
            }
            _ => self.file().load(),
        }
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        match self.flaw {
            Flaw::ComparesWithItsMemory => {
                let known = match self.memory() {
                    Some(known) => Some(known),
                    None => self.file().load()?,
                };
                if !record.may_replace(known.as_ref()) {
                    return Err(BackendError::Conflict(self.describe()).into());
                }
                self.force(record)?;
            }
            Flaw::WritesLate => {
                *self.late.lock().unwrap() = Some(record.clone());
                return Ok(());
            }
            Flaw::ThreeColumns | Flaw::DropsTheNote => self.force(record)?,
            _ => self.file().save(record)?,
        }
        self.remember(Some(record));
        Ok(())
    }

    fn clear(&self) -> Result<(), BoxError> {
        *self.late.lock().unwrap() = None;
        self.remember(None);
        self.file().clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        let busy = || BackendError::Busy(self.describe()).into();
        match self.flaw {
            Flaw::LocksThreads => {
                let mut taken = THREADS.lock().unwrap();
                if taken.contains(&self.path) {
                    return Err(busy());
                }
                taken.push(self.path.clone());
                Ok(Guard::freed_by_death(ThreadLock(self.path.clone())))
            }
            Flaw::LeavesItsLock => {
                let lock = self.path.with_extension("pid");
                match fs::File::create_new(&lock) {
                    Ok(_) => Ok(Guard::freed_by_death(LockFile(lock))),
                    Err(_) => Err(busy()),
                }
            }
            _ => FileLock::new(self.path.with_extension("lock")).lock(wait),
        }
    }
}

impl Drop for Flawed {
    fn drop(&mut self) {
        if let Some(record) = self.late.get_mut().unwrap().take() {
            self.force(&record).unwrap();
        }
    }
}

struct ThreadLock(PathBuf);

impl Drop for ThreadLock {
    fn drop(&mut self) {
        THREADS.lock().unwrap().retain(|path| *path != self.0);
    }
}

struct LockFile(PathBuf);

impl Drop for LockFile {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

const FLAWS: [(&str, Flaw); 7] = [
    ("caches", Flaw::Caches),
    ("memory", Flaw::ComparesWithItsMemory),
    ("late", Flaw::WritesLate),
    ("threads", Flaw::LocksThreads),
    ("leaves", Flaw::LeavesItsLock),
    ("columns", Flaw::ThreeColumns),
    ("note", Flaw::DropsTheNote),
];

/// Runs in the second process of the contract suite. The name of the file says which flaw the store has.
#[test]
fn flawed_store() {
    contract::worker(|path| {
        let path = Path::new(path);
        let name = path.file_stem().unwrap();
        let (_, flaw) = FLAWS.iter().find(|(known, _)| name == *known).unwrap();
        Flawed::new(*flaw, path)
    });
}

fn report(dir: &TempDir, flaw: Flaw) -> Report {
    let (name, _) = FLAWS.iter().find(|(_, known)| *known == flaw).unwrap();
    let path = dir.join(format!("{name}.json"));
    let contract = Contract::new(|| Flawed::new(flaw, &path))
        .locks(LockKind::FreedByDeath)
        .compares(matches!(flaw, Flaw::Caches | Flaw::ComparesWithItsMemory))
        .in_second_process("flawed_stores::flawed_store", path.to_str().unwrap());
    contract.check()
}

#[track_caller]
fn found(report: &Report, check: &str, reason: &str) {
    let reasons = report.failed.iter().filter(|(name, _)| *name == check);
    assert!(reasons.clone().any(|(_, found)| found.contains(reason)), "{check}:\n{report}");
}

#[test]
fn a_second_process_finds_flaws_that_one_process_cannot_see() {
    let dir = TempDir::new();
    let seen_late = ["a reopened store has the saved record", "nothing is stored"];
    let killed = ["the save of a killed process is kept", "nothing is stored"];
    let stale = ["a handle reads what others have saved", "not what others have saved since"];
    let blind = [
        "two processes see each other's saves",
        "does not see the record that a second process saved",
    ];
    let over = ["a save is compared with what others have saved", "a save overwrote a newer save"];
    let both = ["the lock excludes a second process", "got the lock, which this process still has"];
    let stays = ["the lock of a killed process is released", "after its process was killed"];
    let flaws: [(Flaw, &[[&str; 2]]); 5] = [
        (Flaw::Caches, &[stale, blind]),
        (Flaw::ComparesWithItsMemory, &[over]),
        (Flaw::WritesLate, &[seen_late, killed]),
        (Flaw::LocksThreads, &[both]),
        (Flaw::LeavesItsLock, &[stays]),
    ];
    std::thread::scope(|scope| {
        for (flaw, checks) in flaws {
            let dir = &dir;
            scope.spawn(move || {
                let report = report(dir, flaw);
                checks.iter().for_each(|[check, reason]| found(&report, check, reason));
            });
        }
    });
}

#[test]
fn the_report_for_a_store_of_three_columns_names_the_loss() {
    let dir = TempDir::new();
    let (columns, note) = (report(&dir, Flaw::ThreeColumns), report(&dir, Flaw::DropsTheNote));
    let lost = "lost: [note], changed: [login, revision]). A store keeps the whole record";
    found(&columns, "a note and its successor are saved", lost);
    found(&columns, "a note and its successor are saved", "needs backend::TableBackend");
    found(&note, "a note and its successor are saved", "lost: [note], changed: []");
    found(&note, "a reopened store has the saved record", "lost: [note]");
}

/// A store whose disk is simulated: what was not flushed is gone after a power cut.
struct Cached<'a> {
    written: &'a Mutex<Option<Record>>,
    flushed: &'a Mutex<Option<Record>>,
    flushes: &'a AtomicBool,
}

impl TokenBackend for Cached<'static> {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        Ok(self.written.lock().unwrap().clone())
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        *self.written.lock().unwrap() = Some(record.clone());
        if self.flushes.load(Ordering::Relaxed) {
            *self.flushed.lock().unwrap() = Some(record.clone());
        }
        Ok(())
    }
    fn clear(&self) -> Result<(), BoxError> {
        *self.written.lock().unwrap() = None;
        *self.flushed.lock().unwrap() = None;
        Ok(())
    }
}

#[test]
fn a_power_cut_finds_a_store_that_does_not_flush() {
    static WRITTEN: Mutex<Option<Record>> = Mutex::new(None);
    static FLUSHED: Mutex<Option<Record>> = Mutex::new(None);
    static FLUSHES: AtomicBool = AtomicBool::new(false);
    let open = || Cached { written: &WRITTEN, flushed: &FLUSHED, flushes: &FLUSHES };
    let cut = || {
        let kept = FLUSHED.lock().unwrap().clone();
        *WRITTEN.lock().unwrap() = kept;
    };
    let check = "a saved record survives a power cut";
    let without = Contract::new(open).check();
    assert!(without.not_checked().any(|(name, _)| name == check), "{without}");
    found(&Contract::new(open).power_cut(cut).check(), check, "after the power was cut");
    FLUSHES.store(true, Ordering::Relaxed);
    let flushing = Contract::new(open).power_cut(cut).check();
    assert!(flushing.passed.contains(&check), "{flushing}");
}

#[test]
fn a_second_process_that_is_no_worker_is_a_failure() {
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let contract = Contract::new(|| FileBackend::new(&path))
        .in_second_process("no::such::test", path.to_str().unwrap());
    let check = "two processes see each other's saves";
    found(&contract.check(), check, "Is there a test called no::such::test");
}

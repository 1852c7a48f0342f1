//! Tests of the contract, and that the suite finds a backend that breaks it.

use std::sync::Arc;
use std::time::Duration;

use evergrant::backend::Record;
use evergrant::backend::{FileBackend, Guard, LockKind, MemoryBackend};
use evergrant::sandbox::contract::{self, Contract, Report};
use evergrant::{BoxError, TokenBackend};

use crate::support::TempDir;

/// The check that is skipped for a store in a file, and the reason for skipping it.
const FLUSHES: (&str, &str) =
    ("a saved record survives a power cut", "strace sees each flush, in strace.rs");

#[test]
fn the_memory_backend_keeps_the_contract() {
    let store = MemoryBackend::new();
    let contract = Contract::new(|| store.clone()).compares(true).locks(LockKind::FreedByDeath);
    let raw = "a damaged record is an error and is not overwritten";
    let report =
        contract.without(raw, "a store in memory has no bytes that could be damaged").check();
    report.assert();
    let (alone, all) = (report.passed.len(), report.passed.len() + report.excused.len());
    assert_eq!((alone, all), (18, 28), "{report}");
}

#[test]
fn the_file_backend_keeps_the_contract() {
    contract::worker(|path| FileBackend::new(path));
    let dir = TempDir::new();
    let path = dir.join("store.json");
    let report = Contract::new(|| FileBackend::new(&path))
        .compares(true)
        .locks(LockKind::FreedByDeath)
        .raw(|bytes| std::fs::write(&path, bytes).unwrap())
        .reopen(|| FileBackend::new(&path))
        .in_second_process("contract::the_file_backend_keeps_the_contract", path.to_str().unwrap())
        .without(FLUSHES.0, FLUSHES.1)
        .check();
    report.assert();
    assert_eq!(report.passed.len(), 27, "{report}");
}

#[test]
fn an_undeclared_property_is_reported_and_does_not_pass() {
    let store = Broken::new(Flaw::NeverCompares);
    let report = Contract::new(|| store.clone()).check();
    assert!(report.failed.is_empty() && report.excused.is_empty(), "{report}");
    assert_eq!((report.passed.len(), report.skipped.len()), (10, 18), "{report}");
    assert_eq!(report.not_checked().count(), 18);
    assert!(report.not_checked().all(|(_, reason)| !reason.is_empty()));
    let said = report.to_string();
    let flushes = "not checked: a saved record survives a power cut: the suite needs power_cut, to see \
                   whether save flushes";
    assert!(said.contains(flushes), "{said}");
    assert!(said.ends_with("10 checks passed, 0 failed, 18 were not run\n"), "{said}");
    let panic = std::panic::catch_unwind(|| report.assert()).unwrap_err();
    let said = panic.downcast::<String>().unwrap();
    assert!(said.starts_with("the backend was not fully checked"), "{said}");
}

#[test]
fn a_check_is_skipped_only_by_name_and_with_a_reason() {
    let store = MemoryBackend::new();
    let contract = Contract::new(|| store.clone()).compares(false).locks(LockKind::None);
    let left_out =
        contract.without("a damaged record is an error and is not overwritten", "memory");
    let report = left_out.check();
    report.assert();
    assert_eq!(report.not_checked().count(), 18, "{report}");
    let contract = Contract::new(|| store.clone()).without("no such check", "a typing error");
    let report = contract.check();
    assert_eq!(report.failed, [("no such check", "no check has this name".to_owned())]);
}

/// A store with one flaw.
#[derive(Clone)]
struct Broken {
    flaw: Flaw,
    store: MemoryBackend,
    previous: Arc<std::sync::Mutex<Option<Record>>>,
    plain: Arc<std::sync::Mutex<Option<Record>>>,
    bytes: Arc<std::sync::Mutex<Option<Vec<u8>>>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    Forgets,
    Tears,
    NeverCompares,
    LockDoesNotLock,
    BorrowedGuard,
    NoneOnError,
    ShowsTokens,
    NeverClears,
    DropsUnknownMembers,
}

impl Broken {
    fn new(flaw: Flaw) -> Broken {
        Broken {
            flaw,
            store: MemoryBackend::new(),
            previous: Arc::default(),
            plain: Arc::default(),
            bytes: Arc::default(),
        }
    }

    fn report(flaw: Flaw) -> Report {
        let broken = Broken::new(flaw);
        Contract::new(|| broken.clone())
            .compares(true)
            .locks(LockKind::FreedByDeath)
            .raw(|bytes| *broken.bytes.lock().unwrap() = Some(bytes.to_vec()))
            .reset(|| {
                broken.store.clear().unwrap();
                *broken.plain.lock().unwrap() = None;
                *broken.previous.lock().unwrap() = None;
                *broken.bytes.lock().unwrap() = None;
            })
            .check()
    }
}

impl TokenBackend for Broken {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        if let Some(bytes) = &*self.bytes.lock().unwrap() {
            return match Record::from_json(bytes) {
                Err(_) if self.flaw == Flaw::NoneOnError => Ok(None),
                read => read.map(Some),
            };
        }
        if self.flaw == Flaw::NeverCompares {
            return Ok(self.plain.lock().unwrap().clone());
        }
        let stored = self.store.load()?;
        match (self.flaw, stored, &*self.previous.lock().unwrap()) {
            (Flaw::Forgets, _, _) => Ok(None),
            (Flaw::Tears, Some(stored), Some(previous)) => {
                let mut value = serde_json::to_value(&stored)?;
                value["token"]["access_token"] = previous.token().access_token().expose().into();
                Ok(Some(serde_json::from_value(value)?))
            }
            (Flaw::DropsUnknownMembers, Some(stored), _) => {
                let mut value = serde_json::to_value(&stored)?;
                value.as_object_mut().unwrap().remove("later");
                Ok(Some(serde_json::from_value(value)?))
            }
            (_, stored, _) => Ok(stored),
        }
    }

    fn save(&self, record: &Record) -> Result<(), BoxError> {
        if self.bytes.lock().unwrap().is_some() {
            self.load()?;
        }
        *self.previous.lock().unwrap() = self.store.load()?;
        if self.flaw == Flaw::NeverCompares {
            *self.plain.lock().unwrap() = Some(record.clone());
            return Ok(());
        }
        let saved = self.store.save(record);
        if self.flaw == Flaw::ShowsTokens {
            saved.map_err(|_| record.token().access_token().expose().into())
        } else {
            saved
        }
    }

    fn clear(&self) -> Result<(), BoxError> {
        if self.flaw == Flaw::NeverClears {
            return Ok(());
        }
        *self.plain.lock().unwrap() = None;
        self.store.clear()
    }

    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        match self.flaw {
            Flaw::LockDoesNotLock => Ok(Guard::freed_by_death(())),
            Flaw::BorrowedGuard => {
                self.store.lock(wait).map(drop)?;
                Ok(Guard::freed_by_death(()))
            }
            _ => self.store.lock(wait),
        }
    }
}

#[test]
fn each_flaw_is_found_by_its_check() {
    for (flaw, check) in [
        (Flaw::Forgets, "every handle reads a saved record unchanged"),
        (Flaw::Tears, "a reader never sees parts of two records"),
        (Flaw::NeverCompares, "a save over another record is refused"),
        (Flaw::NeverCompares, "a save after clear is refused"),
        (Flaw::LockDoesNotLock, "the lock excludes others until its guard is dropped"),
        (Flaw::LockDoesNotLock, "a busy lock with a wait of zero fails at once"),
        (Flaw::BorrowedGuard, "the guard outlives its handle"),
        (Flaw::BorrowedGuard, "the guard may move to another thread"),
        (Flaw::NoneOnError, "a damaged record is an error and is not overwritten"),
        (Flaw::ShowsTokens, "messages show no token"),
        (Flaw::NeverClears, "clear removes the record, and may be repeated"),
        (Flaw::DropsUnknownMembers, "unknown members survive"),
    ] {
        let report = Broken::report(flaw);
        assert!(
            report.failed.iter().any(|(name, _)| *name == check),
            "{flaw:?} was not found:\n{report}"
        );
    }
}

#[test]
#[should_panic(
    expected = "failed:      clear removes the record, and may be repeated: an empty store has a record"
)]
fn a_failed_check_is_a_panic_that_names_it() {
    Broken::report(Flaw::NeverClears).assert();
}

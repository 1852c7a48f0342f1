//! A test suite for the contract of [`TokenBackend`], for any backend.
//!
//! One short test checks a whole backend whose lock works between processes. In this example,
//! `Own::open` is the function that opens the store by its name:
//!
//! ```no_run
//! # use evergrant::{BoxError, TokenBackend, backend::Record};
//! # struct Own;
//! # impl Own { fn open(name: &str) -> Own { Own } }
//! # impl TokenBackend for Own {
//! #     fn load(&self) -> Result<Option<Record>, BoxError> { Ok(None) }
//! #     fn save(&self, _: &Record) -> Result<(), BoxError> { Ok(()) }
//! #     fn clear(&self) -> Result<(), BoxError> { Ok(()) }
//! # }
//! use evergrant::backend::LockKind;
//! use evergrant::sandbox::contract::{self, Contract};
//!
//! # const IGNORED: &str = stringify! {
//! #[test]
//! # };
//! fn own_keeps_the_contract() {
//!     contract::worker(Own::open); // The second process starts here.
//!     let name = format!("/tmp/own-{}", std::process::id());
//!     Contract::new(|| Own::open(&name))
//!         .compares(true)
//!         .locks(LockKind::FreedByDeath)
//!         .raw(|bytes| std::fs::write(&name, bytes).unwrap())
//!         .in_second_process("own_keeps_the_contract", &name)
//!         .without("a saved record survives a power cut", "seen with strace, in tests/own.rs")
//!         .check()
//!         .assert();
//! }
//! ```
//!
//! Some checks need information that only the author of the backend has. [`Report::assert`] fails for each
//! check that was neither run nor excused, so a passing test leaves nothing unchecked without a reason.
//! The suite cannot see by itself whether `save` flushes: see [`Contract::power_cut`].

mod accounts;
mod checks;
mod outside;
mod report;
mod worker;

use std::fmt;

use self::checks::Needs;
use crate::backend::{Durability, LockKind, TokenBackend};
use crate::error::BoxError;
use crate::record::{Holder, Note, Record};
use crate::token::Token;

pub use accounts::accounts;
pub use report::Report;
pub use worker::worker;

/// The checks and the author's statements about the backend. Each check begins with an empty store.
#[must_use = "the checks run in `Contract::check`"]
pub struct Contract<'a> {
    open: Open<'a>,
    reopen: Option<Open<'a>>,
    process: Option<(String, String)>,
    reset: Option<Box<dyn Fn() + Sync + 'a>>,
    raw: Option<Box<Raw<'a>>>,
    power_cut: Option<Box<dyn Fn() + Sync + 'a>>,
    compares: Option<bool>,
    locks: Option<LockKind>,
    without: Vec<(&'static str, String)>,
}

type Open<'a> = Box<dyn Fn() -> Box<dyn TokenBackend> + Sync + 'a>;
type Raw<'a> = dyn Fn(&[u8]) + Sync + 'a;

/// The record that a client saves after a refresh: it replaces `record`, in the same login, with another
/// token.
pub fn successor(record: &Record, token: Token) -> Record {
    let mut next = record.next();
    next.generation = next.generation.saturating_add(1);
    next.token = token;
    next.note = None;
    next
}

/// The record that a client saves before it sends a refresh token: it replaces `record` and has a refresh
/// note, which announces the record that follows.
pub fn noted(record: &Record) -> Record {
    let mut next = record.next();
    let now = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
    next.note = Some(Note {
        fingerprint: record.token.refresh_token().map(|t| t.fingerprint()).unwrap_or_default(),
        nonce: "nonce".to_owned(),
        holder: Holder::this(),
        sent_at: now,
        deadline: now + time::Duration::minutes(5),
        attempts: 1,
        answered: false,
        not_before: None,
        unanswered_since: None,
        early: false,
        seen: Vec::new(),
        unknown: serde_json::Map::new(),
    });
    next
}

impl<'a> Contract<'a> {
    /// Makes a suite for the store that `open` opens. Each call must open the same store: two handles play two
    /// threads.
    pub fn new<B: TokenBackend + 'static>(open: impl Fn() -> B + Sync + 'a) -> Contract<'a> {
        Contract {
            open: Box::new(move || Box::new(open())),
            reopen: None,
            process: None,
            reset: None,
            raw: None,
            power_cut: None,
            compares: None,
            locks: None,
            without: Vec::new(),
        }
    }

    /// States whether `save` compares: it then refuses a record that was not made from the stored record. The
    /// suite checks this in any case if [`TokenBackend::compares`] says so.
    pub fn compares(mut self, compares: bool) -> Contract<'a> {
        self.compares = Some(compares);
        self
    }

    /// States the kind of the backend's lock; [`LockKind::None`] for a backend without a lock.
    pub fn locks(mut self, locks: LockKind) -> Contract<'a> {
        self.locks = Some(locks);
        self
    }

    /// Sets how to open the store as a new process would: the handle shares no memory with other handles. The
    /// suite then finds a store that caches a record and never reads it again.
    ///
    /// [`Contract::in_second_process`] checks more and makes `reopen` unnecessary.
    pub fn reopen<B: TokenBackend + 'static>(
        mut self,
        reopen: impl Fn() -> B + Sync + 'a,
    ) -> Contract<'a> {
        self.reopen = Some(Box::new(move || Box::new(reopen())));
        self
    }

    /// Enables the checks that need a second process. The suite starts `test` of this test program again. The
    /// test `test` must begin with [`worker`], which opens the store by the name `store`.
    ///
    /// `test` is the name as the test runner prints it, with modules: `stores::own::it_keeps`. The test that
    /// runs the suite may name itself.
    pub fn in_second_process(
        mut self,
        test: impl Into<String>,
        store: impl Into<String>,
    ) -> Contract<'a> {
        self.process = Some((test.into(), store.into()));
        self
    }

    /// Sets how to empty the store. The default calls `clear`.
    pub fn reset(mut self, reset: impl Fn() + Sync + 'a) -> Contract<'a> {
        self.reset = Some(Box::new(reset));
        self
    }

    /// Sets how to write bytes in place of the stored record, without the backend. With this function the
    /// suite checks that a damaged record is an error and never "nothing stored".
    pub fn raw(mut self, raw: impl Fn(&[u8]) + Sync + 'a) -> Contract<'a> {
        self.raw = Some(Box::new(raw));
        self
    }

    /// Sets how to simulate a power cut: discard everything that was not flushed (a simulated disk, a crashed
    /// server, a virtual machine). The suite calls `cut` after a `save` has returned, then opens the store
    /// again.
    ///
    /// Without `cut` the suite cannot tell whether the store flushes.
    pub fn power_cut(mut self, cut: impl Fn() + Sync + 'a) -> Contract<'a> {
        self.power_cut = Some(Box::new(cut));
        self
    }

    /// Skips a check for a reason: the check cannot run here, or another test makes the same check. The
    /// report repeats the reason.
    pub fn without(mut self, check: &'static str, reason: impl Into<String>) -> Contract<'a> {
        self.without.push((check, reason.into()));
        self
    }

    /// Runs all checks. A run takes a second or two on a disk.
    pub fn check(&self) -> Report {
        let mut report = Report::default();
        for (name, _) in &self.without {
            if !checks::all().any(|(known, _, _)| known == *name) {
                report.failed.push((name, "no check has this name".to_owned()));
            }
        }
        let durability = self.open().durability();
        for (name, needs, check) in checks::all() {
            if let Some(reason) = self.excuse(name, needs, durability) {
                report.excused.push((name, reason));
            } else if let Some(lack) = needs.iter().find_map(|need| self.lacks(*need)) {
                report.skipped.push((name, lack.to_owned()));
            } else {
                match self.empty().and_then(|()| check(self)) {
                    Ok(()) => report.passed.push(name),
                    Err(reason) => report.failed.push((name, reason.to_string())),
                }
            }
        }
        report
    }

    /// The reason why a check does not apply, from a statement of the author or of the backend.
    fn excuse(&self, name: &str, needs: &[Needs], durability: Durability) -> Option<String> {
        if let Some((_, reason)) = self.without.iter().find(|(left, _)| *left == name) {
            return Some(reason.clone());
        }
        let by_declaration = |need: &Needs| match (need, durability) {
            (Needs::Compare, _) if self.compares == Some(false) && !self.open().compares() => {
                Some("its save does not compare")
            }
            (Needs::Lock | Needs::LockFreedByDeath, _) if self.locks == Some(LockKind::None) => {
                Some("it has no lock")
            }
            (Needs::LockFreedByDeath, _) if self.locks == Some(LockKind::Lease) => {
                Some("its lock is a lease, which expires")
            }
            (Needs::Fresh | Needs::Process | Needs::PowerCut, Durability::Memory) => {
                Some("the store says that its records do not outlive the process (durability)")
            }
            (Needs::PowerCut, Durability::Process) => {
                Some("its durability says that a power cut may undo a save")
            }
            _ => None,
        };
        needs.iter().find_map(by_declaration).map(str::to_owned)
    }

    /// The missing information for a check.
    fn lacks(&self, need: Needs) -> Option<&'static str> {
        match need {
            Needs::Compare => (self.compares.is_none() && !self.open().compares())
                .then_some("the suite needs compares: whether save compares"),
            Needs::Lock | Needs::LockFreedByDeath => {
                self.locks.is_none().then_some("the suite needs locks: the kind of the lock")
            }
            Needs::Raw => self.raw.is_none().then_some("the suite needs raw, to damage a record"),
            Needs::Fresh => (self.reopen.is_none() && self.process.is_none()).then_some(
                "the suite needs reopen or in_second_process, to open the store as a new process does",
            ),
            Needs::Process => {
                self.process.is_none().then_some("the suite needs in_second_process")
            }
            Needs::PowerCut => self.power_cut.is_none().then_some(
                "the suite needs power_cut, to see whether save flushes",
            ),
        }
    }

    fn open(&self) -> Box<dyn TokenBackend> {
        (self.open)()
    }

    fn empty(&self) -> Result<(), BoxError> {
        match &self.reset {
            Some(reset) => reset(),
            None => self.open().clear()?,
        }
        Ok(())
    }
}

impl fmt::Debug for Contract<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("compares", &self.compares)
            .field("locks", &self.locks)
            .finish_non_exhaustive()
    }
}

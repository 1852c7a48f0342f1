//! The contract of [`TokenBackend`] as a test, for any backend.
//!
//! A backend of one's own that keeps processes apart is checked in full by one test of a few lines.
//! `Own::open` stands for whatever opens it by a name:
//!
//! ```no_run
//! # use evergrant::{BoxError, Guard, TokenBackend, backend::Record};
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
//!     contract::worker(Own::open); // What the second process does.
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
//! What the suite is not told it cannot check, and [`Report::assert`] fails for each check that was
//! neither run nor excused: a test that is green says what it has looked at. One thing it never sees
//! by itself is whether `save` flushes: see [`Contract::power_cut`].

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

pub use report::Report;
pub use worker::worker;

/// The checks, and what the backend says of itself. Each check begins with an empty store.
#[must_use = "the checks run in `Contract::run`"]
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

/// The record that follows `record` in its login, with another token, and replaces it: what a client
/// saves after a refresh.
pub fn successor(record: &Record, token: Token) -> Record {
    let mut next = record.next();
    next.generation = next.generation.saturating_add(1);
    next.token = token;
    next.note = None;
    next
}

/// The record that announces a successor of `record` and replaces it: what a client saves before it
/// sends a refresh token.
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
        unlocked: false,
        seen: Vec::new(),
        unknown: serde_json::Map::new(),
    });
    next
}

impl<'a> Contract<'a> {
    /// For a store that `open` opens, every time the same one: two handles stand for two threads.
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

    /// Whether `save` compares, and refuses a record that does not follow the stored one.
    pub fn compares(mut self, compares: bool) -> Contract<'a> {
        self.compares = Some(compares);
        self
    }

    /// Of which kind its lock is; [`LockKind::None`] for a backend without one.
    pub fn locks(mut self, locks: LockKind) -> Contract<'a> {
        self.locks = Some(locks);
        self
    }

    /// How to open the store as a new process would: a handle that shares nothing in memory with
    /// another. With it a store is found out that keeps what it has read and never reads again.
    ///
    /// It is not needed beside [`Contract::in_second_process`], which sees more.
    pub fn reopen<B: TokenBackend + 'static>(
        mut self,
        reopen: impl Fn() -> B + Sync + 'a,
    ) -> Contract<'a> {
        self.reopen = Some(Box::new(move || Box::new(reopen())));
        self
    }

    /// For the checks that need a second process: `test` of this test program is started again, and
    /// has to begin with [`worker`], which opens the store by the name `store`.
    ///
    /// `test` is the name as the test runner prints it, with its modules: `stores::own::it_keeps`. The
    /// test that runs the suite may name itself.
    pub fn in_second_process(
        mut self,
        test: impl Into<String>,
        store: impl Into<String>,
    ) -> Contract<'a> {
        self.process = Some((test.into(), store.into()));
        self
    }

    /// How to empty the store; without it, by `clear`.
    pub fn reset(mut self, reset: impl Fn() + Sync + 'a) -> Contract<'a> {
        self.reset = Some(Box::new(reset));
        self
    }

    /// How to put bytes where the store has a record, past the backend: for the check that a damaged
    /// record is an error and never "nothing stored".
    pub fn raw(mut self, raw: impl Fn(&[u8]) + Sync + 'a) -> Contract<'a> {
        self.raw = Some(Box::new(raw));
        self
    }

    /// How to make of the store what a power cut would make of it now: to throw away everything that
    /// was not flushed (a simulated disk, a crashed server, a virtual machine). It is called after a
    /// `save` has returned, and the store is opened again afterwards.
    ///
    /// Without it nobody can tell from inside whether a store flushes.
    pub fn power_cut(mut self, cut: impl Fn() + Sync + 'a) -> Contract<'a> {
        self.power_cut = Some(Box::new(cut));
        self
    }

    /// Leaves a check out, and says why: because it cannot be run here, or is done elsewhere. The
    /// report repeats the reason.
    pub fn without(mut self, check: &'static str, reason: impl Into<String>) -> Contract<'a> {
        self.without.push((check, reason.into()));
        self
    }

    /// Runs all the checks. Takes a second or two on a disk.
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

    /// Why a check does not apply, by somebody's word.
    fn excuse(&self, name: &str, needs: &[Needs], durability: Durability) -> Option<String> {
        if let Some((_, reason)) = self.without.iter().find(|(left, _)| *left == name) {
            return Some(reason.clone());
        }
        let by_declaration = |need: &Needs| match (need, durability) {
            (Needs::Compare, _) if self.compares == Some(false) => {
                Some("its save does not compare")
            }
            (Needs::Lock | Needs::LockFreedByDeath, _) if self.locks == Some(LockKind::None) => {
                Some("it has no lock")
            }
            (Needs::LockFreedByDeath, _) if self.locks == Some(LockKind::Lease) => {
                Some("its lock is a lease, which ends by time")
            }
            (Needs::Fresh | Needs::Process | Needs::PowerCut, Durability::Memory) => {
                Some("it says that it ends with the process")
            }
            (Needs::PowerCut, Durability::Process) => {
                Some("it says that a power cut may undo a save")
            }
            _ => None,
        };
        needs.iter().find_map(by_declaration).map(str::to_owned)
    }

    /// What the suite was not told.
    fn lacks(&self, need: Needs) -> Option<&'static str> {
        match need {
            Needs::Compare => {
                self.compares.is_none().then_some("whether its save compares was not declared")
            }
            Needs::Lock | Needs::LockFreedByDeath => {
                self.locks.is_none().then_some("the kind of its lock was not declared")
            }
            Needs::Raw => self.raw.is_none().then_some("no way to damage a record was given (raw)"),
            Needs::Fresh => (self.reopen.is_none() && self.process.is_none()).then_some(
                "no way to open it as a new process would was given (reopen or in_second_process)",
            ),
            Needs::Process => {
                self.process.is_none().then_some("no second process was given (in_second_process)")
            }
            Needs::PowerCut => self.power_cut.is_none().then_some(
                "whether save flushes cannot be seen: no way to cut the power was given (power_cut)",
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

//! The contract of [`TokenBackend`] as a test, for any backend.
//!
//! ```
//! use evergrant::backend::{LockKind, MemoryBackend};
//! use evergrant::sandbox::contract::Contract;
//!
//! let store = MemoryBackend::new();
//! let report = Contract::new(|| store.clone())
//!     .compares(true)
//!     .locks(LockKind::FreedByDeath)
//!     .check();
//! report.assert();
//! ```

mod checks;

use std::fmt;

use crate::backend::{LockKind, TokenBackend};
use crate::error::BoxError;
use crate::record::{Holder, Note, Record};
use crate::token::Token;

/// The checks, and what the backend says of itself. Each check begins with an empty store.
pub struct Contract<'a> {
    open: Box<dyn Fn() -> Box<dyn TokenBackend> + Sync + 'a>,
    reset: Option<Box<dyn Fn() + Sync + 'a>>,
    raw: Option<Box<Raw<'a>>>,
    compares: bool,
    locks: LockKind,
}

type Raw<'a> = dyn Fn(&[u8]) + Sync + 'a;

/// What the checks found.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Report {
    /// Checks that passed.
    pub passed: Vec<&'static str>,
    /// Checks that did not, with the reason.
    pub failed: Vec<(&'static str, String)>,
    /// Checks that do not apply, with the reason.
    pub skipped: Vec<(&'static str, String)>,
}

impl Report {
    /// Panics with the whole report if a check failed.
    #[allow(clippy::panic)] // It is an assertion.
    #[track_caller]
    pub fn assert(&self) {
        if !self.failed.is_empty() {
            panic!("the backend breaks its contract\n{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, reason) in &self.failed {
            writeln!(f, "failed:  {name}: {reason}")?;
        }
        for (name, reason) in &self.skipped {
            writeln!(f, "skipped: {name}: {reason}")?;
        }
        self.passed.iter().try_for_each(|name| writeln!(f, "passed:  {name}"))
    }
}

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
    /// For a store that `open` opens, every time anew and every time the same one: two handles stand
    /// for two processes.
    ///
    /// Nothing is expected of it but the three methods until it is declared.
    pub fn new<B: TokenBackend + 'static>(open: impl Fn() -> B + Sync + 'a) -> Contract<'a> {
        Contract {
            open: Box::new(move || Box::new(open())),
            reset: None,
            raw: None,
            compares: false,
            locks: LockKind::None,
        }
    }

    /// Whether `save` compares, and refuses a record that does not follow the stored one.
    pub fn compares(mut self, compares: bool) -> Contract<'a> {
        self.compares = compares;
        self
    }

    /// Of which kind its lock is.
    pub fn locks(mut self, locks: LockKind) -> Contract<'a> {
        self.locks = locks;
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

    /// Runs all the checks. Takes a second or two on a disk.
    pub fn check(&self) -> Report {
        let mut report = Report::default();
        for (name, needs, check) in checks::ALL {
            let lacks = match needs {
                checks::Needs::Nothing => None,
                checks::Needs::Compare => (!self.compares).then_some("its save does not compare"),
                checks::Needs::Lock => (self.locks == LockKind::None).then_some("it has no lock"),
                checks::Needs::Raw => self.raw.is_none().then_some("no way to damage it was given"),
            };
            if let Some(reason) = lacks {
                report.skipped.push((name, reason.to_owned()));
                continue;
            }
            match self.empty().and_then(|()| check(self)) {
                Ok(()) => report.passed.push(name),
                Err(reason) => report.failed.push((name, reason.to_string())),
            }
        }
        report
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

//! The result of the checks.

use std::fmt;

/// The result of the checks, and the checks that were not run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use]
pub struct Report {
    /// The checks that passed.
    pub passed: Vec<&'static str>,
    /// The checks that failed, with the reason.
    pub failed: Vec<(&'static str, String)>,
    /// The checks that were not run because information was missing, with the name of the missing
    /// information. [`Report::assert`] fails if this list is not empty.
    pub skipped: Vec<(&'static str, String)>,
    /// The checks that were not run for a reason that the author or the backend gave.
    pub excused: Vec<(&'static str, String)>,
}

impl Report {
    /// Panics with the whole report if a check failed, or was not run without a reason.
    ///
    /// A check runs if [`Contract`](super::Contract) has the information that the check needs. A check is
    /// excused by a declaration (`compares(false)`, `locks(LockKind::None)`, a `durability` that says
    /// [`Memory`](crate::backend::Durability::Memory)) or by
    /// [`Contract::without`](super::Contract::without).
    #[allow(clippy::panic)] // It is an assertion.
    #[track_caller]
    pub fn assert(&self) {
        if !self.failed.is_empty() {
            panic!("the backend breaks its contract\n{self}");
        }
        if !self.skipped.is_empty() {
            panic!(
                "the backend was not fully checked: give the suite what it needs, or excuse a \
                 check with Contract::without and a reason\n{self}"
            );
        }
    }

    /// All checks that were not run, with the reason. For these checks, only the author's statement
    /// supports the promise.
    pub fn not_checked(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = self.skipped.iter().chain(&self.excused);
        all.map(|(name, reason)| (*name, reason.as_str()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, reason) in &self.failed {
            writeln!(f, "failed:      {name}: {reason}")?;
        }
        for (name, reason) in self.not_checked() {
            writeln!(f, "not checked: {name}: {reason}")?;
        }
        for name in &self.passed {
            writeln!(f, "passed:      {name}")?;
        }
        let (passed, failed) = (self.passed.len(), self.failed.len());
        let not_checked = self.not_checked().count();
        writeln!(f, "{passed} checks passed, {failed} failed, {not_checked} were not run")
    }
}

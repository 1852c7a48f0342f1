//! What the checks found.

use std::fmt;

/// What the checks found, and which were not run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use]
pub struct Report {
    /// Checks that passed.
    pub passed: Vec<&'static str>,
    /// Checks that did not, with the reason.
    pub failed: Vec<(&'static str, String)>,
    /// Checks that were not run because the suite was not told enough, with what it was not told.
    /// [`Report::assert`] fails because of them.
    pub skipped: Vec<(&'static str, String)>,
    /// Checks that were not run because the author, or the backend itself, said why not.
    pub excused: Vec<(&'static str, String)>,
}

impl Report {
    /// Panics with the whole report if a check failed, or was not run and nobody said why.
    ///
    /// A check is run when [`Contract`](super::Contract) is told what the check needs; it is excused by
    /// a declaration (`compares(false)`, `locks(LockKind::None)`, a `durability` that says
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
                "the backend was not checked as a whole: give the suite what it lacks, or say why a \
                 check does not apply, with Contract::without\n{self}"
            );
        }
    }

    /// Everything that was not checked, with the reason: a promise that rests on the author's word.
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

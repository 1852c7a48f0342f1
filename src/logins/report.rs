//! What a sweep has done.

use std::fmt;
use std::time::Duration;

use crate::error::one_line;

/// How many accounts of each outcome a report names.
const NAMED: u64 = 1000;

/// What a sweep did with one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The login needs no refresh at present, or another process has just refreshed it.
    Kept,
    /// The sweep refreshed the login.
    Refreshed,
    /// The login is due and could not be refreshed now. The next sweep tries again.
    PutOff,
    /// The service issued a new token, and the store could not keep it. Only this process has the token. Keep
    /// the [`Logins`](super::Logins) and the process until the store works, and sweep again: the next sweep, or
    /// the next call of the account's client, saves the token. If the process ends first, the login may be lost.
    NotSaved,
    /// A person has to log in.
    NeedsPerson,
    /// The login could not be read or refreshed, and trying again does not help.
    Failed,
    /// The login was removed while the sweep ran.
    Gone,
}

/// How far a sweep is, after each login.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The account of the login that is done.
    pub account: &'a str,
    /// What the sweep did with the login.
    pub outcome: Outcome,
    /// Why the login was put off, was not saved, needs a person or failed.
    pub reason: Option<&'a str>,
    /// How many logins are done.
    pub done: u64,
    /// How many logins the sweep knows of so far.
    pub listed: u64,
    /// Whether `listed` is the number of all logins.
    pub all_listed: bool,
    /// How many logins are put off at present, and will be tried again by this sweep.
    pub waiting: usize,
}

/// An account that is not kept alive, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// The account.
    pub account: String,
    /// What the sweep did with the login.
    pub outcome: Outcome,
    /// The reason with all causes, in one line.
    pub reason: String,
}

/// The result of a sweep. The numbers count logins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Logins that needed no refresh, or that another process has just refreshed.
    pub kept: u64,
    /// Logins that this sweep refreshed.
    pub refreshed: u64,
    /// Logins that are due and could not be refreshed now.
    pub put_off: u64,
    /// Logins whose new token only this process has: [`Outcome::NotSaved`].
    pub not_saved: u64,
    /// Logins that need a person to log in again.
    pub need_person: u64,
    /// Logins that could not be read or refreshed for another reason.
    pub failed: u64,
    /// Logins that were removed while the sweep ran.
    pub gone: u64,
    /// How long the sweep took.
    pub took: Duration,
    /// The accounts that were put off, were not saved, need a person, or failed: the first 1,000 of each, in the
    /// order in which the sweep was done with them. A closure given to
    /// [`Sweep::on_progress`](super::Sweep::on_progress) learns of all.
    pub told: Vec<Told>,
    /// Why the names of further accounts could not be read, in one line. The sweep did not visit those
    /// accounts.
    pub unlisted: Option<String>,
}

impl Report {
    /// The number of all logins.
    pub fn total(&self) -> u64 {
        let kept = self.kept + self.refreshed + self.put_off + self.not_saved;
        kept + self.need_person + self.failed + self.gone
    }

    /// Whether every login is kept alive, and the names of all accounts could be read.
    pub fn is_well(&self) -> bool {
        let bad = self.put_off + self.not_saved + self.need_person + self.failed;
        bad == 0 && self.unlisted.is_none()
    }

    pub(super) fn add(&mut self, account: &str, outcome: Outcome, reason: Option<&str>) {
        let count = match outcome {
            Outcome::Kept => &mut self.kept,
            Outcome::Refreshed => &mut self.refreshed,
            Outcome::PutOff => &mut self.put_off,
            Outcome::NotSaved => &mut self.not_saved,
            Outcome::NeedsPerson => &mut self.need_person,
            Outcome::Failed => &mut self.failed,
            Outcome::Gone => &mut self.gone,
        };
        *count += 1;
        let is_named = *count <= NAMED;
        if let Some(reason) = reason.filter(|_| is_named) {
            let (account, reason) = (account.to_owned(), one_line(reason));
            self.told.push(Told { account, outcome, reason });
        }
    }
}

/// `10000 logins: 9200 kept, 790 refreshed, 4 put off, 5 need a person, 1 failed`. If there are any,
/// `, 3 not saved` follows.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { kept, refreshed, put_off, need_person, failed, .. } = self;
        write!(
            f,
            "{} logins: {kept} kept, {refreshed} refreshed, {put_off} put off, {need_person} need a person, \
             {failed} failed",
            self.total()
        )?;
        if self.not_saved > 0 {
            write!(f, ", {} not saved", self.not_saved)?;
        }
        match &self.unlisted {
            Some(reason) => write!(f, "; further accounts could not be listed: {reason}"),
            None => Ok(()),
        }
    }
}

/// `tenant-42: the service refused the refresh token`
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", one_line(&self.account), self.reason)
    }
}

//! Counts the work of all clients of one provider, in numbers that a program can export.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

use super::Outcome;
use crate::backend::{StoreStep, Watcher};
use crate::error::Error;
use crate::event::Event;

/// The work of [`Logins`](super::Logins) in this process. Each number only grows, except
/// [`Counters::clients`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// How many clients are kept at present.
    pub clients: usize,
    /// New logins by a person.
    pub logged_in: u64,
    /// Refreshes: access tokens that the service issued without a person.
    pub refreshed: u64,
    /// Access tokens that another process or host refreshed and these clients use.
    pub adopted: u64,
    /// Refreshes after a request that had no answer. These refreshes are counted in [`Counters::refreshed`],
    /// too.
    pub recovered: u64,
    /// Calls that waited for the lock of a store, and how long they waited in all.
    pub waits: u64,
    /// The time of all waits together.
    pub waited: Duration,
    /// Refreshes that were put off: by a call that went on with an access token that still works, or by a sweep
    /// (each login with [`Outcome::PutOff`](super::Outcome::PutOff)).
    pub put_off: u64,
    /// New tokens that could not be saved at once.
    pub saves_failed: u64,
    /// Logins that were found to need a person. A login may be found several times.
    pub need_person: u64,
    /// How often a client could not get an access token, and how often a sweep tried an account and could not keep
    /// it alive, by [`Error::kind`]. Calls that share one failure count once. Requests that an API refuses are not
    /// counted.
    pub failures: BTreeMap<&'static str, u64>,
    /// How often each step was done, and how long it took in all.
    pub steps: BTreeMap<Step, (u64, Duration)>,
}

/// A step of the work that is counted and timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// A record was read from the store.
    Load,
    /// A record was saved.
    Save,
    /// The lock of a store was asked for.
    Lock,
    /// A record was removed.
    Clear,
    /// A request was sent to the token endpoint.
    Request,
}

impl Step {
    /// A word for the step: `load`, `save`, `lock`, `clear`, `request`.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Load => "load",
            Step::Save => "save",
            Step::Lock => "lock",
            Step::Clear => "clear",
            Step::Request => "request",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The numbers, behind a lock.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counters>);

impl Tally {
    pub(super) fn snapshot(&self, clients: usize) -> Counters {
        Counters { clients, ..self.0.lock().clone() }
    }

    pub(super) fn took(&self, step: Step, time: Duration) {
        let mut counters = self.0.lock();
        let (count, total) = counters.steps.entry(step).or_default();
        *count += 1;
        *total = total.saturating_add(time);
    }

    pub(super) fn failed(&self, error: &Error) {
        *self.0.lock().failures.entry(error.kind()).or_default() += 1;
    }

    /// A sweep has finished with an account.
    pub(super) fn swept(&self, outcome: Outcome) {
        if outcome == Outcome::PutOff {
            self.0.lock().put_off += 1;
        }
    }

    /// A sweep has found a login that only a person can help, without an event of its client.
    pub(super) fn needs_person(&self) {
        self.0.lock().need_person += 1;
    }

    pub(super) fn count(&self, event: &Event) {
        let mut counters = self.0.lock();
        match event {
            Event::LoggedIn { .. } => counters.logged_in += 1,
            Event::Refreshed { .. } => counters.refreshed += 1,
            Event::Adopted { .. } => counters.adopted += 1,
            Event::Recovered { .. } => {
                counters.recovered += 1;
                counters.refreshed += 1;
            }
            Event::Waited { waited } => {
                counters.waits += 1;
                counters.waited = counters.waited.saturating_add(*waited);
            }
            Event::PutOff { .. } => counters.put_off += 1,
            Event::SaveFailed { .. } => counters.saves_failed += 1,
            Event::AuthorizationNeeded { .. } => counters.need_person += 1,
            Event::Warning { .. } => {}
        }
    }
}

/// Counts and times the steps of the stores.
impl Watcher for Tally {
    fn took(&self, step: StoreStep, time: Duration) {
        let step = match step {
            StoreStep::Load => Step::Load,
            StoreStep::Save => Step::Save,
            StoreStep::Clear => Step::Clear,
            StoreStep::Lock => Step::Lock,
        };
        Tally::took(self, step, time);
    }
}

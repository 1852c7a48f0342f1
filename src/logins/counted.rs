//! Counts and times the steps of a store.

use std::sync::Arc;
use std::time::Duration;

use super::counters::{Step, Tally};
use crate::backend::{Durability, Entry, Guard, Record, TokenBackend};
use crate::clock::Clock;
use crate::error::BoxError;

/// The store of one account, whose steps are counted.
pub(super) struct Counted {
    pub(super) store: Arc<dyn TokenBackend>,
    pub(super) tally: Arc<Tally>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Counted {
    fn timed<T>(&self, step: Step, work: impl FnOnce(&dyn TokenBackend) -> T) -> T {
        let began = self.clock.monotonic();
        let done = work(&*self.store);
        self.tally.took(step, self.clock.monotonic().saturating_sub(began));
        done
    }
}

impl TokenBackend for Counted {
    fn load(&self) -> Result<Option<Record>, BoxError> {
        self.timed(Step::Load, |store| store.load())
    }
    fn save(&self, record: &Record) -> Result<(), BoxError> {
        self.timed(Step::Save, |store| store.save(record))
    }
    fn clear(&self) -> Result<(), BoxError> {
        self.timed(Step::Clear, |store| store.clear())
    }
    fn lock(&self, wait: Duration) -> Result<Guard, BoxError> {
        self.timed(Step::Lock, |store| store.lock(wait))
    }
    fn enter(&self, wait: Duration) -> Result<Entry, BoxError> {
        self.timed(Step::Lock, |store| store.enter(wait))
    }
    fn probe(&self) -> Result<(), BoxError> {
        self.store.probe()
    }
    fn warnings(&self) -> Vec<String> {
        self.store.warnings()
    }
    fn durability(&self) -> Durability {
        self.store.durability()
    }
    fn compares(&self) -> bool {
        self.store.compares()
    }
    fn describe(&self) -> String {
        self.store.describe()
    }
}

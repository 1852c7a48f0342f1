//! Runs work behind the refresh lock and the store's lock, and makes the last save of a dropped client.

use std::time::Duration;

use super::{Call, Keeper, Release, Want};
use crate::backend::BackendError;
use crate::error::{Busy, Error, Result};
use crate::event::Event;

impl Keeper {
    /// Runs `work` behind the refresh lock and the store's lock.
    pub(super) fn alone<T>(
        &self,
        events: &mut Vec<Event>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T>,
    ) -> Result<T> {
        self.alone_unless(events, &|| None, work)
    }

    /// Runs `work` as [`Keeper::alone`] does. If the store's lock is not free at once, calls `settled`
    /// first; if `settled` returns a result, that result is returned and `work` does not run.
    pub(super) fn alone_unless<T>(
        &self,
        events: &mut Vec<Event>,
        settled: &dyn Fn() -> Option<T>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut turn = Release { turn: self.turn.lock()?, memory: &self.memory };
        let want = Want::Usable;
        let mut call = Call::new(&want, &mut turn.turn, events);
        if call.turn.guard.is_none() {
            call.turn.guard = self.backend.lock(Duration::ZERO).ok();
        }
        if call.turn.guard.is_none()
            && let Some(result) = settled()
        {
            return Ok(result);
        }
        self.lock_patiently(&mut call)?;
        self.look_after_new_lock(&call);
        let result = work(&mut call);
        self.warn_once(&mut call);
        result
    }

    /// Reads the record under a lock whose file is new ([`Keeper::settle_lock`]).
    pub(super) fn look_after_new_lock(&self, call: &Call<'_>) {
        if call.turn.lock_is_new()
            && let Ok(stored) = self.backend.load()
        {
            self.settle_new_lock(call, stored.as_ref());
        }
    }

    /// Takes the store's lock. Waits as long as another holder may keep the lock.
    pub(super) fn lock_patiently(&self, call: &mut Call<'_>) -> Result<()> {
        if call.turn.guard.is_some() {
            return Ok(());
        }
        let start = self.clock.monotonic();
        match self.backend.lock(self.rules.hold()) {
            Ok(guard) => {
                call.turn.guard = Some(guard);
                Ok(())
            }
            Err(error) if BackendError::is_busy(&error) => {
                let waited = self.clock.monotonic().saturating_sub(start);
                let note = self.backend.load().ok().flatten().and_then(|record| record.note);
                let holder = note.map(|note| note.holder.to_string());
                Err(Error::Busy(Box::new(Busy { store: self.store(), holder, waited })))
            }
            Err(error) => Err(Error::backend("lock", self.store(), error)),
        }
    }
}

/// Tries once more to save an unsaved token pair.
impl Drop for Keeper {
    fn drop(&mut self) {
        if self.turn.get_mut().unsaved.is_none() {
            return;
        }
        let last = std::panic::AssertUnwindSafe(|| {
            let mut events = Vec::new();
            let saved = self.alone_without_waiting(&mut events);
            if !saved {
                let text = "a new refresh token was not saved when the client was dropped: the login \
                            may be lost";
                events.push(Event::Warning { text: text.to_owned() });
            }
            self.tell(events);
        });
        // A panic of the backend during a drop could abort the process.
        let _ = std::panic::catch_unwind(last);
    }
}

impl Keeper {
    fn alone_without_waiting(&self, events: &mut Vec<Event>) -> bool {
        let Ok(turn) = self.turn.lock() else { return false };
        let mut turn = Release { turn, memory: &self.memory };
        let turn = &mut *turn.turn;
        if turn.guard.is_none() {
            turn.guard = self.backend.lock(Duration::ZERO).ok();
        }
        if turn.guard.is_none() {
            return false;
        }
        let want = Want::Usable;
        let mut call = Call::new(&want, turn, events);
        match self.backend.load() {
            Ok(stored) => self.save_pair(&mut call, stored).is_ok(),
            Err(_) => false,
        }
    }
}

//! Step 3: takes the store's lock, or a token that another client has saved.

use std::time::Duration;

use super::{Call, Keeper, Live};
use crate::backend::{BackendError, Entry, Guard};
use crate::error::{Busy, Error, Result, chain};
use crate::event::Event;
use crate::record::Record;

/// How long a call without a token that works waits for the lock before it looks at the store. Most refreshes
/// end earlier, so that no look is needed.
const BRIEF: Duration = Duration::from_millis(50);

impl Keeper {
    /// Steps 3 and 4: takes the lock and reads the record. The call does not wait if it has a token to go on
    /// with; otherwise it waits for the longest time that a holder may keep the lock. Returns `Some` if the
    /// call ends here.
    pub(super) fn lock(&self, call: &mut Call<'_>) -> Result<Option<Live>> {
        let start = self.clock.monotonic();
        let since = self.clock.now_utc();
        let waited = || self.clock.monotonic().saturating_sub(start);
        let mut error = match self.backend.enter(Duration::ZERO) {
            Ok(Entry::Held { guard, record }) => {
                (call.turn.guard, call.entered) = (Some(guard), Some(record));
                return Ok(None);
            }
            Ok(Entry::Saved(record)) => {
                self.read_by_others(call, &record);
                if let Some(live) = self.take_what_was_read(call) {
                    return Ok(Some(live));
                }
                None
            }
            Err(error) => Some(error),
        };
        if error.as_ref().is_none_or(BackendError::is_to_wait_for) {
            let looks_now = call.unhurried || self.can_fall_back(call);
            if error.is_some()
                && looks_now
                && let Some(live) = self.without_lock(call)
            {
                return Ok(Some(live));
            }
            call.waits_since = Some(since);
            let patience = if call.unhurried { Duration::ZERO } else { self.rules.hold() };
            let mut looks_later = error.is_some() && !looks_now;
            error = loop {
                let left = patience.saturating_sub(waited());
                let wait = if looks_later { left.min(BRIEF) } else { left };
                match self.backend.enter(wait) {
                    Ok(Entry::Held { guard, record }) => {
                        call.events.push(Event::Waited { waited: waited() });
                        (call.turn.guard, call.entered) = (Some(guard), Some(record));
                        return Ok(None);
                    }
                    // All waiting calls use the token of one refresh.
                    Ok(Entry::Saved(record)) => {
                        self.read_by_others(call, &record);
                        if let Some(live) = self.take_what_was_read(call) {
                            call.events.push(Event::Waited { waited: waited() });
                            return Ok(Some(live));
                        }
                        if left.is_zero() {
                            break Some(BackendError::Busy(self.store()).into());
                        }
                    }
                    Err(error) if looks_later && BackendError::is_to_wait_for(&error) => {
                        looks_later = false;
                        if let Some(live) = self.without_lock(call) {
                            return Ok(Some(live));
                        }
                    }
                    Err(error) => break Some(error),
                }
            };
            if error.as_ref().is_some_and(BackendError::is_busy) {
                // The holder may have saved a token, and another holder may have the lock by now.
                if let Some(live) = self.without_lock(call) {
                    return Ok(Some(live));
                }
                let holder = call.read.as_ref().and_then(|record| record.note.as_ref());
                let holder = holder.map(|note| note.holder.to_string());
                let busy = Busy { store: self.store(), holder, waited: waited() };
                return self.end(call, Error::Busy(Box::new(busy))).map(Some);
            }
        }
        let Some(error) = error else { return Ok(None) };
        let error = Error::backend("lock", self.store(), error);
        // Use a stored token that can be read and still works.
        self.look(call);
        if !self.can_fall_back(call) && self.can_do_without_store(call) {
            self.report(call, chain(&error));
            call.turn.guard = Some(Guard::none());
            return Ok(None);
        }
        self.end(call, error).map(Some)
    }

    /// Returns the token in the store or in memory, while another holder has the lock.
    pub(super) fn without_lock(&self, call: &mut Call<'_>) -> Option<Live> {
        self.look(call);
        self.take_what_was_read(call)
    }

    /// Returns the token that [`Keeper::look`] has read, or else the fallback.
    pub(super) fn take_what_was_read(&self, call: &mut Call<'_>) -> Option<Live> {
        let read = call.read.as_ref().map(|record| self.live(record));
        let fits = |live: &Live| {
            call.want.accepts(live, &*self.clock) || self.came_while_waiting(call, live)
        };
        let came = read.filter(fits);
        let live = came.or_else(|| self.take_fallback(call))?;
        Some(self.publish(live))
    }

    /// Reads the store without its lock, which is safe because `load` only returns durable records. A
    /// token that the call can use becomes the fallback. Returns whether the store could be read.
    pub(super) fn look(&self, call: &mut Call<'_>) -> bool {
        let Ok(stored) = self.backend.load() else { return false };
        if let Some(record) = stored {
            self.read_by_others(call, &record);
        }
        true
    }

    /// Remembers a record that was read while this call did not hold the lock.
    fn read_by_others(&self, call: &mut Call<'_>, record: &Record) {
        let waits = call.turn.unsaved.as_ref();
        let ours = record.check(&self.rules.binding_of(&record.token), &self.store()).is_ok()
            && waits.is_none_or(|pair| pair.is_overtaken_by(record));
        if ours && call.turn.history.newer_than(record).is_none() {
            let live = self.live(record);
            if call.want.tolerates(&live, &*self.clock) {
                call.fallback = Some(live);
            }
            self.saw(call, record);
        }
    }

    /// Remembers the record that was read: if the store fails later in this call, the call uses the
    /// token of this record while that token works.
    pub(super) fn saw(&self, call: &mut Call<'_>, record: &Record) {
        if record.check(&self.rules.binding_of(&record.token), "").is_ok() {
            call.turn.history.learn(record);
            call.read = Some(record.copy());
        }
    }
}

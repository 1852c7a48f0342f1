//! The clients that are in use, one for each account.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::client::Client;
use crate::clock::Clock;
use crate::error::Result;

pub(super) struct Clients {
    idle: Duration,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Each client, and the monotonic time of its last use.
    clients: HashMap<String, (Client, Duration)>,
    /// When idle clients are next looked for, in monotonic time.
    look_at: Duration,
}

impl Clients {
    pub(super) fn new(idle: Duration, clock: Arc<dyn Clock>) -> Clients {
        Clients { idle, clock, kept: Mutex::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.kept.lock().clients.len()
    }

    /// Drops the clients that nobody has used for the idle time. Nothing runs in the background, so each call that
    /// has time for it calls this method.
    pub(super) fn drop_idle(&self) {
        let gone = self.kept.lock().idle(self.idle, self.clock.monotonic());
        drop(gone); // Ending a client may take time, so the lock is released first.
    }

    /// Returns the client of an account, or makes it.
    pub(super) fn get(
        &self,
        account: &str,
        make: impl FnOnce() -> Result<Client>,
    ) -> Result<Client> {
        self.drop_idle();
        let now = self.clock.monotonic();
        if let Some((client, used)) = self.kept.lock().clients.get_mut(account) {
            *used = now;
            return Ok(client.clone());
        }
        let made = make()?;
        let mut kept = self.kept.lock();
        let entry = kept.clients.entry(account.to_owned());
        // Another thread may have made the client first.
        Ok(entry.or_insert((made, now)).0.clone())
    }

    /// Whether the account has a client.
    pub(super) fn has(&self, account: &str) -> bool {
        self.kept.lock().clients.contains_key(account)
    }

    /// Whether the account has a client with a token pair that is not saved yet.
    pub(super) fn has_unsaved(&self, account: &str) -> bool {
        let kept = self.kept.lock();
        kept.clients.get(account).is_some_and(|(client, _)| client.keeper().has_unsaved())
    }

    /// The client of an account, if there is one.
    pub(super) fn find(&self, account: &str) -> Option<Client> {
        self.kept.lock().clients.get(account).map(|(client, _)| client.clone())
    }

    /// Drops the client of an account, unless somebody uses the client or the client has an unsaved token.
    pub(super) fn forget(&self, account: &str) {
        let mut kept = self.kept.lock();
        let spare = kept.clients.get(account).is_some_and(|(client, _)| is_spare(client));
        let gone = if spare { kept.clients.remove(account) } else { None };
        drop(kept);
        drop(gone);
    }
}

impl Kept {
    /// Removes the idle clients, at most four times in the idle time.
    fn idle(&mut self, idle: Duration, now: Duration) -> Vec<(String, (Client, Duration))> {
        if now < self.look_at {
            return Vec::new();
        }
        self.look_at = now.saturating_add(idle / 4);
        let is_idle = |(client, used): &mut (Client, Duration)| {
            if !is_spare(client) {
                // A clone is in use. The idle time begins when the clone is dropped.
                *used = now;
            }
            used.saturating_add(idle) <= now
        };
        self.clients.extract_if(|_, entry| is_idle(entry)).collect()
    }
}

/// Whether no other code has a clone of the client, and the client has no unsaved token.
fn is_spare(client: &Client) -> bool {
    client.is_alone() && client.keeper().rests()
}

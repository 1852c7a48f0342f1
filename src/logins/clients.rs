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
    clients: HashMap<String, (Client, Duration)>,
    /// When idle clients are next removed, in monotonic time.
    look_at: Duration,
}

impl Clients {
    pub(super) fn new(idle: Duration, clock: Arc<dyn Clock>) -> Clients {
        Clients { idle, clock, kept: Mutex::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.kept.lock().clients.len()
    }

    /// Returns the client of an account, or makes it.
    pub(super) fn get(
        &self,
        account: &str,
        make: impl FnOnce() -> Result<Client>,
    ) -> Result<Client> {
        let now = self.clock.monotonic();
        let mut gone = Vec::new();
        {
            let mut kept = self.kept.lock();
            if kept.look_at <= now {
                kept.look_at = now.saturating_add(self.idle / 4);
                let idle = self.idle;
                let is_idle = |(client, used): &(Client, Duration)| {
                    used.saturating_add(idle) <= now && is_spare(client)
                };
                gone.extend(kept.clients.extract_if(|_, entry| is_idle(entry)));
            }
            if let Some((client, used)) = kept.clients.get_mut(account) {
                *used = now;
                return Ok(client.clone());
            }
        }
        drop(gone); // Ending a client may take time, so the lock is released first.
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

/// Whether no other code has a clone of the client, and the client has no unsaved token.
fn is_spare(client: &Client) -> bool {
    client.is_alone() && client.keeper().rests()
}

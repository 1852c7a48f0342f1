//! The settings of all logins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clients::Clients;
use super::pace::Pace;
use super::{AccountHook, Inner, Logins};
use crate::backend::{LoginStore, MemoryBackend};
use crate::client::{Client, ClientBuilder};
use crate::credentials::Credentials;
use crate::event::Event;
use crate::provider::Provider;

/// The default of [`LoginsBuilder::idle`].
const IDLE: Duration = Duration::from_secs(300);

/// Makes [`Logins`].
#[must_use]
pub struct LoginsBuilder {
    pattern: ClientBuilder,
    store: Arc<dyn LoginStore>,
    idle: Duration,
    hook: Option<AccountHook>,
}

impl LoginsBuilder {
    pub(super) fn new(
        provider: Provider,
        credentials: Credentials,
        store: Arc<dyn LoginStore>,
    ) -> LoginsBuilder {
        let pattern = Client::builder(provider, credentials, MemoryBackend::new());
        LoginsBuilder { pattern, store, idle: IDLE, hook: None }
    }

    /// Changes the settings of all clients.
    ///
    /// ```
    /// # use evergrant::{Logins, backend::MemoryStore};
    /// # let sandbox = evergrant::sandbox::Sandbox::start()?;
    /// # let (provider, credentials) = (sandbox.provider(), sandbox.credentials());
    /// let logins = Logins::builder(provider, credentials, MemoryStore::new())
    ///     .clients(|client| client.retries(5).allow_host("https://files.example"))
    ///     .build();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn clients(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> LoginsBuilder {
        self.pattern = change(self.pattern);
        self
    }

    /// Calls `hook` with the account and each event in the life of its login, after all locks are
    /// released. A later hook replaces an earlier hook.
    pub fn on_event(
        mut self,
        hook: impl Fn(&str, &Event) + Send + Sync + 'static,
    ) -> LoginsBuilder {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Sets how long a client that nobody uses is kept; 5 minutes by default. A client with a token that is
    /// not saved yet is kept longer. Nothing runs in the background: an idle client is dropped at a later call of
    /// [`Logins::client`], [`Logins::list`], [`Logins::counters`] or [`Sweep::run`](super::Sweep::run).
    pub fn idle(mut self, idle: Duration) -> LoginsBuilder {
        self.idle = idle;
        self
    }

    /// Makes the logins. Nothing is read or sent yet.
    pub fn build(self) -> Logins {
        let LoginsBuilder { pattern, store, idle, hook } = self;
        let pattern = pattern.build();
        let clock = pattern.shared_clock();
        let limit = pattern.provider().refresh.refusal_limit;
        Logins(Arc::new(Inner {
            store,
            clients: Clients::new(idle, Arc::clone(&clock)),
            pace: Arc::new(Pace::new(clock, limit)),
            tally: Arc::default(),
            pattern,
            hook,
        }))
    }
}

impl fmt::Debug for LoginsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginsBuilder")
            .field("pattern", &self.pattern)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

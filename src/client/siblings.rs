//! Clients of other logins that share one client's settings, agents and rules.

use std::sync::Arc;

use parking_lot::ReentrantMutex;

use super::{Client, Common, Inner};
use crate::backend::TokenBackend;
use crate::refresh::{Hook, Keeper, Rules, Transport};

impl Client {
    pub(super) fn of(
        common: Arc<Common>,
        backend: Box<dyn TokenBackend>,
        transport: Box<dyn Transport>,
        hook: Option<Hook>,
    ) -> Client {
        let (clock, rules) = (Arc::clone(&common.clock), common.rules.clone());
        let keeper = Keeper::new(backend, transport, clock, rules, hook);
        Client(Arc::new(Inner { keeper, base_lookup: ReentrantMutex::new(()), common }))
    }

    /// Makes a client of the login in another store, with the settings of this client.
    pub(crate) fn sibling(
        &self,
        backend: Box<dyn TokenBackend>,
        transport: Box<dyn Transport>,
        hook: Hook,
    ) -> Client {
        Client::of(Arc::clone(&self.0.common), backend, transport, Some(hook))
    }

    /// The hook of [`ClientBuilder::on_event`](crate::ClientBuilder::on_event).
    pub(crate) fn hook(&self) -> Option<Hook> {
        self.0.hook.clone()
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.rules
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn crate::clock::Clock> {
        Arc::clone(&self.0.clock)
    }

    pub(crate) fn shared_tokens(&self) -> Arc<crate::transport::TokenTransport> {
        Arc::clone(&self.0.tokens)
    }

    /// Whether no clone of this client exists.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

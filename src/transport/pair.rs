//! Two agents of one purpose, each made at its first use.

use std::sync::OnceLock;

use ureq::Agent;

/// An agent for loopback hosts, which uses no proxy, and an agent for all other hosts. A short program
/// needs only one of the two.
pub(crate) struct AgentPair {
    make: Box<dyn Fn(bool) -> Agent + Send + Sync>,
    made: [OnceLock<Agent>; 2],
}

impl AgentPair {
    /// `make` gets whether the agent is for loopback hosts.
    pub(crate) fn new(make: impl Fn(bool) -> Agent + Send + Sync + 'static) -> AgentPair {
        AgentPair { make: Box::new(make), made: Default::default() }
    }

    pub(crate) fn at(&self, loopback: bool) -> &Agent {
        let [other, direct] = &self.made;
        let made = if loopback { direct } else { other };
        made.get_or_init(|| (self.make)(loopback))
    }
}

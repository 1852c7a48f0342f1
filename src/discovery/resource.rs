//! The metadata of an API: protected resource metadata (RFC 9728).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use super::fetching::{Document, Fetching};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::protocol::protected;
use crate::provider::host_of;

/// The checked metadata of an API: it has the expected resource, and its addresses are https (http on
/// loopback).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceMetadata(Document);

impl ResourceMetadata {
    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.0.members
    }

    /// When the metadata was fetched, UTC.
    pub fn fetched_at(&self) -> OffsetDateTime {
        self.0.fetched_at
    }

    /// The resource identifier (RFC 9728 section 1.2): the value for
    /// [`ClientBuilder::resource`](crate::ClientBuilder::resource).
    pub fn resource(&self) -> &str {
        self.text("resource").unwrap_or_default()
    }

    /// The issuers of the authorization servers whose tokens the API accepts. Empty if the metadata
    /// names none.
    pub fn authorization_servers(&self) -> Vec<&str> {
        self.list("authorization_servers").unwrap_or_default()
    }

    /// The scopes that calls of the API need. Empty if the metadata names none; the list may be incomplete.
    pub fn scopes_supported(&self) -> Vec<&str> {
        self.list("scopes_supported").unwrap_or_default()
    }

    /// How the API accepts a bearer token: `header`, `body`, `query`. Returns `None` if the metadata does not
    /// say how; this client uses the header.
    pub fn bearer_methods_supported(&self) -> Option<Vec<&str>> {
        self.list("bearer_methods_supported")
    }

    /// Whether the API accepts only tokens that are bound to a key (RFC 9449).
    pub fn requires_dpop(&self) -> bool {
        self.flag("dpop_bound_access_tokens_required") == Some(true)
    }

    /// A member that is a string, such as `resource_name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    /// The strings of a member that is a list; `None` when there is no such member.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.0.list(name)
    }

    /// A member that is true or false; `None` when there is no such member.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.flag(name)
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }
}

/// Fetches the metadata of an API (RFC 9728).
///
/// ```no_run
/// use evergrant::discovery::ResourceDiscovery;
///
/// let metadata = ResourceDiscovery::new("https://mcp.example/mcp").metadata()?;
/// println!("log in at {:?}", metadata.authorization_servers());
/// # Ok::<(), evergrant::Error>(())
/// ```
#[must_use]
pub struct ResourceDiscovery {
    resource: String,
    expected: String,
    address: Option<String>,
    fetching: Fetching,
}

impl ResourceDiscovery {
    /// Starts with the address of the API: https (http on loopback), without a fragment.
    pub fn new(resource: impl Into<String>) -> ResourceDiscovery {
        let resource = resource.into();
        ResourceDiscovery {
            expected: resource.clone(),
            resource,
            address: None,
            fetching: Fetching::default(),
        }
    }

    /// Fetches the metadata at this address, which a challenge of the API has named
    /// ([`ApiError::resource_metadata`](crate::error::ApiError::resource_metadata)), and not at the well-known
    /// paths.
    pub fn at(mut self, address: impl Into<String>) -> ResourceDiscovery {
        self.address = Some(address.into());
        self
    }

    /// Sets the resource that the metadata must name, if it differs from the address of the API.
    /// Without this setting the two addresses must be the same, character for character (RFC 9728 section
    /// 3.3): otherwise an API could get tokens that are meant for another API.
    pub fn expect_resource(mut self, resource: impl Into<String>) -> ResourceDiscovery {
        self.expected = resource.into();
        self
    }

    /// Refuses private addresses, for an API whose name comes from a stranger; see
    /// [`Discovery::public_only`](super::Discovery::public_only).
    pub fn public_only(mut self) -> ResourceDiscovery {
        self.fetching.public_only = true;
        self
    }

    /// Sets the clock that dates the metadata, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ResourceDiscovery {
        self.fetching.clock = clock;
        self
    }

    /// Changes ureq's configuration: a proxy, certificates. Redirects stay off, and a request takes
    /// 30 seconds at most.
    pub fn http(
        mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> ResourceDiscovery {
        self.fetching.configure(change);
        self
    }

    pub(super) fn fetched_by(self, fetching: Fetching) -> ResourceDiscovery {
        ResourceDiscovery { fetching, ..self }
    }

    /// Fetches the metadata from the address of [`ResourceDiscovery::at`]. Without that setting,
    /// fetches it from the well-known path followed by the API's path; if this answer is 404 or another
    /// status of 400 to 499, from the well-known path alone.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a text that cannot be a resource, and when the API has no metadata;
    /// [`Error::Transport`] when no answer came; [`Error::Api`] for an error status; [`Error::Decode`]
    /// for an answer that is not metadata, redirects to another address, belongs to another resource,
    /// or has an address without TLS.
    pub fn metadata(&self) -> Result<ResourceMetadata> {
        let addresses = match &self.address {
            Some(address) => {
                protected::origin(&self.resource)?;
                protected::check_address(address, &self.resource)?;
                vec![address.clone()]
            }
            None => protected::addresses(&self.resource)?,
        };
        match self.find(&addresses)? {
            Some(metadata) => Ok(metadata),
            None => Err(Error::config(format!(
                "there is no metadata of the resource at {}",
                addresses.join(" or ")
            ))),
        }
    }

    /// The metadata; `None` if no document is at the well-known paths.
    pub(super) fn known(&self) -> Result<Option<ResourceMetadata>> {
        self.find(&protected::addresses(&self.resource)?)
    }

    fn find(&self, addresses: &[String]) -> Result<Option<ResourceMetadata>> {
        if let Some(why) = addresses.iter().find_map(|address| self.fetching.refusal(address)) {
            let host = host_of(&self.resource);
            return Err(Error::config(format!("the resource at {host}: {why}")));
        }
        let what = "the resource metadata";
        let found = self.fetching.find(addresses, (what, ""), |address, body| {
            let members = protected::read(&self.expected, address, body)?;
            // The authorization servers come from the API's metadata, so check their addresses too.
            let servers = members.get("authorization_servers").and_then(Value::as_array);
            let servers = servers.into_iter().flatten().filter_map(Value::as_str);
            self.fetching
                .check_public(servers.map(|server| ("authorization_servers", server)))
                .map_err(|why| Error::decode(format!("{what} at {address}"), why))?;
            Ok(members)
        })?;
        Ok(found.map(ResourceMetadata))
    }
}

impl fmt::Debug for ResourceDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceDiscovery")
            .field("host", &host_of(&self.resource))
            .field("public_only", &self.fetching.public_only)
            .finish_non_exhaustive()
    }
}

//! The metadata of an API: protected resource metadata (RFC 9728).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use super::{TIMEOUT, agents, private};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::protocol::{self, protected};
use crate::provider::host_of;
use crate::transport::{Agents, HttpConfig, get};

/// The checked metadata of an API: its resource is the expected one, and its addresses are https (http on
/// loopback).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceMetadata {
    #[serde(with = "time::serde::rfc3339")]
    fetched_at: OffsetDateTime,
    members: Map<String, Value>,
}

impl ResourceMetadata {
    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// When the metadata was fetched, UTC.
    pub fn fetched_at(&self) -> OffsetDateTime {
        self.fetched_at
    }

    /// The resource identifier (RFC 9728 section 1.2): the value for
    /// [`ClientBuilder::resource`](crate::ClientBuilder::resource).
    pub fn resource(&self) -> &str {
        self.text("resource").unwrap_or_default()
    }

    /// The issuers of the authorization servers whose tokens the API takes. Empty if the metadata names none.
    pub fn authorization_servers(&self) -> Vec<&str> {
        self.list("authorization_servers").unwrap_or_default()
    }

    /// The scopes that calls of the API need. Empty if the metadata names none; the list may be incomplete.
    pub fn scopes_supported(&self) -> Vec<&str> {
        self.list("scopes_supported").unwrap_or_default()
    }

    /// How the API takes a bearer token: `header`, `body`, `query`. `None` if the metadata does not say; this
    /// client uses the header.
    pub fn bearer_methods_supported(&self) -> Option<Vec<&str>> {
        self.list("bearer_methods_supported")
    }

    /// Whether the API takes only tokens that are bound to a key (RFC 9449).
    pub fn requires_dpop(&self) -> bool {
        self.flag("dpop_bound_access_tokens_required") == Some(true)
    }

    /// A member that is a string, such as `resource_name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The strings of a member that is a list; `None` when there is no such member.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.members.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    /// A member that is true or false; `None` when there is no such member.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.members.get(name)?.as_bool()
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
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
    public_only: bool,
    clock: Arc<dyn Clock>,
    http: Option<Arc<HttpConfig>>,
}

impl ResourceDiscovery {
    /// Starts with the address of the API: https (http on loopback), without a fragment.
    pub fn new(resource: impl Into<String>) -> ResourceDiscovery {
        let resource = resource.into();
        ResourceDiscovery {
            expected: resource.clone(),
            resource,
            address: None,
            public_only: false,
            clock: Arc::new(SystemClock),
            http: None,
        }
    }

    /// Fetches the metadata at this address, which a challenge of the API has named
    /// ([`ApiError::resource_metadata`](crate::error::ApiError::resource_metadata)), and not at the well-known
    /// paths.
    pub fn at(mut self, address: impl Into<String>) -> ResourceDiscovery {
        self.address = Some(address.into());
        self
    }

    /// Sets the resource that the metadata must name, if that is not the address of the API. Without this
    /// setting the two must be the same, character for character (RFC 9728 section 3.3): an API could
    /// otherwise have itself sent tokens that are meant for another.
    pub fn expect_resource(mut self, resource: impl Into<String>) -> ResourceDiscovery {
        self.expected = resource.into();
        self
    }

    /// Keeps the request away from private addresses, for an API that a stranger has named; see
    /// [`Discovery::public_only`](super::Discovery::public_only).
    pub fn public_only(mut self) -> ResourceDiscovery {
        self.public_only = true;
        self
    }

    /// Takes the time from another clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ResourceDiscovery {
        self.clock = clock;
        self
    }

    /// Changes ureq's configuration: a proxy, certificates. Redirects stay off, and a request takes
    /// 30 seconds at most.
    pub fn http(
        self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> ResourceDiscovery {
        self.configured(Some(Arc::new(Box::new(change))))
    }

    pub(super) fn configured(self, http: Option<Arc<HttpConfig>>) -> ResourceDiscovery {
        ResourceDiscovery { http, ..self }
    }

    /// Fetches the metadata: at the address of [`ResourceDiscovery::at`]; else at the well-known path with the
    /// API's path behind it, and then without (404 or another status of 400 to 499 leads to the second).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a text that cannot be a resource, and when the API has no metadata;
    /// [`Error::Transport`] when no answer came; [`Error::Api`] for an error status; [`Error::Decode`] for an
    /// answer that is not metadata, redirects elsewhere, is another resource's, or has an address without TLS.
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
        let agents = agents(self.public_only, TIMEOUT, self.http.as_deref());
        for address in addresses {
            if let Some(why) = private(address, false).filter(|_| self.public_only) {
                let host = host_of(&self.resource);
                return Err(Error::config(format!("the resource at {host}: {why}")));
            }
            let fetched_at = self.clock.now_utc();
            let answer = get(&agents, address)?;
            match answer.status {
                200 => {}
                300..400 => {
                    let to = protocol::redirect(&answer.headers);
                    let why = format!("status {}: {to}", answer.status);
                    return Err(Error::decode(format!("the resource metadata at {address}"), why));
                }
                400..=428 | 430..=499 => continue,
                _ => return Err(answer.into_error("GET", address, fetched_at)),
            }
            let members = protected::read(&self.expected, address, &answer.body)?;
            self.check_public(&agents, &members)
                .map_err(|why| Error::decode(format!("the resource metadata at {address}"), why))?;
            return Ok(Some(ResourceMetadata { fetched_at, members }));
        }
        Ok(None)
    }

    /// With `public_only`, fails if an authorization server is at a private address.
    fn check_public(&self, agents: &Agents, members: &Map<String, Value>) -> Result<(), String> {
        if !self.public_only {
            return Ok(());
        }
        let servers = members.get("authorization_servers").and_then(Value::as_array);
        for server in servers.into_iter().flatten().filter_map(Value::as_str) {
            if let Some(why) = private(server, !agents.proxied()) {
                return Err(format!("authorization_servers: {why}"));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ResourceDiscovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceDiscovery")
            .field("host", &host_of(&self.resource))
            .field("public_only", &self.public_only)
            .finish_non_exhaustive()
    }
}

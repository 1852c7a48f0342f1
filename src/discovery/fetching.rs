//! Fetches the metadata of an authorization server or of an API.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use url::Url;

use super::TIMEOUT;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::protocol;
use crate::transport::{Agents, HttpConfig, get, private_host};

/// A checked document, and when it was fetched, UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Document {
    #[serde(with = "time::serde::rfc3339")]
    pub(super) fetched_at: OffsetDateTime,
    pub(super) members: Map<String, Value>,
}

impl Document {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.members.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.members.get(name)?.as_bool()
    }
}

/// The settings of requests that carry no token of a login: whether they go to public addresses only, the clock,
/// and ureq's configuration.
#[derive(Clone)]
pub(crate) struct Fetching {
    pub(crate) public_only: bool,
    pub(crate) clock: Arc<dyn Clock>,
    http: Option<HttpConfig>,
}

impl Default for Fetching {
    fn default() -> Fetching {
        Fetching { public_only: false, clock: Arc::new(SystemClock), http: None }
    }
}

impl Fetching {
    pub(crate) fn configure(
        &mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) {
        self.http = Some(Arc::new(change));
    }

    /// Agents whose requests take `timeout` at most.
    pub(crate) fn agents(&self, timeout: Duration) -> Agents {
        let http = self.http.as_ref();
        match self.public_only {
            true => Agents::public_only(timeout, http),
            false => Agents::new(None, timeout, http),
        }
    }

    /// The reason why no request may go to this address. Does not look the name up: the name is checked
    /// when the connection is made.
    pub(crate) fn refusal(&self, address: &str) -> Option<String> {
        private(address, false).filter(|_| self.public_only)
    }

    /// Fails if one of these addresses, which a document names, leads to a private address.
    pub(super) fn check_public<'a>(
        &self,
        mut addresses: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), String> {
        if !self.public_only {
            return Ok(());
        }
        let look_up = !self.agents(TIMEOUT).proxied();
        let found = addresses.find_map(|(name, address)| {
            private(address, look_up).map(|why| format!("{name}: {why}"))
        });
        found.map_or(Ok(()), Err)
    }

    /// Fetches the document at the first address that has one: after 404 or another status of 400 to
    /// 499, the next address is tried. Returns `None` if no address has a document. `what` names the
    /// document, `hint` says what to do about a redirect, and `read` checks the document.
    pub(super) fn find(
        &self,
        addresses: &[String],
        (what, hint): (&str, &str),
        read: impl Fn(&str, &[u8]) -> Result<Map<String, Value>>,
    ) -> Result<Option<Document>> {
        let agents = self.agents(TIMEOUT);
        for address in addresses {
            let fetched_at = self.clock.now_utc();
            let answer = get(&agents, address)?;
            match answer.status {
                200 => {}
                300..400 => {
                    let to = protocol::redirect(&answer.headers);
                    let why = format!("status {}: {to}{hint}", answer.status);
                    return Err(Error::decode(format!("{what} at {address}"), why));
                }
                // The document is not at this address. A server that does not know the path may also
                // answer 403.
                400..=428 | 430..=499 => continue,
                _ => return Err(answer.into_error("GET", address, fetched_at)),
            }
            let members = read(address, &answer.body)?;
            return Ok(Some(Document { fetched_at, members }));
        }
        Ok(None)
    }
}

fn private(address: &str, look_up: bool) -> Option<String> {
    private_host(&Url::parse(address).ok()?, look_up)
}

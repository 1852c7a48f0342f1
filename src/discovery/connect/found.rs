//! The metadata of an API and of its authorization server.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Connect;
use crate::clock;
use crate::discovery::{Discovery, LIFETIME, Metadata, ResourceDiscovery, ResourceMetadata, cache};
use crate::error::{Error, Result, named_in_challenge};
use crate::protocol::{self, protected};
use crate::provider::host_of;
use crate::transport::probe;

/// How long the first request, without a token, may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The metadata of the API and of its authorization server, and the scopes in the API's challenge.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) resource: Option<ResourceMetadata>,
    pub(super) scopes: Option<String>,
    pub(super) server: Metadata,
}

impl Connect {
    /// Uses the file if it is recent; otherwise sends the requests, and if they fail, uses the old
    /// file.
    pub(super) fn found(&self) -> Result<Found> {
        protected::origin(&self.address)?;
        if let Some(why) = self.fetching.refusal(&self.address) {
            return Err(Error::config(format!(
                "the resource at {}: {why}",
                host_of(&self.address)
            )));
        }
        let kept = self.file.as_deref().and_then(|file| self.kept(file));
        let now = self.fetching.clock.now_utc();
        let is_young = |found: &Found| {
            let from = found.server.fetched_at();
            // A date in the future comes from a clock that was wrong.
            from <= now && clock::until(from, now) < LIFETIME
        };
        let kept = match kept {
            Some(found) if is_young(&found) => return Ok(found),
            kept => kept,
        };
        match (self.ask(), kept) {
            (Ok(found), _) => {
                if let Some(file) = &self.file
                    && let Err(error) = cache::write(file, &found)
                {
                    log::warn!(target: "evergrant", "could not write {}: {error}", file.display());
                }
                Ok(found)
            }
            (Err(error), Some(found)) => {
                let host = host_of(&self.address);
                log::warn!(target: "evergrant", "uses old metadata of {host}: {error:#}");
                Ok(found)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Returns the content of the file, checked like answers. Returns `None` for a file about another API.
    fn kept(&self, file: &Path) -> Option<Found> {
        let found: Found = serde_json::from_slice(&cache::read(file)?).ok()?;
        let whole = |members: &serde_json::Map<String, Value>| serde_json::to_vec(members).ok();
        if let Some(resource) = &found.resource {
            protected::read(self.expected(), &self.address, &whole(resource.members())?).ok()?;
        }
        let issuer = found.server.issuer();
        protocol::read_metadata(issuer, issuer, &whole(found.server.members())?).ok()?;
        let servers = found.resource.as_ref().map(ResourceMetadata::authorization_servers);
        let is_its_own = match (&self.server, servers.as_deref()) {
            (Some(chosen), _) => chosen == issuer,
            (None, Some([first, ..])) => *first == issuer,
            (None, _) => {
                protected::origin(&self.address).ok() == Some(issuer.trim_end_matches('/'))
            }
        };
        let is_public = self.discovery(issuer).check_public(found.server.members()).is_ok();
        (is_its_own && is_public).then_some(found)
    }

    fn expected(&self) -> &str {
        self.resource.as_ref().unwrap_or(&self.address)
    }

    fn ask(&self) -> Result<Found> {
        let agents = self.fetching.agents(PROBE_TIMEOUT);
        let answer = probe(&agents, &self.address)?;
        let challenged = answer.status == 401;
        let named = |name: &str| named_in_challenge(&answer.headers, name).filter(|_| challenged);
        let discovery = ResourceDiscovery::new(&self.address)
            .expect_resource(self.expected())
            .fetched_by(self.fetching.clone());
        let resource = match named("resource_metadata") {
            Some(address) => Some(discovery.at(address).metadata()?),
            None => discovery.known()?,
        };
        let server = self.ask_server(resource.as_ref())?;
        Ok(Found { resource, scopes: named("scope"), server })
    }

    fn ask_server(&self, resource: Option<&ResourceMetadata>) -> Result<Metadata> {
        let servers = resource.map(ResourceMetadata::authorization_servers).unwrap_or_default();
        if let Some(chosen) = &self.server {
            if !servers.is_empty() && !servers.contains(&chosen.as_str()) {
                return Err(Error::config(format!(
                    "{} does not name the authorization server {chosen}, but {}",
                    host_of(&self.address),
                    servers.join(", ")
                )));
            }
            return self.discovery(chosen).metadata();
        }
        if let Some(first) = servers.first() {
            return self.discovery(first).metadata();
        }
        // If the API has no metadata, the API's host is the authorization server. The issuer may be written
        // with a slash at its end: its metadata is at the same address (RFC 8414 section 3.1).
        let origin = protected::origin(&self.address)?;
        match self.discovery(origin).metadata() {
            Err(first @ Error::Decode(_)) => {
                self.discovery(&format!("{origin}/")).metadata().map_err(|_| first)
            }
            Err(Error::Config(_)) => Err(Error::config(format!(
                "neither the API at {} nor its host says where to log in: it has neither resource metadata \
                 (RFC 9728) nor metadata of an authorization server (RFC 8414); name the server with \
                 `Connect::authorization_server`",
                host_of(&self.address)
            ))),
            other => other,
        }
    }

    fn discovery(&self, issuer: &str) -> Discovery {
        Discovery::new(issuer).fetched_by(self.fetching.clone())
    }
}

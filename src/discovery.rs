//! A provider from the metadata document of an authorization server (RFC 8414, OpenID Connect Discovery
//! 1.0).
//!
//! ```no_run
//! use evergrant::{Client, FileBackend, Provider};
//!
//! // LOGIN_EXAMPLE_CLIENT_ID and LOGIN_EXAMPLE_CLIENT_SECRET are the application's own.
//! let provider =
//!     Provider::discover("https://login.example")?.api_base("https://api.example").build()?;
//! let client = Client::from_env(provider, FileBackend::new("example.json"))?;
//! # Ok::<(), evergrant::Error>(())
//! ```
//!
//! A script that runs often caches the answer in a file, and uses the last good answer while the server
//! cannot be reached:
//!
//! ```no_run
//! use evergrant::discovery::Discovery;
//!
//! let discovery = Discovery::new("https://login.example").cache_file("login.example.metadata");
//! let provider = discovery.metadata()?.provider()?.name("example").build()?;
//! # Ok::<(), evergrant::Error>(())
//! ```
//!
//! A program that knows only the address of an API starts with [`Connect`]: the API names its
//! authorization server (RFC 9728), as MCP servers do.

mod cache;
mod connect;
mod fetching;
mod metadata;
mod resource;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

pub use self::connect::{Connect, Connection};
pub(crate) use self::fetching::Fetching;
pub use self::metadata::Metadata;
#[cfg(feature = "registration")]
pub(crate) use self::metadata::named as client_auth_named;
pub use self::resource::{ResourceDiscovery, ResourceMetadata};
use crate::clock::{self, Clock};
use crate::error::{Error, Result};
use crate::protocol;
pub use crate::protocol::Form;
use crate::provider::{Provider, ProviderBuilder};

/// How long a document is used before it is fetched again.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Provider {
    /// Asks an authorization server for its endpoints and starts a provider with them, named after the host
    /// of its token endpoint. Sends one request, or up to three if the document is not at the first address.
    /// This function does not cache the document; [`Discovery`] does.
    ///
    /// # Errors
    ///
    /// The errors of [`Discovery::metadata`] and [`Metadata::provider`].
    pub fn discover(issuer: &str) -> Result<ProviderBuilder> {
        Discovery::new(issuer).metadata()?.provider()
    }
}

/// The metadata of one authorization server, fetched when needed and cached for a while.
#[must_use]
pub struct Discovery {
    issuer: String,
    expected: String,
    form: Form,
    lifetime: Duration,
    file: Option<PathBuf>,
    fetching: Fetching,
    known: Mutex<Option<Metadata>>,
}

impl Discovery {
    /// Starts with an issuer: an https address (http on loopback) without query and fragment, exactly as the
    /// server writes the issuer, also with a slash at its end. If the text is the address of a metadata
    /// document, the part that does not belong to the issuer is cut off.
    pub fn new(issuer: impl Into<String>) -> Discovery {
        let mut issuer = issuer.into();
        if let Some(shorter) = protocol::without_well_known(&issuer) {
            issuer = shorter;
        }
        Discovery {
            expected: issuer.clone(),
            issuer,
            form: Form::Any,
            lifetime: LIFETIME,
            file: None,
            fetching: Fetching::default(),
            known: Mutex::new(None),
        }
    }

    /// Sets which document is fetched; [`Form::Any`] by default.
    pub fn form(mut self, form: Form) -> Discovery {
        self.form = form;
        self
    }

    /// Sets how long an answer is used; 24 hours by default.
    pub fn lifetime(mut self, lifetime: Duration) -> Discovery {
        self.lifetime = lifetime;
        self
    }

    /// Caches the answer in a file, for later processes. The file has no secret in it, and has mode
    /// 0600. A document from the file is checked like an answer. The client does not read a link, a
    /// pipe, a device, a file of another user, or a file that others may write into.
    pub fn cache_file(mut self, path: impl Into<PathBuf>) -> Discovery {
        self.file = Some(path.into());
        self
    }

    /// Sets the issuer that the document must name, if it differs from the issuer of
    /// [`Discovery::new`]. Without this setting the two issuers must be the same, character for
    /// character. A service with many tenants may name a pattern, such as
    /// `https://login.microsoftonline.com/{tenantid}/v2.0` for the tenant `common`.
    pub fn expect_issuer(mut self, issuer: impl Into<String>) -> Discovery {
        self.expected = issuer.into();
        self
    }

    /// Refuses private addresses, for an issuer whose name comes from a stranger. Neither the issuer
    /// nor an endpoint may be an address of this machine, of a private network or of another range that
    /// is not public (RFC 6890), nor a name that resolves to such an address. The document is fetched
    /// from the address that was checked. Later requests to the endpoints are not checked again. A
    /// proxy looks up names by itself, so the proxy must make this check.
    pub fn public_only(mut self) -> Discovery {
        self.fetching.public_only = true;
        self
    }

    /// Sets the clock that dates the metadata, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Discovery {
        self.fetching.clock = clock;
        self
    }

    /// Changes ureq's configuration: a proxy, certificates. Redirects stay off, and a request takes
    /// 30 seconds at most.
    pub fn http(
        mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> Discovery {
        self.fetching.configure(change);
        self
    }

    fn fetched_by(self, fetching: Fetching) -> Discovery {
        Discovery { fetching, ..self }
    }

    /// Returns the metadata. Cached metadata is used for its lifetime; then it is fetched again. If the
    /// server cannot be reached, the cached metadata is used even if it is old, and the log has a
    /// warning.
    ///
    /// # Errors
    ///
    /// Only when no metadata is cached: [`Error::Config`] for a text that cannot be an issuer, and when
    /// the server has no document; [`Error::Transport`] when no answer came; [`Error::Api`] for an
    /// error status; [`Error::Decode`] for an answer that is not metadata, redirects to another
    /// address, belongs to another issuer, or has an endpoint without TLS.
    pub fn metadata(&self) -> Result<Metadata> {
        let mut known = self.known.lock();
        if known.is_none() {
            let kept = self.file.as_ref();
            let kept = kept.and_then(|file| cache::load(file, &self.expected, &self.issuer));
            *known = kept.filter(|kept| self.check_public(kept.members()).is_ok());
        }
        if let Some(metadata) = known.as_ref().filter(|metadata| self.is_young(metadata)) {
            return Ok(metadata.clone());
        }
        match self.fetch() {
            Ok(metadata) => Ok(known.insert(metadata).clone()),
            Err(error) => match known.as_ref() {
                Some(metadata) => {
                    log::warn!(target: "evergrant", "uses old metadata of {}: {error:#}", self.issuer);
                    Ok(metadata.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Fetches the metadata even if metadata is cached, for a server whose endpoints have changed.
    ///
    /// # Errors
    ///
    /// The errors that [`Discovery::metadata`] returns if no metadata is cached. After an error the old
    /// metadata stays in the cache.
    pub fn refetch(&self) -> Result<Metadata> {
        let metadata = self.fetch()?;
        Ok(self.known.lock().insert(metadata).clone())
    }

    fn is_young(&self, metadata: &Metadata) -> bool {
        let (now, from) = (self.fetching.clock.now_utc(), metadata.fetched_at());
        // A date in the future comes from a clock that was wrong.
        from <= now && clock::until(from, now) < self.lifetime
    }

    /// With `public_only`, fails if an endpoint leads to a private address.
    fn check_public(&self, members: &Map<String, Value>) -> Result<(), String> {
        self.fetching.check_public(protocol::metadata_endpoints(members))
    }

    fn fetch(&self) -> Result<Metadata> {
        let addresses = protocol::metadata_addresses(&self.issuer, self.form)?;
        if let Some(why) = self.fetching.refusal(&self.issuer) {
            return Err(Error::config(format!("the issuer {:?}: {why}", self.issuer)));
        }
        let words = ("the metadata", "; discover there instead");
        let found = self.fetching.find(&addresses, words, |address, body| {
            let members = protocol::read_metadata(&self.expected, address, body)?;
            self.check_public(&members)
                .map_err(|why| Error::decode(format!("the metadata at {address}"), why))?;
            Ok(members)
        })?;
        let Some(document) = found else {
            let text = format!("there is no metadata at {}", addresses.join(" or "));
            return Err(Error::config(text));
        };
        let metadata = Metadata::new(document);
        if let Some(file) = &self.file
            && let Err(error) = cache::write(file, &metadata)
        {
            log::warn!(target: "evergrant", "could not write {}: {error}", file.display());
        }
        Ok(metadata)
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery")
            .field("issuer", &self.issuer)
            .field("form", &self.form)
            .field("lifetime", &self.lifetime)
            .field("file", &self.file)
            .field("public_only", &self.fetching.public_only)
            .finish_non_exhaustive()
    }
}

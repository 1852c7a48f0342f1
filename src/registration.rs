//! Registration of a client by itself (RFC 7591), and the management of a registration (RFC 7592).
//!
//! A program that many people install has no client id at each person's server: an MCP server, an
//! instance of Mastodon, the identity provider of a company. The program registers at the server once,
//! and keeps the registration beside the login:
//!
//! ```
//! use evergrant::discovery::Discovery;
//! use evergrant::registration::{ClientMetadata, Registrar, RegistrationStore};
//! use evergrant::{Client, FileBackend};
//! # let sandbox = evergrant::sandbox::Sandbox::builder().registration(true).start()?;
//! # let (issuer, folder) = (sandbox.url(), sandbox.folder());
//!
//! let metadata = Discovery::new(issuer).metadata()?;
//! let store = RegistrationStore::new(FileBackend::new(folder.join("example.client.json")));
//! let registration =
//!     store.get_or_register(&Registrar::of(&metadata)?, &ClientMetadata::native("My program"))?;
//!
//! let provider = metadata.provider()?.client_auth(registration.client_auth()?).build()?;
//! let login = FileBackend::new(folder.join("example.json"));
//! let client = Client::new(provider, registration.credentials(), login);
//! # client.authorize_interactive(&["read"], |url| {
//! #     let callback = sandbox.approve(url).unwrap();
//! #     let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
//! #     std::thread::spawn(move || agent.get(callback).call());
//! # })?;
//! # Ok::<(), evergrant::BoxError>(())
//! ```
//!
//! [`discovery::Connect`](crate::discovery::Connect) does all these steps in one call, from the address
//! of an API.

mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use url::Url;

pub use self::store::RegistrationStore;
use crate::clock::Clock;
use crate::discovery::{Fetching, Metadata, client_auth_named};
use crate::error::{Error, Result};
use crate::protocol::registration::{self, Asked};
pub use crate::protocol::registration::{ClientMetadata, Form, Registration};
use crate::protocol::{RawReply, TokenRequest};
use crate::provider::{ClientAuth, is_loopback};
use crate::secret::Secret;
use crate::transport::ask;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The registration endpoint of a server.
#[must_use]
pub struct Registrar {
    endpoint: String,
    form: Form,
    initial: Option<Secret>,
    fetching: Fetching,
}

impl Registrar {
    /// Takes the registration endpoint from the server's metadata: `registration_endpoint`, or Mastodon's
    /// `app_registration_endpoint`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the metadata has neither: then clients cannot register by themselves.
    pub fn of(metadata: &Metadata) -> Result<Registrar> {
        let standard = metadata.text("registration_endpoint");
        let mastodon = || metadata.text("app_registration_endpoint");
        match (standard, mastodon()) {
            (Some(endpoint), _) => Ok(Registrar::new(endpoint)),
            (None, Some(endpoint)) => Ok(Registrar::new(endpoint).form(Form::Mastodon)),
            (None, None) => Err(Error::config(format!(
                "{} has no registration endpoint: register the program there by hand, and give its \
                 client id",
                metadata.issuer()
            ))),
        }
    }

    /// Names the registration endpoint: an https address, or an http address on loopback.
    pub fn new(endpoint: impl Into<String>) -> Registrar {
        Registrar {
            endpoint: endpoint.into(),
            form: Form::Standard,
            initial: None,
            fetching: Fetching::default(),
        }
    }

    /// Sets the form of the server's registration; [`Form::Standard`] by default.
    pub fn form(mut self, form: Form) -> Registrar {
        self.form = form;
        self
    }

    /// Sets the token with which the server lets clients register (RFC 7591 section 3).
    pub fn initial_access_token(mut self, token: impl Into<Secret>) -> Registrar {
        self.initial = Some(token.into());
        self
    }

    /// Refuses private addresses in every request, for a server whose name comes from a stranger; see
    /// [`Discovery::public_only`](crate::discovery::Discovery::public_only).
    pub fn public_only(mut self) -> Registrar {
        self.fetching.public_only = true;
        self
    }

    /// Sets the clock that dates the requests, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Registrar {
        self.fetching.clock = clock;
        self
    }

    /// Changes ureq's configuration: a proxy, certificates. Redirects stay off, and a request takes
    /// 30 seconds at most.
    pub fn http(
        mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> Registrar {
        self.fetching.configure(change);
        self
    }

    pub(crate) fn fetched_by(self, fetching: Fetching) -> Registrar {
        Registrar { fetching, ..self }
    }

    /// Registers a client: each call makes a new client. [`RegistrationStore::get_or_register`] registers
    /// only once.
    ///
    /// # Errors
    ///
    /// [`Error::OAuth`] when the server refuses: `invalid_redirect_uri`, `invalid_client_metadata`,
    /// `invalid_software_statement` or `unapproved_software_statement` (RFC 7591 section 3.2.2), and
    /// `invalid_token` or `http_401` when it requires an initial access token, or another initial
    /// access token. [`Error::RateLimited`]; [`Error::Transport`] when no answer came, so that a client
    /// may have been registered; [`Error::Decode`] for an answer without a client id or with another
    /// fault; [`Error::Config`] for an endpoint without TLS.
    pub fn register(&self, metadata: &ClientMetadata) -> Result<Registration> {
        self.check(&self.endpoint)?;
        let initial = self.initial.as_ref();
        let request = registration::register(&self.endpoint, self.form, metadata, initial)?;
        let sent = Asked { metadata: Some(metadata), ..self.asked(&self.endpoint) };
        self.send(&request, |reply| registration::read(reply, sent))
    }

    /// Reads the present registration from the server (RFC 7592 section 2.1). The answer may have a new
    /// secret and a new management token: keep the result in place of `registration`.
    ///
    /// # Errors
    ///
    /// The errors of [`Registrar::register`]. `http_401` or `invalid_token` says that the registration
    /// is gone. [`Error::Config`] when the server gave no address to manage the registration.
    pub fn read(&self, registration: &Registration) -> Result<Registration> {
        let request = registration::manage("GET", registration)?;
        self.check(&request.url)?;
        let asked = Asked { before: Some(registration), ..self.asked(&request.url) };
        self.send(&request, |reply| registration::read(reply, asked))
    }

    /// Replaces all metadata of the client (RFC 7592 section 2.2): the server removes members that are
    /// missing, so start with [`Registration::metadata`]. Keep the result in place of `registration`.
    ///
    /// # Errors
    ///
    /// The same errors as for [`Registrar::read`].
    pub fn update(
        &self,
        registration: &Registration,
        metadata: &ClientMetadata,
    ) -> Result<Registration> {
        let request = registration::update(registration, metadata)?;
        self.check(&request.url)?;
        let asked = self.asked(&request.url);
        let asked = Asked { before: Some(registration), metadata: Some(metadata), ..asked };
        self.send(&request, |reply| registration::read(reply, asked))
    }

    /// Deletes the registration (RFC 7592 section 2.3). The server then also ends the client's logins.
    ///
    /// # Errors
    ///
    /// The same errors as for [`Registrar::read`].
    pub fn delete(&self, registration: &Registration) -> Result<()> {
        let request = registration::manage("DELETE", registration)?;
        self.check(&request.url)?;
        let asked = Asked { before: Some(registration), ..self.asked(&request.url) };
        self.send(&request, |reply| registration::read_removal(reply, asked))
    }

    fn asked<'a>(&'a self, address: &'a str) -> Asked<'a> {
        let initial = self.initial.as_ref();
        Asked {
            address,
            metadata: None,
            before: None,
            initial,
            sent_at: self.fetching.clock.now_utc(),
        }
    }

    fn check(&self, address: &str) -> Result<()> {
        let url = Url::parse(address).map_err(|_| {
            Error::config("the address of the registration is not an absolute address")
        })?;
        if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
            return Err(Error::config(format!(
                "the registration at {} must be https (http is allowed only on loopback)",
                url.host_str().unwrap_or_default()
            )));
        }
        match self.fetching.refusal(address) {
            Some(why) => Err(Error::config(format!("the registration: {why}"))),
            None => Ok(()),
        }
    }

    fn send<T>(
        &self,
        request: &TokenRequest,
        read: impl FnOnce(&RawReply<'_>) -> Result<T>,
    ) -> Result<T> {
        read(&ask(&self.fetching.agents(TIMEOUT), request)?.as_reply())
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn now(&self) -> &dyn Clock {
        &*self.fetching.clock
    }
}

impl Registration {
    /// How this client authenticates at the token endpoint, for
    /// [`ProviderBuilder::client_auth`](crate::provider::ProviderBuilder::client_auth): as it was registered
    /// (`token_endpoint_auth_method`), by default Basic for a client with a secret.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a method that this build does not have.
    pub fn client_auth(&self) -> Result<ClientAuth> {
        client_auth_named(self.method()).ok_or_else(|| {
            Error::config(format!(
                "the client was registered with the authentication method {}, which this build does not \
                 have",
                crate::error::one_line(self.method())
            ))
        })
    }
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar")
            .field("endpoint", &self.endpoint)
            .field("form", &self.form)
            .field("initial_access_token", &self.initial)
            .field("public_only", &self.fetching.public_only)
            .finish_non_exhaustive()
    }
}

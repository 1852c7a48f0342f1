//! The settings of a client for Shell EV Recharge.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;

use super::error::explained;
use super::{ApiVersion, ArrayEncoding, Environment, ShellEv};
use crate::backend::TokenBackend;
use crate::clock::{Clock, SystemClock};
use crate::hooks::{Event, Received, Sending};
use crate::provider::ClientAuth;
use crate::{Client, ClientBuilder, Credentials, Error, Provider, Result};

/// The statuses after which Shell's SDKs send a GET again.
const RETRIED: [u16; 10] = [408, 413, 429, 500, 502, 503, 504, 521, 522, 524];

type Change = Box<dyn FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send>;

/// Builds a client with other settings than the defaults. [`ShellEv::builder`] returns a builder.
///
/// ```
/// use evergrant::shell_ev::{Environment, ShellEv};
/// use evergrant::{Credentials, MemoryBackend};
/// use std::time::Duration;
///
/// let credentials = Credentials::new("client", "secret");
/// let shell = ShellEv::builder(Environment::Sit, credentials, MemoryBackend::new())
///     .timeout(Duration::from_secs(20))
///     .retries(3)
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[must_use]
pub struct ShellEvBuilder {
    environment: Environment,
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    clock: Arc<dyn Clock>,
    provider: Option<Provider>,
    arrays: ArrayEncoding,
    version: ApiVersion,
    token_url: Option<String>,
    api_base: Option<String>,
    client_auth: Option<ClientAuth>,
    margin: Option<Duration>,
    timeout: Option<Duration>,
    changes: Vec<Change>,
}

impl ShellEvBuilder {
    pub(super) fn new(
        environment: Environment,
        credentials: Credentials,
        backend: Box<dyn TokenBackend>,
    ) -> ShellEvBuilder {
        ShellEvBuilder {
            environment,
            credentials,
            backend,
            clock: Arc::new(SystemClock),
            provider: None,
            arrays: ArrayEncoding::default(),
            version: ApiVersion::default(),
            token_url: None,
            api_base: None,
            client_auth: None,
            margin: None,
            timeout: None,
            changes: Vec::new(),
        }
    }

    fn change(
        mut self,
        change: impl FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send + 'static,
    ) -> ShellEvBuilder {
        self.changes.push(Box::new(change));
        self
    }

    /// Sets the time limit of each attempt of a call or a token request. By default a call fails after 10
    /// seconds without a connection or 60 seconds without data, a token request after 120 seconds.
    pub fn timeout(mut self, timeout: Duration) -> ShellEvBuilder {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the largest number of times that a request is sent again: 2 by default. A start or a stop of a
    /// session is sent again only if Shell certainly has not processed it.
    pub fn retries(self, retries: u32) -> ShellEvBuilder {
        self.change(move |client| Ok(client.retries(retries)))
    }

    /// Sets the wait before a request is sent again: `first` (250 ms by default), doubled each time, up to
    /// `longest` (60 s). A `Retry-After` of up to 60 seconds replaces the wait.
    pub fn backoff(self, first: Duration, longest: Duration) -> ShellEvBuilder {
        self.change(move |client| Ok(client.backoff(first, longest)))
    }

    /// Sets the statuses after which a request is sent again. The default is 408, 413, 429, 500, 502, 503,
    /// 504, 521, 522 and 524.
    pub fn retry_statuses(self, statuses: &[u16]) -> ShellEvBuilder {
        let statuses = statuses.to_vec();
        self.change(move |client| Ok(client.retry_statuses(&statuses)))
    }

    /// Sets the methods that are sent again if Shell may have processed the request. The default is GET,
    /// HEAD and OPTIONS. [`super::Charging::start`] and [`super::Charging::stop`] are never sent again in
    /// that case.
    pub fn retry_methods(self, methods: &[Method]) -> ShellEvBuilder {
        let methods = methods.to_vec();
        self.change(move |client| Ok(client.retry_methods(&methods)))
    }

    /// Sends calls and token requests through a proxy: see [`ClientBuilder::proxy`].
    /// [`ShellEvBuilder::build`] refuses an address that cannot be used.
    pub fn proxy(self, address: &str) -> ShellEvBuilder {
        let address = address.to_owned();
        self.change(move |client| client.proxy(&address))
    }

    /// Calls `hook` before each attempt of a call, not of a token request: see
    /// [`ClientBuilder::before_send`].
    pub fn before_send(
        self,
        hook: impl Fn(&Sending<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> ShellEvBuilder {
        self.change(move |client| Ok(client.before_send(hook)))
    }

    /// Calls `hook` with each answer of the API: see [`ClientBuilder::on_answer`].
    pub fn on_answer(self, hook: impl Fn(&Received<'_>) + Send + Sync + 'static) -> ShellEvBuilder {
        self.change(move |client| Ok(client.on_answer(hook)))
    }

    /// Calls `hook` with each event of the token: see [`ClientBuilder::on_event`].
    pub fn on_event(self, hook: impl Fn(&Event) + Send + Sync + 'static) -> ShellEvBuilder {
        self.change(move |client| Ok(client.on_event(hook)))
    }

    /// Sets the scopes of token requests; none by default. Shell documents no scopes.
    pub fn scopes(self, scopes: &[&str]) -> ShellEvBuilder {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.change(move |client| {
            Ok(client.client_credentials(&scopes.iter().map(String::as_str).collect::<Vec<_>>()))
        })
    }

    /// Adds a parameter to token requests. A stored token is used only if it was requested with the
    /// same parameters.
    pub fn token_param(self, name: &str, value: &str) -> ShellEvBuilder {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.change(move |client| Ok(client.token_param(&name, &value)))
    }

    /// Sets another token endpoint than the provider's. Older pages of Shell's documentation name other
    /// addresses.
    pub fn token_url(mut self, url: impl Into<String>) -> ShellEvBuilder {
        self.token_url = Some(url.into());
        self
    }

    /// Sets another provider than the environment's, such as a sandbox.
    pub fn provider(mut self, provider: Provider) -> ShellEvBuilder {
        self.provider = Some(provider);
        self
    }

    /// Sets the version of the API; [`ApiVersion::V2`] by default.
    pub fn version(mut self, version: ApiVersion) -> ShellEvBuilder {
        self.version = version;
        self
    }

    /// Sets the base address of the API in place of the provider's, such as that of a gateway. Paths begin
    /// with `/v2/`, or with `/v1/` for [`ApiVersion::V1`].
    pub fn api_base(mut self, url: impl Into<String>) -> ShellEvBuilder {
        self.api_base = Some(url.into());
        self
    }

    /// Sets how token requests send the id and the secret. The default is [`ClientAuth::BasicRaw`], as in Shell's
    /// SDKs; the samples of Shell's portal show [`ClientAuth::Body`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> ShellEvBuilder {
        self.client_auth = Some(client_auth);
        self
    }

    /// Sets how long before its expiry an access token is replaced; 60 seconds by default. A margin above a
    /// tenth of the token's lifetime is treated as a tenth, so a fresh token is always usable.
    pub fn margin(mut self, margin: Duration) -> ShellEvBuilder {
        self.margin = Some(margin);
        self
    }

    /// Sets how queries write lists.
    pub fn array_encoding(mut self, arrays: ArrayEncoding) -> ShellEvBuilder {
        self.arrays = arrays;
        self
    }

    /// Uses this clock for the time and for waits.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ShellEvBuilder {
        self.clock = clock;
        self
    }

    /// Changes the OAuth client: certificates, hooks, and settings that this builder lacks. If a program
    /// calls `configure` several times, the changes are made in the order of the calls. The clock and
    /// `map_error` are set afterwards, so a change of these has no effect.
    pub fn configure(
        self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> ShellEvBuilder {
        self.change(move |client| Ok(change(client)))
    }

    /// Returns the client. Reads no store and sends no request.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an address that is neither https nor on loopback, for a proxy's address that
    /// cannot be used, and for a timeout of zero.
    pub fn build(self) -> Result<ShellEv> {
        let provider = self.provider.unwrap_or_else(|| self.environment.provider());
        let mut provider = provider.to_builder();
        if let Some(url) = self.token_url {
            provider = provider.token_endpoint(url);
        }
        if let Some(url) = self.api_base {
            provider = provider.api_base(url);
        }
        if let Some(client_auth) = self.client_auth {
            provider = provider.client_auth(client_auth);
        }
        if let Some(margin) = self.margin {
            provider = provider.margin(margin);
        }
        if let Some(timeout) = self.timeout {
            if timeout.is_zero() {
                return Err(Error::Config("a timeout of zero would end every request".into()));
            }
            provider = provider.token_timeout(timeout);
        }
        let backend = self.backend;
        let mut client = Client::builder(provider.build()?, self.credentials, backend);
        client = client.client_credentials(&[]).retry_statuses(&RETRIED);
        if let Some(timeout) = self.timeout {
            client = client.http(move |config| config.timeout_global(Some(timeout)));
        }
        for change in self.changes {
            client = change(client)?;
        }
        let client = client.clock(self.clock.clone()).map_error(explained).build();
        Ok(ShellEv { client, arrays: self.arrays, version: self.version, clock: self.clock })
    }
}

impl fmt::Debug for ShellEvBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShellEvBuilder")
            .field("environment", &self.environment)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

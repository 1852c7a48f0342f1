//! Settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;

use super::failure::explained;
use super::{ArrayEncoding, Environment, ShellEv};
use crate::backend::TokenBackend;
use crate::clock::{Clock, SystemClock};
use crate::hooks::{Event, Received, Sending};
use crate::provider::ClientAuth;
use crate::{Client, ClientBuilder, Credentials, Error, Result};

/// The statuses after which Shell's SDKs send a GET again.
const RETRIED: [u16; 10] = [408, 413, 429, 500, 502, 503, 504, 521, 522, 524];

pub(super) fn with_defaults(client: ClientBuilder) -> ClientBuilder {
    client.client_credentials(&[]).retry_statuses(&RETRIED).map_error(explained)
}

type Change = Box<dyn FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send>;

/// Makes a [`ShellEv`] with settings of its own.
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
    arrays: ArrayEncoding,
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
            arrays: ArrayEncoding::default(),
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

    /// Ends each attempt after this long, of a call and of a token request. Without it a call waits 10
    /// seconds for a connection and for 60 seconds of silence, and a token request takes 120 seconds.
    pub fn timeout(mut self, timeout: Duration) -> ShellEvBuilder {
        self.timeout = Some(timeout);
        self
    }

    /// How often a request is sent again at most; 2 without this. What starts or stops a session is sent
    /// again only when it certainly was not processed.
    pub fn retries(self, retries: u32) -> ShellEvBuilder {
        self.change(move |client| Ok(client.retries(retries)))
    }

    /// How long the first wait before a request is sent again is (250 ms without this). It doubles each
    /// time, up to `longest`. A `Retry-After` of up to 60 seconds comes first.
    pub fn backoff(self, first: Duration, longest: Duration) -> ShellEvBuilder {
        self.change(move |client| Ok(client.backoff(first, longest)))
    }

    /// After which statuses a request is sent again, in place of 408, 413, 429, 500, 502, 503, 504, 521,
    /// 522 and 524.
    pub fn retry_statuses(self, statuses: &[u16]) -> ShellEvBuilder {
        let statuses = statuses.to_vec();
        self.change(move |client| Ok(client.retry_statuses(&statuses)))
    }

    /// Which methods are sent again after a failure that leaves open whether the request was processed,
    /// in place of GET, HEAD and OPTIONS. It says nothing about [`super::Charging::start`] and
    /// [`super::Charging::stop`], which never are.
    pub fn retry_methods(self, methods: &[Method]) -> ShellEvBuilder {
        let methods = methods.to_vec();
        self.change(move |client| Ok(client.retry_methods(&methods)))
    }

    /// Goes through a proxy: [`ClientBuilder::proxy`].
    pub fn proxy(self, address: &str) -> ShellEvBuilder {
        let address = address.to_owned();
        self.change(move |client| client.proxy(&address))
    }

    /// Calls `hook` before each attempt of a call: [`ClientBuilder::before_send`]. Token requests are not
    /// among them.
    pub fn before_send(
        self,
        hook: impl Fn(&Sending<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> ShellEvBuilder {
        self.change(move |client| Ok(client.before_send(hook)))
    }

    /// Calls `hook` with each answer of the API: [`ClientBuilder::on_answer`].
    pub fn on_answer(self, hook: impl Fn(&Received<'_>) + Send + Sync + 'static) -> ShellEvBuilder {
        self.change(move |client| Ok(client.on_answer(hook)))
    }

    /// Calls `hook` with whatever happens to the token: [`ClientBuilder::on_event`].
    pub fn on_event(self, hook: impl Fn(&Event) + Send + Sync + 'static) -> ShellEvBuilder {
        self.change(move |client| Ok(client.on_event(hook)))
    }

    /// Asks for these scopes; none without this. Shell documents no names.
    pub fn scopes(self, scopes: &[&str]) -> ShellEvBuilder {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.change(move |client| {
            Ok(client.client_credentials(&scopes.iter().map(String::as_str).collect::<Vec<_>>()))
        })
    }

    /// One more parameter of token requests. A stored token is used only under the same parameters.
    pub fn token_param(self, name: &str, value: &str) -> ShellEvBuilder {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.change(move |client| Ok(client.token_param(&name, &value)))
    }

    /// Asks for tokens somewhere else: older pages of Shell's name other addresses.
    pub fn token_url(mut self, url: impl Into<String>) -> ShellEvBuilder {
        self.token_url = Some(url.into());
        self
    }

    /// Calls an API somewhere else: a gateway, or a server for tests. Paths begin with `/v2/`.
    pub fn api_base(mut self, url: impl Into<String>) -> ShellEvBuilder {
        self.api_base = Some(url.into());
        self
    }

    /// How the id and the secret travel: [`ClientAuth::BasicRaw`] as the SDKs do without this.
    /// [`ClientAuth::Body`] is what the samples of Shell's portal show.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> ShellEvBuilder {
        self.client_auth = Some(client_auth);
        self
    }

    /// How long before its end a token is replaced: 60 seconds without this, and a tenth of its lifetime
    /// at most, so that no value can keep a fresh token from being used.
    pub fn margin(mut self, margin: Duration) -> ShellEvBuilder {
        self.margin = Some(margin);
        self
    }

    /// How lists are written in queries.
    pub fn array_encoding(mut self, arrays: ArrayEncoding) -> ShellEvBuilder {
        self.arrays = arrays;
        self
    }

    /// Takes the time from another clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ShellEvBuilder {
        self.clock = clock;
        self
    }

    /// The client. Nothing is read or sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an address that is not https (loopback excepted), for a proxy's address that
    /// cannot be used, and for a timeout of zero.
    pub fn build(self) -> Result<ShellEv> {
        let mut provider = self.environment.provider().to_builder();
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
        client = with_defaults(client).clock(self.clock.clone());
        if let Some(timeout) = self.timeout {
            client = client.http(move |config| config.timeout_global(Some(timeout)));
        }
        for change in self.changes {
            client = change(client)?;
        }
        Ok(ShellEv { client: client.build(), arrays: self.arrays, clock: self.clock })
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

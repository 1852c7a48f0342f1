//! The builder of a client.

mod build;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::http::Method;
use ureq::typestate::AgentScope;

use crate::backend::TokenBackend;
use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::error::{ApiError, Error, Result};
use crate::event::Event;
use crate::hooks::{HOOKS, Hooks, Received, Sending, TokenAnswer, TokenDraft, TokenHooks};
use crate::provider::Provider;
use crate::refresh::Hook;
use crate::transport::{Grant, HttpConfig};

/// The default of [`ClientBuilder::login_timeout`].
const LOGIN_TIMEOUT: Duration = Duration::from_secs(300);

/// Makes a [`Client`](crate::Client).
#[must_use]
pub struct ClientBuilder {
    provider: Arc<Provider>,
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    clock: Arc<dyn Clock>,
    grant: Option<Grant>,
    extra: Vec<(String, String)>,
    hosts: Vec<String>,
    hook: Option<Hook>,
    http: Option<HttpConfig>,
    login_timeout: Duration,
    hooks: Hooks,
    token_hooks: TokenHooks,
    #[cfg(feature = "dpop")]
    pub(super) dpop: crate::transport::Demand,
}

impl ClientBuilder {
    pub(super) fn new(
        provider: Provider,
        credentials: Credentials,
        backend: Box<dyn TokenBackend>,
    ) -> ClientBuilder {
        ClientBuilder {
            provider: Arc::new(provider),
            credentials,
            backend,
            clock: Arc::new(SystemClock),
            grant: None,
            extra: Vec::new(),
            hosts: Vec::new(),
            hook: None,
            http: None,
            login_timeout: LOGIN_TIMEOUT,
            hooks: HOOKS,
            token_hooks: TokenHooks::default(),
            #[cfg(feature = "dpop")]
            dpop: Default::default(),
        }
    }

    /// Limits how often a request is sent again; 2 by default, and 0 turns retries off. Any request is
    /// sent again after a connection that failed and after a 429. A repeatable request is also sent
    /// again if no answer came, and after a 503 with `Retry-After`. Any other request is
    /// sent again only when the service certainly did not process it. The client does not wait for a `Retry-After` of
    /// more than 60 seconds. The repetition after a 401 does not count as a retry.
    pub fn retries(mut self, retries: u32) -> ClientBuilder {
        self.hooks.retries = retries;
        self
    }

    /// Sets the wait before the first retry, for answers that do not say how long to wait; 250 ms by
    /// default. The wait doubles with each retry, up to `longest`.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> ClientBuilder {
        self.hooks.backoff = (first, longest);
        self
    }

    /// Sets the statuses that lead to a retry, in place of 429 and of 503 with `Retry-After`. After a
    /// 429 any request is sent again; after another status, only a repeatable request.
    pub fn retry_statuses(mut self, statuses: &[u16]) -> ClientBuilder {
        self.hooks.statuses = Some(statuses.into());
        self
    }

    /// Sets the methods that are repeatable, in place of GET, HEAD and OPTIONS.
    /// [`crate::Request::repeatable`] decides for one request.
    pub fn retry_methods(mut self, methods: &[Method]) -> ClientBuilder {
        self.hooks.methods = Some(methods.into());
        self
    }

    /// Uses a proxy, such as `http://user:password@proxy.example:3128`, in place of the environment's.
    /// Loopback hosts are still reached directly.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a text that is not the address of a proxy.
    pub fn proxy(mut self, address: &str) -> Result<ClientBuilder> {
        // The error of ureq may repeat the password.
        let proxy = ureq::Proxy::new(address).map_err(|_| {
            Error::config(format!(
                "{} is not the address of a proxy: write http://user:password@host:port, also with \
                     https, socks4 or socks5",
                without_userinfo(address)
            ))
        })?;
        let change = self.http.take();
        self.http = Some(Arc::new(move |config| {
            let config = config.proxy(Some(proxy.clone()));
            match &change {
                Some(change) => change(config),
                None => config,
            }
        }));
        Ok(self)
    }

    /// Calls `hook` each time before a request is sent to the API. The hook may wait for a rate window
    /// (on the client's [`Clock`], so that tests take no time), or return an error, which the caller
    /// gets. Several hooks run in the order in which they were added, until one returns an error.
    pub fn before_send(
        mut self,
        hook: impl Fn(&Sending<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> ClientBuilder {
        let earlier = self.hooks.before_send.take();
        self.hooks.before_send = Some(match earlier {
            Some(earlier) => Arc::new(move |sending| earlier(sending).and_then(|()| hook(sending))),
            None => Arc::new(hook),
        });
        self
    }

    /// Calls `hook` with each answer of the API, also when the answer leads to a retry. The hook may
    /// read rate-limit headers. Several hooks run in the order in which they were added.
    pub fn on_answer(
        mut self,
        hook: impl Fn(&Received<'_>) + Send + Sync + 'static,
    ) -> ClientBuilder {
        let earlier = self.hooks.on_answer.take();
        self.hooks.on_answer = Some(match earlier {
            Some(earlier) => Arc::new(move |received| {
                earlier(received);
                hook(received);
            }),
            None => Arc::new(hook),
        });
        self
    }

    /// Sets the function that reads the wait from an answer of 413, 429 or 503, for an API that has
    /// headers of its own and no `Retry-After`. If the API asks for a wait of more than 60 seconds, the call
    /// fails, and [`Error::retry_after`] returns the wait.
    pub fn retry_after_from(
        mut self,
        read: impl Fn(&Received<'_>) -> Option<Duration> + Send + Sync + 'static,
    ) -> ClientBuilder {
        self.hooks.retry_after = Some(Arc::new(read));
        self
    }

    /// Sets the function that decides whether an answer other than a 401 means that the access token is
    /// no longer valid. Some APIs answer 403 to an expired token.
    pub fn expired_when(
        mut self,
        test: impl Fn(&Received<'_>) -> bool + Send + Sync + 'static,
    ) -> ClientBuilder {
        self.hooks.expired = Some(Arc::new(test));
        self
    }

    /// Sets the function that turns an error answer of the API into an error, for an API with an error
    /// format of its own.
    pub fn map_error(
        mut self,
        map: impl Fn(ApiError) -> Error + Send + Sync + 'static,
    ) -> ClientBuilder {
        self.hooks.map_error = Some(Arc::new(map));
        self
    }

    /// Calls `hook` each time before a request is sent to the token endpoint or to another endpoint of the
    /// authorization server, also before a repetition. The hook may change the parameters and the headers, for
    /// a service whose requests no setting of the provider describes. Error messages do not show what the
    /// hook adds. If the hook returns an error, or panics, nothing is sent, no token is used up, and the
    /// caller gets an error. Several hooks run in the order in which they were added.
    ///
    /// During a refresh, the hook runs under the store's lock: it should not wait, and must not call the
    /// client. A call of the client on the same thread gets the access token if the token still works, and
    /// otherwise fails with [`Error::Config`](crate::Error::Config), because the call would wait for itself.
    /// A hook that waits for another thread which calls the client hangs.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// let client = Client::builder(sandbox.provider(), sandbox.credentials(), MemoryBackend::new())
    ///     .before_token_request(|request| {
    ///         request.set_header("X-Request-Source", "nightly-export");
    ///         Ok(())
    ///     })
    ///     .build();
    /// # client.seed(sandbox.login())?;
    /// # client.refresh()?;
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn before_token_request(
        mut self,
        hook: impl Fn(&mut TokenDraft) -> Result<()> + Send + Sync + 'static,
    ) -> ClientBuilder {
        let earlier = self.token_hooks.before.take();
        self.token_hooks.before = Some(match earlier {
            Some(earlier) => Arc::new(move |draft| earlier(draft).and_then(|()| hook(draft))),
            None => Arc::new(hook),
        });
        self
    }

    /// Calls `hook` with each whole answer of the authorization server before the client reads it. The hook
    /// may return another body, and the client then reads that body in place of the original body: the JSON
    /// of RFC 6749 section 5.1 or
    /// 5.2. `None` leaves the answer as it is. If the hook panics, the answer is read unchanged, and the log
    /// has a warning, so that a new refresh token is not lost. A second call of this method replaces the hook
    /// of the first call.
    ///
    /// Like [`ClientBuilder::before_token_request`], the hook runs under the store's lock.
    pub fn on_token_answer(
        mut self,
        hook: impl Fn(&TokenAnswer<'_>) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> ClientBuilder {
        self.token_hooks.answer = Some(Arc::new(hook));
        self
    }

    /// Limits how long [`Client::authorize_interactive`](crate::Client::authorize_interactive) waits for a person; 5 minutes by default.
    pub fn login_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.login_timeout = limit;
        self
    }

    /// Sets the address to which the authorization server sends the browser back.
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> ClientBuilder {
        self.credentials = self.credentials.with_redirect_uri(redirect_uri);
        self
    }

    /// Uses the client credentials grant (RFC 6749 section 4.4) with these scopes: no person is
    /// involved, and the client asks for a token whenever it needs one. An empty list of scopes means the
    /// provider's default scopes.
    ///
    /// A later process finds the token in the store and sends no request. A temporary failure of the store
    /// does not fail a call: an [`Event::SaveFailed`] reports the failure. A store that is set up wrongly (a
    /// missing folder, a file of another user or another program) fails the first call with
    /// [`Error::Backend`], unless a stored token still works. The first call proves that the store can be
    /// written before it requests a token. Without a store, use [`MemoryBackend`](crate::MemoryBackend).
    pub fn client_credentials(mut self, scopes: &[&str]) -> ClientBuilder {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.grant = Some(Grant::ClientCredentials { scopes });
        self
    }

    /// Uses the JWT bearer grant (RFC 7523): a signed JWT takes the place of a person, and the client
    /// asks for a token whenever it needs one.
    #[cfg(feature = "jwt")]
    pub fn jwt_bearer(mut self, grant: crate::jwt::JwtBearer) -> ClientBuilder {
        self.grant = Some(Grant::JwtBearer(grant));
        self
    }

    /// Uses the token exchange grant (RFC 8693): a token that the program has takes the place of a person,
    /// and the client exchanges that token whenever it needs a token.
    #[cfg(feature = "token-exchange")]
    pub fn token_exchange(mut self, grant: crate::token_exchange::TokenExchange) -> ClientBuilder {
        self.grant = Some(Grant::TokenExchange(grant));
        self
    }

    /// Adds a parameter to every token request of this client, such as `tenant`. The parameter replaces the
    /// provider's parameter of the same name. If the protocol sets this parameter itself, the request fails
    /// with [`Error::Config`].
    pub fn token_param(mut self, name: &str, value: &str) -> ClientBuilder {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Names the service that tokens are for, by the name that the authorization server uses
    /// (`audience`, RFC 8693 section 2.1; used by Auth0 and others with every grant). The name goes
    /// into authorization requests and token requests. Call this once for each service.
    pub fn audience(self, audience: &str) -> ClientBuilder {
        self.token_param("audience", audience)
    }

    /// Names the address of the service that tokens are for (RFC 8707): absolute, without a fragment.
    /// The address goes into authorization requests and token requests, refreshes included. Call this
    /// once for each service.
    pub fn resource(self, resource: &str) -> ClientBuilder {
        self.token_param("resource", resource)
    }

    /// Allows requests to another origin besides the API base, such as `https://files.example`. These
    /// requests carry the access token. An origin begins with `https://`, or with `http://` for a host
    /// on loopback. With any other text, every request of the client fails with an [`Error::Config`]
    /// that names the text.
    pub fn allow_host(mut self, origin: &str) -> ClientBuilder {
        self.hosts.push(origin.to_owned());
        self
    }

    /// Sets the clock from which the client reads the time. A backend reads its own clock: see
    /// [`crate::FileBackend::with_clock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ClientBuilder {
        self.clock = clock;
        self
    }

    /// Calls `hook` with each event in the life of the login, after all locks are released.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> ClientBuilder {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Changes ureq's configuration: the proxy, the certificates, and the timeouts and middleware of
    /// API calls. Redirects stay off, and a loopback host is never reached through a proxy. If the
    /// function removes a timeout, the client sets the timeout again. A `User-Agent`, `Accept` or
    /// `Accept-Encoding` that is not valid in a header is replaced by the default. Token requests use
    /// the same proxy, certificates and address family, but have their own timeouts and no middleware.
    /// The function is called several times, also while the client is used: each agent is made when the
    /// client first needs that agent. The proxy variables of the environment are read at the same moment.
    ///
    /// Set a client certificate (mutual TLS, RFC 8705) here. The client presents the certificate to every
    /// https host that asks for a certificate:
    ///
    /// ```
    /// use evergrant::provider::ClientAuth;
    /// use evergrant::{Client, Credentials, MemoryBackend, Provider};
    /// use ureq::tls::{Certificate, ClientCert, PrivateKey, TlsConfig};
    ///
    /// # let (chain, key) = (include_bytes!("../../tests/keys/tls/client.pem"), include_bytes!("../../tests/keys/tls/client.key"));
    /// # if false {
    /// let (chain, key) = (std::fs::read("client.pem")?, std::fs::read("client.key")?);
    /// # }
    /// let chain = [Certificate::from_pem(chain)?];
    /// let certificate = ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key)?);
    /// let provider = Provider::builder("bank")
    ///     .token_endpoint("https://mtls.bank.example/token")
    ///     .client_auth(ClientAuth::Certificate)
    ///     .build()?;
    /// let client = Client::builder(provider, Credentials::public("app-7"), MemoryBackend::new())
    ///     .client_credentials(&["accounts"])
    ///     .http(move |config| {
    ///         let tls = TlsConfig::builder().client_cert(Some(certificate.clone()));
    ///         config.tls_config(tls.build())
    ///     })
    ///     .build();
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn http(
        mut self,
        change: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync + 'static,
    ) -> ClientBuilder {
        self.http = Some(Arc::new(change));
        self
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("provider", &self.provider.name)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// An address without its user and password.
fn without_userinfo(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, host)| host)
}

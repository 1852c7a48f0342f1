//! The client: provider, credentials, store and agent in one value.

mod builder;
mod code;
#[cfg(feature = "dpop")]
mod dpop;
#[cfg(feature = "oidc")]
mod id_tokens;
mod lookup;
mod origins;
mod revoke;
mod siblings;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::ReentrantMutex;
use ureq::http::{HeaderMap, HeaderName};

use crate::backend::TokenBackend;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{Error, RateLimited, Result};
use crate::hooks::Hooks;
use crate::protocol::{self, Authorization};
use crate::provider::Provider;
use crate::record::Record;
use crate::refresh::{Hook, Keeper, Rules, Want};
use crate::secret::Secret;
use crate::token::Token;
use crate::transport::{AgentPair, TokenTransport};

pub use self::builder::ClientBuilder;
#[cfg(feature = "dpop")]
pub use self::dpop::DpopHeaders;

/// Calls an API with an access token that the client keeps valid.
///
/// A client is cheap to clone and to share: clones and threads use one token. Every method blocks. A
/// call refreshes an access token that is about to expire. A new refresh token is durable in the store
/// before the call goes on.
///
/// Dropping the last clone may block: if a new refresh token could not be saved before, the drop tries
/// to save it. [`Client::close`] does so too, and returns an error if the save fails.
///
/// ```
/// use evergrant::{Client, FileBackend};
/// # let sandbox = evergrant::sandbox::Sandbox::start()?;
/// # let (provider, credentials, token) = (sandbox.provider(), sandbox.credentials(), sandbox.login());
/// # let path = sandbox.folder().join("example.json");
///
/// let client = Client::new(provider, credentials, FileBackend::new(path));
/// client.seed(token)?;
/// let me: serde_json::Value = client.get("/me").read_json()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    keeper: Keeper,
    /// Locked while the client asks the service for the address of the API. The mutex is reentrant, because a
    /// hook may call the client meanwhile.
    base_lookup: ReentrantMutex<()>,
    common: Arc<Common>,
}

/// The settings and agents that the clients of several logins share.
struct Common {
    provider: Arc<Provider>,
    credentials: Credentials,
    tokens: Arc<TokenTransport>,
    /// The `resource` and `audience` parameters of authorization requests.
    targets: Vec<(String, String)>,
    /// The base URL of the API, without a slash at its end.
    base: Option<String>,
    origins: Vec<String>,
    /// The fault of a text given to `allow_host`; every request fails with this message.
    wrong_host: Option<String>,
    agents: AgentPair,
    base_is_loopback: bool,
    #[cfg(feature = "oidc")]
    keys: id_tokens::Keys,
    clock: Arc<dyn Clock>,
    login_timeout: Duration,
    token_header: HeaderName,
    /// The headers of every request to the API, with an empty value for the token.
    headers: HeaderMap,
    /// The same headers without the provider's fixed headers, for requests that carry no token.
    plain_headers: HeaderMap,
    hooks: Hooks,
    rules: Rules,
    hook: Option<Hook>,
}

impl Deref for Inner {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

impl Client {
    /// Makes a client for the authorization code grant, with the defaults of [`Client::builder`].
    pub fn new(
        provider: Provider,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Client {
        Client::builder(provider, credentials, backend).build()
    }

    /// Makes a client for the authorization code grant, with credentials from the environment:
    /// `GITHUB_CLIENT_ID`, `GITHUB_CLIENT_SECRET` and `GITHUB_REDIRECT_URI` for a provider named
    /// `github`.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`].
    pub fn from_env(provider: Provider, backend: impl TokenBackend + 'static) -> Result<Client> {
        let credentials = Credentials::from_env(&provider.env_prefix())?;
        Ok(Client::new(provider, credentials, backend))
    }

    /// Makes a client like [`Client::from_env`], and reads variables that are not set from the file
    /// `.env` of the current folder: [`Credentials::from_dotenv`].
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_dotenv`].
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(provider: Provider, backend: impl TokenBackend + 'static) -> Result<Client> {
        let credentials = Credentials::from_dotenv(&provider.env_prefix())?;
        Ok(Client::new(provider, credentials, backend))
    }

    /// Returns a builder, for a client with settings other than the defaults.
    pub fn builder(
        provider: Provider,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ClientBuilder {
        ClientBuilder::new(provider, credentials, Box::new(backend))
    }

    /// Returns an access token that works now, for requests through another HTTP library. A token that is
    /// bound to a key (RFC 9449) also needs a proof with each request: `dpop_headers`, with the feature
    /// `dpop`.
    ///
    /// # Errors
    ///
    /// Before a refresh token is used up: [`Error::NotAuthorized`], [`Error::Backend`],
    /// [`Error::Busy`], [`Error::Transport`], [`Error::RateLimited`], [`Error::OAuth`],
    /// [`Error::Config`] for a store that holds another client's token. Otherwise
    /// [`Error::Reauthorize`], [`Error::NotSaved`], [`Error::OutcomeUnknown`].
    pub fn access_token(&self) -> Result<Secret> {
        if let Some(access_token) = self.0.keeper.hot_access_token() {
            return Ok(access_token);
        }
        Ok(self.0.keeper.access(&Want::Usable)?.access_token().clone())
    }

    /// Tells the client that the API refused an access token of [`Client::access_token`]. The next call
    /// that needs a token looks for a newer token in the store, and refreshes if there is none.
    /// Requests of this client and its middleware report a refused token without this method.
    ///
    /// This method itself sends nothing. If the API refuses the new token as well, refreshing does not help,
    /// and the client uses the new token for a minute before it refreshes again.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// # let call_elsewhere = |_: &evergrant::Secret| 401;
    /// let token = client.access_token()?;
    /// if call_elsewhere(&token) == 401 {
    ///     client.refused(&token);
    /// }
    /// assert_ne!(client.access_token()?, token);
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn refused(&self, access_token: &Secret) {
        self.0.keeper.suspect(access_token);
    }

    /// Returns the access token of [`Client::access_token`] with all that came with it.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::access_token`].
    pub fn token(&self) -> Result<Token> {
        Ok(self.0.keeper.access(&Want::Usable)?.token.clone())
    }

    /// Refreshes now. Threads that call this method at the same time share one refresh. If another
    /// process has stored a newer token, the client uses that token.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::access_token`], even while the current access token still works.
    pub fn refresh(&self) -> Result<()> {
        let want = self.0.keeper.newer();
        self.0.keeper.access(&want).map(|_| ())
    }

    /// Starts a login. Open [`Authorization::url`] in a browser, and pass the authorization to
    /// [`Client::exchange`] after the login. First the client locks and reads the store and checks that the
    /// store can be written: otherwise a person could log in for nothing. An empty list of scopes means the
    /// provider's default scopes. With the scope `openid` the address has a `nonce`, and [`Client::exchange`]
    /// checks the ID token. With the parameter `max_age`, `exchange` also checks that the person has authenticated
    /// recently enough.
    ///
    /// With the feature `par` and a provider that has a
    /// [`pushed_authorization_request_endpoint`](crate::provider::ProviderBuilder::pushed_authorization_request_endpoint),
    /// the parameters of the login are first sent to that endpoint, with the client's authentication
    /// (RFC 9126). The address then has only `client_id` and `request_uri`. The address works once, and only
    /// until [`Authorization::expires_at`].
    ///
    /// With [`signed_requests`](crate::provider::ProviderBuilder::signed_requests) the parameters are in a request
    /// object that the client signs (RFC 9101).
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] when the store cannot keep the login. [`Error::Config`] when the store holds
    /// another client's login, the provider has no authorization endpoint, the redirect URI is not
    /// absolute or has a fragment, a scope has characters that no scope may have (RFC 6749 section
    /// 3.3), or the service accepts only pushed or signed requests and this client cannot push or sign them. For a login
    /// that is pushed also [`Error::OAuth`] when the server refuses its parameters, [`Error::RateLimited`],
    /// [`Error::Transport`], and [`Error::Decode`] for an answer without a usable `request_uri`. No error
    /// changes the stored login.
    pub fn authorize(&self, scopes: &[&str]) -> Result<Authorization> {
        self.authorize_with(scopes, &[])
    }

    /// Starts a login like [`Client::authorize`], with more parameters, such as `("prompt", "consent")`
    /// or `("response_mode", "form_post")`. Each parameter replaces the provider's parameter of the same
    /// name.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::authorize`], and [`Error::Config`] for a parameter that the protocol sets
    /// itself, or that is given twice.
    pub fn authorize_with(
        &self,
        scopes: &[&str],
        params: &[(&str, &str)],
    ) -> Result<Authorization> {
        self.authorize_at(self.redirect_uri(), scopes, params)
    }

    pub(crate) fn authorize_at(
        &self,
        redirect_uri: Option<&str>,
        scopes: &[&str],
        params: &[(&str, &str)],
    ) -> Result<Authorization> {
        self.0.keeper.prove_store()?;
        let Common { provider, credentials, targets, .. } = &*self.0.common;
        let targets = targets.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let params: Vec<_> = targets.chain(params.iter().copied()).collect();
        let now = self.0.clock.now_utc();
        let request =
            protocol::authorization_request(provider, credentials, redirect_uri, scopes, &params)?
                .started_at(now);
        let key = self.0.tokens.login_key()?;
        #[cfg(feature = "dpop")]
        let request = match &key {
            Some(key) => request.bound_to(key)?,
            None => request,
        };
        #[cfg(not(feature = "dpop"))]
        let _ = key;
        let pushed = provider.pushes_logins()?;
        let request = self.0.tokens.signed_request(request, pushed, now)?;
        if !pushed {
            return request.in_address();
        }
        #[cfg(feature = "par")]
        return self.0.tokens.push(request, now);
        #[cfg(not(feature = "par"))]
        request.in_address()
    }

    /// Finishes a login: checks the callback, exchanges the code, and stores the new login in place of
    /// any other. `callback` is what the redirect URI received: a whole address, a query, or the body of a
    /// posted form. The login is durable when this returns.
    ///
    /// # Errors
    ///
    /// Before the code is sent: [`Error::Callback`] for a callback that does not belong to this
    /// authorization, [`Error::OAuth`] for an error in the callback (`access_denied` when the person
    /// said no), [`Error::Backend`], [`Error::Busy`], [`Error::Config`], also for a callback that names a host
    /// which the provider's settings do not allow. After that: [`Error::OAuth`],
    /// [`Error::Transport`], [`Error::RateLimited`], [`Error::OutcomeUnknown`] (the code is not sent
    /// twice), [`Error::Decode`] for an ID token that is not for this login (its source is
    /// [`crate::error::IdTokenError`]; the code is used up, and nothing is stored), and
    /// [`Error::NotSaved`], which carries the token. Without `openid`, an ID token that fails these
    /// checks is left out and the login goes on.
    pub fn exchange(&self, authorization: Authorization, callback: &str) -> Result<Token> {
        if !authorization.is_for(&self.0.provider, &self.0.credentials) {
            return Err(Error::config("this authorization was started by another client"));
        }
        let code = authorization.check(callback);
        let code = code.map_err(|error| authorization.explained(error, self.0.clock.now_utc()))?;
        let tokens = &self.0.tokens;
        self.0.keeper.authorize(code.fields.clone(), &mut |sent_at| {
            tokens.exchange(&code.code, &authorization, &code.fields, sent_at)
        })
    }

    /// Stores a token that you already have, unless the store has one. Returns whether the token was
    /// stored. So an old token in an environment variable never overwrites a newer token in the store.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds another
    /// client's token, and for a token that is empty or has a character that no token has, such as a
    /// line break (RFC 6749 appendix A.12).
    pub fn seed(&self, token: Token) -> Result<bool> {
        if let Some(fault) = token.fault("the access token", "the refresh token") {
            return Err(Error::config(fault));
        }
        let token = self.0.tokens.seeded(token, self.0.clock.now_utc())?;
        let renews = self.0.provider.refresh.grant.as_ref();
        let itself = renews.filter(|grant| grant.sends_access_token).map(|_| token.access_token());
        match itself.filter(|_| token.refresh_token().is_none()).cloned() {
            Some(itself) => self.0.keeper.seed(token.with_refresh_token(itself)),
            None => self.0.keeper.seed(token),
        }
    }

    /// Removes the stored login. The tokens stay valid at the service.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds another
    /// client's token; that token stays.
    pub fn clear(&self) -> Result<()> {
        self.0.keeper.clear(&|_| Ok(false))
    }

    /// Ends this client. If a new refresh token could not be saved before, `close` saves it: the call
    /// waits for the store's lock as a refresh does, and returns an error if the save fails. Otherwise
    /// `close` does nothing. Clones of the client go on working.
    ///
    /// Dropping the last clone tries to save, too, but does not wait for the store's lock, and reports a
    /// failure only to [`ClientBuilder::on_event`] and the log. With a slow store, such as a database,
    /// closing and dropping may block for as long as its timeouts.
    ///
    /// # Errors
    ///
    /// [`Error::NotSaved`], which carries the token.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// let me: serde_json::Value = client.get("/me").read_json()?;
    /// client.close()?;
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn close(self) -> Result<()> {
        self.0.keeper.save_waiting()
    }

    /// Reads the stored record, which has the dates of the login and the state of the last refresh. Nothing
    /// is refreshed.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], and [`Error::Config`] for another client's token.
    pub fn stored(&self) -> Result<Option<Record>> {
        self.0.keeper.load_checked()
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    #[cfg(feature = "device")]
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    #[cfg_attr(not(feature = "device"), allow(dead_code))]
    pub(crate) fn tokens(&self) -> &TokenTransport {
        &self.0.tokens
    }

    /// The redirect URI of the credentials, or the provider's own.
    pub(crate) fn redirect_uri(&self) -> Option<&str> {
        let own = self.0.provider.authorization.redirect_uri.as_deref();
        self.0.credentials.redirect_uri().or(own)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn login_timeout(&self) -> Duration {
        self.0.login_timeout
    }

    pub(crate) fn keeper(&self) -> &Keeper {
        &self.0.keeper
    }

    pub(crate) fn token_header(&self) -> &HeaderName {
        &self.0.token_header
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    pub(crate) fn plain_headers(&self) -> &HeaderMap {
        &self.0.plain_headers
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    /// Whether the client itself refused to refresh, because the token is too young for the service.
    pub(crate) fn is_too_early(&self, limited: &RateLimited) -> bool {
        self.0.provider.refresh.earliest.is_some() && limited.host == self.0.provider.token_host()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.0.provider.name)
            .field("client_id", &self.0.credentials.id())
            .finish_non_exhaustive()
    }
}

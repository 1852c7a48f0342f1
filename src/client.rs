//! The client: provider, credentials, store and agent in one value.

mod builder;
mod origins;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName};

use crate::backend::TokenBackend;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{Error, RateLimited, Result};
use crate::hooks::Hooks;
use crate::protocol::{self, Authorization};
use crate::provider::{Provider, TokenTypeHint};
use crate::record::Record;
use crate::refresh::{Keeper, Want};
use crate::secret::Secret;
use crate::token::Token;
use crate::transport::TokenTransport;

pub use self::builder::ClientBuilder;

/// Calls an API with a token that stays valid.
///
/// A client is cheap to clone and to share: clones and threads use one token. Every method blocks.
/// A call that finds the access token about to end refreshes it. A new refresh token that came with
/// it is durable in the store before the call goes on.
///
/// Dropping the last clone may block when a new refresh token could not be saved before: it is saved
/// then, if the store lets it. [`Client::close`] does the same and tells the result.
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
    provider: Arc<Provider>,
    credentials: Credentials,
    tokens: Arc<TokenTransport>,
    /// The `resource` and `audience` parameters of authorization requests.
    targets: Vec<(String, String)>,
    /// The API's base without a slash at its end, and where the access token may go.
    base: Option<String>,
    origins: Vec<String>,
    /// What is wrong with a host that was to be allowed: every request says so.
    wrong_host: Option<String>,
    agent: Agent,
    /// For loopback hosts: without a proxy.
    direct: Agent,
    base_is_loopback: bool,
    clock: Arc<dyn Clock>,
    login_timeout: Duration,
    token_header: HeaderName,
    /// Of every request, with an empty one for the token.
    headers: HeaderMap,
    hooks: Hooks,
}

impl Client {
    /// A client for the authorization code grant, with the defaults of [`Client::builder`].
    pub fn new(
        provider: Provider,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Client {
        Client::builder(provider, credentials, backend).build()
    }

    /// A client for the authorization code grant with the credentials of the environment:
    /// `GITHUB_CLIENT_ID`, `GITHUB_CLIENT_SECRET` and `GITHUB_REDIRECT_URI` for a provider named
    /// `github`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`Credentials::from_env`].
    pub fn from_env(provider: Provider, backend: impl TokenBackend + 'static) -> Result<Client> {
        let credentials = Credentials::from_env(&provider.env_prefix())?;
        Ok(Client::new(provider, credentials, backend))
    }

    /// As [`Client::from_env`], with the file `.env` of the current folder for variables that are not
    /// set: [`Credentials::from_dotenv`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`Credentials::from_dotenv`].
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(provider: Provider, backend: impl TokenBackend + 'static) -> Result<Client> {
        let credentials = Credentials::from_dotenv(&provider.env_prefix())?;
        Ok(Client::new(provider, credentials, backend))
    }

    /// Starts a client.
    pub fn builder(
        provider: Provider,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ClientBuilder {
        ClientBuilder::new(provider, credentials, Box::new(backend))
    }

    /// An access token that works now, for another HTTP library.
    ///
    /// # Errors
    ///
    /// With nothing spent: [`Error::NotAuthorized`], [`Error::Backend`], [`Error::Busy`],
    /// [`Error::Transport`], [`Error::RateLimited`], [`Error::OAuth`], [`Error::Config`] for a
    /// store that holds another client's token. Otherwise [`Error::Reauthorize`],
    /// [`Error::NotSaved`], [`Error::OutcomeUnknown`].
    pub fn access_token(&self) -> Result<Secret> {
        if let Some(access_token) = self.0.keeper.hot_access_token() {
            return Ok(access_token);
        }
        Ok(self.0.keeper.access(&Want::Usable)?.access_token().clone())
    }

    /// Tells the client that the API refused an access token of [`Client::access_token`]. The next call
    /// that needs a token looks into the store, and refreshes if nothing newer is there. Requests of this
    /// client and its middleware do this by themselves.
    ///
    /// Nothing is sent here. If the API refuses the new token as well, refreshing does not help, and
    /// the new token is used for a minute before another refresh is made.
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

    /// The whole token behind [`Client::access_token`].
    ///
    /// # Errors
    ///
    /// As [`Client::access_token`].
    pub fn token(&self) -> Result<Token> {
        Ok(self.0.keeper.access(&Want::Usable)?.token.clone())
    }

    /// Refreshes now. Threads that ask at the same time share one refresh, and a process that finds a
    /// newer token in the store uses that.
    ///
    /// # Errors
    ///
    /// As [`Client::access_token`]; a token that still works does not hide them here.
    pub fn refresh(&self) -> Result<()> {
        let want = self.0.keeper.newer();
        self.0.keeper.access(&want).map(|_| ())
    }

    /// Starts a login. The result has the address to send a person to, and is kept until the callback.
    /// Before that, the store is locked, read and proven writable, so that nobody logs in for nothing.
    /// No scopes means the provider's own default. With the scope `openid` a `nonce` is sent, and
    /// [`Client::exchange`] checks it.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] when the store could not keep the login. [`Error::Config`] when it holds
    /// another client's, the provider has no authorization endpoint, the redirect URI is not
    /// absolute or has a fragment, or a scope has characters that no scope may have (RFC 6749
    /// section 3.3).
    pub fn authorize(&self, scopes: &[&str]) -> Result<Authorization> {
        self.authorize_with(scopes, &[])
    }

    /// As [`Client::authorize`], with more parameters, such as `("prompt", "consent")` or
    /// `("response_mode", "form_post")`. Each replaces the provider's of the same name.
    ///
    /// # Errors
    ///
    /// As [`Client::authorize`], and [`Error::Config`] for a parameter that is the protocol's own or
    /// comes twice.
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
        let Inner { provider, credentials, targets, .. } = &*self.0;
        let targets = targets.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let params: Vec<_> = targets.chain(params.iter().copied()).collect();
        protocol::authorize(provider, credentials, redirect_uri, scopes, &params)
    }

    /// Finishes a login: checks what came to the redirect URI (a whole address, a query, or the body of
    /// a posted form), exchanges the code, and stores the new login in place of any other. The login
    /// is durable when this returns.
    ///
    /// # Errors
    ///
    /// With nothing sent: [`Error::Callback`] for what does not belong to this authorization,
    /// [`Error::OAuth`] with what the server answered in its place (`access_denied` when the person
    /// said no), [`Error::Backend`], [`Error::Busy`], [`Error::Config`]. After that:
    /// [`Error::OAuth`], [`Error::Transport`], [`Error::RateLimited`], [`Error::OutcomeUnknown`]
    /// (the code is not sent twice), [`Error::Decode`] for an ID token without the nonce of this
    /// login, with nothing stored, and [`Error::NotSaved`], which carries the token.
    pub fn exchange(&self, authorization: Authorization, callback: &str) -> Result<Token> {
        if !authorization.is_for(&self.0.provider, &self.0.credentials) {
            return Err(Error::config("this authorization was started by another client"));
        }
        let code = authorization.check(callback)?;
        let (redirect_uri, verifier) = (authorization.redirect_uri(), authorization.verifier());
        let tokens = &self.0.tokens;
        self.0.keeper.authorize(code.fields, &mut |sent_at| {
            let sent = tokens.exchange(&code.code, redirect_uri, verifier, sent_at);
            match authorization.nonce() {
                Some(nonce) => tokens.with_nonce(sent, nonce),
                None => sent,
            }
        })
    }

    /// Stores a token that you have already, unless a token is stored, and says whether it did. So an
    /// old variable in a service's environment never overwrites a rotated token.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds another client's
    /// token, and for a token that is empty or has a line break or the like (RFC 6749 appendix A.12).
    pub fn seed(&self, token: Token) -> Result<bool> {
        if let Some(fault) = token.fault("the access token", "the refresh token") {
            return Err(Error::config(fault));
        }
        let renews = self.0.provider.refresh.grant.as_ref();
        let itself = renews.filter(|grant| grant.sends_access_token).map(|_| token.access_token());
        match itself.filter(|_| token.refresh_token().is_none()).cloned() {
            Some(itself) => self.0.keeper.seed(token.with_refresh_token(itself)),
            None => self.0.keeper.seed(token),
        }
    }

    /// Forgets the stored token. The service is not told.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds another
    /// client's token, which stays.
    pub fn clear(&self) -> Result<()> {
        self.0.keeper.clear(&|_| Ok(false))
    }

    /// Logs out: revokes the stored token at the service (RFC 7009), then forgets it. In this order a
    /// process that dies in between leaves a revoked token in the store, and no valid token that
    /// everybody has forgotten. An empty store is success. A refresh on another thread or process
    /// comes before or after the log-out, not in between.
    ///
    /// # Errors
    ///
    /// With the token kept: [`Error::Config`] when the provider has no revocation endpoint,
    /// [`Error::OAuth`] when it refuses, [`Error::RateLimited`], [`Error::Transport`] when its answer
    /// did not come; and as [`Client::clear`], also after the revocation, when the record could not be
    /// removed: call again.
    pub fn revoke(&self) -> Result<()> {
        if self.0.provider.token_request.revocation_style.wants_access_token() {
            // An expired access token revokes nothing. If there is no other, the service says so.
            let _ = self.access_token();
        }
        self.0.keeper.clear(&|token| match token {
            Some(token) => self.0.tokens.revoke(token, self.0.clock.now_utc()).map(|()| true),
            None => Ok(false),
        })
    }

    /// Revokes any token at the service (RFC 7009); the store is left alone. The hint may say which
    /// kind of token it is. A token that the service does not know is success. To log out, use
    /// [`Client::revoke`]: `revoke_token` does not wait for a refresh that is under way.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the provider has no revocation endpoint, [`Error::OAuth`] when it
    /// refuses, [`Error::RateLimited`], [`Error::Transport`] when its answer did not come.
    pub fn revoke_token(&self, token: &Secret, hint: Option<TokenTypeHint>) -> Result<()> {
        self.0.tokens.revoke_one(token, hint, self.0.clock.now_utc())
    }

    /// Ends this client: a new refresh token that could not be saved before is saved now, and an error
    /// tells if that fails. The store's lock is waited for, as in a refresh. Without such a token
    /// nothing is done. Clones of the client go on working.
    ///
    /// Dropping the last clone tries to save, too, but does not wait for the store's lock, and a
    /// failure is told to [`ClientBuilder::on_event`] and the log only. With a slow store, such as a
    /// database, both may block for as long as its timeouts.
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

    /// Reads what is stored, to look at dates and notes. Nothing is refreshed.
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

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    /// Whether the client itself refused to refresh, because the service wants a token of a certain age.
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

//! The settings of a sandbox and their builder.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Sandbox;
use crate::clock::{Clock, SystemClock};
use crate::provider::{ClientAuth, Rotation, TokenFormat};

/// The settings of a sandbox. `clock` measures all durations.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) rotation: Rotation,
    pub(super) reuse_ends_login: bool,
    pub(super) same_pair: bool,
    pub(super) second_pair_ends_first: bool,
    pub(super) ends_access_token: bool,
    pub(super) access_token_lifetime: Duration,
    pub(super) earliest_refresh: Option<Duration>,
    pub(super) refresh_token_lifetime: Option<Duration>,
    pub(super) new_login_ends_earlier: bool,
    pub(super) exact_online: bool,
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) client_auth: ClientAuth,
    pub(super) token_format: TokenFormat,
    pub(super) redirect_uris: Vec<String>,
    pub(super) pkce_required: bool,
    pub(super) pushed_lifetime: Option<Duration>,
    pub(super) pushed_required: bool,
    pub(super) dpop_required: bool,
    /// After how many proofs a nonce is replaced. `None` demands no nonces.
    pub(super) dpop_nonces: Option<u64>,
    pub(super) issuer_in_callback: bool,
    pub(super) expires_at_in_reply: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) port: u16,
    #[cfg(feature = "jwt")]
    pub(super) client_key: Option<super::assertion::ClientKey>,
    pub(super) registration: bool,
    pub(super) initial_access_token: Option<String>,
    pub(super) registered_secret_lifetime: Option<Duration>,
    pub(super) resource_metadata: bool,
    pub(super) exchange_refresh_tokens: bool,
    pub(super) device_lifetime: Duration,
    pub(super) device_interval: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rotation: Rotation::UntilUsed,
            reuse_ends_login: true,
            same_pair: false,
            second_pair_ends_first: false,
            ends_access_token: false,
            access_token_lifetime: Duration::from_secs(3600),
            earliest_refresh: None,
            refresh_token_lifetime: None,
            new_login_ends_earlier: false,
            exact_online: false,
            client_id: "sandbox-client".to_owned(),
            client_secret: Some("sandbox-secret".to_owned()),
            client_auth: ClientAuth::Basic,
            token_format: TokenFormat::Form,
            redirect_uris: Vec::new(),
            pkce_required: false,
            pushed_lifetime: None,
            pushed_required: false,
            dpop_required: false,
            dpop_nonces: None,
            issuer_in_callback: false,
            expires_at_in_reply: false,
            clock: Arc::new(SystemClock),
            port: 0,
            #[cfg(feature = "jwt")]
            client_key: None,
            registration: false,
            initial_access_token: None,
            registered_secret_lifetime: None,
            resource_metadata: false,
            exchange_refresh_tokens: false,
            device_lifetime: Duration::from_secs(600),
            device_interval: Some(Duration::from_secs(5)),
        }
    }
}

impl Settings {
    /// Whether the client can authenticate: with a secret, a key or a certificate.
    pub(super) fn is_confidential(&self) -> bool {
        #[cfg(feature = "jwt")]
        if self.client_key.is_some() {
            return true;
        }
        self.client_secret.is_some() || self.client_auth == ClientAuth::Certificate
    }

    /// The grants that the client may use.
    pub(super) fn grants(&self) -> Vec<&'static str> {
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let mut grants = vec!["authorization_code", "refresh_token", device, exchange];
        if self.is_confidential() {
            grants.push("client_credentials");
        }
        #[cfg(feature = "jwt")]
        if self.client_key.is_some() {
            grants.push("urn:ietf:params:oauth:grant-type:jwt-bearer");
        }
        grants
    }

    /// Whether a replaced refresh token that is sent again too late revokes the login.
    pub(super) fn reuse_is_fatal(&self) -> bool {
        match self.rotation {
            Rotation::GraceThenFamily(_) | Rotation::StrictFamily => true,
            Rotation::UntilUsed => self.reuse_ends_login,
            _ => false,
        }
    }
}

/// Configures a [`Sandbox`]. [`SandboxBuilder::start`] starts the sandbox.
///
/// ```
/// use evergrant::provider::{ClientAuth, Rotation};
/// use evergrant::sandbox::Sandbox;
/// use std::time::Duration;
///
/// let sandbox = Sandbox::builder()
///     .rotation(Rotation::Grace(Duration::from_secs(30)))
///     .client("app-7", Some("s3cret"))
///     .client_auth(ClientAuth::Body)
///     .start()?;
/// assert_eq!(sandbox.credentials().id(), "app-7");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct SandboxBuilder(Settings);

impl SandboxBuilder {
    /// Sets what happens to a refresh token when it is used. The default is [`Rotation::UntilUsed`].
    /// [`Rotation::Unknown`] behaves as [`Rotation::Strict`].
    pub fn rotation(mut self, rotation: Rotation) -> SandboxBuilder {
        self.0.rotation = rotation;
        self
    }

    /// With [`Rotation::UntilUsed`], sets whether a refresh token that is sent again after its
    /// successor was used revokes the whole login (the default) or is only refused. Other rotations
    /// ignore this setting: each of them defines its own behaviour.
    pub fn reuse_ends_login(mut self, ends: bool) -> SandboxBuilder {
        self.0.reuse_ends_login = ends;
        self
    }

    /// Sets whether an accepted repeat of a refresh gets the same token pair again, as from a server that
    /// stores its replies, or a second pair (the default).
    pub fn repeat_gives_same_pair(mut self, same: bool) -> SandboxBuilder {
        self.0.same_pair = same;
        self
    }

    /// Sets whether a second token pair revokes the first pair, including its access token. Off by default.
    pub fn second_pair_ends_first(mut self, ends: bool) -> SandboxBuilder {
        self.0.second_pair_ends_first = ends;
        self
    }

    /// Sets whether a refresh revokes the previous access token at once. Off by default.
    pub fn ends_access_token(mut self, ends: bool) -> SandboxBuilder {
        self.0.ends_access_token = ends;
        self
    }

    /// Sets the lifetime of access tokens, in whole seconds. The default is 3600 s.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.access_token_lifetime = lifetime;
        self
    }

    /// Sets the age that a token pair must have before it may be refreshed, unless its access token has
    /// expired before. The sandbox refuses earlier refreshes as Exact Online does: 400 `access_denied`, "Rate
    /// limit exceeded: access_token not expired", and a `Reason` header.
    pub fn earliest_refresh(mut self, after: Duration) -> SandboxBuilder {
        self.0.earliest_refresh = Some(after);
        self
    }

    /// Sets the lifetime of unused refresh tokens. By default unused refresh tokens do not expire.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.refresh_token_lifetime = Some(lifetime);
        self
    }

    /// Makes the sandbox behave like Exact Online, by its documentation and its users' reports:
    ///
    /// * client id and secret are in the body;
    /// * access tokens live 600 s and cannot be refreshed in the first 570 s;
    /// * a refresh token becomes invalid at its first use, and expires unused after 30 days;
    /// * a new login revokes earlier logins;
    /// * authorization codes live 3 minutes;
    /// * `expires_in` is a string, and error replies are Exact Online's, word for word.
    ///
    /// [`Sandbox::provider`] is then the provider of Exact Online with the sandbox's addresses.
    pub fn exact_online(mut self) -> SandboxBuilder {
        let settings = &mut self.0;
        settings.exact_online = true;
        settings.client_auth = ClientAuth::Body;
        settings.rotation = Rotation::Strict;
        settings.access_token_lifetime = Duration::from_secs(600);
        settings.earliest_refresh = Some(Duration::from_secs(570));
        settings.refresh_token_lifetime = Some(Duration::from_secs(30 * 86_400));
        settings.new_login_ends_earlier = true;
        self
    }

    /// Sets the id and secret of the registered client. The default is `sandbox-client` with
    /// `sandbox-secret`. A client without a secret is a public client, and uses [`ClientAuth::None`].
    pub fn client(mut self, id: &str, secret: Option<&str>) -> SandboxBuilder {
        self.0.client_id = id.to_owned();
        self.0.client_secret = secret.map(str::to_owned);
        if secret.is_none() {
            self.0.client_auth = ClientAuth::None;
        }
        self
    }

    /// Registers the client's public key. The client must then authenticate with its private key
    /// ([`ClientAuth::PrivateKeyJwt`]), unless a later [`SandboxBuilder::client_auth`] changes that. The key
    /// also checks the assertions of the JWT bearer grant. The sandbox accepts each assertion once, during
    /// its validity (at most five seconds early), with the issuer or the token endpoint as audience.
    #[cfg(feature = "jwt")]
    pub fn client_key(mut self, key: &crate::jwt::SigningKey) -> SandboxBuilder {
        self.0.client_key = Some(super::assertion::ClientKey::of(key));
        self.0.client_auth = ClientAuth::PrivateKeyJwt;
        self
    }

    /// Sets the accepted method of client authentication. The default is [`ClientAuth::Basic`]. The sandbox
    /// refuses every other method with 401 `invalid_client`.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> SandboxBuilder {
        self.0.client_auth = client_auth;
        self
    }

    /// Sets the accepted format of token requests. The default is [`TokenFormat::Form`].
    pub fn token_format(mut self, format: TokenFormat) -> SandboxBuilder {
        self.0.token_format = format;
        self
    }

    /// Registers another redirect URI. Loopback addresses are always allowed, on any port (RFC 8252 section
    /// 7.3).
    pub fn redirect_uri(mut self, redirect_uri: &str) -> SandboxBuilder {
        self.0.redirect_uris.push(redirect_uri.to_owned());
        self
    }

    /// Sets whether an authorization request without PKCE is refused. Off by default. If a request uses PKCE,
    /// the sandbox always checks the verifier.
    pub fn pkce_required(mut self, required: bool) -> SandboxBuilder {
        self.0.pkce_required = required;
        self
    }

    /// Offers pushed authorization requests (RFC 9126) at `/par`, for an authenticated client. Each
    /// `request_uri` works once, and for this lifetime, in whole seconds. Off by default.
    pub fn pushed_requests(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.pushed_lifetime = Some(lifetime);
        self
    }

    /// Sets whether an authorization request that was not pushed is refused. Off by default.
    pub fn pushed_requests_required(mut self, required: bool) -> SandboxBuilder {
        self.0.pushed_required = required;
        self
    }

    /// Sets whether a token request without a proof of possession (DPoP, RFC 9449) is refused. Off by default.
    ///
    /// If a request has a proof, the sandbox always checks the proof: its signature (ES256), `htm`,
    /// `htu`, `ath`, an `iat` within 60 s of its own clock, and a `jti` that was not used before. The
    /// tokens of the answer, and the login, are then bound to the key.
    pub fn dpop_required(mut self, required: bool) -> SandboxBuilder {
        self.0.dpop_required = required;
        self
    }

    /// Demands a nonce in every proof; the token endpoint and the API have separate nonces. After
    /// `proofs` proofs there is a new nonce, and the seven nonces before it stay valid;
    /// [`Sandbox::renew_dpop_nonces`] replaces all at once. Every reply of the token endpoint and of the API
    /// has the newest nonce. Off by default.
    pub fn dpop_nonces(mut self, proofs: u64) -> SandboxBuilder {
        self.0.dpop_nonces = Some(proofs);
        self
    }

    /// Sets whether the callback contains `iss` (RFC 9207). Off by default.
    pub fn issuer_in_callback(mut self, issuer: bool) -> SandboxBuilder {
        self.0.issuer_in_callback = issuer;
        self
    }

    /// Sets whether token replies also contain `expires_at`, in seconds since 1970 by the server's wall
    /// clock. Off by default.
    pub fn expires_at_in_reply(mut self, expires_at: bool) -> SandboxBuilder {
        self.0.expires_at_in_reply = expires_at;
        self
    }

    /// Sets the lifetime of device codes, in whole seconds. The default is 600 s.
    pub fn device_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.device_lifetime = lifetime;
        self
    }

    /// Sets the interval between two polls of a device, in whole seconds. The default is 5 s. With `None` the
    /// server does not state the interval, which means 5 s as well (RFC 8628 section 3.2).
    pub fn device_interval(mut self, interval: Option<Duration>) -> SandboxBuilder {
        self.0.device_interval = interval;
        self
    }

    /// Lets clients register by themselves at `/register` (RFC 7591), and manage their registration (RFC 7592).
    /// A registered client authenticates by `none`, `client_secret_basic` or `client_secret_post`, as its
    /// registration says.
    pub fn registration(mut self, open: bool) -> SandboxBuilder {
        self.0.registration = open;
        self
    }

    /// Requires this token for a registration (RFC 7591 section 3).
    pub fn initial_access_token(mut self, token: &str) -> SandboxBuilder {
        self.0.initial_access_token = Some(token.to_owned());
        self
    }

    /// Sets how long the secret of a registered client works. Without this setting the secret does not
    /// expire.
    pub fn registered_secret_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.registered_secret_lifetime = Some(lifetime);
        self
    }

    /// Gives the API metadata (RFC 9728), which every 401 of the API names. The sandbox then issues tokens
    /// only for requests that name the API as their `resource` (RFC 8707); exchanged tokens are excepted.
    pub fn resource_metadata(mut self, published: bool) -> SandboxBuilder {
        self.0.resource_metadata = published;
        self
    }

    /// Issues a refresh token with each exchanged token (RFC 8693 section 2.2.1).
    pub fn exchange_refresh_tokens(mut self, issued: bool) -> SandboxBuilder {
        self.0.exchange_refresh_tokens = issued;
        self
    }

    /// Sets the clock of the server. The default is the computer's clock. Lifetimes follow the monotonic
    /// clock, so that setting the wall clock of a client under test does not change them.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> SandboxBuilder {
        self.0.clock = clock;
        self
    }

    /// Sets the port. With 0, the default, the system chooses the port.
    pub fn port(mut self, port: u16) -> SandboxBuilder {
        self.0.port = port;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if the system refuses the port, the folder or the thread.
    pub fn start(self) -> io::Result<Sandbox> {
        Sandbox::with(self.0)
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("rotation", &self.0.rotation)
            .field("client_id", &self.0.client_id)
            .field("client_auth", &self.0.client_auth)
            .field("port", &self.0.port)
            .finish_non_exhaustive()
    }
}

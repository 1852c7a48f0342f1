//! How a sandbox behaves: the builder.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Sandbox;
use crate::clock::{Clock, SystemClock};
use crate::provider::{ClientAuth, Rotation, TokenFormat};

/// What the builder collects. All durations are measured by `clock`.
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
    pub(super) issuer_in_callback: bool,
    pub(super) expires_at_in_reply: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) port: u16,
    #[cfg(feature = "jwt")]
    pub(super) client_key: Option<super::assertion::ClientKey>,
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
            issuer_in_callback: false,
            expires_at_in_reply: false,
            clock: Arc::new(SystemClock),
            port: 0,
            #[cfg(feature = "jwt")]
            client_key: None,
            device_lifetime: Duration::from_secs(600),
            device_interval: Some(Duration::from_secs(5)),
        }
    }
}

impl Settings {
    /// Whether the one client can authenticate.
    pub(super) fn is_confidential(&self) -> bool {
        #[cfg(feature = "jwt")]
        if self.client_key.is_some() {
            return true;
        }
        self.client_secret.is_some() || self.client_auth == ClientAuth::Certificate
    }

    /// The grants that the one client may use.
    pub(super) fn grants(&self) -> Vec<&'static str> {
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        let mut grants = vec!["authorization_code", "refresh_token", device];
        if self.is_confidential() {
            grants.push("client_credentials");
        }
        #[cfg(feature = "jwt")]
        if self.client_key.is_some() {
            grants.push("urn:ietf:params:oauth:grant-type:jwt-bearer");
        }
        grants
    }

    /// Whether a replaced refresh token that comes again too late takes the login with it.
    pub(super) fn reuse_is_fatal(&self) -> bool {
        match self.rotation {
            Rotation::GraceThenFamily(_) | Rotation::StrictFamily => true,
            Rotation::UntilUsed => self.reuse_ends_login,
            _ => false,
        }
    }
}

/// Sets up a [`Sandbox`]; [`SandboxBuilder::start`] starts it.
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
    /// What becomes of a refresh token when it is used; [`Rotation::UntilUsed`] by default.
    /// [`Rotation::Unknown`] behaves as [`Rotation::Strict`].
    pub fn rotation(mut self, rotation: Rotation) -> SandboxBuilder {
        self.0.rotation = rotation;
        self
    }

    /// With [`Rotation::UntilUsed`]: whether a refresh token that comes again after its successor
    /// was used ends the whole login, or is only refused. It does by default. The other rotations
    /// say it by their name.
    pub fn reuse_ends_login(mut self, ends: bool) -> SandboxBuilder {
        self.0.reuse_ends_login = ends;
        self
    }

    /// Whether a repeat that is honoured is answered with the same pair again, as by a server that
    /// keeps its answers, or with a second pair (the default).
    pub fn repeat_gives_same_pair(mut self, same: bool) -> SandboxBuilder {
        self.0.same_pair = same;
        self
    }

    /// Whether a second pair ends the first one, access token included; it does not by default.
    pub fn second_pair_ends_first(mut self, ends: bool) -> SandboxBuilder {
        self.0.second_pair_ends_first = ends;
        self
    }

    /// Whether a refresh ends the previous access token at once; it does not by default.
    pub fn ends_access_token(mut self, ends: bool) -> SandboxBuilder {
        self.0.ends_access_token = ends;
        self
    }

    /// How long an access token lives, in whole seconds; 3600 s by default.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.access_token_lifetime = lifetime;
        self
    }

    /// How long after a pair was issued the next refresh is allowed, unless its access token has
    /// ended before. Earlier ones are refused as Exact Online does: 400 `access_denied`, "Rate
    /// limit exceeded: access_token not expired", and a `Reason` header.
    pub fn earliest_refresh(mut self, after: Duration) -> SandboxBuilder {
        self.0.earliest_refresh = Some(after);
        self
    }

    /// How long a refresh token lives that is not used; for ever by default.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.refresh_token_lifetime = Some(lifetime);
        self
    }

    /// A server as Exact Online is, by its documentation and its users' reports: client id and secret
    /// in the body, access tokens of 600 s that are refused a refresh before 570, refresh tokens that
    /// are dead once they are used and end after 30 days of silence, a new login that ends the earlier
    /// ones, codes of 3 minutes, `expires_in` as a text, and its error answers word for word.
    /// [`Sandbox::provider`] is that of Exact Online then, moved here.
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

    /// The one client that is registered; `sandbox-client` with `sandbox-secret` by default.
    /// Without a secret it is a public client, and [`ClientAuth::None`] is set as well.
    pub fn client(mut self, id: &str, secret: Option<&str>) -> SandboxBuilder {
        self.0.client_id = id.to_owned();
        self.0.client_secret = secret.map(str::to_owned);
        if secret.is_none() {
            self.0.client_auth = ClientAuth::None;
        }
        self
    }

    /// Registers the public half of the client's key. The client authenticates with it and with
    /// nothing else ([`ClientAuth::PrivateKeyJwt`]), unless [`SandboxBuilder::client_auth`] is called
    /// after this; statements of the JWT bearer grant are checked with it in any case. An assertion is
    /// taken once, in its time (five seconds ahead at most), for the issuer or the token endpoint.
    #[cfg(feature = "jwt")]
    pub fn client_key(mut self, key: &crate::jwt::SigningKey) -> SandboxBuilder {
        self.0.client_key = Some(super::assertion::ClientKey::of(key));
        self.0.client_auth = ClientAuth::PrivateKeyJwt;
        self
    }

    /// The one way of authentication that is accepted; [`ClientAuth::Basic`] by default. Every
    /// other is answered 401 `invalid_client`.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> SandboxBuilder {
        self.0.client_auth = client_auth;
        self
    }

    /// The one way of sending parameters that is accepted at the token endpoint;
    /// [`TokenFormat::Form`] by default.
    pub fn token_format(mut self, format: TokenFormat) -> SandboxBuilder {
        self.0.token_format = format;
        self
    }

    /// One more redirect URI. Loopback addresses are allowed without this, on any port (RFC 8252
    /// section 7.3).
    pub fn redirect_uri(mut self, redirect_uri: &str) -> SandboxBuilder {
        self.0.redirect_uris.push(redirect_uri.to_owned());
        self
    }

    /// Whether an authorization request without PKCE is refused; it is not by default. PKCE that
    /// was begun is always checked.
    pub fn pkce_required(mut self, required: bool) -> SandboxBuilder {
        self.0.pkce_required = required;
        self
    }

    /// Whether the callback carries `iss` (RFC 9207); it does not by default.
    pub fn issuer_in_callback(mut self, issuer: bool) -> SandboxBuilder {
        self.0.issuer_in_callback = issuer;
        self
    }

    /// Whether token answers also carry `expires_at`, in seconds since 1970 by the server's wall
    /// clock; they do not by default.
    pub fn expires_at_in_reply(mut self, expires_at: bool) -> SandboxBuilder {
        self.0.expires_at_in_reply = expires_at;
        self
    }

    /// How long a device code lives, in whole seconds; 600 s by default.
    pub fn device_lifetime(mut self, lifetime: Duration) -> SandboxBuilder {
        self.0.device_lifetime = lifetime;
        self
    }

    /// How long a device waits between two polls, in whole seconds; 5 s by default. `None` is a
    /// server that does not say, which means 5 s, too (RFC 8628 section 3.2).
    pub fn device_interval(mut self, interval: Option<Duration>) -> SandboxBuilder {
        self.0.device_interval = interval;
        self
    }

    /// The clock of the server; the computer's by default. Lifetimes follow its monotonic side, so
    /// that setting the wall clock of a client under test does not age the server.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> SandboxBuilder {
        self.0.clock = clock;
        self
    }

    /// The port; 0, the default, lets the system choose.
    pub fn port(mut self, port: u16) -> SandboxBuilder {
        self.0.port = port;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// What the system says about the port or the thread.
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

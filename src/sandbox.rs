//! An authorization server and a small API on loopback, for tests.
//!
//! The sandbox is for tests only: it asks no person for a password, keeps its tokens in memory and speaks
//! plain HTTP on 127.0.0.1. The sandbox rotates refresh tokens as real servers do, revokes a login when
//! an old refresh token is reused, counts requests and decisions, and fails on command.
//!
//! ```
//! use evergrant::sandbox::{Fault, Sandbox};
//!
//! let sandbox = Sandbox::start()?;
//! let token = sandbox.login();
//! let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
//! let refresh = || {
//!     let form = [
//!         ("grant_type", "refresh_token"),
//!         ("refresh_token", token.refresh_token().map_or("", |t| t.expose())),
//!     ];
//!     // sandbox-client:sandbox-secret
//!     agent
//!         .post(format!("{}/token", sandbox.url()))
//!         .header("Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=")
//!         .send_form(form)
//! };
//! sandbox.fault(Fault::CutAfter); // the sandbox rotates, and the reply is lost
//! assert!(refresh().is_err());
//! assert!(refresh().is_ok()); // the old refresh token works until its successor is used
//! assert_eq!(sandbox.counters().recovered, 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`SandboxBuilder::exact_online`] makes the sandbox behave like Exact Online.
//!
//! # Routes
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET /authorize` | a page with two buttons; [`Sandbox::approve`] presses the button that agrees |
//! | `/token` | grants `authorization_code`, `refresh_token`, `client_credentials`, device code, JWT bearer, token exchange |
//! | `POST /register` | registration of clients (RFC 7591), if [`SandboxBuilder::registration`] opens it; `GET`, `PUT` and `DELETE` at `/register/{client_id}` (RFC 7592) |
//! | `POST /par` | pushed authorization requests (RFC 9126), if [`SandboxBuilder::pushed_requests`] offers them |
//! | `POST /device_authorization` | starts a device login (RFC 8628); the person opens `/device` |
//! | `POST /introspect` | introspection (RFC 7662) |
//! | `GET /userinfo` | OpenID Connect userinfo; with the scope `openid` the token endpoint also issues an ID token |
//! | `GET /jwks` | the key set of the ID tokens (RFC 7517); [`Sandbox::renew_signing_key`] replaces the key |
//! | `POST /revoke` | revocation (RFC 7009); revoking a refresh token revokes its login |
//! | `GET /.well-known/openid-configuration` | metadata (OpenID Connect Discovery); `oauth-authorization-server` has the same document (RFC 8414) |
//! | `GET /.well-known/oauth-protected-resource/api` | the API's metadata (RFC 9728), if [`SandboxBuilder::resource_metadata`] publishes it |
//! | `GET /api/me` | `{"login": "ada", "access_token_number": 9}` |
//! | `/api/echo` | the method, path, query, headers and body of the request, as JSON |
//! | `/api/status/503` | the status in the path, from 200 to 599 |
//!
//! The API requires a bearer token, or a token that is bound to a key with its proof (DPoP, RFC 9449). The following routes control the sandbox from programs in other languages
//! and require no token:
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET /counters`, `GET /events` | the [`Counters`]; the list of [`Event`]s; as JSON |
//! | `POST /login?scope=a+b` | a new login; the reply is a reply of the token endpoint |
//! | `POST /expire` | [`Sandbox::expire_access_tokens`] |
//! | `POST /renew_nonces` | [`Sandbox::renew_dpop_nonces`] |
//! | `POST /fault?kind=cut_after&n=1` | queues a [`Fault`] `n` times: `delay_before`, `delay_after` (`ms`), `cut_before`, `cut_after`, `cut_mid` (`bytes`), `status_before`, `status_after` (`status`), `too_many`, `unavailable` (`seconds`), `refuse_once`, `too_early`; `on=api` queues it for the API; `kind=none` removes all queued faults |

mod api;
#[cfg(feature = "jwt")]
mod assertion;
mod codes;
pub mod contract;
mod device;
mod dpop;
mod events;
mod exact_online;
mod faults;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod identity;
mod listener;
mod metadata;
mod par;
mod person;
mod registration;
mod resource;
mod routes;
mod server;
mod settings;
mod signing_key;
#[cfg(test)]
mod tests;
mod token_endpoint;
mod token_exchange;
mod tokens;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::{Mutex, RwLock};

pub use api::ApiRequest;
pub use events::{Counters, Event, EventKind};
pub use faults::{Fault, Gate};
pub use http::Reply;
pub use settings::SandboxBuilder;
pub use token_endpoint::TokenCall;

use self::faults::Faults;
use self::listener::Listener;
use self::routes::{Route, Shared};
use self::server::Server;
use self::settings::Settings;
use crate::clock::later;
use crate::credentials::Credentials;
use crate::provider::{Dpop, ErrorRule, Provider, PushedRequests, Verdict};
use crate::secret::random_id;
use crate::token::Token;

/// A reply of the API.
pub type ApiReply = Reply;

/// A reply of the token endpoint.
pub type TokenReply = Reply;

/// An authorization server and an API on loopback, for tests. Dropping the value stops the server and the
/// API.
///
/// The [module](self) lists the routes.
pub struct Sandbox {
    shared: Arc<Shared>,
    folder: PathBuf,
    _listener: Listener,
}

impl Sandbox {
    /// Starts a sandbox with the defaults of [`Sandbox::builder`]: the system chooses the port, the rotation
    /// is [`crate::provider::Rotation::UntilUsed`], and a later reuse revokes the login.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if the system refuses the port, the folder or the thread.
    pub fn start() -> io::Result<Sandbox> {
        Sandbox::builder().start()
    }

    /// Returns a builder, for a sandbox with settings other than the defaults.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    fn with(settings: Settings) -> io::Result<Sandbox> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let settings = Arc::new(settings);
        let shared = Arc::new(Shared {
            server: Mutex::new(Server::new(settings.clone(), &url)),
            settings,
            url,
            faults: Mutex::new(Faults::default()),
            routes: RwLock::new(Vec::new()),
            on_token: RwLock::new(None),
            stopping: AtomicBool::new(false),
        });
        let folder = std::env::temp_dir().join(format!("evergrant-{}", random_id()));
        std::fs::create_dir(&folder)?;
        let listener = Listener::start(listener, shared.clone())?;
        Ok(Sandbox { shared, folder, _listener: listener })
    }

    /// An empty folder for a test's files. Dropping the sandbox removes the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The sandbox's address, such as `http://127.0.0.1:40123`, which is also its issuer identifier.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The provider that describes this sandbox. The name of the provider is `sandbox`.
    pub fn provider(&self) -> Provider {
        let settings = &self.shared.settings;
        let at = |path: &str| format!("{}{path}", self.url());
        if settings.exact_online
            && let Ok(exact_online) = crate::providers::exact_online("nl")
        {
            return exact_online
                .to_builder()
                .authorization_endpoint(at("/authorize"))
                .token_endpoint(at("/token"))
                .api_base(at("/api"))
                .checked_by_test();
        }
        let too_early = ErrorRule::new(Verdict::TooEarly).text("access_token not expired");
        let mut provider = Provider::builder("sandbox")
            .authorization_endpoint(at("/authorize"))
            .token_endpoint(at("/token"))
            .revocation_endpoint(at("/revoke"))
            .device_authorization_endpoint(at("/device_authorization"))
            .introspection_endpoint(at("/introspect"))
            .userinfo_endpoint(at("/userinfo"))
            .jwks_uri(at("/jwks"))
            .api_base(at("/api"))
            .issuer(self.url())
            .issuer_in_callback(settings.issuer_in_callback)
            .client_auth(settings.client_auth)
            .token_format(settings.token_format)
            .rotation(settings.rotation)
            .ends_access_token(settings.ends_access_token)
            .error_rule(too_early);
        if let Some(earliest) = settings.earliest_refresh {
            provider = provider.earliest_refresh(earliest);
        }
        if settings.pushed_lifetime.is_some() {
            provider = provider.pushed_authorization_request_endpoint(at("/par"));
        }
        if settings.pushed_required {
            provider = provider.pushed_requests(PushedRequests::Required);
        }
        if settings.dpop_required {
            provider = provider.dpop(Dpop::Required);
        }
        // A builder accepts every loopback address, so no check is needed.
        provider.checked_by_test()
    }

    /// The credentials of the registered client. The redirect URI is `http://127.0.0.1/callback`; the
    /// sandbox accepts every other loopback address as well.
    pub fn credentials(&self) -> Credentials {
        let settings = &self.shared.settings;
        let credentials = match &settings.client_secret {
            Some(secret) => Credentials::new(&settings.client_id, secret.as_str()),
            None => Credentials::public(&settings.client_id),
        };
        credentials.with_redirect_uri("http://127.0.0.1/callback")
    }

    /// Plays a person who agrees: opens the authorization URL, presses the button, and returns the
    /// address to which the sandbox sends the browser. If the server refuses the request, that address
    /// has the parameter `error`.
    ///
    /// # Errors
    ///
    /// An error when the address does not belong to this sandbox, or the sandbox shows an error page.
    pub fn approve(&self, authorization_url: &str) -> io::Result<String> {
        person::decide(self.url(), authorization_url, "approve")
    }

    /// Does the same as [`Sandbox::approve`], for a person who refuses.
    ///
    /// # Errors
    ///
    /// The errors of [`Sandbox::approve`].
    pub fn deny(&self, authorization_url: &str) -> io::Result<String> {
        person::decide(self.url(), authorization_url, "deny")
    }

    /// Plays a person who types a user code and agrees. Returns whether a device waits with this code.
    pub fn approve_device(&self, user_code: &str) -> bool {
        self.shared.server.lock().decide_device(self.shared.now(), user_code, true)
    }

    /// Does the same as [`Sandbox::approve_device`], for a person who refuses.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.shared.server.lock().decide_device(self.shared.now(), user_code, false)
    }

    /// Starts a new login without a person and returns its first tokens. The sandbox's clock sets
    /// `issued_at` and `expires_at`.
    pub fn login(&self) -> Token {
        let now = self.shared.now();
        let mut server = self.shared.server.lock();
        let issued = server.begin_login(now, "");
        let expires_at = later(now.wall, server.lifetime_left(now, issued.access));
        let access = server.access_tokens[issued.access].text.as_str();
        let token = Token::new(access).with_issued_at(now.wall).with_expires_at(expires_at);
        match issued.refresh {
            Some(refresh) => token.with_refresh_token(server.refresh_tokens[refresh].text.as_str()),
            None => token,
        }
    }

    /// Makes every access token expire now. Logins and refresh tokens stay valid.
    pub fn expire_access_tokens(&self) {
        self.shared.server.lock().expire_access_tokens(self.shared.now());
    }

    /// Whether the sandbox would accept the newest refresh token of the newest login.
    /// [`Sandbox::events`] says whether the client received that token.
    pub fn login_alive(&self) -> bool {
        self.shared.server.lock().login_alive()
    }

    /// Revokes all logins, as if the person withdrew the application's access.
    pub fn revoke_login(&self) {
        self.shared.server.lock().end_all_logins(self.shared.now(), "withdrawn");
    }

    /// Adds a route to the API that requires a bearer token. `path` is the whole path: `/api/scope` for
    /// `client.get("/scope")`, because the API's base is `/api`. A path that ends with `*` matches
    /// every path with that beginning. The answer to a path without a route has the status 404 and
    /// names the routes. If several routes match, the route added last answers; built-in routes are
    /// tried after all added routes.
    pub fn on(
        &self,
        method: &str,
        path: &str,
        handler: impl Fn(&ApiRequest) -> ApiReply + Send + Sync + 'static,
    ) {
        self.add(method, path, true, Arc::new(handler));
    }

    /// Does the same as [`Sandbox::on`], for a route that also answers requests without a token.
    pub fn on_open(
        &self,
        method: &str,
        path: &str,
        handler: impl Fn(&ApiRequest) -> ApiReply + Send + Sync + 'static,
    ) {
        self.add(method, path, false, Arc::new(handler));
    }

    fn add(&self, method: &str, path: &str, needs_token: bool, handler: routes::ApiHandler) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.shared.routes.write().push(Route { method, path, needs_token, handler });
    }

    /// Sets a handler that rewrites every reply of the token endpoint, to imitate another service. The
    /// handler gets the reply that the sandbox has decided. The handler does not get the replies of a
    /// fault.
    pub fn on_token(
        &self,
        handler: impl Fn(&TokenCall, TokenReply) -> TokenReply + Send + Sync + 'static,
    ) {
        *self.shared.on_token.write() = Some(Arc::new(handler));
    }

    /// Counts of what has happened so far.
    pub fn counters(&self) -> Counters {
        self.shared.server.lock().counters
    }

    /// Everything that has happened so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.server.lock().events.clone()
    }

    /// Makes the next request at the token endpoint fail. Several faults queue up, one for each request.
    pub fn fault(&self, fault: Fault) {
        self.faults(1, fault);
    }

    /// Does the same as [`Sandbox::fault`], for the next `requests` requests.
    pub fn faults(&self, requests: usize, fault: Fault) {
        self.shared.faults.lock().token.extend(std::iter::repeat_n(fault, requests));
    }

    /// Makes the next request at the API fail.
    pub fn api_fault(&self, fault: Fault) {
        self.shared.faults.lock().api.push_back(fault);
    }

    /// Removes all queued faults.
    pub fn clear_faults(&self) {
        *self.shared.faults.lock() = Faults::default();
    }

    /// Replaces the nonces of [`SandboxBuilder::dpop_nonces`]. The next proof with an earlier nonce is refused
    /// with `use_dpop_nonce`.
    pub fn renew_dpop_nonces(&self) {
        self.shared.server.lock().renew_nonces();
    }

    /// Replaces the key that signs the ID tokens. The key set at `/jwks` then has only the new key.
    pub fn renew_signing_key(&self) {
        self.shared.server.lock().signing_key = signing_key::SigningKey::generate();
    }

    /// Moves the server's wall clock by this many seconds. The change shows in the `Date` header and in the
    /// `expires_at` of [`SandboxBuilder::expires_at_in_reply`].
    pub fn clock_offset(&self, seconds: i64) {
        self.shared.server.lock().clock_offset = seconds;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url())
            .field("rotation", &self.shared.settings.rotation)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

//! An authorization server and a small API on loopback, for tests.
//!
//! It is for tests and nothing else: it believes everyone who asks, keeps its tokens in memory and
//! speaks plain HTTP on 127.0.0.1. It rotates refresh tokens as real servers do, punishes their
//! reuse, counts what it sees, and fails on command.
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
//! sandbox.fault(Fault::CutAfter); // it rotates, and the answer is lost
//! assert!(refresh().is_err());
//! assert!(refresh().is_ok()); // the old one is good until its successor is used
//! assert_eq!(sandbox.counters().recovered, 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`SandboxBuilder::exact_online`] makes it a server that answers as Exact Online does.
//!
//! # Routes
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET /authorize` | a page with two buttons; [`Sandbox::approve`] presses one |
//! | `/token` | grants `authorization_code`, `refresh_token`, `client_credentials`, device code, JWT bearer |
//! | `POST /device_authorization` | starts a device login (RFC 8628); the person's page is `/device` |
//! | `POST /introspect` | RFC 7662 |
//! | `GET /userinfo` | OpenID Connect's; the scope `openid` also brings an ID token |
//! | `POST /revoke` | RFC 7009; a refresh token takes its login with it |
//! | `GET /.well-known/openid-configuration` | RFC 8414's and OpenID Connect's metadata; also at `oauth-authorization-server` |
//! | `GET /api/me` | `{"login": "ada", "access_token_number": 9}` |
//! | `/api/echo` | method, path, query, headers and body of the request, as JSON |
//! | `/api/status/503` | that status, from 200 to 599 |
//!
//! The API wants a bearer token. These are open, for programs in other languages:
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET /counters`, `GET /events` | [`Counters`] and a list of [`Event`], as JSON |
//! | `POST /login?scope=a+b` | a new login: answers as the token endpoint does |
//! | `POST /expire` | [`Sandbox::expire_access_tokens`] |
//! | `POST /fault?kind=cut_after&n=1` | queues `n` times a [`Fault`]: `delay_before`, `delay_after` (`ms`), `cut_before`, `cut_after`, `cut_mid` (`bytes`), `status_before`, `status_after` (`status`), `too_many`, `unavailable` (`seconds`), `refuse_once`, `too_early`; with `on=api` for the API; `none` takes all back |

mod api;
#[cfg(feature = "jwt")]
mod assertion;
mod codes;
pub mod contract;
mod device;
mod events;
mod exact_online;
mod faults;
mod http;
mod identity;
mod listener;
mod metadata;
mod person;
mod routes;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod token_endpoint;
mod tokens;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::{Mutex, RwLock};

#[doc(hidden)]
pub use crate::protocol::fuzz;
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
use crate::provider::{ErrorRule, Provider, Verdict};
use crate::secret::random_id;
use crate::token::Token;

/// An answer of the API.
pub type ApiReply = Reply;

/// An answer of the token endpoint.
pub type TokenReply = Reply;

/// An authorization server and API on loopback, for tests. It stops when it is dropped.
///
/// See the [module](self) for its routes.
pub struct Sandbox {
    shared: Arc<Shared>,
    folder: PathBuf,
    _listener: Listener,
}

impl Sandbox {
    /// Starts a sandbox with the defaults of [`Sandbox::builder`]: a port that the system chooses,
    /// [`crate::provider::Rotation::UntilUsed`], and a later reuse ends the login.
    ///
    /// # Errors
    ///
    /// What the system says about the port or the thread.
    pub fn start() -> io::Result<Sandbox> {
        Sandbox::builder().start()
    }

    /// Starts a sandbox of another kind.
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

    /// An empty folder for a test's files. It goes when the sandbox is dropped.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The sandbox's address, such as `http://127.0.0.1:40123`; also its issuer identifier.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The sandbox as a client sees it, named `sandbox`, set up to match.
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
        // Addresses on loopback are always accepted.
        provider.checked_by_test()
    }

    /// The client that is registered. The redirect URI is `http://127.0.0.1/callback`; any other
    /// address on loopback will do as well.
    pub fn credentials(&self) -> Credentials {
        let settings = &self.shared.settings;
        let credentials = match &settings.client_secret {
            Some(secret) => Credentials::new(&settings.client_id, secret.as_str()),
            None => Credentials::public(&settings.client_id),
        };
        credentials.with_redirect_uri("http://127.0.0.1/callback")
    }

    /// Does what a person does who agrees: opens the authorization URL, approves, and tells where
    /// the browser is sent then. A request that the server refuses is sent back at once, with
    /// `error`.
    ///
    /// # Errors
    ///
    /// When the address is not this sandbox's, or the sandbox shows an error page instead.
    pub fn approve(&self, authorization_url: &str) -> io::Result<String> {
        person::decide(self.url(), authorization_url, "approve")
    }

    /// As [`Sandbox::approve`], for a person who does not agree.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::approve`].
    pub fn deny(&self, authorization_url: &str) -> io::Result<String> {
        person::decide(self.url(), authorization_url, "deny")
    }

    /// Does what a person does who types a user code and agrees. Says whether a device waits with it.
    pub fn approve_device(&self, user_code: &str) -> bool {
        self.shared.server.lock().decide_device(self.shared.now(), user_code, true)
    }

    /// As [`Sandbox::approve_device`], for a person who does not agree.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.shared.server.lock().decide_device(self.shared.now(), user_code, false)
    }

    /// A new login and its first pair, without asking anybody. `issued_at` and `expires_at` are by
    /// the sandbox's clock.
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

    /// Ends every access token that is alive. Logins and refresh tokens stay.
    pub fn expire_access_tokens(&self) {
        self.shared.server.lock().expire_access_tokens(self.shared.now());
    }

    /// Whether the newest refresh token of the newest login would be honoured. Whether the client
    /// ever got it is another question, which [`Sandbox::events`] answers.
    pub fn login_alive(&self) -> bool {
        self.shared.server.lock().login_alive()
    }

    /// Ends all logins, as a person does who withdraws the application's access.
    pub fn revoke_login(&self) {
        self.shared.server.lock().end_all_logins(self.shared.now(), "withdrawn");
    }

    /// Adds a route to the API that wants a bearer token. A path that ends with `*` fits every path
    /// that begins so. Of several that fit, the one added last wins, also over the built-in ones.
    pub fn on(
        &self,
        method: &str,
        path: &str,
        handler: impl Fn(&ApiRequest) -> ApiReply + Send + Sync + 'static,
    ) {
        self.add(method, path, true, Arc::new(handler));
    }

    /// As [`Sandbox::on`], for a route that answers without a token as well.
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

    /// Lets a handler rewrite every answer of the token endpoint: a dialect. It sees the answer as
    /// decided; what a fault answers instead does not pass through it.
    pub fn on_token(
        &self,
        handler: impl Fn(&TokenCall, TokenReply) -> TokenReply + Send + Sync + 'static,
    ) {
        *self.shared.on_token.write() = Some(Arc::new(handler));
    }

    /// How often what happened so far.
    pub fn counters(&self) -> Counters {
        self.shared.server.lock().counters
    }

    /// What happened so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.server.lock().events.clone()
    }

    /// Lets the next request at the token endpoint meet a fault. Several queue up, one for each
    /// request.
    pub fn fault(&self, fault: Fault) {
        self.faults(1, fault);
    }

    /// As [`Sandbox::fault`], for as many requests.
    pub fn faults(&self, requests: usize, fault: Fault) {
        self.shared.faults.lock().token.extend(std::iter::repeat_n(fault, requests));
    }

    /// Lets the next request at the API meet a fault.
    pub fn api_fault(&self, fault: Fault) {
        self.shared.faults.lock().api.push_back(fault);
    }

    /// Takes back the faults that no request has met yet.
    pub fn clear_faults(&self) {
        *self.shared.faults.lock() = Faults::default();
    }

    /// Sets the server's wall clock off by so many seconds: its `Date` header and the `expires_at`
    /// of [`SandboxBuilder::expires_at_in_reply`].
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

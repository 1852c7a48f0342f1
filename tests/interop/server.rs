//! The parts that all servers have in common: a process, a provider, applications, a person.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant::backend::Record;
use evergrant::provider::{ClientAuth, ProviderBuilder};
use evergrant::{Client, ClientBuilder, Credentials, FileBackend, Secret, TokenBackend};
use serde_json::Value;
use ureq::Agent;

use crate::person::{Person, Place, plain_agent};
use crate::process::{Folder, Process};

/// The redirect URI. No program listens there.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:7099/cb";

/// An application that is registered at the servers: id, secret and authentication method.
#[derive(Clone, Copy)]
pub(crate) struct App(pub(crate) &'static str, pub(crate) &'static str, pub(crate) ClientAuth);

pub(crate) const BASIC: App = App("basic", "s3cret", ClientAuth::Basic);
pub(crate) const ODD: App = App("odd:id +%&~", "p@ss:w/rd +%&=~", ClientAuth::Basic);
pub(crate) const POST: App = App("post", "s3cret", ClientAuth::Body);
pub(crate) const NATIVE: App = App("native", "", ClientAuth::None);

/// A server's counts of refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) granted: u64,
    pub(crate) refused: u64,
}

/// The differences between kinds of servers.
pub(crate) trait Kind: Sync {
    /// The server's endpoints and rules, for the server at `url`, which is on `port`.
    fn provider(&self, url: &str, port: u16) -> ProviderBuilder;

    /// The scopes of a login.
    fn scopes(&self) -> &'static [&'static str];

    /// The applications that a person logs in with.
    fn apps(&self) -> &'static [App] {
        &[BASIC, ODD, POST, NATIVE]
    }

    /// The applications that get tokens for themselves.
    fn own_apps(&self) -> &'static [App];

    /// The scopes of these applications.
    fn own_scopes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a revocation of the refresh token also revokes the access token (RFC 7009 section 2.1:
    /// SHOULD).
    fn ends_access_token_at_logout(&self) -> bool {
        true
    }

    /// Whether the server has the document of RFC 8414 besides the document of OpenID Connect.
    #[cfg_attr(not(feature = "discovery"), allow(dead_code))]
    fn has_oauth_metadata(&self) -> bool {
        panic!("discovery is not tested on this server")
    }

    /// The OAuth client that the tests of the device grant use.
    #[cfg_attr(not(feature = "device"), allow(dead_code))]
    fn device_app(&self) -> App {
        panic!("the device grant is not tested on this server")
    }

    /// The scopes that the tests of the device grant request.
    #[cfg_attr(not(feature = "device"), allow(dead_code))]
    fn device_scopes(&self) -> &'static [&'static str] {
        self.scopes()
    }

    /// Alice opens the address that a device shows, logs in and decides.
    #[cfg(feature = "device")]
    fn approve(&self, person: &mut Person, _server: &Server, code: &evergrant::device::DeviceCode) {
        let page = code.verification_uri_complete().expect("an address with the code");
        match person.walk(page) {
            Place::Page { status: 200, .. } => {}
            Place::Page { url, status, body } => panic!("{status} at {url}: {body}"),
            Place::Callback(url) => panic!("a device has no redirect URI: {url}"),
        }
    }

    /// The settings that the server needs for a signing client.
    #[cfg(feature = "jwt")]
    fn signs_for(&self, provider: ProviderBuilder, _server: &Server) -> ProviderBuilder {
        provider
    }

    /// Whether the server's revocation endpoint accepts the same assertion as the token endpoint.
    #[cfg(feature = "jwt")]
    fn revokes_for_who_signs(&self) -> bool {
        true
    }

    /// The path of alice's data, below the server's address.
    fn me(&self) -> &'static str;

    /// The name of a member in alice's data, and its value.
    fn alice(&self) -> (&'static str, &'static str) {
        ("sub", "alice")
    }

    /// Whether a refresh revokes the previous access token at once.
    fn ends_access_token(&self) -> bool {
        false
    }

    /// Sends alice through the pages from an authorization URL to the redirect URI.
    fn log_in(&self, person: &mut Person, _server: &Server, _app: App, url: &str) -> String {
        match person.walk(url) {
            Place::Callback(url) => url,
            Place::Page { url, body, .. } => panic!("no form at {url}: {body}"),
        }
    }

    /// Returns the server's counts of refreshes.
    fn count(&self, server: &Server) -> Count {
        let value = server.ask("/_count");
        let number = |name: &str| value[name].as_u64().expect("a number");
        Count { granted: number("granted"), refused: number("refused") }
    }

    /// Whether a refresh token is valid. The check does not use the token.
    fn is_good(&self, server: &Server, refresh_token: &Secret) -> bool {
        server.is_active(refresh_token)
    }
}

/// Returns the provider row of a server, for one of its applications.
pub(crate) fn provider(kind: &dyn Kind, port: u16, app: App) -> ProviderBuilder {
    let url = format!("http://127.0.0.1:{port}");
    let provider = kind.provider(&url, port).api_base(&url);
    provider.client_auth(app.2).ends_access_token(kind.ends_access_token())
}

/// A running server, with an empty folder for stores. Dropping the value stops the server and removes the
/// folder.
pub(crate) struct Server {
    pub(crate) kind: &'static dyn Kind,
    pub(crate) url: String,
    pub(crate) port: u16,
    agent: Agent,
    // This field comes first, so that the process is dropped before its folder.
    _process: Process,
    folder: Folder,
}

impl Server {
    pub(crate) fn new(
        kind: &'static dyn Kind,
        process: Process,
        folder: Folder,
        port: u16,
    ) -> Server {
        let url = format!("http://127.0.0.1:{port}");
        Server { kind, url, port, agent: plain_agent(), _process: process, folder }
    }

    /// The issuer, as the provider row of the server names it.
    pub(crate) fn issuer(&self) -> String {
        let provider = self.provider(POST).build().expect("a provider");
        provider.issuer().expect("an issuer").to_owned()
    }

    /// A file for a store.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    pub(crate) fn provider(&self, app: App) -> ProviderBuilder {
        provider(self.kind, self.port, app)
    }

    pub(crate) fn builder(&self, app: App, backend: impl TokenBackend + 'static) -> ClientBuilder {
        let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
        Client::builder(self.provider(app).build().expect("a provider"), credentials, backend)
    }

    /// Makes a client on a file of this server's folder.
    pub(crate) fn client(&self, app: App, file: &str) -> Client {
        self.builder(app, FileBackend::new(self.file(file))).build()
    }

    /// Makes a client that a person has just authorized.
    pub(crate) fn logged_in(&self, app: App, file: &str) -> Client {
        let client = self.client(app, file);
        self.log_in(&client, app);
        client
    }

    /// A person authorizes a client.
    pub(crate) fn log_in(&self, client: &Client, app: App) {
        let authorization = client.authorize(self.kind.scopes()).expect("an authorization");
        let mut person = Person::new(REDIRECT_URI);
        let callback = self.kind.log_in(&mut person, self, app, authorization.url());
        client.exchange(authorization, &callback).expect("a login");
    }

    /// Whether a call with the access token returns alice's data.
    pub(crate) fn knows_alice(&self, client: &Client) -> bool {
        let me: Value = client.get(self.kind.me()).read_json().expect("the user's data");
        let (name, value) = self.kind.alice();
        me[name] == value
    }

    pub(crate) fn count(&self) -> Count {
        self.kind.count(self)
    }

    /// Makes the server compute the next `n` answers of the token endpoint and never send them.
    pub(crate) fn lose(&self, n: usize) {
        self.agent.get(format!("{}/_lose?n={n}", self.url)).call().expect("an answer");
    }

    /// Calls one of the addresses that the set-up of a server adds for the tests.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let mut answer = self.agent.get(format!("{}{path}", self.url)).call().expect("an answer");
        answer.body_mut().read_json().expect("JSON")
    }

    /// Sends a form as an application with another OAuth library would. Returns the status and the members of
    /// the answer.
    pub(crate) fn post_as(&self, app: App, address: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.agent.post(address);
        let form = form.iter().copied();
        let answer = match app.2 {
            ClientAuth::Body => {
                request.send_form(form.chain([("client_id", app.0), ("client_secret", app.1)]))
            }
            ClientAuth::None => request.send_form(form.chain([("client_id", app.0)])),
            _ => {
                let pair = STANDARD.encode(format!("{}:{}", app.0, app.1));
                request.header("Authorization", format!("Basic {pair}")).send_form(form)
            }
        };
        let mut answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// Whether introspection calls a token active (RFC 7662). Introspection does not use the token.
    pub(crate) fn is_active(&self, token: &Secret) -> bool {
        let provider = self.provider(POST).build().expect("a provider");
        let endpoint = provider.introspection_endpoint().expect("an address");
        let (_, value) = self.post_as(POST, endpoint, &[("token", token.expose())]);
        value["active"].as_bool().expect("active or not")
    }

    /// Whether the refresh token in a store is valid.
    pub(crate) fn is_alive(&self, file: &Path) -> bool {
        stored(file).token().refresh_token().is_some_and(|token| self.kind.is_good(self, token))
    }
}

/// The record of a file store.
pub(crate) fn stored(file: &Path) -> Record {
    let bytes = std::fs::read(file).expect("a store");
    Record::from_json(&bytes).expect("a record")
}

/// Prints that a test was skipped. If everything is required, fails instead.
pub(crate) fn skip<T>(missing: &str) -> Option<T> {
    use std::io::Write as _;
    assert!(!crate::everything_is_required(), "{missing}");
    // Do not use println!, which the test harness shows only for failures.
    let _ = writeln!(std::io::stderr(), "skipped: {missing}");
    None
}

/// Returns the repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

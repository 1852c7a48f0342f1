//! Starts a real authorization server, logs in through its pages, and asks it what it saw.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evergrant::backend::Record;
use evergrant::provider::{ClientAuth, Rotation};
use evergrant::{Client, ClientBuilder, Credentials, FileBackend, Provider, Secret, TokenBackend};
use serde_json::Value;
use ureq::Agent;
use url::Url;

/// Where a login ends. Nobody listens there: the browser stops before it.
const REDIRECT_URI: &str = "http://127.0.0.1:7099/cb";
const SCOPES: [&str; 2] = ["openid", "offline_access"];

/// A running `oidc-provider`, with an empty folder for stores. Both end with it.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    issuer: String,
    folder: PathBuf,
    agent: Agent,
}

/// What the server has counted: refreshes, and calls of the protected address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) granted: u64,
    pub(crate) refused: u64,
    pub(crate) calls: u64,
}

/// One of the applications that are registered at the server.
#[derive(Clone, Copy)]
pub(crate) struct App(pub(crate) &'static str, pub(crate) &'static str, pub(crate) ClientAuth);

pub(crate) const BASIC: App = App("basic", "s3cret", ClientAuth::Basic);
pub(crate) const ODD: App = App("odd:id +%&~", "p@ss:w/rd +%&=~", ClientAuth::Basic);
pub(crate) const POST: App = App("post", "s3cret", ClientAuth::Body);
pub(crate) const NATIVE: App = App("native", "", ClientAuth::None);

impl Server {
    /// A server whose access tokens live this many seconds; `None` if it is not installed, which
    /// fails where `EVERGRANT_REQUIRE_ALL=1` asks for everything.
    pub(crate) fn start(lifetime: u32) -> Option<Server> {
        Server::installed(lifetime, true)
    }

    /// The same, with its own pages for a person to log in and to consent.
    pub(crate) fn with_pages(lifetime: u32) -> Option<Server> {
        Server::installed(lifetime, false)
    }

    fn installed(lifetime: u32, autologin: bool) -> Option<Server> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
        let package = root.join(".interop/node_modules/oidc-provider");
        let missing = if node.is_err() {
            "node is not installed"
        } else if !package.exists() {
            "oidc-provider is not installed (tests/interop/install.sh does it)"
        } else {
            return Some(Server::spawn(root, lifetime, autologin));
        };
        assert!(!super::everything_is_required(), "{missing}");
        // Not with println!, which the test harness shows for failures alone.
        let _ = writeln!(std::io::stderr(), "skipped: {missing}");
        None
    }

    fn spawn(root: &Path, lifetime: u32, autologin: bool) -> Server {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "evergrant-interop-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let log = std::fs::File::create(folder.join("server.log")).expect("a log");
        let mut child = Command::new("node")
            .arg(root.join("tests/interop/as.mjs"))
            .env_remove("PORT")
            .env("AUTOLOGIN", if autologin { "1" } else { "0" })
            .env("AT_TTL", lifetime.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("node starts");
        // It says its port when it is ready. No time limit: other tests may leave it little of the
        // processor, and a server that dies ends the pipe.
        let mut port = String::new();
        let said = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut port);
        let port = port.trim_end();
        if port.is_empty() {
            let log = std::fs::read_to_string(folder.join("server.log"));
            panic!("the server did not start: {said:?} {}", log.unwrap_or_default());
        }
        let agent = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        let (url, issuer) =
            (format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}"));
        Server { child, url, issuer, folder, agent }
    }

    /// A file for a store.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn provider(&self, app: App) -> Provider {
        Provider::builder("oidc-provider")
            .authorization_endpoint(format!("{}/auth", self.url))
            .token_endpoint(self.token_endpoint())
            .revocation_endpoint(format!("{}/token/revocation", self.url))
            .issuer((self.issuer.clone(), true))
            .api_base(&self.url)
            .authorize_param(("prompt", "consent"))
            .rotation(Rotation::StrictFamily)
            .client_auth(app.2)
            .build()
            .expect("a provider")
    }

    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/token", self.url)
    }

    pub(crate) fn builder(&self, app: App, backend: impl TokenBackend + 'static) -> ClientBuilder {
        let credentials = Credentials::new(app.0, app.1).with_redirect_uri(REDIRECT_URI);
        Client::builder(self.provider(app), credentials, backend)
    }

    /// A client on a file of this server's folder.
    pub(crate) fn client(&self, app: App, file: &str) -> Client {
        self.builder(app, FileBackend::new(self.file(file))).build()
    }

    /// A client that a person has just authorized.
    pub(crate) fn logged_in(&self, app: App, file: &str) -> Client {
        let client = self.client(app, file);
        let authorization = client.authorize(&SCOPES).expect("an authorization");
        let callback = self.browse(authorization.url());
        client.exchange(authorization, &callback).expect("a login");
        client
    }

    /// Follows redirects with cookies, as a browser does, up to the redirect URI.
    pub(crate) fn browse(&self, start: &str) -> String {
        let mut cookies = BTreeMap::<String, String>::new();
        let mut url = Url::parse(start).expect("an address");
        for _ in 0..30 {
            let jar: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = self.agent.get(url.as_str()).header("Cookie", jar.join("; "));
            let mut answer = request.call().expect("an answer");
            for cookie in answer.headers().get_all("set-cookie") {
                let text = cookie.to_str().expect("a cookie");
                let pair = text.split(';').next().and_then(|pair| pair.split_once('='));
                let (name, value) = pair.expect("a name and a value");
                match value {
                    "" => drop(cookies.remove(name)),
                    _ => drop(cookies.insert(name.to_owned(), value.to_owned())),
                }
            }
            let Some(location) = answer.headers().get("location") else {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                panic!("no redirect from {}: {} {body}", url.path(), answer.status());
            };
            url = url.join(location.to_str().expect("text")).expect("an address");
            if url.as_str().starts_with(REDIRECT_URI) {
                return url.into();
            }
        }
        panic!("30 redirects and no callback");
    }

    /// The next `n` answers of the token endpoint are computed and never sent.
    pub(crate) fn lose(&self, n: usize) {
        self.agent.get(format!("{}/_lose?n={n}", self.url)).call().expect("an answer");
    }

    pub(crate) fn count(&self) -> Count {
        let mut answer = self.agent.get(format!("{}/_count", self.url)).call().expect("an answer");
        let value: Value = answer.body_mut().read_json().expect("JSON");
        let number = |name: &str| value[name].as_u64().expect("a number");
        Count { granted: number("granted"), refused: number("refused"), calls: number("calls") }
    }

    /// Whether the server takes a token for good, which spends nothing (RFC 7662).
    pub(crate) fn is_active(&self, token: &Secret) -> bool {
        let form = [("token", token.expose()), ("client_id", POST.0), ("client_secret", POST.1)];
        let address = format!("{}/token/introspection", self.url);
        let mut answer = self.agent.post(address).send_form(form).expect("an answer");
        let value: Value = answer.body_mut().read_json().expect("JSON");
        value["active"].as_bool().expect("active or not")
    }

    /// Whether the login in a store can go on.
    pub(crate) fn is_alive(&self, file: &Path) -> bool {
        stored(file).token().refresh_token().is_some_and(|token| self.is_active(token))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What a file store holds, read as anybody would.
pub(crate) fn stored(file: &Path) -> Record {
    let bytes = std::fs::read(file).expect("a store");
    Record::from_json(&bytes).expect("a record")
}

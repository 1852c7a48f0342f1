//! Tests of a login in a process that has few file descriptors, and in a process that is killed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use evergrant::sandbox::{Fault, Gate, Sandbox};
use evergrant::{Client, Credentials, FileBackend, Provider};
use url::Url;

use crate::support::{PATIENCE, sandbox};

/// The variable that gives a child process of this test binary the sandbox's address.
pub(crate) const CHILD: &str = "EVERGRANT_LOGIN_CHILD";
const STORE: &str = "EVERGRANT_LOGIN_STORE";

/// Runs in a child process, and logs in once.
pub(crate) fn child() {
    let base = std::env::var(CHILD).unwrap();
    let provider = Provider::builder("sandbox")
        .authorization_endpoint(format!("{base}/authorize"))
        .token_endpoint(format!("{base}/token"))
        .api_base(format!("{base}/api"))
        .build()
        .unwrap();
    let store = FileBackend::new(std::env::var(STORE).unwrap());
    let credentials = Credentials::new("sandbox-client", "sandbox-secret");
    let client = Client::new(provider, credentials, store);
    client.authorize_interactive(&["read"], |url| println!("\nopen {url}")).unwrap();
}

/// A login that waits for the browser.
struct Login {
    process: Child,
    url: String,
    output: BufReader<ChildStdout>,
}

impl Login {
    /// Starts a login with at most this many file descriptors.
    fn start(sandbox: &Sandbox, store: &Path, descriptors: u32) -> Login {
        let mut process = Command::new("sh")
            .args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "child_entry", "--nocapture"])
            .envs([(CHILD, sandbox.url().as_ref()), (STORE, store.as_os_str())])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let url =
            (&mut output).lines().find_map(|line| Some(line.ok()?.strip_prefix("open ")?.into()));
        let mut login = Login { process, url: String::new(), output };
        match url {
            Some(url) => login.url = url,
            None => panic!("the login ended: {}", login.process.wait().unwrap()),
        }
        login
    }

    fn connect(&self) -> TcpStream {
        let url = Url::parse(&self.url).unwrap();
        let (_, uri) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
        let uri = Url::parse(&uri).unwrap();
        TcpStream::connect((uri.host_str().unwrap(), uri.port().unwrap())).unwrap()
    }

    /// Plays a person who agrees and a browser that opens the callback.
    fn approve(&self, sandbox: &Sandbox) -> TcpStream {
        let callback = Url::parse(&sandbox.approve(&self.url).unwrap()).unwrap();
        let mut browser = self.connect();
        let (path, query) = (callback.path(), callback.query().unwrap());
        write!(browser, "GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        browser
    }

    fn succeed(mut self, sandbox: &Sandbox) {
        let mut page = String::new();
        self.approve(sandbox).read_to_string(&mut page).unwrap();
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        self.output.read_to_string(&mut String::new()).unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn more_silent_connections_than_descriptors_do_not_stop_a_login() {
    for descriptors in [16, 24, 64] {
        let sandbox = sandbox();
        let store = sandbox.folder().join("login.json");
        let login = Login::start(&sandbox, &store, descriptors);
        let _crowd: Vec<TcpStream> = (0..100).map(|_| login.connect()).collect();
        login.succeed(&sandbox);
        assert_eq!(sandbox.counters().code_exchanges, 1);
        let client =
            Client::new(sandbox.provider(), sandbox.credentials(), FileBackend::new(store));
        client.get("/me").call().unwrap();
    }
}

#[test]
fn a_killed_login_leaves_the_store_unchanged() {
    let sandbox = sandbox();
    let store = sandbox.folder().join("login.json");
    let open = || FileBackend::new(&store);
    let client = Client::new(sandbox.provider(), sandbox.credentials(), open());
    client.seed(sandbox.login()).unwrap();
    let before = std::fs::read(&store).unwrap();

    // Kill the process while the person is at the login page.
    Login::start(&sandbox, &store, 256).kill();
    assert_eq!(std::fs::read(&store).unwrap(), before);

    // Kill the process when it has received half a callback.
    let login = Login::start(&sandbox, &store, 256);
    login.connect().write_all(b"GET /callback?code=").unwrap();
    login.kill();
    assert_eq!(std::fs::read(&store).unwrap(), before);

    // Kill the process after the code was exchanged, before the answer has come.
    let gate = Gate::new();
    sandbox.fault(Fault::HoldAfter(gate.clone()));
    let login = Login::start(&sandbox, &store, 256);
    let _browser = login.approve(&sandbox);
    assert!(gate.wait_for(1, PATIENCE));
    login.kill();
    gate.open();
    assert_eq!(std::fs::read(&store).unwrap(), before);
    client.get("/me").call().unwrap();

    Login::start(&sandbox, &store, 256).succeed(&sandbox);
    assert_ne!(std::fs::read(&store).unwrap(), before);
    let client = Client::new(sandbox.provider(), sandbox.credentials(), open());
    client.get("/me").call().unwrap();
    client.refresh().unwrap();
}

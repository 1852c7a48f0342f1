//! A sandbox, a person's home with the settings of a service named `acme`, and the program.

#[allow(unused_imports)]
pub(crate) use crate::shared::{TempDir, skip, succeeded, works};

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use evergrant::sandbox::Sandbox;
use serde_json::{Value, json};

pub(crate) const TOOL: &str = env!("CARGO_BIN_EXE_evergrant");

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: PathBuf,
}

/// The output of a program, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(
            Sandbox::builder().device_interval(Some(Duration::from_secs(1))).start().unwrap(),
        )
    }

    pub(crate) fn with(sandbox: Sandbox) -> World {
        let home = sandbox.folder().join("home");
        let world = World { sandbox, home };
        std::fs::create_dir_all(world.settings()).unwrap();
        std::fs::write(world.settings().join("acme.toml"), world.description()).unwrap();
        let variables = "ACME_CLIENT_ID=sandbox-client\nACME_CLIENT_SECRET=sandbox-secret\n";
        let file = world.settings().join("acme.env");
        std::fs::write(&file, variables).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, private).unwrap();
        world
    }

    pub(crate) fn description(&self) -> String {
        let url = self.sandbox.url();
        format!(
            "display_name = \"Acme\"\n\
             authorization_endpoint = \"{url}/authorize\"\n\
             token_endpoint = \"{url}/token\"\n\
             device_authorization_endpoint = \"{url}/device_authorization\"\n\
             revocation_endpoint = \"{url}/revoke\"\n\
             api_base = \"{url}/api\"\n\
             rotation = \"until_used\"\n\
             idle_limit = \"30 days\"\n"
        )
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.home.join(".config/evergrant")
    }

    pub(crate) fn logins(&self) -> PathBuf {
        self.home.join(".local/share/evergrant")
    }

    /// The record of a login.
    pub(crate) fn record(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.logins().join(format!("{name}.json"))).unwrap()
    }

    /// The program in cron's environment: HOME, a short PATH, and nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TOOL);
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.home);
        command.current_dir(&self.home).stdin(Stdio::null());
        // A shell starts its background jobs with SIGINT ignored, and children inherit that.
        // SAFETY: `signal` may be called after a fork.
        unsafe {
            command.pre_exec(|| {
                for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments))
    }

    /// Runs the program and expects success.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Logs in as `name`, with a login that the sandbox has begun. If `old`, the access token has
    /// expired.
    pub(crate) fn seed(&self, name: &str, old: bool) {
        let file = self.home.join("stored.json");
        std::fs::write(&file, self.stored_token(old).to_string()).unwrap();
        self.good(&["import", "acme", file.to_str().unwrap(), "--name", name]);
    }

    /// A token as another program stores it.
    pub(crate) fn stored_token(&self, old: bool) -> Value {
        let token = self.sandbox.login();
        let end = token.expires_at().unwrap().unix_timestamp();
        let ago = if old { 20 * 86_400 } else { 0 };
        json!({
            "access_token": token.access_token().expose(),
            "refresh_token": token.refresh_token().unwrap().expose(),
            "issued_at": token.issued_at().unwrap().unix_timestamp() - ago,
            "expires_at": end - ago,
        })
    }

    /// Starts a login that shows an address, approves it, and comes back as the browser does.
    pub(crate) fn log_in(&self, arguments: &[&str]) -> Ran {
        let waiting = Waiting::start(self.command(arguments));
        waiting.approve(&self.sandbox);
        waiting.end()
    }
}

pub(crate) fn ran(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A login that has shown its address and waits for the browser.
pub(crate) struct Waiting {
    pub(crate) child: Child,
    pub(crate) url: String,
    err: BufReader<std::process::ChildStderr>,
    read: String,
}

impl Waiting {
    pub(crate) fn start(mut command: Command) -> Waiting {
        #[expect(clippy::zombie_processes, reason = "`end` waits for it")]
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut read = String::new();
        loop {
            let before = read.len();
            assert_ne!(err.read_line(&mut read).unwrap(), 0, "the login ended: {read}");
            let line = read[before..].trim().to_owned();
            if line.starts_with("http") {
                return Waiting { child, url: line, err, read };
            }
        }
    }

    pub(crate) fn approve(&self, sandbox: &Sandbox) {
        let callback = sandbox.approve(&self.url).unwrap();
        visit(&callback);
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for the end without closing the standard input.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.err.read_to_string(&mut self.read).unwrap();
        let input = self.child.stdin.take();
        let code = self.child.wait().unwrap().code();
        drop(input);
        code
    }

    pub(crate) fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        self.err.read_to_string(&mut self.read).unwrap();
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let code = self.child.wait().unwrap().code();
        Ran { code, out, err: self.read }
    }
}

/// Opens the address of the callback as a browser does.
pub(crate) fn visit(callback: &str) -> String {
    let browser = ureq::Agent::config_builder().proxy(None).build().new_agent();
    browser.get(callback).call().unwrap().body_mut().read_to_string().unwrap()
}

/// The permissions of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().unwrap().mode() & 0o777
}

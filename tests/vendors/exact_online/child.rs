//! Child processes of this test program that act as cron jobs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use evergrant::exact_online::{Country, ExactOnline, ExactOnlineBuilder};
use evergrant::{Credentials, FileBackend, Provider, providers};

const CHILD: &str = "EVERGRANT_EXACT_CHILD";

/// The entry point of child processes; not a test itself.
#[test]
fn child_entry() {
    let Ok(what) = std::env::var(CHILD) else { return };
    match what.as_str() {
        "sync" => super::sync_kills::child(),
        "cron" => super::week::child(),
        "files" => super::attachments::child(),
        "settings" => super::settings::child(),
        #[cfg(all(feature = "sqlite", feature = "teamleader"))]
        "mirror" => crate::mirror::child(),
        other => panic!("unknown child: {other}"),
    }
    std::process::exit(0);
}

pub(crate) fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Prints a line for the parent in one write, so that lines do not mix.
pub(crate) fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\n= {text}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Returns the provider of a sandbox in another process.
pub(crate) fn provider(url: &str) -> Provider {
    providers::exact_online("nl")
        .unwrap()
        .to_builder()
        .authorization_endpoint(format!("{url}/authorize"))
        .token_endpoint(format!("{url}/token"))
        .api_base(format!("{url}/api"))
        .build()
        .unwrap()
}

/// Makes the client that the environment describes.
pub(crate) fn builder() -> ExactOnlineBuilder {
    let credentials = Credentials::new("sandbox-client", "sandbox-secret")
        .with_redirect_uri("http://127.0.0.1/callback");
    let backend = FileBackend::new(PathBuf::from(given("STORE")));
    ExactOnline::builder(Country::Netherlands, credentials, backend)
        .provider(provider(&given("URL")))
}

/// A child process that reads commands as lines and answers with lines.
pub(crate) struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Worker {
    pub(crate) fn start(what: &str, environment: &[(&str, &str)]) -> Worker {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "exact_online::child::child_entry", "--nocapture"])
            .env(CHILD, what)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(text) = line.strip_prefix("= ")
                    && send.send(text.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Worker { input: process.stdin.take(), process, lines }
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the next line; `None` when the process has ended.
    pub(crate) fn hear(&self) -> Option<String> {
        match self.lines.recv_timeout(Duration::from_secs(600)) {
            Ok(line) => Some(line),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("the child hangs: {error}"),
        }
    }

    /// Returns the next line, if it comes within `patience`.
    pub(crate) fn hear_within(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! A sandbox, a store, and processes that use both. Each [`Worker`] is a process that reads commands, one per
//! line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use evergrant::backend::Record;
use evergrant::clock::{Clock, ManualClock, SystemClock};
use evergrant::provider::Rotation;
use evergrant::sandbox::{Event, EventKind, Sandbox, SandboxBuilder};
use evergrant::{Client, FileBackend, Secret, Token};

use crate::support::*;
use crate::worker::call;

/// Real time after which a test gives up. No test waits for this time to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const LIFE: Duration = Duration::from_secs(3600);
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// The kinds of rotation, each with its name in the environment variable `CLASS` of a child process.
pub(crate) const CLASSES: [(&str, Rotation); 6] = [
    ("none", Rotation::None),
    ("grace", Rotation::Grace(GRACE)),
    ("grace-then-family", Rotation::GraceThenFamily(GRACE)),
    ("until-used", Rotation::UntilUsed),
    ("strict", Rotation::Strict),
    ("strict-family", Rotation::StrictFamily),
];

/// Whether the long runs are required.
pub(crate) fn everything() -> bool {
    std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1")
}

/// The clocks of the computer, with sleeps that are cut short.
#[derive(Debug)]
pub(crate) struct Brisk;

impl Clock for Brisk {
    fn now(&self) -> SystemTime {
        SystemClock.now()
    }
    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
    fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration.min(Duration::from_millis(2)));
    }
}

/// One sandbox and one store.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) dir: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) rotation: Rotation,
    /// The sandbox's clock, unless that is the computer's.
    pub(crate) clock: Arc<ManualClock>,
    /// Whether the service issues only tokens that are bound to a key, and demands nonces.
    pub(crate) bound: bool,
}

impl World {
    /// Makes a world on a clock that stands still.
    pub(crate) fn new(rotation: Rotation) -> World {
        World::with(rotation, |builder| builder)
    }

    pub(crate) fn with(
        rotation: Rotation,
        change: impl FnOnce(SandboxBuilder) -> SandboxBuilder,
    ) -> World {
        let clock = Arc::new(ManualClock::new());
        let builder = Sandbox::builder().rotation(rotation).access_token_lifetime(LIFE);
        let sandbox = change(builder.clock(clock.clone())).start().unwrap();
        let dir = TempDir::new();
        let path = dir.join("store.json");
        World { sandbox, dir, path, rotation, clock, bound: false }
    }

    /// Makes a world whose tokens are bound to a key (DPoP, RFC 9449).
    #[cfg(feature = "dpop")]
    pub(crate) fn bound(rotation: Rotation) -> World {
        World::bound_with(rotation, |builder| builder)
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn bound_with(
        rotation: Rotation,
        change: impl FnOnce(SandboxBuilder) -> SandboxBuilder,
    ) -> World {
        let change =
            |builder: SandboxBuilder| change(builder.dpop_required(true).dpop_nonces(1000));
        World { bound: true, ..World::with(rotation, change) }
    }

    /// Makes a world on the computer's clock.
    pub(crate) fn in_real_time(rotation: Rotation) -> World {
        World::with(rotation, |builder| builder.clock(Arc::new(SystemClock)))
    }

    /// Makes a client in this process, on the sandbox's clock. The client reads what it does not remember
    /// from the store, as another process would.
    pub(crate) fn client(&self) -> Client {
        self.client_on(FileBackend::new(&self.path), self.clock.clone())
    }

    pub(crate) fn client_on(
        &self,
        backend: impl evergrant::TokenBackend + 'static,
        clock: Arc<dyn Clock>,
    ) -> Client {
        let (provider, credentials) = (self.sandbox.provider(), self.sandbox.credentials());
        Client::builder(provider, credentials, backend).clock(clock).build()
    }

    /// Puts a new login of the sandbox into the store.
    pub(crate) fn seed(&self) -> Token {
        if self.bound {
            return self.log_in();
        }
        let token = self.sandbox.login();
        assert!(self.client().seed(token.clone()).unwrap());
        token
    }

    /// Does the same as [`World::seed`], with an access token that has expired by every clock.
    pub(crate) fn seed_ended(&self) {
        if self.bound {
            self.log_in_with(&self.client_on(FileBackend::new(&self.path), Arc::new(SystemClock)));
            self.sandbox.expire_access_tokens();
            let mut record = serde_json::to_value(self.stored()).unwrap();
            record["token"]["issued_at"] = "2020-01-01T00:00:00Z".into();
            record["token"]["expires_at"] = "2020-01-01T01:00:00Z".into();
            std::fs::write(&self.path, record.to_string()).unwrap();
            return;
        }
        let token = self.sandbox.login();
        let long_ago = token.issued_at().unwrap() - Duration::from_secs(86_400);
        let token = token.with_issued_at(long_ago).with_expires_at(long_ago + LIFE);
        self.sandbox.expire_access_tokens();
        assert!(self.client().seed(token).unwrap());
    }

    /// Logs a person in, and puts the login into the store.
    pub(crate) fn log_in(&self) -> Token {
        self.log_in_with(&self.client())
    }

    pub(crate) fn log_in_with(&self, client: &Client) -> Token {
        let authorization = client.authorize(&[]).unwrap();
        let callback = self.sandbox.approve(authorization.url()).unwrap();
        client.exchange(authorization, &callback).unwrap()
    }

    pub(crate) fn stored(&self) -> Record {
        load(&self.path).unwrap()
    }

    /// Returns the name of the stored refresh token in the sandbox's list of events.
    pub(crate) fn stored_name(&self) -> String {
        name(self.stored().token().refresh_token().unwrap())
    }

    pub(crate) fn refreshes(&self) -> u64 {
        self.sandbox.counters().refreshes
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.sandbox.counters().token_requests
    }

    /// Starts another process with its own client.
    pub(crate) fn worker(&self) -> Worker {
        self.worker_under::<&str>(&[], &[])
    }

    pub(crate) fn worker_under<S: AsRef<std::ffi::OsStr>>(
        &self,
        wrapper: &[S],
        environment: &[(&str, &str)],
    ) -> Worker {
        Worker::start(self.command("world::work", wrapper).envs(environment.iter().copied()))
    }

    /// Returns the command of a child that uses this world.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(
        &self,
        key: &str,
        wrapper: &[S],
    ) -> std::process::Command {
        let (class, _) = CLASSES.iter().find(|(_, rotation)| *rotation == self.rotation).unwrap();
        let mut command = child(key, wrapper);
        command.env("STORE", &self.path).env("URL", self.sandbox.url()).env("CLASS", class);
        if self.bound {
            command.env("BOUND", "1");
        }
        command
    }
}

/// Returns a token's name in the sandbox's list of events: `rt-7` for `rt-7-abc...`.
pub(crate) fn name(token: &Secret) -> String {
    token.expose().split('-').take(2).collect::<Vec<_>>().join("-")
}

/// Returns the names of a refresh token's successors in the sandbox's list of events, one for each rotation.
pub(crate) fn successors(events: &[Event], spent: &str) -> Vec<String> {
    let rotations = events.iter().filter(|event| {
        event.kind == EventKind::Refreshed && event.spent.as_deref() == Some(spent)
    });
    rotations.filter_map(|event| event.refresh_token.clone()).collect()
}

/// A process that runs commands.
pub(crate) struct Worker {
    pub(crate) process: std::process::Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Worker {
    pub(crate) fn start(command: &mut std::process::Command) -> Worker {
        let mut process = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let (send, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        // Another thread reads the output, so that the test notices a child that hangs.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix("= ")
                    && send.send(answer.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        let worker = Worker { input: process.stdin.take(), process, lines };
        assert_eq!(worker.hear(), "ready");
        worker
    }

    /// Sends a line without waiting for the answer.
    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the process still reads commands");
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the next answer.
    #[track_caller]
    pub(crate) fn hear(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("an answer of the child")
    }

    /// Waits for the next answer; `None` when the process has ended.
    pub(crate) fn hear_or_end(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("the child hangs: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.hear()
    }

    /// Lets the process end by itself.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.input = None;
        self.process.wait().unwrap()
    }

    pub(crate) fn kill(mut self) {
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

/// Checks that the login is valid: a new run works, now and after the next expiry.
#[track_caller]
pub(crate) fn is_alive(world: &World, what: &str) {
    assert!(world.sandbox.login_alive(), "{what}");
    for _ in 0..2 {
        let answer = call(&world.client());
        assert!(answer.starts_with("ok "), "{what}: {answer}");
        assert!(world.stored().refused().is_none(), "{what}");
        world.clock.advance(LIFE);
    }
}

//! Makes folders, starts children and skips tests, for the tests of the promise.

use std::ffi::OsStr;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use evergrant::backend::Record;
use evergrant::backend::{BackendError, FileBackend};
use evergrant::{BoxError, Token, TokenBackend as _};

/// A folder for one test. Dropping the value removes the folder with its content.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> TempDir {
        // The name is random: the system would give the id of this process to a later process as well.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let folder = std::env::temp_dir();
        // Messages name the folder without links, so take the folder's path without links too. On Windows
        // `canonicalize` would change the form of the path.
        let folder = if cfg!(windows) { folder } else { folder.canonicalize().unwrap() };
        let path = folder.join(format!("evergrant-test-{random:016x}"));
        std::fs::create_dir(&path).unwrap();
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Prints that this machine lacks a program or a right that a test needs. If all tests are required,
/// fails instead.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    // The harness hides what `println!` prints in a test that passes.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    let required = std::env::var_os("EVERGRANT_REQUIRE_ALL").is_some_and(|v| v == "1");
    assert!(!required, "EVERGRANT_REQUIRE_ALL=1, but skipped: {reason}");
}

/// Whether a command runs and succeeds here.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// Returns a wrapper under which permission bits bind a program: they do not bind root, so as root the
/// program runs as another user. Returns `None`, and skips the test, where no other user can run the tests.
#[track_caller]
pub(crate) fn unprivileged() -> Option<&'static [&'static str]> {
    const NOBODY: &[&str] = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    if !works("sh", &["-c", "[ $(id -u) = 0 ]"]) {
        return Some(&[]);
    }
    let program = std::env::current_exe().unwrap();
    let runs = [&NOBODY[1..], &["test", "-x", program.to_str().unwrap()]].concat();
    if !works(NOBODY[0], &runs) {
        skip("running as root, and nobody else can run the tests");
        return None;
    }
    Some(NOBODY)
}

/// A child's name and its function.
pub(crate) type Child = (&'static str, fn());

const CHILD: &str = "EVERGRANT_CHILD";

/// Returns a command that runs this test program again, as the child `key`, under `wrapper` (a command
/// that runs the command after it). Pass values to the child in its environment, with [`Command::env`].
///
/// A test module lists its children in a `CHILDREN` that `child_entry` passes to [`run_child`]. A child that
/// returns ends with status 0, a child that panics with 101.
pub(crate) fn child<S: AsRef<OsStr>>(key: &str, wrapper: &[S]) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match wrapper.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    // With one test thread the child runs on the main thread, where strace counts its calls.
    command.args(["--exact", "child_entry", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, key);
    command
}

/// Starts a process. Wine at times fails to start a process, before its program runs: "Internal error"
/// (1359, `ERROR_INTERNAL_ERROR`). The next try succeeds.
pub(crate) fn start(command: &mut Command) -> std::process::Child {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(1359) && tries < 5 => {
                eprintln!("a process was not started, try {tries}: {error}");
                tries += 1;
            }
            started => return started.expect("a child starts"),
        }
    }
}

/// If this process was started as a child, runs the child and ends the process. Returns in an ordinary test
/// run.
pub(crate) fn run_child(tables: &[&[Child]]) {
    let Some(key) = std::env::var_os(CHILD) else { return };
    let found = tables.iter().flat_map(|table| table.iter()).find(|(name, _)| key == *name);
    let (_, run) = found.unwrap_or_else(|| panic!("no child is called {key:?}"));
    run();
    std::process::exit(0);
}

/// The value that a parent gave to its child.
pub(crate) fn given(name: &str) -> PathBuf {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")).into()
}

/// Fails with the child's output unless the child succeeded.
#[track_caller]
pub(crate) fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Ends this process at once, as a kill from outside does.
pub(crate) fn die() -> ! {
    let pid = std::process::id().to_string();
    if cfg!(unix) {
        Command::new("kill").args(["-9", &pid]).status().unwrap();
        loop {
            std::thread::park();
        }
    }
    std::process::abort()
}

pub(crate) fn token(n: u32) -> Token {
    Token::new(format!("sesame-at-{n}")).with_refresh_token(format!("sesame-rt-{n}"))
}

pub(crate) fn record(n: u32) -> Record {
    Record::from(token(n))
}

pub(crate) fn load(path: &Path) -> Option<Record> {
    FileBackend::new(path).load().unwrap()
}

/// Whether the cause is an error of the operating system that denies access.
pub(crate) fn is_denied(error: &BoxError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}

/// Returns the [`BackendError`] inside a store's error, and fails the test if there is none.
#[track_caller]
pub(crate) fn precise<T>(result: Result<T, BoxError>) -> BackendError {
    let Err(error) = result else { panic!("it succeeded") };
    assert!(!format!("{error} {error:?}").contains("sesame"), "a token is shown: {error}");
    BackendError::find(&error).unwrap_or_else(|| panic!("not precise: {error}")).clone()
}

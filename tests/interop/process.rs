//! The process of a server, and its folder. At its end, a test stops the process and removes the folder.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// A folder that is empty at first. Dropping the value removes the folder with its content.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        // The name is random: the system would give the id of this process to a later process as well.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let folder = std::env::temp_dir().join(format!("evergrant-interop-{random:016x}"));
        std::fs::create_dir(&folder).expect("a folder");
        Folder(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How long a server may print nothing before it is ready. The limit is long, because the tests may run
/// on one slow processor.
const SILENCE: Duration = Duration::from_secs(120);

/// A process that serves until it is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Mutex<Receiver<String>>, // a `Receiver` is not `Sync`
    logs: [PathBuf; 2],
}

impl Process {
    /// Starts a process, and waits for a line for which `ready` returns a value. If the process dies, the
    /// error contains the output of the process. A process that is silent for [`SILENCE`] is killed and
    /// started again, at most twice.
    pub(crate) fn start<T>(
        command: &mut Command,
        folder: &Folder,
        mut ready: impl FnMut(&str) -> Option<T>,
    ) -> Result<(Process, T), String> {
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut failures = String::new();
        for _ in 0..3 {
            let mut process = Process::spawn(command, folder);
            let why = loop {
                match process.lines().recv_timeout(SILENCE) {
                    Ok(line) => {
                        if let Some(found) = ready(line.trim_end()) {
                            return Ok((process, found));
                        }
                    }
                    Err(why) => break why,
                }
            };
            let _ = process.child.kill();
            let status = process.child.wait();
            failures += &format!("{why}, {status:?}\n{}", process.output());
            if why == RecvTimeoutError::Disconnected {
                break;
            }
            let _ = writeln!(std::io::stderr(), "{command:?} said nothing for {SILENCE:?}");
        }
        Err(failures)
    }

    fn spawn(command: &mut Command, folder: &Folder) -> Process {
        let logs = [folder.file("output.log"), folder.file("errors.log")];
        let mut copy = File::create(&logs[0]).expect("a log");
        command.stderr(File::create(&logs[1]).expect("a log"));
        let mut child = command.spawn().expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (said, lines) = channel();
        // Read all output: otherwise the pipe would fill up.
        std::thread::spawn(move || {
            let mut line = String::new();
            while matches!(output.read_line(&mut line), Ok(1..)) {
                let _ = copy.write_all(line.as_bytes());
                let _ = said.send(std::mem::take(&mut line));
            }
        });
        Process { child, lines: Mutex::new(lines), logs }
    }

    fn lines(&mut self) -> &Receiver<String> {
        self.lines.get_mut().expect("no thread has the lines locked")
    }

    /// Returns how the process ended, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().expect("a state").map(|status| status.to_string())
    }

    fn output(&self) -> String {
        self.logs.iter().map(|log| std::fs::read_to_string(log).unwrap_or_default()).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Waits until the last line is in the log.
        while self.lines().recv_timeout(SILENCE).is_ok() {}
        if std::thread::panicking() {
            println!("{}", self.output());
        }
    }
}

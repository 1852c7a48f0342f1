//! A server's process and its folder, which both end with the test.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// An empty folder, removed with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evergrant-interop-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
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

/// A process that serves until it is dropped.
pub(crate) struct Process {
    child: Child,
    reader: Option<JoinHandle<()>>,
    logs: [PathBuf; 2],
}

impl Process {
    /// Starts it, and waits for a line for which `ready` returns a value. There is no time limit,
    /// because other tests may use the processor. If the process dies, its output is the error.
    pub(crate) fn start<T>(
        command: &mut Command,
        folder: &Folder,
        mut ready: impl FnMut(&str) -> Option<T>,
    ) -> Result<(Process, T), String> {
        let (log, errors) = (folder.file("output.log"), folder.file("errors.log"));
        let child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).expect("a log"))
            .spawn()
            .expect("it starts");
        let mut process = Process { child, reader: None, logs: [log.clone(), errors.clone()] };
        let mut output = BufReader::new(process.child.stdout.take().expect("a pipe"));
        let mut copy = File::create(&log).expect("a log");
        loop {
            let mut line = String::new();
            let said = output.read_line(&mut line);
            if !matches!(said, Ok(1..)) {
                let _ = process.child.kill();
                let status = process.child.wait();
                let read = |file| std::fs::read_to_string(file).unwrap_or_default();
                return Err(format!("{status:?}\n{}{}", read(&log), read(&errors)));
            }
            let _ = copy.write_all(line.as_bytes());
            if let Some(found) = ready(line.trim_end()) {
                // Its later output is read too, or its pipe would fill up.
                process.reader = Some(std::thread::spawn(move || {
                    let _ = std::io::copy(&mut output, &mut copy);
                }));
                return Ok((process, found));
            }
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().expect("a state").map(|status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            for log in &self.logs {
                println!("{}", std::fs::read_to_string(log).unwrap_or_default());
            }
        }
    }
}

//! A second process that uses the same store.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::checks::token;
use super::{noted, successor};
use crate::backend::{BackendError, Guard, TokenBackend};
use crate::error::{BoxError, chain};
use crate::record::Record;

/// The variable with the store's name. Only the second process has this variable.
const STORE: &str = "EVERGRANT_CONTRACT_STORE";

/// The beginning of each line that is an answer, and not a line of the test runner.
const ANSWER: &str = "evergrant-contract ";

/// How long to wait for the second process; longer than any wait in a check.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the second process of [`Contract::in_second_process`](super::Contract::in_second_process). Call this
/// function in the first line of the test that is started again. `open` opens the store by the name that was
/// given to `in_second_process`.
///
/// In the first process this function returns at once. In the second process it follows the commands of the
/// first process, then ends the process. A test can run only one worker.
pub fn worker<B: TokenBackend>(open: impl FnOnce(&str) -> B) {
    let Some(name) = env::var_os(STORE) else { return };
    let done = obey(&open(&name.to_string_lossy()));
    std::process::exit(i32::from(done.is_err()));
}

/// Answers commands until the first process closes the pipe or dies.
fn obey(store: &dyn TokenBackend) -> io::Result<()> {
    let mut guard = None;
    say("ready")?;
    for line in io::stdin().lines() {
        say(&match order(store, &mut guard, &line?) {
            Ok(answer) => answer,
            Err(error) => {
                let kind = match BackendError::find(&error) {
                    Some(BackendError::Busy(_)) => "busy",
                    Some(BackendError::Conflict(_)) => "conflict",
                    _ => "error",
                };
                format!("{kind} {}", chain(&*error)).replace('\n', " ")
            }
        })?;
    }
    Ok(())
}

fn say(answer: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // The test runner may have written half a line already.
    writeln!(out, "\n{ANSWER}{answer}")?;
    out.flush()
}

fn order(
    store: &dyn TokenBackend,
    guard: &mut Option<Guard>,
    line: &str,
) -> Result<String, BoxError> {
    let (verb, number) = line.split_once(' ').unwrap_or((line, "0"));
    let number: usize = number.parse()?;
    let stored = || -> Result<Record, BoxError> { Ok(store.load()?.ok_or("nothing is stored")?) };
    match verb {
        "load" => {
            return Ok(match store.load()? {
                Some(record) => format!("record {}", String::from_utf8(record.to_json()?)?),
                None => "nothing".to_owned(),
            });
        }
        "first" => store.save(&Record::from(token(number)))?,
        "advance" => store.save(&successor(&stored()?, token(number)))?,
        "note" => store.save(&noted(&stored()?))?,
        "clear" => store.clear()?,
        "lock" => *guard = Some(store.lock(Duration::from_millis(number as u64))?),
        "unlock" => *guard = None,
        "increment" => increment(store, number)?,
        _ => return Err(format!("an unknown order: {verb}").into()),
    }
    Ok("done".to_owned())
}

/// Saves a successor under the lock, with the next revision.
pub(super) fn increment(store: &dyn TokenBackend, times: usize) -> Result<(), BoxError> {
    for _ in 0..times {
        let _guard = store.lock(Duration::from_secs(30))?;
        let stored = store.load()?.ok_or("nothing is stored")?;
        thread::yield_now();
        store.save(&successor(&stored, stored.token().clone()))?;
    }
    Ok(())
}

/// The first process's handle on the second process. Dropping the handle kills the second process.
pub(super) struct Worker {
    child: Child,
    orders: ChildStdin,
    lines: Receiver<String>,
    test: String,
    /// The output of the second process that was no answer.
    said: String,
}

impl Worker {
    /// Starts `test` of this test program again, for the store named `store`.
    pub(super) fn start(test: &str, store: &str) -> Result<Worker, BoxError> {
        let mut child = Command::new(env::current_exe()?)
            .args(["--exact", test, "--nocapture", "--test-threads=1", "--include-ignored"])
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a second process has no pipes".into());
        };
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut worker =
            Worker { child, orders, lines, test: test.to_owned(), said: String::new() };
        match worker.answer()?.as_str() {
            "ready" => Ok(worker),
            other => Err(format!("the second process began with {other}").into()),
        }
    }

    fn answer(&mut self) -> Result<String, BoxError> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => match line.split_once(ANSWER) {
                    Some((_, answer)) => return Ok(answer.to_owned()),
                    None => self.said += &format!("{line}\n"),
                },
                Err(RecvTimeoutError::Timeout) => {
                    return Err(
                        format!("the second process gave no answer for {PATIENCE:?}").into()
                    );
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!(
                        "the second process ended and gave no answer. Is there a test called {} in \
                         this program (with its modules: a::b::name), and does it begin with \
                         contract::worker? It said: {}",
                        self.test,
                        self.said.trim()
                    )
                    .into());
                }
            }
        }
    }

    /// Sends a command and returns the answer. Fails if the store of the second process fails.
    pub(super) fn ask(&mut self, order: &str) -> Result<String, BoxError> {
        writeln!(self.orders, "{order}")?;
        let answer = self.answer()?;
        let (kind, text) = answer.split_once(' ').unwrap_or((&answer, ""));
        match kind {
            "busy" => Err(BackendError::Busy(text.to_owned()).into()),
            "conflict" => Err(BackendError::Conflict(text.to_owned()).into()),
            "error" => Err(format!("the second process: {text}").into()),
            _ => Ok(answer),
        }
    }

    pub(super) fn load(&mut self) -> Result<Option<Record>, BoxError> {
        let answer = self.ask("load")?;
        let record = answer.strip_prefix("record ").map(|json| Record::from_json(json.as_bytes()));
        record.transpose()
    }

    /// Kills the process, so that no destructor runs.
    pub(super) fn kill(mut self) -> Result<(), BoxError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

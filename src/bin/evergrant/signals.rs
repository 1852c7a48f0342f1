//! Ctrl-C, SIGTERM and SIGHUP, on Windows Ctrl-C and Ctrl-Break: the command ends at once, or after the answer of an open token request is saved.

use std::path::PathBuf;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The reasons for which a signal waits, and the file that a signal removes.
struct State {
    /// The number of open token requests and unsaved answers.
    holds: usize,
    /// The first signal that came while signals had to wait.
    waiting: Option<i32>,
    /// The unfinished file of a download.
    part: Option<PathBuf>,
}

static STATE: Mutex<State> = Mutex::new(State { holds: 0, waiting: None, part: None });
static CAME: Condvar = Condvar::new();

/// While a value of this type exists, signals wait. If a signal came in this time, the drop of the last value
/// ends the process.
#[derive(Debug)]
pub(crate) struct Hold(());

pub(crate) fn hold() -> Hold {
    STATE.lock().holds += 1;
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = STATE.lock();
        state.holds -= 1;
        if state.holds == 0
            && let Some(signal) = state.waiting
        {
            end(&mut state, signal);
        }
    }
}

/// Waits for `pause`, or until a signal comes. Returns whether a signal has come.
pub(crate) fn wait(pause: Duration) -> bool {
    let mut state = STATE.lock();
    CAME.wait_while_for(&mut state, |state| state.waiting.is_none(), pause);
    state.waiting.is_some()
}

/// Whether a signal has come and waits for the end of open token requests.
pub(crate) fn is_waiting() -> bool {
    STATE.lock().waiting.is_some()
}

/// Sets the file that a signal removes.
pub(crate) fn part(path: Option<PathBuf>) {
    STATE.lock().part = path;
}

/// Starts to watch for signals.
#[cfg(unix)]
pub(crate) fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // A signal that the caller ignores, as `nohup` does, stays ignored.
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    // Without a handler or a thread, a signal ends the process at once.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
    let _ = std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            came(signal);
        }
    });
}

/// Starts to watch for Ctrl-C and Ctrl-Break.
#[cfg(windows)]
pub(crate) fn watch() {
    // The number of SIGINT, so that the exit code is the same as elsewhere. Without a handler, Ctrl-C ends the process
    // at once.
    let _ = ctrlc::set_handler(|| came(2));
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn watch() {}

#[cfg(any(unix, windows))]
fn came(signal: i32) {
    let mut state = STATE.lock();
    if state.holds == 0 {
        end(&mut state, signal);
    }
    if state.waiting.is_none() {
        state.waiting = Some(signal);
        CAME.notify_all();
        crate::show::note(
            "The command ends when the answer to the open token request is saved, because an exit now \
             would lose the login.",
        );
    }
}

/// Whether the caller of this process ignores the signal. Checked on Linux only.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

/// Ends the process as the signal does without a handler, so that a shell sees 128 and the number of the signal.
fn end(state: &mut State, signal: i32) {
    if let Some(part) = state.part.take() {
        let _ = std::fs::remove_file(part);
    }
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    std::process::exit(128 + signal);
}

//! Waits while another program has a file open.
//!
//! Windows does not open, replace or remove a file while another program has it open without sharing
//! it. Virus scanners, indexers and backups open files in this way for a moment, and readers do so
//! while a record is replaced. The operation works once the other program has closed the file.

use std::io;
use std::time::Duration;

use super::super::lock::wait_up_to;
use crate::clock::{Clock, SystemClock};
use crate::error::BoxError;

/// How long a save waits until it can replace the record.
pub(in super::super) const REPLACING: Duration = Duration::from_secs(5);

/// How long any other operation waits. Windows gives the same error for a file that this user may never open;
/// an operation on that file fails only after this time.
const OPENING: Duration = Duration::from_secs(2);

/// The longest pause between two tries. The pause is short, so that one try falls into a moment in
/// which no reader has the file open.
const LONGEST: Duration = Duration::from_millis(20);

/// Whether the operation may work when another program has closed the file.
pub(in super::super) fn is_in_use(error: &io::Error) -> bool {
    cfg!(windows) && is_sharing(error)
}

/// `ERROR_ACCESS_DENIED` (also for a file that is being removed), `ERROR_SHARING_VIOLATION`,
/// `ERROR_LOCK_VIOLATION`, `ERROR_DELETE_PENDING`
/// (<https://learn.microsoft.com/windows/win32/debug/system-error-codes>).
fn is_sharing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32 | 33 | 303))
}

/// Repeats `attempt` in growing pauses while the system answers that the file is in use, for as long as
/// `limit`. Returns the last answer of the system. Any other failure of `attempt` ends the wait.
pub(in super::super) fn while_in_use<T>(
    clock: &dyn Clock,
    limit: Duration,
    attempt: impl FnMut() -> Result<io::Result<T>, BoxError>,
) -> Result<io::Result<T>, BoxError> {
    repeat_while(clock, limit, is_in_use, attempt)
}

fn repeat_while<T>(
    clock: &dyn Clock,
    limit: Duration,
    passes: fn(&io::Error) -> bool,
    mut attempt: impl FnMut() -> Result<io::Result<T>, BoxError>,
) -> Result<io::Result<T>, BoxError> {
    let mut last = None;
    let done = wait_up_to(clock, limit, LONGEST, || {
        Ok(match attempt()? {
            Err(error) if passes(&error) => {
                last = Some(error);
                None
            }
            answer => Some(answer),
        })
    })?;
    let late = || Err(last.unwrap_or_else(|| io::ErrorKind::ResourceBusy.into()));
    Ok(done.unwrap_or_else(late))
}

/// Repeats one operation of the file system for a short while if the file is in use.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    match attempt() {
        Err(error) if is_in_use(&error) => {}
        answer => return answer,
    }
    while_in_use(&SystemClock, OPENING, || Ok(attempt())).unwrap_or_else(|error| {
        Err(io::Error::other(error)) // `attempt` has no other failure.
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn code(code: i32) -> io::Result<u32> {
        Err(io::Error::from_raw_os_error(code))
    }

    #[test]
    fn a_file_in_use_is_tried_again_until_it_is_free() {
        let clock = ManualClock::new();
        let mut answers = vec![Ok(7), code(303), code(33), code(32), code(5)];
        let mut checks = 0;
        let done = repeat_while(&clock, REPLACING, is_sharing, || {
            checks += 1;
            Ok(answers.pop().unwrap())
        });
        assert_eq!(done.unwrap().unwrap(), 7);
        assert_eq!(checks, 5);
        // The pauses are 1, 2, 4 and 8 ms, each shortened by up to a half.
        assert!(clock.slept() >= Duration::from_micros(7500), "{:?}", clock.slept());
        assert!(clock.slept() <= Duration::from_millis(15), "{:?}", clock.slept());
    }

    #[test]
    fn a_file_that_stays_in_use_is_the_error_after_the_limit() {
        let clock = ManualClock::new();
        let mut tries = 0;
        let error = repeat_while(&clock, REPLACING, is_sharing, || {
            tries += 1;
            Ok(code(32))
        });
        assert_eq!(error.unwrap().unwrap_err().raw_os_error(), Some(32));
        assert_eq!(clock.slept(), REPLACING);
        assert!((250..=520).contains(&tries), "{tries}");
    }

    #[test]
    fn any_other_answer_ends_the_wait_at_once() {
        let clock = ManualClock::new();
        let full = repeat_while(&clock, REPLACING, is_sharing, || Ok(code(112)));
        assert_eq!(full.unwrap().unwrap_err().raw_os_error(), Some(112));
        // Another record was stored meanwhile, so the check before the third try fails.
        let mut tries = 0;
        let conflict = repeat_while(&clock, REPLACING, is_sharing, || {
            tries += 1;
            if tries == 3 { Err("another record".into()) } else { Ok(code(5)) }
        });
        assert_eq!(conflict.unwrap_err().to_string(), "another record");
        assert_eq!(tries, 3);
        assert!(clock.slept() < Duration::from_millis(4));
    }

    #[cfg(not(windows))]
    #[test]
    fn only_windows_waits_for_other_programs() {
        let mut tries = 0;
        let error = patiently(|| {
            tries += 1;
            code(5)
        });
        assert_eq!((error.unwrap_err().raw_os_error(), tries), (Some(5), 1));
    }
}

//! Counts the threads that wait for a server that does not answer. If the server process hangs while
//! its machine still answers TCP, such a thread waits for ever, because the library cannot cancel the
//! wait.

use std::time::Duration;

use parking_lot::Mutex;

use super::super::BackendError;
use crate::clock::{Clock as _, SystemClock};
use crate::error::BoxError;

/// How many threads may wait for a server that does not answer.
const MOST: usize = 16;

/// After this time one more thread asks the server, because the host name may now resolve to another
/// machine.
const AGAIN: Duration = Duration::from_secs(300);

/// The statements that one server has not answered, for all accounts of a store.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<State>);

#[derive(Default)]
struct State {
    count: usize,
    asked: Duration,
}

impl Unanswered {
    /// # Errors
    ///
    /// [`BackendError::Unavailable`] if too many statements have no answer from the server.
    pub(super) fn refuse(&self, name: &str) -> Result<(), BoxError> {
        self.refuse_at(name, SystemClock.monotonic())
    }

    fn refuse_at(&self, name: &str, now: Duration) -> Result<(), BoxError> {
        let mut state = self.0.lock();
        if state.count < MOST {
            state.asked = now;
            return Ok(());
        }
        if now.saturating_sub(state.asked) >= AGAIN {
            state.asked = now;
            return Ok(());
        }
        let text = format!(
            "{name}: the server hangs: {} earlier statements have no answer yet; restart the server",
            state.count
        );
        Err(BackendError::Unavailable(text).into())
    }

    /// Counts a statement for whose answer the store no longer waits.
    pub(super) fn add(&self) {
        self.0.lock().count += 1;
    }

    /// Called when such an answer comes late, or the connection ends.
    pub(super) fn came(&self) {
        let mut state = self.0.lock();
        state.count = state.count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_asks_a_server_that_hangs_each_five_minutes() {
        let unanswered = Unanswered::default();
        let asks = |seconds| unanswered.refuse_at("db", Duration::from_secs(seconds)).is_ok();
        for _ in 0..MOST {
            assert!(asks(1000));
            unanswered.add();
        }
        assert!(!asks(1001) && !asks(1299));
        assert!(asks(1300) && !asks(1301));
        unanswered.add();
        unanswered.came();
        assert!(!asks(1302));
        unanswered.came();
        assert!(asks(1302), "an answer makes room for the next statement");
    }
}

//! Counts the threads that wait for an answer that may never come: of a server, on a connection that the program has
//! lent, because the library cannot cancel that wait; and of the system, for the address of a host.

use std::time::Duration;

use parking_lot::Mutex;

use super::super::BackendError;
use crate::clock::{Clock as _, SystemClock};
use crate::error::BoxError;

/// After so many threads without an answer, no more threads ask.
const MOST: usize = 16;

/// After this time one more thread asks, because the connections may now lead to another machine.
const AGAIN: Duration = Duration::from_secs(300);

/// The threads without an answer, for all accounts of a store.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<State>);

#[derive(Default)]
struct State {
    count: usize,
    asked: Duration,
    /// Whether the server has answered a statement in time since the last statement without an answer.
    answers: bool,
}

impl Unanswered {
    /// Called before the search for an address, and before the first statement of a lent session: the later
    /// statements of a session are never refused, because they may release its lock.
    ///
    /// # Errors
    ///
    /// [`BackendError::Unavailable`] if too many statements have no answer from the server.
    pub(super) fn refuse(&self, name: &str) -> Result<(), BoxError> {
        self.refuse_at(name, SystemClock.monotonic())
    }

    fn refuse_at(&self, name: &str, now: Duration) -> Result<(), BoxError> {
        let mut state = self.0.lock();
        if state.answers {
            return Ok(());
        }
        if state.count < MOST || now.saturating_sub(state.asked) >= AGAIN {
            state.asked = now;
            return Ok(());
        }
        let text = format!(
            "{name}: the server, or the name service, hangs: {} earlier requests have no answer yet",
            state.count
        );
        Err(BackendError::Unavailable(text).into())
    }

    /// Counts a statement for whose answer the store no longer waits.
    pub(super) fn add(&self) {
        let mut state = self.0.lock();
        state.count += 1;
        state.answers = false;
    }

    /// Called when an answer to a statement comes in time: the server works again, although the threads of
    /// earlier statements still wait.
    pub(super) fn answered(&self) {
        self.0.lock().answers = true;
    }

    /// Called when an answer comes late, or the connection ends.
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

    #[test]
    fn an_answer_in_time_lets_all_threads_in_until_the_next_timeout() {
        let unanswered = Unanswered::default();
        let asks = |seconds| unanswered.refuse_at("db", Duration::from_secs(seconds)).is_ok();
        assert!(asks(1000));
        (0..MOST).for_each(|_| unanswered.add());
        assert!(asks(1300) && !asks(1301));
        unanswered.answered();
        assert!(asks(1302) && asks(1303));
        unanswered.add();
        assert!(!asks(1304) && !asks(1599));
        assert!(asks(1600) && !asks(1601));
    }
}

//! Teamleader's rate limit: the client counts its own calls, and reads the headers of the answers.
//!
//! The limit is 200 calls in any minute, for one integration and account (Teamleader's documentation). Calls
//! of other processes count, too, but only the headers show these calls. Therefore the headers take
//! precedence over the client's own count.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::json;
use crate::clock::Clock;
use crate::hooks::Received;

/// The length of the window: a minute, and half a second more because clocks differ. A call counts from
/// the time of its answer, which is later than the time at which Teamleader counted the call.
const WINDOW: Duration = Duration::from_millis(60_500);

/// The time after which an unanswered call no longer counts.
const LOST: Duration = Duration::from_secs(180);

/// The wait after a refusal without a readable reset time, and the longest wait that a header can cause.
const UNKNOWN: Duration = Duration::from_secs(60);

/// The rate limit, from the headers of Teamleader's last answer. Every value is `None` before the first
/// answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<OffsetDateTime>,
}

impl Limits {
    /// Returns the number of calls allowed in a minute: the header `X-RateLimit-Limit`.
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Returns the number of calls that are still allowed: the header `X-RateLimit-Remaining`.
    pub fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// Returns the time at which calls are allowed again: the header `X-RateLimit-Reset`.
    pub fn resets_at(&self) -> Option<OffsetDateTime> {
        self.reset
    }
}

/// The window of one client, shared by its threads.
pub(super) struct Window {
    clock: Arc<dyn Clock>,
    /// The number of calls in a window; 0 for no limit.
    size: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The times at which the unanswered calls were sent, oldest first.
    open: VecDeque<Duration>,
    /// The times at which the calls of this window were answered, oldest first.
    answered: VecDeque<Duration>,
    /// The time until which Teamleader refuses calls.
    closed_until: Duration,
    seen: Limits,
}

impl Window {
    pub(super) fn new(clock: Arc<dyn Clock>, size: u32) -> Window {
        Window { clock, size: size as usize, state: Mutex::default() }
    }

    /// Waits until a call may be sent, then counts the call.
    pub(super) fn enter(&self) {
        while let Some(wait) = self.try_enter() {
            self.clock.sleep(wait);
        }
    }

    /// Counts a call, or returns how long to wait.
    fn try_enter(&self) -> Option<Duration> {
        let mut state = self.state.lock();
        let now = self.clock.monotonic();
        if let Some(wait) = state.closed_until.checked_sub(now).filter(|wait| !wait.is_zero()) {
            return Some(wait);
        }
        if self.size == 0 {
            return None;
        }
        let has_passed = |times: &VecDeque<Duration>, after: Duration| {
            times.front().is_some_and(|time| *time + after <= now)
        };
        while has_passed(&state.answered, WINDOW) {
            state.answered.pop_front();
        }
        while has_passed(&state.open, LOST) {
            state.open.pop_front();
        }
        if state.open.len() + state.answered.len() >= self.size {
            // A call counts until one window after its answer. If no call was answered yet, wait as if the
            // first were answered now.
            let oldest = state.answered.front().copied().unwrap_or(now);
            return Some(oldest + WINDOW - now);
        }
        state.open.push_back(now);
        None
    }

    /// Reads the headers of an answer.
    pub(super) fn look(&self, answer: &Received<'_>) {
        let header = |name: &str| answer.headers.get(name)?.to_str().ok();
        let number = |name: &str| header(name)?.trim().parse::<u64>().ok();
        let seen = Limits {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset: header("x-ratelimit-reset").and_then(json::moment),
        };
        let refused = answer.status == 429;
        let mut state = self.state.lock();
        let now = self.clock.monotonic();
        if self.size > 0 {
            // Removes the oldest open call: which of them was answered makes no difference.
            state.open.pop_front();
            state.answered.push_back(now);
        }
        if seen != Limits::default() {
            state.seen = seen;
        }
        if !refused && seen.remaining != Some(0) {
            return;
        }
        // Teamleader's clock sets the reset time. The header `Date` shows the same clock.
        let there = header("date")
            .and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok())
            .unwrap_or_else(|| self.clock.now_utc());
        let wait = match seen.reset {
            Some(reset) => Duration::try_from(reset - there).unwrap_or_default().min(UNKNOWN),
            // The OAuth client waits for the time in `Retry-After`.
            None if refused && header("retry-after").is_some() => Duration::ZERO,
            None => UNKNOWN,
        };
        state.closed_until = state.closed_until.max(now + wait);
    }

    pub(super) fn seen(&self) -> Limits {
        self.state.lock().seen
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use ureq::http::{HeaderMap, Method};

    fn answered(window: &Window, status: u16) {
        let headers = HeaderMap::new();
        let url = "https://api.example/users.me";
        window.look(&Received { method: &Method::POST, url, status, headers: &headers });
    }

    #[test]
    fn the_memory_for_counted_calls_does_not_grow() {
        for size in [0, 10] {
            let clock = Arc::new(ManualClock::new());
            let window = Window::new(clock.clone(), size);
            for _ in 0..1000 {
                window.enter();
                answered(&window, 200);
            }
            let state = window.state.lock();
            assert!(state.open.is_empty() && state.answered.len() <= size as usize);
        }
    }

    #[test]
    fn calls_without_an_answer_stop_counting() {
        let clock = Arc::new(ManualClock::new());
        let window = Window::new(clock.clone(), 10);
        for _ in 0..25 {
            window.enter();
        }
        assert!(clock.slept() >= LOST * 2 && clock.slept() < LOST * 3);
    }

    #[test]
    fn a_refusal_causes_a_wait_even_without_counting() {
        let clock = Arc::new(ManualClock::new());
        let window = Window::new(clock.clone(), 0);
        window.enter();
        answered(&window, 429);
        window.enter();
        assert_eq!(clock.slept(), UNKNOWN);
    }
}

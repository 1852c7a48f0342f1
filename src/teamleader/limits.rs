//! Teamleader's limit of calls: respected ahead by a window of our own, and behind by its headers.
//!
//! 200 calls in any minute, for one integration and account (Teamleader's documentation). Other
//! processes count, too, and only the headers of an answer know of them, so those lead.

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

/// The window, and a little more, since clocks differ. A call counts from when its answer came, which
/// is after Teamleader counted it.
const WINDOW: Duration = Duration::from_millis(60_500);

/// After this long a call without an answer is given up, and counts no longer.
const LOST: Duration = Duration::from_secs(180);

/// How long a refusal without a readable time is waited for, and the most that one is believed.
const UNKNOWN: Duration = Duration::from_secs(60);

/// What Teamleader's last answer said about the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many calls a minute may have: `X-RateLimit-Limit`.
    pub limit: Option<u32>,
    /// How many are left: `X-RateLimit-Remaining`.
    pub remaining: Option<u32>,
    /// When there are more again: `X-RateLimit-Reset`.
    pub reset: Option<OffsetDateTime>,
}

/// The window of one client, shared by its threads.
pub(super) struct Window {
    clock: Arc<dyn Clock>,
    /// How many calls it lets through; 0 for any number.
    size: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the calls that have no answer yet were sent, the oldest first.
    open: VecDeque<Duration>,
    /// When the calls of the window were answered, the oldest first.
    answered: VecDeque<Duration>,
    /// Until when Teamleader said that nothing is to be had.
    closed_until: Duration,
    seen: Limits,
}

impl Window {
    pub(super) fn new(clock: Arc<dyn Clock>, size: u32) -> Window {
        Window { clock, size: size as usize, state: Mutex::default() }
    }

    /// Waits until a call may be sent, and counts it.
    pub(super) fn enter(&self) {
        while let Some(wait) = self.try_enter() {
            self.clock.sleep(wait);
        }
    }

    /// Counts a call, or says how long to wait before asking again.
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
            // What is open stays in the window for a whole one after it is answered.
            let oldest = state.answered.front().copied().unwrap_or(now);
            return Some(oldest + WINDOW - now);
        }
        state.open.push_back(now);
        None
    }

    /// Reads the headers of an answer.
    pub(super) fn look(&self, answer: &Received<'_>) {
        let header = |name: &str| answer.headers.get(name)?.to_str().ok();
        let number = |name: &str| header(name)?.trim().parse::<u32>().ok();
        let seen = Limits {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset: header("x-ratelimit-reset").and_then(json::moment),
        };
        let refused = answer.status == 429;
        let mut state = self.state.lock();
        let now = self.clock.monotonic();
        if self.size > 0 {
            // Which of those that are open it was does not matter.
            state.open.pop_front();
            state.answered.push_back(now);
        }
        if seen != Limits::default() {
            state.seen = seen;
        }
        if !refused && seen.remaining != Some(0) {
            return;
        }
        // Teamleader's own clock, not ours: the header beside it says what it is there.
        let there = header("date")
            .and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok())
            .unwrap_or_else(|| self.clock.now_utc());
        let wait = match seen.reset {
            Some(reset) => Duration::try_from(reset - there).unwrap_or_default().min(UNKNOWN),
            // `Retry-After` is read by the client itself.
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
    fn what_is_remembered_does_not_grow() {
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
    fn calls_without_an_answer_are_given_up_in_the_end() {
        let clock = Arc::new(ManualClock::new());
        let window = Window::new(clock.clone(), 10);
        for _ in 0..25 {
            window.enter();
        }
        assert!(clock.slept() >= LOST * 2 && clock.slept() < LOST * 3);
    }

    #[test]
    fn a_refusal_is_waited_for_also_where_nothing_is_counted() {
        let clock = Arc::new(ManualClock::new());
        let window = Window::new(clock.clone(), 0);
        window.enter();
        answered(&window, 429);
        window.enter();
        assert_eq!(clock.slept(), UNKNOWN);
    }
}

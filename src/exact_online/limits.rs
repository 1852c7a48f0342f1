//! Exact Online's limits: calls in a minute and in a day for each division, and errors in an hour for
//! each endpoint.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use ureq::http::HeaderMap;

use crate::clock::Clock;
use crate::error::{ApiError, RateLimited};
use crate::hooks::{Received, Sending};
use crate::{Error, Result};

use super::errors::explain;

/// Exact Online blocks a key for an hour after more than ten errors; this many are enough.
pub(crate) const ERRORS: usize = 8;
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
/// The longest wait that a call makes.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// How many calls the limit allows.
    pub limit: u64,
    /// How many are left, by the last answer and the calls since.
    pub remaining: u64,
    /// When it is whole again, UTC, as the service says.
    pub reset: OffsetDateTime,
}

/// What is left for one division, as the last answers said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowance {
    /// Of the minute.
    pub minute: Option<Left>,
    /// Of the day.
    pub day: Option<Left>,
}

/// A limit as it is counted: with the moment of its reset on our monotonic clock, so that a wrong wall
/// clock does no harm.
#[derive(Clone, Copy)]
struct Window {
    left: Left,
    ends: Duration,
    /// Nothing was heard of it yet.
    assumed: bool,
}

#[derive(Default)]
struct State {
    minutes: HashMap<Option<i64>, Window>,
    days: HashMap<Option<i64>, Window>,
    /// When errors came, by endpoint with its division.
    errors: HashMap<String, Vec<Duration>>,
}

pub(crate) struct Limits {
    clock: Arc<dyn Clock>,
    host: String,
    error_limit: usize,
    state: Mutex<State>,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>, host: String, error_limit: usize) -> Limits {
        Limits { clock, host, error_limit, state: Mutex::new(State::default()) }
    }

    pub(crate) fn allowance(&self, division: Option<i64>) -> Allowance {
        let state = self.state.lock();
        let left = |windows: &HashMap<_, Window>| windows.get(&division).map(|window| window.left);
        Allowance { minute: left(&state.minutes), day: left(&state.days) }
    }

    /// Before a call: waits for the next minute if this one is used up; refuses if the day is, or if
    /// the endpoint has answered too many errors.
    pub(crate) fn before(&self, sending: &Sending<'_>) -> Result<()> {
        let (division, endpoint) = place(sending.url);
        loop {
            let now = self.clock.monotonic();
            let mut state = self.state.lock();
            if let Some(wait) = self.blocked(&mut state, &endpoint, now) {
                let text = format!(
                    "{endpoint} answered {} errors within an hour, and Exact Online blocks the key \
                     at more than ten",
                    self.error_limit
                );
                return Err(self.limited(wait, text));
            }
            if let Some(day) = open(&mut state.days, division, now, 24 * HOUR)
                && day.left.remaining == 0
            {
                return Err(self.limited(day.ends - now, day_is_over(division, day.left)));
            }
            let wait = match open(&mut state.minutes, division, now, MINUTE) {
                Some(minute) if minute.left.remaining == 0 => minute.ends - now,
                _ => {
                    // What other threads have sent since the last answer counts, too.
                    let State { minutes, days, .. } = &mut *state;
                    for windows in [minutes, days] {
                        if let Some(window) = windows.get_mut(&division) {
                            window.left.remaining = window.left.remaining.saturating_sub(1);
                        }
                    }
                    return Ok(());
                }
            };
            drop(state);
            self.clock.sleep(wait.min(LONGEST_WAIT));
        }
    }

    /// After an answer: takes what its headers say, and counts errors.
    pub(crate) fn after(&self, received: &Received<'_>) {
        let (division, endpoint) = place(received.url);
        let (now, here) = (self.clock.monotonic(), self.clock.now_utc());
        let mut state = self.state.lock();
        if let Some(window) = window(received.headers, "x-ratelimit-minutely-", here, now) {
            take(&mut state.minutes, division, window, now);
        }
        if let Some(window) = window(received.headers, "x-ratelimit-", here, now) {
            take(&mut state.days, division, window, now);
        }
        if matches!(received.status, 400 | 401 | 403 | 404) {
            state.errors.entry(endpoint).or_default().push(now);
        }
    }

    fn blocked(&self, state: &mut State, endpoint: &str, now: Duration) -> Option<Duration> {
        let errors = state.errors.get_mut(endpoint)?;
        errors.retain(|at| now.saturating_sub(*at) < HOUR);
        let oldest = errors.len().checked_sub(self.error_limit).and_then(|at| errors.get(at))?;
        Some((*oldest + HOUR).saturating_sub(now))
    }

    /// How long a 429 asks to wait: for the day if that is used up, else until the next whole minute
    /// and a second, which is what a 429 without headers means, too.
    pub(crate) fn wait(&self, received: &Received<'_>) -> Option<Duration> {
        if received.status != 429 {
            return None;
        }
        let here = self.clock.now_utc();
        let until = |prefix| {
            let window = window(received.headers, prefix, here, Duration::ZERO)?;
            (window.left.remaining == 0).then_some(window.ends)
        };
        let (minute, day) = (until("x-ratelimit-minutely-"), until("x-ratelimit-"));
        if let (None, Some(day)) = (minute, day) {
            return Some(day);
        }
        let server = server_time(received.headers).unwrap_or(here);
        let rest = MINUTE - Duration::from_secs(u64::from(server.second()));
        let wait = minute.unwrap_or(rest) + Duration::from_secs(1);
        Some(wait.min(LONGEST_WAIT))
    }

    /// An error answer, in the API's own words; a 429 as what it is.
    pub(crate) fn explain(&self, api: ApiError) -> Error {
        if api.status != 429 {
            return explain(api);
        }
        let here = self.clock.now_utc();
        let (division, _) = place(&api.url);
        let wait = api.retry_after.unwrap_or(MINUTE);
        let day = window(&api.headers, "x-ratelimit-", here, Duration::ZERO);
        let text = match day.filter(|day| day.left.remaining == 0 && wait > LONGEST_WAIT) {
            Some(day) => day_is_over(division, day.left),
            None => format!("too many calls in this minute{}", of(division)),
        };
        Error::from(RateLimited::answered(&self.host, wait, Some(text)))
    }

    fn limited(&self, wait: Duration, text: String) -> Error {
        Error::RateLimited(Box::new(RateLimited::new(&self.host, wait, Some(text))))
    }
}

fn of(division: Option<i64>) -> String {
    division.map(|division| format!(" for division {division}")).unwrap_or_default()
}

fn day_is_over(division: Option<i64>, left: Left) -> String {
    let reset = left.reset.format(&Rfc3339).unwrap_or_default();
    format!("the day's {} calls{} are used up until {reset}", left.limit, of(division))
}

/// The window of a division. One that has ended is followed by a whole one, until an answer says more.
fn open(
    windows: &mut HashMap<Option<i64>, Window>,
    division: Option<i64>,
    now: Duration,
    period: Duration,
) -> Option<Window> {
    let window = windows.get_mut(&division)?;
    if window.ends <= now {
        window.left.remaining = window.left.limit;
        let next = time::Duration::try_from(period).ok();
        let next = next.and_then(|period| window.left.reset.checked_add(period));
        window.left.reset = next.unwrap_or(window.left.reset);
        window.ends = now + period;
        window.assumed = true;
    }
    Some(*window)
}

/// What an answer says, less what was sent since: answers lag behind.
fn take(
    windows: &mut HashMap<Option<i64>, Window>,
    division: Option<i64>,
    said: Window,
    now: Duration,
) {
    let same = |known: &Window| known.assumed || known.left.reset == said.left.reset;
    let known = windows.get(&division).filter(|known| known.ends > now && same(known));
    let mut window = said;
    if let Some(known) = known {
        window.left.remaining = window.left.remaining.min(known.left.remaining);
    }
    windows.insert(division, window);
}

/// The division in an address, and the endpoint with it, without a key.
fn place(url: &str) -> (Option<i64>, String) {
    let path = url.split_once("/v1/").map_or(url, |(_, path)| path);
    let path = path.split(['(', '?']).next().unwrap_or_default();
    let division = path.split('/').take(2).find_map(|part| part.parse().ok());
    (division, path.to_owned())
}

/// Three headers: how many, how many are left, and the reset in milliseconds since 1970. How long
/// that is from now goes by the server's own `Date`.
fn window(
    headers: &HeaderMap,
    prefix: &str,
    here: OffsetDateTime,
    now: Duration,
) -> Option<Window> {
    let number = |name: &str| {
        let value = headers.get(format!("{prefix}{name}"))?.to_str().ok()?;
        value.trim().parse::<u64>().ok()
    };
    let (remaining, reset) = (number("remaining")?, number("reset")?);
    let limit = number("limit").unwrap_or(remaining);
    let nanoseconds = i128::from(reset) * 1_000_000;
    let reset = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    let server = server_time(headers).unwrap_or(here);
    let ahead = Duration::try_from(reset - server).unwrap_or(Duration::ZERO);
    // A day is the longest window there is.
    let ends = now + ahead.min(24 * HOUR);
    Some(Window { left: Left { limit, remaining, reset }, ends, assumed: false })
}

fn server_time(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(headers.get("date")?.to_str().ok()?, &Rfc2822).ok()
}

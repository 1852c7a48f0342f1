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

/// The default limit of errors: Exact Online blocks an API key for an hour after more than ten errors.
pub(crate) const ERRORS: usize = 8;
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
/// The longest time that a call waits for a limit.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A limit of calls in a minute or in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// How many calls the limit allows.
    pub limit: u64,
    /// How many calls are left: the number in the last answer, minus the calls since.
    pub remaining: u64,
    /// When all calls are available again, UTC, by the service's clock.
    pub resets_at: OffsetDateTime,
}

/// The limits of one division, from the headers of the last answers. A limit is `None` before the first
/// answer with its headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The per-minute limit.
    pub minute: Option<Window>,
    /// The per-day limit.
    pub day: Option<Window>,
}

impl Limits {
    /// Returns the window with fewer calls left, which is used up first.
    fn tighter(&self) -> Option<Window> {
        [self.minute, self.day].into_iter().flatten().min_by_key(|window| window.remaining)
    }

    /// Returns the number of calls left in the minute or in the day, whichever is smaller.
    pub fn remaining(&self) -> Option<u64> {
        self.tighter().map(|window| window.remaining)
    }

    /// Returns the number of calls that the window of [`Limits::remaining`] allows.
    pub fn limit(&self) -> Option<u64> {
        self.tighter().map(|window| window.limit)
    }

    /// Returns when the window of [`Limits::remaining`] allows all its calls again, UTC.
    pub fn resets_at(&self) -> Option<OffsetDateTime> {
        self.tighter().map(|window| window.resets_at)
    }
}

/// A window, with the time of its reset on the client's monotonic clock, so that a wrong wall clock does no
/// harm.
#[derive(Clone, Copy)]
struct Counted {
    left: Window,
    ends: Duration,
    /// Whether this is a new window that no answer has confirmed yet.
    assumed: bool,
}

#[derive(Default)]
struct State {
    minutes: HashMap<Option<i64>, Counted>,
    days: HashMap<Option<i64>, Counted>,
    /// The times of errors, by endpoint with its division.
    errors: HashMap<String, Vec<Duration>>,
}

pub(crate) struct Counter {
    clock: Arc<dyn Clock>,
    host: String,
    error_limit: usize,
    state: Mutex<State>,
}

impl Counter {
    pub(crate) fn new(clock: Arc<dyn Clock>, host: String, error_limit: usize) -> Counter {
        Counter { clock, host, error_limit, state: Mutex::new(State::default()) }
    }

    pub(crate) fn told(&self, division: Option<i64>) -> Limits {
        let state = self.state.lock();
        let left = |windows: &HashMap<_, Counted>| windows.get(&division).map(|window| window.left);
        Limits { minute: left(&state.minutes), day: left(&state.days) }
    }

    /// Runs before a call: waits when no call is left in the minute, and refuses the call when none is left
    /// in the day or when the endpoint has answered too many errors.
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
                    // Counts the call at once, so that calls of other threads see it.
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

    /// Runs after an answer: reads the limits in the headers of the answer, and counts errors.
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

    /// Returns how long to wait after a 429: until the next day if no call is left in the day, otherwise
    /// until one second after the next whole minute. A 429 without headers is treated as the per-minute
    /// limit.
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

    /// Makes the error for an error answer, with the API's message. A 429 becomes [`Error::RateLimited`].
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

fn day_is_over(division: Option<i64>, left: Window) -> String {
    let reset = left.resets_at.format(&Rfc3339).unwrap_or_default();
    format!("the day's {} calls{} are used up until {reset}", left.limit, of(division))
}

/// Returns the window of a division. When the window is over, a new window begins, with all calls left until
/// an answer says otherwise.
fn open(
    windows: &mut HashMap<Option<i64>, Counted>,
    division: Option<i64>,
    now: Duration,
    period: Duration,
) -> Option<Counted> {
    let window = windows.get_mut(&division)?;
    if window.ends <= now {
        window.left.remaining = window.left.limit;
        let next = time::Duration::try_from(period).ok();
        let next = next.and_then(|period| window.left.resets_at.checked_add(period));
        window.left.resets_at = next.unwrap_or(window.left.resets_at);
        window.ends = now + period;
        window.assumed = true;
    }
    Some(*window)
}

/// Stores the window of an answer. If the client's own count of the calls left is lower, the count stays: the
/// answer may be older.
fn take(
    windows: &mut HashMap<Option<i64>, Counted>,
    division: Option<i64>,
    said: Counted,
    now: Duration,
) {
    let same = |known: &Counted| known.assumed || known.left.resets_at == said.left.resets_at;
    let known = windows.get(&division).filter(|known| known.ends > now && same(known));
    let mut window = said;
    if let Some(known) = known {
        window.left.remaining = window.left.remaining.min(known.left.remaining);
    }
    windows.insert(division, window);
}

/// Returns the division in an address, and the path of the endpoint with its division and without a key.
fn place(url: &str) -> (Option<i64>, String) {
    let path = url.split_once("/v1/").map_or(url, |(_, path)| path);
    let path = path.split(['(', '?']).next().unwrap_or_default();
    let division = path.split('/').take(2).find_map(|part| part.parse().ok());
    (division, path.to_owned())
}

/// Reads three headers: the limit, the calls left, and the reset in milliseconds since 1970. The time
/// until the reset is counted from the server's own `Date`.
fn window(
    headers: &HeaderMap,
    prefix: &str,
    here: OffsetDateTime,
    now: Duration,
) -> Option<Counted> {
    let number = |name: &str| {
        let value = headers.get(format!("{prefix}{name}"))?.to_str().ok()?;
        value.trim().parse::<u64>().ok()
    };
    let (remaining, reset) = (number("remaining")?, number("reset")?);
    let limit = number("limit").unwrap_or(remaining);
    let nanoseconds = i128::from(reset) * 1_000_000;
    let resets_at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    let server = server_time(headers).unwrap_or(here);
    let ahead = Duration::try_from(resets_at - server).unwrap_or(Duration::ZERO);
    // The longest window is a day.
    let ends = now + ahead.min(24 * HOUR);
    Some(Counted { left: Window { limit, remaining, resets_at }, ends, assumed: false })
}

fn server_time(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(headers.get("date")?.to_str().ok()?, &Rfc2822).ok()
}

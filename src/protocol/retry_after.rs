//! `Retry-After` and the dates of HTTP (RFC 9110 sections 5.6.7 and 10.2.3).

use std::time::Duration;

use time::{Date, Month, OffsetDateTime, Time};
use ureq::http::HeaderMap;

use crate::clock::until;
use crate::substring::{number, split};

/// How long the answer asks to wait, at most `cap`; `None` if the answer does not say. A date in
/// `Retry-After` is compared with the answer's own `Date`, so that a wrong local clock does not
/// lengthen the wait; without a `Date`, it is compared with `now`. If several headers ask for a wait,
/// the longest wait is used.
pub(crate) fn retry_after(
    headers: &HeaderMap,
    now: OffsetDateTime,
    cap: Duration,
) -> Option<Duration> {
    let date =
        headers.get("date").and_then(|date| http_date(date.to_str().ok()?, now)).unwrap_or(now);
    let wait = |text: &str| {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number that is too large for its type means a long wait.
            return Some(number(text).map_or(Duration::MAX, Duration::from_secs));
        }
        Some(until(date, http_date(text, now)?))
    };
    let values = headers.get_all("retry-after").iter();
    values.filter_map(|value| wait(value.to_str().ok()?)).max().map(|wait| wait.min(cap))
}

/// The `Date` of an answer.
pub(crate) fn date(headers: &HeaderMap, now: OffsetDateTime) -> Option<OffsetDateTime> {
    http_date(headers.get("date")?.to_str().ok()?, now)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads the three forms: `Fri, 20 Nov 2026 21:00:00 GMT`, `Friday, 20-Nov-26 21:00:00 GMT` and `Fri
/// Nov 20 21:00:00 2026`. All are UTC. The weekday is ignored.
fn http_date(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let parts: Vec<&str> = text
        .split(|c: char| c == ',' || c == '-' || c.is_ascii_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    let (day, month, year, clock) = match parts[..] {
        [_, day, month, year, clock, "GMT" | "UTC" | "gmt" | "utc"] => (day, month, year, clock),
        [_, month, day, clock, year] => (day, month, year, clock),
        _ => return None,
    };
    let named = |name: &&str| month.get(..3).is_some_and(|month| name.eq_ignore_ascii_case(month));
    let month = Month::January.nth_next(MONTHS.iter().position(named)? as u8);
    let mut full = i32::try_from(number(year)?).ok()?;
    if year.len() == 2 {
        full += now.year() - now.year().rem_euclid(100);
        // A year more than fifty years ahead is in the past century (RFC 9110 section 5.6.7).
        if full > now.year() + 50 {
            full -= 100;
        }
    }
    let mut clock = split(clock, ':').map(|part| u8::try_from(number(part)?).ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // `Time` has no leap seconds.
    let time = Time::from_hms(hour, minute, if second == 60 { 59 } else { second }).ok()?;
    let date = Date::from_calendar_date(full, month, u8::try_from(number(day)?).ok()?).ok()?;
    clock.next().is_none().then(|| date.with_time(time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    const DAY: Duration = Duration::from_secs(86_400);

    /// 2026-11-20T21:00:00Z.
    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_795_208_400).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn seconds(pairs: &[(&'static str, &str)]) -> Option<u64> {
        retry_after(&headers(pairs), now(), DAY).map(|wait| wait.as_secs())
    }

    #[test]
    fn every_form_of_the_header_is_read_or_ignored() {
        for (text, expected) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("120 seconds", None),
            ("99999", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Fri, 20 Nov 2026 21:02:00 GMT", Some(120)),
            ("Friday, 20-Nov-26 21:02:00 GMT", Some(120)),
            ("Fri Nov 20 21:02:00 2026", Some(120)),
            ("Mon, 20 Nov 2026 21:02:00 GMT", Some(120)),
            ("Fri,20 Nov 2026 21:02:00 GMT", Some(120)),
            ("Fri, 20 No 2026 21:02:00 GMT", None),
            ("Fri, 20 Nov 2026 21:02:60 GMT", Some(179)),
            ("Fri Nov  6 21:00:00 2026", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(0)),
            ("Friday, 20-Nov-77 21:00:00 GMT", Some(0)),
            ("Friday, 20-Nov-76 21:00:00 GMT", Some(86_400)),
            ("Fri, 20 Nov 2026 21:02:00 +0200", None),
            ("Fri, 31 Feb 2026 21:02:00 GMT", None),
            ("Fri, 20 Nov 2026 25:02:00 GMT", None),
            ("Fri, 20 Nov 99999999999 21:02:00 GMT", None),
            ("Fri, 20 Nov 2026 21:02:00:01 GMT", None),
            ("Fri, 20 Nov 2026 21:02 GMT", None),
        ] {
            assert_eq!(seconds(&[("retry-after", text)]), expected, "{text:?}");
        }
        assert_eq!(seconds(&[]), None);
    }

    #[test]
    fn a_date_counts_from_the_answers_own_date() {
        let until = ("retry-after", "Fri, 20 Nov 2026 21:02:00 GMT");
        assert_eq!(seconds(&[until, ("date", "Fri, 20 Nov 2026 21:01:30 GMT")]), Some(30));
        assert_eq!(seconds(&[until, ("date", "yesterday")]), Some(120));
        assert_eq!(
            seconds(&[("retry-after", "7"), ("date", "Fri, 20 Nov 2026 21:01:30 GMT")]),
            Some(7)
        );
    }

    #[test]
    fn the_longest_wait_counts_and_non_ascii_headers_are_skipped() {
        assert_eq!(seconds(&[("retry-after", "5"), ("retry-after", "50")]), Some(50));
        assert_eq!(seconds(&[("retry-after", "5"), ("retry-after", "é")]), Some(5));
        assert_eq!(seconds(&[("retry-after", "é"), ("date", "é")]), None);
    }
}

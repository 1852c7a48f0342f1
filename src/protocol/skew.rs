//! The difference between the server's clock and ours.

use time::OffsetDateTime;
use ureq::http::HeaderMap;

use super::retry_after::date;

/// How many seconds the server's clock is ahead of ours, by the `Date` of its answer (RFC 9110 section
/// 6.6.1). Returns `None` for an answer from a cache, which has an `Age`.
pub(crate) fn skew(
    headers: &HeaderMap,
    sent_at: OffsetDateTime,
    came_at: OffsetDateTime,
) -> Option<i64> {
    if headers.contains_key("age") {
        return None;
    }
    let date = date(headers, came_at)?.unix_timestamp();
    let (sent_at, came_at) = (sent_at.unix_timestamp(), came_at.unix_timestamp());
    // If the clocks agree, the date lies between `sent_at` and `came_at`.
    Some(date.saturating_sub(date.max(sent_at).min(came_at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_208_400;

    #[test]
    fn skew_is_read_from_the_date_of_an_uncached_answer() {
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(NOW + seconds).unwrap();
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            headers
        };
        // 2026-11-20T21:00:00Z is NOW.
        let same = headers(&[("date", "Fri, 20 Nov 2026 21:00:00 GMT")]);
        assert_eq!(skew(&same, at(-10), at(10)), Some(0), "a slow answer is no skew");
        assert_eq!(skew(&same, at(3600), at(3601)), Some(-3600));
        assert_eq!(skew(&same, at(-3602), at(-3600)), Some(3600));
        assert_eq!(skew(&headers(&[]), at(0), at(0)), None);
        assert_eq!(skew(&headers(&[("date", "soon")]), at(0), at(0)), None);
        let aged = headers(&[("date", "Fri, 20 Nov 2026 21:00:00 GMT"), ("age", "0")]);
        assert_eq!(skew(&aged, at(3600), at(3600)), None);
    }
}

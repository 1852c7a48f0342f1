//! Dates in Exact Online's formats.
//!
//! Exact Online's dates have no time zone. The vendor's answers to questions say that the number in
//! `/Date(1704412800000)/` is written as if it were UTC, but counts the local time of Central Europe. So a
//! date is read as a date and a time in Central Europe. This module also writes dates without a zone: users
//! report that a `Z` moves a date to the day before.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// Reads `/Date(1704412800000)/`, also negative or with an offset; `2024-01-05T00:00:00`, also with a
/// fraction or a zone; and `2024-01-05`. Offsets and zones are ignored.
pub(crate) fn parse(text: &str) -> Option<PrimitiveDateTime> {
    if let Some(number) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let (sign, digits) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, offset) = digits.split_at(end);
        let plain = |c: char| c.is_ascii_digit() || c == ':';
        let offset_fits = offset.is_empty()
            || offset.strip_prefix(['+', '-']).is_some_and(|rest| rest.chars().all(plain));
        let milliseconds = digits.parse::<i64>().ok().filter(|_| offset_fits)?;
        let nanoseconds = i128::from(sign * milliseconds) * 1_000_000;
        let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
        return Some(PrimitiveDateTime::new(moment.date(), moment.time()));
    }
    let (day, clock) = match text.split_once(['T', ' ']) {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let mut parts = day.splitn(3, '-').map(number::<u16>);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year.into(), month, day.try_into().ok()?).ok()?;
    let Some(clock) = clock else { return Some(date.midnight()) };
    let clock = clock.split(['Z', '+', '-']).next().unwrap_or_default();
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':').map(number::<u8>);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let time = Time::from_hms_nano(hour, minute, second, digits.parse().ok()?).ok()?;
    Some(PrimitiveDateTime::new(date, time))
}

fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Writes `2024-01-05T00:00:00`, with milliseconds if there are any. A year outside 0 to 9999 becomes the
/// nearest year inside.
pub(crate) fn format(date: PrimitiveDateTime) -> String {
    let (year, month, day) = date.to_calendar_date();
    let (hour, minute, second, milli) = date.as_hms_milli();
    let year = year.clamp(0, 9999);
    let month = u8::from(month);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// Converts a date of Exact Online to UTC, by the clock of Amsterdam since 1996: one hour ahead of UTC in
/// winter, two hours in summer. The vendor's answers to questions name this clock; this was not checked
/// against the service. A time in the hour that occurs twice in autumn is treated as summer time, the first
/// of the two hours.
///
/// ```
/// use evergrant::exact_online::amsterdam_to_utc;
/// use time::{Date, Month};
///
/// let date = Date::from_calendar_date(2026, Month::July, 1)?.midnight();
/// assert_eq!(amsterdam_to_utc(date).hour(), 22);
/// # Ok::<(), time::error::ComponentRange>(())
/// ```
pub fn amsterdam_to_utc(local: PrimitiveDateTime) -> OffsetDateTime {
    // Summer time lasts from 2 o'clock on the last Sunday of March until 3 o'clock on the last Sunday
    // of October (2000/84/EC).
    let change = |month, hour| {
        let last = Date::from_calendar_date(local.year(), month, 31).ok()?;
        let back = last.weekday().number_days_from_sunday();
        let day = last.checked_sub(time::Duration::days(back.into()))?;
        day.with_hms(hour, 0, 0).ok()
    };
    let summer = change(Month::March, 2)
        .zip(change(Month::October, 3))
        .is_some_and(|(start, end)| start <= local && local < end);
    let offset = UtcOffset::from_hms(if summer { 2 } else { 1 }, 0, 0).unwrap_or(UtcOffset::UTC);
    let moment = local.assume_offset(offset);
    moment.checked_to_offset(UtcOffset::UTC).unwrap_or(moment)
}

/// Reads and writes a date of Exact Online in your own struct:
/// `#[serde(default, with = "evergrant::exact_online::date")]` on an `Option<PrimitiveDateTime>`.
pub mod date {
    use super::*;

    /// Reads `/Date(...)/` and ISO 8601. `null` is read as `None`.
    ///
    /// # Errors
    ///
    /// The deserializer's error for any other value.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PrimitiveDateTime>, D::Error> {
        struct Dates;

        impl<'de> Visitor<'de> for Dates {
            type Value = Option<PrimitiveDateTime>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date such as /Date(1704412800000)/ or 2024-01-05T00:00:00")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if text.is_empty() {
                    return Ok(None);
                }
                parse(text)
                    .map(Some)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Other("another text"), &self))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
        }

        from.deserialize_any(Dates)
    }

    /// Writes ISO 8601 without a zone.
    ///
    /// # Errors
    ///
    /// The serializer's error.
    pub fn serialize<S: Serializer>(
        date: &Option<PrimitiveDateTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => to.serialize_str(&format(*date)),
            None => to.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_date_formats_read_as_local_time() {
        for (text, want) in [
            ("/Date(1704412800000)/", "2024-01-05T00:00:00"),
            ("/Date(1704412800123)/", "2024-01-05T00:00:00.123"),
            ("/Date(-86400000)/", "1969-12-31T00:00:00"),
            ("/Date(1704412800000+0100)/", "2024-01-05T00:00:00"),
            ("/Date(1704412800000-60)/", "2024-01-05T00:00:00"),
            ("2024-01-05T13:14:15", "2024-01-05T13:14:15"),
            ("2024-01-05T13:14", "2024-01-05T13:14:00"),
            ("2024-01-05T13:14:15.5Z", "2024-01-05T13:14:15.500"),
            ("2024-01-05T13:14:15+02:00", "2024-01-05T13:14:15"),
            ("2024-01-05", "2024-01-05T00:00:00"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(want), "{text}");
        }
        for wrong in [
            "",
            "x",
            "/Date()/",
            "/Date(99999999999999999999)/",
            "/Date(9999999999999999)/",
            "/Date(1x)/",
            "/Date(1+')/",
            "2024-13-05",
            "2024-02-30",
            "2024-01-05T25:00:00",
            "2024-01-05T10:00:00.x",
            "+024-01-05",
            "2024-01-05T10:00:00' or true",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn amsterdam_is_one_or_two_hours_ahead_of_utc() {
        for (local, utc) in [
            ("2026-01-05T00:00:00", "2026-01-04T23:00:00"),
            ("2026-03-29T01:59:59", "2026-03-29T00:59:59"),
            ("2026-03-29T03:00:00", "2026-03-29T01:00:00"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),
            ("2026-10-25T03:00:00", "2026-10-25T02:00:00"),
        ] {
            let moment = amsterdam_to_utc(parse(local).unwrap());
            let got = PrimitiveDateTime::new(moment.date(), moment.time());
            assert_eq!(format(got), utc, "{local}");
        }
        // The first and the last date of the calendar do not overflow.
        let _ = amsterdam_to_utc(PrimitiveDateTime::MIN);
        let _ = amsterdam_to_utc(PrimitiveDateTime::MAX);
        let _ = format(PrimitiveDateTime::MIN);
    }
}

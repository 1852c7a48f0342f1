//! The forms of dates, lists and amounts of money in Teamleader's JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::Serializer;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::Money;
use crate::sdk::{day, day_text};

/// A date or a date-time.
pub(super) trait Dated: Sized {
    fn write(&self) -> Option<String>;
    fn read(text: &str) -> Option<Self>;
}

impl Dated for Date {
    fn write(&self) -> Option<String> {
        (0..=9999).contains(&self.year()).then(|| day_text(*self))
    }

    fn read(text: &str) -> Option<Date> {
        // Some answers have a date-time where a date is expected.
        day(text).or_else(|| OffsetDateTime::read(text).map(OffsetDateTime::date))
    }
}

impl Dated for OffsetDateTime {
    fn write(&self) -> Option<String> {
        // Teamleader's documentation says that filters refuse fractions of a second.
        self.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
    }

    fn read(text: &str) -> Option<OffsetDateTime> {
        let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        // Some answers have an offset without a colon: 2021-06-15T10:51:23.035+0100.
        let without_colon = || {
            let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
            let (hours, minutes) = offset.split_at_checked(3)?;
            read(&format!("{time}{hours}:{minutes}"))
        };
        // An example in the specification has no offset: 2017-05-01 12:00:00. Answers are in UTC.
        let without_offset = || read(&format!("{}Z", text.replacen(' ', "T", 1)));
        read(text).or_else(without_colon).or_else(without_offset)
    }
}

fn write<T: Dated, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    match value.write() {
        Some(text) => to.serialize_str(&text),
        None => Err(S::Error::custom(
            "the date-time cannot be written (year 0 to 9999, offset in whole minutes)",
        )),
    }
}

/// Reads a date. Reads `null` and an empty string as `None`.
fn read<'de, T: Dated, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    struct Text<T>(std::marker::PhantomData<T>);

    impl<T: Dated> serde::de::Visitor<'_> for Text<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a date")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<T>, E> {
            if text.is_empty() {
                return Ok(None);
            }
            T::read(text).map(Some).ok_or_else(|| E::custom("a date is expected"))
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
    }

    from.deserialize_any(Text(std::marker::PhantomData))
}

/// Serde's functions for the dates in a required field: `#[serde(with = "dated")]`.
pub(super) mod dated {
    use super::*;

    pub(in crate::teamleader) fn serialize<T: Dated, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        write(value, to)
    }

    pub(in crate::teamleader) fn deserialize<'de, T: Dated, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        read(from)?.ok_or_else(|| D::Error::custom("a date is missing"))
    }
}

/// Serde's functions for the dates in an `Option`: `#[serde(default, with = "maybe")]`.
pub(super) mod maybe {
    use super::*;

    pub(in crate::teamleader) fn serialize<T: Dated, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => write(value, to),
            None => to.serialize_none(),
        }
    }

    pub(in crate::teamleader) fn deserialize<'de, T: Dated, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        read(from)
    }
}

/// Serde's functions for the dates in a [`super::Change`]: `#[serde(with = "changed")]`.
pub(super) mod changed {
    use super::*;
    use crate::teamleader::Change;

    pub(in crate::teamleader) fn serialize<T: Dated, S: Serializer>(
        value: &Change<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Change::Set(value) => write(value, to),
            Change::Keep | Change::Clear => to.serialize_none(),
        }
    }

    #[cfg(test)]
    pub(in crate::teamleader) fn deserialize<'de, T: Dated, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Change<T>, D::Error> {
        read(from).map(Change::from)
    }
}

/// Reads a value. Reads `null` as the default value.
pub(super) fn or_empty<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Returns the value of an enum whose member is missing: an unknown value with an empty name.
pub(super) fn unnamed<T: for<'a> From<&'a str>>() -> T {
    T::from("")
}

/// An amount of money whose members may be missing.
#[derive(serde::Deserialize)]
pub(super) struct LooseMoney {
    amount: Option<super::Decimal>,
    currency: Option<super::Currency>,
}

impl LooseMoney {
    /// Returns the amount, if it has a number and a currency.
    pub(super) fn whole(self) -> Option<Money> {
        Some(Money { amount: self.amount?, currency: self.currency? })
    }
}

/// Reads an amount of money. An object without an amount or a currency is `None`.
pub(super) fn money<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Money>, D::Error> {
    Ok(Option::<LooseMoney>::deserialize(from)?.and_then(LooseMoney::whole))
}

/// Reads the date-time of a header, in both forms that Teamleader sends.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::read(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_form_of_a_date_is_read() {
        let day = |text: &str| Date::read(text).and_then(|day| day.write());
        assert_eq!(day("2025-02-28").as_deref(), Some("2025-02-28"));
        assert_eq!(day("2025-02-28T23:00:00+00:00").as_deref(), Some("2025-02-28"));
        for text in
            ["2025-02-30", "2025-2", "28-02-2025", "20250228", "2025-02-28-01", "-2025-02-28"]
        {
            assert_eq!(day(text), None, "{text}");
        }
        let time = |text: &str| OffsetDateTime::read(text).map(|time| time.unix_timestamp());
        for text in [
            "2021-06-15T10:51:23+01:00",
            "2021-06-15T10:51:23.035+0100",
            "2021-06-15T09:51:23Z",
            "2021-06-15 09:51:23",
        ] {
            assert_eq!(time(text), Some(1_623_750_683), "{text}");
        }
        for text in ["", "+0100", "ü+0100", "2021-06-15", "now"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_without_fractions() {
        let time = OffsetDateTime::read("2021-06-15T10:51:23.035+01:00").unwrap();
        assert_eq!(time.write().as_deref(), Some("2021-06-15T10:51:23+01:00"));
    }

    #[test]
    fn a_date_that_cannot_be_written_or_read_is_explained() {
        let offset = time::UtcOffset::from_hms(1, 0, 30).unwrap();
        let time = OffsetDateTime::UNIX_EPOCH.to_offset(offset);
        let error = write(&time, serde_json::value::Serializer).unwrap_err().to_string();
        assert!(error.contains("offset in whole minutes"), "{error}");
        let error = read::<Date, _>(&serde_json::json!("Jansen")).unwrap_err().to_string();
        assert_eq!(error, "a date is expected");
    }
}

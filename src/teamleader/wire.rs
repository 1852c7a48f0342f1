//! How dates, lists and amounts of money stand in Teamleader's JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::Serializer;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

use super::Money;

/// A date or a date-time.
pub(super) trait Dated: Sized {
    fn write(&self) -> Option<String>;
    fn read(text: &str) -> Option<Self>;
}

impl Dated for Date {
    fn write(&self) -> Option<String> {
        let year = self.year();
        (0..=9999)
            .contains(&year)
            .then(|| format!("{year:04}-{:02}-{:02}", u8::from(self.month()), self.day()))
    }

    fn read(text: &str) -> Option<Date> {
        let mut parts = text.splitn(3, '-');
        let mut next = || parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
        match (next(), next(), next()) {
            (Some(year), Some(month), Some(day)) if year.len() == 4 => {
                let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
                Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
            }
            // A date-time where a date was expected.
            _ => OffsetDateTime::read(text).map(OffsetDateTime::date),
        }
    }
}

impl Dated for OffsetDateTime {
    fn write(&self) -> Option<String> {
        // Filters refuse fractions of a second, says Teamleader's documentation.
        self.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
    }

    fn read(text: &str) -> Option<OffsetDateTime> {
        let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        // An offset without a colon was seen, too: 2021-06-15T10:51:23.035+0100.
        read(text).or_else(|| {
            let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
            let (hours, minutes) = offset.split_at_checked(3)?;
            read(&format!("{time}{hours}:{minutes}"))
        })
    }
}

fn write<T: Dated, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    match value.write() {
        Some(text) => to.serialize_str(&text),
        None => Err(S::Error::custom("a date outside the calendar")),
    }
}

/// Reads a date; `null` and an empty text are none.
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
            T::read(text).map(Some).ok_or_else(|| E::custom(format!("{text:?} is not a date")))
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
    }

    from.deserialize_any(Text(std::marker::PhantomData))
}

/// `#[serde(with = "dated")]` for a field that is always there.
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

/// `#[serde(default, with = "maybe")]` for an `Option`.
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

/// `#[serde(with = "changed")]` for a [`super::Change`].
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

    pub(in crate::teamleader) fn deserialize<'de, T: Dated, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Change<T>, D::Error> {
        read(from).map(Change::from)
    }
}

/// A value for which the service may write `null`: then it is the empty one.
pub(super) fn or_empty<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An amount of money, where one without an amount is none.
pub(super) fn money<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Money>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Loose {
        amount: Option<super::Decimal>,
        currency: Option<super::Currency>,
    }
    let loose = Option::<Loose>::deserialize(from)?;
    Ok(loose.and_then(|loose| Some(Money { amount: loose.amount?, currency: loose.currency? })))
}

/// Reads a date-time of a header, in both forms that were seen.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::read(text.trim())
}

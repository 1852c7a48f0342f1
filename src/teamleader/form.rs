//! How the members of Teamleader's JSON are read and written.
//!
//! An object is read member by member from its text. One small function for each type of member serves all
//! models, which keeps the build short. A `null` and an object without its id are read as absent.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::{Date, OffsetDateTime};

use super::json::{Dated, LooseMoney};
use super::{Address, Change, Currency, Decimal, Id, Money, Reference};
use crate::sdk::tracked::{self, Fault};

/// Why a value cannot be read, and the path of the member inside the value.
pub(super) struct Wrong {
    path: String,
    /// Whether the value lacks a member that it needs, such as its id.
    lacks: bool,
    reason: String,
}

impl Wrong {
    fn new(reason: impl Into<String>) -> Wrong {
        Wrong { path: String::new(), lacks: false, reason: reason.into() }
    }

    fn lacking(name: &str) -> Wrong {
        let reason = format!("missing field `{name}`");
        Wrong { path: name.to_owned(), lacks: true, reason }
    }

    /// Prepends the name of the outer member, or an index, to the path.
    fn inside(mut self, outer: &str) -> Wrong {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{dot}{}", self.path);
        self.lacks = false;
        self
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Wrong {
        let lacks = fault.lacks();
        let (path, reason) = fault.told();
        Wrong { path, lacks, reason }
    }
}

// The reader of rows takes the path from the start of the message.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

/// A value that is read from its JSON.
pub(super) trait Read: Sized {
    /// Reads the value. The text is never `null`.
    fn read(json: &str) -> Result<Self, Wrong>;
}

/// A value that is written as JSON.
pub(super) trait Write {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Writes the value into a request, without the unknown members that came with an answer.
    fn send<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.write(to)
    }
}

/// Writes a value with a serializer.
pub(super) struct Shown<'a, T>(pub(super) &'a T);

impl<T: Write> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// Writes a value into a request.
pub(super) struct Sent<'a, T>(pub(super) &'a T);

impl<T: Write> Serialize for Sent<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.send(to)
    }
}

/// Reads a value with serde.
pub(super) fn by_serde<T: DeserializeOwned>(json: &str) -> Result<T, Wrong> {
    match serde_json::from_str(json) {
        Ok(value) => Ok(value),
        Err(_) => tracked::read(json, true).map_err(Wrong::from),
    }
}

/// Reads, from a deserializer, a value that implements [`Read`].
pub(super) fn from_raw<'de, T: Read, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let raw = <Box<RawValue>>::deserialize(from)?;
    T::read(raw.get()).map_err(D::Error::custom)
}

/// Implements `Read` and `Write` with serde.
macro_rules! with_serde {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::teamleader::form::Read for $type {
            fn read(json: &str) -> Result<Self, $crate::teamleader::form::Wrong> {
                $crate::teamleader::form::by_serde(json)
            }
        }

        $crate::teamleader::form::writes_with_serde!($type);
    )+};
}
pub(super) use with_serde;

/// Implements `Write` with serde, for types that only tests read.
macro_rules! writes_with_serde {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::teamleader::form::Write for $type {
            fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, to)
            }
        }
    )+};
}
pub(super) use writes_with_serde;

/// Implements `Write` with serde, and `Read` in tests, for requests of other modules.
macro_rules! requests_with_serde {
    ($($type:ty),+ $(,)?) => {$(
        writes_with_serde!($type);

        #[cfg(test)]
        impl Read for $type {
            fn read(json: &str) -> Result<Self, Wrong> {
                by_serde(json)
            }
        }
    )+};
}

with_serde! {
    String, bool, Decimal, Currency, Address, super::PaymentTerm, super::PaymentTermType, super::ActiveStatus,
    super::Tax, super::ExchangeRate, super::Customer, super::Assignee, super::Attendee, super::Telephone,
    super::custom_fields::CustomField, super::lines::CommercialDiscount, super::lines::Periodicity,
    super::lines::LineGroup<super::lines::LineItem>, super::invoices::PeppolStatus, super::settings::UseStatus,
}

requests_with_serde! {
    super::NewAddress, super::custom_fields::NewCustomField, super::CustomFieldsUpdate, super::DocumentCurrency,
    super::lines::LineGroup<super::lines::NewInvoiceLine>, super::invoices::NewInvoicee,
}

impl<T> Read for Id<T> {
    fn read(json: &str) -> Result<Id<T>, Wrong> {
        String::read(json).map(Id::new)
    }
}

impl<T> Write for Id<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<T> Read for Reference<T> {
    fn read(json: &str) -> Result<Reference<T>, Wrong> {
        let Reference { kind, id, extra } = by_serde::<Reference>(json)?;
        Ok(Reference { kind, id: id.cast(), extra })
    }
}

impl<T> Write for Reference<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.serialize(to)
    }

    fn send<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("id", &self.id)?;
        map.end()
    }
}

// An amount of money without an amount or a currency is read as absent.
impl Read for Money {
    fn read(json: &str) -> Result<Money, Wrong> {
        let loose = by_serde::<LooseMoney>(json)?;
        loose.whole().ok_or_else(|| Wrong::lacking("amount"))
    }
}

writes_with_serde!(Money);

// Whole numbers, like other numbers, are also read from a string and from `3.0`.
impl Read for u64 {
    fn read(json: &str) -> Result<u64, Wrong> {
        let number = Decimal::read(json)?;
        let text = number.to_string();
        let whole = match text.split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole,
            _ => &text,
        };
        whole.parse().map_err(|_| Wrong::new("a whole number of 0 or more is expected"))
    }
}

writes_with_serde!(u64);

macro_rules! dates {
    ($($type:ty),+) => {$(
        impl Read for $type {
            fn read(json: &str) -> Result<$type, Wrong> {
                let text = String::read(json)?;
                // An empty string is read as absent.
                if text.is_empty() {
                    return Err(Wrong { lacks: true, ..Wrong::new("a date is missing") });
                }
                Dated::read(&text).ok_or_else(|| Wrong::new("a date is expected"))
            }
        }

        impl Write for $type {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                super::json::dated::serialize(self, to)
            }
        }
    )+};
}

dates!(Date, OffsetDateTime);

impl<T: Read> Read for Vec<T> {
    fn read(json: &str) -> Result<Vec<T>, Wrong> {
        let raw: Vec<&RawValue> = by_serde_borrowed(json)?;
        let mut values = Vec::with_capacity(raw.len());
        for (index, raw) in raw.into_iter().enumerate() {
            if raw.get() == "null" {
                continue;
            }
            match T::read(raw.get()) {
                Ok(value) => values.push(value),
                Err(wrong) if wrong.lacks => {}
                Err(wrong) => return Err(wrong.inside(&format!("[{index}]"))),
            }
        }
        Ok(values)
    }
}

impl<T: Write> Write for Vec<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Shown))
    }

    fn send<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Sent))
    }
}

fn by_serde_borrowed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Wrong> {
    serde_json::from_str(json).map_err(|error| Wrong::from(Fault::from(error)))
}

/// The members of an object that are not read yet.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(super) fn of(json: &'a str) -> Result<Members<'a>, Wrong> {
        by_serde_borrowed::<tracked::Members<'a>>(json).map(|members| Members(members.0))
    }

    /// Takes the member with this name. A `null` is read as absent.
    fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.0.remove(at);
        Some(value.get()).filter(|text| *text != "null")
    }

    /// Returns the members that no field has taken.
    pub(super) fn rest(self) -> Result<Map<String, Value>, Wrong> {
        let mut rest = Map::new();
        for (name, value) in self.0 {
            let value = by_serde(value.get()).map_err(|wrong| wrong.inside(&name))?;
            rest.insert(name, value);
        }
        Ok(rest)
    }
}

/// A field of a model.
pub(super) trait Field: Sized {
    /// Takes the field's member out of an object.
    fn take(members: &mut Members<'_>, name: &'static str) -> Result<Self, Wrong>;

    /// Writes the field's member.
    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error>;
}

impl<T: Read + Write> Field for Option<T> {
    fn take(members: &mut Members<'_>, name: &'static str) -> Result<Option<T>, Wrong> {
        match members.take(name).map(T::read) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(wrong)) if wrong.lacks => Ok(None),
            Some(Err(wrong)) => Err(wrong.inside(name)),
        }
    }

    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error> {
        match self {
            Some(value) => to.serialize_entry(name, &Shown(value)),
            None => to.serialize_entry(name, &()),
        }
    }
}

impl<T: Read + Write> Field for Vec<T> {
    fn take(members: &mut Members<'_>, name: &'static str) -> Result<Vec<T>, Wrong> {
        Ok(<Option<_> as Field>::take(members, name)?.unwrap_or_default())
    }

    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry(name, &Shown(self))
    }
}

/// The id of the object, which an answer must have.
impl<T> Field for Id<T> {
    fn take(members: &mut Members<'_>, name: &'static str) -> Result<Id<T>, Wrong> {
        <Option<_> as Field>::take(members, name)?.ok_or_else(|| Wrong::lacking(name))
    }

    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry(name, self.as_str())
    }
}

/// A field of a request that may be left out.
pub(super) trait Optional {
    /// Writes the field's member, unless the request leaves the member out.
    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error>;
}

impl<T: Write> Optional for Option<T> {
    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error> {
        match self {
            Some(value) => to.serialize_entry(name, &Sent(value)),
            None => Ok(()),
        }
    }
}

impl<T: Write> Optional for Change<T> {
    fn put<M: SerializeMap>(&self, name: &'static str, to: &mut M) -> Result<(), M::Error> {
        match self {
            Change::Set(value) => to.serialize_entry(name, &Sent(value)),
            Change::Clear => to.serialize_entry(name, &()),
            Change::Keep => Ok(()),
        }
    }
}

#[cfg(test)]
mod requests {
    use super::*;

    impl Members<'_> {
        /// Reads the member of a required field of a request.
        pub(in crate::teamleader) fn must<T: Read>(&mut self, name: &str) -> Result<T, Wrong> {
            let text = self.take(name).ok_or_else(|| Wrong::lacking(name))?;
            T::read(text).map_err(|wrong| wrong.inside(name))
        }

        pub(in crate::teamleader) fn set<T: Read>(
            &mut self,
            name: &str,
        ) -> Result<Option<T>, Wrong> {
            self.take(name).map(T::read).transpose().map_err(|wrong| wrong.inside(name))
        }

        pub(in crate::teamleader) fn clear<T: Read>(
            &mut self,
            name: &str,
        ) -> Result<Change<T>, Wrong> {
            match self.0.iter().any(|(known, _)| known == name) {
                true => self.set(name).map(Change::from),
                false => Ok(Change::Keep),
            }
        }
    }
}

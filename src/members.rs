//! Members of a stored JSON object, read and written by a few functions for all types.
//!
//! Derived readers and writers are compiled once for each type and each source, and every program
//! that depends on the crate would pay for them with its build.

use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::secret::Secret;

/// The members of an object that nobody has read yet.
pub(crate) struct Members(Vec<(String, Value)>);

impl Members {
    /// `None` for what is not an object, as everywhere below for what is not what it should be.
    pub(crate) fn of(value: Value) -> Option<Members> {
        object(value).map(Members::new)
    }

    pub(crate) fn new(object: Map<String, Value>) -> Members {
        let mut members = Vec::with_capacity(object.len());
        members.extend(object);
        Members(members)
    }

    /// A member that may be absent or null.
    pub(crate) fn may<T>(&mut self, name: &str, read: fn(Value) -> Option<T>) -> Option<Option<T>> {
        match self.take(name) {
            Value::Null => Some(None),
            value => read(value).map(Some),
        }
    }

    /// A member that must be there.
    pub(crate) fn must<T>(&mut self, name: &str, read: fn(Value) -> Option<T>) -> Option<T> {
        read(self.take(name))
    }

    fn take(&mut self, name: &str) -> Value {
        match self.0.iter().position(|(found, _)| found == name) {
            Some(at) => self.0.swap_remove(at).1,
            None => Value::Null,
        }
    }

    /// What nobody has asked for: members that a later release knows.
    pub(crate) fn rest(self) -> Map<String, Value> {
        let mut rest = Map::new();
        for (name, value) in self.0 {
            rest.insert(name, value);
        }
        rest
    }
}

pub(crate) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn secret(value: Value) -> Option<Secret> {
    text(value).map(Secret::new)
}

pub(crate) fn flag(value: Value) -> Option<bool> {
    value.as_bool()
}

pub(crate) fn number<T: TryFrom<u64>>(value: Value) -> Option<T> {
    value.as_u64()?.try_into().ok()
}

/// A date of RFC 3339.
pub(crate) fn date(value: Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

pub(crate) fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

pub(crate) fn list<T>(value: Value, read: fn(Value) -> Option<T>) -> Option<Vec<T>> {
    let Value::Array(values) = value else { return None };
    let mut list = Vec::with_capacity(values.len());
    for value in values {
        list.push(read(value)?);
    }
    Some(list)
}

/// An object about to be written.
#[derive(Default)]
pub(crate) struct Fields<'a>(Vec<(&'a str, Field<'a>)>);

/// The value of a member about to be written.
pub(crate) enum Field<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
    Date(OffsetDateTime),
    Object(Fields<'a>),
    List(Vec<Field<'a>>),
    Map(&'a Map<String, Value>),
    Value(&'a Value),
}

impl<'a> Fields<'a> {
    pub(crate) fn put(&mut self, name: &'a str, field: Field<'a>) {
        self.0.push((name, field));
    }

    pub(crate) fn text(&mut self, name: &'a str, text: &'a str) {
        self.put(name, Field::Text(text));
    }

    /// Left out if it is absent.
    pub(crate) fn may(&mut self, name: &'a str, field: Option<Field<'a>>) {
        self.0.extend(field.map(|field| (name, field)));
    }

    pub(crate) fn may_text(&mut self, name: &'a str, text: Option<&'a str>) {
        self.may(name, text.map(Field::Text));
    }

    pub(crate) fn may_secret(&mut self, name: &'a str, secret: Option<&'a Secret>) {
        self.may_text(name, secret.map(Secret::expose));
    }

    pub(crate) fn may_date(&mut self, name: &'a str, date: Option<OffsetDateTime>) {
        self.may(name, date.map(Field::Date));
    }

    /// Left out if it is false.
    pub(crate) fn may_flag(&mut self, name: &'a str, flag: bool) {
        self.may(name, flag.then_some(Field::Flag(flag)));
    }

    /// Left out if it is empty.
    pub(crate) fn may_list(&mut self, name: &'a str, list: Vec<Field<'a>>) {
        self.may(name, (!list.is_empty()).then_some(Field::List(list)));
    }

    /// Members that were read and not known.
    pub(crate) fn rest(&mut self, rest: &'a Map<String, Value>) {
        for (name, value) in rest {
            self.put(name, Field::Value(value));
        }
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Text(text) => serializer.serialize_str(text),
            Field::Number(number) => serializer.serialize_u64(*number),
            Field::Flag(flag) => serializer.serialize_bool(*flag),
            Field::Date(date) => {
                let text = date.format(&Rfc3339).map_err(S::Error::custom)?;
                serializer.serialize_str(&text)
            }
            Field::Object(fields) => fields.serialize(serializer),
            Field::List(list) => serializer.collect_seq(list),
            Field::Map(map) => map.serialize(serializer),
            Field::Value(value) => value.serialize(serializer),
        }
    }
}

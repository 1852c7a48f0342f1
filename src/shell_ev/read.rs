//! Reads models. An unreadable member is kept unchanged, and the other members are read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use crate::sdk::decimal::Decimal;
use crate::sdk::id::Id;
use crate::sdk::row::UnreadRow;
use crate::sdk::{day, day_text};

/// A value of an answer that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unread {
    /// The id of the element of the list that has the value, if the element has an id that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The path of the value, such as `data[3].evses[0].updated`.
    pub at: String,
    /// The value.
    pub value: Value,
}

impl Unread {
    /// Returns the number of the element in `data`, and the path of the value inside the element.
    fn place(&self) -> Option<(usize, &str)> {
        let place = self.at.strip_prefix("data[").or_else(|| self.at.strip_prefix("Data["))?;
        let (index, path) = place.split_once(']')?;
        Some((index.parse().ok()?, path.trim_start_matches('.')))
    }

    /// Whether a whole element of the list could not be read.
    pub(super) fn is_element(&self) -> bool {
        self.place().is_some_and(|(_, path)| path.is_empty())
    }

    /// Returns the row of the answer to which the value belongs.
    pub(super) fn row(&self, operation: &str) -> UnreadRow {
        let (index, path) = self.place().unwrap_or((0, &self.at));
        UnreadRow {
            operation: operation.to_owned(),
            id: self.id.clone(),
            index,
            path: path.to_owned(),
            reason: "the value has another form".to_owned(),
            json: self.value.to_string(),
        }
    }
}

/// The path of the value that is being read, and the values that could not be read.
#[derive(Default)]
pub(super) struct Reader {
    path: String,
    /// The id of the element of `data` that is being read.
    id: Option<String>,
    pub(super) unread: Vec<Unread>,
}

impl Reader {
    fn inside<T>(&mut self, step: &str, work: impl FnOnce(&mut Reader) -> T) -> T {
        let before = self.path.len();
        if !step.starts_with('[') && before > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        let result = work(self);
        self.path.truncate(before);
        result
    }

    /// Records a value that could not be read.
    fn keep(&mut self, value: Value) {
        self.unread.push(Unread { id: self.id.clone(), at: self.path.clone(), value });
    }

    /// Takes a member out of an object. A member that cannot be read stays in the object. The first letter of a
    /// name may be a capital letter: samples of version 1 of the API have `RequestId` and `Data`.
    pub(super) fn field<T: Field>(&mut self, object: &mut Map<String, Value>, names: &[&str]) -> T {
        for name in names {
            let (name, value) = match object.remove(*name) {
                Some(value) => (Cow::Borrowed(*name), value),
                None => {
                    let name = capital(name);
                    let Some(value) = object.remove(&name) else { continue };
                    (Cow::Owned(name), value)
                }
            };
            match self.inside(&name, |reader| T::take(value, reader)) {
                Ok(found) => return found,
                Err(value) => drop(object.insert(name.into_owned(), value)),
            }
        }
        T::default()
    }
}

/// Returns the name with its first letter in upper case.
fn capital(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    first.to_ascii_uppercase() + rest
}

/// A value that can be read: a member of a model, or an element of a list. An unreadable value is returned as
/// the error.
pub(super) trait Read: Sized {
    fn read(value: Value, reader: &mut Reader) -> Result<Self, Value>;
    fn write(&self) -> Value;
}

/// A member of a model: an `Option` or a list.
pub(super) trait Field: Default {
    fn take(value: Value, reader: &mut Reader) -> Result<Self, Value>;
    fn give(&self) -> Option<Value>;
}

impl<T: Read> Field for Option<T> {
    fn take(value: Value, reader: &mut Reader) -> Result<Option<T>, Value> {
        if value.is_null() {
            return Ok(None);
        }
        T::read(value, reader).map(Some).inspect_err(|value| reader.keep(value.clone()))
    }

    fn give(&self) -> Option<Value> {
        self.as_ref().map(T::write)
    }
}

/// Returns the id of a location, a session or a marker.
fn id_of(element: &Value) -> Option<String> {
    let names = ["uid", "id", "locationUid", "Uid", "Id", "LocationUid"];
    names.iter().find_map(|name| match element.get(name)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

/// Reads `null` as an empty list, and a single object as a list of one. Other programs have received both
/// forms.
impl<T: Read> Field for Vec<T> {
    fn take(value: Value, reader: &mut Reader) -> Result<Vec<T>, Value> {
        let elements = match value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(elements) => elements,
            other => {
                let one = T::read(other, reader).inspect_err(|value| reader.keep(value.clone()));
                return one.map(|one| vec![one]);
            }
        };
        let mut list = Vec::with_capacity(elements.len());
        let outermost = matches!(&*reader.path, "data" | "Data");
        for (index, element) in elements.into_iter().enumerate() {
            if outermost {
                reader.id = id_of(&element);
            } else if element.is_null() {
                continue;
            }
            reader.inside(&format!("[{index}]"), |reader| match T::read(element, reader) {
                Ok(element) => list.push(element),
                Err(element) => reader.keep(element),
            });
        }
        if outermost {
            reader.id = None;
        }
        Ok(list)
    }

    fn give(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.iter().map(T::write).collect())
    }
}

/// Reads a string. A number is converted to a string: some ids are numbers in version 1 of the API.
impl Read for String {
    fn read(value: Value, _: &mut Reader) -> Result<String, Value> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            other => Err(other),
        }
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Read for f64 {
    fn read(value: Value, _: &mut Reader) -> Result<f64, Value> {
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or(value)
    }

    fn write(&self) -> Value {
        Number::from_f64(*self).map_or(Value::Null, Value::Number)
    }
}

/// Reads a number from its shortest decimal form, so `0.1` is exactly 0.1. A number in a string is read
/// as well.
impl Read for Decimal {
    fn read(value: Value, _: &mut Reader) -> Result<Decimal, Value> {
        let number = match &value {
            Value::Number(number) => number.to_string().parse().ok(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or(value)
    }

    fn write(&self) -> Value {
        serde_json::from_str(&self.to_string()).unwrap_or_default()
    }
}

impl<T> Read for Id<T> {
    fn read(value: Value, reader: &mut Reader) -> Result<Id<T>, Value> {
        String::read(value, reader).map(Id::new)
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

/// Reads a whole number. `6.0` is read as 6.
impl Read for i64 {
    fn read(value: Value, reader: &mut Reader) -> Result<i64, Value> {
        if let Some(number) = value.as_i64() {
            return Ok(number);
        }
        // Above 2^53 an `f64` cannot hold every integer.
        let whole = |number: &f64| number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        f64::read(value.clone(), reader).ok().filter(whole).map(|number| number as i64).ok_or(value)
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Read for bool {
    fn read(value: Value, _: &mut Reader) -> Result<bool, Value> {
        match (&value, value.as_str()) {
            (Value::Bool(yes), _) => Ok(*yes),
            (_, Some("true")) => Ok(true),
            (_, Some("false")) => Ok(false),
            _ => Err(value),
        }
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

/// Reads an RFC 3339 date and time, and converts it to UTC.
impl Read for OffsetDateTime {
    fn read(value: Value, _: &mut Reader) -> Result<OffsetDateTime, Value> {
        let date =
            value.as_str().and_then(|text| OffsetDateTime::parse(text.trim(), &Rfc3339).ok());
        date.and_then(|date| date.checked_to_offset(time::UtcOffset::UTC)).ok_or(value)
    }

    fn write(&self) -> Value {
        self.format(&Rfc3339).map_or(Value::Null, Value::String)
    }
}

/// Reads a calendar date, such as `2026-01-31`.
impl Read for Date {
    fn read(value: Value, _: &mut Reader) -> Result<Date, Value> {
        value.as_str().and_then(|text| day(text.trim())).ok_or(value)
    }

    fn write(&self) -> Value {
        day_text(*self).into()
    }
}

/// Defines structs whose members are all optional or lists. A member is written as
/// `name: type = "json name"`, with `| "other name"` if Shell spells the name in two ways. With `or text "member"`, a
/// string stands for an object with this one member.
macro_rules! model {
    ($(
        $(#[$about:meta])*
        $vis:vis struct $name:ident $(or text $text:literal)? {
            $( $(#[$doc:meta])* $field:ident: $type:ty = $json:literal $(| $other:literal)?, )+
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $( $(#[$doc])* pub $field: $type, )+
            /// Members that have no field here, or that could not be read, unchanged.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::shell_ev::read::Read for $name {
            fn read(
                value: serde_json::Value,
                reader: &mut $crate::shell_ev::read::Reader,
            ) -> Result<$name, serde_json::Value> {
                $( let value = match value {
                    serde_json::Value::String(text) => serde_json::json!({ $text: text }),
                    other => other,
                }; )?
                let serde_json::Value::Object(mut object) = value else { return Err(value) };
                Ok($name {
                    $( $field: reader.field(&mut object, &[$json $(, $other)?]), )+
                    extra: object,
                })
            }

            fn write(&self) -> serde_json::Value {
                use $crate::shell_ev::read::Field as _;
                let mut object = self.extra.clone();
                $( if let Some(value) = self.$field.give() {
                    object.insert($json.to_owned(), value);
                } )+
                serde_json::Value::Object(object)
            }
        }

        serde_of!($name);
    )+};
}

/// Implements serde's two traits with [`Read`].
macro_rules! serde_of {
    ($name:ident) => {
        /// Writes the object in Shell's form. Members that are `None` or empty are left out.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::shell_ev::read::Read::write(self).serialize(to)
            }
        }

        /// Fails only for JSON that is not an object.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(from)?;
                let mut reader = $crate::shell_ev::read::Reader::default();
                <$name as $crate::shell_ev::read::Read>::read(value, &mut reader)
                    .map_err(|_| serde::de::Error::custom("it is not a JSON object"))
            }
        }
    };
}

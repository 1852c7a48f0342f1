//! Converts a row to a struct and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize as _, DeserializeOwned, DeserializeSeed, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::PrimitiveDateTime;

use super::odata::Literal;
use super::{Decimal, Guid, Id, dates};
use crate::sdk::tracked::{self, Fault};

/// A property of a [`Model`]: its name at Exact Online, and its possible types in OData (without `Edm.`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// The name, such as `VATNumber`.
    pub name: &'static str,
    /// The types, such as `Guid`; `Collection` for the rows of another endpoint.
    pub types: &'static [&'static str],
}

impl Property {
    pub(crate) const fn of<C: Column>(name: &'static str) -> Property {
        Property { name, types: C::TYPES }
    }

    /// Whether the property is a list of other rows, which an answer has only with `expand`.
    pub fn is_collection(&self) -> bool {
        matches!(self.types, ["Collection"])
    }
}

/// A row of an endpoint as a struct. All fields are optional: a property that was not requested, or is
/// null, is `None`, and a field that is `None` is not sent.
///
/// The field `extra` keeps the properties that have no field, by their names; they are sent as well. OData's
/// own `{"__deferred": ..}` and `__metadata` are dropped. `Debug` shows the fields that have a value.
pub trait Model: Columns + Default + DeserializeOwned + Serialize + 'static {
    /// The name of the endpoint for [`ExactOnline::call`](super::ExactOnline::call).
    const PATH: &'static str;
    /// The property that is the key.
    const KEY: &'static str;
    /// The type of the key.
    type Key: Into<Literal> + Copy;
    /// The properties, in the order of the fields.
    const PROPERTIES: &'static [Property];
}

/// The conversion of each struct, written by the macro [`model`](super::models). Sealed: other crates
/// cannot name this trait.
pub trait Columns: Sized {
    /// Sets the field of that name from JSON, or keeps the JSON in `extra`.
    ///
    /// # Errors
    ///
    /// The name of the expected type, for JSON of another type.
    #[doc(hidden)]
    fn set(&mut self, name: &str, json: &str) -> Result<(), String>;

    /// Calls `to` with the name and the JSON of every field that has a value.
    #[doc(hidden)]
    fn put(&self, to: &mut dyn FnMut(&'static str, String));

    /// The properties that have no field.
    #[doc(hidden)]
    fn extra(&self) -> &Map<String, Value>;

    /// Puts a property into `extra`.
    #[doc(hidden)]
    fn put_extra(&mut self, name: &str, value: Value);
}

/// A type that a field can have.
pub(crate) trait Column: Sized {
    const TYPES: &'static [&'static str];

    /// `None` for null and for a value that the service did not send. The error says what is expected.
    fn read(json: &str) -> Result<Option<Self>, Cow<'static, str>>;

    fn write(&self) -> String;
}

pub(crate) fn read_column<C: Column>(name: &str, json: &str) -> Result<Option<C>, String> {
    if json == "null" {
        return Ok(None);
    }
    C::read(json).map_err(|wanted| match wanted {
        Cow::Borrowed(wanted) => format!("{name}: {wanted} is expected"),
        // The place inside a list of rows.
        Cow::Owned(inside) => [name, &inside].concat(),
    })
}

/// Keeps a property that the struct does not have, unless it is OData's own.
pub(crate) fn keep(extra: &mut Map<String, Value>, name: &str, json: &str) -> Result<(), String> {
    if name == "__metadata" {
        return Ok(());
    }
    let value: Value =
        serde_json::from_str(json).map_err(|_| format!("{name}: JSON is expected"))?;
    if value.get("__deferred").is_none() {
        extra.insert(name.to_owned(), value);
    }
    Ok(())
}

/// The content of a JSON string, or the JSON itself: the service sends numbers as strings and strings as
/// numbers.
fn text(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    Some(json.to_owned()).filter(|json| !json.starts_with(['{', '[']))
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and values read from JSON always serialize.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

impl Column for String {
    const TYPES: &'static [&'static str] = &["String", "Binary"];

    fn read(json: &str) -> Result<Option<String>, Cow<'static, str>> {
        // A property that was not expanded is an object, which is read as `None`.
        Ok(text(json))
    }

    fn write(&self) -> String {
        json(self)
    }
}

impl Column for bool {
    const TYPES: &'static [&'static str] = &["Boolean"];

    fn read(json: &str) -> Result<Option<bool>, Cow<'static, str>> {
        match text(json).as_deref() {
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some("") => Ok(None),
            _ => Err("true or false".into()),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole {
    ($($kind:ty: $types:expr;)+) => {$(
        impl Column for $kind {
            const TYPES: &'static [&'static str] = $types;

            fn read(json: &str) -> Result<Option<$kind>, Cow<'static, str>> {
                match text(json).as_deref() {
                    Some("") => Ok(None),
                    Some("true") => Ok(Some(1)),
                    Some("false") => Ok(Some(0)),
                    Some(text) => {
                        let whole = text.strip_suffix(".0").unwrap_or(text);
                        whole.parse().map(Some).map_err(|_| "a whole number".into())
                    }
                    None => Err("a whole number".into()),
                }
            }

            fn write(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole! {
    i32: &["Byte", "Int16", "Int32"];
    i64: &["Int64"];
}

impl Column for Decimal {
    const TYPES: &'static [&'static str] = &["Double", "Decimal"];

    fn read(json: &str) -> Result<Option<Decimal>, Cow<'static, str>> {
        match text(json).as_deref() {
            Some("") => Ok(None),
            Some(text) => {
                let number = text.parse().ok().or_else(|| rounding_error(text));
                number.map(Some).ok_or_else(|| "a number of up to 38 digits".into())
            }
            None => Err("a number".into()),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// Cuts a number after the 38th digit behind its point. A number with so many digits, for example `4.44E-40`,
/// is a rounding error of binary fractions in the service.
fn rounding_error(text: &str) -> Option<Decimal> {
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = [whole, fraction].concat();
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent.parse().ok()?)?;
    let excess = usize::try_from(scale.checked_sub(38)?).ok()?;
    let plain = digits.trim_start_matches('-');
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match plain.len().checked_sub(excess) {
        Some(kept) if kept > 0 => {
            let sign = if digits.starts_with('-') { "-" } else { "" };
            format!("{sign}{}e-38", plain.get(..kept)?).parse().ok()
        }
        _ => Some(Decimal::ZERO),
    }
}

impl Column for Guid {
    const TYPES: &'static [&'static str] = &["Guid"];

    fn read(json: &str) -> Result<Option<Guid>, Cow<'static, str>> {
        match text(json).as_deref() {
            Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| "a GUID".into()),
            None => Err("a GUID".into()),
        }
    }

    fn write(&self) -> String {
        json(self)
    }
}

impl<T> Column for Id<T> {
    const TYPES: &'static [&'static str] = <Guid as Column>::TYPES;

    fn read(json: &str) -> Result<Option<Id<T>>, Cow<'static, str>> {
        Ok(<Guid as Column>::read(json)?.map(Id::from))
    }

    fn write(&self) -> String {
        json(self)
    }
}

impl Column for PrimitiveDateTime {
    const TYPES: &'static [&'static str] = &["DateTime"];

    fn read(json: &str) -> Result<Option<PrimitiveDateTime>, Cow<'static, str>> {
        match text(json).as_deref() {
            Some("") => Ok(None),
            Some(text) => dates::parse(text).map(Some).ok_or_else(|| "a date".into()),
            None => Err("a date".into()),
        }
    }

    fn write(&self) -> String {
        json(&dates::format(*self))
    }
}

/// A value without its own struct.
impl Column for Value {
    const TYPES: &'static [&'static str] = &["DivisionClass"];

    fn read(json: &str) -> Result<Option<Value>, Cow<'static, str>> {
        let value: Value = serde_json::from_str(json).map_err(|_| Cow::Borrowed("JSON"))?;
        Ok(Some(value).filter(|value| value.get("__deferred").is_none()))
    }

    fn write(&self) -> String {
        json(self)
    }
}

/// The rows of another endpoint: a list, `{"results": [..]}`, or `{"__deferred": ..}` without `expand`.
impl<T: DeserializeOwned + Serialize> Column for Vec<T> {
    const TYPES: &'static [&'static str] = &["Collection"];

    fn read(json: &str) -> Result<Option<Vec<T>>, Cow<'static, str>> {
        let rows = |json: &str| match serde_json::from_str(json) {
            Ok(rows) => Ok(Some(rows)),
            Err(_) => tracked::read(json, true).map(Some).map_err(told),
        };
        if json.starts_with('[') {
            return rows(json);
        }
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(json).map_err(|_| Cow::Borrowed("a list of rows"))?;
        match members.get("results") {
            Some(results) => rows(results.get()),
            None => Ok(None),
        }
    }

    fn write(&self) -> String {
        json(self)
    }
}

/// The place inside a list of rows, and what is expected there.
fn told(fault: Fault) -> Cow<'static, str> {
    let (path, reason) = fault.told();
    format!("{path}: {reason}").into()
}

/// Sets the field with this name.
struct Set<'a, M> {
    model: &'a mut M,
    name: &'a str,
}

impl<'de, M: Columns> DeserializeSeed<'de> for Set<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let value = <Box<RawValue>>::deserialize(from)?;
        self.model.set(self.name, value.get()).map_err(de::Error::custom)
    }
}

/// The properties of `after` that `before` does not have with the same value. A property that only `before`
/// has is cleared: `extra` has its name with `null`.
pub(crate) fn difference<M: Columns + Default>(before: &M, after: &M) -> M {
    let fields = |row: &M| {
        let mut fields = BTreeMap::new();
        row.put(&mut |name, json| drop(fields.insert(name.to_owned(), json)));
        for (name, value) in row.extra() {
            fields.entry(name.clone()).or_insert_with(|| json(value));
        }
        fields
    };
    let (old, new) = (fields(before), fields(after));
    let mut changes = M::default();
    for (name, json) in &new {
        if old.get(name) != Some(json) {
            // The field has written this JSON itself. A value that it cannot read goes into `extra`.
            if changes.set(name, json).is_err() {
                changes.put_extra(name, serde_json::from_str(json).unwrap_or_default());
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.put_extra(name, Value::Null);
    }
    changes
}

/// Reads an object field by field.
pub(crate) fn read<'de, M: Columns + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<M, D::Error> {
    struct Fields<M>(PhantomData<M>);

    impl<'de, M: Columns + Default> Visitor<'de> for Fields<M> {
        type Value = M;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a row")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
            let mut model = M::default();
            while let Some(name) = map.next_key::<String>()? {
                map.next_value_seed(Set { model: &mut model, name: &name })?;
            }
            Ok(model)
        }
    }

    from.deserialize_map(Fields(PhantomData))
}

/// Writes the fields that have a value.
pub(crate) fn write<M: Columns, S: Serializer>(model: &M, to: S) -> Result<S::Ok, S::Error> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    model.put(&mut |name, json| fields.push((name, json)));
    for (name, value) in model.extra() {
        // A field wins over a member of `extra` with its name.
        if fields.iter().all(|(known, _)| known != name) {
            fields.push((name, json(value)));
        }
    }
    let mut map = to.serialize_map(Some(fields.len()))?;
    for (name, json) in fields {
        map.serialize_entry(name, &RawValue::from_string(json).map_err(S::Error::custom)?)?;
    }
    map.end()
}

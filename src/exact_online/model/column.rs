//! The types that a field can have, and how each is read and written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use time::PrimitiveDateTime;

use super::super::{Decimal, Guid, Id, dates};
use super::{Inner, Property, json};
use crate::sdk::tracked::{self, Fault};

/// A type that a field can have.
pub(crate) trait Column: Clone + PartialEq + Debug + 'static {
    const TYPES: &'static [&'static str];
    /// The properties of the rows in the field.
    const ROWS: &'static [Property] = &[];

    /// Returns `None` for null, and for `{"__deferred": ..}`, which stands for rows that the answer leaves
    /// out. The error says what is expected.
    fn read(json: &str) -> Result<Option<Self>, Cow<'static, str>>;

    fn write(&self) -> String;
}

/// Returns the content of a JSON string, or the JSON itself: the service sends numbers as strings and strings
/// as numbers.
fn text(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    Some(json.to_owned()).filter(|json| !json.starts_with(['{', '[']))
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

/// Cuts a number after the 38th digit of its fraction. A number with so many digits, for example `4.44E-40`,
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

impl<T: 'static> Column for Id<T> {
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

/// A value that has no struct of its own.
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
impl<T: Inner + DeserializeOwned + Serialize + Clone + PartialEq + Debug + 'static> Column
    for Vec<T>
{
    const TYPES: &'static [&'static str] = &["Collection"];
    const ROWS: &'static [Property] = T::ROW;

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

/// Returns the path inside a list of rows, and what is expected there.
fn told(fault: Fault) -> Cow<'static, str> {
    let (path, reason) = fault.told();
    format!("{path}: {reason}").into()
}

//! Reads and writes the members of stored JSON objects, with the same few functions for all types.
//!
//! Code that serde derives is compiled once for each type and each data format. Derived code would lengthen
//! the build of every program that depends on the crate.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::{Zeroize as _, Zeroizing};

use crate::secret::Secret;

/// The members of an object that have not been read yet.
pub(crate) struct Members(Vec<(String, Value)>);

impl Members {
    /// Returns `None` for a value that is not an object. Every reader below returns `None` for a value
    /// of a wrong type.
    pub(crate) fn of(value: Value) -> Option<Members> {
        object(value).map(Members::new)
    }

    pub(crate) fn new(object: Map<String, Value>) -> Members {
        let mut members = Vec::with_capacity(object.len());
        members.extend(object);
        Members(members)
    }

    /// Takes a member that may be missing or null.
    pub(crate) fn may<T>(&mut self, name: &str, read: fn(Value) -> Option<T>) -> Option<Option<T>> {
        match self.take(name) {
            Value::Null => Some(None),
            value => read(value).map(Some),
        }
    }

    /// Takes a required member.
    pub(crate) fn must<T>(&mut self, name: &str, read: fn(Value) -> Option<T>) -> Option<T> {
        read(self.take(name))
    }

    #[inline(never)] // Each reader would contain the code once for each member.
    fn take(&mut self, name: &str) -> Value {
        match self.0.iter().position(|(found, _)| found == name) {
            Some(at) => self.0.swap_remove(at).1,
            None => Value::Null,
        }
    }

    /// Returns the members that were not read: a later release may know them.
    pub(crate) fn rest(mut self) -> Map<String, Value> {
        let mut rest = Map::new();
        for (name, value) in std::mem::take(&mut self.0) {
            rest.insert(name, value);
        }
        rest
    }
}

/// A failed read leaves members, and secrets may be among them.
impl Drop for Members {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| wipe(value));
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

/// Reads an object, or a text, and returns it as JSON text.
pub(crate) fn json(mut value: Value) -> Option<Secret> {
    let text = match &value {
        Value::Object(_) => write(&value).map(Secret::new),
        Value::String(text) => Some(Secret::new(text.as_str())),
        _ => None,
    };
    wipe(&mut value);
    text
}

/// Parses an RFC 3339 date and time.
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

/// An object to be written. Absent, false and empty members are left out.
#[derive(Default)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    undatable: bool,
}

impl Fields {
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    #[inline(never)] // The same.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.put(name, Value::String(text.to_owned()));
    }

    pub(crate) fn may_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(crate) fn may_secret(&mut self, name: &str, secret: Option<&Secret>) {
        self.may_text(name, secret.map(Secret::expose));
    }

    /// Writes JSON text as a value; text that is not JSON stays text.
    pub(crate) fn may_json(&mut self, name: &str, json: Option<&Secret>) {
        if let Some(json) = json {
            let text = json.expose();
            let value = parse(text.as_bytes()).filter(Value::is_object);
            self.put(name, value.unwrap_or_else(|| text.into()));
        }
    }

    pub(crate) fn date(&mut self, name: &str, date: OffsetDateTime) {
        let text = self.dated(date);
        self.put(name, text);
    }

    pub(crate) fn may_date(&mut self, name: &str, date: Option<OffsetDateTime>) {
        if let Some(date) = date {
            self.date(name, date);
        }
    }

    /// Writes a date as text. RFC 3339 has only the years 0 to 9999; another year makes
    /// [`Fields::into_value`] fail.
    pub(crate) fn dated(&mut self, date: OffsetDateTime) -> Value {
        let text = date.format(&Rfc3339);
        self.undatable |= text.is_err();
        Value::String(text.unwrap_or_default())
    }

    pub(crate) fn may_flag(&mut self, name: &str, flag: bool) {
        if flag {
            self.put(name, Value::Bool(true));
        }
    }

    pub(crate) fn object(&mut self, name: &str, fields: Fields) {
        self.undatable |= fields.undatable;
        self.put(name, Value::Object(fields.members));
    }

    pub(crate) fn may_object(&mut self, name: &str, fields: Option<Fields>) {
        if let Some(fields) = fields {
            self.object(name, fields);
        }
    }

    pub(crate) fn may_list(&mut self, name: &str, list: Vec<Value>) {
        if !list.is_empty() {
            self.put(name, Value::Array(list));
        }
    }

    /// Adds members that were read but are not known.
    pub(crate) fn rest(&mut self, rest: &Map<String, Value>) {
        for (name, value) in rest {
            self.put(name, value.clone());
        }
    }

    /// # Errors
    ///
    /// An error when a date has no form in RFC 3339.
    pub(crate) fn into_value(self) -> Result<Value, &'static str> {
        match self.undatable {
            true => Err("a date is outside the years 0 to 9999, which RFC 3339 can write"),
            false => Ok(Value::Object(self.members)),
        }
    }
}

/// The text in the bytes of a file, without a byte order mark. Programs on Windows write UTF-8 with a mark, or
/// UTF-16.
pub(crate) fn text_of(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let units = |read: fn([u8; 2]) -> u16| {
        let (units, []) = bytes[2..].as_chunks() else { return None };
        let units: Zeroizing<Vec<u16>> = Zeroizing::new(units.iter().copied().map(read).collect());
        String::from_utf16(&units).ok().map(Zeroizing::new)
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(bytes).ok()?;
            Some(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
        }
    }
}

/// Reads JSON with serde_json's compiled `FromStr`. A generic reader would be compiled again here. A byte order
/// mark is ignored.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    text_of(bytes)?.parse().ok()
}

/// Writes JSON. (`Value::to_string` would also link the writer for indented text, and make a program larger.)
pub(crate) fn write(value: &Value) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// Wipes every string in a value.
pub(crate) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_and_utf_16_are_read() {
        let text = "{\"a\":\"\u{e9}\u{1f511}\"}";
        let marked = format!("\u{feff}{text}");
        let units = |order: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(order).collect();
        let wide: [Vec<u8>; 2] = [units(u16::to_le_bytes), units(u16::to_be_bytes)];
        for bytes in [text.as_bytes(), marked.as_bytes(), &wide[0], &wide[1]] {
            assert_eq!(text_of(bytes).as_deref().map(String::as_str), Some(text));
            assert_eq!(parse(bytes), text.parse().ok());
            assert!(parse(&bytes[..bytes.len() - 1]).is_none());
        }
        // Half a unit, half a character, and bytes that are no text.
        for bytes in [b"\xff\xfea".as_slice(), b"\xff\xfe\x00\xd8", b"\xe9", b"\xff"] {
            assert!(text_of(bytes).is_none(), "{bytes:?}");
        }
        assert_eq!(text_of(b"\xff\xfe").as_deref().map(String::as_str), Some(""));
    }
}

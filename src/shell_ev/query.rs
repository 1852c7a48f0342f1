//! Parameters of requests: how they are written, and which values are refused before a request is sent.

use std::fmt::Write as _;

use super::Decimal;
use crate::{Error, Result};

/// How a list of values is written in a query. Shell does not document the form; its SDKs send
/// [`ArrayEncoding::Indexed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArrayEncoding {
    /// `country[0]=NLD&country[1]=DEU` with percent-encoded brackets, as Shell's SDKs send it.
    #[default]
    Indexed,
    /// `country=NLD&country=DEU`.
    Repeated,
}

/// A part of the map, in degrees. This struct will get no more fields, so a program may make a value with a
/// struct expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Longitude of the western edge, -180 to 180.
    pub west: f64,
    /// Latitude of the southern edge, -90 to 90.
    pub south: f64,
    /// Longitude of the eastern edge, -180 to 180.
    pub east: f64,
    /// Latitude of the northern edge, -90 to 90.
    pub north: f64,
}

#[derive(Clone)]
enum Item {
    One(String),
    Many(Vec<String>),
}

/// The parameters of a query in the order of the calls, and the error of the first wrong parameter.
#[derive(Clone, Default)]
pub(super) struct Query {
    items: Vec<(&'static str, Item)>,
    wrong: Option<String>,
}

impl Query {
    pub(super) fn refuse(&mut self, text: String) {
        self.wrong.get_or_insert(text);
    }

    fn set(&mut self, name: &'static str, item: Option<Item>) {
        self.items.retain(|(known, _)| *known != name);
        self.items.extend(item.map(|item| (name, item)));
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        if value.is_empty() {
            self.refuse(format!("{name} is empty"));
        }
        self.set(name, Some(Item::One(value.to_owned())));
    }

    /// Sets a list. An empty list is not sent.
    pub(super) fn list(&mut self, name: &'static str, values: Vec<String>) {
        if values.iter().any(String::is_empty) {
            self.refuse(format!("{name} has an empty value"));
        }
        self.set(name, (!values.is_empty()).then_some(Item::Many(values)));
    }

    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        self.set(name, Some(Item::One(value.to_string())));
    }

    pub(super) fn number(&mut self, name: &'static str, value: f64, range: (f64, f64)) {
        // `contains` is false for NaN, so NaN is refused.
        if !(range.0..=range.1).contains(&value) {
            self.refuse(format!("{name} is {value}, and must be {} to {}", range.0, range.1));
        }
        self.set(name, Some(Item::One(value.to_string())));
    }

    pub(super) fn amount(&mut self, name: &'static str, value: Decimal) {
        if value < Decimal::ZERO {
            self.refuse(format!("{name} is {value}, and must be 0 or more"));
        }
        self.set(name, Some(Item::One(value.to_string())));
    }

    pub(super) fn count(&mut self, name: &'static str, value: u32, range: (u32, u32)) {
        if !(range.0..=range.1).contains(&value) {
            self.refuse(format!("{name} is {value}, and must be {} to {}", range.0, range.1));
        }
        self.set(name, Some(Item::One(value.to_string())));
    }

    /// Returns the path and the query.
    pub(super) fn target(self, path: String, arrays: ArrayEncoding) -> Result<String> {
        if let Some(wrong) = self.wrong {
            return Err(Error::Config(wrong.into()));
        }
        let mut target = path;
        let mut first = true;
        let mut push = |name: &str, value: &str| {
            target.push(if std::mem::take(&mut first) { '?' } else { '&' });
            // Writing to a `String` does not fail.
            let _ = write!(target, "{}={}", encoded(name), encoded(value));
        };
        for (name, item) in &self.items {
            match item {
                Item::One(value) => push(name, value),
                Item::Many(values) => {
                    for (index, value) in values.iter().enumerate() {
                        match arrays {
                            ArrayEncoding::Indexed => push(&format!("{name}[{index}]"), value),
                            ArrayEncoding::Repeated => push(name, value),
                        }
                    }
                }
            }
        }
        Ok(target)
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3), as Shell's SDKs do. Ids in
/// paths are encoded as well, so an id cannot name another path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Whether the string has the form of a UUID: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Refuses a string whose length is outside the documented range.
pub(super) fn length(name: &str, text: &str, range: (usize, usize)) -> Result<()> {
    let length = text.chars().count();
    if (range.0..=range.1).contains(&length) {
        return Ok(());
    }
    let text = format!("{name} has {length} characters, and must have {} to {}", range.0, range.1);
    Err(Error::Config(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_change_the_path() {
        assert_eq!(encoded("NL*TNM*1 a/../b?c#d%é"), "NL%2ATNM%2A1%20a%2F..%2Fb%3Fc%23d%25%C3%A9");
    }

    #[test]
    fn a_uuid_is_recognised_by_its_form() {
        assert!(is_uuid("0b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d11"));
        for wrong in
            ["", "0b8e9a526a3c4d7e9f102f6f0a1c7d11", "{b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d1}"]
        {
            assert!(!is_uuid(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_last_value_counts_and_the_first_error_is_reported() {
        let mut query = Query::default();
        query.count("limit", 5, (1, 100));
        query.list("country", vec!["NLD".into(), "DEU".into()]);
        query.count("limit", 7, (1, 100));
        query.list("excludeCountry", Vec::new());
        let target = query.target("/p".to_owned(), ArrayEncoding::Repeated);
        assert_eq!(target.ok().as_deref(), Some("/p?country=NLD&country=DEU&limit=7"));
        let mut query = Query::default();
        query.number("latitude", f64::NAN, (-90.0, 90.0));
        query.text("zoom", "");
        let error = query.target("/p".to_owned(), ArrayEncoding::Indexed).unwrap_err();
        assert_eq!(error.to_string(), "latitude is NaN, and must be -90 to 90");
    }
}

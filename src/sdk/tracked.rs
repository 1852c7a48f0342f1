//! Reads JSON like `serde_json`, and reports the path of the member at which reading failed. This
//! reader is slow: use it only after `serde_json` has failed.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

/// How deep objects and lists may be nested: the limit of `serde_json`.
const DEEPEST: usize = 128;
/// The largest number of unreadable members of a row that are left out. A row with more is not read.
const MOST: usize = 1000;
/// The name under which `serde_json` reads a [`RawValue`].
const RAW: &str = "$serde_json::private::RawValue";

/// The path of the value that could not be read, and the reason.
#[derive(Debug)]
pub(crate) struct Fault {
    path: Option<String>,
    missing: Option<&'static str>,
    null: bool,
    text: String,
}

impl Fault {
    /// Sets the path, unless the path is set already: the innermost value calls this method first.
    fn at(mut self, place: &Place<'_, '_>) -> Fault {
        if self.path.is_none() {
            self.path = Some(place.path.clone());
            self.null = place.text == "null";
        }
        self
    }

    /// Returns the path of the value that can be left out: a `null`, or an object without a required member.
    fn harmless(&self) -> Option<&String> {
        self.path.as_ref().filter(|path| !path.is_empty() && (self.null || self.missing.is_some()))
    }

    /// Whether the value itself lacks a member that it needs.
    #[cfg(feature = "teamleader")]
    pub(crate) fn lacks(&self) -> bool {
        self.missing.is_some() && self.path.as_ref().is_none_or(String::is_empty)
    }

    /// Returns the path of the member, and why it could not be read.
    pub(crate) fn told(self) -> (String, String) {
        let mut path = self.path.unwrap_or_default();
        if let Some(name) = self.missing {
            push(&mut path, name);
        }
        // A message can begin with the end of the path, or with a longer path, as in
        // `Lines[3].Quantity: a number is expected`.
        if let Some((own, reason)) = self.text.split_once(": ")
            && own.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c))
            && !own.is_empty()
        {
            if path.ends_with(own) {
                return (path, reason.to_owned());
            }
            if own.starts_with(&path) {
                return (own.to_owned(), reason.to_owned());
            }
        }
        (path, self.text)
    }
}

fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Fault {
        Fault { path: None, missing: None, null: false, text: without_value(text.to_string()) }
    }

    fn missing_field(name: &'static str) -> Fault {
        Fault { missing: Some(name), ..Fault::custom(format_args!("missing field `{name}`")) }
    }
}

/// Leaves the value out of a message of serde, because the value is a customer's: `invalid type: string "Jansen",
/// expected a boolean` becomes `a boolean is expected`.
fn without_value(text: String) -> String {
    let shows = |told: &str| {
        ["invalid type: ", "invalid value: ", "unknown variant "]
            .iter()
            .any(|at| told.starts_with(at))
    };
    match text.rsplit_once(", expected ") {
        Some((told, expected)) if shows(told) => format!("{expected} is expected"),
        _ => text,
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Fault {
        // Remove the line and the column, because they count from the start of a part of the answer.
        let text = error.to_string();
        let plain = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        de::Error::custom(plain)
    }
}

/// Reads a value. With `forgiving`, a `null` that cannot be read and an inner object that lacks a required
/// member are treated as absent.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de str, forgiving: bool) -> Result<T, Fault> {
    let mut absent = Vec::new();
    loop {
        let place = Place { text: text.trim(), path: String::new(), depth: 0, absent: &absent };
        let fault = match T::deserialize(place) {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        match fault.harmless() {
            Some(path) if forgiving && absent.len() < MOST && !absent.contains(path) => {
                absent.push(path.clone());
            }
            _ => return Err(fault),
        }
    }
}

/// A value and its path.
struct Place<'de, 'a> {
    text: &'de str,
    path: String,
    depth: usize,
    absent: &'a [String],
}

impl<'de, 'a> Place<'de, 'a> {
    /// Returns a value inside this value.
    fn inside(&self, path: String, value: &'de RawValue) -> Place<'de, 'a> {
        Place { text: value.get(), path, depth: self.depth + 1, absent: self.absent }
    }

    fn json(&self) -> serde_json::Deserializer<serde_json::de::StrRead<'de>> {
        serde_json::Deserializer::from_str(self.text)
    }

    fn any<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        if self.depth > DEEPEST {
            return Err(de::Error::custom("the JSON is nested too deeply"));
        }
        match self.text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'de> = serde_json::from_str(self.text)?;
                visitor.visit_map(Inside { place: self, rest: members.0.into_iter(), value: None })
            }
            Some(b'[') => {
                let elements: Vec<&'de RawValue> = serde_json::from_str(self.text)?;
                let rest = elements.into_iter().enumerate();
                visitor.visit_seq(Elements { place: self, rest })
            }
            _ => Ok(self.json().deserialize_any(visitor)?),
        }
    }
}

impl<'de> Deserializer<'de> for Place<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor).map_err(|fault| fault.at(&self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        let value = self.json().deserialize_newtype_struct(name, visitor);
        value.map_err(|error| Fault::from(error).at(&self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let value = self.json().deserialize_enum(name, variants, visitor);
        value.map_err(|error| Fault::from(error).at(&self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

/// The members of an object, in their order.
pub(crate) struct Members<'de>(pub(crate) Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Members<'de>, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Each)
    }
}

struct Inside<'de, 'p, 'a> {
    place: &'p Place<'de, 'a>,
    rest: std::vec::IntoIter<(String, &'de RawValue)>,
    value: Option<Place<'de, 'a>>,
}

impl<'de> MapAccess<'de> for Inside<'de, '_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        for (name, value) in self.rest.by_ref() {
            let mut path = self.place.path.clone();
            push(&mut path, &name);
            if self.place.absent.contains(&path) {
                continue;
            }
            self.value = Some(self.place.inside(path, value));
            return seed.deserialize(de::value::StringDeserializer::new(name)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(place) = self.value.take() else {
            return Err(de::Error::custom("a value comes after its name"));
        };
        let place_again = Place { path: place.path.clone(), ..place };
        seed.deserialize(place).map_err(|fault| fault.at(&place_again))
    }
}

struct Elements<'de, 'p, 'a> {
    place: &'p Place<'de, 'a>,
    rest: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for Elements<'de, '_, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        for (index, value) in self.rest.by_ref() {
            let path = format!("{}[{index}]", self.place.path);
            if self.place.absent.contains(&path) {
                continue;
            }
            let again = self.place.inside(path.clone(), value);
            let element = seed.deserialize(self.place.inside(path, value));
            return element.map(Some).map_err(|fault| fault.at(&again));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Map, Value};

    #[derive(Debug, Deserialize)]
    struct Row {
        id: String,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        prices: Vec<Price>,
        #[serde(flatten)]
        extra: Map<String, Value>,
    }

    #[derive(Debug, Deserialize)]
    struct Price {
        amount: crate::sdk::decimal::Decimal,
    }

    fn told(text: &str, forgiving: bool) -> (String, String) {
        read::<Row>(text, forgiving).unwrap_err().told()
    }

    #[test]
    fn a_fault_names_the_path_of_its_member() {
        let path = |text: &str| told(text, true).0;
        assert_eq!(path(r#"{"id":"a","tags":["b",7]}"#), "tags[1]");
        assert_eq!(
            path(r#"{"id":"a","prices":[{"amount":1},{"amount":"x"}]}"#),
            "prices[1].amount"
        );
        assert_eq!(path(r#"{"id":"a","prices":[{"amount":1},[]]}"#), "prices[1]");
        assert_eq!(path(r#"{"id":["a"]}"#), "id");
        assert_eq!(path(r#"{"tags":[]}"#), "id");
        assert_eq!(path("7"), "");
        assert_eq!(told(r#"{"id":"a","prices":[{}]}"#, false).0, "prices[0].amount");
        assert!(!told(r#"{"id":7}"#, true).1.contains("line"));
        assert_eq!(
            told(r#"{"id":"a","tags":"Jansen, expected"}"#, true).1,
            "a sequence is expected"
        );
    }

    #[test]
    fn a_null_is_read_as_absent_and_digits_stay() {
        let text = r#"{"id":"a","tags":[null,"b",null],"prices":[{"amount":null},
            {"amount":100000000000000000.10}, null],"later":[null, 1]}"#;
        let row: Row = read(text, true).unwrap();
        assert_eq!((row.id.as_str(), row.tags), ("a", vec!["b".to_owned()]));
        assert_eq!(row.prices.len(), 1);
        assert_eq!(row.prices[0].amount.to_string(), "100000000000000000.10");
        assert_eq!(row.extra["later"], serde_json::json!([null, 1]));
        assert_eq!(told(text, false).0, "tags[0]");
        assert_eq!(told(r#"{"id":null}"#, true).0, "id");
    }

    #[test]
    fn deep_json_is_refused_without_a_crash() {
        let deep = [r#"{"id":"a","x":"#, &"[".repeat(9000), &"]".repeat(9000), "}"].concat();
        assert!(told(&deep, true).1.contains("nested"));
    }
}

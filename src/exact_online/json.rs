//! The JSON envelope of answers in OData 2.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// The rows of an answer: `{"d": {"results": [..], "__next": ".."}}`, `{"d": [..]}`, or one row
/// alone, `{"d": {..}}`.
pub(crate) struct Body {
    pub(crate) rows: Vec<Box<RawValue>>,
    pub(crate) next: Option<String>,
    pub(crate) count: Option<u64>,
}

type Rows = Vec<Box<RawValue>>;

#[derive(Deserialize)]
struct Outer {
    d: Box<RawValue>,
}

#[derive(Deserialize)]
struct Inner {
    /// `Some(None)` for `null`.
    #[serde(default, deserialize_with = "present")]
    results: Option<Option<Rows>>,
    #[serde(rename = "__next")]
    next: Option<String>,
    #[serde(rename = "__count", default)]
    count: Value,
}

/// Reads a present member as `Some`, even a `null`.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Rows>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Body, D::Error> {
        let Outer { d } = Outer::deserialize(from)?;
        let text = d.get();
        if text.starts_with('[') {
            let rows = serde_json::from_str(text).map_err(D::Error::custom)?;
            return Ok(Body { rows, next: None, count: None });
        }
        if text.starts_with('{') {
            let inner: Inner = serde_json::from_str(text).map_err(D::Error::custom)?;
            if let Some(rows) = inner.results {
                // OData 2 writes counts as strings. A count of another type is ignored, so that the rows are
                // not lost.
                let count = &inner.count;
                let count = count.as_u64().or_else(|| count.as_str()?.trim().parse().ok());
                return Ok(Body { rows: rows.unwrap_or_default(), next: inner.next, count });
            }
        }
        let rows = if text == "null" { Vec::new() } else { vec![d] };
        Ok(Body { rows, next: None, count: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<Body> {
        serde_json::from_str(text)
    }

    #[test]
    fn every_shape_of_an_answer_is_read() {
        let body = read(r#"{"d":{"results":[{"a":1}],"__next":"https://x","__count":"61"}}"#);
        let body = body.unwrap();
        assert_eq!(
            (body.rows.len(), body.next.as_deref(), body.count),
            (1, Some("https://x"), Some(61))
        );
        assert_eq!(read(r#"{"d":{"results":[],"__count":3}}"#).unwrap().count, Some(3));
        assert_eq!(read(r#"{"d":[{"a":1},{"a":2}]}"#).unwrap().rows.len(), 2);
        assert_eq!(read(r#"{"d":{"a":1}}"#).unwrap().rows[0].get(), r#"{"a":1}"#);
        assert_eq!(read(r#"{"d":{"results":[],"__count":"x"}}"#).unwrap().count, None);
        assert!(read(r#"{"d":null}"#).unwrap().rows.is_empty());
        for wrong in
            ["{}", "[]", "7", r#"{"d":{"results":7}}"#, r#"{"d":{"results":[],"__next":7}}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

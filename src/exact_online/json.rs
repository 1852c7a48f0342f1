//! The JSON envelope of answers in OData 2.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The rows of an answer: `{"d": {"results": [..], "__next": ".."}}`, `{"d": [..]}`, or one row
/// alone, `{"d": {..}}`.
pub(crate) struct Body<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) next: Option<String>,
    pub(crate) count: Option<u64>,
}

#[derive(Deserialize)]
struct Outer {
    d: Box<RawValue>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(rename = "__next")]
    next: Option<String>,
    #[serde(rename = "__count", default, deserialize_with = "count")]
    count: Option<u64>,
}

/// Reads a count that is a number or, as OData 2 writes counts, a string.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(u64),
        Text(String),
    }
    match Option::<Count>::deserialize(from)? {
        None => Ok(None),
        Some(Count::Number(number)) => Ok(Some(number)),
        Some(Count::Text(text)) => text.trim().parse().map(Some).map_err(D::Error::custom),
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Body<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Body<T>, D::Error> {
        let Outer { d } = Outer::deserialize(from)?;
        let text = d.get();
        let rows = |text: &str| serde_json::from_str(text).map_err(D::Error::custom);
        if text.starts_with('[') {
            return Ok(Body { rows: rows(text)?, next: None, count: None });
        }
        if text.starts_with('{') {
            let inner: Inner<'_> = serde_json::from_str(text).map_err(D::Error::custom)?;
            if let Some(results) = inner.results {
                let (next, count) = (inner.next, inner.count);
                return Ok(Body { rows: rows(results.get())?, next, count });
            }
        }
        if text == "null" {
            return Ok(Body { rows: Vec::new(), next: None, count: None });
        }
        let one = serde_json::from_str(text).map_err(D::Error::custom)?;
        Ok(Body { rows: vec![one], next: None, count: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<Body<serde_json::Value>> {
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
        assert_eq!(read(r#"{"d":{"a":1}}"#).unwrap().rows[0]["a"], 1);
        assert!(read(r#"{"d":null}"#).unwrap().rows.is_empty());
        for wrong in
            ["{}", "[]", "7", r#"{"d":{"results":7}}"#, r#"{"d":{"results":[],"__count":"x"}}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

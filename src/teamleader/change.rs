//! The three things that an update can say about a field.

use serde::ser::{Serialize, Serializer};

/// What an update does to one field: nothing, clear it, or set it. Teamleader tells a field that is
/// absent from one that is `null`.
///
/// Made by `From`: a value sets, `None` clears.
///
/// ```
/// use evergrant::teamleader::contacts::ContactUpdate;
///
/// let update = ContactUpdate::new("2bc1").first_name("Ada").remarks(None);
/// let json = serde_json::to_value(&update)?;
/// assert_eq!(json, serde_json::json!({ "id": "2bc1", "first_name": "Ada", "remarks": null }));
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is: the request does not name it.
    #[default]
    Keep,
    /// It is emptied: the request says `null`.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether nothing changes.
    pub fn is_keep(&self) -> bool {
        matches!(self, Change::Keep)
    }
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Change<T> {
        Change::Set(value)
    }
}

impl<T> From<Option<T>> for Change<T> {
    fn from(value: Option<T>) -> Change<T> {
        value.map_or(Change::Clear, Change::Set)
    }
}

impl From<&str> for Change<String> {
    fn from(text: &str) -> Change<String> {
        Change::Set(text.to_owned())
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Change::Set(value) => to.serialize_some(value),
            // What is kept is left out by the struct around it.
            Change::Clear | Change::Keep => to.serialize_none(),
        }
    }
}

#[cfg(test)]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Change<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Change<T>, D::Error> {
        Ok(Option::deserialize(from)?.into())
    }
}

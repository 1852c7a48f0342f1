//! What an update does to a field: keep, clear or set.

use serde::ser::{Serialize, Serializer};

use super::Id;

/// What an update does to one field: keep, clear or set the field. Teamleader keeps a field that is
/// absent from the request, and clears a field that is `null`.
///
/// `From` makes a `Change`: a value sets the field, and `None` clears the field.
///
/// ```
/// use evergrant::teamleader::contacts::ContactUpdate;
///
/// let update = ContactUpdate::new().first_name("Ada").remarks(None);
/// let json = serde_json::to_value(&update)?;
/// assert_eq!(json, serde_json::json!({ "first_name": "Ada", "remarks": null }));
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Keeps the field: the request leaves the field out.
    #[default]
    Keep,
    /// Clears the field: the request sends `null`.
    Clear,
    /// Sets the field to this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is kept.
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

impl<T> From<&str> for Change<Id<T>> {
    fn from(id: &str) -> Change<Id<T>> {
        Change::Set(id.into())
    }
}

impl<T> From<&Id<T>> for Change<Id<T>> {
    fn from(id: &Id<T>) -> Change<Id<T>> {
        Change::Set(id.clone())
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Change::Set(value) => to.serialize_some(value),
            // A request leaves out a field that is kept, so only `Clear` reaches this arm.
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

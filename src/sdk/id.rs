//! Ids with a type for each kind of object.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a `T`. A call for one kind of object does not compile with the id of another kind.
///
/// `R` is the type of the id's value: a string, unless the service uses another type. In JSON an `Id` looks
/// like its `R`.
pub struct Id<T, R = String> {
    raw: R,
    of: PhantomData<fn() -> T>,
}

impl<T, R> Id<T, R> {
    /// Makes an id.
    pub fn new(raw: impl Into<R>) -> Id<T, R> {
        Id { raw: raw.into(), of: PhantomData }
    }

    /// Returns the id without its type.
    pub fn into_inner(self) -> R {
        self.raw
    }

    /// Converts this id to the id of a `U`, for a service that gives two kinds of objects the same id.
    #[must_use]
    pub fn cast<U>(self) -> Id<U, R> {
        Id { raw: self.raw, of: PhantomData }
    }
}

impl<T> Id<T> {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.raw
    }
}

impl<T, R: Clone> Clone for Id<T, R> {
    fn clone(&self) -> Id<T, R> {
        Id { raw: self.raw.clone(), of: PhantomData }
    }
}

impl<T, R: Copy> Copy for Id<T, R> {}

impl<T, R: fmt::Debug> fmt::Debug for Id<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T, R: fmt::Display> fmt::Display for Id<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T, R: PartialEq> PartialEq for Id<T, R> {
    fn eq(&self, other: &Id<T, R>) -> bool {
        self.raw == other.raw
    }
}

impl<T, R: Eq> Eq for Id<T, R> {}

impl<T, R: PartialOrd> PartialOrd for Id<T, R> {
    fn partial_cmp(&self, other: &Id<T, R>) -> Option<Ordering> {
        self.raw.partial_cmp(&other.raw)
    }
}

impl<T, R: Ord> Ord for Id<T, R> {
    fn cmp(&self, other: &Id<T, R>) -> Ordering {
        self.raw.cmp(&other.raw)
    }
}

impl<T, R: Hash> Hash for Id<T, R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<T, R: Serialize> Serialize for Id<T, R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(to)
    }
}

impl<'de, T, R: Deserialize<'de>> Deserialize<'de> for Id<T, R> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Id<T, R>, D::Error> {
        R::deserialize(from).map(|raw| Id { raw, of: PhantomData })
    }
}

impl<T> FromStr for Id<T> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Id<T>, Infallible> {
        Ok(Id::new(text))
    }
}

impl<T> From<&str> for Id<T> {
    fn from(text: &str) -> Id<T> {
        Id::new(text)
    }
}

impl<T> From<String> for Id<T> {
    fn from(text: String) -> Id<T> {
        Id::new(text)
    }
}

impl<T> From<&String> for Id<T> {
    fn from(text: &String) -> Id<T> {
        Id::new(text.as_str())
    }
}

impl<T, R: Clone> From<&Id<T, R>> for Id<T, R> {
    fn from(id: &Id<T, R>) -> Id<T, R> {
        id.clone()
    }
}

impl<T> From<Id<T>> for String {
    fn from(id: Id<T>) -> String {
        id.raw
    }
}

impl<T> AsRef<str> for Id<T> {
    fn as_ref(&self) -> &str {
        &self.raw
    }
}

impl<T> Borrow<str> for Id<T> {
    fn borrow(&self) -> &str {
        &self.raw
    }
}

impl<T> PartialEq<str> for Id<T> {
    fn eq(&self, other: &str) -> bool {
        self.raw == other
    }
}

impl<T> PartialEq<&str> for Id<T> {
    fn eq(&self, other: &&str) -> bool {
        self.raw == *other
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;

    enum Contact {}
    enum Deal {}

    fn has_the_traits_of_an_id<I>(_: I)
    where
        I: Clone + fmt::Debug + fmt::Display + FromStr + Ord + Hash + Send + Sync + 'static,
        I: Serialize + serde::de::DeserializeOwned,
    {
    }

    #[test]
    fn an_id_has_every_trait_of_its_text() {
        let id: Id<Contact> = "2bc1".parse().unwrap();
        has_the_traits_of_an_id(id.clone());
        assert_eq!((id.to_string(), id.as_ref(), id.as_str()), ("2bc1".to_owned(), "2bc1", "2bc1"));
        assert_eq!(format!("{id:?} {id:>6}"), "\"2bc1\"   2bc1");
        assert_eq!((Id::from(&id), Id::from("2bc1".to_owned())), (id.clone(), id.clone()));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"2bc1\"");
        assert_eq!(serde_json::from_str::<Id<Contact>>(&json).unwrap(), "2bc1");
        let map = HashMap::from([(id.clone(), 1)]);
        assert_eq!(map.get("2bc1"), Some(&1));
        let sorted: BTreeSet<Id<Contact>> = ["b".into(), "a".into()].into();
        assert_eq!(sorted.first().unwrap(), "a");
        let deal: Id<Deal> = id.cast();
        assert_eq!(String::from(deal), "2bc1");
    }

    #[test]
    fn an_id_of_another_form_has_the_traits_of_that_form() {
        let id: Id<Contact, u64> = Id::new(7_u64);
        let copy = id;
        assert_eq!((id, id.to_string()), (copy, "7".to_owned()));
        assert_eq!(serde_json::to_string(&id).unwrap(), "7");
        assert_eq!(id.into_inner(), 7);
    }
}

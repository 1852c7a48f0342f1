//! Ids: a plain GUID, and a GUID with the type of its row.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sdk::shown;
use crate::{Error, Result};

/// A GUID, the id of most rows.
///
/// ```
/// use evergrant::exact_online::Guid;
///
/// let id: Guid = "3F2504E0-4F89-11D3-9A0C-0305E82C3301".parse()?;
/// assert_eq!(id.to_string(), "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(u128);

impl Guid {
    /// Makes a GUID from its number, most significant byte first.
    pub const fn from_u128(number: u128) -> Guid {
        Guid(number)
    }

    /// Returns the number of the GUID, most significant byte first.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        f.pad(&parts.join("-"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = Error;

    /// Reads `3f2504e0-4f89-11d3-9a0c-0305e82c3301`, in upper or lower case, with or without braces.
    fn from_str(text: &str) -> Result<Guid> {
        let wrong = || Error::Config(format!("{} is not a GUID", shown(text)).into());
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let shaped = inner.len() == 36
            && inner.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if !shaped {
            return Err(wrong());
        }
        u128::from_str_radix(&inner.replace('-', ""), 16).map(Guid).map_err(|_| wrong())
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Guid, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The id of a `T`. The id of an [`Account`](super::Account) does not compile in place of the id of an
/// [`Item`](super::Item).
///
/// ```
/// use evergrant::exact_online::{Account, Id};
///
/// let id: Id<Account> = "3f2504e0-4f89-11d3-9a0c-0305e82c3301".parse()?;
/// # let _ = id;
/// # Ok::<(), evergrant::Error>(())
/// ```
pub struct Id<T>(Guid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Returns the id as a plain GUID.
    pub const fn guid(self) -> Guid {
        self.0
    }
}

impl<T> From<Guid> for Id<T> {
    fn from(guid: Guid) -> Id<T> {
        Id(guid, PhantomData)
    }
}

impl<T> From<Id<T>> for Guid {
    fn from(id: Id<T>) -> Guid {
        id.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Id<T> {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Id<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Id<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Id<T>) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T> FromStr for Id<T> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Id<T>> {
        Ok(Id::from(text.parse::<Guid>()?))
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Id<T>, D::Error> {
        Guid::deserialize(from).map(Id::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_reads_back_and_nothing_else_is_one() {
        let text = "01234567-89ab-cdef-0123-456789abcdef";
        let guid: Guid = text.parse().unwrap();
        assert_eq!(guid.to_string(), text);
        assert_eq!(format!("{{{text}}}").to_uppercase().parse::<Guid>().unwrap(), guid);
        assert_eq!(Guid::from_u128(guid.as_u128()), guid);
        assert_eq!(serde_json::to_string(&guid).unwrap(), format!("\"{text}\""));
        for wrong in [
            "",
            "x",
            "01234567-89ab-cdef-0123-456789abcde",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567-89ab-cdef-0123-456789abcdef' or true",
            "0123456789abcdef0123456789abcdef0123",
            "+1234567-89ab-cdef-0123-456789abcdef",
            "é234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
        }
    }
}

//! Values in the form of OData 2.

use std::fmt;

use time::{Date, PrimitiveDateTime};

use super::super::dates;
use super::super::{Decimal, Guid, Id};

/// A value in a filter, a key or a parameter, written in the form of its type: `guid'...'`,
/// `datetime'...'`, `'text'`, `123L`, `12.5`, `true`, `null`.
///
/// A whole number of 64 bits ends in `L`; a whole number of 32 or fewer bits does not.
///
/// ```
/// use evergrant::exact_online::odata::Literal;
///
/// assert_eq!(Literal::from("O'Neil").to_string(), "'O''Neil'");
/// assert_eq!(Literal::from(493_115_i64).to_string(), "493115L");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal(String);

impl Literal {
    /// `null`.
    pub fn null() -> Literal {
        Literal("null".to_owned())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Literal {
        Literal(format!("'{}'", text.replace('\'', "''")))
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Literal {
        Literal::from(text.as_str())
    }
}

impl From<&String> for Literal {
    fn from(text: &String) -> Literal {
        Literal::from(text.as_str())
    }
}

impl From<Guid> for Literal {
    fn from(guid: Guid) -> Literal {
        Literal(format!("guid'{guid}'"))
    }
}

impl<T> From<Id<T>> for Literal {
    fn from(id: Id<T>) -> Literal {
        Literal::from(id.guid())
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Literal {
        Literal(value.to_string())
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Literal {
        Literal(format!("{number}L"))
    }
}

impl From<Decimal> for Literal {
    fn from(number: Decimal) -> Literal {
        Literal(number.to_string())
    }
}

/// Writes a date and a time, for years from 0 to 9999.
impl From<PrimitiveDateTime> for Literal {
    fn from(date: PrimitiveDateTime) -> Literal {
        Literal(format!("datetime'{}'", dates::format(date)))
    }
}

/// Writes midnight of that day: OData 2 has no date without a time.
impl From<Date> for Literal {
    fn from(date: Date) -> Literal {
        Literal::from(date.midnight())
    }
}

macro_rules! whole {
    ($($kind:ty)+) => {$(
        impl From<$kind> for Literal {
            fn from(number: $kind) -> Literal {
                Literal(number.to_string())
            }
        }
    )+};
}

whole!(i8 u8 i16 u16 i32 u32);

impl<T: Into<Literal>> From<Option<T>> for Literal {
    fn from(value: Option<T>) -> Literal {
        value.map_or_else(Literal::null, Into::into)
    }
}

/// Returns an account's code in Exact Online's form: 18 characters, padded with spaces on the left. A filter
/// with an unpadded code finds nothing and causes no error (the vendor's documentation).
///
/// ```
/// use evergrant::exact_online::odata::{account_code, field};
///
/// let filter = field("Code").eq(account_code("25"));
/// assert_eq!(filter.to_string(), "(Code eq '                25')");
/// ```
pub fn account_code(code: &str) -> Literal {
    Literal::from(format!("{:>18}", code.trim()))
}

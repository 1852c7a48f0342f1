//! Filters. A value cannot change the structure of a filter.

use std::fmt;
use std::ops::Not;

use super::{Literal, is_path};
use crate::{Error, Result};

/// Returns the property with this name, for a [`Filter`], or a property of a related row, such as
/// `field("Account/Name")`. A name has letters, digits and `_`; a call with any other name fails.
///
/// ```
/// use evergrant::exact_online::odata::field;
///
/// let filter = field("Status").eq("C").and(field("Name").trim().starts_with("O'Neil"));
/// assert_eq!(
///     filter.to_string(),
///     "((Status eq 'C') and (startswith(trim(Name),'O''Neil') eq true))"
/// );
/// ```
pub fn field(name: &str) -> Field {
    let wrong =
        || format!("{:?} is not the name of a property", name.chars().take(80).collect::<String>());
    Field(if is_path(name) { Ok(name.to_owned()) } else { Err(wrong()) })
}

/// A property, or a function of a property: the left side of a comparison. [`field`] makes a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Field(Result<String, String>);

/// A condition. Each comparison and each combination is in parentheses, so combining conditions does not
/// change their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Filter(Result<String, String>);

macro_rules! comparisons {
    ($($(#[$about:meta])* $name:ident;)+) => {
        impl Field {
            $($(#[$about])*
            pub fn $name(self, value: impl Into<Literal>) -> Filter {
                self.compared(stringify!($name), &value.into())
            })+
        }
    };
}

comparisons! {
    /// The property is equal to the value.
    eq;
    /// The property is not equal to the value.
    ne;
    /// The property is greater than the value.
    gt;
    /// The property is greater than or equal to the value.
    ge;
    /// The property is less than the value.
    lt;
    /// The property is less than or equal to the value.
    le;
}

impl Field {
    fn compared(self, operator: &str, value: &Literal) -> Filter {
        Filter(self.0.map(|name| format!("({name} {operator} {value})")))
    }

    fn within(self, function: &str) -> Field {
        Field(self.0.map(|name| format!("{function}({name})")))
    }

    /// Removes the spaces at both ends of the text.
    pub fn trim(self) -> Field {
        self.within("trim")
    }

    /// Converts the text to lower case.
    pub fn to_lower(self) -> Field {
        self.within("tolower")
    }

    /// Converts the text to upper case.
    pub fn to_upper(self) -> Field {
        self.within("toupper")
    }

    /// The property contains the text.
    pub fn contains(self, text: &str) -> Filter {
        let text = Literal::from(text);
        Filter(self.0.map(|name| format!("(substringof({text},{name}) eq true)")))
    }

    /// The property begins with the text.
    pub fn starts_with(self, text: &str) -> Filter {
        let text = Literal::from(text);
        Filter(self.0.map(|name| format!("(startswith({name},{text}) eq true)")))
    }

    /// The property ends with the text.
    pub fn ends_with(self, text: &str) -> Filter {
        let text = Literal::from(text);
        Filter(self.0.map(|name| format!("(endswith({name},{text}) eq true)")))
    }

    /// The property is null.
    pub fn is_null(self) -> Filter {
        self.eq(Literal::null())
    }

    /// The property is equal to one of the values. A call with an empty list of values fails, because
    /// OData 2 cannot express an empty list.
    pub fn one_of<V: Into<Literal>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        let equal = values.into_iter().map(|value| self.clone().eq(value));
        let found = equal.reduce(Filter::or);
        found.unwrap_or_else(|| Filter(Err("`one_of` needs at least one value".to_owned())))
    }
}

impl Filter {
    fn joined(self, word: &str, other: Filter) -> Filter {
        let both = self.0.and_then(|left| Ok((left, other.0?)));
        Filter(both.map(|(left, right)| format!("({left} {word} {right})")))
    }

    /// Both conditions hold.
    pub fn and(self, other: Filter) -> Filter {
        self.joined("and", other)
    }

    /// At least one of the conditions holds.
    pub fn or(self, other: Filter) -> Filter {
        self.joined("or", other)
    }

    /// Returns the expression.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a name that no property can have, and for `one_of` without values.
    pub fn expression(&self) -> Result<&str> {
        self.0.as_deref().map_err(|error| Error::Config(error.as_str().into()))
    }
}

impl Not for Filter {
    type Output = Filter;

    /// The condition does not hold.
    fn not(self) -> Filter {
        Filter(self.0.map(|inner| format!("(not {inner})")))
    }
}

/// Writes the expression, or the error that [`Filter::expression`] returns.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(text) | Err(text) => f.write_str(text),
        }
    }
}

//! Types and macros that the vendor SDKs share. No other module uses these types and macros, so an SDK that
//! becomes a crate of its own needs only a copy of this module.

#[cfg(any(feature = "exact-online", feature = "shell-ev", feature = "teamleader"))]
pub(crate) mod decimal;
#[cfg(any(feature = "shell-ev", feature = "teamleader"))]
pub(crate) mod id;
pub(crate) mod page;
pub(crate) mod row;
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
pub(crate) mod rows;
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
pub(crate) mod tracked;
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
pub(crate) mod transfer;
pub(crate) mod unconfirmed;

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

use crate::error::ApiError;

/// Returns the value of a setting for an error, if the value is short and plain. Any other value may be
/// a secret that was passed by mistake, so only its length is shown.
#[cfg(any(feature = "exact-online", feature = "shell-ev"))]
pub(crate) fn shown(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '+');
    match text.len() <= 16 && text.chars().all(plain) {
        true => format!("{text:?}"),
        false => format!("a string of {} characters", text.chars().count()),
    }
}

/// Returns the message in the body of an error, if the body has a form that the vendor does not document:
/// plain text, a JSON string, or an object such as `{"errors": ["no"]}` or `{"message": "no"}`. HTML has no
/// message.
pub(crate) fn said(api: &ApiError) -> Option<String> {
    let text = match api.json() {
        Some(body) => words(&body)?,
        None => std::str::from_utf8(&api.body)
            .ok()
            .filter(|text| !text.trim_start().starts_with('<'))?
            .to_owned(),
    };
    let line: String = crate::error::one_line(&text).chars().take(300).collect();
    Some(line).filter(|line| !line.is_empty())
}

fn words(body: &Value) -> Option<String> {
    match body {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let all: Vec<String> = items.iter().filter_map(words).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        Value::Object(members) => {
            let names = ["errors", "error_description", "message", "title", "detail", "error"];
            names.iter().find_map(|name| words(members.get(*name)?))
        }
        _ => None,
    }
}

/// Makes an enum of strings. The service may add values: an unknown string is kept in `Unknown` and sent back
/// unchanged.
macro_rules! open_enum {
    ($(
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[$variant_about:meta])* $variant:ident = $text:literal, )+
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_about])* $variant, )+
            /// A value that this version does not know, as the service wrote it.
            Unknown(String),
        }

        impl $name {
            /// Every known value, in the order of the service's own documentation.
            pub const KNOWN: &'static [$name] = &[$( $name::$variant, )+];

            /// Returns the value as the service writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( $name::$variant => $text, )+
                    $name::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                match text {
                    $( $text => $name::$variant, )+
                    _ => $name::Unknown(text.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                $crate::sdk::text(from, |text| $name::from(text))
            }
        }
    )+};
}
pub(crate) use open_enum;

/// Reads a date in the form `2026-01-31`; refuses every other form.
#[cfg(any(feature = "shell-ev", feature = "teamleader"))]
pub(crate) fn day(text: &str) -> Option<time::Date> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    (year.len() == 4 && parts.next().is_none()).then_some(date)
}

/// Writes a date in the form that [`day`] reads, for years 0 to 9999.
#[cfg(any(feature = "shell-ev", feature = "teamleader"))]
pub(crate) fn day_text(day: time::Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// Reads a string. A number or a boolean is converted to a string; `null` is read as an empty string.
pub(crate) fn text<'de, D: Deserializer<'de>, T>(
    from: D,
    make: fn(&str) -> T,
) -> Result<T, D::Error> {
    struct Text<T>(fn(&str) -> T);

    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Ok(self.0(text))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            Ok(self.0(&number.to_string()))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            Ok(self.0(&number.to_string()))
        }

        fn visit_bool<E: de::Error>(self, yes: bool) -> Result<T, E> {
            Ok(self.0(if yes { "true" } else { "false" }))
        }

        fn visit_unit<E: de::Error>(self) -> Result<T, E> {
            Ok(self.0(""))
        }
    }

    from.deserialize_any(Text(make))
}

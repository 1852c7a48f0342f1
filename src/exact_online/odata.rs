//! Queries of OData 2: filters, chosen properties, order.
//!
//! Every name is checked and every value is written as a literal, so no value can become a part of the
//! expression.

mod filter;
mod literal;
mod query;

pub use filter::{Field, Filter, field};
pub use literal::{Literal, account_code};
pub use query::{Order, Query};

/// Whether a string is the name of a property, or a path of names such as `Lines/Item`.
fn is_path(text: &str) -> bool {
    text.split('/').all(|name| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Writes a key for the path of an address. A path may contain the quotes of a literal (RFC 3986 section
/// 3.3).
pub(super) fn encode_key(key: &Literal, into: &mut String) {
    for (at, part) in key.to_string().split('\'').enumerate() {
        if at > 0 {
            into.push('\'');
        }
        encode(part, into);
    }
}

/// Writes a string for a query: percent-encodes everything but letters, digits and `-._~` (RFC 3986 section
/// 2.1). A space becomes `%20`, because not every server reads `+` as a space.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(byte.into());
        } else {
            let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
            into.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

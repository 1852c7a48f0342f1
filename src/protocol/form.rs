//! Form encoding (RFC 6749 appendix B) and lists of parameters.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::substring;

/// Parameters that may come more than once (RFC 8707 section 2, RFC 8693 section 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Appends `text`, form-encoded: every byte of its UTF-8 except `A-Za-z0-9-._~` as `%XX`. A space is
/// `%20`, which form decoders and percent decoders both read.
pub(crate) fn encode_into(text: &str, out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[
                b'%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
}

/// Encodes `text` like [`encode_into`]. The text may be a secret, and a buffer that grows leaves copies of
/// its content behind, so the buffer has room for the longest form.
pub(crate) fn form_encoded(text: &str) -> String {
    let mut out = Vec::with_capacity(3 * text.len());
    encode_into(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A received parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Whether the value was encoded correctly. A value with a wrong encoding is decoded as far as possible.
    pub(crate) clean: bool,
}

/// Reads a query or a form body. Every name and value is decoded exactly once.
pub(crate) fn parse(text: &str) -> Vec<Pair> {
    substring::split(text, '&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = substring::split_once(pair, '=').unwrap_or((pair, ""));
            let (name, _) = decode(name);
            let (value, clean) = decode(value);
            Pair { name, value, clean }
        })
        .collect()
}

/// Decodes once: `+` is a space, `%XX` a byte. The flag says whether the text was correctly encoded
/// UTF-8.
fn decode(text: &str) -> (String, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut clean = true;
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = tail;
            }
            (byte, _) => {
                clean &= *byte != b'%';
                bytes.push(*byte);
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, clean),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    }
}

fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => hex.to_ascii_lowercase() - b'a' + 10,
    }
}

/// The parameters of a request, in order.
#[derive(Clone, Default)]
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    pub(crate) fn new() -> Params<'a> {
        Params::default()
    }

    /// Adds a parameter of the protocol.
    pub(crate) fn push(&mut self, name: &'a str, value: impl Into<Cow<'a, str>>) {
        self.0.push((Cow::Borrowed(name), value.into()));
    }

    /// Adds a parameter of the provider. Fails if the request already has a parameter of that name,
    /// unless the name is one of [`REPEATABLE`].
    pub(crate) fn push_provider(&mut self, name: &'a str, value: &'a str) -> Result<()> {
        if self.has(name) && !REPEATABLE.contains(&name) {
            return Err(Error::config(format!(
                "the provider sets the parameter {name:?}, but the request already has this parameter"
            )));
        }
        self.push(name, value);
        Ok(())
    }

    /// Adds a parameter of the caller. Refuses `reserved` names, and a name that the request already
    /// has: a parameter is sent once (RFC 6749 section 3.2).
    pub(crate) fn push_extra(
        &mut self,
        name: &'a str,
        value: &'a str,
        reserved: &[&str],
    ) -> Result<()> {
        if reserved.contains(&name) || self.has(name) && !REPEATABLE.contains(&name) {
            return Err(Error::config(format!(
                "the parameter {name:?} is set by the crate and cannot be given as an extra parameter"
            )));
        }
        self.push(name, value);
        Ok(())
    }

    /// Adds the parameters of `more`, except those whose names the request already has.
    #[cfg(feature = "par")]
    pub(crate) fn add_missing(&mut self, more: Params<'a>) {
        for (name, value) in more.0 {
            if !self.has(&name) {
                self.0.push((name, value));
            }
        }
    }

    /// The parameters, in order.
    #[cfg(feature = "jwt")]
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| &**value)
    }

    /// Encodes the parameters as `name=value&...`, in a buffer that is wiped on drop.
    pub(crate) fn to_form(&self) -> Zeroizing<Vec<u8>> {
        let longest: usize = self.0.iter().map(|(n, v)| 3 * (n.len() + v.len()) + 2).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(longest));
        for (name, value) in &self.0 {
            if !out.is_empty() {
                out.push(b'&');
            }
            encode_into(name, &mut out);
            out.push(b'=');
            encode_into(value, &mut out);
        }
        out
    }

    /// Encodes the parameters as a JSON object of strings, in a buffer that is wiped on drop.
    pub(crate) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if self.0[..at].iter().any(|(have, _)| have == name) {
                return Err(Error::config(format!(
                    "the parameter {name:?} cannot come twice in a JSON request"
                )));
            }
        }
        // An encoded byte takes at most six bytes, as \u00XX.
        let longest: usize = self.0.iter().map(|(n, v)| 6 * (n.len() + v.len()) + 6).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(longest + 2));
        serde_json::to_writer(&mut *out, self)
            .map_err(|error| Error::decode("the request", error))?;
        Ok(out)
    }

    /// Adds the parameters to the query of `address`. An existing query is kept byte for byte (RFC 6749
    /// sections 3.1 and 3.2).
    pub(crate) fn to_url(&self, address: &str) -> Result<String> {
        let kept = substring::split_once(address, '?').map(|(_, query)| query);
        for Pair { name, .. } in parse(kept.unwrap_or_default()) {
            if self.has(&name) && !REPEATABLE.contains(&name.as_str()) {
                return Err(Error::config(format!(
                    "the parameter {name:?} is in the query of the endpoint already"
                )));
            }
        }
        let form = self.to_form();
        let query = String::from_utf8_lossy(&form);
        let join = match kept {
            _ if query.is_empty() => "",
            None => "?",
            Some(kept) if kept.is_empty() || kept.ends_with('&') => "",
            Some(_) => "&",
        };
        Ok(format!("{address}{join}{query}"))
    }
}

/// Whether an address may hold `c` (RFC 3986), except quotes and parentheses: in a quoted argument of a
/// shell, those could end the quotes or start a command.
pub(crate) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&*+,;=%".contains(c)
}

/// The address in the form that is shown to a person: unchanged if all characters are plain; otherwise
/// parsed and written again, so that the person sees where the browser will go. Returns `None` if the text is
/// not an address.
pub(crate) fn written_again(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    if url.host_str().is_some_and(|host| host.contains(|c| !is_plain(c) || c == '$')) {
        return None;
    }
    if !address.contains(|c| !is_plain(c)) {
        return Some(address.to_owned());
    }
    let mut text = String::new();
    for c in url.as_str().chars() {
        match c {
            c if is_plain(c) => text.push(c),
            c => text.extend(c.to_string().bytes().map(|byte| format!("%{byte:02X}"))),
        }
    }
    Some(text)
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::test_random::Random;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode_into(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rfc_6749_appendix_b_is_encoded_with_percent_20() {
        assert_eq!(encoded(" %&+£€"), "%20%25%26%2B%C2%A3%E2%82%AC");
        assert_eq!(encoded("Az09-._~"), "Az09-._~");
        assert_eq!(decode("+%25%26%2B%C2%A3%E2%82%AC"), (" %&+£€".to_owned(), true));
    }

    /// A buffer that grows leaves copies of its content behind.
    #[test]
    fn a_buffer_with_secrets_never_grows() {
        let odd = "\u{1}".repeat(300);
        let mut params = Params::new();
        params.push("%", odd.as_str());
        assert_eq!(params.to_form().capacity(), 3 * 301 + 2);
        assert_eq!(params.to_json().unwrap().capacity(), 6 * 301 + 6 + 2);
        assert_eq!(form_encoded(&odd).capacity(), 3 * 300);
    }

    #[test]
    fn a_value_is_decoded_once() {
        let value = |text: &str| parse(text).remove(0).value;
        assert_eq!(value("code=a%252Bb"), "a%2Bb");
        assert_eq!(value("code=a%2Bb+c/d!e%21=="), "a+b c/d!e!==");
    }

    #[test]
    fn a_wrong_encoding_is_flagged_and_the_rest_is_read() {
        for text in ["%", "%2", "%zz", "%2z", "%z2", "%E9", "%ff%fe"] {
            assert!(!decode(text).1, "{text}");
        }
        let pairs = parse("&a&=b&&c=%zz&d=1");
        let names: Vec<_> = pairs.iter().map(|pair| pair.name.as_str()).collect();
        assert_eq!(names, ["a", "", "c", "d"]);
    }

    #[test]
    fn decoding_returns_the_encoded_text() {
        let mut random = Random::new(1);
        for _ in 0..2000 {
            let pairs: Vec<_> =
                (0..random.below(6)).map(|_| (random.text(12), random.text(30))).collect();
            let mut params = Params::new();
            pairs.iter().for_each(|(name, value)| params.push(name, value.as_str()));
            let form = params.to_form();
            let form = std::str::from_utf8(&form).unwrap();
            assert!(form.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%&=".contains(&b)));
            let read: Vec<_> =
                parse(form).into_iter().map(|pair| (pair.name, pair.value)).collect();
            assert_eq!(read, pairs);
        }
    }

    #[test]
    fn an_extra_parameter_that_collides_with_ours_is_refused() {
        let mut params = Params::new();
        params.push("grant_type", "refresh_token");
        assert!(params.push_extra("grant_type", "password", &[]).is_err());
        assert!(params.push_extra("state", "x", &["state"]).is_err());
        assert!(params.push_provider("grant_type", "x").is_err());
        assert!(params.push_extra("resource", "a", &[]).is_ok());
        assert!(params.push_extra("resource", "b", &[]).is_ok());
        assert!(params.push_provider("resource", "c").is_ok());
        assert!(params.push_extra("tenant", "a", &[]).is_ok());
        assert!(params.push_extra("tenant", "b", &[]).is_err());
        assert!(params.to_json().is_err());
    }

    #[test]
    fn an_address_with_an_odd_host_is_not_shown() {
        for odd in ["https://a$b.example/", "https://a(b.example/", "no address"] {
            assert_eq!(written_again(odd), None, "{odd}");
        }
        for (address, shown) in [
            ("https://a.example/$x", "https://a.example/$x"),
            ("urn:example:$x", "urn:example:$x"),
            ("app:\u{e9}", "app:%C3%A9"),
        ] {
            assert_eq!(written_again(address).as_deref(), Some(shown));
        }
    }

    #[test]
    fn a_query_in_the_address_is_kept() {
        let mut params = Params::new();
        params.push("a b", "1&2");
        let url = |address| params.to_url(address).unwrap();
        assert_eq!(url("https://a.example/t"), "https://a.example/t?a%20b=1%262");
        assert_eq!(url("https://a.example/t?"), "https://a.example/t?a%20b=1%262");
        assert_eq!(url("https://a.example/t?x=%7e"), "https://a.example/t?x=%7e&a%20b=1%262");
        assert_eq!(url("https://a.example/t?x=1&"), "https://a.example/t?x=1&a%20b=1%262");
        assert!(params.to_url("https://a.example/t?a+b=2").is_err());
        params.push("resource", "r");
        assert!(params.to_url("https://a.example/t?resource=q").is_ok());
        assert_eq!(Params::new().to_url("https://a.example/t").unwrap(), "https://a.example/t");
    }
}

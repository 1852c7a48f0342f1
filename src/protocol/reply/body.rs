//! The body of an answer: JSON, a form, or neither.

use std::borrow::Cow;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::protocol::form;
use crate::provider::{Provider, ReplyMember, ReplyRules};
use crate::secret::Secret;
use crate::stored_json::{object, text_of as decoded, wipe, write};
use crate::substring::{number, split};

/// Members that are secrets, and their usual names.
const ACCESS: (ReplyMember, &[&str]) =
    (ReplyMember::AccessToken, &["access_token", "accessToken", "AccessToken"]);
const REFRESH: (ReplyMember, &[&str]) =
    (ReplyMember::RefreshToken, &["refresh_token", "refreshToken", "RefreshToken"]);
const ID: (ReplyMember, &[&str]) = (ReplyMember::IdToken, &["id_token", "idToken"]);

/// Paths of a refresh token that are tried if neither the provider's paths nor the top level have a
/// refresh token. An object with errors is not among them: `{"errors":{"refresh_token":"is
/// required"}}`.
const ELSEWHERE: [&str; 8] =
    ["data", "data[0]", "body", "result", "token", "tokens", "authed_user", "[0]"];

/// Members that a token has as fields, and members of an error.
const KNOWN: [&str; 9] = [
    "token_type",
    "tokenType",
    "scope",
    "scopes",
    "expires_in_sec",
    "expires_in",
    "expiresIn",
    "error_description",
    "error_uri",
];

/// How deep an extra member may be nested. Deeper members are dropped.
const DEEPEST: usize = 32;

/// The members of an answer. The strings of the members are wiped on drop.
pub(super) struct Body {
    value: Value,
    /// Whether the whole body could be read. If JSON is truncated, its complete members are kept,
    /// because the refresh token may be among them.
    pub(super) whole: bool,
    /// Whether the body is JSON. JSON shows where it ends and which of its members are complete; a form does not.
    pub(super) is_json: bool,
    /// Whether the body had bytes that are not UTF-8. If so, U+FFFD in a token means lost bytes.
    lossy: bool,
}

impl Body {
    /// Reads a body. The content decides the format, because the declared content type is often wrong.
    ///
    /// If a key comes twice, the last value is used, as in serde_json and most other readers.
    pub(super) fn parse(bytes: &[u8]) -> Body {
        // No text in UTF-8 begins with one of these bytes.
        let utf16 = match bytes {
            [0xfe | 0xff, ..] => decoded(bytes),
            _ => None,
        };
        let text = match &utf16 {
            Some(text) => Cow::Borrowed(text.as_str()),
            None => String::from_utf8_lossy(bytes),
        };
        let lossy = matches!(text, Cow::Owned(_));
        let trimmed = text.trim();
        let trimmed = trimmed.strip_prefix('\u{feff}').unwrap_or(trimmed).trim();
        let is_json = trimmed.starts_with(['{', '[']);
        let (value, whole) = match trimmed.bytes().next() {
            Some(b'{' | b'[') => match trimmed.parse() {
                Ok(value) => (value, true),
                Err(_) => (Value::Object(salvage(trimmed)), false),
            },
            // An HTML page is no form, although a link in it may contain `&error=1&`.
            None | Some(b'<') => (Value::Null, false),
            Some(_) => form_members(trimmed).map_or((Value::Null, false), |map| (map.into(), true)),
        };
        Body { value, whole, is_json, lossy }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Finds the object with the access token: at one of the provider's paths, or at the top level.
    pub(super) fn token_object<'a>(&'a self, provider: &'a Provider) -> Option<Found<'a>> {
        let mut objects = self.objects(provider).into_iter();
        objects.find(|found| text_of(found.object, &provider.reply, ACCESS).is_some())
    }

    /// Finds the refresh token: in the object with the access token, at the paths where that object is
    /// searched, or where services are known to nest their answers. A refresh token beside another access
    /// token belongs to that access token and is ignored.
    pub(super) fn refresh_token(&self, provider: &Provider) -> Option<Secret> {
        let pair = self.token_object(provider).map(|found| found.object);
        let rules = &provider.reply;
        let alone = |object: &&Map<String, Value>| {
            pair.is_none() || text_of(object, rules, ACCESS).is_none()
        };
        let beside = pair.and_then(|object| text_of(object, rules, REFRESH));
        if let Some(text) = beside.filter(|text| self.intact(text)) {
            return Some(Secret::new(text));
        }
        let mut places = self.objects(provider);
        ELSEWHERE.iter().for_each(|path| self.add(&mut places, path));
        for object in places.iter().map(|found| found.object).filter(alone) {
            // Without an access token beside it, a text with spaces is a sentence: `"This field is
            // required."`
            let text = text_of(object, rules, REFRESH);
            let fits = |text: &&str| !text.contains(char::is_whitespace) && self.intact(text);
            if let Some(text) = text.filter(fits) {
                return Some(Secret::new(text));
            }
        }
        None
    }

    /// The access token, unless it has characters that a header cannot carry.
    pub(super) fn access_token(&self, found: &Found<'_>, rules: &ReplyRules) -> Option<Secret> {
        text_of(found.object, rules, ACCESS)
            .filter(|text| !text.contains(char::is_control) && self.intact(text))
            .map(Secret::new)
    }

    pub(super) fn id_token(&self, found: &Found<'_>, rules: &ReplyRules) -> Option<Secret> {
        text_of(found.object, rules, ID).filter(|text| self.intact(text)).map(Secret::new)
    }

    fn intact(&self, text: &str) -> bool {
        !(self.lossy && text.contains(char::REPLACEMENT_CHARACTER))
    }

    fn objects<'a>(&'a self, provider: &'a Provider) -> Vec<Found<'a>> {
        let mut objects = Vec::new();
        provider.reply.token_paths.iter().for_each(|path| self.add(&mut objects, path));
        self.add(&mut objects, "");
        objects
    }

    fn add<'a>(&'a self, objects: &mut Vec<Found<'a>>, path: &'a str) {
        if let Some(object) = at(&self.value, path).and_then(Value::as_object) {
            objects.push(Found { object, path });
        }
    }

    /// The extra members of a token: the unknown members beside the access token, then the members of the top
    /// level.
    pub(super) fn extra(&self, found: &Found<'_>, rules: &ReplyRules) -> Map<String, Value> {
        let root = found.path.split(['.', '[']).next().unwrap_or_default();
        let mut extra = Map::new();
        let mut add = |name: &String, value: &Value| {
            if !is_known(name, rules) && !extra.contains_key(name) && is_shallow(value, DEEPEST) {
                extra.insert(name.clone(), value.clone());
            }
        };
        for (name, value) in found.object {
            add(name, value);
        }
        for (name, value) in self.value.as_object().into_iter().flatten() {
            if name != root {
                add(name, value);
            }
        }
        extra
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        wipe(&mut self.value);
    }
}

/// An object with a token, and its path.
pub(super) struct Found<'a> {
    pub(super) object: &'a Map<String, Value>,
    path: &'a str,
}

/// The value at a path such as `a.b[0].c`; the value itself at an empty path.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = value;
    for step in split(path, '.') {
        let (name, indices) = step.split_at(step.find('[').unwrap_or(step.len()));
        if !name.is_empty() {
            value = value.get(name)?;
        }
        for index in split(indices, '[').skip(1) {
            value = value.get(usize::try_from(number(index.strip_suffix(']')?)?).ok()?)?;
        }
    }
    Some(value)
}

/// Whether the member at a path has this value. A number is compared as text.
pub(crate) fn has(value: &Value, path: &str, wanted: &str) -> bool {
    at(value, path).is_some_and(|value| match value {
        Value::String(text) => text == wanted,
        other => write(other).as_deref() == Some(wanted),
    })
}

/// The text of a member. Tries the provider's names and then the usual names, until a name has a text
/// that is not empty.
pub(super) fn text_of<'a>(
    object: &'a Map<String, Value>,
    rules: &ReplyRules,
    (member, usual): (ReplyMember, &[&str]),
) -> Option<&'a str> {
    let text = |name: &str| object.get(name)?.as_str().filter(|text| !text.is_empty());
    rules.names(member).find_map(text).or_else(|| usual.iter().find_map(|name| text(name)))
}

/// Whether a value is nested at most `left` levels deep. A record nests the value deeper still, and
/// must be readable again.
fn is_shallow(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(values) => left > 0 && values.iter().all(|value| is_shallow(value, left - 1)),
        Value::Object(map) => left > 0 && map.values().all(|value| is_shallow(value, left - 1)),
        _ => true,
    }
}

fn is_known(name: &str, rules: &ReplyRules) -> bool {
    name == "error"
        || [ACCESS.1, REFRESH.1, ID.1, &KNOWN].iter().any(|set| set.contains(&name))
        || rules.members.iter().any(|(_, named)| named == name)
}

fn form_members(text: &str) -> Option<Map<String, Value>> {
    let pairs = form::parse(text);
    let telling = ["access_token", "refresh_token", "error"];
    if !pairs.iter().any(|pair| telling.contains(&pair.name.as_str())) {
        return None;
    }
    let mut members = Map::new();
    for pair in pairs {
        members.insert(pair.name, Value::String(pair.value));
    }
    Some(members)
}

/// Reads what is left of a truncated JSON object. Cuts the text after its last complete string, list or
/// object, and adds a brace. If the result is not JSON, cuts the text after an earlier string, list or
/// object.
fn salvage(text: &str) -> Map<String, Value> {
    let (mut ends, mut depth, mut quoted, mut escaped) = (Vec::new(), 0_usize, false, false);
    // Whether a member's value is being read.
    let mut value = false;
    for (at, byte) in text.bytes().enumerate() {
        let mut closed = false;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                quoted = !quoted;
                closed = !quoted;
            }
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                closed = true;
            }
            b':' => value = true,
            b',' if depth == 1 => value = false,
            _ => {}
        }
        if closed && value && depth == 1 {
            ends.push(at + 1);
        }
    }
    // If the text up to one end cannot be read, the text up to a later end cannot be read either.
    let read =
        |end: usize| -> Option<Value> { Zeroizing::new([&text[..end], "}"].concat()).parse().ok() };
    let reads = |end: &usize| read(*end).map(|mut value| wipe(&mut value)).is_some();
    let whole = ends.partition_point(reads);
    ends[..whole].last().and_then(|end| object(read(*end)?)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_names_members_and_indices() {
        let value = json!({"a": {"b": [{"c": 1}, [2]]}, "d": null});
        for (path, expected) in [
            ("a.b[0].c", Some(json!(1))),
            ("a.b[1][0]", Some(json!(2))),
            ("d", Some(Value::Null)),
            ("a.b[2]", None),
            ("a.x", None),
            ("a.b[x]", None),
            ("a.b[0", None),
            ("d.e", None),
        ] {
            assert_eq!(at(&value, path), expected.as_ref(), "{path}");
        }
        assert_eq!(at(&json!([{"a": 1}]), "[0].a"), Some(&json!(1)));
    }

    #[test]
    fn whole_members_of_a_truncated_body_are_kept() {
        let text = br#"{"access_token":"at1","refresh_token":"rt2","scope":"a b"#;
        let body = Body::parse(text);
        assert!(!body.whole);
        assert_eq!(body.value, json!({"access_token": "at1", "refresh_token": "rt2"}));
        assert_eq!(Body::parse(&text[..40]).value, json!({"access_token": "at1"}));
        // A number at the end may be incomplete. A brace or quote inside a text does not end the
        // object.
        let odd = br#"{"a":"x\"},{\\","rt":"2","n":{"a":1,"b":[2,3]},"expires_in":36"#;
        let whole = json!({"a": "x\"},{\\", "rt": "2", "n": {"a": 1, "b": [2, 3]}});
        assert_eq!(Body::parse(odd).value, whole);
        for odd in [r#"{"rt":"2",oops,"b":"1""#, r#"{"rt":"2""b":"1""#, r#"{"rt":"2",,"#] {
            assert_eq!(Body::parse(odd.as_bytes()).value, json!({"rt": "2"}), "{odd}");
        }
        // Other text follows the JSON, such as the warning of a script.
        for more in ["<br />Warning: x", "{\"rt\":\"3\"}", "}", "\0"] {
            let body = Body::parse(format!("{}{more}", r#"{"rt":"2","n":[1]}"#).as_bytes());
            assert_eq!(body.value, json!({"rt": "2", "n": [1]}), "{more}");
            assert!(!body.whole);
        }
        assert_eq!(Body::parse(b"{").value, json!({}));
    }

    /// The members that serde_json's own reader has read when it fails.
    fn read_so_far(text: &str) -> Map<String, Value> {
        struct Members(Map<String, Value>);
        impl<'de> serde::de::Visitor<'de> for &mut Members {
            type Value = ();
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some((name, value)) = map.next_entry()? {
                    self.0.insert(name, value);
                }
                Ok(())
            }
        }
        let mut members = Members(Map::new());
        let mut reader = serde_json::Deserializer::from_str(text);
        let _ = serde::Deserializer::deserialize_map(&mut reader, &mut members);
        members.0
    }

    #[test]
    fn a_damaged_body_keeps_the_members_that_serde_json_reads() {
        let whole =
            r#" {"a":"x\"},{\\","rt": "2" ,"n":{"a":[1,{"b":2}],"c":"]"},"t":true,"e":36,"é":"ü"}"#;
        for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            for more in
                ["", "}", "]", "\"", ",", ",,", "x", "\\", "{\"rt\":\"3\"}", "<br />,\"a\":1", ":"]
            {
                let text = format!("{}{more}", &whole[..end]);
                let (found, mut expected) = (salvage(&text), read_so_far(&text));
                // A number or a word at the end may be incomplete, so leave it out.
                let is_plain = |value: &Value| value.is_number() || value.is_boolean();
                expected.retain(|name, value| found.contains_key(name) || !is_plain(value));
                assert_eq!(found, expected, "{text}");
            }
        }
    }

    #[test]
    fn any_number_of_members_before_the_cut_is_kept() {
        for count in 1..20 {
            let members: Vec<_> = (0..count).map(|n| format!("\"m{n}\":\"{n}\"")).collect();
            assert_eq!(salvage(&format!("{{{},", members.join(","))).len(), count);
        }
    }

    #[test]
    fn a_token_whose_bytes_were_lost_is_none() {
        let provider = Provider::new("https://a.example/a", "https://a.example/t").unwrap();
        let read = |body: &[u8]| {
            let body = Body::parse(body);
            let found = body.token_object(&provider).unwrap();
            let access_token = body.access_token(&found, &provider.reply).is_some();
            let id_token = body.id_token(&found, &provider.reply).is_some();
            [access_token, id_token, body.refresh_token(&provider).is_some()]
        };
        let body = |a: &[u8], i: &[u8], r: &[u8]| {
            [
                b"{\"access_token\":\"",
                a,
                b"\",\"id_token\":\"",
                i,
                b"\",\"data\":{\"refresh_token\":\"",
                r,
                b"\"}}",
            ]
            .concat()
        };
        assert_eq!(read(&body(b"a\xff", b"i", b"r")), [false, true, true]);
        assert_eq!(read(&body(b"a", b"i\xff", b"r")), [true, false, true]);
        assert_eq!(read(&body(b"a", b"i", b"r\xff")), [true, true, false]);
        // The service itself may send this character.
        let sent = "\u{fffd}".as_bytes();
        assert_eq!(read(&body(sent, sent, sent)), [true, true, true]);
    }

    #[test]
    fn an_extra_member_is_nested_at_most_32_deep() {
        let nested = |open: &str, close: &str, depth: usize| -> Value {
            format!("{}1{}", open.repeat(depth), close.repeat(depth)).parse().unwrap()
        };
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert!(is_shallow(&nested(open, close, DEEPEST), DEEPEST));
            assert!(!is_shallow(&nested(open, close, DEEPEST + 1), DEEPEST));
        }
        assert!(!is_shallow(&json!([1, nested("[", "]", DEEPEST)]), DEEPEST));
    }

    #[test]
    fn a_byte_order_mark_and_surrounding_space_are_ignored() {
        let body = Body::parse("\u{feff} \r\n{\"a\":1}\n".as_bytes());
        assert!(body.whole && body.value == json!({"a": 1}));
    }

    #[test]
    fn a_page_with_a_link_is_not_a_form() {
        for text in ["<a href='/x?a=1&error=2&b'>", "Bad Request", "", "a=b"] {
            assert!(!Body::parse(text.as_bytes()).whole, "{text}");
        }
    }
}

//! Reads the challenges in `WWW-Authenticate`, with which an API refuses an access token (RFC 9110
//! section 11.6.1, RFC 6750 section 3).

use ureq::http::HeaderMap;

use super::StepUp;
use crate::plain::is_unseen;
use crate::substring;

/// The largest number of challenges in an answer, and of parameters in a challenge, that are read.
const MOST: usize = 64;

/// One challenge of an answer, such as `Bearer error="insufficient_scope", scope="read write"`.
///
/// ```
/// use evergrant::error::Challenge;
/// use ureq::http::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("www-authenticate", r#"Bearer error="insufficient_scope", scope="a b""#.parse()?);
/// let challenges = Challenge::of(&headers);
/// assert_eq!(challenges[0].error(), Some("insufficient_scope"));
/// assert_eq!(challenges[0].parameter("scope"), Some("a b"));
/// # Ok::<(), ureq::http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scheme as the server wrote it. Empty if the server wrote no scheme; at least one server writes
    /// none.
    pub scheme: String,
    /// The single value of a scheme without parameters, such as `Negotiate`.
    pub token68: Option<String>,
    /// The parameters in their order: names in lower case, values without quotes and without characters
    /// that are invisible or move the cursor.
    pub parameters: Vec<(String, String)>,
    /// Whether the challenge follows the grammar: no parameter twice, no quoted string without its closing
    /// quote.
    pub well_formed: bool,
}

impl Challenge {
    /// Reads the challenges of all `WWW-Authenticate` headers. Skips unreadable parts.
    pub fn of(headers: &HeaderMap) -> Vec<Challenge> {
        let mut found = Vec::new();
        for value in headers.get_all("www-authenticate") {
            parse(&String::from_utf8_lossy(value.as_bytes()), &mut found);
        }
        found
    }

    /// Whether the challenge has this scheme, in upper or lower case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The value of the first parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.as_str())
    }

    /// The error code, such as `invalid_token` or `insufficient_scope` (RFC 6750 section 3.1).
    pub fn error(&self) -> Option<&str> {
        self.parameter("error")
    }

    pub(super) fn wants_stronger_login(&self) -> bool {
        self.error() == Some("insufficient_user_authentication")
    }
}

/// What the answer says about the access token, and what to do. Returns `None` if the answer is not about the
/// token. The text may repeat parts of the request.
pub(crate) fn advice(status: u16, headers: &HeaderMap) -> Option<String> {
    let challenges = Challenge::of(headers);
    let stronger = challenges.iter().find(|challenge| challenge.wants_stronger_login());
    let told = stronger.or_else(|| challenges.iter().find(|other| other.error().is_some()));
    let error = told.and_then(Challenge::error);
    let named = |name: &str| told.and_then(|told| told.parameter(name));
    let scope = named("scope").map(|scope| format!(" `{scope}`")).unwrap_or_default();
    let words = [error, named("error_description")];
    let words = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
    let says = if words.is_empty() { words } else { format!(" ({words})") };
    #[cfg(feature = "dpop")]
    if let Some(fault) = super::ProofFault::of(status, headers) {
        let says = if says.is_empty() { String::new() } else { says };
        return Some(format!(
            "it does not accept the DPoP proof of the request{says}: {}",
            fault.advice()
        ));
    }
    Some(match (status, error) {
        (401 | 403, _) if stronger.is_some() => {
            let asked = StepUp::of(headers).unwrap_or_default().parameters();
            let asked = asked.iter().map(|(name, value)| format!("{name}={value}"));
            let asked = asked.chain(named("scope").map(|scope| format!("scope={scope}")));
            let asked: Vec<_> = asked.map(|asked| format!("`{asked}`")).collect();
            let with = match asked.is_empty() {
                true => String::new(),
                false => format!(" with {}", asked.join(" and ")),
            };
            format!(
                "it wants a stronger or a newer login{says}: authorize again{with}; a refresh does not \
                 help"
            )
        }
        (_, Some("insufficient_scope")) => {
            format!("the access token lacks the scope{scope}{says}: authorize again with it")
        }
        (401, _) => format!(
            "it does not accept the access token{says}: check that the token is for this service and \
             has the scopes of the call; if so, authorize again"
        ),
        _ => return None,
    })
}

/// Reads one header. Commas separate the challenges and also their parameters: after a comma, a word
/// followed by `=` is a parameter of the current challenge; any other word begins a challenge.
fn parse(text: &str, found: &mut Vec<Challenge>) {
    let mut rest = text;
    let mut open = false;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if rest.is_empty() || found.len() > MOST {
            return;
        }
        let (word, after) = token(rest);
        if word.is_empty() {
            // Skip an element that cannot be read.
            rest = skip_element(rest);
            mark(found, open);
            continue;
        }
        let behind = after.trim_start();
        if let Some(value) = behind.strip_prefix('=').filter(|_| open || !is_token68(after)) {
            if !open {
                found.push(Challenge { well_formed: false, ..Challenge::default() });
                open = true;
            }
            rest = parameter(word, value, found);
            continue;
        }
        let mut challenge =
            Challenge { scheme: word.to_owned(), well_formed: true, ..Challenge::default() };
        rest = after;
        // A token68 fills the rest of the element: `Negotiate YII=`.
        let (element, following) = after.split_at(after.find(',').unwrap_or(after.len()));
        let value = element.trim();
        let (first, behind) = token68(value);
        if after.starts_with(char::is_whitespace) && !first.is_empty() && behind.is_empty() {
            challenge.token68 = Some(first.to_owned());
            rest = following;
        }
        found.push(challenge);
        open = true;
    }
}

/// Adds a parameter to the last challenge. Returns the rest of the text.
fn parameter<'a>(name: &str, value: &'a str, found: &mut [Challenge]) -> &'a str {
    let value = value.trim_start();
    let (text, rest, whole) = match value.strip_prefix('"') {
        Some(quoted) => unquoted(quoted),
        // At least one server writes values with spaces without quotes: read up to the comma.
        None => {
            let (text, rest) = value.split_at(value.find(',').unwrap_or(value.len()));
            let text = text.trim_end();
            (text.to_owned(), rest, token(text).1.is_empty())
        }
    };
    if let Some(challenge) = found.last_mut().filter(|challenge| challenge.parameters.len() < MOST)
    {
        let name = name.to_ascii_lowercase();
        let twice = challenge.parameters.iter().any(|(own, _)| *own == name);
        challenge.well_formed &= whole && !twice;
        let text = text.chars().filter(|c| !is_unseen(*c)).collect();
        challenge.parameters.push((name, text));
    }
    rest
}

/// Reads a quoted string up to its closing quote. Returns the string without `\`, the rest, and whether the
/// closing quote was there.
fn unquoted(text: &str) -> (String, &str, bool) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..], true),
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "", false)
}

fn mark(found: &mut [Challenge], open: bool) {
    if let Some(challenge) = found.last_mut().filter(|_| open) {
        challenge.well_formed = false;
    }
}

/// Returns the text from the next comma outside quotes.
fn skip_element(text: &str) -> &str {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => return &text[at..],
            _ => {}
        }
    }
    ""
}

/// Splits off a token (RFC 9110 section 5.6.2).
fn token(text: &str) -> (&str, &str) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    text.split_at(text.bytes().position(|b| !fits(b)).unwrap_or(text.len()))
}

/// Splits off a token68 (RFC 9110 section 11.2).
fn token68(text: &str) -> (&str, &str) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    let end = text.bytes().position(|b| !fits(b)).unwrap_or(text.len());
    let equals = text[end..].bytes().take_while(|b| *b == b'=').count();
    if end == 0 { ("", text) } else { text.split_at(end + equals) }
}

/// Whether the rest of the element is only `=`: then the word was a token68 and not a name.
fn is_token68(text: &str) -> bool {
    let element = substring::before(text, ',').trim_end();
    !element.is_empty() && element.bytes().all(|b| b == b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    fn read(values: &[&[u8]]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("www-authenticate", HeaderValue::from_bytes(value).unwrap());
        }
        Challenge::of(&headers)
    }

    /// Prints each challenge as `scheme name=value name=value`, with `!` first if the challenge breaks the
    /// grammar.
    fn shown(values: &[&[u8]]) -> Vec<String> {
        let show = |challenge: &Challenge| {
            let mark = if challenge.well_formed { "" } else { "!" };
            let mut text = format!("{mark}{}", challenge.scheme);
            text.extend(challenge.token68.iter().map(|value| format!(" {value}")));
            text.extend(
                challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}")),
            );
            text
        };
        read(values).iter().map(show).collect()
    }

    #[test]
    fn every_challenge_that_was_seen_is_read() {
        let table: &[(&[u8], &[&str])] = &[
            (b"Bearer", &["Bearer"]),
            (
                b"bearer error=\"missing_authorization\", error_description=\"Missing 'Authorization' in headers.\"",
                &["bearer error=missing_authorization error_description=Missing 'Authorization' in headers."],
            ),
            (
                br#"Bearer realm="a, b=c", error="invalid_token" , error_description = "say \"no\"""#,
                &["Bearer realm=a, b=c error=invalid_token error_description=say \"no\""],
            ),
            (
                b"Bearer realm=\"https://as.example\", DPoP realm=\"https://as.example\", algs=\"ES256 EdDSA\"",
                &["Bearer realm=https://as.example", "DPoP realm=https://as.example algs=ES256 EdDSA"],
            ),
            (
                b"Basic realm=\"x\", Bearer error=invalid_token",
                &["Basic realm=x", "Bearer error=invalid_token"],
            ),
            (b"Negotiate YII=, Bearer realm=x", &["Negotiate YII=", "Bearer realm=x"]),
            (b"Bearer scope=\"a b\", scope=\"c\"", &["!Bearer scope=a b scope=c"]),
            (
                b"Bearer error=\"insufficient_scope\",scope=\"write:x\",,",
                &["Bearer error=insufficient_scope scope=write:x"],
            ),
            (
                b"error=invalid_request,error_description=Invalid request",
                &["! error=invalid_request error_description=Invalid request"],
            ),
            (b"Basic", &["Basic"]),
            (b"Bearer error=\"invalid_client\"", &["Bearer error=invalid_client"]),
            (
                "DPoP realm=\"r\", error=\"use_dpop_nonce\", error_description=\"…\", algs=\"ES256\"".as_bytes(),
                &["DPoP realm=r error=use_dpop_nonce error_description=… algs=ES256"],
            ),
            (
                b"Bearer error=\"invalid_token\", error_description=\"caf\xe9\"",
                &["Bearer error=invalid_token error_description=caf\u{fffd}"],
            ),
            (b"Bearer error=\"unterminated", &["!Bearer error=unterminated"]),
            (b"", &[]),
            (b" , ,", &[]),
            (
                b"Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:a\", max_age=5",
                &["Bearer error=insufficient_user_authentication acr_values=urn:a max_age=5"],
            ),
            (
                b"Bearer resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"",
                &["Bearer resource_metadata=https://api.example/.well-known/oauth-protected-resource"],
            ),
            (b"\"quoted, first\", Bearer realm=x", &["Bearer realm=x"]),
            (b"Bearer \"x\", error=a", &["!Bearer error=a"]),
        ];
        for (value, expected) in table {
            assert_eq!(shown(&[value]), *expected, "{}", String::from_utf8_lossy(value));
        }
        assert_eq!(
            shown(&[b"Basic realm=a", b"", b"Bearer error=b"]),
            ["Basic realm=a", "Bearer error=b"]
        );
    }

    #[test]
    fn challenges_ignore_case_and_the_first_of_two_counts() {
        let challenge = &read(&[b"BEARER Error=\"a\", ERROR=\"b\", ScOpE=\"c d\""])[0];
        assert!(challenge.is("bearer") && !challenge.is("basic") && !challenge.well_formed);
        assert_eq!((challenge.error(), challenge.parameter("scope")), (Some("a"), Some("c d")));
    }

    #[test]
    fn a_header_without_end_is_read_up_to_a_limit() {
        let many = "Bearer a=b, ".repeat(500);
        assert!(read(&[many.as_bytes()]).len() <= MOST + 1);
        let long = format!("Bearer {}", "a=b,".repeat(5000));
        assert_eq!(read(&[long.as_bytes()])[0].parameters.len(), MOST);
    }

    #[test]
    fn a_challenge_has_no_invisible_characters() {
        let mut headers = HeaderMap::new();
        let text =
            "Bearer error=\"a\u{202e}b\u{9b}c\u{2066}d\", scope=\u{202e}x, \u{202e}y z=\u{feff}";
        let value = ureq::http::HeaderValue::from_bytes(text.as_bytes()).unwrap();
        headers.insert("www-authenticate", value);
        let found = Challenge::of(&headers);
        assert_eq!(found[0].error(), Some("abcd"));
        assert!(!format!("{found:?}").contains("\\u{"), "{found:?}");
        assert!(!advice(401, &headers).unwrap().contains(is_unseen));
    }
}

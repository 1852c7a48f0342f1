//! Cleans a server's texts for error messages.

use crate::error::OAuthError;
use crate::plain::is_unseen;
use crate::secret::Secret;
use crate::substring;

/// How many characters of a server's text an error keeps.
const LONGEST: usize = 300;

/// A word of at least this many bytes that contains a digit may be a token, and is not shown.
const TOKEN_LIKE: usize = 40;

/// Removes control characters and possible tokens from a server's text, and cuts it to fit a log line.
/// Returns `None` if nothing is left.
pub(crate) fn clean(text: &str) -> Option<String> {
    let mut plain = String::new();
    for word in text.split_inclusive(is_break) {
        let end = word.char_indices().next_back().filter(|(_, c)| is_break(*c));
        let (word, end) = end.map_or((word, ""), |(at, _)| word.split_at(at));
        plain.push_str(&without_token(word));
        plain.extend(end.chars().filter(|c| !is_unseen(*c)));
        if end.chars().any(is_unseen) {
            plain.push(' ');
        }
    }
    let plain = plain.trim();
    let cut = plain.char_indices().nth(LONGEST).map(|(at, _)| at);
    match cut {
        Some(at) => Some(format!("{}…", plain[..at].trim_end())),
        None => Some(plain.to_owned()).filter(|text| !text.is_empty()),
    }
}

/// Removes a secret from an error's texts: servers repeat parts of a request.
pub(crate) fn hide(error: &mut OAuthError, secret: &Secret) {
    // A string of fewer than four bytes is no secret, and cutting it out would garble the message.
    if secret.expose().len() < 4 {
        return;
    }
    let hide = |text: &mut String| *text = substring::replaced(text, secret.expose(), "[..]");
    hide(&mut error.code);
    error.description.as_mut().map(hide);
    error.uri.as_mut().map(hide);
}

fn is_break(c: char) -> bool {
    c.is_whitespace() || is_unseen(c) || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | ',')
}

fn without_token(word: &str) -> String {
    let token_like =
        |text: &str| text.len() >= TOKEN_LIKE && text.bytes().any(|byte| byte.is_ascii_digit());
    if substring::has(word, "://") {
        return match word.split_once(['?', '#']) {
            Some((address, query)) if token_like(query) => format!("{address}?[..]"),
            _ => word.to_owned(),
        };
    }
    if token_like(word) { "[..]".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_long_texts_do_not_reach_a_message() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc").as_deref(), Some("a [31mb  c"));
        assert_eq!(clean(" \u{202e}\0 "), None);
        let long = clean(&"é ".repeat(1000)).unwrap();
        assert!(long.chars().count() <= LONGEST + 1 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_may_be_a_token_does_not_reach_a_message() {
        let jwt = format!("eyJ0{}.eyJz{}.c2ln", "a".repeat(30), "b".repeat(30));
        assert_eq!(clean(&format!("bad token \"{jwt}\"")).unwrap(), "bad token \"[..]\"");
        let url = format!("see https://a.example/e?token={jwt} now");
        assert_eq!(clean(&url).unwrap(), "see https://a.example/e?[..] now");
        let short = "see https://a.example/e?code=7 now";
        assert_eq!(clean(short).unwrap(), short);
        assert_eq!(clean(&format!("bad {}", "a1".repeat(20))).unwrap(), "bad [..]");
        for kept in ["a1".repeat(19) + "a", "a".repeat(60)] {
            assert_eq!(clean(&kept).unwrap(), kept);
        }
        // A trace id of 36 characters is kept: the service's support needs it.
        let trace = "Trace ID: 6f9619ff-8b86-d011-b42d-00c04fc964ff";
        assert_eq!(clean(trace).unwrap(), trace);
    }

    #[test]
    fn a_secret_that_was_sent_is_taken_out() {
        let mut error = OAuthError {
            host: "a.example".to_owned(),
            code: "invalid_grant".to_owned(),
            description: Some("rt-sesame is unknown".to_owned()),
            uri: None,
            status: 400,
            request: None,
        };
        hide(&mut error, &Secret::new("rt-sesame"));
        assert_eq!(error.description.as_deref(), Some("[..] is unknown"));
        // A string of three bytes is no secret.
        hide(&mut error, &Secret::new("unk"));
        assert_eq!(error.description.as_deref(), Some("[..] is unknown"));
        hide(&mut error, &Secret::new("unkn"));
        assert_eq!(error.description.as_deref(), Some("[..] is [..]own"));
    }
}

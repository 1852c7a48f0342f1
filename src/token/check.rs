//! Tokens as they come from files and secret stores, with something that is not theirs.

use super::Token;
use crate::error::{Error, Result};

impl Token {
    /// Refuses a token that no service has issued, and names what has the fault.
    pub(crate) fn check(&self, access_token: &str, refresh_token: &str) -> Result<()> {
        let fault = match (access_fault(self.access_token.expose()), &self.refresh_token) {
            (Some(fault), _) => Some((access_token, fault)),
            (None, Some(token)) => mixed_in(token.expose()).map(|fault| (refresh_token, fault)),
            (None, None) => None,
        };
        fault.map_or(Ok(()), |(name, fault)| {
            Err(Error::config(format!(
                "{name} {fault}, which no token does (RFC 6749 appendix A.12): set it anew"
            )))
        })
    }
}

/// What is wrong with an access token: it is visible ASCII (RFC 6749 appendix A.12), and a header loses a
/// blank at an end.
fn access_fault(token: &str) -> Option<&'static str> {
    let odd = !token.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    mixed_in(token)
        .or(odd.then_some("has a character beyond ASCII"))
        .or_else(|| (token.trim().len() < token.len()).then_some("begins or ends with a blank"))
}

/// What a file or a secret store adds to a text. A refresh token travels in a form, whatever else it has.
fn mixed_in(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("is empty")
    } else if token.ends_with(['\r', '\n']) {
        Some("ends with a line break")
    } else if token.chars().any(|c| c.is_control() || c == '\u{feff}') {
        Some("has a control character or a byte order mark")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(pairs: &[(&str, &str)]) -> Result<Token> {
        Token::from_lookup("TEAMLEADER", |name| {
            Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_by_the_name_of_its_variable() {
        let refused = |pairs| lookup(pairs).map(|_| ()).unwrap_err().to_string();
        for (pairs, expected) in [
            (
                &[("TEAMLEADER_ACCESS_TOKEN", "sesame\n")] as &[_],
                "TEAMLEADER_ACCESS_TOKEN ends with a line break",
            ),
            (
                &[("TEAMLEADER_ACCESS_TOKEN", "at"), ("TEAMLEADER_REFRESH_TOKEN", "sesame\r\n")],
                "TEAMLEADER_REFRESH_TOKEN ends with a line break",
            ),
            (
                &[("TEAMLEADER_ACCESS_TOKEN", "\u{feff}sesame")],
                "TEAMLEADER_ACCESS_TOKEN has a control character or a byte order mark",
            ),
            (
                &[("TEAMLEADER_ACCESS_TOKEN", "ses\tame")],
                "TEAMLEADER_ACCESS_TOKEN has a control character",
            ),
            (
                &[("TEAMLEADER_ACCESS_TOKEN", " sesame")],
                "TEAMLEADER_ACCESS_TOKEN begins or ends with a blank",
            ),
        ] {
            let text = refused(pairs);
            assert!(text.starts_with(expected) && !text.contains("sesame"), "{text}");
        }
        // Every visible character may be in a token, blanks inside it too.
        let all: String = ('!'..='~').chain(" ~".chars()).collect();
        let odd = Token::new(all).with_refresh_token(" \u{1f600}");
        assert!(odd.check("a", "r").is_ok());
        assert!(Token::new("").check("a", "r").is_err());
        assert!(Token::new("a").with_refresh_token("").check("a", "r").is_err());
    }
}

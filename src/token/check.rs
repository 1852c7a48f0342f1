//! Finds tokens that a file or a secret store has changed, for example by a line break at the end.

use super::Token;

impl Token {
    /// Whether a person or a program has put a control character into the access token, and a refresh brings
    /// another access token. No answer of a service brings such a token.
    pub(crate) fn was_changed(&self) -> bool {
        self.refresh_token.is_some() && self.access_token.expose().contains(char::is_control)
    }

    /// Returns the fault of a token that no service can have issued; `None` if there is none. The text
    /// begins with the caller's name for the access token or the refresh token.
    pub(crate) fn fault(&self, access_token: &str, refresh_token: &str) -> Option<String> {
        let (name, fault) = match (access_fault(self.access_token.expose()), &self.refresh_token) {
            (Some(fault), _) => (access_token, fault),
            (None, Some(token)) => (refresh_token, mixed_in(token.expose())?),
            (None, None) => return None,
        };
        Some(format!(
            "{name} {fault}, so it is no valid token (RFC 6749 appendix A.12): set it again"
        ))
    }
}

/// Returns the fault of an access token. A valid token has visible ASCII only (RFC 6749 appendix A.12),
/// and no blank at its beginning or end, because a header would lose the blank.
fn access_fault(token: &str) -> Option<&'static str> {
    let odd = !token.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    mixed_in(token)
        .or(odd.then_some("has a character beyond ASCII"))
        .or_else(|| (token.trim().len() < token.len()).then_some("begins or ends with a blank"))
}

/// Returns the fault that a file or a secret store added to a token. A refresh token gets only this
/// check: it is sent in a form, which can carry every other character.
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

    #[test]
    fn every_visible_character_may_be_in_a_token() {
        let all: String = ('!'..='~').chain(" ~".chars()).collect();
        let odd = Token::new(all).with_refresh_token(" \u{1f600}");
        assert_eq!(odd.fault("a", "r"), None);
        assert!(Token::new("").fault("a", "r").is_some());
        assert!(Token::new("a").with_refresh_token("").fault("a", "r").is_some());
    }
}

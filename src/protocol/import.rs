//! Tokens as other libraries store them.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::reply::lifetime::{moment, seconds};
use crate::error::{Error, Result};
use crate::token::Token;

/// Where the end of a stored token stands: in seconds since 1970 or as a date of RFC 3339.
const ENDS: [&str; 3] = ["expiry", "expires_at", "expires_on"];
const KNOWN: [&str; 7] =
    ["access_token", "token_type", "refresh_token", "scope", "id_token", "issued_at", "expires_in"];

impl Token {
    /// Reads a token as another library has stored it: a JSON object with the names of RFC 6749
    /// section 5.1, and its end in `expiry`, `expires_at` or `expires_on`, as seconds since 1970 (UTC) or
    /// as a date of RFC 3339. `expires_in` alone says nothing: from when it counts is not known.
    /// Other members are kept in [`Token::extra`].
    ///
    /// For [`crate::Client::seed`]. The client credentials SDKs of APIMatic (Shell's among them) store
    /// this form, and so do golang/oauth2, Authlib and httpx-oauth.
    ///
    /// ```
    /// use evergrant::Token;
    ///
    /// let stored = r#"{"access_token":"a","token_type":"Bearer","expires_in":899,"expiry":1795200000}"#;
    /// let token = Token::from_json(stored)?;
    /// assert_eq!(token.expires_at().map(|end| end.unix_timestamp()), Some(1_795_200_000));
    /// assert_eq!(token.lifetime().map(|life| life.as_secs()), Some(899));
    /// # Ok::<(), evergrant::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for what is not a JSON object with an access token. It shows nothing of the
    /// text.
    pub fn from_json(text: &str) -> Result<Token> {
        let wrong = |why: &str| Error::config(format!("this is not a stored token: {why}"));
        let object: Map<String, Value> =
            text.parse().map_err(|_| wrong("it is not a JSON object"))?;
        let string = |name: &str| {
            let text = object.get(name)?.as_str()?;
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let access_token = string("access_token").ok_or_else(|| wrong("it has no access_token"))?;
        let mut token = Token::new(access_token);
        if let Some(refresh_token) = string("refresh_token") {
            token = token.with_refresh_token(refresh_token);
        }
        if let Some(token_type) = string("token_type") {
            token = token.with_token_type(token_type);
        }
        if let Some(scope) = string("scope") {
            token = token.with_scope(scope);
        }
        if let Some(id_token) = string("id_token") {
            token = token.with_id_token(id_token);
        }
        // Libraries write the first day of their calendar for "never".
        let known = |date: &OffsetDateTime| *date > OffsetDateTime::UNIX_EPOCH;
        let date = |name: &str| object.get(name).and_then(moment).filter(known);
        let life = object.get("expires_in").and_then(seconds);
        let issued_at = date("issued_at");
        if let Some(end) = ENDS.iter().find_map(|name| date(name)) {
            token = token.with_expires_at(end);
            let start = life.and_then(|life| end.checked_sub(life.try_into().ok()?));
            if let Some(start) = issued_at.or(start) {
                token = token.with_issued_at(start);
            }
        } else if let Some(issued_at) = issued_at {
            token = token.with_issued_at(issued_at);
        }
        let mut extra = Map::new();
        for (name, value) in object {
            if !KNOWN.contains(&name.as_str()) && !ENDS.contains(&name.as_str()) {
                extra.insert(name, value);
            }
        }
        Ok(token.with_extra(extra))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn end(members: Value) -> Option<i64> {
        let mut object = json!({"access_token": "a"});
        object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Token::from_json(&object.to_string()).unwrap().expires_at().map(|end| end.unix_timestamp())
    }

    #[test]
    fn the_end_is_a_number_or_a_date_and_a_lifetime_alone_is_none() {
        let end_at = Some(1_795_200_000);
        assert_eq!(end(json!({"expiry": 1_795_200_000})), end_at);
        assert_eq!(end(json!({"expiry": "1795200000"})), end_at);
        assert_eq!(end(json!({"expires_at": 1_795_200_000.4})), end_at);
        assert_eq!(end(json!({"expiry": "2026-11-20T20:40:00+02:00"})), end_at);
        assert_eq!(end(json!({"expires_in": 899})), None);
        assert_eq!(end(json!({"expiry": "0001-01-01T00:00:00Z"})), None);
        assert_eq!(end(json!({"expiry": 0})), None);
        assert_eq!(end(json!({"expiry": "soon", "expires_on": "1795200000"})), end_at);
        assert_eq!(end(json!({"expiry": u64::MAX})), None);
    }

    #[test]
    fn a_token_of_this_crate_reads_back_and_what_has_no_place_is_kept() {
        let end = OffsetDateTime::from_unix_timestamp(1_795_200_000).unwrap();
        let token = Token::new("a")
            .with_refresh_token("r")
            .with_scope("x y")
            .with_token_type("bearer")
            .with_id_token("i")
            .with_issued_at(end - std::time::Duration::from_secs(60))
            .with_expires_at(end);
        assert_eq!(Token::from_json(&serde_json::to_string(&token).unwrap()).unwrap(), token);
        let odd = r#"{"access_token":"a","refresh_token":"","scope":null,"site":"eu"}"#;
        let odd = Token::from_json(odd).unwrap();
        assert_eq!((odd.refresh_token(), odd.scope()), (None, None));
        assert_eq!(odd.extra()["site"], "eu");
    }

    #[test]
    fn what_is_not_a_token_is_refused_and_not_shown() {
        for text in ["", "null", "[]", "sesame", r#"{"access_token":""}"#, r#"{"token":"sesame"}"#]
        {
            let error = Token::from_json(text).unwrap_err();
            assert!(matches!(error, Error::Config(_)));
            assert!(!format!("{error} {error:?}").contains("sesame"));
        }
    }
}

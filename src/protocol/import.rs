//! Reads tokens that other libraries have stored.

mod forms;

use std::cmp::Ordering;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use self::forms::{of_google_auth, only_one_of};
use crate::clock::later;
use crate::error::{Error, Result};
use crate::token::{Token, parse_date};

/// The members in which libraries store the expiry of a token, and the members in which they store its time
/// of issue.
const ENDS: [&str; 6] =
    ["expiry", "expires_at", "expires_on", "expires", "token_expiry", "expiry_date"];
const STARTS: [&str; 2] = ["issued_at", "created_at"];
const KNOWN: [&str; 7] =
    ["access_token", "token_type", "refresh_token", "scope", "id_token", "issued_at", "expires_in"];

/// A larger number is milliseconds since 1970, not seconds: as seconds, it would be in the year
/// 5138.
const MILLISECONDS: f64 = 1e11;

/// The longest lifetime, in seconds. A longer lifetime is a mistake: a date instead of a lifetime.
const LONGEST: f64 = 10.0 * 365.25 * 86_400.0;

impl Token {
    /// Reads a token that another library has stored: a JSON object with the names of RFC 6749 section
    /// 5.1. The expiry is in `expiry`, `expires_at`, `expires_on`, `expires`, `token_expiry` or
    /// `expiry_date`, as seconds or milliseconds since 1970 (UTC) or as an RFC 3339 date and time; or
    /// in `expires_in`, with the moment from which it counts in `issued_at` or `created_at`. Null, an
    /// empty string, 0 and the first day of a calendar (year 1 or 1970) mean that there is no expiry.
    /// Other members are kept in [`Token::extra`].
    ///
    /// An object with a refresh token and no access token is read, too, such as a credentials file of
    /// gcloud with the type `authorized_user`: the result is the same token as from
    /// [`Token::from_refresh_token`], with the scope.
    ///
    /// Two further forms are read: the list of yup-oauth2's token file, if it has one login, and the JSON of
    /// Python's google-auth (`token`, `scopes`), of which only the token is kept and not the client's secret.
    ///
    /// Pass the token to [`crate::Client::seed`]. The client credentials SDKs of APIMatic (such as Shell's),
    /// golang/oauth2, Authlib and httpx-oauth store tokens in this form.
    ///
    /// ```
    /// use evergrant::Token;
    ///
    /// let stored = r#"{"access_token":"a","token_type":"Bearer","expires_in":899,"expiry":1795200000}"#;
    /// let token = Token::from_json(stored)?;
    /// assert_eq!(token.expires_at().map(|end| end.unix_timestamp()), Some(1_795_200_000));
    /// assert_eq!(token.lifetime().map(|life| life.as_secs()), Some(899));
    /// assert!(Token::from_json(r#"{"access_token":"a","expires_at":"soon"}"#).is_err());
    /// # Ok::<(), evergrant::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the text is not a JSON object with an access token or a refresh token, if a
    /// token has a character that RFC 6749 appendix A.12 does not allow, or if one of these members
    /// cannot be read: a token whose expiry is not understood would never be refreshed. An `expires_in`
    /// without the moment from which it counts is an error for the same reason. The error names the
    /// member and shows no secret.
    pub fn from_json(text: &str) -> Result<Token> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let object = match text.trim_start().starts_with('[') {
            true => only_one_of(text)?,
            false => text.parse().map_err(|_| wrong("it is not a JSON object"))?,
        };
        if object.get("type").and_then(Value::as_str) == Some("authorized_user") {
            return authorized_user(&object);
        }
        let object = of_google_auth(object);
        let text = |name: &str| text_of(&object, name);
        let mut token = match (text("access_token")?, text("refresh_token")?) {
            (Some(access_token), Some(refresh_token)) => {
                Token::new(access_token).with_refresh_token(refresh_token)
            }
            (Some(access_token), None) => Token::new(access_token),
            (None, Some(refresh_token)) => return alone(&refresh_token, text("scope")?),
            (None, None) => return Err(wrong("it has no access_token and no refresh_token")),
        };
        if let Some(fault) = token.fault("access_token", "refresh_token") {
            return Err(wrong(fault));
        }
        if let Some(token_type) = text("token_type")? {
            token = token.with_token_type(token_type);
        }
        if let Some(scope) = text("scope")? {
            token = token.with_scope(scope);
        }
        if let Some(id_token) = text("id_token")? {
            token = token.with_id_token(id_token);
        }
        let (start, end) = start_and_end(&object)?;
        if end.is_none() {
            check_for_an_unknown_end(&object)?;
        }
        if let Some(end) = end {
            token = token.with_expires_at(end);
        }
        if let Some(start) = start {
            token = token.with_issued_at(start);
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

/// The login in a credentials file of gcloud.
fn authorized_user(object: &Map<String, Value>) -> Result<Token> {
    let missing = || wrong("it has the type authorized_user and no refresh_token");
    alone(&text_of(object, "refresh_token")?.ok_or_else(missing)?, None)
}

/// A login with only a refresh token. The other members describe an access token that the file does not
/// have.
fn alone(refresh_token: &str, scope: Option<String>) -> Result<Token> {
    let token = Token::from_refresh_token(refresh_token);
    match (token.fault("access_token", "refresh_token"), scope) {
        (Some(fault), _) => Err(wrong(fault)),
        (None, Some(scope)) => Ok(token.with_scope(scope)),
        (None, None) => Ok(token),
    }
}

/// When the token was issued and when it expires. If the text has a lifetime and one of the two dates,
/// computes the other date.
fn start_and_end(
    object: &Map<String, Value>,
) -> Result<(Option<OffsetDateTime>, Option<OffsetDateTime>)> {
    let start = first_date(object, &STARTS)?;
    let life = lifetime(object)?;
    let end = match (first_date(object, &ENDS)?, life, start) {
        (Some(end), ..) => Some(end),
        (None, Some(life), _) if life.as_secs_f64() > LONGEST => {
            return Err(wrong("expires_in is more than ten years; a date belongs in expires_at"));
        }
        (None, Some(life), Some(start)) => Some(later(start, life)),
        (None, Some(_), None) => {
            return Err(wrong(
                "expires_in needs the moment from which it counts; add issued_at, or the end as \
                 expires_at",
            ));
        }
        (None, None, _) => None,
    };
    let counted = end.zip(life.filter(|life| life.as_secs_f64() <= LONGEST));
    let counted = counted.and_then(|(end, life)| end.checked_sub(life.try_into().ok()?));
    Ok((start.or(counted), end))
}

/// Refuses a member that looks like an expiry but has an unknown name: without its expiry, the token
/// would never be renewed.
fn check_for_an_unknown_end(object: &Map<String, Value>) -> Result<()> {
    let looks_like_it = |name: &str| {
        let name = name.to_ascii_lowercase();
        let is_known = name == "expires_in" || ENDS.contains(&&*name);
        (name.contains("expir") || name == "exp") && !name.contains("refresh") && !is_known
    };
    let found = object.iter().find(|(name, value)| !value.is_null() && looks_like_it(name));
    match found {
        Some((name, _)) => {
            // The name comes from the file. The error repeats only a short, plain name.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            let fits = name.len() <= 40 && name.bytes().all(plain);
            let name = if fits { name } else { "a member with an odd name" };
            Err(wrong(format_args!("{name} may be its expiry; write the expiry as expires_at")))
        }
        None => Ok(()),
    }
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::config(format!("this is not a stored token: {why}"))
}

/// Reads a string. Null and an empty string are treated as absent. Scopes may be a list.
fn text_of(object: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    let text = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) if name == "scope" && list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        Some(_) => return Err(wrong(format_args!("{name} is not a string"))),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Returns the first date among the members `names`; fails if `date` cannot read one of these members.
fn first_date(object: &Map<String, Value>, names: &[&str]) -> Result<Option<OffsetDateTime>> {
    let mut found = None;
    for name in names {
        let date = object.get(*name).map(|value| date(name, value)).transpose()?;
        found = found.or(date.flatten());
    }
    Ok(found)
}

/// Reads a date. Returns `None` for the values that libraries write for "no date".
fn date(name: &str, value: &Value) -> Result<Option<OffsetDateTime>> {
    let unreadable = || wrong(format_args!("{name} is neither seconds since 1970 nor a date"));
    let date = match (value, number(value)) {
        (Value::Null, _) => return Ok(None),
        (Value::String(text), _) if text.trim().is_empty() => return Ok(None),
        (_, Some(number)) => {
            let seconds = if number >= MILLISECONDS { number / 1000.0 } else { number }.floor();
            // The condition is written so that NaN is refused. The conversion refuses dates out of
            // range.
            if !(-MILLISECONDS..MILLISECONDS).contains(&seconds) {
                return Err(unreadable());
            }
            OffsetDateTime::from_unix_timestamp(seconds as i64).map_err(|_| unreadable())?
        }
        (Value::String(text), None) => {
            parse_date(&format!("this is not a stored token: {name}"), text.trim())
                .map_err(Error::config)?
        }
        _ => return Err(unreadable()),
    };
    // Libraries write the first day of their calendar for "never".
    match date.cmp(&OffsetDateTime::UNIX_EPOCH) {
        Ordering::Greater => Ok(Some(date)),
        Ordering::Equal => Ok(None),
        Ordering::Less if date.year() <= 1 => Ok(None),
        Ordering::Less => Err(wrong(format_args!("{name} is before 1970"))),
    }
}

/// Reads `expires_in`, a number of seconds. Null and zero mean that there is no expiry.
fn lifetime(object: &Map<String, Value>) -> Result<Option<Duration>> {
    let Some(value) = object.get("expires_in").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let life = number(value).and_then(|seconds| Duration::try_from_secs_f64(seconds.floor()).ok());
    let life = life.ok_or_else(|| wrong("expires_in is not a number of seconds"))?;
    Ok(Some(life).filter(|life| !life.is_zero()))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(members: Value) -> Result<Token> {
        let mut object = json!({"access_token": "a"});
        object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Token::from_json(&object.to_string())
    }

    fn end(members: Value) -> Option<i64> {
        read(members).unwrap().expires_at().map(|end| end.unix_timestamp())
    }

    #[test]
    fn every_expiry_name_takes_a_number_or_a_date() {
        let end_at = Some(1_795_200_000);
        for name in ENDS {
            for value in [
                json!(1_795_200_000),
                json!("1795200000"),
                json!(1_795_200_000.4),
                json!(" 1795200000.9 "),
                json!(1_795_200_000_000_u64),
                json!("1795200000123"),
                json!("2026-11-20T20:40:00+02:00"),
                json!("2026-11-20T18:40:00.25Z"),
            ] {
                assert_eq!(end(json!({name: value})), end_at, "{name}: {value}");
            }
        }
        assert_eq!(end(json!({"expires_in": 899, "created_at": 1_795_199_101})), end_at);
        assert_eq!(end(json!({"expires_in": "899", "issued_at": "1795199101000"})), end_at);
        assert_eq!(end(json!({"expiry": null, "expires_on": "1795200000"})), end_at);
        assert_eq!(end(json!({"expiry": 100_000_000_000_u64})), Some(100_000_000));
        let start =
            |members: Value| read(members).unwrap().issued_at().map(|at| at.unix_timestamp());
        let both = json!({"expiry": 1_795_200_000, "expires_in": 899});
        assert_eq!(start(both), Some(1_795_199_101));
        let longest = json!({"expiry": 1_795_200_000, "expires_in": 315_576_000});
        assert_eq!(start(longest), Some(1_795_200_000 - 315_576_000));
        let longest = json!({"issued_at": 1_795_200_000, "expires_in": 315_576_000});
        assert_eq!(end(longest), Some(1_795_200_000 + 315_576_000));
        let long = read(json!({"expiry": 1_795_200_000, "expires_in": 3_155_760_000_u64})).unwrap();
        assert_eq!(long.issued_at(), None);
    }

    #[test]
    fn the_values_for_no_expiry_are_read_as_none() {
        for none in [json!(null), json!(""), json!(0), json!("0"), json!("0001-01-01T00:00:00Z")] {
            assert_eq!(end(json!({"expiry": none, "expires_in": none.as_i64()})), None, "{none}");
        }
        assert_eq!(end(json!({"expiry": -62_135_596_800_i64})), None);
        assert_eq!(end(json!({"expires_in": " "})), None);
        assert_eq!(end(json!({})), None);
    }

    #[test]
    fn an_expiry_with_an_unknown_name_is_a_named_error() {
        for name in ["expiresAt", "expires_date", "accessTokenExpiresAt", "expirationTime", "exp"] {
            let error = read(json!({name: 1_795_200_000})).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("expires_at"), "{name}: {error}");
            assert_eq!(end(json!({name: 1, "expires_at": 1_795_200_000})), Some(1_795_200_000));
            assert_eq!(end(json!({name: null})), None);
        }
        for name in ["refresh_expires_in", "refresh_token_expires_at", "refreshTokenExpiry"] {
            assert_eq!(end(json!({name: 1_795_200_000})), None);
        }
    }

    #[test]
    fn an_unreadable_expiry_is_an_error_that_names_its_member() {
        let refused = |members: &Value| match read(members.clone()) {
            Err(Error::Config(text)) => text.to_string(),
            other => panic!("{members}: {other:?}"),
        };
        for name in ENDS.into_iter().chain(STARTS) {
            for value in [
                json!("soon"),
                json!(u64::MAX),
                json!(-1),
                json!("-1"),
                json!(1e300),
                json!("NaN"),
                json!("inf"),
                json!(1_795_200_000_000_000_u64),
                json!(true),
                json!([1_795_200_000]),
                json!({"seconds": 1_795_200_000}),
                json!("06/19/2030 23:42:01 +00:00"),
                json!("1969-12-31T23:59:59Z"),
                json!("0002-01-01T00:00:00Z"),
                json!("2026-11-20T18:40:00"),
            ] {
                let text = refused(&json!({name: value}));
                assert!(text.contains(name), "{value}: {text}");
                // An `expires_in` that cannot be read is an error even if another member has a readable
                // expiry.
                refused(&json!({name: value, "expires_in": 60, "refresh_token": "r"}));
            }
        }
        for value in [json!("soon"), json!(-5), json!("NaN"), json!(true), json!(1e300)] {
            let text = refused(&json!({"expires_in": value, "expiry": 1_795_200_000}));
            assert!(text.contains("expires_in"), "{value}: {text}");
        }
        assert!(refused(&json!({"expires_in": 899})).contains("add issued_at"));
        let date = json!({"expires_in": 1_795_200_000, "issued_at": 1_795_200_000});
        assert!(refused(&date).contains("more than ten years"));
        assert!(refused(&json!({"expiry": "2026-11-20T18:40:00"})).contains("no offset from UTC"));
    }

    #[test]
    fn a_member_of_another_type_is_an_error() {
        for name in ["access_token", "refresh_token", "token_type", "scope", "id_token"] {
            for value in [json!(5), json!(["a", 5]), json!({"value": "sesame"}), json!(false)] {
                let error = read(json!({name: value})).unwrap_err().to_string();
                assert!(error.contains(name) && !error.contains("sesame"), "{error}");
            }
        }
        assert!(read(json!({"token_type": ["a"]})).is_err());
        assert_eq!(read(json!({"scope": ["a", "b"]})).unwrap().scope(), Some("a b"));
        for (name, value) in [("access_token", "sesame\n"), ("refresh_token", "sesame\r")] {
            let error = read(json!({name: value})).unwrap_err().to_string();
            let expected = format!("{name} ends with a line break");
            assert!(error.contains(&expected) && !error.contains("sesame"), "{error}");
        }
        assert!(Token::from_json("\u{feff}{\"access_token\":\"a\"}\n").is_ok());
    }

    #[test]
    fn an_imported_token_keeps_its_unknown_members() {
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
    fn other_texts_are_refused_and_not_shown() {
        for text in ["", "null", "[]", "sesame", r#"{"access_token":""}"#, r#"{"token":"sesame"}"#]
        {
            let error = Token::from_json(text).unwrap_err();
            assert!(matches!(error, Error::Config(_)));
            assert!(!format!("{error} {error:?}").contains("sesame"));
        }
    }

    #[test]
    fn only_a_short_and_plain_member_name_is_repeated() {
        let told = |name: &str| {
            let text = json!({"access_token": "a", name: "soon"}).to_string();
            Token::from_json(&text).unwrap_err().to_string()
        };
        assert!(told("expiration").contains("expiration may be its expiry"));
        for odd in ["expires\u{202e}", "expires sesame", &"expires".repeat(20)] {
            assert!(told(odd).contains("a member with an odd name"), "{}", told(odd));
        }
    }
}

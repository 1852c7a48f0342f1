//! Token files with members in other places or under other names.

use serde_json::{Map, Value};

use super::wrong;
use crate::error::Result;

/// The login in a token file of yup-oauth2: a list of scopes and token for each set of scopes (its
/// `storage.rs`).
pub(super) fn only_one_of(text: &str) -> Result<Map<String, Value>> {
    // The reader of `Value` is compiled in serde_json, and not once more here.
    let Ok(Value::Array(entries)) = text.parse() else {
        return Err(wrong("it is not a JSON object"));
    };
    let [Value::Object(entry)] = &entries[..] else {
        let count = entries.len();
        return Err(wrong(format_args!("it is a list of {count} values; pass one of the values")));
    };
    let Some(Value::Object(token)) = entry.get("token") else {
        return Err(wrong("it is a list without a token"));
    };
    let mut token = token.clone();
    if let Some(scopes) = entry.get("scopes") {
        token.insert("scope".to_owned(), scopes.clone());
    }
    if let Some(end) = token.get("expires_at").and_then(of_nine) {
        token.insert("expires_at".to_owned(), end.into());
    }
    Ok(token)
}

/// The date that the crate `time` writes as a list: year, day of the year, hour, minute, second,
/// nanosecond, and the hours, minutes and seconds of the offset. Returns seconds since 1970.
fn of_nine(value: &Value) -> Option<i64> {
    let numbers = value.as_array()?.iter().map(Value::as_i64).collect::<Option<Vec<_>>>()?;
    let [year, day, hour, minute, second, _, hours, minutes, seconds] = numbers[..] else {
        return None;
    };
    let date = time::Date::from_ordinal_date(year.try_into().ok()?, day.try_into().ok()?).ok()?;
    let clock = (hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?);
    let moment = date.with_hms(clock.0, clock.1, clock.2).ok()?.assume_utc().unix_timestamp();
    let offset = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    moment.checked_sub(offset.checked_add(seconds)?)
}

/// The members of a token that Python's google-auth has written (`Credentials.to_json`), under the usual
/// names; any other object stays as it is.
pub(super) fn of_google_auth(mut object: Map<String, Value>) -> Map<String, Value> {
    if !object.contains_key("token_uri") || object.contains_key("access_token") {
        return object;
    }
    let mut take = |name: &str| object.remove(name).unwrap_or_default();
    let members = [
        ("access_token", take("token")),
        ("refresh_token", take("refresh_token")),
        ("scope", take("scopes")),
        ("expiry", take("expiry")),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::error::{Error, Result};
    use crate::token::Token;

    #[test]
    fn a_yup_oauth2_file_with_one_login_is_read() -> Result<()> {
        let entry = |at: &str| {
            json!({"scopes": ["a", "b"], "token": {"access_token": at, "refresh_token": "rt",
                "expires_at": [2030, 1, 2, 0, 0, 5, 2, 0, 0], "id_token": null}})
        };
        let token = Token::from_json(&json!([entry("at")]).to_string())?;
        assert_eq!((token.access_token().expose(), token.scope()), ("at", Some("a b")));
        assert_eq!(token.expires_at().map(|end| end.unix_timestamp()), Some(1_893_456_000));
        let odd = json!([{"token": {"access_token": "at", "expires_at": [2030, 400, 0]}}]);
        for wrong in [json!([entry("a"), entry("b")]), json!([]), json!([1]), json!([{}]), odd] {
            let error = Token::from_json(&wrong.to_string()).map(|_| ()).unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn a_google_auth_login_is_read_without_the_client_secret() -> Result<()> {
        let file = json!({"token": "at", "refresh_token": "rt", "token_uri": "https://x.example",
            "client_id": "app", "client_secret": "c4nary", "scopes": ["a", "b"],
            "universe_domain": "googleapis.com", "account": "", "expiry": "2030-01-01T00:00:00Z"});
        let token = Token::from_json(&file.to_string())?;
        assert_eq!((token.access_token().expose(), token.scope()), ("at", Some("a b")));
        assert_eq!(token.refresh_token(), Some(&"rt".into()));
        assert_eq!(token.expires_at().map(|end| end.unix_timestamp()), Some(1_893_456_000));
        assert!(token.extra().is_empty());
        Ok(())
    }
}

//! Reads credentials, a token and the path of a key file from the program's environment.

#[cfg(feature = "dotenv")]
mod dotenv;

#[cfg(feature = "dotenv")]
pub use self::dotenv::Dotenv;
#[cfg(all(feature = "dotenv", feature = "sandbox"))]
pub(crate) use self::dotenv::pairs as dotenv_pairs;
use crate::credentials::{Credentials, check_text};
use crate::error::{Error, Result};
use crate::token::{Token, parse_date};

/// The value of an environment variable; an empty variable is treated as absent.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::config(format!("{name} is not valid Unicode")))
        }
    }
}

/// The file or folder that a variable names.
#[cfg(feature = "jwt")]
pub(crate) fn path(name: &str) -> Result<std::path::PathBuf> {
    let path = std::env::var_os(name).filter(|path| !path.is_empty());
    path.map(Into::into).ok_or_else(|| not_set(name))
}

fn not_set(name: &str) -> Error {
    Error::config(format!("{name} is not set"))
}

impl Token {
    /// Reads `PREFIX_ACCESS_TOKEN`, `PREFIX_REFRESH_TOKEN` and `PREFIX_EXPIRES_AT` from the
    /// environment. One of the two tokens is required; an empty variable is treated as absent.
    /// `PREFIX_EXPIRES_AT` is an RFC 3339 date and time, such as `2026-06-01T12:00:00Z`. With a refresh
    /// token alone, the result is that of [`Token::from_refresh_token`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when both tokens are missing, when a variable is not Unicode, when a token
    /// has a character that no token has, such as a line break at its end (RFC 6749 appendix A.12), and
    /// when the date cannot be read or has no offset from UTC.
    pub fn from_env(prefix: &str) -> Result<Token> {
        token(prefix, variable)
    }

    /// Reads the variables of [`Token::from_env`]. Variables that are not set are read from the file
    /// `.env` of the current folder, as by [`Credentials::from_dotenv`].
    ///
    /// # Errors
    ///
    /// The errors of [`Token::from_env`], and [`Error::Config`] for a file that cannot be read; the error names the
    /// file.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(prefix: &str) -> Result<Token> {
        Dotenv::here()?.token(prefix)
    }
}

fn token(prefix: &str, get: impl Fn(&str) -> Result<Option<String>>) -> Result<Token> {
    let access_name = format!("{prefix}_ACCESS_TOKEN");
    let refresh_name = format!("{prefix}_REFRESH_TOKEN");
    let expires_name = format!("{prefix}_EXPIRES_AT");
    let (access_token, refresh_token) = (get(&access_name)?, get(&refresh_name)?);
    let alone = access_token.is_none();
    let mut token = match (access_token, refresh_token) {
        (Some(access_token), Some(refresh_token)) => {
            Token::new(access_token).with_refresh_token(refresh_token)
        }
        (Some(access_token), None) => Token::new(access_token),
        (None, Some(refresh_token)) => Token::from_refresh_token(refresh_token),
        (None, None) => {
            return Err(Error::config(format!("neither {access_name} nor {refresh_name} is set")));
        }
    };
    if let Some(text) = get(&expires_name)?.filter(|_| !alone) {
        let expires_at = parse_date(&expires_name, &text).map_err(Error::config)?;
        token = token.with_expires_at(expires_at);
    }
    match token.fault(&access_name, &refresh_name) {
        Some(fault) => Err(Error::config(fault)),
        None => Ok(token),
    }
}

impl Credentials {
    /// Reads `PREFIX_CLIENT_ID`, `PREFIX_CLIENT_SECRET` and `PREFIX_REDIRECT_URI` from the environment. Only
    /// the id is required; an empty variable is treated as absent.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the id is missing, when a variable is not Unicode, and when a variable has a
    /// control character or an invisible character, such as a line break at its end or a byte order mark. A
    /// value that begins or ends with a blank is sent unchanged, and a warning in the log names the variable.
    pub fn from_env(prefix: &str) -> Result<Credentials> {
        credentials(prefix, variable)
    }

    /// Reads the variables of [`Credentials::from_env`]. Variables that are not set are read from the
    /// file `.env` of the current folder. The variables of the file are not set in the process. A
    /// missing file is not an error. [`Dotenv`] reads another file, and can look in the folders above.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`], and [`Error::Config`] for a file that cannot be read; the error
    /// names the file and shows nothing of its content.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(prefix: &str) -> Result<Credentials> {
        Dotenv::here()?.credentials(prefix)
    }
}

fn credentials(prefix: &str, get: impl Fn(&str) -> Result<Option<String>>) -> Result<Credentials> {
    let read = |name: &str| {
        let value = get(name)?;
        if let Some(value) = &value {
            check_text(name, value)?;
            if has_blank_end(value) {
                log::warn!(target: "evergrant", "{name} begins or ends with a blank");
            }
        }
        Ok::<_, Error>(value)
    };
    let id_name = format!("{prefix}_CLIENT_ID");
    let id = read(&id_name)?.ok_or_else(|| not_set(&id_name))?;
    let mut credentials = match read(&format!("{prefix}_CLIENT_SECRET"))? {
        Some(secret) => Credentials::new(id, secret),
        None => Credentials::public(id),
    };
    if let Some(redirect_uri) = read(&format!("{prefix}_REDIRECT_URI"))? {
        credentials = credentials.with_redirect_uri(redirect_uri);
    }
    Ok(credentials)
}

fn has_blank_end(value: &str) -> bool {
    value.trim().len() < value.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use time::OffsetDateTime;

    fn get<'a>(
        pairs: &'a [(&'a str, &'a str)],
    ) -> impl Fn(&str) -> Result<Option<String>> + use<'a> {
        |name| Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn token(pairs: &[(&str, &str)]) -> Result<Token> {
        super::token("TEAMLEADER", get(pairs))
    }

    fn lookup(pairs: &[(&str, &str)]) -> Result<Credentials> {
        credentials("APP", get(pairs))
    }

    #[test]
    fn the_environment_gives_a_token_with_an_expiry_in_utc() -> Result<()> {
        let token = token(&[
            ("TEAMLEADER_ACCESS_TOKEN", "at"),
            ("TEAMLEADER_REFRESH_TOKEN", "rt"),
            ("TEAMLEADER_EXPIRES_AT", "2025-06-01T14:00:00+02:00"),
        ])?;
        assert_eq!(token.refresh_token(), Some(&Secret::new("rt")));
        let end = token.expires_at().map(OffsetDateTime::unix_timestamp);
        assert_eq!(end, Some(1_748_779_200));
        assert!(
            super::token("TEAMLEADER", get(&[("TEAMLEADER_ACCESS_TOKEN", "at")]))?
                .expires_at()
                .is_none()
        );
        Ok(())
    }

    #[test]
    fn a_refresh_token_alone_gives_an_expired_access_token() -> Result<()> {
        let token = token(&[
            ("TEAMLEADER_REFRESH_TOKEN", "rt"),
            // The expiry belongs to an access token that is not there.
            ("TEAMLEADER_EXPIRES_AT", "2999-01-01T00:00:00Z"),
        ])?;
        assert_eq!(token.refresh_token(), Some(&Secret::new("rt")));
        assert!(token.is_expired(OffsetDateTime::now_utc()));
        let fault = super::token("TEAMLEADER", get(&[("TEAMLEADER_REFRESH_TOKEN", "rt\n")]));
        assert!(fault.unwrap_err().to_string().contains("TEAMLEADER_REFRESH_TOKEN ends with"));
        Ok(())
    }

    #[test]
    fn a_date_without_an_offset_is_refused_and_the_error_says_why() {
        let error = |text| {
            let pairs = [("TEAMLEADER_ACCESS_TOKEN", "at"), ("TEAMLEADER_EXPIRES_AT", text)];
            token(&pairs).map(|_| ()).map_err(|error| error.to_string())
        };
        let text = error("2025-06-01T12:00:00").err().unwrap_or_default();
        assert!(text.contains("no offset") && text.contains("TEAMLEADER_EXPIRES_AT"), "{text}");
        let text = error("tomorrow").err().unwrap_or_default();
        assert!(text.contains("RFC 3339"), "{text}");
        let missing = token(&[]).map(|_| ()).map_err(|error| error.to_string());
        let neither = "neither TEAMLEADER_ACCESS_TOKEN nor TEAMLEADER_REFRESH_TOKEN is set";
        assert_eq!(missing, Err(neither.to_owned()));
    }

    #[test]
    fn the_error_for_a_broken_token_names_its_variable() {
        let refused = |pairs| token(pairs).map(|_| ()).unwrap_err().to_string();
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
    }

    #[test]
    fn the_error_for_a_control_character_names_the_variable() {
        for name in ["APP_CLIENT_ID", "APP_CLIENT_SECRET", "APP_REDIRECT_URI"] {
            for (value, expected) in [
                ("sesame\n", "ends with a line break"),
                ("sesame\r\n", "ends with a line break"),
                ("sesame\r", "ends with a line break"),
                ("ses\tame", "has a control character"),
                ("sesame\u{0}", "has a control character"),
                ("\u{feff}sesame", "cannot be seen, such as a byte order mark"),
                ("sesame\u{200b}", "cannot be seen"),
            ] {
                let error = lookup(&[("APP_CLIENT_ID", "app")]).and_then(|_| {
                    // The lookup takes the first pair with a name.
                    lookup(&[(name, value), ("APP_CLIENT_ID", "app")])
                });
                let text = error.map(|_| ()).unwrap_err().to_string();
                assert!(text.starts_with(&format!("{name} ")), "{text}");
                assert!(text.contains(expected) && !text.contains("sesame"), "{text}");
            }
        }
        let odd = lookup(&[("APP_CLIENT_ID", "app 7"), ("APP_CLIENT_SECRET", " p@ss:w/rd é ")]);
        assert_eq!(odd.unwrap().secret(), Some(&Secret::new(" p@ss:w/rd é ")));
        assert!(has_blank_end("a\u{a0}") && has_blank_end(" a") && !has_blank_end("a b"));
    }

    #[test]
    fn a_missing_id_is_an_error_that_names_the_variable() {
        let error = Credentials::from_env("EVERGRANT_UNSET").map(|_| ());
        let text = error.map_err(|error| error.to_string());
        assert_eq!(text, Err("EVERGRANT_UNSET_CLIENT_ID is not set".to_owned()));
    }
}

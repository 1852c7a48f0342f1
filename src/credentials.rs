//! The application's own id and secret.

use std::fmt;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::env;

/// The application's id and secret at an authorization server (RFC 6749 section 2.3). Never a
/// user's.
///
/// ```
/// use evergrant::Credentials;
///
/// let confidential = Credentials::new("app-7", "s3cret");
/// let public = Credentials::public("app-7");
/// assert!(!format!("{confidential:?}").contains("s3cret"));
/// assert!(public.secret().is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    id: String,
    secret: Option<Secret>,
    redirect_uri: Option<String>,
    #[cfg(feature = "jwt")]
    signer: Option<crate::signing::Shared>,
}

impl Credentials {
    /// A confidential client. An empty secret counts as none: servers refuse an empty one.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Credentials {
        let secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        Credentials { secret, ..Credentials::public(id) }
    }

    /// A public client (RFC 6749 section 2.1): it has no secret.
    pub fn public(id: impl Into<String>) -> Credentials {
        Credentials {
            id: id.into(),
            secret: None,
            redirect_uri: None,
            #[cfg(feature = "jwt")]
            signer: None,
        }
    }

    /// A client that signs for itself (`private_key_jwt`, RFC 7523 section 2.2): it proves that it has
    /// the key and sends no secret. The server knows the public half.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn signed(
        id: impl Into<String>,
        signer: impl crate::signing::Signer + 'static,
    ) -> Credentials {
        let signer = crate::signing::Shared(std::sync::Arc::new(signer));
        Credentials { signer: Some(signer), ..Credentials::public(id) }
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn signer(&self) -> Option<&crate::signing::Shared> {
        self.signer.as_ref()
    }

    /// Reads `PREFIX_CLIENT_ID`, `PREFIX_CLIENT_SECRET` and `PREFIX_REDIRECT_URI` from the
    /// environment. Only the first is required; an empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the id is missing, when a variable is not Unicode, and when one has a
    /// control character or one that cannot be seen, such as a line break at its end or a byte order
    /// mark. A blank at an end is sent as it is, and the log has a warning that names the variable.
    pub fn from_env(prefix: &str) -> Result<Credentials> {
        Credentials::from_lookup(prefix, env)
    }

    fn from_lookup(
        prefix: &str,
        get: impl Fn(&str) -> Result<Option<String>>,
    ) -> Result<Credentials> {
        let read = |name: &str| {
            let value = get(name)?;
            if let Some(value) = &value {
                check(name, value)?;
                if has_blank_end(value) {
                    log::warn!(target: "evergrant", "{name} begins or ends with a blank");
                }
            }
            Ok::<_, Error>(value)
        };
        let name = format!("{prefix}_CLIENT_ID");
        let id = read(&name)?.ok_or_else(|| Error::config(format!("{name} is not set")))?;
        Ok(Credentials {
            secret: read(&format!("{prefix}_CLIENT_SECRET"))?.map(Secret::new),
            redirect_uri: read(&format!("{prefix}_REDIRECT_URI"))?,
            ..Credentials::public(id)
        })
    }

    /// Refuses an id or a secret that was put together with something else, such as the line break at
    /// the end of the file it was read from. Asked before either is sent.
    pub(crate) fn check(&self) -> Result<()> {
        check("the client id", &self.id)?;
        self.secret.as_ref().map_or(Ok(()), |secret| check("the client secret", secret.expose()))
    }

    /// Loads a `.env` file from the working directory or one above it, then reads the environment as
    /// [`Credentials::from_env`] does. A variable that is set already wins over the file; a file that
    /// is not there is no error.
    ///
    /// Environment variables belong to the process: call this before threads are started.
    ///
    /// # Errors
    ///
    /// As [`Credentials::from_env`], and [`Error::Config`] for a file that cannot be read; the error
    /// shows nothing of its content.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(prefix: &str) -> Result<Credentials> {
        match dotenvy::dotenv() {
            Ok(_) => {}
            Err(error) if error.not_found() => {}
            // The error of a line repeats the line, and lines hold secrets.
            Err(dotenvy::Error::LineParse(_, at)) => {
                return Err(Error::config(format!(
                    ".env has an error at character {at} of a line"
                )));
            }
            Err(error) => return Err(Error::config(format!(".env cannot be read: {error}"))),
        }
        Credentials::from_env(prefix)
    }

    /// With the address to which the authorization server sends the browser back.
    pub fn with_redirect_uri(mut self, redirect_uri: impl Into<String>) -> Credentials {
        self.redirect_uri = Some(redirect_uri.into());
        self
    }

    /// The client id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client secret; `None` for a public client.
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The redirect URI, if one was given.
    pub fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }
}

/// Refuses a value with characters that nobody types and no service hands out.
fn check(name: &str, value: &str) -> Result<()> {
    // Byte order mark, marks without a width, line separators, turns of the direction.
    let unseen = |c: char| matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    let fault = if value.ends_with(['\r', '\n']) {
        "ends with a line break"
    } else if value.chars().any(char::is_control) {
        "has a control character"
    } else if value.chars().any(unseen) {
        "has a character that cannot be seen, such as a byte order mark"
    } else {
        return Ok(());
    };
    Err(Error::config(format!("{name} {fault}: set it without")))
}

fn has_blank_end(value: &str) -> bool {
    value.trim().len() < value.len()
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("id", &self.id).field("secret", &self.secret);
        #[cfg(feature = "jwt")]
        shown.field("signer", &self.signer);
        shown.field("redirect_uri", &self.redirect_uri).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_no_secret() {
        assert!(Credentials::new("app", "").secret().is_none());
    }

    fn lookup(pairs: &[(&str, &str)]) -> Result<Credentials> {
        Credentials::from_lookup("APP", |name| {
            Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn a_variable_with_a_control_character_is_refused_by_its_name() {
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
                    // The first of a name counts.
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
    fn credentials_put_together_in_the_program_are_checked_before_they_are_sent() {
        assert!(Credentials::new("app 7", "p@ss é").check().is_ok());
        for (id, secret, expected) in [
            ("app\n", "s", "the client id ends with a line break"),
            ("app", "sesame\n", "the client secret ends with a line break"),
            ("app", "\u{feff}sesame", "the client secret has a character that cannot be seen"),
        ] {
            let text = Credentials::new(id, secret).check().unwrap_err().to_string();
            assert!(text.starts_with(expected) && !text.contains("sesame"), "{text}");
        }
    }

    #[test]
    fn a_missing_id_is_an_error_that_names_the_variable() {
        let error = Credentials::from_env("EVERGRANT_UNSET").map(|_| ());
        let text = error.map_err(|error| error.to_string());
        assert_eq!(text, Err("EVERGRANT_UNSET_CLIENT_ID is not set".to_owned()));
    }
}

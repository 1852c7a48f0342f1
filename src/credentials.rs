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
    /// [`Error::Config`] when the id is missing or a variable is not Unicode.
    pub fn from_env(prefix: &str) -> Result<Credentials> {
        let name = format!("{prefix}_CLIENT_ID");
        let id = env(&name)?.ok_or_else(|| Error::config(format!("{name} is not set")))?;
        Ok(Credentials {
            secret: env(&format!("{prefix}_CLIENT_SECRET"))?.map(Secret::new),
            redirect_uri: env(&format!("{prefix}_REDIRECT_URI"))?,
            ..Credentials::public(id)
        })
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

    #[test]
    fn a_missing_id_is_an_error_that_names_the_variable() {
        let error = Credentials::from_env("EVERGRANT_UNSET").map(|_| ());
        let text = error.map_err(|error| error.to_string());
        assert_eq!(text, Err("EVERGRANT_UNSET_CLIENT_ID is not set".to_owned()));
    }
}

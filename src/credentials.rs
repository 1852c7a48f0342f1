//! The application's own id and secret.

use std::fmt;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The id and the secret of the application at an authorization server (RFC 6749 section 2.3), never
/// the name and password of a user.
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
    #[cfg(feature = "jwt")]
    request_signer: Option<crate::signing::Shared>,
}

impl Credentials {
    /// Credentials of a confidential client. An empty secret is treated as no secret, because servers refuse
    /// an empty secret.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Credentials {
        let secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        Credentials { secret, ..Credentials::public(id) }
    }

    /// Credentials of a public client, which has no secret (RFC 6749 section 2.1).
    pub fn public(id: impl Into<String>) -> Credentials {
        Credentials {
            id: id.into(),
            secret: None,
            redirect_uri: None,
            #[cfg(feature = "jwt")]
            signer: None,
            #[cfg(feature = "jwt")]
            request_signer: None,
        }
    }

    /// Credentials of a client that authenticates with a signed JWT (`private_key_jwt`, RFC 7523 section
    /// 2.2). The server knows the public key; no secret is sent.
    #[cfg(feature = "jwt")]
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

    /// Sets the key that signs authorization requests (RFC 9101), for a client that authenticates with
    /// a secret or a certificate, or that has another key for its requests. Without this setting, the key of
    /// [`Credentials::signed`] signs the requests. A request is signed only if the provider wants signed
    /// requests ([`ProviderBuilder::signed_requests`](crate::provider::ProviderBuilder::signed_requests)).
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn with_request_signer(
        mut self,
        signer: impl crate::signing::Signer + 'static,
    ) -> Credentials {
        self.request_signer = Some(crate::signing::Shared(std::sync::Arc::new(signer)));
        self
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn request_signer(&self) -> Option<&crate::signing::Shared> {
        self.request_signer.as_ref().or(self.signer.as_ref())
    }

    /// Refuses an id or a secret with an invalid character, such as the line break at the end of a file.
    /// The check runs before the id or the secret is sent.
    pub(crate) fn check(&self) -> Result<()> {
        check_text("the client id", &self.id)?;
        self.secret
            .as_ref()
            .map_or(Ok(()), |secret| check_text("the client secret", secret.expose()))
    }

    /// Sets the address to which the authorization server sends the browser back.
    #[must_use]
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

/// Refuses a value with a control character or an invisible character; `name` names the value in the
/// error.
pub(crate) fn check_text(name: &str, value: &str) -> Result<()> {
    // The byte order mark, zero-width characters, line separators and direction marks are invisible.
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
    Err(Error::config(format!("{name} {fault}: remove it")))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("id", &self.id).field("secret", &self.secret);
        #[cfg(feature = "jwt")]
        shown.field("signer", &self.signer).field("request_signer", &self.request_signer);
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
    fn credentials_are_checked_before_they_are_sent() {
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
}

//! Google's service accounts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::read_key_file;
use crate::backend::TokenBackend;
use crate::client::{Client, ClientBuilder};
use crate::credentials::Credentials;
use crate::env;
use crate::error::{Error, Result};
use crate::plain;
use crate::protocol::{self, JwtBearer};
use crate::provider::{ClientAuth, Provider, Rotation};
use crate::signing::Shared;

/// A Google service account, from its JSON key file. No person is involved: the account gets tokens for
/// itself, or, with domain-wide delegation, for a user of its domain.
///
/// ```no_run
/// use evergrant::MemoryBackend;
/// use evergrant::jwt::ServiceAccount;
///
/// let account = ServiceAccount::from_file("key.json")?.with_subject("ada@example.com");
/// let client = account
///     .client(&["https://www.googleapis.com/auth/drive.readonly"], MemoryBackend::new())?
///     .allow_host("https://www.googleapis.com")
///     .build();
/// let files: serde_json::Value =
///     client.get("https://www.googleapis.com/drive/v3/files").read_json()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone)]
pub struct ServiceAccount {
    email: String,
    token_uri: String,
    project_id: Option<String>,
    signer: Shared,
    subject: Option<String>,
}

impl ServiceAccount {
    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the file cannot be read, and the errors of [`ServiceAccount::from_json`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<ServiceAccount> {
        let path = path.as_ref();
        ServiceAccount::from_json(&read_key_file(path)?).map_err(|error| match error {
            Error::Config(text) => Error::config(format!("{}: {text}", plain::path(path))),
            other => other,
        })
    }

    /// Reads the key file that the environment variable `GOOGLE_APPLICATION_CREDENTIALS` names.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the variable is not set, and the errors of [`ServiceAccount::from_file`].
    pub fn from_env() -> Result<ServiceAccount> {
        const NAME: &str = "GOOGLE_APPLICATION_CREDENTIALS";
        ServiceAccount::from_file(env::path(NAME)?).map_err(|error| match error {
            Error::Config(text) => Error::config(format!("{NAME}: {text}")),
            other => other,
        })
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for text that is not the key file of a service account (type `service_account` with
    /// `client_email`, `private_key` and `token_uri`), for a key that cannot be used, and for a `token_uri`
    /// without TLS. The error shows nothing of the file's content.
    pub fn from_json(text: &str) -> Result<ServiceAccount> {
        let key_file = protocol::read_key_file(text)?;
        let account = ServiceAccount {
            email: key_file.email,
            token_uri: key_file.token_uri,
            project_id: key_file.project_id,
            signer: Shared(Arc::new(key_file.key)),
            subject: None,
        };
        account.provider().map(|_| account)
    }

    /// Gets tokens for this user of the account's domain (domain-wide delegation).
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> ServiceAccount {
        self.subject = Some(subject.into());
        self
    }

    /// The email address of the account, which is also the account's id.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The project that the account belongs to, if the file says.
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    /// The provider, with the token endpoint of the key file. The provider has no API base, because each
    /// product of Google has a host of its own: allow the host that you call with
    /// [`ClientBuilder::allow_host`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an address of the file that is not https.
    pub fn provider(&self) -> Result<Provider> {
        Provider::builder("google")
            .display_name("Google")
            .token_endpoint(&self.token_uri)
            .client_auth(ClientAuth::None)
            .rotation(Rotation::None)
            .build()
    }

    /// Returns a builder for a client with these scopes. The client asks for a token whenever it needs one,
    /// and keeps the token in the backend for other clients. Each account, user and set of scopes needs a
    /// store of its own.
    ///
    /// # Errors
    ///
    /// The errors of [`ServiceAccount::provider`].
    pub fn client(
        &self,
        scopes: &[&str],
        backend: impl TokenBackend + 'static,
    ) -> Result<ClientBuilder> {
        let mut grant = JwtBearer::shared(self.signer.clone())
            .issuer(&self.email)
            .audience(&self.token_uri)
            .scopes(scopes)
            .scope_in_claims();
        grant = match &self.subject {
            Some(subject) => grant.subject(subject),
            None => grant.without_subject(),
        };
        let credentials = Credentials::public(&self.email);
        Ok(Client::builder(self.provider()?, credentials, backend).jwt_bearer(grant))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .field("token_uri", &self.token_uri)
            .field("signer", &self.signer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

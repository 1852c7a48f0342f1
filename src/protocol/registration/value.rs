//! The server's answer to a registration.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::metadata::ClientMetadata;
use crate::credentials::{Credentials, check_text};
use crate::provider::is_loopback;
use crate::secret::Secret;
use crate::stored_json;

/// Members of the answer that are not metadata of the client (RFC 7591 section 3.2.1, RFC 7592 section 3).
const OWN: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// A registered client: its id and secret, and the address and the token with which it manages its
/// registration (RFC 7591 section 3.2.1, RFC 7592 section 3).
///
/// `Serialize` writes the JSON object of the standard, with the secrets in clear text, for stores. `Debug`
/// shows no secret.
#[derive(Clone, PartialEq)]
pub struct Registration {
    client_id: String,
    client_secret: Option<Secret>,
    issued_at: Option<OffsetDateTime>,
    secret_expires_at: Option<OffsetDateTime>,
    access_token: Option<Secret>,
    client_uri: Option<String>,
    metadata: ClientMetadata,
}

impl Registration {
    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret; `None` for a public client.
    pub fn client_secret(&self) -> Option<&Secret> {
        self.client_secret.as_ref()
    }

    /// When the client id was issued, UTC, if the server says so.
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at
    }

    /// When the client secret expires, UTC; `None` if it never expires.
    pub fn secret_expires_at(&self) -> Option<OffsetDateTime> {
        self.secret_expires_at
    }

    /// The token for the registration itself (`registration_access_token`): anyone who has this token
    /// can change the registration. Returns `None` if the server offers no management.
    pub fn access_token(&self) -> Option<&Secret> {
        self.access_token.as_ref()
    }

    /// The address of the registration (`registration_client_uri`). The address may be on another host than
    /// the registration endpoint: by RFC 7592 section 2 the client uses the address as the server gave it.
    pub fn client_uri(&self) -> Option<&str> {
        self.client_uri.as_deref()
    }

    /// The metadata that the server registered. The registered metadata may differ from the metadata that the
    /// client sent, and may have more members (RFC 7591 section 3.2.1).
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// The credentials of this client, with the first registered redirect URI. If the redirect URI is a
    /// loopback address without a port,
    /// [`Client::authorize_interactive`](crate::Client::authorize_interactive) chooses a free port.
    pub fn credentials(&self) -> Credentials {
        let credentials = match &self.client_secret {
            Some(secret) => Credentials::new(&self.client_id, secret.clone()),
            None => Credentials::public(&self.client_id),
        };
        match self.metadata.redirect_uris().first() {
            Some(uri) => credentials.with_redirect_uri(*uri),
            None => credentials,
        }
    }

    pub(crate) fn method(&self) -> &str {
        let default = if self.client_secret.is_some() { "client_secret_basic" } else { "none" };
        self.metadata.text("token_endpoint_auth_method").unwrap_or(default)
    }

    /// Whether the secret still works at this time.
    pub(crate) fn is_valid_at(&self, at: OffsetDateTime) -> bool {
        self.client_secret.is_none() || self.secret_expires_at.is_none_or(|end| end > at)
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.client_secret.iter().chain(&self.access_token)
    }

    /// Reads the members of an answer. The error says what is wrong with the members, and shows no
    /// value.
    pub(super) fn of(mut members: Map<String, Value>) -> Result<Registration, String> {
        let mut own = OWN.map(|name| members.remove(name).unwrap_or_default());
        let text =
            |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let [id, secret, issued, expires, token, uri] = &own;
        let Some(client_id) = text(id) else {
            return Err("its member client_id is missing, or is not a string".to_owned());
        };
        let seconds = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let date = |value: &Value| {
            let seconds = seconds(value).filter(|seconds| *seconds > 0)?;
            OffsetDateTime::from_unix_timestamp(seconds).ok()
        };
        // 0 means "never" (RFC 7591 section 3.2.1).
        if !expires.is_null() && seconds(expires).is_none_or(|seconds| seconds < 0) {
            return Err("its member client_secret_expires_at is not a time".to_owned());
        }
        let client_uri = text(uri);
        if client_uri.as_deref().is_some_and(|uri| !is_address(uri)) {
            return Err("its member registration_client_uri is not an https address".to_owned());
        }
        let registration = Registration {
            client_id,
            client_secret: text(secret).map(Secret::new),
            issued_at: date(issued),
            secret_expires_at: date(expires),
            access_token: text(token).map(Secret::new),
            client_uri,
            metadata: ClientMetadata::of(members),
        };
        own.iter_mut().for_each(stored_json::wipe);
        if check_text("", &registration.client_id).is_err()
            || registration.secrets().any(|secret| check_text("", secret.expose()).is_err())
        {
            return Err("its id or secret has a character that cannot be seen".to_owned());
        }
        Ok(registration)
    }

    /// Returns the registration after an update. Unchanged members that the answer leaves out keep their
    /// earlier values (RFC 7592 section 3).
    pub(super) fn succeeded_by(&self, mut new: Registration) -> Registration {
        new.issued_at = new.issued_at.or(self.issued_at);
        new.access_token = new.access_token.or_else(|| self.access_token.clone());
        new.client_uri = new.client_uri.or_else(|| self.client_uri.clone());
        let named = new.metadata.text("token_endpoint_auth_method");
        if new.client_secret.is_none() && named.unwrap_or(self.method()) != "none" {
            new.client_secret = self.client_secret.clone();
            new.secret_expires_at = new.secret_expires_at.or(self.secret_expires_at);
        }
        new
    }

    /// Takes the redirect URIs of the request, if the answer has no redirect URIs.
    pub(super) fn asked(mut self, asked: &ClientMetadata) -> Registration {
        if let Some(uris) =
            asked.get("redirect_uris").filter(|_| !self.metadata.has("redirect_uris"))
        {
            self.metadata = self.metadata.member("redirect_uris", uris.clone());
        }
        self
    }

    /// The members of the standard, with the secrets in clear text.
    pub(crate) fn to_members(&self) -> Map<String, Value> {
        let mut members = self.metadata.members().clone();
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|text| text.expose().into());
        put("client_id", Some(self.client_id.as_str().into()));
        put("client_secret", secret(&self.client_secret));
        put("client_id_issued_at", self.issued_at.map(|at| at.unix_timestamp().into()));
        let expires = self.secret_expires_at.map_or(0, OffsetDateTime::unix_timestamp);
        put("client_secret_expires_at", self.client_secret.as_ref().map(|_| expires.into()));
        put("registration_access_token", secret(&self.access_token));
        put("registration_client_uri", self.client_uri.as_deref().map(Value::from));
        members
    }

    /// Reads a stored registration.
    pub(crate) fn read(members: Map<String, Value>) -> Option<Registration> {
        Registration::of(members).ok()
    }
}

/// Whether a token may be sent to the address: https, or http on loopback.
fn is_address(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| {
        (url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url))
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    }) && address.chars().all(super::super::form::is_plain)
}

impl Serialize for Registration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = Value::Object(self.to_members());
        let written = value.serialize(serializer);
        stored_json::wipe(&mut value);
        written
    }
}

impl<'de> Deserialize<'de> for Registration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Registration, D::Error> {
        Registration::of(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("secret_expires_at", &self.secret_expires_at)
            .field("access_token", &self.access_token)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

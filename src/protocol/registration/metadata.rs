//! The metadata that describes a client.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::provider::is_loopback;

/// The metadata that a client sends when it registers (RFC 7591 section 2). The server may register
/// other values: see [`Registration::metadata`](crate::registration::Registration::metadata).
///
/// `Serialize` writes the JSON object of the standard. Set a member without a method of its own, or
/// with a language tag such as `client_name#de`, by [`ClientMetadata::member`].
///
/// ```
/// use evergrant::registration::ClientMetadata;
///
/// let metadata = ClientMetadata::native("Nightly export").scope(&["read", "write"]);
/// assert_eq!(metadata.redirect_uris(), ["http://127.0.0.1/callback"]);
/// assert_eq!(metadata.text("token_endpoint_auth_method"), Some("none"));
/// ```
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use]
pub struct ClientMetadata {
    members: Map<String, Value>,
}

impl ClientMetadata {
    /// Makes metadata with the name that people read when they log in (`client_name`). The server chooses
    /// every member that is not set. The defaults of RFC 7591 section 2 are the authorization code grant, and
    /// a client secret that is sent by HTTP Basic.
    pub fn new(client_name: impl Into<String>) -> ClientMetadata {
        ClientMetadata::default().member("client_name", client_name.into())
    }

    /// Makes the metadata of a program on a person's machine (RFC 8252): a client without a secret, with the
    /// grants `authorization_code` and `refresh_token`, and the redirect URI `http://127.0.0.1/callback`. A
    /// server accepts every port of a loopback redirect URI (RFC 8252 section 7.3), as
    /// [`Client::authorize_interactive`](crate::Client::authorize_interactive) needs. For a server that
    /// compares the port, set [`ClientMetadata::with_redirect_uris`] with a port.
    pub fn native(client_name: impl Into<String>) -> ClientMetadata {
        ClientMetadata::new(client_name)
            .with_redirect_uris(&["http://127.0.0.1/callback"])
            .grant_types(&["authorization_code", "refresh_token"])
            .auth_method("none")
    }

    /// Sets the redirect URIs. With a redirect URI on loopback, or with a private-use scheme, also sets
    /// `application_type` to `native`: OpenID Connect servers refuse such a redirect URI for a web
    /// client.
    pub fn with_redirect_uris(self, redirect_uris: &[&str]) -> ClientMetadata {
        let is_native = |uri: &&str| {
            url::Url::parse(uri).is_ok_and(|url| url.scheme() != "https" || is_loopback(&url))
        };
        let native = redirect_uris.iter().any(is_native);
        let set = self.member("redirect_uris", redirect_uris.to_vec());
        if native { set.member("application_type", "native") } else { set }
    }

    /// Sets the grants, and with `authorization_code` the response type `code` that belongs to it (RFC 7591
    /// section 2.1).
    pub fn grant_types(self, grant_types: &[&str]) -> ClientMetadata {
        let set = self.member("grant_types", grant_types.to_vec());
        match grant_types.contains(&"authorization_code") {
            true => set.response_types(&["code"]),
            false => set.response_types(&[]),
        }
    }

    /// Sets the response types.
    pub fn response_types(self, response_types: &[&str]) -> ClientMetadata {
        self.member("response_types", response_types.to_vec())
    }

    /// Sets how the client authenticates at the token endpoint: `none`, `client_secret_basic`,
    /// `client_secret_post`, `private_key_jwt` (`token_endpoint_auth_method`).
    pub fn auth_method(self, method: impl Into<String>) -> ClientMetadata {
        self.member("token_endpoint_auth_method", method.into())
    }

    /// Sets the scopes that the client may ask for.
    pub fn scope(self, scopes: &[&str]) -> ClientMetadata {
        self.member("scope", scopes.join(" "))
    }

    /// Sets the contacts of the people who are responsible for the client, such as e-mail addresses.
    pub fn contacts(self, contacts: &[&str]) -> ClientMetadata {
        self.member("contacts", contacts.to_vec())
    }

    /// Sets the address of the client's page.
    pub fn client_uri(self, address: impl Into<String>) -> ClientMetadata {
        self.member("client_uri", address.into())
    }

    /// Sets the address of the client's picture.
    pub fn logo_uri(self, address: impl Into<String>) -> ClientMetadata {
        self.member("logo_uri", address.into())
    }

    /// Sets the id and the version of the software (`software_id`, `software_version`): the id is the same
    /// for every installation.
    pub fn software(self, id: impl Into<String>, version: impl Into<String>) -> ClientMetadata {
        self.member("software_id", id.into()).member("software_version", version.into())
    }

    /// Sets a signed statement about the software, which the server may require (RFC 7591 section 2.3).
    pub fn software_statement(self, jwt: impl Into<String>) -> ClientMetadata {
        self.member("software_statement", jwt.into())
    }

    /// Sets the client's public keys, for `private_key_jwt`: each as
    /// [`SigningKey::public_jwk`](crate::jwt::SigningKey::public_jwk) writes it.
    #[cfg(feature = "jwt")]
    pub fn keys(self, public_jwks: &[Value]) -> ClientMetadata {
        self.member("jwks", serde_json::json!({"keys": public_jwks}))
    }

    /// Sets any member. `null` removes a member.
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> ClientMetadata {
        match value.into() {
            Value::Null => self.members.remove(name),
            value => self.members.insert(name.to_owned(), value),
        };
        self
    }

    /// The redirect URIs.
    pub fn redirect_uris(&self) -> Vec<&str> {
        self.list("redirect_uris").unwrap_or_default()
    }

    /// A member that is a string, such as `client_name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// The strings of a member that is a list, such as `grant_types`.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.members.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub(super) fn of(members: Map<String, Value>) -> ClientMetadata {
        ClientMetadata { members }
    }
}

/// Shows the name, the redirect URIs, and the names of the other members.
impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMetadata")
            .field("client_name", &self.text("client_name"))
            .field("redirect_uris", &self.redirect_uris())
            .field("members", &self.members.keys().collect::<Vec<_>>())
            .finish()
    }
}

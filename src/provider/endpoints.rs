//! The addresses of an authorization server.

/// The addresses of an authorization server. The fields are named as in the server's metadata (RFC 8414
/// section 2), without `_endpoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// The authorization endpoint (RFC 6749 section 3.1): a person opens this address in a browser.
    /// `None` for a service where nobody logs in.
    pub authorization: Option<String>,
    /// The token endpoint (RFC 6749 section 3.2).
    pub token: String,
    /// The address for refresh requests. `None` means the token endpoint.
    pub refresh: Option<String>,
    /// The device authorization endpoint (RFC 8628): a device login starts there.
    pub device_authorization: Option<String>,
    /// The pushed authorization request endpoint (RFC 9126): the client sends the parameters of a login
    /// there, before the browser opens the authorization endpoint.
    pub pushed_authorization_request: Option<String>,
    /// The revocation endpoint (RFC 7009).
    pub revocation: Option<String>,
    /// The introspection endpoint (RFC 7662), whose answer says whether a token is active.
    pub introspection: Option<String>,
    /// The userinfo endpoint (OpenID Connect Core section 5.3), whose answer says who has logged in.
    pub userinfo: Option<String>,
    /// The address of the server's key set (RFC 7517): its keys check the signature of ID tokens.
    pub jwks: Option<String>,
    /// The issuer identifier (RFC 8414 section 2).
    pub issuer: Option<String>,
}

//! How a login starts, and how its callback is read.

use super::LoginHost;

/// How the authorization request is made, and how its callback is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationRules {
    /// The redirect URI for credentials without a redirect URI.
    pub redirect_uri: Option<String>,
    /// Whether the redirect URI is a name that the service gave to the address, such as eBay's RuName.
    pub redirect_uri_is_name: bool,
    /// The scopes that a login requests if the program names no scopes.
    pub default_scopes: Vec<String>,
    /// The character between two scopes: a space by the standard, a comma or a plus sign elsewhere.
    pub scope_separator: char,
    /// The `response_type` of the authorization request. `None` means `code`.
    pub response_type: Option<String>,
    /// Whether the login uses PKCE.
    pub pkce: Pkce,
    /// When the client sends the parameters of a login to the server itself, before a browser opens (RFC 9126).
    pub pushed_requests: PushedRequests,
    /// Whether the parameters of a login are in a request object that the client signs (RFC 9101),
    /// because the server refuses all other requests (`require_signed_request_object`).
    pub signed_requests: bool,
    /// More parameters of the authorization request, as name and value.
    pub params: Vec<(String, String)>,
    /// Whether the server sends its issuer identifier with every callback (RFC 9207). If so, the client
    /// refuses a callback without an issuer, or with another issuer.
    pub issuer_in_callback: bool,
    /// Whether ID tokens without a signature (`alg: none`) are accepted, because the server announced
    /// in its metadata that it sends such tokens.
    pub unsigned_id_tokens: bool,
    /// Whether an ID token without a nonce is accepted although the login sent one.
    pub id_token_without_nonce: bool,
    /// The parameter of the callback that carries the authorization code. `None` means `code`.
    pub code_param: Option<String>,
    /// The parameter of the callback that names the host of the token endpoint.
    pub token_host_from: Option<LoginHost>,
    /// The parameters of the callback that are kept with the token, such as `realmId`.
    pub callback_fields: Vec<String>,
}

/// The defaults: a space between scopes, PKCE with S256, and nothing else.
impl Default for AuthorizationRules {
    fn default() -> AuthorizationRules {
        AuthorizationRules {
            redirect_uri: None,
            redirect_uri_is_name: false,
            default_scopes: Vec::new(),
            scope_separator: ' ',
            response_type: None,
            pkce: Pkce::S256,
            pushed_requests: PushedRequests::Offered,
            signed_requests: false,
            params: Vec::new(),
            issuer_in_callback: false,
            unsigned_id_tokens: false,
            id_token_without_nonce: false,
            code_param: None,
            token_host_from: None,
            callback_fields: Vec::new(),
        }
    }
}

/// Whether a login uses PKCE (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pkce {
    /// Every login uses PKCE with S256.
    S256,
    /// Only a client without a secret uses PKCE, with S256. Some servers refuse PKCE from a client
    /// that has a secret.
    PublicClients,
    /// No login uses PKCE: the server refuses requests that carry it.
    Off,
}

/// Whether a login is a pushed authorization request (RFC 9126): the client sends the parameters of the
/// login to the server, and the address for the browser has only `client_id` and `request_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PushedRequests {
    /// A login is pushed if the provider has an endpoint for pushed requests and the crate has the
    /// feature `par`. Otherwise the parameters are in the address for the browser.
    Offered,
    /// Every login is pushed, because the server refuses all other requests
    /// (`require_pushed_authorization_requests`). Without the endpoint or the feature `par`, a login
    /// fails with [`Error::Config`](crate::Error::Config) before a person is asked.
    Required,
    /// No login is pushed: the server offers pushed requests, but not to this application.
    Off,
}

//! The error answer of an authorization server.

use std::fmt;

use crate::plain::plain;

/// An error answer of an authorization server (RFC 6749 sections 5.2 and 4.1.2.1). The strings of the error
/// have no control characters and are cut to a reasonable length.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthError {
    /// The host that answered.
    pub host: String,
    /// The code, such as `invalid_client`. For an answer without a code, `http_` and the HTTP status,
    /// such as `http_400`.
    pub code: String,
    /// The server's description, if it gave one.
    pub description: Option<String>,
    /// The address of a page about the error (`error_uri`), if the server gave one.
    pub uri: Option<String>,
    /// The HTTP status. 0 for an error that came in a callback.
    pub status: u16,
    /// The request, if it went to the token endpoint.
    pub(crate) request: Option<Box<TokenRequestInfo>>,
}

/// The token request that the server answered with this error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRequestInfo {
    /// The name of the refused request or code, such as `the authorization code`.
    pub(crate) what: &'static str,
    /// The endpoint, if it is the same for every login.
    pub(crate) endpoint: Option<String>,
    pub(crate) client_id: String,
    /// How the client authenticated.
    pub(crate) client_auth: &'static str,
    /// Whether the client has registered by itself.
    pub(crate) registered: bool,
}

/// The name of an exchange in [`TokenRequestInfo::what`].
pub(crate) const CODE: &str = "the authorization code";

/// The name of a refresh in [`TokenRequestInfo::what`].
pub(crate) const REFRESH: &str = "the refresh";

impl OAuthError {
    /// Makes an error from the host and its error code, for an SDK that reads refusals by itself.
    pub fn new(host: impl Into<String>, code: impl Into<String>) -> OAuthError {
        let (host, code) = (plain(host.into()), plain(code.into()));
        OAuthError { host, code, description: None, uri: None, status: 0, request: None }
    }

    /// The usual cause of the error, and what to do.
    fn advice(&self) -> Option<String> {
        let request = self.request.as_deref();
        let text = match &*self.code {
            "invalid_client" => {
                let TokenRequestInfo { endpoint, client_id, client_auth, .. } =
                    request.filter(|request| !request.registered)?;
                let at = endpoint.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
                return Some(format!(
                    "the client `{client_id}` authenticated{at} {client_auth}: check the id and the secret, and \
                     whether the service wants another way (`client_auth`)"
                ));
            }
            "invalid_grant" if request?.what == CODE => {
                "a code works once, for a short time, and only with the client and the redirect URI of its \
                 login: start the login again"
            }
            "unauthorized_client" => {
                "the service does not let this application use the grant: check the application's settings \
                 there"
            }
            "invalid_scope" => {
                "the service does not know one of the scopes, or does not let this application request it"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Code and description, without the host.
    pub(crate) fn told(&self) -> String {
        let mut text = match self.code.strip_prefix("http_") {
            Some(status) => format!("status {status} without an error code"),
            None => self.code.clone(),
        };
        if let Some(description) = &self.description {
            text.push_str(&format!(" ({description})"));
        }
        text
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OAuthError { host, status, .. } = self;
        if self.code.starts_with("http_") {
            return write!(f, "{host} answered {}", self.told());
        }
        // Only a status of 4xx, or an error in a callback, says that the request was refused (RFC 9110
        // section 15.5).
        match status {
            0 => write!(f, "{host} refused the login: {}", self.told())?,
            400..=499 => {
                let what = self.request.as_ref().map_or("the request", |request| request.what);
                write!(f, "{host} refused {what}: {}", self.told())?;
            }
            _ => return write!(f, "{host} answered {status}: {}", self.told()),
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for OAuthError {}

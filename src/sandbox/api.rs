//! The API of the sandbox and its bearer check.

use std::fmt;

use serde_json::{Map, Value, json};

use super::http::{HttpRequest, Reply, find};
use super::tokens::{Owner, access_name};

/// A request at the API, as the handlers of [`super::Sandbox::on`] get it. `Debug` shows neither header
/// values nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: String,
    /// The path, percent-encoded as it was sent.
    pub path: String,
    /// The query, percent-encoded as it was sent and without the question mark; empty if there is none.
    pub query: String,
    /// The headers, `Authorization` included.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The owner of the access token: the person's name, or the client id for a token that the client got
    /// for itself. `None` if an open route was called without a valid token.
    pub subject: Option<String>,
    /// The number of the access token, such as 9 for `at-9`.
    pub access_token_number: Option<usize>,
}

impl ApiRequest {
    /// The first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The first query parameter with this name, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        super::http::pairs(self.query.as_bytes())
            .into_iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value)
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn new(request: &HttpRequest, owner: Option<Owner>) -> ApiRequest {
        ApiRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            access_token_number: owner.as_ref().map(|owner| owner.access + 1),
            subject: owner.map(|owner| owner.subject),
        }
    }
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("access_token", &self.access_token_number.map(|n| access_name(n - 1)))
            .finish_non_exhaustive()
    }
}

/// Answers the built-in routes.
pub(super) fn built_in(request: &ApiRequest) -> Reply {
    match request.path.as_str() {
        "/api/me" => Reply::json(
            200,
            json!({
                "login": request.subject,
                "access_token_number": request.access_token_number,
            }),
        ),
        "/userinfo" => Reply::json(
            200,
            json!({
                "sub": request.subject,
                "name": "Ada",
                "email": "ada@example.com",
                "email_verified": true,
            }),
        ),
        "/api/echo" => Reply::json(200, echo(request)),
        path => match path.strip_prefix("/api/status/").and_then(|status| status.parse().ok()) {
            Some(status @ 200..=599) => Reply::json(status, json!({ "status": status })),
            _ => Reply::new(404),
        },
    }
}

fn echo(request: &ApiRequest) -> Value {
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().into()))
        .collect();
    json!({
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
    })
}

/// The reply to a request without a valid token. RFC 6750 section 3.1: a request without any token gets
/// no error code.
pub(super) fn unauthorized(with_token: bool, metadata: Option<String>) -> Reply {
    let (challenge, error) = if with_token {
        ("Bearer realm=\"sandbox\", error=\"invalid_token\"", "invalid_token")
    } else {
        ("Bearer realm=\"sandbox\"", "unauthorized")
    };
    let named = metadata.map(|metadata| format!("{challenge}, {metadata}"));
    let challenge = named.as_deref().unwrap_or(challenge);
    Reply::json(401, json!({ "error": error })).with_header("WWW-Authenticate", challenge)
}

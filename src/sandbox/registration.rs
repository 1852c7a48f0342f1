//! Implements the registration of clients (RFC 7591) and its management (RFC 7592), without I/O.

use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::http::{HttpRequest, Reply};
use super::server::Server;
use super::token_endpoint::{TokenCall, basic, bearer, form_decoded, refusal};
use super::tokens::{Now, Refused};
use crate::provider::is_loopback;
use crate::secret::random_text;

/// A client that has registered by itself.
pub(super) struct Registered {
    secret: Option<String>,
    issued_at: i64,
    /// When the secret expires, by the monotonic clock and as a date.
    ends_at: Option<(Duration, i64)>,
    token: String,
    metadata: Map<String, Value>,
}

/// Members that only the server sets (RFC 7592 section 2.2).
const ISSUED: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

impl Server {
    /// Answers a request at the registration endpoint or at the address of a registration.
    pub(super) fn registration(&mut self, now: Now, request: &HttpRequest) -> Reply {
        if !self.settings.registration {
            return Reply::new(404);
        }
        let id = request.path.strip_prefix("/register").unwrap_or_default();
        let id = id.strip_prefix('/').unwrap_or_default().to_owned();
        let done = match (request.method.as_str(), id.is_empty()) {
            ("POST", true) => self.register(now, request),
            ("GET" | "PUT" | "DELETE", false) => self.manage(request, &id),
            _ => Err(Refused { status: 405, ..Refused::new("invalid_request", "wrong method") }),
        };
        done.unwrap_or_else(|refused| refusal(&refused))
    }

    fn register(&mut self, now: Now, request: &HttpRequest) -> Result<Reply, Refused> {
        let token = request.header("authorization").and_then(bearer);
        let initial = self.settings.initial_access_token.as_deref();
        if initial.is_some_and(|initial| token != Some(initial)) {
            return Err(invalid_token());
        }
        let metadata = checked(members(request)?)?;
        let id = format!("client-{}-{}", self.registered.len() + 1, random_text::<6>());
        let lifetime = self.settings.registered_secret_lifetime;
        let issued_at = now.wall.unix_timestamp();
        let client = Registered {
            secret: (method(&metadata) != "none").then(random_text::<24>),
            issued_at,
            ends_at: lifetime.map(|lifetime| {
                let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
                (now.monotonic.saturating_add(lifetime), issued_at.saturating_add(seconds))
            }),
            token: random_text::<24>(),
            metadata,
        };
        self.counters.registrations += 1;
        let reply = Reply::json(201, self.described(&id, &client));
        self.registered.insert(id, client);
        Ok(reply.with_header("Cache-Control", "no-store"))
    }

    fn manage(&mut self, request: &HttpRequest, id: &str) -> Result<Reply, Refused> {
        let token = request.header("authorization").and_then(bearer);
        // An unknown client gets the same answer as a wrong token (RFC 7592 section 2.1).
        let client = self.registered.get_mut(id).filter(|client| token == Some(&*client.token));
        let client = client.ok_or(invalid_token())?;
        match request.method.as_str() {
            "DELETE" => {
                self.registered.remove(id);
                return Ok(Reply::new(204));
            }
            "PUT" => {
                let mut members = members(request)?;
                let refused =
                    |description| Err(Refused::new("invalid_client_metadata", description));
                if ISSUED.iter().any(|name| members.contains_key(*name)) {
                    return refused("a member that the server sets");
                }
                if members.remove("client_id") != Some(id.into()) {
                    return refused("another client_id");
                }
                let secret = members.remove("client_secret");
                if secret.is_some() && secret != client.secret.clone().map(Value::from) {
                    return refused("another client_secret");
                }
                client.metadata = checked(members)?;
                client.token = random_text::<24>();
            }
            _ => {}
        }
        let client = self.registered.get(id).ok_or(invalid_token())?;
        Ok(Reply::json(200, self.described(id, client)).with_header("Cache-Control", "no-store"))
    }

    fn described(&self, id: &str, client: &Registered) -> Map<String, Value> {
        let mut members = client.metadata.clone();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("client_id", id.into());
        put("client_id_issued_at", client.issued_at.into());
        put("token_endpoint_auth_method", method(&client.metadata).into());
        if let Some(secret) = &client.secret {
            put("client_secret", secret.as_str().into());
            put("client_secret_expires_at", client.ends_at.map_or(0, |(_, date)| date).into());
        }
        put("registration_access_token", client.token.as_str().into());
        put("registration_client_uri", format!("{}/register/{id}", self.url).into());
        members
    }

    /// The client that a request names, if it has registered by itself.
    pub(super) fn registered_client(&self, call: &TokenCall) -> Option<String> {
        let by_header = || call.header("authorization").and_then(basic);
        let id = match call.parameter("client_id") {
            Some(id) => id.to_owned(),
            None => form_decoded(&by_header()?.0),
        };
        Some(id).filter(|id| self.registered.contains_key(id))
    }

    /// Checks the authentication of a client that has registered by itself.
    pub(super) fn authenticate_registered(
        &self,
        now: Now,
        call: &TokenCall,
        id: &str,
    ) -> Result<(), Refused> {
        let refused = Refused { status: 401, ..Refused::new("invalid_client", "unknown client") };
        let Some(client) = self.registered.get(id) else { return Err(refused) };
        let by_header = call.header("authorization").and_then(basic);
        let in_body = call.parameter("client_secret");
        let proven = match method(&client.metadata) {
            "none" => by_header.is_none() && in_body.is_none(),
            "client_secret_post" => by_header.is_none() && in_body == client.secret.as_deref(),
            _ => {
                by_header.is_some_and(|(_, secret)| Some(form_decoded(&secret)) == client.secret)
                    && in_body.is_none()
            }
        };
        let expired = client.ends_at.is_some_and(|(end, _)| now.monotonic >= end);
        if proven && !expired { Ok(()) } else { Err(refused) }
    }

    /// Whether a registered client has registered this redirect URI; on loopback with any port (RFC 8252
    /// section 7.3).
    pub(super) fn has_registered(&self, id: &str, uri: &str) -> bool {
        let Some(client) = self.registered.get(id) else { return false };
        let portless = |uri: &str| {
            let mut url = Url::parse(uri).ok().filter(is_loopback)?;
            url.set_port(None).ok()?;
            Some(url)
        };
        let uris = client.metadata.get("redirect_uris").and_then(Value::as_array);
        let known = uris.into_iter().flatten().filter_map(Value::as_str);
        known.into_iter().any(|known| {
            known == uri || portless(known).is_some_and(|known| portless(uri) == Some(known))
        })
    }
}

fn invalid_token() -> Refused {
    Refused { status: 401, ..Refused::new("invalid_token", "not a token for this registration") }
}

fn method(metadata: &Map<String, Value>) -> &str {
    let asked = metadata.get("token_endpoint_auth_method").and_then(Value::as_str);
    asked.unwrap_or("client_secret_basic")
}

fn members(request: &HttpRequest) -> Result<Map<String, Value>, Refused> {
    let media = request.header("content-type").unwrap_or_default();
    let refused = Refused::new("invalid_client_metadata", "the body is not a JSON object");
    if media.split(';').next().unwrap_or_default().trim() != "application/json" {
        return Err(refused);
    }
    serde_json::from_slice(&request.body).map_err(|_| refused)
}

/// Checks the metadata that a client sends (RFC 7591 sections 2 and 3.2.2).
fn checked(metadata: Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    let refused = |description| Err(Refused::new("invalid_client_metadata", description));
    if let Some(statement) = metadata.get("software_statement").and_then(Value::as_str) {
        return Err(match statement.split('.').count() {
            3 => Refused::new("unapproved_software_statement", "nobody vouches for it"),
            _ => Refused::new("invalid_software_statement", "not a JWT"),
        });
    }
    let list = |name: &str, default: Value| {
        let list = metadata.get(name).cloned().unwrap_or(default);
        serde_json::from_value::<Vec<String>>(list)
            .map_err(|_| Refused::new("invalid_client_metadata", "not a list of strings"))
    };
    let grants = list("grant_types", json!(["authorization_code"]))?;
    let responses = list("response_types", json!(["code"]))?;
    let has_code = grants.iter().any(|grant| grant == "authorization_code");
    if has_code != responses.iter().any(|kind| kind == "code") {
        return refused("grant_types and response_types do not fit each other");
    }
    if !["none", "client_secret_basic", "client_secret_post"].contains(&method(&metadata)) {
        return refused("not an authentication method of the sandbox");
    }
    let uris = list("redirect_uris", json!([]))?;
    let fits = |uri: &String| {
        Url::parse(uri).is_ok_and(|url| {
            url.fragment().is_none() && (url.scheme() != "http" || is_loopback(&url))
        })
    };
    if has_code && uris.is_empty() || !uris.iter().all(fits) {
        return Err(Refused::new(
            "invalid_redirect_uri",
            "no redirect URI, or an invalid redirect URI",
        ));
    }
    Ok(metadata)
}

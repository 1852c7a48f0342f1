//! The token endpoint without I/O: checks the parameters and the client, decides the grant and
//! makes the reply.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::dpop::Side;
use super::exact_online;
use super::http::{HttpRequest, Reply, pairs};
use super::resource;
use super::server::Server;
use super::tokens::{Decision, Issued, Now, Refused, TOO_EARLY};
use crate::provider::{ClientAuth, TokenFormat};

/// A request at the token endpoint, as the handler of [`super::Sandbox::on_token`] gets it. `Debug` shows
/// only the names of headers and parameters.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenCall {
    /// The HTTP method.
    pub method: String,
    /// The query, without the question mark; empty if there is none.
    pub query: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The decoded parameters, in the order of the request.
    pub parameters: Vec<(String, String)>,
}

impl TokenCall {
    /// The first parameter with this name. An empty value is treated as absent (RFC 6749 section 3.2).
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The parameter `grant_type`, or an empty string.
    pub fn grant_type(&self) -> &str {
        self.parameter("grant_type").unwrap_or_default()
    }

    /// The first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        super::http::find(&self.headers, name)
    }

    /// Reads the parameters from the place that `format` names, and from no other.
    pub(super) fn new(request: &HttpRequest, format: TokenFormat) -> TokenCall {
        let media = request.header("content-type").unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = match format {
            TokenFormat::Form if media == "application/x-www-form-urlencoded" => {
                pairs(&request.body)
            }
            TokenFormat::Json if media == "application/json" => json_pairs(&request.body),
            TokenFormat::Query | TokenFormat::Get => pairs(request.query.as_bytes()),
            TokenFormat::Form | TokenFormat::Json => Vec::new(),
        };
        TokenCall {
            method: request.method.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            parameters,
        }
    }
}

impl fmt::Debug for TokenCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("TokenCall")
            .field("method", &self.method)
            .field("grant_type", &self.grant_type())
            .field("headers", &names(&self.headers))
            .field("parameters", &names(&self.parameters))
            .finish()
    }
}

fn json_pairs(body: &[u8]) -> Vec<(String, String)> {
    let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// A refusal that a fault demands, such as [`Fault::RefuseOnce`](super::Fault::RefuseOnce).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    Refusal,
    TooEarly,
}

/// Processes a token request and makes the reply.
pub(super) fn answer(
    server: &mut Server,
    now: Now,
    call: &TokenCall,
    forced: Option<Forced>,
) -> (Reply, Option<Issued>) {
    let decision = match forced {
        None => server.prove(now, call).and_then(|()| decide(server, now, call)),
        Some(Forced::TooEarly) => Err(TOO_EARLY),
        Some(Forced::Refusal) => Err(Refused::new("invalid_grant", "refused on command")),
    };
    server.proofs.key = None;
    match decision {
        Ok(issued) => {
            let reply = success(server, now, issued);
            (server.with_nonce(Side::Server, reply), Some(issued))
        }
        // The server has not looked at the request.
        Err(refused) if refused.code == "use_dpop_nonce" => {
            (server.with_nonce(Side::Server, refusal(&refused)), None)
        }
        Err(refused) => {
            server.refused(now, &refused, call.parameter("refresh_token"));
            (refusal_of(server, now, call, &refused), None)
        }
    }
}

/// The reply to a refused request, in the server's format.
fn refusal_of(server: &Server, now: Now, call: &TokenCall, refused: &Refused) -> Reply {
    if !server.settings.exact_online {
        return refusal(refused);
    }
    let issued_at = call.parameter("refresh_token").and_then(|t| server.refresh_issued_at(t));
    let life = server.settings.refresh_token_lifetime.unwrap_or_default();
    exact_online::refusal(refused, call.grant_type(), now, issued_at, life)
}

fn decide(server: &mut Server, now: Now, call: &TokenCall) -> Decision {
    let settings = server.settings.clone();
    let method = if settings.token_format == TokenFormat::Get { "GET" } else { "POST" };
    if call.method != method {
        return Err(Refused { status: 405, ..Refused::new("invalid_request", "wrong method") });
    }
    for (index, (name, _)) in call.parameters.iter().enumerate() {
        // RFC 6749 section 3.2 forbids repeated parameters; RFC 8707 and RFC 8693 allow these two.
        let may_repeat = name == "resource" || name == "audience";
        if !may_repeat && call.parameters[..index].iter().any(|(n, _)| n == name) {
            return Err(Refused::new("invalid_request", "a parameter came twice"));
        }
    }
    let missing = Refused::new("invalid_request", "a parameter is missing");
    // The assertion identifies the client (RFC 7521 section 4.1).
    #[cfg(feature = "jwt")]
    if call.grant_type() == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        let assertion = call.parameter("assertion").ok_or(missing)?;
        let (subject, scope) = server.jwt_bearer(now, assertion)?;
        let scope = call.parameter("scope").map(str::to_owned).or(scope).unwrap_or_default();
        return Ok(server.own_token(now, &scope, subject));
    }
    authenticate(server, now, call)?;
    const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
    if call.grant_type() == EXCHANGE {
        return server.token_exchange(now, call);
    }
    resource::check_target(&server.url, &settings, &call.parameters)?;
    match call.grant_type() {
        "authorization_code" => {
            let code = call.parameter("code").ok_or(missing)?;
            server.check_code_owner(code, call)?;
            let verifier = call.parameter("code_verifier");
            server.exchange(now, code, call.parameter("redirect_uri"), verifier)
        }
        "refresh_token" => {
            let token = call.parameter("refresh_token").ok_or(missing)?;
            server.check_login_owner(token, call)?;
            server.refresh(now, token, call.parameter("scope"))
        }
        "client_credentials" if !settings.is_confidential() => {
            Err(Refused::new("unauthorized_client", "a public client has no token of its own"))
        }
        "client_credentials" => {
            Ok(server.client_credentials(now, call.parameter("scope").unwrap_or_default()))
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            server.poll_device(now, call.parameter("device_code").ok_or(missing)?)
        }
        "" => Err(missing),
        _ => Err(Refused::new("unsupported_grant_type", "not a grant of the sandbox")),
    }
}

/// Checks the client's authentication. Only the configured method is accepted, so that a test notices a
/// client that uses another method. A request must not use two methods (RFC 6749 section 2.3).
pub(super) fn authenticate(server: &mut Server, now: Now, call: &TokenCall) -> Result<(), Refused> {
    let settings = server.settings.clone();
    if let Some(id) = server.registered_client(call) {
        return server.authenticate_registered(now, call, &id);
    }
    let header = call.header("authorization");
    let id = call.parameter("client_id");
    let in_body = call.parameter("client_secret");
    let secret = settings.client_secret.as_deref();
    if header.is_some() && in_body.is_some() {
        return Err(Refused::new("invalid_request", "two ways of client authentication"));
    }
    let is_us = id == Some(&settings.client_id);
    let basic = || header.and_then(basic);
    let accepted = match settings.client_auth {
        ClientAuth::Basic => basic().is_some_and(|(user, password)| {
            form_decoded(&user) == settings.client_id
                && Some(form_decoded(&password).as_str()) == secret
        }),
        ClientAuth::BasicRaw => basic().is_some_and(|(user, password)| {
            user == settings.client_id && Some(password.as_str()) == secret
        }),
        ClientAuth::SecretAsUser => basic()
            .is_some_and(|(user, password)| Some(user.as_str()) == secret && password.is_empty()),
        ClientAuth::SecretAsBearer => header.and_then(bearer).is_some_and(|b| Some(b) == secret),
        ClientAuth::Body => header.is_none() && is_us && in_body.is_some() && in_body == secret,
        ClientAuth::None | ClientAuth::Certificate => {
            header.is_none() && in_body.is_none() && is_us
        }
        ClientAuth::Omitted => header.is_none() && in_body.is_none() && id.is_none(),
        #[cfg(feature = "jwt")]
        ClientAuth::PrivateKeyJwt | ClientAuth::SecretJwt => server.is_authenticated(now, call),
    };
    if accepted && (id.is_none() || is_us) {
        Ok(())
    } else {
        Err(Refused { status: 401, ..Refused::new("invalid_client", "client not authenticated") })
    }
}

pub(super) fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Reads the token from a `Bearer` header (RFC 6750 section 2.1).
pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn form_decoded(text: &str) -> String {
    let form = format!("x={text}");
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

pub(super) fn success(server: &Server, now: Now, issued: Issued) -> Reply {
    let access = &server.access_tokens[issued.access];
    let left = server.lifetime_left(now, issued.access).as_secs();
    let mut body = Map::new();
    body.insert("access_token".to_owned(), access.text.as_str().into());
    match server.issued_type(issued.access) {
        Some((kind, token_type)) => {
            body.insert("issued_token_type".to_owned(), kind.into());
            body.insert("token_type".to_owned(), token_type.into());
        }
        None => {
            let token_type = if access.jkt.is_some() { "DPoP" } else { "Bearer" };
            body.insert("token_type".to_owned(), token_type.into());
        }
    }
    let expires_in = match server.settings.exact_online {
        true => Value::from(left.to_string()),
        false => left.into(),
    };
    body.insert("expires_in".to_owned(), expires_in);
    if let Some(refresh) = issued.refresh {
        let text = server.refresh_tokens[refresh].text.as_str();
        body.insert("refresh_token".to_owned(), text.into());
    }
    if !access.scope.is_empty() {
        body.insert("scope".to_owned(), access.scope.as_str().into());
    }
    if let Some(id_token) = server.id_token(now, issued) {
        body.insert("id_token".to_owned(), id_token.into());
    }
    if server.settings.expires_at_in_reply {
        let wall = now.wall.unix_timestamp().saturating_add(server.clock_offset);
        body.insert("expires_at".to_owned(), wall.saturating_add_unsigned(left).into());
    }
    Reply::json(200, body).with_header("Cache-Control", "no-store")
}

pub(super) fn refusal(refused: &Refused) -> Reply {
    let body = serde_json::json!({
        "error": refused.code,
        "error_description": refused.description,
    });
    let reply = Reply::json(refused.status, body).with_header("Cache-Control", "no-store");
    if *refused == TOO_EARLY {
        let reason = format!("TooEarlyToRefreshTokens: {}", refused.description);
        reply.with_header("Reason", &reason)
    } else if refused.status == 401 {
        // RFC 6749 section 5.2 requires the header.
        reply.with_header("WWW-Authenticate", "Basic realm=\"sandbox\"")
    } else {
        reply
    }
}

//! Reads the answer of a token endpoint (RFC 6749 sections 5.1 and 5.2), and decides what it means for
//! the token that was sent.
//!
//! Servers answer in many ways. The order of reading is fixed: a redirect is not followed; the body's
//! format is guessed from its content; a refresh token is kept before the answer is interpreted; then
//! the error is read, wherever it is in the body; then the token. An answer with both an error and a
//! token is not a success.

mod body;
mod fault;
pub(super) mod lifetime;
#[cfg(test)]
pub(super) mod tests;

use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use ureq::http::HeaderMap;

#[cfg(feature = "identity")]
pub(crate) use self::body::at;
pub(crate) use self::body::has;
use self::body::{Body, Found, text_of};
use self::fault::Fault;
use super::error_text::{clean, hide};
use super::retry_after::retry_after;
use crate::error::OAuthError;
use crate::provider::{Provider, ReplyMember, ReplyRules, Verdict};
use crate::secret::Secret;
use crate::stored_json;
use crate::substring;
use crate::token::Token;

/// The longest wait that an answer can cause; a longer wait in `Retry-After` is cut to this time.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Codes that say that the refresh token (or the authorization code) is refused: the code of the
/// standard, and codes of GitHub (two), HubSpot, Slack, Zoho, Zoom, OpenAI (three) and Supabase (two).
const REFUSED: [&str; 11] = [
    "invalid_grant",
    "bad_refresh_token",
    "bad_verification_code",
    "invalid_refresh_token",
    "invalid_code",
    "4735",
    "refresh_token_reused",
    "refresh_token_expired",
    "refresh_token_invalidated",
    "refresh_token_not_found",
    "refresh_token_already_used",
];

/// Whether a code says that the refresh token is refused.
fn is_refusal(code: &str) -> bool {
    REFUSED.iter().any(|refused| code.eq_ignore_ascii_case(refused))
}

/// Whether a code of a revocation endpoint says that the token is no longer valid. The provider's own
/// error rules are not used here, because they may apply to any error.
pub(crate) fn names_a_dead_token(code: &str) -> bool {
    is_refusal(code) || code.eq_ignore_ascii_case("invalid_token")
}

/// Codes of a server that failed while it processed the request. The client does not know whether the server
/// used the token.
const FAILED: [&str; 3] = ["server_error", "temporarily_unavailable", "internal_server_error"];

/// Codes that ask to try later, whatever the status.
const LIMITED: [&str; 4] =
    ["too_many_requests", "rate_limited", "ratelimited", "rate_limit_exceeded"];

/// An answer before it is read.
#[derive(Clone, Copy)]
pub(crate) struct RawReply<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// The body, decoded, cut at 1 MiB.
    pub(crate) body: &'a [u8],
}

impl RawReply<'_> {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The parsed answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The refresh token in the answer, whatever else the answer says. An empty or null member is
    /// treated as absent.
    pub(crate) refresh_token: Option<Secret>,
    /// What the answer means.
    pub(crate) outcome: Outcome,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A token.
    Token(Box<Issued>),
    /// The refresh token or the code is refused.
    Refused(OAuthError),
    /// It is too early to refresh. The token was not used.
    TooEarly(OAuthError),
    /// The request or the application is set up wrongly, or the server has another definite reason. The
    /// token was not used.
    Setup(OAuthError),
    /// The service asks to try later.
    Limited {
        error: OAuthError,
        /// How long to wait, if the server says; a day at most.
        retry_after: Option<Duration>,
        /// Whether the service may have used the refresh token.
        spent: bool,
    },
    /// The answer does not say whether the service used the refresh token.
    Unknown(OAuthError),
}

/// An issued token.
#[derive(Debug)]
pub(crate) struct Issued {
    /// The token. Its refresh token is `None` if the answer had no refresh token.
    pub(crate) token: Token,
    /// How long the refresh token lives, if the server says.
    pub(crate) refresh_expires_in: Option<Duration>,
}

impl Reply {
    /// Removes a secret of the request from the error's texts.
    pub(crate) fn hide(&mut self, secret: &Secret) {
        if let Some(error) = self.outcome.error_mut() {
            hide(error, secret);
        }
    }
}

/// Codes of a device poll (RFC 8628 section 3.5).
#[cfg(feature = "device")]
const POLLED: [&str; 4] = ["slow_down", "authorization_pending", "access_denied", "expired_token"];

impl Outcome {
    /// Treats an error code of a device poll as RFC 8628 does, whatever the HTTP status is. Makes `slower` at
    /// least as long as the answer asks to wait.
    #[cfg(feature = "device")]
    pub(crate) fn name_poll(&mut self, slower: &mut Duration) {
        if let Outcome::Limited { error, retry_after, .. } = self
            && POLLED.contains(&error.code.as_str())
        {
            *slower = (*slower).max(retry_after.unwrap_or_default());
            *self = Outcome::Setup(error.clone());
        }
    }

    pub(crate) fn error_mut(&mut self) -> Option<&mut OAuthError> {
        match self {
            Outcome::Token(_) => None,
            Outcome::Refused(error)
            | Outcome::TooEarly(error)
            | Outcome::Setup(error)
            | Outcome::Limited { error, .. }
            | Outcome::Unknown(error) => Some(error),
        }
    }
}

/// Reads an answer of the token endpoint. Lifetimes count from `sent_at`.
pub(crate) fn read(provider: &Provider, reply: &RawReply<'_>, sent_at: OffsetDateTime) -> Reply {
    read_body(provider, reply, &Body::parse(reply.body), sent_at)
}

/// Reads an answer whose end may be missing. `None` if the body does not show that a refresh token, or the whole
/// answer, is complete.
pub(crate) fn read_cut(
    provider: &Provider,
    reply: &RawReply<'_>,
    sent_at: OffsetDateTime,
) -> Option<Reply> {
    let body = Body::parse(reply.body);
    let read = read_body(provider, reply, &body, sent_at);
    (body.is_json && (body.whole || read.refresh_token.is_some())).then_some(read)
}

fn read_body(
    provider: &Provider,
    reply: &RawReply<'_>,
    body: &Body,
    sent_at: OffsetDateTime,
) -> Reply {
    // If a refresh sends the access token, the access token is its own refresh token.
    let renews = provider.refresh.grant.as_ref().is_some_and(|grant| grant.sends_access_token);
    let itself =
        || body.access_token(&body.token_object(provider).filter(|_| renews)?, &provider.reply);
    let refresh_token = itself().or_else(|| body.refresh_token(provider));
    let mut reply = Reply {
        outcome: judge(provider, reply, body, refresh_token.as_ref(), sent_at),
        refresh_token,
    };
    let came = body.token_object(provider);
    if let Some(error) = reply.outcome.error_mut() {
        let mut hidden = |secret: Option<Secret>| {
            if let Some(secret) = secret {
                hide(error, &secret);
            }
        };
        hidden(came.as_ref().and_then(|found| body.access_token(found, &provider.reply)));
        hidden(came.as_ref().and_then(|found| body.id_token(found, &provider.reply)));
        hidden(reply.refresh_token.clone());
    }
    reply
}

fn judge(
    provider: &Provider,
    reply: &RawReply<'_>,
    body: &Body,
    refresh_token: Option<&Secret>,
    sent_at: OffsetDateTime,
) -> Outcome {
    if (300..400).contains(&reply.status) {
        let text = redirect(reply.headers);
        return Outcome::Unknown(oauth_error(provider, reply.status, "redirect", Some(text), None));
    }
    // A body that was cut off is treated as neither a token nor an error.
    let found = body.token_object(provider).filter(|_| body.whole);
    let fault = if body.whole {
        Fault::find(provider, body.value(), found.is_some())
    } else {
        Fault::default()
    };
    let access_token = found.as_ref().and_then(|found| body.access_token(found, &provider.reply));
    if reply.is_good()
        && fault.code.is_none()
        && let (Some(found), Some(access_token)) = (&found, access_token)
    {
        let token = token(provider, body, found, access_token, refresh_token, sent_at);
        let refresh_expires_in = lifetime::refresh_expires_in(found.object, &provider.reply);
        return Outcome::Token(Box::new(Issued { token, refresh_expires_in }));
    }
    let error = error_of(provider, reply, body, &fault, found.is_some());
    #[cfg(feature = "dpop")]
    if let Some(error) = about_proof(reply.status, &error) {
        return Outcome::Setup(error);
    }
    let wait = retry_after(reply.headers, sent_at, LONGEST_WAIT);
    // A rule is only applied to a complete body.
    let seen = if body.whole { body.value() } else { &Value::Null };
    let mut rules = provider.reply.error_rules.iter();
    match rules.find(|rule| fault.matches(rule, reply.status, reply.headers, seen)) {
        Some(rule) => by_rule(rule.verdict, error, wait),
        None => by_standard(reply, &fault, found.is_some(), error, wait),
    }
}

fn oauth_error(
    provider: &Provider,
    status: u16,
    code: &str,
    description: Option<String>,
    uri: Option<String>,
) -> OAuthError {
    let code = clean(code).unwrap_or_else(|| format!("http_{status}"));
    OAuthError { host: provider.token_host(), code, description, uri, status, request: None }
}

/// The error of an answer without a usable token.
fn error_of(
    provider: &Provider,
    reply: &RawReply<'_>,
    body: &Body,
    fault: &Fault,
    has_token: bool,
) -> OAuthError {
    let status = reply.status;
    let described = || fault.texts.iter().find_map(|text| clean(text));
    match &fault.code {
        // A number that repeats the status is not a code.
        Some(code) if *code != status.to_string() => {
            let uri = fault.uri.as_deref().and_then(clean);
            let text = match provider.reply.registered_client && code == "invalid_client" {
                true => Some(unknown_client(described())),
                false => described(),
            };
            oauth_error(provider, status, code, text, uri)
        }
        None if reply.is_good() => {
            let text = malformed(reply, body, has_token);
            oauth_error(provider, status, "malformed", Some(text), None)
        }
        _ => {
            let text = described().or_else(|| from_elsewhere(reply));
            oauth_error(provider, status, &format!("http_{status}"), text, None)
        }
    }
}

/// The error with advice, if it is about the request's DPoP proof (RFC 9449 sections 5 and 8). The server has
/// then not looked at the token, whatever a rule of the provider says about other errors.
#[cfg(feature = "dpop")]
fn about_proof(status: u16, error: &OAuthError) -> Option<OAuthError> {
    let fault =
        crate::error::ProofFault::named(&error.code).filter(|_| (400..500).contains(&status))?;
    let said = error.description.as_ref().map(|said| format!("{said}; ")).unwrap_or_default();
    Some(OAuthError { description: Some(format!("{said}{}", fault.advice())), ..error.clone() })
}

/// The description of `invalid_client` for a client that this program has registered by itself.
fn unknown_client(described: Option<String>) -> String {
    let advice = "the server may have deleted the registration of this client: delete the stored \
                  registration (`RegistrationStore::clear`), register anew, and log in again";
    match described {
        Some(text) => format!("{text}; {advice}"),
        None => advice.to_owned(),
    }
}

/// Returns a text for the error message, if a proxy sent the answer or may have sent it.
fn from_elsewhere(reply: &RawReply<'_>) -> Option<String> {
    let page = reply.body.trim_ascii_start().first() == Some(&b'<');
    match reply.status {
        // A proxy requires authentication (RFC 9110 section 15.5.8).
        407 => {
            Some("a proxy on the way sent it and requires a user name and a password".to_owned())
        }
        _ if page => Some("it is an HTML page, of the service or of a proxy on the way".to_owned()),
        _ => None,
    }
}

/// The meaning of an error by a rule of the provider.
fn by_rule(verdict: Verdict, error: OAuthError, retry_after: Option<Duration>) -> Outcome {
    match verdict {
        Verdict::Refused => Outcome::Refused(error),
        Verdict::TooEarly => Outcome::TooEarly(error),
        Verdict::Setup => Outcome::Setup(error),
        Verdict::Transient => Outcome::Limited { error, retry_after, spent: false },
        Verdict::Unknown => Outcome::Unknown(error),
    }
}

/// The meaning of an error by its status and its code.
fn by_standard(
    reply: &RawReply<'_>,
    fault: &Fault,
    has_token: bool,
    error: OAuthError,
    retry_after: Option<Duration>,
) -> Outcome {
    let is = |codes: &[&str]| codes.iter().any(|code| error.code.eq_ignore_ascii_case(code));
    match reply.status {
        // 473 comes from a gateway that lets only one refresh through at a time.
        429 | 473 => Outcome::Limited { error, retry_after, spent: false },
        503 if retry_after.is_some() => Outcome::Limited { error, retry_after, spent: true },
        // A token and an error in one answer contradict each other.
        _ if reply.is_good() && has_token => Outcome::Unknown(error),
        _ if is_refusal(&error.code) => Outcome::Refused(error),
        200..500 if is(&LIMITED) => Outcome::Limited { error, retry_after, spent: false },
        200..500 if fault.named && !is(&FAILED) => Outcome::Setup(error),
        _ => Outcome::Unknown(error),
    }
}

fn token(
    provider: &Provider,
    body: &Body,
    found: &Found<'_>,
    access_token: Secret,
    refresh_token: Option<&Secret>,
    sent_at: OffsetDateTime,
) -> Token {
    let rules = &provider.reply;
    let mut token =
        Token::new(access_token).with_issued_at(sent_at).with_extra(body.extra(found, rules));
    if let Some(expires_at) = lifetime::expires_at(found.object, sent_at, rules) {
        token = token.with_expires_at(expires_at);
    }
    if let Some(refresh_token) = refresh_token {
        token = token.with_refresh_token(refresh_token.clone());
    }
    let kind: (ReplyMember, &[&str]) = (ReplyMember::TokenType, &["token_type", "tokenType"]);
    if let Some(token_type) = text_of(found.object, rules, kind) {
        token = token.with_token_type(token_type.to_owned());
    }
    if let Some(scope) = scope(found.object, rules, provider.authorization.scope_separator) {
        token = token.with_scope(scope);
    }
    if let Some(id_token) = body.id_token(found, rules) {
        token = token.with_id_token(id_token);
    }
    token
}

/// The granted scope, from a string or a list. If the provider does not separate scopes by spaces,
/// they are rewritten with spaces, so that a reader need not know the provider.
fn scope(object: &Map<String, Value>, rules: &ReplyRules, separator: char) -> Option<String> {
    let mut names = rules.names(ReplyMember::Scope).chain(["scope", "scopes"]);
    let scope = names.find_map(|name| match object.get(name)? {
        Value::String(text) => {
            let scopes = text.split(|c: char| c == separator || c.is_whitespace());
            Some(scopes.filter(|scope| !scope.is_empty()).collect::<Vec<_>>().join(" "))
        }
        Value::Array(list) => {
            let mut scopes = String::new();
            for scope in list {
                match scope {
                    Value::String(text) => scopes.push_str(text),
                    other => scopes.push_str(&stored_json::write(other).unwrap_or_default()),
                }
                scopes.push(' ');
            }
            Some(scopes.trim_end().to_owned())
        }
        _ => None,
    });
    scope.filter(|scope| !scope.is_empty())
}

pub(crate) fn redirect(headers: &HeaderMap) -> String {
    let location = headers.get("location").and_then(|location| location.to_str().ok());
    let address = location.and_then(|location| clean(location.split(['?', '#']).next()?));
    match address {
        Some(address) => format!("it redirects to {address}"),
        None => "it redirects without an address".to_owned(),
    }
}

/// Describes an answer of status 2xx without a token. The text does not repeat the body, which may hold
/// a token.
fn malformed(reply: &RawReply<'_>, body: &Body, has_token: bool) -> String {
    let content_type = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.and_then(|text| clean(substring::before(text, ';')));
    let why = match (reply.body.is_empty(), body.whole, has_token) {
        (true, ..) => "the body is empty",
        (_, false, _) => "the body is neither whole JSON nor a form",
        (.., true) => "the access token has characters that a header cannot carry",
        (.., false) => "the body has no access token",
    };
    format!(
        "{why}: status {}, content type {}, {} bytes",
        reply.status,
        content_type.as_deref().unwrap_or("not given"),
        reply.body.len()
    )
}

//! How requests travel: the agents' configurations, and token requests on an agent of their own, once.

mod config;

use std::io::{self, Read};
use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::{self, HeaderValue, request};
use ureq::{Agent, SendBody};
use url::Url;
use zeroize::Zeroizing;

use self::config::token_config;
pub(crate) use self::config::{HttpConfig, api_config};
use crate::credentials::Credentials;
use crate::error::{BoxError, Error, RateLimited, Result, TransportError};
use crate::protocol::{self, Outcome, RawReply, TokenRequest};
use crate::provider::{Provider, is_loopback};
use crate::refresh::{Ask, Sent, Transport};
use crate::secret::Secret;
use crate::token::Token;

/// What an answer of a token endpoint may hold.
const REPLY_LIMIT: u64 = 1 << 20;
/// The hint that a revocation gives with a refresh token (RFC 7009 section 2.1).
const REFRESH: &str = "refresh_token";

/// An error of ureq without the address, whose query may hold a secret.
pub(crate) fn without_address(error: ureq::Error) -> BoxError {
    match error {
        ureq::Error::BadUri(_) => "the address cannot be used".into(),
        ureq::Error::RequireHttpsOnly(_) => "only https is allowed, and the address is http".into(),
        error => error.into(),
    }
}

/// Sends token requests for one client.
pub(crate) struct TokenTransport {
    pub(crate) provider: Provider,
    pub(crate) credentials: Credentials,
    pub(crate) grant: Option<Grant>,
    agent: Agent,
    /// For loopback hosts: without a proxy.
    direct: Agent,
}

/// A grant that needs nothing stored.
pub(crate) struct Grant {
    pub(crate) scopes: Vec<String>,
    pub(crate) params: Vec<(String, String)>,
}

impl TokenTransport {
    pub(crate) fn new(
        provider: Provider,
        credentials: Credentials,
        grant: Option<Grant>,
        change: Option<&HttpConfig>,
    ) -> TokenTransport {
        let agent = token_config(&provider, change, false).new_agent();
        let direct = token_config(&provider, change, true).new_agent();
        TokenTransport { provider, credentials, grant, agent, direct }
    }

    /// Exchanges an authorization code.
    pub(crate) fn exchange(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&Secret>,
        sent_at: OffsetDateTime,
    ) -> Sent {
        let request =
            protocol::exchange(&self.provider, &self.credentials, code, redirect_uri, verifier);
        self.run(request, sent_at, [Some(code), verifier], &always)
    }

    /// Revokes the refresh token, or the access token where there is none. Any good status is
    /// success, also for a token that the server does not know, and its body means nothing (RFC 7009
    /// section 2.2).
    pub(crate) fn revoke(&self, token: &Token, sent_at: OffsetDateTime) -> Result<()> {
        let (secret, hint) = match token.refresh_token() {
            Some(refresh_token) => (refresh_token, REFRESH),
            None => (token.access_token(), "access_token"),
        };
        let request = protocol::revoke(&self.provider, &self.credentials, secret, hint);
        let request = request.ok_or_else(|| {
            Error::config(format!(
                "provider {} has no revocation endpoint: clear() forgets the login here",
                self.provider.name
            ))
        })?;
        let failed = |source: BoxError| match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::Transport(Box::new(TransportError {
                method: "POST".to_owned(),
                url: self.provider.revocation_endpoint.clone().unwrap_or_default(),
                source,
            })),
        };
        let outcome = match self.run(request, sent_at, [Some(secret), None], &always) {
            Sent::Reply(reply) => reply.outcome,
            Sent::Never(error) | Sent::NoAnswer(error) => return Err(failed(error)),
        };
        match outcome {
            Outcome::Token(_) => Ok(()),
            Outcome::Unknown(error) if (200..300).contains(&error.status) => Ok(()),
            // The server did not say what became of it: it counts as alive.
            Outcome::Unknown(error) => Err(failed(error.into())),
            Outcome::Limited { error, retry_after, .. } => {
                let (host, reason) = (self.provider.token_host(), Some(error.to_string()));
                let retry_after = retry_after.unwrap_or(Duration::from_secs(5));
                Err(Error::RateLimited(Box::new(RateLimited { host, retry_after, reason })))
            }
            Outcome::Refused(error) | Outcome::TooEarly(error) | Outcome::Setup(error) => {
                Err(Error::OAuth(Box::new(error)))
            }
        }
    }

    fn run(
        &self,
        request: Result<TokenRequest>,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        in_time: &dyn Fn() -> bool,
    ) -> Sent {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Sent::Never(error.into()),
        };
        let mut sent = match head(&request) {
            Ok(head) => self.send(head, &request, sent_at, in_time),
            Err(error) => return Sent::Never(error.into()),
        };
        // A server may repeat in its error text what it was sent, in the form it was sent.
        let mut hidden = Vec::new();
        for secret in spent.into_iter().flatten().chain(self.credentials.secret()) {
            let form = protocol::form_encoded(secret.expose());
            hidden.extend([secret.clone(), form.replace("%20", "+").into(), form.into()]);
        }
        let header = request.headers.iter().find(|(name, _)| *name == "Authorization");
        let word = header.and_then(|(_, value)| value.expose().split(' ').next_back());
        hidden.extend(word.map(Secret::new));
        match &mut sent {
            Sent::Reply(reply) => hidden.iter().for_each(|secret| reply.hide(secret)),
            Sent::Never(error) | Sent::NoAnswer(error) => {
                let text = format!("{error} {error:?}");
                let repeats =
                    |secret: &Secret| secret.expose().len() >= 4 && text.contains(secret.expose());
                if !error.is::<Error>() && hidden.iter().any(repeats) {
                    *error = "it failed, with an error that repeats a secret".into();
                }
            }
        }
        sent
    }

    /// Sends a request. Whether anything left this machine is known by whether the body was ever
    /// read: refused connections, failed name look-ups, failed handshakes and cut answers all come
    /// out as the same kinds of error. A request without a body may always have left.
    fn send(
        &self,
        head: request::Builder,
        request: &TokenRequest,
        sent_at: OffsetDateTime,
        in_time: &dyn Fn() -> bool,
    ) -> Sent {
        let loopback = Url::parse(&request.url).is_ok_and(|url| is_loopback(&url));
        let agent = if loopback { &self.direct } else { &self.agent };
        let mut body = Watched { rest: &request.body, read: request.body.is_empty(), in_time };
        let sent = if request.body.is_empty() {
            head.body(SendBody::none()).map(|request| agent.run(request))
        } else {
            let body = SendBody::from_reader(&mut body);
            head.body(body).map(|request| agent.run(request))
        };
        let answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if body.read => return Sent::NoAnswer(without_address(error)),
            Ok(Err(error)) => return Sent::Never(without_address(error)),
            Err(error) => return Sent::Never(unwritable(&error).into()),
        };
        let (parts, body) = answer.into_parts();
        let (bytes, cut) = read_reply(body);
        let raw = RawReply { status: parts.status.as_u16(), headers: &parts.headers, body: &bytes };
        let Some(cut) = cut else {
            return Sent::Reply(protocol::read(&self.provider, &raw, sent_at));
        };
        // Of an answer that broke off, JSON shows which members came whole, and a new refresh token
        // among them must not be lost. A form does not show it.
        if bytes.trim_ascii_start().starts_with(b"{") {
            let reply = protocol::read(&self.provider, &raw, sent_at);
            if reply.refresh_token.is_some() {
                return Sent::Reply(reply);
            }
        }
        Sent::NoAnswer(cut)
    }
}

/// Method, address and headers. `Connection: close`, because the connection is not used again.
fn head(request: &TokenRequest) -> Result<request::Builder> {
    let mut head = http::Request::builder()
        .method(request.method)
        .uri(request.url.as_str())
        .header(http::header::CONNECTION, "close");
    for (name, value) in &request.headers {
        let mut value =
            HeaderValue::from_str(value.expose()).map_err(|error| unwritable(&error.into()))?;
        value.set_sensitive(true);
        head = head.header(*name, value);
    }
    if !request.body.is_empty() {
        head = head.header(http::header::CONTENT_LENGTH, request.body.len());
    }
    Ok(head)
}

/// The error names what is wrong with an address or a header, and shows neither.
fn unwritable(error: &http::Error) -> Error {
    Error::config(format!("the token request cannot be written: {error}"))
}

/// What came of a body, and why it is not all.
fn read_reply(body: ureq::Body) -> (Zeroizing<Vec<u8>>, Option<BoxError>) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read = body.into_reader().take(REPLY_LIMIT + 1).read_to_end(&mut bytes);
    let cut = match read {
        Err(error) => Some(error.into()),
        Ok(_) if bytes.len() as u64 > REPLY_LIMIT => {
            bytes.truncate(REPLY_LIMIT as usize);
            Some(format!("the answer is larger than {REPLY_LIMIT} bytes").into())
        }
        Ok(_) => None,
    };
    (bytes, cut)
}

impl Transport for TokenTransport {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        let (provider, credentials) = (&self.provider, &self.credentials);
        match ask {
            Ask::Refresh { token, refresh_token, in_time } => {
                let redirect_uri = credentials.redirect_uri();
                let request =
                    protocol::refresh(provider, credentials, token, refresh_token, redirect_uri);
                let access_token = provider
                    .refresh_grant
                    .as_ref()
                    .filter(|grant| grant.sends_access_token)
                    .map(|_| token.access_token());
                self.run(request, sent_at, [Some(refresh_token), access_token], in_time)
            }
            Ask::Grant => match &self.grant {
                Some(Grant { scopes, params }) => self.run(
                    protocol::client_credentials(provider, credentials, scopes, params),
                    sent_at,
                    [None, None],
                    &always,
                ),
                None => Sent::Never("this client has no such grant".into()),
            },
            Ask::Revoke(token) => match protocol::revoke(provider, credentials, token, REFRESH) {
                Some(request) => self.run(request, sent_at, [Some(token), None], &always),
                None => Sent::Never("the service has no revocation endpoint".into()),
            },
        }
    }
}

/// No limit on when a request may leave.
fn always() -> bool {
    true
}

/// A body that remembers whether anybody read it, and is not given out when it is too late.
struct Watched<'a> {
    rest: &'a [u8],
    read: bool,
    in_time: &'a dyn Fn() -> bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.read && !(self.in_time)() {
            return Err(io::Error::other("the lock's time ran out before anything was sent"));
        }
        self.read = true;
        self.rest.read(buffer)
    }
}

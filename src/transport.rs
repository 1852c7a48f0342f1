//! Configures the agents, and sends each token request once, on an agent of its own.

#[cfg(any(feature = "device", feature = "introspection", feature = "par"))]
mod ask;
mod config;
mod exchange;
mod grant;
mod hooked;
mod id_token;
mod limit;
mod public;
mod second;
mod skew;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

pub(crate) use self::config::{HttpConfig, api_config, api_headers, with_fixed};
#[cfg(feature = "registration")]
pub(crate) use self::exchange::ask;
pub(crate) use self::exchange::{Agents, Answer, Watched, always};
use self::exchange::{Raw, head};
#[cfg(feature = "discovery")]
pub(crate) use self::exchange::{get, probe};
pub(crate) use self::limit::plain_agent as api_agent;
#[cfg(feature = "discovery")]
pub(crate) use self::public::private_host;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{BoxError, Error, RateLimited, Result, TransportError, chain};
use crate::hooks::TokenHooks;
use crate::protocol::{self, Authorization, Outcome, Requester, TokenRequest};
use crate::provider::{Provider, TokenTypeHint};
use crate::refresh::{Ask, Sent, Transport};
use crate::secret::Secret;
use crate::substring;
use crate::token::Token;

/// Returns the cause in an error of ureq, without the address, whose query may hold a secret. The error of
/// ureq has no source of its own: an [`io::Error`] is taken out of the error, and a timeout becomes an
/// [`io::Error`].
pub(crate) fn cause(error: ureq::Error) -> BoxError {
    match error {
        ureq::Error::BadUri(_) => "the address cannot be used".into(),
        ureq::Error::RequireHttpsOnly(_) => "only https is allowed, and the address is http".into(),
        ureq::Error::HostNotFound => "the name of the host was not found".into(),
        ureq::Error::Timeout(timeout) => {
            io::Error::new(io::ErrorKind::TimedOut, in_words(timeout)).into()
        }
        ureq::Error::Io(error) => io_cause(error),
        ureq::Error::Other(error) => error,
        error => error.into(),
    }
}

/// Returns the cause in an error from reading a body: ureq wraps its own errors there.
pub(crate) fn io_cause(error: io::Error) -> BoxError {
    match error.downcast::<ureq::Error>() {
        Ok(error) => cause(error),
        // ureq's own words are "Peer disconnected".
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => io::Error::new(
            error.kind(),
            "the server closed the connection before the answer was whole",
        )
        .into(),
        Err(error) => error.into(),
    }
}

/// The text for a timeout.
fn in_words(timeout: ureq::Timeout) -> &'static str {
    match timeout {
        ureq::Timeout::PerRead => "the server sent nothing for too long",
        ureq::Timeout::PerWrite | ureq::Timeout::SendRequest | ureq::Timeout::SendBody => {
            "the server did not take the request in time"
        }
        ureq::Timeout::Global | ureq::Timeout::PerCall => {
            "the time for the whole request was over before the answer was complete"
        }
        ureq::Timeout::Resolve => "the name of the host was not looked up in time",
        ureq::Timeout::Connect => "no connection was made in time",
        ureq::Timeout::RecvResponse | ureq::Timeout::RecvBody => {
            "the server did not answer in time"
        }
        _ => "the time was over",
    }
}

/// Sends token requests for one client.
pub(crate) struct TokenTransport {
    pub(crate) provider: Arc<Provider>,
    pub(crate) credentials: Credentials,
    pub(crate) grant: Option<Grant>,
    /// Parameters of every token request.
    extra: Vec<(String, String)>,
    agents: Agents,
    /// The hooks of requests to the authorization server.
    hooks: TokenHooks,
    #[cfg(feature = "jwt")]
    skew: skew::Skew,
}

/// A grant that needs no stored login.
pub(crate) enum Grant {
    ClientCredentials {
        scopes: Vec<String>,
    },
    #[cfg(feature = "jwt")]
    JwtBearer(protocol::JwtBearer),
    #[cfg(feature = "token-exchange")]
    TokenExchange(protocol::TokenExchange),
}

impl TokenTransport {
    pub(crate) fn new(
        provider: Arc<Provider>,
        credentials: Credentials,
        grant: Option<Grant>,
        extra: Vec<(String, String)>,
        change: Option<&HttpConfig>,
        clock: &Arc<dyn Clock>,
    ) -> TokenTransport {
        let name = provider.user_agent.as_deref();
        let agents = Agents::new(name, provider.token_request.timeout, change);
        #[cfg(feature = "jwt")]
        let skew = skew::Skew::new(clock.clone());
        #[cfg(not(feature = "jwt"))]
        let _ = clock;
        TokenTransport {
            provider,
            credentials,
            grant,
            extra,
            agents,
            hooks: TokenHooks::default(),
            #[cfg(feature = "jwt")]
            skew,
        }
    }

    pub(crate) fn with_hooks(self, hooks: TokenHooks) -> TokenTransport {
        TokenTransport { hooks, ..self }
    }

    fn caller(&self, now: OffsetDateTime) -> Requester<'_> {
        let TokenTransport { provider, credentials, extra, .. } = self;
        let auth = provider.token_request.client_auth;
        Requester { provider, credentials, extra, home: None, auth, now }
    }

    /// Exchanges an authorization code. The result is an error if the ID token does not belong to this login.
    pub(crate) fn exchange(
        &self,
        code: &Secret,
        authorization: &Authorization,
        fields: &Map<String, Value>,
        sent_at: OffsetDateTime,
    ) -> Sent {
        let home = match self.provider.home(fields) {
            Ok(home) => home,
            Err(error) => return Sent::Never(error.into()),
        };
        let (redirect_uri, verifier) = (authorization.redirect_uri(), authorization.verifier());
        let nonce = authorization.nonce();
        self.exchange_code(code, redirect_uri, verifier, nonce, home.as_ref(), sent_at)
    }

    /// Exchanges a code. An unfit ID token makes the login fail only if a nonce was sent.
    pub(crate) fn exchange_code(
        &self,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&Secret>,
        nonce: Option<&Secret>,
        home: Option<&Url>,
        sent_at: OffsetDateTime,
    ) -> Sent {
        let spent = [Some(code), verifier];
        let (raw, hidden) = self.deliver(sent_at, spent, &always, &|caller| {
            protocol::exchange(&caller.at(home), code, redirect_uri, verifier)
        });
        let now = id_token::times(&raw, sent_at);
        let sent = self.judged(raw, &hidden, sent_at);
        let sent = self.with_fit_id_token(sent, now, nonce.map(Some), None);
        match &self.provider.token_request.second_exchange {
            Some(second) => self.exchanged_again(sent, second, sent_at),
            None => sent,
        }
    }

    /// Sends a request that is not a login.
    fn renew(
        &self,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        before: Option<&Token>,
        in_time: &dyn Fn() -> bool,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> Sent {
        let (raw, hidden) = self.deliver(sent_at, spent, in_time, build);
        let now = id_token::times(&raw, sent_at);
        let sent = self.judged(raw, &hidden, sent_at);
        self.with_fit_id_token(sent, now, None, before)
    }

    /// Revokes the refresh token, or the access token if there is no refresh token or the service wants the
    /// access token. Every success status is a success, also for a token that the server does not know; the
    /// body is ignored (RFC 7009 section 2.2).
    pub(crate) fn revoke(&self, token: &Token, sent_at: OffsetDateTime) -> Result<()> {
        let style = self.provider.token_request.revocation_style;
        let home = self.provider.home(token.extra())?;
        let home = home.as_ref();
        match token.refresh_token().filter(|_| !style.wants_access_token()) {
            Some(refresh_token) => {
                self.revoke_at(refresh_token, Some(TokenTypeHint::RefreshToken), home, sent_at)
            }
            None => {
                let hint = Some(TokenTypeHint::AccessToken);
                self.revoke_at(token.access_token(), hint, home, sent_at)
            }
        }
    }

    /// Revokes a token that need not be the stored one.
    pub(crate) fn revoke_one(
        &self,
        secret: &Secret,
        hint: Option<TokenTypeHint>,
        sent_at: OffsetDateTime,
    ) -> Result<()> {
        self.revoke_at(secret, hint, None, sent_at)
    }

    fn revoke_at(
        &self,
        secret: &Secret,
        hint: Option<TokenTypeHint>,
        home: Option<&Url>,
        sent_at: OffsetDateTime,
    ) -> Result<()> {
        let failed = |source: BoxError| match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::Transport(Box::new(TransportError {
                method: "POST".to_owned(),
                url: self.provider.endpoints.revocation.clone().unwrap_or_default(),
                source,
            })),
        };
        let sent = self.run(sent_at, [Some(secret), None], &always, &|caller| {
            protocol::revoke(&caller.at(home), secret, hint)
        });
        let proves_with_token = self.provider.token_request.revocation_style.wants_access_token();
        let outcome = match sent {
            Sent::Reply(reply) => reply.outcome,
            Sent::Never(error) | Sent::NoAnswer(error) => return Err(failed(error)),
        };
        match outcome {
            Outcome::Token(_) => Ok(()),
            Outcome::Unknown(error) if (200..300).contains(&error.status) => Ok(()),
            // The answer does not say whether the token was revoked, so the token is treated as
            // valid.
            Outcome::Unknown(error) => Err(failed(error.into())),
            Outcome::Limited { error, retry_after, .. } => {
                let (host, reason) = (self.provider.token_host(), Some(error.told()));
                let retry_after = retry_after.unwrap_or(Duration::from_secs(5));
                Err(RateLimited::answered(host, retry_after, reason).into())
            }
            // A token that the service does not take any more needs no revocation (RFC 7009 section 2.2). If
            // the access token authenticates the request, perhaps only the access token has expired.
            Outcome::Refused(error) | Outcome::Setup(error)
                if !proves_with_token && protocol::names_a_dead_token(&error.code) =>
            {
                Ok(())
            }
            Outcome::Refused(error) | Outcome::TooEarly(error) | Outcome::Setup(error) => {
                Err(Error::OAuth(Box::new(error)))
            }
        }
    }

    /// The host of a login is that of its callback: an answer does not move the login.
    fn keep_home(&self, sent: &mut Sent) {
        let rule = self.provider.authorization.token_host_from.as_ref();
        if let (Some(rule), Sent::Reply(reply)) = (rule, sent)
            && let Outcome::Token(issued) = &mut reply.outcome
        {
            issued.token.drop_extra(&rule.name);
        }
    }

    fn run(
        &self,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        in_time: &dyn Fn() -> bool,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> Sent {
        let (raw, hidden) = self.deliver(sent_at, spent, in_time, build);
        self.judged(raw, &hidden, sent_at)
    }

    /// Reads the result of a request to the token endpoint, and takes secrets out of its error.
    fn judged(&self, raw: Raw, hidden: &[Secret], sent_at: OffsetDateTime) -> Sent {
        let mut sent = match raw {
            Raw::Never(error) => Sent::Never(error),
            Raw::NoAnswer(error) => Sent::NoAnswer(error),
            Raw::Answer(answer) => self.read(answer, sent_at),
        };
        match &mut sent {
            Sent::Reply(reply) => hidden.iter().for_each(|secret| reply.hide(secret)),
            Sent::Never(error) | Sent::NoAnswer(error) => without_secrets(error, hidden),
        }
        sent
    }

    /// Builds and sends a request. Returns its result, and the secrets that no error may repeat.
    fn deliver(
        &self,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        in_time: &dyn Fn() -> bool,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> (Raw, Vec<Secret>) {
        let once = |now| {
            let built = build(&self.caller(self.their_time(now)));
            let (request, added) = match built.and_then(|request| self.drafted(request)) {
                Ok(drafted) => drafted,
                Err(error) => return (Raw::Never(error.into()), Vec::new()),
            };
            let raw = match head(&request) {
                Ok(head) => self.agents.send(head, &request, in_time),
                Err(error) => Raw::Never(error.into()),
            };
            let mut hidden = self.hidden(&request, spent);
            hidden.extend(added);
            (self.answered(&request.url, raw), hidden)
        };
        let done = once(sent_at);
        // No token was used up: the server rejected the assertion before it looked at any token.
        match self.clock_was_wrong(&done.0, sent_at) {
            Some(now) => once(now),
            None => done,
        }
    }

    /// The secrets that a server may repeat in its error text, in each form in which they were sent.
    fn hidden(&self, request: &TokenRequest, spent: [Option<&Secret>; 2]) -> Vec<Secret> {
        let mut hidden = Vec::new();
        for secret in [spent[0], spent[1], self.credentials.secret()].iter().copied().flatten() {
            let form = protocol::form_encoded(secret.expose());
            hidden.push(secret.clone());
            hidden.push(substring::replaced(&form, "%20", "+").into());
            hidden.push(form.into());
        }
        let header = request.headers.iter().find(|(name, _)| *name == "Authorization");
        let word = header.and_then(|(_, value)| value.expose().split(' ').next_back());
        hidden.extend(word.map(Secret::new));
        hidden
    }

    /// Reads an answer of the token endpoint.
    fn read(&self, mut answer: Answer, sent_at: OffsetDateTime) -> Sent {
        let cut = answer.cut.take();
        let raw = answer.as_reply();
        let Some(cut) = cut else {
            return Sent::Reply(protocol::read(&self.provider, &raw, sent_at));
        };
        // In JSON that broke off, it is clear which members came whole, and a new refresh token among
        // them must not be lost. A form does not show whether a value is whole.
        if raw.body.trim_ascii_start().starts_with(b"{") {
            let reply = protocol::read(&self.provider, &raw, sent_at);
            if reply.refresh_token.is_some() {
                return Sent::Reply(reply);
            }
        }
        Sent::NoAnswer(cut)
    }
}

fn without_secrets(error: &mut BoxError, hidden: &[Secret]) {
    let text = format!("{} {error:?}", chain(&**error));
    let repeats =
        |secret: &Secret| secret.expose().len() >= 4 && substring::has(&text, secret.expose());
    if !error.is::<Error>() && hidden.iter().any(repeats) {
        *error = "the request failed, with an error that repeats a secret".into();
    }
}

impl Transport for TokenTransport {
    fn warning(&self) -> Option<String> {
        self.clock_warning()
    }

    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        match ask {
            Ask::Refresh { token, refresh_token, in_time } => {
                let redirect_uri = self.credentials.redirect_uri();
                let access_token = self
                    .provider
                    .refresh
                    .grant
                    .as_ref()
                    .filter(|grant| grant.sends_access_token)
                    .map(|_| token.access_token());
                let spent = [Some(refresh_token), access_token];
                let home = match self.provider.home(token.extra()) {
                    Ok(home) => home,
                    Err(error) => return Sent::Never(error.into()),
                };
                let mut sent = self.renew(sent_at, spent, Some(token), in_time, &|caller| {
                    protocol::refresh(&caller.at(home.as_ref()), token, refresh_token, redirect_uri)
                });
                self.keep_home(&mut sent);
                sent
            }
            Ask::Grant(stored) => self.granted(stored, sent_at),
            Ask::Revoke(secret, token) => {
                let home = match self.provider.home(token.extra()) {
                    Ok(home) => home,
                    Err(error) => return Sent::Never(error.into()),
                };
                self.run(sent_at, [Some(secret), None], &always, &|caller| {
                    let caller = caller.at(home.as_ref());
                    protocol::revoke(&caller, secret, Some(TokenTypeHint::RefreshToken))
                })
            }
        }
    }
}

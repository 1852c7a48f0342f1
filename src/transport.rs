//! Configures the agents, and sends each token request once, on an agent of its own.

#[cfg(any(feature = "device", feature = "introspection", feature = "par"))]
mod ask;
mod config;
mod dpop;
mod exchange;
mod grant;
mod hooked;
mod id_token;
#[cfg(feature = "oidc")]
mod keys;
mod limit;
mod pair;
mod proxied;
mod public;
mod revoke;
mod second;
mod signed_request;
mod skew;

use serde_json::{Map, Value};
use std::io;
use std::sync::Arc;
use time::OffsetDateTime;
use url::Url;

pub(crate) use self::config::{HttpConfig, api_config, api_headers, with_fixed};
pub(crate) use self::dpop::Proofs;
#[cfg(feature = "dpop")]
pub(crate) use self::dpop::{Demand, Side};
#[cfg(feature = "registration")]
pub(crate) use self::exchange::ask;
#[cfg(any(feature = "discovery", feature = "oidc"))]
pub(crate) use self::exchange::get;
#[cfg(feature = "discovery")]
pub(crate) use self::exchange::probe;
pub(crate) use self::exchange::{Agents, Answer, Reads, Watched, always, read_up_to};
use self::exchange::{Raw, head};
pub(crate) use self::id_token::IdTokenLogin;
pub(crate) use self::limit::plain_agent as api_agent;
pub(crate) use self::pair::AgentPair;
pub(crate) use self::proxied::cause_at;
#[cfg(feature = "discovery")]
pub(crate) use self::public::private_host;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::{BoxError, CODE, Error, REFRESH, Result, TokenRequestInfo, chain};
use crate::hooks::TokenHooks;
use crate::plain::plain;
use crate::proof_key::ProofKey;
use crate::protocol::{self, Authorization, Outcome, Requester, TokenRequest};
use crate::provider::{ClientAuth, Provider, TokenTypeHint};
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
            "the server closed the connection before the answer was complete",
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
    /// Whether logins are bound to a key, and the nonces and clocks of the servers.
    #[cfg_attr(not(feature = "dpop"), allow(dead_code))]
    pub(crate) proofs: Arc<Proofs>,
    #[cfg(feature = "jwt")]
    skew: skew::Skew,
}

/// A code, and the values that are sent with the code.
pub(crate) struct Coded<'a> {
    pub(crate) code: &'a Secret,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a Secret>,
    /// The values that an ID token must agree with.
    pub(crate) id_token: IdTokenLogin<'a>,
    /// The host of the login, if the callback named the host.
    pub(crate) home: Option<&'a Url>,
    /// The private JWK that the code is bound to (RFC 9449 section 10).
    pub(crate) dpop_key: Option<&'a Secret>,
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
            proofs: Arc::default(),
            #[cfg(feature = "jwt")]
            skew,
        }
    }

    /// The host of the token endpoint.
    pub(crate) fn host(&self) -> String {
        self.provider.token_host()
    }

    pub(crate) fn with_hooks(self, hooks: TokenHooks, proofs: Arc<Proofs>) -> TokenTransport {
        TokenTransport { hooks, proofs, ..self }
    }

    fn caller(&self, now: OffsetDateTime) -> Requester<'_> {
        let TokenTransport { provider, credentials, extra, .. } = self;
        let auth = provider.token_request.client_auth;
        Requester { provider, credentials, extra, home: None, auth, now }
    }

    /// Exchanges an authorization code. Returns an error if the ID token does not belong to this login.
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
        let coded = Coded {
            code,
            redirect_uri: authorization.redirect_uri(),
            verifier: authorization.verifier(),
            id_token: IdTokenLogin::of(authorization),
            home: home.as_ref(),
            dpop_key: authorization.dpop_key(),
        };
        self.exchange_code(&coded, sent_at)
    }

    /// Exchanges a code. An ID token that fails its checks makes the login fail only if a nonce was sent.
    pub(crate) fn exchange_code(&self, coded: &Coded<'_>, sent_at: OffsetDateTime) -> Sent {
        let Coded { code, redirect_uri, verifier, id_token, home, dpop_key } = *coded;
        let key = match self.key_of(dpop_key) {
            Ok(key) => key,
            Err(error) => return Sent::Never(error.into()),
        };
        let spent = [Some(code), verifier];
        let (raw, hidden) = self.deliver(sent_at, spent, key.as_ref(), &always, &|caller| {
            protocol::exchange(&caller.at(home), code, redirect_uri, verifier)
        });
        let now = id_token::times(&raw, sent_at);
        let sent = self.named(self.judged(raw, &hidden, sent_at), CODE);
        let sent = self.bound(sent, key.as_ref());
        let sent = self.with_fit_id_token(sent, now, id_token, None);
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
        key: Option<&ProofKey>,
        in_time: &dyn Fn() -> bool,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> Sent {
        let (raw, hidden) = self.deliver(sent_at, spent, key, in_time, build);
        let now = id_token::times(&raw, sent_at);
        let what = if before.is_some() { REFRESH } else { "the request for a token" };
        let sent = self.named(self.judged(raw, &hidden, sent_at), what);
        self.with_fit_id_token(sent, now, IdTokenLogin::default(), before)
    }

    /// Names the request in an error answer.
    fn named(&self, mut sent: Sent, what: &'static str) -> Sent {
        if let Sent::Reply(reply) = &mut sent
            && let Some(error) = reply.outcome.error_mut()
        {
            let rules = &self.provider.token_request;
            let (endpoint, auth) = match what {
                REFRESH => (self.provider.refresh_endpoint(), self.provider.refresh.client_auth),
                _ => (&*self.provider.endpoints.token, None),
            };
            // The host of the endpoint may come with the login.
            let is_fixed = self.provider.authorization.token_host_from.is_none();
            error.request = Some(Box::new(TokenRequestInfo {
                what,
                endpoint: is_fixed.then(|| plain(endpoint.to_owned())),
                client_id: plain(self.credentials.id().to_owned()),
                client_auth: self.auth_in_words(auth.unwrap_or(rules.client_auth)),
                // `unknown_client` says what to do about a client that has registered by itself.
                registered: self.provider.reply.registered_client,
            }));
        }
        sent
    }

    /// Says in words how the credentials authenticate, if the provider's method is `method`.
    fn auth_in_words(&self, method: ClientAuth) -> &'static str {
        #[cfg(feature = "jwt")]
        if self.credentials.signer().is_some() {
            return ClientAuth::PrivateKeyJwt.in_words();
        }
        match (method, self.credentials.secret()) {
            (ClientAuth::Certificate | ClientAuth::Omitted, _) | (_, Some(_)) => method.in_words(),
            (_, None) => ClientAuth::None.in_words(),
        }
    }

    /// The callback of a login fixes the login's host: the answer to a refresh does not change the
    /// host.
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
        let (raw, hidden) = self.deliver(sent_at, spent, None, in_time, build);
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

    /// Builds and sends a request, with a DPoP proof that `key` signs. Returns the result of the request, and
    /// the secrets that no error may repeat.
    fn deliver(
        &self,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
        key: Option<&ProofKey>,
        in_time: &dyn Fn() -> bool,
        build: &dyn Fn(&Requester<'_>) -> Result<TokenRequest>,
    ) -> (Raw, Vec<Secret>) {
        let once = |now, again: Option<&dpop::Again>| {
            let built = build(&self.caller(self.their_time(now)));
            let drafted = built.and_then(|request| self.drafted(request));
            let proven = drafted.and_then(|(mut request, added)| {
                self.prove(&mut request, key, again).map(|()| (request, added))
            });
            let (request, added) = match proven {
                Ok(proven) => proven,
                Err(error) => return ((Raw::Never(error.into()), Vec::new()), None),
            };
            let raw = match head(&request) {
                Ok(head) => self.agents.send(head, &request, in_time),
                Err(error) => Raw::Never(error.into()),
            };
            let mut hidden = self.hidden(&request, spent);
            hidden.extend(added);
            let raw = self.answered(&request.url, raw);
            let again = self.learned(&request.url, &raw, key, sent_at);
            ((raw, hidden), again)
        };
        // No token was used up: the server rejected the proof or the assertion before it looked at any token.
        let (mut done, mut again) = once(sent_at, None);
        let (mut clock, mut proofs) = (true, dpop::Left::all());
        loop {
            if proofs.take(again.as_ref()) {
                (done, again) = once(sent_at, again.as_ref());
                continue;
            }
            let now = self.clock_was_wrong(&done.0, sent_at).filter(|_| clock);
            let Some(now) = now else { return done };
            clock = false;
            (done, again) = once(now, None);
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
        match cut {
            None => Sent::Reply(protocol::read(&self.provider, &raw, sent_at)),
            Some(cut) => protocol::read_cut(&self.provider, &raw, sent_at)
                .map_or(Sent::NoAnswer(cut), Sent::Reply),
        }
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
                let sent = self.provider.refresh.sends_access_token();
                let access_token = sent.then(|| token.access_token());
                let spent = [Some(refresh_token), access_token];
                let home = match self.provider.home(token.extra()) {
                    Ok(home) => home,
                    Err(error) => return Sent::Never(error.into()),
                };
                let key = match token.dpop_key().map(ProofKey::from_jwk).transpose() {
                    Ok(key) => key,
                    Err(error) => return Sent::Never(error.into()),
                };
                let (before, key) = (Some(token), key.as_ref());
                let mut sent = self.renew(sent_at, spent, before, key, in_time, &|caller| {
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

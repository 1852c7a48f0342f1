//! How requests travel: the agents' configurations, and token requests on an agent of their own, once.

use std::io::{self, Read};
use std::time::Duration;

use time::OffsetDateTime;
use ureq::config::{AutoHeaderValue, Config, ConfigBuilder};
use ureq::http::{self, HeaderValue, request};
use ureq::typestate::AgentScope;
use ureq::{Agent, SendBody};
use url::Url;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::{BoxError, Error, Result};
use crate::protocol::{self, RawReply, TokenRequest};
use crate::provider::{Provider, is_loopback};
use crate::refresh::{Ask, Sent, Transport};
use crate::secret::Secret;

/// What an answer of a token endpoint may hold.
const REPLY_LIMIT: u64 = 1 << 20;
/// How long a connection to the token endpoint may take: what fails here has spent nothing.
const TOKEN_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection to the API may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the API may be silent while its answer is awaited or read.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Changes ureq's configuration: proxy, certificates and the like.
pub(crate) type HttpConfig =
    Box<dyn Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync>;

/// A `User-Agent` that names this crate and its version.
const USER_AGENT: &str = concat!("evergrant/", env!("CARGO_PKG_VERSION"));

/// The caller's configuration on top of our defaults, not yet safe to use.
fn changed(provider: &Provider, change: Option<&HttpConfig>) -> ConfigBuilder<AgentScope> {
    let config = Agent::config_builder()
        .user_agent(provider.user_agent.as_deref().unwrap_or(USER_AGENT))
        .allow_non_standard_methods(true)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .timeout_per_write(Some(READ_TIMEOUT));
    match change {
        Some(change) => change(config),
        None => config,
    }
}

/// What no caller can change: a redirect is an answer, and so is an error status; a loopback host
/// is never reached through a proxy; there is a name in `User-Agent` unless it was taken out.
fn held(
    config: ConfigBuilder<AgentScope>,
    wanted: &Config,
    provider: &Provider,
    loopback: bool,
) -> ConfigBuilder<AgentScope> {
    let user_agent = match wanted.user_agent() {
        AutoHeaderValue::Default => provider.user_agent.as_deref().unwrap_or(USER_AGENT).into(),
        other => other.clone(),
    };
    config
        .user_agent(user_agent)
        .proxy(wanted.proxy().filter(|_| !loopback).cloned())
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
}

/// The configuration for API calls. A timeout that the caller took out is put back: ureq would wait
/// for ever.
pub(crate) fn api_config(
    provider: &Provider,
    change: Option<&HttpConfig>,
    loopback: bool,
) -> Config {
    let wanted = changed(provider, change).build();
    // Times that are the same for each read and write are set once on a connection, and a limit on
    // the whole call would cost a thread for each name look-up.
    // Made a second time, because a configuration cannot be opened again, nor its middleware moved.
    held(changed(provider, change), &wanted, provider, loopback)
        .timeout_connect(wanted.timeouts().connect.or(Some(CONNECT_TIMEOUT)))
        .timeout_per_read(wanted.timeout_per_read().or(Some(READ_TIMEOUT)))
        .timeout_per_write(wanted.timeout_per_write().or(Some(READ_TIMEOUT)))
        .build()
}

/// The configuration for token requests: the caller's way through the network (proxy, certificates,
/// addresses), taken over field by field, so that middleware and timeouts of the API stay out.
fn token_config(provider: &Provider, change: Option<&HttpConfig>, loopback: bool) -> Config {
    let wanted = changed(provider, change).build();
    let connect = Some(TOKEN_CONNECT_TIMEOUT.min(provider.token_timeout));
    held(Agent::config_builder(), &wanted, provider, loopback)
        .tls_config(wanted.tls_config().clone())
        .ip_family(wanted.ip_family())
        .https_only(wanted.https_only())
        .no_delay(wanted.no_delay())
        .accept_encoding(wanted.accept_encoding().clone())
        .max_response_header_size(wanted.max_response_header_size())
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .timeout_resolve(connect)
        .timeout_connect(connect)
        .timeout_global(Some(provider.token_timeout))
        .build()
}

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
        self.run(request, sent_at, [Some(code), verifier])
    }

    fn run(
        &self,
        request: Result<TokenRequest>,
        sent_at: OffsetDateTime,
        spent: [Option<&Secret>; 2],
    ) -> Sent {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Sent::Never(error.into()),
        };
        let mut sent = match head(&request) {
            Ok(head) => self.send(head, &request, sent_at),
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
    ) -> Sent {
        let loopback = Url::parse(&request.url).is_ok_and(|url| is_loopback(&url));
        let agent = if loopback { &self.direct } else { &self.agent };
        let mut body = Watched { rest: &request.body, read: request.body.is_empty() };
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
            Ask::Refresh { token, refresh_token } => {
                let redirect_uri = credentials.redirect_uri();
                let request =
                    protocol::refresh(provider, credentials, token, refresh_token, redirect_uri);
                let access_token = provider
                    .refresh_grant
                    .as_ref()
                    .filter(|grant| grant.sends_access_token)
                    .map(|_| token.access_token());
                self.run(request, sent_at, [Some(refresh_token), access_token])
            }
            Ask::Grant => match &self.grant {
                Some(Grant { scopes, params }) => self.run(
                    protocol::client_credentials(provider, credentials, scopes, params),
                    sent_at,
                    [None, None],
                ),
                None => Sent::Never("this client has no such grant".into()),
            },
            Ask::Revoke(token) => match protocol::revoke(provider, credentials, token) {
                Some(request) => self.run(request, sent_at, [Some(token), None]),
                None => Sent::Never("the service has no revocation endpoint".into()),
            },
        }
    }
}

/// A body that remembers whether anybody read it.
struct Watched<'a> {
    rest: &'a [u8],
    read: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read = true;
        self.rest.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        Provider::builder("x").token_endpoint("https://a.example/t").build().unwrap()
    }

    fn configs(change: Option<HttpConfig>, loopback: bool) -> [Config; 2] {
        let change = change.as_ref();
        [api_config(&provider(), change, loopback), token_config(&provider(), change, loopback)]
    }

    fn assert_held(config: &Config) {
        assert_eq!((config.max_redirects(), config.max_redirects_will_error()), (0, false));
        assert!(!config.http_status_as_error());
        let times = config.timeouts();
        let silence = config.timeout_per_read().is_some() && config.timeout_per_write().is_some();
        assert!(times.connect.is_some() && (silence || times.global.is_some()));
    }

    fn reckless(config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
        config
            .max_redirects(10)
            .max_redirects_will_error(true)
            .http_status_as_error(true)
            .timeout_connect(None)
            .timeout_per_read(None)
            .timeout_per_write(None)
            .timeout_global(None)
            .max_idle_connections(50)
            .max_idle_connections_per_host(50)
            .proxy(Some(ureq::Proxy::new("http://127.0.0.1:3128").unwrap()))
            .middleware(
                |request: http::Request<SendBody<'_>>,
                 next: ureq::middleware::MiddlewareNext<'_>| {
                    next.handle(request)
                },
            )
    }

    #[test]
    fn redirects_stay_off_and_timeouts_on_whatever_the_caller_sets() {
        let blank: HttpConfig = Box::new(|_| Agent::config_builder());
        for change in [None, Some(Box::new(reckless) as HttpConfig), Some(blank)] {
            let [api, token] = configs(change, false);
            assert_held(&api);
            assert_held(&token);
            assert_eq!(api.timeouts().connect, Some(CONNECT_TIMEOUT));
            assert_eq!(api.timeout_per_read(), Some(READ_TIMEOUT));
            assert_eq!(api.timeout_per_write(), Some(READ_TIMEOUT));
            assert_eq!(token.timeouts().global, Some(provider().token_timeout));
            assert_eq!(token.timeouts().resolve, Some(TOKEN_CONNECT_TIMEOUT));
            assert_eq!(
                (token.max_idle_connections(), token.max_idle_connections_per_host()),
                (0, 0)
            );
        }
    }

    #[test]
    fn a_caller_may_set_timeouts_of_the_api_and_not_those_of_token_requests() {
        let second = Some(Duration::from_secs(1));
        let change: HttpConfig = Box::new(move |config| {
            config.timeout_global(second).timeout_connect(second).timeout_per_call(second)
        });
        let [api, token] = configs(Some(change), false);
        assert_eq!((api.timeouts().global, api.timeouts().connect), (second, second));
        assert_eq!(token.timeouts().global, Some(provider().token_timeout));
        assert_eq!(token.timeouts().connect, Some(TOKEN_CONNECT_TIMEOUT));
        assert_eq!(token.timeouts().per_call, None);
    }

    #[test]
    fn token_requests_follow_the_callers_way_and_pass_no_middleware() {
        let [api, token] = configs(Some(Box::new(reckless)), false);
        assert!(api.proxy().is_some() && token.proxy().is_some());
        let shown = |config: &Config| format!("{config:?}");
        assert!(shown(&api).contains("MiddlewareChain { len: 1 }"), "{}", shown(&api));
        assert!(shown(&token).contains("MiddlewareChain { len: 0 }"), "{}", shown(&token));
        let [api, token] = configs(Some(Box::new(reckless)), true);
        assert!(api.proxy().is_none() && token.proxy().is_none(), "loopback is never proxied");
        let strict: HttpConfig = Box::new(|config| config.https_only(true).no_delay(false));
        let [_, token] = configs(Some(strict), false);
        assert!(token.https_only() && !token.no_delay());
    }

    #[test]
    fn an_address_is_not_part_of_an_error() {
        for error in [
            ureq::Error::BadUri("http://a.example/?secret=c4nary".to_owned()),
            ureq::Error::RequireHttpsOnly("http://a.example/?secret=c4nary".to_owned()),
        ] {
            let error = without_address(error);
            assert!(!format!("{error} {error:?}").contains("c4nary"));
        }
    }
}

//! How a token request travels: on an agent of its own, once.

use std::io::{self, Read};
use std::time::Duration;

use time::OffsetDateTime;
use ureq::typestate::AgentScope;
use ureq::{Agent, SendBody, config::ConfigBuilder, http};

use crate::credentials::Credentials;
use crate::error::{BoxError, Result};
use crate::protocol::{self, RawReply, TokenRequest};
use crate::provider::{Provider, is_loopback};
use crate::refresh::{Ask, Sent, Transport};
use crate::secret::Secret;

/// What an answer of a token endpoint may hold.
const REPLY_LIMIT: u64 = 1 << 20;
/// How long a connection may take: what fails here has spent nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Changes ureq's configuration: proxy, certificates and the like.
pub(crate) type HttpConfig =
    Box<dyn Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync>;

/// A `User-Agent` that names this crate and its version.
pub(crate) const USER_AGENT: &str = concat!("evergrant/", env!("CARGO_PKG_VERSION"));

/// A configuration with what no caller can change: a redirect is an answer, and so is an error
/// status; a loopback host is never reached through a proxy.
pub(crate) fn config(
    provider: &Provider,
    change: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
    loopback: bool,
) -> ConfigBuilder<AgentScope> {
    let user_agent = provider.user_agent.as_deref().unwrap_or(USER_AGENT);
    let mut config = change(Agent::config_builder().user_agent(user_agent));
    if loopback {
        config = config.proxy(None);
    }
    config.max_redirects(0).max_redirects_will_error(false).http_status_as_error(false)
}

/// Sends token requests for one client.
pub(crate) struct TokenTransport {
    pub(crate) provider: Provider,
    pub(crate) credentials: Credentials,
    pub(crate) grant: Option<Grant>,
    agent: Agent,
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
        let loopback = url::Url::parse(&provider.token_endpoint).is_ok_and(|url| is_loopback(&url));
        let timeout = provider.token_timeout;
        let change = |config| match change {
            Some(change) => change(config),
            None => config,
        };
        let agent = config(&provider, change, loopback)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .timeout_resolve(Some(CONNECT_TIMEOUT.min(timeout)))
            .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
            .timeout_global(Some(timeout))
            .build()
            .new_agent();
        TokenTransport { provider, credentials, grant, agent }
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
        self.run(request, sent_at, Some(code))
    }

    fn run(
        &self,
        request: Result<TokenRequest>,
        sent_at: OffsetDateTime,
        spent: Option<&Secret>,
    ) -> Sent {
        let mut sent = match request {
            Ok(request) => self.post(&request, sent_at),
            Err(error) => Sent::Never(error.into()),
        };
        // A server may repeat in its error text what it was sent.
        if let Sent::Reply(reply) = &mut sent {
            for secret in spent.into_iter().chain(self.credentials.secret()) {
                reply.hide(secret);
            }
        }
        sent
    }

    /// Sends a request. Whether anything left this machine is known by whether the body was ever
    /// read: refused connections, failed name look-ups, failed handshakes and cut answers all come
    /// out as the same kinds of error. A request without a body may always have left.
    fn post(&self, request: &TokenRequest, sent_at: OffsetDateTime) -> Sent {
        let mut body = Watched { rest: &request.body, read: request.body.is_empty() };
        let answer = self.run_http(request, &mut body);
        match answer {
            Ok((parts, body)) => {
                let raw = RawReply {
                    status: parts.status.as_u16(),
                    headers: &parts.headers,
                    body: &body,
                };
                Sent::Reply(protocol::read(&self.provider, &raw, sent_at))
            }
            Err(error) if body.read => Sent::NoAnswer(error),
            Err(error) => Sent::Never(error),
        }
    }

    fn run_http(
        &self,
        request: &TokenRequest,
        body: &mut Watched<'_>,
    ) -> Result<(http::response::Parts, zeroize::Zeroizing<Vec<u8>>), BoxError> {
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(request.url.as_str())
            .header(http::header::CONNECTION, "close");
        for (name, value) in &request.headers {
            let mut value = http::HeaderValue::from_str(value.expose())?;
            value.set_sensitive(true);
            builder = builder.header(*name, value);
        }
        let response = if request.body.is_empty() {
            self.agent.run(builder.body(SendBody::none())?)?
        } else {
            builder = builder.header(http::header::CONTENT_LENGTH, request.body.len());
            self.agent.run(builder.body(SendBody::from_reader(body))?)?
        };
        let (parts, body) = response.into_parts();
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(4096));
        body.into_reader().take(REPLY_LIMIT).read_to_end(&mut bytes)?;
        Ok((parts, bytes))
    }
}

impl Transport for TokenTransport {
    fn send(&self, ask: Ask<'_>, sent_at: OffsetDateTime) -> Sent {
        let (provider, credentials) = (&self.provider, &self.credentials);
        match ask {
            Ask::Refresh { token, refresh_token } => {
                let redirect_uri = credentials.redirect_uri();
                let request =
                    protocol::refresh(provider, credentials, token, refresh_token, redirect_uri);
                self.run(request, sent_at, Some(refresh_token))
            }
            Ask::Grant => match &self.grant {
                Some(Grant { scopes, params }) => self.run(
                    protocol::client_credentials(provider, credentials, scopes, params),
                    sent_at,
                    None,
                ),
                None => Sent::Never("this client has no such grant".into()),
            },
            Ask::Revoke(token) => match protocol::revoke(provider, credentials, token) {
                Some(request) => self.run(request, sent_at, Some(token)),
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

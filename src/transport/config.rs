//! The configurations of the agents, and the settings that a caller cannot change.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::{AutoHeaderValue, Config, ConfigBuilder};
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use ureq::typestate::AgentScope;

use super::limit::FAR;
use crate::provider::Provider;
use crate::substring;

/// The limit on the name look-up for the token endpoint, and on the connection to it. A failure before the
/// connection is made has used up no token.
const TOKEN_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection to the API may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the API may be silent while its answer is awaited or read.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The head of an answer to a token request may have at least this many bytes, whatever the caller sets: if ureq
/// refused the answer, its tokens would be lost.
const HEAD: usize = 64 << 10;

/// Changes ureq's configuration: proxy, certificates and the like.
pub(crate) type HttpConfig =
    Arc<dyn Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> + Send + Sync>;

/// A `User-Agent` that names this crate and its version.
const AGENT_NAME: &str = concat!("evergrant/", env!("CARGO_PKG_VERSION"));

/// Applies the caller's configuration to our defaults. The result is not safe to use yet: see [`held`].
fn changed(name: Option<&str>, change: Option<&HttpConfig>) -> ConfigBuilder<AgentScope> {
    let config = Agent::config_builder()
        .user_agent(name.unwrap_or(AGENT_NAME))
        .allow_non_standard_methods(true)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .timeout_per_write(Some(READ_TIMEOUT));
    match change {
        Some(change) => change(config),
        None => config,
    }
}

/// Replaces a value that is not valid in a header by the default: ureq would panic.
fn writable(value: &AutoHeaderValue) -> AutoHeaderValue {
    match value {
        AutoHeaderValue::Provided(text) if HeaderValue::from_str(text).is_err() => {
            AutoHeaderValue::Default
        }
        other => other.clone(),
    }
}

/// Returns the proxy, unless a stranger chose it: a web server gives a CGI program the request's header
/// `Proxy` as `HTTP_PROXY`. A header never becomes `http_proxy` in small letters, but on Windows both
/// names mean the same variable.
fn without_cgi(proxy: ureq::Proxy) -> Option<ureq::Proxy> {
    let is_cgi = std::env::var_os("REQUEST_METHOD").is_some();
    if !is_cgi || !proxy.is_from_env() {
        return Some(proxy);
    }
    // Try the variables in ureq's order. A value that ureq cannot read is skipped, as in ureq.
    let named = |name: &str| {
        let of_variable = ureq::Proxy::new(&std::env::var(name).ok()?).ok()?;
        (of_variable.uri() == proxy.uri()).then_some(())
    };
    let safe = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"];
    if safe.into_iter().any(|name| named(name).is_some()) {
        return Some(proxy);
    }
    if cfg!(windows) {
        return None;
    }
    let plain = ureq::Proxy::new(&std::env::var("http_proxy").ok()?).ok()?;
    let mut rebuilt = ureq::Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
    if let Some(name) = plain.username() {
        rebuilt = rebuilt.username(name);
    }
    if let Some(password) = plain.password() {
        rebuilt = rebuilt.password(password);
    }
    let direct = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    for host in substring::split(&direct.unwrap_or_default(), ',') {
        rebuilt = rebuilt.no_proxy(host.trim());
    }
    rebuilt.build().ok()
}

/// Sets what no caller can change: redirects and error statuses are returned as answers; a loopback host
/// is never reached through a proxy; `User-Agent` has a name, unless the caller removed the header.
fn held(
    config: ConfigBuilder<AgentScope>,
    wanted: &Config,
    name: Option<&str>,
    loopback: bool,
) -> ConfigBuilder<AgentScope> {
    let user_agent = match writable(wanted.user_agent()) {
        AutoHeaderValue::Default => name.unwrap_or(AGENT_NAME).into(),
        other => other,
    };
    config
        .user_agent(user_agent)
        .accept(writable(wanted.accept()))
        .accept_encoding(writable(wanted.accept_encoding()))
        .proxy(wanted.proxy().filter(|_| !loopback).cloned().and_then(without_cgi))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
}

/// The configuration for API calls. A timeout that the caller removed is put back, because ureq would
/// wait for ever.
pub(crate) fn api_config(
    provider: &Provider,
    change: Option<&HttpConfig>,
    loopback: bool,
) -> Config {
    let name = provider.user_agent.as_deref();
    let wanted = changed(name, change).build();
    // ureq sets a limit per read and write once on a connection; a limit on the whole call would cost a
    // thread for each name look-up. `changed` builds the configuration again, because a finished
    // configuration cannot become a builder, and its middleware cannot be moved.
    held(changed(name, change), &wanted, name, loopback)
        .timeout_connect(wanted.timeouts().connect.or(Some(CONNECT_TIMEOUT)))
        .timeout_per_read(wanted.timeout_per_read().or(Some(READ_TIMEOUT)))
        .timeout_per_write(wanted.timeout_per_write().or(Some(READ_TIMEOUT)))
        .build()
}

/// Makes the headers of every API call, with an empty value for the token. Without these headers, ureq would
/// make and check each value for each request.
pub(crate) fn api_headers(config: &Config, token: &HeaderName) -> HeaderMap {
    let given = [
        (USER_AGENT, config.user_agent(), AGENT_NAME),
        (ACCEPT, config.accept(), "*/*"),
        (ACCEPT_ENCODING, config.accept_encoding(), "gzip"),
    ];
    let mut headers = HeaderMap::new();
    for (name, value, default) in &given {
        let value = match value {
            AutoHeaderValue::None => None,
            AutoHeaderValue::Default => Some(HeaderValue::from_static(default)),
            AutoHeaderValue::Provided(text) if text.as_str() == *default => {
                Some(HeaderValue::from_static(default))
            }
            AutoHeaderValue::Provided(text) => HeaderValue::from_str(text).ok(),
        };
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers.insert(token, HeaderValue::from_static(""));
    headers
}

/// Adds the headers that the provider sends with every call. The builder of providers has checked these
/// headers.
pub(crate) fn with_fixed(mut headers: HeaderMap, provider: &Provider) -> HeaderMap {
    for (name, value) in &provider.api.fixed_headers {
        if let (Ok(name), Ok(mut value)) =
            (HeaderName::try_from(name), HeaderValue::from_str(value.expose()))
        {
            value.set_sensitive(true);
            headers.insert(&name, value);
        }
    }
    headers
}

/// The configuration for token requests. The caller's proxy, certificates and address family are copied
/// field by field, so that middleware and timeouts of the API stay out. `timeout` limits the whole
/// request: see [`super::limit`].
pub(super) fn token_config(
    name: Option<&str>,
    timeout: Duration,
    change: Option<&HttpConfig>,
    loopback: bool,
) -> Config {
    let wanted = changed(name, change).build();
    // The look-up and the connection together must stay within the limit of the request.
    let connect = Some(TOKEN_CONNECT_TIMEOUT.min(timeout / 2));
    held(Agent::config_builder(), &wanted, name, loopback)
        .tls_config(wanted.tls_config().clone())
        .ip_family(wanted.ip_family())
        .https_only(wanted.https_only())
        .no_delay(wanted.no_delay())
        .max_response_header_size(wanted.max_response_header_size().max(HEAD))
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .timeout_resolve(connect)
        .timeout_connect(connect)
        .timeout_global(Some(FAR))
        .build()
}

#[cfg(test)]
mod tests {
    use ureq::{SendBody, http};

    use super::*;
    use crate::transport::cause;

    fn provider() -> Provider {
        Provider::builder("x").token_endpoint("https://a.example/t").build().unwrap()
    }

    fn configs(change: Option<HttpConfig>, loopback: bool) -> [Config; 2] {
        let change = change.as_ref();
        let token = token_config(None, provider().token_request.timeout, change, loopback);
        [api_config(&provider(), change, loopback), token]
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
        let blank: HttpConfig = Arc::new(|_| Agent::config_builder());
        for change in [None, Some(Arc::new(reckless) as HttpConfig), Some(blank)] {
            let [api, token] = configs(change, false);
            assert_held(&api);
            assert_held(&token);
            assert_eq!(api.timeouts().connect, Some(CONNECT_TIMEOUT));
            assert_eq!(api.timeout_per_read(), Some(READ_TIMEOUT));
            assert_eq!(api.timeout_per_write(), Some(READ_TIMEOUT));
            assert_eq!(token.timeouts().global, Some(FAR));
            assert_eq!(token.timeouts().resolve, Some(TOKEN_CONNECT_TIMEOUT));
            assert_eq!(
                (token.max_idle_connections(), token.max_idle_connections_per_host()),
                (0, 0)
            );
        }
    }

    #[test]
    fn a_caller_sets_the_timeouts_of_api_calls_only() {
        let second = Some(Duration::from_secs(1));
        let change: HttpConfig = Arc::new(move |config| {
            config.timeout_global(second).timeout_connect(second).timeout_per_call(second)
        });
        let [api, token] = configs(Some(change), false);
        assert_eq!((api.timeouts().global, api.timeouts().connect), (second, second));
        assert_eq!(token.timeouts().global, Some(FAR));
        assert_eq!(token.timeouts().connect, Some(TOKEN_CONNECT_TIMEOUT));
        assert_eq!(token.timeouts().per_call, None);
    }

    #[test]
    fn token_requests_use_the_callers_proxy_and_no_middleware() {
        let [api, token] = configs(Some(Arc::new(reckless)), false);
        assert!(api.proxy().is_some() && token.proxy().is_some());
        let shown = |config: &Config| format!("{config:?}");
        assert!(shown(&api).contains("MiddlewareChain { len: 1 }"), "{}", shown(&api));
        assert!(shown(&token).contains("MiddlewareChain { len: 0 }"), "{}", shown(&token));
        let [api, token] = configs(Some(Arc::new(reckless)), true);
        assert!(api.proxy().is_none() && token.proxy().is_none(), "loopback is never proxied");
        let strict: HttpConfig = Arc::new(|config| config.https_only(true).no_delay(false));
        let [_, token] = configs(Some(strict), false);
        assert!(token.https_only() && !token.no_delay());
    }

    #[test]
    fn an_address_is_not_part_of_an_error() {
        for error in [
            ureq::Error::BadUri("http://a.example/?secret=c4nary".to_owned()),
            ureq::Error::RequireHttpsOnly("http://a.example/?secret=c4nary".to_owned()),
        ] {
            let error = cause(error);
            assert!(!format!("{error} {error:?}").contains("c4nary"));
        }
    }
}

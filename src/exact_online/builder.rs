//! The settings of a client for Exact Online.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::hooks::Event;
use crate::{Client, ClientBuilder, Credentials, Provider, Result, TokenBackend};

use super::limits::{Counter, ERRORS};
use super::{Country, ExactOnline, Inner};

type Change = Box<dyn FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send>;

/// Builds a client with other settings than the defaults. [`ExactOnline::builder`] returns a builder.
#[must_use]
pub struct ExactOnlineBuilder {
    country: Country,
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    provider: Option<Provider>,
    api_base: Option<String>,
    margin: Option<Duration>,
    division: Option<i64>,
    clock: Arc<dyn Clock>,
    error_limit: usize,
    changes: Vec<Change>,
}

impl ExactOnlineBuilder {
    pub(super) fn new(
        country: Country,
        credentials: Credentials,
        backend: Box<dyn TokenBackend>,
    ) -> ExactOnlineBuilder {
        ExactOnlineBuilder {
            country,
            credentials,
            backend,
            provider: None,
            api_base: None,
            margin: None,
            division: None,
            clock: Arc::new(SystemClock),
            error_limit: ERRORS,
            changes: Vec::new(),
        }
    }

    fn change(
        mut self,
        change: impl FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send + 'static,
    ) -> ExactOnlineBuilder {
        self.changes.push(Box::new(change));
        self
    }

    /// Sets the division (the company) of all calls, unless [`ExactOnline::division`] chooses another.
    pub fn division(mut self, division: i64) -> ExactOnlineBuilder {
        self.division = Some(division);
        self
    }

    /// Sets how long before its expiry an access token is replaced: 30 seconds by default, the earliest time
    /// that Exact Online allows. With 0 the client waits until the token has expired. A longer margin is
    /// treated as 30 seconds.
    pub fn margin(mut self, margin: Duration) -> ExactOnlineBuilder {
        self.margin = Some(margin);
        self
    }

    /// Sets another provider than the country's, such as a sandbox. Refreshes then follow the rules of the
    /// other provider. To change one setting and keep Exact Online's rules, start from [`Country::provider`]
    /// and [`Provider::to_builder`].
    pub fn provider(mut self, provider: Provider) -> ExactOnlineBuilder {
        self.provider = Some(provider);
        self
    }

    /// Sets the base address of the API in place of the provider's, such as that of a gateway. Paths begin
    /// with `/v1/`.
    pub fn api_base(mut self, url: impl Into<String>) -> ExactOnlineBuilder {
        self.api_base = Some(url.into());
        self
    }

    /// Sends calls and token requests through a proxy: see [`ClientBuilder::proxy`].
    /// [`ExactOnlineBuilder::build`] refuses an address that cannot be used.
    pub fn proxy(self, address: &str) -> ExactOnlineBuilder {
        let address = address.to_owned();
        self.change(move |client| client.proxy(&address))
    }

    /// Sets how many times an endpoint of a division may answer with an error within an hour: 8 by default.
    /// After that many errors, calls of the endpoint fail with
    /// [`Error::RateLimited`](crate::Error::RateLimited) and are not sent. Exact Online blocks an API key
    /// after more than ten answers of 400, 401, 403 or 404. Each client counts its own errors.
    pub fn error_limit(mut self, errors: usize) -> ExactOnlineBuilder {
        self.error_limit = errors.max(1);
        self
    }

    /// Uses this clock for the time and for waits.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ExactOnlineBuilder {
        self.clock = clock;
        self
    }

    /// Calls `hook` with each event of the login: see [`ClientBuilder::on_event`].
    pub fn on_event(self, hook: impl Fn(&Event) + Send + Sync + 'static) -> ExactOnlineBuilder {
        self.change(move |client| Ok(client.on_event(hook)))
    }

    /// Changes the OAuth client: certificates, timeouts, retries, hooks. If a program calls `configure`
    /// several times, the changes are made in the order of the calls. The clock, `map_error` and
    /// `retry_after_from` are set afterwards, so a change of these has no effect; `before_send` and
    /// `on_answer` hooks run before the hooks that keep the limits.
    pub fn configure(
        self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> ExactOnlineBuilder {
        self.change(move |client| Ok(change(client)))
    }

    /// Returns the client. Reads no store and sends no request.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) for an address of the API that is neither https nor on
    /// loopback, and for a proxy's address that cannot be used.
    pub fn build(self) -> Result<ExactOnline> {
        let mut provider = match self.provider {
            Some(provider) => provider,
            None => self.country.provider()?,
        };
        if let Some(url) = self.api_base {
            provider = provider.to_builder().api_base(url).build()?;
        }
        if let Some(margin) = self.margin {
            provider = provider.to_builder().margin(margin).build()?;
        }
        let base = provider.api_base().unwrap_or_default();
        let host = url::Url::parse(base).ok();
        let host = host.and_then(|url| Some(url.host_str()?.to_owned())).unwrap_or_default();
        let limits = Arc::new(Counter::new(self.clock.clone(), host, self.error_limit));
        let mut builder = Client::builder(provider, self.credentials, self.backend);
        for change in self.changes {
            builder = change(builder)?;
        }
        let [before, after, wait, explain] = [(); 4].map(|()| Arc::clone(&limits));
        let client = builder
            .clock(self.clock)
            .before_send(move |sending| before.before(sending))
            .on_answer(move |received| after.after(received))
            .retry_after_from(move |received| wait.wait(received))
            .map_error(move |error| explain.explain(error))
            .build();
        let inner = Arc::new(Inner { client, limits, country: self.country });
        Ok(ExactOnline { inner, division: self.division })
    }
}

impl fmt::Debug for ExactOnlineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactOnlineBuilder")
            .field("country", &self.country)
            .field("credentials", &self.credentials)
            .field("division", &self.division)
            .finish_non_exhaustive()
    }
}

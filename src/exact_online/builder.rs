//! A client for Exact Online, made step by step.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::hooks::Event;
use crate::{Client, ClientBuilder, Credentials, Provider, Result, TokenBackend};

use super::limits::{ERRORS, Limits};
use super::{Country, ExactOnline, Inner};

type Change = Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send>;

/// Makes an [`ExactOnline`]; [`ExactOnline::builder`] starts it.
#[must_use]
pub struct ExactOnlineBuilder {
    country: Country,
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    provider: Option<Provider>,
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
            margin: None,
            division: None,
            clock: Arc::new(SystemClock),
            error_limit: ERRORS,
            changes: Vec::new(),
        }
    }

    /// The division (the company) that calls are about, unless they name another with
    /// [`ExactOnline::division`].
    pub fn division(mut self, division: i64) -> ExactOnlineBuilder {
        self.division = Some(division);
        self
    }

    /// How long before its end an access token is replaced: 30 seconds, which is as early as Exact
    /// Online allows; 0 waits for the end. More than 30 seconds is no use and does no harm.
    pub fn margin(mut self, margin: Duration) -> ExactOnlineBuilder {
        self.margin = Some(margin);
        self
    }

    /// Another provider than the country's own: a gateway of one's own, a sandbox. What it says about
    /// refreshing is what holds; [`Country::provider`] and `Provider::to_builder` keep the rules.
    pub fn provider(mut self, provider: Provider) -> ExactOnlineBuilder {
        self.provider = Some(provider);
        self
    }

    /// After how many errors within an hour an endpoint of a division is left alone; 8 by default.
    /// Exact Online blocks a key at more than ten answers of 400, 401, 403 or 404. Counted in this
    /// client.
    pub fn error_limit(mut self, errors: usize) -> ExactOnlineBuilder {
        self.error_limit = errors.max(1);
        self
    }

    /// Takes the time from another clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ExactOnlineBuilder {
        self.clock = clock;
        self
    }

    /// Calls `hook` with whatever happens to the token, after all locks are let go.
    pub fn on_event(self, hook: impl Fn(&Event) + Send + Sync + 'static) -> ExactOnlineBuilder {
        self.configure(move |builder| builder.on_event(hook))
    }

    /// Changes the client below: proxies, certificates, timeouts, retries, hooks. Its clock, its
    /// reading of errors and of waits are set after that; hooks for requests and answers are called
    /// besides those of the limits.
    pub fn configure(
        mut self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> ExactOnlineBuilder {
        self.changes.push(Box::new(change));
        self
    }

    /// The client. Nothing is read or sent yet.
    ///
    /// # Errors
    ///
    /// None in practice: see [`Country::provider`].
    pub fn build(self) -> Result<ExactOnline> {
        let mut provider = match self.provider {
            Some(provider) => provider,
            None => self.country.provider()?,
        };
        if let Some(margin) = self.margin {
            provider = provider.to_builder().margin(margin).build()?;
        }
        let base = provider.api_base().unwrap_or_default();
        let host = url::Url::parse(base).ok();
        let host = host.and_then(|url| Some(url.host_str()?.to_owned())).unwrap_or_default();
        let limits = Arc::new(Limits::new(self.clock.clone(), host, self.error_limit));
        let mut builder = Client::builder(provider, self.credentials, self.backend);
        for change in self.changes {
            builder = change(builder);
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

//! The settings of a [`Teamleader`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::Date;

use super::json::Dated as _;
use super::limits::Window;
use super::{API_VERSION, Inner, Teamleader, error};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::hooks::Event;
use crate::{Client, ClientBuilder, Credentials, Provider, TokenBackend, providers};

/// The limit of calls a minute, by Teamleader's documentation.
const CALLS_A_MINUTE: u32 = 200;

/// The largest number of objects on a page.
pub(super) const LARGEST_PAGE: u32 = 100;

type Change = Box<dyn FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send>;

/// Builds a client with other settings than the defaults. [`Teamleader::builder`] returns a builder.
#[must_use]
pub struct TeamleaderBuilder {
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    provider: Provider,
    api_base: Option<String>,
    margin: Option<Duration>,
    api_version: Option<Date>,
    calls_a_minute: u32,
    page_size: u32,
    clock: Arc<dyn Clock>,
    changes: Vec<Change>,
}

impl TeamleaderBuilder {
    pub(super) fn new(
        credentials: Credentials,
        backend: Box<dyn TokenBackend>,
    ) -> TeamleaderBuilder {
        TeamleaderBuilder {
            credentials,
            backend,
            provider: providers::teamleader(),
            api_base: None,
            margin: None,
            api_version: Some(API_VERSION),
            calls_a_minute: CALLS_A_MINUTE,
            page_size: LARGEST_PAGE,
            clock: Arc::new(SystemClock),
            changes: Vec::new(),
        }
    }

    /// Uses another provider in place of [`providers::teamleader`], such as a sandbox's.
    pub fn provider(mut self, provider: Provider) -> TeamleaderBuilder {
        self.provider = provider;
        self
    }

    /// Calls the API at another base address. The address must not end with a slash.
    pub fn api_base(mut self, url: impl Into<String>) -> TeamleaderBuilder {
        self.api_base = Some(url.into());
        self
    }

    /// Sets how long before its expiry an access token is refreshed: 60 seconds by default, and at most a
    /// tenth of the token's lifetime.
    pub fn margin(mut self, margin: Duration) -> TeamleaderBuilder {
        self.margin = Some(margin);
        self
    }

    /// Sets the version of the API, sent as `X-Api-Version`. The default is [`API_VERSION`], which the
    /// types of this module describe. With `None` no version is sent, and Teamleader uses the version
    /// that is assigned to the integration.
    pub fn api_version(mut self, version: impl Into<Option<Date>>) -> TeamleaderBuilder {
        self.api_version = version.into();
        self
    }

    /// Sets the largest number of calls that this client sends in a minute: 200 by default. With 0 the
    /// client does not count calls, and waits only after Teamleader refuses a call.
    pub fn calls_a_minute(mut self, calls: u32) -> TeamleaderBuilder {
        self.calls_a_minute = calls;
        self
    }

    /// Sets the number of objects on a page of a list, from 1 to 100: 100 by default.
    pub fn page_size(mut self, objects: u32) -> TeamleaderBuilder {
        self.page_size = objects;
        self
    }

    /// Uses another clock for the time and for waiting.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> TeamleaderBuilder {
        self.clock = clock;
        self
    }

    /// Sends all requests through a proxy: see [`ClientBuilder::proxy`]. [`TeamleaderBuilder::build`]
    /// fails if the address cannot be used.
    pub fn proxy(self, address: &str) -> TeamleaderBuilder {
        let address = address.to_owned();
        self.change(move |client| client.proxy(&address))
    }

    /// Calls `hook` with every event of the login: see [`ClientBuilder::on_event`].
    pub fn on_event(self, hook: impl Fn(&Event) + Send + Sync + 'static) -> TeamleaderBuilder {
        self.change(move |client| Ok(client.on_event(hook)))
    }

    /// Changes settings of the OAuth client, such as retries, timeouts and hooks. If a program calls
    /// `configure` several times, the changes are made in the order of the calls. `before_send` and
    /// `on_answer` hooks run before the hooks of the rate limit. The SDK replaces a `map_error` hook with its
    /// own, which reads Teamleader's errors.
    pub fn configure(
        self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> TeamleaderBuilder {
        self.change(move |client| Ok(change(client)))
    }

    fn change(
        mut self,
        change: impl FnOnce(ClientBuilder) -> Result<ClientBuilder> + Send + 'static,
    ) -> TeamleaderBuilder {
        self.changes.push(Box::new(change));
        self
    }

    /// Makes the client. Reads no store and sends no request.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the address of the API is neither https nor loopback, if the address of the
    /// proxy cannot be used, or if the page size is not from 1 to 100.
    pub fn build(self) -> Result<Teamleader> {
        if !(1..=LARGEST_PAGE).contains(&self.page_size) {
            let text = format!("a page has 1 to {LARGEST_PAGE} objects, not {}", self.page_size);
            return Err(Error::Config(text.into()));
        }
        let provider = match (&self.api_base, self.margin) {
            (None, None) => self.provider,
            (base, margin) => {
                let mut provider = self.provider.to_builder();
                if let Some(base) = base {
                    provider = provider.api_base(base);
                }
                if let Some(margin) = margin {
                    provider = provider.margin(margin);
                }
                provider.build()?
            }
        };
        let window = Arc::new(Window::new(self.clock.clone(), self.calls_a_minute));
        let (ahead, behind) = (window.clone(), window.clone());
        let mut client =
            Client::builder(provider, self.credentials, self.backend).clock(self.clock);
        for change in self.changes {
            client = change(client)?;
        }
        let client = client
            .before_send(move |_| {
                ahead.enter();
                Ok(())
            })
            .on_answer(move |answer| behind.look(answer))
            .map_error(error::explain)
            .build();
        let api_version = self.api_version.and_then(|day| day.write());
        let inner = Inner { client, window, api_version, page_size: self.page_size };
        Ok(Teamleader(Arc::new(inner), None))
    }
}

impl fmt::Debug for TeamleaderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TeamleaderBuilder")
            .field("credentials", &self.credentials)
            .field("provider", &self.provider)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

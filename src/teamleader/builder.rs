//! A [`Teamleader`], made step by step.

use std::fmt;
use std::sync::Arc;

use time::Date;

use super::json::Dated as _;
use super::limits::Window;
use super::{API_VERSION, Inner, Teamleader, problems};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::{Client, ClientBuilder, Credentials, Provider, TokenBackend, providers};

/// How many calls a minute may have, says Teamleader's documentation.
const CALLS_A_MINUTE: u32 = 200;

/// How many objects a page may have.
pub(super) const LARGEST_PAGE: u32 = 100;

type Change = Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send>;

/// Makes a [`Teamleader`].
#[must_use]
pub struct TeamleaderBuilder {
    credentials: Credentials,
    backend: Box<dyn TokenBackend>,
    provider: Provider,
    api_base: Option<String>,
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
            api_version: Some(API_VERSION),
            calls_a_minute: CALLS_A_MINUTE,
            page_size: LARGEST_PAGE,
            clock: Arc::new(SystemClock),
            changes: Vec::new(),
        }
    }

    /// Another server than Teamleader's, such as a sandbox's.
    pub fn provider(mut self, provider: Provider) -> TeamleaderBuilder {
        self.provider = provider;
        self
    }

    /// Another address of the API than the provider's, without a slash at its end.
    pub fn api_base(mut self, url: impl Into<String>) -> TeamleaderBuilder {
        self.api_base = Some(url.into());
        self
    }

    /// The version of the API, sent as `X-Api-Version`: [`API_VERSION`] if nothing is said, since
    /// the types of this module are of that version. `None` sends nothing, and the version that
    /// Teamleader has assigned to the integration holds.
    pub fn api_version(mut self, version: impl Into<Option<Date>>) -> TeamleaderBuilder {
        self.api_version = version.into();
        self
    }

    /// How many calls this client sends in a minute at most; 200 if nothing is said. 0 counts none;
    /// what Teamleader refuses is waited for all the same.
    pub fn calls_a_minute(mut self, calls: u32) -> TeamleaderBuilder {
        self.calls_a_minute = calls;
        self
    }

    /// How many objects a page of a list has, from 1 to 100; 100 if nothing is said.
    pub fn page_size(mut self, objects: u32) -> TeamleaderBuilder {
        self.page_size = objects;
        self
    }

    /// Takes the time from another clock, and waits on it.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> TeamleaderBuilder {
        self.clock = clock;
        self
    }

    /// Changes the client below: its proxy, its retries, what it tells about the token; several
    /// changes are made in their order. Hooks `before_send` and `on_answer` come before those that keep
    /// the limits; `map_error` is taken: it reads the errors.
    pub fn configure(
        mut self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> TeamleaderBuilder {
        self.changes.push(Box::new(change));
        self
    }

    /// The client. Nothing is read or sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an address of the API that is not https (or on loopback), and for a
    /// page size that Teamleader refuses.
    pub fn build(self) -> Result<Teamleader> {
        if !(1..=LARGEST_PAGE).contains(&self.page_size) {
            let text = format!("a page has 1 to {LARGEST_PAGE} objects, not {}", self.page_size);
            return Err(Error::Config(text.into()));
        }
        let provider = match &self.api_base {
            Some(base) => self.provider.to_builder().api_base(base).build()?,
            None => self.provider.clone(),
        };
        Ok(self.assemble(provider))
    }

    /// With nothing that could be wrong.
    pub(super) fn plain(self) -> Teamleader {
        let provider = self.provider.clone();
        self.assemble(provider)
    }

    fn assemble(self, provider: Provider) -> Teamleader {
        let window = Arc::new(Window::new(self.clock.clone(), self.calls_a_minute));
        let (ahead, behind) = (window.clone(), window.clone());
        let client = Client::builder(provider, self.credentials, self.backend).clock(self.clock);
        let client = self.changes.into_iter().fold(client, |client, change| change(client));
        let client = client
            .before_send(move |_| {
                ahead.enter();
                Ok(())
            })
            .on_answer(move |answer| behind.look(answer))
            .map_error(problems::explain)
            .build();
        let api_version = self.api_version.and_then(|day| day.write());
        let inner = Inner { client, window, api_version, page_size: self.page_size };
        Teamleader(Arc::new(inner), None)
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

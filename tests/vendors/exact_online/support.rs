//! Starts a sandbox that answers as Exact Online does, and makes clients of it on a manual clock.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::backend::Record;
use evergrant::clock::{Clock as _, ManualClock};
use evergrant::exact_online::{Country, ExactOnline, ExactOnlineBuilder};
use evergrant::hooks::Event;
use evergrant::provider::Rotation;
use evergrant::sandbox::{ApiReply, ApiRequest, EventKind, Sandbox, SandboxBuilder};
use evergrant::{FileBackend, MemoryBackend};
use serde_json::{Value, json};

pub(crate) const DIVISION: i64 = 123;

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) told: Arc<Mutex<Vec<Event>>>,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> World {
        let clock = Arc::new(ManualClock::new());
        let builder = Sandbox::builder().exact_online().clock(clock.clone());
        let sandbox = change(builder).start().unwrap();
        World { sandbox, clock, told: Arc::default() }
    }

    /// Starts a server that keeps the old refresh token until its successor is used.
    pub(crate) fn lenient() -> World {
        World::with(|builder| builder.rotation(Rotation::UntilUsed).reuse_ends_login(false))
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.sandbox.folder().join("exact.json")
    }

    pub(crate) fn builder(&self) -> ExactOnlineBuilder {
        self.builder_on(FileBackend::new(self.store()).with_clock(self.clock.clone()))
    }

    pub(crate) fn builder_on(
        &self,
        backend: impl evergrant::TokenBackend + 'static,
    ) -> ExactOnlineBuilder {
        let told = Arc::clone(&self.told);
        ExactOnline::builder(Country::Netherlands, self.sandbox.credentials(), backend)
            .provider(self.sandbox.provider())
            .clock(self.clock.clone())
            .on_event(move |event| told.lock().unwrap().push(event.clone()))
    }

    /// Makes a client that knows only the stored record, as a client in another process does.
    pub(crate) fn process(&self) -> ExactOnline {
        self.builder().build().unwrap()
    }

    /// Makes a client with a login, on a store in memory.
    pub(crate) fn seeded(&self) -> ExactOnline {
        let exact = self.builder_on(MemoryBackend::new()).division(DIVISION).build().unwrap();
        exact.client().seed(self.sandbox.login()).unwrap();
        exact
    }

    /// Makes another client of the same login, with its own counts.
    pub(crate) fn another(&self, exact: &ExactOnline) -> ExactOnline {
        let builder = self.builder_on(MemoryBackend::new()).division(DIVISION);
        let other = builder.build().unwrap();
        other.client().seed(exact.client().token().unwrap()).unwrap();
        other
    }

    /// Stores a new login.
    pub(crate) fn log_in(&self) {
        let client = self.process();
        let authorization = client.client().authorize(&[]).unwrap();
        let callback = self.sandbox.approve(authorization.url()).unwrap();
        client.client().exchange(authorization, &callback).unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn stored(&self) -> Record {
        self.process().client().stored().unwrap().unwrap()
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.sandbox.counters().token_requests
    }

    /// Answers GETs of a path below `/api/v1/` with rows.
    pub(crate) fn rows(&self, path: &str, rows: Value) {
        self.sandbox.on("GET", &format!("/api/v1/{path}"), move |_| {
            ApiReply::json(200, json!({ "d": { "results": rows } }))
        });
    }

    pub(crate) fn on(
        &self,
        method: &str,
        path: &str,
        handler: impl Fn(&ApiRequest) -> ApiReply + Send + Sync + 'static,
    ) {
        self.sandbox.on(method, &format!("/api/v1/{path}"), handler);
    }

    /// Returns the largest number of refused token requests within any hour.
    pub(crate) fn refused_within_an_hour(&self) -> usize {
        let events = self.sandbox.events();
        let refused = events.iter().filter(|event| event.kind == EventKind::Refused);
        let dates: Vec<_> = refused.map(|event| event.at).collect();
        let hour = time::Duration::hours(1);
        let within = |start: &time::OffsetDateTime| {
            dates.iter().filter(|date| *start <= **date && **date - *start < hour).count()
        };
        dates.iter().map(within).max().unwrap_or(0)
    }

    pub(crate) fn now(&self) -> time::OffsetDateTime {
        self.clock.now_utc()
    }
}

/// Calls the API once.
pub(crate) fn call(exact: &ExactOnline) -> Result<(), evergrant::Error> {
    exact.client().get("/me").call().map(drop)
}

/// Returns the `$skiptoken` of a request, which is a number of 64 bits.
pub(crate) fn skiptoken(request: &ApiRequest) -> Option<i64> {
    request.parameter("$skiptoken")?.strip_suffix('L')?.parse().ok()
}

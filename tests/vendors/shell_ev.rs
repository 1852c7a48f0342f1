//! Tests of Shell EV Recharge.

mod calls;
mod charging;
mod errors;
mod hostile;
mod models;
mod paging;
mod settings;
mod token;
mod version;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant::clock::ManualClock;
use evergrant::provider::ClientAuth;
use evergrant::sandbox::{ApiReply, ApiRequest, Sandbox};
use evergrant::shell_ev::{Environment, ShellEv, ShellEvBuilder};
use evergrant::{Credentials, MemoryBackend, TokenBackend};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

pub(crate) use settings::{CHILD, child};

const LIFE: Duration = Duration::from_secs(899);
const SESSION: &str = "3f1c2a7e-8f4e-4b58-a9f1-6d1f0f7a2b10";
const CARD: &str = "NL-TNM-C00122045-K";
const EVSE: &str = "NL*TNM*E02003451*0";

/// A sandbox that answers as Shell does, and the requests at its API.
struct World {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    seen: Arc<Mutex<Vec<ApiRequest>>>,
}

impl World {
    fn new() -> World {
        let clock = Arc::new(ManualClock::new());
        let sandbox = Sandbox::builder()
            .clock(clock.clone())
            .client_auth(ClientAuth::BasicRaw)
            .access_token_lifetime(LIFE)
            .start()
            .unwrap();
        World { sandbox, clock, seen: Arc::default() }
    }

    fn on(
        &self,
        method: &str,
        path: &str,
        handler: impl Fn(&ApiRequest) -> ApiReply + Send + Sync + 'static,
    ) {
        let seen = self.seen.clone();
        self.sandbox.on(method, &format!("/api/v2{path}"), move |request| {
            seen.lock().unwrap().push(request.clone());
            handler(request)
        });
    }

    /// Answers every call with this status and body.
    fn answers(&self, status: u16, body: Value) {
        for method in ["GET", "POST"] {
            let body = body.clone();
            self.on(method, "/*", move |_| ApiReply::json(status, body.clone()));
        }
    }

    fn builder(&self) -> ShellEvBuilder {
        self.builder_on(MemoryBackend::new())
    }

    fn builder_on(&self, backend: impl TokenBackend + 'static) -> ShellEvBuilder {
        self.builder_with(Credentials::new("sandbox-client", "sandbox-secret"), backend)
    }

    fn builder_with(
        &self,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ShellEvBuilder {
        ShellEv::builder(Environment::Sit, credentials, backend)
            .token_url(format!("{}/token", self.sandbox.url()))
            .api_base(format!("{}/api", self.sandbox.url()))
            .clock(self.clock.clone())
    }

    fn shell(&self) -> ShellEv {
        self.builder().build().unwrap()
    }

    /// Returns the requests since the last call: method, path and query.
    fn lines(&self) -> Vec<String> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let line = |request: ApiRequest| {
            let query = if request.query.is_empty() { "" } else { "?" };
            let path = request.path.trim_start_matches("/api");
            format!("{} {path}{query}{}", request.method, request.query)
        };
        seen.into_iter().map(line).collect()
    }

    fn token_requests(&self) -> u64 {
        self.sandbox.counters().token_requests
    }
}

fn success(data: Value) -> Value {
    json!({ "requestId": "0b8e9a52-6a3c-4d7e-9f10-2f6f0a1c7d11", "status": "SUCCESS", "data": data })
}

/// Parses an RFC 3339 date and time.
fn moment(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

/// Returns a day of 2026.
fn day(month: u8, day: u8) -> Date {
    Date::from_calendar_date(2026, month.try_into().unwrap(), day).unwrap()
}

#[test]
fn the_guide_names_tests_that_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("src/guide/shell_ev.md")).unwrap();
    let modules = [
        "calls", "charging", "errors", "hostile", "models", "paging", "settings", "token",
        "version",
    ];
    let mut named = 0;
    for word in page.split('`').skip(1).step_by(2) {
        if let Some((module, test)) = word.split_once("::")
            && modules.contains(&module)
        {
            let path = root.join(format!("tests/vendors/shell_ev/{module}.rs"));
            let source = std::fs::read_to_string(path).unwrap();
            assert!(test == "…" || source.contains(&format!("fn {test}()")), "{word}");
            named += 1;
        } else if word.ends_with(".rs") {
            assert!(root.join(word).is_file(), "{word}");
        }
    }
    assert!(named > 60, "{named}");
}

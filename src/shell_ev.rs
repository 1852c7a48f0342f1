//! Shell EV Recharge: charging locations and charge sessions.
//!
//! The service authorizes applications, not people (client credentials, RFC 6749 section 4.4): there is
//! nothing to log in to, and a token is asked for when one is needed. With a
//! [`FileBackend`](crate::FileBackend) all runs and processes that share the file ask for one token per
//! lifetime.
//!
//! ```no_run
//! use evergrant::FileBackend;
//! use evergrant::shell_ev::{Environment, ShellEv};
//!
//! // O_AUTH_CLIENT_ID and O_AUTH_CLIENT_SECRET are in the environment.
//! let shell = ShellEv::from_env(Environment::Production, FileBackend::new("shell.json"))?;
//! for location in shell.locations().nearby(52.37, 4.89).call()? {
//!     println!("{}", location.operator_name.unwrap_or_default());
//! }
//! # Ok::<(), evergrant::Error>(())
//! ```
//!
//! | call | what it does |
//! | --- | --- |
//! | [`Locations::list`] | all locations, page by page |
//! | [`Locations::by_id`] | one location, with its tariffs |
//! | [`Locations::nearby`] | the locations around a point |
//! | [`Locations::markers`] | a map's markers |
//! | [`Charging::start`], [`Charging::stop`] | begins and ends a charge session; never sent twice unless it certainly was not processed |
//! | [`Charging::retrieve`], [`Charging::active`] | one session, and the running sessions of an account |
//!
//! # What is read
//!
//! Nothing in an answer is required. A field of an unexpected type is `None` and stays in the model's
//! `extra`, beside members that this version does not know; an element of a list that cannot be read is
//! in [`Answer::unread`], and its neighbours are read all the same. Enumerations keep values they do
//! not know.
//!
//! # Errors
//!
//! A refusal of the token endpoint is an [`Error::OAuth`], one of the API an
//! [`Error::Api`], also where the API answers a good status and `FAILED` in the body.
//! [`Failure::of`] reads Shell's own error body, and [`request_id`] names the request for Shell's support.
//!
//! # What this rests on
//!
//! Hosts, paths, parameters and models as Shell's Python SDK 2.2.0 has them (June 2026), observed
//! against a local server; no call to the service itself was made. The guide's page
//! [`guide::shell_ev`](crate::guide::shell_ev) goes through that SDK's surface, name by name.

#[macro_use]
mod read;

mod answer;
mod builder;
mod charging;
mod enums;
mod env;
mod failure;
mod location;
mod locations;
mod marker;
mod query;
mod session;
mod tariff;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::{Client, Credentials, Error, Provider, Result, TokenBackend, providers};

pub use self::answer::Answer;
pub use self::builder::ShellEvBuilder;
pub use self::charging::{
    ActiveSessions, Charging, GetSession, StartSession, Started, StopSession, Stopped,
};
pub use self::enums::{
    AccessibilityStatus, AuthorizationMethod, ConnectorType, DayOfWeek, EvseStatus, PowerType,
    PriceType, RequestStatus, SessionStatus, TariffType, WeekDay,
};
pub use self::failure::{Failure, FailureKind, Fault, request_id};
pub use self::location::{
    Accessibility, Address, Connector, Coordinates, ElectricalProperties, Evse, Location,
    OpeningHours,
};
pub use self::locations::{
    AllLocations, GetLocation, ListLocations, Locations, Markers, NearbyLocations,
};
pub use self::marker::{Marker, MultiLocation, SingleLocation};
pub use self::query::{ArrayEncoding, Bounds};
pub use self::read::Unread;
pub use self::session::{Session, SessionError, SessionState};
pub use self::tariff::{AltText, PowerRange, PriceComponent, Restrictions, Tariff, TariffElement};

/// Which of Shell's environments is called. There is no default: the SDKs' own changed from production
/// to test between two releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// The test environment: `api-test.shell.com`.
    Sit,
    /// The real one: `api.shell.com`.
    Production,
}

impl Environment {
    /// The environment as a provider: token endpoint, API base, client authentication.
    pub fn provider(self) -> Provider {
        match self {
            Environment::Sit => providers::shell_ev_sit(),
            Environment::Production => providers::shell_ev(),
        }
    }

    /// Reads `SHELL_EV_ENVIRONMENT`, or `ENVIRONMENT` as Shell's SDKs do.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when neither is set, or is neither `SIT` (0) nor `PRODUCTION` (1), in any case.
    pub fn from_env() -> Result<Environment> {
        env::variable("ENVIRONMENT")?
            .ok_or_else(|| Error::Config("SHELL_EV_ENVIRONMENT is not set".into()))?
            .parse()
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Environment> {
        match text.trim().to_ascii_lowercase().as_str() {
            "sit" | "0" => Ok(Environment::Sit),
            "production" | "1" => Ok(Environment::Production),
            _ => Err(Error::Config(
                format!("{text:?} is no environment of Shell's: SIT or PRODUCTION").into(),
            )),
        }
    }
}

/// Shell EV Recharge. Cheap to clone and to share between threads.
///
/// See the [module](self) for an example.
#[derive(Clone)]
pub struct ShellEv {
    client: Client,
    arrays: ArrayEncoding,
    clock: Arc<dyn Clock>,
}

impl ShellEv {
    /// Shell EV with the defaults of [`ShellEv::builder`].
    pub fn new(
        environment: Environment,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ShellEv {
        let client = Client::builder(environment.provider(), credentials, backend);
        ShellEv::from_client(builder::with_defaults(client).build())
    }

    /// Starts a Shell EV with settings of its own.
    pub fn builder(
        environment: Environment,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ShellEvBuilder {
        ShellEvBuilder::new(environment, credentials, Box::new(backend))
    }

    /// Shell EV with credentials and settings of the environment. Each variable is read with the prefix
    /// `SHELL_EV_` first and then by the plain name that Shell's SDKs use; an empty one counts as absent.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `O_AUTH_CLIENT_ID`, `O_AUTH_CLIENT_SECRET` | required; `SHELL_EV_CLIENT_ID` and `SHELL_EV_CLIENT_SECRET` will do as well |
    /// | `O_AUTH_CLOCK_SKEW` | [`ShellEvBuilder::margin`], seconds |
    /// | `TIMEOUT` | [`ShellEvBuilder::timeout`], seconds, fractions allowed |
    /// | `MAX_RETRIES` | [`ShellEvBuilder::retries`] |
    /// | `BACKOFF_FACTOR` | the first wait of [`ShellEvBuilder::backoff`], seconds |
    /// | `RETRY_STATUSES`, `RETRY_METHODS` | lists with commas |
    /// | `PROXY_ADDRESS`, `PROXY_PORT`, `PROXY_USERNAME`, `PROXY_PASSWORD` | [`ShellEvBuilder::proxy`] |
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the id or the secret is missing, and for a value that cannot be read.
    pub fn from_env(
        environment: Environment,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEv> {
        ShellEvBuilder::from_env(environment, backend)?.build()
    }

    /// Loads a `.env` file from the working directory or one above it, then does as
    /// [`ShellEv::from_env`]. A variable that is set already wins. Environment variables belong to the
    /// process: call this before threads are started.
    ///
    /// # Errors
    ///
    /// As [`ShellEv::from_env`], and [`Error::Config`] for a file that cannot be read.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(
        environment: Environment,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEv> {
        env::load_file()?;
        ShellEv::from_env(environment, backend)
    }

    /// Shell EV over a client made by hand, which uses client credentials: for a setting that
    /// [`ShellEvBuilder`] does not have. Shell's reasons are then not part of errors' texts;
    /// [`Failure::of`] reads them all the same.
    pub fn from_client(client: Client) -> ShellEv {
        ShellEv { client, arrays: ArrayEncoding::default(), clock: Arc::new(SystemClock) }
    }

    /// The locations: calls 1 to 4 of the API.
    pub fn locations(&self) -> Locations<'_> {
        Locations::new(self)
    }

    /// The charge sessions: calls 5 to 8 of the API.
    pub fn charging(&self) -> Charging<'_> {
        Charging::new(self)
    }

    /// The client beneath: its token ([`Client::token`], [`Client::seed`], [`Client::refresh`],
    /// [`Client::clear`]), and calls that this module does not have.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl fmt::Debug for ShellEv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShellEv").field("client", &self.client).finish_non_exhaustive()
    }
}

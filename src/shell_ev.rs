//! A client for Shell EV Recharge: charging locations and charge sessions.
//!
//! The service authorizes applications, not people (client credentials, RFC 6749 section 4.4): there is no
//! login, and the client requests a token when a call needs a token. With a
//! [`FileBackend`](crate::FileBackend) all runs and processes that share the file request one token per
//! lifetime.
//!
//! ```no_run
//! use evergrant::FileBackend;
//! use evergrant::shell_ev::{Environment, ShellEv};
//!
//! // The environment has SHELL_EV_CLIENT_ID and SHELL_EV_CLIENT_SECRET.
//! let shell = ShellEv::from_env(Environment::Production, FileBackend::new("shell.json"))?;
//! for location in shell.locations().nearby(52.37, 4.89).call()? {
//!     println!("{}", location.operator_name.unwrap_or_default());
//! }
//! # Ok::<(), evergrant::Error>(())
//! ```
//!
//! | call | what it does |
//! | --- | --- |
//! | [`Locations::get`], [`Locations::get_with`] | one location; with its tariffs |
//! | [`Locations::iter`], [`Locations::pages`], [`Locations::list`] | all locations, page by page; with filters |
//! | [`Locations::nearby`] | the locations around a point |
//! | [`Locations::markers`] | the markers of a map |
//! | [`Charging::start`], [`Charging::stop`] | starts and stops a charge session; sent again only when Shell certainly has not processed the request |
//! | [`Charging::get`], [`Charging::active`] | one session; the running sessions of an account |
//!
//! # Models
//!
//! No member of an answer is required. A member of an unexpected type is `None` and stays in the model's
//! `extra`, beside members that this version does not know. An element of a list that cannot be read is in
//! [`Answer::unread`], and an error in its place in [`Locations::iter`]; the other elements are read. Enums
//! keep unknown values.
//!
//! # Errors
//!
//! An error of the token endpoint is an [`Error::OAuth`](crate::Error::OAuth). An error of the API is an
//! [`Error::Api`](crate::Error::Api), also when the API answers with a good status and `FAILED` in the body.
//! [`ShellEvError::of`] reads Shell's error body. [`request_id`] names the request for Shell's support.
//!
//! # Sources
//!
//! Hosts, paths, parameters and models are those of Shell's Python SDK 2.2.0 (June 2026), which was run
//! against a local server. Shell's own servers were not called. The guide's page
//! [`guide::shell_ev`](crate::guide::shell_ev) compares the two SDKs name by name.

#[macro_use]
mod read;

mod answer;
mod builder;
mod charging;
mod enums;
mod env;
mod environment;
mod error;
mod id;
mod location;
mod locations;
mod marker;
mod query;
mod session;
mod tariff;
mod version;

use std::fmt;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::{Client, Credentials, Result, TokenBackend};

pub use self::answer::Answer;
pub use self::builder::ShellEvBuilder;
pub use self::charging::{
    ActiveSessions, Charging, GetSession, StartSession, Started, StopSession, Stopped,
};
pub use self::enums::{
    AccessibilityStatus, AuthorizationMethod, ConnectorType, DayOfWeek, EvseStatus, PowerType,
    PriceType, RequestStatus, SessionStatus, TariffType, WeekDay,
};
pub use self::environment::Environment;
pub use self::error::{ErrorKind, Fault, ShellEvError, request_id};
pub use self::id::{CardNumber, ChargeCard, ChargePoint, EmaId, EvseId, Id, MobilityAccount, User};
pub use self::location::{
    Accessibility, Address, Connector, Coordinates, ElectricalProperties, Evse, FlatTariff,
    Location, OpeningHours,
};
pub use self::locations::{
    GetLocation, Iter, ListLocations, Locations, Markers, NearbyLocations, Pages,
};
pub use self::marker::{Marker, MultiLocation, SingleLocation};
pub use self::query::{ArrayEncoding, Bounds};
pub use self::read::Unread;
pub use self::session::{Session, SessionError, SessionState};
pub use self::tariff::{AltText, PowerRange, PriceComponent, Restrictions, Tariff, TariffElement};
pub use self::version::ApiVersion;
pub use crate::error::Unconfirmed;
pub use crate::sdk::decimal::{Decimal, NotADecimal};
pub use crate::sdk::row::UnreadRow;

/// A client for Shell EV Recharge. Cheap to clone and to share between threads: clones use one token.
#[derive(Clone)]
pub struct ShellEv {
    client: Client,
    arrays: ArrayEncoding,
    version: ApiVersion,
    clock: Arc<dyn Clock>,
}

impl ShellEv {
    /// Makes a client with the default settings of [`ShellEv::builder`].
    ///
    /// # Errors
    ///
    /// The errors of [`ShellEvBuilder::build`].
    pub fn new(
        environment: Environment,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEv> {
        ShellEv::builder(environment, credentials, backend).build()
    }

    /// Makes a client with the credentials and settings in the environment variables. Each variable is read
    /// with the prefix `SHELL_EV_` first, then by the plain name that Shell's SDKs use. An empty variable is
    /// treated as absent. [`Environment::from_env`] reads the environment.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `SHELL_EV_CLIENT_ID`, `SHELL_EV_CLIENT_SECRET` | required, unless `O_AUTH_CLIENT_ID` and `O_AUTH_CLIENT_SECRET` are set, which are read first |
    /// | `O_AUTH_CLOCK_SKEW` | [`ShellEvBuilder::margin`], seconds |
    /// | `TIMEOUT` | [`ShellEvBuilder::timeout`], seconds, fractions allowed |
    /// | `MAX_RETRIES` | [`ShellEvBuilder::retries`] |
    /// | `BACKOFF_FACTOR` | the first wait of [`ShellEvBuilder::backoff`], seconds |
    /// | `RETRY_STATUSES`, `RETRY_METHODS` | lists with commas |
    /// | `PROXY_ADDRESS`, `PROXY_PORT`, `PROXY_USERNAME`, `PROXY_PASSWORD` | [`ShellEvBuilder::proxy`] |
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) when the id or the secret is missing, and for a value that
    /// cannot be read.
    pub fn from_env(
        environment: Environment,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEv> {
        ShellEvBuilder::from_env(environment, backend)?.build()
    }

    /// Does the same as [`ShellEv::from_env`], and looks in the file `.env` of the current folder for
    /// variables that are not set. Only names that begin with `SHELL_EV_` or `O_AUTH_` are read from the
    /// file. The variables of the process do not change.
    ///
    /// # Errors
    ///
    /// The errors of [`ShellEv::from_env`], and [`Error::Config`](crate::Error::Config) for a file that cannot be
    /// read.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(
        environment: Environment,
        backend: impl TokenBackend + 'static,
    ) -> Result<ShellEv> {
        ShellEvBuilder::from_dotenv(environment, &crate::Dotenv::here()?, backend)?.build()
    }

    /// Returns a builder for a client with other settings.
    pub fn builder(
        environment: Environment,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ShellEvBuilder {
        ShellEvBuilder::new(environment, credentials, Box::new(backend))
    }

    /// Uses a [`Client`] that the program has already made, with client credentials, so that other code can
    /// share it. Error messages then lack Shell's reasons; [`ShellEvError::of`] reads the reasons.
    pub fn from_client(client: Client) -> ShellEv {
        let (arrays, version) = (ArrayEncoding::default(), ApiVersion::default());
        ShellEv { client, arrays, version, clock: Arc::new(SystemClock) }
    }

    /// Returns the OAuth client, which holds the token ([`Client::token`], [`Client::seed`],
    /// [`Client::refresh`], [`Client::clear`]) and sends requests for which this module has no method.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the calls for charging locations.
    pub fn locations(&self) -> Locations<'_> {
        Locations::new(self)
    }

    /// Returns the calls for charge sessions.
    pub fn charging(&self) -> Charging<'_> {
        Charging::new(self)
    }
}

impl fmt::Debug for ShellEv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShellEv").field("client", &self.client).finish_non_exhaustive()
    }
}

//! A client for Exact Online.
//!
//! After one login a program calls the API of every company (*division*) that the login may use. The
//! client refreshes the token by Exact Online's rules. [`crate::guide::exact_online`] lists these rules,
//! all methods, and the differences from the Python SDK.
//!
//! ```
//! use evergrant::FileBackend;
//! use evergrant::exact_online::{Country, ExactOnline};
//! # use evergrant::sandbox::{ApiReply, Sandbox};
//! # let sandbox = Sandbox::builder().exact_online().start()?;
//! # sandbox.on("GET", "/api/v1/123/salesinvoice/SalesInvoices", |_| ApiReply::json(200,
//! #     serde_json::json!({"d": {"results": [{"InvoiceNumber": 7, "AmountDC": 12.50}]}})));
//! # let path = sandbox.folder().join("exact.json");
//! # let credentials = sandbox.credentials();
//!
//! // `ExactOnline::from_env` reads the credentials from EXACT_ONLINE_CLIENT_ID, EXACT_ONLINE_CLIENT_SECRET
//! // and EXACT_ONLINE_REDIRECT_URI.
//! let exact = ExactOnline::builder(Country::Netherlands, credentials, FileBackend::new(path))
//!     .division(123)
//! #   .provider(sandbox.provider())
//!     .build()?;
//! # exact.client().seed(sandbox.login())?;
//! for invoice in exact.sales_invoices().iter() {
//!     let invoice = invoice?;
//!     println!("{:?}: {:?}", invoice.invoice_number, invoice.amount_dc);
//! }
//! # Ok::<(), evergrant::BoxError>(())
//! ```

mod attachments;
mod batch;
mod builder;
mod call;
mod codes;
mod country;
mod dates;
mod endpoints;
mod errors;
mod id;
mod json;
mod limits;
mod listing;
mod model;
mod models;
mod new_rows;
pub mod odata;
mod resource;
pub mod webhooks;
mod write;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::{Client, Credentials, Result, TokenBackend};

pub use self::batch::{Answers, Batch, Part};
pub use self::builder::ExactOnlineBuilder;
pub use self::call::Call;
pub use self::codes::{
    AccountStatus, Action, ApprovalStatus, EntityType, SalesOrderStatus, ShopOrderStatus,
    StockCountStatus, Topic, WarehouseTransferSource, WarehouseTransferStatus,
};
pub use self::country::Country;
pub use self::dates::{amsterdam_to_utc, date};
pub use self::endpoints::Endpoint;
pub use self::errors::{ExactOnlineError, Reason};
pub use self::id::{Guid, Id};
pub use self::limits::{Limits, Window};
pub use self::listing::{Iter, Page, Pages, Position};
pub use self::model::{Model, Property};
pub use self::models::*;
pub use self::resource::{Bulk, Create, Delete, Get, List, Resource, Synchronize, Update};
pub use crate::error::Unconfirmed;
pub use crate::sdk::decimal::{Decimal, NotADecimal};
pub use crate::sdk::row::UnreadRow;
pub use crate::sdk::transfer::Progress;

use self::limits::Counter;

/// A client for Exact Online. Cheap to clone and to share between threads: clones use one login.
#[derive(Clone)]
pub struct ExactOnline {
    inner: Arc<Inner>,
    division: Option<i64>,
}

struct Inner {
    client: Client,
    limits: Arc<Counter>,
    country: Country,
}

impl ExactOnline {
    /// Makes a client with the default settings of [`ExactOnline::builder`].
    ///
    /// # Errors
    ///
    /// The errors of [`ExactOnlineBuilder::build`].
    pub fn new(
        country: Country,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Result<ExactOnline> {
        ExactOnline::builder(country, credentials, backend).build()
    }

    /// Makes a client with the credentials in the environment variables `EXACT_ONLINE_CLIENT_ID`,
    /// `EXACT_ONLINE_CLIENT_SECRET` and `EXACT_ONLINE_REDIRECT_URI`. [`Country::from_env`] reads the country.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_env`].
    pub fn from_env(country: Country, backend: impl TokenBackend + 'static) -> Result<ExactOnline> {
        ExactOnline::new(country, Credentials::from_env("EXACT_ONLINE")?, backend)
    }

    /// Does the same as [`ExactOnline::from_env`], and looks in the file `.env` of the current folder for
    /// variables that are not set. The variables of the process do not change. [`Country::from_dotenv`] reads
    /// the country.
    ///
    /// # Errors
    ///
    /// The errors of [`Credentials::from_dotenv`].
    #[cfg(feature = "dotenv")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dotenv")))]
    pub fn from_dotenv(
        country: Country,
        backend: impl TokenBackend + 'static,
    ) -> Result<ExactOnline> {
        ExactOnline::new(country, Credentials::from_dotenv("EXACT_ONLINE")?, backend)
    }

    /// Returns a builder for a client with other settings.
    pub fn builder(
        country: Country,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ExactOnlineBuilder {
        ExactOnlineBuilder::new(country, credentials, Box::new(backend))
    }

    /// Returns the OAuth client, which logs in ([`Client::authorize_pasted`], [`Client::authorize`] and
    /// [`Client::exchange`]) and out, reads the stored login, and sends requests for which this module has no
    /// method.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Returns the country.
    pub fn country(&self) -> Country {
        self.inner.country
    }

    /// Returns a client for another division (company) with the same login. `self` keeps its division.
    #[must_use]
    pub fn division(&self, division: i64) -> ExactOnline {
        ExactOnline { inner: self.inner.clone(), division: Some(division) }
    }

    /// Returns the division of this client's calls, or `None` if no division is chosen.
    pub fn current_division(&self) -> Option<i64> {
        self.division
    }

    /// Fetches the person who is logged in. The field `current_division` is the company that this person has
    /// open in a browser at this moment: ask before you write to that company.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn me(&self) -> Result<Me> {
        self.call("current/Me").single()
    }

    /// Makes a call of an endpoint by its name, such as `crm/Opportunities`, for rows of any type.
    /// [`Endpoint::all`] lists the names. A name that is not in the list is an error when the call is sent.
    pub fn call(&self, endpoint: &str) -> Call {
        Call::new(self, endpoint)
    }

    /// Makes a call of an endpoint that is not in the list ([`Endpoint::all`]), by its path, such as
    /// `{division}/crm/Novelties`.
    pub fn call_unlisted(&self, path: &str) -> Call {
        Call::unlisted(self, path)
    }

    /// Iterates over the deletions after `position`, page by page. With `None`, iterates over all deletions that Exact
    /// Online still reports: those of the last two months. `kinds` selects the kinds of deleted rows; an empty slice
    /// selects all kinds.
    pub fn deleted(&self, position: Option<Position>, kinds: &[EntityType]) -> Pages<Deleted> {
        let mut call = self.call("sync/Deleted");
        if !kinds.is_empty() {
            call = call.filter(odata::field("EntityType").one_of(kinds.iter().copied()));
        }
        call.sync(position)
    }

    /// Returns the limits of this client's division, from the headers of the last answers.
    pub fn limits(&self) -> Limits {
        self.inner.limits.told(self.division)
    }

    /// Returns when the login expires, UTC: 30 days after the last refresh. Every refresh moves this date.
    /// `None` if there is no login.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::stored`].
    pub fn login_ends_at(&self) -> Result<Option<OffsetDateTime>> {
        Ok(self.client().stored()?.and_then(|record| record.refresh_expires_at()))
    }
}

impl fmt::Debug for ExactOnline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactOnline")
            .field("country", &self.inner.country)
            .field("division", &self.division)
            .finish_non_exhaustive()
    }
}

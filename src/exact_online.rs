//! A client for Exact Online.
//!
//! Log in once; from then on a program calls the API of any company (a *division*) that the login may
//! use. The refresh keeps to Exact Online's rules by itself: [`crate::guide::exact_online`] has them,
//! the whole surface, and what is different from other SDKs.
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
//! // `ExactOnline::from_env` takes the credentials from EXACT_ONLINE_CLIENT_ID and its like.
//! let exact = ExactOnline::builder(Country::Netherlands, credentials, FileBackend::new(path))
//!     .division(123)
//! #   .provider(sandbox.provider())
//!     .build()?;
//! # exact.client().seed(sandbox.login())?;
//! for invoice in exact.sales_invoices().rows() {
//!     let invoice = invoice?;
//!     println!("{:?}: {:?}", invoice.invoice_number, invoice.amount_dc);
//! }
//! # Ok::<(), evergrant::BoxError>(())
//! ```

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
pub mod odata;
mod resource;
pub mod webhooks;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::{Client, Credentials, Result, TokenBackend};

pub use self::builder::ExactOnlineBuilder;
pub use self::call::Call;
pub use self::codes::{
    AccountStatus, Action, ApprovalStatus, EntityType, SalesOrderStatus, ShopOrderStatus,
    StockCountStatus, Topic, WarehouseTransferSource, WarehouseTransferStatus,
};
pub use self::country::Country;
pub use self::dates::{amsterdam_to_utc, date};
pub use self::endpoints::Endpoint;
pub use self::errors::Reason;
pub use self::id::{Guid, Id};
pub use self::limits::{Allowance, Left};
pub use self::listing::{Batch, Batches, Position, Rows};
pub use self::model::{Model, Property};
pub use self::models::*;
pub use self::resource::{Bulk, Create, Delete, List, Resource, Synchronize, Update};
pub use crate::sdk::decimal::{Decimal, NotADecimal};

use self::limits::Limits;

/// Calls Exact Online. Cheap to clone and to share; clones use one login.
#[derive(Clone)]
pub struct ExactOnline {
    inner: Arc<Inner>,
    division: Option<i64>,
}

struct Inner {
    client: Client,
    limits: Arc<Limits>,
    country: Country,
}

impl ExactOnline {
    /// A client with the credentials of the environment: `EXACT_ONLINE_CLIENT_ID`,
    /// `EXACT_ONLINE_CLIENT_SECRET` and `EXACT_ONLINE_REDIRECT_URI`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`Credentials::from_env`].
    pub fn from_env(country: Country, backend: impl TokenBackend + 'static) -> Result<ExactOnline> {
        ExactOnline::new(country, Credentials::from_env("EXACT_ONLINE")?, backend)
    }

    /// A client with the defaults of [`ExactOnline::builder`].
    ///
    /// # Errors
    ///
    /// None in practice: see [`Country::provider`].
    pub fn new(
        country: Country,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Result<ExactOnline> {
        ExactOnline::builder(country, credentials, backend).build()
    }

    /// Starts a client.
    pub fn builder(
        country: Country,
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> ExactOnlineBuilder {
        ExactOnlineBuilder::new(country, credentials, Box::new(backend))
    }

    /// The client below: to log in ([`Client::authorize_pasted`], [`Client::authorize`] and
    /// [`Client::exchange`]), to log out, to see what is stored, and for requests of one's own.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The country.
    pub fn country(&self) -> Country {
        self.inner.country
    }

    /// The same client for another division (a company). The calls of this one stay what they are.
    #[must_use]
    pub fn division(&self, division: i64) -> ExactOnline {
        ExactOnline { inner: self.inner.clone(), division: Some(division) }
    }

    /// The division that was chosen.
    pub fn current_division(&self) -> Option<i64> {
        self.division
    }

    /// The person who is logged in. `current_division` is the company that they have open in their
    /// browser just now: not one to write to without asking.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn me(&self) -> Result<Me> {
        self.call("current/Me").one()
    }

    /// A call of an endpoint by its name, such as `crm/Opportunities` ([`Endpoint::all`] has every
    /// one), for rows of any type. An endpoint that is not known is an error when the call is sent.
    pub fn call(&self, endpoint: &str) -> Call {
        Call::new(self, endpoint)
    }

    /// As [`ExactOnline::call`], for an endpoint that is newer than the list:
    /// `{division}/crm/Novelties`.
    pub fn call_unlisted(&self, path: &str) -> Call {
        Call::unlisted(self, path)
    }

    /// What was deleted since the position: of these kinds, or of every kind. It is told for two
    /// months.
    pub fn deleted(&self, position: Option<Position>, kinds: &[EntityType]) -> Batches<Deleted> {
        let mut call = self.call("sync/Deleted");
        if !kinds.is_empty() {
            call = call.filter(odata::field("EntityType").one_of(kinds.iter().copied()));
        }
        call.sync(position)
    }

    /// What is left of the limits for the division that was chosen, as the last answers said.
    pub fn allowance(&self) -> Allowance {
        self.inner.limits.allowance(self.division)
    }

    /// When the login ends if nothing refreshes it, UTC: 30 days after the last refresh. `None` when
    /// nobody is logged in. Any call that needs a token puts it off.
    ///
    /// # Errors
    ///
    /// As [`Client::stored`].
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

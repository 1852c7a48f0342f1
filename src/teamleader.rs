//! An SDK for Teamleader Focus.
//!
//! ```no_run
//! use evergrant::FileBackend;
//! use evergrant::teamleader::Teamleader;
//!
//! let teamleader = Teamleader::from_env(FileBackend::new("teamleader.json"))?;
//! for invoice in teamleader.invoices().iter() {
//!     let invoice = invoice?;
//!     if invoice.is_overdue() {
//!         println!("{:?} {:?}", invoice.invoice_number, invoice.due_on);
//!     }
//! }
//! # Ok::<(), evergrant::Error>(())
//! ```
//!
//! The login is kept as everywhere in this crate: refreshed once across threads and processes, and
//! durable before it is used. [`Teamleader::client`] is the [`Client`] below, for the login itself.
//!
//! Contacts, companies, deals, invoices, quotations, products, files, webhooks, custom fields and
//! what belongs to the account have types; any other operation is a [`Teamleader::call`] away.
//! [`crate::guide::teamleader`] goes through all of it.
//!
//! # Answers and requests
//!
//! A field of an answer is optional unless it is the id: Teamleader leaves out what an integration
//! may not see, and what a list does not carry (`None` in a list is not "empty"). Enums keep values
//! that this version does not know, unknown fields are passed over, amounts keep their digits.
//!
//! A request is made with what it cannot do without; the rest is added by methods. In an update a
//! field can be kept, cleared or set ([`Change`]).
//!
//! # What the facts rest on
//!
//! Teamleader's specification 1.112.0, its older documentation, and what the authors of other SDKs
//! report; read November 2026. No call to the service itself was made.

pub mod account;
mod builder;
mod change;
pub mod companies;
pub mod contacts;
pub mod custom_fields;
pub mod deals;
pub mod files;
pub mod invoices;
mod invoicing;
mod json;
mod limits;
pub mod lines;
mod lists;
mod macros;
pub mod operations;
mod pipelines;
mod problems;
pub mod products;
pub mod quotations;
mod send;
#[cfg(test)]
mod tests;
mod values;
mod webhook_types;
pub mod webhooks;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Date, Month};

pub use self::builder::TeamleaderBuilder;
pub use self::change::Change;
pub use self::limits::Limits;
use self::limits::Window;
pub use self::lists::{Items, List, ListPage, Listed, Nothing, Pages};
use self::operations::Operation;
pub use self::problems::Problem;
pub use self::send::Answer;
pub use self::values::{
    ActiveStatus, Address, AddressEntry, AddressType, Currency, CustomFieldsUpdate, Customer,
    DocumentCurrency, Email, EmailType, ExchangeRate, InvoicingPreferences, Money, NewAddress,
    NewAddressEntry, Order, PaymentTerm, PaymentTermType, Reference, Tax, Telephone, TelephoneType,
};
use crate::error::Result;
pub use crate::sdk::decimal::{Decimal, NotADecimal};
use crate::{Client, Credentials, TokenBackend};

/// The version of the API that the types of this module are of: 2023-09-26, the latest that
/// Teamleader's documentation names.
pub const API_VERSION: Date = match Date::from_calendar_date(2023, Month::September, 26) {
    Ok(day) => day,
    Err(_) => Date::MIN,
};

/// Calls Teamleader Focus.
///
/// Cheap to clone and to share: clones and threads share the login and the limit of calls.
///
/// ```
/// use evergrant::teamleader::Teamleader;
/// use evergrant::{Credentials, MemoryBackend, Token};
/// use time::OffsetDateTime;
/// # use evergrant::sandbox::{ApiReply, Sandbox};
/// # let sandbox = Sandbox::start()?;
/// # let given = sandbox.login();
/// # let (at, rt) = (given.access_token().expose(), given.refresh_token().unwrap().expose());
/// # sandbox.on("POST", "/api/invoices.info", |_| ApiReply::json(200, serde_json::json!({ "data": {
/// #     "id": "e540fe7e-dce2-459e-bf7e-24e605fc18b3", "invoice_number": "2017 / 5",
/// #     "due_on": "2017-02-01", "paid": false } })));
///
/// // A token that somebody has already, kept in memory.
/// let backend = MemoryBackend::new();
/// let credentials = Credentials::new("your-client-id", "your-client-secret");
/// # let credentials = sandbox.credentials();
/// let teamleader = Teamleader::builder(credentials, backend)
/// #   .provider(sandbox.provider())
///     .build()?;
/// let expires_at = OffsetDateTime::now_utc() + time::Duration::HOUR;
/// let token = Token::new(at).with_refresh_token(rt).with_expires_at(expires_at);
/// teamleader.client().seed(token)?;
///
/// let invoice = teamleader.invoices().get("e540fe7e-dce2-459e-bf7e-24e605fc18b3")?;
/// println!("{:?} {}", invoice.invoice_number, invoice.is_overdue());
/// # assert_eq!((invoice.invoice_number.as_deref(), invoice.is_overdue()), (Some("2017 / 5"), true));
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Teamleader(Arc<Inner>, Option<String>);

struct Inner {
    client: Client,
    window: Arc<Window>,
    api_version: Option<String>,
    page_size: u32,
}

impl Teamleader {
    /// With the defaults of [`Teamleader::builder`].
    pub fn new(credentials: Credentials, backend: impl TokenBackend + 'static) -> Teamleader {
        TeamleaderBuilder::new(credentials, Box::new(backend)).plain()
    }

    /// With the credentials of the environment: `TEAMLEADER_CLIENT_ID`, `TEAMLEADER_CLIENT_SECRET`
    /// and `TEAMLEADER_REDIRECT_URI`.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] when the id is missing or a variable is not Unicode.
    pub fn from_env(backend: impl TokenBackend + 'static) -> Result<Teamleader> {
        Ok(Teamleader::new(Credentials::from_env("TEAMLEADER")?, backend))
    }

    /// Loads a `.env` file, then does as [`Teamleader::from_env`]. A variable that is set already
    /// wins.
    ///
    /// ```
    /// use evergrant::teamleader::Teamleader;
    /// use evergrant::{FileBackend, Token};
    /// # let sandbox = evergrant::sandbox::Sandbox::start()?;
    /// # std::env::set_current_dir(sandbox.folder())?;
    /// # std::fs::write(".env", "TEAMLEADER_CLIENT_ID=app\nTEAMLEADER_CLIENT_SECRET=s3cret\n\
    /// #     TEAMLEADER_REDIRECT_URI=http://localhost:9999/callback\nTEAMLEADER_ACCESS_TOKEN=eyJ\n\
    /// #     TEAMLEADER_REFRESH_TOKEN=def50200\nTEAMLEADER_EXPIRES_AT=2099-06-01T12:00:00+00:00\n")?;
    ///
    /// let teamleader = Teamleader::from_dotenv(FileBackend::new("teamleader.json"))?;
    /// // The first time: the token of the file. Later the store has a newer one, which stays.
    /// let stored = teamleader.client().seed(Token::from_env("TEAMLEADER")?)?;
    /// # assert!(stored);
    /// # assert_eq!(teamleader.client().access_token()?.expose(), "eyJ");
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Teamleader::from_env`], and [`crate::Error::Config`] for a file that cannot be read.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(backend: impl TokenBackend + 'static) -> Result<Teamleader> {
        Ok(Teamleader::new(Credentials::from_dotenv("TEAMLEADER")?, backend))
    }

    /// Starts one.
    pub fn builder(
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> TeamleaderBuilder {
        TeamleaderBuilder::new(credentials, Box::new(backend))
    }

    /// The client below: log in with it, seed it, ask it what is stored. Its own requests count in
    /// the limit of calls, too.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The same client, sending another version of the API with every call.
    #[must_use]
    pub fn with_api_version(&self, version: Date) -> Teamleader {
        use self::json::Dated as _;
        Teamleader(self.0.clone(), version.write())
    }

    /// What the last answer said about the limit of calls.
    pub fn limits(&self) -> Limits {
        self.0.window.seen()
    }

    /// Calls an operation by its name and reads the `data` of its answer (or all of it, where there
    /// is no `data`; nothing reads as `()` and as a `Value`). A name that the
    /// [table](operations::Operation) does not have, and a body that lacks something, are refused
    /// before anything is sent. An operation without a body takes `&()`.
    ///
    /// ```
    /// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
    /// # let sandbox = Sandbox::start()?;
    /// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    /// # let teamleader = builder.provider(sandbox.provider()).build()?;
    /// # teamleader.client().seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/tickets.info", |r| ApiReply::json(200,
    /// #     serde_json::json!({ "data": { "id": r.json()["id"], "subject": "printer" } })));
    /// #[derive(serde::Deserialize)]
    /// struct Ticket {
    ///     subject: String,
    /// }
    ///
    /// let ticket: Ticket = teamleader.call("tickets.info", &serde_json::json!({ "id": "f29a" }))?;
    /// # assert_eq!(ticket.subject, "printer");
    /// # let refused = teamleader.call::<Ticket>("tickets.info", &serde_json::json!({}));
    /// # assert!(matches!(refused, Err(evergrant::Error::Config(text)) if text.contains("needs id")));
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] for a name or a body that is refused; [`crate::Error::Decode`] for an
    /// answer that is not a `T`; and as [`crate::Request::call`]. What Teamleader complains about is
    /// in [`Problem::of`].
    pub fn call<T: DeserializeOwned>(&self, name: &str, body: &impl Serialize) -> Result<T> {
        Ok(self.answer(name, body)?.data)
    }

    /// As [`Teamleader::call`], with `meta` and `included` as well.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`].
    pub fn answer<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>> {
        let operation = Operation::known(name)?;
        self.read(operation.name, &self.text_of(operation, body)?)
    }

    /// Calls an operation that the table does not have: one that is newer than this version. Nothing
    /// is checked, and no answer that stays out is asked for again.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`], apart from what is refused.
    pub fn call_unlisted<T: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let text = self.request(name, false).send_json(body)?.read_string()?;
        Ok(self.read(name, &text)?.data)
    }

    /// The objects of any list, one by one: `body` has the filter, if there is one. A list that the
    /// table says comes in pages is asked for page by page, any other once.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] for a name that is no list, and a body that is refused. What goes
    /// wrong on the way is an item.
    pub fn iter<'a, T: DeserializeOwned + 'a>(
        &'a self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Items<'a, T>> {
        lists::raw(self, name, body).map(crate::paging::Pages::items)
    }

    /// As [`Teamleader::iter`], page by page.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::iter`].
    pub fn pages<'a, T: DeserializeOwned + 'a>(
        &'a self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Pages<'a, T>> {
        lists::raw(self, name, body)
    }
}

impl fmt::Debug for Teamleader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teamleader")
            .field("client", &self.0.client)
            .field("api_version", &self.1.as_ref().or(self.0.api_version.as_ref()))
            .field("limits", &self.limits())
            .finish_non_exhaustive()
    }
}

/// The resources.
impl Teamleader {
    /// Contacts.
    pub fn contacts(&self) -> contacts::Contacts<'_> {
        contacts::Contacts(self)
    }

    /// Companies.
    pub fn companies(&self) -> companies::Companies<'_> {
        companies::Companies(self)
    }

    /// Deals, with their sources and lost reasons.
    pub fn deals(&self) -> deals::Deals<'_> {
        deals::Deals(self)
    }

    /// The pipelines that deals go through.
    pub fn deal_pipelines(&self) -> deals::DealPipelines<'_> {
        deals::DealPipelines(self)
    }

    /// The phases of pipelines.
    pub fn deal_phases(&self) -> deals::DealPhases<'_> {
        deals::DealPhases(self)
    }

    /// Invoices.
    pub fn invoices(&self) -> invoices::Invoices<'_> {
        invoices::Invoices(self)
    }

    /// Quotations.
    pub fn quotations(&self) -> quotations::Quotations<'_> {
        quotations::Quotations(self)
    }

    /// Products.
    pub fn products(&self) -> products::Products<'_> {
        products::Products(self)
    }

    /// Files.
    pub fn files(&self) -> files::Files<'_> {
        files::Files(self)
    }

    /// Webhooks.
    pub fn webhooks(&self) -> webhooks::Webhooks<'_> {
        webhooks::Webhooks(self)
    }

    /// The definitions of custom fields.
    pub fn custom_fields(&self) -> custom_fields::CustomFields<'_> {
        custom_fields::CustomFields(self)
    }

    /// The user whose login this is.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`].
    pub fn me(&self) -> Result<account::Me> {
        self.fetch("users.me", &())
    }

    /// Departments.
    pub fn departments(&self) -> account::Departments<'_> {
        account::Departments(self)
    }

    /// Tags.
    pub fn tags(&self) -> account::Tags<'_> {
        account::Tags(self)
    }
}

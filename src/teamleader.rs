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
//! A [`Client`] refreshes and stores the login, as everywhere in this crate. [`Teamleader::client`]
//! returns this [`Client`].
//!
//! Each resource has a module: contacts, companies, deals, invoices and so on. [`Teamleader::call`] calls any
//! other operation by its name. The guide has examples: [`crate::guide::teamleader`].
//!
//! # Answers and requests
//!
//! Every field of an answer is optional except the id. Teamleader leaves out fields that the integration
//! may not see, and lists leave out some fields: `None` in a list does not mean "empty". Enums keep
//! values that this version does not know, models keep unknown members in `extra`, and amounts keep
//! their digits.
//!
//! Ids have a type: a method that expects the id of a company does not accept an [`Id<Contact>`](Id).
//! Methods accept ids and strings. `into()` and `parse()` convert a string to an id.
//!
//! ```compile_fail,E0277
//! # fn show(teamleader: evergrant::teamleader::Teamleader) -> Result<(), evergrant::Error> {
//! let deal = teamleader.deals().get("d5b1")?;
//! teamleader.contacts().get(&deal.id)?; // the id of a deal is not the id of a contact
//! # Ok(())
//! # }
//! ```
//!
//! `new` makes a request from its required fields, and methods add the optional ones. An update keeps,
//! clears or sets each field ([`Change`]).
//!
//! # Sources
//!
//! The facts in this module come from Teamleader's specification 1.112.0, its older documentation, and
//! reports by authors of other SDKs, read in November 2026. They were not checked against Teamleader itself.

pub mod accounts;
mod builder;
mod call;
pub mod calls;
mod change;
pub mod companies;
pub mod contacts;
pub mod credit_notes;
pub mod custom_fields;
pub mod days_off;
pub mod deal_phases;
pub mod deal_pipelines;
pub mod deal_sources;
pub mod deals;
mod declare;
pub mod departments;
mod error;
pub mod events;
pub mod expenses;
pub mod external_parties;
pub mod files;
mod form;
pub mod incoming;
pub mod invoices;
mod json;
pub mod kinds;
pub mod legacy_projects;
mod limits;
pub mod lines;
mod lists;
pub mod lookups;
pub mod lost_reasons;
mod macros;
pub mod meetings;
pub mod milestones;
pub mod notes;
pub mod operations;
pub mod orders;
pub mod planning;
pub mod products;
pub mod project_groups;
pub mod project_lines;
pub mod project_materials;
pub mod project_tasks;
pub mod projects;
pub mod quotations;
mod read;
pub mod receipts;
mod reference;
mod resources;
pub mod settings;
pub mod subscriptions;
pub mod tags;
pub mod tasks;
#[cfg(test)]
mod tests;
pub mod tickets;
pub mod time_span;
pub mod time_tracking;
pub mod users;
mod values;
pub mod webhooks;

use std::fmt;
use std::sync::Arc;

use time::{Date, Month};

pub use self::builder::TeamleaderBuilder;
pub use self::call::Answer;
pub use self::change::Change;
pub use self::error::{Problem, TeamleaderError};
pub use self::limits::Limits;
use self::limits::Window;
pub use self::lists::{
    ChangedPage, Changes, Changing, Items, List, ListPage, Listed, Nothing, Pages, Position,
};
pub use self::reference::{Assignee, Attendee, Customer, Reference};
pub use self::values::{
    ActiveStatus, Address, AddressEntry, AddressType, Currency, CustomFieldsUpdate,
    DocumentCurrency, Email, EmailType, ExchangeRate, InvoicingPreferences, Money, NewAddress,
    NewAddressEntry, Order, PaymentTerm, PaymentTermType, Tax, Telephone, TelephoneType,
};
use crate::error::Result;
pub use crate::error::Unconfirmed;
pub use crate::sdk::decimal::{Decimal, NotADecimal};
pub use crate::sdk::id::Id;
pub use crate::sdk::row::UnreadRow;
pub use crate::sdk::transfer::Progress;
use crate::{Client, Credentials, TokenBackend};

/// The version of the API that the types of this module describe: 2023-09-26, the latest version in
/// Teamleader's documentation.
pub const API_VERSION: Date = match Date::from_calendar_date(2023, Month::September, 26) {
    Ok(day) => day,
    Err(_) => Date::MIN,
};

/// A client for Teamleader Focus.
///
/// Cheap to clone and to share: all clones and threads share the login and the rate limit.
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
/// // A token from elsewhere, kept in memory.
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
    /// Makes a client with the default settings. [`Teamleader::builder`] changes them.
    ///
    /// # Errors
    ///
    /// Does not fail today, because the default settings are valid.
    pub fn new(
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> Result<Teamleader> {
        Teamleader::builder(credentials, backend).build()
    }

    /// Makes a client with the credentials in the environment variables `TEAMLEADER_CLIENT_ID`,
    /// `TEAMLEADER_CLIENT_SECRET` and `TEAMLEADER_REDIRECT_URI`.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Config`] if the id is missing or a variable is not Unicode.
    pub fn from_env(backend: impl TokenBackend + 'static) -> Result<Teamleader> {
        Teamleader::new(Credentials::from_env("TEAMLEADER")?, backend)
    }

    /// Does the same as [`Teamleader::from_env`], and looks in the file `.env` of the current folder for
    /// variables that are not set. The variables of the process do not change.
    /// [`Token::from_dotenv`](crate::Token::from_dotenv) reads a token from the file.
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
    /// // The first run stores the token of the file. Later runs keep the newer token in the store.
    /// let stored = teamleader.client().seed(Token::from_dotenv("TEAMLEADER")?)?;
    /// # assert!(stored);
    /// # assert_eq!(teamleader.client().access_token()?.expose(), "eyJ");
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::from_env`], and [`crate::Error::Config`] if the file cannot be read.
    #[cfg(feature = "dotenv")]
    pub fn from_dotenv(backend: impl TokenBackend + 'static) -> Result<Teamleader> {
        Teamleader::new(Credentials::from_dotenv("TEAMLEADER")?, backend)
    }

    /// Returns a builder, which makes a client with other settings.
    pub fn builder(
        credentials: Credentials,
        backend: impl TokenBackend + 'static,
    ) -> TeamleaderBuilder {
        TeamleaderBuilder::new(credentials, Box::new(backend))
    }

    /// Returns the OAuth client, which logs in, stores a token from elsewhere ([`Client::seed`]) and shows
    /// the stored record. Requests that are sent with the OAuth client also count against the rate limit.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Returns a client for another version of the API. Both clients share the login and the rate
    /// limit.
    #[must_use]
    pub fn with_api_version(&self, version: Date) -> Teamleader {
        use self::json::Dated as _;
        Teamleader(self.0.clone(), version.write())
    }

    /// Returns the rate limit from the headers of Teamleader's last answer.
    pub fn limits(&self) -> Limits {
        self.0.window.seen()
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
    /// Returns the operations on companies.
    pub fn companies(&self) -> companies::Companies<'_> {
        companies::Companies(self)
    }

    /// Returns the operations on contacts.
    pub fn contacts(&self) -> contacts::Contacts<'_> {
        contacts::Contacts(self)
    }

    /// Returns the operations on definitions of custom fields.
    pub fn custom_fields(&self) -> custom_fields::CustomFields<'_> {
        custom_fields::CustomFields(self)
    }

    /// Returns the operations on phases of deal pipelines.
    pub fn deal_phases(&self) -> deal_phases::DealPhases<'_> {
        deal_phases::DealPhases(self)
    }

    /// Returns the operations on deal pipelines.
    pub fn deal_pipelines(&self) -> deal_pipelines::DealPipelines<'_> {
        deal_pipelines::DealPipelines(self)
    }

    /// Returns the operations on sources of deals.
    pub fn deal_sources(&self) -> deal_sources::DealSources<'_> {
        deal_sources::DealSources(self)
    }

    /// Returns the operations on deals.
    pub fn deals(&self) -> deals::Deals<'_> {
        deals::Deals(self)
    }

    /// Returns the operations on departments.
    pub fn departments(&self) -> departments::Departments<'_> {
        departments::Departments(self)
    }

    /// Returns the operations on files.
    pub fn files(&self) -> files::Files<'_> {
        files::Files(self)
    }

    /// Returns the operations on invoices.
    pub fn invoices(&self) -> invoices::Invoices<'_> {
        invoices::Invoices(self)
    }

    /// Returns the operations on reasons for losing deals.
    pub fn lost_reasons(&self) -> lost_reasons::LostReasons<'_> {
        lost_reasons::LostReasons(self)
    }

    /// Returns the operations on products.
    pub fn products(&self) -> products::Products<'_> {
        products::Products(self)
    }

    /// Returns the operations on quotations.
    pub fn quotations(&self) -> quotations::Quotations<'_> {
        quotations::Quotations(self)
    }

    /// Returns the operations on tags.
    pub fn tags(&self) -> tags::Tags<'_> {
        tags::Tags(self)
    }

    /// Returns the operations on webhooks.
    pub fn webhooks(&self) -> webhooks::Webhooks<'_> {
        webhooks::Webhooks(self)
    }

    /// Fetches the user who is logged in.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn me(&self) -> Result<users::Me> {
        self.fetch("users.me", &())
    }
}

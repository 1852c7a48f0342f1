//! Endpoints whose rows have a struct, and the macro that defines them.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::value::RawValue;
use time::PrimitiveDateTime;

use super::ExactOnline;
#[cfg(doc)]
use super::SystemDivision;
use super::call::{Call, query_methods};
use super::errors::unreadable;
use super::listing::{Iter, Page, Pages, Position};
use super::model::{self, Column, Model};
use super::odata::{Filter, Order, Query};
use crate::{Error, Result};

/// An endpoint whose rows are `M`s. [`ExactOnline::accounts`] and similar methods return a resource. A
/// resource has only the operations that the endpoint allows.
///
/// ```
/// # use evergrant::exact_online::{Country, ExactOnline};
/// # use evergrant::sandbox::{ApiReply, Sandbox};
/// # let sandbox = Sandbox::builder().exact_online().start()?;
/// # sandbox.on("GET", "/api/v1/123/crm/Accounts", |request| ApiReply::json(200,
/// #     serde_json::json!({"d": {"results": [{"ID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Name": "Rose"}]}})));
/// # sandbox.on("PUT", "/api/v1/123/crm/Accounts(guid'3f2504e0-4f89-11d3-9a0c-0305e82c3301')", |_| ApiReply::new(204));
/// # let exact = ExactOnline::builder(Country::Netherlands, sandbox.credentials(), evergrant::MemoryBackend::new())
/// #     .provider(sandbox.provider()).division(123).build()?;
/// # exact.client().seed(sandbox.login())?;
/// use evergrant::exact_online::{Account, odata::field};
///
/// for account in exact.accounts().filter(field("IsSupplier").eq(true)).iter() {
///     let account = account?;
///     if let Some(id) = account.id {
///         let change = Account::with(|account| account.blocked = Some(true));
///         exact.accounts().update(id, &change)?;
///     }
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[must_use = "nothing is sent until a method such as `iter` or `create` is called"]
pub struct Resource<M: Model> {
    call: Call,
    kind: PhantomData<fn() -> M>,
}

query_methods!(Resource<M: Model>);

impl<M: Model> Clone for Resource<M> {
    fn clone(&self) -> Resource<M> {
        Resource { call: self.call.clone(), kind: PhantomData }
    }
}

impl<M: Model> std::fmt::Debug for Resource<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("endpoint", &M::PATH).finish_non_exhaustive()
    }
}

/// Rows that can be created.
pub trait Create: Model {}
/// Rows that can be changed.
pub trait Update: Model {}
/// Rows that can be deleted.
pub trait Delete: Model {}
/// Rows that can be listed. Some endpoints can only be synchronised.
pub trait List: Model {}
/// Rows that can be fetched by their key. The key of some reports, such as a period, does not identify a row.
pub trait Get: List {}

/// Rows that can be listed 1,000 a page, from another endpoint below `bulk/`.
pub trait Bulk: Model {
    /// The endpoint below `bulk/`.
    const BULK: &'static str;
    /// The properties that the endpoint below `bulk/` does not have.
    const WITHOUT: &'static [&'static str];
}

/// Rows that can be fetched incrementally: only those that have changed since the last run.
pub trait Synchronize: Model {
    /// The type of the synchronised rows, which differs from the listed rows for some endpoints.
    type Row: Model;
    /// The endpoint that a synchronisation reads: an endpoint below `sync/`, filtered by `Timestamp`, or the
    /// endpoint of the list, filtered by `Modified`.
    const SYNC: &'static str;
    /// The properties that the endpoint of the synchronisation does not have.
    const WITHOUT: &'static [&'static str];
}

impl<M: Model> Resource<M> {
    pub(super) fn new(exact: &ExactOnline) -> Resource<M> {
        Resource { call: Call::new(exact, M::PATH), kind: PhantomData }
    }

    /// With `true`, a page fails if one of its rows cannot be read, and the iteration ends. By default the
    /// iteration continues: [`Iter`], [`Page::unread`].
    pub fn strict(self, strict: bool) -> Resource<M> {
        Resource { call: self.call.strict(strict), kind: PhantomData }
    }

    pub(super) fn call(&self) -> &Call {
        &self.call
    }

    fn with(self, change: impl FnOnce(Query) -> Query) -> Resource<M> {
        Resource { call: self.call.with(change), kind: PhantomData }
    }
}

impl<M: Get> Resource<M> {
    /// Fetches the row with this id.
    ///
    /// The request has a filter: not every endpoint takes a key in its address, and a filter that finds
    /// nothing does not count against
    /// [`ExactOnlineBuilder::error_limit`](super::ExactOnlineBuilder::error_limit).
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`]. If no row has the id, an [`Error::Api`](crate::Error::Api) for which
    /// [`ExactOnlineError::is_not_found`](super::ExactOnlineError::is_not_found) is true.
    pub fn get(&self, id: M::Key) -> Result<M> {
        self.call.get(id)
    }

    /// Fetches the row with this id, or returns `None` when no row has the id.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn find(&self, id: M::Key) -> Result<Option<M>> {
        self.call.find(id)
    }
}

impl<M: List> Resource<M> {
    /// Iterates over every row of the query. Each page is fetched when its first row is needed.
    pub fn iter(&self) -> Iter<M> {
        self.call.iter()
    }

    /// Iterates over every page of the query. The service decides how many rows a page has: 60.
    pub fn pages(&self) -> Pages<M> {
        self.call.pages()
    }

    /// Iterates over the pages after a stored position; over all pages for `None`.
    pub fn pages_from(&self, position: Option<Position>) -> Pages<M> {
        self.call.pages_from(position)
    }

    /// Fetches the first page of the query.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn page(&self) -> Result<Page<M>> {
        self.call.page()
    }

    /// Fetches the first row of the query, or returns `None` when the query finds no row.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn first(&self) -> Result<Option<M>> {
        self.call.first()
    }

    /// Fetches the number of rows that the query finds.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn count(&self) -> Result<u64> {
        self.call.count()
    }
}

impl<M: List> IntoIterator for &Resource<M> {
    type Item = Result<M>;
    type IntoIter = Iter<M>;

    fn into_iter(self) -> Iter<M> {
        self.iter()
    }
}

impl<M: List> IntoIterator for Resource<M> {
    type Item = Result<M>;
    type IntoIter = Iter<M>;

    fn into_iter(self) -> Iter<M> {
        self.iter()
    }
}

impl<M: Create> Resource<M> {
    /// Creates a row, and returns the row in the answer. `body` is an `M` with some fields set, or any other
    /// type that serde serializes. Properties that the service sets itself are not sent.
    ///
    /// A request that may have been processed is not sent again, because Exact Online cannot recognise a
    /// repeated request.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the service sets every property of the body itself: nothing is sent then. The errors
    /// of [`Call::create`].
    pub fn create(&self, body: &(impl Serialize + ?Sized)) -> Result<M> {
        self.call.create(&settable::<M>(body)?)
    }
}

/// Returns the body without the properties that the service sets itself.
pub(super) fn settable<M: Model>(body: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>> {
    let json = serde_json::value::to_raw_value(body).map_err(|error| {
        Error::Config(format!("the body cannot be written as JSON: {error}").into())
    })?;
    match model::settable(&json, M::PROPERTIES) {
        Some(left) if left.get() == "{}" => {
            let text = format!("{} sets every property of the body itself", M::PATH);
            Err(Error::Config(text.into()))
        }
        left => Ok(left.unwrap_or(json)),
    }
}

impl<M: Update> Resource<M> {
    /// Changes the properties in `body`: an `M` with some fields set, or any other type that serde
    /// serializes. Every property in `body` is sent, except those that the service sets itself
    /// (the service answers 500 to some of them). For a row that was read, make the body with
    /// `changes` (such as [`Account::changes`](super::Account::changes)). [`Call::update`] sends all properties.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the service sets every property of the body itself: nothing is sent then. The errors
    /// of [`Call::page`].
    pub fn update(&self, id: M::Key, body: &(impl Serialize + ?Sized)) -> Result<()> {
        self.call.update(id, &settable::<M>(body)?)
    }
}

impl<M: Delete> Resource<M> {
    /// Deletes the row with this id.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn delete(&self, id: M::Key) -> Result<()> {
        self.call.delete(id)
    }
}

/// Returns a call of the `bulk/` or `sync/` endpoint `name`. Such an endpoint requires a choice of
/// properties: the call has the caller's choice, or every field of the struct except `without`.
fn twin<M: Model>(call: &Call, name: &str, without: &[&str]) -> Call {
    let mut twin = call.clone().renamed(name);
    if !twin.has_choice() {
        let plain = M::PROPERTIES.iter().filter(|property| !property.is_collection());
        let names: Vec<_> = plain.map(|p| p.name).filter(|name| !without.contains(name)).collect();
        twin = twin.select(&names);
    }
    twin
}

impl<M: Bulk> Resource<M> {
    /// Iterates over the pages after a stored position, 1,000 rows a page; over all pages for `None`. Without
    /// `select` the call requests every field of the struct.
    pub fn bulk(&self, position: Option<Position>) -> Pages<M> {
        twin::<M>(&self.call, M::BULK, M::WITHOUT).pages_from(position)
    }
}

impl<M: Synchronize> Resource<M> {
    /// Iterates over the pages of the rows that have changed since the position, or of all rows for `None`.
    /// Store the position of each page after processing its items. [`ExactOnline::deleted`] lists deleted
    /// rows.
    ///
    /// A division that Exact Online moves to another database gets new timestamps: when
    /// `division_move_date` of its [`SystemDivision`] changes, begin with `None`.
    pub fn sync(&self, position: Option<Position>) -> Pages<M::Row> {
        if !M::SYNC.starts_with("sync/") {
            return self.call.sync_modified(position);
        }
        let chosen = self.call.has_choice();
        let call = twin::<M::Row>(&self.call, M::SYNC, M::WITHOUT);
        let call = if chosen { call.select(&["Timestamp"]) } else { call };
        call.sync(position)
    }
}

impl<M: Synchronize> Resource<M> {
    /// Returns a position from which [`Resource::sync`] reads the rows that changed on that date or later.
    /// Use the position for a first run that does not read all rows. For a synchronisation by `Timestamp`,
    /// this method requests the timestamp of the date from Exact Online, which offers such timestamps for 24
    /// endpoints (the vendor's documentation).
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn position_at(&self, modified: PrimitiveDateTime) -> Result<Position> {
        if !M::SYNC.starts_with("sync/") {
            return Ok(Position::after_date(&self.call, modified));
        }
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "TimeStampAsBigInt")]
            timestamp: serde_json::Value,
        }
        let name = M::SYNC.rsplit('/').next().unwrap_or_default();
        let call = self.call.clone().renamed("read/sync/Sync/SyncTimestamp").bare();
        let answer: Answer = call.param("modified", modified).param("endPoint", name).single()?;
        let timestamp = <i64 as Column>::read(&answer.timestamp.to_string());
        let timestamp = timestamp.ok().flatten().ok_or_else(|| unreadable(name, "no timestamp"))?;
        // Subtracts 1, so that the next run also reads the row with this timestamp.
        let twin = self.call.clone().renamed(M::SYNC);
        Ok(Position::after_timestamp(&twin, timestamp.saturating_sub(1)))
    }
}

/// Gives [`ExactOnline`] a method for each resource, and its rows the operations of the endpoint.
macro_rules! resources {
    ($(
        $(#[$about:meta])*
        $method:ident: $model:ident [$($ability:ident)*]
            $(bulk $bulk:literal without [$($no_bulk:literal)*])?
            $(sync $row:ident $sync:literal without [$($no_sync:literal)*])?;
    )+) => {
        impl $crate::exact_online::ExactOnline {
            $(
                $(#[$about])*
                #[doc = concat!("\n\nThe rows are [`", stringify!($model), "`]s. Needs a division.")]
                pub fn $method(&self) -> $crate::exact_online::Resource<$model> {
                    $crate::exact_online::Resource::new(self)
                }
            )+
        }
        $(
            $($crate::exact_online::resource::ability!($ability $model);)*
            $(impl $crate::exact_online::Bulk for $model {
                const BULK: &'static str = $bulk;
                const WITHOUT: &'static [&'static str] = &[$($no_bulk),*];
            })?
            $(impl $crate::exact_online::Synchronize for $model {
                type Row = $row;
                const SYNC: &'static str = $sync;
                const WITHOUT: &'static [&'static str] = &[$($no_sync),*];
            })?
        )+
    };
}
pub(super) use resources;

/// Gives the rows an operation. The rows of a list can be fetched by their key, except with `ListOnly`.
macro_rules! ability {
    (List $model:ident) => {
        impl $crate::exact_online::List for $model {}
        impl $crate::exact_online::Get for $model {}
    };
    (ListOnly $model:ident) => {
        impl $crate::exact_online::List for $model {}
    };
    ($other:ident $model:ident) => {
        impl $crate::exact_online::$other for $model {}
    };
}
pub(super) use ability;

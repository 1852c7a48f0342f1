//! Calls of any endpoint by its name.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use ureq::http::Method;

use super::endpoints::Endpoint;
use super::errors::unreadable;
use super::json::Body;
use super::listing::{self, Iter, Page, Pages, Position};
use super::odata::{Filter, Literal, Order, Query, field};
use super::{ExactOnline, UnreadRow};
use crate::error::{ApiError, DecodeError};
use crate::sdk::rows::Rows;
use crate::{Error, Request, Response, Result};

/// A call of an endpoint by its name, for rows of any type that serde reads. [`ExactOnline::call`] makes a
/// call.
///
/// ```
/// # use evergrant::exact_online::{Country, ExactOnline};
/// # use evergrant::sandbox::{ApiReply, Sandbox};
/// # let sandbox = Sandbox::builder().exact_online().start()?;
/// # sandbox.on("GET", "/api/v1/123/crm/Opportunities", |request| {
/// #     assert!(request.query.contains("AmountDC%20gt%20500"));
/// #     ApiReply::json(200, serde_json::json!({"d": {"results": [{"Name": "Roof"}]}}))
/// # });
/// # let exact = ExactOnline::builder(Country::Netherlands, sandbox.credentials(), evergrant::MemoryBackend::new())
/// #     .provider(sandbox.provider()).division(123).build()?;
/// # exact.client().seed(sandbox.login())?;
/// use evergrant::exact_online::odata::field;
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Opportunity {
///     name: String,
/// }
///
/// let large = exact.call("crm/Opportunities").filter(field("AmountDC").gt(500)).select(&["Name"]);
/// for opportunity in large.iter::<Opportunity>() {
///     println!("{}", opportunity?.name);
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until a method such as `iter` or `create` is called"]
pub struct Call {
    exact: ExactOnline,
    name: String,
    division: Option<i64>,
    /// The path below the API's base, without a query; or the reason why the path cannot be sent.
    path: std::result::Result<String, String>,
    query: Query,
    strict: bool,
}

/// The endpoint whose answer does not depend on the division in its path.
const ANY_DIVISION: &str = "system/Divisions";

/// The options of a [`Query`], as methods of a type that holds a query.
macro_rules! query_methods {
    ($on:ident $(<$type:ident: $bound:ident>)?) => {
        impl $(<$type: $bound>)? $on $(<$type>)? {
            /// Limits the rows to those that meet this condition and every earlier condition.
            pub fn filter(self, filter: Filter) -> Self {
                self.with(|query| query.filter(filter))
            }

            /// Requests only these properties, and the properties of earlier calls.
            pub fn select(self, names: &[&str]) -> Self {
                self.with(|query| query.select(names))
            }

            /// Includes these related rows, such as the lines of an order.
            pub fn expand(self, names: &[&str]) -> Self {
                self.with(|query| query.expand(names))
            }

            /// Sorts by this property, after the properties of earlier calls.
            pub fn order_by(self, name: &str, order: Order) -> Self {
                self.with(|query| query.order_by(name, order))
            }

            /// Limits the rows to this many, at most one page.
            pub fn top(self, rows: u32) -> Self {
                self.with(|query| query.top(rows))
            }

            /// Replaces all earlier options with the options of a [`Query`].
            pub fn query(self, query: Query) -> Self {
                self.with(|_| query)
            }
        }
    };
}

pub(super) use query_methods;

query_methods!(Call);

impl Call {
    pub(super) fn new(exact: &ExactOnline, name: &str) -> Call {
        let (known, path) = match Endpoint::find(name) {
            Ok(endpoint) => (endpoint.name, Ok(endpoint.path())),
            Err(error) => (name, Err(error.to_string())),
        };
        Call::at(exact, known.to_owned(), path)
    }

    pub(super) fn unlisted(exact: &ExactOnline, path: &str) -> Call {
        // Parentheses and the quote occur in a key: `Accounts(guid'3f25..')/Lines`.
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_-{}()'".contains(c);
        let path = path.trim_matches('/');
        let checked = match path.chars().all(fits) && !path.contains("//") && !path.is_empty() {
            true => Ok(format!("/v1/{path}")),
            false => {
                Err("an endpoint's path may have only letters, digits, / - _ and (')".to_owned())
            }
        };
        Call::at(exact, path.to_owned(), checked)
    }

    fn at(exact: &ExactOnline, name: String, path: std::result::Result<String, String>) -> Call {
        let wants = path.as_ref().is_ok_and(|path| path.contains("{division}"));
        let division = exact.current_division().filter(|_| wants);
        let path = path.and_then(|path| match division {
            Some(division) => Ok(path.replace("{division}", &division.to_string())),
            None if wants => Err(format!(
                "{name} needs a division: choose one with ExactOnline::division or the builder's \
                 division"
            )),
            None => Ok(path),
        });
        Call { exact: exact.clone(), name, division, path, query: Query::new(), strict: false }
    }

    pub(super) fn with(mut self, change: impl FnOnce(Query) -> Query) -> Call {
        self.query = change(self.query);
        self
    }

    /// Sets a parameter of an endpoint that is a function: `itemId` of `read/logistics/StockPosition`.
    pub fn param(self, name: &str, value: impl Into<Literal>) -> Call {
        self.with(|query| query.param(name, value))
    }

    /// With `true`, a page fails if one of its rows cannot be read, and the iteration ends. By default the
    /// iteration continues: [`Iter`], [`Page::unread`].
    pub fn strict(mut self, strict: bool) -> Call {
        self.strict = strict;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn division(&self) -> Option<i64> {
        self.division
    }

    /// Whether the call belongs to this client or to a clone of this client, in any division.
    pub(super) fn is_of(&self, exact: &ExactOnline) -> bool {
        Arc::ptr_eq(&self.exact.inner, &exact.inner)
    }

    /// Returns a call of the same endpoint with an empty query.
    pub(super) fn bare(&self) -> Call {
        Call { query: Query::new(), ..self.clone() }
    }

    /// Returns a call of the endpoint `name`, with the same query.
    pub(super) fn renamed(self, name: &str) -> Call {
        let mut twin = Call::new(&self.exact, name);
        twin.query = self.query;
        twin.strict = self.strict;
        twin
    }

    /// Whether the caller has selected properties, but not this property.
    pub(super) fn leaves_out(&self, name: &str) -> bool {
        self.has_choice() && !self.query.select.iter().any(|chosen| chosen == name)
    }

    /// Whether the caller has selected properties.
    pub(super) fn has_choice(&self) -> bool {
        !self.query.select.is_empty()
    }

    /// Returns the path below the API's base. The list of a login's divisions is the same for every division
    /// in the path. So a call of that list without a division first fetches the division that the user has
    /// open.
    pub(super) fn path(&self) -> Result<Cow<'_, str>> {
        match &self.path {
            Ok(path) => Ok(path.into()),
            Err(_) if self.name == ANY_DIVISION => {
                let me = self.exact.me()?;
                let open = me.current_division.ok_or_else(|| {
                    unreadable("current/Me", "it has no CurrentDivision for the list of divisions")
                })?;
                Ok(format!("/v1/{open}/{ANY_DIVISION}").into())
            }
            Err(error) => Err(Error::Config(error.as_str().into())),
        }
    }

    /// Fetches a file at an address that a row names.
    pub(super) fn file(&self, url: &str) -> Result<Response> {
        self.exact.client().get(url).call()
    }

    pub(super) fn target(&self, suffix: &str) -> Result<String> {
        let query = self.query.encoded()?;
        let mark = if query.is_empty() { "" } else { "?" };
        Ok([&*self.path()?, suffix, mark, &query].concat())
    }

    pub(super) fn request(&self, method: Method, target: &str) -> Request<'_> {
        self.exact.client().request(method, target).header("Accept", "application/json")
    }

    /// Requests one page of the query.
    pub(super) fn read(&self) -> Result<Body> {
        self.follow(&self.target("")?)
    }

    pub(super) fn follow(&self, target: &str) -> Result<Body> {
        self.request(Method::GET, target).read_json()
    }

    /// Calls `work` with a reader of the rows of this endpoint.
    pub(super) fn reader<T>(&self, work: impl FnOnce(Rows<'_>) -> T) -> T {
        let key = Endpoint::find(&self.name).ok().and_then(|endpoint| endpoint.key);
        let client = self.exact.client();
        // An answer may repeat the access token.
        let clean = |text: String| match client.access_token() {
            Ok(token) if !token.is_empty() => text.replace(token.expose(), "[..]"),
            _ => text,
        };
        let keys = [key.unwrap_or("ID"), "ID"];
        work(Rows { operation: &self.name, keys: &keys, forgiving: false, clean: &clean })
    }

    /// Reads the rows of a page.
    pub(super) fn rows<T: DeserializeOwned>(
        &self,
        rows: &[Box<RawValue>],
    ) -> Result<(Vec<T>, Vec<UnreadRow>)> {
        let (items, mut unread) = self.reader(|reader| reader.all(rows));
        match self.strict && !unread.is_empty() {
            true => Err(unread.swap_remove(0).into()),
            false => Ok((items, unread)),
        }
    }

    /// Reads the first row, if there is one.
    pub(super) fn one<T: DeserializeOwned>(&self, rows: &[Box<RawValue>]) -> Result<Option<T>> {
        let Some(row) = rows.first() else { return Ok(None) };
        let row = self.reader(|reader| reader.one(0, row.get()));
        row.map(Some).map_err(|row| {
            let what = format!("the answer of {}", self.name);
            Error::Decode(Box::new(DecodeError::new(what, *row)))
        })
    }

    /// Returns the path of the next page, relative to the API's base and otherwise unchanged. The service
    /// sends absolute links; a link to another host than the API's is an error.
    pub(super) fn relative(&self, next: &str) -> Result<String> {
        let elsewhere =
            || unreadable(&self.name, "the link to its next page leads outside the API");
        let base = self.exact.client().provider().api_base().unwrap_or_default();
        let path = below(base, next).ok_or_else(elsewhere)?;
        Ok(path.to_owned())
    }

    /// Fetches the row with this key.
    ///
    /// The request has a filter on the endpoint's key: not every endpoint takes a key in its address, and a
    /// filter that finds nothing does not count against
    /// [`ExactOnlineBuilder::error_limit`](super::ExactOnlineBuilder::error_limit).
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`]. If no row has the key, an [`Error::Api`] for which
    /// [`ExactOnlineError::is_not_found`](super::ExactOnlineError::is_not_found) is true.
    pub fn get<T: DeserializeOwned>(&self, key: impl Into<Literal>) -> Result<T> {
        let key = key.into();
        let found = self.find(key.clone())?;
        found.ok_or_else(|| self.missing(&key))
    }

    /// Fetches the row with this key, or returns `None` when no row has the key.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn find<T: DeserializeOwned>(&self, key: impl Into<Literal>) -> Result<Option<T>> {
        self.with_key(&key.into())?.first()
    }

    /// Returns a call for the row with this key.
    pub(super) fn with_key(&self, key: &Literal) -> Result<Call> {
        let name = Endpoint::find(&self.name)?.key.ok_or_else(|| {
            Error::Config(format!("{} has no key: use filter and first", self.name).into())
        })?;
        Ok(self.clone().filter(field(name).eq(key.clone())).top(1))
    }

    /// Makes the error for an error answer, with the API's message.
    pub(super) fn explain(&self, api: ApiError) -> Error {
        self.exact.inner.limits.explain(api)
    }

    /// Makes the error for a key that no row has.
    pub(super) fn missing(&self, key: &Literal) -> Error {
        let base = self.exact.client().provider().api_base().unwrap_or_default();
        let url = [base.trim_end_matches('/'), self.path.as_deref().unwrap_or_default()].concat();
        let mut api = ApiError::new("GET", url, 200);
        api.reason = Some(format!("no row has the key {key}"));
        Error::Api(Box::new(api))
    }

    /// Iterates over every row of the query. Each page is fetched when its first row is needed.
    pub fn iter<T: DeserializeOwned + 'static>(&self) -> Iter<T> {
        self.pages().items()
    }

    /// Iterates over every page of the query. The service decides how many rows a page has: 60, or 1,000
    /// below `bulk/` and `sync/`.
    pub fn pages<T: DeserializeOwned + 'static>(&self) -> Pages<T> {
        self.pages_from(None)
    }

    /// Iterates over the pages after a stored position; over all pages for `None`.
    pub fn pages_from<T: DeserializeOwned + 'static>(
        &self,
        position: Option<Position>,
    ) -> Pages<T> {
        listing::plain(self.clone(), position)
    }

    /// Fetches the first page of the query.
    ///
    /// # Errors
    ///
    /// The errors of [`Request::call`]; [`Error::Config`] for an endpoint that is not known, a missing division
    /// or a query that cannot be sent; [`Error::RateLimited`] when a limit is used up;
    /// [`Error::Decode`] for an answer of another shape.
    pub fn page<T: DeserializeOwned + 'static>(&self) -> Result<Page<T>> {
        self.pages().next().unwrap_or_else(|| Err(unreadable(&self.name, "it has no page")))
    }

    /// Iterates over the rows of an endpoint below `sync/` that have changed since the position, 1,000 rows
    /// a page. `None` reads all rows. If you [`select`](Call::select) properties, include `Timestamp`.
    pub fn sync<T: DeserializeOwned + 'static>(&self, position: Option<Position>) -> Pages<T> {
        listing::by_timestamp(self.clone(), position)
    }

    /// Iterates over the rows that have changed since the position, for an endpoint whose rows have
    /// `Modified` and which does not exist below `sync/`. The next run reads the rows with the latest
    /// `Modified` of this run again.
    pub fn sync_modified<T: DeserializeOwned + 'static>(
        &self,
        position: Option<Position>,
    ) -> Pages<T> {
        listing::by_modified(self.clone(), position)
    }

    /// Fetches the first row of the query, or returns `None` when the query finds no row.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn first<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.one(&self.clone().top(1).read()?.rows)
    }

    /// Fetches the row of an endpoint that has exactly one row, such as `current/Me` or a function. Unlike
    /// [`Call::first`], this method sends no `$top`, which functions do not take.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`], and [`Error::Decode`] when the answer has no row.
    pub fn single<T: DeserializeOwned>(&self) -> Result<T> {
        let row = self.one(&self.read()?.rows)?;
        row.ok_or_else(|| unreadable(&self.name, "it has no row"))
    }

    /// Fetches the number of rows that the query finds.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn count(&self) -> Result<u64> {
        // The answer is a bare number, so the request must not send `Accept: application/json`.
        let target = self.target("/$count")?;
        let text = self.exact.client().get(&target).call()?.read_string()?;
        let number = text.trim_matches(|c: char| !c.is_ascii_digit());
        number.parse().map_err(|_| unreadable(&self.name, "it is not a number"))
    }

    /// Sends the query and returns the answer without reading its body.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn send(&self) -> Result<Response> {
        self.request(Method::GET, &self.target("")?).call()
    }
}

/// Returns the part of an address below `base`, if the address is on the same host.
fn below<'a>(base: &str, address: &'a str) -> Option<&'a str> {
    let (base, parsed) = (url::Url::parse(base).ok()?, url::Url::parse(address).ok()?);
    let plain =
        address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    let own = base.origin() == parsed.origin() && parsed.username().is_empty();
    let start = address.find("://")? + 3;
    let path = address.get(start + address.get(start..)?.find('/')?..)?;
    let path = path.strip_prefix(base.path().trim_end_matches('/'))?;
    // The address is sent unchanged after this check, so no segment may be `..`.
    let inside = path.starts_with("/v1/") && !path.split('?').next()?.contains("..");
    (plain && own && inside).then_some(path)
}

//! Any endpoint, by its name.

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;

use super::ExactOnline;
use super::endpoints::Endpoint;
use super::errors::{first, unreadable};
use super::json::Body;
use super::listing::{self, Batches, Position, Rows};
use super::odata::{Filter, Literal, Order, Query};
use crate::{Error, Request, Response, Result};

/// A call of an endpoint that was named, for rows of any type that serde reads. Made by
/// [`ExactOnline::call`].
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
/// for opportunity in large.rows::<Opportunity>() {
///     println!("{}", opportunity?.name);
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until a method that ends the call is called"]
pub struct Call {
    exact: ExactOnline,
    name: String,
    division: Option<i64>,
    /// The address below the API's base, without a query.
    path: std::result::Result<String, String>,
    query: Query,
}

/// The options of a [`Query`] for what holds one.
macro_rules! query_methods {
    ($on:ident $(<$type:ident: $bound:ident>)?) => {
        impl $(<$type: $bound>)? $on $(<$type>)? {
            /// Only what meets the condition; of several, what meets them all.
            pub fn filter(self, filter: Filter) -> Self {
                self.with(|query| query.filter(filter))
            }

            /// Only these properties, and those named before.
            pub fn select(self, names: &[&str]) -> Self {
                self.with(|query| query.select(names))
            }

            /// With these related things in place, such as the lines of an order.
            pub fn expand(self, names: &[&str]) -> Self {
                self.with(|query| query.expand(names))
            }

            /// Sorted by this property, within what it was sorted by before.
            pub fn order_by(self, name: &str, order: Order) -> Self {
                self.with(|query| query.order_by(name, order))
            }

            /// At most so many; never more than a page.
            pub fn top(self, rows: u32) -> Self {
                self.with(|query| query.top(rows))
            }

            /// Everything that a [`Query`] says, in place of what was said before.
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
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_-{}".contains(c);
        let path = path.trim_matches('/');
        let checked = match path.chars().all(fits) && !path.contains("//") && !path.is_empty() {
            true => Ok(format!("/v1/{path}")),
            false => Err("the path of an endpoint has letters, digits, - and _".to_owned()),
        };
        Call::at(exact, path.to_owned(), checked)
    }

    fn at(exact: &ExactOnline, name: String, path: std::result::Result<String, String>) -> Call {
        let wants = path.as_ref().is_ok_and(|path| path.contains("{division}"));
        let division = exact.current_division().filter(|_| wants);
        let path = path.and_then(|path| match division {
            Some(division) => Ok(path.replace("{division}", &division.to_string())),
            None if wants => Err(format!(
                "{name} belongs to a division, and none was chosen: name one with \
                 ExactOnline::division"
            )),
            None => Ok(path),
        });
        Call { exact: exact.clone(), name, division, path, query: Query::new() }
    }

    pub(super) fn with(mut self, change: impl FnOnce(Query) -> Query) -> Call {
        self.query = change(self.query);
        self
    }

    /// A parameter of an endpoint that is a function: `itemId` of `read/logistics/StockPosition`.
    pub fn param(self, name: &str, value: impl Into<Literal>) -> Call {
        self.with(|query| query.param(name, value))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn division(&self) -> Option<i64> {
        self.division
    }

    /// The same endpoint with nothing asked for yet.
    pub(super) fn bare(&self) -> Call {
        Call { query: Query::new(), ..self.clone() }
    }

    /// The twin of this endpoint, with what was asked for.
    pub(super) fn renamed(self, name: &str) -> Call {
        let mut twin = Call::new(&self.exact, name);
        twin.query = self.query;
        twin
    }

    /// Whether the caller has chosen properties.
    pub(super) fn has_choice(&self) -> bool {
        !self.query.select.is_empty()
    }

    fn path(&self) -> Result<&str> {
        self.path.as_deref().map_err(|error| Error::Config(error.as_str().into()))
    }

    fn target(&self, suffix: &str) -> Result<String> {
        let query = self.query.encoded()?;
        let mark = if query.is_empty() { "" } else { "?" };
        Ok([self.path()?, suffix, mark, &query].concat())
    }

    fn request(&self, method: Method, target: &str) -> Request<'_> {
        self.exact.client().request(method, target).header("Accept", "application/json")
    }

    /// One page of the query.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Body<T>> {
        self.follow(&self.target("")?)
    }

    pub(super) fn follow<T: DeserializeOwned>(&self, target: &str) -> Result<Body<T>> {
        self.request(Method::GET, target).read_json()
    }

    /// The address of a next page below the API's base, to the letter. Links come absolute, and are
    /// followed to the same host only.
    pub(super) fn relative(&self, next: &str) -> Result<String> {
        let elsewhere = || unreadable(&self.name, "its next page is not at the same place");
        let base = self.exact.client().provider().api_base().unwrap_or_default();
        let path = below(base, next).ok_or_else(elsewhere)?;
        Ok(path.to_owned())
    }

    /// The first page of the query.
    ///
    /// # Errors
    ///
    /// As [`Request::call`]; [`Error::Config`] for an endpoint that is not known, a missing division
    /// or a query that cannot be sent; [`Error::RateLimited`] for a limit that is used up;
    /// [`Error::Decode`] for an answer that is not of this shape.
    pub fn list<T: DeserializeOwned + 'static>(self) -> Result<super::Batch<T>> {
        let name = self.name.clone();
        self.batches(None).next().unwrap_or_else(|| Err(unreadable(&name, "it has no page")))
    }

    /// Every row of the query, page by page as they are asked for.
    pub fn rows<T: DeserializeOwned + 'static>(self) -> Rows<T> {
        self.batches(None).rows()
    }

    /// Every page of the query, from a stored position on or from the beginning.
    pub fn batches<T: DeserializeOwned + 'static>(self, position: Option<Position>) -> Batches<T> {
        listing::plain(self, position)
    }

    /// What has changed since the position, for an endpoint whose name begins with `sync/`: a thousand
    /// rows a page. Without a position, everything there is. Name `Timestamp` among the properties if
    /// you [`select`](Call::select).
    pub fn sync<T: DeserializeOwned + 'static>(self, position: Option<Position>) -> Batches<T> {
        listing::by_timestamp(self, position)
    }

    /// What has changed since the position, for an endpoint that has a `Modified` and no twin below
    /// `sync/`. The rows of the last moment come again in the next run.
    pub fn sync_modified<T: DeserializeOwned + 'static>(
        self,
        position: Option<Position>,
    ) -> Batches<T> {
        listing::by_modified(self, position)
    }

    /// The first row of the query, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn first<T: DeserializeOwned>(self) -> Result<Option<T>> {
        Ok(self.top(1).read()?.rows.into_iter().next())
    }

    /// The one row of an endpoint that has but one.
    ///
    /// # Errors
    ///
    /// As [`Call::list`], and [`Error::Decode`] when there is none.
    pub fn one<T: DeserializeOwned>(self) -> Result<T> {
        first(self.read()?.rows, &self.name)
    }

    /// How many rows the query finds.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn count(self) -> Result<u64> {
        // The answer is a bare number, which `Accept: application/json` would refuse.
        let target = self.target("/$count")?;
        let text = self.exact.client().get(&target).call()?.read_string()?;
        let number = text.trim_matches(|c: char| !c.is_ascii_digit());
        number.parse().map_err(|_| unreadable(&self.name, "it is not a number"))
    }

    /// The answer to the query as it came.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn send(self) -> Result<Response> {
        self.request(Method::GET, &self.target("")?).call()
    }

    /// Makes a new one and gives it out as it is then, or as much of it as the endpoint answers.
    ///
    /// It is never sent a second time by itself when it may have been processed: Exact Online has
    /// nothing by which it would notice that.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn create<T: DeserializeOwned>(self, body: &(impl Serialize + ?Sized)) -> Result<T> {
        let request = self.request(Method::POST, &self.target("")?);
        let request = request.header("Prefer", "return=representation");
        let body: Body<T> = request.send_json(body)?.read_json()?;
        first(body.rows, &self.name)
    }

    /// As [`Call::create`], for an endpoint that answers nothing worth reading.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn post(self, body: &(impl Serialize + ?Sized)) -> Result<()> {
        self.request(Method::POST, &self.target("")?).send_json(body).map(drop)
    }

    /// Changes the fields that are sent. The answer is empty.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn update(self, key: impl Into<Literal>, body: &(impl Serialize + ?Sized)) -> Result<()> {
        self.request(Method::PUT, &self.keyed(key)?).send_json(body).map(drop)
    }

    /// Deletes it.
    ///
    /// # Errors
    ///
    /// As [`Call::list`].
    pub fn delete(self, key: impl Into<Literal>) -> Result<()> {
        self.request(Method::DELETE, &self.keyed(key)?).call().map(drop)
    }

    fn keyed(&self, key: impl Into<Literal>) -> Result<String> {
        let mut suffix = String::from("(");
        super::odata::encode_key(&key.into(), &mut suffix);
        suffix.push(')');
        self.target(&suffix)
    }
}

/// The part of an address below a base on the same host.
fn below<'a>(base: &str, address: &'a str) -> Option<&'a str> {
    let (base, parsed) = (url::Url::parse(base).ok()?, url::Url::parse(address).ok()?);
    let plain =
        address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    let own = base.origin() == parsed.origin() && parsed.username().is_empty();
    let start = address.find("://")? + 3;
    let path = address.get(start + address.get(start..)?.find('/')?..)?;
    let path = path.strip_prefix(base.path().trim_end_matches('/'))?;
    // What is checked is what is sent: no segment that leads upwards.
    let inside = path.starts_with("/v1/") && !path.split('?').next()?.contains("..");
    (plain && own && inside).then_some(path)
}

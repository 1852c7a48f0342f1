//! Lists: their filters, their order and their pages.

use std::collections::VecDeque;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::builder::LARGEST_PAGE;
use super::call::Envelope;
use super::operations::{Kind, Operation};
use super::values::Order;
use super::{Answer, Teamleader};
use crate::error::{Error, Result};
use crate::paging::{self, Page};

/// Fetches one page of a list.
pub(super) type Fetch<'a, T> = Box<dyn FnMut(&u32) -> Result<Page<T, u32>> + 'a>;

/// An iterator over the pages of a list. Each page is fetched when the iterator reaches it. `position`
/// returns the number of the next page.
pub type Pages<'a, T> = paging::Pages<u32, Fetch<'a, T>>;

/// An iterator over the objects of a list. The iterator keeps one page in memory.
pub type Items<'a, T> = paging::Items<T, u32, Fetch<'a, T>>;

/// Stands for the filter, the sort field or the includes of a list that has none. The type has no
/// values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub enum Nothing {}

/// A type of object that Teamleader can list.
pub trait Listed:
    DeserializeOwned + Serialize + PartialEq + Clone + sealed::Sealed + 'static
{
    /// The filter of the list.
    type Filter: Serialize;
    /// The fields that the list can be sorted by.
    type Sort: Serialize;
    /// The fields that the list has only if the request names them in `includes`.
    type Include: fmt::Display;
    /// The operation that lists the objects.
    const OPERATION: &'static str;
}

pub(super) mod sealed {
    /// Keeps other crates from adding lists.
    pub trait Sealed {}
}

impl fmt::Display for Nothing {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// A list with its filter and order. Nothing is fetched before the list is iterated.
///
/// ```
/// use evergrant::teamleader::invoices::{InvoiceFilter, InvoiceSort, InvoiceStatus};
/// use evergrant::teamleader::Order;
/// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
/// # let sandbox = Sandbox::start()?;
/// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
/// # let teamleader = builder.provider(sandbox.provider()).build()?;
/// # teamleader.client().seed(sandbox.login())?;
/// # sandbox.on("POST", "/api/invoices.list", |request| {
/// #     let body = request.json();
/// #     assert_eq!(body["filter"]["status"], serde_json::json!(["outstanding"]));
/// #     assert_eq!(body["sort"], serde_json::json!([{ "field": "invoice_date", "order": "desc" }]));
/// #     assert_eq!(body["page"], serde_json::json!({ "size": 100, "number": 1 }));
/// #     ApiReply::json(200, serde_json::json!({ "data": [{ "id": "a" }] }))
/// # });
/// let outstanding = InvoiceFilter::new().status(vec![InvoiceStatus::Outstanding]);
/// let list = teamleader.invoices().filter(outstanding);
/// for invoice in list.sort(InvoiceSort::InvoiceDate, Order::Descending).iter() {
///     println!("{}", invoice?.id);
/// }
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[must_use = "a list is fetched when it is iterated"]
pub struct List<'a, T: Listed> {
    teamleader: &'a Teamleader,
    filter: Option<T::Filter>,
    sort: Vec<(T::Sort, Order)>,
    includes: Vec<T::Include>,
    page_size: u32,
    first: u32,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListPage<T> {
    /// The objects.
    pub items: Vec<T>,
    /// The number of the page; the first is 1.
    pub number: u32,
    /// The page size: the largest number of objects on a page.
    pub size: u32,
    /// The number of objects in the whole list, if Teamleader sends it.
    pub total: Option<u64>,
    /// Whether another page can follow: with a total, whether objects are left after this page; without
    /// a total, whether this page is full.
    pub has_next: bool,
}

impl<'a, T: Listed> List<'a, T> {
    pub(super) fn new(teamleader: &'a Teamleader) -> List<'a, T> {
        let page_size = teamleader.0.page_size;
        let (sort, includes) = (Vec::new(), Vec::new());
        List { teamleader, filter: None, sort, includes, page_size, first: 1 }
    }

    /// Narrows the list to the objects that match the filter. A later filter replaces an earlier
    /// filter.
    pub fn filter(mut self, filter: T::Filter) -> List<'a, T> {
        self.filter = Some(filter);
        self
    }

    /// Sorts the list. A second call adds a second sort field.
    pub fn sort(mut self, by: T::Sort, order: Order) -> List<'a, T> {
        self.sort.push((by, order));
        self
    }

    /// Asks for fields that the list leaves out by default.
    pub fn include(mut self, what: T::Include) -> List<'a, T> {
        self.includes.push(what);
        self
    }

    /// Sets the number of objects on a page. Numbers below 1 become 1, and numbers above 100 become 100.
    pub fn page_size(mut self, objects: u32) -> List<'a, T> {
        self.page_size = objects.clamp(1, LARGEST_PAGE);
        self
    }

    /// Starts at this page; the first is 1.
    pub fn from_page(mut self, number: u32) -> List<'a, T> {
        self.first = number.max(1);
        self
    }

    /// Returns an iterator over all objects. Each page is fetched when the iterator reaches it.
    pub fn iter(&self) -> Items<'a, T> {
        self.pages().items()
    }

    /// Returns an iterator over the pages. A list without pages is returned as one page.
    pub fn pages(&self) -> Pages<'a, T> {
        let (teamleader, size) = (self.teamleader, self.page_size);
        let mut body = self.body(false);
        let mut before: Option<T> = None;
        let fetch = move |number: &u32| {
            let operation = Operation::known(T::OPERATION)?;
            let body = body.as_mut().map_err(|text| Error::Config(text.as_str().into()))?;
            let mut items: Vec<T> = ask(teamleader, operation, body, size, *number)?.data.0;
            // A list that answers every page number with its first page would never end.
            let first = items.first().cloned();
            if first.is_some() && first == before {
                items.clear();
            }
            before = first;
            let full = items.len() == size as usize;
            let next = (operation.pages && full).then(|| number.saturating_add(1));
            Ok(Page { items, next })
        };
        paging::Pages::new(self.first, Box::new(fetch))
    }

    /// Fetches one page, with the total if Teamleader sends it. The request asks for the total with
    /// `includes`. The specification describes this for seven lists, and users report it for two more.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn page(&self, number: u32) -> Result<ListPage<T>> {
        let operation = Operation::known(T::OPERATION)?;
        let mut body = self.body(operation.pages).map_err(|text| Error::Config(text.into()))?;
        let (number, size) = (number.max(1), self.page_size);
        let answer = ask(self.teamleader, operation, &mut body, size, number)?;
        let items: Vec<T> = answer.data.0;
        let total = answer.meta.and_then(|meta| meta.matches);
        let has_next = match total {
            _ if !operation.pages => false,
            Some(total) => u64::from(number) * u64::from(size) < total,
            None => items.len() == size as usize,
        };
        Ok(ListPage { items, number, size, total, has_next })
    }

    /// Fetches the first object of the list. Returns `None` if the list is empty.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn first(self) -> Result<Option<T>> {
        self.page_size(1).iter().next().transpose()
    }

    /// Fetches the number of objects in the list, with a page of one object. Returns `None` if
    /// Teamleader does not send the number. A list without pages is fetched whole and counted.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn count(&self) -> Result<Option<u64>> {
        let operation = Operation::known(T::OPERATION)?;
        let mut body = self.body(operation.pages).map_err(|text| Error::Config(text.into()))?;
        let answer: Envelope<Rows<T>> = ask(self.teamleader, operation, &mut body, 1, 1)?;
        if !operation.pages {
            return Ok(Some(answer.data.0.len() as u64));
        }
        Ok(answer.meta.and_then(|meta| meta.matches))
    }

    fn body(&self, count: bool) -> Result<Map<String, Value>, String> {
        let fail =
            |error: serde_json::Error| format!("the filter cannot be written as JSON: {error}");
        let mut body = Map::new();
        if let Some(filter) = &self.filter {
            body.insert("filter".to_owned(), serde_json::to_value(filter).map_err(fail)?);
        }
        if !self.sort.is_empty() {
            let sort = self.sort.iter().map(|(by, order)| json!({ "field": by, "order": order }));
            body.insert("sort".to_owned(), sort.collect());
        }
        let mut includes: Vec<String> = self.includes.iter().map(T::Include::to_string).collect();
        includes.extend(count.then(|| "pagination".to_owned()));
        if !includes.is_empty() {
            body.insert("includes".to_owned(), includes.join(",").into());
        }
        Ok(body)
    }
}

impl<T: Listed> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("operation", &T::OPERATION)
            .field("body", &self.body(false))
            .finish_non_exhaustive()
    }
}

/// The objects of an answer. `null` is read as an empty list.
pub(super) struct Rows<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Rows<T>, D::Error> {
        super::json::or_empty(from).map(Rows)
    }
}

fn ask<T: DeserializeOwned>(
    teamleader: &Teamleader,
    operation: &Operation,
    body: &mut Map<String, Value>,
    size: u32,
    number: u32,
) -> Result<Envelope<Rows<T>>> {
    if operation.pages {
        body.insert("page".to_owned(), json!({ "size": size, "number": number }));
    }
    let request = teamleader.request(operation.name, operation.is_read());
    if operation.takes_body { request.send_json(body) } else { request.call() }?.read_json()
}

/// Returns an iterator over the pages of the list with this name.
pub(super) fn raw<'a, T: DeserializeOwned + 'a>(
    teamleader: &'a Teamleader,
    name: &str,
    body: &impl Serialize,
) -> Result<Pages<'a, T>> {
    let operation = Operation::known(name)?;
    if operation.kind != Kind::List {
        return Err(Error::Config(format!("{name} is not a list").into()));
    }
    let mut body = serde_json::to_value(body).map_err(|error| {
        Error::Config(format!("the body cannot be written as JSON: {error}").into())
    })?;
    if body.is_null() {
        body = json!({});
    }
    operation.check(&body)?;
    let size = match body["page"]["size"].as_u64() {
        Some(size) => u32::try_from(size).unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE),
        None => teamleader.0.page_size,
    };
    let first = body["page"]["number"].as_u64().and_then(|first| u32::try_from(first).ok());
    let mut before = String::new();
    let fetch = move |number: &u32| {
        if operation.pages {
            body["page"] = json!({ "size": size, "number": number });
        }
        let text = teamleader.text_of(operation, &body)?;
        let Answer { data, .. } = teamleader.read::<Option<VecDeque<T>>>(operation.name, &text)?;
        let mut items = Vec::from(data.unwrap_or_default());
        if operation.pages && text == before {
            items.clear();
        }
        before = text;
        let full = items.len() == size as usize;
        let next = (operation.pages && full).then(|| number.saturating_add(1));
        Ok(Page { items, next })
    };
    Ok(paging::Pages::new(first.unwrap_or(1).max(1), Box::new(fetch)))
}

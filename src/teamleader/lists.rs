//! Lists: their filters, their order and their pages.

use std::fmt;

mod asked;
mod changes;

#[cfg(test)]
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::changes::ask;
pub use self::changes::{ChangedPage, Changes, Changing, Position};
use super::builder::LARGEST_PAGE;
use super::operations::{Kind, Operation};
use super::values::Order;
use super::{Teamleader, UnreadRow};
use crate::error::{Error, Result};
use crate::paging::{self, Page};
use crate::sdk::page::{page_of_rows, shown};
use crate::sdk::rows::InOrder;

/// Fetches one page of a list.
type Fetch<'a, T> = Box<dyn FnMut(&u32) -> Result<Page<ListPage<T>, u32>> + 'a>;

/// An iterator over the pages of a list. Each page is fetched when the iterator reaches it. After a
/// transient error the following `next` fetches the same page again, up to five times ([`crate::paging`]).
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Pages<'a, T>(paging::Pages<u32, Fetch<'a, T>>);

impl<'a, T> Pages<'a, T> {
    fn new(first: u32, fetch: Fetch<'a, T>) -> Pages<'a, T> {
        Pages(paging::Pages::new(first, fetch))
    }

    /// Returns the number of the next page; `None` after the last page. A program that saves this number can
    /// continue at that page after a restart.
    pub fn position(&self) -> Option<&u32> {
        self.0.position()
    }

    /// Returns an iterator over the objects of the pages.
    pub fn items(self) -> Items<'a, T> {
        Items { pages: self, page: InOrder::new(Vec::new(), Vec::new()) }
    }
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<ListPage<T>>;

    fn next(&mut self) -> Option<Result<ListPage<T>>> {
        // Each fetch returns one page.
        self.0.next()?.map(|mut pages| pages.pop()).transpose()
    }
}

/// An iterator over the objects of a list. The iterator keeps one page in memory.
///
/// For an object that cannot be read, the iterator returns an [`Error::Decode`], and continues with the next
/// object. [`UnreadRow::of`] has the id of the object and the path of its member.
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Items<'a, T> {
    pages: Pages<'a, T>,
    page: InOrder<T>,
}

impl<T> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        self.page.next_of(&mut self.pages, |page| InOrder::new(page.items, page.unread))
    }
}

shown!(Pages<'_> Items<'_>);

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
    operation: &'static str,
    asked: Result<Map<String, Value>, String>,
    filter: Option<T::Filter>,
    sort: Vec<(T::Sort, Order)>,
    includes: Vec<T::Include>,
    page_size: u32,
    first: u32,
    strict: bool,
}

/// One page of a list. Dereferences to a slice of its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListPage<T> {
    /// The objects.
    pub items: Vec<T>,
    /// The objects that could not be read.
    pub unread: Vec<UnreadRow>,
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

page_of_rows!(ListPage, items);

impl<'a, T: Listed> List<'a, T> {
    pub(super) fn new(teamleader: &'a Teamleader) -> List<'a, T> {
        let page_size = teamleader.0.page_size;
        let (sort, includes) = (Vec::new(), Vec::new());
        let (operation, asked) = (T::OPERATION, Ok(Map::new()));
        let (filter, first, strict) = (None, 1, false);
        List { teamleader, operation, asked, filter, sort, includes, page_size, first, strict }
    }

    /// Narrows the list to the objects that match the filter. A later filter replaces an earlier one.
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

    /// With `true`, a page fails if one of its objects cannot be read, and the iteration ends. By default the
    /// iteration continues: [`Items`], [`ListPage::unread`].
    pub fn strict(mut self, strict: bool) -> List<'a, T> {
        self.strict = strict;
        self
    }

    /// Returns an iterator over all objects. Each page is fetched when the iterator reaches it.
    pub fn iter(&self) -> Items<'a, T> {
        self.pages().items()
    }

    /// Returns an iterator over the pages. A list without pages is returned as one page.
    pub fn pages(&self) -> Pages<'a, T> {
        let (teamleader, name) = (self.teamleader, self.operation);
        let (size, strict) = (self.page_size, self.strict);
        let mut body = self.body(false);
        let mut before = None;
        let fetch = move |number: &u32| {
            let operation = Operation::known(name)?;
            let body = body.as_mut().map_err(|text| Error::Config(text.as_str().into()))?;
            let mut page: ListPage<T> = ask(teamleader, operation, body, size, *number)?.0;
            strictly(strict, &mut page)?;
            page.ends_as(&mut before);
            let next = page.has_next.then(|| number.saturating_add(1));
            Ok(Page { items: vec![page], next })
        };
        Pages::new(self.first, Box::new(fetch))
    }

    /// Fetches one page, with the total if Teamleader sends it. The request asks for the total with
    /// `includes`. The specification describes this for seven lists, and users report it for two more.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`].
    pub fn page(&self, number: u32) -> Result<ListPage<T>> {
        let operation = Operation::known(self.operation)?;
        let mut body = self.body(operation.pages).map_err(|text| Error::Config(text.into()))?;
        let (size, number) = (self.page_size, number.max(1));
        let (mut page, _) = ask(self.teamleader, operation, &mut body, size, number)?;
        strictly(self.strict, &mut page)?;
        Ok(page)
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
        let operation = Operation::known(self.operation)?;
        let mut body = self.body(operation.pages).map_err(|text| Error::Config(text.into()))?;
        let (page, _) = ask::<T>(self.teamleader, operation, &mut body, 1, 1)?;
        if !operation.pages {
            return Ok(Some(page.rows() as u64));
        }
        Ok(page.total)
    }

    fn body(&self, count: bool) -> Result<Map<String, Value>, String> {
        let fail =
            |error: serde_json::Error| format!("the filter cannot be written as JSON: {error}");
        let mut body = self.asked.clone()?;
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
            .field("operation", &self.operation)
            .field("body", &self.body(false))
            .finish_non_exhaustive()
    }
}

impl<T> ListPage<T> {
    pub(super) fn of(items: Vec<T>, unread: Vec<UnreadRow>) -> ListPage<T> {
        ListPage { items, unread, number: 1, size: 0, total: None, has_next: false }
    }

    /// Returns the number of objects that Teamleader sent, including those that could not be read.
    fn rows(&self) -> usize {
        self.items.len() + self.unread.len()
    }

    /// Ends a list that answers every page number with its first page, or with an empty page and a large
    /// total. `before` has the first row of the previous page.
    fn ends_as(&mut self, before: &mut Option<FirstRow<T>>)
    where
        T: Clone + PartialEq,
    {
        let unread = self.unread.first().map(|row| row.json.clone());
        let first = Some((self.items.first().cloned(), unread));
        if first == *before {
            self.empty();
        }
        *before = first;
    }

    fn empty(&mut self) {
        self.items.clear();
        self.unread.clear();
        self.has_next = false;
    }

    /// Sets the page's number and size, and whether another page can follow.
    fn placed(mut self, operation: &Operation, size: u32, number: u32) -> ListPage<T> {
        (self.number, self.size) = (number, size);
        self.has_next = match self.total {
            _ if !operation.pages => false,
            Some(total) => u64::from(number) * u64::from(size) < total,
            None => self.rows() == size as usize,
        };
        self
    }
}

/// The first object of a page, and the JSON of its first object that could not be read.
type FirstRow<T> = (Option<T>, Option<String>);

/// In strict mode, turns the first object that could not be read into the error of the page.
fn strictly<T>(strict: bool, page: &mut ListPage<T>) -> Result<()> {
    match strict && !page.unread.is_empty() {
        true => Err(page.unread.swap_remove(0).into()),
        false => Ok(()),
    }
}

/// Returns an iterator over the pages of the list that this operation returns.
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
        let mut page = teamleader.raw_rows(operation.name, &text)?.placed(operation, size, *number);
        if operation.pages && text == before {
            page.empty();
        }
        before = text;
        let next = page.has_next.then(|| number.saturating_add(1));
        Ok(Page { items: vec![page], next })
    };
    Ok(Pages::new(first.unwrap_or(1).max(1), Box::new(fetch)))
}

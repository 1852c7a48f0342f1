//! The objects of a list that have changed since an earlier run.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};

use super::{List, ListPage, Listed, strictly};
use crate::error::{Error, Result};
use crate::paging::{self, Page};
use crate::sdk::page::{page_of_rows, shown};
use crate::sdk::rows::InOrder;
use crate::teamleader::json::Dated as _;
use crate::teamleader::operations::Operation;
use crate::teamleader::{Teamleader, UnreadRow};

/// A run reads the changes from this long before the start of the previous run. Teamleader has several
/// servers, whose clocks differ, and a list may show a change a moment after the time of the change.
const OVERLAP: Duration = Duration::MINUTE;

/// A type of object whose list can be limited to changed objects, by the member `updated_since` of its filter.
pub trait Changing: Listed {}

/// The lists whose filter has `updated_since`, by the specification, with their resources.
macro_rules! changing {
    ($($module:ident::$name:ident, $resource:ident;)+) => {$(
        impl Changing for crate::teamleader::$module::$name {}

        impl<'a> crate::teamleader::$module::$resource<'a> {
            /// Returns an iterator over the pages of the objects that have changed since the position: see
            /// [`List::changes`](crate::teamleader::List::changes).
            #[inline]
            pub fn changes(
                self,
                position: Option<Position>,
            ) -> Changes<'a, crate::teamleader::$module::$name> {
                self.list().changes(position)
            }

            /// Returns a position from which `changes` reads the objects that have changed since this time:
            /// see [`List::position_at`](crate::teamleader::List::position_at).
            ///
            /// # Errors
            ///
            /// [`Error::Config`] for a time before the year 0 or after the year 9999.
            #[inline]
            pub fn position_at(self, since: OffsetDateTime) -> Result<Position> {
                self.list().position_at(since)
            }
        }
    )+};
}

changing! {
    companies::Company, Companies;
    contacts::Contact, Contacts;
    credit_notes::CreditNote, CreditNotes;
    deals::Deal, Deals;
    invoices::Invoice, Invoices;
    legacy_projects::LegacyProject, LegacyProjects;
    products::Product, Products;
}

/// A position in the changes of a list. A program stores the position of a [`ChangedPage`], as JSON for instance,
/// after it has processed the page.
///
/// A list that starts at the position of the last processed page continues with the next page, or with the
/// next run. A position contains no secret. A position belongs to one list; using the position with another
/// list is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    list: String,
    /// The next page of this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// The time since which this run reads changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// The time since which the next run reads changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Position {
    /// Whether this run has more pages.
    pub fn has_more(&self) -> bool {
        self.page.is_some()
    }

    /// Returns the position at the beginning of the same run, which reads its objects again.
    #[must_use]
    pub fn restarted(&self) -> Position {
        Position { page: None, next: self.since.clone(), ..self.clone() }
    }

    /// Returns the stored position, if the position belongs to this list, with the number of the next page.
    /// The position after the last page of a run begins the next run.
    fn given(stored: Option<Position>, list: &str) -> Result<Position> {
        let stored = stored.unwrap_or_else(|| Position {
            list: list.to_owned(),
            page: None,
            since: None,
            next: None,
        });
        if stored.list != list {
            let text = format!(
                "the position belongs to {}, not to {list}: store one position for each list",
                stored.list
            );
            return Err(Error::Config(text.into()));
        }
        Ok(match stored.page {
            Some(_) => stored,
            None => Position { page: Some(1), since: stored.next.clone(), ..stored },
        })
    }
}

/// A page of changed objects, and the position after the page. Dereferences to a slice of its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedPage<T> {
    /// The objects.
    pub items: Vec<T>,
    /// The objects that could not be read. The position after this page also skips these objects, so a later
    /// run does not return them again unless they change.
    pub unread: Vec<UnreadRow>,
    /// The position after this page. Store the position after you have processed the objects.
    pub position: Position,
}

page_of_rows!(ChangedPage, items);

type Fetch<'a, T> = Box<dyn FnMut(&Position) -> Result<Page<ChangedPage<T>, Position>> + 'a>;

/// An iterator over the pages of changed objects. After a transient error the following `next` fetches the same
/// page again, up to five times ([`crate::paging`]).
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Changes<'a, T>(paging::Pages<Position, Fetch<'a, T>>);

impl<'a, T: 'a> Changes<'a, T> {
    /// Returns an iterator over the objects of the pages, for a run whose position is not stored.
    ///
    /// For an object that cannot be read, the iterator returns an [`Error::Decode`], and continues with the
    /// next object.
    pub fn items(self) -> impl Iterator<Item = Result<T>> + 'a {
        self.flat_map(|page| {
            let (page, error) = match page {
                Ok(page) => (Some(InOrder::new(page.items, page.unread)), None),
                Err(error) => (None, Some(Err(error))),
            };
            page.into_iter().flatten().chain(error)
        })
    }
}

impl<T> Iterator for Changes<'_, T> {
    type Item = Result<ChangedPage<T>>;

    fn next(&mut self) -> Option<Result<ChangedPage<T>>> {
        // Each fetch returns one page.
        self.0.next()?.map(|mut pages| pages.pop()).transpose()
    }
}

shown!(Changes<'_>);

impl<'a, T: Changing> List<'a, T> {
    /// Returns an iterator over the pages of the objects that have changed since the position; for `None`, of all
    /// objects. Store the position of each page after you have processed its objects, and use the list with the same
    /// filter each time.
    ///
    /// The runs use the time in Teamleader's answers, so a wrong clock on this machine does no harm. A run
    /// reads the changes from a minute before the start of the previous run, so objects that changed in this
    /// minute are read twice.
    ///
    /// **Teamleader does not tell which objects were deleted.** A deletion during a run also moves the pages,
    /// so the run can leave out an object for each deletion. To find deleted and left out objects, read the
    /// whole list now and then (`None`).
    ///
    /// ```
    /// # use evergrant::{MemoryBackend, sandbox::{ApiReply, Sandbox}, teamleader::Teamleader};
    /// # let sandbox = Sandbox::start()?;
    /// # let builder = Teamleader::builder(sandbox.credentials(), MemoryBackend::new());
    /// # let teamleader = builder.provider(sandbox.provider()).build()?;
    /// # teamleader.client().seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/contacts.list", |_| ApiReply::json(200,
    /// #     serde_json::json!({ "data": [{ "id": "a" }] })));
    /// # let path = sandbox.folder().join("position.json");
    /// use evergrant::teamleader::Position;
    ///
    /// let stored = std::fs::read(&path).ok();
    /// let position: Option<Position> = stored.map(|json| serde_json::from_slice(&json)).transpose()?;
    /// for page in teamleader.contacts().changes(position) {
    ///     let page = page?;
    ///     for contact in page.iter() {
    ///         println!("{} has changed", contact.id);
    ///     }
    ///     std::fs::write(&path, serde_json::to_vec(&page.position)?)?;
    /// }
    /// # assert!(path.exists());
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// A position of another list, and a filter with `updated_since`, are an [`Error::Config`] in place of the first
    /// page. [`List::from_page`] has no effect: the position has the number of the page.
    pub fn changes(&self, position: Option<Position>) -> Changes<'a, T> {
        let (teamleader, name) = (self.teamleader, self.operation);
        let (size, strict) = (self.page_size, self.strict);
        let mut body = self.body(false);
        let start = Position::given(position, name);
        // A list with an invalid position reports the error as its first page.
        let (start, mut error) = match start {
            Ok(start) => (start, None),
            Err(error) => {
                (Position { list: name.into(), page: None, since: None, next: None }, Some(error))
            }
        };
        let mut before = None;
        let fetch = move |position: &Position| {
            if let Some(error) = error.take() {
                return Err(error);
            }
            let operation = Operation::known(name)?;
            let body = body.as_mut().map_err(|text| Error::Config(text.as_str().into()))?;
            since(body, position.since.as_deref())?;
            let number = position.page.unwrap_or(1);
            let (mut page, date) = ask::<T>(teamleader, operation, body, size, number)?;
            strictly(strict, &mut page)?;
            page.ends_as(&mut before);
            // The next run reads changes from shortly before the time of this run's first answer. If the
            // answer has no time, the next run reads the same changes again.
            let next = match number {
                1 => date.and_then(|date| (date - OVERLAP).write()).or(position.since.clone()),
                _ => position.next.clone(),
            };
            let page_after = page.has_next.then(|| number.saturating_add(1));
            let position = Position { page: page_after, next, ..position.clone() };
            let next = position.has_more().then(|| position.clone());
            let ListPage { items, unread, .. } = page;
            Ok(Page { items: vec![ChangedPage { items, unread, position }], next })
        };
        Changes(paging::Pages::new(start, Box::new(fetch)))
    }

    /// Returns a position from which [`List::changes`] reads the objects that have changed since this time,
    /// for a first run that does not read all objects.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a time before the year 0 or after the year 9999.
    pub fn position_at(&self, since: OffsetDateTime) -> Result<Position> {
        let text = since.write().ok_or_else(|| {
            Error::Config(
                "the time of the position cannot be written: use the years 0 to 9999".into(),
            )
        })?;
        Ok(Position { list: self.operation.into(), page: None, since: None, next: Some(text) })
    }
}

/// Puts the time into the filter of a request.
fn since(body: &mut Map<String, Value>, since: Option<&str>) -> Result<()> {
    const NAME: &str = "updated_since";
    let filter = body.entry("filter").or_insert_with(|| json!({}));
    let filter = filter.as_object_mut().ok_or(Error::Config("the filter is no object".into()))?;
    match (filter.get(NAME).and_then(Value::as_str), since) {
        (Some(given), since) if Some(given) != since => Err(Error::Config(
            "the filter has `updated_since`, which `changes` sets: leave it out".into(),
        )),
        (_, Some(since)) => {
            filter.insert(NAME.to_owned(), since.into());
            Ok(())
        }
        (_, None) if filter.is_empty() => {
            body.remove("filter");
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

/// Fetches a page, with the time of the answer.
pub(super) fn ask<T: DeserializeOwned>(
    teamleader: &Teamleader,
    operation: &Operation,
    body: &mut Map<String, Value>,
    size: u32,
    number: u32,
) -> Result<(ListPage<T>, Option<OffsetDateTime>)> {
    if operation.pages {
        body.insert("page".to_owned(), json!({ "size": size, "number": number }));
    }
    let request = teamleader.request(operation.name, operation.is_read());
    let response = if operation.takes_body { request.send_json(body) } else { request.call() }?;
    let date = response.header("date").and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
    let page = teamleader.rows(operation.name, response)?;
    Ok((page.placed(operation, size, number), date))
}

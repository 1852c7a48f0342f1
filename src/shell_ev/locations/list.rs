//! The list of all locations, page by page.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;
use ureq::http::Method;

#[cfg(doc)]
use super::super::UnreadRow;
use super::super::answer::Call;
use super::super::{
    Answer, AuthorizationMethod, ConnectorType, Decimal, EvseId, EvseStatus, Location, ShellEvError,
};
use super::{Get, PAGE_SIZE, texts};
use crate::paging;
use crate::{Error, Result};

/// A request for all locations, with filters: [`Locations::list`](super::Locations::list).
#[derive(Clone)]
#[must_use = "nothing is sent before `iter`, `pages`, `page` or `first`"]
pub struct ListLocations<'a> {
    get: Get<'a>,
    first_page: u32,
    page_size: u32,
    strict: bool,
}

filters! { ListLocations:
    /// Selects only locations that have changed since this date.
    updated_since(date: OffsetDateTime) => |get| get.moment("updatedSince", date);
}

impl<'a> ListLocations<'a> {
    pub(super) fn new(get: Get<'a>) -> ListLocations<'a> {
        ListLocations { get, first_page: 1, page_size: PAGE_SIZE, strict: false }
    }

    /// Sets the first page of [`ListLocations::pages`] and [`ListLocations::iter`]; 1 by default.
    pub fn from_page(mut self, number: u32) -> ListLocations<'a> {
        if number == 0 {
            self.get.query.refuse("pageNumber is 0, and must be 1 or more".to_owned());
        }
        self.first_page = number;
        self
    }

    /// Sets how many locations a page has, 1 to 500; 500 by default.
    pub fn page_size(mut self, locations: u32) -> ListLocations<'a> {
        self.get.query.count("perPage", locations, (1, PAGE_SIZE));
        self.page_size = locations;
        self
    }

    /// With `true`, a page fails if one of its values cannot be read, and the iteration ends. By default the
    /// iteration continues: [`ListLocations::iter`], [`Answer::unread`].
    pub fn strict(mut self, strict: bool) -> ListLocations<'a> {
        self.strict = strict;
        self
    }

    /// Fetches the page with this number. The first page has number 1.
    ///
    /// # Errors
    ///
    /// The errors of [`crate::Request::call`]; [`Error::Decode`] for an answer that cannot be read;
    /// [`Error::Config`] for a parameter outside its range, before anything is sent.
    pub fn page(&self, number: u32) -> Result<Answer<Location>> {
        let mut get = self.get.clone();
        get.query.count("pageNumber", number, (1, u32::MAX));
        get.query.count("perPage", self.page_size, (1, PAGE_SIZE));
        let path = get.path.clone();
        strictly(self.strict, &path, get.answer()?)
    }

    /// Fetches the first location, or returns `None` when the list is empty.
    ///
    /// # Errors
    ///
    /// The errors of [`ListLocations::page`].
    pub fn first(&self) -> Result<Option<Location>> {
        // A smaller page size would change which locations the later pages have.
        let list = if self.first_page == 1 { self.clone().page_size(1) } else { self.clone() };
        list.iter().next().transpose()
    }

    /// Iterates over every location. Each page is fetched when its first location is needed.
    ///
    /// For a location that cannot be read, the iterator returns an [`Error::Decode`], and continues with the
    /// next location; [`UnreadRow::of`] has the details. A member of an unexpected form is `None`, stays in
    /// the location's `extra`, and is logged as a warning; the pages of [`ListLocations::pages`] list the
    /// member in [`Answer::unread`].
    pub fn iter(&self) -> Iter<'a> {
        let path = self.get.path.clone();
        Iter { pages: self.pages(), page: Vec::new().into_iter(), path }
    }

    /// Iterates over every page. `next` fetches the page. After a transient error the following `next`
    /// fetches the same page again, up to five times ([`crate::paging`]).
    ///
    /// Shell's answers name neither a total nor the next page. The iteration ends after a page that is
    /// shorter than the first page or has no new location, and at a 404. A location that moves to a later
    /// page during the iteration is returned once: the iterator keeps the ids in memory. If a request id
    /// is set, only the request for the first page has this id.
    pub fn pages(&self) -> Pages<'a> {
        let ListLocations { mut get, first_page, page_size, strict } = self.clone();
        get.query.count("perPage", page_size, (1, PAGE_SIZE));
        // Each page needs the parameters again.
        let target = get.query.target(get.path.clone(), get.shell.arrays);
        let (shell, path, mut request_id) = (get.shell, get.path, get.request_id);
        let (mut seen, mut full) = (HashSet::new(), None);
        let mut before: Vec<Location> = Vec::new();
        let mut odd_before: Vec<Value> = Vec::new();
        let fetch = move |number: &u32| {
            let target = match &target {
                Ok(target) => format!("{target}&pageNumber={number}"),
                Err(error) => return Err(Error::Config(error.to_string().into())),
            };
            let call = Call {
                shell,
                method: Method::GET,
                target,
                request_id: request_id.take(),
                body: None,
            };
            let mut answer = match call.answer::<Location>() {
                Ok(answer) => answer,
                Err(error) if *number > first_page && is_not_found(&error) => {
                    return Ok(paging::Page { items: Vec::new(), next: None });
                }
                Err(error) => return Err(error),
            };
            answer = strictly(strict, &path, answer)?;
            let elements = answer.elements();
            // A location without an id is not new if the page before had an equal location.
            let nameless: Vec<Location> =
                answer.data.iter().filter(|location| location.uid.is_none()).cloned().collect();
            answer.data.retain(|location| match &location.uid {
                Some(uid) => seen.insert(uid.clone()),
                None => !before.contains(location),
            });
            before = nameless;
            // Elements that cannot be read are new if the page before had other unreadable elements.
            let odd = answer.unread.iter().filter(|unread| unread.is_element());
            let odd: Vec<Value> = odd.map(|unread| unread.value.clone()).collect();
            let nothing_new = answer.data.is_empty() && (odd.is_empty() || odd == odd_before);
            odd_before = odd;
            // The service may send fewer locations than requested: the first page shows how many a full
            // page has.
            let ends = nothing_new || elements < *full.get_or_insert(elements);
            let next = if ends { None } else { number.checked_add(1) };
            let is_end = nothing_new && *number > first_page;
            let items = if is_end { Vec::new() } else { vec![answer] };
            Ok(paging::Page { items, next })
        };
        let fetch: Fetch<'a> = Box::new(fetch);
        Pages(paging::Pages::new(first_page, fetch).items())
    }
}

impl<'a> IntoIterator for ListLocations<'a> {
    type Item = Result<Location>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &ListLocations<'a> {
    type Item = Result<Location>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

type Fetch<'a> = Box<dyn FnMut(&u32) -> Result<paging::Page<Answer<Location>, u32>> + 'a>;

/// In strict mode, turns the first value that could not be read into the error of the page.
fn strictly<T>(strict: bool, path: &str, answer: Answer<T>) -> Result<Answer<T>> {
    match answer.unread.first() {
        Some(unread) if strict => Err(answer.error_of(path, unread)),
        _ => Ok(answer),
    }
}

fn is_not_found(error: &Error) -> bool {
    ShellEvError::of(error).is_some_and(|refusal| refusal.is_not_found())
}

/// The pages of a list of locations: [`ListLocations::pages`].
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Pages<'a>(paging::Items<Answer<Location>, u32, Fetch<'a>>);

impl Iterator for Pages<'_> {
    type Item = Result<Answer<Location>>;

    fn next(&mut self) -> Option<Result<Answer<Location>>> {
        self.0.next()
    }
}

/// The locations of a list: [`ListLocations::iter`].
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Iter<'a> {
    pages: Pages<'a>,
    page: std::vec::IntoIter<Result<Location>>,
    path: String,
}

impl Iterator for Iter<'_> {
    type Item = Result<Location>;

    fn next(&mut self) -> Option<Result<Location>> {
        loop {
            if let Some(location) = self.page.next() {
                return Some(location);
            }
            match self.pages.next()? {
                Ok(answer) => self.page = self.in_order(answer).into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Iter<'_> {
    /// Returns the locations of a page, and the error of each location that could not be read.
    fn in_order(&self, mut answer: Answer<Location>) -> Vec<Result<Location>> {
        let mut rows: Vec<_> = std::mem::take(&mut answer.data).into_iter().map(Ok).collect();
        for unread in &answer.unread {
            if unread.is_element() {
                let index = unread.row(&self.path).index.min(rows.len());
                rows.insert(index, Err(answer.error_of(&self.path, unread)));
            } else {
                let (at, id) = (&unread.at, &answer.request_id);
                log::warn!(target: "evergrant", "{at} of request {id} could not be read");
            }
        }
        rows
    }
}

macro_rules! shown {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

shown!(Pages Iter);

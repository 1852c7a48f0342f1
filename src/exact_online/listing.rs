//! Lists that come in pages, and positions in them.

use std::ops::Deref;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use time::PrimitiveDateTime;

use super::call::Call;
use super::dates;
use super::errors::unreadable;
use super::model::Column;
use super::odata::{Order, field};
use crate::paging;
use crate::{Error, Result};

/// A position in a list. A program stores the position of a [`Page`], as JSON for instance, after it has
/// processed the page.
///
/// A list that starts at the position of the last processed page skips and repeats nothing; a list that
/// starts at the position of the page before repeats one page. A position contains no secret. A position
/// belongs to one endpoint and division; using the position with another endpoint or division is an error.
/// The position of the last page of a synchronisation starts the next run, which reads the rows that have
/// changed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    division: Option<i64>,
    /// The next page of this run: its path and query below the API's base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The version or date after which this run reads rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Mark>,
    /// The version or date after which the next run reads rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Mark>,
}

/// The version of a row, or the date of its last change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Timestamp(i64),
    Modified(String),
}

impl Position {
    /// Whether there are more pages in this run.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// The position at the beginning of the same run: use it if Exact Online no longer has the page that
    /// this position names. The run reads its rows again.
    #[must_use]
    pub fn restarted(&self) -> Position {
        Position { next: None, until: self.from.clone(), ..self.clone() }
    }

    /// The position of a synchronisation that has read all rows up to this `Timestamp`.
    pub(crate) fn after_timestamp(call: &Call, timestamp: i64) -> Position {
        let until = Some(Mark::Timestamp(timestamp));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// The position of a synchronisation that has read all rows up to this date.
    pub(crate) fn after_date(call: &Call, date: PrimitiveDateTime) -> Position {
        let until = Some(Mark::Modified(dates::format(date)));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// The highest `Timestamp` of the rows read. `None` for a synchronisation by `Modified`.
    pub fn timestamp(&self) -> Option<i64> {
        match &self.until {
            Some(Mark::Timestamp(timestamp)) => Some(*timestamp),
            _ => None,
        }
    }
}

/// One page of a list, and the position after the page. Dereferences to a slice of its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The position after this page. Store the position after you have processed the items.
    pub position: Position,
    /// How many rows the whole list has, if the query has
    /// [`Query::inline_count`](super::odata::Query::inline_count).
    pub count: Option<u64>,
}

impl<T> Deref for Page<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Page<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

type Fetch<T> = Box<dyn FnMut(&Position) -> Result<paging::Page<Page<T>, Position>> + Send>;

/// The pages of a list. `next` fetches a page. After a transient error the following `next` fetches the
/// same page again, up to five times ([`crate::paging`]).
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Pages<T>(paging::Items<Page<T>, Position, Fetch<T>>);

impl<T> Iterator for Pages<T> {
    type Item = Result<Page<T>>;

    fn next(&mut self) -> Option<Result<Page<T>>> {
        self.0.next()
    }
}

impl<T: 'static> Pages<T> {
    fn new(start: Result<Position>, mut fetch: Fetch<T>) -> Pages<T> {
        // A list that cannot begin reports its error as the first page.
        let (start, mut error) = match start {
            Ok(start) => (start, None),
            Err(error) => (Position::at("", None), Some(error)),
        };
        let fetch: Fetch<T> = Box::new(move |position| match error.take() {
            Some(error) => Err(error),
            None => fetch(position),
        });
        Pages(paging::Pages::new(start, fetch).items())
    }

    /// The items of the pages.
    pub fn items(self) -> Iter<T> {
        Iter { pages: self, page: Vec::new().into_iter() }
    }
}

/// The items of a list. One page is in memory at a time.
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Iter<T> {
    pages: Pages<T>,
    page: std::vec::IntoIter<T>,
}

impl<T> Iterator for Iter<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(page) => self.page = page.items.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

macro_rules! shown {
    ($($name:ident)+) => {$(
        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

shown!(Pages Iter);

impl Position {
    fn at(endpoint: &str, division: Option<i64>) -> Position {
        Position { endpoint: endpoint.to_owned(), division, next: None, from: None, until: None }
    }

    /// The stored position, if the position belongs to this list; for `None`, the beginning of the list.
    fn given(stored: Option<Position>, call: &Call) -> Result<Position> {
        let (endpoint, division) = (call.name(), call.division());
        let Some(stored) = stored else { return Ok(Position::at(endpoint, division)) };
        if stored.endpoint != endpoint || stored.division != division {
            let text = format!(
                "the position belongs to {} of division {:?}, not to {endpoint} of {division:?}",
                stored.endpoint, stored.division
            );
            return Err(Error::Config(text.into()));
        }
        if stored.next.as_ref().is_some_and(|next| !next.starts_with("/v1/")) {
            return Err(Error::Config("the position names no page of this list".into()));
        }
        Ok(match stored.next {
            Some(_) => stored,
            // The run has ended: a new run begins.
            None => Position { from: stored.until.clone(), ..stored },
        })
    }
}

/// Every row of the query, in the order of the service.
pub(crate) fn plain<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let body = match &position.next {
            Some(next) => call.follow(next)?,
            None => call.read()?,
        };
        let next = body.next.map(|next| call.relative(&next)).transpose()?;
        let position = Position { next: next.clone(), ..position.clone() };
        Ok(page(body.rows, position, body.count))
    };
    Pages::new(start, Box::new(fetch))
}

fn page<T>(
    items: Vec<T>,
    position: Position,
    count: Option<u64>,
) -> paging::Page<Page<T>, Position> {
    let next = position.next.is_some().then(|| position.clone());
    paging::Page { items: vec![Page { items, position, count }], next }
}

/// A row with its version.
struct Stamped<T> {
    timestamp: Option<i64>,
    row: T,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Stamped<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Stamped<T>, D::Error> {
        #[derive(Deserialize)]
        struct Stamp {
            #[serde(rename = "Timestamp")]
            timestamp: Option<Box<RawValue>>,
        }
        let json = Box::<RawValue>::deserialize(from)?;
        let stamp: Stamp = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let timestamp = stamp.timestamp.map(|timestamp| <i64 as Column>::read(timestamp.get()));
        let timestamp = timestamp.transpose().map_err(D::Error::custom)?.flatten();
        let row = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Stamped { timestamp, row })
    }
}

/// Every row of a `sync/` endpoint that has changed since the position, by `Timestamp`. A `Timestamp` is
/// a version, not a time.
pub(crate) fn by_timestamp<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let from = match &position.from {
            Some(Mark::Timestamp(from)) => *from,
            // The vendor's own sample begins with 1.
            _ => 1,
        };
        let body = match &position.next {
            Some(next) => call.follow(next)?,
            None => call.clone().filter(field("Timestamp").gt(from)).read()?,
        };
        let next = body.next.map(|next| call.relative(&next)).transpose()?;
        let mut highest = position.timestamp().unwrap_or(from).max(from);
        let mut rows = Vec::with_capacity(body.rows.len());
        for Stamped { timestamp, row } in body.rows {
            let timestamp = timestamp
                .ok_or_else(|| unreadable(call.name(), "a row has no Timestamp to go on from"))?;
            highest = highest.max(timestamp);
            rows.push(row);
        }
        let position = Position {
            next,
            from: Some(Mark::Timestamp(from)),
            until: Some(Mark::Timestamp(highest)),
            ..position.clone()
        };
        Ok(page(rows, position, body.count))
    };
    Pages::new(start, Box::new(fetch))
}

/// Every row whose `Modified` is at or after the position's: for endpoints that do not exist below `sync/`.
/// A run first asks the service for the newest `Modified`, and the next run starts from that date. So a row
/// that changes during a run is read twice and never missed, whatever the local clock says.
pub(crate) fn by_modified<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let mut position = position.clone();
        let body = match &position.next {
            Some(next) => call.follow(next)?,
            None => {
                let newest = newest_change(&call)?;
                let call = match &position.from {
                    Some(Mark::Modified(from)) => {
                        let from = dates::parse(from).ok_or_else(|| {
                            Error::Config("the date in the position cannot be read".into())
                        })?;
                        call.clone().filter(field("Modified").ge(from))
                    }
                    _ => call.clone(),
                };
                if let Some(newest) = newest {
                    position.until = Some(Mark::Modified(dates::format(newest)));
                }
                call.read()?
            }
        };
        position.next = body.next.map(|next| call.relative(&next)).transpose()?;
        Ok(page(body.rows, position, body.count))
    };
    Pages::new(start, Box::new(fetch))
}

fn newest_change(call: &Call) -> Result<Option<PrimitiveDateTime>> {
    let newest = call.bare().select(&["Modified"]).order_by("Modified", Order::Descending).top(1);
    let rows: Vec<Value> = newest.read()?.rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let date = row["Modified"].as_str().and_then(dates::parse);
    date.map(Some).ok_or_else(|| unreadable(call.name(), "a row has no Modified to go on from"))
}

//! Lists that come in pages, and positions in them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::PrimitiveDateTime;

use super::call::Call;
use super::errors::unreadable;
use super::json::Body;
use super::model::Column;
use super::odata::{Order, field};
use super::{UnreadRow, dates};
use crate::paging;
use crate::sdk::page::{page_of_rows, shown};
use crate::sdk::rows::InOrder;
use crate::{Error, Result};

/// A position in a list. A program stores the position of a [`Page`], as JSON for instance, after it has
/// processed the page.
///
/// A list that starts at the position of the last processed page skips and repeats nothing; a list that
/// starts at the position of the page before repeats one page. A position contains no secret. A position
/// belongs to one endpoint and division; using the position with another endpoint or division is an error.
/// The position of the last page of a synchronisation starts the next run, which reads the rows that have
/// changed since. For any other list, no page follows the position of the last page.
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
    /// Whether this is the position after the last page of a list that is not a synchronisation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
}

/// The version of a row, or the date of its last change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Timestamp(i64),
    Modified(String),
}

impl Position {
    /// Whether this run has more pages.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Returns the position at the beginning of the same run. Use that position if Exact Online no longer has
    /// the page that this position names. The run reads its rows again.
    #[must_use]
    pub fn restarted(&self) -> Position {
        Position { next: None, until: self.from.clone(), ended: false, ..self.clone() }
    }

    /// Returns the position of a synchronisation that has read all rows up to this `Timestamp`.
    pub(crate) fn after_timestamp(call: &Call, timestamp: i64) -> Position {
        let until = Some(Mark::Timestamp(timestamp));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// Returns the position of a synchronisation that has read all rows up to this date.
    pub(crate) fn after_date(call: &Call, date: PrimitiveDateTime) -> Position {
        let until = Some(Mark::Modified(dates::format(date)));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// Returns the highest `Timestamp` of the rows read. `None` for a synchronisation by `Modified`.
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
    /// The rows that could not be read. The position after this page also skips these rows, so a
    /// synchronisation does not return them again unless they change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadRow>,
    /// The position after this page. Store the position after you have processed the items.
    pub position: Position,
    /// How many rows the whole list has, if the query has
    /// [`Query::inline_count`](super::odata::Query::inline_count).
    pub count: Option<u64>,
}

page_of_rows!(Page, items);

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

/// Detects links that form a cycle, with one link in memory (R. P. Brent, 1980). The kept link is replaced
/// after 1, 2, 4, 8 ... pages, so at last the cycle is shorter than the wait, and the kept link comes back.
#[derive(Default)]
struct Walk {
    kept: Option<String>,
    left: u64,
    round: u64,
}

impl Walk {
    fn goes_on(&mut self, next: Option<&str>) -> Result<()> {
        let Some(next) = next else { return Ok(()) };
        if self.kept.as_deref() == Some(next) {
            return Err(unreadable("a list", "the links to its pages form a cycle"));
        }
        if self.left == 0 {
            self.round = (self.round * 2).max(1);
            (self.kept, self.left) = (Some(next.to_owned()), self.round);
        }
        self.left -= 1;
        Ok(())
    }
}

impl<T: 'static> Pages<T> {
    fn new(start: Result<Position>, mut fetch: Fetch<T>) -> Pages<T> {
        // A list with an invalid start position reports the error as its first page.
        let (start, mut error) = match start {
            Ok(start) => (start, None),
            Err(error) => (Position::at("", None), Some(error)),
        };
        let mut walk = Walk::default();
        let fetch: Fetch<T> = Box::new(move |position| match error.take() {
            Some(error) => Err(error),
            None => {
                let page = fetch(position)?;
                walk.goes_on(page.next.as_ref().and_then(|next| next.next.as_deref()))?;
                Ok(page)
            }
        });
        Pages(paging::Pages::new(start, fetch).items())
    }

    /// Returns the items of the pages.
    pub fn items(self) -> Iter<T> {
        Iter { pages: self, page: InOrder::new(Vec::new(), Vec::new()) }
    }
}

/// The items of a list. One page is in memory at a time.
///
/// For a row that cannot be read, the iterator returns an [`Error::Decode`], and continues with the next row.
/// [`UnreadRow::of`] has the id of the row and the path of its member.
#[must_use = "nothing is fetched until the iterator is used"]
pub struct Iter<T> {
    pages: Pages<T>,
    page: InOrder<T>,
}

impl<T> Iterator for Iter<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        self.page.next_of(&mut self.pages, |page| InOrder::new(page.items, page.unread))
    }
}

shown!(Pages Iter);

impl Position {
    fn at(endpoint: &str, division: Option<i64>) -> Position {
        let endpoint = endpoint.to_owned();
        Position { endpoint, division, next: None, from: None, until: None, ended: false }
    }

    /// Returns the position before the page with this link, or after the last page of a list that is not a
    /// synchronisation.
    fn before(self, next: Option<&str>, call: &Call) -> Result<Position> {
        let next = next.map(|next| call.relative(next)).transpose()?;
        Ok(Position { ended: next.is_none(), next, ..self })
    }

    /// Returns the stored position, if the position belongs to this list; for `None`, the beginning of the
    /// list.
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

/// Reads every row of the query, in the order of the service.
pub(crate) fn plain<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let body = match &position.next {
            Some(next) => call.follow(next)?,
            None if position.ended => return Ok(paging::Page { items: Vec::new(), next: None }),
            None => call.read()?,
        };
        let position = position.clone().before(body.next.as_deref(), &call)?;
        page(&call, &body.rows, position, body.count)
    };
    Pages::new(start, Box::new(fetch))
}

/// Reads a page from an answer that the caller requested, such as a part of a batch.
pub(crate) fn whole_page<T: DeserializeOwned>(call: &Call, body: Body) -> Result<Page<T>> {
    let start = Position::at(call.name(), call.division());
    let position = start.before(body.next.as_deref(), call)?;
    let (items, unread) = call.rows(&body.rows)?;
    Ok(Page { items, unread, position, count: body.count })
}

fn page<T: DeserializeOwned>(
    call: &Call,
    rows: &[Box<RawValue>],
    position: Position,
    count: Option<u64>,
) -> Result<paging::Page<Page<T>, Position>> {
    let (items, unread) = call.rows(rows)?;
    let next = position.next.is_some().then(|| position.clone());
    Ok(paging::Page { items: vec![Page { items, unread, position, count }], next })
}

/// Returns the version of a row, if the row has a readable version.
fn version(row: &RawValue) -> Option<i64> {
    #[derive(Deserialize)]
    struct Stamp<'a> {
        #[serde(rename = "Timestamp", borrow)]
        timestamp: &'a RawValue,
    }
    let stamp: Stamp<'_> = serde_json::from_str(row.get()).ok()?;
    <i64 as Column>::read(stamp.timestamp.get()).ok().flatten()
}

/// Reads every row of a `sync/` endpoint that has changed since the position, by `Timestamp`. A `Timestamp`
/// is a version, not a time. A row without a version is returned, and does not move the position.
pub(crate) fn by_timestamp<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start =
        Position::given(stored, &call).and_then(|start| match call.leaves_out("Timestamp") {
            false => Ok(start),
            true => {
                let text = "a synchronisation needs the property Timestamp: add it to `select`";
                Err(Error::Config(text.into()))
            }
        });
    let fetch = move |position: &Position| {
        let from = match &position.from {
            Some(Mark::Timestamp(from)) => *from,
            // The vendor's own sample starts from `Timestamp` 1.
            _ => 1,
        };
        let body = match &position.next {
            Some(next) => call.follow(next)?,
            None => call.clone().filter(field("Timestamp").gt(from)).read()?,
        };
        let next = body.next.map(|next| call.relative(&next)).transpose()?;
        let before = position.timestamp().unwrap_or(from).max(from);
        let highest = body.rows.iter().filter_map(|row| version(row)).fold(before, i64::max);
        let position = Position {
            next,
            from: Some(Mark::Timestamp(from)),
            until: Some(Mark::Timestamp(highest)),
            ended: false,
            ..position.clone()
        };
        page(&call, &body.rows, position, body.count)
    };
    Pages::new(start, Box::new(fetch))
}

/// Reads every row whose `Modified` is at or after the position's, for endpoints that do not exist below
/// `sync/`. A run first asks the service for the newest `Modified`, and the next run starts from that date.
/// So a row that changes during a run is read twice and never missed, whatever the local clock says.
pub(crate) fn by_modified<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Pages<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let mut position = Position { ended: false, ..position.clone() };
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
        page(&call, &body.rows, position, body.count)
    };
    Pages::new(start, Box::new(fetch))
}

/// Fetches the newest `Modified`. If no row has a date that can be read, the next run reads from the same
/// date as this run.
fn newest_change(call: &Call) -> Result<Option<PrimitiveDateTime>> {
    #[derive(Deserialize)]
    struct Newest<'a> {
        #[serde(rename = "Modified", borrow)]
        modified: &'a RawValue,
    }
    let newest = call.bare().select(&["Modified"]).order_by("Modified", Order::Descending).top(1);
    let rows = newest.read()?.rows;
    let row: Option<Newest<'_>> = rows.first().and_then(|row| serde_json::from_str(row.get()).ok());
    Ok(row.and_then(|row| PrimitiveDateTime::read(row.modified.get()).ok().flatten()))
}

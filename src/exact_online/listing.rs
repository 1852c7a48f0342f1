//! Lists that come in pages, and where one is in them.

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
use crate::paging::{Items, Page, Pages};
use crate::{Error, Result};

/// Where to go on with a list: a small value for a program to store, as JSON for instance, once it has
/// done its work with a [`Batch`].
///
/// Taken from the last batch that was worked off, it skips nothing and repeats nothing; from the one
/// before, it repeats one page. It holds no secret. It is bound to its endpoint and division: with
/// another it is an error. When the list has ended, the next run of a synchronisation begins after
/// what is known already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    division: Option<i64>,
    /// The next page of this run, below the API's base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What this run begins after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Mark>,
    /// What the next run begins after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Mark>,
}

/// A place in time: a version of a row, or the date of its last change.
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

    /// The same synchronisation from the beginning of the run, for when a page that it names is no
    /// longer there. What was read of the run comes again.
    #[must_use]
    pub fn restarted(&self) -> Position {
        Position { next: None, until: self.from.clone(), ..self.clone() }
    }

    /// The place of a synchronisation that has everything up to this `Timestamp`.
    pub(crate) fn after_timestamp(call: &Call, timestamp: i64) -> Position {
        let until = Some(Mark::Timestamp(timestamp));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// The place of a synchronisation that has everything up to this date.
    pub(crate) fn after_date(call: &Call, date: PrimitiveDateTime) -> Position {
        let until = Some(Mark::Modified(dates::format(date)));
        Position { until, ..Position::at(call.name(), call.division()) }
    }

    /// The highest `Timestamp` that is known, of a synchronisation that goes by it.
    pub fn timestamp(&self) -> Option<i64> {
        match &self.until {
            Some(Mark::Timestamp(timestamp)) => Some(*timestamp),
            _ => None,
        }
    }
}

/// One page of a list, and where to go on after it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Batch<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on: to be stored when the rows are worked off.
    pub position: Position,
    /// How many rows there are in all, if that was asked for with `inline_count`.
    pub count: Option<u64>,
}

type Fetch<T> = Box<dyn FnMut(&Position) -> Result<Page<Batch<T>, Position>> + Send>;

/// The pages of a list, each fetched when it is asked for. After an error that may pass, the next call
/// fetches the same page again, up to five times ([`crate::paging`]).
#[must_use = "nothing is fetched until it is asked for"]
pub struct Batches<T>(Items<Batch<T>, Position, Fetch<T>>);

impl<T> Iterator for Batches<T> {
    type Item = Result<Batch<T>>;

    fn next(&mut self) -> Option<Result<Batch<T>>> {
        self.0.next()
    }
}

impl<T: 'static> Batches<T> {
    fn new(start: Result<Position>, mut fetch: Fetch<T>) -> Batches<T> {
        // A list that cannot begin says so when it is asked for its first page.
        let (start, mut error) = match start {
            Ok(start) => (start, None),
            Err(error) => (Position::at("", None), Some(error)),
        };
        let fetch: Fetch<T> = Box::new(move |position| match error.take() {
            Some(error) => Err(error),
            None => fetch(position),
        });
        Batches(Pages::new(start, fetch).items())
    }

    /// The rows of the pages, one by one.
    pub fn rows(self) -> Rows<T> {
        Rows { batches: self, page: Vec::new().into_iter() }
    }
}

/// The rows of a list, one by one; one page is in memory.
#[must_use = "nothing is fetched until it is asked for"]
pub struct Rows<T> {
    batches: Batches<T>,
    page: std::vec::IntoIter<T>,
}

impl<T> Iterator for Rows<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(row) = self.page.next() {
                return Some(Ok(row));
            }
            match self.batches.next()? {
                Ok(batch) => self.page = batch.rows.into_iter(),
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

shown!(Batches Rows);

impl Position {
    fn at(endpoint: &str, division: Option<i64>) -> Position {
        Position { endpoint: endpoint.to_owned(), division, next: None, from: None, until: None }
    }

    /// The stored position, if it belongs to this list, or the beginning.
    fn given(stored: Option<Position>, call: &Call) -> Result<Position> {
        let (endpoint, division) = (call.name(), call.division());
        let Some(stored) = stored else { return Ok(Position::at(endpoint, division)) };
        if stored.endpoint != endpoint || stored.division != division {
            let text = format!(
                "the position is one in {} of division {:?}, not in {endpoint} of {division:?}",
                stored.endpoint, stored.division
            );
            return Err(Error::Config(text.into()));
        }
        if stored.next.as_ref().is_some_and(|next| !next.starts_with("/v1/")) {
            return Err(Error::Config("the position names no page of this list".into()));
        }
        Ok(match stored.next {
            Some(_) => stored,
            // The run has ended: a new one begins.
            None => Position { from: stored.until.clone(), ..stored },
        })
    }
}

/// Every row of the query, as it comes.
pub(crate) fn plain<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Batches<T> {
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
    Batches::new(start, Box::new(fetch))
}

fn page<T>(rows: Vec<T>, position: Position, count: Option<u64>) -> Page<Batch<T>, Position> {
    let next = position.next.is_some().then(|| position.clone());
    Page { items: vec![Batch { rows, position, count }], next }
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

/// Every row of a `sync/` endpoint that has changed since the position: by `Timestamp`, which is a
/// version and not a time.
pub(crate) fn by_timestamp<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Batches<T> {
    let start = Position::given(stored, &call);
    let fetch = move |position: &Position| {
        let from = match &position.from {
            Some(Mark::Timestamp(from)) => *from,
            // The vendor's own sample begins so.
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
    Batches::new(start, Box::new(fetch))
}

/// Every row whose `Modified` is not before the position's: for endpoints without a `sync/` twin. The
/// run ends at the newest change there was when it began, by the service's own clock, and the next
/// begins there: what is changed meanwhile comes twice rather than not at all.
pub(crate) fn by_modified<T: DeserializeOwned + 'static>(
    call: Call,
    stored: Option<Position>,
) -> Batches<T> {
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
                            Error::Config("the position has a date that is none".into())
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
    Batches::new(start, Box::new(fetch))
}

fn newest_change(call: &Call) -> Result<Option<PrimitiveDateTime>> {
    let newest = call.bare().select(&["Modified"]).order_by("Modified", Order::Descending).top(1);
    let rows: Vec<Value> = newest.read()?.rows;
    let Some(row) = rows.first() else { return Ok(None) };
    let date = row["Modified"].as_str().and_then(dates::parse);
    date.map(Some).ok_or_else(|| unreadable(call.name(), "a row has no Modified to go on from"))
}

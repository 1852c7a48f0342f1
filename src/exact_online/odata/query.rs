//! A query, and its form in an address.

use super::{Filter, Literal, encode, is_path};
use crate::{Error, Result};

/// The longest query in bytes, encoded. The vendor's documentation limits the whole address to 6,000.
const LONGEST: usize = 5_800;

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The options of a request: every option of OData 2 that Exact Online supports.
///
/// ```
/// use evergrant::exact_online::odata::{Order, Query, field};
///
/// let query = Query::new()
///     .filter(field("Amount").ge(100))
///     .select(&["ID", "Name"])
///     .order_by("Name", Order::Descending)
///     .top(5);
/// assert_eq!(
///     query.encoded()?,
///     "$filter=%28Amount%20ge%20100%29&$select=ID%2CName&$orderby=Name%20desc&$top=5"
/// );
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Query {
    filter: Option<Filter>,
    pub(crate) select: Vec<String>,
    expand: Vec<String>,
    order: Vec<(String, Order)>,
    top: Option<u32>,
    skip: Option<u32>,
    skip_token: Option<Literal>,
    count: bool,
    params: Vec<(String, Literal)>,
}

impl Query {
    /// Makes a query without options: all rows in the order of the service.
    pub fn new() -> Query {
        Query::default()
    }

    /// Limits the rows to those that meet this condition and every earlier condition.
    pub fn filter(mut self, filter: Filter) -> Query {
        self.filter = Some(match self.filter.take() {
            Some(earlier) => earlier.and(filter),
            None => filter,
        });
        self
    }

    /// Requests only these properties, and the properties of earlier calls. Some endpoints require a choice
    /// of properties. These endpoints accept `*`, but the vendor advises against `*`.
    pub fn select(mut self, names: &[&str]) -> Query {
        self.select.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Includes these related rows, such as the lines of an order.
    pub fn expand(mut self, names: &[&str]) -> Query {
        self.expand.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Sorts by this property, after the properties of earlier calls.
    pub fn order_by(mut self, name: &str, order: Order) -> Query {
        self.order.push((name.to_owned(), order));
        self
    }

    /// Limits the rows to this many, at most one page.
    pub fn top(mut self, rows: u32) -> Query {
        self.top = Some(rows);
        self
    }

    /// Skips this many rows. For endpoints released after March 2017, which cannot skip rows, use
    /// [`Query::skip_token`].
    pub fn skip(mut self, rows: u32) -> Query {
        self.skip = Some(rows);
        self
    }

    /// Starts after the row with this key. The link to the next page of a list contains this key.
    pub fn skip_token(mut self, token: impl Into<Literal>) -> Query {
        self.skip_token = Some(token.into());
        self
    }

    /// Also requests the number of all rows: [`Page::count`](crate::exact_online::Page::count).
    pub fn inline_count(mut self) -> Query {
        self.count = true;
        self
    }

    /// Sets a parameter of an endpoint that is a function, such as `itemId`.
    pub fn param(mut self, name: &str, value: impl Into<Literal>) -> Query {
        self.params.push((name.to_owned(), value.into()));
        self
    }

    /// Returns the query for an address, without the question mark. The text is empty for a query without
    /// options.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a name that no property or parameter can have, and for a query that is longer
    /// than Exact Online allows.
    pub fn encoded(&self) -> Result<String> {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            encode(value, &mut text);
        };
        for (name, value) in &self.params {
            check(name, |name| is_path(name) && !name.contains('/'))?;
            add(name, &value.to_string());
        }
        if let Some(filter) = &self.filter {
            add("$filter", filter.expression()?);
        }
        if !self.select.is_empty() {
            add(
                "$select",
                &list(&self.select, |name| {
                    is_path(name.strip_suffix("/*").unwrap_or(name)) || name == "*"
                })?,
            );
        }
        if !self.expand.is_empty() {
            add("$expand", &list(&self.expand, is_path)?);
        }
        if !self.order.is_empty() {
            let mut items = Vec::new();
            for (name, order) in &self.order {
                check(name, is_path)?;
                let descends = *order == Order::Descending;
                items.push(if descends { format!("{name} desc") } else { name.clone() });
            }
            add("$orderby", &items.join(","));
        }
        let numbers = [("$top", self.top), ("$skip", self.skip)];
        for (name, number) in numbers {
            if let Some(number) = number {
                add(name, &number.to_string());
            }
        }
        if let Some(token) = &self.skip_token {
            add("$skiptoken", &token.to_string());
        }
        if self.count {
            add("$inlinecount", "allpages");
        }
        if text.len() > LONGEST {
            return Err(Error::Config(
                format!(
                    "the query has {} bytes, and Exact Online takes at most {LONGEST}: split the query",
                    text.len()
                )
                .into(),
            ));
        }
        Ok(text)
    }
}

fn check(name: &str, fits: impl Fn(&str) -> bool) -> Result<()> {
    if fits(name) {
        return Ok(());
    }
    let name: String = name.chars().take(80).collect();
    Err(Error::Config(format!("{name:?} is not the name of a property or parameter").into()))
}

fn list(names: &[String], fits: impl Fn(&str) -> bool) -> Result<String> {
    for name in names {
        check(name, &fits)?;
    }
    Ok(names.join(","))
}

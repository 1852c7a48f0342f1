//! Lists that come in pages, read with one page in memory.
//!
//! [`Client::linked_pages`](crate::Client::linked_pages) follows `Link` headers (RFC 8288),
//! [`Client::cursor_pages`](crate::Client::cursor_pages) follows a member of the answer, and [`Pages::new`] takes a
//! function of your own.

mod follow;

use std::collections::VecDeque;

use crate::error::{Error, Result};

/// How often in a row a page may fail before the iteration ends.
const TRIES: u32 = 5;

/// One page of a list, and the position of the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, N> {
    /// The items on the page.
    pub items: Vec<T>,
    /// The position of the next page: a number, a token, a link; `None` on the last page.
    pub next: Option<N>,
}

/// Fetches the pages of a list one after another, each page when the iterator needs it.
///
/// After an error that may pass ([`Error::is_transient`]), the next call fetches the same page again, up
/// to five times in a row. Any other error ends the iteration.
///
/// ```
/// use evergrant::paging::{Page, Pages};
///
/// // Numbered pages; the last page is empty.
/// let fetch = |number: &u32| {
///     let items = if *number < 3 { vec![*number * 10, *number * 10 + 1] } else { vec![] };
///     let next = (!items.is_empty()).then_some(number + 1);
///     Ok(Page { items, next })
/// };
/// let all: Vec<u32> = Pages::new(1, fetch).items().collect::<Result<_, evergrant::Error>>()?;
/// assert_eq!(all, [10, 11, 20, 21]);
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pages<N, F> {
    next: Option<N>,
    fetch: F,
    failures: u32,
}

impl<T, N: PartialEq, F: FnMut(&N) -> Result<Page<T, N>>> Pages<N, F> {
    /// Iterates over the pages from `first` on; `fetch` fetches one page.
    pub fn new(first: N, fetch: F) -> Pages<N, F> {
        Pages { next: Some(first), fetch, failures: 0 }
    }

    /// The position of the next page; `None` after the last page. A program that keeps this position
    /// can continue there after a restart.
    pub fn position(&self) -> Option<&N> {
        self.next.as_ref()
    }

    /// The items of the pages, one by one.
    pub fn items(self) -> Items<T, N, F> {
        Items { pages: self, page: VecDeque::new() }
    }
}

impl<T, N: PartialEq, F: FnMut(&N) -> Result<Page<T, N>>> Iterator for Pages<N, F> {
    type Item = Result<Vec<T>>;

    fn next(&mut self) -> Option<Result<Vec<T>>> {
        let position = self.next.as_ref()?;
        match (self.fetch)(position) {
            // If a page names itself as the next page, the iteration would never end.
            Ok(page) if page.next.as_ref() == Some(position) => {
                self.next = None;
                Some(Err(Error::decode("the place of the next page", "it is this page")))
            }
            Ok(page) => {
                self.failures = 0;
                self.next = page.next;
                Some(Ok(page.items))
            }
            Err(error) => {
                self.failures += 1;
                if !error.is_transient() || self.failures == TRIES {
                    self.next = None;
                }
                Some(Err(error))
            }
        }
    }
}

/// The items of [`Pages`], one by one; one page is in memory.
#[derive(Clone, Debug)]
pub struct Items<T, N, F> {
    pages: Pages<N, F>,
    page: VecDeque<T>,
}

impl<T, N: PartialEq, F: FnMut(&N) -> Result<Page<T, N>>> Iterator for Items<T, N, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.page.pop_front() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(items) => self.page = items.into(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RateLimited;
    use std::time::Duration;

    fn passing() -> Error {
        let retry_after = Duration::from_secs(1);
        let host = "a.example".to_owned();
        Error::from(RateLimited::new(host, retry_after, None))
    }

    #[test]
    fn a_page_is_fetched_only_when_it_is_needed() {
        let mut fetched = Vec::new();
        let mut pages = Pages::new(0, |n: &u32| {
            fetched.push(*n);
            Ok(Page { items: vec![*n; 2], next: Some(n + 1) })
        })
        .items();
        assert_eq!(pages.by_ref().take(3).map(Result::unwrap).collect::<Vec<_>>(), [0, 0, 1]);
        drop(pages);
        assert_eq!(fetched, [0, 1]);
    }

    #[test]
    fn an_empty_page_in_the_middle_is_skipped() {
        let pages = Pages::new(0, |n: &usize| {
            let items = [vec![1], vec![], vec![2]][*n].clone();
            Ok(Page { items, next: (*n < 2).then_some(n + 1) })
        });
        assert_eq!(pages.items().map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn after_a_passing_failure_the_page_is_fetched_again() {
        let mut calls = 0;
        let pages = Pages::new(0, |n: &u32| {
            calls += 1;
            if calls == 2 {
                Err(passing())
            } else {
                Ok(Page { items: vec![*n], next: (*n < 2).then_some(n + 1) })
            }
        });
        let got: Vec<Option<u32>> = pages.items().map(Result::ok).collect();
        assert_eq!(got, [Some(0), None, Some(1), Some(2)]);
    }

    #[test]
    fn a_lasting_error_ends_the_iteration() {
        let lasting = Pages::new(0, |_: &u32| Err::<Page<u32, u32>, _>(Error::config("no")));
        assert_eq!(lasting.items().count(), 1);
        let passing = Pages::new(0, |_: &u32| Err::<Page<u32, u32>, _>(passing()));
        assert_eq!(passing.items().count(), TRIES as usize);
    }

    #[test]
    fn a_page_that_names_itself_as_the_next_ends_the_iteration() {
        let mut pages = Pages::new(7, |n: &u32| Ok(Page { items: vec![1], next: Some(*n) }));
        assert!(matches!(pages.next(), Some(Err(Error::Decode(_)))));
        assert!(pages.next().is_none() && pages.position().is_none());
    }
}
